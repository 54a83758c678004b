//! One group's stack under load: faults begin and end, what falls is started again, and an operator
//! does what the runbook says.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use lectern_e2e::{Instance, PaidModel, Profile, Servers, Setup};
use lectern_proto::v1 as api;
use lectern_store::{ConnectOptions, Op, Query, Store};
use parking_lot::Mutex;
use serde_json::Value;
use tokio::task::block_in_place;
use tokio::time::Instant;

use crate::board::{Board, Order, now};
use crate::ledger::{CALL, Ledger, repeated};
use crate::load::{Caller, Load, TENANTS};
use crate::logs::{Logs, Mark};
use crate::model::Clerk;
use crate::objects::Objects;
use crate::report::{FaultReport, GroupReport};
use crate::scale::{DRAIN, RECOVERY, Scale};
use crate::texts::Poison;

/// The stage services.
pub const STAGES: [&str; 3] = ["ingest", "ai", "tts"];
/// All services.
pub const SERVICES: [&str; 4] = ["gateway", "ingest", "ai", "tts"];
/// The gateways; the first is also where services look for one.
pub const GATEWAYS: [&str; 2] = ["gateway", "gateway-2"];
/// Numbers of poisoned documents, above all others.
pub const FIRST_POISON: usize = 100_000;
/// How often a waiting run sees to its processes and its operator's work.
const TICK: Duration = Duration::from_millis(100);
/// How often one narration is retried by the operator.
const RETRIES: u32 = 8;
/// A fault begins when so many narrations are in flight, which are ordered if they are not, or
/// after this long.
const BUSY: (usize, Duration) = (4, Duration::from_secs(5));

/// The state of a process, as Linux says: `T` for one that is stopped.
#[must_use]
pub fn process_state(id: u32) -> Option<char> {
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    stat.rsplit_once(") ")?.1.chars().next()
}

/// A stack under load.
#[derive(Debug)]
pub struct Run {
    /// The processes and their servers.
    pub stack: Instance,
    /// How much of everything.
    pub scale: Scale,
    /// The callers.
    pub load: Load,
    /// The engine's script and ledger.
    pub ledger: Ledger,
    /// The model that the paid writer asks.
    pub model: PaidModel,
    /// Who writes its answers.
    pub clerk: Clerk,
    /// The objects, past every service.
    pub objects: Objects,
    /// The services' logs.
    pub logs: Logs,
    /// Each service's database.
    pub stores: BTreeMap<&'static str, Arc<dyn Store>>,
    /// Objects that were damaged on purpose, and may be made again.
    pub damaged: BTreeSet<String>,
    /// Whether processes may fall by themselves.
    pub may_fall: bool,
    /// Reasons of failures upon which the operator retries a narration once the fault is over.
    pub retries: &'static [&'static str],
    folder: PathBuf,
    report: Arc<Mutex<GroupReport>>,
    /// Processes that are down on purpose.
    down: BTreeSet<&'static str>,
    fault_on: bool,
    fell: BTreeMap<String, u32>,
}

/// A fault that has begun.
#[derive(Debug)]
pub struct Fault {
    report: FaultReport,
    began: u64,
    mark: Mark,
}

impl Fault {
    /// Notes that it was hit so often, and what shows it.
    pub fn hit(&mut self, times: u64, evidence: impl Into<String>) {
        self.report.hits += times;
        self.report.evidence.push(evidence.into());
    }
}

impl Run {
    /// What each tenant may spend in a month, in millionths of a US dollar: more than any run
    /// costs.
    pub const BUDGET: i64 = 100_000_000;

