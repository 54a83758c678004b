//! What must be so when all has ended: every accepted narration is at its end (I1), its files are
//! there (I5), nothing is left behind (I12): no grant, no command in the queue, no step that is
//! worked on, no place in a turn, no end of which the stages are yet to be told; and what was
//! bought is in the ledger (I17). And, while a crowd is at work, that nobody waits for room that is
//! there (I11).

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use lectern_core::id::{NarrationId, Service, StepId, TenantId};
use lectern_core::{Failure, Timestamp};
use lectern_gateway::conduct::wanted::{Window, wanted};
use lectern_gateway::domain::Narration;
use lectern_store::{Collection, MAX_LIMIT, Query, Record, Store, Versioned};
use lectern_work::steps::{StepRecord, StepState};

use crate::bills;
use crate::objects;
use crate::plan::{MOST_SKEW, PERMITS, database};
use crate::start::Site;

/// What is left behind is cleared within this after everything has ended: audits look over grants
/// and turns, reconcilers tell the stages.
const SETTLES: Duration = Duration::from_secs(300);
/// Between two looks.
const LOOK: Duration = Duration::from_secs(3);
/// Between two looks at who waits.
const SAMPLE: Duration = Duration::from_secs(2);
/// Looks at which somebody waited for room that was there, one after the other, until it is too
/// long: more than 8 s.
const TOO_LONG: u32 = 5;
/// The same after a gateway ended: more than 20 s. It takes 5 s until the others know of that, and
/// 15 s until a reconciler looks at what it changed last and told nobody of.
const TOO_LONG_AFTER: u32 = 11;
/// For how long after.
const AFTER: Duration = Duration::from_secs(25);
/// Steps of a service that its two replicas work on at once.
const ROOM: usize = 2 * PERMITS;

/// Checks the end of a world.
pub async fn check(site: &Site) {
    narrations_ended(site).await;
    let until = tokio::time::Instant::now() + SETTLES;
    loop {
        match left_behind(site).await {
            // What was done for the runs before may have hit what the last one made.
            Ok(None) => {
                narrations_ended(site).await;
                return bills::check(site).await;
            }
            Ok(Some(what)) if tokio::time::Instant::now() >= until => {
                return site.observer.violate("I12", format!("{what}, {SETTLES:?} after all has ended"));
            }
            Ok(Some(_)) => tokio::time::sleep(LOOK).await,
            Err(error) => return site.observer.violate("defect", error.to_string()),
        }
    }
}

/// The records of the database of a service, or of the gateways', past all faults.
fn records<T: Record>(site: &Site, service: Option<Service>) -> Option<Collection<T>> {
    let store = site.stores.get(database(service))?;
    Some(Collection::new(Arc::clone(store) as Arc<dyn Store>))
}

/// All records of a collection of the database of a service, or of the gateways', past all faults.
///
/// # Errors
/// Where one cannot be read.
pub async fn all<T: Record>(site: &Site, service: Option<Service>) -> Result<Vec<T>, Failure> {
    let records = records::<T>(site, service).ok_or_else(|| Failure::internal("no such database"))?;
    let (mut query, mut found) = (Query::new().limit(MAX_LIMIT), Vec::new());
    loop {
        let page = records.find(&query).await?;
        found.extend(page.items.into_iter().map(|item| item.record));
        match page.next {
            Some(next) => query = query.after(next),
            None => return Ok(found),
        }
    }
}

/// Every accepted narration has ended (I1), and one that succeeded has its files (I5).
async fn narrations_ended(site: &Site) {
    let Some(narrations) = records::<Narration>(site, None) else { return };
    for order in &site.plan.orders {
        match narrations.get(order.narration.as_str()).await {
            Ok(Some(Versioned { record, .. })) if record.phase().terminal() => {
                let files =
                    if record.deleted.is_some() || record.erased() { Vec::new() } else { objects::files(&record) };
                if let Some(path) = site.observer.absent(&files) {
                    site.observer.violate("I5", format!("{} succeeded and {path} is gone", order.narration));
                }
            }
            Ok(Some(Versioned { record, .. })) => {
                let (id, run, phase) = (&order.narration, record.run, record.phase());
                let (written, recorded, sections) = (record.written(), record.recorded(), record.sections());
                let what = format!(
                    "run {run} of {id} is {phase:?} when all should have ended: of {sections:?} sections {written} are written, {recorded} recorded"
                );
                site.observer.violate("I1", what);
            }
            Ok(None) => site.observer.violate("I1", format!("{} was accepted and is not there", order.narration)),
            Err(error) => site.observer.violate("defect", error.to_string()),
        }
    }
}

