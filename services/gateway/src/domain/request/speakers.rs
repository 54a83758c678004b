//! Who a caller wants to speak.

use lectern_core::content::script::{Order, OtherLanguages, Style};
use lectern_core::speakers::{Speakers, primary, style_of};
use serde::{Deserialize, Serialize};

/// How many talk in a dialogue whose order does not say who.
const USUAL_CAST: usize = 2;

/// One of those who are to speak.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct OrderedSpeaker {
    /// The voice that the caller named; empty for one that is chosen.
    pub voice: String,
    /// Those that may speak in its place.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub others: Vec<String>,
}

impl OrderedSpeaker {
    /// Whether nothing is said of them.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        self.voice.is_empty() && self.others.is_empty()
    }
}

/// How many speak a script of this order.
#[must_use]
pub fn talking(order: &Order) -> usize {
    match order.style {
        Style::Dialogue if order.cast.is_empty() => USUAL_CAST,
        Style::Dialogue => order.cast.len(),
        Style::Narration | Style::Briefing | Style::Lesson => 1,
    }
}

/// How the speaker of this place is to speak, in the order's words; empty where it says nothing of
/// that.
#[must_use]
pub fn style(order: &Order, place: usize) -> String {
    let manner = order.cast.get(place).map_or("", |character| character.manner.as_str());
    style_of(&order.direction.tone, manner)
}

/// What becomes of other languages, once it is known who speaks: of those that are to be spoken,
/// the ones that a voice was found for.
#[must_use]
pub fn other_languages(order: &Order, speakers: &Speakers) -> OtherLanguages {
    match &order.other_languages {
        OtherLanguages::Speak(_) if order.style == Style::Narration => {
            OtherLanguages::Speak(speakers.languages().iter().map(|one| primary(&one.language)).collect())
        }
        others @ (OtherLanguages::Speak(_) | OtherLanguages::Skip | OtherLanguages::Refuse) => others.clone(),
    }
}

/// What tells them from others in the text that a request is known by; empty for one voice alone,
/// which that text has anyway. No name has a line end.
pub(super) fn written(speakers: &[OrderedSpeaker]) -> String {
    if speakers.len() < 2 && speakers.iter().all(|speaker| speaker.others.is_empty()) {
        return String::new();
    }
    let lines = speakers.iter().map(|OrderedSpeaker { voice, others }| format!("\nspeaker:{voice}{others:?}"));
    lines.collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use lectern_core::content::script::Character;
    use lectern_core::speakers::{LanguageSpeaker, PinnedSpeaker, PinnedVoice};

    use super::*;

    #[test]
    fn a_dialogue_has_its_cast_and_the_styles_own_where_it_has_none() {
        let character = || Character { name: "Ann".to_owned(), role: String::new(), manner: "dry".to_owned() };
        let dialogue = Order::of(Style::Dialogue);
        assert_eq!((talking(&dialogue), talking(&Order::of(Style::Briefing))), (2, 1));
        let four = Order { cast: vec![character(); 4], ..dialogue.clone() };
        assert_eq!((talking(&four), style(&four, 3), style(&dialogue, 0)), (4, "dry".to_owned(), String::new()));
    }

    #[test]
    fn other_languages_are_spoken_by_the_voices_that_were_found() {
        let voice = PinnedVoice { name: "engines/e/voices/v".to_owned(), version: "1".to_owned(), sample_rate: 24_000 };
        let language = LanguageSpeaker { language: "de-DE".to_owned(), speaker: PinnedSpeaker::only(voice.clone()) };
        let speakers = Speakers::one(voice).with_languages(vec![language]);
        let with = |style, others| other_languages(&Order { other_languages: others, ..Order::of(style) }, &speakers);
        let german = || OtherLanguages::Speak(BTreeSet::from(["de".to_owned()]));
        let any = || OtherLanguages::Speak(BTreeSet::new());
        assert_eq!(with(Style::Narration, any()), german());
        assert_eq!(with(Style::Briefing, any()), any());
        assert_eq!(with(Style::Narration, OtherLanguages::Refuse), OtherLanguages::Refuse);
    }
}
