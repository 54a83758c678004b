//! Under which keys the speech of a section lies. They follow from the section and its command
//! alone, so that whoever follows a section while it is recorded ([`crate::api`]) knows where its
//! segments will be, also a process that has another version of a voice. Whoever counts what of a
//! preview is stored asks here too, of utterances that are in no section yet.

use std::sync::Arc;

use lectern_core::Failure;
use lectern_core::content::script::{Mark, Utterance, marks_key};
use lectern_core::keys::TenantSecret;
use lectern_core::lexicon::{self, Lexicon, Said};
use lectern_core::speakers::{PinnedSpeaker, Speakers};
use lectern_proto::convert;
use lectern_proto::work::v1::{Delivery, RecordSection};

use super::segments::SegmentKeys;
use crate::engine::Speed;

/// Names the segments of the section of a command.
#[derive(Clone)]
pub(crate) struct SpokenKeys {
    secret: TenantSecret,
    speakers: Speakers,
    speed: Speed,
    lexicon: Arc<Lexicon>,
}

impl SpokenKeys {
    /// The names under a tenant's `secret` for the section of `command`, whose words are said by
    /// `lexicon` ([`super::lexicon::read`]).
    ///
    /// # Errors
    /// Those of [`Self::spoken_by`].
    pub(crate) fn new(secret: TenantSecret, command: &RecordSection, lexicon: Arc<Lexicon>) -> Result<Self, Failure> {
        Self::spoken_by(secret, command.delivery.as_ref(), lexicon)
    }

    /// The names under a tenant's `secret` of what is spoken so, and whose words are said by
    /// `lexicon`.
    ///
    /// # Errors
    /// `INTERNAL` for a command that does not say how to speak, `INVALID_FIELD` for a speed that
    /// there is not.
    pub(crate) fn spoken_by(
        secret: TenantSecret,
        delivery: Option<&Delivery>,
        lexicon: Arc<Lexicon>,
    ) -> Result<Self, Failure> {
        let delivery = delivery.ok_or_else(|| Failure::internal("a command does not say how to speak"))?;
        let (speakers, speed) = (convert::speakers(delivery)?, Speed::new(delivery.speed)?);
        Ok(Self { secret, speakers, speed, lexicon })
    }

    /// The keys of one of its utterances.
    ///
    /// # Errors
    /// `INTERNAL` where nobody speaks for its speaker.
    pub(crate) fn of(&self, utterance: &Utterance) -> Result<SegmentKeys, Failure> {
        Ok(self.with_words(utterance)?.0)
    }

    /// The same, and what of the utterance is said otherwise than it is spelt. The longer lexicon
    /// and utterance are, the longer this takes: it is for a thread that may block.
    ///
    /// # Errors
    /// Those of [`Self::of`].
    pub(crate) fn with_words(&self, utterance: &Utterance) -> Result<(SegmentKeys, Vec<Said>), Failure> {
        let speaker = self.speakers.of(utterance.speaker, utterance.language.as_deref());
        let speaker = speaker.ok_or_else(|| nobody(utterance, self.speakers.count()))?;
        let words = self.lexicon.said(&utterance.into());
        Ok((self.said(&utterance.spoken, speaker, &words, &utterance.marks), words))
    }

    /// The keys of a text of which this is said otherwise, and this in a manner of its own. They
    /// hold what applies to it of the lexicon, and no other entry, and marks only where somebody is
    /// told of them: without both they are those of the plain text. Marks are in the asked voice's
    /// key only where it is told itself, so that nothing is made anew for whoever may speak in its
    /// place; and in the other key where either is, since another voice speaks what the asked one
    /// could not say with these marks.
    fn said(&self, text: &str, speaker: &PinnedSpeaker, words: &[Said], marks: &[Mark]) -> SegmentKeys {
        let said = self.speakers.spoken_as(speaker, u32::from(self.speed.hundredths()));
        let words = lexicon::key(words).map(|key| format!(";said={key}")).unwrap_or_default();
        let marks = marks_key(marks).map(|key| format!(";marks={key}")).unwrap_or_default();
        let key = |delivery: &str, told: bool| {
            let marks = if told { marks.as_str() } else { "" };
            self.secret.segment(text, &said.voice, &format!("{delivery}{words}{marks}"))
        };
        let by_others = |delivery: &str| key(delivery, speaker.manners || speaker.others_manners);
        SegmentKeys { asked: key(&said.delivery, speaker.manners), other: said.by_others.as_deref().map(by_others) }
    }
}

impl std::fmt::Debug for SpokenKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SpokenKeys").field("speakers", &self.speakers).finish_non_exhaustive()
    }
}

/// A script in which more talk than were asked to.
pub(super) fn nobody(utterance: &Utterance, speakers: usize) -> Failure {
    let (id, place) = (utterance.id, utterance.speaker.0);
    Failure::internal(match &utterance.language {
        Some(language) => format!("utterance {id} is in `{language}`, which nobody was asked to speak"),
        None => format!("utterance {id} is said by speaker {place} of {speakers} (from 0)"),
    })
}

