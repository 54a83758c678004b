//! Many writes in one call: new records by one insert, replacements by one update, and an answer of
//! its own for each.
//!
//! `Client::bulk_write` would tell what became of each replacement, and asks for MongoDB 8. The
//! update of older servers tells how many of its statements found their record, so where that is
//! fewer than were sent, the records are read.

use std::collections::BTreeMap;
use std::future::IntoFuture;

use futures::TryStreamExt;
use mongodb::bson::{Document, doc};
use mongodb::error::{Error, ErrorKind};

use super::forms::{self, REVISION};
use super::{MongoStore, error};
use crate::error::StoreError;
use crate::record::{ID, Revision, Stored};
use crate::write::{Write, check_all};

const INSERT: &str = "insert";
const REPLACE: &str = "replace";

/// A replacement of one record.
#[derive(Debug)]
struct Replacement {
    id: String,
    expected: Revision,
    body: serde_json::Value,
}

/// Answers by the places of their writes.
type Answers = Vec<(usize, Result<Revision, StoreError>)>;

/// Writes that the server refused and did not make, by their places: its code and its words.
type Refused = BTreeMap<usize, (i32, String)>;

impl MongoStore {
    /// Makes many writes; the answers in the order of the writes.
    pub(super) async fn write_all(
        &self,
        collection: &str,
        writes: Vec<Write>,
    ) -> Result<Vec<Result<Revision, StoreError>>, StoreError> {
        let checked = check_all(collection, &writes)?;
        let mut answers = Answers::with_capacity(writes.len());
        let (mut inserts, mut replacements) = (Vec::new(), Vec::new());
        let spec = self.spec(collection);
        for (at, (write, checked)) in writes.into_iter().zip(checked).enumerate() {
            match (checked, write) {
                (Err(error), _) => answers.push((at, Err(error))),
                (Ok(_), Write::Insert { id, body }) => {
                    let document = forms::document(spec.as_ref(), &id, Revision::FIRST, &body);
                    inserts.push((at, id, document));
                }
                (Ok(_), Write::Replace { id, expected, body }) => {
                    replacements.push((at, Replacement { id, expected, body }));
                }
            }
        }
        let (inserted, replaced) =
            tokio::join!(self.insert_all(collection, inserts), self.replace_all(collection, replacements));
        answers.extend(inserted);
        answers.extend(replaced);
        answers.sort_unstable_by_key(|(at, _)| *at);
        Ok(answers.into_iter().map(|(_, answer)| answer).collect())
    }

    /// Writes new records, each whatever becomes of the others. The driver sends them again once
    /// where its answer is lost, and the server then makes what it has not made.
    async fn insert_all(&self, collection: &str, inserts: Vec<(usize, String, Document)>) -> Answers {
        if inserts.is_empty() {
            return Answers::new();
        }
        let handle = self.collection(collection);
        let documents = inserts.iter().map(|(_, _, document)| document);
        let inserted = self.limited(handle.insert_many(documents).ordered(false).into_future()).await;
        let (refused, others) = match inserted {
            Some(Ok(_)) => (Refused::new(), Ok(Revision::FIRST)),
            Some(Err(error)) => told_by(&error),
            None => (Refused::new(), Err(StoreError::ambiguous(INSERT, self.too_long()))),
        };
        let answer = |(index, (at, id, _)): (usize, (usize, String, Document))| {
            let refused = refused.get(&index);
            let refused = refused.map(|(code, why)| Err(error::of_item(INSERT, (collection, id.as_str()), *code, why)));
            (at, refused.unwrap_or_else(|| others.clone()))
        };
        inserts.into_iter().enumerate().map(answer).collect()
    }

    /// Writes over records that are at the expected revisions, each whatever becomes of the others.
    async fn replace_all(&self, collection: &str, replacements: Vec<(usize, Replacement)>) -> Answers {
        if replacements.is_empty() {
            return Answers::new();
        }
        let (places, replacements): (Vec<usize>, Vec<Replacement>) = replacements.into_iter().unzip();
        let outcomes = match self.update(collection, &replacements).await {
            Ok(updated) => self.outcomes(collection, &replacements, &updated).await,
            Err(error) => vec![Err(error); replacements.len()],
        };
        places.into_iter().zip(outcomes).collect()
    }

