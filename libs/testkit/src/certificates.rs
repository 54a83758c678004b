//! Certificates for tests: an authority, and what it signs. They are made when they are needed, so
//! that no key is committed and none runs out.
//!
//! ```no_run
//! use lectern_testkit::certificates::{Authority, Subject, write};
//!
//! let folder = lectern_testkit::temp_dir()?;
//! let authority = Authority::new("ours");
//! let ca = write(folder.path(), "ca.pem", authority.pem());
//! let server = authority.sign(&Subject::default());
//! let certificate = write(folder.path(), "server.pem", &server.certificate);
//! let key = write(folder.path(), "server.key", &server.key);
//! // One that has expired, for a name instead of loopback, and with its key in one file.
//! let names: &[&str] = &["tts.internal"];
//! let expired = authority.sign(&Subject { names, until: 2_001, ..Subject::default() });
//! let both = write(folder.path(), "both.pem", &expired.joined());
//! # Ok::<(), lectern_testkit::StartError>(())
//! ```

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, Error, IsCa, Issuer, KeyPair, date_time_ymd,
};

use crate::daemon::write_file;

/// What one line of a file in PEM holds: 64 characters.
const LINE_BYTES: usize = 48;
/// Since when every certificate here is good: the first day of this year.
const SINCE: i32 = 2_000;

/// Whom both sides of a connection may trust.
pub struct Authority {
    pem: String,
    issuer: Issuer<'static, KeyPair>,
}

/// Whose a certificate is. It is good for a server and for a client, for it names no usage.
///
/// `Subject::default()` is for loopback, `CN=somebody`, and does not expire.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// The names and addresses at which a server is called by its clients.
    pub names: &'a [&'a str],
    /// `CN`, by which a server may know a client.
    pub common_name: &'a str,
    /// `O`, before `CN`; none by default.
    pub organization: Option<&'a str>,
    /// Until when it is good: the first day of this year. It is good since the year 2000.
    pub until: i32,
}

/// A certificate and its key, each in PEM.
#[derive(Debug, Clone)]
pub struct Signed {
    /// The certificate, without that of its authority.
    pub certificate: String,
    /// Its private key (PKCS #8).
    pub key: String,
}

impl Default for Subject<'_> {
    fn default() -> Self {
        Self { names: &["localhost", "127.0.0.1"], common_name: "somebody", organization: None, until: 3_000 }
    }
}

impl Authority {
    /// An authority with a key of its own. Its name is for those who read a certificate.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self::try_new(name).unwrap_or_else(|error| panic!("the authority {name}: {error}"))
    }

    fn try_new(name: &str) -> Result<Self, Error> {
        let key = KeyPair::generate()?;
        let mut params = CertificateParams::new(Vec::<String>::new())?;
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, name);
        let pem = pem("CERTIFICATE", params.self_signed(&key)?.der());
        Ok(Self { pem, issuer: Issuer::new(params, key) })
    }

    /// Its own certificate, in PEM.
    #[must_use]
    pub fn pem(&self) -> &str {
        &self.pem
    }

    /// A certificate of a fresh key.
    #[must_use]
    pub fn sign(&self, subject: &Subject<'_>) -> Signed {
        self.try_sign(subject).unwrap_or_else(|error| panic!("a certificate of {subject:?}: {error}"))
    }

    fn try_sign(&self, subject: &Subject<'_>) -> Result<Signed, Error> {
        let names: Vec<String> = subject.names.iter().map(|&name| name.to_owned()).collect();
        let mut params = CertificateParams::new(names)?;
        params.not_before = date_time_ymd(SINCE, 1, 1);
        params.not_after = date_time_ymd(subject.until, 1, 1);
        params.distinguished_name = DistinguishedName::new();
        if let Some(organization) = subject.organization {
            params.distinguished_name.push(DnType::OrganizationName, organization);
        }
        params.distinguished_name.push(DnType::CommonName, subject.common_name);
        let key = KeyPair::generate()?;
        let certificate = params.signed_by(&key, &self.issuer)?;
        Ok(Signed { certificate: pem("CERTIFICATE", certificate.der()), key: pem("PRIVATE KEY", &key.serialize_der()) })
    }
}

impl Signed {
    /// The certificate and then its key, as a file holds them that is for both.
    #[must_use]
    pub fn joined(&self) -> String {
        format!("{}{}", self.certificate, self.key)
    }
}

/// Writes PEM into a file of a folder, and says where it is.
pub fn write(folder: &Path, name: &str, pem: &str) -> PathBuf {
    let path = folder.join(name);
    if let Err(error) = write_file(&path, pem) {
        panic!("{error}");
    }
    path
}

fn pem(title: &str, der: &[u8]) -> String {
    let lines: Vec<String> = der.chunks(LINE_BYTES).map(|bytes| STANDARD.encode(bytes)).collect();
    format!("-----BEGIN {title}-----\n{}\n-----END {title}-----\n", lines.join("\n"))
}
