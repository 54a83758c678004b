//! As many permits as there are cores, given by rank.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;

use lectern_core::Failure;
use parking_lot::Mutex;
use tokio::sync::oneshot;

use crate::engine::Speaking;

/// The cores of this process. Who waits gets one by rank, the lowest first, and among equals in the
/// order of coming. Clones share them.
#[derive(Debug, Clone)]
pub struct Cores {
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct State {
    free: usize,
    arrivals: u64,
    waiting: BinaryHeap<Reverse<Waiter>>,
}

/// The right to use one core; dropped, it goes to the next.
#[derive(Debug)]
#[must_use = "a core is free again when it is dropped"]
pub struct Core {
    cores: Cores,
}

#[derive(Debug)]
struct Waiter {
    rank: u32,
    arrival: u64,
    turn: oneshot::Sender<Core>,
}

impl Waiter {
    const fn key(&self) -> (u32, u64) {
        (self.rank, self.arrival)
    }
}

impl PartialEq for Waiter {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for Waiter {}

impl PartialOrd for Waiter {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Waiter {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.key().cmp(&other.key())
    }
}

impl Cores {
    /// So many cores, at least one.
    #[must_use]
    pub fn new(cores: usize) -> Self {
        let state = State { free: cores.max(1), arrivals: 0, waiting: BinaryHeap::new() };
        Self { state: Arc::new(Mutex::new(state)) }
    }

    /// Waits for a core by the rank of a call, until nobody wants it any more.
    ///
    /// # Errors
    /// `CANCELLED`; `INTERNAL` where the process breaks off.
    pub async fn take(&self, speaking: &Speaking<'_>) -> Result<Core, Failure> {
        let core = async {
            self.enter(speaking.rank).await.ok_or_else(|| Failure::internal("synthesis broke off; it is tried again"))
        };
        speaking.until_cancelled(core).await
    }

    /// Waits for a core; none when the process breaks off. A caller that stops waiting leaves
    /// nothing behind.
    pub async fn enter(&self, rank: u32) -> Option<Core> {
        let turn = {
            let mut state = self.state.lock();
            if state.free > 0 {
                state.free -= 1;
                return Some(Core { cores: self.clone() });
            }
            let (turn, told) = oneshot::channel();
            let arrival = state.arrivals;
            state.arrivals += 1;
            state.waiting.push(Reverse(Waiter { rank, arrival, turn }));
            told
        };
        turn.await.ok()
    }

    /// Cores that nobody holds.
    #[must_use]
    pub fn free(&self) -> usize {
        self.state.lock().free
    }
}

impl Drop for Core {
    fn drop(&mut self) {
        let next = {
            let mut state = self.cores.state.lock();
            // Who no longer waits is passed over.
            let next = std::iter::from_fn(|| state.waiting.pop()).find(|Reverse(next)| !next.turn.is_closed());
            if next.is_none() {
                state.free += 1;
            }
            next
        };
        if let Some(Reverse(next)) = next {
            // Who stops waiting just now drops the core here, which passes it on.
            drop(next.turn.send(Self { cores: self.cores.clone() }));
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;

    use super::*;

    #[test]
    fn the_lowest_rank_goes_first_and_equals_in_the_order_of_coming() {
        let cores = Cores::new(1);
        let held = cores.enter(9).now_or_never().expect("free").expect("open");
        let order = [3, 0, 3, 1, 0];
        let mut waiting: Vec<_> = order.iter().map(|rank| Box::pin(cores.enter(*rank))).collect();
        for turn in &mut waiting {
            assert!(turn.now_or_never().is_none());
        }
        let mut core = Some(held);
        let mut served = Vec::new();
        while core.take().is_some() {
            let next = waiting.iter_mut().enumerate().filter(|(at, _)| !served.contains(at)).collect::<Vec<_>>();
            for (at, turn) in next {
                if let Some(got) = turn.now_or_never() {
                    served.push(at);
                    core = got;
                    break;
                }
            }
        }
        assert_eq!(served, [1, 4, 3, 0, 2]);
        assert_eq!(cores.free(), 1);
    }

    #[test]
    fn who_stops_waiting_loses_no_core() {
        let cores = Cores::new(1);
        let held = cores.enter(0).now_or_never().expect("free").expect("open");
        let mut first = Box::pin(cores.enter(0));
        let mut second = Box::pin(cores.enter(1));
        assert!((&mut first).now_or_never().is_none() && (&mut second).now_or_never().is_none());
        drop(first);
        drop(held);
        assert!(second.now_or_never().is_some());
        let held = cores.enter(0).now_or_never().expect("free").expect("open");
        let mut told = Box::pin(cores.enter(0));
        assert!((&mut told).now_or_never().is_none());
        drop(held);
        drop(told);
        assert_eq!(cores.free(), 1, "a core that was handed over and never taken comes back");
    }
}
