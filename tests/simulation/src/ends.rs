//! What must be so when all has ended: every accepted narration is at its end (I1), its files are
//! there (I5), and nothing is left behind (I12): no grant of a step that is over, no turn that
//! waits without work, no end of which the stages are yet to be told. And, while a crowd is at
//! work, that nobody waits for room that is there (I11).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use lectern_core::Failure;
use lectern_core::id::{Service, TenantId};
use lectern_gateway::conduct::wanted::{Window, wanted};
use lectern_gateway::domain::{Narration, Slots, Turn, TurnState};
use lectern_store::{Collection, MAX_LIMIT, Query, Record, Store, Versioned};

use crate::objects;
use crate::plan::PERMITS;
use crate::start::Site;

/// What is left behind is cleared within this after everything has ended: audits look over grants
/// and turns, reconcilers tell the stages.
const SETTLES: Duration = Duration::from_secs(300);
/// Between two looks.
const LOOK: Duration = Duration::from_secs(3);
/// Between two looks at who waits.
const SAMPLE: Duration = Duration::from_secs(2);
/// Looks at which somebody waited for room that was there, one after the other, until it is too
/// long: more than 8 s, when a pass takes place every 2 s and an audit every 5 s.
const TOO_LONG: u32 = 5;
/// Steps of a service that its two replicas work on at once.
const ROOM: usize = 2 * PERMITS;

/// Checks the end of a world.
pub async fn check(site: &Site) {
    narrations_ended(site).await;
    let until = tokio::time::Instant::now() + SETTLES;
    loop {
        match left_behind(site).await {
            // What was done for the runs before may have hit what the last one made.
            Ok(None) => return narrations_ended(site).await,
            Ok(Some(what)) if tokio::time::Instant::now() >= until => {
                return site.observer.violate("I12", format!("{what}, {SETTLES:?} after all has ended"));
            }
            Ok(Some(_)) => tokio::time::sleep(LOOK).await,
            Err(error) => return site.observer.violate("defect", error.to_string()),
        }
    }
}

/// The records of the gateways' database, past all faults.
fn records<T: Record>(site: &Site) -> Collection<T> {
    let [store, ..] = &site.stores;
    Collection::new(Arc::clone(store) as Arc<dyn Store>)
}

async fn all<T: Record>(site: &Site) -> Result<Vec<T>, Failure> {
    let (records, mut found) = (records::<T>(site), Vec::new());
    let mut query = Query::new().limit(MAX_LIMIT);
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
    let narrations = records::<Narration>(site);
    for order in &site.plan.orders {
        match narrations.get(order.narration.as_str()).await {
            Ok(Some(Versioned { record, .. })) if record.phase.terminal() => {
                let files =
                    if record.deleted.is_some() || record.erased { Vec::new() } else { objects::files(&record) };
                if let Some(path) = site.observer.absent(&files) {
                    site.observer.violate("I5", format!("{} succeeded and {path} is gone", order.narration));
                }
            }
            Ok(Some(found)) => {
                let Narration { phase, run, sections, written, recorded, .. } = found.record;
                let what = format!(
                    "run {run} of {} is {phase:?} when all should have ended: {} of {sections} sections written, {} recorded",
                    order.narration,
                    written.count(),
                    recorded.count()
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
    let narrations = all::<Narration>(site).await?;
    if let Some(narration) = narrations.iter().find(|narration| narration.cancel_pending) {
        return Ok(Some(format!("the stages are yet to be told that {} is over", narration.id)));
    }
    if let Some(narration) = narrations.iter().find(|narration| !narration.earlier.is_empty()) {
        return Ok(Some(format!("what earlier runs of {} left is yet to be deleted", narration.id)));
    }
    let places: BTreeSet<&str> = narrations
        .iter()
        .flat_map(|narration| Service::ALL.map(|service| narration.ready.at(service)))
        .flatten()
        .map(|waiting| waiting.turn.as_str())
        .collect();
    let turns = all::<Turn>(site).await?;
    let waits = |turn: &&Turn| turn.state != TurnState::Resting && !places.contains(turn.id().as_str());
    if let Some(turn) = turns.iter().find(waits) {
        return Ok(Some(format!("the turn {} is {} and has no work", turn.id(), turn.state.as_str())));
    }
    for slots in all::<Slots>(site).await? {
        let live = |step| narrations.iter().any(|narration| wanted(narration, Window::default()).contains(step));
        if let Some(grant) = slots.grants.iter().find(|grant| !live(&grant.step)) {
            return Ok(Some(format!("{} is granted and nobody wants it", grant.step)));
        }
    }
    Ok(None)
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
            if let Some(what) = waiting.filter(|_| *seen >= TOO_LONG) {
                return site.observer.violate("I11", what);
            }
        }
    }
}

/// A step that could be granted at once, if there is one.
async fn waits_for_room(site: &Site, service: Service) -> Result<Option<String>, Failure> {
    let slots = records::<Slots>(site).get(service.as_str()).await?;
    let slots = slots.map_or_else(|| Slots::new(service), |slots| slots.record);
    if slots.grants.len() >= ROOM {
        return Ok(None);
    }
    // Whoever was ever suspended is known to be active again a little later.
    let has_room = |tenant: &TenantId| {
        let limited = site.plan.limited.contains(tenant) && slots.of(tenant) > 0;
        !limited && !site.plan.suspended.contains(tenant)
    };
    for narration in all::<Narration>(site).await?.into_iter().filter(|narration| has_room(&narration.tenant)) {
        let waits = wanted(&narration, Window::default());
        let step = waits.into_iter().find(|step| step.kind.service() == service && !slots.granted(step));
        if let Some(step) = step {
            let granted = slots.grants.len();
            let what = format!("{step} of {} waits while {granted} of {ROOM} steps are granted", narration.tenant);
            return Ok(Some(what));
        }
    }
    Ok(None)
}
