//! What must always hold, checked at every effect on a store, the queue and object storage:
//! invariants I2 to I8, I10, and I13 to I16. I1, I12 and I17 are for the end of a world, I11 for
//! crowds.

mod changes;
mod deliveries;
mod money;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use lectern_core::id::{StepId, TenantId};
use lectern_gateway::domain::Narration;
use parking_lot::Mutex;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::holds::Holds;
use crate::plan::Plan;
use crate::trace::Trace;
pub use changes::Records;
use deliveries::Deliveries;
use money::Money;
pub use money::{Bought, INPUT};

/// A crash that is counted so long after a database came back is blamed on its being away.
const BLAMED: Duration = Duration::from_secs(30);

/// The secret of the simulated installation.
pub const MASTER: &[u8] = b"the secret of a simulated installation";

/// An invariant that does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// `I1` to `I17`, or `defect` for what should never happen at all.
    pub invariant: &'static str,
    /// What was seen.
    pub what: String,
}

/// Sees every effect.
#[derive(Debug)]
pub struct Observer {
    trace: Arc<Trace>,
    plan: Arc<Plan>,
    /// Fires at the first violation.
    pub violated: CancellationToken,
    start: Instant,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    violation: Option<Violation>,
    /// Counts effects and the beginnings of reads, to order them.
    moment: u64,
    /// When an object became durable.
    objects: BTreeMap<String, u64>,
    erased: BTreeSet<String>,
    /// The files of narrations that succeeded and are not deleted, and whose they are.
    kept: BTreeMap<String, String>,
    /// Processes that died, stood still, or have a clock of their own: what they hold may be taken
    /// from them.
    suspects: BTreeSet<String>,
    /// When a process last looked for an object.
    looked: BTreeMap<(String, String), u64>,
    cut_short: BTreeSet<String>,
    tenants: BTreeMap<String, TenantId>,
    buried: BTreeSet<StepId>,
    /// The objects that a step makes.
    makes: BTreeMap<StepId, Vec<String>>,
    failed_attempts: BTreeMap<StepId, u32>,
    /// Narrations of which an audit record says that they are deleted, by their names, until they
    /// are.
    deletions: BTreeSet<String>,
    holds: Holds,
    deliveries: Deliveries,
    /// What was bought of the paid writer's model.
    money: Money,
    /// Steps whose records say that they ended.
    ended: BTreeSet<StepId>,
    done: u64,
}

impl Observer {
    /// An observer of a world in which nothing has happened; `tenants` owns which scope.
    pub fn new(trace: Arc<Trace>, plan: Arc<Plan>, tenants: BTreeMap<String, TenantId>) -> Self {
        let state = State { tenants, ..State::default() };
        let (violated, start) = (CancellationToken::new(), Instant::now());
        Self { trace, plan, violated, start, state: Mutex::new(state) }
    }

    /// Notes that an invariant does not hold. The first one counts.
    pub fn violate(&self, invariant: &'static str, what: String) {
        self.trace.note("observer", format_args!("{invariant} VIOLATED: {what}"));
        self.state.lock().violation.get_or_insert(Violation { invariant, what });
        self.violated.cancel();
    }

    /// The first violation.
    pub fn violation(&self) -> Option<Violation> {
        self.state.lock().violation.clone()
    }

    /// Steps that were committed as done.
    pub fn done(&self) -> u64 {
        self.state.lock().done
    }

    /// A process looks for an object.
    pub fn looked(&self, process: &str, path: &str) {
        let mut state = self.state.lock();
        let moment = state.tick();
        state.looked.insert((process.to_owned(), path.to_owned()), moment);
    }

    /// A process begins to read records: a moment that comes after every effect so far.
    pub fn begins(&self) -> u64 {
        self.state.lock().tick()
    }

    /// A process has the answer of a read of this collection that began in the moment `began`.
    pub fn has_read(&self, process: &str, collection: &str, began: u64) {
        self.state.lock().holds.read(process, collection, began);
    }

    /// A process died or stands still: what it holds may be taken over.
    pub fn suspect(&self, process: &str) {
        self.state.lock().suspects.insert(process.to_owned());
    }

