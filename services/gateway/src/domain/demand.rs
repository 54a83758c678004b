//! What the turns of a dispatcher can use. Pure.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Lane;

/// What a dispatcher's turns of one lane can use.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Demand {
    /// Turns that have a step granted or to grant.
    pub turns: u64,
    /// Steps that may be granted of them at once, those that are included; each turn as far as its
    /// tenant's limit lets it.
    pub steps: u64,
    /// The same, of those that can use about as many steps: at least 2 to the power of the key, and
    /// fewer than twice that. What a turn cannot use of its part is due to all others; where it
    /// were counted with its neighbours at the same dispatcher, these alone would get it. A gateway
    /// of an earlier release announces none.
    #[serde(default)]
    alike: BTreeMap<u32, Alike>,
}

/// Turns that can use about as many steps.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alike {
    /// How many.
    pub turns: u64,
    /// Steps of them all.
    pub steps: u64,
}

impl Demand {
    /// So many turns, of which each can use about as many of the `steps` as any other.
    #[must_use]
    pub const fn even(turns: u64, steps: u64) -> Self {
        Self { turns, steps, alike: BTreeMap::new() }
    }

    /// Adds a turn that can use so many steps.
    pub fn add(&mut self, steps: u64) {
        self.turns += 1;
        self.steps += steps;
        let alike = self.alike.entry(steps.checked_ilog2().unwrap_or(0)).or_default();
        alike.turns += 1;
        alike.steps += steps;
    }
}

/// What a dispatcher's turns of one service can use, by lane.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Demands(pub BTreeMap<Lane, Demand>);

impl Demands {
    /// Whether its turns can use nothing.
    #[must_use]
    pub fn is_none(&self) -> bool {
        self.0.values().all(|demand| demand.steps == 0)
    }

    /// What they can use in all, in steps.
    #[must_use]
    pub fn steps(&self) -> u64 {
        self.0.values().map(|demand| demand.steps).sum()
    }

    /// What those of one lane can use, in steps.
    pub(super) fn steps_of(&self, lane: Lane) -> u64 {
        self.0.get(&lane).map_or(0, |demand| demand.steps)
    }

    /// The turns of one lane, those together that can use about as many steps.
    pub(super) fn alike(&self, lane: Lane) -> Vec<Alike> {
        let Some(Demand { turns, steps, alike }) = self.0.get(&lane) else { return Vec::new() };
        if alike.is_empty() { vec![Alike { turns: *turns, steps: *steps }] } else { alike.values().copied().collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_that_can_use_about_as_many_steps_are_counted_together() {
        let mut demand = Demand::default();
        for steps in [1, 4, 7, 8, 64] {
            demand.add(steps);
        }
        assert_eq!((demand.turns, demand.steps), (5, 84));
        let demands = Demands(BTreeMap::from([(Lane::Bulk, demand)]));
        let alike: Vec<_> = demands.alike(Lane::Bulk).iter().map(|alike| (alike.turns, alike.steps)).collect();
        assert_eq!(alike, [(1, 1), (2, 11), (1, 8), (1, 64)]);
        assert_eq!((demands.steps_of(Lane::Bulk), demands.steps_of(Lane::Standard)), (84, 0));
        assert!(demands.alike(Lane::Standard).is_empty());
    }

    /// Gateways of two releases live side by side.
    #[test]
    fn what_an_earlier_release_announces_is_read() {
        let told: Demands = serde_json::from_str(r#"{"standard":{"turns":3,"steps":12}}"#).expect("demands");
        assert_eq!(told, Demands(BTreeMap::from([(Lane::Standard, Demand::even(3, 12))])));
        assert_eq!(told.alike(Lane::Standard), [Alike { turns: 3, steps: 12 }]);
        let mut demand = Demand::default();
        demand.add(5);
        let ours = Demands(BTreeMap::from([(Lane::Standard, demand)]));
        let text = serde_json::to_string(&ours).expect("encoded");
        assert_eq!(text, r#"{"standard":{"turns":1,"steps":5,"alike":{"2":{"turns":1,"steps":5}}}}"#);
        assert_eq!(serde_json::from_str::<Demands>(&text).expect("demands"), ours);
    }
}