#[cfg(test)]
mod tests {
    use lectern_core::content::Range;
    use lectern_core::content::script::{Manner, Mapping, Role, Source, Speaker};
    use lectern_core::lexicon::Entry;
    use lectern_proto::work::v1::{LanguageSpeaker, PinnedSpeaker, PinnedVoice};

    use super::*;
    use crate::timeline::fixture::utterance;

    fn speaker(voice: &str, version: &str, sample_rate_hertz: i32) -> PinnedSpeaker {
        let (voice, version) = (format!("engines/tone/voices/{voice}"), version.to_owned());
        let voice = Some(PinnedVoice { voice, version, sample_rate_hertz });
        PinnedSpeaker { voice, ..PinnedSpeaker::default() }
    }

    fn command(speakers: &[PinnedSpeaker], speed: f64) -> RecordSection {
        let delivery = Some(Delivery { speed, speakers: speakers.to_vec(), ..Delivery::default() });
        RecordSection { delivery, ..RecordSection::default() }
    }

    fn names(command: &RecordSection) -> SpokenKeys {
        by(command, Lexicon::default())
    }

    fn by(command: &RecordSection, lexicon: Lexicon) -> SpokenKeys {
        let secret = TenantSecret::derive(b"a secret", &"acme".parse().expect("a tenant"));
        SpokenKeys::new(secret, command, Arc::new(lexicon)).expect("names")
    }

    /// The keys of a text that the first speaker says as it is written.
    fn keys_of(names: &SpokenKeys, text: &str) -> SegmentKeys {
        names.of(&utterance(0, Role::Body, true, text)).expect("keys")
    }

    #[test]
    fn segments_of_one_voice_lie_under_what_it_is_pinned_to() {
        let secret = TenantSecret::derive(b"a secret", &"acme".parse().expect("a tenant"));
        let said = utterance(0, Role::Body, true, "It is said.");
        let names = names(&command(&[speaker("sine", "2", 24_000)], 1.25));
        let key = secret.segment("It is said.", "engines/tone/voices/sine@2", "speed=125");
        assert_eq!(names.of(&said), Ok(SegmentKeys::only(key)));
    }

    #[test]
    fn each_speaker_has_keys_of_their_own_and_those_of_a_voice_that_speaks_alone() {
        let (sine, slow) = (speaker("sine", "2", 24_000), speaker("slow", "1", 16_000));
        let both = names(&command(&[sine.clone(), slow.clone()], 1.0));
        let alone = names(&command(std::slice::from_ref(&sine), 1.0));
        let mut said = utterance(0, Role::Body, true, "It is said.");
        assert_eq!(both.of(&said), alone.of(&said), "what the first one says is as if nobody else talked");
        said.speaker = Speaker(1);
        assert_ne!(both.of(&said), Ok(keys_of(&alone, "It is said.")));
        assert_ne!(both.of(&said), Ok(keys_of(&names(&command(&[slow], 1.0)), "It is said.")), "at another rate");
        said.speaker = Speaker(2);
        assert!(both.of(&said).is_err());
        assert!(alone.of(&said).is_err());
    }

    #[test]
    fn what_another_voice_may_speak_has_a_key_beside() {
        let sine = speaker("sine", "2", 24_000);
        let allowing =
            PinnedSpeaker { other_voices: speaker("b", "1", 24_000).voice.into_iter().collect(), ..sine.clone() };
        let (alone, allowing) = (names(&command(&[sine], 1.0)), names(&command(&[allowing], 1.0)));
        let (alone, allowing) = (keys_of(&alone, "Told."), keys_of(&allowing, "Told."));
        assert_eq!((alone.asked, alone.other), (allowing.asked, None));
        assert!(allowing.other.is_some_and(|other| other != allowing.asked));
    }

    #[test]
    fn an_entry_that_changes_concerns_the_sentences_that_hold_it() {
        let command = command(&[speaker("sine", "2", 24_000)], 1.0);
        let siobhan = |ipa: &str| Entry::sounds("Siobhán", ipa);
        let lexicon = |entries: &[Entry]| Lexicon::of("en", entries.to_vec());
        let without = names(&command);
        let before = by(&command, lexicon(&[siobhan("ʃɪˈvɔːn"), Entry::spelt("SQL", "sequel")]));
        let after = by(&command, lexicon(&[siobhan("ˈʃɪvɔːn"), Entry::spelt("SQL", "sequel")]));
        for (text, concerned, changed) in
            [("Ask Siobhán.", true, true), ("Learn SQL.", true, false), ("It is said.", false, false)]
        {
            let said = utterance(0, Role::Body, true, text);
            assert_eq!(before.of(&said) != without.of(&said), concerned, "{text}");
            assert_eq!(before.of(&said) != after.of(&said), changed, "{text}");
            let (keys, words) = before.with_words(&said).expect("words");
            assert_eq!((Ok(keys), !words.is_empty()), (before.of(&said), concerned), "{text}");
        }
    }

