//! What the settings of each side name: files, and what rustls makes of them.

use std::path::Path;

use lectern_core::Failure;
use rustls::server::WebPkiClientVerifier;
use rustls::{ClientConfig, RootCertStore, ServerConfig};

use super::expiry::Shows;
use super::live::Source;
use super::{ALPN, ClientTls, TlsConfig, pem};

const CERTIFICATE: &str = "server.tls.certificate";
const KEY: &str = "server.tls.key";
const CLIENT_CA: &str = "server.tls.client_ca";

const OUR_CA: &str = "client.tls.ca";
const OUR_CERTIFICATE: &str = "client.tls.certificate";
const OUR_KEY: &str = "client.tls.key";

/// Where distributions keep the certificates of public authorities.
const SYSTEM_ROOTS: [&str; 3] =
    ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"];

/// The files of a server.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct OfServer {
    certificate: Vec<u8>,
    key: Vec<u8>,
    client_ca: Option<Vec<u8>>,
}

impl Source for TlsConfig {
    type Files = OfServer;
    type Made = ServerConfig;

    fn read(&self) -> Result<OfServer, Failure> {
        Ok(OfServer {
            certificate: pem::read(&self.certificate, CERTIFICATE)?,
            key: pem::read(&self.key, KEY)?,
            client_ca: self.client_ca.as_ref().map(|path| pem::read(path, CLIENT_CA)).transpose()?,
        })
    }

    fn make(&self, files: &OfServer) -> Result<ServerConfig, Failure> {
        let builder = ServerConfig::builder_with_provider(pem::provider())
            .with_safe_default_protocol_versions()
            .map_err(|error| Failure::internal(format!("TLS cannot be set up: {error}")))?;
        let builder = match &files.client_ca {
            None => builder.with_no_client_auth(),
            Some(ca) => {
                let roots = pem::authorities(ca, CLIENT_CA)?;
                let verifier = WebPkiClientVerifier::builder_with_provider(roots.into(), pem::provider()).build();
                let verifier = verifier.map_err(|error| {
                    Failure::invalid(CLIENT_CA, format!("{CLIENT_CA} cannot be used: {error}; name a PEM file"))
                })?;
                builder.with_client_cert_verifier(verifier)
            }
        };
        let chain = pem::certificates(&files.certificate, CERTIFICATE)?;
        let config = builder.with_single_cert(chain, pem::key(&files.key, KEY)?);
        let mut config = config.map_err(|error| pair(KEY, CERTIFICATE, &error))?;
        config.alpn_protocols = vec![ALPN.to_vec()];
        Ok(config)
    }
}

impl Shows for TlsConfig {
    fn shown(files: &OfServer) -> Option<&[u8]> {
        Some(files.certificate.as_slice())
    }
}

/// The files of a client.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct OfClient {
    ca: Vec<u8>,
    /// The certificate and its key.
    own: Option<(Vec<u8>, Vec<u8>)>,
}

impl Source for ClientTls {
    type Files = OfClient;
    type Made = ClientConfig;

    fn read(&self) -> Result<OfClient, Failure> {
        let ca = match &self.ca {
            Some(ca) => pem::read(ca, OUR_CA)?,
            None => pem::read(system_roots()?, OUR_CA)?,
        };
        let own = match (&self.certificate, &self.key) {
            (Some(certificate), Some(key)) => {
                Some((pem::read(certificate, OUR_CERTIFICATE)?, pem::read(key, OUR_KEY)?))
            }
            (None, None) => None,
            (Some(_), None) => return Err(alone(OUR_KEY, OUR_CERTIFICATE)),
            (None, Some(_)) => return Err(alone(OUR_CERTIFICATE, OUR_KEY)),
        };
        Ok(OfClient { ca, own })
    }

    fn make(&self, files: &OfClient) -> Result<ClientConfig, Failure> {
        let roots = if self.ca.is_some() {
            pem::authorities(&files.ca, OUR_CA)?
        } else {
            // A distribution's file may hold some that this library does not take.
            let mut roots = RootCertStore::empty();
            roots.add_parsable_certificates(pem::certificates(&files.ca, OUR_CA)?);
            roots
        };
        let builder = ClientConfig::builder_with_provider(pem::provider())
            .with_safe_default_protocol_versions()
            .map_err(|error| Failure::internal(format!("TLS cannot be set up: {error}")))?
            .with_root_certificates(roots);
        let mut config = match &files.own {
            None => builder.with_no_client_auth(),
            Some((certificate, key)) => {
                let chain = pem::certificates(certificate, OUR_CERTIFICATE)?;
                let config = builder.with_client_auth_cert(chain, pem::key(key, OUR_KEY)?);
                config.map_err(|error| pair(OUR_KEY, OUR_CERTIFICATE, &error))?
            }
        };
        config.alpn_protocols = vec![ALPN.to_vec()];
        Ok(config)
    }
}

impl Shows for ClientTls {
    fn shown(files: &OfClient) -> Option<&[u8]> {
        files.own.as_ref().map(|(certificate, _)| certificate.as_slice())
    }
}

fn system_roots() -> Result<&'static Path, Failure> {
    SYSTEM_ROOTS.iter().map(Path::new).find(|path| path.exists()).ok_or_else(|| {
        Failure::invalid(
            OUR_CA,
            "the system has no certificates of authorities; install ca-certificates, or name a PEM file",
        )
    })
}

/// One of two settings that belong together is missing.
fn alone(missing: &str, set: &str) -> Failure {
    Failure::invalid(missing, format!("{set} is set and {missing} is not; set both, or neither"))
}

/// A key and a certificate that cannot be used together.
fn pair(key: &str, certificate: &str, error: &rustls::Error) -> Failure {
    let message = format!("{certificate} and {key} cannot be used together: {error}; name files of one certificate");
    Failure::invalid(certificate, message)
}
