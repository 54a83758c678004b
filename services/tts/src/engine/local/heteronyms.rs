//! English words of one spelling and two sounds, decided by the words beside them where the voice's
//! own lexicon, which goes by the part of speech alone, is wrong: "lead pipes", "bass guitar", "a
//! tear in the fabric". The words, their senses and their sources are data
//! (`services/tts/data/heteronyms.toml`).

use std::collections::{BTreeMap, HashMap};

use lectern_core::Failure;
use serde::Deserialize;

use super::words::Placed;

const DATA: &str = include_str!("../../../data/heteronyms.toml");

/// How many words before one are `earlier`.
const EARLIER: usize = 3;
/// What stands for a list.
const LIST: char = '@';
/// The lists of what stands before the noun and the verb of a pair.
const NOUN_AFTER: &str = "articles";
const VERB_AFTER: [&str; 2] = ["auxiliaries", "subjects"];
/// The auxiliary that is a preposition as well.
const TO: &str = "to";
/// How the parts of speech of verbs begin.
const VERB: &str = "VB";

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Data {
    lists: BTreeMap<String, Vec<String>>,
    word: Vec<Row>,
    pair: Vec<Pair>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    word: String,
    senses: Vec<Sense>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Pair {
    word: String,
    noun: String,
    verb: String,
}

/// A sense of a word, which is meant where one of its conditions holds.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sense {
    ipa: String,
    when: Vec<When>,
}

/// What holds where all that it names does.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct When {
    before: Vec<String>,
    after: Vec<String>,
    earlier: Vec<String>,
    near: Vec<String>,
    tag: Vec<String>,
    first: bool,
}

/// The words that are decided.
#[derive(Debug)]
pub(super) struct Heteronyms {
    senses: HashMap<String, Vec<Sense>>,
}

impl Heteronyms {
    /// Reads the data.
    ///
    /// # Errors
    /// `INTERNAL` for data that cannot be read, which a test would have found.
    pub(super) fn load() -> Result<Self, Failure> {
        let broken = |what: &str| Failure::internal(format!("the list of heteronyms cannot be read: {what}"));
        let Data { lists, word, pair } = toml::from_str(DATA).map_err(|error| broken(&error.to_string()))?;
        let listed = |words: &mut Vec<String>| -> Result<(), Failure> {
            let mut all = Vec::with_capacity(words.len());
            for word in words.drain(..) {
                match word.strip_prefix(LIST) {
                    Some(list) => all.extend(lists.get(list).ok_or_else(|| broken(list))?.iter().cloned()),
                    None => all.push(word),
                }
            }
            *words = all;
            Ok(())
        };
        let mut senses: HashMap<String, Vec<Sense>> = HashMap::new();
        for mut row in word {
            for when in row.senses.iter_mut().flat_map(|sense| &mut sense.when) {
                for words in [&mut when.before, &mut when.after, &mut when.earlier, &mut when.near] {
                    listed(words)?;
                }
            }
            senses.entry(row.word).or_default().append(&mut row.senses);
        }
        let mut noun_after = vec![format!("{LIST}{NOUN_AFTER}")];
        let mut verb_after = VERB_AFTER.map(|list| format!("{LIST}{list}")).to_vec();
        listed(&mut noun_after)?;
        listed(&mut verb_after)?;
        verb_after.retain(|word| word != TO);
        for Pair { word, noun, verb } in pair {
            let to = When { after: vec![TO.to_owned()], tag: vec![VERB.to_owned()], ..When::default() };
            let after = |words: &[String]| When { after: words.to_vec(), ..When::default() };
            let verb = Sense { ipa: verb, when: vec![after(&verb_after), to] };
            senses.entry(word).or_default().extend([Sense { ipa: noun, when: vec![after(&noun_after)] }, verb]);
        }
        Ok(Self { senses })
    }

    /// The sounds of those of `words` that are decided, by their places.
    pub(super) fn decided(&self, words: &[Placed]) -> Vec<(usize, &str)> {
        let spelt: Vec<String> = words.iter().map(|word| folded(&word.text)).collect();
        let decide = |(at, word): (usize, &Placed)| {
            let exact = word.text.as_str();
            let lower = spelt.get(at)?;
            let senses = self.senses.get(exact).or_else(|| self.senses.get(lower))?;
            let place = Place { words, spelt: &spelt, at };
            let sense = senses.iter().find(|sense| sense.when.iter().any(|when| place.fits(when)))?;
            Some((at, sense.ipa.as_str()))
        };
        words.iter().enumerate().filter_map(decide).collect()
    }
}

fn folded(word: &str) -> String {
    word.to_lowercase().replace('\u{2019}', "'")
}

/// A word among others.
struct Place<'a> {
    words: &'a [Placed],
    spelt: &'a [String],
    at: usize,
}

