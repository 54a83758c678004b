//! Which steps are granted, and which of them are put off for a while.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use lectern_core::Timestamp;
use lectern_core::id::{NarrationId, StepId, StepKind};

use crate::domain::Turn;

/// A step that was granted and has not ended, as far as is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// In which turn.
    pub turn: Arc<Turn>,
    /// When it was last published, or was to be.
    pub at: Timestamp,
}

/// The grants of a service. Granting or releasing twice is granting or releasing once.
#[derive(Debug, Default)]
pub struct Grants {
    /// Those of a narration are beside each other.
    granted: BTreeMap<StepId, Grant>,
    /// Steps that are put off, granted or not, and until when.
    postponed: BTreeMap<StepId, Timestamp>,
    /// The same in the order in which they end.
    ends: BTreeSet<(Timestamp, StepId)>,
    /// Grants that are put off.
    idle: usize,
}

impl Grants {
    /// Steps granted and not ended.
    #[must_use]
    pub fn len(&self) -> usize {
        self.granted.len()
    }

    /// Whether nothing is granted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.granted.is_empty()
    }

    /// Steps that take room: those that are granted and not put off.
    #[must_use]
    pub fn working(&self) -> usize {
        self.granted.len().saturating_sub(self.idle)
    }

    /// Whether a step is granted.
    #[must_use]
    pub fn has(&self, step: &StepId) -> bool {
        self.granted.contains_key(step)
    }

    /// Every grant.
    pub fn iter(&self) -> impl Iterator<Item = (&StepId, &Grant)> {
        self.granted.iter()
    }

    /// The steps of a narration that are granted, of whatever run.
    pub fn of<'a>(&'a self, narration: &'a NarrationId) -> impl Iterator<Item = &'a StepId> {
        let first = StepId { narration: narration.clone(), run: 0, kind: StepKind::Extract, index: 0 };
        self.granted.range(first..).map(|(step, _)| step).take_while(move |step| step.narration == *narration)
    }

    /// Adds a grant; whether it is put off.
    pub(super) fn insert(&mut self, step: StepId, grant: Grant) -> bool {
        let postponed = self.postponed.contains_key(&step);
        self.idle += usize::from(postponed);
        self.granted.insert(step, grant);
        postponed
    }

    /// Removes a grant; what it was, and whether it was put off.
    pub(super) fn remove(&mut self, step: &StepId) -> Option<(Grant, bool)> {
        let grant = self.granted.remove(step)?;
        let until = self.postponed.remove(step);
        if let Some(until) = until {
            self.ends.remove(&(until, step.clone()));
            self.idle = self.idle.saturating_sub(1);
        }
        Some((grant, until.is_some()))
    }

    /// Moves the time at which a grant was last published.
    pub(super) fn renew(&mut self, step: &StepId, now: Timestamp) {
        if let Some(grant) = self.granted.get_mut(step) {
            grant.at = now;
        }
    }

    /// Notes that a step is put off; its turn where it is granted and was not put off before.
    pub(super) fn postpone(&mut self, step: StepId, until: Timestamp) -> Option<Arc<Turn>> {
        let before = self.postponed.insert(step.clone(), until);
        if let Some(before) = before {
            self.ends.remove(&(before, step.clone()));
        }
        let grant = self.granted.get(&step);
        self.ends.insert((until, step));
        let turn = grant.filter(|_| before.is_none()).map(|grant| Arc::clone(&grant.turn))?;
        self.idle += 1;
        Some(turn)
    }

    /// Ends what is put off until `now` or before; the turns of those that are granted, one for
    /// each step.
    pub(super) fn advance(&mut self, now: Timestamp) -> Vec<Arc<Turn>> {
        let mut turns = Vec::new();
        while self.ends.first().is_some_and(|(until, _)| *until <= now) {
            let Some((_, step)) = self.ends.pop_first() else { break };
            self.postponed.remove(&step);
            if let Some(grant) = self.granted.get(&step) {
                turns.push(Arc::clone(&grant.turn));
                self.idle = self.idle.saturating_sub(1);
            }
        }
        turns
    }
}