    /// Sends the replacements. The driver does not send such a command again: whoever gets an
    /// unknown outcome does, and a revision is written once.
    async fn update(&self, collection: &str, replacements: &[Replacement]) -> Result<Updated, StoreError> {
        let spec = self.spec(collection);
        let update = |Replacement { id, expected, body }: &Replacement| {
            doc! {
                "q": { ID: id.as_str(), REVISION: forms::number(*expected) },
                "u": forms::document(spec.as_ref(), id, expected.next(), body),
            }
        };
        let command = doc! {
            "update": collection,
            "updates": replacements.iter().map(update).collect::<Vec<_>>(),
            "ordered": false,
            // Commands have none of their client's own.
            "writeConcern": {
                "w": "majority",
                "j": true,
                "wtimeout": i64::try_from(self.within.as_millis()).unwrap_or(i64::MAX),
            },
        };
        match self.limited(self.database.run_command(command).into_future()).await {
            Some(Ok(answer)) => Updated::read(&answer)
                .ok_or_else(|| StoreError::ambiguous(REPLACE, "its answer does not say how many records it found")),
            Some(Err(error)) => Err(error::of_writes(REPLACE, &error)),
            None => Err(StoreError::ambiguous(REPLACE, self.too_long())),
        }
    }

    /// What became of each replacement.
    async fn outcomes(
        &self,
        collection: &str,
        replacements: &[Replacement],
        updated: &Updated,
    ) -> Vec<Result<Revision, StoreError>> {
        let refused = |(index, replacement): (usize, &Replacement)| {
            let (code, why) = updated.refused.get(&index)?;
            Some(error::of_item(REPLACE, (collection, replacement.id.as_str()), *code, why))
        };
        let refused: Vec<Option<StoreError>> = replacements.iter().enumerate().map(refused).collect();
        let left: Vec<&Replacement> =
            replacements.iter().zip(&refused).filter(|(_, refused)| refused.is_none()).map(|(left, _)| left).collect();
        let unknown = |why: &str| vec![Err(StoreError::ambiguous(REPLACE, why)); left.len()];
        let settled = match &updated.unmet {
            Some(why) => unknown(why),
            None if updated.found >= left.len() => left.iter().map(|one| Ok(one.expected.next())).collect(),
            None => match self.stored(collection, &left).await {
                Ok(stored) => settle(collection, &left, &stored, updated.found),
                Err(error) => unknown(&error.to_string()),
            },
        };
        let mut settled = settled.into_iter();
        let lost = || Err(StoreError::ambiguous(REPLACE, "its outcome was lost"));
        refused.into_iter().map(|refused| refused.map_or_else(|| settled.next().unwrap_or_else(lost), Err)).collect()
    }

    /// The records as they are now, by id.
    async fn stored(
        &self,
        collection: &str,
        replacements: &[&Replacement],
    ) -> Result<BTreeMap<String, Stored>, StoreError> {
        let ids: Vec<&str> = replacements.iter().map(|replacement| replacement.id.as_str()).collect();
        let handle = self.collection(collection);
        let batch = u32::try_from(ids.len()).unwrap_or(u32::MAX);
        let found = async {
            let cursor = handle.find(doc! { ID: { "$in": ids } }).batch_size(batch).max_time(self.within).await?;
            cursor.try_collect::<Vec<Document>>().await
        };
        let documents = self.read("read what was replaced", Box::pin(found)).await?;
        // What cannot be read is not what we wrote; it is there, at a revision that nobody expects.
        let readable = |document: Document| {
            let id = document.get_str(ID).ok()?.to_owned();
            let unreadable = || Stored { id: id.clone(), revision: Revision(0), body: serde_json::Value::Null };
            let stored = forms::stored(collection, document).unwrap_or_else(|_| unreadable());
            Some((id, stored))
        };
        Ok(documents.into_iter().filter_map(readable).collect())
    }
}

