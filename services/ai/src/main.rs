//! The process of ai.

use std::process::ExitCode;

use lectern_ai::app::Program;

fn main() -> ExitCode {
    lectern_stage::app::main::<Program>()
}
