//! What can be seen of grants from outside: commands in the queue, those that are worked on
//! included, until their events tell that they ended or their narrations are over; and how often
//! each was given to a worker.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use bytes::Bytes;
use lectern_core::id::{NarrationId, Service, StepId, TenantId};
use lectern_proto::work::v1::{Command, Event};
use prost::Message as _;
use tokio::time::Instant;

use super::Observer;
use crate::objects;
use crate::plan::PERMITS;
use crate::process::Process;

/// Steps of a service that may be granted at once: what its two replicas work on, and one that is
/// there when the next of these ends.
const GRANTED: usize = 2 * PERMITS + 1;
/// Steps of a tenant that may be, where it is limited.
const LIMITED: usize = 1;
/// A change of the gateways is known to all of them after the first of these, and over after both.
/// Meanwhile each step may have been granted by two.
const CHANGES: Duration = Duration::from_secs(4 + 5);

/// A step of a run that was cancelled goes on for less than this: by a look a second it is told to
/// stop, and where the write of the cancel took very long, by the next heartbeat.
const STOPS: Duration = Duration::from_secs(7);

/// All commands.
#[derive(Debug, Default)]
pub struct Deliveries {
    /// Commands in the queue.
    queued: BTreeSet<StepId>,
    /// Narrations that are over: what waits or is worked on of them is nobody's grant.
    over: BTreeSet<NarrationId>,
    given: BTreeMap<StepId, Given>,
    /// When a gateway last began or ended.
    changed: Option<Instant>,
    /// When one last ended.
    lost: Option<Instant>,
    /// The last run of a narration that was cancelled, as its stage knows, and when.
    cancelled: BTreeMap<(Service, String), (u64, Instant)>,
}

/// How a command came to workers.
#[derive(Debug, Default)]
struct Given {
    times: u32,
    handed_back: u32,
    /// Whether a write of the step's record failed, or may have.
    unsure: bool,
}

impl Deliveries {
    fn of(&self, service: Service) -> impl Iterator<Item = &StepId> {
        self.queued.iter().filter(move |step| step.kind.service() == service)
    }
}

impl Observer {
    /// A gateway publishes a step's command.
    pub fn published(&self, process: &Process, step: &StepId, command: &Bytes) {
        let Ok(command) = Command::decode(command.clone()) else { return };
        let held = {
            let mut state = self.state.lock();
            state.makes.entry(step.clone()).or_insert_with(|| objects::made(step, &command));
            let tenant = command.tenant.parse::<TenantId>().ok();
            tenant.and_then(|tenant| {
                let (service, undisturbed) = (step.kind.service(), process.undisturbed_since());
                state.holds.broken_by(&process.name, undisturbed, service, &tenant).cloned()
            })
        };
        if let Some(what) = held {
            let gateway = &process.name;
            self.violate("I10", format!("{step} was published by {gateway}, which knew that {what} is held up"));
        }
    }

    /// A command is in the queue now.
    pub fn queued(&self, step: &StepId) {
        let over = {
            let mut state = self.state.lock();
            if state.deliveries.over.contains(&step.narration) {
                return;
            }
            state.deliveries.queued.insert(step.clone());
            self.over(&state.deliveries, step)
        };
        if let Some(what) = over {
            self.violate("I14", what);
        }
    }

    /// What there is too much of in the queue, if this step is. Where messages are lost nobody
    /// knows here what is in the queue, so that is judged in crowds alone.
    fn over(&self, deliveries: &Deliveries, step: &StepId) -> Option<String> {
        if !self.plan.crowd {
            return None;
        }
        let (service, tenant) = (step.kind.service(), &self.plan.order(&step.narration)?.tenant);
        let settled = deliveries.changed.is_none_or(|changed| changed.elapsed() > CHANGES);
        let most = |limit: usize| if settled { limit } else { 2 * limit };
        let all = deliveries.of(service).count();
        if all > most(GRANTED) {
            return Some(format!("{step} is the {all}th step at {}, which takes {GRANTED}", service.as_str()));
        }
        let of_tenant =
            |other: &&StepId| self.plan.order(&other.narration).is_some_and(|order| order.tenant == *tenant);
        let theirs = deliveries.of(service).filter(of_tenant).count();
        let limited = self.plan.limited.contains(tenant) && theirs > most(LIMITED);
        limited.then(|| format!("{step} is the {theirs}th of {tenant}, which may have {LIMITED}"))
    }

