//! A stage that does nothing, after a while.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use lectern_core::Failure;
use lectern_core::id::Service;
use lectern_proto::work::v1::{self as work, command::Work, event::Outcome};
use lectern_stage::{Job, Perform};

/// A stage that sleeps instead of working.
#[derive(Debug)]
pub struct Nothing {
    /// Which.
    pub service: Service,
    /// How long each step sleeps.
    pub step: Duration,
    /// Grows with each last step of a narration.
    pub assembled: Arc<AtomicUsize>,
}

#[async_trait]
impl Perform for Nothing {
    fn service(&self) -> Service {
        self.service
    }

    async fn perform(&self, _: &Job, work: Work) -> Result<Outcome, Failure> {
        if !self.step.is_zero() {
            tokio::time::sleep(self.step).await;
        }
        Ok(match work {
            Work::ExtractDocument(_) => Outcome::Extracted(work::Extracted::default()),
            Work::PlanScript(_) => {
                let language_code = "en".to_owned();
                let planned = work::Planned { section_count: 1, word_count: 9, language_code, ..Default::default() };
                Outcome::Planned(planned)
            }
            Work::WriteSection(_) => Outcome::Written(work::Written::default()),
            Work::RecordSection(_) => Outcome::Recorded(work::Recorded::default()),
            Work::AssembleRecording(_) => {
                self.assembled.fetch_add(1, Ordering::Relaxed);
                let assembled = work::Assembled { sample_rate_hertz: 24_000, sample_count: 1, ..Default::default() };
                Outcome::Assembled(assembled)
            }
        })
    }
}
