//! What one seed stands for: the orders of a world and everything that goes wrong in it, drawn
//! before it begins.

mod crowd;
mod draw;

use std::collections::BTreeMap;
use std::time::Duration;

use lectern_core::id::{DocumentId, NarrationId, ScopeId, Service, StepId, StepKind, TenantId};
use lectern_queue::Faults;

use crate::process::Weather;
use draw::Draw;

/// The script engine of the simulated installation.
pub const SCRIPT_ENGINE: &str = "sim";
/// Its speech engine.
pub const SPEECH_ENGINE: &str = "tone";
/// Processes, in the order that [`Crash`] and [`Stop`] count them: two gateways, two of each stage,
/// and a third gateway, which not every world has.
pub const PROCESSES: usize = 9;
/// The index of the third gateway.
pub const THIRD_GATEWAY: usize = 8;
/// Steps that one replica of a stage works on at once.
pub const PERMITS: usize = 2;

/// How far a clock is wrong at most, in milliseconds.
pub const MOST_SKEW: u64 = 2_000;
/// A clock that nobody compares is wrong by this much in the end: longer than any deadline that
/// callers did not set.
pub const RUNS_AWAY: i64 = 26 * 60 * 60 * 1_000;

/// One seed of so many is a crowd: many tenants with many orders, and nothing that breaks.
const CROWD_EVERY: u64 = 200;

/// What an index of a process stands for: a stage's service, or none for a gateway, and the number
/// of the replica.
pub const fn place(index: usize) -> (Option<Service>, usize) {
    match index {
        2 | 3 => (Some(Service::Ingest), index - 2),
        4 | 5 => (Some(Service::Ai), index - 4),
        6 | 7 => (Some(Service::Tts), index - 6),
        THIRD_GATEWAY => (None, 2),
        _ => (None, index),
    }
}

/// The place of a service's database among those of a world; the gateway's is the first.
pub const fn database(service: Option<Service>) -> usize {
    match service {
        None => 0,
        Some(Service::Ingest) => 1,
        Some(Service::Ai) => 2,
        Some(Service::Tts) => 3,
    }
}

/// A sort of world or of fault that a defect may need to show itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sort {
    /// Many tenants and many orders.
    Crowd,
    /// A request that is ordered again after its narration was deleted.
    Again,
    /// A consumer of the queue that forgets.
    Forgotten,
    /// Writes that land after their time-out.
    LateWrites,
    /// Reads that answer what was true a while ago.
    StaleReads,
    /// Clocks that drift.
    Drift,
    /// A database that is away for longer than a lease.
    Blackout,
    /// A writer that costs money.
    Paid,
}

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
    /// How long after its deletion the same request is made again, if it is.
    pub again: Option<Duration>,
    /// Its time limit.
    pub limit: Option<Duration>,
    /// Which of its steps is poison.
    pub poison: Option<(Poison, StepKind)>,
    /// Whether the caller retries what failed for good.
    pub retry: bool,
    /// Whether the caller does not wait for the end of faults with that.
    pub early: bool,
    /// Whether its commands are of the newer release, where the gateway is.
    pub newer: bool,
    /// Whether its first section takes long to write.
    pub long: bool,
    /// Whether its script waits until its caller approves it.
    pub held: bool,
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

/// A database is away.
#[derive(Debug, Clone, Copy)]
pub struct Blackout {
    /// Which: see [`database`].
    pub database: usize,
    /// From when.
    pub from: Duration,
    /// Until when.
    pub until: Duration,
}

/// A budget, and when it grows.
#[derive(Debug, Clone, Copy)]
pub struct Budget {
    /// Millionths of a US dollar: more than the most that one call can cost.
    pub month: u64,
    /// From when there is none any more.
    pub until: Duration,
}

/// A consumer of the queue is lost, and made anew.
#[derive(Debug, Clone, Copy)]
pub struct Forgets {
    /// When.
    pub at: Duration,
    /// Which.
    pub what: Forgotten,
}

/// What a consumer that is made anew does not know any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Forgotten {
    /// That commands of this service are being worked on: they are delivered anew, as if for the
    /// first time.
    Work(Service),
    /// Which events were taken: all that are kept come again.
    Taken,
    /// Which events were not taken yet: they are lost.
    News,
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
    /// When databases are away.
    pub blackouts: Vec<Blackout>,
    /// When consumers of the queue forget.
    pub forgets: Vec<Forgets>,
    /// What an operator holds up.
    pub hold: Option<Hold>,
    /// Whether many tenants have many orders.
    pub crowd: bool,
    /// Tenants that are suspended from the start until faults end; in a crowd alone.
    pub suspended: Vec<TenantId>,
    /// Tenants of which one step of a service is granted at once; in a crowd alone.
    pub limited: Vec<TenantId>,
    /// Gateways: two or three.
    pub gateways: usize,
    /// When faults end.
    pub heals: Duration,
    /// How far the clock of each process is ahead, in milliseconds: at the start, and when faults
    /// end. It drifts from the one to the other.
    pub skews: [(i64, i64); PROCESSES],
    /// The longest engine call.
    pub engine: Duration,
    /// Whether scripts are written by a writer that costs money.
    pub paid: bool,
    /// What each tenant may spend in a month, for a while.
    pub budget: Option<Budget>,
    by_narration: BTreeMap<NarrationId, usize>,
}

