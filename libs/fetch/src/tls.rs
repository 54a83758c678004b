//! TLS to a server whose certificate must be for the name that was called.

use std::sync::Arc;

use rustls::client::Resumption;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio_rustls::TlsConnector;

use crate::error::FetchError;
use crate::outside::Stream;
use crate::policy::Policy;
use crate::target::Target;

/// The authorities whose certificates are trusted.
#[derive(Debug, Clone)]
pub struct Roots(RootCertStore);

impl Roots {
    /// The public authorities that Mozilla trusts, as of this build.
    #[must_use]
    pub fn public() -> Self {
        Self(RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() })
    }

    /// These and no others.
    ///
    /// # Errors
    /// For a certificate that is not one.
    pub fn only(certificates: impl IntoIterator<Item = CertificateDer<'static>>) -> Result<Self, FetchError> {
        let mut roots = RootCertStore::empty();
        for certificate in certificates {
            roots.add(certificate).map_err(|e| FetchError::Setup(format!("an authority cannot be trusted: {e}")))?;
        }
        Ok(Self(roots))
    }
}

/// What all connections of a client have in common.
pub(crate) fn connector(roots: Roots, policy: &Policy) -> Result<TlsConnector, FetchError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|e| FetchError::Setup(format!("TLS cannot be set up: {e}")))?;
    let mut config = builder.with_root_certificates(roots.0).with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    match policy {
        // A ticket is bytes of the server's choice that would be sent to its next address.
        Policy::Public { .. } => config.resumption = Resumption::disabled(),
        Policy::Operator => {}
    }
    Ok(TlsConnector::from(Arc::new(config)))
}

/// Shakes hands over `stream` and verifies that the other end is whom the target names.
pub(crate) async fn secure(
    tls: &TlsConnector,
    target: &Target,
    stream: Box<dyn Stream>,
) -> Result<Box<dyn Stream>, FetchError> {
    let fault = |why: std::io::Error| FetchError::Tls { host: target.name().to_owned(), why };
    let name = ServerName::try_from(target.name().to_owned()).map_err(|e| fault(std::io::Error::other(e)))?;
    let stream = tls.connect(name, stream).await.map_err(fault)?;
    Ok(Box::new(stream))
}
