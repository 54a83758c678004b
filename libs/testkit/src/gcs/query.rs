//! Queries of requests, read strictly: what is not known is refused.

use std::collections::BTreeMap;

use super::answers::Refusal;

/// What stands in a request's query, decoded.
#[derive(Debug, Default)]
pub(super) struct Query(BTreeMap<String, String>);

impl Query {
    /// Reads a query that may hold `known` names only, each once.
    pub(super) fn read(query: Option<&str>, known: &[&str]) -> Result<Self, Refusal> {
        let mut found = BTreeMap::new();
        for (name, value) in url::form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
            if name == "predefinedAcl" {
                return Err(no_acl());
            }
            if !known.contains(&name.as_ref()) {
                return Err(Refusal::unknown(format!("the query has {name}={value}")));
            }
            if found.insert(name.to_string(), value.to_string()).is_some() {
                return Err(Refusal::invalid(format!("the query has {name} twice")));
            }
        }
        Ok(Self(found))
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    pub(super) fn required(&self, name: &str) -> Result<&str, Refusal> {
        self.get(name).ok_or_else(|| Refusal::invalid(format!("Required parameter: {name}")))
    }

    pub(super) fn number(&self, name: &str) -> Result<Option<i64>, Refusal> {
        let invalid = |_| Refusal::invalid(format!("{name} is not a number"));
        self.get(name).map(|text| text.parse().map_err(invalid)).transpose()
    }
}

/// Access is uniform: nothing may name an access control list.
pub(super) fn no_acl() -> Refusal {
    Refusal::invalid("Cannot use ACL API to update bucket policy when uniform bucket-level access is enabled.")
}

/// The name of an object: at most 1,024 bytes, no carriage return or line feed.
pub(super) fn object_name(name: &str) -> Result<String, Refusal> {
    if name.is_empty() || name.len() > 1_024 || name.contains(['\r', '\n', '\0']) || name == "." || name == ".." {
        return Err(Refusal::invalid(format!("{name:?} does not name an object")));
    }
    Ok(name.to_owned())
}

/// Decodes a path's percent escapes.
pub(super) fn decode(text: &str) -> Result<String, Refusal> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digit = |byte: Option<u8>| byte.and_then(|byte| char::from(byte).to_digit(16));
        let (Some(high), Some(low)) = (digit(rest.next()), digit(rest.next())) else {
            return Err(Refusal::invalid(format!("{text:?} is not percent-encoded")));
        };
        bytes.push(u8::try_from(high * 16 + low).unwrap_or_default());
    }
    String::from_utf8(bytes).map_err(|_| Refusal::invalid(format!("{text:?} is not UTF-8")))
}
