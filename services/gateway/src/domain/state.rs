//! Where a narration stands: its states, each with the data that it has and no other, and the steps
//! from one to the next. Pure, and without a word of the caller or the document.

use std::num::NonZeroU32;
use std::time::Duration;

use lectern_core::{Failure, Reason, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Artifact, Bits, Phase, Repin, StepFailure, Tally};

/// Where a narration stands, with the data of each state. A record has the state's word as `phase`
/// and its data as `state`: the word that queries look for is the tag that the state is read by, so
/// the two cannot differ.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "phase", content = "state", rename_all = "snake_case")]
pub enum State {
    /// Accepted, and the source is to be read.
    Extracting {
        /// Why it waits to be pinned anew; none where it does not.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        repin: Option<Box<Repin>>,
        /// The outline of a run before, if one was planned: callers are shown it until this run
        /// has one of its own.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        before: Option<Outline>,
    },
    /// The outline is to be made.
    Planning {
        /// The outline of a run before, as above.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        before: Option<Outline>,
    },
    /// Sections are written and recorded.
    Narrating(Narrating),
    /// Every section is written, and none is recorded before somebody approves the script.
    AwaitingApproval(AwaitingApproval),
    /// Files are made.
    Assembling(Assembling),
    /// Every file is there.
    Succeeded(Succeeded),
    /// It ended with a failure.
    Failed(Ended),
    /// It was stopped.
    Cancelled(Ended),
}

/// What a plan says of the script.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outline {
    /// Sections.
    pub sections: NonZeroU32,
    /// Words that will be spoken, estimated.
    pub words: u64,
    /// The language it is spoken in, a BCP 47 tag.
    pub language: String,
}

/// A script of which some sections are not recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Narrating {
    /// What the plan says.
    pub outline: Outline,
    /// Sections that are written; those that are recorded are among them.
    pub written: Bits,
    /// Sections that are recorded, one less than all at most.
    pub recorded: Bits,
    /// Counts over the sections that are recorded, of which each counts once.
    pub tally: Tally,
    /// When the first section was recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_audio: Option<Timestamp>,
    /// Whether none is recorded before all are written and somebody has approved them.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub held: bool,
}

impl Narrating {
    /// A script of which nothing is written.
    fn of(outline: Outline, held: bool) -> Self {
        let (written, recorded) = (Bits::default(), Bits::default());
        Self { outline, written, recorded, tally: Tally::default(), first_audio: None, held }
    }

    /// A script of which everything is written, and nothing is recorded.
    fn written(outline: Outline, held: bool) -> Self {
        let written = Bits::first(outline.sections.get());
        Self { written, ..Self::of(outline, held) }
    }
}

/// A script that is written and waits for its approval.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AwaitingApproval {
    /// What the plan says.
    pub outline: Outline,
    /// What was left of the run's time when the last section was written: it does not run while a
    /// person is waited for.
    pub left: Duration,
}

/// A script of which every section is recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assembling {
    /// What the plan says.
    pub outline: Outline,
    /// Counts over all sections.
    pub tally: Tally,
    /// When the first section was recorded.
    pub first_audio: Timestamp,
}

/// A finished recording.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Succeeded {
    /// What the plan says.
    pub outline: Outline,
    /// Counts over all sections.
    pub tally: Tally,
    /// When the first section was recorded.
    pub first_audio: Timestamp,
    /// Samples of the recording.
    pub samples: u64,
    /// Samples a second.
    pub sample_rate: u32,
    /// The files; none once they are deleted, with the narration or with its document.
    pub artifacts: Vec<Artifact>,
    /// When they were all there.
    pub finished: Timestamp,
}

/// An end without a recording.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ended {
    /// Why it ended.
    pub failure: StepFailure,
    /// How far it had come.
    pub reached: Reached,
    /// When it ended.
    pub finished: Timestamp,
}

