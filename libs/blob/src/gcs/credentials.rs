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

use google_cloud_auth::credentials::{CacheableResource, Credentials, CredentialsProvider};
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
const DENIED: Duration = Duration::from_secs(600);
/// How often the probe asks for a token.
const PROBE: Duration = Duration::from_secs(60);

type Make = Box<dyn Fn() -> Result<Credentials, String> + Send + Sync>;

/// The credentials of all clients of an adapter.
pub(super) struct Reviving {
    make: Make,
    current: RwLock<(Credentials, Instant)>,
}

impl fmt::Debug for Reviving {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Reviving")
    }
}

impl Reviving {
    /// Makes the first ones.
    pub(super) fn new(make: Make) -> Result<Arc<Self>, String> {
        let current = RwLock::new((make()?, Instant::now()));
        Ok(Arc::new(Self { make, current }))
    }

    /// What clients are built with.
    pub(super) fn shared(self: &Arc<Self>) -> Credentials {
        Shared(Arc::clone(self)).into()
    }

    /// Asks for a token once a minute, so that dead credentials are found before a call needs them.
    /// Ends with the adapter.
    pub(super) fn probe(self: &Arc<Self>) {
        let weak: Weak<Self> = Arc::downgrade(self);
        tokio::spawn(async move {
            let mut ticks = interval(PROBE);
            ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
            loop {
                ticks.tick().await;
                let Some(credentials) = weak.upgrade() else { return };
                if let Err(error) = credentials.headers(Extensions::new()).await {
                    warn!(%error, "no token for object storage; check the account and the metadata server");
                }
            }
        });
    }

    /// A call was denied: perhaps the token is another identity's.
    pub(super) fn denied(&self) {
        let (_, made) = self.now();
        if made.elapsed() >= DENIED {
            self.revive(made);
        }
    }

    fn now(&self) -> (Credentials, Instant) {
        self.current.read().clone()
    }

    /// Makes new ones in place of those of `made`, if nobody did meanwhile; whether there are
    /// others now.
    fn revive(&self, made: Instant) -> bool {
        let mut current = self.current.write();
        if current.1 != made {
            return true;
        }
        match (self.make)() {
            Ok(credentials) => {
                info!("the credentials for object storage were made anew");
                *current = (credentials, Instant::now());
                true
            }
            Err(error) => {
                warn!(error, "the credentials for object storage could not be made anew");
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

#[derive(Debug)]
struct Shared(Arc<Reviving>);

impl CredentialsProvider for Shared {
    async fn headers(&self, extensions: Extensions) -> Result<CacheableResource<HeaderMap>, CredentialsError> {
        self.0.headers(extensions).await
    }

    async fn universe_domain(&self) -> Option<String> {
        let (credentials, _) = self.0.now();
        credentials.universe_domain().await
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use google_cloud_auth::credentials::EntityTag;

    use super::*;

    #[derive(Debug)]
    struct Dying {
        born: Instant,
        life: Duration,
        transient: bool,
    }

    impl CredentialsProvider for Dying {
        async fn headers(&self, _: Extensions) -> Result<CacheableResource<HeaderMap>, CredentialsError> {
            if self.born.elapsed() < self.life {
                return Ok(CacheableResource::New { entity_tag: EntityTag::new(), data: HeaderMap::new() });
            }
            Err(CredentialsError::from_msg(self.transient, "the refresh task has ended"))
        }

        async fn universe_domain(&self) -> Option<String> {
            None
        }
    }

    fn start(life: Duration, transient: bool) -> (Arc<Reviving>, Arc<AtomicU32>) {
        let made = Arc::new(AtomicU32::new(0));
        let count = Arc::clone(&made);
        let make = Box::new(move || {
            count.fetch_add(1, Ordering::Relaxed);
            Ok(Credentials::from(Dying { born: Instant::now(), life, transient }))
        });
        (Reviving::new(make).unwrap(), made)
    }

    #[tokio::test(start_paused = true)]
    async fn credentials_whose_refresh_ended_are_made_anew() {
        let (reviving, made) = start(Duration::from_secs(3_600), false);
        let credentials = reviving.shared();
        credentials.headers(Extensions::new()).await.unwrap();
        tokio::time::advance(Duration::from_secs(3_601)).await;
        credentials.headers(Extensions::new()).await.unwrap();
        assert_eq!(made.load(Ordering::Relaxed), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn young_credentials_and_passing_errors_make_nothing_anew() {
        for (life, transient, wait) in [(Duration::ZERO, false, 0), (Duration::ZERO, true, 3_600)] {
            let (reviving, made) = start(life, transient);
            tokio::time::advance(Duration::from_secs(wait)).await;
            reviving.shared().headers(Extensions::new()).await.unwrap_err();
            assert_eq!(made.load(Ordering::Relaxed), 1);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_probe_finds_dead_credentials_before_a_call_does_and_ends_with_the_adapter() {
        let (reviving, made) = start(Duration::from_secs(100), false);
        reviving.probe();
        tokio::time::sleep(Duration::from_secs(130)).await;
        assert_eq!(made.load(Ordering::Relaxed), 2);
        let weak = Arc::downgrade(&reviving);
        drop(reviving);
        tokio::time::sleep(Duration::from_secs(61)).await;
        assert!(weak.upgrade().is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn a_denied_call_asks_for_another_token_now_and_then() {
        let (reviving, made) = start(Duration::from_secs(36_000), false);
        reviving.denied();
        assert_eq!(made.load(Ordering::Relaxed), 1);
        tokio::time::advance(DENIED).await;
        reviving.denied();
        reviving.denied();
        assert_eq!(made.load(Ordering::Relaxed), 2);
    }
}
