//! What the observer makes of a change of a record: steps, narrations, what is held up.

use std::sync::Arc;

use lectern_core::id::{Service, StepId};
use lectern_core::keys::Folder;
use lectern_gateway::audit::{Action, Record};
use lectern_gateway::conduct::wire::ObjectKeys;
use lectern_gateway::domain::{Narration, Paused, TenantState};
use lectern_proto::names;
use lectern_store::memory::Watch;
use serde_json::Value;

use super::{BLAMED, MASTER, Observer};
use crate::holds::{PAUSES, TENANTS};
use crate::objects;
use crate::plan::{Blackout, database};

impl Observer {
    fn step_changed(&self, id: &str, before: Option<&Value>, after: &Value) {
        let at = |body: &Value| body.pointer("/state/at").and_then(Value::as_str).unwrap_or_default().to_owned();
        let fence = |body: &Value| body.pointer("/fence").and_then(Value::as_u64).unwrap_or_default();
        let holder =
            |body: &Value| body.pointer("/state/holder").and_then(Value::as_str).unwrap_or_default().to_owned();
        let boot = |body: &Value| body.pointer("/state/boot").and_then(Value::as_str).unwrap_or_default().to_owned();
        if let Some(before) = before {
            if at(before) == "ended" {
                self.violate("I2", format!("{id} had ended and became {}", at(after)));
            }
            // Work without a record is a claim as well. What it writes is a record of its own, so
            // over another one it shows by when that began.
            let anew = before["created"] != after["created"];
            let claimed = anew || at(after) == "leased" && (at(before) != "leased" || holder(before) != holder(after));
            if fence(after) < fence(before) || (claimed && fence(after) == fence(before)) {
                self.violate("I3", format!("the fence of {id} went from {} to {}", fence(before), fence(after)));
            }
            let crashes = |body: &Value| body.pointer("/crashes").and_then(Value::as_u64).unwrap_or_default();
            if crashes(after) > crashes(before) {
                self.crash_counted(id, &boot(before));
            }
        } else if after.pointer("/crashes").and_then(Value::as_u64).is_some_and(|crashes| crashes > 0) {
            self.first_crash_counted(id);
        }
        if at(after) == "ended"
            && let Ok(step) = id.parse::<StepId>()
        {
            self.state.lock().ended.insert(step);
        }
        let ending = after.pointer("/state/ending/state").and_then(Value::as_str);
        if at(after) == "ended" && ending == Some("done") {
            let makes = {
                let mut state = self.state.lock();
                state.done += 1;
                id.parse::<StepId>().ok().and_then(|step| state.makes.get(&step).cloned()).unwrap_or_default()
            };
            if let Some(path) = self.missing(makes) {
                self.violate("I5", format!("{id} is done and {path} is not durable"));
            }
        }
    }

    /// A crash was counted against a process. One that lives and never stood still is not blamed
    /// for what its database did.
    fn crash_counted(&self, id: &str, process: &str) {
        let service = id.parse::<StepId>().ok().map(|step| step.kind.service());
        let (now, database) = (self.start.elapsed(), database(service));
        let away = |away: &&Blackout| away.database == database && (away.from..away.until + BLAMED).contains(&now);
        let blackout = self.plan.blackouts.iter().find(away);
        if let Some(Blackout { from, until, .. }) = blackout.filter(|_| !self.state.lock().suspects.contains(process)) {
            let what = format!("{id} was counted as a crash of {process}, which lives");
            self.violate("I13", format!("{what}; its database was away from {from:?} to {until:?}"));
        }
    }

    fn narration_changed(&self, id: &str, before: Option<&Value>, after: &Value) {
        let Ok(after) = serde_json::from_value::<Narration>(after.clone()) else {
            return self.violate("defect", format!("narration {id} cannot be read"));
        };
        let before = before.and_then(|before| serde_json::from_value::<Narration>(before.clone()).ok());
        if let Some(before) = &before
            && before.phase().terminal()
            && before.run == after.run
            && before.phase() != after.phase()
        {
            let (was, is) = (before.phase(), after.phase());
            self.violate("I4", format!("run {} of {id} was {was:?} and became {is:?}", before.run));
        }
        self.narration_is_over(&after.id, after.phase().terminal());
        let deleted = after.deleted.is_some() && before.is_none_or(|before| before.deleted.is_none());
        // A record is of one deletion.
        if deleted && !self.state.lock().deletions.remove(&names::of_narration(&after.id)) {
            self.violate("defect", format!("narration {id} was deleted before a record said by whom"));
        }
        self.state.lock().kept.retain(|_, of| of != id);
        if after.deleted.is_some() || after.erased() {
            return;
        }
        let keys = ObjectKeys::of(&after, MASTER);
        let folder = Folder::new(&after.tenant, &after.scope);
        let recorded = (0..after.sections().unwrap_or(0)).filter(|index| after.is_recorded(*index));
        let tracks: Vec<String> = recorded.map(|index| folder.track(&keys.track(index))).collect();
        // No deletion excuses that a file of this run is not there: a run that is deleted is over.
        let files = objects::files(&after);
        if let Some(path) = self.missing(tracks).or_else(|| self.absent(&files)) {
            self.violate("I5", format!("narration {id} refers to {path}, which is not durable"));
        }
        self.state.lock().kept.extend(files.into_iter().map(|path| (path, id.to_owned())));
    }

    fn recorded(&self, id: &str, record: &Value) {
        match serde_json::from_value::<Record>(record.clone()) {
            Ok(record) if record.action == Action::NarrationDeleted => {
                self.state.lock().deletions.insert(record.target);
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
        let mut state = self.state.lock();
        let moment = state.tick();
        match (before, after) {
            (false, true) => state.holds.begin(collection, what, moment),
            (true, false) => state.holds.end(collection, what),
            (true, true) | (false, false) => {}
        }
    }
}

/// The changes of one database, told to the observer.
#[derive(Debug)]
pub struct Records {
    /// Who is told.
    pub observer: Arc<Observer>,
    /// Whose database it is; none for the gateways'.
    pub service: Option<Service>,
}

impl Watch for Records {
    fn changed(&self, collection: &str, id: &str, before: Option<&Value>, after: Option<&Value>) {
        let observer = &self.observer;
        match (collection, after) {
            (PAUSES, after) => observer.pause_changed(id, before, after),
            (TENANTS, after) => observer.tenant_changed(id, before, after),
            ("steps", Some(after)) => observer.step_changed(id, before, after),
            ("step_runs", Some(after)) => {
                if let Some(service) = self.service {
                    observer.cancelled(service, id, after["cancelled"].as_u64().unwrap_or_default());
                }
            }
            ("narrations", Some(after)) => observer.narration_changed(id, before, after),
            ("audit", Some(after)) => observer.recorded(id, after),
            _ => {}
        }
    }
}
