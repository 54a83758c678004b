//! How the script of a command is spoken: by voices that this version has, or by nobody.

use std::sync::Arc;

use lectern_core::Failure;
use lectern_core::content::script::Utterance;
use lectern_core::speakers::{PinnedSpeaker, PinnedVoice, Speakers, same_language};
use lectern_proto::convert;
use lectern_proto::work::v1::Delivery as Wire;
use lectern_stage::work::{pin_unavailable, same_pin};

use super::spoken::nobody;
use crate::engine::{Markup, SegmentRequest, Speed, Voice};
use crate::speaking::Choice;
use crate::voices::Voices;

/// How a script is spoken.
#[derive(Debug, Clone)]
pub(super) struct Delivery {
    /// Who speaks, as keys are made of it.
    pub(super) speakers: Speakers,
    speed: Speed,
    /// Who speaks for each speaker, by place.
    parts: Vec<Part>,
    /// Who speaks other languages.
    languages: Vec<(String, Part)>,
}

/// One of those who speak.
#[derive(Debug, Clone)]
struct Part {
    choice: Arc<Choice>,
    /// How, in the order's words.
    style: String,
    /// The language, for a voice that speaks several.
    language: String,
    /// Whether its voice, or one in its place, is told what is emphasised and quoted.
    manners: bool,
}

impl Part {
    /// A speaker of a command, who is heard with this rate.
    fn of(voices: &Voices, speaker: &PinnedSpeaker, style: &str, rate: u32) -> Result<Self, Failure> {
        let others = speaker.others.iter().map(|other| pinned(voices, other)).collect::<Result<_, _>>()?;
        let choice = voices.choice(pinned(voices, &speaker.voice)?, others)?;
        let choice = Arc::new(Choice { sample_rate: rate, ..choice });
        let manners = speaker.manners || speaker.others_manners;
        Ok(Self { choice, style: style.to_owned(), language: speaker.language.clone(), manners })
    }
}

impl Delivery {
    /// The delivery of a command, if this version still has its voices.
    ///
    /// # Errors
    /// `PIN_UNAVAILABLE`; `INTERNAL` for a command that does not say how to speak, `INVALID_FIELD`
    /// for a speed that there is not.
    pub(super) fn of(voices: &Voices, wire: Option<&Wire>) -> Result<Self, Failure> {
        let wire = wire.ok_or_else(|| Failure::internal("a command does not say how to speak"))?;
        let (speakers, speed) = (convert::speakers(wire)?, Speed::new(wire.speed)?);
        let rate = speakers.sample_rate();
        let placed = speakers.all().zip(&wire.speakers);
        let parts = placed.map(|(speaker, wire)| Part::of(voices, speaker, &wire.style, rate));
        let parts = parts.collect::<Result<_, _>>()?;
        let languages = speakers.languages().iter().zip(&wire.languages).map(|(one, wire)| {
            let style = wire.speaker.as_ref().map_or("", |speaker| speaker.style.as_str());
            Ok::<_, Failure>((one.language.clone(), Part::of(voices, &one.speaker, style, rate)?))
        });
        let languages = languages.collect::<Result<_, _>>()?;
        Ok(Self { speakers, speed, parts, languages })
    }

    /// The texts that the keys of its tracks and recordings are made of.
    pub(super) fn canonical(&self) -> (String, String) {
        self.speakers.canonical(u32::from(self.speed.hundredths()))
    }

