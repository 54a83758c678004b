//! The six groups of faults.

mod limits;
mod network;
mod servers;
mod services;
mod storage;
mod streams;

use std::path::Path;
use std::sync::{Arc, Mutex};

use clap::ValueEnum;

use crate::checks;
use crate::report::GroupReport;
use crate::run::Run;
use crate::scale::Scale;

/// A group of faults, on a stack of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum Group {
    /// Every service killed, stopped and restarted.
    Services,
    /// nats-server and the database killed, stopped and restarted.
    Servers,
    /// Every stream and consumer deleted, and JetStream's folder wiped.
    Streams,
    /// Connections cut, half-open, slowed and delayed.
    Network,
    /// Object storage failing, slow and truncating, and objects damaged on disk.
    Storage,
    /// A full stream, a file-size limit, and poison.
    Limits,
}

impl Group {
    /// All of them, the longest first.
    pub const ALL: [Self; 6] =
        [Self::Limits, Self::Services, Self::Network, Self::Storage, Self::Servers, Self::Streams];

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Services => "services",
            Self::Servers => "servers",
            Self::Streams => "streams",
            Self::Network => "network",
            Self::Storage => "storage",
            Self::Limits => "limits",
        }
    }

    /// Runs it with everything in `folder`, and checks what must hold. What is found goes into
    /// `report`.
    pub async fn run(self, scale: Scale, folder: &Path, report: Arc<Mutex<GroupReport>>) {
        let setup = Run::setup(folder);
        let setup = match self {
            Self::Services => services::setup(setup),
            Self::Network => network::setup(setup),
            Self::Storage => storage::setup(setup, folder),
            Self::Limits => limits::setup(setup),
            Self::Servers | Self::Streams => setup,
        };
        let mut run = Box::pin(Run::start(scale, folder, setup, report)).await;
        match self {
            Self::Services => Box::pin(services::faults(&mut run)).await,
            Self::Servers => Box::pin(servers::faults(&mut run)).await,
            Self::Streams => Box::pin(streams::faults(&mut run)).await,
            Self::Network => Box::pin(network::faults(&mut run)).await,
            Self::Storage => Box::pin(storage::faults(&mut run)).await,
            Self::Limits => Box::pin(limits::faults(&mut run)).await,
        }
        Box::pin(run.drain()).await;
        Box::pin(checks::all(&mut run)).await;
    }
}
