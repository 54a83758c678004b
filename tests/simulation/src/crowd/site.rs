//! What a crowd consists of: gateways that dispatch, workers that take what is granted, and the
//! narrations that they work on, each of which is followed by another one when it ends.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use lectern_core::content::script::{Order, Style};
use lectern_core::id::{Service, StepId, StepKind};
use lectern_core::random::SeededRandom;
use lectern_core::speakers::{PinnedVoice, Speakers};
use lectern_core::{Clock, Digest, Failure, Random, Timestamp};
use lectern_gateway::conduct::wanted::{Window, ready, wanted};
use lectern_gateway::conduct::{DispatchOptions, Dispatcher, fold};
use lectern_gateway::domain::{
    Labels, Narration, NarrationRequest, OrderedLexicon, Pins, StepOutcome, Tally, Transition,
};
use lectern_proto::names;
use lectern_queue::{ConnectOptions, Delivery, MemoryQueue, Queue};
use lectern_store::{Collection, Store, StoreError, Versioned};
use lectern_work::{CAPACITY, Capacity};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::Proportions;
use super::book::{Book, Whose, tenant};
use super::queue::CountedQueue;
use super::records::Records;
use crate::observer::MASTER;
use crate::plan::{SCRIPT_ENGINE, SPEECH_ENGINE};
use crate::trace::Skewed;

/// The stage that a crowd waits for: all that its narrations lack is recorded and assembled there.
pub const SERVICE: Service = Service::Tts;
/// Sections of each narration.
const SECTIONS: u32 = 2;
/// Between two looks of a worker whether there is something for it.
const LOOKS: Duration = Duration::from_millis(100);
/// Between two announcements of a worker.
const ANNOUNCES: Duration = Duration::from_secs(5);
/// How long a step takes, in milliseconds: at least, and how many may come on top. The mean is 5 s.
const TAKES: (u64, u64) = (1_000, 8_001);
/// One tenant of so many has a limit of its own. What it leaves is due to all others alike, and not
/// to its neighbours at the same gateway.
const LIMITED: usize = 100;
/// What that is.
const LIMIT: usize = 2;

/// One crowd.
#[derive(Debug)]
pub struct Site {
    /// What is known of it.
    pub book: Arc<Book>,
    /// What dispatchers ask the database.
    pub asked: Records,
    narrations: Collection<Narration>,
    queue: Arc<dyn Queue>,
    gateways: Vec<Dispatcher>,
    clock: Arc<dyn Clock>,
    chance: SeededRandom,
    next: AtomicU64,
}

impl Site {
    /// A crowd of these proportions, whose narrations wait and whose gateways have not begun.
    ///
    /// # Errors
    /// Those of the store: none, unless there is a defect.
    pub async fn new(proportions: Proportions, seed: u64) -> Result<Self, Failure> {
        let clock: Arc<dyn Clock> = Arc::new(Skewed::none(Instant::now()));
        let per_tenant = DispatchOptions::default().per_tenant;
        let limit = |number| if is_limited(number) { LIMIT } else { per_tenant };
        let book = Arc::new(Book::new(proportions.permits, (0..proportions.tenants).map(limit)));
        let messages = MemoryQueue::new(ConnectOptions::default());
        let queue: Arc<dyn Queue> = Arc::new(CountedQueue::new(Arc::clone(&book), messages));
        let records = Records::new(Arc::clone(&clock));
        let asked = records.counted_apart();
        let chance = SeededRandom::new(seed);
        let narrations = collection(records, chance.next());
        narrations.ensure().await?;
        let gateways = (0..proportions.gateways).map(|_| {
            Dispatcher::new(
                collection(asked.clone(), chance.next()),
                Arc::clone(&queue),
                Arc::clone(&clock),
                Arc::new(SeededRandom::new(chance.next())),
                MASTER.into(),
                DispatchOptions::default(),
            )
        });
        let gateways: Vec<Dispatcher> = gateways.collect();
        let site = Self { book, asked, narrations, queue, gateways, clock, chance, next: AtomicU64::new(0) };
        for gateway in &site.gateways {
            gateway.ensure().await?;
        }
        site.limit_tenants(proportions.tenants).await?;
        for number in 0..proportions.narrations {
            let tenant = number % proportions.tenants;
            let lane = i32::try_from(1 + number / proportions.tenants % 3).unwrap_or(1);
            site.order(Whose { tenant, lane }).await?;
        }
        Ok(site)
    }

