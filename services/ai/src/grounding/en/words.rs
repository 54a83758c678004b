//! Words of English: stems, common words, forms of names.

use super::data::Data;
use crate::grounding::text::Text;

/// What stands for a person or a thing that was named before.
const PRONOUNS: [&str; 12] = ["he", "she", "they", "him", "her", "them", "his", "hers", "their", "it", "its", "who"];

/// Words between two things that say nothing of their order.
const SYMMETRIC: [&str; 9] = ["and", "or", "nor", "with", "versus", "vs", "between", "both", "as"];

/// Words that part what is said of one thing from what is said of the next.
const JOINS: [&str; 9] = ["and", "but", "or", "while", "whereas", "which", "where", "then", "yet"];

/// The stem of a word; empty for a word that says nothing of what a sentence is about. It is rough:
/// that two forms of a word give one stem is what counts.
pub(super) fn stem(word: &str) -> String {
    if Data::get().stop.contains(word) {
        return String::new();
    }
    let rough = rough(word);
    rough.strip_suffix('e').unwrap_or(&rough).to_owned()
}

/// The shortest word that is cut.
const SHORTEST_CUT: usize = 5;

fn rough(word: &str) -> String {
    if word.len() < SHORTEST_CUT || !word.is_ascii() {
        return match word.strip_suffix('s') {
            Some(one) if word.len() == SHORTEST_CUT - 1 && !one.ends_with('s') => one.to_owned(),
            _ => word.to_owned(),
        };
    }
    for (ending, instead) in [("ies", "y"), ("ied", "y"), ("ing", ""), ("ed", ""), ("ly", ""), ("es", "e"), ("s", "")] {
        let Some(bare) = word.strip_suffix(ending) else { continue };
        if bare.len() < 3 || (ending == "s" && (bare.ends_with('s') || bare.ends_with('u'))) {
            continue;
        }
        let mut bare = bare.to_owned();
        let doubled = bare.len() > 3 && bare.bytes().rev().nth(1) == bare.bytes().next_back() && instead.is_empty();
        if doubled && !bare.ends_with('l') && !bare.ends_with('s') {
            bare.pop();
        }
        bare.push_str(instead);
        return bare;
    }
    word.to_owned()
}

/// Whether a full stop behind the word ends no sentence.
pub(super) fn abbreviation(word: &str) -> bool {
    Data::get().abbreviations.contains(word)
}

/// Whether the word is in the list of common words, or an inflected form of one that is.
pub(super) fn common(word: &str) -> bool {
    let data = Data::get();
    let known = |word: &str| data.words.contains(word) || data.stop.contains(word);
    if known(word) || word.contains('\'') {
        return true;
    }
    bases(word).iter().any(|base| known(base) || bases(base).iter().any(|base| known(base)))
}

/// What the word may be a form of.
fn bases(word: &str) -> Vec<String> {
    let mut bases = Vec::new();
    let cut = |ending: &str, least: usize| word.strip_suffix(ending).filter(|bare| bare.len() >= least);
    for (ending, least) in [("ies", 2), ("ied", 2), ("ily", 3)] {
        bases.extend(cut(ending, least).map(|bare| format!("{bare}y")));
    }
    bases.extend(cut("es", 2).map(str::to_owned));
    bases.extend(cut("s", 3).filter(|bare| !bare.ends_with('s')).map(str::to_owned));
    for ending in ["ed", "ing"] {
        if let Some(bare) = cut(ending, 3) {
            bases.push(bare.to_owned());
            bases.push(format!("{bare}e"));
            let mut last = bare.chars().rev();
            if last.next() == last.next() {
                bases.push(bare.chars().take(bare.chars().count().saturating_sub(1)).collect());
            }
        }
    }
    bases.extend(cut("ly", 3).map(str::to_owned));
    for before in ["un", "re", "non", "pre", "over", "under", "inter", "sub"] {
        bases.extend(word.strip_prefix(before).filter(|bare| bare.len() > 3).map(str::to_owned));
    }
    bases
}

