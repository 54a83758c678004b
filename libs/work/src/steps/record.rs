//! What is stored of a step, and its transitions: pure functions that say what becomes of it,
//! without I/O.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use lectern_core::id::{StepId, TenantId};
use lectern_core::{Failure, Kind, Reason, Timestamp};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::StepsOptions;
use super::outages::Outages;
use lectern_store::{CollectionSpec, Index, Record};

/// The longest event of an ending, in bytes.
pub const MAX_EVENT_BYTES: usize = 32 * 1024;

/// How a step ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndState {
    /// With a result.
    Done,
    /// Without, for good.
    Failed,
    /// Without: it crashed its process again and again.
    Dead,
}

/// The end of a step, committed at most once (invariant I2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ending {
    /// How it ended.
    pub state: EndState,
    /// The encoded event that says so, at most [`MAX_EVENT_BYTES`]; published again whenever the
    /// step is asked for.
    #[serde(with = "as_base64")]
    pub event: Vec<u8>,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
}

impl Ending {
    /// The end of a step that did its work.
    #[must_use]
    pub const fn done(event: Vec<u8>) -> Self {
        Self { state: EndState::Done, event, failure: None }
    }

    /// The end of a step that failed for good.
    #[must_use]
    pub const fn failed(event: Vec<u8>, failure: Failure) -> Self {
        Self { state: EndState::Failed, event, failure: Some(failure) }
    }

    /// The end of a step that crashed too often.
    #[must_use]
    pub const fn dead(event: Vec<u8>, failure: Failure) -> Self {
        Self { state: EndState::Dead, event, failure: Some(failure) }
    }

    /// The same as it is stored of `step`: with a failure that fits into a record.
    ///
    /// # Errors
    /// `LIMIT_EXCEEDED` when the event is over [`MAX_EVENT_BYTES`].
    pub(super) fn fitted(self, step: &StepId) -> Result<Self, Failure> {
        let bytes = self.event.len();
        if bytes > MAX_EVENT_BYTES {
            return Err(Failure::new(
                Kind::FailedPrecondition,
                Reason::LimitExceeded,
                format!(
                    "the event of {step} has {bytes} bytes and may have {MAX_EVENT_BYTES}; put what grows into an object"
                ),
            ));
        }
        Ok(Self { failure: self.failure.map(shortened), ..self })
    }
}

/// How a worker lets a step go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Closing {
    /// For good.
    Ended(Ending),
    /// After an attempt that failed, to be made again. How many attempts there are is for the
    /// caller to know; after the last one it is [`Closing::Ended`].
    Retry {
        /// Why it failed.
        failure: Failure,
        /// From when on it may be claimed again.
        not_before: Timestamp,
    },
    /// Undone, until somebody else does what it waits for; no attempt is counted.
    Held {
        /// What it waits for.
        failure: Failure,
        /// From when on it may be claimed, to look again.
        not_before: Timestamp,
    },
    /// Undone, to be claimed at once; no attempt is counted.
    Free,
    /// To replicas that have the version which the step is pinned to; no attempt is counted.
    Left,
}

impl Closing {
    /// The same as it is stored of `step`.
    ///
    /// # Errors
    /// Those of [`Ending::fitted`].
    pub(super) fn fitted(self, step: &StepId) -> Result<Self, Failure> {
        Ok(match self {
            Self::Ended(ending) => Self::Ended(ending.fitted(step)?),
            Self::Retry { failure, not_before } => Self::Retry { failure: shortened(failure), not_before },
            Self::Held { failure, not_before } => Self::Held { failure: shortened(failure), not_before },
            Self::Free => Self::Free,
            Self::Left => Self::Left,
        })
    }
}

/// A failure whose message fits into a record.
fn shortened(mut failure: Failure) -> Failure {
    const LONGEST: usize = 2_000;
    if let Some((end, _)) = failure.message.char_indices().nth(LONGEST) {
        failure.message.truncate(end);
        failure.message.push('…');
    }
    failure
}

