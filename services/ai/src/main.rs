//! The process of ai.

use std::process::ExitCode;

use lectern_ai::{app, config::Config};

fn main() -> ExitCode {
    lectern_stage::app::main("ai", |config: Config, context| Box::pin(app::run(config, context)))
}
