//! The shapes of answers: a whole one, and the events of a stream.

use std::time::Duration;

use axum::http::StatusCode;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::rows::{Dialect, Row};
use crate::models::gemini::Refusal;
use crate::models::speech::faults::SpeechFault;
use crate::models::speech::ledger::SpeechBill;
use crate::models::speech::sound::Sound;
use crate::models::wire::{Answer, Framing};

/// Seconds of audio in one event.
const IN_AN_EVENT: usize = 2;

/// What an answer is made of.
pub(super) struct Facts<'a> {
    pub row: &'a Row,
    pub sound: &'a Sound,
    pub finish: &'a str,
    pub billed: SpeechBill,
    pub fault: Option<SpeechFault>,
    pub talks: bool,
}

impl Facts<'_> {
    /// The answer at once: a WAV of 3.8, headerless samples of the older ones.
    pub(super) fn whole(&self) -> Answer {
        let is_wav = match self.fault {
            Some(SpeechFault::WavForPcm) => true,
            Some(SpeechFault::PcmForWav) => false,
            _ => self.row.dialect == Dialect::Metadata,
        };
        let rate = self.sound.rate;
        let part = if is_wav {
            part(&self.sound.wav(true, self.fault), "audio/wav")
        } else {
            part(&self.sound.pcm(self.fault), &format!("audio/L16;codec=pcm;rate={rate}"))
        };
        let body = self.response(vec![part], Some(self.finish), true);
        Answer::whole(StatusCode::OK, "application/json; charset=UTF-8", format!("{body:#}"))
    }

    /// The answer in events: headerless samples, each piece in base64 for itself.
    pub(super) fn stream(&self, framing: Framing) -> Answer {
        let mime = format!("audio/l16; rate={}; channels=1", self.sound.rate);
        let bytes = self.sound.pcm(self.fault);
        let piece = usize::try_from(self.sound.rate).unwrap_or(1) * 2 * IN_AN_EVENT;
        let mut events: Vec<Value> =
            bytes.chunks(piece.max(2)).map(|bytes| self.response(vec![part(bytes, &mime)], None, false)).collect();
        match self.fault {
            Some(SpeechFault::NoEnd) => {}
            Some(SpeechFault::ErrorInStream) => {
                events.truncate(1);
                events.push(Refusal::overloaded().json());
            }
            _ => events.push(self.response(Vec::new(), Some(self.finish), true)),
        }
        let lines: Vec<String> = events.iter().map(|event| format!("data: {event}")).collect();
        Answer::events(framing.frame(&lines, Duration::ZERO))
    }

    fn response(&self, parts: Vec<Value>, finish: Option<&str>, last: bool) -> Value {
        if self.fault == Some(SpeechFault::Blocked) {
            let mut body = json!({"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}});
            body["usageMetadata"] = self.usage();
            return body;
        }
        let content = match (self.fault, self.talks) {
            (Some(SpeechFault::EmptyAudio), _) => json!({}),
            (Some(SpeechFault::TextInsteadOfAudio), _) | (_, true) => {
                json!({"role": "model", "parts": [{"text": "I am not sure that I understand what you want."}]})
            }
            _ => json!({"role": "model", "parts": parts}),
        };
        let mut candidate = json!({"content": content, "index": 0});
        if let Some(finish) = finish {
            candidate["finishReason"] = finish.into();
        }
        let other = self.fault == Some(SpeechFault::OtherModel);
        let model = if other { "gemini-another-tts" } else { self.row.id };
        let mut body = json!({"candidates": [candidate], "modelVersion": model, "responseId": "response-for-tests"});
        if last && self.fault != Some(SpeechFault::NoUsage) {
            body["usageMetadata"] = self.usage();
        }
        body
    }

    /// Counts that are zero are left out.
    fn usage(&self) -> Value {
        let SpeechBill { input, output, .. } = self.billed;
        let details = |modality: &str, count: u64| json!([{"modality": modality, "tokenCount": count}]);
        let mut usage = json!({
            "promptTokenCount": input,
            "totalTokenCount": input + output,
            "promptTokensDetails": details("TEXT", input),
        });
        if output > 0 {
            usage["candidatesTokenCount"] = output.into();
            usage["candidatesTokensDetails"] = details("AUDIO", output);
        }
        usage
    }
}

fn part(bytes: &[u8], mime: &str) -> Value {
    json!({"inlineData": {"mimeType": mime, "data": STANDARD.encode(bytes)}})
}
