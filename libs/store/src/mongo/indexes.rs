//! Making the indexes of a collection, and replacing those of another definition.

use std::future::IntoFuture;
use std::time::Duration;

use futures::TryStreamExt;
use mongodb::IndexModel;
use mongodb::bson::{Bson, Document, doc};
use mongodb::options::{IndexOptions, WriteConcern};

use super::{MongoStore, error, forms};
use crate::error::StoreError;
use crate::port::{CollectionSpec, Index, Store};
use crate::record::{ID, check_field};

/// How often it is said that an index is still being built, and looked whether the server is there.
const TOLD_EVERY: Duration = Duration::from_secs(10);
/// How often somebody else may make or replace an index of the same name under our eyes.
const ROUNDS: u32 = 4;

impl MongoStore {
    /// Makes what is missing of the indexes of a collection, and drops those whose definition was
    /// replaced when the new ones are built.
    pub(super) async fn ensure_indexes(&self, spec: &CollectionSpec) -> Result<(), StoreError> {
        for index in spec.indexes {
            index.fields.iter().try_for_each(|field| check_field(field))?;
            self.ensure_index(spec, index).await?;
        }
        Ok(())
    }

    async fn ensure_index(&self, spec: &CollectionSpec, index: &Index) -> Result<(), StoreError> {
        let wanted = definition(spec, index);
        for _ in 0..ROUNDS {
            let there = self.indexes(spec).await?;
            if let Some(found) = there.iter().find(|found| same(found, &wanted)) {
                let kept = name_of(found);
                // One that another process began is listed too, and this waits for it.
                self.build(spec, kept, &wanted).await?;
                let others = there.iter().map(name_of).filter(|name| *name != kept && stands_for(name, index));
                for replaced in others.map(str::to_owned).collect::<Vec<_>>() {
                    self.drop_index(spec, &replaced).await?;
                }
                return Ok(());
            }
            let taken = there.iter().any(|found| name_of(found) == index.name);
            let name = if taken { another_name(index, &wanted) } else { index.name.to_owned() };
            self.build(spec, &name, &wanted).await?;
        }
        Err(StoreError::unavailable(
            format!("make the index {} of {}", index.name, spec.name),
            "another release keeps replacing it; finish the roll-out of one of them",
        ))
    }

    async fn indexes(&self, spec: &CollectionSpec) -> Result<Vec<IndexModel>, StoreError> {
        let handle = self.collection(spec.name);
        let listed = async {
            match handle.list_indexes().await {
                Ok(cursor) => cursor.try_collect::<Vec<IndexModel>>().await,
                Err(error) if error::is_no_collection(&error) => Ok(Vec::new()),
                Err(error) => Err(error),
            }
        };
        match self.limited(listed).await {
            Some(Ok(found)) => Ok(found),
            Some(Err(error)) if error::is_forbidden(&error) => Err(self.forbidden("list the indexes", &error)),
            Some(Err(error)) => Err(error::of_read("list the indexes", &error)),
            None => Err(StoreError::unavailable("list the indexes", self.too_long())),
        }
    }

    /// The indexes of a collection that are not there as it declares them.
    pub(super) async fn missing(&self, spec: &CollectionSpec) -> Result<Vec<&'static str>, StoreError> {
        let found = self.indexes(spec).await?;
        let lacks = |index: &&Index| {
            let wanted = definition(spec, index);
            !found.iter().any(|found| same(found, &wanted))
        };
        Ok(spec.indexes.iter().filter(lacks).map(|index| index.name).collect())
    }

    /// Builds an index, however long that takes, as long as the server answers. All voting members
    /// of the set build it (the default commit quorum), so one that is away holds it up.
    async fn build(&self, spec: &CollectionSpec, name: &str, wanted: &IndexModel) -> Result<(), StoreError> {
        let what = format!("make the index {name} of {}", spec.name);
        let mut model = wanted.clone();
        model.options.get_or_insert_with(IndexOptions::default).name = Some(name.to_owned());
        let handle = self.collection(spec.name);
        // Without a limit of the server's: it would report an index that is built after all.
        let mut building = Box::pin(handle.create_index(model).write_concern(WriteConcern::majority()).into_future());
        let begun = tokio::time::Instant::now();
        loop {
            let Ok(built) = tokio::time::timeout(TOLD_EVERY, &mut building).await else {
                let seconds = begun.elapsed().as_secs();
                tracing::warn!(
                    collection = spec.name,
                    index = name,
                    seconds,
                    "index still being built; the service is not ready before it is"
                );
                // A server that is gone would never answer. The build goes on without us, and the
                // next start waits for it again.
                self.ping().await?;
                continue;
            };
            return match built {
                Ok(_) => {
                    tracing::debug!(collection = spec.name, index = name, "index is there");
                    Ok(())
                }
                Err(error) if error::is_duplicate(&error) => Err(StoreError::Setup(format!(
                    "the index {name} of {} cannot be made: {error}; remove the records that share its values",
                    spec.name
                ))),
                // Somebody else made it just now: look again.
                Err(error) if error::is_index_conflict(&error) => Ok(()),
                Err(error) if error::is_forbidden(&error) => Err(self.forbidden(&what, &error)),
                Err(error) => Err(StoreError::unavailable(what, error)),
            };
        }
    }

    async fn drop_index(&self, spec: &CollectionSpec, name: &str) -> Result<(), StoreError> {
        let what = || format!("drop the index {name} of {}", spec.name);
        let handle = self.collection(spec.name);
        match self.limited(handle.drop_index(name).into_future()).await {
            Some(Ok(())) => {
                tracing::info!(collection = spec.name, index = name, "index of an older definition dropped");
                Ok(())
            }
            // Another replica dropped it.
            Some(Err(error)) if error::is_no_index(&error) => Ok(()),
            Some(Err(error)) => Err(StoreError::unavailable(what(), error)),
            None => Err(StoreError::unavailable(what(), self.too_long())),
        }
    }

    fn forbidden(&self, what: &str, error: &mongodb::error::Error) -> StoreError {
        let database = self.database.name();
        StoreError::Setup(format!(
            "the database's user may not {what}: {error}; grant it the role readWrite on the database {database}"
        ))
    }
}

