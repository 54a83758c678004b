//! The record of what is granted of one service, shared by all replicas and changed by
//! compare-and-swap.

use std::sync::Mutex;

use lectern_core::Failure;
use lectern_core::id::Service;
use lectern_store::{Collection, Revision, StoreError, Versioned};

use super::lock;
use crate::domain::Slots;

/// A service's slots, and the copy that this replica last read or wrote. An old copy costs a lost
/// race or, where nothing changed here, a wait until the next audit reads.
#[derive(Debug)]
pub struct Ledger {
    service: Service,
    slots: Collection<Slots>,
    known: Mutex<Option<Versioned<Slots>>>,
}

impl Ledger {
    pub const fn new(service: Service, slots: Collection<Slots>) -> Self {
        Self { service, slots, known: Mutex::new(None) }
    }

    /// Steps granted and not ended, as this replica last saw them.
    pub fn granted(&self) -> usize {
        lock(&self.known).as_ref().map_or(0, |known| known.record.grants.len())
    }

    /// Whether [`Self::slots`] gives a copy.
    pub fn remembers(&self) -> bool {
        lock(&self.known).is_some()
    }

    /// The slots as they were last read or written here, else as they are.
    pub async fn slots(&self) -> Result<Versioned<Slots>, Failure> {
        if let Some(known) = lock(&self.known).clone() {
            return Ok(known);
        }
        let fresh = Slots::new(self.service);
        let slots = match self.slots.insert_if_absent(&fresh).await? {
            Some(known) => known,
            None => Versioned { record: fresh, revision: Revision::FIRST },
        };
        *lock(&self.known) = Some(slots.clone());
        Ok(slots)
    }

    /// The slots as they are.
    pub async fn read(&self) -> Result<Versioned<Slots>, Failure> {
        *lock(&self.known) = None;
        self.slots().await
    }

    /// Writes the slots over those of `revision`; false when another replica was first.
    pub async fn write(&self, slots: Slots, revision: Revision) -> Result<bool, Failure> {
        // Taken out first: whatever becomes of the write, the old copy is of no more use.
        *lock(&self.known) = None;
        match self.slots.replace(&slots, revision).await {
            Ok(revision) => {
                *lock(&self.known) = Some(Versioned { record: slots, revision });
                Ok(true)
            }
            Err(StoreError::Conflict { .. } | StoreError::NotFound { .. }) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }
}
