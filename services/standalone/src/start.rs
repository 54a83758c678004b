//! The life of a command that ends by itself, and its exit status for people and scripts. That of
//! `lectern up` is one of services.

use std::process::ExitCode;

use lectern_core::Failure;
use lectern_runtime::{Context, TelemetryConfig};

use crate::client::out::{Mode, Out};
use crate::client::words::{self, Status, Stop};

/// Runs the `work` of the command `name` to its end; for `main` to return.
pub fn run<F, Fut>(name: &'static str, telemetry: &TelemetryConfig, work: F) -> ExitCode
where
    F: FnOnce(Context) -> Fut,
    Fut: Future<Output = Result<(), Stop>>,
{
    let named = |context: Context| {
        let work = work(Context { name, ..context });
        async move { Ok(work.await) }
    };
    let telemetry = telemetry.of_command();
    lectern_runtime::run_with("lectern", &telemetry, named, |ended: Result<Result<(), Stop>, Failure>| match ended {
        Ok(result) => end(result),
        Err(failure) => end(Err(words::of_configuration(failure).into())),
    })
}

/// Tells how a command ended, where nobody was told yet, and turns it into its exit status.
pub fn end(result: Result<(), Stop>) -> ExitCode {
    let Err(stop) = result else { return ExitCode::SUCCESS };
    if let Stop::Failure(failure) = &stop {
        Out::new(Mode::Quiet).complain(&format!("lectern: {}", words::sentence(failure)));
    }
    stop.status().into()
}

impl From<Status> for ExitCode {
    fn from(status: Status) -> Self {
        Self::from(status as u8)
    }
}

/// Runs work that knows nothing of interrupts, until there is one.
///
/// # Errors
/// Those of the work.
pub async fn interruptible<E>(context: &Context, work: impl Future<Output = Result<(), E>>) -> Result<(), Stop>
where
    Stop: From<E>,
{
    tokio::select! {
        biased;
        () = context.shutdown.wait() => Err(Stop::Said(Status::Interrupted)),
        result = work => result.map_err(Stop::from),
    }
}
