//! The life of a service process: runtime, telemetry, signals, the work itself, and an exit status
//! that says how it went.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::panic::PanicHookInfo;
use std::process::ExitCode;

use lectern_core::{Failure, Kind};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::health::HealthState;
use crate::shutdown::Shutdown;
use crate::telemetry::{Telemetry, TelemetryConfig};

/// What the work is given.
#[derive(Debug, Clone)]
pub struct Context {
    /// The process's name: `gateway`, `ingest`, `ai`, `tts`, `lectern`.
    pub name: &'static str,
    /// Tells when to end.
    pub shutdown: Shutdown,
    /// Where checks are registered.
    pub health: HealthState,
}

/// Runs `work` on a multi-threaded runtime with telemetry installed and signals caught; for the
/// `main` of a service to return. A failure is logged, printed as one line, and becomes the exit
/// status (see [`fail`]).
pub fn run<F, Fut>(name: &'static str, telemetry: &TelemetryConfig, work: F) -> ExitCode
where
    F: FnOnce(Context) -> Fut,
    Fut: Future<Output = Result<(), Failure>>,
{
    let logged = |context| {
        let work = work(context);
        async move { work.await.inspect_err(|failure| tracing::error!(%failure, "{name} fails")) }
    };
    run_with(name, telemetry, logged, |result| match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => fail(name, &failure),
    })
}

/// As [`run`], with exit statuses of the caller's own: `report` is told how the work went, or what
/// kept it from beginning, when all of it has ended and the last logs are written. It tells a
/// person, and turns it into the status. Failures are not logged.
pub fn run_with<T, F, Fut>(
    name: &'static str,
    telemetry: &TelemetryConfig,
    work: F,
    report: impl FnOnce(Result<T, Failure>) -> ExitCode,
) -> ExitCode
where
    F: FnOnce(Context) -> Fut,
    Fut: Future<Output = Result<T, Failure>>,
{
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().thread_name(name).build() {
        Ok(runtime) => runtime,
        Err(error) => return report(Err(Failure::internal(format!("no threads for the runtime: {error}")))),
    };
    let result = runtime.block_on(Box::pin(async {
        let installed = Telemetry::install(name, telemetry)?;
        raise_open_files();
        std::panic::set_hook(Box::new(log_panic));
        let context = Context { name, shutdown: Shutdown::on_signals()?, health: HealthState::new() };
        tracing::info!(version = env!("CARGO_PKG_VERSION"), "{name} starts");
        let result = work(context).await;
        tracing::info!("{name} ends");
        installed.shutdown().await;
        result
    }));
    // Blocking work that nobody waits for any more must not keep the process from ending.
    runtime.shutdown_background();
    report(result)
}

/// Lets the process have as many open files as the system allows it: a connection is one, and the
/// limit that a login begins with is that of programs which still call `select`.
fn raise_open_files() {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    if let Err(error) = setrlimit(Resource::Nofile, raised) {
        tracing::warn!(%error, ?limit, "the limit of open files cannot be raised");
    }
}

fn log_panic(panic: &PanicHookInfo<'_>) {
    let message = panic.payload_as_str().unwrap_or("a panic without a message");
    let place = panic.location().map(ToString::to_string).unwrap_or_default();
    let backtrace = Backtrace::capture();
    // There is one when RUST_BACKTRACE asks for it.
    let backtrace = (backtrace.status() == BacktraceStatus::Captured).then(|| tracing::field::display(backtrace));
    tracing::error!(panic = message, place, backtrace, "a task panicked");
}

/// Prints a failure as one line on standard error and turns it into an exit status of `sysexits.h`:
/// 64 to 78, by kind. A failure that names a field is one of the configuration or the command line.
#[must_use]
pub fn fail(name: &str, failure: &Failure) -> ExitCode {
    let line = failure.message.split_whitespace().collect::<Vec<_>>().join(" ");
    #[allow(clippy::print_stderr, reason = "logs may not be set up; a person reads this")]
    {
        eprintln!("{name}: {line} [{}]", failure.reason);
    }
    ExitCode::from(exit_status(failure))
}

fn exit_status(failure: &Failure) -> u8 {
    match failure.kind {
        Kind::InvalidArgument if failure.field.is_some() => 78,
        Kind::InvalidArgument | Kind::OutOfRange => 64,
        Kind::DataLoss | Kind::NotFound | Kind::AlreadyExists => 65,
        Kind::Unavailable | Kind::Unimplemented => 69,
        Kind::Internal => 70,
        Kind::Aborted | Kind::ResourceExhausted | Kind::DeadlineExceeded | Kind::Cancelled => 75,
        Kind::Unauthenticated | Kind::PermissionDenied => 77,
        Kind::FailedPrecondition => 78,
    }
}

#[cfg(test)]
mod tests {
    use lectern_core::Reason;

    use super::*;

    #[test]
    fn what_keeps_the_work_from_beginning_is_reported_as_its_failure() {
        let telemetry = TelemetryConfig { trace_ratio: 2.0, ..TelemetryConfig::default() };
        let mut reported = None;
        let report = |result: Result<(), Failure>| {
            reported = Some(result);
            ExitCode::SUCCESS
        };
        let _ = run_with("test", &telemetry, |_| async { Ok(()) }, report);
        let failure = reported.expect("a report").expect_err("no such share");
        assert_eq!(failure.field.as_deref(), Some("telemetry.trace_ratio"));
    }

    #[test]
    fn exit_statuses_tell_failures_apart() {
        assert_eq!(exit_status(&Failure::invalid("store.url", "x")), 78);
        assert_eq!(exit_status(&Failure::new(Kind::Unavailable, Reason::StoreUnavailable, "x")), 69);
        assert_eq!(exit_status(&Failure::internal("x")), 70);
    }
}