    /// Who speaks an utterance, and what they are asked for.
    ///
    /// # Errors
    /// `INTERNAL` where nobody speaks for its speaker.
    pub(super) fn request(&self, utterance: &Utterance) -> Result<(Arc<Choice>, SegmentRequest), Failure> {
        let part = match utterance.language.as_deref() {
            Some(tag) => self.languages.iter().find(|(known, _)| same_language(known, tag)).map(|(_, part)| part),
            None => self.parts.get(usize::from(utterance.speaker.0)),
        };
        let Part { choice, style, language, manners } = part.ok_or_else(|| nobody(utterance, self.parts.len()))?;
        let voice = &choice.asked.voice;
        let mut request = SegmentRequest::new(utterance.spoken.clone(), voice.id.clone(), self.speed);
        if voice.capabilities.markup == Markup::Style {
            request.style.clone_from(style);
        }
        request.language.clone_from(language);
        // What is in no key of its speech is not asked for. A voice that takes no marks is given
        // those of whoever may speak in its place, and does not look at them.
        if *manners {
            request.marks.clone_from(&utterance.marks);
        }
        Ok((Arc::clone(choice), request))
    }

    /// Whether any of its voices costs money.
    pub(super) fn paid(&self) -> bool {
        self.all().any(|part| part.choice.paid())
    }

    /// The voices that speak, by place.
    pub(super) fn voices(&self) -> impl Iterator<Item = &Voice> {
        self.parts.iter().map(|part| &part.choice.asked.voice)
    }

    /// The voices that speak other languages, each with its language.
    pub(super) fn languages(&self) -> impl Iterator<Item = (&str, &Voice)> {
        self.languages.iter().map(|(language, part)| (language.as_str(), &part.choice.asked.voice))
    }

    fn all(&self) -> impl Iterator<Item = &Part> {
        self.parts.iter().chain(self.languages.iter().map(|(_, part)| part))
    }
}

/// The voice of a pin, if this version still has it. The gateway asked a replica that had it.
fn pinned(voices: &Voices, wanted: &PinnedVoice) -> Result<Voice, Failure> {
    let pin = wanted.pin().to_string();
    let voice = voices.named(&wanted.name).map_err(|_| pin_unavailable(&pin, "no such voice"))?;
    same_pin(&pin, &voice.pinned())?;
    if voice.recording_rate() != wanted.sample_rate {
        return Err(pin_unavailable(&pin, &format!("it with {} samples a second", voice.recording_rate())));
    }
    Ok(voice)
}

#[cfg(test)]
mod tests {
    use lectern_core::Reason;
    use lectern_core::content::Range;
    use lectern_core::content::script::{Manner, Mark, Role, Speaker};
    use lectern_proto::work::v1 as work;

    use super::*;
    use crate::engine::Capabilities;
    use crate::engine::tone::ToneEngine;
    use crate::testing::{a_voice, on_a_core};
    use crate::timeline::fixture::utterance;

    fn wire(voice: &str, style: &str) -> work::PinnedSpeaker {
        let voice = work::PinnedVoice { voice: voice.to_owned(), version: "1".to_owned(), sample_rate_hertz: 24_000 };
        work::PinnedSpeaker { voice: Some(voice), style: style.to_owned(), ..work::PinnedSpeaker::default() }
    }

    fn spoken(speakers: Vec<work::PinnedSpeaker>) -> Wire {
        Wire { speed: 1.0, speakers, ..Wire::default() }
    }

    #[test]
    fn what_is_in_another_language_is_asked_of_its_voice_in_that_language() {
        let german = work::PinnedSpeaker { language_code: "de".to_owned(), ..wire("engines/b/voices/styled", "calm") };
        let languages = vec![work::LanguageSpeaker { language_code: "de".to_owned(), speaker: Some(german) }];
        let command = Wire { languages, ..spoken(vec![wire("engines/a/voices/x", "")]) };
        let delivery = Delivery::of(&voices(), Some(&command)).unwrap();
        let mut said = utterance(0, Role::Body, true, "Es gibt Wörter.");
        assert_eq!(delivery.request(&said).unwrap().1.voice, "engines/a/voices/x");
        said.language = Some("de-AT".to_owned());
        let (_, request) = delivery.request(&said).unwrap();
        assert_eq!((request.voice.as_str(), request.language.as_str()), ("engines/b/voices/styled", "de"));
        assert_eq!(request.style, "calm");
        let listed: Vec<_> = delivery.languages().map(|(language, voice)| (language, voice.id.as_str())).collect();
        assert_eq!(listed, [("de", "engines/b/voices/styled")]);
        said.language = Some("fr".to_owned());
        assert!(delivery.request(&said).unwrap_err().message.contains("`fr`"));
    }