/// How far a run came that ended without a recording.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "at", rename_all = "snake_case")]
pub enum Reached {
    /// It was not planned.
    Unplanned {
        /// The outline of a run before, as in [`State::Extracting`].
        #[serde(default, skip_serializing_if = "Option::is_none")]
        before: Option<Outline>,
    },
    /// Some sections were not recorded.
    Narrating(Narrating),
    /// Files were being made.
    Assembling(Assembling),
}

/// The script of a run that is planned, whatever the run's state.
#[derive(Debug, Clone, Copy)]
pub struct Script<'a> {
    /// What the plan says.
    pub outline: &'a Outline,
    /// Counts over the sections that are recorded.
    pub tally: Tally,
    /// When the first section was recorded.
    pub first_audio: Option<Timestamp>,
    sections: Sections<'a>,
}

/// Which sections of a script are made.
#[derive(Debug, Clone, Copy)]
enum Sections<'a> {
    /// Some are not recorded.
    Partly(&'a Narrating),
    /// All are written, and none is recorded.
    Written,
    /// All are recorded.
    Recorded,
}

impl Script<'_> {
    /// How many sections there are.
    #[must_use]
    pub const fn sections(&self) -> u32 {
        self.outline.sections.get()
    }

    /// How many sections are written.
    #[must_use]
    pub fn written(&self) -> u32 {
        match self.sections {
            Sections::Partly(narrating) => narrating.written.count(),
            Sections::Written | Sections::Recorded => self.sections(),
        }
    }

    /// How many sections are recorded.
    #[must_use]
    pub fn recorded(&self) -> u32 {
        match self.sections {
            Sections::Partly(narrating) => narrating.recorded.count(),
            Sections::Written => 0,
            Sections::Recorded => self.sections(),
        }
    }

    /// Whether a section, counted from 0, is written.
    #[must_use]
    pub fn is_written(&self, section: u32) -> bool {
        let written = match self.sections {
            Sections::Partly(narrating) => narrating.written.contains(section),
            Sections::Written | Sections::Recorded => true,
        };
        written && section < self.sections()
    }

    /// Whether a section, counted from 0, is recorded.
    #[must_use]
    pub fn is_recorded(&self, section: u32) -> bool {
        let recorded = match self.sections {
            Sections::Partly(narrating) => narrating.recorded.contains(section),
            Sections::Written => false,
            Sections::Recorded => true,
        };
        recorded && section < self.sections()
    }
}

impl<'a> From<&'a Narrating> for Script<'a> {
    fn from(narrating: &'a Narrating) -> Self {
        let Narrating { outline, tally, first_audio, .. } = narrating;
        Self { outline, tally: *tally, first_audio: *first_audio, sections: Sections::Partly(narrating) }
    }
}

impl<'a> From<&'a AwaitingApproval> for Script<'a> {
    fn from(AwaitingApproval { outline, .. }: &'a AwaitingApproval) -> Self {
        Self { outline, tally: Tally::default(), first_audio: None, sections: Sections::Written }
    }
}

impl<'a> From<&'a Assembling> for Script<'a> {
    fn from(Assembling { outline, tally, first_audio }: &'a Assembling) -> Self {
        Self { outline, tally: *tally, first_audio: Some(*first_audio), sections: Sections::Recorded }
    }
}

impl<'a> From<&'a Succeeded> for Script<'a> {
    fn from(Succeeded { outline, tally, first_audio, .. }: &'a Succeeded) -> Self {
        Self { outline, tally: *tally, first_audio: Some(*first_audio), sections: Sections::Recorded }
    }
}

impl State {
    /// Where a run begins that follows one with the outline `before`, if there was one.
    #[must_use]
    pub const fn beginning(repin: Option<Box<Repin>>, before: Option<Outline>) -> Self {
        Self::Extracting { repin, before }
    }

