//! The shapes of errors: what OpenAI's protocol has in common, as four servers that speak say it.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::personality::SpeechPersonality;
use crate::models::openai::Refusal;
use crate::models::wire::Answer;

/// A value of another type, or out of its range: 422 of FastAPI, 400 of the others.
pub(super) fn validation(personality: SpeechPersonality, param: &str, message: impl Into<String>) -> Refusal {
    let refusal = Refusal::invalid(param, "invalid_value", message);
    match personality {
        SpeechPersonality::Kokoro => Refusal { status: StatusCode::UNPROCESSABLE_ENTITY, ..refusal },
        SpeechPersonality::OpenAi | SpeechPersonality::LocalAi | SpeechPersonality::VllmOmni => refusal,
    }
}

/// A refusal as a server of this kind says it.
pub(super) fn said(refusal: &Refusal, personality: SpeechPersonality) -> Value {
    let Refusal { status, kind, code, param, message } = refusal;
    if personality == SpeechPersonality::Kokoro {
        if *status == StatusCode::UNPROCESSABLE_ENTITY {
            return json!({"detail": [{"type": "value_error", "loc": ["body", param], "msg": message}]});
        }
        let error = if code.is_empty() { "processing_error" } else { *code };
        return json!({"detail": {"error": error, "message": message, "type": kind}});
    }
    let text = |text: &str| if text.is_empty() { Value::Null } else { Value::from(text) };
    let code = match personality {
        SpeechPersonality::OpenAi => text(code),
        SpeechPersonality::Kokoro | SpeechPersonality::LocalAi | SpeechPersonality::VllmOmni => status.as_u16().into(),
    };
    json!({"error": {"message": message, "type": kind, "param": text(param.as_str()), "code": code}})
}

/// The same as an answer.
pub(super) fn answer(refusal: &Refusal, personality: SpeechPersonality) -> Answer {
    Answer::whole(refusal.status, "application/json", said(refusal, personality).to_string())
}