/// What is left behind of narrations that have all ended, if anything is.
async fn left_behind(site: &Site) -> Result<Option<String>, Failure> {
    let narrations = all::<Narration>(site, None).await?;
    if let Some(narration) = narrations.iter().find(|narration| narration.cancel_pending) {
        return Ok(Some(format!("the stages are yet to be told that {} is over", narration.id)));
    }
    if let Some(narration) = narrations.iter().find(|narration| !narration.earlier.is_empty()) {
        return Ok(Some(format!("what earlier runs of {} left is yet to be deleted", narration.id)));
    }
    for service in Service::ALL {
        let name = service.as_str();
        if let Some(narration) = narrations.iter().find(|narration| narration.ready.at(service).is_some()) {
            return Ok(Some(format!("{} still waits in a turn at {name}", narration.id)));
        }
        let commands = site.messages.outstanding(service);
        if commands > 0 {
            return Ok(Some(format!("{commands} commands of {name} are in the queue")));
        }
        let granted = |front: &crate::stages::Front| front.conductor.dispatcher().level(service).granted;
        if let Some(front) = site.directory.gateways().into_iter().find(|front| granted(front) > 0) {
            return Ok(Some(format!("{} has steps of {name} granted", front.process.name)));
        }
        let steps = all::<StepRecord>(site, Some(service)).await?;
        // One whose holder died ran out, and nobody comes for it where its run is over.
        let now = site.now().plus(Duration::from_millis(MOST_SKEW));
        if let Some(step) = steps.iter().find(|step| is_leased(step, now)) {
            return Ok(Some(format!("{} is leased", step.step)));
        }
    }
    let at_work = site.directory.stages().into_iter().find(|replica| replica.stats.running() > 0);
    Ok(at_work.map(|replica| format!("{} is at work", replica.process.name)))
}

fn is_leased(step: &StepRecord, now: Timestamp) -> bool {
    match step.state {
        StepState::Leased { until, .. } => until > now,
        StepState::Free { .. } | StepState::Ended { .. } => false,
    }
}

/// Looks at a crowd until it is over: who has work, room of his own, and nobody that holds him up
/// does not wait while the stage has room too (I11).
pub async fn watch_waiting(site: Arc<Site>) {
    let mut looks: BTreeMap<Service, u32> = BTreeMap::new();
    loop {
        tokio::time::sleep(SAMPLE).await;
        for service in Service::ALL {
            let waiting = match waits_for_room(&site, service).await {
                Ok(waiting) => waiting,
                Err(error) => return site.observer.violate("defect", error.to_string()),
            };
            let seen = looks.entry(service).or_default();
            *seen = if waiting.is_some() { *seen + 1 } else { 0 };
            let lost = site.observer.gateway_lost().is_some_and(|lost| lost.elapsed() < AFTER);
            let most = if lost { TOO_LONG_AFTER } else { TOO_LONG };
            if let Some(what) = waiting.filter(|_| *seen >= most) {
                return site.observer.violate("I11", what);
            }
        }
    }
}

/// A step that could be granted at once, if there is one.
async fn waits_for_room(site: &Site, service: Service) -> Result<Option<String>, Failure> {
    let granted = site.observer.outstanding(service);
    if granted.len() >= ROOM {
        return Ok(None);
    }
    let of = |tenant: &TenantId| {
        let is_theirs =
            |narration: &NarrationId| site.plan.order(narration).is_some_and(|order| order.tenant == *tenant);
        granted.iter().filter(|step| is_theirs(&step.narration)).count()
    };
    // Whoever was ever suspended is known to be active again a little later.
    let has_room = |tenant: &TenantId| {
        let limited = site.plan.limited.contains(tenant) && of(tenant) > 0;
        !limited && !site.plan.suspended.contains(tenant)
    };
    for narration in all::<Narration>(site, None).await?.into_iter().filter(|narration| has_room(&narration.tenant)) {
        let waits = wanted(&narration, Window::default());
        // One that has ended waits for its event, where the gateway that took that is gone.
        let is_open = |step: &StepId| !granted.contains(step) && !site.observer.has_ended(step);
        let step = waits.into_iter().find(|step| step.kind.service() == service && is_open(step));
        if let Some(step) = step {
            let count = granted.len();
            let what = format!("{step} of {} waits while {count} of {ROOM} steps are granted", narration.tenant);
            return Ok(Some(what));
        }
    }
    Ok(None)
}
