//! What one seed stands for: the orders of a world and everything that goes wrong in it, drawn
//! before it begins.

use std::collections::BTreeMap;
use std::time::Duration;

use lectern_core::Random;
use lectern_core::id::{DocumentId, NarrationId, ScopeId, StepId, StepKind, TenantId};
use lectern_core::keys::TenantSecret;
use lectern_core::random::SeededRandom;
use lectern_queue::Faults;

use crate::observer::MASTER;
use crate::process::Weather;

/// The script engine of the simulated installation.
pub const SCRIPT_ENGINE: &str = "sim";
/// Its speech engine.
pub const SPEECH_ENGINE: &str = "tone";
/// Processes, in the order that [`Crash`] and [`Stop`] count them: two gateways, then two of each
/// stage.
pub const PROCESSES: usize = 8;

/// How far a clock is wrong at most, in milliseconds.
pub const MOST_SKEW: u64 = 2_000;

/// How a step is poisoned, in the first run of its narration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Poison {
    /// The handler panics.
    Panics,
    /// It ends its process.
    Kills,
    /// Its command arrives damaged.
    Damaged,
    /// It fails for good.
    Fails,
}

/// One order of a caller.
#[derive(Debug, Clone)]
pub struct Order {
    /// The id of its request.
    pub request: String,
    /// The id that follows from it.
    pub narration: NarrationId,
    /// Who orders.
    pub tenant: TenantId,
    /// Of what; the scope of its objects is named alike.
    pub document: DocumentId,
    /// By its number in the public API.
    pub lane: i32,
    /// Sections of its script.
    pub sections: u32,
    /// When it is ordered.
    pub at: Duration,
    /// How long after that it is cancelled, if it is.
    pub cancel: Option<Duration>,
    /// How long after that it is deleted, if it is.
    pub delete: Option<Duration>,
    /// Its time limit.
    pub limit: Option<Duration>,
    /// Which of its steps is poison.
    pub poison: Option<(Poison, StepKind)>,
    /// Whether the caller retries what failed for good.
    pub retry: bool,
    /// Whether its commands are of the newer release, where the gateway is.
    pub newer: bool,
}

/// A process dies at a call.
#[derive(Debug, Clone, Copy)]
pub struct Crash {
    /// When the fuse is lit.
    pub at: Duration,
    /// Which process.
    pub process: usize,
    /// How many calls later.
    pub calls: u64,
    /// After the call's effect, or before it.
    pub after: bool,
}

/// A process stands still.
#[derive(Debug, Clone, Copy)]
pub struct Stop {
    /// From when.
    pub at: Duration,
    /// Which process.
    pub process: usize,
    /// For how long.
    pub length: Duration,
}

/// An engine is down.
#[derive(Debug, Clone, Copy)]
pub struct Outage {
    /// Which engine.
    pub engine: &'static str,
    /// From when.
    pub from: Duration,
    /// Until when.
    pub until: Duration,
    /// Whether it limits its callers and names a time, rather than failing.
    pub limits: bool,
}

/// An operator holds something up.
#[derive(Debug, Clone, Copy)]
pub struct Hold {
    /// What: a stage, the speech engine, or the first tenant, by a pause or by suspending it.
    pub what: u64,
    /// From when.
    pub from: Duration,
    /// Until when.
    pub until: Duration,
}

/// Everything that is drawn for a world.
#[derive(Debug)]
pub struct Plan {
    /// The seed.
    pub seed: u64,
    /// The callers' orders.
    pub orders: Vec<Order>,
    /// The tenants.
    pub tenants: Vec<TenantId>,
    /// How the queue misbehaves.
    pub queue: Faults,
    /// How calls of ports go wrong.
    pub weather: Weather,
    /// Crashes, in order.
    pub crashes: Vec<Crash>,
    /// Stops, in order.
    pub stops: Vec<Stop>,
    /// When every stream is lost.
    pub wipes: Vec<Duration>,
    /// When engines are down.
    pub outages: Vec<Outage>,
    /// What an operator holds up.
    pub hold: Option<Hold>,
    /// When faults end.
    pub heals: Duration,
    /// How far the clock of each process is ahead, in milliseconds.
    pub skews: [i64; PROCESSES],
    /// The longest engine call.
    pub engine: Duration,
    by_narration: BTreeMap<NarrationId, usize>,
}

/// Draws from a seed.
struct Draw(SeededRandom);

impl Draw {
    fn below(&self, bound: u64) -> u64 {
        self.0.below(bound)
    }

    fn one_in(&self, n: u64) -> bool {
        self.below(n) == 0
    }

    /// Between two numbers of milliseconds.
    fn millis(&self, from: u64, to: u64) -> Duration {
        Duration::from_millis(from + self.below(to - from))
    }

    fn index(&self, bound: usize) -> usize {
        usize::try_from(self.below(bound as u64)).unwrap_or_default()
    }

    fn thousandths(&self, most: u64) -> u16 {
        // Half of all worlds have none of a sort, so that sorts are also seen alone.
        if self.one_in(2) { 0 } else { u16::try_from(self.below(most)).unwrap_or_default() }
    }
}

