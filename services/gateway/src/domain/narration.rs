//! A narration: what a caller ordered, what is pinned for it, and how far it has come.

use std::time::Duration;

use lectern_core::content::script::Order;
use lectern_core::id::{DocumentId, NarrationId, ScopeId, Service, TenantId};
use lectern_core::{Digest, Failure, Kind, Reason, Timestamp};
use serde::{Deserialize, Serialize};

use super::wish::Labels;
use super::{Artifact, Bits, Earlier, Pins, Ready, Repin, StepFailure, Tally, Wish};

/// The layout of the record that this code writes.
pub const SCHEMA: u32 = 4;

/// After this long the reconciler looks whether what is wanted waits for its grant; it doubles it
/// each time.
pub const DUE: Duration = Duration::from_secs(15);

/// The files of a deleted narration are deleted once more when the longest lease has passed, for
/// what a step was just putting.
pub const SECOND_SWEEP: Duration = Duration::from_secs(60);

/// A run that is not finished after this long fails, where its caller set no limit.
pub const DEADLINE: Duration = Duration::from_secs(24 * 60 * 60);

/// A deadline that the caller did not set, and that passes while what the narration needs is
/// paused, is moved on by this much.
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
    /// Digest of the request that made it, to tell a repeated call from another one.
    pub request: Digest,
    /// A name for people; may be empty.
    pub display_name: String,
    /// The caller's own words on it, by which it is found again.
    pub labels: Labels,
    /// What is said.
    pub order: Order,
    /// The voice that the caller named; empty for the default.
    pub voice: String,
    /// Tempo in hundredths, 50 to 200.
    pub speed: u32,
    /// Audio formats, by their number in the public API, sorted.
    pub formats: Vec<i32>,
    /// Queue lane, by its number in the public API.
    pub lane: i32,
    /// How long a run may take; none for [`DEADLINE`].
    #[serde(default)]
    pub time_limit: Option<Duration>,
    /// Versions that stay the same for a run.
    pub pins: Pins,
    /// Grows when it is retried or pinned anew; starts at 1.
    pub run: u32,
    /// Digest of the request id of the call that began the run, to tell that call repeated; none
    /// where it had none.
    #[serde(default)]
    pub run_request: Option<Digest>,
    /// How it is pinned anew, where nobody had what it was pinned to; none since it was ordered or
    /// retried where that did not happen.
    #[serde(default)]
    pub repin: Option<Box<Repin>>,
    /// Runs that are over and of which something may be left, one entry for each scope.
    #[serde(default)]
    pub earlier: Vec<Earlier>,
    /// Where it stands.
    pub phase: Phase,
    /// Sections of the script; 0 before it is planned.
    pub sections: u32,
    /// Sections that are written.
    pub written: Bits,
    /// Sections that are recorded.
    pub recorded: Bits,
    /// Counts over the sections that are recorded, of which each counts once.
    pub tally: Tally,
    /// Words that will be spoken.
    pub words: u64,
    /// The recording's title.
    pub title: String,
    /// The language it is spoken in.
    pub language: String,
    /// What the caller should know about the script.
    pub notes: Vec<String>,
    /// Why it ended without a recording.
    pub failure: Option<StepFailure>,
    /// Samples of the recording, and their rate.
    pub samples: u64,
    /// Samples a second.
    pub sample_rate: u32,
    /// The files.
    pub artifacts: Vec<Artifact>,
    /// Whether its document was erased, and every object with it.
    pub erased: bool,
    /// When it was accepted.
    pub created: Timestamp,
    /// When it last changed.
    pub updated: Timestamp,
    /// When the first section was recorded.
    pub first_audio: Option<Timestamp>,
    /// When it became terminal.
    pub finished: Option<Timestamp>,
    /// When it fails if it is not finished.
    pub deadline: Timestamp,
    /// When it is looked at next; none once it is terminal and nothing is left to be done.
    pub due_at: Option<Timestamp>,
    /// Grows with every change that a caller can see; public etags and resume tokens are it.
    pub version: u64,
    /// When its caller deleted it: what is left is a tombstone, so that the same request may be
    /// made anew.
    #[serde(default)]
    pub deleted: Option<Timestamp>,
    /// Whether the stages have yet to be told that it was cancelled.
    pub cancel_pending: bool,
    /// The `traceparent` of the call that began the run: what is published later, or by another
    /// replica, stays in its trace.
    #[serde(default)]
    pub traceparent: Option<String>,
    /// Which services it wants steps of.
    #[serde(default)]
    pub ready: Ready,
}

/// Where a narration stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Accepted, and the source is to be read.
    Extracting,
    /// The outline is to be made.
    Planning,
    /// Sections are written and recorded.
    Narrating,
    /// Files are made.
    Assembling,
    /// Every file is there.
    Succeeded,
    /// It ended with a failure.
    Failed,
    /// It was stopped.
    Cancelled,
}

