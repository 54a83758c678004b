//! Who speaks a script, between the wire of commands and what keys are made of.

use lectern_core::Failure;
use lectern_core::speakers::{LanguageSpeaker, PinnedSpeaker, PinnedVoice, Speakers, style_key};

use super::number;
use crate::{v1 as api, work::v1 as work};

/// Who speaks, as a command says it.
///
/// # Errors
/// INTERNAL for one in which nobody speaks, or a speaker has no voice: the conductor wrote it.
pub fn speakers(delivery: &work::Delivery) -> Result<Speakers, Failure> {
    let speakers = delivery.speakers.iter().map(speaker).collect::<Result<Vec<_>, _>>()?;
    let speakers = Speakers::try_from(speakers).map_err(|_| Failure::internal("a command does not say who speaks"))?;
    let of_language = |wire: &work::LanguageSpeaker| {
        let spoken =
            wire.speaker.as_ref().ok_or_else(|| Failure::internal("a language of a command has no speaker"))?;
        Ok(LanguageSpeaker { language: wire.language_code.clone(), speaker: speaker(spoken)? })
    };
    let languages = delivery.languages.iter().map(of_language).collect::<Result<_, Failure>>()?;
    let lexicon = match delivery.lexicon_key.as_str() {
        "" => None,
        key => Some(key.parse().map_err(|e| Failure::internal(format!("the lexicon of a command: {e}")))?),
    };
    Ok(speakers.with_languages(languages).with_lexicon(lexicon))
}

fn speaker(wire: &work::PinnedSpeaker) -> Result<PinnedSpeaker, Failure> {
    let asked = wire.voice.as_ref().ok_or_else(|| Failure::internal("a speaker of a command has no voice"))?;
    Ok(PinnedSpeaker {
        voice: voice(asked),
        others: wire.other_voices.iter().map(voice).collect(),
        style: style_key(&wire.style),
        language: wire.language_code.clone(),
        manners: wire.manners,
        others_manners: wire.others_manners,
    })
}

fn voice(wire: &work::PinnedVoice) -> PinnedVoice {
    let work::PinnedVoice { voice, version, sample_rate_hertz } = wire;
    let sample_rate = u32::try_from(*sample_rate_hertz).unwrap_or(0);
    PinnedVoice { name: voice.clone(), version: version.clone(), sample_rate }
}

/// How a script is spoken at a tempo of `speed` hundredths, in a command; `style` says how the
/// speaker of this place is to speak, for one whose voice takes that.
#[must_use]
pub fn delivery_to_wire(speakers: &Speakers, speed: u32, style: impl Fn(usize) -> String) -> work::Delivery {
    let speaker = |(place, speaker): (usize, &PinnedSpeaker)| work::PinnedSpeaker {
        voice: Some(voice_to_wire(&speaker.voice)),
        other_voices: speaker.others.iter().map(voice_to_wire).collect(),
        style: if speaker.style.is_some() { style(place) } else { String::new() },
        language_code: speaker.language.clone(),
        manners: speaker.manners,
        others_manners: speaker.others_manners,
    };
    // They speak as the first one does.
    let of_language = |one: &LanguageSpeaker| work::LanguageSpeaker {
        language_code: one.language.clone(),
        speaker: Some(speaker((0, &one.speaker))),
    };
    let languages = speakers.languages().iter().map(of_language).collect();
    let lexicon_key = speakers.lexicon().map(ToString::to_string).unwrap_or_default();
    let speakers = speakers.all().enumerate().map(speaker).collect();
    work::Delivery { speed: f64::from(speed) / 100.0, speakers, languages, lexicon_key }
}

fn voice_to_wire(voice: &PinnedVoice) -> work::PinnedVoice {
    let PinnedVoice { name, version, sample_rate } = voice;
    work::PinnedVoice { voice: name.clone(), version: version.clone(), sample_rate_hertz: number(*sample_rate) }
}

/// Who speaks, in the public API: the voices that were chosen, and those that may speak in their
/// place.
#[must_use]
pub fn speakers_to_wire(speakers: &Speakers) -> Vec<api::Speaker> {
    let speaker = |one: &PinnedSpeaker| api::Speaker {
        voice: one.voice.name.clone(),
        other_voices: one.others.iter().map(|other| other.name.clone()).collect(),
    };
    speakers.all().map(speaker).collect()
}

#[cfg(test)]
mod tests {
    use lectern_core::Digest;

    use super::*;

    #[test]
    fn who_speaks_is_read_as_it_was_written() {
        let voice = |name: &str| PinnedVoice { name: name.to_owned(), version: "1".to_owned(), sample_rate: 24_000 };
        let styled = PinnedSpeaker {
            voice: voice("engines/e/voices/a"),
            others: vec![voice("engines/f/voices/b")],
            style: style_key("calm"),
            language: "en".to_owned(),
            manners: false,
            others_manners: true,
        };
        let all: Speakers =
            vec![styled, PinnedSpeaker { manners: true, ..PinnedSpeaker::only(voice("engines/e/voices/c")) }]
                .try_into()
                .expect("two of them");
        let german = PinnedSpeaker { style: style_key("calm"), ..PinnedSpeaker::only(voice("engines/e/voices/de")) };
        let all = all.with_languages(vec![LanguageSpeaker { language: "de".to_owned(), speaker: german }]);
        let all = all.with_lexicon(Some(Digest::of(b"a lexicon")));
        let wire = delivery_to_wire(&all, 125, |place| if place == 0 { "calm".to_owned() } else { "dry".to_owned() });
        let shown: Vec<_> = speakers_to_wire(&all).into_iter().map(|one| (one.voice, one.other_voices.len())).collect();
        assert_eq!(shown, [("engines/e/voices/a".to_owned(), 1), ("engines/e/voices/c".to_owned(), 0)]);
        assert_eq!(speakers(&wire), Ok(all));
        assert!((wire.speed - 1.25).abs() < f64::EPSILON);
        assert_eq!(wire.speakers[1].style, "", "its voice takes no style");
    }

    #[test]
    fn a_command_in_which_nobody_speaks_is_none() {
        assert!(speakers(&work::Delivery::default()).is_err());
        let silent = work::Delivery { speakers: vec![work::PinnedSpeaker::default()], ..work::Delivery::default() };
        assert!(speakers(&silent).is_err());
        let odd = work::Delivery { lexicon_key: "words".to_owned(), ..work::Delivery::default() };
        assert!(speakers(&odd).is_err());
    }
}
