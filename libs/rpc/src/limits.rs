//! Limits that keep one caller from taking everybody's room: requests a second by tenant, calls in
//! flight by process and by tenant, and, where nobody is known yet, open streams and wrong keys by
//! address.

use std::collections::HashMap;
use std::fmt;
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::{Request, Response};
use lectern_core::id::TenantId;
use lectern_core::{Clock, Failure, Kind, Reason, Timestamp};
use lectern_runtime::{Room, Share, Shares};
use serde::{Deserialize, Serialize};
use tonic::body::Body;

use crate::auth::{Caller, Role};
use crate::deadline::passed;
use crate::incoming::origin;
use crate::middleware::{Follow, Followed, Inner, Middleware, open_to_all, pass, peer, refuse};
use crate::status::status;

/// How long a probe may take: it is one small message, and its answer is known.
const PROBE: Duration = Duration::from_secs(5);
/// When to come again where calls in flight are over a limit: most calls are short.
const SOON: Duration = Duration::from_secs(1);

/// The `limits` table of a server's configuration.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LimitsConfig {
    /// Requests a second that a tenant may make on average.
    pub requests_per_second: f64,
    /// Requests that a tenant may make at once after a pause.
    pub burst: u32,
    /// Calls in flight in this process, streams included.
    pub calls_in_flight: usize,
    /// Of these, the calls of one tenant.
    pub calls_per_tenant: usize,
    /// Open streams of health and reflection in this process, for which nobody needs a key.
    pub open_streams: usize,
    /// Of these, the streams of one address.
    pub open_streams_per_address: usize,
    /// Wrong keys that an address may send in a minute before only known keys are taken from it.
    pub wrong_keys_per_minute: u32,
    /// Connections of this process.
    pub connections: usize,
    /// Of these, the connections of one address.
    pub connections_per_address: usize,
    /// Tenants whose rate is remembered, and addresses that sent wrong keys; beyond, the ones idle
    /// longest are forgotten.
    pub tenants_remembered: usize,
}

impl Default for LimitsConfig {
    fn default() -> Self {
        Self {
            requests_per_second: 50.0,
            burst: 200,
            calls_in_flight: 2_000,
            calls_per_tenant: 500,
            open_streams: 4_000,
            open_streams_per_address: 500,
            wrong_keys_per_minute: 100,
            connections: 4_000,
            connections_per_address: 1_000,
            tenants_remembered: 10_000,
        }
    }
}

impl LimitsConfig {
    /// Says which value cannot be meant.
    ///
    /// # Errors
    /// `INVALID_FIELD` for limits that let nothing through.
    pub fn check(&self) -> Result<(), Failure> {
        if !(self.requests_per_second.is_finite() && self.requests_per_second > 0.0) {
            return Err(Failure::invalid("limits.requests_per_second", "write a number above 0"));
        }
        for (field, value) in [
            ("limits.burst", self.burst as usize),
            ("limits.calls_in_flight", self.calls_in_flight),
            ("limits.calls_per_tenant", self.calls_per_tenant),
            ("limits.open_streams", self.open_streams),
            ("limits.open_streams_per_address", self.open_streams_per_address),
            ("limits.wrong_keys_per_minute", self.wrong_keys_per_minute as usize),
            ("limits.connections", self.connections),
            ("limits.connections_per_address", self.connections_per_address),
            ("limits.tenants_remembered", self.tenants_remembered),
        ] {
            if value == 0 {
                return Err(Failure::invalid(field, "write a number of 1 or more"));
            }
        }
        Ok(())
    }
}

#[derive(Debug, Clone, Copy)]
struct Bucket {
    tokens: f64,
    at: Timestamp,
}

/// A token bucket for everybody: so many at once after a pause, and so many a second.
pub(crate) struct Buckets<K> {
    per_second: f64,
    burst: f64,
    remembered: usize,
    clock: Arc<dyn Clock>,
    buckets: Mutex<HashMap<K, Bucket>>,
}

impl<K> fmt::Debug for Buckets<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Buckets")
            .field("per_second", &self.per_second)
            .field("burst", &self.burst)
            .finish_non_exhaustive()
    }
}

