//! A semaphore whose waiters have a rank. It decides whose turn it is to speak: all cores and no
//! more, and the earliest section first, so that a recording can be listened to while its later
//! sections are still made.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::oneshot;

/// A number of permits. Who waits gets one by rank, the lowest first, and among equals in the order
/// of coming.
#[derive(Debug, Clone)]
pub(crate) struct RankedSemaphore {
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
pub(crate) struct Permit {
    semaphore: RankedSemaphore,
}

#[derive(Debug)]
struct Waiter {
    rank: u32,
    arrival: u64,
    turn: oneshot::Sender<Permit>,
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

impl RankedSemaphore {
    /// A semaphore of so many `permits`, at least one.
    pub(crate) fn new(permits: usize) -> Self {
        let state = State { free: permits.max(1), arrivals: 0, waiting: BinaryHeap::new() };
        Self { state: Arc::new(Mutex::new(state)) }
    }

    /// Waits for a permit; none when the process breaks off. A caller that stops waiting leaves
    /// nothing behind.
    pub(crate) async fn acquire(&self, rank: u32) -> Option<Permit> {
        let turn = {
            let mut state = self.state.lock();
            if state.free > 0 {
                state.free -= 1;
                return Some(Permit { semaphore: self.clone() });
            }
            let (turn, told) = oneshot::channel();
            let arrival = state.arrivals;
            state.arrivals += 1;
            state.waiting.push(Reverse(Waiter { rank, arrival, turn }));
            told
        };
        turn.await.ok()
    }

    /// Permits that nobody holds.
    pub(crate) fn free(&self) -> usize {
        self.state.lock().free
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let next = {
            let mut state = self.semaphore.state.lock();
            let next = state.waiting.pop();
            if next.is_none() {
                state.free += 1;
            }
            next
        };
        if let Some(Reverse(next)) = next {
            // Who no longer waits drops the permit here, which passes it on.
            drop(next.turn.send(Self { semaphore: self.semaphore.clone() }));
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;

    use super::*;

    #[test]
    fn the_lowest_rank_goes_first_and_equals_in_the_order_of_coming() {
        let semaphore = RankedSemaphore::new(1);
        let held = semaphore.acquire(9).now_or_never().expect("free").expect("open");
        let order = [3, 0, 3, 1, 0];
        let mut waiting: Vec<_> = order.iter().map(|rank| Box::pin(semaphore.acquire(*rank))).collect();
        for turn in &mut waiting {
            assert!(turn.now_or_never().is_none());
        }
        let mut permit = Some(held);
        let mut served = Vec::new();
        while permit.take().is_some() {
            let next = waiting.iter_mut().enumerate().filter(|(at, _)| !served.contains(at)).collect::<Vec<_>>();
            for (at, turn) in next {
                if let Some(got) = turn.now_or_never() {
                    served.push(at);
                    permit = got;
                    break;
                }
            }
        }
        assert_eq!(served, [1, 4, 3, 0, 2]);
        assert_eq!(semaphore.free(), 1);
    }

    #[test]
    fn who_stops_waiting_loses_no_permit() {
        let semaphore = RankedSemaphore::new(1);
        let held = semaphore.acquire(0).now_or_never().expect("free").expect("open");
        let mut first = Box::pin(semaphore.acquire(0));
        let mut second = Box::pin(semaphore.acquire(1));
        assert!((&mut first).now_or_never().is_none() && (&mut second).now_or_never().is_none());
        drop(first);
        drop(held);
        assert!(second.now_or_never().is_some());
        let held = semaphore.acquire(0).now_or_never().expect("free").expect("open");
        let mut told = Box::pin(semaphore.acquire(0));
        assert!((&mut told).now_or_never().is_none());
        drop(held);
        drop(told);
        assert_eq!(semaphore.free(), 1, "a permit that was handed over and never taken comes back");
    }
}