    /// The usual stack in `folder`, with two gateways, for a group to add to.
    #[must_use]
    pub fn setup(folder: &Path) -> Setup {
        Profile::Stack
            .setup()
            .in_folder(folder)
            .own_mongo(Servers::One)
            .replica(GATEWAYS[1], GATEWAYS[0])
            .everywhere("LECTERN_TELEMETRY__LOG_FILTER", "info")
            .everywhere("LECTERN_SERVER__LIMITS__BURST", "100000")
            .everywhere("LECTERN_SERVER__LIMITS__REQUESTS_PER_SECOND", "10000")
            .env("ai", "LECTERN_BUDGET__TENANT_MONTH_USD", "100")
            .env("tts", "LECTERN_ENGINE", "scripted")
            .env("tts", "LECTERN_SCRIPT", &folder.join("script.json").display().to_string())
    }

    /// Starts the stack and its load, which orders dialogues of `model` where it is to. What is
    /// found goes into `report`.
    pub async fn start(
        scale: Scale,
        folder: &Path,
        setup: Setup,
        (model, clerk): (PaidModel, Clerk),
        dialogues: bool,
        report: Arc<Mutex<GroupReport>>,
    ) -> Self {
        let setup = model.configured(setup);
        let slow = u64::try_from(scale.seconds(3, 25).as_millis()).unwrap_or(0);
        let ledger = Ledger::start(folder, slow);
        let stack = Box::pin(setup.start()).await;
        let mut callers = Vec::new();
        for tenant in TENANTS {
            let key = stack.key(tenant).await;
            callers.push(Caller::of(GATEWAYS.map(|gateway| stack.with_key_at(gateway, &key))));
        }
        let mut stores = BTreeMap::new();
        for service in SERVICES {
            let store = lectern_store::connect(&stack.database(service), ConnectOptions::default()).await;
            stores.insert(service, store.expect("the service's database"));
        }
        let load = Load::start(&scale, callers, Arc::clone(&stores["gateway"]), dialogues);
        Self {
            objects: Objects::new(stack.gcs().folder()),
            logs: Logs::new(folder),
            stack,
            scale,
            load,
            ledger,
            model,
            clerk,
            stores,
            damaged: BTreeSet::new(),
            may_fall: false,
            retries: &[],
            folder: folder.to_owned(),
            report,
            down: BTreeSet::new(),
            fault_on: false,
            fell: BTreeMap::new(),
        }
    }

    /// What is known of the orders.
    #[must_use]
    pub fn board(&self) -> &Board {
        &self.load.board
    }

    /// The group's folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Changes the report.
    pub fn report(&self, change: impl FnOnce(&mut GroupReport)) {
        change(&mut self.report.lock());
    }

    /// Notes what does not hold.
    pub fn problem(&self, what: impl Into<String>) {
        let what = what.into();
        self.report(|report| report.problems.push(what));
    }

    /// Begins a fault as soon as enough is in flight for it to be felt.
    pub async fn begin(&mut self, name: impl Into<String>) -> Fault {
        let until = Instant::now() + BUSY.1;
        self.load.order_more(BUSY.0.saturating_sub(self.board().in_flight().len()));
        while self.board().in_flight().len() < BUSY.0 && Instant::now() < until {
            tokio::time::sleep(TICK / 5).await;
        }
        self.fault_on = true;
        let report = FaultReport { name: name.into(), ..FaultReport::default() };
        Fault { report, began: now(), mark: self.logs.mark() }
    }

    /// Lets the load go on for a while.
    pub async fn hold(&mut self, duration: Duration) {
        let until = Instant::now() + duration;
        while Instant::now() < until {
            self.tick().await;
        }
    }

