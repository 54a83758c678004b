//! What engines have in common that somebody else's server speaks for: Google Cloud
//! ([`super::google`]), Gemini ([`super::gemini`]), and servers that speak OpenAI's protocol
//! ([`super::openai`]).
//!
//! | file | what |
//! | --- | --- |
//! | `ask.rs` | one call: paid for before it is made, settled after it |
//! | `audio.rs` | samples out of an answer, by its bytes and never by what was asked for |
//! | `rows.rs` | rows of data, built in and of a file |
//! | `words.rs` | the words of a text, and the times that a server gives for them |
//! | `language.rs` | which of a voice's languages a text is in |
//!
//! An adapter makes one call for one attempt. What is done about speech that is not good enough is
//! not its own.

pub(super) mod ask;
pub(super) mod audio;
pub(super) mod language;
pub(super) mod rows;
pub(super) mod words;

use std::sync::Arc;
use std::time::Duration;

use lectern_core::{Clock, Failure, Kind, Reason};
use lectern_provider::{Http, Limits};

/// Bytes of the longest answer: eleven minutes of speech at 24 kHz, which is the most that any of
/// these speaks at once, in base64.
const MOST_BYTES: u64 = 64 << 20;
/// How long a look may take whether a server is ready: orders and lists of voices wait for it.
const LOOK: Duration = Duration::from_secs(5);
/// How many days before its last one a model or a family of voices is warned of.
pub(super) const WARNED_DAYS: i64 = 30;

/// What the remote engines of a process share.
#[derive(Debug, Clone)]
pub struct Remote {
    /// The client of providers.
    pub http: Http,
    /// The time of day, for rows with days and for what is asked to wait until.
    pub clock: Arc<dyn Clock>,
    /// Where the metadata server of Google Cloud is, for tests against a stand-in; none for the
    /// application default credentials.
    pub metadata: Option<String>,
}

/// The limits of one call.
pub(super) fn limits() -> Limits {
    Limits { bytes: MOST_BYTES, ..Limits::default() }
}

/// The limits of a look whether a server is ready.
pub(super) fn limits_of_look() -> Limits {
    Limits { connect: LOOK, first_byte: LOOK, whole: LOOK, ..Limits::default() }
}

/// An answer that is no speech, as a failure by which the attempt counts as rejected: it is made
/// again, and split after that.
pub(super) fn rejected(engine: &str, why: impl std::fmt::Display) -> Failure {
    let message = format!("{engine} {why}; reword the sentence, or choose another voice");
    Failure::new(Kind::FailedPrecondition, Reason::SpeechRejected, message)
}
