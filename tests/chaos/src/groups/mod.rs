//! The seven groups of faults, and the upgrade.

mod database;
mod limits;
mod nats;
mod network;
mod services;
mod storage;
mod streams;
mod upgrade;

use std::path::Path;
use std::sync::Arc;

use clap::ValueEnum;
use parking_lot::Mutex;

use crate::checks;
use crate::model;
use crate::report::GroupReport;
use crate::run::Run;
use crate::scale::Scale;

/// A group of faults, on a stack of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum Group {
    /// Every service killed, stopped and restarted, both gateways among them.
    Services,
    /// A NATS cluster of three: nodes killed, stopped and cut off.
    Nats,
    /// A replica set of three: the primary killed, stopped, stepped down, cut off and rolled back.
    Database,
    /// Every stream and consumer deleted, and JetStream's folder wiped.
    Streams,
    /// Connections cut, half-open, slowed and delayed.
    Network,
    /// Google Cloud Storage refusing, slow, losing answers and sessions, and objects damaged in it.
    Storage,
    /// A full stream, a file-size limit, and poison.
    Limits,
    /// Every stage replaced, one process after the other, by another build, which has none of the
    /// versions that narrations are pinned to. Only where it is asked for: that build has to be
    /// made.
    Upgrade,
}

impl Group {
    /// All that need no other build, the longest first.
    pub const ALL: [Self; 7] =
        [Self::Limits, Self::Services, Self::Database, Self::Nats, Self::Storage, Self::Network, Self::Streams];

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Services => "services",
            Self::Nats => "nats",
            Self::Database => "database",
            Self::Streams => "streams",
            Self::Network => "network",
            Self::Storage => "storage",
            Self::Limits => "limits",
            Self::Upgrade => "upgrade",
        }
    }

    /// Runs it with everything in `folder`, and checks what must hold. What is found goes into
    /// `report`.
    pub async fn run(self, scale: Scale, folder: &Path, report: Arc<Mutex<GroupReport>>) {
        let setup = Run::setup(folder);
        let setup = match self {
            Self::Services => services::setup(setup),
            Self::Network => network::setup(setup),
            Self::Nats => nats::setup(setup),
            Self::Database => database::setup(setup),
            Self::Limits => limits::setup(setup),
            Self::Upgrade => upgrade::setup(setup),
            Self::Storage | Self::Streams => setup,
        };
        let model = model::start(self as u64);
        // The other build has other pins of what is written, which is another test's.
        let dialogues = self != Self::Upgrade;
        let mut run = Box::pin(Run::start(scale, folder, setup, model, dialogues, report)).await;
        match self {
            Self::Services => Box::pin(services::faults(&mut run)).await,
            Self::Nats => Box::pin(nats::faults(&mut run)).await,
            Self::Database => Box::pin(database::faults(&mut run)).await,
            Self::Streams => Box::pin(streams::faults(&mut run)).await,
            Self::Network => Box::pin(network::faults(&mut run)).await,
            Self::Storage => Box::pin(storage::faults(&mut run)).await,
            Self::Limits => Box::pin(limits::faults(&mut run)).await,
            Self::Upgrade => Box::pin(upgrade::faults(&mut run)).await,
        }
        Box::pin(run.drain()).await;
        Box::pin(checks::all(&mut run)).await;
    }
}
