//! The process of tts.

use std::process::ExitCode;

use lectern_tts::{app, config::Config};

fn main() -> ExitCode {
    lectern_stage::app::main("tts", |config: Config, context| Box::pin(app::run(config, context)))
}
