//! Text to phoneme ids, with the place of every word.
//!
//! The lexicon and its rules come from `misaki-rs`; words that it does not know go to a small
//! network trained on spelling, letters that neither knows are written in others before
//! ([`super::letters`]), words of two sounds are decided by what stands beside them
//! ([`super::heteronyms`]), and what is asked to be said otherwise is ([`super::words`]). Numbers,
//! units and abbreviations are not read here: the script's spoken text consists of words already.

use std::collections::{HashMap, HashSet};
use std::ops;

use lectern_core::content::Range;
use lectern_core::{Failure, Kind, Reason};
use misaki_rs::fallback::FallbackError;
use misaki_rs::{Fallback, G2P, Language, MToken};
use rten::{Model, NodeId};
use rten_tensor::NdTensor;
use serde::Deserialize;

use super::heteronyms::Heteronyms;
use super::ipa::{self, Accent};
use super::lanes::Lanes;
use super::letters::{self, Known};
use super::words::{self, Placed};
use crate::engine::Pronunciation;

/// The network's longest input, without the pads at both ends.
const MAX_PHONEMES: usize = 400;

/// The id at both ends of an input.
const PAD: i32 = 0;

/// Phonemes after which a long text may be cut with the least harm.
const CLAUSE_ENDS: &[char] = &[',', ';', ':', '.', '!', '?', '—', '…'];

/// A text, or a part of a long one, as the network takes it.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::engine) struct Chunk {
    /// Phoneme ids, pads included.
    pub ids: Vec<i32>,
    /// The words in it.
    pub words: Vec<Word>,
}

/// One word of a chunk.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::engine) struct Word {
    /// Where it stands in the spoken text.
    pub spoken: Range,
    /// Which of the chunk's ids it owns.
    pub ids: ops::Range<usize>,
}

pub(in crate::engine) struct Phonemizer {
    g2p: G2P,
    accent: Accent,
    heteronyms: Heteronyms,
    letters: HashSet<char>,
    vocabulary: HashMap<char, i32>,
}

fn broken(what: impl std::fmt::Display) -> Failure {
    Failure::new(
        Kind::FailedPrecondition,
        Reason::VoiceNotInstalled,
        format!(
            "the local voice's pronunciation cannot be used: {what}; install the voice anew with `cargo xtask voice`"
        ),
    )
}

/// A word with the punctuation that touches it: what stands between two spaces.
#[derive(Debug, Default)]
pub(in crate::engine) struct Group {
    /// Its phonemes.
    pub ids: Vec<i32>,
    /// Its words, whose places are relative to its first id.
    pub words: Vec<Word>,
    /// Whether a clause ends with it.
    pub ends_clause: bool,
}

impl Phonemizer {
    pub(in crate::engine) fn load(
        language: Language,
        vocabulary: Vec<u8>,
        unknown_words: Vec<u8>,
        alphabet: Vec<u8>,
    ) -> Result<Self, Failure> {
        let vocabulary = serde_json::from_slice(&vocabulary).map_err(broken)?;
        let speller = Speller::load(unknown_words, &alphabet)?;
        let accent = if matches!(language, Language::EnglishGB) { Accent::British } else { Accent::American };
        let (heteronyms, letters) = (Heteronyms::load()?, speller.alphabet.keys().copied().collect());
        let mut g2p = G2P::with_fallback(language, Some(Box::new(speller)));
        // What nothing can pronounce (a lone symbol) is silent.
        g2p.unk = String::new();
        Ok(Self { g2p, accent, heteronyms, letters, vocabulary })
    }

    /// `text` as inputs of at most [`MAX_PHONEMES`] phonemes, cut after clauses where possible,
    /// else between words, with the words in `asked` said as it says.
    pub(in crate::engine) fn chunks(&self, text: &str, asked: &[Pronunciation]) -> Result<Vec<Chunk>, Failure> {
        pack(self.groups(&self.words(text, asked)?)?)
    }

    /// The words of a text, in order, with their phonemes.
    pub(super) fn words(&self, text: &str, asked: &[Pronunciation]) -> Result<Vec<Placed>, Failure> {
        // Brackets would be read as markup for stress and pronunciation.
        let text = text.replace('[', "(").replace(']', ")");
        let mut words = self.looked_up(&text)?;
        let decided: Vec<(usize, String)> = self
            .heteronyms
            .decided(&words)
            .into_iter()
            .map(|(at, sounds)| (at, ipa::phonemes(sounds, self.accent).join(" ")))
            .collect();
        for (at, phonemes) in decided {
            if let Some(word) = words.get_mut(at) {
                word.phonemes = phonemes;
            }
        }
        words::ask(&mut words, &text, asked, self.accent, |rest| {
            let words = self.looked_up(rest)?;
            Ok(words.into_iter().map(|word| word.phonemes).collect())
        })?;
        Ok(words)
    }

