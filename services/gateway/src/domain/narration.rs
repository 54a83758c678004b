//! A narration: what a caller ordered, what is pinned for it, and how far it has come.
//!
//! What belongs to a state is in its [`State`], and is read by methods, whatever the state:
//!
//! | method | what |
//! | --- | --- |
//! | `phase() -> Phase` | the word for its state; `Phase::terminal()`, `Phase::as_str()` |
//! | `queued() -> bool` | nothing of it was made, in the first of its runs |
//! | `script() -> Option<Script<'_>>` | the script of this run, once it is planned |
//! | `sections() -> Option<u32>` | how many sections that has |
//! | `written() -> u32`, `recorded() -> u32` | how many of them are written, recorded |
//! | `is_written(u32) -> bool`, `is_recorded(u32) -> bool` | whether this section is |
//! | `tally() -> Tally` | counts over what is recorded |
//! | `first_audio() -> Option<Timestamp>` | when the first section was recorded |
//! | `estimated_millis() -> Option<u64>` | how long the recording will be |
//! | `outline() -> Option<&Outline>` | the newest plan, which may be of a run before |
//! | `recording() -> Option<&Succeeded>` | the finished recording |
//! | `artifacts() -> &[Artifact]` | its files |
//! | `failure() -> Option<&StepFailure>` | why it ended without a recording |
//! | `began() -> Timestamp` | when its caller ordered it, or retried it last |
//! | `finished() -> Option<Timestamp>` | when it became terminal |
//! | `display_name() -> &str`, `labels() -> &Labels` | the caller's words, until forgotten |
//! | `title() -> &str`, `notes() -> &[String]` | the plan's words, until forgotten |
//! | `erased() -> bool` | whether its document was erased |
//! | `engine(Service) -> &str` | the engine that its steps need |
//! | `awaits_pins() -> bool` | whether it waits to be pinned anew |
//! | `awaits_approval() -> bool` | whether its script waits for its approval |
//! | `repin() -> Option<&Repin>` | why it does |
//! | `request() -> NarrationRequest` | what its caller asked for |
//! | `order_key() -> Digest` | what of its order the keys of its script follow from |
//!
//! Transitions: `cancel`, `expire`, `extend_deadline`, `delete`, `erase` here; `extracted`,
//! `planned`, `section_written`, `section_recorded`, `assembled`, `fail` and `note_progress` for
//! `conduct/fold.rs`; those of runs in [`super::runs`], and `edited` and `approve` in
//! [`super::edits`]. Tests bring a narration into a state by
//! `crate::testing::{narrate, write, record, assemble, succeed, fail}`.

use std::num::NonZeroU32;
use std::time::Duration;

use lectern_core::content::script::{Direction, Order};
use lectern_core::id::{DocumentId, NarrationId, ScopeId, Service, TenantId};
use lectern_core::{Digest, Failure, Kind, Reason, Timestamp, keys};
use serde::{Deserialize, Serialize};

use super::state::{Outline, State};
use super::texts::{Kept, Texts};
use super::{
    Artifact, Bill, Earlier, NarrationRequest, OrderedLexicon, OrderedSpeaker, Pins, Ready, Repinned, ScriptEdits,
    StepFailure, Tally, UsedLexicon,
};

/// The layout of the record that this code writes.
pub const SCHEMA: u32 = 8;

/// After this long the reconciler looks whether what is wanted waits for its grant; it doubles it
/// each time.
pub const DUE: Duration = Duration::from_secs(15);

/// The files of a deleted narration are deleted once more when the longest lease has passed, for
/// what a step was just putting.
pub const SECOND_SWEEP: Duration = Duration::from_secs(60);

/// A run that is not finished after this long fails, where its caller set no limit.
pub const DEADLINE: Duration = Duration::from_secs(24 * 60 * 60);

/// A deadline that the caller did not set, and that passes while what the narration needs is
/// paused, or while it waits for its budget, is moved on by this much.
pub const MOVED_ON: Duration = Duration::from_secs(60 * 60);

