//! Whose turn it is among callers of `Synthesize`, before they wait for a core with the steps of
//! narrations: they never have all of them, and the tenants among them go in turns.

use lectern_core::id::TenantId;
use lectern_runtime::{Room, Share, Shares};

/// Calls of one tenant that may wait for their next piece to be spoken.
pub(super) const WAITING: usize = 64;

/// Gives a turn for each piece, not for a call: who does not read what was spoken keeps nobody
/// waiting.
#[derive(Debug, Clone)]
pub(super) struct Turns {
    /// One piece of each tenant goes on to the places; its others wait here, so that many calls of
    /// one tenant are not many turns.
    tenants: Shares,
    /// Pieces that wait for a core or are spoken.
    places: Shares,
}

/// The right of one piece to wait for a core. When it is dropped the place goes to the tenant who
/// waits longest, and only then does the tenant's own next piece ask for one.
#[derive(Debug)]
pub(super) struct PieceTurn {
    _place: Share,
    _tenant: Share,
}

impl Turns {
    /// Turns before so many cores: one fewer, and at least one. Where there is only one, callers
    /// and narrations take turns on it, since the next piece comes to it after it was passed on.
    pub(super) fn new(places: usize) -> Self {
        // The places bound how many tenants there are; here each of them may have one.
        let tenants = Room { total: usize::MAX, each: 1, waiting: WAITING };
        let places = Room { total: places.saturating_sub(1).max(1), each: 1, waiting: 1 };
        Self { tenants: Shares::new("tenants speaking", tenants), places: Shares::new("pieces spoken", places) }
    }

    /// The turn of a piece of `tenant`; `None` where as many of its calls wait as may.
    pub(super) async fn take(&self, tenant: &TenantId) -> Option<PieceTurn> {
        let own = self.tenants.take(tenant, 1).await?;
        let place = self.places.take(tenant, 1).await?;
        Some(PieceTurn { _place: place, _tenant: own })
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;

    use super::*;

    fn tenant(id: &str) -> TenantId {
        id.parse().unwrap()
    }

    #[tokio::test]
    async fn tenants_go_in_turns_whoever_has_more_calls() {
        let turns = Turns::new(2);
        let (many, one) = (tenant("many"), tenant("one"));
        let first = turns.take(&many).await.expect("the only place");
        let mut more: Vec<_> = (0..3).map(|_| Box::pin(turns.take(&many))).collect();
        assert!(more.iter_mut().all(|turn| turn.now_or_never().is_none()));
        let mut other = Box::pin(turns.take(&one));
        assert!((&mut other).now_or_never().is_none());
        drop(first);
        assert!(more.iter_mut().all(|turn| turn.now_or_never().is_none()), "they came first and are not next");
        let other = other.now_or_never().expect("its turn").expect("a place");
        assert!(more.iter_mut().all(|turn| turn.now_or_never().is_none()));
        drop(other);
        let next: Vec<_> = more.iter_mut().filter_map(|turn| turn.now_or_never()).collect();
        assert_eq!(next.iter().filter(|turn| turn.is_some()).count(), 1);
    }

    #[tokio::test]
    async fn callers_have_all_places_but_one_and_a_tenant_has_one() {
        let turns = Turns::new(3);
        let one = tenant("one");
        let held = [turns.take(&one).await, turns.take(&tenant("two")).await];
        assert!(held.iter().all(Option::is_some));
        let three = tenant("three");
        let mut third = Box::pin(turns.take(&three));
        assert!((&mut third).now_or_never().is_none());
        let mut waiting: Vec<_> = (0..WAITING).map(|_| Box::pin(turns.take(&one))).collect();
        assert!(waiting.iter_mut().all(|turn| turn.now_or_never().is_none()));
        assert!(turns.take(&one).await.is_none(), "as many wait as may");
        drop(waiting);
        drop(held);
        assert!(third.now_or_never().expect("its turn").is_some());
    }
}
