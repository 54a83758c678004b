//! Who is calling. The credential comes in the metadata `authorization`, and the tenant from the
//! credential: never from a request. Handlers ask [`caller`].

use std::net::IpAddr;
use std::sync::Arc;

use async_trait::async_trait;
use http::{HeaderMap, Request, Response};
use lectern_core::id::TenantId;
use lectern_core::{Clock, Failure, Kind, Reason};
use lectern_runtime::{Room, Secret, Share, Shares};
use tonic::Status;
use tonic::body::Body;

use crate::limits::{Buckets, LimitsConfig, SOON, TenantLimits, address};
use crate::middleware::{Around, Inner, Middleware, open_to_all, pass, refuse};
use crate::status::status;

/// Metadata that names the tenant for which a service calls.
pub const TENANT: &str = "lectern-tenant";

/// What the names of methods begin with that change nothing.
const READING: [&str; 8] = ["Get", "List", "Watch", "Listen", "Preview", "Download", "Read", "Describe"];
/// The services that administrators call. They open no tenant's data, nor store any of their own.
const ADMINISTERED: [&str; 4] =
    ["lectern.v1.AdminService", "lectern.v1.KeyService", "lectern.v1.TenantService", "lectern.v1.VoiceService"];
/// The key id of whoever calls with the installation's admin key.
pub const ADMIN_KEY: &str = "admin";
/// The key id of everybody where no keys are asked for.
const OPEN: &str = "open";

/// What a caller may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// Only looks at its own tenant's documents and narrations.
    Reader,
    /// Its own tenant's documents and narrations.
    Tenant,
    /// Keys, tenants and the work of all, and no tenant's data; where no keys are asked for, also
    /// those of the one tenant that there is.
    Admin,
    /// Another service of ours, on behalf of a tenant.
    Service,
}

/// Who is calling.
#[derive(Debug, Clone, PartialEq)]
pub struct Caller {
    /// Whose data the call is about.
    pub tenant: TenantId,
    /// What it may do.
    pub role: Role,
    /// The public id of the API key, or the name of the service.
    pub key_id: String,
    /// What its tenant may use, where that is not what the configuration says.
    pub limits: TenantLimits,
}

impl Caller {
    /// Who it is, for audit records: `keys/{id}`, `admin` for the installation's admin key, `open`
    /// where no keys are asked for, or `services/{name}`.
    #[must_use]
    pub fn actor(&self) -> String {
        match self.role {
            Role::Service => format!("services/{}", self.key_id),
            // Keys are known by 16 hexadecimal digits, which neither of these is.
            Role::Reader | Role::Tenant | Role::Admin if [ADMIN_KEY, OPEN].contains(&self.key_id.as_str()) => {
                self.key_id.clone()
            }
            Role::Reader | Role::Tenant | Role::Admin => format!("keys/{}", self.key_id),
        }
    }

    /// Whether it calls with the key of an administrator, or the installation's admin key: not
    /// where no keys are asked for.
    pub(crate) fn is_administrator(&self) -> bool {
        self.role == Role::Admin && self.key_id != OPEN
    }

    /// Whether it may call the method at this path, as far as its role alone says so.
    ///
    /// # Errors
    /// `KEY_NOT_ALLOWED` for a reader and a method whose name says that it changes something, and
    /// for an administrator and a service that is about the data of a tenant.
    fn may_call(&self, path: &str) -> Result<(), Failure> {
        let (service, method) = path.trim_start_matches('/').rsplit_once('/').unwrap_or_default();
        match self.role {
            Role::Admin if self.is_administrator() && !ADMINISTERED.contains(&service) => {
                let message = "an administrator's key opens no tenant's data; call with a key of the tenant, which \
                               CreateKey makes";
                Err(Failure::new(Kind::PermissionDenied, Reason::KeyNotAllowed, message))
            }
            Role::Tenant | Role::Admin | Role::Service => Ok(()),
            Role::Reader if READING.iter().any(|word| method.starts_with(word)) => Ok(()),
            Role::Reader => {
                let message = "this key has ROLE_READER, which changes nothing; call with a key that has ROLE_EDITOR, \
                               or, for what only administrators may do, ROLE_ADMINISTRATOR";
                Err(Failure::new(Kind::PermissionDenied, Reason::KeyNotAllowed, message))
            }
        }
    }
}

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

