//! One world: its processes under supervision, its callers, and everything that goes wrong, until
//! all has ended or time is up.

use std::collections::BTreeMap;
use std::future::ready;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use lectern_blob::Blob;
use lectern_blob::memory::MemoryBlob;
use lectern_core::id::{Service, TenantId};
use lectern_core::random::SeededRandom;
use lectern_core::{Clock, Failure, Random};
use lectern_gateway::domain::{Paused, TenantRecord, TenantState};
use lectern_queue::{ConnectOptions, FaultCounts, MemoryQueue};
use lectern_store::memory::{MemoryStore, Watch};
use parking_lot::Mutex;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::task::AbortOnDropHandle;

use crate::Outcome;
use crate::callers::Caller;
use crate::ends;
use crate::mutants::{Defect, Mutant};
use crate::observer::{Observer, Records};
use crate::plan::{Hold, PROCESSES, Plan, SPEECH_ENGINE, Sort, THIRD_GATEWAY, place};
use crate::ports::{Versions, Watched, WatchedQueue};
use crate::process::Process;
use crate::stages::{Directory, Front, rpc};
use crate::start::Site;
use crate::trace::{Skewed, Trace};

/// Everything has ended this long after faults did (I1).
const BOUND: Duration = Duration::from_secs(600);
/// How long a world goes on when everything has ended, to see that it stays so.
const QUIET: Duration = Duration::from_secs(5);

/// Runs the world of `seed` in the current runtime, whose time is paused; without a sort of fault,
/// if one is named.
pub async fn run(seed: u64, mutant: Option<Mutant>, without: Option<Sort>) -> Outcome {
    let plan = Plan::new(seed);
    let plan = match without {
        Some(sort) => plan.without(sort),
        None => plan,
    };
    let site = build(Arc::new(plan), mutant);
    let chance = SeededRandom::new(seed ^ 0x0dd5);
    let mut tasks = JoinSet::new();
    for index in (0..PROCESSES).filter(|index| *index != THIRD_GATEWAY || site.plan.gateways > 2) {
        tasks.spawn(supervise(Arc::clone(&site), index, chance.next()));
    }
    trouble(&site, &mut tasks);
    if site.plan.crowd {
        tasks.spawn(ends::watch_waiting(Arc::clone(&site)));
    }
    let mut callers = JoinSet::new();
    for order in &site.plan.orders {
        callers.spawn(Caller::new(Arc::clone(&site), order.clone(), chance.next()).run());
    }
    let all_ended = async { while callers.join_next().await.is_some() {} };
    tokio::select! {
        biased;
        () = site.observer.violated.cancelled() => {}
        () = all_ended => {}
        () = tokio::time::sleep_until(site.start + site.plan.heals + BOUND) => {}
    }
    let took = site.start.elapsed();
    if site.observer.violation().is_none() {
        tokio::select! {
            biased;
            () = site.observer.violated.cancelled() => {}
            () = tokio::time::sleep(QUIET) => {}
        }
        tokio::select! {
            biased;
            () = site.observer.violated.cancelled() => {}
            () = ends::check(&site) => {}
        }
    }
    let FaultCounts { lost, duplicated, reordered, delayed, lost_acks } = site.messages.fault_counts();
    for (what, count) in [
        ("queue: lost messages", lost),
        ("queue: duplicated deliveries", duplicated),
        ("queue: reordered deliveries", reordered),
        ("queue: delayed messages", delayed),
        ("queue: lost acks", lost_acks),
    ] {
        site.trace.add(what, count);
    }
    Outcome {
        seed,
        violation: site.observer.violation(),
        digest: site.trace.digest(),
        calls: site.trace.calls(),
        narrations: site.plan.orders.len(),
        steps: site.observer.done(),
        took,
        recovery: took.saturating_sub(site.plan.heals),
        counts: site.trace.counts(),
        last: site.trace.last(),
    }
}