    /// Ends a fault, and waits until every narration in flight has gone on, and one that was
    /// accepted later has succeeded.
    pub async fn end(&mut self, fault: Fault) {
        let end = now();
        let before = self.board().in_flight();
        self.fault_on = false;
        let until = Instant::now() + 2 * RECOVERY;
        let Fault { mut report, began, mark } = fault;
        loop {
            let (still, fresh) = self.board().waits_for(&before, end);
            if still.is_empty() && fresh {
                report.recovery_ms = Some(now().saturating_sub(end));
                break;
            }
            if Instant::now() > until {
                self.problem(format!("{}: {} of {} did not go on: {still:?}", report.name, still.len(), before.len()));
                break;
            }
            self.tick().await;
        }
        let until = now();
        let orders = self.board().all();
        report.lasted_ms = end.saturating_sub(began);
        report.accepted = orders.iter().filter(|order| order.accepted >= began).count();
        let ended = |phase: &str| {
            orders.iter().filter(|order| order.is(phase) && order.ended.as_ref().is_some_and(|e| e.at >= began)).count()
        };
        report.finished = ended("succeeded");
        report.failed = ended("failed");
        report.repeated = repeated(&self.ledger.calls(), began, until);
        report.log = self.logs.counts(&mark);
        eprintln!("{}", report);
        self.report(|group| group.faults.push(report));
    }

    /// How often something stands in the logs since the fault began.
    #[must_use]
    pub fn logged(&self, fault: &Fault, what: &str) -> u64 {
        self.logs.counts(&fault.mark).get(what).copied().unwrap_or(0)
    }

    /// The lines of the services since the fault began.
    #[must_use]
    pub fn lines(&self, fault: &Fault) -> Vec<Value> {
        self.logs.since(&fault.mark)
    }

    /// One moment: starts again what fell, retries what the runbook says.
    pub async fn tick(&mut self) {
        tokio::time::sleep(TICK).await;
        self.start_again();
        if !self.fault_on {
            self.operate().await;
        }
    }

    /// Says that a process is down on purpose, or no longer.
    pub fn down(&mut self, name: &'static str, down: bool) {
        if down {
            self.down.insert(name)
        } else {
            self.down.remove(name)
        };
    }

    fn start_again(&mut self) {
        for name in self.stack.services() {
            if self.down.contains(name) {
                continue;
            }
            let process = self.stack.process(name);
            let Some(status) = process.exited() else { continue };
            block_in_place(|| process.restart());
            *self.fell.entry(name.to_owned()).or_default() += 1;
            if !self.may_fall {
                self.problem(format!("{name} ended by itself: {status}"));
            }
        }
    }

    /// How often a process fell by itself.
    #[must_use]
    pub fn fell(&self, name: &str) -> u32 {
        self.fell.get(name).copied().unwrap_or(0)
    }

    /// What the runbook says of narrations that failed because something they needed was not there.
    async fn operate(&mut self) {
        if self.retries.is_empty() {
            return;
        }
        for order in self.board().all() {
            let Some(end) = order.ended.as_ref().filter(|_| order.healthy() && order.retries < RETRIES) else {
                continue;
            };
            if end.phase == "failed" && self.retries.contains(&end.reason.as_str()) {
                self.retry(&order, &end.message).await;
            }
        }
    }

    /// Deletes the object that the message names, where its file is damaged, and retries the
    /// narration.
    pub async fn retry(&mut self, order: &Order, message: &str) {
        let named = message.split_whitespace().map(|word| word.trim_end_matches([':', ';', ',']));
        for object in named.filter(|word| word.starts_with(&format!("{}/", TENANTS[order.tenant]))) {
            if self.damaged.contains(object) && self.stack.gcs().delete(&Objects::name(object)) {
                eprintln!("    the operator deleted {object}");
            }
        }
        let name = format!("narrations/{}", order.narration);
        // The same id for the same retry: one whose answer was lost is made again.
        let request_id = format!("chaos-retry-{}", order.retries);
        let request = api::RetryNarrationRequest { name, request_id, ..api::RetryNarrationRequest::default() };
        let client = self.load.client(order.tenant);
        let retried = async {
            match client.narrations().retry_narration(request).await {
                Ok(_) => true,
                // The answer to an earlier call may have been lost.
                Err(_) => client
                    .narration(&format!("narrations/{}", order.narration))
                    .await
                    .is_ok_and(|narration| narration.state() != api::narration::State::Failed),
            }
        };
        // What is not answered now is tried again at a later moment.
        if tokio::time::timeout(RECOVERY / 4, retried).await.unwrap_or(false) {
            self.board().retry(&order.narration);
            self.report(|report| report.retried += 1);
        }
    }

