//! What a request means to a model that speaks, and what it may not say though every name in it is
//! known.

use serde_json::Value;

use super::rows::{Dialect, INPUT, OUTPUT, Row, VOICES};
use crate::models::gemini::{REQUEST, Refusal, Surface, message};
use crate::models::tokens::tokens;

/// What a model makes of a request that was found right.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Request {
    /// Voices and what they say, in order.
    pub turns: Vec<(String, String)>,
    /// The voices, as the request names them.
    pub voices: Vec<String>,
    /// How it is said; empty where nothing is said of it.
    pub style: String,
    /// Tokens of the prompt.
    pub input: u64,
    /// The most tokens of audio.
    pub limit: u64,
    /// Whether the model answers with words: the text reads like a question to it.
    pub talks: bool,
}

/// Reads a request.
pub(super) fn read(row: &Row, surface: Surface, body: &Value) -> Result<Request, Refusal> {
    message(body, &REQUEST, "", surface)?;
    let config = &body["generationConfig"];
    of_other_models(body, config)?;
    sampling(row, config)?;
    let parts = parts(row, body)?;
    let speakers = speakers(row, &config["speechConfig"])?;
    let input: u64 = parts.iter().map(|part| tokens(&part.text) + tokens(&part.style)).sum();
    if input > INPUT {
        let message =
            format!("The input token count ({input}) exceeds the maximum number of tokens allowed ({INPUT}).");
        return Err(Refusal::invalid(message));
    }
    let limit = match config.get("maxOutputTokens").map(Value::as_u64) {
        None => OUTPUT,
        Some(limit) => limit.filter(|limit| (1..=OUTPUT).contains(limit)).ok_or_else(|| {
            let message = format!("max_output_tokens must be from 1 to {OUTPUT}");
            Refusal::field("generation_config.max_output_tokens", message)
        })?,
    };
    let voices = speakers.iter().map(|(_, voice)| voice.clone()).collect();
    let (turns, style, talks) = match row.dialect {
        Dialect::Metadata => beside(&parts, &speakers)?,
        Dialect::Text => within(&parts, &speakers),
    };
    Ok(Request { turns, voices, style, input, limit, talks })
}

/// What only models that write take.
fn of_other_models(body: &Value, config: &Value) -> Result<(), Refusal> {
    let has = |value: &Value, name: &str| value.get(name).is_some();
    if has(body, "systemInstruction") {
        return Err(Refusal::invalid("Developer instruction is not enabled for this model."));
    }
    for name in ["tools", "toolConfig", "cachedContent", "continuationToken"] {
        if has(body, name) {
            return Err(Refusal::invalid(format!("{name} is not supported by this model.")));
        }
    }
    for name in ["responseMimeType", "responseSchema", "responseJsonSchema", "thinkingConfig", "imageConfig"] {
        if has(config, name) {
            return Err(Refusal::field("generation_config", format!("{name} is not supported by this model.")));
        }
    }
    let modalities = config["responseModalities"].as_array().map(Vec::as_slice).unwrap_or_default();
    if modalities != ["AUDIO"] {
        let asked: Vec<&str> = modalities.iter().filter_map(Value::as_str).collect();
        let asked = if asked.is_empty() { "TEXT".to_owned() } else { asked.join(", ") };
        let message = format!(
            "The requested combination of response modalities ({asked}) is not supported by the model. The model \
             supports AUDIO."
        );
        return Err(Refusal::invalid(message));
    }
    let unknown = [
        "candidateCount",
        "stopSequences",
        "presencePenalty",
        "frequencyPenalty",
        "responseLogprobs",
        "logprobs",
        "mediaResolution",
        "routingConfig",
        "audioTimestamp",
        "responseFormat",
    ];
    match unknown.iter().find(|name| has(config, name)) {
        Some(name) => Err(Refusal::unknown(format!("{name} of a model that speaks"))),
        None if has(body, "modelArmorConfig") || has(body, "safetySettings") => {
            Err(Refusal::unknown("settings of safety of a model that speaks"))
        }
        None => Ok(()),
    }
}

