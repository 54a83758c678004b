//! What a request means to a server of each kind, and what it may not say.

use axum::http::StatusCode;
use serde_json::Value;

use super::State;
use super::errors::validation;
use super::personality::{NEWER, SpeechPersonality as Personality};
use crate::models::openai::Refusal;

/// Characters that OpenAI takes at once.
const MOST: usize = 4_096;

/// In what form an answer comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Wav,
    Pcm,
}

/// How an answer comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// All at once.
    Whole,
    /// In pieces, while it is spoken.
    Chunks,
    /// In events.
    Events,
    /// In one object with the times of words.
    Captioned,
    /// The same in lines, while it is spoken.
    CaptionedLines,
}

/// A request that was found right.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Request {
    pub model: String,
    pub text: String,
    pub voice: String,
    pub style: String,
    pub speed: f64,
    pub form: Form,
    pub way: Way,
    /// Whether the times of words are wanted.
    pub times: bool,
    /// Fields that nobody knows.
    pub ignored: Vec<String>,
}

/// Reads a request; `captioned` for that of Kokoro which has times of words.
pub(super) fn read(state: &State, body: &Value, captioned: bool) -> Result<Request, Refusal> {
    let personality = state.personality;
    let fields = body.as_object().ok_or_else(|| validation(personality, "body", "the body is no object"))?;
    let strange = fields.keys().filter(|name| !personality.known().contains(&name.as_str()));
    let ignored: Vec<String> = strange.cloned().collect();
    if let (Personality::OpenAi, Some(name)) = (personality, ignored.first()) {
        return Err(Refusal::invalid(name, "unknown_parameter", format!("Unknown parameter: '{name}'.")));
    }
    let text = |name: &str| match &body[name] {
        Value::Null => Ok(""),
        Value::String(text) => Ok(text.as_str()),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            Err(validation(personality, name, format!("Input should be a valid string: {name}")))
        }
    };
    let model = model(state, text("model")?)?;
    let input = text("input")?;
    if input.is_empty() {
        return Err(validation(personality, "input", "Field required: input"));
    }
    if personality == Personality::OpenAi && input.chars().count() > MOST {
        let message = format!("[{{'type': 'string_too_long', 'msg': 'String should have at most {MOST} characters'}}]");
        return Err(Refusal::invalid("input", "string_too_long", message));
    }
    let style = text("instructions")?;
    let older = personality == Personality::OpenAi && model != "gpt-4o-mini-tts";
    if older && !style.is_empty() {
        return Err(Refusal::unknown("instructions to a model that takes none"));
    }
    if body["voice"].is_object() {
        return Err(Refusal::unknown("a voice by its id"));
    }
    let voice = voice(state, text("voice")?, older)?;
    let form = match Some(text("response_format")?).filter(|form| !form.is_empty()) {
        None if personality.usual_format() == "wav" => Form::Wav,
        None => return Err(Refusal::unknown("MP3, which is the format where none is named")),
        Some("wav") => Form::Wav,
        Some("pcm") => Form::Pcm,
        Some(other @ ("mp3" | "opus" | "aac" | "flac")) => return Err(Refusal::unknown(other)),
        Some(other) => {
            return Err(validation(personality, "response_format", format!("Invalid value: '{other}'.")));
        }
    };
    let (way, times) = way(state, body, captioned, older)?;
    Ok(Request {
        model,
        text: input.to_owned(),
        voice,
        style: if personality == Personality::Kokoro { String::new() } else { style.to_owned() },
        speed: speed(personality, &body["speed"])?,
        form,
        way,
        times,
        ignored,
    })
}

fn model(state: &State, model: &str) -> Result<String, Refusal> {
    if state.models.iter().any(|known| known == model) {
        return Ok(model.to_owned());
    }
    Err(match state.personality {
        Personality::Kokoro => {
            Refusal::invalid("model", "invalid_model", format!("Unsupported model: {model}. Available models: kokoro."))
        }
        Personality::OpenAi if model.is_empty() => {
            Refusal::invalid("model", "missing_required_parameter", "you must provide a model parameter")
        }
        Personality::OpenAi | Personality::LocalAi | Personality::VllmOmni => {
            let message = format!("The model '{model}' does not exist or you do not have access to it.");
            Refusal::new(StatusCode::NOT_FOUND, "invalid_request_error", "model_not_found", message)
        }
    })
}

