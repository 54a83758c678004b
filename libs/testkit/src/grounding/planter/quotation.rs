//! Quotations: own words in quotation marks, a word of a real quotation changed, words of another
//! passage.

use super::draw::Draw;
use super::plant::{Place, Rule};
use super::text::{plain, replaced, words};

pub(super) const RULES: &[Rule] = &[
    Rule { name: "own words as a quotation", apply: own_words },
    Rule { name: "a word changed", apply: word_changed },
    Rule { name: "words of another passage", apply: of_another },
];

/// How many words a quotation has.
const LENGTH: [usize; 4] = [5, 6, 7, 8];
/// A word that carries meaning has so many letters at least.
const CONTENT: usize = 5;
/// Marks that end a quotation's reach.
const STOPS: [char; 12] = ['.', '"', '“', '”', '(', ')', ';', ':', '[', ']', '!', '?'];

/// What leads to a quotation.
const LEADS: [&str; 3] = ["In its own words: ", "The text says: ", "To quote it: "];

/// Runs of so many words within one sentence and outside of quotation marks.
fn runs(text: &str, length: usize) -> Vec<(std::ops::Range<usize>, &str)> {
    let words = words(text);
    let run = |run: &[(std::ops::Range<usize>, &str)]| {
        let range = run.first()?.0.start..run.last()?.0.end;
        Some((range.clone(), text.get(range)?))
    };
    let quoted = |range: &std::ops::Range<usize>| {
        let before = text.get(..range.start).unwrap_or_default();
        before.matches(['"', '“', '”']).count() % 2 == 1
    };
    // Not from or into the middle of a figure, such as 3.7.0.
    let within_figure = |range: &std::ops::Range<usize>| {
        let mut after = text.get(range.end..).unwrap_or_default().chars();
        let mut before = text.get(..range.start).unwrap_or_default().chars().rev();
        let goes_on = |mark: Option<char>, next: Option<char>| {
            matches!(mark, Some('.' | ',')) && next.is_some_and(|char| char.is_ascii_digit())
        };
        goes_on(after.next(), after.next()) || goes_on(before.next(), before.next())
    };
    let fits =
        |(range, run): &(std::ops::Range<usize>, &str)| !run.contains(STOPS) && !quoted(range) && !within_figure(range);
    words.windows(length).filter_map(run).filter(fits).collect()
}

fn own_words(place: &Place<'_>, draw: &mut Draw) -> Option<String> {
    let passage = plain(&place.fact.passage);
    let strange = |run: &str| {
        let new = words(run).iter().filter(|(_, word)| !passage.contains(&word.to_lowercase())).count();
        new >= 2 && !passage.contains(&plain(run))
    };
    let mut found = runs(place.truth, *draw.pick(&LENGTH)?);
    found.retain(|(_, run)| strange(run));
    let (range, run) = draw.pick(&found)?;
    replaced(place.truth, range, &format!("\"{run}\""))
}

fn word_changed(place: &Place<'_>, draw: &mut Draw) -> Option<String> {
    let passage = plain(&place.fact.passage);
    let content = |word: &str| word.len() >= CONTENT && word.chars().all(|char| char.is_ascii_lowercase());
    let found = runs(&place.fact.passage, *draw.pick(&LENGTH)?);
    let (_, run) = draw.pick(&found)?;
    let within = words(run);
    let inner = within.get(1..within.len().checked_sub(1)?)?;
    let inner: Vec<_> = inner.iter().filter(|(_, word)| content(word)).collect();
    let (range, _) = draw.pick(&inner)?;
    let others = place.others();
    let choice: Vec<&str> = others
        .iter()
        .flat_map(|fact| words(&fact.passage))
        .map(|(_, word)| word)
        .filter(|word| content(word) && !passage.contains(word))
        .collect();
    quoting(place, &replaced(run, range, draw.pick(&choice)?)?, draw)
}

fn of_another(place: &Place<'_>, draw: &mut Draw) -> Option<String> {
    let passage = plain(&place.fact.passage);
    let others = place.others();
    let found = runs(&draw.pick(&others)?.passage, *draw.pick(&LENGTH)?);
    let (_, run) = draw.pick(&found)?;
    let strange = words(run).iter().any(|(_, word)| word.len() >= CONTENT && !passage.contains(&word.to_lowercase()));
    strange.then(|| quoting(place, run, draw)).flatten()
}

/// The utterance, and a quotation after it.
fn quoting(place: &Place<'_>, quotation: &str, draw: &mut Draw) -> Option<String> {
    Some(format!("{} {}\"{quotation}\".", place.truth, draw.pick(&LEADS)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_end_with_sentences_and_keep_out_of_quotation_marks() {
        let runs = runs("One two three. He said \"four five six\" and seven, eight nine.", 3);
        let texts: Vec<&str> = runs.iter().map(|(_, run)| *run).collect();
        assert_eq!(texts, ["One two three", "and seven, eight", "seven, eight nine"]);
        assert!(super::runs("with version 3.7.0 then", 3).is_empty(), "a figure is whole");
    }
}