/// An order and its state. At most 64 KB as a record: what grows with the document lies in objects.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Narration {
    /// Its id.
    pub id: NarrationId,
    /// Whose it is.
    pub tenant: TenantId,
    /// The source.
    pub document: DocumentId,
    /// The folder of object storage of everything made for it.
    pub scope: ScopeId,
    /// Queue lane, by its number in the public API.
    pub lane: i32,
    /// Digest of the request that made it, to tell a repeated call from another one.
    pub request_digest: Digest,
    /// What is to be made.
    pub spec: Specification,
    /// The words on it of its caller and of its plan, or why there are none any more.
    pub texts: Texts,
    /// Versions that stay the same for a run.
    pub pins: Pins,
    /// How it was pinned anew, since nobody had what it was pinned to; none where that did not
    /// happen since it was ordered or retried.
    pub repinned: Option<Box<Repinned>>,
    /// Grows when it is retried or pinned anew; starts at 1.
    pub run: u32,
    /// Digest of the request id of the call that began the run, to tell that call repeated; none
    /// where it had none.
    pub run_request: Option<Digest>,
    /// The `traceparent` of the call that began the run: what is published later, or by another
    /// replica, stays in its trace.
    pub traceparent: Option<String>,
    /// Runs that are over and of which something may be left, one entry for each scope.
    pub earlier: Vec<Earlier>,
    /// Where it stands: in a record its word as `phase`, and its data as `state` beside that.
    #[serde(flatten)]
    pub state: State,
    /// Whether the stages have yet to be told that it was cancelled.
    pub cancel_pending: bool,
    /// When its caller deleted it: what is left is a tombstone, so that the same request may be
    /// made anew.
    pub deleted: Option<Timestamp>,
    /// When it was accepted.
    pub created: Timestamp,
    /// When its caller retried it last; none where that never happened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retried: Option<Timestamp>,
    /// When it last changed.
    pub updated: Timestamp,
    /// When it fails if it is not finished.
    pub deadline: Timestamp,
    /// When it is looked at next; none once it is terminal and nothing is left to be done.
    pub due_at: Option<Timestamp>,
    /// Grows with every change that a caller can see; public etags and resume tokens are it.
    pub version: u64,
    /// Which services it wants steps of.
    pub ready: Ready,
    /// What was edited of its script while that waited for its approval; none where nothing was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edits: Option<ScriptEdits>,
    /// The key of what was edited of its script in an earlier run, which another version wrote;
    /// none where nothing was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub earlier_edits: Option<Digest>,
    /// When its script was approved; none where it was not, or need not be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved: Option<Timestamp>,
    /// What the calls of models for it have cost that the ledger has; none where none was made, as
    /// far as is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bill: Option<Bill>,
    /// What those have cost that the ledger has no more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bill_before: Option<Bill>,
    /// What the calls of voices for it have cost that their ledger has, which is another one; none
    /// where none was made, as far as is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub speech_bill: Option<Bill>,
    /// What those have cost that their ledger has no more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub speech_bill_before: Option<Bill>,
}

/// What a recording is made by, as its caller ordered it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Specification {
    /// What is said.
    pub order: Order,
    /// What of the order the keys of its script follow from, once its caller's words in it are
    /// forgotten.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order_key: Option<Digest>,
    /// Who its caller wants to speak, by place; those after the last are chosen.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub speakers: Vec<OrderedSpeaker>,
    /// The lexicons that it names, by which its words are said, in the versions that it was
    /// accepted with. What all came to is pinned with its speakers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lexicons: Vec<UsedLexicon>,
    /// Those that it has by default, likewise.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub default_lexicons: Vec<UsedLexicon>,
    /// Whether it does without lexicons by default.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub without_default_lexicons: bool,
    /// Tempo in hundredths, 50 to 200.
    pub speed: u32,
    /// What is made, by its number in the public API, sorted.
    pub formats: Vec<i32>,
    /// How long a run may take; none for [`DEADLINE`].
    pub time_limit: Option<Duration>,
    /// Whether its script waits for an approval before it is recorded.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub hold: bool,
}

