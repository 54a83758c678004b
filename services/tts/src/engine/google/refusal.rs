//! What Google's refusals of speech mean beyond what all of its refusals do: three that are the
//! text's or the voice's own, told by their messages alone. Those are looked at and not kept.

use http::{HeaderMap, StatusCode};
use lectern_core::{Failure, Timestamp};
use lectern_provider::{Class, ProviderError, google};
use serde_json::Value;

use crate::engine::remote::rejected;

/// A sentence is longer than the voice takes, or all of the text is.
const TOO_LONG: &str = "INPUT_TOO_LONG";
/// The voice is not served, or not any more.
const NO_VOICE: &str = "VOICE_NOT_SERVED";

/// The error in an answer that is none.
pub(super) fn refusal(status: StatusCode, headers: &HeaderMap, body: &[u8], now: Timestamp) -> ProviderError {
    let error = google::error(status, headers, body, now);
    if status != StatusCode::BAD_REQUEST {
        return error;
    }
    let message = message(body);
    let says = |words: &[&str]| words.iter().any(|words| message.contains(words));
    if says(&["sentences that are too long", "longer than the limit"]) {
        return ProviderError { provider_reason: TOO_LONG.to_owned(), ..error };
    }
    if message.contains("voice") && says(&["does not exist", "not found"]) {
        let message = "Google does not serve this voice, or not any more; order another, and take it out of the \
                       engine's voices"
            .to_owned();
        return ProviderError { class: Class::NotFound, provider_reason: NO_VOICE.to_owned(), message, ..error };
    }
    error
}

/// What a refusal is to the segment: a text that is too long is one that is spoken in parts.
pub(super) fn failure(engine: &str, error: &ProviderError) -> Failure {
    if error.provider_reason == TOO_LONG {
        return rejected(engine, "takes no sentence of this length");
    }
    error.failure(engine)
}

/// The message of an error, in lower case; empty where there is none.
fn message(body: &[u8]) -> String {
    let whole: Value = serde_json::from_slice(body).unwrap_or_default();
    whole["error"]["message"].as_str().unwrap_or_default().to_lowercase()
}

#[cfg(test)]
mod tests {
    use lectern_core::{Kind, Reason};
    use serde_json::json;

    use super::*;

    fn of(status: u16, message: &str) -> Failure {
        let body = json!({"error": {"code": status, "message": message, "status": "INVALID_ARGUMENT"}});
        let status = StatusCode::from_u16(status).unwrap();
        failure("google", &refusal(status, &HeaderMap::new(), body.to_string().as_bytes(), Timestamp(0)))
    }

    #[test]
    fn a_text_that_is_too_long_is_rejected_and_a_voice_that_is_gone_is_named() {
        for message in [
            "This request contains sentences that are too long.",
            "Either `input.text` or `input.ssml` is longer than the limit of 5000 bytes. This limit is different.",
        ] {
            assert_eq!(of(400, message).reason, Reason::SpeechRejected, "{message}");
        }
        let gone = of(400, "Voice 'en-US-Wavenet-Z' does not exist. Is it misspelled?");
        assert_eq!((gone.kind, gone.reason), (Kind::FailedPrecondition, Reason::EngineRefused));
        assert!(gone.message.contains("does not serve this voice") && !gone.message.contains("Wavenet"), "{gone}");
        assert_eq!(of(400, "Invalid SSML.").reason, Reason::EngineRefused);
        assert_eq!(of(429, "too long").reason, Reason::EngineLimited);
    }
}