mod as_base64 {
    use super::{Deserialize, Deserializer, Engine, STANDARD, Serializer};

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(bytes))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        STANDARD.decode(String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

/// Where a step stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "at", rename_all = "snake_case")]
pub enum StepState {
    /// Nobody works on it; it may be claimed from a time on.
    Free {
        /// From when; the epoch for at once.
        not_before: Timestamp,
    },
    /// Somebody works on it.
    Leased {
        /// Who.
        holder: String,
        /// The start of the holder's process.
        boot: String,
        /// Until when, unless extended.
        until: Timestamp,
        /// When somebody who came for the step first found that the lease had run out; none once
        /// it is extended. See [`StepRecord::claim`].
        #[serde(default, skip_serializing_if = "Option::is_none")]
        doubted: Option<Timestamp>,
    },
    /// It ended; nothing changes any more (invariant I4).
    Ended {
        /// How.
        ending: Ending,
    },
}

/// What is stored of a step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepRecord {
    /// Which step.
    pub step: StepId,
    /// Whose.
    pub tenant: TenantId,
    /// Grows with every claim (invariant I3). Work without a record counts as the first; 0 where
    /// nobody has begun.
    pub fence: u64,
    /// Who wrote it first, having worked without a record: equal work has equal ends, and by this
    /// a worker knows its own again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub writer: Option<String>,
    /// Attempts that started and failed by an error.
    pub attempts: u32,
    /// Leases that were lost.
    pub crashes: u32,
    /// The latest failure of an attempt, or what it waits for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
    /// Since when replicas that do not have the version which the step is pinned to leave it to
    /// others; none once one of them is at work on it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left_since: Option<Timestamp>,
    /// Where it stands.
    pub state: StepState,
    /// When it was first written.
    pub created: Timestamp,
    /// When it last changed.
    pub updated: Timestamp,
}

impl Record for StepRecord {
    const SPEC: CollectionSpec = CollectionSpec::new("steps", &[Index::new("by_state", &["state.at", "updated"])])
        .dates(&["created", "updated", "left_since", "state.not_before", "state.until", "state.doubted"])
        .binaries(&["state.ending.event"]);
    const SCHEMA: u32 = 1;

    fn id(&self) -> String {
        self.step.to_string()
    }
}

/// What somebody who worked without a record finds where he wants to write one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Found {
    /// His own write, whose answer was lost.
    Written,
    Ended(Ending),
    /// His own lease, whose answer was lost.
    Mine,
    /// Nobody held it: the record was changed, and he holds the lease.
    Taken,
    Elsewhere,
}

/// What a claim makes of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Taken {
    /// The record was changed: the fence grew and the claimer holds the lease.
    Yes,
    Ended(Ending),
    Leased(Duration),
    /// The record was changed: it says since when the lease is doubted, and the claimer is to come
    /// again.
    Doubted(Duration),
    Waiting(Duration),
}

impl StepRecord {
    /// A step that nobody has begun; or one that was worked on without a record, which is its first
    /// claim.
    pub(super) fn new(step: StepId, tenant: TenantId, begun: bool, now: Timestamp) -> Self {
        Self {
            step,
            tenant,
            fence: u64::from(begun),
            writer: None,
            attempts: 0,
            crashes: 0,
            failure: None,
            left_since: None,
            state: StepState::Free { not_before: Timestamp::default() },
            created: now,
            updated: now,
        }
    }

    /// Claims it, taking over a lease that ran out and counting that as a crash.
    ///
    /// A lease that ran out says that its holder is gone, or that the store was: nobody can extend
    /// a lease in a store that is away, and nobody can claim one either. So whoever finds such a
    /// lease writes that down first, which shows that the store is back, and a holder that lives
    /// extends it within a second of that, for it asks again and again. Only when `skew` has passed
    /// from there on as well is the lease taken over, by whoever comes then. Where the store was
    /// away when the lease ran out, its end says nothing of the step, and no crash is counted.
    pub(super) fn claim(&mut self, holder: &str, options: &StepsOptions, outages: &Outages, now: Timestamp) -> Taken {
        match &mut self.state {
            StepState::Ended { ending } => return Taken::Ended(ending.clone()),
            StepState::Free { not_before } if now < *not_before => return Taken::Waiting(not_before.since(now)),
            StepState::Free { .. } => {}
            StepState::Leased { until, .. } if now < *until => return Taken::Leased(until.since(now)),
            StepState::Leased { until, doubted, .. } => {
                let Some(since) = *doubted else {
                    *doubted = Some(now);
                    return Taken::Doubted(options.skew);
                };
                let takeover = since.max(*until).plus(options.skew);
                if now < takeover {
                    return Taken::Leased(takeover.since(now));
                }
                if !outages.excuse(*until, options.lease) {
                    self.crashes += 1;
                }
            }
        }
        self.lease(holder, options, now);
        Taken::Yes
    }

