//! Checks of a deployment from inside, with the configuration that a service has: what is well,
//! what is broken, and what to do about it.
//!
//! Each check is a function that answers a [`Finding`]; what one of them needs from a server is
//! found out by the crate that alone talks to it (`lectern_store::examine`,
//! `lectern_queue::examine`).

mod certificates;
mod machine;
mod peers;
mod storage;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use lectern_core::{Clock, Failure, Finding, Kind, Reason, SystemClock, Verdict};
use lectern_runtime::{Context, TelemetryConfig, bootstrap};
use lectern_store::ConnectOptions;
use serde_json::{Value, json};

pub use self::machine::{free_space, open_files, temporary};
pub use self::storage::bucket;
use crate::Common;
use crate::app::ServiceProgram;
use crate::config::Settings as _;

/// What is away is told of within this time, however long a service would wait for it.
const WAITS: Duration = Duration::from_secs(5);
/// What is logged meanwhile: the findings say the rest.
const LOG: &str = "error";
/// The exit status where something is broken.
const BROKEN: u8 = 1;

/// Looks at everything that a service with this configuration needs.
pub async fn examine<P: ServiceProgram>(config: &P::Config, clock: Arc<dyn Clock>) -> Vec<Finding> {
    let common = config.common();
    let mut findings = vec![configuration(P::check(config).err().as_ref())];
    let collections = P::collections();
    let (url, options) = (common.store_url(P::NAME), store_options(common));
    findings.extend(lectern_store::examine(&url, options, &collections, Arc::clone(&clock)).await);
    let queue = lectern_queue::ConnectOptions { connect_within: WAITS, ..common.queue_options(P::NAME) };
    findings.extend(lectern_queue::examine(&common.queue.url, queue).await);
    findings.extend(bucket(&common.blob.url, &common.blob.options(), Arc::clone(&clock)).await);
    findings.extend(P::examine(config, &clock).await);
    findings.extend(certificates::certificates(common, clock.now()));
    if P::NAME == "gateway" {
        findings.extend(peers::stages(P::NAME, common, clock).await);
    } else {
        findings.push(peers::gateway(common).await);
    }
    findings.extend(folders(common).iter().map(|folder| free_space(folder)));
    findings.push(open_files());
    findings
}

fn store_options(common: &Common) -> ConnectOptions {
    let options = common.store_options();
    ConnectOptions {
        connect_within: options.connect_within.min(WAITS),
        select_within: options.select_within.min(WAITS),
        ..options
    }
}

/// The folders that a service writes to.
fn folders(common: &Common) -> Vec<PathBuf> {
    let mut folders = vec![temporary()];
    folders.extend(folder_of(&common.blob.url, "file:"));
    folders.extend(folder_of(&common.store.url, "sqlite:"));
    folders
}

/// The path of a URL of this scheme.
fn folder_of(url: &str, scheme: &str) -> Option<PathBuf> {
    url.strip_prefix(scheme).map(|path| Path::new(path.strip_prefix("//").unwrap_or(path)).to_owned())
}

fn configuration(refused: Option<&Failure>) -> Finding {
    const CHECK: &str = "configuration";
    match refused {
        None => Finding::ok(CHECK, "it can be used"),
        Some(failure) => {
            let key = failure.field.as_deref().unwrap_or("a setting");
            Finding::broken(CHECK, failure.message.clone(), format!("mend {key} (docs/infrastructure.md)"))
        }
    }
}

/// A finding in one or two lines, for people.
#[must_use]
pub fn lines(finding: &Finding) -> Vec<String> {
    let Finding { check, verdict, found, advice } = finding;
    let mut lines = vec![format!("{:<8} {check}: {found}", verdict.as_str())];
    if !advice.is_empty() {
        lines.push(format!("         do: {advice}"));
    }
    lines
}

/// A finding as an object, for programs: `check`, `verdict`, `found` and `advice`.
#[must_use]
pub fn object(finding: &Finding) -> Value {
    let Finding { check, verdict, found, advice } = finding;
    json!({ "check": check, "verdict": verdict.as_str(), "found": found, "advice": advice })
}

/// Whether anything is broken.
#[must_use]
pub fn is_broken(findings: &[Finding]) -> bool {
    findings.iter().any(|finding| finding.verdict == Verdict::Broken)
}

/// The command `doctor` of a service: prints what is found, as objects of a line each where `json`
/// says so. The exit status is 1 where something is broken, else 0.
pub(crate) fn run<P: ServiceProgram>(config: P::Config, json: bool) -> ExitCode {
    let telemetry = TelemetryConfig { log_filter: LOG.to_owned(), ..TelemetryConfig::default() };
    let work = |context: Context| async move {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        tokio::select! {
            biased;
            () = context.shutdown.wait() => {
                Err(Failure::new(Kind::Cancelled, Reason::Cancelled, "stopped before all was looked at; run it again"))
            }
            findings = Box::pin(examine::<P>(&config, clock)) => Ok(findings),
        }
    };
    lectern_runtime::run_with(P::NAME, &telemetry, work, |found| match found {
        Ok(findings) => tell(&findings, json),
        Err(failure) => bootstrap::fail(P::NAME, &failure),
    })
}

#[allow(clippy::print_stdout, reason = "what the command is for")]
fn tell(findings: &[Finding], json: bool) -> ExitCode {
    for finding in findings {
        if json {
            println!("{}", object(finding));
        } else {
            lines(finding).iter().for_each(|line| println!("{line}"));
        }
    }
    if is_broken(findings) { ExitCode::from(BROKEN) } else { ExitCode::SUCCESS }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_that_cannot_be_used_are_broken_and_name_the_key() {
        let refused = Common::default().check().unwrap_err();
        let finding = configuration(Some(&refused));
        assert_eq!(finding.verdict, Verdict::Broken, "it has no secret");
        assert!(finding.advice.contains("secret"), "{finding:?}");
        assert_eq!(configuration(None).verdict, Verdict::Ok);
    }

    #[test]
    fn there_must_be_room_wherever_a_service_writes() {
        let mut common = Common::default();
        common.blob.url = "file:/srv/objects".to_owned();
        common.store.url = "sqlite:///srv/store".to_owned();
        let found = folders(&common);
        assert_eq!(found[1..], [PathBuf::from("/srv/objects"), PathBuf::from("/srv/store")]);
        common.blob.url = "gs://bucket".to_owned();
        assert_eq!(folders(&common).len(), 2);
    }

    #[test]
    fn only_what_is_broken_makes_the_status_another() {
        assert!(!is_broken(&[Finding::ok("a", "b"), Finding::warning("a", "b", "c")]));
        assert!(is_broken(&[Finding::broken("a", "b", "c"), Finding::ok("a", "b")]));
    }

    #[test]
    fn a_finding_is_told_with_what_to_do() {
        assert_eq!(lines(&Finding::ok("queue", "it is well")), ["ok       queue: it is well"]);
        let broken = Finding::broken("queue", "it is away", "start it");
        assert_eq!(lines(&broken), ["broken   queue: it is away", "         do: start it"]);
        let object = object(&broken);
        assert_eq!((&object["verdict"], &object["advice"]), (&json!("broken"), &json!("start it")));
    }
}
