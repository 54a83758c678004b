//! Looking into a MongoDB without changing it: what `mongosh` would show, where it is not
//! installed.

use std::net::SocketAddr;

use serde_json::{Map, Value};

use super::json;
use super::wire::{self, CallError, Document, Reply};

/// What is asked of a collection.
#[derive(Debug, Clone, Default)]
pub struct Find {
    /// MongoDB's filter; all documents where it is empty.
    pub filter: Map<String, Value>,
    /// The field to sort by, and whether from the greatest on.
    pub sort: Option<(String, bool)>,
    /// The fields to show beside `_id`; all where there are none.
    pub fields: Vec<String>,
    /// Most documents.
    pub limit: u32,
}

/// A server that is looked into; for one that asks nobody to sign in.
#[derive(Debug, Clone, Copy)]
pub struct MongoReader {
    server: SocketAddr,
}

impl MongoReader {
    /// Looks into the server at this address.
    #[must_use]
    pub const fn at(server: SocketAddr) -> Self {
        Self { server }
    }

    /// The names of its databases, without the server's own.
    ///
    /// # Errors
    ///
    /// When it cannot be reached or refuses; in words, as all errors here.
    pub fn databases(&self) -> Result<Vec<String>, String> {
        let command = Document::default().number("listDatabases", 1).yes("nameOnly");
        let mut names = names(&self.ask("admin", command)?, &["databases"]);
        names.retain(|name| !["admin", "config", "local"].contains(&name.as_str()));
        Ok(names)
    }

    /// The names of a database's collections, sorted.
    ///
    /// # Errors
    ///
    /// As [`Self::databases`].
    pub fn collections(&self, database: &str) -> Result<Vec<String>, String> {
        let command = Document::default().number("listCollections", 1).yes("nameOnly");
        let mut names = names(&self.ask(database, command)?, &["cursor", "firstBatch"]);
        names.sort();
        Ok(names)
    }

    /// How many documents of a collection the filter finds.
    ///
    /// # Errors
    ///
    /// As [`Self::databases`].
    pub fn count(&self, database: &str, collection: &str, filter: &Map<String, Value>) -> Result<i64, String> {
        let command = Document::default().text("count", collection).document("query", &json::object(filter));
        let reply = self.ask(database, command)?;
        Ok(reply.get("n").and_then(Value::as_f64).map_or(0, whole))
    }

    /// Documents of a collection.
    ///
    /// # Errors
    ///
    /// As [`Self::databases`].
    pub fn find(&self, database: &str, collection: &str, find: &Find) -> Result<Vec<Value>, String> {
        let limit = i32::try_from(find.limit).unwrap_or(i32::MAX);
        let mut command = Document::default()
            .text("find", collection)
            .document("filter", &json::object(&find.filter))
            .number("limit", limit)
            .number("batchSize", limit)
            .yes("singleBatch");
        if let Some((field, falling)) = &find.sort {
            command = command.document("sort", &Document::default().number(field, if *falling { -1 } else { 1 }));
        }
        if !find.fields.is_empty() {
            let shown = find.fields.iter().fold(Document::default(), |shown, field| shown.number(field, 1));
            command = command.document("projection", &shown);
        }
        let reply = self.ask(database, command)?;
        Ok(list(&reply, &["cursor", "firstBatch"]).to_vec())
    }

    fn ask(&self, database: &str, command: Document) -> Result<Value, String> {
        let answered: Result<Reply, CallError> = wire::call_in(database, self.server, command);
        let reply = answered.map_err(|error| format!("MongoDB at {}: {error}", self.server))?;
        json::read(reply.bytes()).map_err(|error| format!("MongoDB at {} answered {error}", self.server))
    }
}

/// The list at this place of a reply; empty where there is none.
fn list<'a>(reply: &'a Value, place: &[&str]) -> &'a [Value] {
    let found = place.iter().try_fold(reply, |value, name| value.get(name));
    found.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

fn names(reply: &Value, place: &[&str]) -> Vec<String> {
    list(reply, place).iter().filter_map(|item| item.get("name")?.as_str().map(str::to_owned)).collect()
}

#[allow(clippy::cast_possible_truncation, reason = "a count, which the server may write as a double")]
fn whole(number: f64) -> i64 {
    number as i64
}
