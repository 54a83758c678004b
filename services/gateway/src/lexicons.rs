//! Lexicons of tenants: made, changed and deleted by callers, and looked at when an order names
//! them or has them by default.

#[cfg(test)]
mod tests;

use std::sync::Arc;

use lectern_core::id::{LexiconId, TenantId};
use lectern_core::lexicon::{Entry, MOST_BYTES_OF_ORDER, MOST_ENTRIES_OF_ORDER};
use lectern_core::{Clock, Failure, Kind, Reason, Timestamp};
use lectern_proto::names;
use lectern_store::{Change, Collection, Direction, MAX_LIMIT, Page, Query, StoreError};
use tracing::info;

use crate::domain::lexicon::MOST_LEXICONS;
use crate::domain::{LexiconRecord, OrderedLexicon, UsedLexicon, Words};

/// The lexicons of all tenants.
#[derive(Debug, Clone)]
pub struct Lexicons {
    lexicons: Collection<LexiconRecord>,
    clock: Arc<dyn Clock>,
}

/// What a call changes of a lexicon; none for what stays.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Changes {
    /// Its name for people.
    pub display_name: Option<String>,
    /// All of its entries.
    pub entries: Option<Vec<Entry>>,
    /// Whether orders have it without naming it.
    pub by_default: Option<bool>,
}

impl Changes {
    /// The lexicon with these changes; none where they change nothing.
    fn of(&self, lexicon: &LexiconRecord, now: Timestamp) -> Option<LexiconRecord> {
        lexicon.changed(self.display_name.as_deref(), self.entries.as_deref(), self.by_default, now)
    }
}

impl Lexicons {
    /// The lexicons in this collection, which is made where the gateway starts.
    #[must_use]
    pub const fn new(lexicons: Collection<LexiconRecord>, clock: Arc<dyn Clock>) -> Self {
        Self { lexicons, clock }
    }

    /// A lexicon of this tenant.
    ///
    /// # Errors
    /// `RESOURCE_NOT_FOUND`, `STORE_UNAVAILABLE`.
    pub async fn get(&self, tenant: &TenantId, id: &LexiconId) -> Result<LexiconRecord, Failure> {
        let found = self.lexicons.get(&LexiconRecord::record_id(tenant, id)).await?;
        found.map(|found| found.record).ok_or_else(|| not_found(id))
    }

    /// A page of the lexicons of this tenant, by id.
    ///
    /// # Errors
    /// `STORE_UNAVAILABLE`.
    pub async fn list(&self, tenant: &TenantId, query: Query) -> Result<Page<LexiconRecord>, Failure> {
        Ok(self.lexicons.find(&query.eq("tenant", tenant.as_str()).order("lexicon", Direction::Asc)).await?)
    }

    /// Makes a lexicon, which orders have without naming it where it is one `by_default`; `audit`
    /// writes the record of it first.
    ///
    /// # Errors
    /// `ALREADY_EXISTS`, `LIMIT_EXCEEDED` where the tenant has as many as it may, that of `audit`,
    /// and `STORE_UNAVAILABLE`. Calls at the same time may make some more.
    pub async fn create(
        &self,
        tenant: &TenantId,
        id: LexiconId,
        display_name: String,
        entries: Vec<Entry>,
        by_default: bool,
        audit: impl Future<Output = Result<(), Failure>> + Send,
    ) -> Result<LexiconRecord, Failure> {
        let name = names::of_lexicon(&id);
        let exists = || {
            let message = format!("there is a lexicon {name} already; change it, or choose another id");
            Failure::new(Kind::AlreadyExists, Reason::AlreadyExists, message).at("lexicon_id").about(name.clone())
        };
        if self.lexicons.get(&LexiconRecord::record_id(tenant, &id)).await?.is_some() {
            return Err(exists());
        }
        let query = Query::new().eq("tenant", tenant.as_str());
        if self.lexicons.count(&query, MOST_LEXICONS).await? >= MOST_LEXICONS {
            let message = format!("there are {MOST_LEXICONS} lexicons already, as many as may be; delete one first");
            return Err(Failure::new(Kind::ResourceExhausted, Reason::LimitExceeded, message));
        }
        audit.await?;
        let made = LexiconRecord::new(tenant.clone(), id, display_name, entries, self.clock.now());
        let made = LexiconRecord { by_default, ..made };
        match self.lexicons.insert(&made).await {
            Ok(_) => {
                info!(%tenant, lexicon = %made.lexicon, entries = made.entries.len(), "lexicon made");
                Ok(made)
            }
            Err(StoreError::Duplicate { .. }) => Err(exists()),
            Err(error) => Err(error.into()),
        }
    }

    /// Changes a lexicon, if its etag is still the caller's or he sent none; `audit` writes the
    /// record of it first, where there is something to change.
    ///
    /// # Errors
    /// `RESOURCE_NOT_FOUND`, `ETAG_MISMATCH`, that of `audit`, `STORE_UNAVAILABLE`.
    pub async fn change(
        &self,
        tenant: &TenantId,
        id: &LexiconId,
        etag: &str,
        changes: &Changes,
        audit: impl Future<Output = Result<(), Failure>> + Send,
    ) -> Result<LexiconRecord, Failure> {
        let now = self.clock.now();
        let before = self.get(tenant, id).await?;
        check_etag(etag, &before)?;
        if changes.of(&before, now).is_none() {
            return Ok(before);
        }
        audit.await?;
        let write = |lexicon: &mut LexiconRecord| -> Result<Change, Failure> {
            check_etag(etag, lexicon)?;
            Ok(match changes.of(lexicon, now) {
                Some(changed) => {
                    *lexicon = changed;
                    Change::Write
                }
                None => Change::Skip,
            })
        };
        let changed = self.lexicons.update(&LexiconRecord::record_id(tenant, id), write).await;
        let changed =
            changed.map_err(|failure| if failure.kind == Kind::NotFound { not_found(id) } else { failure })?;
        info!(%tenant, lexicon = %id, version = changed.record.version, "lexicon changed");
        Ok(changed.record)
    }