    /// The words of a text as the lexicon says them.
    fn looked_up(&self, text: &str) -> Result<Vec<Placed>, Failure> {
        let known = letters::known(text, |letter| self.letters.contains(&letter));
        let (_, tokens) = self
            .g2p
            .g2p(&known.text)
            .map_err(|error| Failure::internal(format!("no pronunciation could be found: {error}")))?;
        Ok(placed(&known, tokens))
    }

    fn groups(&self, words: &[Placed]) -> Result<Vec<Group>, Failure> {
        let mut groups = Vec::new();
        let mut group = Group::default();
        for word in words {
            let start = group.ids.len();
            group.ids.extend(word.phonemes.chars().filter_map(|phoneme| self.vocabulary.get(&phoneme)));
            let ids = start..group.ids.len();
            if !ids.is_empty() && word.is_word() {
                group.words.push(Word { spoken: word.spoken, ids });
            }
            if let Some(last) = word.phonemes.chars().next_back() {
                group.ends_clause = CLAUSE_ENDS.contains(&last);
            }
            if word.ends_group && !group.ids.is_empty() {
                groups.push(std::mem::take(&mut group));
            }
        }
        if !group.ids.is_empty() {
            groups.push(group);
        }
        let space = self.vocabulary.get(&' ').copied().ok_or_else(|| broken("the vocabulary has no space"))?;
        let last = groups.len().saturating_sub(1);
        for group in groups.iter_mut().take(last) {
            group.ids.push(space);
        }
        Ok(groups)
    }
}

/// Where tokens stand in the text that was given, of which `known` was made.
fn placed(known: &Known, tokens: Vec<MToken>) -> Vec<Placed> {
    let mut words = Vec::with_capacity(tokens.len());
    let (mut byte, mut scalar) = (0, 0_u32);
    for token in tokens {
        let rest = known.text.get(byte..).unwrap_or_default();
        let Some(skipped) = rest.find(&token.text) else { continue };
        scalar += lectern_core::content::length(&rest[..skipped]);
        let range = Range::new(scalar, scalar + lectern_core::content::length(&token.text));
        (byte, scalar) = (byte + skipped + token.text.len(), range.end);
        words.push(Placed {
            spoken: known.given(range),
            phonemes: token.phonemes.as_deref().unwrap_or_default().trim().to_owned(),
            ends_group: !token.whitespace.is_empty(),
            text: token.text,
            tag: token.tag,
        });
    }
    words
}

/// A group longer than an input (no real word is) in pieces; its word belongs to the first.
fn cut_long_group(group: Group) -> Vec<Group> {
    if group.ids.len() <= MAX_PHONEMES {
        return vec![group];
    }
    let mut words = group.words;
    group
        .ids
        .chunks(MAX_PHONEMES)
        .enumerate()
        .map(|(index, ids)| {
            let from = index * MAX_PHONEMES;
            let here = |word: &Word| (from..from + MAX_PHONEMES).contains(&word.ids.start);
            let (mine, rest) = std::mem::take(&mut words).into_iter().partition(here);
            words = rest;
            let mine: Vec<Word> = mine;
            let shift = |at: usize| (at - from).min(ids.len());
            let words = mine
                .into_iter()
                .map(|word| Word { spoken: word.spoken, ids: shift(word.ids.start)..shift(word.ids.end) });
            Group { ids: ids.to_vec(), words: words.collect(), ends_clause: false }
        })
        .collect()
}

/// A text as inputs of a network, each of so many groups as it takes.
///
/// # Errors
/// `INVALID_FIELD` where no word is in it.
pub(in crate::engine) fn pack(groups: Vec<Group>) -> Result<Vec<Chunk>, Failure> {
    let chunks = filled(groups.into_iter().flat_map(cut_long_group).collect());
    if chunks.iter().any(|chunk| !chunk.words.is_empty()) {
        Ok(chunks)
    } else {
        Err(Failure::invalid("text", "there is nothing to say in it: give words that have letters"))
    }
}

/// Fills inputs with groups. When one is full it is cut after its last clause, or where there is
/// none after its last group.
fn filled(groups: Vec<Group>) -> Vec<Chunk> {
    let mut chunks = Vec::new();
    let mut open: Vec<Group> = Vec::new();
    let mut size = 0;
    for group in groups {
        if size + group.ids.len() > MAX_PHONEMES {
            let cut = open.iter().rposition(|group| group.ends_clause).map_or(open.len(), |index| index + 1);
            let rest = open.split_off(cut);
            chunks.push(chunk(std::mem::replace(&mut open, rest)));
            size = open.iter().map(|group| group.ids.len()).sum();
            if size + group.ids.len() > MAX_PHONEMES {
                chunks.push(chunk(std::mem::take(&mut open)));
                size = 0;
            }
        }
        size += group.ids.len();
        open.push(group);
    }
    if !open.is_empty() {
        chunks.push(chunk(open));
    }
    chunks
}

