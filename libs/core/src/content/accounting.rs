//! What became of a block's text: what of it is heard, and why the rest is not (invariant I9). It
//! is one account for everybody: the writer of a section balances it, a preview shows it, and the
//! manifest records it.
//!
//! Words of a model are about a block and are not its text: they speak none of it. What they cover
//! is [`Fate::Summarised`], since their writer lists it as [`SkipReason::Summarised`], whether a
//! sentence names the block or not. So is what a caller edited: other words stand for it
//! ([`SkipReason::Edited`]).
//!
//! Nothing is ever missing from an account. What the script names nowhere is listed too: as
//! [`SkipReason::NothingToSay`] where it holds no letter or digit, else as
//! [`SkipReason::Unaccounted`], which is a defect of the writer and no reason to fail an order.

use unicode_segmentation::UnicodeSegmentation as _;

use super::document::Block;
use super::script::{SkipReason, Skipped};
use super::timeline::{Coverage, Fate, SkippedPart};
use super::{Range, words};
use crate::Failure;

/// Scalar values that an excerpt has at most: about a line and a half, enough to recognise the
/// place.
pub const EXCERPT: usize = 120;

/// What became of a block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// What became of it as a whole.
    pub fate: Fate,
    /// What is not heard, in the order of the text, each visible character in at most one part.
    pub skipped: Vec<SkippedPart>,
    /// Those of `skipped` that the script names nowhere; the whole block where it does not name
    /// that at all.
    pub unlisted: Vec<Skipped>,
    /// Its words.
    pub words: u32,
    /// Those of its words that are heard.
    pub words_spoken: u32,
}

impl Account {
    /// What the script should have named and does not: letters or digits that are neither spoken
    /// nor skipped with a reason.
    pub fn defects(&self) -> impl Iterator<Item = &Skipped> {
        self.unlisted.iter().filter(|part| part.reason == SkipReason::Unaccounted)
    }
}

impl Coverage {
    /// Counts a block.
    pub const fn count(&mut self, account: &Account) {
        self.blocks += 1;
        match account.fate {
            Fate::Spoken => self.spoken += 1,
            Fate::Summarised => self.summarised += 1,
            Fate::Skipped => self.skipped += 1,
        }
        self.words += account.words;
        self.words_spoken += account.words_spoken;
    }
}

/// Who has a character.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Owner {
    Nobody,
    Speech,
    /// The entry of the list of what is skipped.
    Skip(usize),
}

/// Accounts for a block, of which `spoken` is heard and `skips` say what is not.
///
/// # Errors
/// `INTERNAL`, naming the block, if a range lies outside of its text: the script is of another
/// document.
pub fn account(block: &Block, spoken: &[Range], skips: &[&Skipped]) -> Result<Account, Failure> {
    let chars: Vec<char> = block.text.chars().collect();
    let owners = owners(block, &chars, spoken, skips)?;
    let unnamed = spoken.is_empty() && skips.is_empty();
    let (mut skipped, mut unlisted, mut words_spoken) = (Vec::new(), Vec::new(), 0);
    let mut at = 0;
    for run in owners.chunk_by(|one, next| one == next) {
        let text = &chars[at..at + run.len()];
        let range = Range::new(offset(at), offset(at + run.len()));
        at += run.len();
        let visible = text.iter().any(|c| !c.is_whitespace());
        let mut skip = |reason| skipped.push(SkippedPart { range, reason, excerpt: excerpt(text) });
        match run[0] {
            Owner::Speech => words_spoken += words(&text.iter().collect::<String>()),
            Owner::Skip(at) if visible => skip(skips[at].reason),
            Owner::Nobody if visible => {
                let says = text.iter().any(|c| c.is_alphanumeric());
                let reason = if says { SkipReason::Unaccounted } else { SkipReason::NothingToSay };
                skip(reason);
                unlisted.push(Skipped { block: block.id, range: Some(range).filter(|_| !unnamed), reason });
            }
            Owner::Skip(_) | Owner::Nobody => {}
        }
    }
    if unnamed && unlisted.is_empty() {
        unlisted.push(Skipped { block: block.id, range: None, reason: SkipReason::NothingToSay });
    }
    // A block without text, or whose parts are all white space, still shows why it is not heard.
    if spoken.is_empty() && skipped.is_empty() {
        let reason = skips.first().map_or(SkipReason::NothingToSay, |skip| skip.reason);
        skipped.push(SkippedPart { range: Range::new(0, offset(chars.len())), reason, excerpt: String::new() });
    }
    let fate = if !spoken.is_empty() {
        Fate::Spoken
    } else if skipped.iter().any(|part| matches!(part.reason, SkipReason::Summarised | SkipReason::Edited)) {
        Fate::Summarised
    } else {
        Fate::Skipped
    };
    let words = words(&block.text);
    Ok(Account { fate, skipped, unlisted, words, words_spoken: words_spoken.min(words) })
}

