//! A store in memory, for tests and simulation: the same contract, and faults where they are asked
//! for.

mod fault;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use lectern_core::{Clock, Timestamp};
use parking_lot::Mutex;
use serde_json::Value;

use crate::error::StoreError;
use crate::port::{CollectionSpec, Index, Store};
use crate::query::{Condition, Direction, Expr, Op, Query, compare};
use crate::record::{ID, Revision, Stored, check_body, check_field, value_at};
use crate::write::{Write, check_all};

use fault::{Call, Faults};
pub use fault::{Fault, FaultPlan};

type Collections = BTreeMap<String, Rows>;

/// The store in memory.
#[derive(Debug)]
pub struct MemoryStore {
    collections: Mutex<Collections>,
    clock: Arc<dyn Clock>,
    faults: Faults,
    watch: Option<Arc<dyn Watch>>,
    calls: AtomicU64,
}

/// Is told of every change at the moment it takes effect: for simulations that check what must
/// always hold.
pub trait Watch: Send + Sync + std::fmt::Debug {
    /// The body of a record changed from `before` to `after`; none where there is no record.
    fn changed(&self, collection: &str, id: &str, before: Option<&Value>, after: Option<&Value>);
}

#[derive(Debug, Default)]
struct Rows {
    indexes: &'static [Index],
    rows: BTreeMap<String, (Revision, Value)>,
}

impl MemoryStore {
    /// An empty store whose clock is `clock`.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { collections: Mutex::default(), clock, faults: Faults::default(), watch: None, calls: AtomicU64::new(0) }
    }

    /// The same with faults drawn from a plan.
    #[must_use]
    pub fn with_faults(clock: Arc<dyn Clock>, plan: FaultPlan) -> Self {
        Self { faults: Faults::planned(plan), ..Self::new(clock) }
    }

    /// The same store, watched from now on.
    #[must_use]
    pub fn watched(mut self, watch: Arc<dyn Watch>) -> Self {
        self.watch = Some(watch);
        self
    }

    fn tell(&self, collection: &str, id: &str, before: Option<&Value>, after: Option<&Value>) {
        if let Some(watch) = &self.watch {
            watch.changed(collection, id, before, after);
        }
    }

    /// Lets the next writes meet these faults, in order, before the plan is asked again.
    pub fn inject(&self, faults: impl IntoIterator<Item = Fault>) {
        self.faults.inject(faults);
    }

    /// Ends all faults, planned and injected.
    pub fn heal(&self) {
        self.faults.heal();
    }

    /// Calls so far, failed ones too.
    pub fn calls(&self) -> u64 {
        self.calls.load(Ordering::Relaxed)
    }

    fn insert_now(
        &self,
        all: &mut Collections,
        collection: &str,
        id: &str,
        body: &Value,
    ) -> Result<Revision, StoreError> {
        let rows = all.entry(collection.to_owned()).or_default();
        if rows.rows.contains_key(id) || rows.taken(id, body) {
            return Err(StoreError::duplicate(collection, id));
        }
        rows.rows.insert(id.to_owned(), (Revision::FIRST, body.clone()));
        self.tell(collection, id, None, Some(body));
        Ok(Revision::FIRST)
    }

    fn replace_now(
        &self,
        all: &mut Collections,
        collection: &str,
        id: &str,
        expected: Revision,
        body: &Value,
    ) -> Result<Revision, StoreError> {
        let rows = all.entry(collection.to_owned()).or_default();
        let Some((revision, _)) = rows.rows.get(id) else {
            return Err(StoreError::not_found(collection, id));
        };
        if *revision != expected {
            return Err(StoreError::conflict(collection, id));
        }
        if rows.taken(id, body) {
            return Err(StoreError::duplicate(collection, id));
        }
        let before = rows.rows.insert(id.to_owned(), (expected.next(), body.clone()));
        self.tell(collection, id, before.as_ref().map(|(_, body)| body), Some(body));
        Ok(expected.next())
    }

    /// Runs a call under the fault that is next, if any.
    async fn call<R: Send>(
        &self,
        call: Call,
        run: impl FnOnce(&mut Collections) -> Result<R, StoreError> + Send,
    ) -> Result<R, StoreError> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        let fault = self.faults.next(call);
        if let Some(Fault::Delay(duration)) = fault {
            tokio::time::sleep(duration).await;
        } else {
            // Lets other tasks in, as a round trip would.
            tokio::task::yield_now().await;
        }
        match fault {
            Some(Fault::Unavailable) => Err(StoreError::unavailable(call.as_str(), "injected fault")),
            Some(Fault::LostRequest) if call == Call::Write => {
                Err(StoreError::ambiguous(call.as_str(), "injected fault before the write"))
            }
            Some(Fault::LostAnswer) if call == Call::Write => {
                let result = run(&mut self.collections.lock());
                tokio::task::yield_now().await;
                drop(result);
                Err(StoreError::ambiguous(call.as_str(), "injected fault after the write"))
            }
            Some(Fault::LostRequest | Fault::LostAnswer) => {
                Err(StoreError::unavailable(call.as_str(), "injected fault"))
            }
            Some(Fault::Delay(_)) | None => {
                let result = run(&mut self.collections.lock());
                tokio::task::yield_now().await;
                result
            }
        }
    }
}

