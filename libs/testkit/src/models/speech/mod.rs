//! Strict fakes of services that speak: models of Gemini ([`GeminiSpeech`]), Google Cloud
//! Text-to-Speech ([`GoogleSpeech`]), and servers that speak by OpenAI's protocol with the habits
//! of four that do ([`OpenAiSpeech`]).
//!
//! What they speak is a tone for each word, as long as a voice would take, so that
//! whoever verifies it finds speech. What goes wrong is told by name ([`SpeechFaults`]); what they
//! were called for, what they said and what that cost is in a [`SpeechLedger`].

mod faults;
mod gemini;
mod google;
mod ledger;
mod openai;
mod sound;

pub use faults::{SpeechFault, SpeechFaults};
pub use gemini::{GeminiSpeech, GeminiSpeechOptions};
pub use google::{GoogleSpeech, GoogleSpeechOptions};
pub use ledger::{SpeechBill, SpeechCall, SpeechLedger};
pub use openai::{OpenAiSpeech, OpenAiSpeechOptions, SpeechPersonality};
