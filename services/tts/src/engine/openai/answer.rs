//! What comes back: the bytes of a file, an object with the times of words, or events.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use lectern_core::content::timeline::WordTime;
use lectern_provider::Usage;
use serde::Deserialize;
use serde_json::Value;

use crate::engine::remote::audio::{self, NoSpeech};
use crate::engine::remote::words::{Heard, matched};

/// The header field of the times of words at vLLM-Omni. It has another one that says that they did
/// not fit.
const WORDS: &str = "x-word-timestamps";
/// Milliseconds in a second.
const MILLIS: f64 = 1_000.0;

/// Speech, read.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Read {
    pub sample_rate: u32,
    pub samples: Vec<f32>,
    pub words: Vec<WordTime>,
}

/// A file, with the times of words in the header where they are.
pub(super) fn file(text: &str, headers: &HeaderMap, body: &[u8]) -> Result<Read, NoSpeech> {
    let field = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let heard = field(WORDS).map(of_header).unwrap_or_default();
    read(text, body, field(CONTENT_TYPE.as_str()).unwrap_or_default(), &heard)
}

/// An object with a file in base64.
pub(super) fn captioned(text: &str, body: &[u8]) -> Result<Read, NoSpeech> {
    let answer: Captioned =
        serde_json::from_slice(body).map_err(|_| NoSpeech::NotAudio("it is no captioned speech".to_owned()))?;
    let bytes = STANDARD.decode(&answer.audio).map_err(|error| NoSpeech::NotAudio(error.to_string()))?;
    let heard: Vec<Heard> = answer.timestamps.unwrap_or_default().into_iter().map(Heard::from).collect();
    read(text, &bytes, &answer.audio_format, &heard)
}

fn read(text: &str, bytes: &[u8], mime: &str, heard: &[Heard]) -> Result<Read, NoSpeech> {
    let (sample_rate, samples) = audio::speech(bytes, mime)?;
    let words = if heard.is_empty() { Vec::new() } else { matched(text, heard, sample_rate, samples.len()) };
    Ok(Read { sample_rate, samples, words })
}

/// Times of words as vLLM-Omni has them in a header field; none where that cannot be read.
fn of_header(text: &str) -> Vec<Heard> {
    let words: Vec<Timed> = serde_json::from_str(text).unwrap_or_default();
    words.into_iter().map(|Timed { word, start_ms, end_ms }| heard(word, start_ms / MILLIS, end_ms / MILLIS)).collect()
}

fn heard(word: String, start: f64, end: f64) -> Heard {
    Heard { word, start, end }
}

#[derive(Debug, Deserialize)]
struct Timed {
    word: String,
    start_ms: f64,
    end_ms: f64,
}

/// Kokoro-FastAPI's answer.
#[derive(Debug, Deserialize)]
struct Captioned {
    audio: String,
    #[serde(default)]
    audio_format: String,
    #[serde(default)]
    timestamps: Option<Vec<Caption>>,
}

#[derive(Debug, Deserialize)]
struct Caption {
    word: String,
    start_time: f64,
    end_time: f64,
}

impl From<Caption> for Heard {
    fn from(Caption { word, start_time, end_time }: Caption) -> Self {
        heard(word, start_time, end_time)
    }
}

/// Events, while they are read.
#[derive(Debug, Default)]
pub(super) struct Events {
    bytes: Vec<u8>,
    usage: Option<Usage>,
    ended: bool,
    fault: Option<String>,
}

impl Events {
    /// The next event. False for one that says that what came is to be thrown away.
    pub(super) fn take(&mut self, event: &Value) -> bool {
        match event["type"].as_str() {
            Some("speech.audio.delta") => match STANDARD.decode(event["audio"].as_str().unwrap_or_default()) {
                Ok(bytes) => self.bytes.extend(bytes),
                Err(error) => self.fault = Some(error.to_string()),
            },
            Some("speech.audio.done") => {
                self.ended = true;
                let count = |name: &str| event["usage"][name].as_u64();
                let usage = count("input_tokens").zip(count("output_tokens"));
                self.usage = usage.map(|(input, output)| Usage { input, output, ..Usage::default() });
            }
            Some("speech.audio.error") => return false,
            _ => {}
        }
        true
    }

    /// Whether the last event has come.
    pub(super) const fn ended(&self) -> bool {
        self.ended
    }

    /// What was used, where an event said so.
    pub(super) const fn usage(&self) -> Option<Usage> {
        self.usage
    }

