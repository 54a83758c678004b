//! Calls that brought no answer, or only a part of one.

use lectern_fetch::{AddressFault, FetchError, Phase};
use lectern_google::TokenError;

use crate::error::{Billed, Class, ProviderError};

/// What became of a call, from the client's own error. What an operator needs beyond the message,
/// such as an inner address, is logged here and goes no further: the message may be shown to
/// whoever ordered.
pub(crate) fn error(error: &FetchError) -> ProviderError {
    let detail = error.detail();
    if !detail.is_empty() {
        tracing::warn!(%error, detail, "a call of a provider brought no answer");
    }
    match error {
        // They have the operator's URL in them, which is for the operator alone.
        FetchError::Url(fault) => {
            let message = format!("the configured URL is not one that is called ({fault}); the operator corrects it");
            ProviderError::local(Class::Invalid, "URL", Billed::No, message)
        }
        FetchError::Redirect { .. }
        | FetchError::RedirectUnusable { .. }
        | FetchError::RedirectElsewhere { .. }
        | FetchError::Redirects { .. } => {
            let message = "the server at the configured URL redirects, which is not followed; the operator configures \
                           the URL that it leads to";
            ProviderError::local(Class::Invalid, "REDIRECT", Billed::No, message)
        }
        FetchError::Address { why: AddressFault::Closed { .. }, .. } => {
            let message = "the configured URL leads to an address that is not one machine's; the operator corrects it";
            ProviderError::local(Class::Invalid, "ADDRESS", Billed::No, message)
        }
        FetchError::Address { why: AddressFault::Unresolved(_) | AddressFault::Nothing, .. } => {
            let message = "the name of the provider's server is not resolved; the call is made again, and if that \
                           stays the operator looks at the URL and at the name servers";
            ProviderError::local(Class::Network, "UNRESOLVED", Billed::No, message)
        }
        FetchError::Connect { .. } | FetchError::Slow { phase: Phase::Connect, .. } => {
            let message = "the provider's server accepts no connection; the call is made again, and if that stays the \
                           operator looks whether it runs and can be reached";
            ProviderError::local(Class::Network, "UNREACHABLE", Billed::No, message)
        }
        FetchError::Tls { .. } => {
            let message = "the provider's server offers no secure connection that can be trusted; the call is made \
                           again, and if that stays the operator looks at its certificate";
            ProviderError::local(Class::Network, "TLS", Billed::No, message)
        }
        FetchError::Slow { phase: phase @ (Phase::FirstByte | Phase::Idle | Phase::Whole), .. } => {
            let message = format!("the provider {phase}; it is asked again");
            ProviderError::local(Class::Interrupted, "TOO_SLOW", Billed::Unknown, message)
        }
        FetchError::Broken { .. } => {
            let message = "the connection broke in the middle of the answer; it is asked again";
            ProviderError::local(Class::Interrupted, "BROKEN", Billed::Unknown, message)
        }
        FetchError::Compressed { .. } => {
            let message = "the server compresses its answer, which it was asked not to; the operator switches that off";
            ProviderError::local(Class::Invalid, "COMPRESSED", Billed::Unknown, message)
        }
        FetchError::Large { most } => too_large(*most),
        FetchError::Request(_) | FetchError::Setup(_) => {
            let message = format!("the call cannot be made ({error}); the operator corrects the configuration");
            ProviderError::local(Class::Invalid, "REQUEST", Billed::No, message)
        }
    }
}

/// An answer, or an event of it, has more bytes than it may: a model that repeats itself.
pub(crate) fn too_large(most: u64) -> ProviderError {
    let message = format!("the answer has more than {most} bytes, which is the limit; order less, or another engine");
    ProviderError::local(Class::Invalid, "ANSWER_TOO_LARGE", Billed::Unknown, message)
}

/// No token for a call. The error's own words are logged and go no further: they may name accounts.
pub(crate) fn no_token(error: &TokenError) -> ProviderError {
    tracing::warn!(%error, "no token for a call of a provider");
    if error.is_passing {
        let message = "no token came for the account; the call is made again, and if that stays the operator looks at \
                       the metadata server";
        return ProviderError::local(Class::Network, "NO_TOKEN", Billed::No, message);
    }
    let message = "there is no token for the account; the operator looks at the log and mends the Application Default \
                   Credentials";
    ProviderError::local(Class::Credentials, "NO_TOKEN", Billed::No, message)
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[test]
    fn what_was_not_sent_was_not_paid_for_and_no_address_is_told() {
        let host = || "models.inner.example".to_owned();
        let io = || io::Error::other("10.0.0.7 refused");
        let slow = |phase| FetchError::Slow { host: host(), phase };
        let cases = [
            (FetchError::Address { host: host(), why: AddressFault::Nothing }, Class::Network, Billed::No),
            (FetchError::Address { host: host(), why: AddressFault::Unresolved(io()) }, Class::Network, Billed::No),
            (FetchError::Connect { host: host(), why: io() }, Class::Network, Billed::No),
            (FetchError::Tls { host: host(), why: io() }, Class::Network, Billed::No),
            (slow(Phase::Connect), Class::Network, Billed::No),
            (slow(Phase::FirstByte), Class::Interrupted, Billed::Unknown),
            (slow(Phase::Idle), Class::Interrupted, Billed::Unknown),
            (slow(Phase::Whole), Class::Interrupted, Billed::Unknown),
            (FetchError::Broken { host: host(), why: "10.0.0.7".to_owned() }, Class::Interrupted, Billed::Unknown),
            (FetchError::Large { most: 9 }, Class::Invalid, Billed::Unknown),
            (FetchError::RedirectElsewhere { host: host() }, Class::Invalid, Billed::No),
        ];
        for (error, class, billed) in cases {
            let found = super::error(&error);
            assert_eq!((found.class, found.billed), (class, billed), "{error}");
            assert_eq!((found.status, found.retry_after), (None, None));
            assert!(!found.message.contains("10.0.0.7") && !found.message.contains("inner"), "{}", found.message);
        }
    }
}
