//! The embedded instance of this machine: its folder, and whoever works on it.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use lectern_core::{Clock, Failure, Finding};
use lectern_proto::convert;
use lectern_proto::v1::admin_service_client::AdminServiceClient;
use lectern_proto::v1::{GetServicesRequest, ServiceStatus};
use lectern_rpc::failure;
use lectern_runtime::Context;
use lectern_stage::doctor;

use super::voice;
use crate::client::connect;
use crate::config::Config;
use crate::lock::{Holder, Lock, Taken};

/// The services, each with a database of its own.
const SERVICES: [&str; 4] = ["gateway", "ingest", "ai", "tts"];
const INSTANCE: &str = "instance";

/// Looks at everything that the embedded instance needs.
pub(super) async fn examine(config: &Config, context: &Context, clock: Arc<dyn Clock>) -> Vec<Finding> {
    // Who looks makes nothing: the folder may be one that nobody meant.
    let there = config.data.try_exists().unwrap_or(true);
    let mut findings = match there.then(|| Lock::take(&config.data, context.name, false)).transpose() {
        Ok(None) => vec![no_data(&config.data)],
        Ok(Some(Taken::Ours(_lock))) => {
            let mut findings = vec![Finding::ok(INSTANCE, format!("nobody works on {}", config.data.display()))];
            for service in SERVICES {
                findings.push(database(&config.data, service, Arc::clone(&clock)).await);
            }
            findings
        }
        Ok(Some(Taken::By(holder))) => held(&config.data, holder).await,
        Err(failure) => {
            let advice = "give this user the folder, or name another one by --data";
            vec![Finding::broken(INSTANCE, failure.message, advice)]
        }
    };
    findings.extend(writers(config, &clock).await);
    if there {
        let objects = format!("file:{}", config.data.join("objects").display());
        findings.extend(doctor::bucket(&objects, &lectern_blob::ConnectOptions::default(), Arc::clone(&clock)).await);
    }
    findings.extend(voices(config, &clock).await);
    findings.push(doctor::free_space(&config.data));
    findings.push(doctor::free_space(&doctor::temporary()));
    findings.push(doctor::open_files());
    findings
}

/// What is to be said where the folder is not there.
fn no_data(data: &Path) -> Finding {
    let found = format!("there is no data yet: {} is not there", data.display());
    let advice = "the first command that needs the folder makes it; where there should be data, name its folder by \
                  --data or LECTERN_DATA";
    Finding::warning(INSTANCE, found, advice)
}

/// What is to be said of the writers of the settings.
async fn writers(config: &Config, clock: &Arc<dyn Clock>) -> Vec<Finding> {
    let ai = lectern_ai::config::Config {
        default_writer: config.default_writer.clone(),
        writers: config.writers.clone(),
        models_file: config.models_file.clone(),
        ..lectern_ai::config::Config::default()
    };
    let mut findings = Vec::new();
    if let Err(failure) = ai.check() {
        let advice = format!("mend {} (docs/infrastructure.md)", failure.field.as_deref().unwrap_or("a setting"));
        findings.push(Finding::broken("configuration", failure.message, advice));
    }
    findings.extend(lectern_ai::examine::writers(&ai, clock).await);
    findings
}

/// What is to be said of the speech engines of the settings.
async fn voices(config: &Config, clock: &Arc<dyn Clock>) -> Vec<Finding> {
    let tts = lectern_tts::config::Config {
        voice_dir: config.voice_dir.clone(),
        engine: config.engine.clone(),
        script: config.script.clone(),
        engines: config.engines.clone(),
        budget: config.budget,
        transcription: config.transcription.clone(),
        ..lectern_tts::config::Config::default()
    };
    let folders = match tts.check().and_then(|()| tts.voice_dirs()) {
        Ok(folders) => folders,
        Err(failure) => {
            let advice = format!("mend {} (docs/infrastructure.md)", failure.field.as_deref().unwrap_or("a setting"));
            return vec![Finding::broken("configuration", failure.message, advice)];
        }
    };
    let mut findings: Vec<Finding> = folders.iter().map(|folder| voice::whole(folder)).collect();
    findings.extend(lectern_tts::examine::beside_local(&tts, clock).await);
    findings
}

/// Whether the file of a service can be opened, where there is one.
async fn database(data: &Path, service: &str, clock: Arc<dyn Clock>) -> Finding {
    let file = data.join("store").join(service).join("lectern.db");
    if !file.exists() {
        return Finding::ok("database", format!("{} is made by the first command", file.display()));
    }
    let url = format!("sqlite:{}", file.display());
    let found = lectern_store::examine(&url, lectern_store::ConnectOptions::default(), &[], clock).await;
    found.into_iter().next().unwrap_or_else(|| Finding::ok("database", url))
}

/// What is to be said where another process works on the folder.
async fn held(data: &Path, holder: Option<Holder>) -> Vec<Finding> {
    let Some(holder) = holder else {
        return vec![Finding::warning(INSTANCE, "a command has just begun or is about to end", "try again")];
    };
    let mut findings = vec![Finding::ok(INSTANCE, holder.sentence(data))];
    if let Some(address) = holder.address {
        findings.extend(match ask(address).await {
            Ok(services) => services.iter().map(judge).collect(),
            Err(failure) => {
                let advice = format!("stop process {}, and start it again", holder.pid);
                vec![Finding::broken("services", format!("{address}: {}", failure.message), advice)]
            }
        });
    }
    findings
}

