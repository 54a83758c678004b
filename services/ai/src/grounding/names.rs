//! Names: words with a capital that are not only so because a sentence begins, and identifiers.

use std::collections::{HashMap, HashSet};

use lectern_core::content::Range;

use super::date::Date;
use super::near::distance;
use super::number::{Form, Quantity};
use super::rules::Rules;
use super::text::{Kind, Text, Token};
use super::verdict::{Fault, FaultKind};

/// A name: neighbouring words with capitals.
#[derive(Debug, Clone, Copy)]
pub(super) struct Name {
    /// Its first token.
    pub first: usize,
    /// One past its last token.
    pub last: usize,
}

/// How far apart, in tokens, two parts of one name may stand in the sources: initials and middle
/// names are between them.
const APART: usize = 4;
/// The most words of which an acronym is made.
const LONGEST_ACRONYM: usize = 8;

/// What the sources and the context name.
#[derive(Debug)]
pub(super) struct Known<'a> {
    texts: [&'a Text; 2],
    rules: &'a Rules,
    words: HashMap<&'a str, Vec<(usize, usize)>>,
    small: HashSet<&'a str>,
    stems: HashSet<&'a str>,
    small_stems: HashSet<&'a str>,
    codes: HashSet<String>,
    initials: HashSet<String>,
    acronyms: HashSet<&'a str>,
    values: Vec<f64>,
}

/// Whether the word is in capitals throughout, but for a possessive ending.
fn shouted(text: &Text, token: &Token) -> bool {
    let written = text.chars.get(token.start..token.end).unwrap_or_default();
    let bare = written.strip_suffix(&['\'', 's']).unwrap_or(written);
    bare.len() > 1 && bare.iter().all(|c| !c.is_lowercase())
}

