//! Where a provider is, and who we are there.

use std::fmt;

use http::header::{AUTHORIZATION, COOKIE, HOST, PROXY_AUTHORIZATION};
use http::{HeaderMap, HeaderName, HeaderValue};
use lectern_google::Credentials;
use lectern_runtime::Secret;
use url::Url;

use crate::error::{Billed, Class, ProviderError};
use crate::transport;

/// The header field of a key of the Gemini API.
pub const GOOGLE_KEY: HeaderName = HeaderName::from_static("x-goog-api-key");
/// Header fields that carry a credential somewhere: beside the endpoint's own there is none of
/// them, since two credentials are refused (Google: "Multiple authentication credentials
/// received").
static CREDENTIALS: [HeaderName; 6] = [
    AUTHORIZATION,
    PROXY_AUTHORIZATION,
    COOKIE,
    GOOGLE_KEY,
    HeaderName::from_static("x-api-key"),
    HeaderName::from_static("api-key"),
];
/// Names of a query's parameters that carry one. A URL gets into logs of proxies and servers.
const IN_QUERY: [&str; 7] = ["key", "api_key", "api-key", "apikey", "access_token", "token", "sig"];

/// Where a provider is, and who we are there: **chosen by whoever runs Lectern, in its
/// configuration**, and by nobody else.
#[derive(Clone)]
pub struct Endpoint {
    /// What all paths are below, with or without a slash at its end:
    /// `https://generativelanguage.googleapis.com`, `http://127.0.0.1:11434/v1`. A query that it
    /// has goes with every call.
    pub base: Url,
    /// Who we are.
    pub credential: Credential,
}

/// Who we are to a provider. Never two of these at once.
#[derive(Debug, Clone)]
pub enum Credential {
    /// Nobody: a server that asks for nothing.
    None,
    /// A key in a header field of its own, such as [`GOOGLE_KEY`].
    Header {
        /// The field.
        name: HeaderName,
        /// The key.
        secret: Secret,
    },
    /// `authorization: Bearer KEY`.
    Bearer(Secret),
    /// An account of Google.
    Google(Credentials),
}

impl fmt::Debug for Endpoint {
    /// Without the query, in which an operator may have put a key against all advice.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let base = format!("{}{}", self.base.origin().ascii_serialization(), self.base.path());
        f.debug_struct("Endpoint").field("base", &base).field("credential", &self.credential).finish()
    }
}

impl Endpoint {
    /// The URL of a path below the base. The path may have a query; its segments are joined, so it
    /// does not matter where slashes stand.
    pub(crate) fn url(&self, path: &str) -> Result<Url, ProviderError> {
        let wrong = |message: &str| ProviderError::local(Class::Invalid, "URL", Billed::No, message);
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let mut url = self.base.clone();
        url.set_fragment(None);
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path.split('/').filter(|segment| !segment.is_empty()));
        } else {
            return Err(wrong("the configured URL has no path below it; the operator writes it as https://HOST/PATH"));
        }
        if !query.is_empty() {
            let whole = url.query().filter(|own| !own.is_empty()).map(|own| format!("{own}&{query}"));
            url.set_query(Some(whole.as_deref().unwrap_or(query)));
        }
        let key = url.query_pairs().any(|(name, _)| IN_QUERY.iter().any(|key| name.eq_ignore_ascii_case(key)));
        if key {
            return Err(wrong(
                "the configured URL has a key in its query, which logs would show; the operator moves it to the \
                 setting for keys",
            ));
        }
        Ok(url)
    }

    /// The caller's header fields with the one credential.
    pub(crate) async fn identify(&self, mut headers: HeaderMap) -> Result<HeaderMap, ProviderError> {
        let own = |name: &HeaderName| match &self.credential {
            Credential::Header { name: own, .. } => own == name,
            Credential::None | Credential::Bearer(_) | Credential::Google(_) => false,
        };
        if headers.keys().any(|name| CREDENTIALS.contains(name) || name == HOST || own(name)) {
            let message = "a call brings a credential or a host of its own; report it, it is a defect of Lectern";
            return Err(ProviderError::local(Class::Invalid, "TWO_CREDENTIALS", Billed::No, message));
        }
        match &self.credential {
            Credential::None => {}
            Credential::Header { name, secret } => drop(headers.insert(name.clone(), value("", secret)?)),
            Credential::Bearer(secret) => drop(headers.insert(AUTHORIZATION, value("Bearer ", secret)?)),
            Credential::Google(credentials) => {
                let mut own = credentials.headers().await.map_err(|error| transport::no_token(&error))?;
                own.values_mut().for_each(|value| value.set_sensitive(true));
                headers.extend(own);
            }
        }
        Ok(headers)
    }
}