    /// A read of an object was cut short, which fails the step that read it.
    pub fn cut_short(&self, path: &str) {
        self.state.lock().cut_short.insert(scope_of(path));
    }

    /// Whether a read in this scope was ever cut short.
    pub fn was_cut_short(&self, tenant: &TenantId, scope: &str) -> bool {
        self.state.lock().cut_short.contains(&format!("{tenant}/{scope}"))
    }

    /// An object is durable.
    pub fn stored(&self, path: &str) {
        let mut state = self.state.lock();
        let moment = state.tick();
        state.objects.entry(path.to_owned()).or_insert(moment);
        state.erased.remove(path);
        let mut parts = path.split('/');
        let (tenant, scope) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        let owner = state.tenants.get(scope).map(TenantId::as_str);
        if owner != Some(tenant) {
            let what = format!("{path} was stored in the scope of tenant {owner:?}");
            drop(state);
            self.violate("I6", what);
        }
    }

    /// Objects were erased on purpose.
    pub fn erased(&self, which: impl Fn(&str) -> bool) {
        let mut state = self.state.lock();
        let gone: Vec<String> = state.objects.keys().filter(|path| which(path)).cloned().collect();
        let mut missed = None;
        for path in gone {
            state.objects.remove(&path);
            if let Some(narration) = state.kept.get(&path) {
                missed = Some(format!("{path} was erased, and narration {narration} has it and is not deleted"));
            }
            state.erased.insert(path);
        }
        drop(state);
        if let Some(what) = missed {
            self.violate("I5", what);
        }
    }

    /// The first of these files that is not there.
    pub fn absent(&self, paths: &[String]) -> Option<String> {
        let state = self.state.lock();
        paths.iter().find(|path| !state.objects.contains_key(*path)).cloned()
    }

    /// A paid call for the object at `path` begins.
    pub fn pays(&self, process: &str, path: &str) {
        let state = self.state.lock();
        let looked = state.looked.get(&(process.to_owned(), path.to_owned())).copied().unwrap_or(0);
        let stored = state.objects.get(path).copied();
        drop(state);
        self.trace.note(process, format_args!("pays for {path}"));
        self.trace.count("paid calls");
        // Who looked before it was stored could not know; nobody can take back a call that is on
        // its way.
        if let Some(stored) = stored.filter(|stored| *stored < looked || looked == 0) {
            self.violate("I8", format!("{process} paid for {path}, stored at {stored}, looked for at {looked}"));
        }
    }

    /// An attempt at a step failed by an injected fault.
    pub fn attempt_failed(&self, step: &StepId) {
        *self.state.lock().failed_attempts.entry(step.clone()).or_default() += 1;
    }

    /// How many attempts at a step failed by injected faults.
    pub fn failed_attempts(&self, step: &StepId) -> u32 {
        self.state.lock().failed_attempts.get(step).copied().unwrap_or(0)
    }

    /// A dead letter is there.
    pub fn buried(&self, step: &StepId) {
        self.state.lock().buried.insert(step.clone());
    }

    /// Whether a dead letter of the step was ever there.
    pub fn was_buried(&self, step: &StepId) -> bool {
        self.state.lock().buried.contains(step)
    }

    /// A command is about to be terminated.
    pub fn terminated(&self, step: &StepId) {
        if !self.was_buried(step) {
            self.violate("I7", format!("{step} is terminated and has no dead letter"));
        }
    }

    /// What a tenant was shown.
    pub fn shown(&self, to: &TenantId, narration: &Narration) {
        if narration.tenant != *to {
            self.violate("I6", format!("tenant {to} was shown {} of {}", narration.id, narration.tenant));
        }
    }

    fn missing(&self, paths: impl IntoIterator<Item = String>) -> Option<String> {
        let state = self.state.lock();
        paths.into_iter().find(|path| !state.objects.contains_key(path) && !state.erased.contains(path))
    }
}

impl State {
    /// The next moment.
    fn tick(&mut self) -> u64 {
        self.moment += 1;
        self.moment
    }
}

fn scope_of(path: &str) -> String {
    path.split('/').take(2).collect::<Vec<_>>().join("/")
}