    async fn limit_tenants(&self, tenants: usize) -> Result<(), Failure> {
        let Some(gateway) = self.gateways.first() else { return Ok(()) };
        for id in (0..tenants).filter(|number| is_limited(*number)).filter_map(tenant) {
            let recorded = || std::future::ready(Ok(()));
            gateway.tenants().create_if_absent(&id, recorded()).await?;
            let limit = |record: &mut lectern_gateway::domain::TenantRecord| {
                record.limits.concurrent_steps = u32::try_from(LIMIT).ok();
            };
            gateway.tenants().change(&id, "", recorded(), limit).await?;
        }
        Ok(())
    }

    /// A narration is ordered, extracted, planned and written: what it waits for is to be recorded.
    async fn order(&self, whose: Whose) -> Result<Versioned<Narration>, Failure> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let mut record = narration(whose, number, self.clock.now())?;
        record.ready = ready(&record, Window::default());
        let revision = self.narrations.insert(&record).await?;
        self.book.wants(&record.id, wants(&record));
        Ok(Versioned { record, revision })
    }

    /// The gateways and workers, at work until they are dropped.
    pub fn start(self: &Arc<Self>, proportions: Proportions) -> JoinSet<()> {
        let mut tasks = JoinSet::new();
        for gateway in self.gateways.clone() {
            tasks.spawn(async move { gateway.run(tokio_util::sync::CancellationToken::new()).await });
        }
        let workers = proportions.workers();
        for number in 0..workers {
            let more = usize::from(number < proportions.permits % workers);
            let permits = proportions.permits / workers + more;
            tasks.spawn(work(Arc::clone(self), number, permits));
        }
        tasks
    }

    /// The gateways that look after tenants, as the first one sees it.
    pub fn dispatchers(&self) -> usize {
        let first = self.gateways.first().map(Dispatcher::gateways).unwrap_or_default();
        first.iter().filter(|gateway| gateway.dispatches).count()
    }

    fn any_gateway(&self) -> Option<&Dispatcher> {
        let index = usize::try_from(self.chance.below(self.gateways.len() as u64)).unwrap_or_default();
        self.gateways.get(index)
    }

    fn takes(&self) -> Duration {
        Duration::from_millis(TAKES.0 + self.chance.below(TAKES.1))
    }

    /// Folds the end of a step at any gateway, as that would upon its event, and orders another
    /// narration where this one has ended.
    async fn finish(&self, delivery: Delivery) -> Result<(), Failure> {
        let step = &delivery.step;
        let mut folded = None;
        while let Some(Versioned { mut record, revision }) = self.narrations.get(step.narration.as_str()).await? {
            let before = wants(&record);
            if fold(&mut record, step, outcome(step.kind), self.clock.now()) == Transition::Unchanged {
                break;
            }
            record.ready = ready(&record, Window::default());
            match self.narrations.replace(&record, revision).await {
                Ok(revision) => {
                    self.book.wants(&record.id, wants(&record) - before);
                    folded = Some(Versioned { record, revision });
                    break;
                }
                // The other section of it ended in this moment.
                Err(StoreError::Conflict { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        self.book.ended(step);
        delivery.ack.ack().await?;
        let Some(folded) = folded else { return Ok(()) };
        if let Some(gateway) = self.any_gateway() {
            gateway.schedule(&folded);
        }
        if folded.record.phase().terminal()
            && let Some(whose) = Whose::of(&folded.record.id)
        {
            let next = self.order(whose).await?;
            if let Some(gateway) = self.any_gateway() {
                gateway.schedule(&next);
            }
        }
        Ok(())
    }
}

/// Whether a tenant has a limit of its own.
pub const fn is_limited(number: usize) -> bool {
    number % LIMITED == LIMITED - 1
}

fn collection(records: Records, seed: u64) -> Collection<Narration> {
    Collection::with_random(Arc::new(records) as Arc<dyn Store>, Arc::new(SeededRandom::new(seed)))
}

fn wants(narration: &Narration) -> i64 {
    i64::try_from(wanted(narration, Window::default()).len()).unwrap_or(i64::MAX)
}

/// One worker of so many permits: it announces itself, takes what it can work on, and is at work on
/// each for a while.
async fn work(site: Arc<Site>, number: usize, permits: usize) {
    let capacity =
        Capacity { service: SERVICE, holder: format!("worker-{number}"), permits, open: Vec::new() }.encode();
    let mut steps = JoinSet::new();
    let mut announced: Option<Instant> = None;
    // Not all at once.
    tokio::time::sleep(Duration::from_millis(site.chance.below(100))).await;
    loop {
        if announced.is_none_or(|at| at.elapsed() >= ANNOUNCES) {
            announced = Some(Instant::now());
            drop(site.queue.hint(CAPACITY, capacity.clone()).await);
        }
        while steps.try_join_next().is_some() {}
        let free = permits.saturating_sub(steps.len());
        let taken = if free > 0 { site.queue.pull(SERVICE, free, Duration::ZERO).await } else { Ok(Vec::new()) };
        for delivery in taken.unwrap_or_default() {
            let site = Arc::clone(&site);
            steps.spawn(async move {
                tokio::time::sleep(site.takes()).await;
                if let Err(error) = site.finish(delivery).await {
                    site.book.broken(error.to_string());
                }
            });
        }
        tokio::time::sleep(LOOKS).await;
    }
}

/// How a step of this kind ends.
fn outcome(kind: StepKind) -> StepOutcome {
    match kind {
        StepKind::Extract => StepOutcome::Extracted,
        StepKind::Plan => StepOutcome::Planned {
            sections: SECTIONS,
            words: 100,
            title: "A".to_owned(),
            language: "en".to_owned(),
            notes: Vec::new(),
        },
        StepKind::Write => StepOutcome::Written,
        StepKind::Record => StepOutcome::Recorded(Tally::default()),
        StepKind::Assemble => StepOutcome::Assembled { sample_rate: 24_000, samples: 24_000, artifacts: Vec::new() },
    }
}

/// A narration whose sections are all written.
fn narration(whose: Whose, number: u64, now: Timestamp) -> Result<Narration, Failure> {
    let no_id = || Failure::internal("a crowd has no such id");
    let id = whose.narration(number).ok_or_else(no_id)?;
    let request = NarrationRequest {
        document: id.as_str().parse().map_err(|_| no_id())?,
        display_name: String::new(),
        labels: Labels::none(),
        order: Order::of(Style::Narration),
        writer: String::new(),
        speakers: Vec::new(),
        lexicon: OrderedLexicon::default(),
        speed: 100,
        formats: vec![1],
        lane: whose.lane,
        time_limit: None,
        hold: false,
    };
    let pins = Pins {
        source: Digest::of(id.as_str().as_bytes()),
        file_name: String::new(),
        extractor: "text/1".to_owned(),
        script: format!("{SCRIPT_ENGINE}/1"),
        writer: SCRIPT_ENGINE.to_owned(),
        speakers: Speakers::one(PinnedVoice {
            name: names::of_voice(SPEECH_ENGINE, "a"),
            version: "1".to_owned(),
            sample_rate: 24_000,
        }),
        language: None,
    };
    let tenant = tenant(whose.tenant).ok_or_else(no_id)?;
    let scope = id.as_str().parse().map_err(|_| no_id())?;
    let mut narration = Narration::accepted(id, tenant, scope, request.digest(), request, pins, now);
    for kind in [StepKind::Extract, StepKind::Plan, StepKind::Write] {
        for index in 0..if kind == StepKind::Write { SECTIONS } else { 1 } {
            let step = StepId { narration: narration.id.clone(), run: narration.run, kind, index };
            fold(&mut narration, &step, outcome(kind), now);
        }
    }
    Ok(narration)
}
