//! Looking into the stack's database and queue without `mongosh` and `nats`.

use std::fmt::Write as _;
use std::net::{SocketAddr, ToSocketAddrs as _};
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use lectern_testkit::{Find, MongoReader, jetstream};
use serde_json::{Map, Value};

use super::control;
use super::files::Snapshot;
use super::say;

/// What the databases of the four services begin with.
const DATABASE: &str = "lectern_";

/// What is asked of the database.
#[derive(clap::Args)]
pub struct MongoQuery {
    /// The collection, as SERVICE.COLLECTION (`tts.steps`); all with their counts where none is
    /// named.
    collection: Option<String>,
    /// MongoDB's filter, as JSON: '{"state.at": "leased"}'.
    filter: Option<String>,
    /// The field to sort by; with a minus before it, from the greatest on.
    #[arg(long, value_name = "FIELD", allow_hyphen_values = true)]
    sort: Option<String>,
    /// The fields to show, separated by commas.
    #[arg(long, value_name = "FIELDS", value_delimiter = ',')]
    fields: Vec<String>,
    /// Most documents.
    #[arg(long, default_value_t = 20)]
    limit: u32,
}

/// Prints counts, or documents as a line of JSON each.
pub fn mongo(dir: &Path, query: &MongoQuery) -> Result<ExitCode> {
    let snapshot = control::status(dir)?;
    let reader = MongoReader::at(server(&snapshot, "mongod")?);
    let Some(name) = &query.collection else {
        for database in reader.databases().map_err(anyhow::Error::msg)? {
            for collection in reader.collections(&database).map_err(anyhow::Error::msg)? {
                let count = reader.count(&database, &collection, &Map::new()).map_err(anyhow::Error::msg)?;
                let short = database.strip_prefix(DATABASE).unwrap_or(&database);
                say(&format!("{:<24} {count}", format!("{short}.{collection}")));
            }
        }
        return Ok(ExitCode::SUCCESS);
    };
    let (database, collection) = collection(name)?;
    let filter = filter(query.filter.as_deref())?;
    let sort = query.sort.as_deref().map(|field| match field.strip_prefix('-') {
        Some(field) => (field.to_owned(), true),
        None => (field.to_owned(), false),
    });
    let find = Find { filter, sort, fields: query.fields.clone(), limit: query.limit };
    let found = reader.find(&database, collection, &find).map_err(anyhow::Error::msg)?;
    let count = reader.count(&database, collection, &find.filter).map_err(anyhow::Error::msg)?;
    for document in &found {
        say(&document.to_string());
    }
    // Standard output has the documents alone, for `jq`.
    eprintln!("{} of {count} documents of {database}.{collection}", found.len());
    Ok(ExitCode::SUCCESS)
}

/// Database and collection of `tts.steps`.
fn collection(name: &str) -> Result<(String, &str)> {
    let (service, collection) =
        name.split_once('.').with_context(|| format!("{name}: name a collection as SERVICE.COLLECTION (tts.steps)"))?;
    let service = service.strip_prefix(DATABASE).unwrap_or(service);
    Ok((format!("{DATABASE}{service}"), collection))
}

fn filter(json: Option<&str>) -> Result<Map<String, Value>> {
    let Some(json) = json else { return Ok(Map::new()) };
    serde_json::from_str(json).with_context(|| format!("{json}: the filter is an object of JSON"))
}

/// Prints every stream and its consumers.
pub fn queue(dir: &Path, rm: Option<&str>) -> Result<ExitCode> {
    let snapshot = control::status(dir)?;
    let nats = server(&snapshot, "nats-server")?;
    if let Some(stream) = rm {
        call(nats, &format!("STREAM.DELETE.{stream}"))?;
        say(&format!("{stream} is deleted; the services make it again, and what is wanted is published again"));
        return Ok(ExitCode::SUCCESS);
    }
    for stream in list(&call(nats, "STREAM.LIST")?, "streams") {
        say(&stream_line(stream));
        let name = stream.pointer("/config/name").and_then(Value::as_str).unwrap_or_default();
        for consumer in list(&call(nats, &format!("CONSUMER.LIST.{name}"))?, "consumers") {
            say(&consumer_line(consumer));
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// A call of the JetStream API; its own errors are errors.
fn call(server: SocketAddr, call: &str) -> Result<Value> {
    let answer = jetstream(server, call, "").with_context(|| format!("nats-server at {server}"))?;
    let answer: Value = serde_json::from_str(&answer).with_context(|| format!("nats-server answered {answer}"))?;
    if let Some(error) = answer.pointer("/error/description").and_then(Value::as_str) {
        bail!("nats-server refused {call}: {error}");
    }
    Ok(answer)
}

fn list<'a>(answer: &'a Value, name: &str) -> &'a [Value] {
    answer.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

fn number(value: &Value, place: &str) -> u64 {
    value.pointer(place).and_then(Value::as_u64).unwrap_or(0)
}

fn stream_line(stream: &Value) -> String {
    let name = stream.pointer("/config/name").and_then(Value::as_str).unwrap_or("?");
    format!("{name:<14} {} messages, {} bytes", number(stream, "/state/messages"), number(stream, "/state/bytes"))
}

fn consumer_line(consumer: &Value) -> String {
    let name = consumer.get("name").and_then(Value::as_str).unwrap_or("?");
    let mut line = format!("  {name:<12} {} not delivered yet", number(consumer, "/num_pending"));
    for (place, what) in [
        ("/num_ack_pending", "delivered and not acknowledged"),
        ("/num_redelivered", "delivered again"),
        ("/num_waiting", "requests for more that wait"),
    ] {
        let _ = write!(line, ", {} {what}", number(consumer, place));
    }
    line
}

/// The address of a server that asks nobody to sign in.
fn server(snapshot: &Snapshot, name: &str) -> Result<SocketAddr> {
    let address = snapshot.address(name).with_context(|| {
        format!("the stack runs no {name} of its own: look into the one that you gave it with its own tools")
    })?;
    address.to_socket_addrs()?.next().with_context(|| format!("{name} has no address"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_collection_is_named_after_its_service_with_or_without_the_database() {
        for name in ["tts.steps", "lectern_tts.steps"] {
            let (database, collection) = collection(name).unwrap();
            assert_eq!((database.as_str(), collection), ("lectern_tts", "steps"));
        }
        assert!(collection("steps").is_err());
    }

    #[test]
    fn a_filter_is_an_object_of_json() {
        assert!(filter(None).unwrap().is_empty());
        assert_eq!(filter(Some(r#"{"a": {"$gt": 0}}"#)).unwrap()["a"], json!({ "$gt": 0 }));
        assert!(filter(Some("[1]")).is_err());
        assert!(filter(Some("a = 1")).unwrap_err().to_string().contains("JSON"));
    }

    #[test]
    fn a_stream_and_its_consumer_are_a_line_each() {
        let stream = json!({ "config": { "name": "WORK_TTS" }, "state": { "messages": 3, "bytes": 4711 } });
        assert_eq!(stream_line(&stream), "WORK_TTS       3 messages, 4711 bytes");
        let consumer = json!({ "name": "tts", "num_pending": 1, "num_ack_pending": 2, "num_waiting": 4 });
        let line = consumer_line(&consumer);
        assert!(line.contains("tts") && line.contains("1 not delivered yet, 2 delivered and not"), "{line}");
    }
}
