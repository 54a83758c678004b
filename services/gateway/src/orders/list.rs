//! Lists of narrations, also of those with some labels, which no index knows.

use lectern_core::Failure;
use lectern_core::id::TenantId;
use lectern_store::{Cursor, Direction, Query, Versioned};
use serde_json::Value;

use super::Orders;
use crate::domain::{Labels, Narration};

/// Records read at once where only some have the labels.
const READ: u32 = 200;
/// Records looked at for one page of a list, however few have the labels.
const LOOKED_AT: usize = 2_000;

/// A page of narrations, and where the next one starts.
type Found = (Vec<Versioned<Narration>>, Option<Cursor>);

impl Orders {
    /// At most `most` of this tenant's narrations that meet `query` and have all of `labels`, the
    /// newest first, and where the next page starts. The page may be short although there are more:
    /// so many records are looked at and no more.
    ///
    /// # Errors
    /// `STORE_UNAVAILABLE`.
    pub async fn list(&self, tenant: &TenantId, query: Query, labels: &Labels, most: u32) -> Result<Found, Failure> {
        let at_once = if labels.is_empty() { most } else { READ };
        let mut query = newest(tenant, query).limit(at_once);
        let (mut found, mut looked_at) = (Vec::new(), 0);
        loop {
            let page = self.narrations.find(&query).await?;
            looked_at += page.items.len() + page.left_out as usize;
            let room = (most as usize).saturating_sub(found.len());
            let mut items = page.items.into_iter();
            found.extend(items.by_ref().filter(|item| item.record.labels().have(labels)).take(room));
            let full = found.len() >= most as usize;
            if full && !items.as_slice().is_empty() {
                let next = found.last().map(|last| after(&last.record));
                return Ok((found, next));
            }
            match page.next {
                Some(next) if !full && looked_at < LOOKED_AT => query = query.after(next),
                next => return Ok((found, next)),
            }
        }
    }
}

/// Those of this tenant's narrations that are not deleted and meet `query`, the newest first.
pub(super) fn newest(tenant: &TenantId, query: Query) -> Query {
    query.eq("tenant", tenant.as_str()).eq("deleted", Value::Null).order("created", Direction::Desc)
}

/// The place after a narration in the order of [`newest`].
fn after(narration: &Narration) -> Cursor {
    Cursor(vec![Value::from(narration.created.0), Value::from(narration.id.as_str())])
}
