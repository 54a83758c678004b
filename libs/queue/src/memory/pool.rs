//! Messages in order of arrival, each hidden while in flight or delayed.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;

use super::faults::Dice;

#[derive(Debug)]
struct Slot<T> {
    item: T,
    arrived: Instant,
    visible: Instant,
    deliveries: u64,
}

/// A message that was taken.
#[derive(Debug)]
pub struct Taken<T> {
    /// Its number in the pool, by which it is answered.
    pub sequence: u64,
    /// The message.
    pub item: T,
    /// How often it was taken, this time included.
    pub deliveries: u64,
}

/// A pool of messages.
#[derive(Debug)]
pub struct Pool<T> {
    slots: BTreeMap<u64, Slot<T>>,
    next: u64,
}

impl<T> Default for Pool<T> {
    fn default() -> Self {
        Self { slots: BTreeMap::new(), next: 1 }
    }
}

impl<T: Clone> Pool<T> {
    /// A pool without items that goes on with the numbers of this one.
    pub fn emptied(self) -> Self {
        Self { slots: BTreeMap::new(), next: self.next }
    }

    /// Messages, hidden ones included.
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// Adds a message that becomes visible at `visible`.
    pub fn push(&mut self, item: T, visible: Instant) {
        let slot = Slot { item, arrived: Instant::now(), visible, deliveries: 0 };
        self.slots.insert(self.next, slot);
        self.next += 1;
    }

    /// Takes the oldest visible message and hides it for `ack_wait`.
    pub fn take(&mut self, now: Instant, ack_wait: Duration, dice: &Dice) -> Option<Taken<T>> {
        let visible = self.slots.iter_mut().filter(|(_, slot)| slot.visible <= now);
        let (sequence, slot) = if dice.reorders() {
            let mut visible: Vec<_> = visible.collect();
            if visible.is_empty() {
                return None;
            }
            let picked = dice.pick(visible.len());
            visible.swap_remove(picked)
        } else {
            { visible }.next()?
        };
        slot.deliveries += 1;
        if !dice.duplicates() {
            slot.visible = now + ack_wait;
        }
        Some(Taken { sequence: *sequence, item: slot.item.clone(), deliveries: slot.deliveries })
    }

    /// When the next message becomes visible.
    pub fn next_visible(&self) -> Option<Instant> {
        self.slots.values().map(|slot| slot.visible).min()
    }

    /// Removes a message; whether it was there.
    pub fn remove(&mut self, sequence: u64) -> bool {
        self.slots.remove(&sequence).is_some()
    }

    /// Removes the messages that match.
    pub fn remove_where(&mut self, matches: impl Fn(&T) -> bool) {
        self.slots.retain(|_, slot| !matches(&slot.item));
    }

    /// Hides a message until `visible`.
    pub fn hide(&mut self, sequence: u64, visible: Instant) {
        if let Some(slot) = self.slots.get_mut(&sequence) {
            slot.visible = visible;
        }
    }

    /// Removes messages older than `age`, and the oldest above `most`.
    pub fn forget(&mut self, now: Instant, age: Duration, most: usize) {
        while self.slots.len() > most
            || self.slots.first_key_value().is_some_and(|(_, slot)| now.duration_since(slot.arrived) >= age)
        {
            self.slots.pop_first();
        }
    }
}