#[async_trait]
impl Store for MemoryStore {
    async fn ensure(&self, spec: &CollectionSpec) -> Result<(), StoreError> {
        for index in spec.indexes {
            index.fields.iter().try_for_each(|field| check_field(field))?;
        }
        self.collections.lock().entry(spec.name.to_owned()).or_default().indexes = spec.indexes;
        Ok(())
    }

    async fn insert(&self, collection: &str, id: &str, body: &Value) -> Result<Revision, StoreError> {
        check_body(collection, id, body)?;
        self.call(Call::Write, |all| self.insert_now(all, collection, id, body)).await
    }

    async fn get(&self, collection: &str, id: &str) -> Result<Option<Stored>, StoreError> {
        self.call(Call::Read, |all| {
            Ok(all.get(collection).and_then(|rows| rows.rows.get(id)).map(|(revision, body)| Stored {
                id: id.to_owned(),
                revision: *revision,
                body: body.clone(),
            }))
        })
        .await
    }

    async fn replace(
        &self,
        collection: &str,
        id: &str,
        expected: Revision,
        body: &Value,
    ) -> Result<Revision, StoreError> {
        check_body(collection, id, body)?;
        self.call(Call::Write, |all| self.replace_now(all, collection, id, expected, body)).await
    }

    /// One call, and one fault, for all of them.
    async fn write_many(
        &self,
        collection: &str,
        writes: Vec<Write>,
    ) -> Result<Vec<Result<Revision, StoreError>>, StoreError> {
        let checked = check_all(collection, &writes)?;
        self.call(Call::Write, |all| {
            let write = |(write, checked): (&Write, Result<String, StoreError>)| {
                checked?;
                match write {
                    Write::Insert { id, body } => self.insert_now(all, collection, id, body),
                    Write::Replace { id, expected, body } => self.replace_now(all, collection, id, *expected, body),
                }
            };
            Ok(writes.iter().zip(checked).map(write).collect())
        })
        .await
    }

    async fn delete(&self, collection: &str, id: &str, expected: Option<Revision>) -> Result<bool, StoreError> {
        self.call(Call::Write, |all| {
            let rows = all.entry(collection.to_owned()).or_default();
            match rows.rows.get(id) {
                None => Ok(false),
                Some((revision, _)) if expected.is_some_and(|expected| expected != *revision) => {
                    Err(StoreError::conflict(collection, id))
                }
                Some(_) => {
                    let before = rows.rows.remove(id);
                    self.tell(collection, id, before.as_ref().map(|(_, body)| body), None);
                    Ok(before.is_some())
                }
            }
        })
        .await
    }

    async fn find(&self, collection: &str, query: &Query) -> Result<Vec<Stored>, StoreError> {
        let expr = query.plan()?;
        let order = query.full_order();
        let limit = usize::try_from(query.limit).unwrap_or(usize::MAX);
        self.call(Call::Read, |all| {
            let mut found: Vec<Stored> = all
                .get(collection)
                .into_iter()
                .flat_map(|rows| &rows.rows)
                .map(|(id, (revision, body))| Stored { id: id.clone(), revision: *revision, body: body.clone() })
                .filter(|row| meets(&expr, row))
                .collect();
            found.sort_by(|a, b| {
                order.iter().fold(std::cmp::Ordering::Equal, |decided, (field, direction)| {
                    decided.then_with(|| {
                        let ordering = if *field == ID { a.id.cmp(&b.id) } else { by_field(a, b, field) };
                        match direction {
                            Direction::Asc => ordering,
                            Direction::Desc => ordering.reverse(),
                        }
                    })
                })
            });
            found.truncate(limit);
            Ok(found)
        })
        .await
    }

