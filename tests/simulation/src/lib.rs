//! The coordination of all services, simulated: conductors, dispatchers, workers, steps and
//! reconcilers as they are, over the memory adapters, in one thread and in virtual time. One seed
//! decides everything: what is ordered, in what order tasks and calls take their turns, and what
//! goes wrong. The invariants are checked at every effect, and what must be left at the end when
//! all has ended; a seed that breaks one breaks it again when it is run again. The numbers are
//! those of docs/invariants.md.
//!
//! Read it from [`world`]: it starts processes ([`start`]) whose ports ([`ports`]) let time pass
//! and fail as the [`plan`] says, and [`callers`] that judge what they get. The [`observer`] sees
//! all effects. [`mutants`] are defects that must be found. The run of a [`crowd`] looks at what
//! dispatching costs, and at nothing else.

mod bills;
mod callers;
pub mod crowd;
mod ends;
mod holds;
pub mod mutants;
mod objects;
mod observer;
mod plan;
mod ports;
mod process;
mod stages;
mod start;
mod trace;
mod work;
mod world;
mod writer;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Once;
use std::time::Duration;

pub use crowd::crowd;
pub use mutants::Mutant;
pub use observer::Violation;
pub use plan::Sort;

/// What became of a world.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// Its seed.
    pub seed: u64,
    /// The first invariant that did not hold.
    pub violation: Option<Violation>,
    /// A digest of everything that happened: equal for equal runs.
    pub digest: u64,
    /// Calls of ports and other lines of the trace.
    pub calls: u64,
    /// Narrations ordered.
    pub narrations: usize,
    /// Steps done.
    pub steps: u64,
    /// How long it took, in virtual time.
    pub took: Duration,
    /// How much of that was after the end of faults.
    pub recovery: Duration,
    /// Faults, crashes and the like.
    pub counts: BTreeMap<&'static str, u64>,
    /// The last lines of its trace.
    pub last: Vec<String>,
}

thread_local! {
    static PANICS: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// Prints the whole trace of every world from now on, or no more.
pub fn echo(on: bool) {
    trace::ECHO.store(on, std::sync::atomic::Ordering::SeqCst);
}

/// Runs the world of `seed`, with a defect if one is given.
///
/// # Errors
/// When no runtime can be made.
pub fn simulate(seed: u64, mutant: Option<Mutant>) -> std::io::Result<Outcome> {
    simulate_without(seed, mutant, None)
}

/// The same without one sort of fault: what a defect does where the fault that it needs is missing.
///
/// # Errors
/// When no runtime can be made.
pub fn simulate_without(seed: u64, mutant: Option<Mutant>, without: Option<Sort>) -> std::io::Result<Outcome> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if info.payload().downcast_ref::<&str>() != Some(&work::PANIC) {
                PANICS.with_borrow_mut(|panics| panics.push(info.to_string()));
                before(info);
            }
        }));
    });
    PANICS.take();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build()?;
    let mut outcome = runtime.block_on(Box::pin(world::run(seed, mutant, without)));
    drop(runtime);
    if let Some(panic) = PANICS.take().into_iter().next() {
        outcome.violation.get_or_insert(Violation { invariant: "defect", what: panic });
    }
    Ok(outcome)
}
