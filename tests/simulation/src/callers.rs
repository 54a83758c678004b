//! The callers of a world: each orders a narration, perhaps cancels or deletes it, looks at it as
//! tenants do, retries what failed, and judges what became of it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use lectern_core::id::StepId;
use lectern_core::random::SeededRandom;
use lectern_core::{Failure, Kind, Random, Reason};
use lectern_gateway::audit::{Action, Entry};
use lectern_gateway::domain::{Labels, Narration, Phase};
use lectern_gateway::orders::Deletion;
use lectern_proto::{names, v1 as api};
use lectern_store::Query;
use tokio::time::Instant;

use crate::plan::{Order, Poison, scope};
use crate::stages::{Front, rpc};
use crate::start::Site;

/// Narrations of one page of a list: more than a tenant has in most worlds.
const LISTED: u32 = 100;

/// What a caller makes of a narration that has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Judged {
    /// As it should be.
    Right,
    /// Faults alone made it fail: it is retried when they are over.
    Retry,
    /// It should not have ended so.
    Wrong(String),
}

/// One caller.
#[derive(Debug)]
pub struct Caller {
    site: Arc<Site>,
    order: Order,
    chance: SeededRandom,
}

impl Caller {
    /// The caller of `order`.
    pub fn new(site: Arc<Site>, order: Order, seed: u64) -> Self {
        Self { site, order, chance: SeededRandom::new(seed) }
    }

    /// Sees the order through; returns once it has ended rightly, or wrongly and the observer
    /// knows.
    pub async fn run(self) {
        tokio::time::sleep_until(self.site.start + self.order.at).await;
        while Box::pin(self.call(|front| self.create(front))).await.is_err() {
            self.pause(2_000).await;
        }
        let accepted = Instant::now();
        let mut cancel = self.order.cancel.map(|after| accepted + after);
        let mut delete = self.order.delete.map(|after| accepted + after);
        let mut finishing = None;
        // Whether the request was made again, after its narration was deleted.
        let mut again = false;
        loop {
            if cancel.is_some_and(|at| at <= Instant::now()) && Box::pin(self.cancel()).await {
                cancel = None;
            }
            if delete.is_some_and(|at| at <= Instant::now()) && Box::pin(self.delete()).await {
                let Some(after) = self.order.again else { return };
                tokio::time::sleep(after).await;
                while Box::pin(self.call(|front| self.create(front))).await.is_err() {
                    self.pause(500).await;
                }
                self.site.trace.count("requests made again after a deletion");
                (cancel, delete, again) = (None, None, true);
            }
            let narration = self.look().await;
            if let Some(narration) = narration.as_ref().filter(|narration| narration.awaits_approval())
                && Box::pin(self.approve(narration)).await
            {
                self.site.trace.count("scripts approved");
            }
            if let Some(narration) = narration.filter(|narration| narration.phase().terminal())
                && cancel.is_none()
                && delete.is_none()
            {
                match self.judge(&narration, again) {
                    Judged::Right => return,
                    Judged::Retry if self.order.early || self.site.healed.load(Ordering::SeqCst) => {
                        self.site.trace.count("narrations retried");
                        if finishing != Some(narration.run) && Box::pin(self.retry(narration.run)).await {
                            finishing = Some(narration.run);
                        }
                    }
                    Judged::Retry => {}
                    Judged::Wrong(what) => return self.site.observer.violate("I1", what),
                }
            }
            self.pause(if self.site.plan.crowd { 15_000 } else { 2_500 }).await;
        }
    }

    async fn create(&self, front: Front) -> Result<(), Failure> {
        let Order { request, document, lane, limit, tenant, .. } = &self.order;
        let wire = api::Narration {
            documents: vec![names::of_document(document)],
            display_name: request.clone(),
            labels: self.labels(),
            style: api::Style::Narration.into(),
            formats: vec![api::OutputFormat::Wav.into()],
            lane: *lane,
            time_limit: limit.and_then(|limit| limit.try_into().ok()),
            hold_script: self.order.held,
            ..api::Narration::default()
        };
        let accepted = Box::pin(front.orders.create(tenant, request, wire)).await?;
        self.site.observer.shown(tenant, &accepted.record);
        Ok(())
    }

    /// Labels that orders of other callers have too.
    fn labels(&self) -> BTreeMap<String, String> {
        BTreeMap::from([("lane".to_owned(), self.order.lane.to_string())])
    }

    async fn cancel(&self) -> bool {
        let Order { tenant, narration, .. } = &self.order;
        let call = self.call(|front| async move { Box::pin(front.orders.cancel(tenant, narration, "")).await });
        Box::pin(call).await.is_ok()
    }

    async fn delete(&self) -> bool {
        let Order { tenant, narration, .. } = &self.order;
        // Whatever it is doing, and with a record of who did it.
        let deletion = Deletion { force: true, ..Deletion::default() };
        let entry = Entry {
            actor: "keys/simulated".to_owned(),
            action: Action::NarrationDeleted,
            target: names::of_narration(narration),
            tenant: Some(tenant.clone()),
            detail: String::new(),
        };
        let delete = |front: Front| async move {
            front.orders.delete(tenant, narration, deletion, front.audit.record(entry)).await
        };
        let deleted = Box::pin(self.call(delete)).await;
        // Gone already: an earlier call whose answer was lost.
        deleted.is_ok() || deleted.is_err_and(|failure| failure.kind == Kind::NotFound)
    }