/// Whether the word has a capital though it names nothing of a document.
pub(super) fn unnamed(word: &str) -> bool {
    let data = Data::get();
    let known = data.calendar("month", word).is_some() || data.calendar("weekday", word).is_some();
    // March, May and August are names and words as well.
    let calendar = known && data.calendar("unsure", word).is_none();
    data.always.contains(word) || data.parts.contains(word) || calendar || word.starts_with("i'")
}

/// Whether a part of a document is called so: figure, table.
pub(super) fn part(word: &str) -> bool {
    Data::get().parts.contains(word)
}

/// Whether the word is a title before a name.
pub(super) fn title(word: &str) -> bool {
    Data::get().titles.contains(word)
}

/// Other forms of a name: of its place, people and language, and its singular.
pub(super) fn same_name(word: &str) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    if let Some(same) = Data::get().same_names.get(word) {
        names.extend(same.iter().map(|name| (*name).to_owned()));
    }
    for (ending, instead) in [("s", ""), ("es", ""), ("ies", "y"), ("'", "")] {
        if let Some(bare) = word.strip_suffix(ending).filter(|bare| bare.len() > 1) {
            names.push(format!("{bare}{instead}"));
        }
    }
    names.extend(peoples(word));
    names
}

/// The least letters of a name of which a people is regularly derived.
const SHORTEST_PLACE: usize = 4;

/// The people of a place and the place of a people, where one is derived from the other by rule:
/// Liberia and Liberian, Brazil and Brazilian, Japan and Japanese, Sicily and Sicilian, York and
/// Yorkers. Irregular ones are in the table.
fn peoples(word: &str) -> Vec<String> {
    let mut names = Vec::new();
    let long = |bare: &&str| bare.chars().count() >= SHORTEST_PLACE;
    let single = word.strip_suffix('s').filter(|bare| bare.ends_with("an")).unwrap_or(word);
    names.extend(single.strip_suffix('n').filter(|bare| bare.ends_with('a')).filter(long).map(str::to_owned));
    for (ending, instead) in [("ian", ""), ("ese", ""), ("an", ""), ("an", "o"), ("ian", "y")] {
        names.extend(single.strip_suffix(ending).filter(long).map(|bare| format!("{bare}{instead}")));
    }
    names.extend(word.strip_suffix("ers").filter(long).map(str::to_owned));
    if long(&word) {
        if word.ends_with('a') {
            names.extend([format!("{word}n"), format!("{word}ns")]);
        } else {
            names.extend(["ian", "ians", "ese", "an", "ans", "ers"].map(|ending| format!("{word}{ending}")));
        }
        for (ending, instead) in [('o', "an"), ('y', "ian")] {
            let bare = word.strip_suffix(ending);
            names.extend(bare.into_iter().flat_map(|bare| [format!("{bare}{instead}"), format!("{bare}{instead}s")]));
        }
    }
    names
}

/// Words before a date that make it the end of a span of time.
const ENDS: [&str; 6] = ["until", "till", "by", "through", "before", "ended"];

/// Words before a date that make it the beginning of one.
const BEGINS: [&str; 3] = ["since", "after", "from"];

/// Whether the words before the date at `first` make it the end of a span, or its beginning.
pub(super) fn end_of_span(text: &Text, first: usize) -> Option<bool> {
    let mut at = first.checked_sub(1)?;
    while at > 0 && matches!(text.word(at), "the" | "year" | "about" | "around") {
        at -= 1;
    }
    let word = text.word(at);
    if ENDS.contains(&word) {
        return Some(true);
    }
    BEGINS.contains(&word).then_some(false)
}

/// Whether the word stands for a person or a thing that was named before.
pub(super) fn pronoun(word: &str) -> bool {
    PRONOUNS.contains(&word)
}

/// Whether the word points to what was said before.
pub(super) fn refers(word: &str) -> bool {
    pronoun(word) || matches!(word, "this" | "these" | "those" | "such")
}

/// Whether the words between two things say nothing of their order.
pub(super) fn symmetric(words: &[&str]) -> bool {
    words.iter().all(|word| SYMMETRIC.contains(word))
}

/// Whether the word parts what is said of one thing from what is said of the next.
pub(super) fn joins(word: &str) -> bool {
    JOINS.contains(&word)
}