async fn ask(address: SocketAddr) -> Result<Vec<ServiceStatus>, Failure> {
    let mut admin = AdminServiceClient::new(connect(&format!("http://{address}"), None)?.channel());
    let answer = admin.get_services(GetServicesRequest { include_settings: false }).await;
    Ok(answer.map_err(|status| failure(&status))?.into_inner().services)
}

/// What a service of the instance says of itself.
fn judge(service: &ServiceStatus) -> Finding {
    const CHECK: &str = "services";
    let (name, advice) = (&service.service, "look at the log of `lectern up`");
    if let Some(status) = &service.failure {
        return Finding::broken(CHECK, format!("{name}: {}", convert::failure(status).message), advice);
    }
    let problem = service.parts.iter().find(|part| !part.serving);
    match (service.serving, problem) {
        (true, None) => Finding::ok(CHECK, format!("{name} serves")),
        (_, Some(part)) => {
            let found = format!("{name}: {} is out of order: {}", part.name, part.problem);
            Finding::broken(CHECK, found.trim_end_matches([':', ' ']), advice)
        }
        (false, None) => Finding::broken(CHECK, format!("{name} does not serve"), advice),
    }
}

#[cfg(test)]
mod tests {
    use lectern_core::{SystemClock, Verdict};
    use lectern_proto::v1::ServicePart;

    use super::*;

    #[tokio::test]
    async fn a_database_that_is_none_is_broken() {
        let folder = tempfile::tempdir().unwrap();
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let verdict = async || database(folder.path(), "ai", Arc::clone(&clock)).await.verdict;
        assert_eq!(verdict().await, Verdict::Ok, "there is none yet");
        let place = folder.path().join("store/ai");
        std::fs::create_dir_all(&place).unwrap();
        std::fs::write(place.join("lectern.db"), "this is no database, whatever its name says".repeat(99)).unwrap();
        assert_eq!(verdict().await, Verdict::Broken);
    }

    #[tokio::test]
    async fn a_writer_without_what_it_needs_is_broken() {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        assert!(writers(&Config::default(), &clock).await.is_empty(), "nobody needs one");
        let writer = lectern_ai::config::WriterConfig {
            model: "m".to_owned(),
            url: "http://127.0.0.1:1/v1".to_owned(),
            key_file: "/nowhere/key".into(),
            ..lectern_ai::config::WriterConfig::default()
        };
        let mut config = Config { writers: [("w".to_owned(), writer)].into(), ..Config::default() };
        let found = writers(&config, &clock).await;
        assert!(found.iter().any(|it| it.check == "writer key" && it.verdict == Verdict::Broken), "{found:?}");
        config.default_writer = "other".to_owned();
        let found = writers(&config, &clock).await;
        assert_eq!((found[0].check, found[0].verdict), ("configuration", Verdict::Broken), "{found:?}");
        assert!(found[0].advice.contains("default_writer"), "{found:?}");
    }

    #[tokio::test]
    async fn who_listens_and_cannot_is_warned_of() {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let mut config = Config { engine: "tone".to_owned(), ..Config::default() };
        config.transcription.program = "/nowhere/whisper".into();
        let found = voices(&config, &clock).await;
        assert_eq!(
            (found.len(), found[0].check, found[0].verdict),
            (1, "transcription", Verdict::Warning),
            "{found:?}"
        );
    }

    #[tokio::test]
    async fn an_engine_without_what_it_needs_is_broken() {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let mut config = Config { engine: "tone".to_owned(), ..Config::default() };
        assert!(voices(&config, &clock).await.is_empty(), "tones need nothing");
        let missing = lectern_tts::config::EngineConfig {
            program: Some("/nowhere/espeak-ng".into()),
            ..lectern_tts::config::EngineConfig::of(lectern_tts::config::EngineKind::Espeak)
        };
        config.engines.insert("german".to_owned(), missing);
        let found = voices(&config, &clock).await;
        assert_eq!((found.len(), found[0].verdict), (1, Verdict::Broken), "{found:?}");
        config.engine = "nobody".to_owned();
        let found = voices(&config, &clock).await;
        assert_eq!((found[0].check, found[0].verdict), ("configuration", Verdict::Broken), "{found:?}");
    }

    #[test]
    fn a_service_that_does_not_serve_is_broken_with_what_it_names() {
        let mut service = ServiceStatus { service: "tts".to_owned(), serving: true, ..ServiceStatus::default() };
        assert_eq!(judge(&service).verdict, Verdict::Ok);
        let part = ServicePart { name: "engine/local".to_owned(), serving: false, problem: String::new() };
        service.parts.push(part);
        let finding = judge(&service);
        assert_eq!((finding.verdict, finding.found.as_str()), (Verdict::Broken, "tts: engine/local is out of order"));
        service.parts.clear();
        service.serving = false;
        assert_eq!(judge(&service).verdict, Verdict::Broken);
    }

    #[tokio::test]
    async fn an_instance_that_does_not_answer_is_broken() {
        let address = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let holder = Holder { pid: 1, name: "lectern up".to_owned(), address: Some(address), serves: true };
        let found = held(Path::new("/d"), Some(holder)).await;
        assert_eq!(found.last().map(|finding| finding.verdict), Some(Verdict::Broken), "{found:?}");
        assert_eq!(held(Path::new("/d"), None).await[0].verdict, Verdict::Warning);
    }
}