impl Phase {
    /// Whether nothing more happens in this run.
    #[must_use]
    pub const fn terminal(self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed | Self::Cancelled)
    }
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
    /// `request` is the digest of the wish as its caller sent it: what is pinned may be filled in
    /// in `wish`, and may be another thing when the same request comes again.
    #[must_use]
    pub fn accepted(
        id: NarrationId,
        tenant: TenantId,
        scope: ScopeId,
        request: Digest,
        wish: Wish,
        pins: Pins,
        now: Timestamp,
    ) -> Self {
        let Wish { document, display_name, labels, order, voice, speed, formats, lane, time_limit } = wish;
        Self {
            id,
            tenant,
            document,
            scope,
            request,
            display_name,
            labels,
            order,
            voice,
            speed,
            formats,
            lane,
            time_limit,
            pins,
            run: 1,
            run_request: None,
            repin: None,
            earlier: Vec::new(),
            phase: Phase::Extracting,
            sections: 0,
            written: Bits::default(),
            recorded: Bits::default(),
            tally: Tally::default(),
            words: 0,
            title: String::new(),
            language: String::new(),
            notes: Vec::new(),
            failure: None,
            samples: 0,
            sample_rate: 0,
            artifacts: Vec::new(),
            erased: false,
            created: now,
            updated: now,
            first_audio: None,
            finished: None,
            deadline: now.plus(time_limit.unwrap_or(DEADLINE)),
            due_at: Some(now.plus(DUE.min(time_limit.unwrap_or(DUE)))),
            version: 1,
            deleted: None,
            cancel_pending: false,
            traceparent: None,
            ready: Ready::default(),
        }
    }

    /// Cancels it.
    pub fn cancel(&mut self, failure: Failure, now: Timestamp) -> Transition {
        if self.phase.terminal() {
            return Transition::Unchanged;
        }
        self.end(Phase::Cancelled, Some(StepFailure { failure, step: None }), now);
        self.cancel_pending = true;
        self.due_at = Some(now.plus(DUE));
        Transition::Changed
    }

    /// Fails it when its deadline has passed.
    pub fn expire(&mut self, now: Timestamp) -> Transition {
        if self.phase.terminal() || now < self.deadline {
            return Transition::Unchanged;
        }
        let failure = Failure::new(
            Kind::DeadlineExceeded,
            Reason::DeadlinePassed,
            "the narration was not finished before its deadline; retry it to go on from what was made",
        );
        self.end(Phase::Failed, Some(StepFailure { failure, step: None }), now);
        self.cancel_pending = true;
        self.due_at = Some(now.plus(DUE));
        Transition::Changed
    }

    /// Moves on a deadline that has passed while an operator holds up what it needs, unless its
    /// caller set it.
    pub fn hold(&mut self, now: Timestamp) -> Transition {
        if self.phase.terminal() || now < self.deadline || self.time_limit.is_some() {
            return Transition::Unchanged;
        }
        self.deadline = now.plus(MOVED_ON);
        Transition::Changed
    }

    /// The engine that its steps at `service` need; empty where they need none.
    #[must_use]
    pub fn engine(&self, service: Service) -> &str {
        match service {
            Service::Ingest => "",
            Service::Ai => self.pins.script.split('/').next().unwrap_or_default(),
            Service::Tts => self.pins.voice.split('/').nth(1).unwrap_or_default(),
        }
    }

    /// What its caller asked for.
    #[must_use]
    pub fn wish(&self) -> Wish {
        Wish {
            document: self.document.clone(),
            display_name: self.display_name.clone(),
            labels: self.labels.clone(),
            order: self.order.clone(),
            voice: self.voice.clone(),
            speed: self.speed,
            formats: self.formats.clone(),
            lane: self.lane,
            time_limit: self.time_limit,
        }
    }

    /// Leaves a tombstone: the id, whose it was and how far its runs went, nothing of what it said.
    pub fn delete(&mut self, now: Timestamp) {
        self.cancel(Failure::new(Kind::Cancelled, Reason::Cancelled, "the caller deleted the narration"), now);
        self.deleted = Some(now);
        self.cancel_pending = true;
        // Runs up to this one are stopped, and deleted in its scope, earlier ones with it.
        let scope = &self.scope;
        self.earlier.retain(|earlier| earlier.scope != *scope);
        self.due_at = Some(now.plus(DUE));
        self.forget();
        self.updated = now;
    }

    /// Whether nothing is left of it but a tombstone: it was deleted, its stages know, and its
    /// files are deleted too.
    #[must_use]
    pub const fn gone(&self) -> bool {
        self.deleted.is_some() && !self.cancel_pending
    }

    /// Whether it was accepted and nothing of it has been made, in the first of its runs.
    #[must_use]
    pub const fn queued(&self) -> bool {
        matches!(self.phase, Phase::Extracting) && self.run == 1
    }

    fn forget(&mut self) {
        self.repin = None;
        self.display_name.clear();
        self.labels.clear();
        self.title.clear();
        self.notes.clear();
        self.artifacts.clear();
        self.pins.file_name.clear();
    }

    /// Marks it erased with its document.
    pub fn erase(&mut self, now: Timestamp) {
        let failure = Failure::new(Kind::Cancelled, Reason::DocumentErased, "the document was erased");
        // A step that was under way found its objects gone before its narration was marked.
        if let Some(failed) = self.failure.as_mut().filter(|failed| failed.failure.reason == Reason::ObjectDamaged) {
            failed.failure = failure.clone();
            self.phase = Phase::Cancelled;
        }
        self.cancel(failure, now);
        self.erased = true;
        self.forget();
        self.updated = now;
    }

    pub(crate) fn narrating(&self) -> Phase {
        if self.recorded.count() >= self.sections { Phase::Assembling } else { Phase::Narrating }
    }

    pub(crate) fn end(&mut self, phase: Phase, failure: Option<StepFailure>, now: Timestamp) {
        self.phase = phase;
        self.failure = failure;
        self.finished = Some(now);
        self.updated = now;
        self.due_at = self.earlier_next();
    }

    /// Notes progress: what is wanted now is published at once, and again after [`DUE`].
    pub(crate) fn touch(&mut self, now: Timestamp) {
        self.updated = now;
        self.due_at = Some(now.plus(DUE).min(self.deadline));
    }
}
