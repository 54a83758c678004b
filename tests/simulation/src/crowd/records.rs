//! The database of a crowd: in memory, with ordered indexes, so that a million records cost a query
//! no more than a thousand, where its indexes serve. It counts what dispatchers ask of it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use lectern_core::{Clock, Timestamp};
use lectern_store::{CollectionSpec, Direction, ID, Op, Query, Revision, Store, StoreError, Stored};
use parking_lot::Mutex;
use serde_json::Value;

use super::index::{Key, Ordered, by_order, direction, holds, place, range};

/// What was asked of the database through one handle.
#[derive(Debug, Default)]
pub struct Operations {
    /// Calls that read.
    pub reads: AtomicU64,
    /// Entries of indexes that they looked at.
    pub examined: AtomicU64,
    /// Calls that write.
    pub writes: AtomicU64,
}

/// A handle on the database. Clones count together.
#[derive(Debug, Clone)]
pub struct Records {
    clock: Arc<dyn Clock>,
    collections: Arc<Mutex<BTreeMap<String, Rows>>>,
    operations: Arc<Operations>,
}

#[derive(Debug, Default)]
struct Rows {
    indexes: Vec<Ordered>,
    rows: BTreeMap<Arc<str>, Row>,
}

/// A record as JSON, which takes a fifth of the room that a tree of values takes.
#[derive(Debug)]
struct Row {
    revision: Revision,
    body: Box<[u8]>,
}

impl Records {
    /// An empty database.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, collections: Arc::default(), operations: Arc::default() }
    }

    /// Another handle on the same records, which counts for itself.
    pub fn counted_apart(&self) -> Self {
        Self { operations: Arc::default(), ..self.clone() }
    }

    /// What was asked through this handle.
    pub fn operations(&self) -> &Operations {
        &self.operations
    }

    async fn read<T>(
        &self,
        collection: &str,
        read: impl FnOnce(&Rows) -> Result<(T, u64), StoreError> + Send,
    ) -> Result<T, StoreError> {
        // Lets other tasks in, as a round trip would.
        tokio::task::yield_now().await;
        self.operations.reads.fetch_add(1, Ordering::Relaxed);
        let mut collections = self.collections.lock();
        let (answer, examined) = read(collections.entry(collection.to_owned()).or_default())?;
        self.operations.examined.fetch_add(examined, Ordering::Relaxed);
        Ok(answer)
    }

    async fn write<T>(
        &self,
        collection: &str,
        write: impl FnOnce(&mut Rows) -> Result<T, StoreError> + Send,
    ) -> Result<T, StoreError> {
        tokio::task::yield_now().await;
        self.operations.writes.fetch_add(1, Ordering::Relaxed);
        write(self.collections.lock().entry(collection.to_owned()).or_default())
    }
}

#[async_trait]
impl Store for Records {
    async fn ensure(&self, spec: &CollectionSpec) -> Result<(), StoreError> {
        let mut collections = self.collections.lock();
        let rows = collections.entry(spec.name.to_owned()).or_default();
        rows.indexes = spec.indexes.iter().map(|index| Ordered::new(*index)).collect();
        for (id, row) in &rows.rows {
            let body = parsed(id, row)?;
            rows.indexes.iter_mut().for_each(|index| index.insert(id, &body));
        }
        Ok(())
    }

    async fn insert(&self, collection: &str, id: &str, body: &Value) -> Result<Revision, StoreError> {
        let insert = |rows: &mut Rows| {
            if rows.rows.contains_key(id) {
                return Err(StoreError::Duplicate { collection: collection.to_owned(), id: id.to_owned() });
            }
            rows.put(id, Revision::FIRST, body).map(|()| Revision::FIRST)
        };
        self.write(collection, insert).await
    }

    async fn get(&self, collection: &str, id: &str) -> Result<Option<Stored>, StoreError> {
        self.read(collection, |rows| rows.get(id).map(|found| (found, 1))).await
    }

