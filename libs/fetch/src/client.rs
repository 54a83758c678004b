//! The client: a call from its first URL over redirects to an answer. Every hop is judged,
//! resolved, checked and pinned anew.

use http::header::{CONTENT_ENCODING, LOCATION};
use http::{HeaderMap, Method, StatusCode};
use tokio::time::{Instant, timeout_at};
use tokio_rustls::TlsConnector;
use url::Url;

use crate::body::Body;
use crate::error::{FetchError, Phase};
use crate::exchange::{Answer, Line};
use crate::outside::Outside;
use crate::policy::Policy;
use crate::request::{FetchLimits, Request};
use crate::target::Target;
use crate::tls::{self, Roots};

/// A client of one [`Policy`]. Cheap to clone.
#[derive(Clone)]
pub struct Client {
    policy: Policy,
    outside: Outside,
    tls: TlsConnector,
}

/// An answer, whatever its status but that of a redirect. The body is still to come.
#[derive(Debug)]
pub struct Response {
    /// Its status.
    pub status: StatusCode,
    /// Its header fields.
    pub headers: HeaderMap,
    /// Where it came from, after all redirects.
    pub url: Url,
    /// Its body.
    pub body: Body,
}

impl Client {
    /// A client for URLs that are chosen as `policy` says. It trusts the authorities in `roots`.
    ///
    /// # Errors
    /// [`FetchError::Setup`].
    pub fn new(policy: Policy, outside: Outside, roots: Roots) -> Result<Self, FetchError> {
        let tls = tls::connector(roots, &policy)?;
        Ok(Self { policy, outside, tls })
    }

    /// Makes a call. Dropped, the call ends and its connection is closed; so does the call when the
    /// body is dropped.
    ///
    /// # Errors
    /// Why nothing was called, or no answer came.
    pub async fn send(&self, request: Request) -> Result<Response, FetchError> {
        let until = Instant::now() + request.limits.whole;
        let first = Target::read(&request.url, &self.policy).map_err(FetchError::Url)?;
        let host = first.name().to_owned();
        let call = Box::pin(self.follow(first, request, until));
        timeout_at(until, call).await.unwrap_or(Err(FetchError::Slow { host, phase: Phase::Whole }))
    }

    async fn follow(&self, first: Target, mut request: Request, until: Instant) -> Result<Response, FetchError> {
        let limits = request.limits.clone();
        let line = Line { policy: &self.policy, outside: &self.outside, tls: &self.tls, limits: &limits };
        let mut target = first;
        for _ in 0..=limits.redirects {
            let answer = line.exchange(&target, &request).await?;
            if !is_redirect(answer.response.status()) {
                return finish(target, answer, &limits, until);
            }
            let next = self.next(&target, &request.method, answer.response.headers())?;
            if next.origin() != target.origin() {
                // What was meant for one server is not for the next, nor for the first when a later
                // hop comes back to it.
                request.headers.clear();
            }
            target = next;
        }
        Err(FetchError::Redirects { most: limits.redirects })
    }

    /// Where a redirect leads.
    fn next(&self, target: &Target, method: &Method, headers: &HeaderMap) -> Result<Target, FetchError> {
        let host = || target.name().to_owned();
        let location = headers.get(LOCATION).and_then(|location| location.to_str().ok());
        let (Some(location), true) = (location, method.is_safe()) else {
            return Err(FetchError::RedirectUnusable { host: host() });
        };
        let next =
            target.redirected(location, &self.policy).map_err(|fault| FetchError::Redirect { host: host(), fault })?;
        match self.policy {
            Policy::Operator if next.origin() != target.origin() => Err(FetchError::RedirectElsewhere { host: host() }),
            Policy::Public { .. } | Policy::Operator => Ok(next),
        }
    }
}

/// Whether the answer says to ask elsewhere (RFC 9110, 15.4); 300 leaves a choice and 304 answers a
/// question that is not asked here.
const fn is_redirect(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}

/// The answer with a body under its limits, unless its head says already that it breaks them.
fn finish(target: Target, answer: Answer, limits: &FetchLimits, until: Instant) -> Result<Response, FetchError> {
    let (head, incoming) = answer.response.into_parts();
    let host = target.name().to_owned();
    if head.status.is_informational() {
        return Err(FetchError::Broken { host, why: format!("the final answer is {}", head.status) });
    }
    let plain = |encoding: &http::HeaderValue| encoding.as_bytes().eq_ignore_ascii_case(b"identity");
    if !head.headers.get_all(CONTENT_ENCODING).iter().all(plain) {
        return Err(FetchError::Compressed { host });
    }
    let body = Body::new(host, incoming, answer.connection, limits, until)?;
    Ok(Response { status: head.status, headers: head.headers, url: target.url().clone(), body })
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("policy", &self.policy).field("outside", &self.outside).finish_non_exhaustive()
    }
}
