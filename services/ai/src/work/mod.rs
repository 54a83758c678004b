//! Queue in: one file for each command. Writing is the engines' (`crate::engine`); here its inputs
//! are read and its results put, and the answers on the way are kept.

mod answers;
mod bill;
mod plan;
#[cfg(test)]
mod tests;
mod write;

use async_trait::async_trait;
use lectern_core::id::Service;
use lectern_core::{Failure, Kind, Reason};
use lectern_proto::work::v1::{command::Work, event::Outcome};
use lectern_stage::{Job, Perform};

pub(crate) use self::answers::{Unkept, unpaid};
use crate::engine::Engines;
use crate::payments::Cashier;

/// The stage that writes scripts.
#[derive(Debug, Clone)]
pub struct Scripts {
    engines: Engines,
    cashier: Cashier,
}

impl Scripts {
    /// The stage that writes by `engines`, each command by the one that it is pinned to; `cashier`
    /// pays for what costs money.
    #[must_use]
    pub const fn new(engines: Engines, cashier: Cashier) -> Self {
        Self { engines, cashier }
    }
}

#[async_trait]
impl Perform for Scripts {
    fn service(&self) -> Service {
        Service::Ai
    }

    async fn perform(&self, job: &Job, work: Work) -> Result<Outcome, Failure> {
        match work {
            Work::PlanScript(command) => plan::plan(job, self, command).await,
            Work::WriteSection(command) => write::write(job, self, command).await,
            Work::ExtractDocument(_) | Work::RecordSection(_) | Work::AssembleRecording(_) => {
                Err(Failure::internal(format!("{} is not a step of ai", job.step)))
            }
        }
    }
}

/// Runs composing, which computes for milliseconds to seconds, where it does not hold up the
/// runtime.
pub(crate) async fn compute<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Failure> + Send + 'static,
) -> Result<T, Failure> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|e| Failure::new(Kind::Internal, Reason::Internal, format!("composing broke off: {e}")))?
}