/// 3.8 refuses what the older ones take no notice of.
fn sampling(row: &Row, config: &Value) -> Result<(), Refusal> {
    let named = ["temperature", "topP", "topK"].into_iter().find(|name| config.get(name).is_some());
    match named {
        Some(name) if row.dialect == Dialect::Metadata => {
            Err(Refusal::field("generation_config", format!("{name} is not supported by {}", row.id)))
        }
        Some(_) | None => Ok(()),
    }
}

/// A part of the only content.
struct Part {
    text: String,
    style: String,
    speaker: String,
}

fn parts(row: &Row, body: &Value) -> Result<Vec<Part>, Refusal> {
    let contents = body["contents"].as_array().map(Vec::as_slice).unwrap_or_default();
    let [content] = contents else {
        let many = !contents.is_empty();
        return Err(if many { Refusal::unknown("several turns of a model that speaks") } else { no_contents() });
    };
    if content["role"].as_str().is_some_and(|role| role != "user") {
        return Err(Refusal::field("contents", "Please use a valid role: user, model."));
    }
    let parts = content["parts"].as_array().map(Vec::as_slice).unwrap_or_default();
    if parts.is_empty() {
        return Err(Refusal::field("contents.parts", "contents.parts must not be empty."));
    }
    let of = |part: &Value| {
        let mut names = part.as_object().into_iter().flat_map(|fields| fields.keys());
        if names.any(|name| name != "text" && name != "speechMetadata") {
            return Err(Refusal::invalid("This model takes text alone."));
        }
        if part.get("speechMetadata").is_some() && row.dialect == Dialect::Text {
            return Err(Refusal::field("contents.parts", format!("speech_metadata is not supported by {}", row.id)));
        }
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let beside = &part["speechMetadata"];
        if text(&part["text"]).trim().is_empty() {
            return Err(Refusal::field("contents.parts", "contents.parts must not be empty."));
        }
        Ok(Part { text: text(&part["text"]), style: text(&beside["style"]), speaker: text(&beside["speaker"]) })
    };
    parts.iter().map(of).collect()
}

fn no_contents() -> Refusal {
    Refusal::field("contents", "contents is not specified")
}

/// Speakers by their names, with their voices; one without a name where one speaks alone.
fn speakers(row: &Row, speech: &Value) -> Result<Vec<(String, String)>, Refusal> {
    if let Some(tag) = speech["languageCode"].as_str() {
        let right = tag.split_once('-').is_some_and(|(language, place)| {
            (2..=3).contains(&language.len()) && !place.is_empty() && language.chars().all(|c| c.is_ascii_lowercase())
        });
        if !right {
            let message = format!("Unsupported language code '{tag}' for model {}", row.id);
            return Err(Refusal::field("generation_config.speech_config.language_code", message));
        }
    }
    match (speech.get("voiceConfig"), speech.get("multiSpeakerVoiceConfig")) {
        (Some(_), Some(_)) => {
            let message = "voice_config and multi_speaker_voice_config cannot be set together.";
            Err(Refusal::field("generation_config.speech_config", message))
        }
        (None, None) => Err(Refusal::unknown("the voice that speaks where none is named")),
        (Some(one), None) => Ok(vec![(String::new(), voice(row, one)?)]),
        (None, Some(several)) => {
            let configs = several["speakerVoiceConfigs"].as_array().map(Vec::as_slice).unwrap_or_default();
            let named = configs.iter().map(|config| {
                let name = config["speaker"].as_str().unwrap_or_default().to_owned();
                Ok((name, voice(row, &config["voiceConfig"])?))
            });
            let named: Vec<(String, String)> = named.collect::<Result<_, Refusal>>()?;
            match named.as_slice() {
                [(one, _), (other, _)] if one != other && !one.is_empty() && !other.is_empty() => Ok(named),
                _ => {
                    let message = "multi_speaker_voice_config must have exactly two speakers with names of their own.";
                    Err(Refusal::field("generation_config.speech_config.multi_speaker_voice_config", message))
                }
            }
        }
    }
}

