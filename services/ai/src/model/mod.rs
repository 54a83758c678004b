//! Models that write text: one port, [`TextModel`], and one file for each wire. What is known of a
//! model (limits, what it takes, prices, its last day) is a row of data, never a constant.
//!
//! Nothing here knows scripts. A prompt and a JSON Schema go in; the text comes out with the raw
//! finish reason, the raw usage and the version that the provider names. Whether it is any good is
//! judged elsewhere (`engine::generative`).

mod data;
mod estimate;
mod gemini;
mod identifier;
mod openai;
mod port;
mod repetition;
mod rows;
mod schema;
mod traced;

pub use data::DataPart;
pub use estimate::{MOST_CHARS_A_TOKEN, tokens};
pub use gemini::{Gemini, GeminiSettings, HOPS, Host};
pub(crate) use identifier::identifier;
pub use lectern_provider::{Day, PriceRow, Usage};
pub use openai::{OpenAi, OpenAiSettings};
pub use port::{Completion, Finish, Prompt, TextModel};
pub use repetition::Repetition;
pub use rows::{LimitField, ModelRow, Provider, Rows, SchemaPlace, ServerRow, Thinking};
pub(crate) use traced::{ended, span_of};