/// The failure for a credential that is missing, unknown or revoked: one for all, so that nobody
/// learns which.
#[must_use]
pub fn key_invalid() -> Failure {
    Failure::new(
        Kind::Unauthenticated,
        Reason::KeyInvalid,
        "no valid API key; send the metadata `authorization: Bearer <API key>`; `lectern keys create` makes one",
    )
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

/// The caller of a request that came through the server's authentication.
///
/// # Errors
/// UNAUTHENTICATED when it did not.
pub fn caller<T>(request: &tonic::Request<T>) -> Result<&Caller, Status> {
    request.extensions().get::<Caller>().ok_or_else(|| status(&key_invalid()))
}

/// The caller, if it may administer.
///
/// # Errors
/// PERMISSION_DENIED for other callers; as [`caller`].
pub fn admin<T>(request: &tonic::Request<T>) -> Result<&Caller, Status> {
    let caller = caller(request)?;
    match caller.role {
        Role::Admin => Ok(caller),
        Role::Reader | Role::Tenant | Role::Service => {
            let message = "only administrators may do this; call with a key that has ROLE_ADMINISTRATOR, or with the \
                           installation's admin key";
            Err(status(&Failure::new(Kind::PermissionDenied, Reason::KeyNotAllowed, message)))
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn caller(role: Role, key_id: &str) -> Caller {
        let limits = TenantLimits::default();
        Caller { tenant: "acme".parse().unwrap(), role, key_id: key_id.to_owned(), limits }
    }

    #[test]
    fn a_reader_calls_what_changes_nothing() {
        let reader = caller(Role::Reader, "0123456789abcdef");
        for method in [
            "DocumentService/GetDocument",
            "VoiceService/ListVoices",
            "NarrationService/WatchNarration",
            "NarrationService/ListenNarration",
            "ScriptService/PreviewScript",
            "NarrationService/DownloadArtifact",
            "SpeechService/ReadTrack",
            "ScriptService/DescribeEngine",
        ] {
            assert_eq!(reader.may_call(&format!("/lectern.v1.{method}")), Ok(()), "{method}");
        }
        for method in
            ["UploadDocument", "CreateNarration", "CancelNarration", "RetryNarration", "DeleteDocument", "getDocument"]
        {
            let path = format!("/lectern.v1.GetService/{method}");
            let refused = reader.may_call(&path).expect_err(method);
            assert_eq!((refused.kind, refused.reason), (Kind::PermissionDenied, Reason::KeyNotAllowed));
            assert!(refused.message.contains("ROLE_EDITOR"), "{refused}");
            for role in [Role::Tenant, Role::Service] {
                assert_eq!(caller(role, "k").may_call(&path), Ok(()), "{role:?}");
            }
        }
    }

    #[test]
    fn an_administrator_opens_no_tenants_data() {
        let administrators = [caller(Role::Admin, "0123456789abcdef"), caller(Role::Admin, ADMIN_KEY)];
        let open = caller(Role::Admin, OPEN);
        for path in [
            "/lectern.v1.KeyService/CreateKey",
            "/lectern.v1.TenantService/SuspendTenant",
            "/lectern.v1.AdminService/GetBacklog",
            "/lectern.v1.VoiceService/ListVoices",
        ] {
            for caller in administrators.iter().chain([&open]) {
                assert_eq!(caller.may_call(path), Ok(()), "{path}");
            }
        }
        for path in [
            "/lectern.v1.DocumentService/UploadDocument",
            "/lectern.v1.DocumentService/ListDocuments",
            "/lectern.v1.NarrationService/GetNarration",
            "/lectern.v1.QuotaService/GetQuota",
            "/lectern.gateway.v1.CredentialService/VerifyKey",
            "/lectern.v1.KeyServices/CreateKey",
            "/other/lectern.v1.KeyService/CreateKey",
            "/",
        ] {
            for administrator in &administrators {
                let refused = administrator.may_call(path).expect_err(path);
                assert_eq!((refused.kind, refused.reason), (Kind::PermissionDenied, Reason::KeyNotAllowed));
                assert!(refused.message.contains("a key of the tenant"), "{refused}");
            }
            assert_eq!(open.may_call(path), Ok(()), "everybody is the one tenant of an embedded instance");
        }
    }

    #[test]
    fn a_caller_is_known_by_what_it_called_with() {
        for (role, key_id, actor) in [
            (Role::Reader, "0123456789abcdef", "keys/0123456789abcdef"),
            (Role::Tenant, "0123456789abcdef", "keys/0123456789abcdef"),
            (Role::Admin, "0123456789abcdef", "keys/0123456789abcdef"),
            (Role::Admin, ADMIN_KEY, "admin"),
            (Role::Admin, "open", "open"),
            (Role::Service, "admin", "services/admin"),
        ] {
            assert_eq!(caller(role, key_id).actor(), actor);
        }
    }
}
