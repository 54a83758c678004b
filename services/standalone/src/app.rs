//! Wires the embedded adapters to all four services: SQLite, a queue in this process, a directory,
//! the extractive writer and those of the settings, the local voice.
//!
//! An instance that is idle has all the calls and does no work: no worker, no conductor, no voice
//! in memory. It is there in a moment, and what waits goes on waiting.
//!
//! The public port is the gateway's. It asks for no key, so it must be on loopback. Each stage
//! listens on a free port of loopback, where the gateway calls it as it would in production, and
//! where nobody else may: other users of the machine reach loopback too.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use lectern_ai::app::Ai;
use lectern_blob::Blob;
use lectern_core::{Clock, Failure, Kind, Reason, SystemClock};
use lectern_gateway::app::Gateway;
use lectern_ingest::app::Ingest;
use lectern_queue::Queue;
use lectern_rpc::{Authenticate, Open, ServerConfig, ServiceCredential, WithServices};
use lectern_runtime::{Context, HealthState};
use lectern_stage::app::{Adapters, StageApp, StageParts, announce, watch_health};
use lectern_stage::config::Url;
use lectern_stage::{Common, NoKeys};
use lectern_tts::app::Tts;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::client::connect;
use crate::client::out::{Mode, Out};
use crate::config::Config;
use crate::lock::{self, Lock, Taken};
use crate::private;
use crate::voice_dir;

/// How long an instance that nobody needs any more may take to end by itself. Whatever is cut off
/// then is found as after a crash, which it lives through.
const ENDING: Duration = Duration::from_secs(5);
/// The setting of the public address.
const LISTEN: &str = "server.listen";

/// What an instance does besides answering.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Work {
    /// All that waits.
    All,
    /// Nothing.
    Idle,
}

/// An embedded instance that runs.
#[derive(Debug)]
pub struct Embedded {
    /// Where its public API is.
    pub address: SocketAddr,
    work: JoinSet<Result<(), Failure>>,
    stop: CancellationToken,
}