/// What an error of an insert tells: those that were refused, and what became of the others.
fn told_by(error: &Error) -> (Refused, Result<Revision, StoreError>) {
    let ErrorKind::InsertMany(many) = &*error.kind else {
        return (Refused::new(), Err(error::of_writes(INSERT, error)));
    };
    if let Some(unmet) = &many.write_concern_error {
        // Nor is it known that what refused a write stays.
        return (Refused::new(), Err(StoreError::ambiguous(INSERT, &unmet.message)));
    }
    let refused = many.write_errors.iter().flatten();
    (refused.map(|refused| (refused.index, (refused.code, refused.message.clone()))).collect(), Ok(Revision::FIRST))
}

/// What the server says of an update with many statements.
#[derive(Debug)]
struct Updated {
    /// How many statements found their record and wrote it.
    found: usize,
    /// Those that were refused.
    refused: Refused,
    /// Why it is not known that a majority has what was written; none where it has. Then none is
    /// refused for certain either: what refused it may not stay.
    unmet: Option<String>,
}

impl Updated {
    fn read(answer: &Document) -> Option<Self> {
        let place = |count: u64| usize::try_from(count).ok();
        let refused = answer.get_array("writeErrors").map(Vec::as_slice).unwrap_or_default();
        let refused = refused.iter().map(|refused| {
            let refused = refused.as_document()?;
            let message = refused.get_str("errmsg").unwrap_or_default().to_owned();
            Some((place(forms::count(refused, "index")?)?, (refused.get_i32("code").ok()?, message)))
        });
        let refused: Refused = refused.collect::<Option<_>>()?;
        let unmet = answer.get_document("writeConcernError").ok();
        Some(Self {
            found: place(forms::count(answer, "n")?)?,
            refused: if unmet.is_some() { Refused::new() } else { refused },
            unmet: unmet.map(|unmet| unmet.get_str("errmsg").unwrap_or("a majority did not confirm it").to_owned()),
        })
    }
}

/// What became of replacements of which `found` were made, by what is stored since then.
fn settle(
    collection: &str,
    replacements: &[&Replacement],
    stored: &BTreeMap<String, Stored>,
    found: usize,
) -> Vec<Result<Revision, StoreError>> {
    let sights: Vec<Sight> =
        replacements.iter().map(|replacement| Sight::of(replacement, stored.get(&replacement.id))).collect();
    let count = |wanted: Sight| sights.iter().filter(|sight| **sight == wanted).count();
    // Those that cannot be told apart by what is stored can be by how many were made: all or none.
    // One that was made by an earlier call, and is sent again, may take the place of one that was
    // made and followed by another; that is then a conflict, as for a single write.
    let (hidden, unaccounted) = (count(Sight::Hidden), found.saturating_sub(count(Sight::Written)));
    let answer = |(replacement, sight): (&&Replacement, Sight)| {
        let id = replacement.id.as_str();
        let made = match sight {
            Sight::Written => Some(true),
            Sight::Not => Some(false),
            Sight::Hidden if unaccounted == 0 => Some(false),
            Sight::Hidden if unaccounted == hidden => Some(true),
            Sight::Hidden => None,
        };
        match made {
            Some(true) => Ok(replacement.expected.next()),
            Some(false) if stored.contains_key(id) => Err(StoreError::conflict(collection, id)),
            Some(false) => Err(StoreError::not_found(collection, id)),
            None => Err(StoreError::ambiguous(REPLACE, format!("{collection}/{id} was changed since then"))),
        }
    };
    replacements.iter().zip(sights.iter().copied()).map(answer).collect()
}

/// What a record shows of whether it was replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sight {
    /// It is as it was to be written.
    Written,
    /// It is at another revision, or somebody else's.
    Not,
    /// It was written or deleted since then.
    Hidden,
}

impl Sight {
    fn of(replacement: &Replacement, stored: Option<&Stored>) -> Self {
        let next = replacement.expected.next();
        match stored {
            None => Self::Hidden,
            Some(stored) if stored.revision > next => Self::Hidden,
            Some(stored) if stored.revision == next && stored.body == replacement.body => Self::Written,
            Some(_) => Self::Not,
        }
    }
}

#[cfg(test)]
mod tests;
