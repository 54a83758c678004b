//! Queue in: one file for each command.

mod assemble;
mod delivery;
pub(crate) mod lexicon;
mod news;
mod record;
pub(crate) mod segments;
pub(crate) mod spoken;
mod turns;
mod whole;

pub(crate) use assemble::{format_of, format_to_wire};

use std::sync::Arc;

use async_trait::async_trait;
use lectern_core::id::Service;
use lectern_core::keys::TenantSecret;
use lectern_core::{Failure, id::TenantId};
use lectern_proto::work::v1::{Budget, Spent, command::Work, event::Outcome};
use lectern_provider::{Cashier, wire};
use lectern_stage::{Job, Perform};

use self::delivery::Delivery;
use self::segments::Segments;
use crate::engine::Payments;
use crate::voices::Voices;

/// The stage that makes recordings.
#[derive(Debug, Clone)]
pub struct Recordings {
    voices: Voices,
    segments: Segments,
    master: Arc<[u8]>,
    cashier: Cashier,
}

impl Recordings {
    /// The stage over these parts; keys are made under the installation's `master` secret, and
    /// `cashier` pays for what costs money.
    #[must_use]
    pub const fn new(voices: Voices, segments: Segments, master: Arc<[u8]>, cashier: Cashier) -> Self {
        Self { voices, segments, master, cashier }
    }

    fn secret(&self, tenant: &TenantId) -> TenantSecret {
        TenantSecret::derive(&self.master, tenant)
    }

    /// Who pays for what a step has spoken, out of the budgets that its command says.
    fn payments(&self, job: &Job, budget: Option<Budget>) -> Arc<dyn Payments> {
        Arc::new(self.cashier.of_step(&job.tenant, &job.step, wire::limits(budget)))
    }

    /// What the narration of a step has cost by now, for the step's event; none where none of its
    /// voices costs anything.
    async fn spent(&self, job: &Job, delivery: &Delivery) -> Option<Spent> {
        if !delivery.paid() {
            return None;
        }
        wire::spent(&self.cashier, &job.step.narration).await
    }
}

#[async_trait]
impl Perform for Recordings {
    fn service(&self) -> Service {
        Service::Tts
    }

    async fn perform(&self, job: &Job, work: Work) -> Result<Outcome, Failure> {
        match work {
            Work::RecordSection(command) => Box::pin(record::record(self, job, command)).await,
            Work::AssembleRecording(command) => Box::pin(assemble::assemble(self, job, command)).await,
            Work::ExtractDocument(_) | Work::PlanScript(_) | Work::WriteSection(_) => {
                Err(Failure::internal(format!("{} is not a step of tts", job.step)))
            }
        }
    }
}