    /// Deletes a lexicon, if its etag is still the caller's or he sent none; `audit` writes the
    /// record of it first.
    ///
    /// # Errors
    /// `RESOURCE_NOT_FOUND`, `ETAG_MISMATCH`, that of `audit`, `STORE_UNAVAILABLE`.
    pub async fn delete(
        &self,
        tenant: &TenantId,
        id: &LexiconId,
        etag: &str,
        audit: impl Future<Output = Result<(), Failure>> + Send,
    ) -> Result<(), Failure> {
        let record_id = LexiconRecord::record_id(tenant, id);
        let found = self.lexicons.get(&record_id).await?.ok_or_else(|| not_found(id))?;
        check_etag(etag, &found.record)?;
        audit.await?;
        // Without an etag whatever stands there is meant; with one, what was looked at.
        let expected = (!etag.is_empty()).then_some(found.revision);
        match self.lexicons.delete(&record_id, expected).await {
            Ok(true) => {
                info!(%tenant, lexicon = %id, "lexicon deleted");
                Ok(())
            }
            Ok(false) => Err(not_found(id)),
            Err(StoreError::Conflict { .. }) => Err(mismatch(id)),
            Err(error) => Err(error.into()),
        }
    }

    /// What an order's words are said by at this moment: its own entries, then those of the
    /// lexicons that it names, then those of the ones that it has by default.
    ///
    /// # Errors
    /// `RESOURCE_NOT_FOUND` of the order's field, `INVALID_FIELD` about a lexicon by default with
    /// which these are more than an order may have, `STORE_UNAVAILABLE`.
    pub async fn resolved(&self, tenant: &TenantId, ordered: OrderedLexicon) -> Result<OrderedLexicon, Failure> {
        let OrderedLexicon { mut lexicons, own, without_defaults, .. } = ordered;
        let mut entries = own.clone();
        for (place, used) in lexicons.iter_mut().enumerate() {
            let found = self.get(tenant, &used.id).await;
            let found = found.map_err(|failure| {
                let is_missing = failure.reason == Reason::ResourceNotFound;
                if is_missing { failure.at(format!("narration.lexicons[{place}].name")) } else { failure }
            })?;
            used.version = found.version;
            entries.extend(found.entries);
        }
        let mut defaults = Vec::new();
        if !without_defaults {
            for found in self.by_default(tenant).await? {
                // One that is named too counts where it is named.
                if lexicons.iter().any(|used| used.id == found.lexicon) {
                    continue;
                }
                entries.extend(found.entries);
                check_size(&entries, &found.lexicon)?;
                defaults.push(UsedLexicon { id: found.lexicon, version: found.version });
            }
        }
        let words = if entries.is_empty() { Words::Nothing } else { Words::Entries(entries) };
        Ok(OrderedLexicon { lexicons, own, without_defaults, defaults, words })
    }

    /// The lexicons that the orders of this tenant have without naming them, by id.
    async fn by_default(&self, tenant: &TenantId) -> Result<Vec<LexiconRecord>, Failure> {
        let query = Query::new().eq("tenant", tenant.as_str()).eq("by_default", true);
        // A tenant has no more than come at once.
        let query = query.order("lexicon", Direction::Asc).limit(MAX_LIMIT);
        let found = self.lexicons.find(&query).await?;
        if found.left_out > 0 {
            // It is no other where it is named: words would else be said as their tenant does not
            // want them, and nobody would know.
            let message = "a lexicon that orders have by default cannot be read: a newer release wrote it, or it is \
                           damaged";
            return Err(Failure::new(Kind::Unavailable, Reason::StoreUnavailable, message));
        }
        Ok(found.items.into_iter().map(|found| found.record).collect())
    }
}

/// Refuses more entries than an order may have. Its own and those of the lexicons that it names are
/// never so many: what is over is so with `lexicon`, which it has by default.
fn check_size(entries: &[Entry], lexicon: &LexiconId) -> Result<(), Failure> {
    let bytes: usize = entries.iter().map(Entry::weight).sum();
    let (count, most, what) = if entries.len() > MOST_ENTRIES_OF_ORDER {
        (entries.len(), MOST_ENTRIES_OF_ORDER, "entries")
    } else if bytes > MOST_BYTES_OF_ORDER {
        (bytes, MOST_BYTES_OF_ORDER, "bytes of entries")
    } else {
        return Ok(());
    };
    let name = names::of_lexicon(lexicon);
    let message = format!(
        "with {name}, which orders have by default, this one has {count} {what}, and may have {most}; name fewer \
         in narration.lexicons, set narration.without_default_lexicons, or make {name} smaller"
    );
    Err(Failure::invalid("narration.lexicons", message).about(name))
}

fn not_found(id: &LexiconId) -> Failure {
    Failure::not_found(names::of_lexicon(id))
}

fn mismatch(id: &LexiconId) -> Failure {
    let message = "the lexicon has changed since this etag; read it again and decide anew";
    Failure::new(Kind::Aborted, Reason::EtagMismatch, message).about(names::of_lexicon(id))
}

fn check_etag(etag: &str, lexicon: &LexiconRecord) -> Result<(), Failure> {
    if etag.is_empty() || etag == lexicon.etag() { Ok(()) } else { Err(mismatch(&lexicon.lexicon)) }
}
