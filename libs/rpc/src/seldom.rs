//! What happens often and is told seldom.

use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

/// It is told at most this often.
const TELL: Duration = Duration::from_secs(10);

/// Something that others cause as often as they like, and that the log has seldom.
#[derive(Debug, Default)]
pub(crate) struct Seldom(Mutex<Option<Instant>>);

impl Seldom {
    /// Tells it, unless it was told not long ago.
    pub(crate) fn tell(&self, tell: impl FnOnce()) {
        let mut told = self.0.lock();
        if told.is_none_or(|told| told.elapsed() >= TELL) {
            *told = Some(Instant::now());
            drop(told);
            tell();
        }
    }
}
