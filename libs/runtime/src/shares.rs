//! A scarce thing of a process, shared by tenants, or by addresses where nobody is known yet:
//! readers, calls in flight, bytes that are held, connections.
//!
//! Nobody may hold all of it, so that what one tenant does never stops another; whoever waits gets
//! it in the order of who holds least, and of who came first where they hold as much.

use std::collections::HashMap;
use std::fmt;
use std::hash::Hash;
use std::sync::Arc;

use lectern_core::id::TenantId;
use parking_lot::Mutex;
use tokio::sync::oneshot;

use crate::telemetry::Metrics;

/// By what something may be shared.
pub trait Holder: Clone + Eq + Hash + fmt::Debug + Send + Sync + 'static {}

impl<K: Clone + Eq + Hash + fmt::Debug + Send + Sync + 'static> Holder for K {}

/// How much there is, in units of the thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Room {
    /// Of all holders together.
    pub total: usize,
    /// Of one holder.
    pub each: usize,
    /// Calls of one holder that may wait for their turn.
    pub waiting: usize,
}

impl Room {
    /// So many, of which no holder has all where there is more than one: others need not wait for
    /// whoever is slow.
    #[must_use]
    pub const fn all_but_one(total: usize, waiting: usize) -> Self {
        Self { total, each: total.saturating_sub(1), waiting }
    }
}

/// See the [module](self). Cheap to clone: all clones share the same room.
pub struct Shares<K: Holder = TenantId>(Arc<Inner<K>>);

struct Inner<K: Holder> {
    what: &'static str,
    room: Room,
    state: Mutex<State<K>>,
}

struct State<K: Holder> {
    held: usize,
    by_holder: HashMap<K, usize>,
    /// In the order in which they came.
    waiting: Vec<Waiting<K>>,
}

struct Waiting<K: Holder> {
    holder: K,
    amount: usize,
    turn: oneshot::Sender<Share<K>>,
}

/// What somebody holds. Dropping it gives it back.
#[must_use = "what is dropped is given back at once"]
pub struct Share<K: Holder = TenantId> {
    shares: Arc<Inner<K>>,
    holder: K,
    amount: usize,
}

impl<K: Holder> Clone for Shares<K> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<K: Holder> Shares<K> {
    /// Shares of `what`: a plural in one or two words, which labels the gauge `lectern.held`. What
    /// one holder may have is at least one unit and at most all.
    #[must_use]
    pub fn new(what: &'static str, room: Room) -> Self {
        let total = room.total.max(1);
        let room = Room { total, each: room.each.clamp(1, total), waiting: room.waiting };
        let state = State { held: 0, by_holder: HashMap::new(), waiting: Vec::new() };
        let inner = Arc::new(Inner { what, room, state: Mutex::new(state) });
        let asked = Arc::downgrade(&inner);
        #[allow(clippy::cast_precision_loss, reason = "what is held is far below 2^53")]
        Metrics::new("lectern.runtime").observe(
            "lectern.held",
            "{unit}",
            "Units of a scarce thing that callers hold.",
            &[("what", what)],
            move || asked.upgrade().map(|inner| inner.state.lock().held as f64),
        );
        Self(inner)
    }

    /// How much there is.
    #[must_use]
    pub fn room(&self) -> Room {
        self.0.room
    }

    /// What is held by all together.
    #[must_use]
    pub fn held(&self) -> usize {
        self.0.state.lock().held
    }

    /// Takes `amount` units at once, or nothing: `None` where `holder` has its share, where there
    /// is no more, or where others wait for what there is. More than one may have counts as
    /// all that it may have.
    #[must_use]
    pub fn try_take(&self, holder: &K, amount: usize) -> Option<Share<K>> {
        self.try_take_within(holder, amount, self.0.room.each)
    }

    /// [`Self::try_take`] for a holder that may have another share than the others: at most `each`
    /// units, at least one and at most all.
    #[must_use]
    pub fn try_take_within(&self, holder: &K, amount: usize, each: usize) -> Option<Share<K>> {
        let mut state = self.0.state.lock();
        self.0.take(&mut state, holder, amount, each.clamp(1, self.0.room.total))
    }