    /// Steps whose lease is good at this moment, as a service's database says.
    pub async fn leased(&self, service: &str) -> usize {
        let query = Query::new().eq("state.at", "leased").filter("state.until", Op::Gt, now()).limit(1_000);
        let found = tokio::time::timeout(RECOVERY / 6, self.stores[service].find("steps", &query)).await;
        found.ok().and_then(Result::ok).map_or(0, |steps| steps.len())
    }

    /// Waits, for a while, until a stage has claimed a step; a replica of tts until it is speaking.
    pub async fn until_at_work(&mut self, name: &'static str) {
        let speaks = name.starts_with("tts");
        let id = self.stack.process(name).id();
        for _ in 0..250 {
            let at_work = if speaks {
                self.ledger.latest().is_some_and(|call| call.pid == id && now() < call.at + CALL / 2)
            } else {
                self.leased(name.trim_end_matches("-2")).await > 0
            };
            if at_work {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Calls the JetStream API past every client library; null while no server answers.
    pub fn jetstream(&mut self, call: &str, body: &str) -> Value {
        self.jetstream_past(None, call, body)
    }

    fn jetstream_past(&mut self, past: Option<usize>, call: &str, body: &str) -> Value {
        let answer = block_in_place(|| self.stack.nats().jetstream_past(past, call, body));
        answer.ok().and_then(|answer| serde_json::from_str(&answer).ok()).unwrap_or_default()
    }

    /// What JetStream says of a stream; null while no server answers.
    pub fn stream(&mut self, stream: &str) -> Value {
        self.stream_past(None, stream)
    }

    /// The same, as the nodes beside `past` say.
    pub fn stream_past(&mut self, past: Option<usize>, stream: &str) -> Value {
        self.jetstream_past(past, &format!("STREAM.INFO.{stream}"), "")
    }

    /// All records of a collection, by id.
    ///
    /// # Panics
    ///
    /// When the database does not answer.
    pub async fn records(&self, service: &str, collection: &str) -> Vec<Value> {
        let mut records = Vec::new();
        let mut last = String::new();
        loop {
            let query = Query::new().filter(lectern_store::ID, Op::Gt, last.as_str()).limit(1_000);
            let page = self.stores[service].find(collection, &query).await.expect("records");
            let Some(end) = page.last() else { return records };
            last.clone_from(&end.id);
            records.extend(page.into_iter().map(|stored| stored.body));
        }
    }

    /// Feeds until enough were ordered, takes no more, and waits until all have ended.
    pub async fn drain(&mut self) {
        let until = Instant::now() + DRAIN + self.scale.pace * u32::try_from(self.scale.narrations).unwrap_or(0) * 2;
        while self.board().accepted() < self.scale.narrations && Instant::now() < until {
            self.tick().await;
        }
        self.load.stop_feeding();
        let until = Instant::now() + DRAIN;
        while Instant::now() < until && !self.all_ended() {
            self.tick().await;
        }
        self.report(|report| report.fell.clone_from(&self.fell));
    }

    fn all_ended(&self) -> bool {
        let settled = |order: &Order| {
            order.ended.as_ref().is_some_and(|end| {
                let again = end.phase == "failed" && self.retries.contains(&end.reason.as_str()) && order.healthy();
                !again || order.retries >= RETRIES
            })
        };
        self.board().being_placed() == 0 && self.board().all().iter().all(settled)
    }

    /// Orders narrations of which one sentence is poison.
    pub fn order_poison(&self, first: usize, poisons: &[Poison]) {
        for (number, poison) in (first..).zip(poisons) {
            self.load.order_poison(number, *poison);
        }
    }
}