    /// Takes the lease for somebody who has worked on the step without a record and could not write
    /// `closing`, since there is one. Nobody else holds a step that is free, whether it may be
    /// claimed already or not, and what was done of it is not thrown away.
    pub(super) fn adopt(&mut self, holder: &str, closing: &Closing, options: &StepsOptions, now: Timestamp) -> Found {
        let own = self.writer.as_deref() == Some(holder);
        match &self.state {
            StepState::Ended { ending } if own && matches!(closing, Closing::Ended(ours) if ours == ending) => {
                Found::Written
            }
            StepState::Ended { ending } => Found::Ended(ending.clone()),
            StepState::Leased { holder: theirs, .. } if theirs == holder => Found::Mine,
            StepState::Leased { .. } => Found::Elsewhere,
            StepState::Free { not_before: theirs } => {
                if let Closing::Retry { failure, not_before } | Closing::Held { failure, not_before } = closing
                    && own
                    && not_before == theirs
                    && self.failure.as_ref() == Some(failure)
                {
                    return Found::Written;
                }
                self.lease(holder, options, now);
                Found::Taken
            }
        }
    }

    /// Leaves a step to whoever may be at work on it without a record, until `then`.
    pub(super) fn leave_to_first(&mut self, then: Timestamp) {
        self.state = StepState::Free { not_before: then };
    }

    /// Gives it back to whoever was left it so. No other step that nobody has claimed, and that has
    /// not failed, waits.
    pub(super) fn back_to_first(&mut self) {
        if self.fence <= 1
            && self.attempts == 0
            && self.failure.is_none()
            && let StepState::Free { not_before } = &mut self.state
        {
            *not_before = Timestamp::default();
        }
    }

    fn lease(&mut self, holder: &str, options: &StepsOptions, now: Timestamp) {
        self.fence += 1;
        self.state = StepState::Leased {
            holder: holder.to_owned(),
            boot: options.boot.clone(),
            until: now.plus(options.lease),
            doubted: None,
        };
        self.updated = now;
    }

    /// Lets it go.
    pub(super) fn close(&mut self, closing: &Closing, now: Timestamp) {
        match closing {
            Closing::Ended(ending) => {
                self.state = StepState::Ended { ending: ending.clone() };
                self.updated = now;
            }
            Closing::Retry { failure, not_before } => {
                self.attempts += 1;
                self.failure = Some(failure.clone());
                // Whoever has failed otherwise had the version.
                self.left_since = None;
                self.release(*not_before, now);
            }
            Closing::Held { failure, not_before } => {
                self.failure = Some(failure.clone());
                self.left_since = None;
                self.release(*not_before, now);
            }
            Closing::Free => self.release(now, now),
            Closing::Left => {
                self.left_since = self.left_since.or(Some(now));
                self.release(now, now);
            }
        }
    }

    /// Has the lease last until `then`, and ends all doubts of its holder, which is at work.
    pub(super) fn extend(&mut self, then: Timestamp) {
        if let StepState::Leased { until, doubted, .. } = &mut self.state {
            *until = then;
            *doubted = None;
        }
        self.left_since = None;
    }

    /// Whether the holder of this fence still has the lease. It may have run out, as long as nobody
    /// took it over.
    pub(super) fn held_by(&self, fence: u64) -> bool {
        match self.state {
            StepState::Leased { .. } => self.fence == fence,
            StepState::Free { .. } | StepState::Ended { .. } => false,
        }
    }

    /// Lets the lease go; the step may be claimed from `not_before` on.
    fn release(&mut self, not_before: Timestamp, now: Timestamp) {
        self.state = StepState::Free { not_before };
        self.updated = now;
    }

    /// Ends a lease that is not of `boot`, as a crash; whether there was one.
    pub(super) fn void(&mut self, boot: &str, now: Timestamp) -> bool {
        let gone = matches!(&self.state, StepState::Leased { boot: theirs, .. } if theirs != boot);
        if gone {
            self.crashes += 1;
            self.release(now, now);
        }
        gone
    }
}
