//! `lectern doctor`: checks a deployment from inside, with the configuration that a service has or
//! on the embedded instance, and says what to do about what is wrong.
//!
//! What services have in common is checked by [`lectern_stage::doctor`], as each service does by a
//! command of its own.

mod embedded;
mod service;
mod voice;

use std::process::ExitCode;
use std::sync::Arc;

use lectern_core::{Clock, Finding, SystemClock};
use lectern_runtime::Context;
use lectern_runtime::config::Loader;
use lectern_stage::doctor::{is_broken, lines, object};

use super::out::{Mode, Out};
use super::words::{self, Status, Stop};
use crate::cli::{Cli, Command, Doctor};
use crate::config::{Config, OF_NO_SERVICE};
use crate::start;

/// Runs the checks of a service's deployment, where the command line asks for them: its settings
/// are another table than those of the embedded instance, so this comes before they are read.
pub fn of_service(cli: &Cli) -> Option<ExitCode> {
    let Some(Command::Doctor(Doctor { service: Some(service), json, .. })) = &cli.command else { return None };
    // Whoever uses this program on the machine may have its variables set, too.
    let loader = Loader::new("LECTERN").file(cli.config.clone()).ignore(&OF_NO_SERVICE);
    let setup = match service::Setup::load(*service, &loader) {
        Ok(setup) => setup,
        Err(failure) => return Some(start::end(Err(words::of_configuration(failure).into()))),
    };
    let out = Out::new(Mode::of(*json, false));
    Some(start::run("lectern doctor", &Config::quiet_telemetry(), |context| async move {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        start::interruptible(&context, Box::pin(async { tell(&setup.examine(clock).await, &out) })).await
    }))
}

/// Runs the checks of the embedded instance.
///
/// # Errors
/// That something is broken, and that it was interrupted.
pub async fn run(doctor: Doctor, config: Config, context: Context) -> Result<(), Stop> {
    let out = Out::new(Mode::of(doctor.json, false));
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let checking = Box::pin(async { tell(&embedded::examine(&config, &context, clock).await, &out) });
    start::interruptible(&context, checking).await
}

/// Tells what was found: 0 where nothing is broken, 1 where something is.
fn tell(findings: &[Finding], out: &Out) -> Result<(), Stop> {
    for finding in findings {
        out.json(&object(finding));
        lines(finding).iter().for_each(|line| out.line(line));
    }
    out.finish()?;
    if is_broken(findings) { Err(Stop::Said(Status::Failed)) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_broken_makes_the_status_another() {
        let out = Out::new(Mode::Quiet);
        assert_eq!(tell(&[Finding::ok("a", "b"), Finding::warning("a", "b", "c")], &out), Ok(()));
        let broken = tell(&[Finding::broken("a", "b", "c"), Finding::ok("a", "b")], &out);
        assert_eq!(broken, Err(Stop::Said(Status::Failed)));
    }
}
