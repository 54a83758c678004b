//! Finds out who is calling. The credential comes in the metadata `authorization`, and the tenant
//! from the credential: never from a request.

use std::net::IpAddr;
use std::sync::Arc;

use async_trait::async_trait;
use http::{HeaderMap, Request, Response};
use lectern_core::id::TenantId;
use lectern_core::{Clock, Failure, Kind, Reason};
use lectern_runtime::{Room, Secret, Share, Shares};
use tonic::body::Body;

use crate::buckets::Buckets;
use crate::caller::{Caller, OPEN, Role, TenantLimits};
use crate::limits::{LimitsConfig, SOON};
use crate::middleware::{Around, Inner, Middleware, address, open_to_all, pass, refuse};
use crate::status::status;

/// Metadata that names the tenant for which a service calls.
pub const TENANT: &str = "lectern-tenant";

/// What a call brings to prove who makes it.
#[derive(Debug, Clone)]
pub enum Credential {
    /// `authorization: Bearer <API key>`.
    Key(Secret),
    /// `authorization: Service <token>` and `lectern-tenant`.
    Service {
        /// See [`crate::ServiceCredential`].
        token: Secret,
        /// For whom the service calls.
        tenant: TenantId,
        /// What it calls: the path of the call, `/package.Service/Method`.
        method: String,
    },
    /// Nothing.
    None,
}

impl Credential {
    /// Reads the credential of a call of the method at `path`.
    ///
    /// # Errors
    /// `KEY_INVALID` for metadata of another form.
    pub fn read(headers: &HeaderMap, path: &str) -> Result<Self, Failure> {
        let Some(value) = headers.get(http::header::AUTHORIZATION) else { return Ok(Self::None) };
        let text = value.to_str().map_err(|_| unreadable())?;
        let (scheme, rest) = text.split_once(' ').ok_or_else(unreadable)?;
        let secret = Secret::new(rest.trim());
        if scheme.eq_ignore_ascii_case("bearer") {
            return Ok(Self::Key(secret));
        }
        if !scheme.eq_ignore_ascii_case("service") {
            return Err(unreadable());
        }
        let tenant = headers.get(TENANT).and_then(|tenant| tenant.to_str().ok()).and_then(|text| text.parse().ok());
        let tenant = tenant.ok_or_else(|| {
            let message = format!("a service credential needs the metadata {TENANT} with the tenant's id");
            Failure::new(Kind::Unauthenticated, Reason::KeyInvalid, message)
        })?;
        Ok(Self::Service { token: secret, tenant, method: path.to_owned() })
    }
}

fn unreadable() -> Failure {
    Failure::new(Kind::Unauthenticated, Reason::KeyInvalid, "send the metadata `authorization: Bearer <API key>`")
}

/// Decides who a credential belongs to.
#[async_trait]
pub trait Authenticate: Send + Sync + 'static {
    /// The caller that the credential proves.
    ///
    /// # Errors
    /// `KEY_INVALID` when it proves nobody; the store's failures.
    async fn authenticate(&self, credential: &Credential) -> Result<Caller, Failure>;

    /// Whether this credential was found good not long ago, so that to look it up costs nothing.
    /// Those are taken also from an address that sent many wrong ones.
    fn remembers(&self, _: &Credential) -> bool {
        false
    }
}

/// Lets everybody in as the tenant `local` with every right: for the embedded instance on loopback
/// alone.
#[derive(Debug, Clone)]
pub struct Open(Caller);

impl Open {
    /// The tenant that everybody is.
    pub const TENANT: &'static str = "local";

    /// Everybody is the tenant `local`.
    ///
    /// # Errors
    /// Never: `local` is an id.
    pub fn new() -> Result<Self, Failure> {
        let tenant = Self::TENANT.parse().map_err(|error| Failure::internal(format!("{error}")))?;
        let limits = TenantLimits::default();
        Ok(Self(Caller { tenant, role: Role::Admin, key_id: OPEN.to_owned(), limits }))
    }
}

#[async_trait]
impl Authenticate for Open {
    async fn authenticate(&self, _: &Credential) -> Result<Caller, Failure> {
        Ok(self.0.clone())
    }

    fn remembers(&self, _: &Credential) -> bool {
        true
    }
}

pub(crate) struct Authentication {
    authenticate: Arc<dyn Authenticate>,
    /// Wrong keys, by address.
    wrong: Buckets<Option<IpAddr>>,
    /// Keys that are being looked up, by address: where wrong ones came from, no more at once than
    /// may still be wrong, since each may be.
    looked_up: Shares<Option<IpAddr>>,
}

impl Authentication {
    pub(crate) fn layer(
        authenticate: Arc<dyn Authenticate>,
        limits: &LimitsConfig,
        clock: Arc<dyn Clock>,
    ) -> Around<Self> {
        let most = limits.wrong_keys_per_minute;
        let wrong = Buckets::new(f64::from(most) / 60.0, most, limits.tenants_remembered, clock);
        let any = Room { total: usize::MAX, each: usize::MAX, waiting: 0 };
        Around::new(Self { authenticate, wrong, looked_up: Shares::new("keys looked up", any) })
    }

    /// Lets a key be looked up that is not known.
    ///
    /// # Errors
    /// `RATE_LIMITED` where as many wrong keys came from the address as may, or may yet prove
    /// wrong.
    fn look_up(&self, address: Option<IpAddr>) -> Result<Share<Option<IpAddr>>, Failure> {
        let each = self.wrong.left(&address).unwrap_or(usize::MAX);
        let share = if each == 0 { None } else { self.looked_up.try_take_within(&address, 1, each) };
        share.ok_or_else(|| {
            let message = "too many calls with wrong keys came from this address; wait, or call with a key that was \
                           good within the hour";
            let failure = Failure::new(Kind::ResourceExhausted, Reason::RateLimited, message);
            failure.after(self.wrong.exhausted(&address).unwrap_or(SOON))
        })
    }

    async fn caller(
        &self,
        credential: Result<Credential, Failure>,
        address: Option<IpAddr>,
    ) -> Result<Caller, Failure> {
        let found = match credential {
            Ok(credential) => {
                let known = self.authenticate.remembers(&credential);
                let _looked_up = if known { None } else { Some(self.look_up(address)?) };
                self.authenticate.authenticate(&credential).await
            }
            Err(failure) => Err(failure),
        };
        if found.as_ref().is_err_and(|failure| failure.reason == Reason::KeyInvalid) {
            // Whether there were any left is asked at the next call.
            let _ = self.wrong.take(&address);
        }
        found
    }
}

impl Middleware for Authentication {
    async fn handle<S: Inner>(self: Arc<Self>, mut request: Request<Body>, inner: S) -> Response<Body> {
        if !open_to_all(request.uri().path()) {
            let credential = Credential::read(request.headers(), request.uri().path());
            let caller = self.caller(credential, address(&request)).await;
            let allowed = caller.and_then(|caller| caller.may_call(request.uri().path()).map(|()| caller));
            match allowed {
                Ok(caller) => {
                    tracing::Span::current().record("tenant", caller.tenant.as_str());
                    request.extensions_mut().insert(caller);
                }
                Err(failure) => return refuse(&status(&failure)),
            }
        }
        pass(request, inner).await
    }
}
