//! Calls of providers by HTTP: one attempt each, within its limits, with one credential.

use std::fmt;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use lectern_fetch::{Body, Client, FetchLimits, Outside, Policy, Request, Response, Roots};
use serde_json::Value;
use tracing::Instrument as _;

use crate::endpoint::{Credential, Endpoint};
use crate::error::{Billed, Class, ProviderError};
use crate::events::Events;
use crate::span::CallSpan;
use crate::transport;

/// Bytes that are read of an answer that refuses.
const REFUSAL: usize = 64 * 1024;
/// Redirects that are followed, of reads alone and within one server.
const REDIRECTS: usize = 2;

/// What one attempt may take. A model thinks before its first byte, for minutes where the answer is
/// not streamed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// To connect, with TLS; also to resolve the name.
    pub connect: Duration,
    /// To send the request and get the head of the answer.
    pub first_byte: Duration,
    /// Between two pieces of the answer.
    pub idle: Duration,
    /// All of it.
    pub whole: Duration,
    /// Bytes of the answer, and so of each of its events.
    pub bytes: u64,
}

impl Default for Limits {
    /// Ten minutes for an answer of at most 16 MiB.
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            first_byte: Duration::from_secs(300),
            idle: Duration::from_secs(120),
            whole: Duration::from_secs(600),
            bytes: 16 << 20,
        }
    }
}

/// A client of providers. Cheap to clone.
///
/// It calls what an [`Endpoint`] names, and that is **chosen by whoever runs Lectern, in its
/// configuration**, so it may be a private address, such as a model on the same machine. Nothing
/// that a document, a model or a remote caller said may become an endpoint or a path of one, and
/// where a server redirects to another one it is not followed, since nobody configured that.
///
/// A call is made once: a paid call is never repeated where nobody counts it. Who asks decides
/// whether there is another. The one exception is a token of Google's that is refused with 401 and
/// could be made anew: such a call was not processed, and is made once more.
#[derive(Clone)]
pub struct Http {
    client: Client,
}

impl fmt::Debug for Http {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Http").finish_non_exhaustive()
    }
}

/// A whole answer, whatever its status: what it means is for the wire to say, by
/// [`google::error`](crate::google::error) or [`openai::error`](crate::openai::error).
#[derive(Clone)]
pub struct Answer {
    /// Its status.
    pub status: StatusCode,
    /// Its header fields.
    pub headers: HeaderMap,
    /// Its body; of a refusal at most 64 KiB, and as much as came.
    pub body: Bytes,
}

impl fmt::Debug for Answer {
    /// Without the body, which is somebody's text.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer").field("status", &self.status).field("bytes", &self.body.len()).finish_non_exhaustive()
    }
}

/// A stream that was begun.
#[derive(Debug)]
pub struct Streamed {
    /// Its status, a success.
    pub status: StatusCode,
    /// Its header fields.
    pub headers: HeaderMap,
    /// What comes.
    pub events: Events,
}

/// What became of a call for a stream.
#[derive(Debug)]
pub enum Opened {
    /// It was begun.
    Stream(Streamed),
    /// It was refused: the status is no success.
    Refused(Answer),
}

impl Http {
    /// A client that trusts the authorities in `roots`.
    ///
    /// # Errors
    /// [`Class::Invalid`] where TLS cannot be set up.
    pub fn new(outside: Outside, roots: Roots) -> Result<Self, ProviderError> {
        let client = Client::new(Policy::Operator, outside, roots).map_err(|error| transport::error(&error))?;
        Ok(Self { client })
    }

    /// Asks for something that costs, and waits for all of the answer. `path` is below the
    /// endpoint's base and may have a query; `headers` have no credential.
    ///
    /// # Errors
    /// Where there is no answer, or not all of a success. An answer of any status is none.
    pub async fn post(
        &self,
        to: &Endpoint,
        path: &str,
        headers: HeaderMap,
        body: &Value,
        limits: &Limits,
    ) -> Result<Answer, ProviderError> {
        let call = Call { to, path, headers, method: Method::POST, body: Some(body), accept: JSON, limits };
        self.whole(call).await
    }

    /// Reads something that costs nothing, such as the list of models.
    ///
    /// # Errors
    /// Those of [`Self::post`].
    pub async fn get(
        &self,
        to: &Endpoint,
        path: &str,
        headers: HeaderMap,
        limits: &Limits,
    ) -> Result<Answer, ProviderError> {
        let call = Call { to, path, headers, method: Method::GET, body: None, accept: JSON, limits };
        self.whole(call).await
    }