    /// Approves a script, as it was when the caller looked at it; it may have been approved
    /// already, by a call whose answer was lost.
    async fn approve(&self, seen: &Narration) -> bool {
        let Order { tenant, narration, held, .. } = &self.order;
        if !held {
            let what = format!("{narration} waits for an approval, and nobody asked for that");
            self.site.observer.violate("defect", what);
        }
        let entry = Entry {
            actor: "keys/simulated".to_owned(),
            action: Action::ScriptApproved,
            target: names::of_narration(narration),
            tenant: Some(tenant.clone()),
            detail: String::new(),
        };
        let approve = |front: Front| async move {
            let etag = front.orders.keys(seen).script_etag();
            Box::pin(front.orders.approve(tenant, narration, &etag, front.audit.record(entry))).await
        };
        Box::pin(self.call(approve)).await.is_ok()
    }

    /// Retries what failed in `run`, each time with the same request id: a call that is repeated
    /// because its answer was lost is the same call.
    async fn retry(&self, run: u32) -> bool {
        let Order { tenant, narration, request, .. } = &self.order;
        let request = &format!("{request}-after-{run}");
        let retry = |front: Front| async move { Box::pin(front.orders.retry(tenant, narration, request, "")).await };
        Box::pin(self.call(retry)).await.is_ok()
    }

    /// Looks at the narration, and now and then at the list, and at what is not the caller's.
    async fn look(&self) -> Option<Narration> {
        let Order { tenant, narration, .. } = &self.order;
        let observer = &self.site.observer;
        if self.chance.below(3) == 0 {
            let labels = if self.chance.below(2) == 0 { BTreeMap::new() } else { self.labels() };
            let labels = &Labels::checked("labels", labels).ok()?;
            let list = |front: Front| async move { front.orders.list(tenant, Query::new(), labels, LISTED).await };
            let (listed, _) = Box::pin(self.call(list)).await.ok()?;
            for item in listed {
                observer.shown(tenant, &item.record);
                if !item.record.labels().have(labels) {
                    observer.violate("defect", format!("{} was listed without {labels:?}", item.record.id));
                }
            }
        }
        if let Some(stranger) = self.site.plan.tenants.iter().find(|other| *other != tenant)
            && self.chance.below(4) == 0
        {
            let stolen = self.call(|front| async move { front.orders.get(stranger, narration).await }).await;
            if let Ok(stolen) = stolen {
                observer.shown(stranger, &stolen.record);
            }
        }
        let seen = self.call(|front| async move { front.orders.get(tenant, narration).await }).await.ok()?;
        observer.shown(tenant, &seen.record);
        Some(seen.record)
    }

    /// Whether a narration ended as it should.
    fn judge(&self, narration: &Narration, again: bool) -> Judged {
        let wrong = |what: &str| {
            let failure = narration.failure().map(|failed| format!("{:?}: {}", failed.step, failed.failure));
            let phase = narration.phase();
            Judged::Wrong(format!("run {} of {} is {phase:?}, {what}; {failure:?}", narration.run, narration.id))
        };
        let poison = self.order.poison.filter(|_| narration.run == 1);
        match narration.phase() {
            Phase::Succeeded if poison.is_some() => wrong("with poison in it"),
            Phase::Succeeded => Judged::Right,
            Phase::Cancelled if self.order.cancel.is_some() && !again => Judged::Right,
            Phase::Cancelled => wrong("and nobody cancelled it"),
            Phase::Failed => {
                let Some(failed) = narration.failure() else { return wrong("without a reason") };
                match &failed.step {
                    None if failed.failure.reason == Reason::DeadlinePassed && self.order.limit.is_some() => {
                        Judged::Right
                    }
                    None => wrong("without a step"),
                    Some(step) if !self.site.observer.was_buried(step) => wrong("without a dead letter"),
                    Some(step) => self.judge_failed(step, &failed.failure, &wrong),
                }
            }
            Phase::Extracting | Phase::Planning | Phase::Narrating | Phase::AwaitingApproval | Phase::Assembling => {
                wrong("which is no end")
            }
        }
    }

    fn judge_failed(&self, step: &StepId, failure: &Failure, wrong: &dyn Fn(&str) -> Judged) -> Judged {
        if let Some(poison) = self.site.plan.poison(step) {
            let expected = match poison {
                Poison::Panics => Reason::AttemptsExhausted,
                Poison::Kills => Reason::StepCrashed,
                Poison::Damaged => Reason::CommandUnreadable,
                Poison::Fails => Reason::WrongState,
            };
            if failure.reason != expected {
                return wrong("for another reason than its poison");
            }
            return if self.order.retry { Judged::Retry } else { Judged::Right };
        }
        let observer = &self.site.observer;
        let cut_short = || {
            let scope = scope(&self.order.document);
            scope.is_some_and(|scope| observer.was_cut_short(&self.order.tenant, scope.as_str()))
        };
        let exhausted = failure.reason == Reason::AttemptsExhausted && observer.failed_attempts(step) >= 3;
        if exhausted || (failure.reason == Reason::ObjectDamaged && cut_short()) {
            return Judged::Retry;
        }
        wrong("and it is healthy")
    }

    async fn call<T, C>(&self, call: impl FnOnce(Front) -> C) -> Result<T, Failure>
    where
        C: Future<Output = Result<T, Failure>>,
    {
        let front = self.site.directory.gateway(&self.chance);
        let front = front.ok_or_else(|| Failure::new(Kind::Unavailable, Reason::ServiceUnavailable, "no gateway"))?;
        let process = Arc::clone(&front.process);
        rpc(&process, call(front)).await
    }

    async fn pause(&self, most: u64) {
        tokio::time::sleep(Duration::from_millis(300 + self.chance.below(most))).await;
    }
}
