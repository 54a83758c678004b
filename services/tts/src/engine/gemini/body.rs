//! What is sent: the fields that are needed and no other, since a field too many is refused. No
//! sampling, which 3.8 refuses; no instructions of a system, which the older ones refuse.

use lectern_core::Failure;
use lectern_provider::gemini::Host;
use serde_json::{Value, json};

use super::rows::{Dialect, Model};
use crate::engine::remote::language::{among, of_provider};
use crate::engine::{SegmentRequest, Voice, short_of};

/// What two speakers are called.
const SPEAKERS: [&str; 2] = ["Speaker1", "Speaker2"];
/// What an older model is told before the text, as Google's own examples do. Without it some texts
/// are answered and not spoken.
const SAY: &str = "Say the following";

/// The request's body.
///
/// # Errors
/// `INVALID_FIELD` for `turns` of more than two voices, and for `text` without words or longer than
/// the model reads.
pub(super) fn body(request: &SegmentRequest, voice: &Voice, model: &Model, host: &Host) -> Result<Value, Failure> {
    let (speakers, style) = (speakers(request)?, request.style.trim());
    let spoken: Vec<(String, Option<&str>)> = match speakers {
        None => vec![(plain(request.text.trim(), model.dialect), None)],
        Some((first, _)) => request
            .turns
            .iter()
            .map(|turn| {
                let speaker = SPEAKERS[usize::from(turn.voice != first)];
                (plain(turn.spoken.of(&request.text).trim(), model.dialect), Some(speaker))
            })
            .filter(|(text, _)| !text.is_empty())
            .collect(),
    };
    let parts: Vec<Value> = match model.dialect {
        Dialect::Metadata => spoken.iter().map(|(text, speaker)| part(text, style, *speaker)).collect(),
        Dialect::Text => vec![json!({"text": told(&spoken, style)})],
    };
    let bytes: usize = parts.iter().map(|part| part.to_string().len()).sum();
    if u64::try_from(bytes).unwrap_or(u64::MAX) > model.input {
        let message = format!("the text is longer than {} reads at once; ask for less of it", model.id);
        return Err(Failure::invalid("text", message));
    }
    let mut speech = match speakers {
        None => json!({"voiceConfig": voice_config(voice.short(), model.dialect)}),
        Some((first, second)) => {
            let of = |speaker: &str, voice: &str| json!({"speaker": speaker, "voiceConfig": voice_config(short_of(voice), model.dialect)});
            let both = [of(SPEAKERS[0], first), of(SPEAKERS[1], second)];
            json!({"multiSpeakerVoiceConfig": {"speakerVoiceConfigs": both}})
        }
    };
    if let Some(tag) = among(&voice.languages, &request.language) {
        speech["languageCode"] = json!(of_provider(tag));
    }
    let mut body = json!({
        "contents": [{"role": "user", "parts": parts}],
        "generationConfig": {"responseModalities": ["AUDIO"], "speechConfig": speech},
    });
    // The other hosts do not know it.
    if *host == Host::Developer {
        body["store"] = json!(false);
    }
    Ok(body)
}

/// The voices of two speakers, the first one's first; none where one speaks alone.
fn speakers(request: &SegmentRequest) -> Result<Option<(&str, &str)>, Failure> {
    let Some(first) = request.turns.first() else { return Ok(None) };
    let mut others = request.turns.iter().filter(|turn| turn.voice != first.voice);
    let Some(second) = others.next() else { return Ok(None) };
    if others.any(|turn| turn.voice != second.voice) {
        return Err(Failure::invalid("turns", "Gemini speaks with two voices at once; ask for the turns of two"));
    }
    Ok(Some((first.voice.as_str(), second.voice.as_str())))
}

/// A text in which nothing is a tag of the model's: `<sigh>` to 3.8, `[sigh]` to the older ones.
fn plain(text: &str, dialect: Dialect) -> String {
    let (open, close) = match dialect {
        Dialect::Metadata => ('<', '>'),
        Dialect::Text => ('[', ']'),
    };
    text.replace(open, "(").replace(close, ")")
}

/// A turn of 3.8: its text is read word for word, and how it is said stands beside it.
fn part(text: &str, style: &str, speaker: Option<&str>) -> Value {
    let mut part = json!({ "text": text });
    if !style.is_empty() {
        part["speechMetadata"]["style"] = json!(style);
    }
    if let Some(speaker) = speaker {
        part["speechMetadata"]["speaker"] = json!(speaker);
    }
    part
}

/// All turns of an older model in one text, after how they are said.
fn told(spoken: &[(String, Option<&str>)], style: &str) -> String {
    let style = style.trim_end_matches(['.', ':', '!']);
    let mut told = if style.is_empty() { format!("{SAY}:") } else { format!("{SAY}, {style}:") };
    for (text, speaker) in spoken {
        told.push('\n');
        if let Some(speaker) = speaker {
            told.push_str(speaker);
            told.push_str(": ");
        }
        told.push_str(text);
    }
    told
}

fn voice_config(voice: &str, dialect: Dialect) -> Value {
    match dialect {
        Dialect::Metadata => json!({"voice": voice}),
        Dialect::Text => json!({"prebuiltVoiceConfig": {"voiceName": voice}}),
    }
}