impl<K: Clone + Eq + Hash> Buckets<K> {
    pub(crate) fn new(per_second: f64, burst: u32, remembered: usize, clock: Arc<dyn Clock>) -> Self {
        Self { per_second, burst: f64::from(burst), remembered, clock, buckets: Mutex::default() }
    }

    /// Counts one of `whose`.
    ///
    /// # Errors
    /// How long to wait where there are none left.
    pub(crate) fn take(&self, whose: &K) -> Result<(), Duration> {
        let now = self.clock.now();
        let mut buckets = self.buckets();
        if buckets.len() >= self.remembered && !buckets.contains_key(whose) {
            self.forget(&mut buckets, now);
        }
        let bucket = buckets.entry(whose.clone()).or_insert(Bucket { tokens: self.burst, at: now });
        *bucket = self.refilled(*bucket, now);
        if bucket.tokens < 1.0 {
            return Err(self.wait(bucket));
        }
        bucket.tokens -= 1.0;
        Ok(())
    }

    /// How long `whose` next one has to wait; counts nothing.
    pub(crate) fn exhausted(&self, whose: &K) -> Option<Duration> {
        let bucket = self.refilled(*self.buckets().get(whose)?, self.clock.now());
        (bucket.tokens < 1.0).then(|| self.wait(&bucket))
    }

    fn buckets(&self) -> MutexGuard<'_, HashMap<K, Bucket>> {
        self.buckets.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait(&self, bucket: &Bucket) -> Duration {
        Duration::try_from_secs_f64((1.0 - bucket.tokens) / self.per_second).unwrap_or(Duration::MAX)
    }

    fn refilled(&self, bucket: Bucket, now: Timestamp) -> Bucket {
        let gained = now.since(bucket.at).as_secs_f64() * self.per_second;
        Bucket { tokens: (bucket.tokens + gained).min(self.burst), at: now.max(bucket.at) }
    }

    /// Drops full buckets, which say nothing that a new one does not; if there are none, the tenth
    /// idle longest.
    fn forget(&self, buckets: &mut HashMap<K, Bucket>, now: Timestamp) {
        buckets.retain(|_, bucket| self.refilled(*bucket, now).tokens < self.burst);
        if buckets.len() >= self.remembered {
            let mut times: Vec<Timestamp> = buckets.values().map(|bucket| bucket.at).collect();
            times.sort_unstable();
            let oldest = times.get(times.len() / 10).copied().unwrap_or(now);
            let mut excess = times.len() / 10 + 1;
            buckets.retain(|_, bucket| {
                let goes = excess > 0 && bucket.at <= oldest;
                excess -= usize::from(goes);
                !goes
            });
        }
    }
}

/// The address that a request comes from, where it comes by TCP.
pub(crate) fn address<T>(request: &Request<T>) -> Option<IpAddr> {
    peer(request).map(|peer| origin(peer.ip()))
}

pub(crate) struct Limits {
    rate: Buckets<TenantId>,
    requests_per_second: f64,
    calls: Shares,
    open: Shares<Option<IpAddr>>,
}

impl Limits {
    pub(crate) fn new(config: &LimitsConfig, clock: Arc<dyn Clock>) -> Self {
        let room = Room { total: config.calls_in_flight, each: config.calls_per_tenant, waiting: 0 };
        let open = Room { total: config.open_streams, each: config.open_streams_per_address, waiting: 0 };
        Self {
            rate: Buckets::new(config.requests_per_second, config.burst, config.tenants_remembered, clock),
            requests_per_second: config.requests_per_second,
            calls: Shares::new("calls", room),
            open: Shares::new("open streams", open),
        }
    }

    fn enter(&self, caller: &Caller) -> Result<Share, Failure> {
        let tenant = &caller.tenant;
        // A service passes on what the gateway has let in.
        if caller.role != Role::Service {
            self.rate.take(tenant).map_err(|wait| {
                let message = format!(
                    "more than {} requests a second; wait {:.3} s and send fewer at a time",
                    self.requests_per_second,
                    wait.as_secs_f64()
                );
                let failure = Failure::new(Kind::ResourceExhausted, Reason::RateLimited, message);
                failure.about(format!("tenants/{tenant}")).after(wait)
            })?;
        }
        self.calls
            .try_take(tenant, 1)
            .ok_or_else(|| full(&self.calls, &format!("tenants/{tenant}"), "calls", "this tenant"))
    }
}