    /// Its word.
    #[must_use]
    pub const fn phase(&self) -> Phase {
        match self {
            Self::Extracting { .. } => Phase::Extracting,
            Self::Planning { .. } => Phase::Planning,
            Self::Narrating(_) => Phase::Narrating,
            Self::AwaitingApproval(_) => Phase::AwaitingApproval,
            Self::Assembling(_) => Phase::Assembling,
            Self::Succeeded(_) => Phase::Succeeded,
            Self::Failed(_) => Phase::Failed,
            Self::Cancelled(_) => Phase::Cancelled,
        }
    }

    /// The script; none before it is planned in this run.
    #[must_use]
    pub fn script(&self) -> Option<Script<'_>> {
        match self {
            Self::Extracting { .. } | Self::Planning { .. } => None,
            Self::Narrating(narrating) => Some(narrating.into()),
            Self::AwaitingApproval(awaiting) => Some(awaiting.into()),
            Self::Assembling(assembling) => Some(assembling.into()),
            Self::Succeeded(succeeded) => Some(succeeded.into()),
            Self::Failed(ended) | Self::Cancelled(ended) => match &ended.reached {
                Reached::Unplanned { .. } => None,
                Reached::Narrating(narrating) => Some(narrating.into()),
                Reached::Assembling(assembling) => Some(assembling.into()),
            },
        }
    }

    /// What the newest plan says, which may be that of a run before; none where none was made yet.
    #[must_use]
    pub const fn outline(&self) -> Option<&Outline> {
        match self {
            Self::Extracting { before, .. } | Self::Planning { before } => before.as_ref(),
            Self::Narrating(Narrating { outline, .. })
            | Self::AwaitingApproval(AwaitingApproval { outline, .. })
            | Self::Assembling(Assembling { outline, .. })
            | Self::Succeeded(Succeeded { outline, .. }) => Some(outline),
            Self::Failed(ended) | Self::Cancelled(ended) => match &ended.reached {
                Reached::Unplanned { before } => before.as_ref(),
                Reached::Narrating(Narrating { outline, .. }) | Reached::Assembling(Assembling { outline, .. }) => {
                    Some(outline)
                }
            },
        }
    }

    /// Why and when it ended without a recording; none where it did not.
    #[must_use]
    pub const fn ended(&self) -> Option<&Ended> {
        match self {
            Self::Failed(ended) | Self::Cancelled(ended) => Some(ended),
            Self::Extracting { .. }
            | Self::Planning { .. }
            | Self::Narrating(_)
            | Self::AwaitingApproval(_)
            | Self::Assembling(_)
            | Self::Succeeded(_) => None,
        }
    }

    /// The finished recording; none where there is none.
    #[must_use]
    pub const fn recording(&self) -> Option<&Succeeded> {
        match self {
            Self::Succeeded(succeeded) => Some(succeeded),
            Self::Extracting { .. }
            | Self::Planning { .. }
            | Self::Narrating(_)
            | Self::AwaitingApproval(_)
            | Self::Assembling(_)
            | Self::Failed(_)
            | Self::Cancelled(_) => None,
        }
    }

    /// The source is read; whether that is new.
    pub(super) fn extracted(&mut self) -> bool {
        let Self::Extracting { repin: None, before } = self else { return false };
        *self = Self::Planning { before: before.take() };
        true
    }

    /// The script is planned; whether that is new. A plan also proves that the source is read,
    /// should that event be lost. A script that is `held` is written whole before any of it is
    /// recorded.
    pub(super) fn planned(&mut self, outline: Outline, held: bool) -> bool {
        let (Self::Extracting { repin: None, .. } | Self::Planning { .. }) = self else { return false };
        *self = Self::Narrating(Narrating::of(outline, held));
        true
    }

    /// A section is written; whether that is new. After the last one a script that is held waits
    /// for its approval, and the run's time, which is over at `deadline`, stands still.
    pub(super) fn section_written(&mut self, section: u32, deadline: Timestamp, now: Timestamp) -> bool {
        let Self::Narrating(narrating) = self else { return false };
        let sections = narrating.outline.sections.get();
        if section >= sections || !narrating.written.insert(section) {
            return false;
        }
        if narrating.held && narrating.written.count() == sections {
            let outline = narrating.outline.clone();
            *self = Self::AwaitingApproval(AwaitingApproval { outline, left: deadline.since(now) });
        }
        true
    }

    /// The script is approved, and sections are recorded from now on; what is left of the run's
    /// time, or none where it did not wait for that.
    pub(super) fn approved(&mut self) -> Option<Duration> {
        let Self::AwaitingApproval(AwaitingApproval { outline, left, .. }) = self else { return None };
        let left = *left;
        *self = Self::Narrating(Narrating::written(outline.clone(), false));
        Some(left)
    }

    /// A section is recorded, and counts so much; whether that is new. It was written then, should
    /// that event be lost. After the last one the files are made. Of a script that is held nobody
    /// was asked to record any.
    pub(super) fn section_recorded(&mut self, section: u32, counts: Tally, now: Timestamp) -> bool {
        let Self::Narrating(narrating) = self else { return false };
        let sections = narrating.outline.sections.get();
        if narrating.held || section >= sections || !narrating.recorded.insert(section) {
            return false;
        }
        narrating.written.insert(section);
        narrating.tally += counts;
        if section == 0 {
            narrating.first_audio = Some(now);
        }
        if narrating.recorded.count() == sections {
            let Narrating { outline, tally, first_audio, .. } = narrating.clone();
            *self = Self::Assembling(Assembling { outline, tally, first_audio: first_audio.unwrap_or(now) });
        }
        true
    }

    /// Every file is there; whether that is new.
    pub(super) fn assembled(
        &mut self,
        sample_rate: u32,
        samples: u64,
        artifacts: Vec<Artifact>,
        finished: Timestamp,
    ) -> bool {
        let Self::Assembling(Assembling { outline, tally, first_audio }) = self.clone() else { return false };
        *self = Self::Succeeded(Succeeded { outline, tally, first_audio, samples, sample_rate, artifacts, finished });
        true
    }

    /// It fails; whether that is new.
    pub(super) fn fail(&mut self, failure: StepFailure, finished: Timestamp) -> bool {
        let Some(reached) = self.reached() else { return false };
        *self = Self::Failed(Ended { failure, reached, finished });
        true
    }

    /// It is stopped; whether that is new.
    pub(super) fn cancel(&mut self, failure: StepFailure, finished: Timestamp) -> bool {
        let Some(reached) = self.reached() else { return false };
        *self = Self::Cancelled(Ended { failure, reached, finished });
        true
    }

    /// How far a run has come that has not ended.
    fn reached(&self) -> Option<Reached> {
        match self {
            Self::Extracting { before, .. } | Self::Planning { before } => {
                Some(Reached::Unplanned { before: before.clone() })
            }
            Self::Narrating(narrating) => Some(Reached::Narrating(narrating.clone())),
            Self::AwaitingApproval(AwaitingApproval { outline, .. }) => {
                Some(Reached::Narrating(Narrating::written(outline.clone(), true)))
            }
            Self::Assembling(assembling) => Some(Reached::Assembling(assembling.clone())),
            Self::Succeeded(_) | Self::Failed(_) | Self::Cancelled(_) => None,
        }
    }

    /// Its document was erased. A step that was under way found its objects gone before that was
    /// noted, so a failure for these is a stop.
    pub(super) fn erased(&mut self, why: &Failure) {
        if let Self::Failed(ended) = self
            && ended.failure.failure.reason == Reason::ObjectDamaged
        {
            let failure = StepFailure { failure: why.clone(), step: ended.failure.step.clone() };
            *self = Self::Cancelled(Ended { failure, ..ended.clone() });
        }
    }

    /// Forgets the files, which are deleted.
    pub(super) fn forget_files(&mut self) {
        if let Self::Succeeded(succeeded) = self {
            succeeded.artifacts.clear();
        }
    }
}
