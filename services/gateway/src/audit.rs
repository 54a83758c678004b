//! Audit records: who did what that others must be able to account for. A record is written before
//! its change is made, so that nothing is done without one; one whose change then failed says that
//! it was tried.

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use lectern_core::id::TenantId;
use lectern_core::{Clock, Failure, Random, Timestamp};
use lectern_store::{Collection, CollectionSpec, Cursor, Direction, Index, Op, Page, Query, StoreError, Versioned};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

/// The most characters of an actor or a target: names of resources, of which none is as long.
const LONGEST_NAME: usize = 300;
/// The most characters of a detail, which with all the rest stays far below a record's 64 KB.
const LONGEST_DETAIL: usize = 2_000;
/// Records that are over their time are deleted so often.
const SWEPT_EVERY: Duration = Duration::from_secs(60 * 60);
/// Records that are found at once to be deleted.
const BATCH: u32 = 500;
/// Records read at once where only some meet the filter.
const READ: u32 = 200;
/// Records looked at for one page of a list, however few meet the filter.
const LOOKED_AT: usize = 2_000;

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// A key was made.
    KeyCreated,
    /// A key was revoked.
    KeyRevoked,
    /// A tenant was made.
    TenantCreated,
    /// A tenant's name or limits were changed.
    TenantUpdated,
    /// A tenant was suspended.
    TenantSuspended,
    /// A tenant was resumed.
    TenantResumed,
    /// Work was paused.
    PauseCreated,
    /// A pause was ended.
    PauseDeleted,
    /// A dead letter's narration was retried.
    DeadLetterReplayed,
    /// A dead letter was discarded.
    DeadLetterDiscarded,
    /// A document was erased.
    DocumentDeleted,
    /// A narration was deleted.
    NarrationDeleted,
    /// Sentences of a script were changed.
    ScriptUpdated,
    /// A script was approved.
    ScriptApproved,
    /// A lexicon was made.
    LexiconCreated,
    /// A lexicon's name or entries were changed.
    LexiconUpdated,
    /// A lexicon was deleted.
    LexiconDeleted,
}

/// What is about to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Who: `keys/{key}`, `admin`, `open` or `services/{service}`.
    pub actor: String,
    /// What.
    pub action: Action,
    /// To what: a resource name.
    pub target: String,
    /// Whose that is; none where it is nobody's.
    pub tenant: Option<TenantId>,
    /// What more is to be known, for people.
    pub detail: String,
}

/// An entry as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// The time in milliseconds, then random bits: ids are in the order of time.
    pub id: String,
    /// When it was written.
    pub created: Timestamp,
    /// Who did it.
    pub actor: String,
    /// What was done.
    pub action: Action,
    /// To what.
    pub target: String,
    /// Whose that is.
    pub tenant: Option<TenantId>,
    /// What more is to be known.
    pub detail: String,
}

impl lectern_store::Record for Record {
    const SPEC: CollectionSpec = CollectionSpec::new(
        "audit",
        &[
            Index::new("by_created", &["created"]),
            Index::new("by_tenant", &["tenant", "created"]),
            Index::new("by_actor", &["actor", "created"]),
            Index::new("by_action", &["action", "created"]),
            Index::new("by_target", &["target", "created"]),
        ],
    )
    .dates(&["created"]);
    const SCHEMA: u32 = 1;

    fn id(&self) -> String {
        self.id.clone()
    }
}

/// Which records are meant; all conditions must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Of this actor.
    pub actor: Option<String>,
    /// Of this action.
    pub action: Option<Action>,
    /// Of this target.
    pub target: Option<String>,
    /// Of this tenant.
    pub tenant: Option<TenantId>,
}

impl Filter {
    /// The filter as records meet it: texts are cut as they are when they are written.
    fn as_written(&self) -> Self {
        let short = |text: &Option<String>| text.clone().map(|text| cut(text, LONGEST_NAME));
        Self { actor: short(&self.actor), target: short(&self.target), ..self.clone() }
    }

    /// The condition that fewest records meet, which an index finds; none where there is none.
    fn rarest(&self) -> Result<Option<(&'static str, Value)>, Failure> {
        if let Some(target) = &self.target {
            return Ok(Some(("target", target.as_str().into())));
        }
        if let Some(actor) = &self.actor {
            return Ok(Some(("actor", actor.as_str().into())));
        }
        if let Some(tenant) = &self.tenant {
            return Ok(Some(("tenant", tenant.as_str().into())));
        }
        let Some(action) = self.action else { return Ok(None) };
        let action = serde_json::to_value(action)
            .map_err(|error| Failure::internal(format!("{action:?} cannot be written: {error}")))?;
        Ok(Some(("action", action)))
    }

    fn conditions(&self) -> usize {
        let given = [self.actor.is_some(), self.action.is_some(), self.target.is_some(), self.tenant.is_some()];
        given.into_iter().filter(|given| *given).count()
    }

