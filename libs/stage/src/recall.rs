//! What was found out about secrets, kept for a while under their digests, so that not every call
//! asks again.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::time::Duration;

use lectern_core::{Digest, Timestamp};
use parking_lot::Mutex;

/// A memory of bounded size and age: the oldest entry makes room for the newest. Good and bad
/// secrets belong into two of them, lest somebody with many bad ones has the good ones forgotten.
pub struct Recall<T> {
    most: usize,
    lifetime: Duration,
    state: Mutex<State<T>>,
}

/// When an entry ends, and which of those that end then it is.
type Place = (Timestamp, u64);

struct State<T> {
    known: HashMap<Digest, (Place, T)>,
    order: BTreeMap<Place, Digest>,
    count: u64,
}

impl<T: Clone> Recall<T> {
    /// A memory of at most `most` entries, each for `lifetime`.
    #[must_use]
    pub fn new(most: usize, lifetime: Duration) -> Self {
        let state = State { known: HashMap::new(), order: BTreeMap::new(), count: 0 };
        Self { most, lifetime, state: Mutex::new(state) }
    }

    /// What is known under `key`.
    #[must_use]
    pub fn get(&self, key: &Digest, now: Timestamp) -> Option<T> {
        let state = self.state.lock();
        state.known.get(key).filter(|((until, _), _)| now < *until).map(|(_, value)| value.clone())
    }

    /// Keeps `value` under `key` from now on.
    pub fn put(&self, key: Digest, value: T, now: Timestamp) {
        let mut state = self.state.lock();
        state.remove(&key);
        let place = (now.plus(self.lifetime), state.count);
        state.count = state.count.wrapping_add(1);
        state.order.insert(place, key);
        state.known.insert(key, (place, value));
        while let Some((place, oldest)) = state.order.first_key_value().map(|(place, key)| (*place, *key)) {
            if state.known.len() <= self.most && now < place.0 {
                break;
            }
            state.remove(&oldest);
        }
    }

    /// Forgets what is known under `key`.
    pub fn forget(&self, key: &Digest) {
        self.state.lock().remove(key);
    }
}

impl<T> State<T> {
    fn remove(&mut self, key: &Digest) {
        if let Some((place, _)) = self.known.remove(key) {
            self.order.remove(&place);
        }
    }
}

/// What is known of keys that were found good: for a while what was found, and for longer that they
/// were good, so that their callers are not locked out by others at their address who send wrong
/// ones. After the first while a key is looked up all the same.
#[derive(Debug)]
pub struct GoodKeys<T> {
    found: Recall<T>,
    trusted: Recall<()>,
}

impl<T: Clone> GoodKeys<T> {
    /// How long a key is trusted.
    const TRUSTED: Duration = Duration::from_secs(3600);

    /// A memory of at most `most` keys, each of which is not looked up again for `lifetime`.
    #[must_use]
    pub fn new(most: usize, lifetime: Duration) -> Self {
        Self { found: Recall::new(most, lifetime), trusted: Recall::new(most, Self::TRUSTED) }
    }

    /// What was found, where it need not be looked up again.
    #[must_use]
    pub fn get(&self, key: &Digest, now: Timestamp) -> Option<T> {
        self.found.get(key, now)
    }

    /// Whether the key was good not long ago.
    #[must_use]
    pub fn trusts(&self, key: &Digest, now: Timestamp) -> bool {
        self.trusted.get(key, now).is_some()
    }

    /// Keeps what was found of a good key.
    pub fn put(&self, key: Digest, found: T, now: Timestamp) {
        self.found.put(key, found, now);
        self.trusted.put(key, (), now);
    }

    /// Forgets a key.
    pub fn forget(&self, key: &Digest) {
        self.found.forget(key);
        self.trusted.forget(key);
    }
}

impl<T> fmt::Debug for Recall<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recall").field("most", &self.most).field("lifetime", &self.lifetime).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(n: u64) -> Digest {
        Digest::of(&n.to_be_bytes())
    }

    #[test]
    fn the_oldest_entry_makes_room_for_the_newest() {
        let memory = Recall::new(3, Duration::from_secs(20));
        for n in 0..5 {
            memory.put(key(n), n, Timestamp(n));
        }
        let known = |now| (0..5).filter_map(|n| memory.get(&key(n), Timestamp(now))).collect::<Vec<_>>();
        assert_eq!(known(5), [2, 3, 4]);
        memory.put(key(2), 7, Timestamp(6));
        memory.put(key(5), 5, Timestamp(7));
        assert_eq!(known(8), [7, 4], "what was put again is new");
        memory.forget(&key(4));
        assert_eq!(known(8), [7]);
        let state = memory.state.lock();
        assert_eq!((state.order.len(), state.known.len()), (2, 2));
    }

    #[test]
    fn entries_end() {
        let memory = Recall::new(3, Duration::from_secs(20));
        memory.put(key(1), (), Timestamp(0));
        assert!(memory.get(&key(1), Timestamp(19_999)).is_some());
        assert!(memory.get(&key(1), Timestamp(20_000)).is_none());
        memory.put(key(2), (), Timestamp(30_000));
        assert_eq!(memory.state.lock().known.len(), 1, "what has ended is not kept");
    }
}
