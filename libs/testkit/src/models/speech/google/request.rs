//! What a request means, and what it may not say though every name in it is known.

use serde_json::Value;

use super::families::{Family, of};
use super::names::REQUEST;
use super::ssml::{self, Spoken};
use crate::models::gemini::{Refusal, Surface, message};

/// Bytes of UTF-8 of all input.
const MOST_BYTES: usize = 5_000;
/// Characters of a sentence beyond which families refuse it that do.
const SENTENCE: usize = 600;
/// Samples a second where none are asked for.
const RATE: u32 = 24_000;

/// A request that was found right.
#[derive(Debug, Clone)]
pub(super) struct Request {
    pub voice: String,
    pub family: &'static Family,
    pub spoken: Spoken,
    /// Characters that are billed.
    pub characters: u64,
    pub rate: u32,
    pub speed: f64,
    /// Whether it comes with the header of a WAV.
    pub wav: bool,
    /// Whether the times of marks are wanted.
    pub times: bool,
}

/// Reads a request. `withdrawn` says whether a voice is not served any more.
pub(super) fn read(surface: Surface, body: &Value, withdrawn: impl Fn(&str) -> bool) -> Result<Request, Refusal> {
    message(body, &REQUEST, "", surface)?;
    unknown(body)?;
    let (voice, family) = voice(&body["voice"], withdrawn)?;
    let (spoken, characters) = input(&body["input"], family)?;
    if family.short_sentences && spoken.text.split_inclusive(['.', '!', '?']).any(|s| s.chars().count() > SENTENCE) {
        let message = "This request contains sentences that are too long. To fix, split up long sentences with sentence \
                       ending punctuation e.g. periods.";
        return Err(Refusal::invalid(message));
    }
    let audio = &body["audioConfig"];
    let wav = match audio["audioEncoding"].as_str() {
        Some("LINEAR16") => true,
        Some("PCM") => false,
        Some(other) => return Err(Refusal::unknown(format!("the encoding {other}"))),
        None => return Err(Refusal::invalid("Request contains an invalid argument: audio_encoding is required.")),
    };
    let rate = match audio["sampleRateHertz"].as_i64() {
        None | Some(0) => RATE,
        Some(rate) => {
            let rate = u32::try_from(rate).ok().filter(|rate| (8_000..=48_000).contains(rate));
            rate.ok_or_else(|| Refusal::invalid("Invalid sample_rate_hertz."))?
        }
    };
    Ok(Request {
        speed: prosody(audio, family)?,
        times: body["enableTimePointing"].as_array().is_some_and(|wanted| wanted.iter().any(|it| it == "SSML_MARK")),
        voice,
        family,
        spoken,
        characters,
        rate,
        wav,
    })
}

/// What is known to exist and nobody looked up.
fn unknown(body: &Value) -> Result<(), Refusal> {
    let places = [
        ("/input/multiSpeakerMarkup", "several speakers"),
        ("/input/markup", "markup"),
        ("/input/prompt", "a prompt"),
        ("/voice/modelName", "a model's voice"),
        ("/voice/customVoice", "a custom voice"),
        ("/voice/voiceClone", "a cloned voice"),
        ("/voice/multiSpeakerVoiceConfig", "several speakers"),
        ("/audioConfig/effectsProfileId", "effects"),
        ("/advancedVoiceOptions", "advancedVoiceOptions"),
    ];
    match places.iter().find(|(place, _)| body.pointer(place).is_some()) {
        Some((_, what)) => Err(Refusal::unknown(*what)),
        None => Ok(()),
    }
}

fn voice(voice: &Value, withdrawn: impl Fn(&str) -> bool) -> Result<(String, &'static Family), Refusal> {
    let code = voice["languageCode"].as_str().unwrap_or_default();
    if code.is_empty() {
        return Err(Refusal::invalid("Request contains an invalid argument: language_code is required."));
    }
    let name = voice["name"].as_str().unwrap_or_default();
    if name.is_empty() {
        return Err(Refusal::unknown("the voice of a language where none is named"));
    }
    let (family, locale) = of(name).filter(|_| !withdrawn(name)).ok_or_else(|| no_voice(name))?;
    if !locale.eq_ignore_ascii_case(code) {
        let message = format!(
            "Requested language code '{code}' doesn't match the voice '{name}''s language code '{locale}'. Either change \
             the requested language code to '{locale}' or pick a different voice."
        );
        return Err(Refusal::invalid(message));
    }
    Ok((name.to_owned(), family))
}