    /// Takes `amount` units when it is `holder`'s turn; `None` where as many of its calls wait as
    /// may. Whoever stops waiting has taken nothing.
    pub async fn take(&self, holder: &K, amount: usize) -> Option<Share<K>> {
        // Dropped after the turn it waits for, whatever ends the waiting.
        let _settled = Settle(&self.0);
        let turn = {
            let mut state = self.0.state.lock();
            if let Some(share) = self.0.take(&mut state, holder, amount, self.0.room.each) {
                return Some(share);
            }
            if state.waiting.iter().filter(|waiting| waiting.holder == *holder).count() >= self.0.room.waiting {
                return None;
            }
            let (turn, mine) = oneshot::channel();
            state.waiting.push(Waiting { holder: holder.clone(), amount, turn });
            mine
        };
        // The sender is dropped with the shares alone, which `self` keeps.
        turn.await.ok()
    }
}

impl<K: Holder> Inner<K> {
    /// `each` is what this holder may have.
    fn take(self: &Arc<Self>, state: &mut State<K>, holder: &K, amount: usize, each: usize) -> Option<Share<K>> {
        state.waiting.retain(|waiting| !waiting.turn.is_closed());
        let others_wait = state.waiting.iter().any(|waiting| self.has_its_share(state, waiting));
        let amount = amount.min(each);
        let own = state.by_holder.get(holder).copied().unwrap_or(0);
        if others_wait || own + amount > each || state.held + amount > self.room.total {
            return None;
        }
        Some(self.grant(state, holder.clone(), amount))
    }

    /// Whether all that keeps somebody waiting is that others hold what there is.
    fn has_its_share(&self, state: &State<K>, waiting: &Waiting<K>) -> bool {
        let own = state.by_holder.get(&waiting.holder).copied().unwrap_or(0);
        own + waiting.amount.min(self.room.each) <= self.room.each
    }

    fn grant(self: &Arc<Self>, state: &mut State<K>, holder: K, amount: usize) -> Share<K> {
        state.held += amount;
        *state.by_holder.entry(holder.clone()).or_default() += amount;
        Share { shares: Arc::clone(self), holder, amount }
    }

    /// Gives what there is to those whose turn it is. What comes back was for somebody who stopped
    /// waiting; it is dropped without the lock.
    fn settle(self: &Arc<Self>, state: &mut State<K>) -> Vec<Share<K>> {
        let mut refused = Vec::new();
        while let Some((turn, share)) = self.next(state) {
            refused.extend(turn.send(share).err());
        }
        refused
    }

    /// Who is next gets its share, if there is room for it.
    fn next(self: &Arc<Self>, state: &mut State<K>) -> Option<(oneshot::Sender<Share<K>>, Share<K>)> {
        state.waiting.retain(|waiting| !waiting.turn.is_closed());
        let candidates = state.waiting.iter().enumerate().filter(|(_, waiting)| self.has_its_share(state, waiting));
        let (at, amount) = candidates
            .min_by_key(|(at, waiting)| (state.by_holder.get(&waiting.holder).copied().unwrap_or(0), *at))
            .map(|(at, waiting)| (at, waiting.amount.min(self.room.each)))?;
        // Nobody goes before it, else one who wants much would wait for ever.
        if state.held + amount > self.room.total {
            return None;
        }
        let waiting = state.waiting.remove(at);
        let share = self.grant(state, waiting.holder, amount);
        Some((waiting.turn, share))
    }
}

/// Gives what there is to whoever is next, when somebody stopped waiting: those behind may have
/// their turn.
struct Settle<'a, K: Holder>(&'a Arc<Inner<K>>);

impl<K: Holder> Drop for Settle<'_, K> {
    fn drop(&mut self) {
        let refused = self.0.settle(&mut self.0.state.lock());
        drop(refused);
    }
}

impl<K: Holder> Drop for Share<K> {
    fn drop(&mut self) {
        let refused = {
            let mut state = self.shares.state.lock();
            state.held -= self.amount;
            if let Some(own) = state.by_holder.get_mut(&self.holder) {
                *own -= self.amount;
                if *own == 0 {
                    state.by_holder.remove(&self.holder);
                }
            }
            self.shares.settle(&mut state)
        };
        // Who stopped waiting meanwhile gives back what it was given, which takes the lock again.
        drop(refused);
    }
}

impl<K: Holder> fmt::Debug for Shares<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { what, room, .. } = &*self.0;
        f.debug_struct("Shares").field("what", what).field("room", room).field("held", &self.held()).finish()
    }
}