impl Embedded {
    /// Starts all services on the data in `config.data`, which no other process may use meanwhile:
    /// whoever calls has its [`Lock`], or made the folder for itself.
    ///
    /// # Errors
    /// What keeps them from starting.
    pub async fn start(
        config: &Config,
        context: &Context,
        does: Work,
        stop: CancellationToken,
    ) -> Result<Self, Failure> {
        if !config.server.listen.ip().is_loopback() {
            return Err(Failure::invalid(
                LISTEN,
                format!(
                    "{} is not on loopback; the embedded instance asks for no key, so it listens on 127.0.0.1 or \
                     [::1] alone",
                    config.server.listen
                ),
            ));
        }
        private::folder(&config.data)?;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let queue = lectern_queue::connect("memory:", lectern_queue::ConnectOptions::default()).await?;
        let objects = config.data.join("objects");
        private::folder(&objects)?;
        let objects = format!("file:{}", objects.display());
        let blob =
            lectern_blob::connect(&objects, &lectern_blob::ConnectOptions::default(), Arc::clone(&clock)).await?;
        let secret = private::secret(&config.data.join("secret"))?;

        let adapters =
            |service: &'static str| open(config, service, Arc::clone(&queue), Arc::clone(&blob), Arc::clone(&clock));
        let (of_gateway, of_ingest, of_ai, of_tts) =
            tokio::try_join!(adapters("gateway"), adapters("ingest"), adapters("ai"), adapters("tts"))?;

        let mut common = Common {
            secret: secret.clone(),
            permits: config.permits,
            // The address that was named is the gateway's alone.
            server: ServerConfig { listen: ServerConfig::default().listen, ..config.server.clone() },
            ..Common::default()
        };
        let ingest = lectern_ingest::config::Config {
            common: common.clone(),
            limits: config.limits.clone(),
            sandbox: config.sandbox.clone(),
            import: config.import.clone(),
            ocr: config.ocr.clone(),
        };
        let ingest = Ingest::new(&ingest, &of_ingest).await?;
        let ai = lectern_ai::config::Config {
            common: common.clone(),
            default_writer: config.default_writer.clone(),
            writers: config.writers.clone(),
            models_file: config.models_file.clone(),
            budget: config.budget,
        };
        let ai = Ai::new(&ai, &of_ai).await?;
        let tts = lectern_tts::config::Config {
            common: common.clone(),
            voice_dir: config.voice_dir.clone(),
            engine: config.engine.clone(),
            script: config.script.clone(),
            engines: config.engines.clone(),
            budget: config.budget,
            transcription: config.transcription.clone(),
        };
        let tts = Tts::new(&tts, &of_tts).await?;
        // Nobody works yet, so every lease is of an earlier boot. The queue is as new, and tells of
        // no crash.
        for steps in [ingest.steps(), ai.steps(), tts.steps()] {
            steps.claim_first();
            steps.void_leases_of_earlier_boot().await?;
        }

        let credential = || ServiceCredential::new(secret.clone(), Arc::clone(&clock));
        let everybody: Arc<dyn Authenticate> = Arc::new(WithServices::new(credential()?, Arc::new(Open::new()?)));
        let gateway_alone: Arc<dyn Authenticate> = Arc::new(WithServices::new(credential()?, Arc::new(NoKeys)));
        // As long as the gateway takes calls, it calls them.
        let anywhere = ServerConfig { lame_duck: Some(config.server.lame_duck()), ..ServerConfig::default() };
        let stages = [
            ingest.serve(anywhere.clone(), Arc::clone(&gateway_alone), context, stop.clone())?,
            ai.serve(anywhere.clone(), Arc::clone(&gateway_alone), context, stop.clone())?,
            tts.serve(anywhere, Arc::clone(&gateway_alone), context, stop.clone())?,
        ];
        [common.ingest, common.ai, common.tts] =
            stages.each_ref().map(|stage| Url { url: format!("http://{}", stage.addr) });
        common.server = config.server.clone();
        let gateway = lectern_gateway::config::Config { common, ..lectern_gateway::config::Config::default() };
        let gateway = Gateway::new(&gateway, &of_gateway).await?;
        let serving = gateway.serve(config.server.clone(), everybody, context, stop.clone())?;
        watch_health(context, &of_gateway, stop.clone());

        let (address, closing) = (serving.addr, serving.closing());
        let mut work = JoinSet::new();
        work.spawn(serving.ended());
        for stage in stages {
            work.spawn(stage.ended());
        }
        if does == Work::Idle {
            return Ok(Self { address, work, stop });
        }
        work.spawn(async move {
            gateway.conduct(closing).await;
            Ok(())
        });
        work.spawn(works(ingest, context.health.clone(), stop.clone()));
        work.spawn(works(ai, context.health.clone(), stop.clone()));
        work.spawn(works(tts, context.health.clone(), stop.clone()));
        Ok(Self { address, work, stop })
    }

    /// Runs until it is stopped, or one of its parts fails, and drains.
    ///
    /// # Errors
    /// The failure of the part.
    pub async fn ended(mut self) -> Result<(), Failure> {
        self.all_ended().await
    }

    /// Stops it, drains for a moment, and cuts off what is still at work then.
    ///
    /// # Errors
    /// The failure of a part.
    pub async fn stop(mut self) -> Result<(), Failure> {
        self.stop.cancel();
        let drained = tokio::time::timeout(ENDING, self.all_ended()).await;
        self.work.shutdown().await;
        drained.unwrap_or(Ok(()))
    }

    async fn all_ended(&mut self) -> Result<(), Failure> {
        let mut result = Ok(());
        while let Some(ended) = self.work.join_next().await {
            let ended =
                ended.unwrap_or_else(|e| Err(Failure::internal(format!("a part of the instance broke off: {e}"))));
            if result.is_ok() {
                result = ended;
            }
            self.stop.cancel();
        }
        result
    }
}

/// Has a stage work until the instance ends.
async fn works<P: StageParts>(stage: StageApp<P>, health: HealthState, stop: CancellationToken) -> Result<(), Failure> {
    stage.attended().work(&health, stop).await;
    Ok(())
}

