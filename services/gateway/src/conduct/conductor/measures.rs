//! What becomes of narrations, counted where it is written: once, by the gateway whose write was
//! acknowledged. Of one that was not, nobody knows whether it counts, so it does not.

use std::time::Duration;

use lectern_core::{Failure, Reason, Timestamp};
use lectern_runtime::Metrics;
use lectern_runtime::telemetry::Histogram;

use crate::domain::{Lane, Narration, State};

/// Ends of the buckets of how long narrations took, in seconds: up to the day after which they
/// fail.
const TOOK: [f64; 13] =
    [1.0, 5.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1_800.0, 3_600.0, 10_800.0, 43_200.0, 86_400.0];
/// The same of the time until something can be heard.
const HEARD: [f64; 12] = [0.5, 1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 900.0, 3_600.0];

/// What of a narration is compared with what it is after a write.
#[derive(Debug, Clone, Copy)]
pub(super) struct Before {
    is_over: bool,
    had_audio: bool,
}

impl Before {
    /// As it is now.
    pub(super) fn of(narration: &Narration) -> Self {
        Self { is_over: narration.phase().terminal(), had_audio: narration.first_audio().is_some() }
    }
}

/// What a write made of a narration that counts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct News {
    /// How long after the order, or the last retry, its first section was recorded.
    first_audio: Option<Duration>,
    /// How long it took, and how it ended.
    ended: Option<(Duration, End)>,
}

/// How a narration ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Succeeded,
    /// Why, and whether that was our fault.
    Failed(Reason, bool),
    Cancelled,
}

impl News {
    /// What is new of a narration that was `before`.
    pub(super) fn of(before: Before, narration: &Narration) -> Self {
        let since = |at: Timestamp| at.since(narration.began());
        let first_audio = narration.first_audio().filter(|_| !before.had_audio).map(since);
        let end = || {
            let end = match &narration.state {
                State::Succeeded(_) => End::Succeeded,
                State::Failed(ended) => {
                    let failure = &ended.failure.failure;
                    End::Failed(failure.reason, is_ours(failure, narration.spec.time_limit.is_some()))
                }
                State::Cancelled(_) => End::Cancelled,
                State::Extracting { .. }
                | State::Planning { .. }
                | State::Narrating(_)
                | State::AwaitingApproval(_)
                | State::Assembling(_) => return None,
            };
            Some((since(narration.finished()?), end))
        };
        Self { first_audio, ended: if before.is_over { None } else { end() } }
    }
}

/// Whether a narration failed by our fault, rather than by what its caller handed in or asked for.
/// A deadline is ours unless the caller set it.
fn is_ours(failure: &Failure, has_limit: bool) -> bool {
    // Nothing of these is a caller's doing, whatever kind of failure it is to a step.
    const OURS: [Reason; 10] = [
        Reason::AttemptsExhausted,
        Reason::EngineBudget,
        Reason::EngineCredentials,
        Reason::EngineLimited,
        Reason::EngineRefused,
        Reason::EngineUnavailable,
        Reason::PinUnavailable,
        Reason::ScriptRejected,
        Reason::SpeechRejected,
        Reason::VoiceNotInstalled,
    ];
    if failure.reason == Reason::DeadlinePassed {
        return !has_limit;
    }
    failure.kind.ours() || OURS.contains(&failure.reason)
}

/// Counts what becomes of narrations.
#[derive(Debug)]
pub(super) struct Measures {
    took: Histogram,
    first_audio: Histogram,
    /// What was counted.
    #[cfg(test)]
    pub(super) counted: parking_lot::Mutex<Vec<News>>,
}

impl Default for Measures {
    fn default() -> Self {
        let metrics = Metrics::new("lectern.gateway");
        Self {
            took: metrics.histogram(
                "lectern.narration.duration",
                "s",
                "How long narrations took from their order or last retry, by how they ended.",
                &TOOK,
            ),
            first_audio: metrics.histogram(
                "lectern.narration.first_audio",
                "s",
                "How long after the order or last retry of narrations their first section was recorded.",
                &HEARD,
            ),
            #[cfg(test)]
            counted: parking_lot::Mutex::default(),
        }
    }
}

impl Measures {
    /// Counts what is new of a narration after a write that was acknowledged.
    pub(super) fn written(&self, before: Before, narration: &Narration) {
        let news = News::of(before, narration);
        if let Some(after) = news.first_audio {
            let lane = Lane::of_number(narration.lane).as_str();
            self.first_audio.record(after.as_secs_f64(), &[("lane", lane)]);
        }
        if let Some((took, end)) = news.ended {
            let took = took.as_secs_f64();
            match end {
                End::Succeeded => self.took.record(took, &[("outcome", "succeeded")]),
                End::Cancelled => self.took.record(took, &[("outcome", "cancelled")]),
                End::Failed(reason, ours) => {
                    let fault = if ours { "ours" } else { "caller" };
                    let labels = [("outcome", "failed"), ("reason", reason.as_str()), ("fault", fault)];
                    self.took.record(took, &labels);
                }
            }
        }
        #[cfg(test)]
        self.note(news);
    }

