//! The lease of a delivered step, which is taken no earlier than it is needed: most steps end
//! before, and with one write (ADR 0022). And how a step is let go, with a lease and without one.

use std::sync::atomic::{AtomicBool, Ordering};

use lectern_core::id::{StepId, TenantId};
use lectern_core::{Failure, Timestamp};
use tokio::sync::Mutex;

use crate::Handler;
use crate::heartbeat::Stop;
use crate::outage::{Delivered, stored};
use crate::steps::{Adopted, Claim, Closing, Ending, Lease, LeaseError};
use crate::worker::Shared;

/// Where a delivery stands with its step.
#[derive(Debug)]
enum State {
    /// The step has no record, as far as is known; its handler is at work all the same.
    Unwritten,
    /// It is held under a lease.
    Leased(Lease),
    /// The lease was asked for in the course of the work and not given; what to do about that.
    Refused(Claim),
    /// It was let go.
    Closed,
}

/// The right of a delivery to work on its step: a lease, or, until one is needed, nothing but the
/// expectation that nobody else has one.
#[derive(Debug)]
pub struct LazyLease {
    pub step: StepId,
    pub tenant: TenantId,
    /// Who holds it: a name for this delivery alone, by which its own writes are known again.
    pub holder: String,
    /// Whether the work is over, so that no lease is taken any more.
    over: AtomicBool,
    /// Whether the lease was asked for in the course of the work.
    asked: AtomicBool,
    /// Whether it is known that the lease was lost.
    lost: AtomicBool,
    /// Locked during each write, so that the one that takes the lease and the one that lets the
    /// step go do not meet.
    state: Mutex<State>,
}

/// What the record says of the work so far; without one, that it is the first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    pub fence: u64,
    pub attempt: u32,
    pub crashes: u32,
    /// Whether the step must run alone in its process, because it may have crashed one.
    pub alone: bool,
    /// Since when the step is left to replicas that have the version which it is pinned to.
    pub left_since: Option<Timestamp>,
}

/// Why there is no lease.
#[derive(Debug)]
pub enum Untaken {
    /// The step is to stop, for this reason.
    Stop(Stop),
    /// It was let go before, or is about to be.
    Closed,
    /// The store failed; the lease may have been taken.
    Store(Failure),
}

/// What came of letting a step go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Closed {
    /// It was let go.
    Written,
    /// It had a record after all, which nobody else holds, so it is held under a lease from here on
    /// and not let go: what is to be written may be something else now.
    Adopted,
    /// It had ended before, so.
    Before(Ending),
}

impl LazyLease {
    /// That of a step without a record, which is not taken yet.
    pub fn unwritten(step: StepId, tenant: TenantId, holder: String) -> Self {
        Self::new(step, tenant, holder, State::Unwritten)
    }

    /// That of a step that was claimed, which is held already.
    pub fn leased(lease: Lease) -> Self {
        let (step, tenant, holder) = (lease.step.clone(), lease.tenant.clone(), lease.holder.clone());
        Self::new(step, tenant, holder, State::Leased(lease))
    }

    fn new(step: StepId, tenant: TenantId, holder: String, state: State) -> Self {
        Self {
            step,
            tenant,
            holder,
            over: AtomicBool::default(),
            asked: AtomicBool::default(),
            lost: AtomicBool::default(),
            state: Mutex::new(state),
        }
    }

    /// Notes that the work is over, and only its end is to be written.
    pub fn note_over(&self) {
        self.over.store(true, Ordering::Relaxed);
    }

    /// The lease, if it is held.
    pub async fn held(&self) -> Option<Lease> {
        match &*self.state.lock().await {
            State::Leased(lease) => Some(lease.clone()),
            State::Unwritten | State::Refused(_) | State::Closed => None,
        }
    }

    /// Whether the lease was asked for and there was no answer, so that it may have been taken.
    pub async fn may_be_leased(&self) -> bool {
        self.asked.load(Ordering::Relaxed) && matches!(&*self.state.lock().await, State::Unwritten)
    }

    /// What the record says of the work so far.
    pub async fn standing(&self) -> Standing {
        match self.held().await {
            Some(lease) => Standing {
                fence: lease.fence,
                attempt: lease.attempt,
                crashes: lease.crashes,
                alone: lease.alone,
                left_since: lease.left_since,
            },
            None => Standing { fence: 0, attempt: 1, crashes: 0, alone: false, left_since: None },
        }
    }

