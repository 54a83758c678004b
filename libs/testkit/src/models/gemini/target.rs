//! What a path asks for.

use axum::http::Method;

use super::check::Surface;
use super::errors::Refusal;
use super::rows::{Row, row};
use crate::models::ledger::CallKind;

/// Which host a path is of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::models) enum Host {
    Developer,
    /// The project.
    Enterprise(String),
    Express,
}

/// Where a path leads, on whichever host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::models) struct Address<'a> {
    pub host: Host,
    pub version: &'a str,
    /// What stands behind `models/`.
    pub last: &'a str,
}

impl<'a> Address<'a> {
    /// Reads `/{version}/[projects/P/locations/L/][publishers/google/]models/{last}`; none for
    /// another path.
    pub(in crate::models) fn read(path: &'a str) -> Result<Option<Self>, Refusal> {
        let segments: Vec<&str> = path.trim_start_matches('/').split('/').collect();
        let (host, version, last) = match segments.as_slice() {
            [version, "models", last] => (Host::Developer, *version, *last),
            [version, "publishers", "google", "models", last] => (Host::Express, *version, *last),
            [version, "projects", project, "locations", location, "publishers", "google", "models", last] => {
                place(location)?;
                (Host::Enterprise((*project).to_owned()), *version, *last)
            }
            _ => return Ok(None),
        };
        Ok(Some(Self { host, version, last }))
    }

    /// Whether the host has this version of the API.
    pub(in crate::models) fn has_version(&self) -> bool {
        let versions: &[&str] = match self.host {
            Host::Developer => &["v1", "v1beta", "v1alpha"],
            Host::Enterprise(_) | Host::Express => &["v1", "v1beta1"],
        };
        versions.contains(&self.version)
    }

    /// What is said of a model that is not there.
    pub(in crate::models) fn no_model(&self, path: &str, model: &str, method: &str) -> Refusal {
        let version = self.version;
        Refusal::not_found(match self.host {
            Host::Developer => format!(
                "models/{model} is not found for API version {version}, or is not supported for {method}. Call \
                 ListModels to see the list of available models and their supported methods."
            ),
            Host::Enterprise(_) | Host::Express => format!(
                "Publisher Model `{}` was not found or your project does not have access to it. Please ensure you are \
                 using a valid model version.",
                path.trim_start_matches('/')
            ),
        })
    }
}

/// A method of a model.
#[derive(Debug, Clone)]
pub(super) struct Target {
    pub host: Host,
    pub version: String,
    pub row: &'static Row,
    pub method: Call,
}

/// The methods that the fake knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Call {
    Generate,
    Stream,
    Count,
}

impl Target {
    /// Reads `/{version}/[projects/P/locations/L/][publishers/google/]models/{model}:{method}`.
    pub(super) fn read(http: &Method, path: &str) -> Result<Self, Refusal> {
        let unknown = || Refusal::unknown(format!("{http} {path}"));
        let address = Address::read(path)?.ok_or_else(unknown)?;
        let (model, method) = address.last.split_once(':').ok_or_else(unknown)?;
        let of_beta = address.host == Host::Developer && address.version == "v1beta";
        let found = row(model).filter(|row| !row.beta || of_beta);
        let Some(row) = found.filter(|_| address.has_version()) else {
            return Err(address.no_model(path, model, method));
        };
        let method = match method {
            "generateContent" => Call::Generate,
            "streamGenerateContent" => Call::Stream,
            "countTokens" => Call::Count,
            _ => return Err(unknown()),
        };
        if *http != Method::POST {
            return Err(unknown());
        }
        let Address { host, version, .. } = address;
        Ok(Self { host, version: version.to_owned(), row, method })
    }

    /// Checks what stands behind the question mark; the key is looked at elsewhere.
    pub(super) fn query(&self, query: Option<&str>) -> Result<(), Refusal> {
        let mut sse = false;
        for (name, value) in url::form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
            match (&*name, &*value) {
                ("key", _) => {}
                ("alt", "sse") if self.method == Call::Stream => sse = true,
                ("alt", "json") if self.method != Call::Stream => {}
                ("alt", _) => return Err(Refusal::unknown(format!("alt={value} of this method"))),
                _ => {
                    let message = format!(
                        "Invalid JSON payload received. Unknown name \"{name}\": Cannot bind query parameter. Field \
                         '{name}' could not be found in request message."
                    );
                    return Err(Refusal::invalid(message));
                }
            }
        }
        if self.method == Call::Stream && !sse {
            return Err(Refusal::unknown("a stream without alt=sse, which comes as an array of JSON"));
        }
        Ok(())
    }

    pub(super) fn surface(&self) -> Surface {
        Surface { enterprise: self.host != Host::Developer, beta: self.version == "v1beta1" }
    }

    pub(super) const fn kind(&self) -> CallKind {
        match self.method {
            Call::Generate => CallKind::Unary,
            Call::Stream => CallKind::Streamed,
            Call::Count => CallKind::Free,
        }
    }
}

/// `global`, `us`, `eu`, or a region such as `europe-west4`.
fn place(location: &str) -> Result<(), Refusal> {
    let region = location.split_once('-').is_some_and(|(area, rest)| {
        let named = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase());
        let rest = rest.trim_end_matches(|char: char| char.is_ascii_digit());
        named(area) && named(rest)
    });
    if region || ["global", "us", "eu"].contains(&location) {
        return Ok(());
    }
    Err(Refusal::invalid(format!("Unsupported region: {location}")))
}