    #[cfg(test)]
    fn note(&self, news: News) {
        if news != News::default() {
            self.counted.lock().push(news);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use lectern_core::id::{StepId, StepKind};
    use lectern_core::{Clock, Kind, SystemClock};
    use lectern_queue::{ConnectOptions, MemoryQueue};
    use lectern_store::Versioned;
    use lectern_store::memory::MemoryStore;

    use super::*;
    use crate::conduct::fold;
    use crate::domain::{StepFailure, StepOutcome, Tally};
    use crate::testing::{Nobody, Parts, fail, narrate, narration, succeed};

    fn seconds(seconds: u64) -> Timestamp {
        Timestamp(seconds * 1_000)
    }

    /// A narration that was ordered at 100 s, and has sections to be recorded.
    fn narrating() -> Narration {
        let mut narration = Narration { created: seconds(100), ..narration() };
        narrate(&mut narration, 2);
        narration
    }

    fn record(narration: &mut Narration, index: u32, at: Timestamp) {
        let step = StepId { narration: narration.id.clone(), run: narration.run, kind: StepKind::Record, index };
        fold(narration, &step, StepOutcome::Recorded(Tally::default()), at);
    }

    #[test]
    fn the_first_section_counts_once_and_since_the_order() {
        let mut narration = narrating();
        let before = Before::of(&narration);
        record(&mut narration, 1, seconds(103));
        assert_eq!(News::of(before, &narration), News::default(), "it is not the first that is heard");
        record(&mut narration, 0, seconds(107));
        let heard = News { first_audio: Some(Duration::from_secs(7)), ended: None };
        assert_eq!(News::of(before, &narration), heard);
        assert_eq!(News::of(Before::of(&narration), &narration), News::default(), "the same is no news");
    }

    #[test]
    fn a_retry_is_measured_since_it_was_asked_for() {
        let mut narration = narrating();
        fail(&mut narration, seconds(500));
        narration.retry(narration.pins.clone(), None, seconds(9_000)).expect("retried");
        let before = Before::of(&narration);
        succeed(&mut narration, seconds(9_030));
        let News { first_audio, ended } = News::of(before, &narration);
        assert_eq!(ended, Some((Duration::from_secs(30), End::Succeeded)));
        assert!(first_audio.is_some(), "of this run");
    }

    #[test]
    fn an_end_says_whose_fault_it_was() {
        for (kind, reason, limit, ours) in [
            (Kind::Internal, Reason::Internal, None, true),
            (Kind::Unavailable, Reason::BlobUnavailable, None, true),
            (Kind::ResourceExhausted, Reason::EngineLimited, None, true),
            (Kind::FailedPrecondition, Reason::EngineBudget, None, true),
            (Kind::FailedPrecondition, Reason::PinUnavailable, None, true),
            (Kind::DeadlineExceeded, Reason::DeadlinePassed, None, true),
            (Kind::DeadlineExceeded, Reason::DeadlinePassed, Some(Duration::from_secs(9)), false),
            (Kind::InvalidArgument, Reason::NoTextLayer, None, false),
            (Kind::FailedPrecondition, Reason::LanguageUnsupported, None, false),
        ] {
            let mut narration = narrating();
            narration.spec.time_limit = limit;
            let before = Before::of(&narration);
            let failure = Failure::new(kind, reason, "it failed");
            narration.fail(StepFailure { failure, step: None }, seconds(160));
            let ended = Some((Duration::from_secs(60), End::Failed(reason, ours)));
            assert_eq!(News::of(before, &narration), News { first_audio: None, ended }, "{reason}");
        }
    }

    #[test]
    fn what_is_over_does_not_end_again() {
        let mut narration = narrating();
        let before = Before::of(&narration);
        narration.cancel(Failure::new(Kind::Cancelled, Reason::Cancelled, "by its caller"), seconds(110));
        assert_eq!(News::of(before, &narration).ended, Some((Duration::from_secs(10), End::Cancelled)));
        let before = Before::of(&narration);
        narration.delete(seconds(120));
        assert_eq!(News::of(before, &narration), News::default());
    }

    #[tokio::test]
    async fn what_two_gateways_write_at_once_is_counted_by_the_one_whose_write_it_is() {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let store = Arc::new(MemoryStore::new(Arc::clone(&clock)));
        let queue = Arc::new(MemoryQueue::new(ConnectOptions::default()));
        let gateway = || {
            let (clock, queue) = (Arc::clone(&clock), Arc::clone(&queue));
            Parts::over(Arc::new(Nobody), clock, Arc::clone(&store) as _, Arc::clone(&queue), queue as _)
        };
        let (one, other) = (gateway().await, gateway().await);
        let record = narrating();
        let revision = one.narrations.insert(&record).await.expect("inserted");
        let copy = Versioned { record, revision };
        let id = copy.record.id.clone();
        let cancel = |narration: &mut Narration, now| {
            narration.cancel(Failure::new(Kind::Cancelled, Reason::Cancelled, "by its caller"), now)
        };
        for (gateway, is_written) in [(&one, true), (&other, false)] {
            let written = gateway.conductor.write(&id, Some(copy.clone()), cancel).await.expect("the store");
            assert_eq!(written.is_some(), is_written);
        }
        let counted = |parts: &Parts| parts.conductor.measures.counted.lock().len();
        assert_eq!((counted(&one), counted(&other)), (1, 0));
    }
}
