//! The shapes of answers: a file at once or in pieces, an object with the times of words, events.

use std::time::Duration;

use axum::http::StatusCode;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::errors::said;
use super::personality::SpeechPersonality as Personality;
use super::request::{Form, Request, Way};
use crate::models::openai::Refusal;
use crate::models::speech::faults::SpeechFault;
use crate::models::speech::ledger::SpeechBill;
use crate::models::speech::sound::{Sound, Word};
use crate::models::wire::{Answer, Framing};

/// Bytes of audio in one event.
const IN_AN_EVENT: usize = 32_000;
/// The longest header field of times of words.
const LONGEST_FIELD: usize = 4_096;

/// What an answer is made of.
pub(super) struct Facts<'a> {
    pub personality: Personality,
    pub request: &'a Request,
    pub sound: &'a Sound,
    pub billed: SpeechBill,
    pub fault: Option<SpeechFault>,
    /// The number of the call.
    pub number: u64,
}

impl Facts<'_> {
    pub(super) fn answer(&self) -> Answer {
        if self.fault == Some(SpeechFault::ErrorBehindSuccess) {
            let error = said(&Refusal::overloaded(), self.personality);
            return Answer::whole(StatusCode::OK, "application/json", error.to_string());
        }
        match self.request.way {
            Way::Whole => self.timed(self.file(true)),
            Way::Chunks => self.file(false),
            Way::Events => self.events(),
            Way::Captioned => {
                Answer::whole(StatusCode::OK, "application/json", self.captioned(&self.sound.words).to_string())
            }
            Way::CaptionedLines => {
                let line = self.captioned(&self.sound.words);
                Answer::whole(StatusCode::OK, "application/json", format!("{line}\n"))
            }
        }
    }

    /// The bytes of the audio; a WAV of one that is spoken meanwhile does not know its length.
    fn bytes(&self, knows_its_length: bool) -> (Vec<u8>, &'static str) {
        if self.fault == Some(SpeechFault::EmptyAudio) {
            return (Vec::new(), if self.request.form == Form::Wav { "audio/wav" } else { "audio/pcm" });
        }
        let wav = match self.fault {
            Some(SpeechFault::WavForPcm) => true,
            Some(SpeechFault::PcmForWav) => false,
            _ => self.request.form == Form::Wav,
        };
        if wav {
            (self.sound.wav(knows_its_length, self.fault), "audio/wav")
        } else {
            (self.sound.pcm(self.fault), "audio/pcm")
        }
    }

    fn file(&self, knows_its_length: bool) -> Answer {
        let (bytes, mime) = self.bytes(knows_its_length);
        Answer::whole(StatusCode::OK, mime, bytes)
    }

    /// The same with the times of words in the header, where they were asked for and have room.
    fn timed(&self, answer: Answer) -> Answer {
        if !self.request.times {
            return answer;
        }
        if self.fault == Some(SpeechFault::MarksMissing) {
            return answer.with("x-word-timestamps-omitted", "alignment failed");
        }
        let millis = |seconds: f64| (seconds * 1_000.0).round();
        let word = |word: &Word| json!({"word": word.text, "start_ms": millis(word.start), "end_ms": millis(word.end)});
        let field = self.sound.words.iter().map(word).collect::<Value>().to_string();
        // A header field has no other signs than those of ASCII.
        if field.len() > LONGEST_FIELD || !field.is_ascii() {
            return answer.with("x-word-timestamps-omitted", "too large");
        }
        answer.with("x-word-timestamps", &field)
    }

    /// An object with the audio, and the times of words in the server's own words.
    fn captioned(&self, words: &[Word]) -> Value {
        let (bytes, mime) = self.bytes(true);
        let times = self.request.times && self.fault != Some(SpeechFault::MarksMissing);
        let timestamps = if times { words.iter().flat_map(normalised).collect() } else { Value::Null };
        json!({"audio": STANDARD.encode(bytes), "audio_format": mime, "timestamps": timestamps})
    }

    fn events(&self) -> Answer {
        let (bytes, _) = self.bytes(false);
        let delta = |bytes: &[u8]| json!({"type": "speech.audio.delta", "audio": STANDARD.encode(bytes)});
        let mut events: Vec<Value> = bytes.chunks(IN_AN_EVENT).map(delta).collect();
        match self.fault {
            Some(SpeechFault::NoEnd) => {}
            Some(SpeechFault::ErrorInStream) => {
                events.truncate(1);
                events.push(match self.personality {
                    Personality::VllmOmni => {
                        json!({"type": "speech.audio.error", "partial_audio": true, "action": "discard"})
                    }
                    Personality::OpenAi | Personality::Kokoro | Personality::LocalAi => {
                        said(&Refusal::overloaded(), self.personality)
                    }
                });
            }
            _ => {
                let mut done = json!({"type": "speech.audio.done"});
                if self.fault != Some(SpeechFault::NoUsage) {
                    let SpeechBill { input, output, .. } = self.billed;
                    done["usage"] =
                        json!({"input_tokens": input, "output_tokens": output, "total_tokens": input + output});
                }
                events.push(done);
            }
        }
        let lines: Vec<String> = events.iter().map(|event| format!("data: {event}")).collect();
        Answer::events(Framing::of_call(self.number).frame(&lines, Duration::ZERO))
    }
}

/// A word as Kokoro says it: numbers spelt out, and the signs behind it for themselves.
fn normalised(word: &Word) -> Vec<Value> {
    const DIGITS: [&str; 10] = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"];
    let core = word.text.trim_matches(|char: char| !char.is_alphanumeric());
    let spelt: Vec<String> = if core.chars().all(|char| char.is_ascii_digit()) {
        core.bytes().map(|digit| DIGITS[usize::from(digit - b'0') % 10].to_owned()).collect()
    } else {
        vec![core.to_owned()]
    };
    #[allow(clippy::cast_precision_loss, reason = "digits of a number")]
    let share = (word.end - word.start) / spelt.len().max(1) as f64;
    let mut start = word.start;
    let mut timed = |text: &str, end: f64| {
        let timed = json!({"word": text, "start_time": start, "end_time": end});
        start = end;
        timed
    };
    let mut words = Vec::new();
    for (at, text) in spelt.iter().enumerate() {
        #[allow(clippy::cast_precision_loss, reason = "digits of a number")]
        let end = word.start + share * (at + 1) as f64;
        words.push(timed(text, end));
    }
    if let Some(sign) = word.text.chars().last().filter(|sign| !sign.is_alphanumeric()) {
        words.push(timed(&sign.to_string(), word.end));
    }
    words
}
