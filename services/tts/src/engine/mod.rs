//! The port to speech engines: voices, and one segment of text to samples with the times of its
//! words.
//!
//! | file | what |
//! | --- | --- |
//! | `port.rs` | [`SpeechEngine`], and [`Speaking`]: what stands around a call |
//! | `voice.rs` | [`Voice`], and its [`Capabilities`] |
//! | `request.rs`, `speech.rs` | [`SegmentRequest`] and [`Speech`] |
//! | `payments.rs` | [`Payments`]: who pays for a call |
//! | `cores/` | [`Cores`] of the process; engines on them: [`OnCores`], [`WithCore`] |
//! | `lately.rs` | what need not be asked again at once |
//! | `verify/` | whether speech is good enough to be heard |
//! | `transcription/` | [`Transcriber`]: who listens to speech, and a program that does |
//! | `measured.rs` | any engine, counted, timed and traced |
//! | `wav.rs` | samples out of bytes |
//! | `process.rs`, `program.rs` | programs that an operator installed, and the voices of such |
//! | `remote/` | what engines have in common that somebody else's server speaks for |
//!
//! Adapters: [`local`] and [`kokoro`] (neural voices in this process, no network), [`espeak`] and
//! [`pico`] (programs that an operator installed), [`google`], [`gemini`] and [`openai`] (servers
//! of others, most of which cost money), and for tests [`tone`] (sine tones) and [`scripted`]
//! (tones that are noted and go wrong as told). Nothing outside this folder knows what engine a
//! voice belongs to; the work on its output (trim, loudness, codec) is that of [`crate::audio`],
//! and what is done about speech that is not good enough that of [`crate::speaking`].

pub mod cores;
pub mod espeak;
pub mod gemini;
pub mod google;
pub mod kokoro;
mod lately;
pub mod local;
pub mod measured;
pub mod openai;
mod payments;
pub mod pico;
mod port;
pub mod process;
pub mod program;
pub mod remote;
mod request;
pub mod scripted;
mod speech;
pub mod tone;
pub mod transcription;
pub mod verify;
mod voice;
pub mod wav;

pub use self::cores::{Compute, Cores, OnCores, WithCore};
pub use self::lately::Lately;
pub use self::payments::{Payments, Unpaid};
pub use self::port::{Speaking, SpeechEngine};
pub use self::request::{Manner, Mark, Pronunciation, SegmentRequest, Speed, Turn};
pub use self::speech::{End, Speech, Timing, Usage};
pub use self::transcription::Transcriber;
pub use self::voice::{
    Capabilities, Markup, Phonemes, PriceUnit, Voice, VoicePrice, WordTimes, engine_of, short_of, voice_id,
};
