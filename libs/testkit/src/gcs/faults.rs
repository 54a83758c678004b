//! What goes wrong, by name: with a share of the requests that it fits, or for the next few.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

/// What may go wrong. Each fits some requests only, and all but [`Self::StoredShort`] leave an
/// object whole or not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum GcsFault {
    /// Any request takes longer, by [`GcsFaults::set_slowness`].
    Slow,
    /// Any request is answered with 429 (`RESOURCE_EXHAUSTED`) and nothing is done.
    RefuseTooMany,
    /// Any request is answered with 503 (`UNAVAILABLE`) and nothing is done.
    RefuseUnavailable,
    /// What changes something is done, and the connection breaks within the answer.
    LostAnswer,
    /// What changes something is done, and the answer is 503.
    LateRefusal,
    /// The session of a resumable upload is gone: 404, and 410 when it is asked again.
    LostSession,
    /// Of a chunk that is not the last, only the first 256 KiB are kept.
    PartialChunk,
    /// Of a chunk that is not the last nothing is kept: 308 without `Range`, when it is the first.
    NothingStored,
    /// An upload ends well, and only the first half of what came is stored, with the checksum of
    /// that half.
    StoredShort,
    /// A download breaks off in its middle.
    CutDownload,
    /// A request is accepted and never answered, until the client gives up.
    Hang,
}

impl GcsFault {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Slow,
        Self::RefuseTooMany,
        Self::RefuseUnavailable,
        Self::LostAnswer,
        Self::LateRefusal,
        Self::LostSession,
        Self::PartialChunk,
        Self::NothingStored,
        Self::StoredShort,
        Self::CutDownload,
        Self::Hang,
    ];
}

/// Switches for [`GcsFault`]s. Clones switch the same.
#[derive(Debug, Clone, Default)]
pub struct GcsFaults(Arc<Mutex<Switches>>);

#[derive(Debug)]
struct Switches {
    shares: BTreeMap<GcsFault, f64>,
    next: BTreeMap<GcsFault, u32>,
    after: BTreeMap<GcsFault, (GcsFault, u32)>,
    hits: BTreeMap<GcsFault, u64>,
    slowness: Duration,
    random: u64,
}

impl Default for Switches {
    fn default() -> Self {
        Self {
            shares: BTreeMap::new(),
            next: BTreeMap::new(),
            after: BTreeMap::new(),
            hits: BTreeMap::new(),
            slowness: Duration::from_millis(300),
            random: 0x9e37_79b9_7f4a_7c15,
        }
    }
}

impl GcsFaults {
    fn with<T>(&self, work: impl FnOnce(&mut Switches) -> T) -> T {
        work(&mut self.0.lock())
    }

    /// Strikes this share, from 0 to 1, of the requests that it fits.
    pub fn set(&self, fault: GcsFault, share: f64) {
        self.with(|switches| switches.shares.insert(fault, share));
    }

    /// Strikes the next `count` requests that it fits.
    pub fn strike(&self, fault: GcsFault, count: u32) {
        self.with(|switches| switches.next.insert(fault, count));
    }

    /// Strikes the next `count` requests that `then` fits, once `first` has struck.
    pub fn strike_after(&self, first: GcsFault, then: GcsFault, count: u32) {
        self.with(|switches| switches.after.insert(first, (then, count)));
    }

    /// By how much [`GcsFault::Slow`] delays; 300 ms at first.
    pub fn set_slowness(&self, by: Duration) {
        self.with(|switches| switches.slowness = by);
    }

    /// Ends all faults; how often each struck stays known.
    pub fn clear(&self) {
        self.with(|switches| {
            switches.shares.clear();
            switches.next.clear();
            switches.after.clear();
        });
    }

    /// How often it struck so far.
    #[must_use]
    pub fn hits(&self, fault: GcsFault) -> u64 {
        self.with(|switches| switches.hits.get(&fault).copied().unwrap_or(0))
    }

    /// Whether it strikes now.
    pub(super) fn strikes(&self, fault: GcsFault) -> bool {
        self.with(|switches| {
            let strikes = match switches.next.get_mut(&fault) {
                Some(left) if *left > 0 => {
                    *left -= 1;
                    true
                }
                Some(_) | None => {
                    let share = switches.shares.get(&fault).copied().unwrap_or(0.0);
                    share > 0.0 && switches.draw() < share
                }
            };
            if strikes {
                *switches.hits.entry(fault).or_default() += 1;
                if let Some((then, count)) = switches.after.remove(&fault) {
                    switches.next.insert(then, count);
                }
            }
            strikes
        })
    }

    pub(super) fn slowness(&self) -> Duration {
        self.with(|switches| switches.slowness)
    }
}

impl Switches {
    /// A number from 0 to 1: xorshift, since nothing here must be unpredictable.
    fn draw(&mut self) -> f64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        #[allow(clippy::cast_precision_loss, reason = "53 bits fit")]
        let drawn = (self.random >> 11) as f64 / (1_u64 << 53) as f64;
        drawn
    }
}
