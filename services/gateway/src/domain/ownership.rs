//! Which gateway looks after which tenants. Pure: whoever knows the same gateways comes to the same
//! answer, so nobody hands anything out.
//!
//! Rendezvous hashing (Thaler and Ravishankar, 1998): each shard is of the dispatcher with the
//! highest score for it. Where one comes or goes, only the shards that it gets or had move.

use std::collections::BTreeSet;

use lectern_core::{Digest, Random};
use serde::{Deserialize, Serialize};

use super::Shard;

/// Steps at once that one dispatcher is to be there for, more or less. With fewer dispatchers each
/// sees more of the whole, and with one the order of all turns is exact.
const STEPS_A_DISPATCHER: usize = 32;

/// One gateway process, from its start to its end: 32 hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct GatewayId(String);

impl GatewayId {
    /// A new id of 128 random bits.
    pub fn random(random: &dyn Random) -> Self {
        Self(format!("{:016x}{:016x}", random.next(), random.next()))
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What its scores are made from.
    fn seed(&self) -> u64 {
        Digest::of(self.0.as_bytes()).seed()
    }
}

/// Who dispatches, and who owns which shard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ownership {
    /// By id.
    dispatchers: Vec<GatewayId>,
    /// For each shard the place of its owner in `dispatchers`.
    owners: Vec<usize>,
}

impl Ownership {
    /// What follows where these gateways live and at most `limit` steps of a service are granted at
    /// once.
    #[must_use]
    pub fn of(gateways: &BTreeSet<GatewayId>, limit: usize) -> Self {
        let count = limit.div_ceil(STEPS_A_DISPATCHER).max(1);
        let mut by_score: Vec<(u64, &GatewayId)> = gateways.iter().map(|id| (mixed(id.seed()), id)).collect();
        by_score.sort_unstable();
        let highest = by_score.into_iter().rev().take(count);
        let mut dispatchers: Vec<GatewayId> = highest.map(|(_, id)| id.clone()).collect();
        dispatchers.sort_unstable();
        let seeds: Vec<u64> = dispatchers.iter().map(GatewayId::seed).collect();
        let owners = Shard::all().map(|shard| winner(shard, &seeds)).collect();
        Self { dispatchers, owners }
    }

    /// The gateways that dispatch, by id.
    #[must_use]
    pub fn dispatchers(&self) -> &[GatewayId] {
        &self.dispatchers
    }

    /// Who looks after a shard; none where no gateway lives.
    #[must_use]
    pub fn owner(&self, shard: Shard) -> Option<&GatewayId> {
        let place = self.owners.get(usize::from(shard.number()))?;
        self.dispatchers.get(*place)
    }

    /// The shards that a gateway looks after.
    #[must_use]
    pub fn shards_of(&self, gateway: &GatewayId) -> BTreeSet<Shard> {
        Shard::all().filter(|shard| self.owner(*shard) == Some(gateway)).collect()
    }
}

/// The place of the highest score for a shard.
fn winner(shard: Shard, seeds: &[u64]) -> usize {
    let score = |seed: u64| mixed(seed ^ mixed(u64::from(shard.number()) + 1));
    let scores = seeds.iter().enumerate().map(|(place, seed)| (score(*seed), place));
    scores.max().map_or(0, |(_, place)| place)
}

/// Each bit of the result depends on every bit of `x` (the finaliser of SplitMix64: Steele, Lea and
/// Flood, 2014).
const fn mixed(x: u64) -> u64 {
    let x = x.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

#[cfg(test)]
mod tests {
    use lectern_core::random::SeededRandom;

    use super::*;

    fn gateways(count: usize) -> BTreeSet<GatewayId> {
        let random = SeededRandom::new(7);
        (0..count).map(|_| GatewayId::random(&random)).collect()
    }

    #[test]
    fn there_are_as_many_dispatchers_as_the_capacity_needs_and_gateways_live() {
        let cases = [(0, 5, 0), (1, 10_000, 1), (5, 5, 1), (5, 32, 1), (5, 33, 2), (100, 10_001, 100)];
        for (live, limit, dispatchers) in cases {
            let ownership = Ownership::of(&gateways(live), limit);
            assert_eq!(ownership.dispatchers().len(), dispatchers, "{live} gateways, {limit} steps");
            let owned = Shard::all().filter(|shard| ownership.owner(*shard).is_some()).count();
            assert_eq!(owned, if live == 0 { 0 } else { usize::from(Shard::COUNT) });
        }
    }

    /// Gateways of two builds live side by side, and must agree who owns what.
    #[test]
    fn owners_are_the_same_in_every_build() {
        // The first numbers of SplitMix64 from the seeds 0 and 1 (Vigna's reference code).
        assert_eq!((mixed(0), mixed(1)), (0xe220_a839_7b1d_cdaf, 0x910a_2dec_8902_5cc1));
        let ids: BTreeSet<GatewayId> = ["a", "b", "c"].map(|id| GatewayId(id.to_owned())).into();
        let ownership = Ownership::of(&ids, 10_000);
        let owners = Shard::all().filter_map(|shard| ownership.owner(shard)).map(GatewayId::as_str);
        assert_eq!(
            Digest::of(owners.collect::<String>().as_bytes()).to_string(),
            "16cfd00abd323bd09d9ecbbefff8846cc891d4f4809a2dcefe3bc739f4199c4d"
        );
    }

    #[test]
    fn every_shard_has_one_owner_and_all_have_about_as_many() {
        let all = gateways(10);
        let ownership = Ownership::of(&all, 10_000);
        let counts: Vec<usize> = all.iter().map(|id| ownership.shards_of(id).len()).collect();
        assert_eq!(counts.iter().sum::<usize>(), usize::from(Shard::COUNT));
        assert!(counts.iter().all(|count| (60..=150).contains(count)), "{counts:?}");
    }

    #[test]
    fn where_a_gateway_goes_only_its_shards_move() {
        let all = gateways(10);
        for gone in &all {
            let mut left = all.clone();
            left.remove(gone);
            let (before, after) = (Ownership::of(&all, 10_000), Ownership::of(&left, 10_000));
            for shard in Shard::all().filter(|shard| before.owner(*shard) != Some(gone)) {
                assert_eq!(before.owner(shard), after.owner(shard));
            }
        }
    }

    /// With fewer dispatchers than gateways, too: who is chosen depends on nobody else.
    #[test]
    fn a_gateway_that_does_not_dispatch_moves_nothing_when_it_goes() {
        let all = gateways(10);
        let before = Ownership::of(&all, 64);
        assert_eq!(before.dispatchers().len(), 2);
        for gone in all.iter().filter(|id| !before.dispatchers().contains(id)) {
            let mut left = all.clone();
            left.remove(gone);
            assert_eq!(Ownership::of(&left, 64), before);
        }
    }
}
