//! `ListenNarration`: the audio of a narration that may still be in the making.

use std::sync::Arc;

use async_stream::try_stream;
use futures::Stream;
use lectern_core::id::{NarrationId, TenantId};
use lectern_core::{Failure, Kind, Reason};
use lectern_proto::tts::v1::{ReadTrackRequest, read_track_response::Part};
use lectern_proto::v1 as api;
use lectern_proto::v1::listen_narration_response::Part as Out;
use lectern_rpc::status::{shutting_down, status};
use tokio_util::sync::CancellationToken;
use tonic::Status;

use super::objects::not_erased;
use crate::conduct::{Conductor, wire};
use crate::domain::{Narration, Phase};
use crate::orders::Orders;
use crate::upstream::Upstream;

/// One caller who listens to one narration.
#[derive(Debug)]
pub struct Listener {
    /// Reads the narration's record.
    pub orders: Orders,
    /// Brings news of it.
    pub conductor: Conductor,
    /// Reads the tracks.
    pub upstream: Upstream,
    /// The installation's secret.
    pub master: Arc<[u8]>,
    /// Whose it is.
    pub tenant: TenantId,
    /// Which.
    pub id: NarrationId,
    /// Ends the stream when the replica ends.
    pub stop: CancellationToken,
}

/// Whether somebody can listen to `narration` from the section `first` on, as far as is known yet:
/// how many sections there are is known once it is planned.
///
/// # Errors
/// `INVALID_FIELD` (OUT_OF_RANGE) past the last section, `DOCUMENT_ERASED`.
pub fn check(narration: &Narration, first: u32) -> Result<(), Failure> {
    not_erased(narration)?;
    if narration.sections > 0 && first >= narration.sections {
        let message = format!("the narration has {} sections, counted from 0", narration.sections);
        return Err(Failure::new(Kind::OutOfRange, Reason::InvalidField, message).at("first_section"));
    }
    Ok(())
}

/// Why a listener hears no more of a narration that has ended without its audio. The reason is the
/// narration's; its code is not, since it would say that this call was cancelled, ran out of its
/// own time, or is worth repeating as it is.
fn without_audio(narration: &Narration) -> Failure {
    let why = narration.failure.as_ref().map(|failure| failure.failure.clone());
    let why = why.unwrap_or_else(|| Failure::internal("the narration ended without a reason"));
    Failure { kind: Kind::FailedPrecondition, retry_after: None, ..why }
}

impl Listener {
    /// Sections from `first` on, each as soon as it is recorded.
    pub fn listen(self, first: u32) -> impl Stream<Item = Result<api::ListenNarrationResponse, Status>> {
        try_stream! {
            let mut news = self.conductor.hub().subscribe(&self.id);
            let mut next = first;
            let mut said_format = false;
            loop {
                news.borrow_and_update();
                let narration = self.orders.get(&self.tenant, &self.id).await.map_err(|f| status(&f))?.record;
                check(&narration, first).map_err(|f| status(&f))?;
                while narration.sections > next && narration.recorded.contains(next) {
                    let request = ReadTrackRequest {
                        scope: narration.scope.to_string(),
                        track_key: wire::Keys::of(&narration, &self.master).track(next).to_string(),
                        delivery: Some(wire::delivery(&narration)),
                    };
                    let mut track = self.upstream.speech(&self.tenant).read_track(request).await?.into_inner();
                    while let Some(message) = track.message().await? {
                        let part = match message.part {
                            Some(Part::Format(_)) if said_format => continue,
                            Some(Part::Format(format)) => {
                                said_format = true;
                                Out::Format(format)
                            }
                            Some(Part::Section(section)) => Out::Section(section),
                            Some(Part::Audio(audio)) => Out::Audio(audio),
                            None => continue,
                        };
                        yield api::ListenNarrationResponse { part: Some(part) };
                    }
                    next += 1;
                }
                match narration.phase {
                    Phase::Extracting | Phase::Planning | Phase::Narrating | Phase::Assembling => {
                        if narration.sections > 0 && next >= narration.sections {
                            break;
                        }
                    }
                    Phase::Succeeded => break,
                    Phase::Failed | Phase::Cancelled => Err(status(&without_audio(&narration)))?,
                }
                // The hub outlives every stream, so the channel does not close.
                let wait = tokio::time::timeout(std::time::Duration::from_secs(15), news.changed());
                if self.stop.run_until_cancelled(wait).await.is_none() {
                    Err(shutting_down())?;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use lectern_core::Timestamp;

    use super::*;
    use crate::testing::narration;

    #[test]
    fn a_section_past_the_end_is_refused_once_the_end_is_known() {
        let mut n = narration();
        assert_eq!(check(&n, 99), Ok(()), "it is not planned");
        n.sections = 3;
        assert_eq!(check(&n, 2), Ok(()));
        for past in [3, u32::MAX] {
            let refused = check(&n, past).expect_err("past the end");
            assert_eq!((refused.kind, refused.reason), (Kind::OutOfRange, Reason::InvalidField));
            assert_eq!(refused.field.as_deref(), Some("first_section"));
        }
        n.erase(Timestamp(1));
        assert_eq!(check(&n, 0).expect_err("erased").reason, Reason::DocumentErased);
    }

    #[test]
    fn a_listener_tells_the_end_of_a_narration_from_that_of_its_call() {
        let mut cancelled = narration();
        cancelled.cancel(Failure::new(Kind::Cancelled, Reason::Cancelled, "the caller cancelled it"), Timestamp(1));
        let mut late = narration();
        late.expire(late.deadline);
        for (narration, reason) in [(cancelled, Reason::Cancelled), (late, Reason::DeadlinePassed)] {
            let heard = without_audio(&narration);
            assert_eq!((heard.kind, heard.reason), (Kind::FailedPrecondition, reason));
            assert_ne!(narration.failure.expect("kept").failure.kind, Kind::FailedPrecondition, "as it was");
        }
    }
}
