//! The record of what is granted of one service, shared by all replicas and changed by
//! compare-and-swap.

use std::sync::Mutex;

use lectern_core::Failure;
use lectern_core::id::{NarrationId, Service};
use lectern_store::{Collection, Direction, Revision, StoreError, Versioned};

use super::lock;
use super::pick::turns_in;
use crate::domain::{Lane, Slots, Turn, TurnState};

/// A service's slots, and the copy that this replica last read or wrote. An old copy costs a lost
/// race or, where nothing changed here, a wait until the next audit reads.
#[derive(Debug)]
pub struct Ledger {
    service: Service,
    slots: Collection<Slots>,
    turns: Collection<Turn>,
    known: Mutex<Known>,
}

/// The slots as this replica last saw them.
#[derive(Debug)]
struct Known {
    slots: Option<Versioned<Slots>>,
    /// Whether a pass may begin with them. Else they are good for looking at alone: they were
    /// written over, or are just being.
    good: bool,
}

impl Ledger {
    pub const fn new(service: Service, slots: Collection<Slots>, turns: Collection<Turn>) -> Self {
        Self { service, slots, turns, known: Mutex::new(Known { slots: None, good: false }) }
    }

    /// Steps granted and not ended, as this replica last saw them.
    pub fn granted(&self) -> usize {
        lock(&self.known).slots.as_ref().map_or(0, |known| known.record.grants.len())
    }

    /// Whether a step of a narration's run is granted and not ended, as this replica last saw it.
    pub fn has(&self, narration: &NarrationId, run: u32) -> bool {
        let known = lock(&self.known);
        let mut grants = known.slots.iter().flat_map(|slots| &slots.record.grants);
        grants.any(|grant| grant.step.run == run && grant.step.narration == *narration)
    }

    /// Whether [`Self::slots`] gives a copy.
    pub fn remembers(&self) -> bool {
        lock(&self.known).good
    }

    /// The slots as they were last read or written here, else as they are.
    pub async fn slots(&self) -> Result<Versioned<Slots>, Failure> {
        if let Some(known) = self.copy() {
            return Ok(known);
        }
        let slots = match self.slots.get(self.service.as_str()).await? {
            Some(known) => known,
            None => self.begin().await?,
        };
        self.know(slots.clone());
        Ok(slots)
    }

    /// Makes the record, which may have been deleted: the count of grants goes on beyond what the
    /// turns remember, or their order would stand still until it had caught up.
    async fn begin(&self) -> Result<Versioned<Slots>, Failure> {
        let mut served = 0;
        for lane in Lane::ALL {
            for state in TurnState::ALL {
                let mut query = turns_in(self.service, lane, state, 1);
                query.order = vec![("served".to_owned(), Direction::Desc)];
                let last = self.turns.find(&query).await?.items.pop();
                served = last.map_or(served, |last| served.max(last.record.served));
            }
        }
        let fresh = Slots::after(self.service, served);
        Ok(match self.slots.insert_if_absent(&fresh).await? {
            Some(known) => known,
            None => Versioned { record: fresh, revision: Revision::FIRST },
        })
    }

    /// The slots as they are.
    pub async fn read(&self) -> Result<Versioned<Slots>, Failure> {
        lock(&self.known).good = false;
        self.slots().await
    }

    /// Writes the slots over those of `revision`; false when another replica was first.
    pub async fn write(&self, slots: Slots, revision: Revision) -> Result<bool, Failure> {
        // Not good from here on: whatever becomes of the write, the old copy is of no more use to a
        // pass.
        lock(&self.known).good = false;
        match self.slots.replace(&slots, revision).await {
            Ok(revision) => {
                self.know(Versioned { record: slots, revision });
                Ok(true)
            }
            Err(StoreError::Conflict { .. } | StoreError::NotFound { .. }) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    fn copy(&self) -> Option<Versioned<Slots>> {
        let known = lock(&self.known);
        if known.good { known.slots.clone() } else { None }
    }

    fn know(&self, slots: Versioned<Slots>) {
        *lock(&self.known) = Known { slots: Some(slots), good: true };
    }
}
