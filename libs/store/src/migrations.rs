//! Migrations: bringing what an older release wrote forward, while it may still be writing.
//!
//! There is one record for each step and collection. Whoever takes its lease works through the
//! collection in batches and writes down how far it came, so that another goes on from there when
//! it dies; the others wait until it is done, since queries find only what was brought forward. A
//! step changes each record by compare-and-swap, keeps its content and revision, and can be
//! repeated. Readers take both forms, before, meanwhile and afterwards.
//!
//! An older release that still runs writes the old form again. So the pass is repeated for
//! [`WATCHED`] after the first one, at starts and by every [`crate::Reconciler`].
//!
//! That holds from one release that reads both forms to the next. The release before the first step
//! reads numbers alone and refuses dates, so for this one all services are stopped; a later step
//! needs a release before it that reads its new form.
//!
//! The one step there is: numbers and base64 become dates and bytes where a collection declares
//! them ([`crate::Store::convert`]). A collection that declares more later has a step of another
//! name.

use std::sync::Arc;
use std::time::Duration;

use lectern_core::{Digest, Random, Timestamp};
use serde::{Deserialize, Serialize};

use crate::collection::{Collection, Record, Versioned};
use crate::error::StoreError;
use crate::port::{CollectionSpec, Store};

/// Records of one batch.
const BATCH: u32 = 500;
/// How long whoever works has it for himself after each batch.
const LEASE: Duration = Duration::from_secs(30);
/// How often those who wait look.
const LOOKED_EVERY: Duration = Duration::from_millis(500);
/// A pass that finds something is repeated at once, but not more often than this: an older release
/// may write for ever.
const PASSES: u32 = 3;
/// How long after its first end a step is repeated: in this time the roll-out must be over.
pub const WATCHED: Duration = Duration::from_secs(48 * 60 * 60);
/// How often it is repeated in this time.
pub const REPEATED_EVERY: Duration = Duration::from_secs(10 * 60);

/// One step of one collection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Migration {
    /// `{collection}/{step}`.
    pub id: String,
    /// Where it stands.
    pub state: State,
    /// Records that were changed, in all passes.
    pub changed: u64,
    /// When its first pass ended.
    pub finished: Option<Timestamp>,
}

/// Where a migration stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "at", rename_all = "snake_case")]
pub enum State {
    /// Somebody works on it.
    Running {
        /// Who: a random name of this one attempt.
        holder: String,
        /// Until when, unless extended.
        until: Timestamp,
        /// The last id that was looked at; none at the beginning of a pass.
        after: Option<String>,
    },
    /// It was done.
    Done {
        /// When the latest pass ended.
        since: Timestamp,
    },
}

impl Record for Migration {
    const SPEC: CollectionSpec =
        CollectionSpec::new("migrations", &[]).dates(&["finished", "state.until", "state.since"]);
    const SCHEMA: u32 = 1;

    fn id(&self) -> String {
        self.id.clone()
    }
}

/// What is to be done about a migration.
#[derive(Debug, PartialEq, Eq)]
enum Next {
    /// Nothing: it is done, and need not be repeated now.
    Nothing,
    /// Somebody else works on it.
    Wait,
    /// Work on, after this id.
    Work(Option<String>),
}

impl Migration {
    fn next(&self, holder: &str, now: Timestamp) -> Next {
        match &self.state {
            State::Running { holder: theirs, until, .. } if theirs != holder && now < *until => Next::Wait,
            State::Running { after, .. } => Next::Work(after.clone()),
            State::Done { since } => {
                let watched = self.finished.is_none_or(|finished| now < finished.plus(WATCHED));
                if watched && since.plus(REPEATED_EVERY) <= now { Next::Work(None) } else { Next::Nothing }
            }
        }
    }

    /// Takes or keeps the lease.
    fn hold(&mut self, holder: &str, after: Option<String>, now: Timestamp) {
        self.state = State::Running { holder: holder.to_owned(), until: now.plus(LEASE), after };
    }

