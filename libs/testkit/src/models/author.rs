//! Who writes the answers of a fake: a function of what was asked.

use std::fmt;
use std::sync::Arc;

use serde_json::Value;

use super::authors::Copyist;

/// What a model was asked, whatever the wire.
#[derive(Debug, Clone, PartialEq)]
pub struct Asked {
    /// The model's name, as it was asked for and without a prefix.
    pub model: String,
    /// The system's instructions, all parts of them, a line feed between two.
    pub system: String,
    /// The text of each part of what the user says, in order: instructions and data.
    pub user_parts: Vec<String>,
    /// The JSON Schema that the answer must fit; null where none was given.
    pub schema: Value,
    /// The most tokens that are written, thoughts included: what was asked for, or the model's own
    /// limit.
    pub max_output_tokens: u32,
}

/// What an author wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// The answer: JSON where a schema was given. The fake cuts it at the limit.
    pub text: String,
}

impl From<String> for Written {
    fn from(text: String) -> Self {
        Self { text }
    }
}

impl From<&str> for Written {
    fn from(text: &str) -> Self {
        Self { text: text.to_owned() }
    }
}

impl From<Value> for Written {
    fn from(value: Value) -> Self {
        Self { text: value.to_string() }
    }
}

/// Writes the answers. Equal questions should get equal answers; it is called once for each answer,
/// and not again for the rest of one that ended with a token to go on.
pub trait Author: Send + Sync {
    /// The whole answer to this.
    fn write(&self, asked: &Asked) -> Written;
}

impl<F> Author for F
where
    F: Fn(&Asked) -> Written + Send + Sync,
{
    fn write(&self, asked: &Asked) -> Written {
        self(asked)
    }
}

/// An author that a fake has, and that can be exchanged while it runs.
#[derive(Clone)]
pub struct SharedAuthor(pub(super) Arc<dyn Author>);

impl SharedAuthor {
    /// This one.
    #[must_use]
    pub fn new(author: impl Author + 'static) -> Self {
        Self(Arc::new(author))
    }
}

impl Default for SharedAuthor {
    /// The one that copies from the data.
    fn default() -> Self {
        Self::new(Copyist::default())
    }
}

impl fmt::Debug for SharedAuthor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SharedAuthor")
    }
}