fn build(plan: Arc<Plan>, mutant: Option<Mutant>) -> Arc<Site> {
    let trace = Arc::new(Trace::new());
    let owners: BTreeMap<String, TenantId> =
        plan.orders.iter().map(|order| (order.document.to_string(), order.tenant.clone())).collect();
    let start = Instant::now();
    let clock: Arc<dyn Clock> = Arc::new(Skewed::none(start));
    let observer = Arc::new(Observer::new(Arc::clone(&trace), Arc::clone(&plan), owners));
    let store = |service| {
        let watch: Arc<dyn Watch> = Arc::new(Records { observer: Arc::clone(&observer), service });
        Arc::new(MemoryStore::new(Arc::clone(&clock)).watched(watch))
    };
    let messages = MemoryQueue::with_faults(
        ConnectOptions::default(),
        plan.queue,
        Arc::new(SeededRandom::new(plan.seed ^ 0x9e7e)),
    )
    .with_clock(Arc::clone(&clock));
    let queue = WatchedQueue::new(Arc::clone(&observer), messages.clone());
    let blob: Arc<dyn Blob> = Arc::new(Watched::new(Arc::clone(&observer), MemoryBlob::new(Arc::clone(&clock))));
    Arc::new(Site {
        versions: Arc::new(Versions::new(Arc::clone(&plan))),
        plan,
        observer: Arc::clone(&observer),
        trace,
        directory: Arc::new(Directory::default()),
        stores: [store(None), store(Some(Service::Ingest)), store(Some(Service::Ai)), store(Some(Service::Tts))],
        messages,
        queue,
        blob,
        defect: Defect::new(mutant),
        start,
        healed: Arc::new(AtomicBool::new(false)),
        running: Mutex::default(),
    })
}

/// Starts a process again whenever it has died.
async fn supervise(site: Arc<Site>, index: usize, seed: u64) {
    let chance = SeededRandom::new(seed);
    let (service, replica) = place(index);
    let service = service.map_or("gateway", Service::as_str);
    for boot in 0_u32.. {
        let ahead = site.defect.skew(&site.plan, index);
        let process = Arc::new(Process::new(
            format!("{service}-{replica}.{boot}"),
            index.is_multiple_of(2),
            chance.next(),
            Arc::new(Skewed::drifting(site.start, ahead, site.plan.heals)),
            Arc::clone(&site.trace),
            site.plan.weather,
            Arc::clone(&site.healed),
        ));
        set_running(&site, index, Some(Arc::clone(&process)));
        note_gateway(&site, index, false);
        let died = process.died.clone();
        let root = {
            let (site, process) = (Arc::clone(&site), Arc::clone(&process));
            AbortOnDropHandle::new(tokio::spawn(async move { site.run(index, process).await }))
        };
        tokio::select! {
            biased;
            () = died.cancelled() => {}
            ended = root => {
                // It could not start: a port failed at once.
                site.trace.note(&process.name, format_args!("ended: {ended:?}"));
                site.trace.count("failed starts");
            }
        }
        died.cancel();
        site.observer.suspect(&process.name);
        set_running(&site, index, None);
        note_gateway(&site, index, true);
        site.gone(index);
        tokio::time::sleep(Duration::from_millis(200 + chance.below(4_000))).await;
    }
}

/// Notes that a process began or ended, if it is a gateway.
fn note_gateway(site: &Site, index: usize, ended: bool) {
    if place(index).0.is_none() {
        site.observer.gateways_changed(ended);
    }
}

fn set_running(site: &Site, index: usize, process: Option<Arc<Process>>) {
    if let Some(place) = site.running.lock().get_mut(index) {
        *place = process;
    }
}

fn running(site: &Site, index: usize) -> Option<Arc<Process>> {
    site.running.lock().get(index).cloned().flatten()
}

/// Lets everything go wrong that the plan says.
fn trouble(site: &Arc<Site>, tasks: &mut JoinSet<()>) {
    let at = |at: Duration| tokio::time::sleep_until(site.start + at);
    for crash in site.plan.crashes.clone() {
        let (site, time) = (Arc::clone(site), at(crash.at));
        tasks.spawn(async move {
            time.await;
            if let Some(process) = running(&site, crash.process) {
                process.light_fuse(crash.calls, crash.after);
            }
        });
    }
    for stop in site.plan.stops.clone() {
        let (site, time) = (Arc::clone(site), at(stop.at));
        tasks.spawn(async move {
            time.await;
            if let Some(process) = running(&site, stop.process) {
                site.observer.suspect(&process.name);
                process.pause(stop.length);
            }
        });
    }
    for wipe in site.plan.wipes.clone() {
        let (site, time) = (Arc::clone(site), at(wipe));
        tasks.spawn(async move {
            time.await;
            site.trace.note("world", format_args!("every stream is wiped"));
            site.trace.count("wiped streams");
            site.queue.wipe();
        });
    }
    for forgets in site.plan.forgets.clone() {
        let (site, time) = (Arc::clone(site), at(forgets.at));
        tasks.spawn(async move {
            time.await;
            site.trace.note("world", format_args!("a consumer forgets: {:?}", forgets.what));
            site.trace.count("lost consumers");
            site.queue.forget(forgets.what).await;
        });
    }
    for away in site.plan.blackouts.clone() {
        let (site, time) = (Arc::clone(site), at(away.from));
        tasks.spawn(async move {
            time.await;
            site.trace.note("world", format_args!("database {} is away until {:?}", away.database, away.until));
            site.trace.count("databases away");
        });
    }
    if let Some(hold) = site.plan.hold {
        tasks.spawn(hold_up(Arc::clone(site), hold));
    }
    if site.plan.crowd {
        tasks.spawn(order_crowd(Arc::clone(site)));
    }
    let (site, time) = (Arc::clone(site), at(site.plan.heals));
    tasks.spawn(async move {
        time.await;
        site.trace.note("world", format_args!("faults have ended"));
        site.healed.store(true, Ordering::SeqCst);
        site.messages.heal();
    });
}

