//! Who speaks a narration: a voice for each speaker, pinned, with those that may speak in its
//! place. The texts that keys of speech are made of follow from it here alone, so that the
//! conductor and the stage derive the same keys.

use serde::{Deserialize, Serialize};

use crate::content::script::Speaker;
use crate::digest::Digest;
use crate::pin::VoicePin;

/// The most speakers of a narration.
pub const MOST_SPEAKERS: usize = 4;

/// The most voices that may speak in the place of one.
pub const MOST_OTHER_VOICES: usize = 3;

/// The characters of a speaker's style: two texts of a direction and what stands between them.
const STYLE_CHARS: usize = 1_100;

/// A voice of a certain version.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PinnedVoice {
    /// The resource name, `engines/{engine}/voices/{voice}`.
    pub name: String,
    /// The version.
    pub version: String,
    /// Samples a second of what it speaks.
    pub sample_rate: u32,
}

impl PinnedVoice {
    /// The voice with its version, `engines/local/voices/heart@1`.
    #[must_use]
    pub fn pin(&self) -> VoicePin {
        VoicePin::new(&self.name, &self.version)
    }

    /// The name of its engine; empty where its own is no resource name.
    #[must_use]
    pub fn engine(&self) -> &str {
        self.name.split('/').nth(1).unwrap_or_default()
    }
}

/// One of those who speak.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PinnedSpeaker {
    /// The voice.
    pub voice: PinnedVoice,
    /// Voices that speak a sentence in its place, in this order, where it cannot; at most
    /// [`MOST_OTHER_VOICES`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub others: Vec<PinnedVoice>,
    /// What stands for the words that say how it is to speak ([`style_key`]), which are their
    /// caller's; none where there are none, and for a voice that takes none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub style: Option<Digest>,
    /// The language that it is asked to speak, a BCP 47 tag, for a voice that speaks several; empty
    /// for one that speaks one alone.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub language: String,
    /// Whether its voice is told what is emphasised and quoted
    /// ([`Mark`](crate::content::script::Mark)).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub manners: bool,
    /// Whether one of the others is told of that. It is apart, so that who may speak in its place
    /// changes nothing of what its own voice speaks.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub others_manners: bool,
}

impl PinnedSpeaker {
    /// A speaker with this voice alone.
    #[must_use]
    pub const fn only(voice: PinnedVoice) -> Self {
        Self { voice, others: Vec::new(), style: None, language: String::new(), manners: false, others_manners: false }
    }

    /// The others with their versions, as keys are made of them; none where there are none. A pin
    /// has no `+`.
    fn others_pinned(&self) -> Option<String> {
        let pinned: Vec<String> = self.others.iter().map(|voice| voice.pin().into()).collect();
        (!pinned.is_empty()).then(|| pinned.join("+"))
    }
}

/// Who speaks what is in another language than the rest.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct LanguageSpeaker {
    /// The language, a BCP 47 tag.
    pub language: String,
    /// Who speaks it.
    pub speaker: PinnedSpeaker,
}

/// Who speaks a narration, by the place of each: at least one; and who speaks what of it is in
/// other languages.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "Listed", into = "Listed")]
pub struct Speakers {
    first: PinnedSpeaker,
    further: Vec<PinnedSpeaker>,
    languages: Vec<LanguageSpeaker>,
    lexicon: Option<Digest>,
}

/// How they stand in a record.
#[derive(Serialize, Deserialize)]
struct Listed {
    speakers: Vec<PinnedSpeaker>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    languages: Vec<LanguageSpeaker>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    lexicon: Option<Digest>,
}

/// That nobody speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a narration has at least one speaker")]
pub struct NobodySpeaks;

impl TryFrom<Vec<PinnedSpeaker>> for Speakers {
    type Error = NobodySpeaks;

    fn try_from(speakers: Vec<PinnedSpeaker>) -> Result<Self, NobodySpeaks> {
        let mut speakers = speakers.into_iter();
        let first = speakers.next().ok_or(NobodySpeaks)?;
        Ok(Self { first, further: speakers.collect(), languages: Vec::new(), lexicon: None })
    }
}

impl TryFrom<Listed> for Speakers {
    type Error = NobodySpeaks;

    fn try_from(Listed { speakers, languages, lexicon }: Listed) -> Result<Self, NobodySpeaks> {
        Ok(Self { languages, lexicon, ..Self::try_from(speakers)? })
    }
}

