//! The ingest service. So far it only serves as the isolated parser of itself.

use std::process::ExitCode;

use lectern_ingest::extract::child;

fn main() -> ExitCode {
    let mut args = std::env::args_os().skip(1);
    if args.next().is_some_and(|name| name == child::SUBCOMMAND) {
        return child::child_main(args.next());
    }
    eprintln!("usage: lectern-ingest {}", child::SUBCOMMAND);
    ExitCode::from(64)
}
