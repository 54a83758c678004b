//! Limits that keep one tenant from taking everybody's room: requests a second by tenant, and calls
//! in flight by process.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::{Request, Response};
use lectern_core::id::TenantId;
use lectern_core::{Clock, Failure, Kind, Reason, Timestamp};
use serde::{Deserialize, Serialize};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tonic::body::Body;

use crate::auth::{Caller, Role};
use crate::middleware::{Follow, Followed, Inner, Middleware, open_to_all, pass, refuse};
use crate::status::status;

/// The `limits` table of a server's configuration.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LimitsConfig {
    /// Requests a second that a tenant may make on average.
    pub requests_per_second: f64,
    /// Requests that a tenant may make at once after a pause.
    pub burst: u32,
    /// Calls in flight in this process, streams included.
    pub calls_in_flight: usize,
    /// Tenants whose rate is remembered; beyond, the ones idle longest are forgotten.
    pub tenants_remembered: usize,
}

impl Default for LimitsConfig {
    fn default() -> Self {
        Self { requests_per_second: 50.0, burst: 200, calls_in_flight: 2_000, tenants_remembered: 10_000 }
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
            ("limits.tenants_remembered", self.tenants_remembered),
        ] {
            if value == 0 || value > Semaphore::MAX_PERMITS {
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

/// A token bucket for every tenant.
pub struct RateLimiter {
    config: LimitsConfig,
    clock: Arc<dyn Clock>,
    buckets: Mutex<HashMap<TenantId, Bucket>>,
}

impl fmt::Debug for RateLimiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RateLimiter").field("config", &self.config).finish_non_exhaustive()
    }
}

impl RateLimiter {
    /// Limits by `config`.
    #[must_use]
    pub fn new(config: LimitsConfig, clock: Arc<dyn Clock>) -> Self {
        Self { config, clock, buckets: Mutex::default() }
    }

    /// Counts a request of `tenant`.
    ///
    /// # Errors
    /// `RATE_LIMITED` with the time until the next request is let through.
    pub fn take(&self, tenant: &TenantId) -> Result<(), Failure> {
        let now = self.clock.now();
        let full = Bucket { tokens: f64::from(self.config.burst), at: now };
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= self.config.tenants_remembered && !buckets.contains_key(tenant) {
            self.forget(&mut buckets, now);
        }
        let bucket = buckets.entry(tenant.clone()).or_insert(full);
        *bucket = self.refilled(*bucket, now);
        if bucket.tokens >= 1.0 {
            bucket.tokens -= 1.0;
            return Ok(());
        }
        let wait = Duration::from_secs_f64((1.0 - bucket.tokens) / self.config.requests_per_second);
        let message = format!(
            "more than {} requests a second; wait {:.3} s and send fewer at a time",
            self.config.requests_per_second,
            wait.as_secs_f64()
        );
        let failure = Failure::new(Kind::ResourceExhausted, Reason::RateLimited, message);
        Err(failure.about(format!("tenants/{tenant}")).after(wait))
    }

    fn refilled(&self, bucket: Bucket, now: Timestamp) -> Bucket {
        let gained = now.since(bucket.at).as_secs_f64() * self.config.requests_per_second;
        Bucket { tokens: (bucket.tokens + gained).min(f64::from(self.config.burst)), at: now.max(bucket.at) }
    }

    /// Drops full buckets, which say nothing that a new one does not; if there are none, the tenth
    /// idle longest.
    fn forget(&self, buckets: &mut HashMap<TenantId, Bucket>, now: Timestamp) {
        let full = f64::from(self.config.burst);
        buckets.retain(|_, bucket| self.refilled(*bucket, now).tokens < full);
        if buckets.len() >= self.config.tenants_remembered {
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

pub(crate) struct Limits {
    rate: RateLimiter,
    calls: Arc<Semaphore>,
}

impl Limits {
    pub(crate) fn new(config: LimitsConfig, clock: Arc<dyn Clock>) -> Self {
        let calls = Arc::new(Semaphore::new(config.calls_in_flight));
        Self { rate: RateLimiter::new(config, clock), calls }
    }

    fn enter(&self, caller: Option<&Caller>) -> Result<OwnedSemaphorePermit, Failure> {
        // A service passes on what the gateway has let in.
        if let Some(caller) = caller.filter(|caller| caller.role != Role::Service) {
            self.rate.take(&caller.tenant)?;
        }
        Arc::clone(&self.calls).try_acquire_owned().map_err(|_| {
            let message = "this replica has as many calls in flight as it takes; call again in a moment";
            Failure::new(Kind::Unavailable, Reason::ServiceUnavailable, message).after(Duration::from_secs(1))
        })
    }
}

impl Middleware for Limits {
    async fn handle<S: Inner>(self: Arc<Self>, request: Request<Body>, inner: S) -> Response<Body> {
        if open_to_all(request.uri().path()) {
            return pass(request, inner).await;
        }
        match self.enter(request.extensions().get::<Caller>()) {
            Ok(permit) => Followed::wrap(pass(request, inner).await, Held(permit)),
            Err(failure) => refuse(&status(&failure)),
        }
    }
}

/// A place among the calls in flight, until the response is complete.
struct Held(#[allow(dead_code, reason = "held for its drop")] OwnedSemaphorePermit);

impl Follow for Held {}

#[cfg(test)]
mod tests {
    use lectern_core::clock::ManualClock;

    use super::*;

    fn limiter(burst: u32, tenants_remembered: usize) -> (RateLimiter, Arc<ManualClock>) {
        let clock = Arc::new(ManualClock::at(Timestamp(0)));
        let config = LimitsConfig { requests_per_second: 10.0, burst, tenants_remembered, ..LimitsConfig::default() };
        (RateLimiter::new(config, Arc::clone(&clock) as Arc<dyn Clock>), clock)
    }

    #[test]
    fn a_tenant_gets_its_burst_and_then_its_rate() {
        let (limiter, clock) = limiter(3, 10);
        let (one, two): (TenantId, TenantId) = ("one".parse().unwrap(), "two".parse().unwrap());
        for _ in 0..3 {
            assert_eq!(limiter.take(&one), Ok(()));
        }
        let failure = limiter.take(&one).unwrap_err();
        assert_eq!((failure.kind, failure.reason), (Kind::ResourceExhausted, Reason::RateLimited));
        assert_eq!(failure.retry_after, Some(Duration::from_millis(100)));
        assert_eq!(limiter.take(&two), Ok(()), "others are not held up");
        clock.advance(Duration::from_millis(100));
        assert_eq!(limiter.take(&one), Ok(()));
        assert!(limiter.take(&one).is_err());
        clock.advance(Duration::from_secs(3600));
        assert_eq!((0..9).filter(|_| limiter.take(&one).is_ok()).count(), 3, "a pause gives no more than the burst");
    }

    #[test]
    fn no_more_tenants_are_remembered_than_allowed() {
        let (limiter, clock) = limiter(100, 20);
        for i in 0..1_000 {
            clock.advance(Duration::from_millis(1));
            limiter.take(&format!("t{i}").parse().unwrap()).unwrap();
            assert!(limiter.buckets.lock().unwrap().len() <= 20);
        }
    }

    #[test]
    fn limits_that_let_nothing_through_are_refused() {
        assert!(LimitsConfig::default().check().is_ok());
        assert!(LimitsConfig { requests_per_second: 0.0, ..LimitsConfig::default() }.check().is_err());
        assert!(LimitsConfig { burst: 0, ..LimitsConfig::default() }.check().is_err());
    }
}