/// What a transition did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transition {
    /// The narration is another now and must be written.
    Changed,
    /// Nothing is new: a duplicate, an older run, or a narration that is terminal.
    Unchanged,
}

impl Narration {
    /// A narration that is accepted now: nothing is made yet, and what it wants first is due.
    /// `request_digest` is that of the request as its caller sent it: what is pinned may be filled
    /// in in `request`, and may be another thing when the same request comes again.
    #[must_use]
    pub fn accepted(
        id: NarrationId,
        tenant: TenantId,
        scope: ScopeId,
        request_digest: Digest,
        request: NarrationRequest,
        pins: Pins,
        now: Timestamp,
    ) -> Self {
        // Who writes is pinned.
        let NarrationRequest {
            document,
            display_name,
            labels,
            order,
            writer: _,
            speakers,
            lexicon,
            speed,
            formats,
            lane,
            time_limit,
            hold,
        } = request;
        // Its own entries are in what was put.
        let OrderedLexicon { lexicons, own: _, without_defaults, defaults, words: _ } = lexicon;
        let spec = Specification {
            order,
            order_key: None,
            speakers,
            lexicons,
            default_lexicons: defaults,
            without_default_lexicons: without_defaults,
            speed,
            formats,
            time_limit,
            hold,
        };
        Self {
            id,
            tenant,
            document,
            scope,
            lane,
            request_digest,
            spec,
            texts: Texts::Kept(Kept { display_name, labels, ..Kept::default() }),
            pins,
            repinned: None,
            run: 1,
            run_request: None,
            traceparent: None,
            earlier: Vec::new(),
            state: State::beginning(None, None),
            cancel_pending: false,
            deleted: None,
            created: now,
            retried: None,
            updated: now,
            deadline: now.plus(time_limit.unwrap_or(DEADLINE)),
            due_at: Some(now.plus(DUE.min(time_limit.unwrap_or(DUE)))),
            version: 1,
            ready: Ready::default(),
            edits: None,
            earlier_edits: None,
            approved: None,
            bill: None,
            bill_before: None,
            speech_bill: None,
            speech_bill_before: None,
        }
    }

    /// What all calls of models and voices for it have cost; none where none was made, as far as is
    /// known.
    #[must_use]
    pub fn whole_bill(&self) -> Option<Bill> {
        Bill::sum([self.bill_before, self.bill, self.speech_bill_before, self.speech_bill])
    }

    /// Takes in what it has cost by now, as the ledger of that service says; whether that is new.
    pub(crate) fn charge(&mut self, service: Service, bill: Bill) -> bool {
        match service {
            Service::Tts => bill.charge(&mut self.speech_bill, &mut self.speech_bill_before),
            Service::Ingest | Service::Ai => bill.charge(&mut self.bill, &mut self.bill_before),
        }
    }

    /// Cancels it.
    pub fn cancel(&mut self, failure: Failure, now: Timestamp) -> Transition {
        if !self.state.cancel(StepFailure { failure, step: None }, now) {
            return Transition::Unchanged;
        }
        self.ended(now);
        self.tell_stages(now);
        Transition::Changed
    }

    /// Fails it when its deadline has passed. None passes while a person is waited for.
    pub fn expire(&mut self, now: Timestamp) -> Transition {
        if self.phase().terminal() || self.awaits_approval() || now < self.deadline {
            return Transition::Unchanged;
        }
        let failure = Failure::new(
            Kind::DeadlineExceeded,
            Reason::DeadlinePassed,
            "the narration was not finished before its deadline; retry it to go on from what was made",
        );
        self.fail(StepFailure { failure, step: None }, now);
        self.tell_stages(now);
        Transition::Changed
    }

    /// Moves on a deadline that has passed while an operator holds up what it needs, or while there
    /// is no budget for it, unless its caller set it.
    pub fn extend_deadline(&mut self, now: Timestamp) -> Transition {
        let may_be_moved = self.spec.time_limit.is_none() && !self.awaits_approval();
        if self.phase().terminal() || now < self.deadline || !may_be_moved {
            return Transition::Unchanged;
        }
        self.deadline = now.plus(MOVED_ON);
        Transition::Changed
    }