impl Plan {
    /// Whether the world of `seed` is a crowd.
    #[must_use]
    pub const fn is_crowd(seed: u64) -> bool {
        seed % CROWD_EVERY == CROWD_EVERY - 1
    }

    /// The plan of `seed`.
    pub fn new(seed: u64) -> Self {
        let draw = Draw::new(seed);
        if Self::is_crowd(seed) { Self::crowd(seed, &draw) } else { Self::faulty(seed, &draw) }
    }

    /// A few orders, and faults of many sorts.
    fn faulty(seed: u64, draw: &Draw) -> Self {
        let blackouts = draw.blackouts();
        let last_blackout = blackouts.iter().map(|blackout| blackout.until).max().unwrap_or_default();
        let heals = draw.millis(20_000, 60_000).max(last_blackout);
        let last = u64::try_from(heals.as_millis()).unwrap_or(20_000);
        let ids = (0..2 + draw.below(2)).filter_map(|index| format!("tenant-{index}").parse().ok());
        let tenants: Vec<TenantId> = ids.collect();
        let mut orders: Vec<Order> =
            (0..3 + draw.below(6)).filter_map(|index| draw.order(index, &tenants, last)).collect();
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
            late: u64::from(draw.thousandths(25)),
            stale: u64::from(draw.thousandths(300)),
        };
        let (crashes, stops) = draw.crashes(last);
        let wipes = (0..draw.below(3)).map(|_| draw.millis(1_000, last)).collect();
        let outages = draw.outages(last, heals);
        let hold = draw.hold(last, heals);
        let (forgets, gateways, skews) = (draw.forgets(last), draw.gateways(), draw.skews());
        let engine = draw.millis(50, 3_000);
        let (paid, budget) = draw.payments(last);
        // The last of all, so that what else a seed stands for is as it was.
        orders.iter_mut().for_each(|order| order.held = draw.one_in(5));
        Self {
            seed,
            by_narration: by_narration(&orders),
            orders,
            tenants,
            queue,
            weather,
            crashes,
            stops,
            wipes,
            outages,
            blackouts,
            forgets,
            hold,
            crowd: false,
            suspended: Vec::new(),
            limited: Vec::new(),
            gateways,
            heals,
            skews,
            engine,
            paid,
            budget,
        }
    }

    /// The same world without one sort of fault: what a defect does that needs it.
    #[must_use]
    pub fn without(mut self, sort: Sort) -> Self {
        match sort {
            // Another seed is another world.
            Sort::Crowd => {}
            Sort::Again => self.orders.iter_mut().for_each(|order| order.again = None),
            Sort::Forgotten => self.forgets.clear(),
            Sort::LateWrites => self.weather.late = 0,
            Sort::StaleReads => self.weather.stale = 0,
            Sort::Drift => self.skews.iter_mut().for_each(|(from, to)| *to = *from),
            Sort::Blackout => self.blackouts.clear(),
            Sort::Paid => (self.paid, self.budget) = (false, None),
        }
        self
    }

    /// Whether a database is away, at `now` after the start.
    pub fn is_away(&self, database: usize, now: Duration) -> bool {
        self.blackouts.iter().any(|away| away.database == database && (away.from..away.until).contains(&now))
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

    /// What each tenant may spend in a month, at `now` after the start; none for no limit.
    pub fn budget(&self, now: Duration) -> Option<u64> {
        self.budget.filter(|budget| now < budget.until).map(|budget| budget.month)
    }

    /// How long an engine is down still, at `now` after the start, and whether it says so.
    pub fn outage(&self, engine: &str, now: Duration) -> Option<&Outage> {
        self.outages.iter().find(|outage| outage.engine == engine && (outage.from..outage.until).contains(&now))
    }
}

fn by_narration(orders: &[Order]) -> BTreeMap<NarrationId, usize> {
    orders.iter().enumerate().map(|(index, order)| (order.narration.clone(), index)).collect()
}

/// The scope of a document's objects.
pub fn scope(document: &DocumentId) -> Option<ScopeId> {
    document.as_str().parse().ok()
}