/// The voice that is named: in two ways to 3.8, in one to the older ones.
fn voice(row: &Row, config: &Value) -> Result<String, Refusal> {
    if config.get("replicatedVoiceConfig").is_some() {
        return Err(Refusal::unknown("a replicated voice"));
    }
    let path = "generation_config.speech_config.voice_config";
    let (plain, prebuilt) = (config["voice"].as_str(), config["prebuiltVoiceConfig"]["voiceName"].as_str());
    let name = match (plain, prebuilt, row.dialect) {
        (Some(_), Some(_), _) => return Err(Refusal::field(path, "a voice is named in one way.")),
        (Some(_), None, Dialect::Text) => {
            return Err(Refusal::field(path, format!("voice is not supported by {}", row.id)));
        }
        (Some(name), None, Dialect::Metadata) | (None, Some(name), _) => name,
        (None, None, _) => return Err(Refusal::field(path, "there is no voice.")),
    };
    if name.starts_with("voice_") || name.starts_with("voicekey_") {
        return Err(Refusal::unknown("a voice that somebody designed or replicated"));
    }
    let known = VOICES.iter().find(|known| known.eq_ignore_ascii_case(name));
    known.map(|known| (*known).to_owned()).ok_or_else(|| no_voice(name))
}

/// What is said of a voice that is not there.
pub(super) fn no_voice(name: &str) -> Refusal {
    let known = VOICES.map(str::to_ascii_lowercase).join(", ");
    let message = format!("Voice name {name} for tts model is not supported. Allowed voice names are: {known}");
    Refusal::field("generation_config.speech_config", message)
}

/// What is spoken, by whom; how; and whether it is answered with words.
type Meant = (Vec<(String, String)>, String, bool);

/// As 3.8 reads it: word for word, but for its tags.
fn beside(parts: &[Part], speakers: &[(String, String)]) -> Result<Meant, Refusal> {
    let alone = speakers.len() == 1;
    let turn = |part: &Part| {
        let named = speakers.iter().find(|(name, _)| *name == part.speaker);
        let text = without_tags(&part.text, '<', '>');
        match (named, speakers.first()) {
            (Some((_, voice)), _) if !alone => Ok((voice.clone(), text)),
            (_, Some((_, voice))) if alone && part.speaker.is_empty() => Ok((voice.clone(), text)),
            _ => {
                let message = "speech_metadata.speaker is one of the speakers of two, and none of one.";
                Err(Refusal::field("contents.parts.speech_metadata.speaker", message))
            }
        }
    };
    let turns = parts.iter().map(turn).collect::<Result<_, _>>()?;
    let style = parts.iter().map(|part| part.style.as_str()).find(|style| !style.is_empty()).unwrap_or_default();
    Ok((turns, style.to_owned(), false))
}

/// As the older ones read it: a first line that ends with a colon says how, the others what; of two
/// speakers, each line by whom.
fn within(parts: &[Part], speakers: &[(String, String)]) -> Meant {
    let text = parts.iter().map(|part| part.text.as_str()).collect::<Vec<_>>().join("\n");
    let (told, spoken) = match text.split_once('\n') {
        Some((first, rest)) if first.trim_end().ends_with(':') => (first.trim_end().trim_end_matches(':'), rest),
        Some(_) | None => ("", text.as_str()),
    };
    let mut by = speakers.first();
    let mut turns = Vec::new();
    for line in spoken.lines() {
        let named = speakers.iter().filter(|(name, _)| !name.is_empty());
        let of = |(name, _): &&(String, String)| line.starts_with(&format!("{name}:"));
        let said = match named.clone().find(of) {
            Some(speaker) => {
                by = Some(speaker);
                line.get(speaker.0.len() + 1..).unwrap_or_default()
            }
            None => line,
        };
        let said = without_tags(said, '[', ']');
        if let (Some((_, voice)), false) = (by, said.trim().is_empty()) {
            turns.push((voice.clone(), said.trim().to_owned()));
        }
    }
    let talks = told.is_empty() && text.trim_end().ends_with('?');
    (turns, told.to_owned(), talks)
}

/// A text without what stands between two signs: those are sounds, not words.
fn without_tags(text: &str, open: char, close: char) -> String {
    let mut kept = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(open) {
        kept.push_str(before);
        match after.split_once(close) {
            Some((_, behind)) => rest = behind,
            None => {
                kept.push(open);
                rest = after;
            }
        }
    }
    kept + rest
}
