//! Limits that keep one caller from taking everybody's room: requests a second by tenant, calls in
//! flight by process and by tenant, and, where nobody is known yet, open streams and wrong keys by
//! address. Administrators, who are no tenant, are counted by their keys, so that one's script does
//! not hold up another.

#[cfg(test)]
mod tests;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use http::{Request, Response};
use lectern_core::id::TenantId;
use lectern_core::{Clock, Failure, Kind, Reason};
use lectern_runtime::{Room, Share, Shares};
use serde::{Deserialize, Serialize};
use tonic::body::Body;

use crate::buckets::{Buckets, Rate};
use crate::caller::{Caller, Role, key_invalid};
use crate::deadline::passed;
use crate::middleware::{Follow, Followed, Inner, Middleware, address, open_to_all, pass, refuse};
use crate::status::status;

/// How long a probe may take: it is one small message, and its answer is known.
const PROBE: Duration = Duration::from_secs(5);
/// When to come again where calls in flight are over a limit: most calls are short.
pub(crate) const SOON: Duration = Duration::from_secs(1);

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

/// Whose calls are counted together.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Counted {
    /// Those about the data of a tenant.
    Tenant(TenantId),
    /// Those of an administrator, by the id of the key.
    Administrator(String),
}

impl Counted {
    fn of(caller: &Caller) -> Self {
        if caller.is_administrator() {
            Self::Administrator(caller.key_id.clone())
        } else {
            Self::Tenant(caller.tenant.clone())
        }
    }

    /// Who that is, in a sentence.
    const fn who(&self) -> &'static str {
        match self {
            Self::Tenant(_) => "this tenant",
            Self::Administrator(_) => "this key",
        }
    }
}

/// The limits of calls, as a layer.
pub(crate) struct CallLimits {
    rate: Buckets<Counted>,
    calls: Shares<Counted>,
    open: Shares<Option<IpAddr>>,
}

impl CallLimits {
    pub(crate) fn new(config: &LimitsConfig, clock: Arc<dyn Clock>) -> Self {
        let room = Room { total: config.calls_in_flight, each: config.calls_per_tenant, waiting: 0 };
        let open = Room { total: config.open_streams, each: config.open_streams_per_address, waiting: 0 };
        Self {
            rate: Buckets::new(config.requests_per_second, config.burst, config.tenants_remembered, clock),
            calls: Shares::new("calls", room),
            open: Shares::new("open streams", open),
        }
    }

    fn enter(&self, caller: &Caller) -> Result<Share<Counted>, Failure> {
        let Caller { tenant, role, limits, .. } = caller;
        let counted = Counted::of(caller);
        let name = match &counted {
            Counted::Tenant(_) => format!("tenants/{tenant}"),
            Counted::Administrator(_) => caller.actor(),
        };
        // A service passes on what the gateway has let in, of the calls in flight too.
        if *role != Role::Service {
            let common = self.rate.rate();
            let rate = Rate {
                per_second: limits.requests_per_second.unwrap_or(common.per_second),
                burst: limits.burst.unwrap_or(common.burst),
            };
            self.rate.take_at(&counted, rate).map_err(|wait| {
                let message = format!(
                    "more than {} requests a second; wait {:.3} s and send fewer at a time",
                    rate.per_second,
                    wait.as_secs_f64()
                );
                let failure = Failure::new(Kind::ResourceExhausted, Reason::RateLimited, message);
                failure.about(name.clone()).after(wait)
            })?;
        }
        let room = self.calls.room();
        let each = match role {
            Role::Service => room.total,
            Role::Reader | Role::Tenant | Role::Admin => limits.concurrent_calls.unwrap_or(room.each),
        };
        self.calls
            .try_take_within(&counted, 1, each)
            .ok_or_else(|| full(&self.calls, each, &name, "calls", counted.who()))
    }
}

/// Why there is no share: the others have what there is, or this one has `each`, all that it may
/// have.
fn full<K: lectern_runtime::shares::Holder>(
    shares: &Shares<K>,
    each: usize,
    whose: &str,
    what: &str,
    who: &str,
) -> Failure {
    if shares.held() >= shares.room().total {
        let message = format!("this replica has as many {what} in flight as it takes; call again in a moment");
        return Failure::new(Kind::Unavailable, Reason::ServiceUnavailable, message).after(SOON);
    }
    let message = format!(
        "{each} {what} of {who} are in flight, as many as it may have; end some, streams too, or wait for them"
    );
    Failure::new(Kind::ResourceExhausted, Reason::LimitExceeded, message).about(whose).after(SOON)
}

impl Middleware for CallLimits {
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
                None => {
                    let (each, what) = (self.open.room().each, "streams of health and reflection");
                    refuse(&status(&full(&self.open, each, "", what, "this address")))
                }
            };
        }
        let entered = match request.extensions().get::<Caller>() {
            Some(caller) => self.enter(caller),
            None => Err(key_invalid()),
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