    /// Asks for something that costs and comes as events. Dropped, at any time, the call is ended
    /// and its connection closed.
    ///
    /// # Errors
    /// Where there is no answer. What breaks off later is told by [`Events::next`].
    pub async fn stream(
        &self,
        to: &Endpoint,
        path: &str,
        headers: HeaderMap,
        body: &Value,
        limits: &Limits,
    ) -> Result<Opened, ProviderError> {
        let call = Call { to, path, headers, method: Method::POST, body: Some(body), accept: EVENTS, limits };
        let (response, span) = self.send(call).await?;
        let Response { status, headers, body, .. } = response;
        if !status.is_success() {
            let body = refusal(body).instrument(span.inner()).await;
            return Ok(Opened::Refused(Answer { status, headers, body }));
        }
        let events = Events::new(body, limits.bytes, span);
        Ok(Opened::Stream(Streamed { status, headers, events }))
    }

    async fn whole(&self, call: Call<'_>) -> Result<Answer, ProviderError> {
        let (response, span) = self.send(call).await?;
        let Response { status, headers, body, .. } = response;
        let body = if status.is_success() {
            let collected = body.collect().instrument(span.inner()).await;
            collected.map_err(|error| {
                let error = ProviderError { status: Some(status.as_u16()), ..transport::error(&error) };
                span.failed(&error);
                error
            })?
        } else {
            refusal(body).instrument(span.inner()).await
        };
        Ok(Answer { status, headers, body })
    }

    /// Sends a call, and once more where its token was refused and could be made anew.
    async fn send(&self, call: Call<'_>) -> Result<(Response, CallSpan), ProviderError> {
        let (response, span) = self.attempt(&call).await?;
        let Credential::Google(credentials) = &call.to.credential else { return Ok((response, span)) };
        let renewed = match response.status {
            StatusCode::UNAUTHORIZED => credentials.denied(),
            // A role that is missing is not there with another token either; a later call has it.
            StatusCode::FORBIDDEN => {
                credentials.denied();
                false
            }
            _ => false,
        };
        if renewed {
            drop((response, span));
            return self.attempt(&call).await;
        }
        Ok((response, span))
    }

    async fn attempt(&self, call: &Call<'_>) -> Result<(Response, CallSpan), ProviderError> {
        let url = call.to.url(call.path)?;
        let span = CallSpan::begin(&call.method, &url);
        let sent = async {
            let request = call.request(url.into()).await?;
            self.client.send(request).await.map_err(|error| transport::error(&error))
        };
        match Box::pin(sent).instrument(span.inner()).await {
            Ok(response) => {
                span.answered(response.status);
                Ok((response, span))
            }
            Err(error) => {
                span.failed(&error);
                Err(error)
            }
        }
    }
}

const JSON: &str = "application/json";
const EVENTS: &str = "text/event-stream";

/// One call, as its caller wants it.
struct Call<'a> {
    to: &'a Endpoint,
    path: &'a str,
    headers: HeaderMap,
    method: Method,
    body: Option<&'a Value>,
    accept: &'static str,
    limits: &'a Limits,
}

impl Call<'_> {
    async fn request(&self, url: String) -> Result<Request, ProviderError> {
        let mut headers = self.to.identify(self.headers.clone()).await?;
        headers.insert(ACCEPT, HeaderValue::from_static(self.accept));
        let body = match self.body {
            None => Bytes::new(),
            Some(body) => {
                headers.insert(CONTENT_TYPE, HeaderValue::from_static(JSON));
                let unwritten = |_| {
                    let message = "the request cannot be written as JSON; report it, it is a defect of Lectern";
                    ProviderError::local(Class::Invalid, "REQUEST", Billed::No, message)
                };
                serde_json::to_vec(body).map_err(unwritten)?.into()
            }
        };
        let Limits { connect, first_byte, idle, whole, bytes } = *self.limits;
        let limits = FetchLimits { connect, first_byte, idle, whole, bytes, redirects: REDIRECTS };
        Ok(Request { method: self.method.clone(), url, headers, body, limits })
    }
}

/// The body of an answer that refuses, as far as it comes: its status says enough where it breaks
/// off.
async fn refusal(mut body: Body) -> Bytes {
    let mut whole = BytesMut::new();
    while let Ok(Some(chunk)) = body.chunk().await {
        whole.extend_from_slice(&chunk);
        if whole.len() >= REFUSAL {
            whole.truncate(REFUSAL);
            break;
        }
    }
    whole.freeze()
}
