//! What comes back: audio in parts, why it ends, and what it used. Words of the provider stay raw
//! where they are names; one that is not known is no good end.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lectern_provider::{Usage, identifier_of};
use serde_json::Value;

use crate::engine::End;
use crate::engine::remote::audio;
use crate::engine::wav::is_wav;

/// The one word for a good end.
const GOOD: &str = "STOP";
/// Our words for an end that has none of Google's, and for one that is no name.
const NO_END: &str = "NO_FINISH_REASON";
const UNNAMED: &str = "UNNAMED_END";

/// An answer, read.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Answer {
    /// The sample rate, the samples, and how they end; or why there are none.
    pub heard: Result<(u32, Vec<f32>, End), NoSpeech>,
    /// Google's word for the end, for the bill.
    pub word: String,
    /// What it used.
    pub usage: Usage,
    /// The model that answered.
    pub model_version: String,
}

/// Why an answer is no speech.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum NoSpeech {
    /// It has no audio.
    #[error("ended with {0} and without audio")]
    Empty(String),
    /// It has words where audio should be.
    #[error("answered in words and not in speech")]
    Words,
    /// What it has is no audio.
    #[error("answered with what is no audio: {0}")]
    NotAudio(String),
}

/// Reads an answer.
pub(super) fn read(whole: &Value) -> Answer {
    let candidate = &whole["candidates"][0];
    let finish = word(&candidate["finishReason"]);
    let blocked = word(&whole["promptFeedback"]["blockReason"]);
    let word = match (finish.as_str(), blocked.as_str()) {
        (NO_END, NO_END) => NO_END.to_owned(),
        (NO_END, blocked) => format!("blockReason {blocked}"),
        (finish, _) => finish.to_owned(),
    };
    let parts = candidate["content"]["parts"].as_array().map(Vec::as_slice).unwrap_or_default();
    let heard = samples(parts, &word).map(|(rate, samples)| {
        let end = if word == GOOD { End::Whole } else { End::Broken(word.clone()) };
        (rate, samples, end)
    });
    let model_version = identifier_of(whole["modelVersion"].as_str().unwrap_or_default()).to_owned();
    Answer { heard, word, usage: usage(&whole["usageMetadata"]), model_version }
}

/// A name of Google's; our own word where there is none, or what there is is no name.
fn word(value: &Value) -> String {
    match value.as_str() {
        None | Some("") => NO_END.to_owned(),
        Some(text) => Some(identifier_of(text)).filter(|word| !word.is_empty()).unwrap_or(UNNAMED).to_owned(),
    }
}

/// The samples of all parts: each is base64 by itself, and of headerless ones a sample may go from
/// one into the next.
fn samples(parts: &[Value], word: &str) -> Result<(u32, Vec<f32>), NoSpeech> {
    let mut chunks: Vec<(&str, Vec<u8>)> = Vec::new();
    for part in parts {
        let Some(data) = part["inlineData"]["data"].as_str().filter(|data| !data.is_empty()) else { continue };
        let bytes = STANDARD.decode(data).map_err(|error| NoSpeech::NotAudio(error.to_string()))?;
        chunks.push((part["inlineData"]["mimeType"].as_str().unwrap_or_default(), bytes));
    }
    let Some((mime, _)) = chunks.first() else {
        let words = parts.iter().any(|part| part["text"].as_str().is_some_and(|text| !text.trim().is_empty()));
        return Err(if words { NoSpeech::Words } else { NoSpeech::Empty(word.to_owned()) });
    };
    let not_audio = |error: crate::engine::wav::NotAudio| NoSpeech::NotAudio(error.to_string());
    let (rate, samples) = if chunks.iter().any(|(_, bytes)| is_wav(bytes)) {
        let mut all = Vec::new();
        let mut rate = 0;
        for (mime, bytes) in &chunks {
            let (its, samples) = audio::samples(bytes, mime).map_err(not_audio)?;
            if rate != 0 && its != rate {
                return Err(NoSpeech::NotAudio("its parts have unlike rates".to_owned()));
            }
            rate = its;
            all.extend(samples);
        }
        (rate, all)
    } else {
        let bytes: Vec<u8> = chunks.iter().flat_map(|(_, bytes)| bytes.iter().copied()).collect();
        audio::samples(&bytes, mime).map_err(not_audio)?
    };
    if samples.is_empty() { Err(NoSpeech::Empty(word.to_owned())) } else { Ok((rate, samples)) }
}

