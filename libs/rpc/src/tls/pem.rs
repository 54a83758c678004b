//! PEM files (RFC 7468), read with words for what is wrong with them.

use std::path::Path;
use std::sync::Arc;

use lectern_core::Failure;
use rustls::RootCertStore;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// How we encrypt.
pub(super) fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

/// The bytes of the file that `setting` names.
///
/// # Errors
/// `INVALID_FIELD`.
pub(super) fn read(path: &Path, setting: &str) -> Result<Vec<u8>, Failure> {
    std::fs::read(path).map_err(|error| {
        Failure::invalid(setting, format!("{} cannot be read: {error}; name a PEM file", path.display()))
    })
}

/// The certificates of a file, at least one.
///
/// # Errors
/// `INVALID_FIELD`.
pub(super) fn certificates(pem: &[u8], setting: &str) -> Result<Vec<CertificateDer<'static>>, Failure> {
    let found = CertificateDer::pem_slice_iter(pem).collect::<Result<Vec<_>, rustls::pki_types::pem::Error>>();
    let found = found.map_err(|error| Failure::invalid(setting, format!("{setting} is not PEM: {error}")))?;
    if found.is_empty() {
        return Err(Failure::invalid(setting, format!("{setting} has no certificate; name a PEM file that has one")));
    }
    Ok(found)
}

/// The private key of a file.
///
/// # Errors
/// `INVALID_FIELD`.
pub(super) fn key(pem: &[u8], setting: &str) -> Result<PrivateKeyDer<'static>, Failure> {
    PrivateKeyDer::from_pem_slice(pem).map_err(|error| {
        Failure::invalid(setting, format!("{setting} has no private key that can be read ({error}); name a PEM file"))
    })
}

/// The authorities of a file: each must be one.
///
/// # Errors
/// `INVALID_FIELD`.
pub(super) fn authorities(pem: &[u8], setting: &str) -> Result<RootCertStore, Failure> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(pem, setting)? {
        roots.add(certificate).map_err(|error| {
            Failure::invalid(setting, format!("{setting} has a certificate that is no authority's: {error}"))
        })?;
    }
    Ok(roots)
}
