//! The process of ingest; started with `extract-child`, the sandboxed process that reads one
//! source.

use std::process::ExitCode;

use lectern_ingest::app::Program;
use lectern_ingest::extract::child;

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    if arguments.next().is_some_and(|name| name == child::SUBCOMMAND) {
        return child::child_main(arguments.next());
    }
    lectern_stage::app::main::<Program>()
}