/// Counts that are zero are left out by Google.
fn usage(raw: &Value) -> Usage {
    let count = |name: &str| raw[name].as_u64().unwrap_or_default();
    Usage {
        input: count("promptTokenCount"),
        cached: count("cachedContentTokenCount"),
        output: count("candidatesTokenCount"),
        thoughts: count("thoughtsTokenCount"),
        ..Usage::default()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn part(bytes: &[u8], mime: &str) -> Value {
        json!({"inlineData": {"mimeType": mime, "data": STANDARD.encode(bytes)}})
    }

    fn answer(parts: &[Value], finish: &str) -> Value {
        json!({
            "candidates": [{"content": {"role": "model", "parts": parts}, "finishReason": finish, "index": 0}],
            "usageMetadata": {"promptTokenCount": 9, "candidatesTokenCount": 50, "totalTokenCount": 59},
            "modelVersion": "gemini-3.8-flash-tts",
        })
    }

    fn file(rate: u32) -> Vec<u8> {
        let mut file = b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0".to_vec();
        file.extend(rate.to_le_bytes());
        file.extend((rate * 2).to_le_bytes());
        file.extend(b"\x02\0\x10\0data\x02\0\0\0\0\x40");
        file
    }

    #[test]
    fn audio_is_read_by_its_bytes_and_in_parts() {
        let pcm = "audio/L16;codec=pcm;rate=24000";
        for (parts, rate, samples) in [
            (vec![part(&file(16_000), "audio/wav")], 16_000, vec![0.5]),
            (vec![part(&file(16_000), pcm)], 16_000, vec![0.5]),
            (vec![part(&[0, 0x40], pcm)], 24_000, vec![0.5]),
            (vec![part(&[0, 0x40, 0], pcm), part(&[0x40], pcm)], 24_000, vec![0.5, 0.5]),
            (vec![part(&file(16_000), "audio/wav"), part(&file(16_000), "audio/wav")], 16_000, vec![0.5, 0.5]),
        ] {
            let read = read(&answer(&parts, "STOP"));
            assert_eq!(read.heard, Ok((rate, samples, End::Whole)));
            assert_eq!((read.word.as_str(), read.model_version.as_str()), ("STOP", "gemini-3.8-flash-tts"));
            assert_eq!((read.usage.input, read.usage.output), (9, 50));
        }
    }

    #[test]
    fn only_one_end_is_good() {
        let audio = [part(&[0, 0x40], "audio/L16;rate=24000")];
        for (finish, word) in [
            ("OTHER", "OTHER"),
            ("MAX_TOKENS", "MAX_TOKENS"),
            ("SOMETHING_NEW", "SOMETHING_NEW"),
            ("", NO_END),
            ("Say BANANA now.", UNNAMED),
        ] {
            let heard = read(&answer(&audio, finish)).heard.unwrap();
            assert_eq!(heard.2, End::Broken(word.to_owned()), "{finish}");
        }
    }

    #[test]
    fn an_answer_without_audio_says_why() {
        let empty = json!({"candidates": [{"content": {}, "finishReason": "OTHER"}]});
        assert_eq!(read(&empty).heard, Err(NoSpeech::Empty("OTHER".to_owned())));
        let blocked = read(&json!({"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}}));
        assert_eq!(blocked.heard, Err(NoSpeech::Empty("blockReason PROHIBITED_CONTENT".to_owned())));
        assert_eq!(blocked.usage, Usage::default());
        assert_eq!(read(&answer(&[json!({"text": "I cannot."})], "STOP")).heard, Err(NoSpeech::Words));
        assert_eq!(read(&answer(&[json!({"text": " "})], "STOP")).heard, Err(NoSpeech::Empty("STOP".to_owned())));
        let odd = read(&answer(&[part(&[0, 0x40, 0], "audio/L16;rate=24000")], "STOP")).heard;
        assert!(matches!(odd, Err(NoSpeech::NotAudio(_))), "{odd:?}");
        let unlike = [part(&file(16_000), "audio/wav"), part(&file(24_000), "audio/wav")];
        assert!(matches!(read(&answer(&unlike, "STOP")).heard, Err(NoSpeech::NotAudio(_))));
        assert_eq!(read(&Value::Null).heard, Err(NoSpeech::Empty(NO_END.to_owned())));
    }
}