impl From<Speakers> for Listed {
    fn from(Speakers { first, further, languages, lexicon }: Speakers) -> Self {
        Self { speakers: std::iter::once(first).chain(further).collect(), languages, lexicon }
    }
}

/// The texts that the keys of a sentence's speech are made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpokenAs {
    /// The voice that was asked for, pinned.
    pub voice: String,
    /// How it speaks.
    pub delivery: String,
    /// How it is spoken where another voice does so; none where none may.
    pub by_others: Option<String>,
}

impl Speakers {
    /// One voice that speaks all.
    #[must_use]
    pub const fn one(voice: PinnedVoice) -> Self {
        Self { first: PinnedSpeaker::only(voice), further: Vec::new(), languages: Vec::new(), lexicon: None }
    }

    /// The same, and who speaks what is in other languages.
    #[must_use]
    pub fn with_languages(self, languages: Vec<LanguageSpeaker>) -> Self {
        Self { languages, ..self }
    }

    /// The same, who say words by the lexicon of this key ([`crate::lexicon`]); none for none.
    #[must_use]
    pub fn with_lexicon(self, lexicon: Option<Digest>) -> Self {
        Self { lexicon, ..self }
    }

    /// The key of the lexicon that they say words by; none where there is none.
    #[must_use]
    pub const fn lexicon(&self) -> Option<&Digest> {
        self.lexicon.as_ref()
    }

    /// Who speaks what is in other languages.
    #[must_use]
    pub fn languages(&self) -> &[LanguageSpeaker] {
        &self.languages
    }

    /// The first of them, who speaks all of what has one speaker.
    #[must_use]
    pub const fn first(&self) -> &PinnedSpeaker {
        &self.first
    }

    /// The same, to be changed.
    pub const fn first_mut(&mut self) -> &mut PinnedSpeaker {
        &mut self.first
    }

    /// All of them, by place.
    pub fn all(&self) -> impl Iterator<Item = &PinnedSpeaker> {
        std::iter::once(&self.first).chain(&self.further)
    }

    /// How many they are, 1 or more.
    #[must_use]
    pub const fn count(&self) -> usize {
        self.further.len() + 1
    }

    /// Who speaks an utterance of this speaker, or one in another language than the rest whoever it
    /// is of; none where nobody does.
    #[must_use]
    pub fn of(&self, speaker: Speaker, language: Option<&str>) -> Option<&PinnedSpeaker> {
        if let Some(language) = language {
            let spoken = self.languages.iter().find(|one| same_language(&one.language, language));
            return spoken.map(|one| &one.speaker);
        }
        match usize::from(speaker.0).checked_sub(1) {
            None => Some(&self.first),
            Some(further) => self.further.get(further),
        }
    }

    /// Samples a second of what is heard: those of the first one's voice.
    #[must_use]
    pub const fn sample_rate(&self) -> u32 {
        self.first.voice.sample_rate
    }

    /// The texts that the keys of what `speaker` says are made of, at a tempo of `speed`
    /// hundredths.
    #[must_use]
    pub fn spoken_as(&self, speaker: &PinnedSpeaker, speed: u32) -> SpokenAs {
        let mut delivery = format!("speed={speed}");
        if speaker.voice.sample_rate != self.sample_rate() {
            // It is stored as it is heard beside the first one.
            delivery.push_str(&format!(";rate={}", self.sample_rate()));
        }
        if let Some(style) = &speaker.style {
            delivery.push_str(&format!(";style={style}"));
        }
        if !speaker.language.is_empty() {
            delivery.push_str(&format!(";language={}", speaker.language));
        }
        let by_others = speaker.others_pinned().map(|others| format!("{delivery};others={others}"));
        SpokenAs { voice: speaker.voice.pin().into(), delivery, by_others }
    }

    /// The texts that the keys of tracks and recordings are made of: the first voice, how it, and
    /// who else, speaks, whether they are told of marks, and what they say words by. What of the
    /// last two applies to a sentence is in the key of its speech alone
    /// ([`marks_key`](crate::content::script::marks_key), [`crate::lexicon::key`]).
    #[must_use]
    pub fn canonical(&self, speed: u32) -> (String, String) {
        let said = |speaker: &PinnedSpeaker| {
            let SpokenAs { voice, delivery, by_others } = self.spoken_as(speaker, speed);
            let manners = if speaker.manners { ";manners" } else { "" };
            let others = if speaker.others_manners { ";others-manners" } else { "" };
            (voice, format!("{}{manners}{others}", by_others.unwrap_or(delivery)))
        };
        let (voice, mut delivery) = said(&self.first);
        for further in &self.further {
            let (voice, how) = said(further);
            delivery.push_str(&format!(";speaker={voice};{how}"));
        }
        for LanguageSpeaker { language, speaker } in &self.languages {
            let (voice, how) = said(speaker);
            delivery.push_str(&format!(";of={language};speaker={voice};{how}"));
        }
        if let Some(lexicon) = &self.lexicon {
            delivery.push_str(&format!(";lexicon={lexicon}"));
        }
        (voice, delivery)
    }
}