    /// A narration was written that is over, or is not.
    pub(super) fn narration_is_over(&self, narration: &NarrationId, is_over: bool) {
        let mut state = self.state.lock();
        let Deliveries { queued, over, .. } = &mut state.deliveries;
        if is_over {
            queued.retain(|step| step.narration != *narration);
            over.insert(narration.clone());
        } else {
            over.remove(narration);
        }
    }

    /// A stage knows of a narration that its runs up to this one are cancelled.
    pub(super) fn cancelled(&self, service: Service, narration: &str, run: u64) {
        let mut state = self.state.lock();
        let known = state.deliveries.cancelled.entry((service, narration.to_owned()));
        let (cancelled, at) = known.or_insert_with(|| (0, Instant::now()));
        if run > *cancelled {
            (*cancelled, *at) = (run, Instant::now());
        }
    }

    /// A process is at work on a step.
    pub fn at_work(&self, process: &Process, step: &StepId) {
        let cancelled = {
            let state = self.state.lock();
            let of = (step.kind.service(), step.narration.to_string());
            state.deliveries.cancelled.get(&of).copied()
        };
        let Some((_, at)) = cancelled.filter(|(run, _)| u64::from(step.run) <= *run) else { return };
        if at.max(process.undisturbed_since()).elapsed() > STOPS {
            self.violate("I15", format!("{} is at work on {step}, cancelled {:?} ago", process.name, at.elapsed()));
        }
    }

    /// A command is answered for good, or was taken out of the queue.
    pub fn answered(&self, step: &StepId) {
        self.state.lock().deliveries.queued.remove(step);
    }

    /// Every stream is lost.
    pub fn wiped(&self) {
        self.state.lock().deliveries.queued.clear();
    }

    /// The steps of a service whose commands are in the queue, as far as none was lost there.
    pub fn outstanding(&self, service: Service) -> BTreeSet<StepId> {
        self.state.lock().deliveries.of(service).cloned().collect()
    }

    /// A gateway has begun, or ended.
    pub fn gateways_changed(&self, ended: bool) {
        let (mut state, now) = (self.state.lock(), Instant::now());
        state.deliveries.changed = Some(now);
        if ended {
            state.deliveries.lost = Some(now);
        }
    }

    /// When a gateway last ended.
    pub fn gateway_lost(&self) -> Option<Instant> {
        self.state.lock().deliveries.lost
    }

    /// Whether the record of a step says that it ended.
    pub fn has_ended(&self, step: &StepId) -> bool {
        self.state.lock().ended.contains(step)
    }

    /// A command is given to a worker.
    pub fn given(&self, step: &StepId) {
        self.state.lock().deliveries.given.entry(step.clone()).or_default().times += 1;
    }

    /// A worker hands a command back.
    pub fn handed_back(&self, step: &StepId) {
        self.state.lock().deliveries.given.entry(step.clone()).or_default().handed_back += 1;
    }

    /// A new record of this step could not be written, or may have been.
    pub fn unsure(&self, step: &str) {
        if let Ok(step) = step.parse::<StepId>() {
            self.state.lock().deliveries.given.entry(step).or_default().unsure = true;
        }
    }

    /// The first record of a step counts a crash. Where the one worker that had its command before
    /// handed it back there was none. Where calls take long, or land late, that worker may have
    /// given up noting that, so such worlds are not judged.
    pub(super) fn first_crash_counted(&self, id: &str) {
        let Ok(step) = id.parse::<StepId>() else { return };
        let service = step.kind.service();
        let weather = self.plan.weather;
        let calm = weather.slow == 0 && weather.late == 0 && self.plan.blackouts.is_empty();
        let wrong = {
            let state = self.state.lock();
            let suspect = state.suspects.iter().any(|process| process.starts_with(service.as_str()));
            let given = state.deliveries.given.get(&step);
            let was_left = given.is_some_and(|given| given.times == 2 && given.handed_back == 1 && !given.unsure);
            calm && !suspect && was_left
        };
        if wrong {
            self.violate("I13", format!("{step} is charged with a crash by a worker that was handed it by another"));
        }
    }

    /// An event is published. That a step ended it tells after the record that says so.
    pub fn emitted(&self, event: &Bytes) {
        let Ok(Event { step, .. }) = Event::decode(event.clone()) else { return };
        let Ok(step) = step.parse::<StepId>() else { return };
        let is_true = {
            let mut state = self.state.lock();
            state.deliveries.queued.remove(&step);
            state.ended.contains(&step)
        };
        if !is_true {
            self.violate("I2", format!("{step} is told to have ended, and its record does not say so"));
        }
    }
}
