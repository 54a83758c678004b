//! Typed collections over the port: schema and writer of every record, and the loop that reads,
//! changes and writes.

use std::fmt::Debug;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use lectern_core::backoff::Backoff;
use lectern_core::{Failure, OsRandom, Random};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::error::StoreError;
use crate::migrations;
use crate::port::{CollectionSpec, Store};
use crate::query::{Cursor, Query};
use crate::record::{Revision, Stored};

/// Fields that a collection adds to every body; a record must not have fields of these names.
const SCHEMA: &str = "_schema";
const WRITER: &str = "_writer";
const NUDGES: &str = "_nudges";

/// How often a write whose outcome is not known is sent again.
const RESENDS: u32 = 4;
/// How often [`Collection::update`] starts again because somebody else was first.
const ROUNDS: u32 = 24;
const PAUSE: Backoff = Backoff { base: Duration::from_millis(4), cap: Duration::from_millis(250) };

/// Something that is stored: serialises as a JSON object of at most 64 KB without fields that start
/// with `_`.
pub trait Record: Serialize + DeserializeOwned + Send + Sync {
    /// Where.
    const SPEC: CollectionSpec;
    /// The newest layout that this release reads, and the one it writes. Raise it for a change that
    /// older releases must not touch; a new field with a serde default needs no raise.
    const SCHEMA: u32;

    /// Its key: 1 to 512 bytes.
    fn id(&self) -> String;
}

/// A record as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Versioned<T> {
    /// The record.
    pub record: T,
    /// The revision that a replacement must name.
    pub revision: Revision,
}

/// Some of the records that were found.
#[derive(Debug, Clone, PartialEq)]
pub struct Page<T> {
    /// The records, in the query's order.
    pub items: Vec<Versioned<T>>,
    /// Where the next page starts; `None` at the end.
    pub next: Option<Cursor>,
    /// How many records were left out because a newer release wrote them or they are damaged. Each
    /// was logged.
    pub left_out: u32,
}

/// What a change decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// Write the record.
    Write,
    /// Leave it as it is.
    Skip,
}

/// What became of an update.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Updated<T> {
    /// The record after it, or as it was when nothing was written.
    pub record: T,
    /// Its revision.
    pub revision: Revision,
    /// Whether it was written.
    pub written: bool,
}

/// What a collection knows of a record beside its content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Envelope {
    /// How often the reconciler moved `due_at` since the record was last changed.
    pub nudges: u32,
}

/// A typed collection. Cheap to clone.
pub struct Collection<T> {
    store: Arc<dyn Store>,
    random: Arc<dyn Random>,
    record: PhantomData<fn() -> T>,
}

impl<T> Clone for Collection<T> {
    fn clone(&self) -> Self {
        Self { store: Arc::clone(&self.store), random: Arc::clone(&self.random), record: PhantomData }
    }
}

impl<T: Record> Debug for Collection<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Collection").field("name", &T::SPEC.name).field("store", &self.store).finish()
    }
}

