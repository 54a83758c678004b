//! Queue in: one file for each command.

mod assemble;
mod ranked_semaphore;
mod record;
pub(crate) mod segments;
mod turns;

pub(crate) use assemble::{format_of, format_to_wire};

use std::sync::Arc;

use async_trait::async_trait;
use lectern_core::id::Service;
use lectern_core::keys::TenantSecret;
use lectern_core::{Failure, VoicePin, id::TenantId};
use lectern_proto::work::v1::{Delivery, command::Work, event::Outcome};
use lectern_stage::work::{pin_unavailable, same_pin};
use lectern_stage::{Job, Perform};

use crate::engine::{Speed, Voice};
use crate::voices::Voices;
use segments::Segments;

/// The stage that makes recordings.
#[derive(Debug, Clone)]
pub struct Recordings {
    voices: Voices,
    segments: Segments,
    master: Arc<[u8]>,
}

impl Recordings {
    /// The stage over these parts; keys are made under the installation's `master` secret.
    #[must_use]
    pub const fn new(voices: Voices, segments: Segments, master: Arc<[u8]>) -> Self {
        Self { voices, segments, master }
    }

    fn secret(&self, tenant: &TenantId) -> TenantSecret {
        TenantSecret::derive(&self.master, tenant)
    }

    /// The voice and pace of a command, if this version still has them.
    fn delivery(&self, delivery: Option<&Delivery>) -> Result<(Voice, Speed), Failure> {
        let delivery = delivery.ok_or_else(|| Failure::internal("a command does not say how to speak"))?;
        let pinned = VoicePin::new(&delivery.voice, &delivery.version).to_string();
        // The gateway asked a replica that had the voice.
        let voice = self.voices.named(&delivery.voice).map_err(|_| pin_unavailable(&pinned, "no such voice"))?;
        same_pin(&pinned, &voice.pinned())?;
        Ok((voice, Speed::new(delivery.speed)?))
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
