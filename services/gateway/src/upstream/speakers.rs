//! Who speaks what was ordered: tts is asked for the voices, and their versions are pinned.

use std::collections::BTreeSet;

use lectern_core::content::script::{Order, OtherLanguages, Style};
use lectern_core::id::TenantId;
use lectern_core::speakers::{
    LanguageSpeaker, PinnedSpeaker, PinnedVoice, Speakers, primary, same_language, style_key,
};
use lectern_core::{Failure, Kind, Reason};
use lectern_proto::tts::v1 as tts;
use lectern_proto::v1::{self as api, voice_capabilities::Markup};

use super::{Upstream, at_order, missing, short, told};
use crate::domain::{NarrationRequest, OrderedSpeaker, style, talking};

impl Upstream {
    /// Who speaks `ordered`, whose document is in this language, and what of it is in `others`, if
    /// they can.
    ///
    /// # Errors
    /// What tts answers, of the order's fields; `LANGUAGE_UNSUPPORTED` for another language that
    /// the order names and no voice speaks.
    pub(super) async fn speakers(
        &self,
        tenant: &TenantId,
        ordered: &NarrationRequest,
        language_code: String,
        others: Vec<String>,
    ) -> Result<Speakers, Failure> {
        let resolved = self.resolved(tenant, ordered, language_code.clone(), others).await?;
        let (order, language) = (&ordered.order, language_code.as_str());
        let languages = languages(order, resolved.languages)?;
        check_languages(order, language, &languages)?;
        Ok(pinned(order, language, resolved.speakers)?.with_languages(languages))
    }

    /// What the speech of the voices costs that would speak `ordered`, and what of it is in
    /// `others`; none for a voice that has no price today.
    ///
    /// # Errors
    /// What ingest answers of the document's language, and tts of the order's fields.
    pub async fn speech_prices(
        &self,
        tenant: &TenantId,
        ordered: &NarrationRequest,
        others: Vec<String>,
    ) -> Result<Vec<Option<tts::SpeechPrice>>, Failure> {
        let language_code = self.language_of(tenant, ordered).await?;
        let resolved = self.resolved(tenant, ordered, language_code, others).await?;
        let languages = resolved.languages.into_iter().map(|one| one.price);
        Ok(resolved.speakers.into_iter().map(|one| one.price).chain(languages).collect())
    }

    /// Who speaks, as tts chooses them.
    async fn resolved(
        &self,
        tenant: &TenantId,
        ordered: &NarrationRequest,
        language_code: String,
        others: Vec<String>,
    ) -> Result<tts::ResolveSpeakersResponse, Failure> {
        let speaker =
            |one: &OrderedSpeaker| api::Speaker { voice: one.voice.clone(), other_voices: one.others.clone() };
        let wanted = tts::ResolveSpeakersRequest {
            speakers: ordered.speakers.iter().map(speaker).collect(),
            language_code,
            formats: ordered.formats.clone(),
            speed: Some(f64::from(ordered.speed) / 100.0),
            speaker_count: i32::try_from(talking(&ordered.order)).unwrap_or(i32::MAX),
            other_language_codes: others,
        };
        let resolved = self.speech(tenant).resolve_speakers(short(wanted)).await;
        Ok(resolved.map_err(|status| at_order(told(&status)))?.into_inner())
    }
}

/// The languages that voices are wanted for beside that of the document, `language`: those that the
/// order names, else all that its writer has rules for. Other styles than a narration speak none.
pub(super) fn other_languages(order: &Order, language: &str, known: Vec<String>) -> Vec<String> {
    match &order.other_languages {
        OtherLanguages::Speak(named) if order.style == Style::Narration => {
            let wanted = if named.is_empty() { known } else { named.iter().cloned().collect() };
            wanted.into_iter().filter(|tag| !same_language(tag, language)).collect()
        }
        OtherLanguages::Speak(_) | OtherLanguages::Skip | OtherLanguages::Refuse => Vec::new(),
    }
}

/// Who speaks other languages, as tts chose them.
fn languages(order: &Order, resolved: Vec<tts::ResolvedLanguage>) -> Result<Vec<LanguageSpeaker>, Failure> {
    let speaker = |one: tts::ResolvedLanguage| {
        let voice = one.voice.ok_or_else(|| missing("a voice"))?;
        let (language, speaker) =
            (one.language_code.clone(), speaker(order, 0, &one.language_code, voice, Vec::new())?);
        Ok(LanguageSpeaker { language, speaker })
    };
    resolved.into_iter().map(speaker).collect()
}