/// What an operator holds up, and how.
#[derive(Debug, Clone)]
enum Held {
    /// By a pause.
    Paused(Paused),
    /// By suspending the tenant.
    Suspended(TenantId),
}

impl Held {
    async fn begin(&self, front: &Front) -> Result<(), Failure> {
        let pauses = front.conductor.dispatcher().pauses();
        match self {
            Self::Paused(what) => pauses.pause(what.clone(), String::new()).await.map(|_| ()),
            Self::Suspended(tenant) => set_tenant(front, tenant, |record| record.state = TenantState::Suspended).await,
        }
    }

    async fn end(&self, front: &Front) -> Result<(), Failure> {
        match self {
            Self::Paused(what) => front.conductor.dispatcher().pauses().resume(what).await.map(|_| ()),
            Self::Suspended(tenant) => set_state(front, tenant, TenantState::Active).await,
        }
    }
}

async fn set_state(front: &Front, tenant: &TenantId, state: TenantState) -> Result<(), Failure> {
    let tenants = front.conductor.dispatcher().tenants();
    tenants.change(tenant, "", ready(Ok(())), |record| record.state = state).await.map(|_| ())
}

/// Makes a tenant and changes it.
async fn set_tenant(
    front: &Front,
    tenant: &TenantId,
    change: impl Fn(&mut TenantRecord) + Send + Sync,
) -> Result<(), Failure> {
    let tenants = front.conductor.dispatcher().tenants();
    tenants.create_if_absent(tenant, ready(Ok(()))).await?;
    tenants.change(tenant, "", ready(Ok(())), change).await.map(|_| ())
}

/// An operator limits some tenants of a crowd, and suspends others until faults would end.
async fn order_crowd(site: Arc<Site>) {
    let chance = SeededRandom::new(site.plan.seed);
    for tenant in &site.plan.suspended {
        let suspend = |front: Front| async move {
            set_tenant(&front, tenant, |record| record.state = TenantState::Suspended).await
        };
        until_done(&site, &chance, suspend).await;
        site.trace.count("suspensions by an operator");
    }
    for tenant in &site.plan.limited {
        let limit = |front: Front| async move {
            set_tenant(&front, tenant, |record| record.limits.concurrent_steps = Some(1)).await
        };
        until_done(&site, &chance, limit).await;
    }
    tokio::time::sleep_until(site.start + site.plan.heals).await;
    for tenant in &site.plan.suspended {
        let resume = |front: Front| async move { set_state(&front, tenant, TenantState::Active).await };
        until_done(&site, &chance, resume).await;
    }
}

/// An operator pauses something, or suspends a tenant, for a while.
async fn hold_up(site: Arc<Site>, hold: Hold) {
    let Some(first) = site.plan.tenants.first() else { return };
    let what = match hold.what {
        0 => Held::Paused(Paused::Service(Service::Ingest)),
        1 => Held::Paused(Paused::Service(Service::Ai)),
        2 => Held::Paused(Paused::Service(Service::Tts)),
        3 => Held::Paused(Paused::Engine(SPEECH_ENGINE.to_owned())),
        4 => Held::Paused(Paused::Tenant(first.clone())),
        _ => Held::Suspended(first.clone()),
    };
    let chance = SeededRandom::new(site.plan.seed);
    tokio::time::sleep_until(site.start + hold.from).await;
    let pause = |front: Front| {
        let what = what.clone();
        async move { what.begin(&front).await }
    };
    until_done(&site, &chance, pause).await;
    site.trace.count(match what {
        Held::Paused(_) => "pauses by an operator",
        Held::Suspended(_) => "suspensions by an operator",
    });
    tokio::time::sleep_until(site.start + hold.until).await;
    let resume = |front: Front| {
        let what = what.clone();
        async move { what.end(&front).await }
    };
    until_done(&site, &chance, resume).await;
}

/// Calls gateways until one has done it.
async fn until_done<C>(site: &Site, chance: &SeededRandom, call: impl Fn(Front) -> C)
where
    C: Future<Output = Result<(), Failure>>,
{
    loop {
        if let Some(front) = site.directory.gateway(chance) {
            let process = Arc::clone(&front.process);
            if rpc(&process, call(front)).await.is_ok() {
                return;
            }
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}
