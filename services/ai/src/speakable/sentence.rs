//! Where sentences end. Abbreviations, initials, decimals and ordinals end none; a stop ends one
//! when what follows begins another.

use std::collections::HashSet;

use lectern_core::content::Range;

use super::Language;
use super::en::data::Data;
use super::text::Text;

/// A character that stands for text which is passed over: it neither ends nor begins a sentence.
pub const PASSED_OVER: char = '\u{200B}';

/// The sentences of `text`, in order, without the white space around them. Together they hold every
/// other character.
#[must_use]
pub fn sentences(text: &str, language: Language) -> Vec<Range> {
    let data = match language {
        Language::English => Data::get(),
    };
    let chars = Text::new(text).chars;
    let things = things(&chars);
    let splitter = Splitter { chars, data, things };
    splitter.split()
}

struct Splitter {
    chars: Vec<char>,
    data: &'static Data,
    /// Capital letters that are words here: the language R, a set X.
    things: HashSet<char>,
}

/// Capital letters that stand in a text as words by themselves, without a stop behind them. "I" and
/// "A" are words of any text.
fn things(chars: &[char]) -> HashSet<char> {
    let apart = |c: Option<&char>| c.is_none_or(|c| c.is_whitespace() || matches!(c, ',' | ';' | ':' | '(' | ')'));
    let alone = |at: usize| apart(at.checked_sub(1).and_then(|at| chars.get(at))) && apart(chars.get(at + 1));
    let letters = chars.iter().enumerate().filter(|(_, c)| c.is_ascii_uppercase() && !matches!(c, 'I' | 'A'));
    letters.filter(|(at, _)| alone(*at)).map(|(_, c)| *c).collect()
}

/// Words in small letters behind which a capital and a stop are rather the initial of a person.
const BEFORE_PERSONS: [&str; 5] = ["by", "and", "with", "of", "or"];

const fn terminator(c: char) -> bool {
    matches!(c, '.' | '!' | '?' | '…' | '。' | '！' | '？' | '‽')
}

const fn closer(c: char) -> bool {
    matches!(c, '"' | '\'' | ')' | ']' | '}' | PASSED_OVER | '*' | '_')
}

fn space(c: char) -> bool {
    c.is_whitespace()
}

impl Splitter {
    fn at(&self, at: usize) -> Option<char> {
        self.chars.get(at).copied()
    }

    fn split(&self) -> Vec<Range> {
        let mut found: Vec<(usize, usize)> = Vec::new();
        let (mut start, mut at) = (0, 0);
        while let Some(c) = self.at(at) {
            at += 1;
            if !terminator(c) {
                continue;
            }
            let stop = at - 1;
            while self.at(at).is_some_and(terminator) {
                at += 1;
            }
            let single = at - stop == 1;
            while self.at(at).is_some_and(closer) {
                at += 1;
            }
            if self.at(at).is_some_and(space) && self.ends(start, stop, at, single && c == '.') {
                found.push((start, at));
                start = at;
            }
        }
        found.push((start, self.chars.len()));
        self.tidy(found)
    }

    /// Trims white space, and joins what holds no letter or digit to the sentence before it.
    fn tidy(&self, found: Vec<(usize, usize)>) -> Vec<Range> {
        let mut tidy: Vec<(usize, usize)> = Vec::new();
        for (mut start, mut end) in found {
            while start < end && space(self.chars[start]) {
                start += 1;
            }
            while end > start && space(self.chars[end - 1]) {
                end -= 1;
            }
            if start == end {
                continue;
            }
            let says = self.chars[start..end].iter().any(|c| c.is_alphanumeric());
            match tidy.last_mut() {
                Some(last) if !says => last.1 = end,
                _ => tidy.push((start, end)),
            }
        }
        let offset = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        tidy.into_iter().map(|(start, end)| Range::new(offset(start), offset(end))).collect()
    }