/// Why there is no share: the others have what there is, or this one has all that it may have.
fn full<K: lectern_runtime::shares::Holder>(shares: &Shares<K>, whose: &str, what: &str, who: &str) -> Failure {
    let Room { total, each, .. } = shares.room();
    if shares.held() >= total {
        let message = format!("this replica has as many {what} in flight as it takes; call again in a moment");
        return Failure::new(Kind::Unavailable, Reason::ServiceUnavailable, message).after(SOON);
    }
    let message = format!(
        "{each} {what} of {who} are in flight, as many as it may have; end some, streams too, or wait for them"
    );
    Failure::new(Kind::ResourceExhausted, Reason::LimitExceeded, message).about(whose).after(SOON)
}

impl Middleware for Limits {
    async fn handle<S: Inner>(self: Arc<Self>, request: Request<Body>, inner: S) -> Response<Body> {
        if open_to_all(request.uri().path()) {
            // A probe is answered at once, and always; one that does not arrive is not waited for.
            if request.uri().path().ends_with("/Check") {
                let answer = tokio::time::timeout(PROBE, pass(request, inner)).await;
                return answer.unwrap_or_else(|_| refuse(&passed()));
            }
            let address = address(&request);
            return match self.open.try_take(&address, 1) {
                Some(share) => Followed::wrap(pass(request, inner).await, Held(share)),
                None => refuse(&status(&full(&self.open, "", "streams of health and reflection", "this address"))),
            };
        }
        let entered = match request.extensions().get::<Caller>() {
            Some(caller) => self.enter(caller),
            None => Err(crate::auth::key_invalid()),
        };
        match entered {
            Ok(share) => Followed::wrap(pass(request, inner).await, Held(share)),
            Err(failure) => refuse(&status(&failure)),
        }
    }
}

/// A place among the calls in flight, until the response is complete.
struct Held<T>(#[allow(dead_code, reason = "held for its drop")] T);

impl<T: Send + Unpin + 'static> Follow for Held<T> {}

#[cfg(test)]
mod tests {
    use lectern_core::clock::ManualClock;

    use super::*;

    fn buckets(burst: u32, remembered: usize) -> (Buckets<TenantId>, Arc<ManualClock>) {
        let clock = Arc::new(ManualClock::at(Timestamp(0)));
        (Buckets::new(10.0, burst, remembered, Arc::clone(&clock) as Arc<dyn Clock>), clock)
    }

    #[test]
    fn a_tenant_gets_its_burst_and_then_its_rate() {
        let (buckets, clock) = buckets(3, 10);
        let (one, two): (TenantId, TenantId) = ("one".parse().unwrap(), "two".parse().unwrap());
        for _ in 0..3 {
            assert_eq!(buckets.exhausted(&one), None);
            assert_eq!(buckets.take(&one), Ok(()));
        }
        assert_eq!(buckets.take(&one), Err(Duration::from_millis(100)));
        assert_eq!(buckets.exhausted(&one), Some(Duration::from_millis(100)));
        assert_eq!(buckets.take(&two), Ok(()), "others are not held up");
        clock.advance(Duration::from_millis(100));
        assert_eq!(buckets.take(&one), Ok(()));
        assert!(buckets.take(&one).is_err());
        clock.advance(Duration::from_secs(3600));
        assert_eq!((0..9).filter(|_| buckets.take(&one).is_ok()).count(), 3, "a pause gives no more than the burst");
    }

    #[test]
    fn no_more_tenants_are_remembered_than_allowed() {
        let (buckets, clock) = buckets(100, 20);
        for i in 0..1_000 {
            clock.advance(Duration::from_millis(1));
            buckets.take(&format!("t{i}").parse().unwrap()).unwrap();
            assert!(buckets.buckets().len() <= 20);
        }
    }

    #[test]
    fn limits_that_let_nothing_through_are_refused() {
        assert!(LimitsConfig::default().check().is_ok());
        assert!(LimitsConfig { requests_per_second: 0.0, ..LimitsConfig::default() }.check().is_err());
        assert!(LimitsConfig { burst: 0, ..LimitsConfig::default() }.check().is_err());
        assert!(LimitsConfig { connections: 0, ..LimitsConfig::default() }.check().is_err());
    }
}
