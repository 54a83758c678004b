//! Steps that have a record, as this process knows: those that it wrote of lately. A command of one
//! that is delivered for the first time was published again, so its record is read before it
//! begins. Nothing depends on this memory but work that need not be done again, and calls that
//! would come sooner than a provider asked.

use std::collections::{BTreeSet, VecDeque};

use lectern_core::id::StepId;
use parking_lot::Mutex;

/// How many steps are remembered: some minutes of a busy process.
const REMEMBERED: usize = 8_192;

/// The steps.
#[derive(Debug, Default)]
pub struct Known(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    steps: BTreeSet<StepId>,
    order: VecDeque<StepId>,
}

impl Known {
    /// Notes that a step has a record, and forgets the one that was noted longest ago.
    pub fn note(&self, step: &StepId) {
        let mut inner = self.0.lock();
        if !inner.steps.insert(step.clone()) {
            return;
        }
        inner.order.push_back(step.clone());
        if inner.order.len() > REMEMBERED
            && let Some(oldest) = inner.order.pop_front()
        {
            inner.steps.remove(&oldest);
        }
    }

    /// Whether a step is known to have a record.
    pub fn has(&self, step: &StepId) -> bool {
        self.0.lock().steps.contains(step)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_steps_are_remembered() {
        let known = Known::default();
        let step = |index: usize| format!("n/1/write/{index}").parse::<StepId>().unwrap();
        for index in 0..=REMEMBERED {
            known.note(&step(index));
            known.note(&step(index));
        }
        assert!(!known.has(&step(0)) && known.has(&step(1)) && known.has(&step(REMEMBERED)));
        assert_eq!(known.0.lock().order.len(), REMEMBERED);
    }
}
