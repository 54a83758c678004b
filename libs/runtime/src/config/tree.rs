//! Configuration as a tree whose leaves remember where they come from. A leaf from the environment
//! is a text that becomes a number, a truth value or a list when the struct asks for one.

use std::collections::BTreeMap;
use std::collections::btree_map::IntoIter;
use std::fmt;

use lectern_core::similar::distance;
use serde::de::value::StringDeserializer;
use serde::de::{
    self, DeserializeOwned, DeserializeSeed, Deserializer, IntoDeserializer, MapAccess, SeqAccess, Visitor,
};
use serde::forward_to_deserialize_any;
use serde_json::Value;

/// A part of the configuration.
#[derive(Debug, Clone)]
pub(super) enum Node {
    /// A table.
    Table(BTreeMap<String, Node>),
    /// A value of the file or a default.
    Value(Value),
    /// A value of the environment: the variable's name and text.
    Text { variable: String, text: String },
}

/// Why a tree is not a configuration: where, and what is wrong.
#[derive(Debug, Clone, Default)]
pub(super) struct Wrong {
    path: Vec<String>,
    variable: Option<String>,
    message: String,
}

impl Wrong {
    /// The key, dotted.
    pub(super) fn place(&self) -> String {
        self.path.iter().rev().map(String::as_str).collect::<Vec<_>>().join(".")
    }

    fn under(mut self, key: &str) -> Self {
        self.path.push(key.to_owned());
        self
    }
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.variable {
            Some(variable) => write!(f, "{variable} is not right: {}", self.message),
            None if self.path.is_empty() => write!(f, "the configuration is not right: {}", self.message),
            None => write!(f, "configuration key {} is not right: {}", self.place(), self.message),
        }
    }
}

impl std::error::Error for Wrong {}

impl de::Error for Wrong {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self { message: message.to_string(), ..Self::default() }
    }
}

impl Node {
    pub(super) fn from_default(value: Value) -> Self {
        match value {
            Value::Object(map) => {
                Self::Table(map.into_iter().map(|(key, value)| (key, Self::from_default(value))).collect())
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => Self::Value(value),
        }
    }

    pub(super) fn from_file(value: toml::Value) -> Self {
        match value {
            toml::Value::Table(table) => {
                Self::Table(table.into_iter().map(|(key, value)| (key, Self::from_file(value))).collect())
            }
            toml::Value::Array(items) => {
                Self::Value(items.into_iter().map(|item| Self::from_file(item).json()).collect())
            }
            toml::Value::String(text) => Self::Value(text.into()),
            toml::Value::Integer(number) => Self::Value(number.into()),
            toml::Value::Float(number) => Self::Value(number.into()),
            toml::Value::Boolean(truth) => Self::Value(truth.into()),
            toml::Value::Datetime(time) => Self::Value(time.to_string().into()),
        }
    }

    /// A tree of one leaf.
    pub(super) fn from_variable(keys: &[String], variable: &str, text: &str) -> Self {
        let leaf = Self::Text { variable: variable.to_owned(), text: text.to_owned() };
        keys.iter().rev().fold(leaf, |node, key| Self::Table(BTreeMap::from([(key.clone(), node)])))
    }

    fn json(self) -> Value {
        match self {
            Self::Table(map) => map.into_iter().map(|(key, node)| (key, node.json())).collect(),
            Self::Value(value) => value,
            Self::Text { text, .. } => text.into(),
        }
    }

    /// Lets `upper` win where both have a value.
    pub(super) fn overlay(&mut self, upper: Self) {
        match (self, upper) {
            (Self::Table(lower), Self::Table(upper)) => {
                for (key, node) in upper {
                    match lower.get_mut(&key) {
                        Some(there) => there.overlay(node),
                        None => {
                            lower.insert(key, node);
                        }
                    }
                }
            }
            (place, upper) => *place = upper,
        }
    }

    /// The table in two: the keys that are `ours`, and the others.
    pub(super) fn parted(self, ours: impl Fn(&str) -> bool) -> (Self, Self) {
        match self {
            Self::Table(map) => {
                let (one, other): (BTreeMap<_, _>, BTreeMap<_, _>) = map.into_iter().partition(|(key, _)| ours(key));
                (Self::Table(one), Self::Table(other))
            }
            Self::Value(_) | Self::Text { .. } => (self, Self::Table(BTreeMap::new())),
        }
    }

    pub(super) fn read<T: DeserializeOwned>(self) -> Result<T, Wrong> {
        T::deserialize(self)
    }

    /// Hands a text on as what the struct asks for, and names the variable in errors.
    fn text<'de, V: Visitor<'de>, N: std::str::FromStr>(
        self,
        what: &str,
        visitor: V,
        visit: impl FnOnce(V, N) -> Result<V::Value, Wrong>,
    ) -> Result<V::Value, Wrong> {
        let Self::Text { variable, text, .. } = self else { return self.deserialize_any(visitor) };
        let found = match text.trim().parse() {
            Ok(value) => visit(visitor, value),
            Err(_) => Err(de::Error::custom(format!("{text:?} is not {what}"))),
        };
        found.map_err(|wrong| Wrong { variable: Some(variable), ..wrong })
    }
}

macro_rules! texts {
    ($($method:ident $type:ty, $visit:ident, $what:literal;)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
            self.text::<V, $type>($what, visitor, V::$visit)
        }
    )*};
}