/// Who has each character: speech before all, then what names a part of the block, then what speaks
/// of the rest.
fn owners(block: &Block, chars: &[char], spoken: &[Range], skips: &[&Skipped]) -> Result<Vec<Owner>, Failure> {
    let mut owners = vec![Owner::Nobody; chars.len()];
    let mut claim = |range: Range, owner: Owner| {
        let Some(part) = owners.get_mut(range.start as usize..range.end as usize) else {
            return Err(Failure::internal(format!(
                "the script names {}-{} of block {}, which has {} characters",
                range.start,
                range.end,
                block.id,
                chars.len()
            )));
        };
        part.iter_mut().filter(|of| **of == Owner::Nobody).for_each(|of| *of = owner);
        Ok(())
    };
    for range in spoken {
        claim(*range, Owner::Speech)?;
    }
    for (at, skip) in skips.iter().enumerate() {
        if let Some(range) = skip.range {
            claim(range, Owner::Skip(at))?;
        }
    }
    if let Some(rest) = skips.iter().position(|skip| skip.range.is_none()) {
        claim(Range::new(0, offset(chars.len())), Owner::Skip(rest))?;
    }
    Ok(owners)
}

fn offset(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

/// The beginning of a text: white space folded, at most [`EXCERPT`] scalar values, and where that
/// is not all, `…` at the end. It is cut between words where it can be, and never within what a
/// reader takes for one character.
fn excerpt(chars: &[char]) -> String {
    let mut folded = String::new();
    let (mut length, mut space) = (0, false);
    let mut chars = chars.iter().skip_while(|c| c.is_whitespace()).peekable();
    while length <= EXCERPT
        && let Some(&c) = chars.next()
    {
        if c.is_whitespace() {
            space = true;
            continue;
        }
        if std::mem::take(&mut space) {
            folded.push(' ');
            length += 1;
        }
        folded.push(c);
        length += 1;
    }
    if length <= EXCERPT {
        return folded;
    }
    // One place is the ellipsis's.
    let mut kept = String::new();
    let mut room = EXCERPT - 1;
    for cluster in folded.graphemes(true) {
        let size = cluster.chars().count();
        if size > room {
            break;
        }
        room -= size;
        kept.push_str(cluster);
    }
    // A last word that is cut is left out, unless it is most of the excerpt.
    if let Some((words, _)) = kept.rsplit_once(' ')
        && !words.is_empty()
        && kept.len() - words.len() < kept.len() / 2
    {
        kept.truncate(words.len());
    }
    kept.push('…');
    kept
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::content::document::{BlockKind, Matter};
    use crate::content::length;

    fn block(text: &str) -> Block {
        Block {
            id: 7,
            kind: BlockKind::Paragraph,
            text: text.to_owned(),
            page: None,
            page_end: None,
            confidence: 1.0,
            language: None,
            matter: Matter::Body,
            spans: Vec::new(),
        }
    }

    fn skip(range: Option<Range>, reason: SkipReason) -> Skipped {
        Skipped { block: 7, range, reason }
    }

    #[test]
    fn what_the_script_names_nowhere_is_listed_with_a_reason() {
        use SkipReason::{Citation, FigureWithoutText, NothingToSay, PageNumber, Unaccounted};
        let r = Range::new;
        let whole = |reason| vec![skip(None, reason)];
        // Text, spoken, skipped; then the reasons of what is not heard, and what was not listed.
        type Case<'a> = (&'a str, Vec<Range>, Vec<Skipped>, Vec<SkipReason>, Vec<Skipped>);
        let cases: [Case<'_>; 9] = [
            ("All said.", vec![r(0, 9)], vec![], vec![], vec![]),
            ("{", vec![], vec![], vec![NothingToSay], whole(NothingToSay)),
            ("", vec![], vec![], vec![NothingToSay], whole(NothingToSay)),
            (" ", vec![], vec![], vec![NothingToSay], whole(NothingToSay)),
            ("Lost.", vec![], vec![], vec![Unaccounted], whole(Unaccounted)),
            ("One two", vec![r(0, 3)], vec![], vec![Unaccounted], vec![skip(Some(r(3, 7)), Unaccounted)]),
            ("One *", vec![r(0, 3)], vec![], vec![NothingToSay], vec![skip(Some(r(3, 5)), NothingToSay)]),
            (
                "One [1] 12",
                vec![r(0, 3)],
                vec![skip(Some(r(4, 7)), Citation), skip(None, PageNumber)],
                vec![Citation, PageNumber],
                vec![],
            ),
            ("", vec![], vec![skip(None, FigureWithoutText)], vec![FigureWithoutText], vec![]),
        ];
        for (text, spoken, skips, reasons, unlisted) in cases {
            let made = account(&block(text), &spoken, &skips.iter().collect::<Vec<_>>()).unwrap();
            assert_eq!(made.skipped.iter().map(|part| part.reason).collect::<Vec<_>>(), reasons, "{text:?}");
            assert_eq!(made.unlisted, unlisted, "{text:?}");
            assert_eq!(made.defects().count(), reasons.iter().filter(|reason| **reason == Unaccounted).count());
            assert_eq!(made.fate, if spoken.is_empty() { Fate::Skipped } else { Fate::Spoken }, "{text:?}");
        }
    }

    #[test]
    fn a_range_outside_of_the_block_names_it() {
        for range in [Range::new(0, 6), Range::new(3, 2)] {
            let by_skip = account(&block("Words"), &[], &[&skip(Some(range), SkipReason::Citation)]).unwrap_err();
            let by_speech = account(&block("Words"), &[range], &[]).unwrap_err();
            assert!(by_skip.message.contains("block 7") && by_speech.message.contains("block 7"), "{by_skip}");
        }
    }

    #[test]
    fn an_excerpt_is_short_and_cut_where_a_reader_would_cut_it() {
        let of = |text: &str| excerpt(&text.chars().collect::<Vec<_>>());
        assert_eq!(of("  one\n two "), "one two");
        let words = of(&"word ".repeat(40));
        assert!(words.ends_with("word…") && length(&words) as usize <= EXCERPT, "{words}");
        // Families and flags are several scalar values each, and one character to a reader.
        let families = of(&"👨‍👩‍👧".repeat(40));
        let whole = families.trim_end_matches('…');
        assert_eq!(whole.replace("👨‍👩‍👧", ""), "", "{families}");
        assert_eq!(of(&"e\u{301}".repeat(EXCERPT)).chars().rev().nth(1), Some('\u{301}'));
    }

    proptest! {
        #[test]
        fn every_visible_character_is_heard_or_listed_once(
            text in "\\PC{0,40}",
            spoken in proptest::collection::vec((0_u32..40, 0_u32..20), 0..4),
            skips in proptest::collection::vec(proptest::option::of((0_u32..40, 0_u32..20)), 0..4),
        ) {
            let all = length(&text);
            let range = |(start, size): (u32, u32)| Range::new(start.min(all), (start + size).min(all));
            let spoken: Vec<Range> = spoken.into_iter().map(range).collect();
            let skips: Vec<Skipped> =
                skips.into_iter().map(|part| skip(part.map(range), SkipReason::Citation)).collect();
            let made = account(&block(&text), &spoken, &skips.iter().collect::<Vec<_>>()).unwrap();
            prop_assert!(!spoken.is_empty() || !made.skipped.is_empty());
            prop_assert!(made.words_spoken <= made.words);
            for (at, c) in (0..).zip(text.chars()) {
                let inside = |range: &Range| range.start <= at && at < range.end;
                let heard = usize::from(spoken.iter().any(inside));
                let listed = made.skipped.iter().filter(|part| inside(&part.range)).count();
                prop_assert!(heard + listed <= 1 && (c.is_whitespace() || heard + listed == 1), "{text:?} at {at}");
            }
            for part in &made.skipped {
                prop_assert!(length(&part.excerpt) as usize <= EXCERPT);
            }
        }
    }
}
