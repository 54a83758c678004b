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
/// What is made: [`SPEECH`] or [`JSON`].
pub const OUTPUT_TYPE: &str = "gen_ai.output.type";
/// See [`OUTPUT_TYPE`].
pub const SPEECH: &str = "speech";
/// See [`OUTPUT_TYPE`].
pub const JSON: &str = "json";
/// Tokens of what was asked.
pub const INPUT_TOKENS: &str = "gen_ai.usage.input_tokens";
/// Tokens of what was answered, with all thoughts.
pub const OUTPUT_TOKENS: &str = "gen_ai.usage.output_tokens";
/// A metric: tokens of calls.
pub const TOKEN_USAGE: &str = "gen_ai.client.token.usage";
/// A metric: how long calls took, in seconds.
pub const OPERATION_DURATION: &str = "gen_ai.client.operation.duration";
/// Of tokens, which: [`INPUT`] or [`OUTPUT`].
pub const TOKEN_TYPE: &str = "gen_ai.token.type";
/// See [`TOKEN_TYPE`].
pub const INPUT: &str = "input";
/// See [`TOKEN_TYPE`].
pub const OUTPUT: &str = "output";

/// The convention's name of a provider, by ours.
#[must_use]
pub fn provider(name: &str) -> &str {
    match name {
        "gemini" => "gcp.gemini",
        other => other,
    }
}