    /// Leaves a tombstone: the id, whose it was and how far its runs went, nothing of what it said.
    pub fn delete(&mut self, now: Timestamp) {
        self.cancel(Failure::new(Kind::Cancelled, Reason::Cancelled, "the caller deleted the narration"), now);
        self.deleted = Some(now);
        // Runs up to this one are stopped, and deleted in its scope, earlier ones with it.
        let scope = &self.scope;
        self.earlier.retain(|earlier| earlier.scope != *scope);
        self.tell_stages(now);
        self.texts.delete();
        self.forget();
        self.updated = now;
    }

    /// What of its order the keys of its script follow from.
    #[must_use]
    pub fn order_key(&self) -> Digest {
        self.spec.order_key.unwrap_or_else(|| Digest::of(keys::order(&self.spec.order).as_bytes()))
    }

    /// Whether nothing is left of it but a tombstone: it was deleted, its stages know, and its
    /// files are deleted too.
    #[must_use]
    pub const fn gone(&self) -> bool {
        self.deleted.is_some() && !self.cancel_pending
    }

    /// Marks it erased with its document.
    pub fn erase(&mut self, now: Timestamp) {
        let failure = Failure::new(Kind::Cancelled, Reason::DocumentErased, "the document was erased");
        self.state.erased(&failure);
        self.cancel(failure, now);
        self.texts = Texts::Erased;
        self.forget();
        self.updated = now;
    }

    /// Forgets what else there is of its caller's and its document's words. What it used is still
    /// known by its keys.
    fn forget(&mut self) {
        self.repinned = None;
        self.spec.order_key = Some(self.order_key());
        self.spec.order.direction = Direction::PLAIN;
        self.spec.order.cast.clear();
        self.state.forget_files();
        self.pins.file_name.clear();
    }

    /// The source is read; whether that is new.
    pub(crate) fn extracted(&mut self) -> bool {
        self.state.extracted()
    }

    /// The script is planned; whether that is new.
    pub(crate) fn planned(
        &mut self,
        sections: NonZeroU32,
        words: u64,
        title: String,
        language: String,
        notes: Vec<String>,
    ) -> bool {
        let held = self.is_held();
        let new = self.state.planned(Outline { sections, words, language }, held);
        if new {
            self.texts.planned(title, notes);
        }
        new
    }

    /// A section is written; whether that is new.
    pub(crate) fn section_written(&mut self, section: u32, now: Timestamp) -> bool {
        self.state.section_written(section, self.deadline, now)
    }

    /// A section is recorded, and counts so much; whether that is new.
    pub(crate) fn section_recorded(&mut self, section: u32, counts: Tally, now: Timestamp) -> bool {
        self.state.section_recorded(section, counts, now)
    }

    /// Every file is there, and it has succeeded; whether that is new.
    pub(crate) fn assembled(
        &mut self,
        sample_rate: u32,
        samples: u64,
        artifacts: Vec<Artifact>,
        now: Timestamp,
    ) -> bool {
        let new = self.state.assembled(sample_rate, samples, artifacts, now);
        if new {
            self.ended(now);
        }
        new
    }

    /// It fails; whether that is new.
    pub(crate) fn fail(&mut self, failure: StepFailure, now: Timestamp) -> bool {
        let new = self.state.fail(failure, now);
        if new {
            self.ended(now);
        }
        new
    }

    /// Nothing more is to be done in this run; what is left of earlier ones is.
    fn ended(&mut self, now: Timestamp) {
        self.updated = now;
        self.due_at = self.earlier_next();
    }

    /// Has the stages told that the run is over.
    pub(crate) fn tell_stages(&mut self, now: Timestamp) {
        self.cancel_pending = true;
        self.due_at = Some(now.plus(DUE));
    }

    /// Notes progress: what is wanted now is published at once, and again after [`DUE`].
    pub(crate) fn note_progress(&mut self, now: Timestamp) {
        self.updated = now;
        let due = now.plus(DUE);
        self.due_at = Some(if self.awaits_approval() { due } else { due.min(self.deadline) });
    }
}

#[cfg(test)]
mod tests;
