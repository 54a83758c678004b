//! Steps that wait for a budget, as workers say: in memory, and forgotten a while after they are
//! looked at again.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use lectern_core::Timestamp;
use lectern_core::id::{NarrationId, StepId};
use parking_lot::Mutex;

use super::audit;

/// Steps that are remembered at most. Of those beyond it is not said what they wait for.
const MOST: usize = 10_000;
/// A step whose wait is over is published by the next audit, and told of again soon after where it
/// still has to wait.
const TOLD_AGAIN: Duration = Duration::from_secs(2 * audit::EVERY.as_secs());

/// Steps that wait for a budget.
#[derive(Debug, Default)]
pub(super) struct BudgetWaits(Mutex<BTreeMap<NarrationId, BTreeMap<StepId, Timestamp>>>);

impl BudgetWaits {
    /// Notes that a step waits until then at least.
    pub(super) fn note(&self, step: &StepId, until: Timestamp) {
        let mut waits = self.0.lock();
        if waits.values().map(BTreeMap::len).sum::<usize>() >= MOST {
            return;
        }
        waits.entry(step.narration.clone()).or_default().insert(step.clone(), until.plus(TOLD_AGAIN));
    }

    /// The steps of a narration that wait for one.
    pub(super) fn of(&self, narration: &NarrationId, now: Timestamp) -> BTreeSet<StepId> {
        let mut waits = self.0.lock();
        let Some(steps) = waits.get_mut(narration) else { return BTreeSet::new() };
        steps.retain(|_, until| *until > now);
        let waiting = steps.keys().cloned().collect();
        if steps.is_empty() {
            waits.remove(narration);
        }
        waiting
    }

    /// Forgets the steps that were not told of again.
    pub(super) fn expire(&self, now: Timestamp) {
        self.0.lock().retain(|_, steps| {
            steps.retain(|_, until| *until > now);
            !steps.is_empty()
        });
    }
}
