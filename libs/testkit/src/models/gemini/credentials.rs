//! Who calls: exactly one credential, and one that the host takes.

use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, Uri};

use super::errors::Refusal;
use super::target::Host;
use crate::models::google::{Bearers, Disbelief};

/// The host for which an account signs tokens itself.
const ENTERPRISE: &str = "aiplatform.googleapis.com";
const DEVELOPER: &str = "generativelanguage.googleapis.com";

/// Who is believed.
#[derive(Debug, Clone, Copy)]
pub(in crate::models) struct Believed<'a> {
    pub keys: &'a [String],
    pub bearers: &'a Bearers,
    /// The project of the Enterprise host.
    pub project: &'a str,
}

/// Every credential of a request: keys, and the values of `authorization`. Two are refused.
pub(in crate::models) fn given(headers: &HeaderMap, uri: &Uri) -> Result<(Option<String>, Option<String>), Refusal> {
    let texts = |name: &str| -> Vec<String> {
        headers.get_all(name).iter().filter_map(|value| value.to_str().ok().map(str::to_owned)).collect()
    };
    let mut keys = texts("x-goog-api-key");
    let query = url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
    keys.extend(query.filter(|(name, _)| name == "key").map(|(_, value)| value.into_owned()));
    let bearers = texts(AUTHORIZATION.as_str());
    if keys.len() + bearers.len() > 1 {
        return Err(Refusal::invalid("Multiple authentication credentials received. Please pass only one."));
    }
    Ok((keys.into_iter().next(), bearers.into_iter().next()))
}

/// Checks the credential of a request.
pub(in crate::models) fn check(
    believed: Believed<'_>,
    host: &Host,
    headers: &HeaderMap,
    uri: &Uri,
) -> Result<(), Refusal> {
    match (host, &given(headers, uri)?) {
        (Host::Developer | Host::Express, (Some(key), _)) => {
            if believed.keys.contains(key) {
                Ok(())
            } else {
                Err(Refusal::unknown_key())
            }
        }
        (Host::Developer, (None, Some(bearer))) => {
            if headers.get("x-goog-user-project").is_none() {
                return Err(Refusal::denied("The caller has no quota project: x-goog-user-project is missing."));
            }
            bearer_of(believed.bearers, bearer, DEVELOPER)
        }
        (Host::Enterprise(project), (None, Some(bearer))) => {
            bearer_of(believed.bearers, bearer, ENTERPRISE)?;
            if project != believed.project {
                let message = format!(
                    "Permission 'aiplatform.endpoints.predict' denied on resource '//{ENTERPRISE}/projects/{project}' \
                     (or it may not exist)."
                );
                return Err(Refusal::denied(message));
            }
            Ok(())
        }
        (Host::Enterprise(_), (Some(_), _)) | (Host::Express, (None, Some(_))) | (_, (None, None)) => {
            Err(Refusal::unauthenticated())
        }
    }
}

/// Whether the bearer in this header may call the service of this host.
pub(in crate::models) fn bearer_of(bearers: &Bearers, header: &str, host: &str) -> Result<(), Refusal> {
    let bearer = header.strip_prefix("Bearer ").ok_or_else(Refusal::unauthenticated)?;
    bearers.check(bearer, host).map_err(|disbelief| match disbelief {
        Disbelief::Unknown => Refusal::unauthenticated(),
        Disbelief::WrongAccount => {
            Refusal::denied("Permission 'aiplatform.endpoints.predict' denied for this account.")
        }
    })
}
