//! What a provider allows of a model, shared by all replicas: requests a minute, tokens a minute
//! and calls at once. The shares lie in one small record for each model, in the service's own
//! store.
//!
//! - **Rates** are leaky buckets (the generic cell rate algorithm of ITU-T I.371): the record says
//!   until when all that was leased is paid for by time. A replica leases what a call needs, and
//!   more of it the faster it uses that up, up to a slice of a tenth of the minute's limit, so that
//!   a busy replica does not write for every call. What it does not use within a tenth of a minute
//!   is lost. Therefore, **in any sixty seconds all replicas together begin at most 1.2 times the
//!   limit and one call more**: what was leased in those seconds (the limit and a slice), and what
//!   was leased in the six seconds before and is still good (a slice).
//! - **Calls at once** are permits that a replica holds in the record until a time which it moves
//!   on while it lives, and gives back when it has not used them for a while. So there are never
//!   more than the limit, unless a replica stood still for longer than its permits were good for.
//!   A replica that has fewer than an equal part and waits is noted in the record: the others then
//!   keep that part each and hand the rest over as their calls end, or take turns where there are
//!   more replicas than calls at once. Who asked first is first.
//! - **A provider that says it is too much** (429) halves all of that for everybody, which then
//!   grows by a tenth of the limit a minute: additive increase, multiplicative decrease (Chiu and
//!   Jain, "Analysis of the Increase and Decrease Algorithms for Congestion Avoidance in Computer
//!   Networks", 1989). Where it says how long to wait, nobody asks before that.

mod local;
mod record;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use lectern_core::{Clock, Failure, OsRandom, Random};
use lectern_store::{Change, Collection, Store, StoreError};
use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use local::Local;
pub use local::Permit;
pub use record::{Rates, ShareRecord};

/// How often a replica looks at the records, moves its permits on, and gives back what it does not
/// use.
const LOOK: Duration = Duration::from_secs(5);
/// The shortest wait for a share.
const SHORTEST_WAIT: Duration = Duration::from_millis(50);
/// The longest wait before a replica looks again: others may have given something back.
const LONGEST_WAIT: Duration = Duration::from_secs(2);

/// The shares of a process. Clones are the same process.
#[derive(Debug, Clone)]
pub struct Shares {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    records: Collection<ShareRecord>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    /// The name of this process among the holders of permits.
    replica: String,
    models: Mutex<BTreeMap<String, Arc<Local>>>,
}

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Request<'a> {
    /// The provider, and whose account there.
    pub provider: &'a str,
    /// The model.
    pub model: &'a str,
    /// What is allowed of it.
    pub rates: Rates,
    /// Tokens that the call will probably use, of its prompt and its answer.
    pub tokens: u64,
}