/// Whether two BCP 47 tags are of one language, by their primary subtags.
#[must_use]
pub fn same_language(one: &str, other: &str) -> bool {
    primary(one) == primary(other)
}

/// The primary subtag of a BCP 47 tag, in small letters: `en` of `en-US`.
#[must_use]
pub fn primary(tag: &str) -> String {
    tag.split(['-', '_']).next().unwrap_or_default().to_ascii_lowercase()
}

/// How a speaker is to speak, in the order's words: its tone, and the manner of who talks. Empty
/// where the order says nothing of it.
#[must_use]
pub fn style_of(tone: &str, manner: &str) -> String {
    let said: Vec<String> = [tone, manner]
        .iter()
        .map(|words| words.split_whitespace().collect::<Vec<_>>().join(" "))
        .filter(|words| !words.is_empty())
        .collect();
    said.join("; ").chars().take(STYLE_CHARS).collect()
}

/// What stands for a style in keys; none for an empty one.
#[must_use]
pub fn style_key(style: &str) -> Option<Digest> {
    (!style.is_empty()).then(|| Digest::of(style.as_bytes()))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn voice(name: &str, sample_rate: u32) -> PinnedVoice {
        PinnedVoice { name: format!("engines/{name}"), version: "1".to_owned(), sample_rate }
    }

    fn speakers(all: &[PinnedSpeaker]) -> Speakers {
        all.to_vec().try_into().expect("some")
    }

    #[test]
    fn one_voice_is_written_as_it_always_was() {
        let one = Speakers::one(voice("tone/voices/sine", 24_000));
        assert_eq!(one.canonical(125), ("engines/tone/voices/sine@1".to_owned(), "speed=125".to_owned()));
        assert!(!serde_json::to_string(&one).expect("JSON").contains("manners"), "nor is it in a record");
        let spoken = one.spoken_as(one.first(), 125);
        assert_eq!((spoken.voice.as_str(), spoken.delivery.as_str()), ("engines/tone/voices/sine@1", "speed=125"));
        assert_eq!(spoken.by_others, None);
        assert_eq!((one.count(), one.first().voice.engine()), (1, "tone"));
    }

    #[test]
    fn a_speaker_is_found_by_the_place_that_an_utterance_names() {
        let both = speakers(&["a/voices/x", "b/voices/y"].map(|name| PinnedSpeaker::only(voice(name, 24_000))));
        let named = |place| both.of(Speaker(place), None).map(|one| one.voice.engine());
        assert_eq!((named(0), named(1), named(2)), (Some("a"), Some("b"), None));
        assert_eq!(both.all().count(), both.count());
    }

    #[test]
    fn what_is_in_another_language_is_spoken_by_its_voice_whoever_talks() {
        let [a, b] = ["a/voices/x", "b/voices/y"].map(|name| PinnedSpeaker::only(voice(name, 24_000)));
        let language = LanguageSpeaker { language: "de".to_owned(), speaker: b };
        let all = speakers(&[a]).with_languages(vec![language]);
        let spoken = |place, language| all.of(Speaker(place), language).map(|one| one.voice.engine());
        assert_eq!(
            (spoken(0, None), spoken(0, Some("de-AT")), spoken(3, Some("de"))),
            (Some("a"), Some("b"), Some("b"))
        );
        assert_eq!((spoken(1, None), spoken(0, Some("fr"))), (None, None));
    }

    #[test]
    fn the_keys_of_a_sentence_hold_what_it_depends_on_alone() {
        let slow = PinnedSpeaker::only(voice("b/voices/y", 16_000));
        let both = speakers(&[PinnedSpeaker::only(voice("a/voices/x", 24_000)), slow.clone()]);
        let alone = Speakers::one(voice("b/voices/y", 16_000));
        assert_eq!(both.spoken_as(both.first(), 100).delivery, "speed=100", "whoever else talks");
        assert_eq!(both.spoken_as(&slow, 100).delivery, "speed=100;rate=24000");
        assert_eq!(alone.spoken_as(alone.first(), 100).delivery, "speed=100");
        let others = vec![voice("c/voices/z", 24_000), voice("d/voices/z", 24_000)];
        let german = PinnedSpeaker { language: "de".to_owned(), ..slow.clone() };
        assert_eq!(alone.spoken_as(&german, 100).delivery, "speed=100;language=de");
        let allowing = PinnedSpeaker { others, style: style_key("calm"), ..slow };
        let spoken = alone.spoken_as(&allowing, 100);
        let style = Digest::of(b"calm");
        assert_eq!(spoken.delivery, format!("speed=100;style={style}"));
        let by_others = format!("speed=100;style={style};others=engines/c/voices/z@1+engines/d/voices/z@1");
        assert_eq!(spoken.by_others, Some(by_others));
    }

    #[test]
    fn whoever_speaks_otherwise_has_tracks_of_their_own() {
        let [a, b] = ["a/voices/x", "b/voices/y"].map(|name| PinnedSpeaker::only(voice(name, 24_000)));
        let with = |speaker: &PinnedSpeaker, others: &[&PinnedSpeaker]| PinnedSpeaker {
            others: others.iter().map(|other| other.voice.clone()).collect(),
            ..speaker.clone()
        };
        let styled = PinnedSpeaker { style: style_key("dry"), ..b.clone() };
        let german =
            |tag: &str, speaker: &PinnedSpeaker| LanguageSpeaker { language: tag.to_owned(), speaker: speaker.clone() };
        let all = [
            speakers(std::slice::from_ref(&a)),
            speakers(std::slice::from_ref(&b)),
            speakers(&[a.clone(), b.clone()]),
            speakers(&[b.clone(), a.clone()]),
            speakers(&[a.clone(), b.clone(), a.clone()]),
            speakers(&[with(&a, &[&b])]),
            speakers(&[with(&a, &[&b]), b.clone()]),
            speakers(&[a.clone(), with(&b, &[&a])]),
            speakers(std::slice::from_ref(&a)).with_languages(vec![german("de", &b)]),
            speakers(std::slice::from_ref(&a)).with_languages(vec![german("fr", &b)]),
            speakers(&[a.clone(), styled]),
            speakers(&[PinnedSpeaker { manners: true, ..a.clone() }]),
            speakers(&[a.clone(), PinnedSpeaker { manners: true, ..b.clone() }]),
            speakers(&[PinnedSpeaker { manners: true, ..with(&a, &[&b]) }]),
            speakers(&[PinnedSpeaker { others_manners: true, ..with(&a, &[&b]) }]),
            speakers(&[PinnedSpeaker { manners: true, others_manners: true, ..with(&a, &[&b]) }]),
            speakers(std::slice::from_ref(&a)).with_lexicon(Some(Digest::of(b"one"))),
            speakers(std::slice::from_ref(&a)).with_lexicon(Some(Digest::of(b"another"))),
        ];
        let texts: BTreeSet<_> = all.iter().map(|one| one.canonical(100)).collect();
        assert_eq!(texts.len(), all.len());
    }

    #[test]
    fn a_list_without_anybody_is_refused() {
        assert_eq!(Speakers::try_from(Vec::new()), Err(NobodySpeaks));
        assert!(serde_json::from_str::<Speakers>(r#"{"speakers": []}"#).is_err());
        let both = speakers(&["a/voices/x", "b/voices/y"].map(|name| PinnedSpeaker::only(voice(name, 24_000))));
        let speaker = both.first().clone();
        let both = both.with_languages(vec![LanguageSpeaker { language: "de".to_owned(), speaker }]);
        let both = both.with_lexicon(Some(Digest::of(b"a lexicon")));
        let text = serde_json::to_string(&both).expect("JSON");
        assert_eq!(serde_json::from_str::<Speakers>(&text).expect("speakers"), both);
    }

    #[test]
    fn a_style_is_the_tone_and_the_manner_in_one_line() {
        assert_eq!(style_of(" calm\nand plain ", "short sentences"), "calm and plain; short sentences");
        assert_eq!((style_of("", "dry"), style_of("", "")), ("dry".to_owned(), String::new()));
        assert_eq!(style_key(""), None);
        assert!(style_of(&"x".repeat(5_000), "").chars().count() <= STYLE_CHARS);
    }
}