fn chunk(groups: Vec<Group>) -> Chunk {
    let mut chunk = Chunk { ids: vec![PAD], words: Vec::new() };
    for group in groups {
        let at = chunk.ids.len();
        chunk.ids.extend(group.ids);
        let words = group.words.into_iter();
        chunk.words.extend(words.map(|word| Word { spoken: word.spoken, ids: word.ids.start + at..word.ids.end + at }));
    }
    chunk.ids.push(PAD);
    chunk
}

/// How unknown words sound: a network from letters to phonemes.
struct Speller {
    model: Model,
    letters: NodeId,
    output: NodeId,
    alphabet: HashMap<char, i32>,
    phonemes: Vec<char>,
    longest: usize,
    lanes: Lanes,
}

#[derive(Deserialize)]
struct Alphabet {
    #[serde(rename = "in")]
    letters: Vec<char>,
    #[serde(rename = "out")]
    phonemes: Vec<char>,
    #[serde(rename = "maxlen")]
    longest: usize,
}

impl Speller {
    fn load(onnx: Vec<u8>, alphabet: &[u8]) -> Result<Self, Failure> {
        let model = Model::load(onnx).map_err(broken)?;
        let letters = model.node_id("chars").map_err(broken)?;
        let output = model.output_ids().first().copied().ok_or_else(|| broken("no output for unknown words"))?;
        let alphabet: Alphabet = serde_json::from_slice(alphabet).map_err(broken)?;
        Ok(Self {
            model,
            letters,
            output,
            // Id 0 is the blank, on both sides.
            alphabet: alphabet.letters.into_iter().zip(1..).collect(),
            phonemes: alphabet.phonemes,
            longest: alphabet.longest.max(1),
            lanes: Lanes::default(),
        })
    }

    fn spell(&self, letters: &[i32]) -> Result<String, String> {
        let input = NdTensor::from_data([1, letters.len()], letters.to_vec());
        let inputs = vec![(self.letters, input.into())];
        let [output] = self
            .lanes
            .run(|options| self.model.run_n(inputs, [self.output], Some(options)))
            .map_err(|error| error.to_string())?;
        let (_, best) = output.into_shape_vec::<i32, 2>().map_err(|error| error.to_string())?;
        // Repeats collapse, blanks separate.
        let mut spoken = String::new();
        let mut previous = 0;
        for id in best {
            if id != previous && id > 0 {
                let phoneme = usize::try_from(id - 1).ok().and_then(|index| self.phonemes.get(index));
                spoken.extend(phoneme);
            }
            previous = id;
        }
        Ok(spoken)
    }
}

impl Fallback for Speller {
    /// Never fails on a word: what has no letter that the network knows is silent. An error here
    /// would fail the whole sentence.
    fn phonemize(&self, word: &str) -> Result<String, FallbackError> {
        let letters: Vec<i32> = word.chars().filter_map(|letter| self.alphabet.get(&letter)).copied().collect();
        let pieces = letters.chunks(self.longest).map(|piece| self.spell(piece));
        // The network itself failing is a defect, not a property of the word.
        pieces
            .collect::<Result<String, String>>()
            .map_err(|error| FallbackError::NoPhonemes { word: format!("{word} ({error})") })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(length: usize, start: u32, ends_clause: bool) -> Group {
        Group {
            ids: vec![7; length],
            words: vec![Word { spoken: Range::new(start, start + 1), ids: 0..length }],
            ends_clause,
        }
    }

    #[test]
    fn long_texts_are_cut_after_clauses_and_no_word_is_lost() {
        /// Lengths of groups and whether a clause ends with each, then how many groups each chunk
        /// gets.
        type Case = (&'static [(usize, bool)], &'static [usize]);
        let cases: [Case; 5] = [
            (&[(100, false), (100, false)], &[2]),
            (&[(150, false), (150, true), (150, false)], &[2, 1]),
            (&[(100, true), (200, false), (150, false), (100, false)], &[1, 2, 1]),
            (&[(390, false), (20, false)], &[1, 1]),
            (&[(10, true), (395, false), (395, false)], &[1, 1, 1]),
        ];
        for (lengths, expected) in cases {
            let groups = lengths.iter().zip(0..).map(|(&(length, clause), at)| group(length, at, clause)).collect();
            let chunks = filled(groups);
            assert_eq!(chunks.iter().map(|chunk| chunk.words.len()).collect::<Vec<_>>(), expected, "{lengths:?}");
            assert!(chunks.iter().all(|chunk| chunk.ids.len() <= MAX_PHONEMES + 2));
            let words: Vec<u32> = chunks.iter().flat_map(|chunk| &chunk.words).map(|word| word.spoken.start).collect();
            assert_eq!(words, (0..u32::try_from(lengths.len()).unwrap()).collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_group_longer_than_an_input_is_cut() {
        let pieces = cut_long_group(group(950, 0, true));
        assert_eq!(pieces.iter().map(|piece| piece.ids.len()).collect::<Vec<_>>(), [400, 400, 150]);
        assert_eq!(pieces.iter().map(|piece| piece.words.len()).collect::<Vec<_>>(), [1, 0, 0]);
    }
}
