//! Credentials that are made anew when they went dead.
//!
//! Google's crate refreshes a token in a task of its own, which an error that it takes for lasting
//! ends for ever: one 400 of the token service while a binding is changed, and after the old token
//! ran out every call fails until the process is started again (googleapis/google-cloud-rust#4541,
//! #5864). So whoever asks for a token here, and a probe once a minute, looks at what comes, and
//! makes the credentials anew where it is an error.

use std::fmt;
use std::sync::{Arc, Weak};
use std::time::Duration;

use google_cloud_auth::credentials::{CacheableResource, Credentials as Tokens, CredentialsProvider};
use google_cloud_auth::errors::CredentialsError;
use http::{Extensions, HeaderMap};
use parking_lot::RwLock;
use tokio::time::{Instant, interval, timeout};
use tracing::{info, warn};

/// How long a token may take to come.
const TOKEN: Duration = Duration::from_secs(20);
/// Credentials younger than this are not made anew: what ails them is not their age.
const YOUNG: Duration = Duration::from_secs(30);
/// How often a denied call makes them anew, at most. A metadata server that just started may hand
/// out the token of another identity, which stays cached for an hour
/// (apache/arrow-rs-object-store#805).
pub(crate) const DENIED: Duration = Duration::from_secs(600);
/// How often the probe asks for a token.
const PROBE: Duration = Duration::from_secs(60);

/// Why there is no token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no credentials of Google for {purpose}: {why}")]
pub struct TokenError {
    /// What they are for.
    pub purpose: String,
    /// What Google's crate, or the token service, says of it, in one line.
    pub why: String,
    /// Whether it may be over soon: a server that is away, a token that is late.
    pub is_passing: bool,
}

type Make = Box<dyn Fn() -> Result<Tokens, String> + Send + Sync>;

/// Credentials of Google for one purpose. Cheap to clone; all clones are the same credentials.
#[derive(Clone)]
pub struct Credentials(Arc<Inner>);

struct Inner {
    purpose: String,
    make: Make,
    current: RwLock<(Tokens, Instant)>,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").field("purpose", &self.0.purpose).finish_non_exhaustive()
    }
}

impl Credentials {
    /// Credentials that `make` makes, now and whenever they went dead. `purpose` says in logs and
    /// errors what they are for, as in "object storage".
    ///
    /// To be called within a runtime of tokio, which refreshes tokens in a task; with
    /// [`install_provider`](crate::install_provider) called before, where `make` makes a client.
    ///
    /// # Errors
    /// [`TokenError`] where the first ones cannot be made.
    pub fn new(
        purpose: impl Into<String>,
        make: impl Fn() -> Result<Tokens, String> + Send + Sync + 'static,
    ) -> Result<Self, TokenError> {
        let purpose = purpose.into();
        let made = make().map_err(|why| TokenError { purpose: purpose.clone(), why, is_passing: false })?;
        Ok(Self(Arc::new(Inner { purpose, make: Box::new(make), current: RwLock::new((made, Instant::now())) })))
    }

    /// The header fields that a call is made with: `authorization`, and `x-goog-user-project` where
    /// quota is another project's. To be asked for before each call, and not kept: a token is
    /// cached and refreshed here.
    ///
    /// # Errors
    /// [`TokenError`], after 20 s at the latest, and twice that where new ones were made.
    pub async fn headers(&self) -> Result<HeaderMap, TokenError> {
        let said = |error: &CredentialsError| TokenError {
            purpose: self.0.purpose.clone(),
            why: one_line(error),
            is_passing: error.is_transient(),
        };
        // Without the tag of an earlier answer there is no "not modified".
        match self.0.headers(Extensions::new()).await.map_err(|error| said(&error))? {
            CacheableResource::New { data, .. } => Ok(data),
            CacheableResource::NotModified => Err(said(&CredentialsError::from_msg(true, "the token was not given"))),
        }
    }

    /// What clients of Google's own crates are built with.
    #[must_use]
    pub fn shared(&self) -> Tokens {
        Shared(Arc::clone(&self.0)).into()
    }

    /// Asks for a token once a minute, so that dead credentials are found before a call needs them.
    /// Ends with the last of the clones. To be called once.
    pub fn probe(&self) {
        let weak: Weak<Inner> = Arc::downgrade(&self.0);
        tokio::spawn(async move {
            let mut ticks = interval(PROBE);
            ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
            loop {
                ticks.tick().await;
                let Some(credentials) = weak.upgrade() else { return };
                if let Err(error) = credentials.headers(Extensions::new()).await {
                    let purpose = &credentials.purpose;
                    warn!(purpose, %error, "no token of Google; check the account and the metadata server");
                }
            }
        });
    }

    /// A call was denied: perhaps the token is another identity's, or was withdrawn. Makes new
    /// credentials where these are ten minutes old; whether it did.
    pub fn denied(&self) -> bool {
        let (_, made) = self.0.now();
        made.elapsed() >= DENIED && self.0.revive(made)
    }
}

impl Inner {
    fn now(&self) -> (Tokens, Instant) {
        self.current.read().clone()
    }

    /// Makes new ones in place of those of `made`, if nobody did meanwhile; whether there are
    /// others now.
    fn revive(&self, made: Instant) -> bool {
        let mut current = self.current.write();
        if current.1 != made {
            return true;
        }
        let purpose = &self.purpose;
        match (self.make)() {
            Ok(credentials) => {
                info!(purpose, "credentials of Google were made anew");
                *current = (credentials, Instant::now());
                true
            }
            Err(error) => {
                warn!(purpose, error, "credentials of Google could not be made anew");
                current.1 = Instant::now();
                false
            }
        }
    }

    async fn headers(&self, extensions: Extensions) -> Result<CacheableResource<HeaderMap>, CredentialsError> {
        let (credentials, made) = self.now();
        let late = || CredentialsError::from_msg(true, format!("no token came within {} s", TOKEN.as_secs()));
        let error = match timeout(TOKEN, credentials.headers(extensions.clone())).await {
            Ok(Ok(headers)) => return Ok(headers),
            // The refresh task lives, and asks again by itself.
            Ok(Err(error)) if error.is_transient() => return Err(error),
            Ok(Err(error)) => error,
            Err(_) => late(),
        };
        if made.elapsed() < YOUNG || !self.revive(made) {
            return Err(error);
        }
        let (credentials, _) = self.now();
        timeout(TOKEN, credentials.headers(extensions)).await.unwrap_or_else(|_| Err(late()))
    }
}

/// An error with what caused it, in one line: the crate's own words are often only the first half.
fn one_line(error: &CredentialsError) -> String {
    const MOST: usize = 300;
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(source) = cause {
        let said = source.to_string();
        if !text.contains(&said) {
            text.push_str(": ");
            text.push_str(&said);
        }
        cause = source.source();
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(MOST).collect()
}

#[derive(Debug)]
struct Shared(Arc<Inner>);

impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inner").field("purpose", &self.purpose).finish_non_exhaustive()
    }
}

impl CredentialsProvider for Shared {
    async fn headers(&self, extensions: Extensions) -> Result<CacheableResource<HeaderMap>, CredentialsError> {
        self.0.headers(extensions).await
    }

    async fn universe_domain(&self) -> Option<String> {
        let (credentials, _) = self.0.now();
        credentials.universe_domain().await
    }
}