impl Plan {
    /// The plan of `seed`.
    pub fn new(seed: u64) -> Self {
        let draw = Draw(SeededRandom::new(seed));
        let heals = draw.millis(20_000, 60_000);
        let last = u64::try_from(heals.as_millis()).unwrap_or(20_000);
        let ids = (0..2 + draw.below(2)).filter_map(|index| format!("tenant-{index}").parse().ok());
        let tenants: Vec<TenantId> = ids.collect();
        let orders: Vec<Order> =
            (0..3 + draw.below(6)).filter_map(|index| order(&draw, index, &tenants, last)).collect();
        let by_narration = orders.iter().enumerate().map(|(index, order)| (order.narration.clone(), index)).collect();
        let queue = Faults {
            lose: draw.thousandths(120),
            duplicate: draw.thousandths(120),
            reorder: draw.thousandths(300),
            delay: draw.thousandths(200),
            lose_acks: draw.thousandths(120),
            longest_delay: draw.millis(100, 20_000),
        };
        let weather = Weather {
            refused: u64::from(draw.thousandths(25)),
            ambiguous: u64::from(draw.thousandths(25)),
            slow: u64::from(draw.thousandths(15)),
        };
        let (crashes, stops) = crashes(&draw, last);
        let wipes = (0..draw.below(3)).map(|_| draw.millis(1_000, last)).collect();
        let outages = (0..draw.below(3))
            .map(|_| {
                let from = draw.millis(0, last);
                let engine = if draw.one_in(2) { SCRIPT_ENGINE } else { SPEECH_ENGINE };
                Outage { engine, from, until: (from + draw.millis(500, 20_000)).min(heals), limits: draw.one_in(3) }
            })
            .collect();
        let hold = draw.one_in(4).then(|| {
            let from = draw.millis(0, last / 2);
            Hold { what: draw.below(6), from, until: (from + draw.millis(1_000, 20_000)).min(heals) }
        });
        let mut skews = [0; PROCESSES];
        for skew in &mut skews {
            let ahead = i64::try_from(draw.below(2 * MOST_SKEW + 1)).unwrap_or_default();
            *skew = ahead - i64::try_from(MOST_SKEW).unwrap_or_default();
        }
        let engine = draw.millis(50, 3_000);
        Self {
            seed,
            orders,
            tenants,
            queue,
            weather,
            crashes,
            stops,
            wipes,
            outages,
            hold,
            heals,
            skews,
            engine,
            by_narration,
        }
    }

    /// The order that a step belongs to.
    pub fn order(&self, narration: &NarrationId) -> Option<&Order> {
        self.orders.get(*self.by_narration.get(narration)?)
    }

    /// What is wrong with a step's work.
    pub fn poison(&self, step: &StepId) -> Option<Poison> {
        let (poison, kind) = self.order(&step.narration)?.poison?;
        (step.run == 1 && step.kind == kind && step.index == 0).then_some(poison)
    }

    /// Whether the step's command is damaged on its way.
    pub fn damages(&self, step: &StepId) -> bool {
        self.poison(step) == Some(Poison::Damaged)
    }

    /// Whether the newer release writes the step's command in its own layout.
    pub fn newer(&self, step: &StepId) -> bool {
        self.order(&step.narration).is_some_and(|order| order.newer)
    }

    /// How long an engine is down still, at `now` after the start, and whether it says so.
    pub fn outage(&self, engine: &str, now: Duration) -> Option<&Outage> {
        self.outages.iter().find(|outage| outage.engine == engine && (outage.from..outage.until).contains(&now))
    }
}

fn order(draw: &Draw, index: u64, tenants: &[TenantId], last: u64) -> Option<Order> {
    let tenant = tenants.get(draw.index(tenants.len()))?.clone();
    let request = format!("request-{index}");
    let narration = NarrationId::of(&TenantSecret::derive(MASTER, &tenant).request(&request));
    let poison = draw.one_in(4).then(|| {
        let kinds = StepKind::ALL;
        // At most one order of a world ends processes, so that healthy steps do not lose leases
        // beyond their limit.
        let sorts = [Poison::Panics, Poison::Damaged, Poison::Fails, Poison::Kills];
        let sort = sorts[draw.index(if index == 0 { 4 } else { 3 })];
        (sort, kinds[draw.index(kinds.len())])
    });
    Some(Order {
        narration,
        document: format!("document-{index}").parse().ok()?,
        tenant,
        request,
        lane: i32::try_from(1 + draw.below(3)).unwrap_or(1),
        sections: u32::try_from(1 + draw.below(5)).unwrap_or(1),
        at: draw.millis(0, last / 2),
        cancel: draw.one_in(4).then(|| draw.millis(200, last / 2)),
        delete: draw.one_in(8).then(|| draw.millis(200, last / 2)),
        limit: draw.one_in(8).then(|| draw.millis(2_000, 40_000)),
        poison,
        retry: draw.one_in(2),
        newer: draw.one_in(3),
    })
}

/// Crashes and stops. A stage has at most two that may cost its steps a lease: with poison beside
/// them a healthy step then stays within the crashes that it may cause.
fn crashes(draw: &Draw, last: u64) -> (Vec<Crash>, Vec<Stop>) {
    let mut budget = [6, 2, 2, 2];
    let (mut crashes, mut stops) = (Vec::new(), Vec::new());
    for _ in 0..draw.below(9) {
        let process = draw.index(PROCESSES);
        let Some(left) = budget.get_mut(process / 2).filter(|left| **left > 0) else { continue };
        *left -= 1;
        let at = draw.millis(0, last);
        if draw.one_in(3) {
            stops.push(Stop { at, process, length: draw.millis(200, 45_000) });
        } else {
            crashes.push(Crash { at, process, calls: 1 + draw.below(60), after: draw.one_in(2) });
        }
    }
    crashes.sort_by_key(|crash| crash.at);
    stops.sort_by_key(|stop| stop.at);
    (crashes, stops)
}

/// The scope of a document's objects.
pub fn scope(document: &DocumentId) -> Option<ScopeId> {
    document.as_str().parse().ok()
}
