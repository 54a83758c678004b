//! Strict fakes of paid models and of what they need: Gemini on both of its hosts ([`Gemini`]), the
//! places where Google's credentials get tokens ([`GoogleTokens`]), and a server that speaks the
//! protocol of OpenAI with the habits of four that do ([`OpenAi`]); and of what speaks
//! ([`GoogleSpeech`], [`GeminiSpeech`], [`OpenAiSpeech`]).
//!
//! What they write is an [`Author`]'s, who is given to them: [`Copyist`] fills any schema with
//! sentences of the data, and [`authors`] has others who do it badly. What goes wrong is told by
//! name ([`ModelFaults`]): queued, or with a share of the calls and a seed. What they were called
//! for is in a [`Ledger`], counted by a rule that anybody can repeat ([`tokens()`]).

mod author;
pub mod authors;
mod cache;
mod fake;
mod faults;
mod gemini;
mod google;
mod ledger;
mod openai;
mod outcome;
#[cfg(test)]
mod raw;
mod speech;
mod switches;
mod tokens;
mod wire;

pub use author::{Asked, Author, SharedAuthor, Written};
pub use authors::Copyist;
pub use fake::Fake;
pub use faults::{ModelFault, ModelFaults};
pub use gemini::{Gemini, GeminiOptions};
pub use google::{AUDIENCE, Bearers, GoogleTokens, SUBJECT_TOKEN, TokenFault};
pub use ledger::{CallKind, Ledger, ModelCall, ModelTokens};
pub use openai::{OpenAi, OpenAiOptions, Personality};
pub use speech::{
    GeminiSpeech, GeminiSpeechOptions, GoogleSpeech, GoogleSpeechOptions, OpenAiSpeech, OpenAiSpeechOptions,
    SpeechBill, SpeechCall, SpeechFault, SpeechFaults, SpeechLedger, SpeechPersonality,
};
pub use switches::Faults;
pub use tokens::tokens;
pub use wire::Framing;
