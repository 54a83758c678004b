//! Names: another name of the document, one letter, another first name.

use std::ops::Range;

use super::draw::Draw;
use super::plant::{Place, Rule};
use super::text::{find, replaced, words};
use crate::grounding::Fact;

pub(super) const RULES: &[Rule] = &[
    Rule { name: "another name of the document", apply: another },
    Rule { name: "a letter", apply: letter },
    Rule { name: "another first name", apply: first_name },
];

const VOWELS: [char; 5] = ['a', 'e', 'i', 'o', 'u'];
/// A name's word has so many letters at least, so that one changed letter leaves it a name.
const LONG: usize = 4;

/// A word with a capital.
pub(super) fn capitalised(word: &str) -> String {
    let mut chars = word.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

/// The last name of a person, and the first.
fn surname(person: &str) -> &str {
    let name = person.split(", ").next().unwrap_or(person);
    name.rsplit(' ').next().unwrap_or(name)
}

fn first(person: &str) -> &str {
    person.split(' ').next().unwrap_or(person)
}

/// Names that an utterance has, each with its place.
type Said<'a> = Vec<(Range<usize>, &'a str)>;

/// The people and the other names of a fact that an utterance has, as it has them.
fn said<'a>(truth: &str, fact: &'a Fact) -> (Said<'a>, Said<'a>) {
    let person = |name: &'a String| {
        let whole = find(truth, name).map(|range| (range, name.as_str()));
        whole.or_else(|| find(truth, surname(name)).map(|range| (range, surname(name))))
    };
    let people = fact.people.iter().filter_map(person).collect();
    let names = fact.names.iter().filter_map(|name| Some((find(truth, name)?, name.as_str()))).collect();
    (people, names)
}

fn another(place: &Place<'_>, draw: &mut Draw) -> Option<String> {
    let (people, names) = said(place.truth, place.fact);
    let others = place.others();
    // A name that the passage has too might be as true.
    let strange = |name: &&str| {
        let lower = place.fact.passage.to_lowercase();
        name.split(' ').all(|word| !lower.contains(&word.to_lowercase()))
    };
    if let Some((range, name)) = draw.pick(&people) {
        let of_others = others.iter().flat_map(|fact| &fact.people);
        let form = |person: &'_ String| if name.contains(' ') { person.clone() } else { surname(person).to_owned() };
        let choice: Vec<String> = of_others.map(form).filter(|name| strange(&name.as_str())).collect();
        if let Some(other) = draw.pick(&choice) {
            return replaced(place.truth, range, other);
        }
    }
    let (range, _) = draw.pick(&names)?;
    let choice: Vec<&str> = others.iter().flat_map(|fact| &fact.names).map(String::as_str).filter(strange).collect();
    replaced(place.truth, range, draw.pick(&choice)?)
}

fn letter(place: &Place<'_>, draw: &mut Draw) -> Option<String> {
    let (people, names) = said(place.truth, place.fact);
    let all = [people, names].concat();
    let (range, name) = draw.pick(&all)?;
    let (inner, word) =
        words(name).into_iter().filter(|(_, word)| word.len() >= LONG).max_by_key(|(_, word)| word.len())?;
    let changed = misspelt(word, draw)?;
    let at = range.start + inner.start..range.start + inner.end;
    (!place.fact.passage.contains(&changed)).then(|| replaced(place.truth, &at, &changed)).flatten()
}

/// A word with one letter changed, never its first: a vowel for a vowel, a capital for a capital.
fn misspelt(word: &str, draw: &mut Draw) -> Option<String> {
    let inner: Vec<(usize, char)> = word.char_indices().skip(1).collect();
    let vowels: Vec<(usize, char)> = inner.iter().copied().filter(|(_, char)| VOWELS.contains(char)).collect();
    let (at, other) = if let Some((at, old)) = draw.pick(&vowels) {
        let others: Vec<char> = VOWELS.into_iter().filter(|vowel| vowel != old).collect();
        (*at, *draw.pick(&others)?)
    } else {
        let capitals: Vec<(usize, char)> = inner.into_iter().filter(|(_, char)| char.is_ascii_uppercase()).collect();
        let (at, old) = draw.pick(&capitals)?;
        (*at, if *old == 'K' { 'B' } else { 'K' })
    };
    replaced(word, &(at..at + 1), &other.to_string())
}

fn first_name(place: &Place<'_>, draw: &mut Draw) -> Option<String> {
    let (people, _) = said(place.truth, place.fact);
    let (range, name) = draw.pick(&people)?;
    let others = place.facts.iter().flat_map(|fact| &fact.people).map(|person| first(person));
    let strange = |first: &&str| first.len() > 2 && !place.fact.passage.contains(first);
    let choice: Vec<&str> = others.filter(strange).collect();
    let other = draw.pick(&choice)?;
    replaced(place.truth, range, &format!("{other} {}", surname(name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_name_keeps_its_first_letter_and_its_length() {
        let mut draw = Draw::new(1);
        for name in ["Willett", "Stonebraker", "DARPA", "NASA"] {
            let other = misspelt(name, &mut draw).unwrap();
            assert_ne!(other, name);
            assert_eq!(other.len(), name.len());
            assert_eq!(other.chars().next(), name.chars().next());
        }
    }

    #[test]
    fn names_of_people_have_two_ends() {
        assert_eq!(surname("William R. Tolbert, Jr."), "Tolbert");
        assert_eq!(first("William R. Tolbert, Jr."), "William");
    }
}