/// What is said of a voice that is not there.
pub(super) fn no_voice(name: &str) -> Refusal {
    Refusal::invalid(format!("Voice '{name}' does not exist. Is it misspelled?"))
}

/// What is spoken, and the characters that are billed.
fn input(input: &Value, family: &Family) -> Result<(Spoken, u64), Refusal> {
    let pronunciations = input["customPronunciations"]["pronunciations"].as_array();
    let pronunciations: Vec<&Value> = pronunciations.into_iter().flatten().collect();
    let beside = pronunciations.iter().flat_map(|one| [&one["phrase"], &one["pronunciation"]]);
    let beside: Vec<&str> = beside.filter_map(Value::as_str).collect();
    let (text, ssml) = (input["text"].as_str(), input["ssml"].as_str());
    let bytes: usize = beside.iter().copied().chain(text).chain(ssml).map(str::len).sum();
    if bytes > MOST_BYTES {
        let message = "Either `input.text` or `input.ssml` is longer than the limit of 5000 bytes. This limit is \
                       different from quotas. To fix, reduce the byte length of the characters in this request, or \
                       consider using the Long Audio API: \
                       https://cloud.google.com/text-to-speech/docs/create-audio-text-long-audio-synthesis.";
        return Err(Refusal::invalid(message));
    }
    if !pronunciations.is_empty() {
        if !family.pronunciations {
            return Err(Refusal::invalid("This voice does not support custom pronunciations."));
        }
        let names = ["phrase", "phoneticEncoding", "pronunciation"];
        if pronunciations.iter().any(|one| names.iter().any(|name| one[*name].is_null())) {
            return Err(Refusal::invalid("Request contains an invalid argument: custom_pronunciations."));
        }
    }
    let spoken = match (text, ssml) {
        (Some(text), None) => Spoken { text: text.to_owned(), ..Spoken::default() },
        (None, Some(ssml)) => ssml::read(ssml, family)?,
        (Some(_), Some(_)) | (None, None) => {
            return Err(Refusal::invalid("Exactly one of input.text and input.ssml must be set."));
        }
    };
    if spoken.text.trim().is_empty() {
        return Err(Refusal::invalid("The input is empty."));
    }
    let sent = text.or(ssml).map_or(0, |sent| sent.chars().count()) - spoken.of_marks;
    let characters = sent + beside.iter().map(|text| text.chars().count()).sum::<usize>();
    Ok((spoken, u64::try_from(characters).unwrap_or(u64::MAX)))
}

/// The speaking rate; what else decides how it sounds is looked at.
fn prosody(audio: &Value, family: &Family) -> Result<f64, Refusal> {
    let number = |name: &str| audio[name].as_f64();
    if number("pitch").is_some_and(|pitch| pitch != 0.0) && !family.pitch {
        return Err(Refusal::invalid("This voice does not support pitch parameters at this time."));
    }
    let within = |name: &str, least: f64, most: f64| number(name).is_none_or(|it| (least..=most).contains(&it));
    if !within("pitch", -20.0, 20.0) || !within("volumeGainDb", -96.0, 16.0) {
        return Err(Refusal::invalid("pitch is from -20 to 20, and volume_gain_db from -96 to 16."));
    }
    match number("speakingRate") {
        None => Ok(1.0),
        Some(_) if !family.rate => Err(Refusal::invalid("This voice does not support speaking rate at this time.")),
        Some(0.0) => Ok(1.0),
        Some(rate) if (0.25..=2.0).contains(&rate) => Ok(rate),
        Some(_) => Err(Refusal::invalid("speaking_rate is from 0.25 to 2.0.")),
    }
}