/// An index as the driver wants it, but for its name. One to find by ends with the id, so that it
/// also gives the order.
fn definition(spec: &CollectionSpec, index: &Index) -> IndexModel {
    let mut keys: Document = index.fields.iter().map(|field| ((*field).to_owned(), Bson::Int32(1))).collect();
    let mut options = IndexOptions::default();
    if index.unique {
        options.unique = Some(true);
        // A record in which a field is null or missing is exempt.
        let something = doc! { "$type": ["string", "number", "bool", "date", "binData"] };
        options.partial_filter_expression =
            Some(index.fields.iter().map(|field| ((*field).to_owned(), Bson::Document(something.clone()))).collect());
    } else {
        keys.insert(ID, 1);
        options.partial_filter_expression = index.where_set.map(|field| forms::set(spec, field));
    }
    IndexModel::builder().keys(keys).options(options).build()
}

/// Whether two indexes are one but for the name.
fn same(found: &IndexModel, wanted: &IndexModel) -> bool {
    let options = |model: &IndexModel| {
        let options = model.options.as_ref();
        let unique = options.and_then(|options| options.unique).unwrap_or(false);
        (unique, options.and_then(|options| options.partial_filter_expression.clone()))
    };
    found.keys.keys().eq(wanted.keys.keys()) && options(found) == options(wanted)
}

fn name_of(model: &IndexModel) -> &str {
    model.options.as_ref().and_then(|options| options.name.as_deref()).unwrap_or_default()
}

/// Whether an index of the database is, or was, what a collection calls by this name.
fn stands_for(name: &str, index: &Index) -> bool {
    name.strip_prefix(index.name).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// The name of an index while one of another definition has its own: it follows from the
/// definition, so that replicas agree.
fn another_name(index: &Index, wanted: &IndexModel) -> String {
    let filter = wanted.options.as_ref().and_then(|options| options.partial_filter_expression.as_ref());
    let filter = filter.map(Document::to_string).unwrap_or_default();
    let digest = lectern_core::Digest::of(format!("{}{filter}{}", wanted.keys, index.unique).as_bytes()).to_string();
    format!("{}.{digest:.8}", index.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_index_is_known_by_its_definition_and_not_by_its_name() {
        let spec = CollectionSpec::new("c", &[]).dates(&["at"]);
        let plain = definition(&spec, &Index::new("i", &["at", "b"]));
        let others = [
            Index::new("i", &["b", "at"]),
            Index::new("i", &["at"]),
            Index::unique("i", &["at", "b"]),
            Index::new("i", &["at", "b"]).only_where_set("at"),
            Index::new("i", &["at", "b"]).only_where_set("b"),
        ];
        assert!(same(&plain, &definition(&spec, &Index::new("another", &["at", "b"]))));
        let mut names = std::collections::BTreeSet::new();
        for other in others {
            let other_definition = definition(&spec, &other);
            assert!(!same(&plain, &other_definition), "{other:?}");
            assert!(names.insert(another_name(&other, &other_definition)), "{names:?}");
        }
    }

    #[test]
    fn an_index_of_a_similar_name_is_not_taken_for_a_replaced_one() {
        let index = Index::new("by_due", &["due_at"]);
        assert!(stands_for("by_due", &index) && stands_for("by_due.0a1b2c3d", &index));
        assert!(!stands_for("by_due_at", &index) && !stands_for("_id_", &index));
    }
}
