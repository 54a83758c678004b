//! Queue in: one file for each command.

mod extract;

use std::sync::Arc;

use async_trait::async_trait;
use lectern_core::Failure;
use lectern_core::id::Service;
use lectern_proto::work::v1::{command::Work, event::Outcome};
use lectern_stage::{Job, Lookups, Perform};

use crate::library::Reader;

/// The stage that reads documents.
#[derive(Debug, Clone)]
pub struct Documents {
    reader: Reader,
    lookups: Arc<Lookups>,
}

impl Documents {
    /// The stage that reads with `reader`, and counts in `lookups` how often it need not.
    #[must_use]
    pub const fn new(reader: Reader, lookups: Arc<Lookups>) -> Self {
        Self { reader, lookups }
    }
}

#[async_trait]
impl Perform for Documents {
    fn service(&self) -> Service {
        Service::Ingest
    }

    async fn perform(&self, job: &Job, work: Work) -> Result<Outcome, Failure> {
        match work {
            Work::ExtractDocument(command) => extract::extract(&self.reader, &self.lookups, job, command).await,
            Work::PlanScript(_) | Work::WriteSection(_) | Work::RecordSection(_) | Work::AssembleRecording(_) => {
                Err(Failure::internal(format!("{} is not a step of ingest", job.step)))
            }
        }
    }
}