    async fn replace(
        &self,
        collection: &str,
        id: &str,
        expected: Revision,
        body: &Value,
    ) -> Result<Revision, StoreError> {
        let replace = |rows: &mut Rows| {
            let Some(row) = rows.rows.get(id) else {
                return Err(StoreError::NotFound { collection: collection.to_owned(), id: id.to_owned() });
            };
            if row.revision != expected {
                return Err(StoreError::conflict(collection, id));
            }
            rows.take(id)?;
            rows.put(id, expected.next(), body).map(|()| expected.next())
        };
        self.write(collection, replace).await
    }

    async fn delete(&self, collection: &str, id: &str, expected: Option<Revision>) -> Result<bool, StoreError> {
        let delete = |rows: &mut Rows| {
            if rows.rows.get(id).is_some_and(|row| expected.is_some_and(|expected| expected != row.revision)) {
                return Err(StoreError::conflict(collection, id));
            }
            rows.take(id).map(|taken| taken.is_some())
        };
        self.write(collection, delete).await
    }

    async fn find(&self, collection: &str, query: &Query) -> Result<Vec<Stored>, StoreError> {
        self.read(collection, |rows| rows.find(query)).await
    }

    async fn count(&self, collection: &str, query: &Query, most: u64) -> Result<u64, StoreError> {
        let most = u32::try_from(most).unwrap_or(u32::MAX);
        let query = Query { limit: most, order: Vec::new(), after: None, ..query.clone() };
        let count = |(found, examined): (Vec<Stored>, u64)| (u64::try_from(found.len()).unwrap_or(u64::MAX), examined);
        self.read(collection, |rows| rows.find(&query).map(count)).await
    }

    async fn add(&self, _: &str, _: &str, _: &str, _: i64, _: i64) -> Result<Option<i64>, StoreError> {
        let why = "nobody in a crowd adds to a field".to_owned();
        Err(StoreError::Invalid { what: "an addition".to_owned(), why })
    }

    async fn now(&self) -> Result<Timestamp, StoreError> {
        Ok(self.clock.now())
    }

    async fn ping(&self) -> Result<(), StoreError> {
        Ok(())
    }

    fn connections_opened(&self) -> u64 {
        0
    }
}

impl Rows {
    fn put(&mut self, id: &str, revision: Revision, body: &Value) -> Result<(), StoreError> {
        let bytes = serde_json::to_vec(body).map_err(|error| invalid(id, &error))?;
        let id: Arc<str> = Arc::from(id);
        for index in &mut self.indexes {
            index.insert(&id, body);
        }
        self.rows.insert(id, Row { revision, body: bytes.into() });
        Ok(())
    }

    /// Takes a record away; at which revision it was.
    fn take(&mut self, id: &str) -> Result<Option<Revision>, StoreError> {
        let Some((id, row)) = self.rows.remove_entry(id) else { return Ok(None) };
        let body = parsed(&id, &row)?;
        for index in &mut self.indexes {
            index.remove(&id, &body);
        }
        Ok(Some(row.revision))
    }

    fn get(&self, id: &str) -> Result<Option<Stored>, StoreError> {
        let Some(row) = self.rows.get(id) else { return Ok(None) };
        Ok(Some(Stored { id: id.to_owned(), revision: row.revision, body: parsed(id, row)? }))
    }

