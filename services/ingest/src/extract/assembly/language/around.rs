//! What the text of a block, and of those around it, tells of its language.
//!
//! A block of some length stands for itself. A short one between blocks of the document's language
//! is of that, unless it says clearly otherwise; one that says nothing, between two blocks of
//! another language, is of theirs.

use super::super::Draft;
use super::{has_letters, is_prose, same};
use crate::clean::language::{can_be_in, clearly_other, guess, small_words};

/// A block says by itself that it is in another language than the document from this many
/// characters on: a long sentence.
const OWN_PASSAGE: usize = 100;
/// Among blocks of the document's language, a shorter block than this must say so clearly: a
/// paragraph of a few sentences.
const SURROUNDED_PASSAGE: usize = 250;
/// No more blocks than these take their language from the two around them.
const MOST_BETWEEN: usize = 3;

/// For each block, what its language is told to be; none where nothing tells it. `document` is the
/// document's.
pub(super) fn told(drafts: &[Draft], document: &str) -> Vec<Option<&'static str>> {
    let mut told: Vec<Option<&'static str>> = drafts.iter().map(|draft| by_itself(draft, document)).collect();
    let doubted: Vec<usize> = doubted(drafts, &told, document).collect();
    for at in doubted {
        told[at] = None;
    }
    let between: Vec<(usize, &'static str)> = between(drafts, &told, document).collect();
    for (at, language) in between {
        told[at] = Some(language);
    }
    told
}

/// What a block's own text tells.
fn by_itself(draft: &Draft, document: &str) -> Option<&'static str> {
    let text = &draft.line.text;
    if !is_prose(draft) {
        return None;
    }
    if text.len() < OWN_PASSAGE {
        return clearly_other(text, document);
    }
    guess(text).filter(|guess| guess.sure).map(|guess| guess.language)
}

/// The blocks of a few sentences that look as if they were in another language, stand among blocks
/// of the document's, and do not say it clearly.
fn doubted<'a>(
    drafts: &'a [Draft],
    told: &'a [Option<&'static str>],
    document: &'a str,
) -> impl Iterator<Item = usize> + 'a {
    let (before, behind) = nearest(told);
    let of_document = move |at: Option<usize>| {
        let language = at.and_then(|at| told.get(at).copied().flatten());
        language.is_none_or(|language| same(language, document))
    };
    drafts.iter().zip(told).enumerate().filter_map(move |(at, (draft, language))| {
        let text = &draft.line.text;
        let other = language.is_some_and(|language| !same(language, document));
        let surrounded = of_document(before[at]) && of_document(behind[at]);
        let clear = || clearly_other(text, document).is_some();
        (other && surrounded && text.chars().count() < SURROUNDED_PASSAGE && !clear()).then_some(at)
    })
}

/// The blocks that tell nothing and stand between two of one other language, with that language. Of
/// what the source says of a block nothing is changed.
fn between<'a>(
    drafts: &'a [Draft],
    told: &'a [Option<&'static str>],
    document: &'a str,
) -> impl Iterator<Item = (usize, &'static str)> + 'a {
    let (before, behind) = nearest(told);
    let untold = drafts.iter().zip(told).enumerate().filter(|(_, (_, told))| told.is_none());
    untold.filter(move |(_, (draft, _))| open(draft)).filter_map(move |(at, (draft, _))| {
        let (first, last) = (before[at]?, behind[at]?);
        let language = told[first].filter(|language| told[last] == Some(*language) && !same(language, document))?;
        let text = &draft.line.text;
        let theirs = last - first <= MOST_BETWEEN + 1
            && can_be_in(text, language)
            && small_words(text, document) <= small_words(text, language);
        theirs.then_some((at, language))
    })
}

/// Whether a block has words of which neither it nor the source says the language.
fn open(draft: &Draft) -> bool {
    draft.language.is_none() && is_prose(draft) && has_letters(&draft.line.text)
}

/// For each block, the nearest one before it and behind it of which something is told.
fn nearest(told: &[Option<&'static str>]) -> (Vec<Option<usize>>, Vec<Option<usize>>) {
    let mut last = None;
    let mut seen = |at: usize| {
        let nearest = last;
        last = told[at].map(|_| at).or(last);
        nearest
    };
    let before: Vec<Option<usize>> = (0..told.len()).map(&mut seen).collect();
    let mut next = None;
    let mut behind: Vec<Option<usize>> = (0..told.len())
        .rev()
        .map(|at| {
            let nearest = next;
            next = told[at].map(|_| at).or(next);
            nearest
        })
        .collect();
    behind.reverse();
    (before, behind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_blocks_that_tell_something_are_found() {
        let told = [None, Some("de"), None, None, Some("en")];
        let (before, behind) = nearest(&told);
        assert_eq!(before, [None, None, Some(1), Some(1), Some(1)]);
        assert_eq!(behind, [Some(1), Some(4), Some(4), Some(4), None]);
    }
}