    fn voices() -> Voices {
        let capabilities = Capabilities { markup: Markup::Style, ..Capabilities::default() };
        let styled = Voice { capabilities, ..a_voice("engines/b/voices/styled") };
        let all = [a_voice("engines/a/voices/x"), styled];
        Voices::new(all.map(|voice| on_a_core(&Arc::new(ToneEngine::speaking_as(voice)))).to_vec())
    }

    #[test]
    fn each_speaker_is_asked_in_their_own_voice_and_style_at_one_rate() {
        let speakers = vec![wire("engines/a/voices/x", "calm"), wire("engines/b/voices/styled", "dry")];
        let delivery = Delivery::of(&voices(), Some(&spoken(speakers))).unwrap();
        let mut said = utterance(0, Role::Body, true, "It is said.");
        let (choice, request) = delivery.request(&said).unwrap();
        assert_eq!((choice.asked.voice.id.as_str(), request.style.as_str()), ("engines/a/voices/x", ""));
        said.speaker = Speaker(1);
        let (choice, request) = delivery.request(&said).unwrap();
        assert_eq!((request.voice.as_str(), request.style.as_str()), ("engines/b/voices/styled", "dry"));
        assert_eq!(choice.sample_rate, delivery.speakers.sample_rate());
        said.speaker = Speaker(2);
        assert_eq!(delivery.request(&said).unwrap_err().reason, Reason::Internal);
        assert_eq!((delivery.voices().count(), delivery.paid()), (2, false));
    }

    #[test]
    fn whoever_takes_manners_is_told_what_is_emphasised_and_quoted() {
        let told = work::PinnedSpeaker { manners: true, ..wire("engines/a/voices/x", "") };
        let in_its_place = work::PinnedSpeaker { others_manners: true, ..wire("engines/a/voices/x", "") };
        let speakers = vec![told, wire("engines/a/voices/x", ""), in_its_place];
        let delivery = Delivery::of(&voices(), Some(&spoken(speakers))).unwrap();
        let marks = vec![Mark { spoken: Range::new(3, 6), manner: Manner::Emphasis }];
        let mut said = Utterance { marks: marks.clone(), ..utterance(0, Role::Body, true, "It is said.") };
        assert_eq!(delivery.request(&said).unwrap().1.marks, marks);
        said.speaker = Speaker(1);
        assert!(delivery.request(&said).unwrap().1.marks.is_empty());
        said.speaker = Speaker(2);
        assert_eq!(delivery.request(&said).unwrap().1.marks, marks, "whoever speaks in its place is told");
    }

    #[test]
    fn a_voice_that_is_another_one_now_is_unavailable_whoever_has_it() {
        let old = |mut speaker: work::PinnedSpeaker, change: fn(&mut work::PinnedVoice)| {
            speaker.voice.iter_mut().for_each(change);
            speaker
        };
        let fine = || wire("engines/a/voices/x", "");
        let by_others = |other: work::PinnedSpeaker| work::PinnedSpeaker {
            other_voices: other.voice.into_iter().collect(),
            ..fine()
        };
        for speakers in [
            vec![old(fine(), |voice| voice.version = "0".to_owned())],
            vec![old(fine(), |voice| voice.sample_rate_hertz = 8_000)],
            vec![fine(), wire("engines/no/voices/body", "")],
            vec![by_others(old(wire("engines/b/voices/styled", ""), |voice| voice.version = "0".to_owned()))],
        ] {
            let refused = Delivery::of(&voices(), Some(&spoken(speakers))).unwrap_err();
            assert_eq!(refused.reason, Reason::PinUnavailable, "{refused}");
        }
    }
}