impl<'de> Deserializer<'de> for Node {
    type Error = Wrong;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        match self {
            Self::Table(map) => visitor.visit_map(Entries { rest: map.into_iter(), value: None }),
            Self::Value(value) => value.deserialize_any(visitor).map_err(de::Error::custom),
            Self::Text { variable, text } => {
                visitor.visit_string(text).map_err(|wrong: Wrong| Wrong { variable: Some(variable), ..wrong })
            }
        }
    }

    texts! {
        deserialize_bool bool, visit_bool, "true or false";
        deserialize_i8 i8, visit_i8, "a whole number of -128 to 127";
        deserialize_i16 i16, visit_i16, "a whole number of 16 bits";
        deserialize_i32 i32, visit_i32, "a whole number of 32 bits";
        deserialize_i64 i64, visit_i64, "a whole number";
        deserialize_u8 u8, visit_u8, "a whole number of 0 to 255";
        deserialize_u16 u16, visit_u16, "a whole number of 0 to 65535";
        deserialize_u32 u32, visit_u32, "a whole number of 0 or more";
        deserialize_u64 u64, visit_u64, "a whole number of 0 or more";
        deserialize_f32 f32, visit_f32, "a number";
        deserialize_f64 f64, visit_f64, "a number";
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        match self {
            Self::Value(Value::Null) => visitor.visit_none(),
            Self::Table(_) | Self::Value(_) | Self::Text { .. } => visitor.visit_some(self),
        }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        let Self::Text { variable, text } = self else { return self.deserialize_any(visitor) };
        let items: Vec<Self> = text
            .split(',')
            .map(str::trim)
            .filter(|item| !item.is_empty())
            .map(|item| Self::Text { variable: variable.clone(), text: item.to_owned() })
            .collect();
        visitor
            .visit_seq(Items(items.into_iter()))
            .map_err(|wrong| Wrong { variable: wrong.variable.clone().or(Some(variable)), ..wrong })
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Wrong> {
        match self {
            Self::Text { variable, text, .. } => {
                let text: StringDeserializer<Wrong> = text.into_deserializer();
                text.deserialize_enum(name, variants, visitor)
                    .map_err(|wrong| Wrong { variable: Some(variable), ..wrong })
            }
            Self::Table(_) | Self::Value(_) => {
                self.json().deserialize_enum(name, variants, visitor).map_err(de::Error::custom)
            }
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Wrong> {
        visitor.visit_newtype_struct(self)
    }

    forward_to_deserialize_any! {
        i128 u128 char str string bytes byte_buf unit unit_struct tuple tuple_struct map struct identifier ignored_any
    }
}

struct Entries {
    rest: IntoIter<String, Node>,
    value: Option<(String, Node)>,
}

impl<'de> MapAccess<'de> for Entries {
    type Error = Wrong;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Wrong> {
        let Some((key, node)) = self.rest.next() else { return Ok(None) };
        self.value = Some((key.clone(), node));
        seed.deserialize(key.into_deserializer()).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Wrong> {
        let (key, node) = self.value.take().ok_or_else(Wrong::default)?;
        // A type that checks what it read reports the error itself and knows no variable.
        let variable = match &node {
            Node::Text { variable, .. } => Some(variable.clone()),
            Node::Table(_) | Node::Value(_) => None,
        };
        let wrong = |wrong: Wrong| Wrong { variable: wrong.variable.clone().or(variable), ..wrong }.under(&key);
        seed.deserialize(node).map_err(wrong)
    }
}

struct Items(std::vec::IntoIter<Node>);

impl<'de> SeqAccess<'de> for Items {
    type Error = Wrong;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Wrong> {
        self.0.next().map(|node| seed.deserialize(node)).transpose()
    }
}

/// Keys below a table of the defaults; none where any key may stand: below a value that has no
/// default, or in an empty map.
fn known(defaults: &Value) -> Option<&serde_json::Map<String, Value>> {
    defaults.as_object().filter(|map| !map.is_empty())
}

/// The first key of `node` that the defaults do not have, dotted.
pub(super) fn first_unknown(defaults: &Value, node: &Node) -> Option<String> {
    let (Some(known), Node::Table(table)) = (known(defaults), node) else { return None };
    table.iter().find_map(|(key, below)| match known.get(key) {
        None => Some(key.clone()),
        Some(default) => first_unknown(default, below).map(|rest| format!("{key}.{rest}")),
    })
}

/// The known key that is most like `wanted`, if any is.
pub(super) fn nearest(defaults: &Value, wanted: &str) -> Option<String> {
    let mut keys = Vec::new();
    gather(defaults, "", &mut keys);
    let last = |key: &str| key.rsplit('.').next().unwrap_or(key).to_owned();
    keys.into_iter()
        .map(|key| {
            // A key that is right but in the wrong table is near too.
            let whole = distance(&key, wanted);
            let end = distance(&last(&key), &last(wanted)).saturating_add(1);
            (whole.min(end), key)
        })
        .filter(|(distance, _)| *distance <= 2 + wanted.len() / 5)
        .min()
        .map(|(_, key)| key)
}

fn gather(defaults: &Value, path: &str, keys: &mut Vec<String>) {
    for (key, value) in defaults.as_object().into_iter().flatten() {
        let key = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
        gather(value, &key, keys);
        keys.push(key);
    }
}
