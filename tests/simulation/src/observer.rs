//! What must always hold, checked at every effect on a store, the queue and object storage:
//! invariants I2 to I9. I1 is for the end of a world.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use lectern_core::Clock;
use lectern_core::id::{StepId, TenantId};
use lectern_core::keys::Folder;
use lectern_gateway::audit::{Action, Record};
use lectern_gateway::conduct::wire::Keys;
use lectern_gateway::domain::{Narration, Paused, Phase, Slots, TenantState};
use lectern_proto::names;
use lectern_proto::work::v1::Command;
use lectern_store::memory::Watch;
use prost::Message as _;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use crate::holds::{Holds, PAUSES, TENANTS};
use crate::objects;
use crate::trace::Trace;

/// The secret of the simulated installation.
pub const MASTER: &[u8] = b"the secret of a simulated installation";

/// An invariant that does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// `I1` to `I9`, or `defect` for what should never happen at all.
    pub invariant: &'static str,
    /// What was seen.
    pub what: String,
}

/// Sees every effect.
#[derive(Debug)]
pub struct Observer {
    trace: Arc<Trace>,
    /// The time of day, which is right.
    clock: Arc<dyn Clock>,
    /// Fires at the first violation.
    pub violated: CancellationToken,
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
    done: u64,
}

impl Observer {
    /// An observer of a world in which nothing has happened; `tenants` owns which scope.
    pub fn new(trace: Arc<Trace>, clock: Arc<dyn Clock>, tenants: BTreeMap<String, TenantId>) -> Self {
        let state = State { tenants, ..State::default() };
        Self { trace, clock, violated: CancellationToken::new(), state: Mutex::new(state) }
    }

    /// Notes that an invariant does not hold. The first one counts.
    pub fn violate(&self, invariant: &'static str, what: String) {
        self.trace.note("observer", format_args!("{invariant} VIOLATED: {what}"));
        self.state().violation.get_or_insert(Violation { invariant, what });
        self.violated.cancel();
    }

    /// The first violation.
    pub fn violation(&self) -> Option<Violation> {
        self.state().violation.clone()
    }

    /// Steps that were committed as done.
    pub fn done(&self) -> u64 {
        self.state().done
    }

    /// A process looks for an object.
    pub fn looked(&self, process: &str, path: &str) {
        let mut state = self.state();
        state.moment += 1;
        let moment = state.moment;
        state.looked.insert((process.to_owned(), path.to_owned()), moment);
    }

    /// A process begins to read records: a moment that comes after every effect so far.
    pub fn begins(&self) -> u64 {
        self.state().tick()
    }

    /// A process has the answer of a read of this collection that began in the moment `began`.
    pub fn has_read(&self, process: &str, collection: &str, began: u64) {
        let now = self.clock.now();
        self.state().holds.read(process, collection, began, now);
    }

    /// A process has died.
    pub fn gone(&self, process: &str) {
        self.state().holds.gone(process);
    }

    /// A read of an object was cut short, which fails the step that read it.
    pub fn cut_short(&self, path: &str) {
        self.state().cut_short.insert(scope_of(path));
    }

    /// Whether a read in this scope was ever cut short.
    pub fn was_cut_short(&self, tenant: &TenantId, scope: &str) -> bool {
        self.state().cut_short.contains(&format!("{tenant}/{scope}"))
    }

    /// An object is durable.
    pub fn stored(&self, path: &str) {
        let mut state = self.state();
        state.moment += 1;
        let moment = state.moment;
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
        let mut state = self.state();
        let gone: Vec<String> = state.objects.keys().filter(|path| which(path)).cloned().collect();
        for path in gone {
            state.objects.remove(&path);
            state.erased.insert(path);
        }
    }

