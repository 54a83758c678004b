//! The words of a text with their phonemes, on the way from the lexicon's tokens to the network:
//! what is asked to be said otherwise is said so here. The lexicon's own markup for that
//! (`[word](/phonemes/)`) is not used: a later pass of it looks plain words up again.

use lectern_core::Failure;
use lectern_core::content::Range;

use super::ipa::{self, Accent};
use crate::engine::Pronunciation;

/// A word, or a mark between words, of a text.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Placed {
    /// Its letters.
    pub text: String,
    /// Its part of speech (Penn Treebank).
    pub tag: String,
    /// Where it stands in the text that was given.
    pub spoken: Range,
    /// Its phonemes; empty where it is silent.
    pub phonemes: String,
    /// Whether white space follows it.
    pub ends_group: bool,
}

impl Placed {
    /// Whether it is a word, and no mark.
    pub fn is_word(&self) -> bool {
        self.text.chars().any(char::is_alphanumeric)
    }
}

/// A word that is said as it was asked for up to where something else is asked for in it.
#[derive(Clone, Copy)]
struct Begun {
    word: usize,
    /// The word that its sounds are with: the first of those that are said as one with it.
    with: usize,
}

/// Says words of `text` as they are asked for, in order. `plain` gives the phonemes of what is left
/// of a word of which parts are said otherwise, such as a compound's.
pub(super) fn ask(
    words: &mut [Placed],
    text: &str,
    asked: &[Pronunciation],
    accent: Accent,
    plain: impl Fn(&str) -> Result<String, Failure>,
) -> Result<(), Failure> {
    // Words that are said as one get one place, so the places are those of before.
    let spoken: Vec<Range> = words.iter().map(|word| word.spoken).collect();
    let meets = |at: usize, one: &Pronunciation| spoken[at].start < one.spoken.end && one.spoken.start < spoken[at].end;
    let mut begun: Option<Begun> = None;
    for (place, one) in asked.iter().enumerate() {
        let within: Vec<usize> = (0..words.len()).filter(|at| words[*at].is_word() && meets(*at, one)).collect();
        let (Some(&first), Some(&last)) = (within.first(), within.last()) else { continue };
        let goes_on = begun.take().filter(|begun| begun.word == first);
        let with = goes_on.map_or(first, |begun| begun.with);
        let next = asked.get(place + 1).filter(|next| meets(last, next));
        let mut said = ipa::phonemes(&one.ipa, accent);
        let as_one = said.len() != within.len();
        if as_one {
            // Who asked did not say which sounds are which word's.
            let all = said.join(" ");
            said = vec![String::new(); within.len()];
            said[0] = all;
            words[with].spoken = Range::new(words[with].spoken.start, spoken[last].end);
        }
        // What stands before is said with what was asked for before.
        if goes_on.is_none() && spoken[first].start < one.spoken.start {
            let before = plain(Range::new(spoken[first].start, one.spoken.start).of(text))?;
            said[0].insert_str(0, &before);
        }
        let end = next.map_or(spoken[last].end, |next| next.spoken.start);
        if one.spoken.end < end {
            let ending = Range::new(one.spoken.end, end).of(text).replace('\u{2019}', "'");
            // A hyphen between two is silent.
            let joint = |c: char| next.is_some() && c != '\'' && !c.is_alphanumeric();
            // With the last sound, wherever it is said.
            if let Some(last) = said.iter_mut().rev().find(|said| !said.is_empty()) {
                match ending.trim_end_matches(joint) {
                    "'s" | "'S" => *last = ipa::genitive(last, accent),
                    "'" | "" => {}
                    ending => last.push_str(&plain(ending)?),
                }
            }
        }
        for (at, phonemes) in within.into_iter().zip(said) {
            if at == first && goes_on.is_some() {
                words[with].phonemes.push_str(&phonemes);
            } else {
                words[at].phonemes = phonemes;
            }
        }
        let with = if as_one || first == last { with } else { last };
        begun = next.map(|_| Begun { word: last, with });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use lectern_core::content::length;

    use super::*;

    /// Words as the lexicon parts them: at spaces, with marks apart.
    fn placed(text: &str) -> Vec<Placed> {
        let mut at = 0;
        let words = text.split_inclusive(' ').map(|piece| {
            let word = piece.trim_end_matches([' ', ',']);
            let spoken = Range::new(at, at + length(word));
            at += length(piece);
            let phonemes = word.to_lowercase();
            Placed { text: word.to_owned(), spoken, phonemes, ends_group: true, ..Placed::default() }
        });
        words.collect()
    }

    /// The words of a text of which these parts are said so.
    fn asked(text: &str, parts: &[(&str, &str)]) -> Vec<Placed> {
        let asked = parts.iter().map(|(part, ipa)| {
            let start = length(text.split_once(part).unwrap().0);
            Pronunciation { spoken: Range::new(start, start + length(part)), ipa: (*ipa).to_owned() }
        });
        let mut words = placed(text);
        ask(&mut words, text, &asked.collect::<Vec<_>>(), Accent::American, |rest| Ok(format!("<{rest}>"))).unwrap();
        words
    }

    fn phonemes(words: Vec<Placed>) -> Vec<String> {
        words.into_iter().map(|word| word.phonemes).collect()
    }

    fn said(text: &str, part: &str, ipa: &str) -> Vec<String> {
        phonemes(asked(text, &[(part, ipa)]))
    }

    #[test]
    fn a_word_is_said_as_it_is_asked_for_with_what_is_left_of_it() {
        assert_eq!(said("ask Siobhán, now", "Siobhán", "ʃɪˈvɔːn"), ["ask", "ʃɪvˈɔn", "now"]);
        assert_eq!(said("Siobhán’s aunt", "Siobhán", "ʃɪˈvɔːn"), ["ʃɪvˈɔnz", "aunt"]);
        assert_eq!(said("an anti-Siobhán rant", "Siobhán", "ʃɪˈvɔːn"), ["an", "<anti->ʃɪvˈɔn", "rant"]);
        assert_eq!(said("Siobhán-like", "Siobhán", "ʃɪˈvɔːn"), ["ʃɪvˈɔn<-like>"]);
    }

    #[test]
    fn a_phrase_is_said_word_by_word_where_its_sounds_are_parted() {
        assert_eq!(said("in New York now", "New York", "nuː jɔːɹk"), ["in", "nˈu", "jˈɔɹk", "now"]);
        assert_eq!(said("in New York now", "New York", "nuːˈjɔːɹk"), ["in", "nujˈɔɹk", "", "now"]);
    }

    #[test]
    fn words_that_are_said_as_one_are_one_in_time() {
        let text = "in New York now";
        let words = asked(text, &[("New York", "nuːˈjɔːɹk")]);
        assert_eq!(words[1].spoken.of(text), "New York");
    }

    const SIOBHAN: (&str, &str) = ("Siobhán", "ʃɪˈvɔːn");
    const NGUYEN: (&str, &str) = ("Nguyễn", "nɡwɪn");

    #[test]
    fn two_that_are_asked_for_in_one_word_are_both_said() {
        let both = |text: &str| phonemes(asked(text, &[SIOBHAN, NGUYEN]));
        assert_eq!(both("ask Siobhán-Nguyễn, now"), ["ask", "ʃɪvˈɔnnɡwˈɪn", "now"]);
        assert_eq!(both("Siobhán’s-Nguyễn’s aunt"), ["ʃɪvˈɔnznɡwˈɪnz", "aunt"]);
        assert_eq!(both("anti-Siobhán-van-Nguyễn-like"), ["<anti->ʃɪvˈɔn<-van>nɡwˈɪn<-like>"]);
        assert_eq!(both("Siobhán Nguyễn"), ["ʃɪvˈɔn", "nɡwˈɪn"]);
        let three = asked("Lead-Siobhán-Nguyễn", &[("Lead", "lɛd"), SIOBHAN, NGUYEN]);
        assert_eq!(phonemes(three), ["lˈɛdʃɪvˈɔnnɡwˈɪn"]);
    }

    #[test]
    fn phrases_that_are_asked_for_may_meet_in_a_word() {
        let text = "in New York-Siobhán now";
        let parted = asked(text, &[("New York", "nuː jɔːɹk"), SIOBHAN]);
        assert_eq!(phonemes(parted), ["in", "nˈu", "jˈɔɹkʃɪvˈɔn", "now"]);
        let as_one = asked(text, &[("New York", "nuːˈjɔːɹk"), SIOBHAN]);
        assert_eq!(as_one[1].spoken.of(text), "New York-Siobhán");
        assert_eq!(phonemes(as_one), ["in", "nujˈɔɹkʃɪvˈɔn", "", "now"]);
        let text = "Siobhán-New York now";
        let as_one = asked(text, &[SIOBHAN, ("New York", "nuːˈjɔːɹk")]);
        assert_eq!(as_one[0].spoken.of(text), text.trim_end_matches(" now"));
        assert_eq!(phonemes(as_one), ["ʃɪvˈɔnnujˈɔɹk", "", "now"]);
    }
}