/// A key as the value of a header field. Spaces and line ends around it are a file's, not the
/// key's.
fn value(scheme: &str, secret: &Secret) -> Result<HeaderValue, ProviderError> {
    let wrong = |message: &str| ProviderError::local(Class::Credentials, "KEY_UNUSABLE", Billed::No, message);
    let key = secret.expose().trim();
    if key.is_empty() {
        return Err(wrong("the key is empty; the operator sets it, or the file that has it"));
    }
    // Neither the key nor the error that may quote it is told.
    let mut value = HeaderValue::from_str(&format!("{scheme}{key}"))
        .map_err(|_| wrong("the key has characters that no key has; the operator writes it anew"))?;
    value.set_sensitive(true);
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint(base: &str, credential: Credential) -> Endpoint {
        Endpoint { base: Url::parse(base).unwrap(), credential }
    }

    #[test]
    fn paths_are_joined_by_their_segments() {
        for (base, path, expected) in [
            ("https://h", "v1/models/m:generateContent", "https://h/v1/models/m:generateContent"),
            ("https://h/", "/v1/models", "https://h/v1/models"),
            ("http://127.0.0.1:8080/v1", "chat/completions", "http://127.0.0.1:8080/v1/chat/completions"),
            ("http://h/v1/", "/chat//completions", "http://h/v1/chat/completions"),
            ("https://h", "v1/m:stream?alt=sse", "https://h/v1/m:stream?alt=sse"),
            ("https://h/d?api-version=2", "chat?a=b", "https://h/d/chat?api-version=2&a=b"),
            ("https://h/d?api-version=2", "chat", "https://h/d/chat?api-version=2"),
            ("https://h/v1", "models/../../admin", "https://h/v1/models/admin"),
            ("https://h/v1", "models/a b", "https://h/v1/models/a%20b"),
        ] {
            let url = endpoint(base, Credential::None).url(path).unwrap();
            assert_eq!(url.as_str(), expected, "{base} {path}");
        }
    }

    #[test]
    fn a_key_is_in_no_url() {
        for (base, path) in [
            ("https://h", "v1/models?key=AIzaSecret"),
            ("https://h?KEY=AIzaSecret", "v1/models"),
            ("https://h?api_key=AIzaSecret", "v1"),
        ] {
            let endpoint = endpoint(base, Credential::None);
            let error = endpoint.url(path).unwrap_err();
            assert!(error.class == Class::Invalid && !error.message.contains("AIza"), "{error}");
            assert!(!format!("{endpoint:?} {error:?}").contains("AIza"));
        }
    }

    #[tokio::test]
    async fn a_call_has_one_credential_and_hides_it() {
        let secret = || Secret::new(" sk-1234\n");
        for (credential, name, value) in [
            (Credential::Bearer(secret()), "authorization", "Bearer sk-1234"),
            (Credential::Header { name: GOOGLE_KEY, secret: secret() }, "x-goog-api-key", "sk-1234"),
        ] {
            let endpoint = endpoint("https://h", credential);
            let mut headers = HeaderMap::new();
            headers.insert("x-extra", HeaderValue::from_static("1"));
            let headers = endpoint.identify(headers).await.unwrap();
            assert_eq!(headers.len(), 2);
            assert_eq!(headers[name], value);
            assert_eq!(headers["x-extra"], "1");
            assert!(!format!("{headers:?} {endpoint:?}").contains("1234"));
            for second in ["authorization", "x-goog-api-key", "api-key", "cookie", "host"] {
                let mut headers = HeaderMap::new();
                headers.insert(HeaderName::from_static(second), HeaderValue::from_static("x"));
                let error = endpoint.identify(headers).await.unwrap_err();
                assert_eq!(error.provider_reason, "TWO_CREDENTIALS", "{second}");
            }
        }
        let headers = endpoint("https://h", Credential::None).identify(HeaderMap::new()).await.unwrap();
        assert!(headers.is_empty());
    }

    #[tokio::test]
    async fn a_key_that_is_none_is_the_operator_s_to_mend_and_is_not_told() {
        for key in ["", "  \n", "sk-12\n34", "sk-\u{1}1234"] {
            let endpoint = endpoint("https://h", Credential::Bearer(Secret::new(key)));
            let error = endpoint.identify(HeaderMap::new()).await.unwrap_err();
            assert_eq!(error.class, Class::Credentials, "{key:?}");
            assert!(!format!("{error:?}").contains("12"), "{error:?}");
        }
    }
}