fn voice(state: &State, voice: &str, older: bool) -> Result<String, Refusal> {
    let known = state.voices.read().contains(voice) && !(older && NEWER.contains(&voice));
    if known {
        return Ok(voice.to_owned());
    }
    if voice.is_empty() {
        return Err(match state.personality {
            Personality::OpenAi => validation(state.personality, "voice", "Field required: voice"),
            Personality::Kokoro | Personality::LocalAi | Personality::VllmOmni => {
                Refusal::unknown("the voice where none is named")
            }
        });
    }
    if state.personality == Personality::Kokoro && voice.contains(['+', '(']) {
        return Err(Refusal::unknown("a mixture of voices"));
    }
    Err(no_voice(state.personality, voice))
}

/// What is said of a voice that is not there.
pub(super) fn no_voice(personality: Personality, voice: &str) -> Refusal {
    match personality {
        Personality::Kokoro => Refusal::invalid(
            "voice",
            "validation_error",
            format!("Voice '{voice}' not found. Available voices: af_heart"),
        ),
        Personality::OpenAi | Personality::LocalAi | Personality::VllmOmni => Refusal::invalid(
            "voice",
            "invalid_value",
            format!("Invalid value: '{voice}'. Supported values are others."),
        ),
    }
}

fn speed(personality: Personality, speed: &Value) -> Result<f64, Refusal> {
    match speed.as_f64() {
        None if speed.is_null() => Ok(1.0),
        Some(speed) if (0.25..=4.0).contains(&speed) => Ok(speed),
        Some(_) | None => Err(validation(personality, "speed", "Input should be from 0.25 to 4.0: speed")),
    }
}

/// How the answer comes, and whether with the times of words.
fn way(state: &State, body: &Value, captioned: bool, older: bool) -> Result<(Way, bool), Refusal> {
    let personality = state.personality;
    let flag = |name: &str, unset: bool| match &body[name] {
        Value::Null => Ok(unset),
        Value::Bool(flag) => Ok(*flag),
        Value::Number(_) | Value::String(_) | Value::Array(_) | Value::Object(_) => {
            Err(validation(personality, name, format!("Input should be a valid boolean: {name}")))
        }
    };
    match personality {
        Personality::OpenAi => match body["stream_format"].as_str() {
            None | Some("audio") => Ok((Way::Chunks, false)),
            Some("sse") if older => {
                Err(Refusal::invalid("stream_format", "invalid_value", "'sse' is not supported for this model."))
            }
            Some("sse") => Ok((Way::Events, false)),
            Some(_) => Err(Refusal::invalid("stream_format", "invalid_value", "Invalid value of 'stream_format'.")),
        },
        Personality::Kokoro => {
            let streamed = flag("stream", true)?;
            let times = captioned && flag("return_timestamps", true)?;
            Ok(match (captioned, streamed) {
                (true, true) => (Way::CaptionedLines, times),
                (true, false) => (Way::Captioned, times),
                (false, true) => (Way::Chunks, false),
                (false, false) => (Way::Whole, false),
            })
        }
        Personality::LocalAi => Ok((if flag("stream", false)? { Way::Chunks } else { Way::Whole }, false)),
        Personality::VllmOmni => {
            let (streamed, times) = (flag("stream", false)?, flag("word_timestamps", false)?);
            if times && (streamed || !state.aligner) {
                let message = "word_timestamps needs a server with --forced-aligner, and no stream";
                return Err(Refusal::invalid("word_timestamps", "", message));
            }
            match body["stream_format"].as_str() {
                _ if !streamed => Ok((Way::Whole, times)),
                None | Some("sse") => Ok((Way::Events, false)),
                Some(_) => Ok((Way::Chunks, false)),
            }
        }
    }
}
