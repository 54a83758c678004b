//! Who calls, and what that one may do. The caller of a call is found out once, by [`crate::auth`],
//! and handed to its handler, by [`mod@crate::answer`].

use lectern_core::id::TenantId;
use lectern_core::{Failure, Kind, Reason};

/// What the names of methods begin with that change nothing.
const READING: [&str; 9] = ["Get", "List", "Watch", "Listen", "Preview", "Estimate", "Download", "Read", "Describe"];
/// The services that administrators call. They open no tenant's data, nor store any of their own.
const ADMINISTERED: [&str; 5] = [
    "lectern.v1.AdminService",
    "lectern.v1.KeyService",
    "lectern.v1.TenantService",
    "lectern.v1.VoiceService",
    "lectern.v1.WriterService",
];
/// The key id of whoever calls with the installation's admin key.
pub const ADMIN_KEY: &str = "admin";
/// The key id of everybody where no keys are asked for.
pub(crate) const OPEN: &str = "open";

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
    pub(crate) fn may_call(&self, path: &str) -> Result<(), Failure> {
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

/// What a tenant may use, where that is not what [`crate::LimitsConfig`] gives to everybody, or
/// where this crate passes it on.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct TenantLimits {
    /// Requests a second on average.
    pub requests_per_second: Option<f64>,
    /// Requests at once after a pause.
    pub burst: Option<u32>,
    /// Calls in flight in a process, streams included.
    pub concurrent_calls: Option<usize>,
    /// Bytes of the sources that it may have stored; not held here, but passed on to the service
    /// that stores them.
    pub stored_source_bytes: Option<u64>,
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
            "NarrationService/EstimateNarration",
            "WriterService/ListWriters",
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
            "/lectern.v1.WriterService/ListWriters",
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