impl Place<'_> {
    fn fits(&self, when: &When) -> bool {
        let When { before, after, earlier, near, tag, first } = when;
        (before.is_empty() || self.is_beside(self.at.checked_add(1), before))
            && (after.is_empty() || self.is_beside(self.at.checked_sub(1), after))
            && (earlier.is_empty() || self.earlier().any(|word| earlier.contains(word)))
            && (near.is_empty() || self.others().any(|word| near.contains(word)))
            && (tag.is_empty() || self.is_tagged(tag))
            && (!first || self.earlier().next().is_none())
    }

    /// Whether what stands at a place, with nothing between, is one of these words.
    fn is_beside(&self, place: Option<usize>, words: &[String]) -> bool {
        place.and_then(|place| self.spelt.get(place)).is_some_and(|word| words.contains(word))
    }

    /// The words before it, the nearest first.
    fn earlier(&self) -> impl Iterator<Item = &String> {
        let all = self.words.iter().zip(self.spelt).take(self.at).rev();
        all.filter(|(word, _)| word.is_word()).map(|(_, spelt)| spelt).take(EARLIER)
    }

    fn others(&self) -> impl Iterator<Item = &String> {
        let at = self.at;
        self.spelt.iter().enumerate().filter(move |(place, _)| *place != at).map(|(_, spelt)| spelt)
    }

    fn is_tagged(&self, tags: &[String]) -> bool {
        self.words.get(self.at).is_some_and(|word| tags.iter().any(|tag| word.tag.starts_with(tag.as_str())))
    }
}

#[cfg(test)]
mod tests {
    use lectern_core::lexicon::ipa;

    use super::*;

    /// Words with the part of speech of the one that is decided, which is given with a `/`.
    fn sound(sentence: &str) -> Option<String> {
        let word = |part: &str| {
            let (text, tag) = part.split_once('/').unwrap_or((part, "XX"));
            Placed { text: text.to_owned(), tag: tag.to_owned(), ..Placed::default() }
        };
        let words: Vec<Placed> = sentence.split(' ').map(word).collect();
        let heteronyms = Heteronyms::load().unwrap();
        let decided = heteronyms.decided(&words);
        decided
            .into_iter()
            .find(|(at, _)| sentence.split(' ').nth(*at).unwrap().contains('/'))
            .map(|(_, ipa)| ipa.to_owned())
    }

    #[test]
    fn every_sense_is_in_signs_that_a_voice_says() {
        for sense in Heteronyms::load().unwrap().senses.values().flatten() {
            assert_eq!(ipa::checked("ipa", &sense.ipa).as_deref(), Ok(sense.ipa.as_str()));
            assert!(!sense.when.is_empty(), "{}", sense.ipa);
        }
    }

    #[test]
    fn the_words_beside_a_word_say_how_it_is_said() {
        for (sentence, expected) in [
            ("the old lead/NN pipes", Some("lɛd")),
            ("they lead/VBP the way", None),
            ("a bass/NN guitar", Some("beɪs")),
            ("he caught a bass/NN", Some("bæs")),
            ("a tear/NN in the fabric", Some("tɛɹ")),
            ("a tear/NN in her eye", Some("tɪɹ")),
            ("do not tear/VB it up", None),
            ("to tear/VB it up", Some("tɛɹ")),
            ("I will read/VB it", Some("ɹiːd")),
            ("I have already read/VBN it", Some("ɹɛd")),
            ("a minute/JJ detail", Some("maɪˈnuːt")),
            ("one minute/NN later", Some("ˈmɪnɪt")),
            ("the bow/NN of the ship", Some("baʊ")),
            ("a bow/NN and arrow", Some("boʊ")),
            ("a furious row/NN", Some("ɹaʊ")),
            ("the back row/NN", Some("ɹoʊ")),
            ("he wound/VBD up the clock", Some("waʊnd")),
            ("a deep wound/NN", Some("wuːnd")),
            ("Polish/NNP the shoes", Some("ˈpɒlɪʃ")),
            ("the Polish/JJ border", None),
            ("live/JJ music", Some("laɪv")),
            ("we live/VBP here", Some("lɪv")),
            ("their lives/NNS changed", Some("laɪvz")),
            ("she lives/VBZ alone", Some("lɪvz")),
            ("very close/RB indeed", Some("kloʊs")),
            ("please close/VB it", Some("kloʊz")),
            ("to wind/VB the clock", Some("waɪnd")),
            ("the wind/NN blew", Some("wɪnd")),
            ("the object/NN fell", Some("ˈɒbdʒɛkt")),
            ("they object/VBP to it", Some("əbˈdʒɛkt")),
            ("to record/JJ heights", None),
            ("to record/VB it", Some("ɹɪˈkɔːɹd")),
            ("a present/NN", Some("ˈpɹɛzənt")),
            ("the content/NN of it", Some("ˈkɒntɛnt")),
            ("she felt content/JJ", Some("kənˈtɛnt")),
            ("in Nice/NNP", Some("niːs")),
            ("in nice/JJ weather", None),
        ] {
            assert_eq!(sound(sentence).as_deref(), expected, "{sentence}");
        }
    }
}
