//! The port to who listens: speech to the words that are heard in it.
//!
//! | file | what |
//! | --- | --- |
//! | `program.rs` | a program that an operator installed |
//!
//! Nobody listens unless the settings name a program. When somebody is asked, and what is done
//! about the answer, is for [`crate::speaking`] to know; what of it counts, for
//! [`super::verify::word_error`].

mod program;

use std::fmt;

use async_trait::async_trait;
use lectern_core::Failure;

pub use self::program::ProgramTranscriber;
pub(crate) use self::program::is_tag;

/// Writes down what is said in speech, one segment at a time.
///
/// A call may be dropped at any moment, and leaves nothing behind. What was heard is as much the
/// document's as its text: it stands in no log, no span and no failure.
#[async_trait]
pub trait Transcriber: Send + Sync + fmt::Debug {
    /// Whether it understands a language, a BCP 47 tag, by its primary subtag. Cheap.
    fn understands(&self, language: &str) -> bool;

    /// What is said in `samples`, full scale at ±1 on one channel, in `language`, which it
    /// understands.
    ///
    /// # Errors
    /// What keeps it from listening. That says nothing of the speech.
    async fn transcribe(&self, samples: &[f32], sample_rate: u32, language: &str) -> Result<String, Failure>;
}
