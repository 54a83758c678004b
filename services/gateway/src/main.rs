//! The gateway's process.

use std::process::ExitCode;

use lectern_gateway::{app, config::Config};

fn main() -> ExitCode {
    lectern_stage::app::main("gateway", |config: Config, context| Box::pin(app::run(config, context)))
}