    fn end(&mut self, now: Timestamp) {
        self.state = State::Done { since: now };
        self.finished.get_or_insert(now);
    }
}

/// The step's name: it follows from what is declared.
fn step_of(spec: &CollectionSpec) -> String {
    let declared = format!("{:?}{:?}", spec.dates, spec.binaries);
    let digest = Digest::of(declared.as_bytes()).to_string();
    format!("{}/forms-{digest:.8}", spec.name)
}

/// Brings a collection into its declared form, or waits until somebody else has. Does nothing where
/// the store has one form alone, and where it was done and need not be repeated.
///
/// # Errors
/// [`StoreError::Unavailable`], `Ambiguous`: what was done stays done, and the next call goes on.
pub async fn run(store: &Arc<dyn Store>, random: &Arc<dyn Random>, spec: &CollectionSpec) -> Result<(), StoreError> {
    if !store.has_forms() || (spec.dates.is_empty() && spec.binaries.is_empty()) {
        return Ok(());
    }
    store.ensure(&Migration::SPEC).await?;
    let migrations = Collection::<Migration>::with_random(Arc::clone(store), Arc::clone(random));
    let (id, holder) = (step_of(spec), format!("{:016x}", random.next()));
    let mut told = false;
    loop {
        let now = store.now().await?;
        let Some(Versioned { mut record, revision }) = migrations.get(&id).await? else {
            let state = State::Running { holder: holder.clone(), until: now.plus(LEASE), after: None };
            let new = Migration { id: id.clone(), state, changed: 0, finished: None };
            match migrations.insert(&new).await {
                Ok(_) | Err(StoreError::Duplicate { .. }) => continue,
                Err(error) => return Err(error),
            }
        };
        match record.next(&holder, now) {
            Next::Nothing => return Ok(()),
            Next::Wait => {
                if !told {
                    tracing::info!(migration = id, "another replica brings the collection forward; waiting for it");
                    told = true;
                }
                tokio::time::sleep(LOOKED_EVERY).await;
            }
            Next::Work(after) => {
                record.hold(&holder, after, now);
                match migrations.replace(&record, revision).await {
                    Ok(revision) => {
                        let held = Versioned { record, revision };
                        if work(store, &migrations, spec, held, &holder).await? {
                            return Ok(());
                        }
                    }
                    Err(StoreError::Conflict { .. } | StoreError::NotFound { .. }) => {}
                    Err(error) => return Err(error),
                }
            }
        }
    }
}

/// Works through the collection under the lease; whether it came to the end.
async fn work(
    store: &Arc<dyn Store>,
    migrations: &Collection<Migration>,
    spec: &CollectionSpec,
    held: Versioned<Migration>,
    holder: &str,
) -> Result<bool, StoreError> {
    let Versioned { mut record, mut revision } = held;
    let mut after = match &record.state {
        State::Running { after, .. } => after.clone(),
        State::Done { .. } => None,
    };
    // A pass that goes on from the middle says nothing of what was written before it.
    let (mut pass, mut found) = (1, after.is_some());
    let before = record.changed;
    loop {
        let batch = store.convert(spec, after.as_deref(), BATCH).await?;
        record.changed += batch.converted;
        found |= batch.converted + batch.lost > 0;
        after = batch.after;
        let now = store.now().await?;
        let ended = after.is_none() && (!found || pass >= PASSES);
        if ended {
            record.end(now);
        } else {
            record.hold(holder, after.clone(), now);
        }
        match migrations.replace(&record, revision).await {
            Ok(next) => revision = next,
            // Somebody thought us dead and goes on from where we were.
            Err(StoreError::Conflict { .. } | StoreError::NotFound { .. }) => return Ok(false),
            Err(error) => return Err(error),
        }
        if ended {
            let changed = record.changed - before;
            tracing::info!(migration = record.id, changed, "collection is in its declared form");
            return Ok(true);
        }
        if after.is_none() {
            (pass, found) = (pass + 1, false);
        }
    }
}

#[cfg(test)]
mod tests;