async fn open(
    config: &Config,
    service: &'static str,
    queue: Arc<dyn Queue>,
    blob: Arc<dyn Blob>,
    clock: Arc<dyn Clock>,
) -> Result<Adapters, Failure> {
    let folder = config.data.join("store").join(service);
    private::folder(&folder)?;
    let url = format!("sqlite:{}", folder.join("lectern.db").display());
    let store = lectern_store::connect(&url, lectern_store::ConnectOptions::default()).await?;
    Ok(Adapters { store, queue, blob, clock })
}

/// `lectern up`: serves until it is stopped.
///
/// # Errors
/// What keeps it from starting, or ends it.
pub async fn up(config: Config, context: Context) -> Result<(), Failure> {
    // It writes nothing but its data.
    private::for_the_owner_alone();
    let out = Out::new(Mode::Plain);
    let Some(mut lock) = take(&config.data, &context, &out).await? else { return Ok(()) };
    let stop = context.shutdown.token();
    let started = Box::pin(Embedded::start(&config, &context, Work::All, stop)).await;
    let embedded = started.map_err(with_flag)?;
    lock.listens(embedded.address)?;
    announce(embedded.address);
    greet(&config, embedded.address, &out).await?;
    embedded.ended().await
}

/// A failure of the address, with the flag that names another one.
fn with_flag(failure: Failure) -> Failure {
    if failure.field.as_deref() != Some(LISTEN) {
        return failure;
    }
    let message = format!("{} (`lectern up --listen 127.0.0.1:PORT`)", failure.message);
    Failure { message, ..failure }
}

/// Takes the folder of data, once the command that works on it has ended; none where it is stopped
/// before that.
async fn take(data: &Path, context: &Context, out: &Out) -> Result<Option<Lock>, Failure> {
    let mut told = false;
    loop {
        let holder = match Lock::take(data, context.name, true)? {
            Taken::Ours(lock) => return Ok(Some(lock)),
            Taken::By(holder) => holder,
        };
        if let Some(holder) = holder.as_ref().filter(|holder| holder.serves) {
            let message = format!("{}; stop it first, or name another folder with --data", holder.sentence(data));
            return Err(Failure::new(Kind::FailedPrecondition, Reason::StoreUnavailable, message));
        }
        if !lock::wait(holder.as_ref(), data, &mut told, context, out).await {
            return Ok(None);
        }
    }
}

/// Voices that a start names; a cloud has hundreds.
const NAMED: usize = 3;

/// The first of the voices, and how many more there are.
fn named(voices: &[String]) -> String {
    let more = voices.len().saturating_sub(NAMED);
    let first: Vec<&str> = voices.iter().take(NAMED).map(String::as_str).collect();
    let more = if more > 0 { format!(", and {more} more (lectern voices)") } else { String::new() };
    format!("{}{more}", first.join(", "))
}

/// Says what there is now, and what to do with it.
async fn greet(config: &Config, address: SocketAddr, out: &Out) -> Result<(), Failure> {
    out.line(&format!("data     {}", config.data.display()));
    let voices = connect(&format!("http://{address}"), None)?.voices().await?;
    let usable: Vec<String> = voices
        .iter()
        .filter(|voice| voice.available)
        .map(|voice| format!("{} ({})", voice.name, voice.language_codes.join(", ")))
        .collect();
    if usable.is_empty() {
        out.line(&format!("voices   none: {}", voice_dir::missing(&config.voice_dir)));
    } else {
        out.line(&format!("voices   {}", named(&usable)));
    }
    // Whoever works on the same data finds this instance by them.
    let default = Config::default().data == config.data;
    let server = if default { String::new() } else { format!(" --server http://{address}") };
    out.line(&format!("try      lectern narrate FILE{server}"));
    out.line("Ctrl-C stops");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_start_names_a_few_voices_and_counts_the_others() {
        let voices: Vec<String> = (1..=5).map(|number| format!("v{number}")).collect();
        assert_eq!(named(&voices[..3]), "v1, v2, v3");
        assert_eq!(named(&voices), "v1, v2, v3, and 2 more (lectern voices)");
    }
}
