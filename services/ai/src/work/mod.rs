//! Queue in: one file for each command. Composing is craft without I/O (`crate::compose`); here its
//! inputs are read and its results put.

mod plan;
mod write;

use async_trait::async_trait;
use lectern_core::id::Service;
use lectern_core::{Failure, Kind, Reason};
use lectern_proto::work::v1::{command::Work, event::Outcome};
use lectern_stage::{Job, Perform};

/// The stage that writes scripts.
#[derive(Debug, Clone, Copy, Default)]
pub struct Scripts;

#[async_trait]
impl Perform for Scripts {
    fn service(&self) -> Service {
        Service::Ai
    }

    async fn perform(&self, job: &Job, work: Work) -> Result<Outcome, Failure> {
        match work {
            Work::PlanScript(command) => plan::plan(job, command).await,
            Work::WriteSection(command) => write::write(job, command).await,
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
