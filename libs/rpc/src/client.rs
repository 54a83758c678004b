//! Calls to other services: a channel that spreads them over the addresses of a service, and what
//! every call carries.

mod balance;
mod call;
mod keeper;
mod line;
mod replay;
mod resolve;
mod retry;
mod service_config;
pub(crate) mod target;

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use lectern_core::Failure;
use lectern_core::id::TenantId;
use lectern_runtime::Secret;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::service::Interceptor;
use tonic::service::interceptor::InterceptedService;
use tonic::{GrpcMethod, Status};

pub use call::{Channel, channel};
pub use resolve::{Resolve, SystemResolver};
pub use service_config::{BETWEEN_SERVICES, PUBLISHED};

use crate::auth::TENANT;
use crate::deadline;
use crate::service_credential::ServiceCredential;
use crate::status::status;
use crate::tls::ClientTls;

/// Bytes of one stream that the other side may send before they are read: some seconds of audio, or
/// a quarter of a chunk. What nobody reads is kept, so it bounds what one paused stream costs.
pub(crate) const STREAM_WINDOW: u32 = 256 * 1024;
/// The same of all streams of a connection: as many as HTTP/2 allows (RFC 9113, 6.9.1), for streams
/// of all tenants share it, and one that is not read must not take it from the others.
pub(crate) const CONNECTION_WINDOW: u32 = (1 << 31) - 1;

/// How another service is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientConfig {
    /// `http://HOST:PORT` or `https://HOST:PORT`; several hosts stand between commas. Calls go to
    /// all addresses of all hosts in turn.
    pub url: String,
    /// How long a connection may take.
    pub connect_timeout: Duration,
    /// How often an idle connection is asked whether it is there; it gets as long to answer.
    pub keepalive: Duration,
    /// How often the addresses of the hosts are looked up again; more than 0. They are looked up
    /// too when a connection is lost.
    pub resolve_every: Duration,
    /// Which calls are made again and whether health is watched: a service config of gRPC in JSON.
    pub service_config: Cow<'static, str>,
    /// Whom to trust for https, and what to show.
    pub tls: ClientTls,
}

impl Default for ClientConfig {
    fn default() -> Self {
        Self {
            url: String::new(),
            connect_timeout: Duration::from_secs(5),
            keepalive: Duration::from_secs(20),
            resolve_every: Duration::from_secs(30),
            service_config: Cow::Borrowed(PUBLISHED),
            tls: ClientTls::default(),
        }
    }
}

impl ClientConfig {
    /// The defaults for a service at `url`: those of a client of the public API.
    pub fn to(url: impl Into<String>) -> Self {
        Self { url: url.into(), ..Self::default() }
    }
}

#[derive(Debug, Clone)]
enum Proof {
    None,
    Key(Secret),
    Service { name: &'static str, credential: Arc<ServiceCredential>, tenant: TenantId },
}

/// Adds to every call: a credential, the tenant, and what is left of the deadline of the call that
/// is being handled. A call whose deadline has passed is not sent. The trace (`traceparent`) is
/// added by the channel, to each attempt.
#[derive(Debug, Clone)]
pub struct Outbound {
    proof: Proof,
    stored_source_bytes: Option<u64>,
}

impl Outbound {
    /// Calls without a credential.
    #[must_use]
    pub const fn anonymous() -> Self {
        Self::new(Proof::None)
    }

    /// Calls with an API key.
    #[must_use]
    pub const fn with_key(key: Secret) -> Self {
        Self::new(Proof::Key(key))
    }

    /// Calls of the service `name` on behalf of `tenant`.
    #[must_use]
    pub const fn as_service(name: &'static str, credential: Arc<ServiceCredential>, tenant: TenantId) -> Self {
        Self::new(Proof::Service { name, credential, tenant })
    }

    const fn new(proof: Proof) -> Self {
        Self { proof, stored_source_bytes: None }
    }

    /// Also says how many bytes of sources the tenant may have stored, where it has a limit. Only a
    /// service says so of its tenant: it is part of what its credential proves.
    #[must_use]
    pub const fn with_stored_source_bytes(mut self, limit: Option<u64>) -> Self {
        self.stored_source_bytes = limit;
        self
    }

    /// A channel whose calls carry this, for a generated client:
    /// `ScriptServiceClient::new(outbound.over(channel))`.
    #[must_use]
    pub fn over(self, channel: Channel) -> InterceptedService<Channel, Self> {
        InterceptedService::new(channel, self)
    }
}

fn ascii(text: &str) -> Result<MetadataValue<Ascii>, Status> {
    text.parse().map_err(|_| {
        status(&Failure::invalid("authorization", "the credential has characters that metadata cannot carry"))
    })
}

impl Interceptor for Outbound {
    fn call(&mut self, mut request: tonic::Request<()>) -> Result<tonic::Request<()>, Status> {
        if let Some(deadline) = deadline::current() {
            let own = deadline::parse(request.metadata().as_ref()).map_err(|failure| status(&failure))?;
            let left = deadline.remaining();
            if left.is_zero() {
                return Err(deadline::passed());
            }
            request.set_timeout(own.map_or(left, |own| own.min(left)));
        }
        // The generated client says what it calls.
        let method = request
            .extensions()
            .get::<GrpcMethod<'_>>()
            .map_or_else(String::new, |called| format!("/{}/{}", called.service(), called.method()));
        let metadata = request.metadata_mut();
        let authorization = match &self.proof {
            Proof::None => None,
            Proof::Key(key) => Some(format!("Bearer {}", key.expose())),
            Proof::Service { name, credential, tenant } => {
                let token = credential.sign(name, &method, tenant, self.stored_source_bytes);
                let token = token.map_err(|failure| status(&failure))?;
                metadata.insert(TENANT, ascii(tenant.as_str())?);
                Some(format!("Service {}", token.expose()))
            }
        };
        if let Some(authorization) = authorization {
            let mut value = ascii(&authorization)?;
            value.set_sensitive(true);
            metadata.insert("authorization", value);
        }
        Ok(request)
    }
}