impl Shares {
    /// The shares in `store`. Call [`Self::ensure`] once before the first use, and let
    /// [`Self::keep`] run beside it.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>) -> Self {
        Self::with_random(store, clock, Arc::new(OsRandom))
    }

    /// The same with a source of randomness, for simulations that replay.
    #[must_use]
    pub fn with_random(store: Arc<dyn Store>, clock: Arc<dyn Clock>, random: Arc<dyn Random>) -> Self {
        let replica = format!("{:016x}", random.next());
        let records = Collection::with_random(store, Arc::clone(&random));
        Self { shared: Arc::new(Shared { records, clock, random, replica, models: Mutex::default() }) }
    }

    /// Makes and verifies the collection.
    ///
    /// # Errors
    /// [`StoreError::Setup`], `Unavailable`, `Ambiguous`.
    pub async fn ensure(&self) -> Result<(), StoreError> {
        self.shared.records.ensure().await
    }

    /// Waits for the share of one call. The permit is given back when it is dropped. It waits for
    /// as long as that takes; a caller that gives up drops the future.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn acquire(&self, request: &Request<'_>) -> Result<Permit, Failure> {
        let key = format!("{}/{}", request.provider, request.model);
        let local = self.local(&key);
        // One after the other, so that those who wait do not all ask the store.
        let _first = local.queue.lock().await;
        loop {
            let turn = local.turn.lock().await;
            let now = self.shared.clock.now();
            let wait = match local.take(request, now) {
                Ok(()) => {
                    let (_, tokens) = local::needs(request);
                    return Ok(Permit::new(Arc::clone(&local), Arc::clone(&self.shared.clock), tokens));
                }
                Err(None) => self.lease(&key, &local, request).await?,
                Err(Some(wait)) => {
                    if local.hands_over() {
                        self.move_on(&key, &local, false).await?;
                        continue;
                    }
                    Some(wait)
                }
            };
            drop(turn);
            let Some(wait) = wait else { continue };
            let wait = wait.clamp(SHORTEST_WAIT, LONGEST_WAIT);
            let spread = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX) / 4;
            let wait = wait + Duration::from_millis(self.shared.random.below(spread + 1));
            tokio::select! {
                () = local.given_back.notified() => {}
                () = tokio::time::sleep(wait) => {}
            }
        }
    }

    /// Notes that a provider said that it was too much, and how long it asks to wait.
    ///
    /// # Errors
    /// Those of the store; this process waits all the same.
    pub async fn slow_down(&self, provider: &str, model: &str, asked: Option<Duration>) -> Result<(), Failure> {
        let key = format!("{provider}/{model}");
        let (local, now) = (self.local(&key), self.shared.clock.now());
        local.slow_down(asked.map(|asked| now.plus(asked)));
        self.make(&key).await?;
        let slowed = self.shared.records.update(&key, |record| {
            record.slow_down(asked, now);
            Ok(Change::Write)
        });
        local.saw(&slowed.await?.record);
        Ok(())
    }

    /// Moves the permits of this process on, gives back what it does not use, and looks what others
    /// noted, until `stop`; then gives back everything that is not in use.
    pub async fn keep(&self, stop: CancellationToken) {
        while stop.run_until_cancelled(tokio::time::sleep(LOOK)).await.is_some() {
            self.look(false).await;
        }
        self.look(true).await;
    }

    /// One look at all models that this process has used.
    async fn look(&self, last: bool) {
        let models: Vec<(String, Arc<Local>)> =
            self.shared.models.lock().iter().map(|(key, local)| (key.clone(), Arc::clone(local))).collect();
        for (key, local) in models {
            if let Err(failure) = self.look_at(&key, &local, last).await {
                warn!(model = key, %failure, "the shares of a model are not kept, trying again soon");
            }
        }
    }

    async fn look_at(&self, key: &str, local: &Local, last: bool) -> Result<(), Failure> {
        let _turn = local.turn.lock().await;
        self.move_on(key, local, last).await
    }

    /// Moves the permits of a model on, without those that are given back. To be called by who has
    /// the turn.
    async fn move_on(&self, key: &str, local: &Local, last: bool) -> Result<(), Failure> {
        let now = self.shared.clock.now();
        if local.held() == 0 && local.keeps(now, last, None) == 0 {
            if let Some(found) = self.shared.records.get(key).await? {
                local.saw(&found.record);
            }
            return Ok(());
        }
        self.make(key).await?;
        let replica = &self.shared.replica;
        let (mut keeps, mut fair) = (0, None);
        let kept = self.shared.records.update(key, |record| {
            fair = record.keeps(replica, local.at_once(), now);
            keeps = local.keeps(now, last, fair);
            record.hold(replica, keeps, now);
            Ok(Change::Write)
        });
        let kept = kept.await?;
        local.saw(&kept.record);
        local.set_held(keeps, fair, now);
        Ok(())
    }

    /// Asks the record for what a call needs; how long to wait where it has not that much.
    async fn lease(&self, key: &str, local: &Local, request: &Request<'_>) -> Result<Option<Duration>, Failure> {
        self.make(key).await?;
        let now = self.shared.clock.now();
        let wanted = local.wanted(request, now);
        let replica = &self.shared.replica;
        let mut leased = Err(LONGEST_WAIT);
        let updated = self.shared.records.update(key, |record| {
            let before = record.waiters.clone();
            leased = record.lease(replica, &wanted, &request.rates, now);
            Ok(if leased.is_ok() || record.waiters != before { Change::Write } else { Change::Skip })
        });
        let record = updated.await?.record;
        local.saw(&record);
        match leased {
            Ok(got) => {
                debug!(model = key, requests = got.requests, tokens = got.tokens, "leased a share");
                local.got(&got, now);
                Ok(None)
            }
            Err(wait) => Ok(Some(wait)),
        }
    }

    /// Makes the record of a model where there is none.
    async fn make(&self, key: &str) -> Result<(), Failure> {
        let local = self.local(key);
        if local.is_made() {
            return Ok(());
        }
        match self.shared.records.insert(&ShareRecord::new(key, self.shared.clock.now())).await {
            Ok(_) | Err(StoreError::Duplicate { .. }) => {
                local.set_made();
                Ok(())
            }
            Err(error) => Err(error.into()),
        }
    }

    fn local(&self, key: &str) -> Arc<Local> {
        Arc::clone(self.shared.models.lock().entry(key.to_owned()).or_default())
    }
}
