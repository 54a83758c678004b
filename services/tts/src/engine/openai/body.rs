//! What is sent: the fields that are needed and no other, since one of these servers refuses what
//! it does not know, and another streams unless it is told not to.

use serde_json::{Value, json};

use super::rows::{Bill, Known};
use crate::engine::{SegmentRequest, Speed, Voice};

/// The paths below the URL of the settings, which ends with the version of the API.
pub(super) const SPEECH: &str = "audio/speech";
/// And beside that version.
pub(super) const CAPTIONED: &str = "dev/captioned_speech";

/// What comes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// The bytes of a file.
    File,
    /// An object with the file in base64, and the times of words.
    Captioned,
    /// Events, the last of which has a bill.
    Events,
}

/// In what form a model is asked to answer.
pub(super) fn form(known: &Known) -> Form {
    if known.model.bill == Bill::Events {
        Form::Events
    } else if known.word_times && known.server.captions {
        Form::Captioned
    } else {
        Form::File
    }
}

/// The request's body.
pub(super) fn body(request: &SegmentRequest, voice: &Voice, known: &Known) -> Value {
    let (server, model, form) = (&known.server, &known.model, form(known));
    let mut body = json!({
        "model": model.id,
        "input": request.text,
        "voice": voice.short(),
        // A file says its rate. In events there is no place for its header.
        "response_format": if form == Form::Events { "pcm" } else { "wav" },
    });
    if request.speed != Speed::NORMAL && model.speed {
        body["speed"] = json!(f64::from(request.speed.hundredths()) / 100.0);
    }
    if !request.style.trim().is_empty() && (server.instructions || model.instructions) {
        body["instructions"] = json!(request.style.trim());
    }
    if let Some(stream) = server.stream {
        body["stream"] = json!(stream);
    }
    match form {
        Form::Events => body["stream_format"] = json!("sse"),
        Form::Captioned => body["return_timestamps"] = json!(true),
        Form::File if known.word_times && server.word_header => body["word_timestamps"] = json!(true),
        Form::File => {}
    }
    body
}

/// Characters of a text that are paid for.
pub(super) fn characters(body: &Value) -> u64 {
    let count = |name: &str| body[name].as_str().map_or(0, |text| text.chars().count());
    u64::try_from(count("input") + count("instructions")).unwrap_or(u64::MAX)
}

/// Bytes of all texts: as many tokens as that they have at most.
pub(super) fn bytes(body: &Value) -> u64 {
    let count = |name: &str| body[name].as_str().map_or(0, str::len);
    u64::try_from(count("input") + count("instructions")).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::super::rows::known;
    use super::*;
    use crate::config::OpenAiConfig;

    fn sent(server: &str, model: &str, word_times: Option<bool>, speed: f64, style: &str) -> Value {
        let config = OpenAiConfig {
            server: server.to_owned(),
            model: model.to_owned(),
            word_times,
            voices: vec!["one".to_owned()],
            ..OpenAiConfig::default()
        };
        let known = known("o", &config, "").unwrap();
        let mut request = SegmentRequest::new("Größe.", "engines/o/voices/one", Speed::new(speed).unwrap());
        request.style = style.to_owned();
        body(&request, &known.voices[0], &known)
    }

    #[test]
    fn each_server_is_sent_what_it_knows() {
        let base = |model: &str| json!({"model": model, "input": "Größe.", "voice": "one", "response_format": "wav"});
        assert_eq!(sent("", "m", None, 1.0, "calm"), base("m"), "nobody says that it takes instructions");
        let mut expected = base("m");
        expected["speed"] = json!(1.5);
        expected["instructions"] = json!("calm");
        assert_eq!(sent("localai", "m", Some(true), 1.5, " calm "), expected);
        let mut expected = base("m");
        expected["word_timestamps"] = json!(true);
        assert_eq!(sent("vllm-omni", "m", Some(true), 1.0, ""), expected);
        assert_eq!(sent("vllm-omni", "m", None, 1.0, ""), base("m"), "not every such server has it");
        let mut expected = base("kokoro");
        expected["stream"] = json!(false);
        assert_eq!(sent("kokoro", "", Some(false), 1.0, "calm"), expected);
        expected["return_timestamps"] = json!(true);
        assert_eq!(sent("kokoro", "", None, 1.0, ""), expected);
        assert_eq!(sent("openai", "tts-1", None, 1.0, "calm"), base("tts-1"));
        let mut expected = base("gpt-4o-mini-tts");
        expected["response_format"] = json!("pcm");
        expected["stream_format"] = json!("sse");
        expected["instructions"] = json!("calm");
        let mini = sent("openai", "gpt-4o-mini-tts", None, 1.5, "calm");
        assert_eq!(mini, expected, "it has no speed");
        assert_eq!((characters(&mini), bytes(&mini)), (10, 12));
    }
}
