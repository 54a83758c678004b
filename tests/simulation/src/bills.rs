//! What the ledger of the paid writer must say when all has ended (I17): each call of the model is
//! in it, at what it cost where it was heard of its answer, and else marked, as the most that it
//! could cost.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use lectern_core::id::{Service, StepId};
use lectern_core::{Failure, Timestamp};
use lectern_provider::{AttemptRecord, AttemptState};

use crate::ends::all;
use crate::observer::Bought;
use crate::plan::{MOST_SKEW, Poison};
use crate::start::Site;

/// Checks the ledger against what was bought.
pub async fn check(site: &Site) {
    if !site.plan.paid {
        return;
    }
    match wrong(site).await {
        Ok(None) => {}
        Ok(Some(what)) => site.observer.violate("I17", what),
        Err(error) => site.observer.violate("defect", error.to_string()),
    }
}

/// The first thing in the ledger that is not so, if there is one.
async fn wrong(site: &Site) -> Result<Option<String>, Failure> {
    let attempts = all::<AttemptRecord>(site, Some(Service::Ai)).await?;
    let bought = site.observer.all_bought();
    let mut known: BTreeSet<u64> = BTreeSet::new();
    let mut marked: BTreeMap<&StepId, usize> = BTreeMap::new();
    for attempt in &attempts {
        let AttemptRecord { id, step, .. } = attempt;
        match attempt.state {
            AttemptState::Settled if attempt.class.is_some() => {
                if attempt.settled.get() > 0 {
                    return Ok(Some(format!("attempt {id} of {step} was refused and counts as {}", attempt.settled)));
                }
            }
            AttemptState::Settled => {
                let call = bought.get(&attempt.usage.output);
                let is_so = |call: &Bought| call.step == *step && call.cost == attempt.settled.get();
                if !call.is_some_and(is_so) || !known.insert(attempt.usage.output) {
                    return Ok(Some(format!("attempt {id} of {step} counts as {}: {call:?}", attempt.settled)));
                }
            }
            AttemptState::Unknown => *marked.entry(step).or_default() += 1,
            AttemptState::Reserved => {
                if let Some(until) = undisturbed(site).filter(|until| attempt.began > *until) {
                    return Ok(Some(format!("attempt {id} of {step} began after {until:?}, and was never settled")));
                }
                *marked.entry(step).or_default() += 1;
            }
        }
    }
    for (number, call) in bought.iter().filter(|(number, _)| !known.contains(*number)) {
        // Of each step as many calls are marked as nobody heard of again, or more: those that were
        // never made after all.
        match marked.get_mut(&call.step).filter(|left| **left > 0) {
            Some(left) => *left -= 1,
            None => return Ok(Some(format!("call {number} for {} is not in the ledger", call.step))),
        }
    }
    Ok(None)
}

/// After this, whoever makes a call settles it: nothing goes wrong any more. None in a world in
/// which a step ends its process, at whatever time.
fn undisturbed(site: &Site) -> Option<Timestamp> {
    if site.plan.orders.iter().any(|order| matches!(order.poison, Some((Poison::Kills, _)))) {
        return None;
    }
    let began = site.now().minus(site.start.elapsed());
    Some(began.plus(site.plan.heals).plus(Duration::from_millis(2 * MOST_SKEW)))
}