    async fn count(&self, collection: &str, query: &Query, most: u64) -> Result<u64, StoreError> {
        let expr = query.conditions()?;
        self.call(Call::Read, |all| {
            let rows = all.get(collection).into_iter().flat_map(|rows| &rows.rows);
            let met = rows.filter(|(id, (revision, body))| {
                meets(&expr, &Stored { id: (*id).clone(), revision: *revision, body: body.clone() })
            });
            Ok(u64::try_from(met.count()).unwrap_or(u64::MAX).min(most))
        })
        .await
    }

    async fn add(
        &self,
        collection: &str,
        id: &str,
        field: &str,
        delta: i64,
        limit: i64,
    ) -> Result<Option<i64>, StoreError> {
        check_field(field)?;
        self.call(Call::Write, |all| {
            let row = all.get_mut(collection).and_then(|rows| rows.rows.get_mut(id));
            let Some((revision, body)) = row else {
                return Err(StoreError::not_found(collection, id));
            };
            let now = match value_at(body, field) {
                None => 0,
                Some(value) => value
                    .as_i64()
                    .ok_or_else(|| StoreError::corrupt(collection, id, format!("{field} is no integer")))?,
            };
            let Some(new) = now.checked_add(delta).filter(|new| if delta > 0 { *new <= limit } else { *new >= 0 })
            else {
                return Ok(None);
            };
            let before = self.watch.as_ref().map(|_| body.clone());
            let pointer = format!("/{}", field.replace('.', "/"));
            let (parent, name) = pointer.rsplit_once('/').unwrap_or(("", field));
            let Some(Value::Object(fields)) = body.pointer_mut(parent) else {
                return Err(StoreError::corrupt(collection, id, format!("no object holds {field}")));
            };
            fields.insert(name.to_owned(), new.into());
            *revision = revision.next();
            self.tell(collection, id, before.as_ref(), Some(body));
            Ok(Some(new))
        })
        .await
    }

    async fn now(&self) -> Result<Timestamp, StoreError> {
        self.call(Call::Read, |_| Ok(self.clock.now())).await
    }

    async fn ping(&self) -> Result<(), StoreError> {
        self.call(Call::Read, |_| Ok(())).await
    }

    fn connections_opened(&self) -> u64 {
        0
    }
}

impl Rows {
    /// Whether another record has the same values of a unique index.
    fn taken(&self, id: &str, body: &Value) -> bool {
        self.indexes.iter().filter(|index| index.unique).any(|index| {
            let key =
                |body| -> Option<Vec<&Value>> { index.fields.iter().map(|field| value_at(body, field)).collect() };
            let Some(wanted) = key(body) else { return false };
            self.rows.iter().any(|(other, (_, body))| other != id && key(body).is_some_and(|key| key == wanted))
        })
    }
}

fn by_field(a: &Stored, b: &Stored, field: &str) -> std::cmp::Ordering {
    compare(value_at(&a.body, field), value_at(&b.body, field))
}

fn meets(expr: &Expr, row: &Stored) -> bool {
    match expr {
        Expr::All(all) => all.iter().all(|expr| meets(expr, row)),
        Expr::Any(any) => any.iter().any(|expr| meets(expr, row)),
        Expr::Is(condition) => holds(condition, row),
    }
}

fn holds(condition: &Condition, row: &Stored) -> bool {
    let id = Value::from(row.id.as_str());
    let value = if condition.field == ID { Some(&id) } else { value_at(&row.body, &condition.field) };
    let ordering = compare(value, Some(&condition.value));
    match condition.op {
        Op::Eq => ordering.is_eq(),
        Op::Ne => ordering.is_ne(),
        Op::Lt => value.is_some() && ordering.is_lt(),
        Op::Lte => value.is_some() && ordering.is_le(),
        Op::Gt => value.is_some() && ordering.is_gt(),
        Op::Gte => value.is_some() && ordering.is_ge(),
        Op::In => condition
            .value
            .as_array()
            .is_some_and(|items| value.is_some() && items.iter().any(|item| compare(value, Some(item)).is_eq())),
    }
}
