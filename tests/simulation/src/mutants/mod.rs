//! Defects on purpose, to see that the simulation finds them: one for each invariant, and one for
//! each sort of world or fault that a defect may need to show itself. Each is a port that does not
//! keep its promise, so that no code of production knows of them.

mod blob;
mod queue;
mod store;

use std::collections::BTreeSet;
use std::sync::Arc;

use lectern_blob::Blob;
use lectern_core::id::StepId;
use lectern_queue::Queue;
use lectern_store::Store;
use parking_lot::Mutex;

use crate::plan::{Plan, RUNS_AWAY, Sort};

/// So many times fewer crowds are looked at than other worlds.
const FEWER_CROWDS: usize = 50;
/// A mutant that is rare is looked for in so many times as many seeds.
const MORE_OF_RARE: usize = 7;

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
    /// Whoever begins to look after tenants does not find who waits.
    WalksFindNothing,
    /// Whoever looks after a tenant is not told what others changed.
    OwnersNotTold,
    /// A gateway hears of no other.
    OthersNotHeard,
    /// Gateways grant twice as much as the workers take.
    WorkersCountedTwice,
    /// A deletion takes the files of all runs of a narration.
    DeletedByNarration,
    /// A failure counts for whatever run there is now.
    RunNotLookedAt,
    /// A write that lands late lands over whatever is there.
    LateWriteNotCompared,
    /// Pauses are read from a copy that lags.
    HoldsReadStale,
    /// Nobody compares the clock of a gateway.
    ClockRunsAway,
    /// A step's holder takes its database's being away for the loss of its lease.
    AwayIsLost,
    /// What is granted stays so, unless its owner itself writes that it ended: no other gateway
    /// tells it, and its audits cannot read.
    GrantNeverReleased,
    /// A command that is done stays in the queue.
    AckForgotten,
    /// The end of a step that began without a record is written over the record that another claim
    /// of it left, unless that has ended.
    EndInsertedBlindly,
    /// A write of a step that lost its race, alone or among many, is answered as written.
    LostRaceAnsweredAsWritten,
    /// Nobody knows that a command was delivered before.
    RedeliveryForgotten,
    /// A command is handed back, and no record says that it was not begun.
    HandBackNotNoted,
    /// Nobody looks whether a run was cancelled.
    CancelNotLookedFor,
    /// That stages are yet to be told of an end is never cleared.
    CancelNeverCleared,
    /// An answer of a model is judged before it is kept, and not kept.
    AnswerNotKept,
    /// What a call may cost is not taken from the budget before it.
    BudgetNotReserved,
    /// What a call cost is not written down after it.
    SettleForgotten,
}

/// Which port a mutant is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Port {
    Store,
    Queue,
    Blob,
    /// What lies beneath: clocks, and a database as a process has it.
    World,
}

