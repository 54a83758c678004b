//! What was ordered and what became of it, as the databases say.

use std::collections::{BTreeMap, BTreeSet};

use lectern_core::{Clock as _, SystemClock};
use parking_lot::Mutex;

use crate::texts::Poison;

/// Milliseconds since 1970.
#[must_use]
pub fn now() -> u64 {
    SystemClock.now().millis()
}

/// An accepted narration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// The narration's id.
    pub narration: String,
    /// The document's id.
    pub document: String,
    /// Whose it is: a place in [`crate::load::TENANTS`].
    pub tenant: usize,
    /// Blocks of the document.
    pub blocks: u32,
    /// Whether it is a dialogue in a model's words.
    pub dialogue: bool,
    /// What is wrong with one of its sentences.
    pub poison: Option<Poison>,
    /// When its caller was told that it is accepted.
    pub accepted: u64,
    /// Whether its caller was told that it is cancelled.
    pub cancelled: bool,
    /// Retries by the operator.
    pub retries: u32,
    /// Phase and counts as last seen.
    pub seen: String,
    /// When they last changed.
    pub progressed: u64,
    /// How it ended.
    pub ended: Option<End>,
}

/// How a narration ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct End {
    /// `succeeded`, `failed` or `cancelled`.
    pub phase: String,
    /// The reason of its failure; empty without.
    pub reason: String,
    /// The failure's sentence.
    pub message: String,
    /// When that was seen.
    pub at: u64,
}

impl Order {
    /// Whether it ended in this phase.
    #[must_use]
    pub fn is(&self, phase: &str) -> bool {
        self.ended.as_ref().is_some_and(|end| end.phase == phase)
    }

    /// Whether nothing is wrong with it: what is measured and must succeed.
    #[must_use]
    pub const fn healthy(&self) -> bool {
        self.poison.is_none()
    }
}

#[derive(Debug, Default)]
struct State {
    orders: BTreeMap<String, Order>,
    placing: usize,
    asked_again: BTreeMap<String, u64>,
    refused: Vec<String>,
}

/// All orders of a group.
#[derive(Debug, Default)]
pub struct Board(Mutex<State>);

impl Board {
    /// An order or its cancellation is about to be placed.
    pub fn placing(&self) {
        self.0.lock().placing += 1;
    }

    /// A cancellation was answered.
    pub fn placed(&self) {
        self.0.lock().placing -= 1;
    }

    /// It was accepted.
    pub fn accept(&self, order: Order) {
        let mut state = self.0.lock();
        state.placing -= 1;
        state.orders.insert(order.narration.clone(), order);
    }

    /// It was refused for good.
    pub fn refuse(&self, why: String) {
        let mut state = self.0.lock();
        state.placing -= 1;
        state.refused.push(why);
    }

    /// A call failed and is made again.
    pub fn ask_again(&self, why: String) {
        *self.0.lock().asked_again.entry(why).or_default() += 1;
    }

    /// Calls that were made again, by the code and reason of the answer.
    #[must_use]
    pub fn asked_again(&self) -> BTreeMap<String, u64> {
        self.0.lock().asked_again.clone()
    }

    /// Orders that were refused for good.
    #[must_use]
    pub fn refused(&self) -> Vec<String> {
        self.0.lock().refused.clone()
    }

    /// Its caller was told that it is cancelled.
    pub fn cancel(&self, narration: &str) {
        self.change(narration, |order| order.cancelled = true);
    }

    /// The operator had it retried.
    pub fn retry(&self, narration: &str) {
        self.change(narration, |order| {
            order.retries += 1;
            order.ended = None;
        });
    }

    /// It is in this state, and not at its end.
    pub fn see(&self, narration: &str, seen: String) {
        self.change(narration, |order| {
            // What is seen first says nothing of when it came about.
            if !order.seen.is_empty() && order.seen != seen {
                order.progressed = now();
            }
            order.seen = seen;
        });
    }

    /// It ended.
    pub fn end(&self, narration: &str, end: End) {
        self.change(narration, |order| order.ended = Some(end));
    }

    fn change(&self, narration: &str, change: impl FnOnce(&mut Order)) {
        if let Some(order) = self.0.lock().orders.get_mut(narration) {
            change(order);
        }
    }

    /// Orders placed and not ended, those that are just being placed among them.
    #[must_use]
    pub fn busy(&self) -> usize {
        let state = self.0.lock();
        state.placing + state.orders.values().filter(|order| order.ended.is_none() && order.healthy()).count()
    }

    /// Orders that are just being placed.
    #[must_use]
    pub fn being_placed(&self) -> usize {
        self.0.lock().placing
    }

    /// Accepted orders.
    #[must_use]
    pub fn accepted(&self) -> usize {
        self.0.lock().orders.len()
    }

    /// Healthy orders that have not ended.
    #[must_use]
    pub fn in_flight(&self) -> BTreeSet<String> {
        self.all().into_iter().filter(|order| order.healthy() && order.ended.is_none()).map(|o| o.narration).collect()
    }

    /// All orders.
    #[must_use]
    pub fn all(&self) -> Vec<Order> {
        self.0.lock().orders.values().cloned().collect()
    }

    /// One order.
    #[must_use]
    pub fn get(&self, narration: &str) -> Option<Order> {
        self.0.lock().orders.get(narration).cloned()
    }

    /// What of `before` has not changed since `end`, and whether an order accepted since then has
    /// succeeded: what recovery waits for.
    #[must_use]
    pub fn waits_for(&self, before: &BTreeSet<String>, end: u64) -> (Vec<String>, bool) {
        let state = self.0.lock();
        let still =
            |id: &&String| state.orders.get(*id).is_some_and(|order| order.ended.is_none() && order.progressed <= end);
        let still = before.iter().filter(still).cloned().collect();
        let fresh = state.orders.values().any(|order| order.accepted > end && order.is("succeeded"));
        (still, fresh)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(narration: &str, accepted: u64) -> Order {
        Order {
            narration: narration.to_owned(),
            document: String::new(),
            tenant: 0,
            blocks: 1,
            dialogue: false,
            poison: None,
            accepted,
            cancelled: false,
            retries: 0,
            seen: "planned".to_owned(),
            progressed: accepted,
            ended: None,
        }
    }

    #[test]
    fn recovery_waits_for_every_one_in_flight_and_for_a_fresh_success() {
        let board = Board::default();
        for (id, accepted) in [("old", 10), ("stuck", 20)] {
            board.placing();
            board.accept(order(id, accepted));
        }
        let before = board.in_flight();
        board.see("old", "written".to_owned());
        assert_eq!(board.waits_for(&before, 50), (vec!["stuck".to_owned()], false));
        let end = |phase: &str| End { phase: phase.to_owned(), reason: String::new(), message: String::new(), at: 70 };
        board.end("stuck", end("failed"));
        board.placing();
        board.accept(order("fresh", 60));
        assert_eq!(board.waits_for(&before, 50), (vec![], false));
        board.end("fresh", end("succeeded"));
        assert_eq!(board.waits_for(&before, 50), (vec![], true));
    }
}
