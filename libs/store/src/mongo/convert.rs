//! Bringing records that an older release wrote into the declared form: dates and bytes.

use futures::{StreamExt, TryStreamExt};
use mongodb::bson::{Bson, Document, doc};

use super::MongoStore;
use super::forms::{self, REVISION};
use crate::error::StoreError;
use crate::port::{CollectionSpec, Converted};
use crate::record::ID;

/// Records that are written at the same time; other work has the rest of the pool.
const PARALLEL: usize = 4;

impl MongoStore {
    /// Looks at the `most` records after an id, and writes those that are not in form.
    pub(super) async fn convert_after(
        &self,
        spec: &CollectionSpec,
        after: Option<&str>,
        most: u32,
    ) -> Result<Converted, StoreError> {
        if spec.dates.is_empty() && spec.binaries.is_empty() {
            return Ok(Converted::default());
        }
        let beyond = doc! { ID: { "$gt": after.unwrap_or("") } };
        let ids = self.find_all(spec, beyond.clone(), most, Some(doc! { ID: 1 })).await?;
        let Some(last) = ids.last().and_then(|document| document.get_str(ID).ok()) else {
            return Ok(Converted::default());
        };
        let full = ids.len() >= usize::try_from(most).unwrap_or(usize::MAX);
        let within = doc! { ID: { "$lte": last } };
        let filter = doc! { "$and": [beyond, within, forms::out_of_form(spec)] };
        let found = self.find_all(spec, filter, most, None).await?;
        let mut converted = Converted { after: full.then(|| last.to_owned()), ..Converted::default() };
        let mut written =
            futures::stream::iter(found).map(|old| self.convert_one(spec, old)).buffer_unordered(PARALLEL);
        while let Some(outcome) = written.next().await {
            match outcome? {
                Some(true) => converted.converted += 1,
                Some(false) => converted.lost += 1,
                None => {}
            }
        }
        Ok(converted)
    }

    /// Writes a record in form, if nobody has changed it; none where it stays as it is.
    async fn convert_one(&self, spec: &CollectionSpec, old: Document) -> Result<Option<bool>, StoreError> {
        let stored = match forms::stored(spec.name, old.clone()) {
            Ok(stored) => stored,
            Err(error) => {
                tracing::error!(%error, "record not brought into form");
                return Ok(None);
            }
        };
        let new = forms::document(Some(spec), &stored.id, stored.revision, &stored.body);
        if new == old {
            return Ok(None);
        }
        let filter = doc! { ID: stored.id.as_str(), REVISION: old.get(REVISION).cloned().unwrap_or(Bson::Null) };
        let handle = self.collection(spec.name);
        let what = (spec.name, stored.id.as_str());
        let replaced = self.write("bring a record into form", what, handle.replace_one(filter, new)).await?;
        Ok(Some(replaced.matched_count > 0))
    }

    async fn find_all(
        &self,
        spec: &CollectionSpec,
        filter: Document,
        most: u32,
        fields: Option<Document>,
    ) -> Result<Vec<Document>, StoreError> {
        let handle = self.collection(spec.name);
        let mut find = handle.find(filter).sort(doc! { ID: 1 }).limit(i64::from(most)).batch_size(most);
        if let Some(fields) = fields {
            find = find.projection(fields);
        }
        let found = async { find.await?.try_collect::<Vec<Document>>().await };
        self.read("look for what is not in form", Box::pin(found)).await
    }
}
