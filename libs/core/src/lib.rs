//! What every part of Lectern shares and nothing outside it decides: ids, digests, time,
//! randomness, backoff, failures, pins, texts that callers give, and the content that travels
//! between stages. No I/O, no runtime, no driver.

pub mod backoff;
pub mod clock;
pub mod content;
pub mod digest;
pub mod failure;
pub mod finding;
pub mod id;
pub mod keys;
pub mod lane;
pub mod lexicon;
pub mod output;
pub mod pin;
pub mod random;
pub mod similar;
pub mod speakers;
pub mod text;

pub use clock::{Clock, SystemClock, Timestamp};
pub use digest::Digest;
pub use failure::{Failure, Kind, Reason};
pub use finding::{Finding, Verdict};
pub use lane::Lane;
pub use output::OutputFormat;
pub use pin::{ScriptPin, VoicePin};
pub use random::{OsRandom, Random};