    /// Whether the stop at `stop` ends the sentence that began at `start`; `after` is the white
    /// space behind it.
    fn ends(&self, start: usize, stop: usize, after: usize, full_stop: bool) -> bool {
        let next = (after..self.chars.len()).find(|at| !space(self.chars[*at]) && self.chars[*at] != PASSED_OVER);
        let Some(next) = next else { return false };
        let first = self.chars[next];
        if (first.is_lowercase() && !self.at(next + 1).is_some_and(|c| c.is_ascii_digit()))
            || matches!(first, ',' | ';' | ')' | ']')
            || terminator(first)
        {
            return false;
        }
        if !full_stop {
            // An ellipsis, a question, an exclamation: a capital, a digit or an opening mark begins
            // the next.
            return true;
        }
        let begin = (start..stop).rev().find(|at| {
            let c = self.chars[*at];
            !(c.is_alphanumeric() || c == '.' || c == '\'' || c == '-')
        });
        let begin = begin.map_or(start, |at| at + 1);
        let word: String = self.chars[begin..stop].iter().collect();
        if word.is_empty() {
            return true;
        }
        if begin == start && word.chars().all(|c| c.is_ascii_digit() || c == '.') {
            return false;
        }
        let starter = self.starter(next);
        let numbered = self.at(next + 1).is_some_and(|c| c.is_ascii_digit());
        let mark = |c: char| matches!(c, '"' | '\'') || (matches!(c, '(' | '[') && !numbered);
        let class = self.data.abbreviations.get(&word).and_then(|entry| entry.rsplit(" | ").next());
        match class {
            Some("title" | "open" | "name") => false,
            Some("number") => {
                !(first.is_ascii_digit() || matches!(first, '(' | '[') || first == '§' || self.lone_capital(next))
            }
            Some("month" | "day") => !first.is_ascii_digit() && (starter || mark(first)),
            Some("end") => starter || mark(first) || (word == "etc" && first.is_uppercase()),
            _ if word.chars().count() == 1 && first.is_alphabetic() => {
                word.chars().all(|c| c.is_ascii_digit() || c.is_lowercase())
                    || starter
                    || self.is_thing(&word, begin, next)
            }
            _ if dotted_capitals(&word) => starter || mark(first),
            _ => true,
        }
    }

    /// Whether the letter `word`, which begins at `begin`, is the name of a thing and no initial:
    /// it is one elsewhere in this text, and a word in small letters leads to it, as in "software
    /// from R. Chambers (2016) shows".
    fn is_thing(&self, word: &str, begin: usize, next: usize) -> bool {
        let initial = self.chars[next].is_uppercase() && self.at(next + 1) == Some('.');
        let before = self.chars[..begin].iter().rev().skip_while(|c| space(**c)).take_while(|c| c.is_alphabetic());
        let before: Vec<char> = before.copied().collect();
        let before: String = before.into_iter().rev().collect();
        let leads = !before.is_empty() && before.chars().all(char::is_lowercase);
        word.chars().all(|c| self.things.contains(&c))
            && leads
            && !initial
            && !BEFORE_PERSONS.contains(&before.as_str())
    }

    /// Whether a word that often begins a sentence stands here.
    fn starter(&self, at: usize) -> bool {
        let word: String = self.chars[at..].iter().take_while(|c| c.is_alphabetic()).collect();
        let length = word.chars().count();
        let initial = length == 1 && self.at(at + 1) == Some('.');
        !initial && self.chars[at].is_uppercase() && self.data.starters.has(&word.to_lowercase())
    }

    /// Whether a capital letter or a Roman numeral stands here by itself, as a label does.
    fn lone_capital(&self, at: usize) -> bool {
        let word: String = self.chars[at..].iter().take_while(|c| c.is_alphanumeric()).collect();
        (word.chars().count() == 1 && word != "I" && word != "A" && self.chars[at].is_uppercase())
            || (word.len() > 1 && word.chars().all(|c| matches!(c, 'I' | 'V' | 'X')))
    }
}

/// `U.S`, `J.R.R`: single capitals with stops between.
fn dotted_capitals(word: &str) -> bool {
    word.contains('.') && word.split('.').all(|part| part.chars().count() == 1 && part.chars().all(char::is_uppercase))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_end_where_a_reader_would_stop() {
        // `|` marks where a sentence ends and another begins.
        for marked in [
            "Dr. No met Mr. Bond at 5 p.m.| They left.",
            "On Jan. 5th we met.| It rained.",
            "See Fig. 3 and pp. 12-15.| Then stop.",
            "J. R. R. Tolkien wrote it.| He was British.",
            "It costs $3.14 today.| Not 2.5 more.",
            "He said no.| We left at 9 a.m. Monday.",
            "Really?| Yes!| No.",
            "“Stop!” he said.| “Why?”| Nobody knew.",
            "It was 1999.| 15 people came.",
            "The U.S. Army left.| The U.K. stayed.",
            "He moved to the U.S.| They stayed.",
            "Smith et al. (2020) agree, cf. Jones vs. Brown.| So do I.| They do.",
            "Wait... what?| And e.g. this, i.e. that.",
            "1. Introduction to it",
            "The answer was No.| They left.",
            "No. 5 is alive.| It is.",
            "Apples, pears, etc.| Then nuts.",
            "(See above.)| Next one.",
            "Go.| Now go.",
            "Version 1.2.3 is out.| v2.0 follows.",
            "R has an interface to software from R.| Chambers shows it for R and C.",
            "R was made from S by R. Gentleman and R. Ihaka.| It is R.",
            "As Smith (2016) says.| Others (2020, p. 3) agree.",
            "The methods of Smith et al. (2016) are in R.| Others are not in R yet.",
        ] {
            let text = marked.replace('|', "");
            let parts: Vec<&str> = sentences(&text, Language::English).iter().map(|range| range.of(&text)).collect();
            let wanted: Vec<&str> = marked.split('|').map(str::trim).collect();
            assert_eq!(parts, wanted, "{marked}");
        }
    }
}