/// Refuses another language that is ordered and that no voice speaks.
///
/// # Errors
/// `LANGUAGE_UNSUPPORTED`.
fn check_languages(order: &Order, language: &str, languages: &[LanguageSpeaker]) -> Result<(), Failure> {
    let OtherLanguages::Speak(named) = &order.other_languages else { return Ok(()) };
    let is_spoken =
        |tag: &str| same_language(tag, language) || languages.iter().any(|one| same_language(&one.language, tag));
    let Some(tag) = named.iter().find(|tag| order.style == Style::Narration && !is_spoken(tag)) else { return Ok(()) };
    let message = format!("no voice here speaks `{tag}`; leave it out, or list the voices and their languages");
    let failure = Failure::new(Kind::InvalidArgument, Reason::LanguageUnsupported, message);
    Err(failure.at("narration.spoken_languages"))
}

/// The speakers of an order in this language as tts chose them.
fn pinned(order: &Order, language: &str, resolved: Vec<tts::ResolvedSpeaker>) -> Result<Speakers, Failure> {
    if resolved.len() != talking(order) {
        return Err(missing("a voice for each speaker"));
    }
    let of_place = |(place, one): (usize, tts::ResolvedSpeaker)| {
        let voice = one.voice.ok_or_else(|| missing("a voice"))?;
        speaker(order, place, language, voice, one.other_voices)
    };
    let speakers = resolved.into_iter().enumerate().map(of_place).collect::<Result<Vec<_>, Failure>>()?;
    speakers.try_into().map_err(|_| missing("a voice"))
}

/// A speaker of a place, who speaks this language. What a voice would not look at is not pinned, so
/// that it has no part in keys.
fn speaker(
    order: &Order,
    place: usize,
    language: &str,
    voice: api::Voice,
    others: Vec<api::Voice>,
) -> Result<PinnedSpeaker, Failure> {
    let takes =
        |voice: &api::Voice, markup: Markup| voice.capabilities.as_ref().is_some_and(|can| can.markup() == markup);
    let takes_style = takes(&voice, Markup::Style);
    let manners = takes(&voice, Markup::Ssml);
    let others_manners = others.iter().any(|other| takes(other, Markup::Ssml));
    let spoken: BTreeSet<String> = voice.language_codes.iter().map(|tag| primary(tag)).collect();
    let several = spoken.len() > 1 && spoken.contains(&primary(language));
    Ok(PinnedSpeaker {
        style: if takes_style { style_key(&style(order, place)) } else { None },
        language: if several { language.to_owned() } else { String::new() },
        manners,
        others_manners,
        voice: pinned_voice(voice)?,
        others: others.into_iter().map(pinned_voice).collect::<Result<_, _>>()?,
    })
}

fn pinned_voice(voice: api::Voice) -> Result<PinnedVoice, Failure> {
    let sample_rate = u32::try_from(voice.sample_rate_hertz).ok().filter(|rate| *rate > 0);
    let sample_rate = sample_rate.ok_or_else(|| missing("the sample rate of a voice"))?;
    Ok(PinnedVoice { name: voice.name, version: voice.version, sample_rate })
}

#[cfg(test)]
mod tests {
    use lectern_core::content::script::{Character, Direction};

    use super::*;

    fn resolved(name: &str, markup: Markup) -> tts::ResolvedSpeaker {
        let can = api::VoiceCapabilities { markup: markup.into(), ..api::VoiceCapabilities::default() };
        let voice = api::Voice {
            name: name.to_owned(),
            version: "1".to_owned(),
            sample_rate_hertz: 24_000,
            capabilities: Some(can),
            ..api::Voice::default()
        };
        tts::ResolvedSpeaker { voice: Some(voice), ..tts::ResolvedSpeaker::default() }
    }

    #[test]
    fn a_style_is_pinned_where_a_voice_takes_one() {
        let character = |name: &str, manner: &str| Character {
            name: name.to_owned(),
            role: String::new(),
            manner: manner.to_owned(),
        };
        let order = Order {
            direction: Direction { tone: "calm".to_owned(), ..Direction::PLAIN },
            cast: vec![character("Ann", ""), character("Bo", "dry")],
            ..Order::of(Style::Dialogue)
        };
        let voices = vec![resolved("engines/e/voices/a", Markup::Plain), resolved("engines/e/voices/b", Markup::Style)];
        let speakers = pinned(&order, "en", voices).expect("two");
        let styles: Vec<_> = speakers.all().map(|one| one.style).collect();
        assert_eq!(styles, [None, style_key("calm; dry")]);
        let names: Vec<&str> = speakers.all().map(|one| one.voice.name.as_str()).collect();
        assert_eq!(names, ["engines/e/voices/a", "engines/e/voices/b"]);
    }