    fn meets(&self, record: &Record) -> bool {
        self.actor.as_ref().is_none_or(|actor| record.actor == *actor)
            && self.action.is_none_or(|action| record.action == action)
            && self.target.as_ref().is_none_or(|target| record.target == *target)
            && self.tenant.as_ref().is_none_or(|tenant| record.tenant.as_ref() == Some(tenant))
    }
}

/// The audit records of the installation.
#[derive(Debug, Clone)]
pub struct Audit {
    records: Collection<Record>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    kept: Duration,
}

impl Audit {
    /// The records in this collection, each kept for so long.
    #[must_use]
    pub const fn new(
        records: Collection<Record>,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
        kept: Duration,
    ) -> Self {
        Self { records, clock, random, kept }
    }

    /// Writes a record. Call it before the change is made, and leave the change where this fails.
    /// Texts that are too long are cut.
    ///
    /// # Errors
    /// `STORE_UNAVAILABLE`.
    pub async fn record(&self, entry: Entry) -> Result<(), Failure> {
        let created = self.clock.now();
        let record = Record {
            // Twelve hexadecimal digits of milliseconds last until the year 10889.
            id: format!("{:012x}{:016x}", created.millis(), self.random.next()),
            created,
            actor: cut(entry.actor, LONGEST_NAME),
            action: entry.action,
            target: cut(entry.target, LONGEST_NAME),
            tenant: entry.tenant,
            detail: cut(entry.detail, LONGEST_DETAIL),
        };
        self.records.insert(&record).await?;
        Ok(())
    }

    /// A page of records that meet `filter`, the newest first; `query` says how many, and after
    /// which. An index finds those of one condition; where there are more of them, so many records
    /// are looked at and no more, and the page may be short although there are others.
    ///
    /// # Errors
    /// `STORE_UNAVAILABLE`.
    pub async fn list(&self, filter: &Filter, query: Query) -> Result<Page<Record>, Failure> {
        let filter = filter.as_written();
        let most = query.limit;
        let mut query = query.order("created", Direction::Desc);
        if let Some((field, value)) = filter.rarest()? {
            query = query.eq(field, value);
        }
        if filter.conditions() <= 1 {
            return Ok(self.records.find(&query).await?);
        }
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        let mut query = query.limit(READ);
        let (mut found, mut looked_at, mut left_out) = (Vec::new(), 0, 0_u32);
        loop {
            let page = self.records.find(&query).await?;
            looked_at += page.items.len() + page.left_out as usize;
            left_out = left_out.saturating_add(page.left_out);
            let room = most.saturating_sub(found.len());
            let mut items = page.items.into_iter();
            found.extend(items.by_ref().filter(|item| filter.meets(&item.record)).take(room));
            let full = found.len() >= most;
            if full && !items.as_slice().is_empty() {
                let next = found.last().map(|last: &Versioned<Record>| after(&last.record));
                return Ok(Page { items: found, next, left_out });
            }
            match page.next {
                Some(next) if !full && looked_at < LOOKED_AT => query = query.after(next),
                next => return Ok(Page { items: found, next, left_out }),
            }
        }
    }

    /// Deletes records that were kept for long enough, at once and then every hour until `stop`.
    /// Any number of replicas may do it.
    pub async fn run(self, stop: CancellationToken) {
        let mut tick = tokio::time::interval(SWEPT_EVERY);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                _ = tick.tick() => {}
            }
            match self.sweep(&stop).await {
                Ok(0) => {}
                Ok(deleted) => info!(deleted, "old audit records deleted"),
                Err(error) => warn!(%error, "old audit records are still there, they are deleted in an hour"),
            }
        }
    }

    /// Deletes what is over its time, the oldest first; how many this replica deleted.
    async fn sweep(&self, stop: &CancellationToken) -> Result<u64, StoreError> {
        const NAME: &str = <Record as lectern_store::Record>::SPEC.name;
        let before = self.clock.now().minus(self.kept);
        let query =
            Query::new().filter("created", Op::Lt, before.millis()).order("created", Direction::Asc).limit(BATCH);
        let mut deleted = 0;
        loop {
            // By the ids as stored, so that damaged and newer records go as well. What is deleted
            // is not found again.
            let rows = self.records.store().find(NAME, &query).await?;
            for row in &rows {
                if stop.is_cancelled() {
                    return Ok(deleted);
                }
                deleted += u64::from(self.records.delete(&row.id, None).await?);
            }
            if rows.len() < usize::try_from(BATCH).unwrap_or(usize::MAX) {
                return Ok(deleted);
            }
        }
    }
}

/// The place after a record in the order of a list.
fn after(record: &Record) -> Cursor {
    Cursor(vec![Value::from(record.created.millis()), Value::from(record.id.as_str())])
}

/// At most so many characters of a text, the last of which then says that there were more.
fn cut(mut text: String, most: usize) -> String {
    if text.chars().nth(most).is_some()
        && let Some((end, _)) = text.char_indices().nth(most.saturating_sub(1))
    {
        text.truncate(end);
        text.push('…');
    }
    text
}