    /// What meets a query, in its order, and how many entries were looked at.
    fn find(&self, query: &Query) -> Result<(Vec<Stored>, u64), StoreError> {
        let plans = self.indexes.iter().filter_map(|index| Some((index, index.plan(query)?)));
        let best = plans.max_by(|(_, a), (_, b)| a.compare(b));
        let (ids, ordered): (Box<dyn Iterator<Item = &Arc<str>>>, bool) = match (self.by_id(query), &best) {
            (Some(ids), _) => (ids, query.order.is_empty()),
            (None, Some((index, plan))) => (index.scan(plan, query), plan.ordered),
            (None, None) => {
                let from = self.rows.keys();
                (Box::new(from), query.order.is_empty() && direction(query) == Some(Direction::Asc))
            }
        };
        let after = after(query);
        let (limit, mut examined) = (usize::try_from(query.limit).unwrap_or(usize::MAX), 0);
        let mut found: Vec<(Vec<Key>, Stored)> = Vec::new();
        for id in ids {
            examined += 1;
            let Some(row) = self.rows.get(id) else { continue };
            let body = parsed(id, row)?;
            if !query.filter.iter().all(|condition| holds(condition, id, &body)) {
                continue;
            }
            let at = place(query, id, &body);
            let is_before = |(values, last): &(Vec<Key>, Box<str>)| {
                by_order(query, (at.as_slice(), id.as_ref()), (values.as_slice(), last.as_ref())).is_le()
            };
            if after.as_ref().is_some_and(is_before) {
                continue;
            }
            found.push((at, Stored { id: id.to_string(), revision: row.revision, body }));
            if ordered && found.len() >= limit {
                break;
            }
        }
        if !ordered {
            found.sort_by(|(a, left), (b, right)| {
                by_order(query, (a.as_slice(), left.id.as_str()), (b.as_slice(), right.id.as_str()))
            });
            found.truncate(limit);
        }
        Ok((found.into_iter().map(|(_, stored)| stored).collect(), examined))
    }

    /// The ids that the conditions of a query name, in order; none where they name no ids.
    fn by_id<'a>(&'a self, query: &Query) -> Option<Box<dyn Iterator<Item = &'a Arc<str>> + 'a>> {
        let of_id = |op: Op| query.filter.iter().find(|condition| condition.field == ID && condition.op == op);
        let (low, high) = range(query, ID);
        let named: Vec<&Value> = match (of_id(Op::Eq), of_id(Op::In).and_then(|condition| condition.value.as_array())) {
            (Some(condition), _) => vec![&condition.value],
            (None, Some(values)) => values.iter().collect(),
            (None, None) => {
                let (low, high) = (text(&low), text(&high));
                let is_range = low != std::ops::Bound::Unbounded || high != std::ops::Bound::Unbounded;
                return is_range.then(|| -> Box<dyn Iterator<Item = &'a Arc<str>> + 'a> {
                    Box::new(self.rows.range::<str, _>((as_str(&low), as_str(&high))).map(|(id, _)| id))
                });
            }
        };
        let mut ids: Vec<&Arc<str>> =
            named.into_iter().filter_map(|value| self.rows.get_key_value(value.as_str()?).map(|(id, _)| id)).collect();
        ids.sort();
        ids.dedup();
        Some(Box::new(ids.into_iter()))
    }
}

type TextBound = std::ops::Bound<Box<str>>;

fn text(bound: &std::ops::Bound<Key>) -> TextBound {
    use std::ops::Bound::{Excluded, Included, Unbounded};
    match bound {
        Included(Key::Text(text)) => Included(text.clone()),
        Excluded(Key::Text(text)) => Excluded(text.clone()),
        Included(_) | Excluded(_) | Unbounded => Unbounded,
    }
}

fn as_str(bound: &TextBound) -> std::ops::Bound<&str> {
    bound.as_ref().map(AsRef::as_ref)
}

/// Where a query continues: the values of its order there, and the id.
fn after(query: &Query) -> Option<(Vec<Key>, Box<str>)> {
    let (last, values) = query.after.as_ref()?.0.split_last()?;
    Some((values.iter().map(|value| Key::of(Some(value))).collect(), last.as_str()?.into()))
}

fn parsed(id: &str, row: &Row) -> Result<Value, StoreError> {
    serde_json::from_slice(&row.body).map_err(|error| invalid(id, &error))
}

fn invalid(id: &str, error: &serde_json::Error) -> StoreError {
    StoreError::Invalid { what: format!("the record {id}"), why: error.to_string() }
}

#[cfg(test)]
mod tests;
