//! Defects on purpose, one for each invariant, to see that the simulation finds them. Each is a
//! port that does not keep its promise, so that no code of production knows of them.

mod blob;
mod queue;
mod store;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use lectern_blob::Blob;
use lectern_core::id::StepId;
use lectern_queue::Queue;
use lectern_store::Store;

/// A defect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mutant {
    /// An event is published after the ack, and no step is issued again.
    AckBeforePublish,
    /// A holder that lost its lease to one that ended the step commits all the same.
    FenceCheckSkipped,
    /// A claim leaves the fence as it was.
    FenceNotGrown,
    /// A narration that ended looks as if it went on.
    TerminalCheckSkipped,
    /// An object is put after the step that made it is committed.
    CommitBeforePut,
    /// A query asks for no tenant.
    TenantLeftOut,
    /// A dead letter is written after its message is terminated.
    LetterAfterTerm,
    /// Nobody looks whether a segment is there already.
    ResultNotLookedFor,
    /// Nobody looks whether a tenant is suspended.
    SuspensionNotLookedAt,
}

impl Mutant {
    /// Every mutant.
    pub const ALL: [Self; 9] = [
        Self::AckBeforePublish,
        Self::FenceCheckSkipped,
        Self::FenceNotGrown,
        Self::TerminalCheckSkipped,
        Self::CommitBeforePut,
        Self::TenantLeftOut,
        Self::LetterAfterTerm,
        Self::ResultNotLookedFor,
        Self::SuspensionNotLookedAt,
    ];

    /// What it is called.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::AckBeforePublish => "ack before publish, nothing issued again",
            Self::FenceCheckSkipped => "fence check skipped",
            Self::FenceNotGrown => "claim without a new fence",
            Self::TerminalCheckSkipped => "terminal check skipped",
            Self::CommitBeforePut => "commit before put",
            Self::TenantLeftOut => "tenant left out of a query",
            Self::LetterAfterTerm => "dead letter after term",
            Self::ResultNotLookedFor => "stored result not looked for",
            Self::SuspensionNotLookedAt => "suspension not looked at",
        }
    }

    /// The invariant that it breaks.
    #[must_use]
    pub const fn breaks(self) -> &'static str {
        match self {
            Self::AckBeforePublish => "I1",
            Self::FenceCheckSkipped => "I2",
            Self::FenceNotGrown => "I3",
            Self::TerminalCheckSkipped => "I4",
            Self::CommitBeforePut => "I5",
            Self::TenantLeftOut => "I6",
            Self::LetterAfterTerm => "I7",
            Self::ResultNotLookedFor => "I8",
            Self::SuspensionNotLookedAt => "I9",
        }
    }
}

/// The defect of a world, if it has one.
#[derive(Debug, Clone, Default)]
pub struct Defect {
    mutant: Option<Mutant>,
    issued: Arc<Mutex<BTreeSet<StepId>>>,
}

impl Defect {
    /// A world with this defect.
    pub fn new(mutant: Option<Mutant>) -> Self {
        Self { mutant, issued: Arc::default() }
    }

    /// The store of a process.
    pub fn store(&self, inner: Arc<dyn Store>) -> Arc<dyn Store> {
        match self.mutant {
            Some(
                mutant @ (Mutant::FenceCheckSkipped
                | Mutant::FenceNotGrown
                | Mutant::TerminalCheckSkipped
                | Mutant::TenantLeftOut
                | Mutant::SuspensionNotLookedAt),
            ) => Arc::new(store::Defective::new(mutant, inner)),
            Some(
                Mutant::AckBeforePublish
                | Mutant::CommitBeforePut
                | Mutant::LetterAfterTerm
                | Mutant::ResultNotLookedFor,
            )
            | None => inner,
        }
    }

    /// The queue of a process.
    pub fn queue(&self, inner: Arc<dyn Queue>) -> Arc<dyn Queue> {
        match self.mutant {
            Some(mutant @ (Mutant::AckBeforePublish | Mutant::LetterAfterTerm)) => {
                Arc::new(queue::Defective::new(mutant, Arc::clone(&self.issued), inner))
            }
            Some(
                Mutant::FenceCheckSkipped
                | Mutant::FenceNotGrown
                | Mutant::TerminalCheckSkipped
                | Mutant::TenantLeftOut
                | Mutant::CommitBeforePut
                | Mutant::ResultNotLookedFor
                | Mutant::SuspensionNotLookedAt,
            )
            | None => inner,
        }
    }

    /// The object storage of a process.
    pub fn blob(&self, inner: Arc<dyn Blob>) -> Arc<dyn Blob> {
        match self.mutant {
            Some(mutant @ (Mutant::CommitBeforePut | Mutant::ResultNotLookedFor)) => {
                Arc::new(blob::Defective::new(mutant, inner))
            }
            Some(
                Mutant::FenceCheckSkipped
                | Mutant::FenceNotGrown
                | Mutant::TerminalCheckSkipped
                | Mutant::TenantLeftOut
                | Mutant::AckBeforePublish
                | Mutant::LetterAfterTerm
                | Mutant::SuspensionNotLookedAt,
            )
            | None => inner,
        }
    }
}