/// Bytes of all texts of a body: as many tokens as that they have at most.
pub(super) fn bytes(body: &Value) -> u64 {
    let parts = body["contents"][0]["parts"].as_array().into_iter().flatten();
    let text = |value: &Value| value.as_str().map_or(0, str::len);
    let of = |part: &Value| {
        let beside = &part["speechMetadata"];
        text(&part["text"]) + text(&beside["style"]) + text(&beside["speaker"])
    };
    u64::try_from(parts.map(of).sum::<usize>()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use lectern_core::content::Range;

    use super::super::rows::known;
    use super::*;
    use crate::config::GeminiConfig;
    use crate::engine::{Speed, Turn};

    fn sent(model: &str, request: &SegmentRequest) -> Result<Value, Failure> {
        let config = GeminiConfig { model: model.to_owned(), ..GeminiConfig::default() };
        let (model, voices) = known("g", &config).unwrap();
        let voice = voices.iter().find(|voice| voice.id == request.voice).unwrap();
        body(request, voice, &model, &Host::Developer)
    }

    fn request(text: &str) -> SegmentRequest {
        SegmentRequest::new(text, "engines/g/voices/Kore", Speed::NORMAL)
    }

    fn dialogue(text: &str, turns: &[(u32, u32, &str)]) -> SegmentRequest {
        let turn = |&(start, end, voice): &(u32, u32, &str)| Turn {
            spoken: Range::new(start, end),
            voice: format!("engines/g/voices/{voice}"),
        };
        SegmentRequest { turns: turns.iter().map(turn).collect(), ..request(text) }
    }

    #[test]
    fn a_style_stands_beside_the_text_of_3_8_which_is_sent_word_for_word() {
        let mut asked = request("She said <sigh> and [left].");
        let plain = sent("gemini-3.8-flash-tts", &asked).unwrap();
        assert_eq!(
            plain,
            json!({
                "contents": [{"role": "user", "parts": [{"text": "She said (sigh) and [left]."}]}],
                "generationConfig": {
                    "responseModalities": ["AUDIO"],
                    "speechConfig": {"voiceConfig": {"voice": "Kore"}},
                },
                "store": false,
            })
        );
        asked.style = " calm and slow ".to_owned();
        asked.language = "zh".to_owned();
        let styled = sent("gemini-3.8-flash-tts", &asked).unwrap();
        let part = json!({"text": "She said (sigh) and [left].", "speechMetadata": {"style": "calm and slow"}});
        assert_eq!(styled["contents"][0]["parts"], json!([part]));
        assert_eq!(styled["generationConfig"]["speechConfig"]["languageCode"], "cmn-CN");
        assert_eq!(bytes(&styled), ("She said (sigh) and [left].".len() + "calm and slow".len()) as u64);
    }

    #[test]
    fn a_style_stands_in_the_text_of_the_older_ones() {
        let mut asked = request("She said <sigh> and [left].");
        asked.style = "calm and slow.".to_owned();
        let body = sent("gemini-2.5-flash-tts", &asked).unwrap();
        let text = "Say the following, calm and slow:\nShe said <sigh> and (left).";
        assert_eq!(body["contents"][0]["parts"], json!([{ "text": text }]));
        let voice = json!({"voiceConfig": {"prebuiltVoiceConfig": {"voiceName": "Kore"}}});
        assert_eq!(body["generationConfig"]["speechConfig"], voice);
        asked.style.clear();
        let body = sent("gemini-2.5-flash-tts", &asked).unwrap();
        assert!(body["contents"][0]["parts"][0]["text"].as_str().unwrap().starts_with("Say the following:\nShe"));
    }

    #[test]
    fn two_speakers_have_a_part_each_or_a_line_each() {
        let mut asked = dialogue("Well? Yes. So.", &[(0, 6, "Kore"), (6, 11, "Puck"), (11, 14, "Kore")]);
        asked.style = "lively".to_owned();
        let newer = sent("gemini-3.8-flash-tts", &asked).unwrap();
        let part = |text: &str, speaker: &str| json!({"text": text, "speechMetadata": {"style": "lively", "speaker": speaker}});
        let parts = json!([part("Well?", "Speaker1"), part("Yes.", "Speaker2"), part("So.", "Speaker1")]);
        assert_eq!(newer["contents"][0]["parts"], parts);
        let voices = json!({"multiSpeakerVoiceConfig": {"speakerVoiceConfigs": [
            {"speaker": "Speaker1", "voiceConfig": {"voice": "Kore"}},
            {"speaker": "Speaker2", "voiceConfig": {"voice": "Puck"}},
        ]}});
        assert_eq!(newer["generationConfig"]["speechConfig"], voices);
        let older = sent("gemini-2.5-pro-tts", &asked).unwrap();
        let text = "Say the following, lively:\nSpeaker1: Well?\nSpeaker2: Yes.\nSpeaker1: So.";
        assert_eq!(older["contents"][0]["parts"], json!([{ "text": text }]));
    }

    #[test]
    fn one_voice_in_all_turns_is_one_speaker_and_three_are_too_many() {
        let alone = dialogue("Well? Yes.", &[(0, 6, "Kore"), (6, 10, "Kore")]);
        let body = sent("gemini-3.8-flash-tts", &alone).unwrap();
        assert_eq!(body["contents"][0]["parts"], json!([{"text": "Well? Yes."}]));
        let three = dialogue("Well? Yes. So.", &[(0, 6, "Kore"), (6, 11, "Puck"), (11, 14, "Leda")]);
        assert_eq!(sent("gemini-3.8-flash-tts", &three).unwrap_err().field.as_deref(), Some("turns"));
        let long = request(&"word ".repeat(2_000));
        assert_eq!(sent("gemini-3.8-flash-tts", &long).unwrap_err().field.as_deref(), Some("text"));
    }
}
