//! The gateway's process.

use std::process::ExitCode;

use lectern_gateway::app::Program;

fn main() -> ExitCode {
    lectern_stage::app::main::<Program>()
}