impl<K: Holder> fmt::Debug for Share<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Share").field("holder", &self.holder).field("amount", &self.amount).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;

    use super::*;

    fn tenant(id: &str) -> TenantId {
        id.parse().unwrap()
    }

    fn shares(total: usize, each: usize, waiting: usize) -> Shares {
        Shares::new("things", Room { total, each, waiting })
    }

    #[test]
    fn nobody_takes_what_is_left_for_others() {
        let shares = shares(4, 3, 0);
        let (one, two) = (tenant("one"), tenant("two"));
        let held: Vec<_> = (0..4).map_while(|_| shares.try_take(&one, 1)).collect();
        assert_eq!((held.len(), shares.held()), (3, 3));
        let other = shares.try_take(&two, 1).expect("the last one");
        assert!(shares.try_take(&two, 1).is_none(), "there is no more");
        drop(held);
        assert_eq!(shares.held(), 1);
        assert!(shares.try_take(&one, 9).is_some(), "more than its share is its share");
        drop(other);
        assert_eq!(shares.held(), 0);
    }

    #[test]
    fn a_holder_may_have_another_share_than_the_others() {
        let shares = shares(4, 2, 0);
        let (less, more) = (tenant("less"), tenant("more"));
        let _one = shares.try_take_within(&less, 1, 1).expect("its only one");
        assert!(shares.try_take_within(&less, 1, 1).is_none());
        let held: Vec<_> = (0..4).map_while(|_| shares.try_take_within(&more, 1, 9)).collect();
        assert_eq!(held.len(), 3, "more than the others, and no more than there is");
        drop(held);
        assert!(shares.try_take_within(&more, 9, 0).is_some(), "nobody has less than one");
    }

    #[tokio::test]
    async fn who_holds_least_is_next() {
        let shares = shares(2, 2, 2);
        let (one, two) = (tenant("one"), tenant("two"));
        let first = shares.take(&one, 1).await.expect("room");
        let second = shares.take(&one, 1).await.expect("room");
        let mut third = Box::pin(shares.take(&one, 1));
        let mut other = Box::pin(shares.take(&two, 1));
        assert!(third.as_mut().now_or_never().is_none() && other.as_mut().now_or_never().is_none());
        drop(first);
        assert!(third.as_mut().now_or_never().is_none(), "it came first and holds more");
        let other = other.now_or_never().expect("its turn").expect("a share");
        assert!(shares.try_take(&two, 1).is_none());
        drop((second, other));
        assert!(third.now_or_never().expect("its turn").is_some());
        assert_eq!(shares.held(), 0);
    }

    #[tokio::test]
    async fn only_so_many_wait_and_who_stops_waiting_takes_nothing() {
        let shares = shares(1, 1, 1);
        let (one, two) = (tenant("one"), tenant("two"));
        let held = shares.take(&one, 1).await.expect("room");
        let mut waits = Box::pin(shares.take(&one, 1));
        assert!(waits.as_mut().now_or_never().is_none());
        assert!(shares.take(&one, 1).await.is_none(), "one of the tenant waits already");
        let mut other = Box::pin(shares.take(&two, 1));
        assert!(other.as_mut().now_or_never().is_none());
        drop(other);
        drop(held);
        assert_eq!(shares.held(), 1, "it was sent to who waited");
        drop(waits);
        assert_eq!(shares.held(), 0, "who did not fetch it");
    }

    #[tokio::test]
    async fn those_behind_somebody_who_stops_waiting_have_their_turn() {
        let shares = shares(4, 4, 4);
        let (one, two, three) = (tenant("one"), tenant("two"), tenant("three"));
        let held = shares.try_take(&one, 3).expect("room");
        let mut much = Box::pin(shares.take(&two, 2));
        let mut little = Box::pin(shares.take(&three, 1));
        assert!(much.as_mut().now_or_never().is_none() && little.as_mut().now_or_never().is_none());
        drop(much);
        let little = little.now_or_never().expect("its turn").expect("a share");
        assert_eq!(shares.held(), 4);
        drop((held, little));
        assert_eq!(shares.held(), 0);
    }

    #[tokio::test]
    async fn who_wants_much_is_not_overtaken_for_ever() {
        let shares = shares(4, 4, 4);
        let (one, two) = (tenant("one"), tenant("two"));
        let mut held: Vec<_> = (0..3).filter_map(|_| shares.try_take(&one, 1)).collect();
        let mut much = Box::pin(shares.take(&two, 4));
        assert!(much.as_mut().now_or_never().is_none());
        assert!(shares.try_take(&one, 1).is_none(), "there is one, and somebody waits for it");
        held.clear();
        assert!(much.now_or_never().expect("its turn").is_some());
    }
}
