//! The events of an answer that is still coming.

use std::fmt;

use lectern_fetch::Body;
use tracing::Instrument as _;

use crate::error::ProviderError;
use crate::span::CallSpan;
use crate::splitter::{Event, Splitter};
use crate::transport;

/// The events of a stream, one after the other. Dropped, the call ends and its connection is
/// closed: that is how a call is cancelled.
pub struct Events(Box<Inner>);

struct Inner {
    /// None when it is over.
    body: Option<Body>,
    splitter: Splitter,
    most: u64,
    span: CallSpan,
}

impl Events {
    pub(crate) fn new(body: Body, most: u64, span: CallSpan) -> Self {
        let splitter = Splitter::new(usize::try_from(most).unwrap_or(usize::MAX));
        Self(Box::new(Inner { body: Some(body), splitter, most, span }))
    }

    /// The next event; none at the end of the body. Whether the answer is complete then is for the
    /// wire to know: a connection that was closed early may look just like an end. After an error
    /// there is nothing more.
    ///
    /// # Errors
    /// Where the connection breaks, a limit of the call is passed, or one event has more bytes than
    /// the whole answer may.
    pub async fn next(&mut self) -> Result<Option<Event>, ProviderError> {
        let Inner { body, splitter, most, span } = &mut *self.0;
        loop {
            if let Some(event) = splitter.pop() {
                return Ok(Some(event));
            }
            let Some(coming) = body else { return Ok(None) };
            let result = if splitter.is_too_large() {
                Err(transport::too_large(*most))
            } else {
                coming.chunk().instrument(span.inner()).await.map_err(|error| transport::error(&error))
            };
            match result {
                Ok(Some(chunk)) => splitter.push(&chunk),
                Ok(None) => {
                    splitter.end();
                    if splitter.is_too_large() {
                        continue;
                    }
                    *body = None;
                }
                Err(error) => {
                    span.failed(&error);
                    *body = None;
                    return Err(error);
                }
            }
        }
    }
}

impl fmt::Debug for Events {
    /// Nothing of what was said.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Events").field("is_over", &self.0.body.is_none()).finish_non_exhaustive()
    }
}
