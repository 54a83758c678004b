//! Draws what goes wrong in a world from its seed.

use std::time::Duration;

use lectern_core::Random;
use lectern_core::id::{NarrationId, Service, StepKind, TenantId};
use lectern_core::keys::TenantSecret;
use lectern_core::random::SeededRandom;

use super::{
    Blackout, Budget, Crash, Forgets, Forgotten, Hold, MOST_SKEW, Order, Outage, PROCESSES, Poison, SCRIPT_ENGINE,
    SPEECH_ENGINE, Stop, THIRD_GATEWAY,
};
use crate::observer::MASTER;

/// The least budget, in millionths of a US dollar: a little more than the most that a call of the
/// paid writer can cost.
const LEAST_BUDGET: u64 = 2_400;

/// Draws from a seed.
pub(super) struct Draw(SeededRandom);

impl Draw {
    pub(super) fn new(seed: u64) -> Self {
        Self(SeededRandom::new(seed))
    }

    pub(super) fn below(&self, bound: u64) -> u64 {
        self.0.below(bound)
    }

    pub(super) fn one_in(&self, n: u64) -> bool {
        self.below(n) == 0
    }

    /// Between two numbers of milliseconds.
    pub(super) fn millis(&self, from: u64, to: u64) -> Duration {
        Duration::from_millis(from + self.below(to - from))
    }

    pub(super) fn index(&self, bound: usize) -> usize {
        usize::try_from(self.below(bound as u64)).unwrap_or_default()
    }

    pub(super) fn thousandths(&self, most: u64) -> u16 {
        // Half of all worlds have none of a sort, so that sorts are also seen alone.
        if self.one_in(2) { 0 } else { u16::try_from(self.below(most)).unwrap_or_default() }
    }

    /// Two gateways, and in every fourth world a third.
    pub(super) fn gateways(&self) -> usize {
        if self.one_in(4) { 3 } else { 2 }
    }

    /// Where each clock begins and ends.
    pub(super) fn skews(&self) -> [(i64, i64); PROCESSES] {
        let skew = || {
            let ahead = i64::try_from(self.below(2 * MOST_SKEW + 1)).unwrap_or_default();
            ahead - i64::try_from(MOST_SKEW).unwrap_or_default()
        };
        let mut skews = [(0, 0); PROCESSES];
        for place in &mut skews {
            *place = (skew(), skew());
        }
        skews
    }

    pub(super) fn order(&self, index: u64, tenants: &[TenantId], last: u64) -> Option<Order> {
        let tenant = tenants.get(self.index(tenants.len()))?.clone();
        let request = format!("request-{index}");
        let narration = NarrationId::of(&TenantSecret::derive(MASTER, &tenant).request(&request));
        let poison = self.one_in(4).then(|| {
            let kinds = StepKind::ALL;
            // At most one order of a world ends processes, so that healthy steps do not lose leases
            // beyond their limit.
            let sorts = [Poison::Panics, Poison::Damaged, Poison::Fails, Poison::Kills];
            let sort = sorts[self.index(if index == 0 { 4 } else { 3 })];
            (sort, kinds[self.index(kinds.len())])
        });
        let delete = self.one_in(5).then(|| self.millis(200, last / 2));
        Some(Order {
            narration,
            document: format!("document-{index}").parse().ok()?,
            tenant,
            request,
            lane: i32::try_from(1 + self.below(3)).unwrap_or(1),
            sections: u32::try_from(1 + self.below(5)).unwrap_or(1),
            at: self.millis(0, last / 2),
            cancel: self.one_in(4).then(|| self.millis(200, last / 2)),
            delete,
            // At once, while the stages are still being told, or a little later.
            again: delete.filter(|_| !self.one_in(3)).map(|_| self.millis(0, 3_000)),
            limit: self.one_in(8).then(|| self.millis(2_000, 40_000)),
            poison,
            retry: self.one_in(2),
            early: self.one_in(3),
            newer: self.one_in(3),
            long: self.one_in(4),
            held: false,
        })
    }

    /// Crashes and stops. A stage has at most two that may cost its steps a lease: with poison
    /// beside them a healthy step then stays within the crashes that it may cause.
    pub(super) fn crashes(&self, last: u64) -> (Vec<Crash>, Vec<Stop>) {
        let mut budget = [6, 2, 2, 2];
        let (mut crashes, mut stops) = (Vec::new(), Vec::new());
        for _ in 0..self.below(9) {
            let process = self.index(PROCESSES);
            let of = if process == THIRD_GATEWAY { 0 } else { process / 2 };
            let Some(left) = budget.get_mut(of).filter(|left| **left > 0) else { continue };
            *left -= 1;
            let at = self.millis(0, last);
            if self.one_in(3) {
                stops.push(Stop { at, process, length: self.millis(200, 45_000) });
            } else {
                crashes.push(Crash { at, process, calls: 1 + self.below(60), after: self.one_in(2) });
            }
        }
        crashes.sort_by_key(|crash| crash.at);
        stops.sort_by_key(|stop| stop.at);
        (crashes, stops)
    }

    pub(super) fn outages(&self, last: u64, heals: Duration) -> Vec<Outage> {
        let outage = |_| {
            let from = self.millis(0, last);
            let engine = if self.one_in(2) { SCRIPT_ENGINE } else { SPEECH_ENGINE };
            Outage { engine, from, until: (from + self.millis(500, 20_000)).min(heals), limits: self.one_in(3) }
        };
        (0..self.below(3)).map(outage).collect()
    }

    pub(super) fn hold(&self, last: u64, heals: Duration) -> Option<Hold> {
        self.one_in(4).then(|| {
            let from = self.millis(0, last / 2);
            Hold { what: self.below(6), from, until: (from + self.millis(1_000, 20_000)).min(heals) }
        })
    }

    /// In every fourth world one database is away, for longer than a lease lasts.
    pub(super) fn blackouts(&self) -> Vec<Blackout> {
        let blackout = || {
            let from = self.millis(2_000, 15_000);
            Blackout { database: self.index(4), from, until: from + self.millis(18_000, 45_000) }
        };
        self.one_in(4).then(blackout).into_iter().collect()
    }

    /// In every second world scripts cost money, and in every second one of these there is less of
    /// it than all of them cost: a call or two at once, and some in all.
    pub(super) fn payments(&self, last: u64) -> (bool, Option<Budget>) {
        let paid = self.one_in(2);
        let budget = || Budget { month: LEAST_BUDGET + self.below(LEAST_BUDGET), until: self.millis(5_000, last) };
        (paid, (paid && self.one_in(2)).then(budget))
    }

    /// In every second world one or two consumers forget.
    pub(super) fn forgets(&self, last: u64) -> Vec<Forgets> {
        let most = if self.one_in(2) { 2 } else { 0 };
        let forgets = |_| {
            let what = match self.below(4) {
                0 => Forgotten::Work(Service::ALL[self.index(Service::ALL.len())]),
                1 => Forgotten::News,
                _ => Forgotten::Taken,
            };
            Forgets { at: self.millis(1_000, last), what }
        };
        (0..most).map(forgets).collect()
    }
}
