//! What is wrong with a connection, in words that say what to do.

use std::error::Error;
use std::io;

use rustls::{AlertDescription, CertificateError};

/// An error with all that it came from.
pub(crate) fn whole(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        let said = inner.to_string();
        if !text.contains(&said) {
            text = format!("{text}: {said}");
        }
        source = inner.source();
    }
    text
}

/// What rustls found, where that is what broke.
fn of_rustls(error: &io::Error) -> Option<&rustls::Error> {
    error.get_ref().and_then(|inner| inner.downcast_ref())
}

/// What a handshake failed for.
pub(crate) fn of_io(error: &io::Error) -> String {
    match of_rustls(error) {
        Some(rustls::Error::InvalidCertificate(why)) => of_certificate(why),
        Some(rustls::Error::AlertReceived(alert)) => of_alert(*alert),
        Some(_) | None => whole(error),
    }
}

/// Whether this came from the certificates of either side, or from how they speak TLS.
pub(crate) fn is_of_tls(error: &io::Error) -> bool {
    of_rustls(error).is_some()
}

fn of_certificate(why: &CertificateError) -> String {
    if matches!(why, CertificateError::UnknownIssuer | CertificateError::BadSignature) {
        "its certificate is of an authority that is not trusted here; add the authority's certificate to the file of \
         client.tls.ca, or of server.tls.client_ca where it is a client's"
            .to_owned()
    } else if matches!(why, CertificateError::Expired | CertificateError::ExpiredContext { .. }) {
        format!("its certificate has expired ({why}); renew it, the new file is read without a restart")
    } else if matches!(why, CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. }) {
        format!("its certificate is not valid yet ({why}); compare the clocks of the machines")
    } else if matches!(why, CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. }) {
        format!("its certificate is for another name ({why}); call it by that name, or set client.tls.name to it")
    } else {
        format!("its certificate is not good: {why}")
    }
}

fn of_alert(alert: AlertDescription) -> String {
    if matches!(alert, AlertDescription::CertificateRequired) {
        "it demands a client certificate; set client.tls.certificate and client.tls.key".to_owned()
    } else if matches!(alert, AlertDescription::UnknownCA | AlertDescription::DecryptError) {
        "it does not trust the authority of our client certificate; add that to the file of its server.tls.client_ca"
            .to_owned()
    } else if matches!(alert, AlertDescription::CertificateExpired) {
        "our client certificate has expired; renew it, the new file is read without a restart".to_owned()
    } else if matches!(alert, AlertDescription::BadCertificate | AlertDescription::UnsupportedCertificate) {
        format!("it does not take our client certificate ({alert:?}); give this service one for client authentication")
    } else {
        format!("it ended TLS ({alert:?}); see its log for why")
    }
}
