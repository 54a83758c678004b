//! `ListenNarration`: the audio of a narration that may still be in the making.
//!
//! A section that is recorded is read from its track. One that is written is asked for as well,
//! with the command that records it: tts then sends each of its segments as soon as it is spoken
//! ([ADR 0033](../../../../docs/adr/0033-listening-begins-with-a-segment.md)). Meanwhile the
//! narration's record is looked at, for nobody tells tts that the narration has ended.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use async_stream::try_stream;
use futures::Stream;
use lectern_core::id::{NarrationId, TenantId};
use lectern_core::{Digest, Failure, Kind, Reason};
use lectern_proto::tts::v1::{ReadTrackRequest, read_track_response::Part};
use lectern_proto::v1 as api;
use lectern_proto::v1::listen_narration_response::Part as Out;
use lectern_rpc::Refusal;
use lectern_rpc::status::shutting_down;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::encode;
use super::objects::not_erased;
use crate::conduct::{Conductor, wire};
use crate::domain::state::State;
use crate::domain::{Narration, Phase};
use crate::orders::Orders;
use crate::upstream::{Upstream, passed_on};

/// Hexadecimal digits of a section's etag. They tell tracks of one section apart, of which there
/// are a few.
const ETAG_DIGITS: usize = 16;
/// The record is looked at after this time at the latest, should all news of it be lost.
const LOOK: Duration = Duration::from_secs(15);
/// Bytes of a sample.
const SAMPLE_BYTES: usize = 2;

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

    /// Behind so many bytes of audio.
    fn after(self, bytes: usize) -> Self {
        let samples = i64::try_from(bytes / SAMPLE_BYTES).unwrap_or(i64::MAX);
        Self { sample: self.sample.saturating_add(samples), ..self }
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

/// Whether a section is written, and recorded as soon as its turn comes: it is wanted, unless its
/// script is held.
fn is_wanted(narration: &Narration, section: u32) -> bool {
    let State::Narrating(narrating) = &narration.state else { return false };
    !narrating.held && narrating.written.contains(section) && !narrating.recorded.contains(section)
}

/// Whether a section that was being recorded in `run` still is, or is recorded.
fn goes_on(narration: &Narration, run: u32, section: u32) -> bool {
    let is_there = narration.is_recorded(section) || is_wanted(narration, section);
    narration.run == run && !narration.erased() && is_there
}

/// What of a section tts is asked for; none where there is nothing to be heard of it yet.
fn request(narration: &Narration, keys: &wire::ObjectKeys, at: Place) -> Option<ReadTrackRequest> {
    let recording = if narration.is_recorded(at.section) {
        None
    } else if is_wanted(narration, at.section) {
        // Nothing is spoken for it, so nothing is paid for.
        Some(wire::record_section(narration, keys, at.section, None))
    } else {
        return None;
    };
    Some(ReadTrackRequest {
        scope: narration.scope.to_string(),
        track_key: keys.track(at.section).to_string(),
        first_sample: at.sample,
        recording,
    })
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
    /// Sections from the place `from` on, each as soon as something of it is recorded; the first
    /// only if `section_etag` is still its etag, or is empty.
    pub fn listen(
        self,
        from: Place,
        section_etag: String,
    ) -> impl Stream<Item = Result<api::ListenNarrationResponse, Refusal>> {
        try_stream! {
            let mut news = self.conductor.hub().subscribe(&self.id);
            let mut at = from;
            // Whether the section that it is at was told to begin.
            let mut begun = false;
            let mut said_format = false;
            let mut heard_run = None;
            'record: loop {
                let heard = *news.borrow_and_update();
                let narration = self.orders.get(&self.tenant, &self.id).await?.record;
                check(&narration, from.section)?;
                check_run(heard_run, &narration)?;
                let keys = wire::ObjectKeys::of(&narration, &self.master);
                while let Some(request) = request(&narration, &keys, at) {
                    let etag = etag(&keys.track(at.section));
                    if at == from {
                        check_etag(&section_etag, &etag)?;
                    }
                    let grows = request.recording.is_some();
                    // Whether there are as many samples is known to tts, which refuses the call.
                    let read = self.upstream.tracks(&self.tenant).read_track(request).await;
                    let mut track = read.map_err(passed_on)?.into_inner();
                    let mut over = pin!(self.over(&mut news, heard, narration.run, at.section));
                    loop {
                        let next = tokio::select! {
                            biased;
                            message = track.message() => Ok(message),
                            over = &mut over, if grows => Err(over),
                        };
                        let message = match next {
                            Ok(message) => message.map_err(passed_on)?,
                            Err(over) => {
                                over?;
                                continue 'record;
                            }
                        };
                        let Some(message) = message else { break };
                        let part = match message.part {
                            Some(Part::Format(_)) if said_format => continue,
                            Some(Part::Format(format)) => {
                                said_format = true;
                                Out::Format(format)
                            }
                            Some(Part::SectionStart(_)) if begun => continue,
                            Some(Part::SectionStart(start)) => {
                                begun = true;
                                heard_run = Some(narration.run);
                                Out::SectionStart(api::SectionStart { etag: etag.clone(), ..start })
                            }
                            Some(Part::Audio(audio)) => {
                                at = at.after(audio.len());
                                Out::Audio(audio)
                            }
                            Some(Part::SectionEnd(end)) => Out::SectionEnd(end),
                            None => continue,
                        };
                        yield api::ListenNarrationResponse { part: Some(part) };
                    }
                    (at, begun) = (at.next(), false);
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
                self.newer(&mut news, heard).await?;
            }
        }
    }

    /// Waits until a section that was being recorded in `run` is neither recorded nor going to be,
    /// as the record says, whose news up to `heard` are known.
    ///
    /// # Errors
    /// `RESOURCE_NOT_FOUND`, `SHUTTING_DOWN`.
    async fn over(
        &self,
        news: &mut watch::Receiver<u64>,
        mut heard: u64,
        run: u32,
        section: u32,
    ) -> Result<(), Failure> {
        loop {
            self.newer(news, heard).await?;
            heard = *news.borrow_and_update();
            match self.orders.get(&self.tenant, &self.id).await {
                Ok(narration) if goes_on(&narration.record, run, section) => {}
                Ok(_) => return Ok(()),
                // A database that is away for a moment ends no listening; it is looked again.
                Err(failure) if failure.kind.retryable() => {}
                Err(failure) => return Err(failure),
            }
        }
    }

    /// Waits for news of the narration that are newer than those, or until it is time to look.
    ///
    /// # Errors
    /// `SHUTTING_DOWN`.
    async fn newer(&self, news: &mut watch::Receiver<u64>, heard: u64) -> Result<(), Failure> {
        // The hub outlives every stream, so the channel does not close.
        let newer = async { drop(news.wait_for(|now| *now > heard).await) };
        let waited = self.stop.run_until_cancelled(tokio::time::timeout(LOOK, newer)).await;
        waited.map(drop).ok_or_else(shutting_down)
    }
}

#[cfg(test)]
mod tests {
    use lectern_core::Timestamp;

    use super::*;
    use crate::domain::StepFailure;
    use crate::testing::{fail, narrate, narration, record, write};

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
        retried.pins.speakers.first_mut().voice.version = "2".to_owned();
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
    fn a_section_is_heard_from_when_it_is_written_on() {
        let mut n = narration();
        let asked =
            |n: &Narration, section, sample| request(n, &wire::ObjectKeys::of(n, b"master"), Place { section, sample });
        assert_eq!(asked(&n, 0, 0), None, "it is not planned");
        narrate(&mut n, 2);
        assert_eq!(asked(&n, 0, 0), None, "it is not written");
        write(&mut n, 0);
        let growing = asked(&n, 0, 7).expect("it is being recorded");
        let command = growing.recording.clone().expect("the command that records it");
        assert_eq!((growing.first_sample, command.index), (7, 0));
        assert_eq!((&command.track_key, &command.budget), (&growing.track_key, &None));
        assert!(goes_on(&n, 1, 0) && !goes_on(&n, 2, 0) && !goes_on(&n, 1, 1));
        record(&mut n, 0);
        assert_eq!(asked(&n, 0, 7), Some(ReadTrackRequest { recording: None, ..growing }), "the same track");
        assert!(goes_on(&n, 1, 0));
        write(&mut n, 1);
        fail(&mut n, Timestamp(1));
        assert!(asked(&n, 0, 0).is_some() && asked(&n, 1, 0).is_none(), "what is recorded stays");
        assert!(goes_on(&n, 1, 0) && !goes_on(&n, 1, 1));
        n.erase(Timestamp(2));
        assert!(!goes_on(&n, 1, 0));
    }

    #[test]
    fn nothing_is_heard_of_a_script_that_is_held() {
        let mut n = narration();
        n.spec.hold = true;
        narrate(&mut n, 2);
        write(&mut n, 0);
        assert!(!is_wanted(&n, 0) && !goes_on(&n, 1, 0));
    }

    #[test]
    fn a_place_moves_on_by_the_samples_that_were_sent() {
        let at = Place { section: 1, sample: 10 }.after(64 * 1024);
        assert_eq!((at, at.next()), (Place { section: 1, sample: 32_778 }, Place { section: 2, sample: 0 }));
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
