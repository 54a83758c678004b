//! `ListenNarration`: the audio of a narration that may still be in the making.

use std::sync::Arc;

use async_stream::try_stream;
use futures::Stream;
use lectern_core::id::{NarrationId, TenantId};
use lectern_core::{Digest, Failure, Kind, Reason};
use lectern_proto::tts::v1::{ReadTrackRequest, read_track_response::Part};
use lectern_proto::v1 as api;
use lectern_proto::v1::listen_narration_response::Part as Out;
use lectern_rpc::Refusal;
use lectern_rpc::status::shutting_down;
use tokio_util::sync::CancellationToken;

use super::encode;
use super::objects::not_erased;
use crate::conduct::{Conductor, wire};
use crate::domain::{Narration, Phase};
use crate::orders::Orders;
use crate::upstream::{Upstream, passed_on};

/// Hexadecimal digits of a section's etag. They tell tracks of one section apart, of which there
/// are a few.
const ETAG_DIGITS: usize = 16;

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

/// Where a listener is in a narration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The section, from 0.
    pub section: u32,
    /// The sample in it, from 0.
    sample: i64,
}

impl Place {
    /// Where a request says to begin.
    ///
    /// # Errors
    /// `INVALID_FIELD` for what is negative.
    pub fn read(request: &api::ListenNarrationRequest) -> Result<Self, Failure> {
        let section = u32::try_from(request.first_section)
            .map_err(|_| Failure::invalid("first_section", "first_section must not be negative"))?;
        if request.first_sample < 0 {
            return Err(Failure::invalid("first_sample", "first_sample must not be negative"));
        }
        Ok(Self { section, sample: request.first_sample })
    }

    /// The beginning of the section that follows.
    const fn next(self) -> Self {
        Self { section: self.section + 1, sample: 0 }
    }
}

/// What tells the samples of a track from those of another one.
fn etag(track: &Digest) -> String {
    let mut etag = track.to_string();
    etag.truncate(ETAG_DIGITS);
    etag
}

/// Whether the samples that a listener has of the first section are of the track that there is now;
/// who says nothing of them takes what there is.
///
/// # Errors
/// `ETAG_MISMATCH`.
fn check_etag(seen: &str, now: &str) -> Result<(), Failure> {
    if seen.is_empty() || seen == now {
        return Ok(());
    }
    Err(Failure::new(
        Kind::Aborted,
        Reason::EtagMismatch,
        "the section has been made anew since this etag; drop the samples that you have of it, and begin it again",
    )
    .at("section_etag"))
}

/// Whether somebody can listen to `narration` from the section `first` on, as far as is known yet:
/// how many sections there are is known once it is planned.
///
/// # Errors
/// `INVALID_FIELD` (OUT_OF_RANGE) past the last section, `DOCUMENT_ERASED`.
pub fn check(narration: &Narration, first: u32) -> Result<(), Failure> {
    not_erased(narration)?;
    if let Some(sections) = narration.sections().filter(|sections| first >= *sections) {
        let message = format!("the narration has {sections} sections, counted from 0");
        return Err(Failure::new(Kind::OutOfRange, Reason::InvalidField, message).at("first_section"));
    }
    Ok(())
}

/// Whether the narration is in the run of which something was heard: sections of another one may be
/// other sections.
///
/// # Errors
/// `ETAG_MISMATCH`.
fn check_run(heard: Option<u32>, narration: &Narration) -> Result<(), Failure> {
    if heard.is_none_or(|run| run == narration.run) {
        return Ok(());
    }
    let message = "the narration is being made anew; listen from the beginning";
    Err(Failure::new(Kind::Aborted, Reason::EtagMismatch, message))
}

/// Why a listener hears no more of a narration that has ended without its audio. The reason is the
/// narration's; its code is not, since it would say that this call was cancelled, ran out of its
/// own time, or is worth repeating as it is.
fn without_audio(narration: &Narration) -> Failure {
    let why = encode::failure(narration);
    let why = why.unwrap_or_else(|| Failure::internal("the narration ended without a reason"));
    Failure { kind: Kind::FailedPrecondition, retry_after: None, ..why }
}