    /// A paid call for the object at `path` begins.
    pub fn pays(&self, process: &str, path: &str) {
        let state = self.state();
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

    /// A step's command is published.
    pub fn published(&self, step: &StepId, command: &Bytes) {
        if let Ok(command) = Command::decode(command.clone()) {
            self.state().makes.entry(step.clone()).or_insert_with(|| objects::made(step, &command));
        }
    }

    /// An attempt at a step failed by an injected fault.
    pub fn attempt_failed(&self, step: &StepId) {
        *self.state().failed_attempts.entry(step.clone()).or_default() += 1;
    }

    /// How many attempts at a step failed by injected faults.
    pub fn failed_attempts(&self, step: &StepId) -> u32 {
        self.state().failed_attempts.get(step).copied().unwrap_or(0)
    }

    /// A dead letter is there.
    pub fn buried(&self, step: &StepId) {
        self.state().buried.insert(step.clone());
    }

    /// Whether a dead letter of the step was ever there.
    pub fn was_buried(&self, step: &StepId) -> bool {
        self.state().buried.contains(step)
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
        let state = self.state();
        paths.into_iter().find(|path| !state.objects.contains_key(path) && !state.erased.contains(path))
    }

    fn step_changed(&self, id: &str, before: Option<&Value>, after: &Value) {
        let at = |body: &Value| body.pointer("/state/at").and_then(Value::as_str).unwrap_or_default().to_owned();
        let fence = |body: &Value| body.pointer("/fence").and_then(Value::as_u64).unwrap_or_default();
        let holder =
            |body: &Value| body.pointer("/state/holder").and_then(Value::as_str).unwrap_or_default().to_owned();
        if let Some(before) = before {
            if at(before) == "ended" {
                self.violate("I2", format!("{id} had ended and became {}", at(after)));
            }
            let claimed = at(after) == "leased" && (at(before) != "leased" || holder(before) != holder(after));
            if fence(after) < fence(before) || (claimed && fence(after) == fence(before)) {
                self.violate("I3", format!("the fence of {id} went from {} to {}", fence(before), fence(after)));
            }
        }
        let ending = after.pointer("/state/ending/state").and_then(Value::as_str);
        if at(after) == "ended" && ending == Some("done") {
            let makes = {
                let mut state = self.state();
                state.done += 1;
                id.parse::<StepId>().ok().and_then(|step| state.makes.get(&step).cloned()).unwrap_or_default()
            };
            if let Some(path) = self.missing(makes) {
                self.violate("I5", format!("{id} is done and {path} is not durable"));
            }
        }
    }

    fn narration_changed(&self, id: &str, before: Option<&Value>, after: &Value) {
        let Ok(after) = serde_json::from_value::<Narration>(after.clone()) else {
            return self.violate("defect", format!("narration {id} cannot be read"));
        };
        let before = before.and_then(|before| serde_json::from_value::<Narration>(before.clone()).ok());
        if let Some(before) = &before
            && before.phase.terminal()
            && before.run == after.run
            && before.phase != after.phase
        {
            self.violate(
                "I4",
                format!("run {} of {id} was {:?} and became {:?}", before.run, before.phase, after.phase),
            );
        }
        let deleted = after.deleted.is_some() && before.is_none_or(|before| before.deleted.is_none());
        // A record is of one deletion.
        if deleted && !self.state().deletions.remove(&names::of_narration(&after.id)) {
            self.violate("defect", format!("narration {id} was deleted before a record said by whom"));
        }
        if after.deleted.is_some() || after.erased {
            return;
        }
        let keys = Keys::of(&after, MASTER);
        let folder = Folder::new(&after.tenant, &after.scope);
        let recorded = (0..after.sections).filter(|index| after.recorded.contains(*index));
        let mut paths: Vec<String> = recorded.map(|index| folder.track(&keys.track(index))).collect();
        if after.phase == Phase::Succeeded {
            let recording = keys.recording();
            paths.extend(after.artifacts.iter().map(|file| folder.artifact(&after.id, &recording, &file.name)));
        }
        if let Some(path) = self.missing(paths) {
            self.violate("I5", format!("narration {id} refers to {path}, which is not durable"));
        }
    }

    fn recorded(&self, id: &str, record: &Value) {
        match serde_json::from_value::<Record>(record.clone()) {
            Ok(record) if record.action == Action::NarrationDeleted => {
                self.state().deletions.insert(record.target);
            }
            Ok(_) => {}
            Err(error) => self.violate("defect", format!("audit record {id} cannot be read: {error}")),
        }
    }

    /// Somebody was suspended or resumed.
    fn tenant_changed(&self, id: &str, before: Option<&Value>, after: Option<&Value>) {
        let Ok(tenant) = id.parse() else { return self.violate("defect", format!("{id} is no tenant")) };
        let is_suspended = |body: &Value| body["state"] == TenantState::Suspended.as_str();
        let suspended = |body: Option<&Value>| body.is_some_and(is_suspended);
        self.held(TENANTS, Paused::Tenant(tenant), suspended(before), suspended(after));
    }

    /// Something was paused or resumed.
    fn pause_changed(&self, id: &str, before: Option<&Value>, after: Option<&Value>) {
        let Ok(what) = id.parse() else { return self.violate("defect", format!("{id} is no pause")) };
        self.held(PAUSES, what, before.is_some(), after.is_some());
    }

    fn held(&self, collection: &'static str, what: Paused, before: bool, after: bool) {
        let mut state = self.state();
        let moment = state.tick();
        match (before, after) {
            (false, true) => state.holds.begin(collection, what, moment),
            (true, false) => state.holds.end(collection, what),
            (true, true) | (false, false) => {}
        }
    }

    /// Steps were granted or released.
    fn slots_changed(&self, id: &str, before: Option<&Value>, after: &Value) {
        let read = |body: &Value| serde_json::from_value::<Slots>(body.clone());
        let Ok(after) = read(after) else {
            return self.violate("defect", format!("the slots of {id} cannot be read"));
        };
        let before = before.and_then(|before| read(before).ok());
        let known = |step: &StepId| before.as_ref().is_some_and(|before| before.granted(step));
        let broken = after.grants.iter().filter(|grant| !known(&grant.step)).find_map(|grant| {
            let state = self.state();
            let what = state.holds.broken_by(after.service, grant)?;
            Some(format!("{} was granted when every gateway knew that {what} is held up", grant.step))
        });
        if let Some(what) = broken {
            self.violate("I9", what);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// The next moment.
    fn tick(&mut self) -> u64 {
        self.moment += 1;
        self.moment
    }
}

impl Watch for Observer {
    fn changed(&self, collection: &str, id: &str, before: Option<&Value>, after: Option<&Value>) {
        match (collection, after) {
            (PAUSES, after) => self.pause_changed(id, before, after),
            (TENANTS, after) => self.tenant_changed(id, before, after),
            ("steps", Some(after)) => self.step_changed(id, before, after),
            ("narrations", Some(after)) => self.narration_changed(id, before, after),
            ("audit", Some(after)) => self.recorded(id, after),
            ("slots", Some(after)) => self.slots_changed(id, before, after),
            _ => {}
        }
    }
}

fn scope_of(path: &str) -> String {
    path.split('/').take(2).collect::<Vec<_>>().join("/")
}