impl<T: Record> Collection<T> {
    /// The collection of `T` in `store`. Call [`Collection::ensure`] once before the first use.
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self::with_random(store, Arc::new(OsRandom))
    }

    /// The same with a source of randomness for writer tokens and jitter, for simulations that
    /// replay.
    pub fn with_random(store: Arc<dyn Store>, random: Arc<dyn Random>) -> Self {
        Self { store, random, record: PhantomData }
    }

    /// Another collection of the same store, with the same source of randomness.
    #[must_use]
    pub fn beside<U: Record>(&self) -> Collection<U> {
        Collection::with_random(Arc::clone(&self.store), Arc::clone(&self.random))
    }

    /// The store it is in.
    #[must_use]
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    /// Makes and verifies the collection and its indexes, and brings what an older release wrote
    /// [forward](crate::migrations). Both may take long with many records.
    ///
    /// # Errors
    /// [`StoreError::Setup`], `Unavailable`, `Ambiguous`.
    pub async fn ensure(&self) -> Result<(), StoreError> {
        self.store.ensure(&T::SPEC).await?;
        self.bring_forward().await
    }

    /// Brings forward what an older release, which still runs, wrote since it was last done.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], `Ambiguous`; call it again.
    pub async fn bring_forward(&self) -> Result<(), StoreError> {
        // Boxed: it holds collections in turn.
        Box::pin(migrations::run(&self.store, &self.random, &T::SPEC)).await
    }

    /// Writes a new record.
    ///
    /// # Errors
    /// [`StoreError::Duplicate`] when the id, or the values of a unique index, are taken;
    /// `TooLarge`, `Invalid`, `Unavailable`; `Ambiguous` when it stays unknown whether it was
    /// written.
    pub async fn insert(&self, record: &T) -> Result<Revision, StoreError> {
        let id = record.id();
        let (body, writer) = self.encode(record, Envelope::default())?;
        let mut unsure = false;
        for resend in 1..=RESENDS {
            match self.store.insert(T::SPEC.name, &id, &body).await {
                Err(StoreError::Ambiguous { what, why }) => {
                    tracing::debug!(collection = T::SPEC.name, id, what, why, "insert of unknown outcome, sent again");
                    unsure = true;
                    self.pause(resend).await;
                }
                Err(error @ StoreError::Duplicate { .. }) if unsure => {
                    return self.written_by(&id, &writer).await?.ok_or(error);
                }
                settled => return settled,
            }
        }
        Err(StoreError::ambiguous(format!("insert {}/{id}", T::SPEC.name), "it did not answer several times"))
    }

    /// Writes a new record, or gives the one that is there.
    ///
    /// # Errors
    /// Those of [`Self::get`] and [`Self::insert`].
    pub async fn insert_if_absent(&self, record: &T) -> Result<Option<Versioned<T>>, StoreError> {
        let id = record.id();
        if let Some(known) = self.get(&id).await? {
            return Ok(Some(known));
        }
        match self.insert(record).await {
            Ok(_) => Ok(None),
            Err(error @ StoreError::Duplicate { .. }) => self.get(&id).await?.map(Some).ok_or(error),
            Err(error) => Err(error),
        }
    }

    /// Counts the records that meet a query's conditions, up to `most`; its order, limit and place
    /// are not looked at.
    ///
    /// # Errors
    /// [`StoreError::Invalid`], `Unavailable`.
    pub async fn count(&self, query: &Query, most: u64) -> Result<u64, StoreError> {
        self.store.count(T::SPEC.name, query, most).await
    }

    /// Reads a record.
    ///
    /// # Errors
    /// [`StoreError::NewerSchema`], `Corrupt`, `Unavailable`.
    pub async fn get(&self, id: &str) -> Result<Option<Versioned<T>>, StoreError> {
        Ok(self.get_enveloped(id).await?.map(|(versioned, _)| versioned))
    }

    /// Writes `record` over the one that is at revision `expected`.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when it is at another revision, also when this write took place and
    /// was followed by another before its answer was lost; `NotFound`, `Duplicate`, `TooLarge`,
    /// `Invalid`, `Unavailable`, `Ambiguous`.
    pub async fn replace(&self, record: &T, expected: Revision) -> Result<Revision, StoreError> {
        self.replace_enveloped(record, expected, Envelope::default()).await
    }

    /// Deletes a record, at revision `expected` only where one is given; whether there was one.
    ///
    /// # Errors
    /// [`StoreError::Conflict`], `Unavailable`, `Ambiguous`.
    pub async fn delete(&self, id: &str, expected: Option<Revision>) -> Result<bool, StoreError> {
        let mut unsure = false;
        for resend in 1..=RESENDS {
            match self.store.delete(T::SPEC.name, id, expected).await {
                Ok(deleted) => return Ok(deleted || unsure),
                Err(StoreError::Ambiguous { .. }) => {
                    unsure = true;
                    self.pause(resend).await;
                }
                Err(error) => return Err(error),
            }
        }
        Err(StoreError::ambiguous(format!("delete {}/{id}", T::SPEC.name), "it did not answer several times"))
    }

    /// Finds records. Those of a newer release, and damaged ones, are logged and left out, so that
    /// they do not stand in the way of the others.
    ///
    /// # Errors
    /// [`StoreError::Invalid`], `Unavailable`.
    pub async fn find(&self, query: &Query) -> Result<Page<T>, StoreError> {
        let (items, next, left_out) = self.find_enveloped(query).await?;
        Ok(Page { items: items.into_iter().map(|(versioned, _)| versioned).collect(), next, left_out })
    }

    /// The bounded atomic addition of [`Store::add`].
    ///
    /// # Errors
    /// As there.
    pub async fn add(&self, id: &str, field: &str, delta: i64, limit: i64) -> Result<Option<i64>, StoreError> {
        self.store.add(T::SPEC.name, id, field, delta, limit).await
    }

    /// Reads a record, changes it, and writes it by compare-and-swap; starts again when somebody
    /// else was first.
    ///
    /// `change` may run several times, each time on what is stored then, and must judge by that
    /// alone: it may find its own change there, after a write whose answer was lost.
    ///
    /// # Errors
    /// That of `change`; `NotFound`; `Aborted` after many lost races; those of reading and writing.
    pub async fn update<F>(&self, id: &str, mut change: F) -> Result<Updated<T>, Failure>
    where
        F: FnMut(&mut T) -> Result<Change, Failure> + Send,
    {
        for round in 1..=ROUNDS {
            let Some(Versioned { mut record, revision }) = self.get(id).await? else {
                return Err(StoreError::not_found(T::SPEC.name, id).into());
            };
            if change(&mut record)? == Change::Skip {
                return Ok(Updated { record, revision, written: false });
            }
            match self.replace(&record, revision).await {
                Ok(revision) => return Ok(Updated { record, revision, written: true }),
                Err(StoreError::Conflict { .. }) => self.pause(round).await,
                Err(error) => return Err(error.into()),
            }
        }
        Err(StoreError::conflict(T::SPEC.name, id).into())
    }

    /// [`Self::update`] that begins with a copy in place of a read. An old copy costs a lost race:
    /// what is written is always a change of what is stored, and where `change` writes nothing, or
    /// fails, on the copy, or its record is refused, it is asked again on what is stored.
    ///
    /// The copy must be of a record whose id is not used for another one after it is deleted:
    /// revisions would begin anew.
    ///
    /// # Errors
    /// Those of [`Self::update`].
    pub async fn update_known<F>(&self, known: Versioned<T>, mut change: F) -> Result<Updated<T>, Failure>
    where
        F: FnMut(&mut T) -> Result<Change, Failure> + Send,
    {
        let Versioned { mut record, revision } = known;
        let id = record.id();
        if matches!(change(&mut record), Ok(Change::Write)) {
            match self.replace(&record, revision).await {
                Ok(revision) => return Ok(Updated { record, revision, written: true }),
                Err(error @ (StoreError::Unavailable { .. } | StoreError::Ambiguous { .. })) => {
                    return Err(error.into());
                }
                Err(_) => {}
            }
        }
        self.update(&id, change).await
    }

    /// Reads a record with its envelope.
    pub(crate) async fn get_enveloped(&self, id: &str) -> Result<Option<(Versioned<T>, Envelope)>, StoreError> {
        self.store.get(T::SPEC.name, id).await?.map(decode::<T>).transpose()
    }

    /// Finds records with their envelopes; how many could not be read.
    pub(crate) async fn find_enveloped(
        &self,
        query: &Query,
    ) -> Result<(Vec<(Versioned<T>, Envelope)>, Option<Cursor>, u32), StoreError> {
        let mut rows = self.store.find(T::SPEC.name, query).await?;
        // A full page may be the last one; then the next is empty. Asking for one more would break
        // the largest limit.
        let full = rows.len() >= usize::try_from(query.limit).unwrap_or(usize::MAX);
        let next = if full { rows.last().map(|row| query.cursor_after(row)) } else { None };
        let mut left_out = 0;
        let items = rows
            .drain(..)
            .filter_map(|row| match decode::<T>(row) {
                Ok(item) => Some(item),
                Err(error) => {
                    tracing::error!(%error, "record left out");
                    left_out += 1;
                    None
                }
            })
            .collect();
        Ok((items, next, left_out))
    }

    /// [`Collection::replace`] with an envelope.
    pub(crate) async fn replace_enveloped(
        &self,
        record: &T,
        expected: Revision,
        envelope: Envelope,
    ) -> Result<Revision, StoreError> {
        let id = record.id();
        let (body, writer) = self.encode(record, envelope)?;
        let mut unsure = false;
        for resend in 1..=RESENDS {
            match self.store.replace(T::SPEC.name, &id, expected, &body).await {
                Err(StoreError::Ambiguous { what, why }) => {
                    tracing::debug!(collection = T::SPEC.name, id, what, why, "write of unknown outcome, sent again");
                    unsure = true;
                    self.pause(resend).await;
                }
                Err(error @ StoreError::Conflict { .. }) if unsure => {
                    return self.written_by(&id, &writer).await?.ok_or(error);
                }
                settled => return settled,
            }
        }
        Err(StoreError::ambiguous(format!("write {}/{id}", T::SPEC.name), "it did not answer several times"))
    }

    /// The revision of a record if this writer wrote it last.
    async fn written_by(&self, id: &str, writer: &str) -> Result<Option<Revision>, StoreError> {
        let stored = self.store.get_latest(T::SPEC.name, id).await?;
        Ok(stored
            .filter(|stored| stored.body.get(WRITER).and_then(Value::as_str) == Some(writer))
            .map(|stored| stored.revision))
    }

    async fn pause(&self, attempt: u32) {
        tokio::time::sleep(PAUSE.delay(attempt, &*self.random)).await;
    }

    fn encode(&self, record: &T, envelope: Envelope) -> Result<(Value, String), StoreError> {
        let what = || format!("{}/{}", T::SPEC.name, record.id());
        let value = serde_json::to_value(record).map_err(|error| StoreError::invalid(what(), error))?;
        let Value::Object(mut fields) = value else {
            return Err(StoreError::invalid(what(), "it does not serialise as an object"));
        };
        if let Some(key) = fields.keys().find(|key| key.starts_with('_')) {
            return Err(StoreError::invalid(what(), format!("its field {key:?} starts with an underscore")));
        }
        let writer = format!("{:016x}", self.random.next());
        fields.insert(SCHEMA.to_owned(), T::SCHEMA.into());
        fields.insert(WRITER.to_owned(), writer.as_str().into());
        if envelope.nudges > 0 {
            fields.insert(NUDGES.to_owned(), envelope.nudges.into());
        }
        Ok((Value::Object(fields), writer))
    }
}

fn decode<T: Record>(stored: Stored) -> Result<(Versioned<T>, Envelope), StoreError> {
    let Stored { id, revision, body } = stored;
    let Value::Object(mut fields) = body else {
        return Err(StoreError::corrupt(T::SPEC.name, &id, "it is not an object"));
    };
    let Some(schema) = take_u32(&mut fields, SCHEMA) else {
        return Err(StoreError::corrupt(T::SPEC.name, &id, "it has no schema number"));
    };
    if schema > T::SCHEMA {
        return Err(StoreError::NewerSchema {
            collection: T::SPEC.name.to_owned(),
            id,
            found: schema,
            known: T::SCHEMA,
        });
    }
    let envelope = Envelope { nudges: take_u32(&mut fields, NUDGES).unwrap_or(0) };
    fields.remove(WRITER);
    let record =
        serde_json::from_value(Value::Object(fields)).map_err(|error| StoreError::corrupt(T::SPEC.name, &id, error))?;
    Ok((Versioned { record, revision }, envelope))
}

fn take_u32(fields: &mut Map<String, Value>, key: &str) -> Option<u32> {
    fields.remove(key)?.as_u64().and_then(|n| u32::try_from(n).ok())
}

#[cfg(test)]
mod tests;
