//! Calls of engines that make speech or text. Development, in a repository of its own since 1.42:
//! the names may change.
//!
//! Source: <https://github.com/open-telemetry/semantic-conventions-genai>. The name of a span is
//! `{gen_ai.operation.name} {gen_ai.request.model}`. What is said to an engine and what it answers
//! are attributes by the convention that nobody has to set; we never set them.

/// What is done: [`GENERATE`].
pub const OPERATION: &str = "gen_ai.operation.name";
/// See [`OPERATION`].
pub const GENERATE: &str = "generate_content";
/// Whose engine it is: `local` for the voice in this process.
pub const PROVIDER: &str = "gen_ai.provider.name";
/// The model that is asked for; of a voice, its name.
pub const MODEL: &str = "gen_ai.request.model";
/// What is made: [`SPEECH`].
pub const OUTPUT_TYPE: &str = "gen_ai.output.type";
/// See [`OUTPUT_TYPE`].
pub const SPEECH: &str = "speech";
