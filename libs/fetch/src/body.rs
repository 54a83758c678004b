//! The body of an answer, piece by piece: never more than its limits, never in one piece unless
//! that is asked for.

use std::fmt;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt as _;
use hyper::body::{Body as _, Incoming};
use tokio::time::{Instant, timeout_at};
use tokio_util::task::AbortOnDropHandle;

use crate::error::{FetchError, Phase};
use crate::request::FetchLimits;

/// A body that is still coming. Dropped, its connection is closed.
pub struct Body {
    host: String,
    incoming: Incoming,
    most: u64,
    left: u64,
    idle: Duration,
    until: Instant,
    _connection: AbortOnDropHandle<()>,
}

impl Body {
    /// A body under `limits`, refused when it announces itself as too large.
    pub(crate) fn new(
        host: String,
        incoming: Incoming,
        connection: AbortOnDropHandle<()>,
        limits: &FetchLimits,
        until: Instant,
    ) -> Result<Self, FetchError> {
        let most = limits.bytes;
        if incoming.size_hint().lower() > most {
            return Err(FetchError::Large { most });
        }
        Ok(Self { host, incoming, most, left: most, idle: limits.idle, until, _connection: connection })
    }

    /// The next piece; none at the end.
    ///
    /// # Errors
    /// [`FetchError::Large`] at the first byte too many, [`FetchError::Slow`],
    /// [`FetchError::Broken`] when it ends before its end.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, FetchError> {
        loop {
            let idle = Instant::now() + self.idle;
            let frame = match timeout_at(idle.min(self.until), self.incoming.frame()).await {
                Ok(None) => return Ok(None),
                Ok(Some(Ok(frame))) => frame,
                Ok(Some(Err(why))) => return Err(FetchError::broken(&self.host, &why)),
                Err(_) => {
                    let phase = if self.until <= idle { Phase::Whole } else { Phase::Idle };
                    return Err(FetchError::Slow { host: self.host.clone(), phase });
                }
            };
            // Trailers say nothing that is needed here.
            let Ok(data) = frame.into_data() else { continue };
            let length = u64::try_from(data.len()).unwrap_or(u64::MAX);
            self.left = self.left.checked_sub(length).ok_or(FetchError::Large { most: self.most })?;
            if !data.is_empty() {
                return Ok(Some(data));
            }
        }
    }

    /// All of it.
    ///
    /// # Errors
    /// Those of [`Self::chunk`].
    pub async fn collect(mut self) -> Result<Bytes, FetchError> {
        let mut whole = BytesMut::new();
        while let Some(chunk) = self.chunk().await? {
            whole.extend_from_slice(&chunk);
        }
        Ok(whole.freeze())
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Body").field("host", &self.host).field("left", &self.left).finish_non_exhaustive()
    }
}