/// An identifier without what parts it: "covid19" for COVID-19.
fn code(text: &str) -> String {
    let bare: String = text.chars().filter(|c| c.is_alphanumeric() || *c == '.').collect();
    let version = bare.strip_prefix('v').filter(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    version.map_or(bare.clone(), str::to_owned)
}

impl<'a> Known<'a> {
    /// Reads what is named in the sources and in the context.
    pub fn new(texts: [&'a Text; 2], quantities: &[Quantity], dates: &[Date], rules: &'a Rules) -> Self {
        let ordinals = quantities.iter().filter(|quantity| quantity.form == Form::Ordinal);
        let mut values: Vec<f64> = ordinals.map(|quantity| quantity.value).collect();
        values.extend(dates.iter().filter_map(|date| date.day).map(f64::from));
        let mut known = Self {
            texts,
            rules,
            words: HashMap::new(),
            small: HashSet::new(),
            stems: HashSet::new(),
            small_stems: HashSet::new(),
            codes: HashSet::new(),
            initials: HashSet::new(),
            acronyms: HashSet::new(),
            values,
        };
        for (which, text) in texts.into_iter().enumerate() {
            known.read(which, text);
        }
        known
    }

    fn read(&mut self, which: usize, text: &'a Text) {
        for (at, token) in text.tokens.iter().enumerate() {
            match token.kind {
                Kind::Word => {
                    self.words.entry(&token.text).or_default().push((which, at));
                    self.stems.insert(&token.stem);
                    if !token.capital {
                        self.small.insert(&token.text);
                        self.small_stems.insert(&token.stem);
                    }
                    if let Some(number) = number_behind(text, at) {
                        self.codes.insert(code(&format!("{}{number}", token.text)));
                    }
                    if token.capital {
                        self.initials.extend(spelled_out(text, at).map(|(initials, _)| initials));
                    }
                    if shouted(text, token) {
                        self.acronyms.insert(&token.text);
                    }
                }
                Kind::Code => {
                    self.codes.insert(code(&token.text));
                }
                Kind::Number => {
                    self.codes.insert(token.text.clone());
                }
                Kind::Mark(_) => {}
            }
        }
    }

    /// The words of a claim that spell out an acronym of the sources, none of which the sources
    /// have by itself: New Zealand where they have NZ.
    fn spelled_out(&self, claim: &Text, names: &[Name]) -> HashSet<usize> {
        let mut places = HashSet::new();
        for name in names {
            for first in name.first..name.last {
                for (_, last) in
                    spelled_out(claim, first).filter(|(initials, _)| self.acronyms.contains(initials.as_str()))
                {
                    let mut words = (first..last).filter_map(|at| claim.token(at)).filter(|token| token.capital);
                    if words.all(|token| !self.words.contains_key(token.text.as_str())) {
                        places.extend(first..last);
                    }
                }
            }
        }
        places
    }

    /// Whether the word is named, in this form or in another one of the same name.
    fn has(&self, word: &str) -> bool {
        self.words.contains_key(word)
            || (self.rules.same_name)(word).iter().any(|name| self.words.contains_key(name.as_str()))
            || self.is_one_of_many(word)
    }

    /// Whether the sources name many of which the word is one: an Inca of the Incas.
    fn is_one_of_many(&self, word: &str) -> bool {
        let many = |(which, at): &(usize, usize)| {
            let text = self.texts.get(*which);
            text.is_some_and(|text| (self.rules.many)(text, *at) && text.token(*at).is_some_and(|token| token.capital))
        };
        self.words.get(format!("{word}s").as_str()).is_some_and(|places| places.iter().any(many))
    }

    /// Whether the word at `at` is a short form of a first name that the sources have before the
    /// same last name: Ed Marlowe for Edward J. Marlowe.
    fn is_short_form(&self, text: &Text, at: usize, word: &str) -> bool {
        let last = text.word(at + 1);
        let before = |long: &str| {
            let (Some(firsts), Some(lasts)) = (self.words.get(long), self.words.get(last)) else { return false };
            firsts.iter().any(|one| {
                lasts.iter().any(|other| one.0 == other.0 && (1..=APART).contains(&other.1.saturating_sub(one.1)))
            })
        };
        !last.is_empty() && (self.rules.long_names)(word).iter().any(|long| before(long))
    }

    /// Whether the word is only the plural of an acronym of the sources, and is not written as one:
    /// Mers where they have MER.
    fn is_other_plural(&self, text: &Text, token: &Token) -> bool {
        let Some(single) = token.text.strip_suffix('s').filter(|_| !self.words.contains_key(token.text.as_str()))
        else {
            return false;
        };
        let written = text.chars.get(token.start..token.end).unwrap_or_default();
        let capitals = written.iter().filter(|c| c.is_uppercase()).count();
        let whole = self.acronyms.contains(single) && single.chars().count() > 1;
        whole
            && capitals < single.chars().count()
            && !(self.rules.same_name)(&token.text)
                .iter()
                .any(|name| name != single && self.words.contains_key(name.as_str()))
    }

    fn has_initial(&self, letter: &str) -> bool {
        self.words.iter().any(|(word, places)| {
            word.starts_with(letter)
                && places.iter().any(|(which, at)| {
                    self.texts.get(*which).and_then(|text| text.token(*at)).is_some_and(|token| token.capital)
                })
        })
    }

    /// Whether the token at `at` is a word of which a sentence may say anything: no name at all.
    /// What a part of a document is called is none in capitals where its number follows: FIG 3, and
    /// not FIG by itself.
    fn ordinary(&self, text: &Text, at: usize, token: &Token) -> bool {
        let word = token.text.as_str();
        let next = at + 1 + usize::from(text.is_mark(at + 1, '.'));
        let numbered = text.token(next).is_some_and(|next| matches!(next.kind, Kind::Number | Kind::Code));
        let alone = (self.rules.part)(word) && shouted(text, token) && !numbered;
        let usual = (self.rules.unnamed)(word) && !alone
            || (self.rules.title)(word)
            || token.end - token.start == 1 && matches!(word, "a" | "i" | "o");
        let formed = !token.stem.is_empty() && self.small_stems.contains(token.stem.as_str());
        let small = self.small.contains(word) || formed && !self.words.contains_key(word);
        let common = token.opens && !shouted(text, token) && (small || (self.rules.common)(word));
        usual || common && (small || !self.names_somebody(text, at, token))
    }

    /// Whether a word that begins a sentence and is a common one is a name all the same: it is of
    /// the table of names, is used as only a name is, stands for a first name, or is a name of the
    /// sources but for a letter.
    fn names_somebody(&self, text: &Text, at: usize, token: &Token) -> bool {
        let stem = token.stem.as_str();
        if stem.is_empty() || self.stems.contains(stem) {
            return false;
        }
        let name = (self.rules.proper)(&token.text) || (self.rules.subject)(text, at);
        name || self.is_first_name(text, at, token) || self.is_misspelt(text, at, token)
    }

    /// Whether the word stands before a last name where the sources have a first name.
    fn is_first_name(&self, text: &Text, at: usize, token: &Token) -> bool {
        let last = text.token(at + 1).filter(|last| last.kind == Kind::Word && last.capital && !last.glued);
        let places = last.and_then(|last| self.words.get(last.text.as_str()));
        let named = |(which, at): &(usize, usize)| {
            let text = self.texts.get(*which)?;
            let first = text.token(at.checked_sub(1)?)?;
            let last = text.token(*at).filter(|last| last.capital && !last.opens)?;
            let first = first.kind == Kind::Word && first.capital && first.sentence == last.sentence;
            first.then_some(())
        };
        places.is_some_and(|places| places.iter().all(|place| named(place).is_some()))
            && (self.rules.given)(&token.text)
    }

    /// Whether the word differs in one letter from a name of the sources, and the same word is
    /// behind both.
    fn is_misspelt(&self, text: &Text, at: usize, token: &Token) -> bool {
        let next = text.word(at + 1);
        let word = token.text.as_str();
        let alike = |known: &str| known.len() == word.len() && distance(word, known, 1) == 1;
        let mut names = self.words.iter().filter(|(known, _)| !self.small.contains(*known) && alike(known));
        !next.is_empty()
            && names.any(|(_, places)| {
                let mut texts = places.iter().filter_map(|(which, at)| Some((self.texts.get(*which)?, at)));
                texts.any(|(text, at)| text.word(at + 1) == next)
            })
    }

    fn named(&self, text: &Text, at: usize, token: &Token) -> bool {
        let word = token.text.as_str();
        let letter = word.chars().count() == 1;
        let value = (self.rules.numeral)(word);
        self.has(word) && !self.is_other_plural(text, token)
            || value.is_some_and(|value| self.values.contains(&value))
            || (shouted(text, token) && self.initials.contains(word.strip_suffix('s').unwrap_or(word)))
            || (letter && text.is_mark(at + 1, '.') && self.has_initial(word))
            || self.is_short_form(text, at, word)
    }

    /// Whether the sources name the two words as parts of one name, or nothing speaks against it.
    fn together(&self, one: &str, other: &str) -> bool {
        let (Some(ones), Some(others)) = (self.words.get(one), self.words.get(other)) else { return true };
        let near = |a: &(usize, usize)| others.iter().any(|b| a.0 == b.0 && a.1.abs_diff(b.1) <= APART);
        let mut pairs = ones.iter();
        pairs.any(near) || !(self.in_names(ones) && self.in_names(others))
    }

    /// Whether the word stands, wherever it is, beside another word with a capital.
    fn in_names(&self, places: &[(usize, usize)]) -> bool {
        places.iter().all(|(which, at)| {
            let Some(text) = self.texts.get(*which) else { return false };
            let beside = |at: Option<usize>| {
                let token = at.and_then(|at| text.token(at)).filter(|token| token.kind == Kind::Word && token.capital);
                token.is_some_and(|token| !(self.rules.title)(&token.text) && !(self.rules.common)(&token.text))
            };
            beside(at.checked_sub(1)) || beside(Some(at + 1))
        })
    }

    /// The name of the sources that is nearest to the word in its letters.
    fn nearest(&self, word: &str) -> String {
        let most = (word.chars().count() / 3).max(1);
        let near = self.words.iter().filter_map(|(known, places)| {
            let apart = distance(word, known, most);
            let (which, at) = places.first()?;
            let token = self.texts.get(*which)?.token(*at)?;
            (apart <= most && token.capital).then_some((apart, *which, *at))
        });
        let Some((_, which, at)) = near.min() else { return String::new() };
        self.texts.get(which).map_or_else(String::new, |text| text.between(at, at + 1))
    }
}

/// The initials of two and more words with capitals from `at` on, and one past the last of the
/// words; small words between them are passed over.
fn spelled_out(text: &Text, at: usize) -> impl Iterator<Item = (String, usize)> {
    let (mut initials, mut place) = (String::new(), at);
    std::iter::from_fn(move || {
        while initials.len() < LONGEST_ACRONYM {
            let token = text.token(place)?;
            place += 1;
            match token.kind {
                Kind::Mark('-') => {}
                Kind::Word if token.capital => {
                    initials.extend(token.text.chars().take(1));
                    if initials.chars().count() > 1 {
                        return Some((initials.clone(), place));
                    }
                }
                Kind::Word if token.stem.is_empty() => {}
                Kind::Word | Kind::Number | Kind::Code | Kind::Mark(_) => return None,
            }
        }
        None
    })
}

/// The digits behind a word with a capital, glued by a hyphen or parted by a space: GPT-4, GPT 4.
fn number_behind(text: &Text, at: usize) -> Option<&str> {
    let next = text.past_hyphen(at + 1);
    let token = text.token(next).filter(|token| token.kind == Kind::Number)?;
    text.token(at).filter(|word| word.capital).map(|_| token.text.as_str())
}

/// The names of a text: of a source where `known` is what it names itself.
pub(super) fn find(text: &Text, dates: &[Date], quantities: &[Quantity], known: &Known<'_>) -> Vec<Name> {
    let mut names: Vec<Name> = Vec::new();
    // The words of dates, numbers and units are checked as such: March, Celsius.
    let mut others: Vec<(usize, usize)> = dates.iter().map(|date| (date.first, date.last)).collect();
    others.extend(quantities.iter().filter(|quantity| !quantity.weak).map(|quantity| (quantity.first, quantity.last)));
    others.sort_unstable();
    let mut others = others.into_iter().peekable();
    for (at, token) in text.tokens.iter().enumerate() {
        while others.next_if(|other| other.1 <= at).is_some() {}
        let other = others.peek().is_some_and(|other| other.0 <= at);
        if token.kind != Kind::Word || !token.capital || other || known.ordinary(text, at, token) {
            continue;
        }
        match names.last_mut() {
            Some(last) if last.last == at && !token.glued => last.last = at + 1,
            _ => names.push(Name { first: at, last: at + 1 }),
        }
    }
    names
}

/// The faults of names and identifiers, and the tokens that are identifiers.
pub(super) fn check(
    claim: &Text,
    names: &[Name],
    quantities: &[Quantity],
    known: &Known<'_>,
) -> (Vec<Fault>, Vec<usize>) {
    let mut faults = Vec::new();
    let codes = codes(claim, quantities, known, &mut faults);
    let spelled_out = known.spelled_out(claim, names);
    for name in names {
        let mut last: Option<&Token> = None;
        for at in name.first..name.last {
            let Some(token) = claim.token(at) else { continue };
            if spelled_out.contains(&at) {
                last = None;
                continue;
            }
            if !known.named(claim, at, token) {
                let (word, said) = (claim.between(at, at + 1), known.nearest(&token.text));
                faults.push(fault(token.start, token.end, word, said));
                last = None;
                continue;
            }
            if let Some(before) = last.filter(|before| !known.together(&before.text, &token.text)) {
                let said = known.texts.iter().find_map(|text| whole(text, &token.text)).unwrap_or_default();
                faults.push(fault(before.start, token.end, claim.slice(before.start, token.end), said));
            }
            last = Some(token);
        }
    }
    (faults, codes)
}

/// Checks identifiers; the tokens of theirs.
fn codes(claim: &Text, quantities: &[Quantity], known: &Known<'_>, faults: &mut Vec<Fault>) -> Vec<usize> {
    let mut found = Vec::new();
    for (at, token) in claim.tokens.iter().enumerate() {
        let hyphened = token.kind == Kind::Word && claim.is_mark(at + 1, '-') && claim.past_hyphen(at + 1) > at + 1;
        let number = if hyphened { number_behind(claim, at) } else { None };
        let (end, whole) = match (token.kind, number) {
            (Kind::Code, _) => (at + 1, code(&token.text)),
            (Kind::Word, Some(number)) => (at + 3, code(&format!("{}{number}", token.text))),
            (Kind::Word | Kind::Number | Kind::Mark(_), _) => continue,
        };
        if quantities.iter().any(|quantity| quantity.first < at && at < quantity.last) {
            continue;
        }
        found.extend(at..end);
        if !known.codes.contains(&whole) && !known.codes.contains(whole.trim_end_matches('s')) {
            let end = claim.token(end - 1).map_or(token.end, |token| token.end);
            let most = (whole.chars().count() / 2).max(1);
            let near =
                known.codes.iter().map(|code| (distance(code, &whole, most), code)).filter(|near| near.0 <= most);
            let said = near.min().map(|near| near.1.clone()).unwrap_or_default();
            faults.push(fault(token.start, end, claim.slice(token.start, end), said));
        }
    }
    found
}

/// The whole name in which a word stands.
fn whole(text: &Text, word: &str) -> Option<String> {
    let at = text.tokens.iter().position(|token| token.kind == Kind::Word && token.capital && token.text == word)?;
    let named = |at: usize| text.token(at).is_some_and(|token| token.kind == Kind::Word && token.capital);
    let mut first = at;
    while first > 0 && named(first - 1) {
        first -= 1;
    }
    let mut last = at + 1;
    while named(last) {
        last += 1;
    }
    Some(text.between(first, last))
}

fn fault(start: usize, end: usize, found: String, said: String) -> Fault {
    let offset = |place: usize| u32::try_from(place).unwrap_or(u32::MAX);
    Fault { kind: FaultKind::Name, range: Range::new(offset(start), offset(end)), found, said }
}
