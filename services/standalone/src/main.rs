//! `lectern`: all services in one process, and the command line client.

mod app;
mod cli;
mod client;
mod config;
mod lock;
mod private;
mod start;
mod temporary;
mod voice_dir;
mod writers;

use std::process::ExitCode;

use clap::{CommandFactory as _, Parser as _};
use lectern_core::SystemClock;
use lectern_ingest::extract::child;
use lectern_runtime::{Context, bootstrap};

use cli::{Cli, Command};
use client::out::{Mode, Out};
use client::words;

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    if arguments.next().is_some_and(|name| name == child::SUBCOMMAND) {
        return child::child_main(arguments.next());
    }
    let mut cli = Cli::parse();
    if let Some(ended) = client::doctor::of_service(&cli) {
        return ended;
    }
    let serves = matches!(cli.command, Some(Command::Up(_)));
    let config = match config::load(&mut cli, &SystemClock) {
        Ok(config) => config,
        Err(failure) if serves => return bootstrap::fail("lectern", &failure),
        Err(failure) => return start::end(Err(words::of_configuration(failure).into())),
    };
    if cli.print_config {
        let out = Out::new(Mode::Plain);
        let printed = lectern_runtime::print(&config).and_then(|text| {
            text.trim_end().lines().for_each(|line| out.line(line));
            out.finish()
        });
        return start::end(printed.map_err(Into::into));
    }
    let name = cli.name();
    let Some(command) = cli.command else {
        let out = Out::new(Mode::Plain);
        Cli::command().render_help().to_string().lines().for_each(|line| out.line(line));
        return start::end(out.finish().map_err(Into::into));
    };
    let telemetry = config.telemetry.clone();
    if serves {
        let work = |context: Context| app::up(config, Context { name, ..context });
        return lectern_runtime::run_with("lectern", &telemetry, work, |ended| match ended {
            Ok(()) => ExitCode::SUCCESS,
            Err(failure) => bootstrap::fail("lectern", &failure),
        });
    }
    start::run(name, &telemetry, |context| async move {
        let out = Out::new(Mode::Plain);
        match command {
            Command::Narrate(order) => Box::pin(client::narrate::run(*order, config, context)).await,
            Command::Preview(preview) => Box::pin(client::preview::run(*preview, config, context)).await,
            Command::Estimate(estimate) => Box::pin(client::estimate::run(*estimate, config, context)).await,
            Command::Manage(manage) => Box::pin(client::manage::run(manage, config, context)).await,
            Command::Voices(voices) => Box::pin(client::voices::list(voices, config, context)).await,
            Command::Writers(writers) => Box::pin(client::writers::list(writers, config, context)).await,
            Command::Lexicon(lexicons) => Box::pin(client::lexicons::run(lexicons, config, context)).await,
            Command::Usage(usage) => Box::pin(client::usage::run(usage, config, context)).await,
            Command::Voice(voice) => Box::pin(client::voices::run(voice, config, context)).await,
            Command::Keys(keys) => start::interruptible(&context, client::keys::run(keys, &SystemClock, &out)).await,
            Command::Tenants(tenants) => start::interruptible(&context, client::tenants::run(tenants, &out)).await,
            Command::Quota(quota) => start::interruptible(&context, client::quota::run(quota, &out)).await,
            Command::Audit(audit) => start::interruptible(&context, client::audit::run(audit, &out)).await,
            Command::Ops(ops) => Box::pin(client::ops::run(ops, config, context, &SystemClock)).await,
            Command::Doctor(doctor) => Box::pin(client::doctor::run(doctor, config, context)).await,
            Command::Smoke(smoke) => start::interruptible(&context, Box::pin(client::smoke::run(smoke, &out))).await,
            // It is served above.
            Command::Up(_) => Ok(()),
        }
    })
}