impl Listener {
    /// Sections from the place `from` on, each as soon as it is recorded; the first only if
    /// `section_etag` is still its etag, or is empty.
    pub fn listen(
        self,
        from: Place,
        section_etag: String,
    ) -> impl Stream<Item = Result<api::ListenNarrationResponse, Refusal>> {
        try_stream! {
            let mut news = self.conductor.hub().subscribe(&self.id);
            let mut at = from;
            let mut said_format = false;
            let mut heard_run = None;
            loop {
                let heard = *news.borrow_and_update();
                let narration = self.orders.get(&self.tenant, &self.id).await?.record;
                check(&narration, from.section)?;
                check_run(heard_run, &narration)?;
                while narration.is_recorded(at.section) {
                    let track_key = wire::ObjectKeys::of(&narration, &self.master).track(at.section);
                    let etag = etag(&track_key);
                    heard_run = Some(narration.run);
                    if at == from {
                        check_etag(&section_etag, &etag)?;
                    }
                    let request = ReadTrackRequest {
                        scope: narration.scope.to_string(),
                        track_key: track_key.to_string(),
                        first_sample: at.sample,
                    };
                    // Whether there are as many samples is known to tts, which refuses the call.
                    let read = self.upstream.tracks(&self.tenant).read_track(request).await;
                    let mut track = read.map_err(passed_on)?.into_inner();
                    while let Some(message) = track.message().await.map_err(passed_on)? {
                        let part = match message.part {
                            Some(Part::Format(_)) if said_format => continue,
                            Some(Part::Format(format)) => {
                                said_format = true;
                                Out::Format(format)
                            }
                            Some(Part::SectionStart(start)) => {
                                Out::SectionStart(api::SectionStart { etag: etag.clone(), ..start })
                            }
                            Some(Part::Audio(audio)) => Out::Audio(audio),
                            Some(Part::SectionEnd(end)) => Out::SectionEnd(end),
                            None => continue,
                        };
                        yield api::ListenNarrationResponse { part: Some(part) };
                    }
                    at = at.next();
                }
                match narration.phase() {
                    Phase::Extracting
                    | Phase::Planning
                    | Phase::Narrating
                    | Phase::AwaitingApproval
                    | Phase::Assembling => {
                        if narration.sections().is_some_and(|sections| at.section >= sections) {
                            break;
                        }
                    }
                    Phase::Succeeded => break,
                    Phase::Failed | Phase::Cancelled => Err(without_audio(&narration))?,
                }
                // The hub outlives every stream, so the channel does not close.
                let newer = async { drop(news.wait_for(|now| *now > heard).await) };
                let wait = tokio::time::timeout(std::time::Duration::from_secs(15), newer);
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
    use crate::domain::StepFailure;
    use crate::testing::{narrate, narration};

    #[test]
    fn a_section_past_the_end_is_refused_once_the_end_is_known() {
        let mut n = narration();
        assert_eq!(check(&n, 99), Ok(()), "it is not planned");
        narrate(&mut n, 3);
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
    fn a_listener_begins_at_a_sample_of_the_first_section_alone() {
        let request = |first_section, first_sample| api::ListenNarrationRequest {
            name: "narrations/n1".to_owned(),
            first_section,
            first_sample,
            section_etag: String::new(),
        };
        let from = Place::read(&request(2, 48_000)).expect("a place");
        assert_eq!(from, Place { section: 2, sample: 48_000 });
        assert_eq!(from.next(), Place { section: 3, sample: 0 });
        for (field, wrong) in [("first_section", request(-1, 0)), ("first_sample", request(0, -1))] {
            let refused = Place::read(&wrong).expect_err(field);
            assert_eq!((refused.reason, refused.field.as_deref()), (Reason::InvalidField, Some(field)));
        }
    }

    #[test]
    fn who_has_samples_of_another_track_begins_the_section_again() {
        let n = narration();
        let of = |n: &Narration, section| etag(&wire::ObjectKeys::of(n, b"master").track(section));
        let now = of(&n, 0);
        assert!(now.len() == 16 && now.chars().all(|digit| digit.is_ascii_hexdigit()), "{now}");
        assert_eq!(now, of(&n, 0));
        for fits in ["", now.as_str()] {
            assert_eq!(check_etag(fits, &now), Ok(()));
        }
        let mut retried = n.clone();
        retried.pins.voice_version = "2".to_owned();
        for other in [of(&retried, 0), of(&n, 1), "1".to_owned()] {
            let refused = check_etag(&other, &now).expect_err("another track");
            assert_eq!((refused.kind, refused.reason), (Kind::Aborted, Reason::EtagMismatch));
            assert_eq!(refused.field.as_deref(), Some("section_etag"));
        }
    }

    #[test]
    fn who_has_heard_something_of_another_run_listens_from_the_beginning() {
        let mut n = narration();
        n.run = 2;
        assert_eq!((check_run(None, &n), check_run(Some(2), &n)), (Ok(()), Ok(())));
        assert_eq!(check_run(Some(1), &n).expect_err("another run").reason, Reason::EtagMismatch);
    }

    #[test]
    fn a_listener_hears_nothing_of_how_a_defect_came_about() {
        let mut n = narration();
        let failure = Failure::internal("tenants/acme/d1/plan.json cannot be written");
        assert!(n.fail(StepFailure { failure, step: None }, Timestamp(1)));
        let heard = without_audio(&n);
        assert_eq!((heard.kind, heard.reason), (Kind::FailedPrecondition, Reason::Internal));
        assert!(!heard.message.contains("plan.json"), "{heard}");
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
            assert_ne!(narration.failure().expect("kept").failure.kind, Kind::FailedPrecondition, "as it was");
        }
    }
}