impl Mutant {
    /// Every mutant.
    pub const ALL: [Self; 30] = [
        Self::AckBeforePublish,
        Self::FenceCheckSkipped,
        Self::FenceNotGrown,
        Self::TerminalCheckSkipped,
        Self::CommitBeforePut,
        Self::TenantLeftOut,
        Self::LetterAfterTerm,
        Self::ResultNotLookedFor,
        Self::SuspensionNotLookedAt,
        Self::WalksFindNothing,
        Self::OwnersNotTold,
        Self::OthersNotHeard,
        Self::WorkersCountedTwice,
        Self::DeletedByNarration,
        Self::RunNotLookedAt,
        Self::LateWriteNotCompared,
        Self::HoldsReadStale,
        Self::ClockRunsAway,
        Self::AwayIsLost,
        Self::GrantNeverReleased,
        Self::AckForgotten,
        Self::EndInsertedBlindly,
        Self::LostRaceAnsweredAsWritten,
        Self::RedeliveryForgotten,
        Self::HandBackNotNoted,
        Self::CancelNotLookedFor,
        Self::CancelNeverCleared,
        Self::AnswerNotKept,
        Self::BudgetNotReserved,
        Self::SettleForgotten,
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
            Self::WalksFindNothing => "walks over turns find nothing",
            Self::OwnersNotTold => "owners not told of changes",
            Self::OthersNotHeard => "other gateways not heard",
            Self::WorkersCountedTwice => "workers counted twice",
            Self::DeletedByNarration => "files deleted by narration, not by run",
            Self::RunNotLookedAt => "failure of an earlier run counted",
            Self::LateWriteNotCompared => "late write not compared",
            Self::HoldsReadStale => "pauses read from a stale copy",
            Self::ClockRunsAway => "clock runs away",
            Self::AwayIsLost => "database away taken for a lost lease",
            Self::GrantNeverReleased => "grant never released",
            Self::AckForgotten => "ack forgotten",
            Self::EndInsertedBlindly => "end inserted over another claim",
            Self::LostRaceAnsweredAsWritten => "lost race answered as written",
            Self::RedeliveryForgotten => "redelivery taken for a first delivery",
            Self::HandBackNotNoted => "command handed back without a record",
            Self::CancelNotLookedFor => "cancel not looked for",
            Self::CancelNeverCleared => "pending cancel never cleared",
            Self::AnswerNotKept => "answer judged before it is kept",
            Self::BudgetNotReserved => "budget not reserved",
            Self::SettleForgotten => "settle forgotten",
        }
    }

    /// The invariant that it breaks.
    #[must_use]
    pub const fn breaks(self) -> &'static str {
        match self {
            Self::AckBeforePublish | Self::RunNotLookedAt | Self::ClockRunsAway | Self::RedeliveryForgotten => "I1",
            Self::FenceCheckSkipped | Self::LateWriteNotCompared | Self::LostRaceAnsweredAsWritten => "I2",
            Self::FenceNotGrown | Self::EndInsertedBlindly => "I3",
            Self::TerminalCheckSkipped => "I4",
            Self::CommitBeforePut | Self::DeletedByNarration => "I5",
            Self::TenantLeftOut => "I6",
            Self::LetterAfterTerm => "I7",
            Self::ResultNotLookedFor | Self::AnswerNotKept => "I8",
            Self::SuspensionNotLookedAt | Self::HoldsReadStale => "I10",
            Self::WalksFindNothing | Self::OwnersNotTold => "I11",
            Self::GrantNeverReleased | Self::AckForgotten | Self::CancelNeverCleared => "I12",
            Self::AwayIsLost | Self::HandBackNotNoted => "I13",
            Self::OthersNotHeard | Self::WorkersCountedTwice => "I14",
            Self::CancelNotLookedFor => "I15",
            Self::BudgetNotReserved => "I16",
            Self::SettleForgotten => "I17",
        }
    }

    /// The sort of world or of fault that it needs to show itself; none where the usual will do.
    #[must_use]
    pub const fn needs(self) -> Option<Sort> {
        match self {
            Self::WalksFindNothing | Self::OwnersNotTold | Self::OthersNotHeard | Self::WorkersCountedTwice => {
                Some(Sort::Crowd)
            }
            Self::DeletedByNarration => Some(Sort::Again),
            Self::RunNotLookedAt => Some(Sort::Forgotten),
            Self::LateWriteNotCompared => Some(Sort::LateWrites),
            Self::HoldsReadStale => Some(Sort::StaleReads),
            Self::ClockRunsAway => Some(Sort::Drift),
            Self::AwayIsLost => Some(Sort::Blackout),
            Self::AnswerNotKept | Self::BudgetNotReserved | Self::SettleForgotten => Some(Sort::Paid),
            Self::AckBeforePublish
            | Self::FenceCheckSkipped
            | Self::FenceNotGrown
            | Self::TerminalCheckSkipped
            | Self::CommitBeforePut
            | Self::TenantLeftOut
            | Self::LetterAfterTerm
            | Self::ResultNotLookedFor
            | Self::SuspensionNotLookedAt
            | Self::GrantNeverReleased
            | Self::AckForgotten
            | Self::EndInsertedBlindly
            | Self::LostRaceAnsweredAsWritten
            | Self::RedeliveryForgotten
            | Self::HandBackNotNoted
            | Self::CancelNotLookedFor
            | Self::CancelNeverCleared => None,
        }
    }

    /// Whether what it breaks seldom matters: of some 300 worlds in one.
    const fn is_rare(self) -> bool {
        matches!(self, Self::HandBackNotNoted)
    }

    /// The seeds in which it is looked for: the first `most`, more of a rare one; of crowds, which
    /// are slow, and in which what they are for shows itself at once, far fewer.
    pub fn seeds(self, most: usize) -> impl Iterator<Item = u64> {
        let crowds = self.needs() == Some(Sort::Crowd);
        let most = if crowds {
            most.div_ceil(FEWER_CROWDS)
        } else if self.is_rare() {
            most * MORE_OF_RARE
        } else {
            most
        };
        (0..).filter(move |seed| Plan::is_crowd(*seed) == crowds).take(most)
    }

    const fn port(self) -> Port {
        match self {
            Self::AckBeforePublish
            | Self::LetterAfterTerm
            | Self::RunNotLookedAt
            | Self::OwnersNotTold
            | Self::OthersNotHeard
            | Self::WorkersCountedTwice
            | Self::GrantNeverReleased
            | Self::AckForgotten
            | Self::RedeliveryForgotten => Port::Queue,
            Self::CommitBeforePut | Self::ResultNotLookedFor | Self::DeletedByNarration | Self::AnswerNotKept => {
                Port::Blob
            }
            Self::FenceCheckSkipped
            | Self::FenceNotGrown
            | Self::TerminalCheckSkipped
            | Self::TenantLeftOut
            | Self::SuspensionNotLookedAt
            | Self::WalksFindNothing
            | Self::EndInsertedBlindly
            | Self::LostRaceAnsweredAsWritten
            | Self::HandBackNotNoted
            | Self::CancelNotLookedFor
            | Self::CancelNeverCleared
            | Self::BudgetNotReserved
            | Self::SettleForgotten => Port::Store,
            Self::LateWriteNotCompared | Self::HoldsReadStale | Self::ClockRunsAway | Self::AwayIsLost => Port::World,
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

    /// Whether it is this one.
    pub fn is(&self, mutant: Mutant) -> bool {
        self.mutant == Some(mutant)
    }

    fn of(&self, port: Port) -> Option<Mutant> {
        self.mutant.filter(|mutant| mutant.port() == port)
    }

    /// The store of a process.
    pub fn store(&self, inner: Arc<dyn Store>) -> Arc<dyn Store> {
        let in_both = self.mutant.filter(|mutant| *mutant == Mutant::GrantNeverReleased);
        match self.of(Port::Store).or(in_both) {
            Some(mutant) => Arc::new(store::Defective::new(mutant, inner)),
            None => inner,
        }
    }

    /// The queue of a process.
    pub fn queue(&self, inner: Arc<dyn Queue>) -> Arc<dyn Queue> {
        match self.of(Port::Queue) {
            Some(mutant) => Arc::new(queue::Defective::new(mutant, Arc::clone(&self.issued), inner)),
            None => inner,
        }
    }

    /// The object storage of a process.
    pub fn blob(&self, inner: Arc<dyn Blob>) -> Arc<dyn Blob> {
        match self.of(Port::Blob) {
            Some(mutant) => Arc::new(blob::Defective::new(mutant, inner)),
            None => inner,
        }
    }

    /// How far the clock of the process of this index is ahead, at the start and at the end. One
    /// that runs away does so by drifting: a world without drift has none.
    pub fn skew(&self, plan: &Plan, index: usize) -> (i64, i64) {
        let (from, to) = plan.skews.get(index).copied().unwrap_or_default();
        if self.is(Mutant::ClockRunsAway) && index == 1 && from != to { (from, RUNS_AWAY) } else { (from, to) }
    }
}