    #[test]
    fn marks_are_in_the_keys_of_whoever_is_told_of_them() {
        let sine = speaker("sine", "2", 24_000);
        let told = names(&command(&[PinnedSpeaker { manners: true, ..sine.clone() }], 1.0));
        let plain = names(&command(&[sine], 1.0));
        let said = utterance(0, Role::Body, true, "It is said.");
        let marked = |manner| {
            let marks = vec![Mark { spoken: Range::new(3, 6), manner }];
            Utterance { marks, ..said.clone() }
        };
        let (emphasised, quoted) = (marked(Manner::Emphasis), marked(Manner::Quotation));
        assert_eq!(plain.of(&emphasised), plain.of(&said));
        assert_eq!(told.of(&said), plain.of(&said), "what has no marks is spoken once");
        assert_ne!(told.of(&emphasised), told.of(&said));
        assert_ne!(told.of(&emphasised), told.of(&quoted));
    }

    #[test]
    fn marks_that_only_another_voice_is_told_of_are_not_in_the_key_of_the_asked_one() {
        let with = |manners: bool, others_manners: bool| {
            let other_voices = speaker("b", "1", 24_000).voice.into_iter().collect();
            let asked = speaker("sine", "2", 24_000);
            names(&command(&[PinnedSpeaker { other_voices, manners, others_manners, ..asked }], 1.0))
        };
        let said = utterance(0, Role::Body, true, "It is said.");
        let marks = vec![Mark { spoken: Range::new(3, 6), manner: Manner::Emphasis }];
        let marked = Utterance { marks, ..said.clone() };
        let plain = names(&command(&[speaker("sine", "2", 24_000)], 1.0)).of(&said).expect("keys");
        for (manners, others_manners) in [(false, false), (true, false), (false, true), (true, true)] {
            let keys = with(manners, others_manners);
            let (said, marked) = (keys.of(&said).expect("keys"), keys.of(&marked).expect("keys"));
            let told = format!("{manners}, {others_manners}");
            assert_eq!(said.asked, plain.asked, "{told}");
            assert_eq!(marked.asked != plain.asked, manners, "{told}");
            assert_eq!(marked.other != said.other, manners || others_manners, "{told}");
        }
    }

    /// What is told of an utterance for a count is all that its keys follow from: where they come
    /// to follow from more of it, this fails until that is told as well.
    #[test]
    fn the_keys_of_an_utterance_follow_from_what_is_told_of_it_for_a_count() {
        let step = |spoken: (u32, u32), original: (u32, u32)| Mapping {
            spoken: Range::new(spoken.0, spoken.1),
            original: Range::new(original.0, original.1),
        };
        let english = Utterance {
            id: 7,
            speaker: Speaker(1),
            role: Role::Quote,
            ends_block: true,
            sources: vec![Source { block: 3, range: Range::new(2, 10) }],
            added: true,
            original: "In 1984.".to_owned(),
            spoken: "In nineteen eighty-four.".to_owned(),
            map: vec![step((0, 2), (0, 2)), step((3, 24), (3, 8))],
            marks: vec![Mark { spoken: Range::new(3, 24), manner: Manner::Emphasis }],
            language: None,
        };
        let german = Utterance { language: Some("de-AT".to_owned()), ..english.clone() };
        let told = |voice| PinnedSpeaker {
            manners: true,
            other_voices: speaker("b", "1", 24_000).voice.into_iter().collect(),
            ..speaker(voice, "1", 24_000)
        };
        let mut command = command(&[speaker("sine", "2", 24_000), told("high")], 1.0);
        let languages = vec![LanguageSpeaker { language_code: "de".to_owned(), speaker: Some(told("low")) }];
        command.delivery.iter_mut().for_each(|delivery| delivery.languages.clone_from(&languages));
        let year = Entry { language: "en".to_owned(), ..Entry::spelt("1984", "that year") };
        let names = by(&command, Lexicon::of("en", vec![year]));
        for (said, words) in [(english, 1), (german, 0)] {
            let (keys, found) = names.with_words(&said).expect("keys");
            assert_eq!(found.len(), words, "the entry stands in what is written, in English");
            let inputs = convert::speech_inputs_to_wire(&said);
            let read = convert::utterance_of_inputs("inputs", said.spoken.clone(), inputs).expect("an utterance");
            assert_eq!(names.of(&read), Ok(keys));
        }
    }

    #[test]
    fn a_command_that_does_not_say_how_to_speak_is_refused() {
        let secret = || TenantSecret::derive(b"a secret", &"acme".parse().expect("a tenant"));
        let refused = |command: &RecordSection| SpokenKeys::new(secret(), command, Arc::default()).is_err();
        assert!(refused(&RecordSection::default()));
        assert!(refused(&command(&[], 1.0)));
        assert!(refused(&command(&[speaker("sine", "2", 24_000)], 9.0)));
    }
}
