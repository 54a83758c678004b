//! The process of tts.

use std::process::ExitCode;

use lectern_tts::app::Program;

fn main() -> ExitCode {
    lectern_stage::app::main::<Program>()
}
