//! Certificates for one test: an authority, and what it signs.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};

/// An authority of its own.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: Vec<u8>,
}

/// Files of a certificate and its key.
pub struct Signed {
    pub certificate: PathBuf,
    pub key: PathBuf,
}

impl Authority {
    pub fn new() -> Self {
        let key = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::new(Vec::new()).expect("parameters");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, "the authority of a test");
        let certificate = params.self_signed(&key).expect("signs itself").der().to_vec();
        Self { issuer: Issuer::new(params, key), certificate }
    }

    /// Writes the authority's own certificate.
    pub fn write(&self, folder: &Path, name: &str) -> PathBuf {
        pem(folder, name, "CERTIFICATE", &self.certificate)
    }

    /// Signs a certificate for loopback, and writes it.
    pub fn sign(&self, folder: &Path, name: &str) -> Signed {
        let key = KeyPair::generate().expect("a key");
        let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
        let params = CertificateParams::new(names).expect("parameters");
        let certificate = params.signed_by(&key, &self.issuer).expect("is signed");
        Signed {
            certificate: pem(folder, &format!("{name}.pem"), "CERTIFICATE", certificate.der()),
            key: pem(folder, &format!("{name}.key"), "PRIVATE KEY", &key.serialize_der()),
        }
    }
}

fn pem(folder: &Path, name: &str, title: &str, der: &[u8]) -> PathBuf {
    let path = folder.join(name);
    let lines: Vec<String> = STANDARD
        .encode(der)
        .as_bytes()
        .chunks(64)
        .map(|line| String::from_utf8(line.to_vec()).expect("base64 is text"))
        .collect();
    let text = format!("-----BEGIN {title}-----\n{}\n-----END {title}-----\n", lines.join("\n"));
    std::fs::write(&path, text).expect("writes");
    path
}
