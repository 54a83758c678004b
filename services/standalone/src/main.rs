//! `lectern`: all services in one process, and the command line client.

mod app;
mod cli;
mod client;
mod config;
mod private;

use std::process::ExitCode;

use clap::Parser as _;
use lectern_core::SystemClock;
use lectern_ingest::extract::child;
use lectern_runtime::bootstrap;

use cli::{Cli, Command};

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    if arguments.next().is_some_and(|name| name == child::SUBCOMMAND) {
        return child::child_main(arguments.next());
    }
    let mut cli = Cli::parse();
    let config = match config::load(&mut cli) {
        Ok(config) => config,
        Err(failure) => return bootstrap::fail("lectern", &failure),
    };
    if cli.print_config {
        return match lectern_runtime::print(&config) {
            Ok(text) => {
                #[allow(clippy::print_stdout, reason = "what the flag is for")]
                {
                    print!("{text}");
                }
                ExitCode::SUCCESS
            }
            Err(failure) => bootstrap::fail("lectern", &failure),
        };
    }
    let telemetry = config.telemetry.clone();
    lectern_runtime::run("lectern", &telemetry, |context| {
        Box::pin(async move {
            match cli.command {
                Some(Command::Up(_)) => app::up(config, context).await,
                Some(Command::Narrate(order)) => client::narrate::run(order, config, context).await,
                Some(Command::Preview(preview)) => client::preview::run(preview, config, context).await,
                Some(Command::Keys(keys)) => client::keys::run(keys, &SystemClock).await,
                Some(Command::Tenants(tenants)) => client::tenants::run(tenants).await,
                Some(Command::Quota(quota)) => client::quota::run(quota).await,
                Some(Command::Audit(audit)) => client::audit::run(audit).await,
                None => Err(cli::nothing_to_do()),
            }
        })
    })
}
