//! Messages of the API on their way to JSON, by protobuf's own rules for it, so that a program
//! reads the same from `lectern` as from any other client: names in lowerCamelCase, enums by their
//! names, 64-bit integers as strings, times by RFC 3339, durations in seconds with an `s`, and
//! nothing for what is not set.

use lectern_proto::{convert, rpc};
use serde_json::{Map, Value};

/// The type of the one detail that a status of ours has, as `Any` names it in JSON.
pub(crate) const ERROR_INFO: &str = "type.googleapis.com/google.rpc.ErrorInfo";

/// A message on its way to JSON. What is not set is left out.
#[derive(Debug, Default)]
pub struct Message(Map<String, Value>);

impl Message {
    /// Puts a value.
    #[must_use]
    pub fn put(mut self, name: &str, value: Value) -> Self {
        self.0.insert(name.to_owned(), value);
        self
    }

    /// Puts a value where there is one.
    #[must_use]
    pub fn maybe(self, name: &str, value: Option<Value>) -> Self {
        match value {
            Some(value) => self.put(name, value),
            None => self,
        }
    }

    /// A text, unless it is empty.
    #[must_use]
    pub fn text(self, name: &str, value: &str) -> Self {
        self.maybe(name, Some(value).filter(|text| !text.is_empty()).map(Value::from))
    }

    /// What holds; nothing where it does not.
    #[must_use]
    pub fn flag(self, name: &str, value: bool) -> Self {
        self.maybe(name, value.then(|| Value::from(true)))
    }

    /// A number, unless it is 0.
    #[must_use]
    pub fn number(self, name: &str, value: i32) -> Self {
        self.maybe(name, Some(value).filter(|number| *number != 0).map(Value::from))
    }

    /// A 64-bit integer, which many readers of JSON would round as a number, unless it is 0.
    #[must_use]
    pub fn long(self, name: &str, value: i64) -> Self {
        self.maybe(name, Some(value).filter(|number| *number != 0).map(|number| Value::from(number.to_string())))
    }

    /// A value of an enum by its name, unless it is the unspecified one.
    #[must_use]
    pub fn word<E: TryFrom<i32>>(self, name: &str, value: i32, word: fn(&E) -> &'static str) -> Self {
        self.maybe(name, Some(value).filter(|number| *number != 0).map(|number| of_enum(number, word)))
    }

    /// Values of an enum by their names.
    #[must_use]
    pub fn words<E: TryFrom<i32>>(self, name: &str, values: &[i32], word: fn(&E) -> &'static str) -> Self {
        self.list(name, values, |number| of_enum(*number, word))
    }

    /// A list, unless it is empty.
    #[must_use]
    pub fn list<T>(self, name: &str, values: &[T], value: impl Fn(&T) -> Value) -> Self {
        self.maybe(name, (!values.is_empty()).then(|| values.iter().map(value).collect()))
    }

    /// Texts, unless there is none.
    #[must_use]
    pub fn texts(self, name: &str, values: &[String]) -> Self {
        self.list(name, values, |text| Value::from(text.as_str()))
    }

    /// A time by RFC 3339.
    #[must_use]
    pub fn time(self, name: &str, value: Option<&prost_types::Timestamp>) -> Self {
        self.maybe(name, value.map(|time| Value::from(time.to_string())))
    }

    /// A duration in seconds with an `s`.
    #[must_use]
    pub fn duration(self, name: &str, value: Option<&prost_types::Duration>) -> Self {
        self.maybe(name, value.map(|duration| Value::from(duration.to_string())))
    }

    /// The object.
    #[must_use]
    pub fn end(self) -> Value {
        Value::Object(self.0)
    }
}

/// A value of an enum; the number of one that this version does not know.
fn of_enum<E: TryFrom<i32>>(number: i32, word: fn(&E) -> &'static str) -> Value {
    E::try_from(number).map_or_else(|_| Value::from(number), |value| Value::from(word(&value)))
}

/// A failure as it stands in a message.
#[must_use]
pub fn status(status: &rpc::Status) -> Value {
    let rpc::Status { code, message, .. } = status;
    // Statuses of ours have no other detail.
    let info = convert::error_info(status).map(|info| {
        let metadata: Map<String, Value> =
            info.metadata.into_iter().map(|(key, value)| (key, Value::from(value))).collect();
        Message::default()
            .text("@type", ERROR_INFO)
            .text("reason", &info.reason)
            .text("domain", &info.domain)
            .maybe("metadata", (!metadata.is_empty()).then_some(Value::Object(metadata)))
            .end()
    });
    Message::default()
        .number("code", *code)
        .text("message", message)
        .maybe("details", info.map(|info| Value::from(vec![info])))
        .end()
}
