//! The command line of the test of a deployment.

use std::path::PathBuf;

use clap::Args;

use super::admin::Server;

/// Tests a server from the outside.
#[derive(Debug, Args)]
pub struct Smoke {
    /// Where, under a key that may hand in and order.
    #[command(flatten)]
    pub at: Server,
    /// PEM file with the authorities that may have signed the server's certificate; those of the
    /// system where none is named.
    #[arg(long, value_name = "FILE")]
    pub ca: Option<PathBuf>,
    /// How long the narration may take, in seconds.
    #[arg(long, default_value_t = 300, value_parser = clap::value_parser!(u32).range(1..=3600))]
    pub seconds: u32,
}