    /// All of it: events have headerless samples.
    pub(super) fn speech(&self, text: &str) -> Result<Read, NoSpeech> {
        match &self.fault {
            Some(fault) => Err(NoSpeech::NotAudio(fault.clone())),
            None => read(text, &self.bytes, "audio/pcm", &[]),
        }
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use serde_json::json;

    use super::*;

    /// Half a second at 1 kHz, in a file whose header does not know its length.
    fn wav() -> Vec<u8> {
        let mut file = b"RIFF\xff\xff\xff\xffWAVEfmt \x10\0\0\0\x01\0\x01\0".to_vec();
        file.extend(1_000_u32.to_le_bytes());
        file.extend(2_000_u32.to_le_bytes());
        file.extend(b"\x02\0\x10\0data\xff\xff\xff\xff");
        file.extend([0; 1_000]);
        file
    }

    fn times(read: &Read) -> Vec<(u64, u64)> {
        read.words.iter().map(|word| (word.start, word.end)).collect()
    }

    #[test]
    fn a_file_has_the_times_of_its_words_in_the_header_or_none() {
        let with = |words: Option<&'static str>| {
            let mut headers = HeaderMap::new();
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("audio/wav"));
            if let Some(words) = words {
                headers.insert(WORDS, HeaderValue::from_static(words));
            }
            file("One two.", &headers, &wav()).unwrap()
        };
        assert_eq!((with(None).sample_rate, with(None).samples.len(), times(&with(None))), (1_000, 500, vec![]));
        let given = r#"[{"word":"One","start_ms":20,"end_ms":150},{"word":"two","start_ms":181.25,"end_ms":400}]"#;
        assert_eq!(times(&with(Some(given))), [(20, 150), (181, 400)]);
        for other in [r#"[{"word":"One","start_ms":20,"end_ms":150}]"#, "no json"] {
            assert_eq!(times(&with(Some(other))), [], "{other}");
        }
    }

    #[test]
    fn a_captioned_speech_has_its_words_where_they_are_those_of_the_text() {
        let captioned = |timestamps: Value| {
            let body = json!({"audio": STANDARD.encode(wav()), "audio_format": "audio/wav", "timestamps": timestamps});
            super::captioned("One two.", body.to_string().as_bytes()).unwrap()
        };
        let word = |word: &str, start: f64, end: f64| json!({"word": word, "start_time": start, "end_time": end});
        let both = json!([word("One", 0.02, 0.15), word("two", 0.18, 0.4), word(".", 0.4, 0.45)]);
        assert_eq!(times(&captioned(both)), [(20, 150), (180, 400)]);
        assert_eq!(times(&captioned(json!(null))), []);
        assert_eq!(times(&captioned(json!([word("won", 0.0, 0.1)]))), []);
        assert!(matches!(super::captioned("One.", b"audio"), Err(NoSpeech::NotAudio(_))));
    }

    #[test]
    fn what_is_no_audio_is_no_speech() {
        let headers = |mime: &'static str| HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static(mime))]);
        assert_eq!(file("One.", &headers("audio/wav"), b""), Err(NoSpeech::Empty));
        for (mime, body) in
            [("application/json", &b"{}"[..]), ("text/event-stream", b"data: x"), ("audio/mpeg", b"ID3")]
        {
            assert!(matches!(file("One.", &headers(mime), body), Err(NoSpeech::NotAudio(_))), "{mime}");
        }
        let pcm = file("One.", &headers("audio/pcm"), &[0, 0x40]).unwrap();
        assert_eq!((pcm.sample_rate, pcm.samples), (24_000, vec![0.5]));
    }

    #[test]
    fn events_are_one_speech_with_a_bill_at_its_end() {
        let mut events = Events::default();
        let delta = |bytes: &[u8]| json!({"type": "speech.audio.delta", "audio": STANDARD.encode(bytes)});
        assert!(events.take(&delta(&[0])) && events.take(&delta(&[0x40, 0, 0])) && !events.ended());
        let done =
            json!({"type": "speech.audio.done", "usage": {"input_tokens": 3, "output_tokens": 7, "total_tokens": 10}});
        assert!(events.take(&done) && events.ended());
        assert_eq!(events.usage(), Some(Usage { input: 3, output: 7, ..Usage::default() }));
        assert_eq!(events.speech("One.").unwrap().samples, [0.5, 0.0]);
        assert!(!events.take(&json!({"type": "speech.audio.error", "action": "discard"})));
        let mut silent = Events::default();
        assert!(silent.take(&json!({"type": "speech.audio.done"})) && silent.usage().is_none());
        assert_eq!(silent.speech("One."), Err(NoSpeech::Empty));
    }
}
