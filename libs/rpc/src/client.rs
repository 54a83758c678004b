//! Calls to other services: a channel that connects when it is first used, and what every call
//! carries.

use std::sync::Arc;
use std::time::Duration;

use http::Uri;
use lectern_core::Failure;
use lectern_core::id::TenantId;
use lectern_runtime::config::duration;
use lectern_runtime::{Secret, current_traceparent};
use serde::{Deserialize, Serialize};
use tonic::metadata::{Ascii, MetadataValue};
use tonic::service::Interceptor;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::{Channel, Endpoint};
use tonic::{GrpcMethod, Status};

use crate::auth::TENANT;
use crate::deadline;
use crate::service_credential::ServiceCredential;
use crate::status::status;
use crate::tls::ClientTls;
use crate::tls::dial::Dial;

/// Bytes of one stream that the other side may send before they are read: some seconds of audio, or
/// a quarter of a chunk. What nobody reads is kept, so it bounds what one paused stream costs.
pub(crate) const STREAM_WINDOW: u32 = 256 * 1024;
/// The same of all streams of a connection: as many as HTTP/2 allows (RFC 9113, 6.9.1), for streams
/// of all tenants share it, and one that is not read must not take it from the others.
pub(crate) const CONNECTION_WINDOW: u32 = (1 << 31) - 1;

/// How another service is reached.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientConfig {
    /// `http://HOST:PORT` or `https://HOST:PORT`.
    pub url: String,
    /// How long a connection may take.
    #[serde(with = "duration")]
    pub connect_timeout: Duration,
    /// How often an idle connection is asked whether it is there; it gets as long to answer.
    #[serde(with = "duration")]
    pub keepalive: Duration,
    /// Whom to trust for https, and what to show.
    pub tls: ClientTls,
}

impl Default for ClientConfig {
    fn default() -> Self {
        Self {
            url: String::new(),
            connect_timeout: Duration::from_secs(5),
            keepalive: Duration::from_secs(20),
            tls: ClientTls::default(),
        }
    }
}

impl ClientConfig {
    /// The defaults for a service at `url`.
    pub fn to(url: impl Into<String>) -> Self {
        Self { url: url.into(), ..Self::default() }
    }
}

/// A channel to the service; cheap to clone. It connects with the first call, and again whenever
/// the connection is lost; each time with the certificates as their files are then. Needs a tokio
/// runtime.
///
/// # Errors
/// `INVALID_FIELD` for a URL that is not one or certificates that cannot be used.
pub fn channel(config: &ClientConfig) -> Result<Channel, Failure> {
    let invalid = |error: &dyn std::fmt::Display| {
        Failure::invalid(
            "url",
            format!("{:?} is not the URL of a service: {error}; write http://HOST:PORT", config.url),
        )
    };
    let uri = config.url.parse::<Uri>().map_err(|error| invalid(&error))?;
    if ![Some("http"), Some("https")].contains(&uri.scheme_str()) {
        return Err(invalid(&"its scheme is neither http nor https"));
    }
    let dial = Dial::to(&uri, &config.tls, config.connect_timeout)?;
    // TLS is the connector's own; tonic would refuse an https URL without its own.
    let endpoint = Endpoint::from(dial.target().clone())
        .origin(uri)
        .http2_keep_alive_interval(config.keepalive)
        .keep_alive_timeout(config.keepalive)
        .keep_alive_while_idle(true)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW);
    Ok(endpoint.connect_with_connector_lazy(dial))
}

#[derive(Debug, Clone)]
enum Proof {
    None,
    Key(Secret),
    Service { name: &'static str, credential: Arc<ServiceCredential>, tenant: TenantId },
}

/// Adds to every call: a credential, the tenant, the trace (`traceparent`), and what is left of the
/// deadline of the call that is being handled. A call whose deadline has passed is not sent.
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
        if let Some(parent) = current_traceparent() {
            metadata.insert("traceparent", ascii(&parent)?);
        }
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
