//! The end of tombstones: that a document was erased is kept for a while, with the receipt, and
//! then forgotten.

use lectern_core::{Failure, Timestamp};
use lectern_store::{Direction, MAX_LIMIT, Op, Query, StoreError};

use super::Library;

impl Library {
    /// Deletes the tombstones of documents that were erased before `before`, and with each its
    /// receipt; how many. One whose second sweep is still to come stays until that is done. After
    /// it the document is one that never was: a call that names it is answered `NOT_FOUND`, and the
    /// request that made it may make it anew, in a scope in which nothing is left.
    ///
    /// # Errors
    /// `STORE_UNAVAILABLE`; safe to repeat.
    pub async fn end_tombstones(&self, before: Timestamp) -> Result<u64, Failure> {
        let erased = Query::new().filter("erased", Op::Lt, before.millis());
        let mut query = erased.order("erased", Direction::Asc).limit(MAX_LIMIT);
        let mut ended = 0;
        loop {
            let page = self.documents.find(&query).await?;
            for tombstone in page.items.into_iter().filter(|tombstone| tombstone.record.due_at.is_none()) {
                match self.documents.delete(tombstone.record.id.as_str(), Some(tombstone.revision)).await {
                    Ok(deleted) => ended += u64::from(deleted),
                    // It is swept once more at this moment.
                    Err(StoreError::Conflict { .. }) => {}
                    Err(error) => return Err(error.into()),
                }
            }
            match page.next {
                Some(next) => query.after = Some(next),
                None => return Ok(ended),
            }
        }
    }
}