    #[test]
    fn manners_are_pinned_for_a_voice_and_apart_for_those_in_its_place() {
        let order = Order::of(Style::Narration);
        let plain = || resolved("engines/e/voices/a", Markup::Plain);
        let marked = || resolved("engines/e/voices/b", Markup::Ssml);
        let by = |voice: tts::ResolvedSpeaker, other: tts::ResolvedSpeaker| tts::ResolvedSpeaker {
            other_voices: other.voice.into_iter().collect(),
            ..voice
        };
        for (voice, told) in [
            (plain(), (false, false)),
            (marked(), (true, false)),
            (by(plain(), plain()), (false, false)),
            (by(plain(), marked()), (false, true)),
            (by(marked(), plain()), (true, false)),
            (by(marked(), marked()), (true, true)),
        ] {
            let speakers = pinned(&order, "en", vec![voice]).expect("one");
            let first = speakers.first();
            assert_eq!((first.manners, first.others_manners), told);
        }
    }

    #[test]
    fn an_answer_without_a_voice_for_each_is_no_answer() {
        let dialogue = Order::of(Style::Dialogue);
        assert!(pinned(&dialogue, "en", vec![resolved("engines/e/voices/a", Markup::Plain)]).is_err());
        let one = Order::of(Style::Narration);
        assert!(pinned(&one, "en", vec![tts::ResolvedSpeaker::default()]).is_err());
        let mut silent = resolved("engines/e/voices/a", Markup::Plain);
        silent.voice.iter_mut().for_each(|voice| voice.sample_rate_hertz = 0);
        assert!(pinned(&one, "en", vec![silent]).is_err());
    }

    #[test]
    fn a_language_is_pinned_where_a_voice_speaks_several() {
        let order = Order::of(Style::Narration);
        for (tags, language, pinned_as) in [
            (vec!["en-US"], "en", ""),
            (vec!["en-US", "en-GB"], "en", ""),
            (vec!["en-US", "de-DE"], "de", "de"),
            (vec!["en-US", "de-DE"], "und", ""),
        ] {
            let mut voice = resolved("engines/e/voices/a", Markup::Plain);
            let tags: Vec<String> = tags.into_iter().map(str::to_owned).collect();
            voice.voice.iter_mut().for_each(|voice| voice.language_codes.clone_from(&tags));
            let speakers = pinned(&order, language, vec![voice]).expect("one");
            assert_eq!(speakers.first().language, pinned_as, "{tags:?}");
        }
    }

    #[test]
    fn other_languages_are_those_that_are_named_or_that_there_are_rules_and_voices_for() {
        let speak = |tags: &[&str]| OtherLanguages::Speak(tags.iter().map(|tag| (*tag).to_owned()).collect());
        let known = || ["en", "de", "fr"].map(str::to_owned).to_vec();
        let asked =
            |style, others| other_languages(&Order { other_languages: others, ..Order::of(style) }, "en-GB", known());
        assert_eq!(asked(Style::Narration, speak(&[])), ["de", "fr"]);
        assert_eq!(asked(Style::Narration, speak(&["en", "fr"])), ["fr"]);
        assert!(asked(Style::Briefing, speak(&[])).is_empty());
        assert!(asked(Style::Narration, OtherLanguages::Refuse).is_empty());

        let voice = resolved("engines/e/voices/de", Markup::Plain).voice;
        let german = tts::ResolvedLanguage { language_code: "de".to_owned(), voice, price: None };
        let order = |tags: &[&str]| Order { other_languages: speak(tags), ..Order::of(Style::Narration) };
        let found = languages(&order(&[]), vec![german]).expect("one");
        for named in [&[][..], &["de"], &["de", "en"]] {
            assert_eq!(check_languages(&order(named), "en", &found), Ok(()), "{named:?}");
        }
        let refused = check_languages(&order(&["de", "fr"]), "en", &found).expect_err("nobody speaks French");
        assert_eq!(refused.reason, Reason::LanguageUnsupported);
        assert_eq!(refused.field.as_deref(), Some("narration.spoken_languages"));
    }
}