    /// Why the lease was refused, if it was.
    pub async fn refusal(&self) -> Option<Claim> {
        match &*self.state.lock().await {
            State::Refused(claim) => Some(claim.clone()),
            State::Unwritten | State::Leased(_) | State::Closed => None,
        }
    }
}

impl<H: Handler> Shared<H> {
    /// Takes the lease of a step at work, if it is not held yet. One try, not longer than a
    /// heartbeat.
    pub(crate) async fn take_lease(&self, lazy: &LazyLease) -> Result<Lease, Untaken> {
        let mut state = lazy.state.lock().await;
        match &*state {
            State::Leased(lease) => return Ok(lease.clone()),
            State::Refused(_) => return Err(Untaken::Stop(Stop::Refused)),
            State::Closed => return Err(Untaken::Closed),
            State::Unwritten if lazy.over.load(Ordering::Relaxed) => return Err(Untaken::Closed),
            State::Unwritten => {}
        }
        // A try before it, of which there was no answer, may have been the one that took it.
        lazy.asked.store(true, Ordering::Relaxed);
        let taking = self.try_claim(&lazy.step, &lazy.holder, &lazy.tenant, Delivered::AtWork, true);
        let claim = stored(&self.steps, self.options.heartbeat, taking).await.map_err(Untaken::Store)?;
        self.known.note(&lazy.step);
        match claim {
            Claim::Claimed(lease) | Claim::Poisoned(lease) => {
                // It had a record, and may have crashed a process: it begins again, as such a step
                // is to be run.
                let again = lease.alone;
                *state = State::Leased(lease.clone());
                if again { Err(Untaken::Stop(Stop::Alone)) } else { Ok(lease) }
            }
            claim @ (Claim::Done(_)
            | Claim::Failed(_)
            | Claim::Dead(_)
            | Claim::Cancelled
            | Claim::Superseded
            | Claim::LeasedElsewhere { .. }
            | Claim::Waiting { .. }) => {
                *state = State::Refused(claim);
                Err(Untaken::Stop(Stop::Refused))
            }
        }
    }

    /// Notes that the lease of a step was lost, which both may find: whoever extends it, and
    /// whoever lets the step go.
    pub(crate) fn note_lost(&self, lazy: &LazyLease) {
        if !lazy.lost.swap(true, Ordering::Relaxed) {
            self.stats.note_lost();
        }
    }

    /// Lets a step go: one try.
    pub(crate) async fn try_close(&self, lazy: &LazyLease, closing: &Closing) -> Result<Closed, LeaseError> {
        let mut state = lazy.state.lock().await;
        match &*state {
            State::Leased(lease) => {
                let lease = lease.clone();
                let closed = self.steps.close(&lease, closing.clone()).await;
                if let Err(LeaseError::Lost(_)) = &closed {
                    self.note_lost(lazy);
                }
                closed?;
                *state = State::Closed;
                Ok(Closed::Written)
            }
            State::Unwritten => {
                let written = self.steps.write_first(&lazy.step, &lazy.tenant, Some(&lazy.holder), closing).await?;
                self.known.note(&lazy.step);
                if written {
                    *state = State::Closed;
                    return Ok(Closed::Written);
                }
                match self.steps.adopt(&lazy.step, &lazy.tenant, &lazy.holder, closing).await? {
                    Adopted::Written => {
                        *state = State::Closed;
                        Ok(Closed::Written)
                    }
                    Adopted::Leased(lease) => {
                        *state = State::Leased(lease);
                        Ok(Closed::Adopted)
                    }
                    Adopted::Ended(ending) => {
                        *state = State::Closed;
                        Ok(Closed::Before(ending))
                    }
                    Adopted::Elsewhere => Err(LeaseError::Lost(lazy.step.clone())),
                }
            }
            State::Refused(Claim::Done(ending) | Claim::Failed(ending) | Claim::Dead(ending)) => {
                Ok(Closed::Before(ending.clone()))
            }
            State::Refused(_) | State::Closed => Err(LeaseError::Lost(lazy.step.clone())),
        }
    }
}
