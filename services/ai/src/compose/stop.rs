//! The end of work that nobody waits for: composing takes seconds for a long document, and looks
//! between blocks and sentences whether it is still wanted.

use lectern_core::{Failure, Kind, Reason};
use tokio_util::sync::CancellationToken;

/// Whether composing should end; the default never does. What has been stopped stays stopped, so a
/// loop may simply leave off: whoever has its result asks [`Stop::check`] before using it.
#[derive(Debug, Clone, Default)]
pub struct Stop(Option<CancellationToken>);

impl Stop {
    /// Ends when `token` is cancelled.
    #[must_use]
    pub const fn at(token: CancellationToken) -> Self {
        Self(Some(token))
    }

    /// Whether nobody wants the work any more.
    pub(crate) fn stopped(&self) -> bool {
        self.0.as_ref().is_some_and(CancellationToken::is_cancelled)
    }

    /// Goes on only where the work is wanted.
    ///
    /// # Errors
    /// `CANCELLED`.
    pub fn check(&self) -> Result<(), Failure> {
        if self.stopped() {
            return Err(Failure::new(Kind::Cancelled, Reason::Cancelled, "composing was stopped; nobody waits for it"));
        }
        Ok(())
    }
}
