//! The port.

use std::fmt;

use async_trait::async_trait;
use lectern_core::{Failure, Kind, Reason};
use tokio_util::sync::CancellationToken;

use super::payments::Payments;
use super::{SegmentRequest, Speech, Voice};

/// Turns text into speech, one segment at a time.
///
/// A call may be dropped at any moment: what was taken for it is given back, a program that speaks
/// is ended, a call of somebody else is broken off and settled at its maximum. One engine serves
/// any number of calls at once. Equal requests give equal samples where the engine can see to that,
/// or else one answer of it is kept and is the answer from then on.
///
/// It says what was spoken and how that ended, and judges none of it: what is good enough is
/// decided by [`super::verify`], whether a call is made again by [`crate::speaking`].
#[async_trait]
pub trait SpeechEngine: Send + Sync + fmt::Debug {
    /// The voices that this engine speaks with. Cheap: it is asked often, and looks at nothing
    /// outside of this process.
    fn voices(&self) -> Vec<Voice>;

    /// Whether the engine could speak now, found out without paying: asked when an order comes in,
    /// so that it is refused then and not after a book was written. Cheap but for the first time;
    /// what has to be asked of somebody else is remembered for a while ([`super::Lately`]).
    ///
    /// # Errors
    ///
    /// What keeps it from speaking, such as `VOICE_NOT_INSTALLED`, `ENGINE_UNAVAILABLE` or
    /// `ENGINE_CREDENTIALS`.
    async fn ready(&self) -> Result<(), Failure> {
        Ok(())
    }

    /// Whether a call costs money: then the lease of the step is taken before it, so that nobody
    /// else pays for the same.
    fn paid(&self) -> bool {
        false
    }

    /// Whether somebody outside of this machine speaks.
    fn remote(&self) -> bool {
        false
    }

    /// Speaks one segment.
    ///
    /// # Errors
    ///
    /// `VOICE_UNKNOWN` for a voice of another engine, `VOICE_NOT_INSTALLED` where the voice's files
    /// or program are missing or damaged, `INVALID_FIELD` for a text without anything to say,
    /// `CANCELLED`, or whatever a remote engine answers. Audio that is not what was asked for is no
    /// error: it is a [`Speech`] that verification rejects. An answer without any audio is
    /// `SPEECH_REJECTED`, and made again as such.
    async fn synthesize(&self, request: &SegmentRequest, speaking: &Speaking<'_>) -> Result<Speech, Failure>;

    /// The voice with this id.
    ///
    /// # Errors
    ///
    /// `VOICE_UNKNOWN`, naming the voices there are.
    fn voice(&self, id: &str) -> Result<Voice, Failure> {
        known(&self.voices(), id)
    }
}

/// What stands around one call of an engine.
#[derive(Debug, Clone, Copy)]
pub struct Speaking<'a> {
    /// Who goes first where not all can: the lowest. The section's place for a narration, 0 for a
    /// caller who waits.
    pub rank: u32,
    /// Fires when nobody wants it any more. What has not begun then is not begun: whoever waits,
    /// for a core or for a share of what a provider allows, waits no longer. What is under way goes
    /// on to its end, for it is paid for, and is kept.
    pub cancel: &'a CancellationToken,
    /// Who pays for it.
    pub payments: &'a dyn Payments,
}

impl Speaking<'_> {
    /// Waits for something, until nobody wants it any more.
    ///
    /// # Errors
    /// Those of `waiting`; `CANCELLED`.
    pub async fn until_cancelled<T>(
        &self,
        waiting: impl Future<Output = Result<T, Failure>> + Send,
    ) -> Result<T, Failure> {
        self.cancel.run_until_cancelled(waiting).await.unwrap_or_else(|| Err(nobody_listens()))
    }

    /// To be called by who has waited for something and goes on now: refuses where nobody wants it
    /// any more, or somebody else has made it meanwhile.
    ///
    /// # Errors
    /// `CANCELLED`, ABORTED.
    pub async fn still_wanted(&self) -> Result<(), Failure> {
        self.check()?;
        self.payments.still_wanted().await
    }

    /// Refuses to go on where nobody wants it any more.
    ///
    /// # Errors
    /// `CANCELLED`.
    pub fn check(&self) -> Result<(), Failure> {
        if self.cancel.is_cancelled() { Err(nobody_listens()) } else { Ok(()) }
    }
}

/// Nobody wants it any more.
fn nobody_listens() -> Failure {
    Failure::new(Kind::Cancelled, Reason::Cancelled, "nobody listens to this any more")
}

/// The voice of this id among `voices`.
pub(super) fn known(voices: &[Voice], id: &str) -> Result<Voice, Failure> {
    voices.iter().find(|voice| voice.id == id).cloned().ok_or_else(|| {
        let known = voices.iter().map(|voice| voice.id.as_str()).collect::<Vec<_>>().join(", ");
        let message = format!("the voice {id:?} is not known; choose one of: {known}");
        Failure::new(Kind::InvalidArgument, Reason::VoiceUnknown, message).at("voice")
    })
}
