//! How words are said: lists of words, phrases and patterns, each with its sounds or with another
//! spelling. What of a list applies to a sentence follows from the sentence and the list alone
//! ([`Lexicon::said`]), and the key of its speech is made of that ([`key`]): so an entry that
//! changes concerns the sentences that hold it, and no other.

mod entry;
pub mod ipa;
mod matching;
mod pattern;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

pub use entry::{Entry, Written};
pub use matching::Sentence;

use crate::content::Range;
use crate::{Digest, Failure};

/// The layout of the object that this code writes.
pub const SCHEMA: u32 = 1;

/// The most entries of one lexicon.
pub const MOST_ENTRIES: usize = 500;

/// The most lexicons that an order names.
pub const MOST_LEXICONS: usize = 4;

/// The most bytes of the entries of one lexicon, as [`Entry::weight`] counts them: a lexicon is one
/// record, and records stay under 64 KB.
pub const MOST_BYTES: usize = 48_000;

/// The most entries of an order: as its own and those of as many lexicons as it may name can have.
/// Those of lexicons that it has by default count among them.
pub const MOST_ENTRIES_OF_ORDER: usize = MOST_ENTRIES * (MOST_LEXICONS + 1);

/// The most bytes of these, as [`Entry::weight`] counts them.
pub const MOST_BYTES_OF_ORDER: usize = MOST_BYTES * (MOST_LEXICONS + 1);

/// What the words of a script are said by, as an object: all entries of an order, its own ones
/// first.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Lexicon {
    /// The layout, [`SCHEMA`].
    pub schema: u32,
    /// The language of what names none, a BCP 47 tag; empty or `und` where nobody knows it, so that
    /// every entry applies.
    pub language: String,
    /// The entries; of two for the same words the first one counts.
    pub entries: Vec<Entry>,
}

/// A part of a sentence that is said otherwise than it is spelt.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Said {
    /// The part, in what is spoken.
    pub spoken: Range,
    /// Its sounds in the International Phonetic Alphabet; may be empty.
    pub ipa: String,
    /// Its other spelling; may be empty, and then its sounds are not.
    pub respelling: String,
}

impl Lexicon {
    /// These entries, for a script in this language.
    #[must_use]
    pub fn of(language: &str, entries: Vec<Entry>) -> Self {
        Self { schema: SCHEMA, language: language.to_owned(), entries }
    }

    /// Whether nothing is said otherwise by it.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// What of `sentence` is said otherwise than it is spelt, in order and not overlapping. Where
    /// two entries meet in it, the one for more of it counts, and of two for the same words the
    /// first.
    #[must_use]
    pub fn said(&self, sentence: &Sentence<'_>) -> Vec<Said> {
        matching::said(self, sentence)
    }
}

/// What stands in the key of a sentence's speech for what of it is said otherwise; none where
/// nothing is.
#[must_use]
pub fn key(said: &[Said]) -> Option<Digest> {
    if said.is_empty() {
        return None;
    }
    let places: Vec<[[u8; 4]; 2]> =
        said.iter().map(|one| [one.spoken.start.to_be_bytes(), one.spoken.end.to_be_bytes()]).collect();
    let parts = said.iter().zip(&places);
    let parts = parts.flat_map(|(one, [start, end])| {
        [start.as_slice(), end.as_slice(), one.ipa.as_bytes(), one.respelling.as_bytes()]
    });
    Some(Digest::keyed(b"said", &parts.collect::<Vec<_>>()))
}

/// Checks the entries of one list, and brings them into the form that they are kept in.
///
/// # Errors
/// `INVALID_FIELD` naming the entry under `field`.
pub fn checked(field: &str, entries: Vec<Entry>) -> Result<Vec<Entry>, Failure> {
    if entries.len() > MOST_ENTRIES {
        let message = format!("{field} has {} entries, and may have {MOST_ENTRIES}; make two lexicons", entries.len());
        return Err(Failure::invalid(field, message));
    }
    let entries = entries.into_iter().enumerate();
    let entries = entries.map(|(place, entry)| entry.checked(&format!("{field}[{place}]")));
    let entries = entries.collect::<Result<Vec<Entry>, Failure>>()?;
    let bytes: usize = entries.iter().map(Entry::weight).sum();
    if bytes > MOST_BYTES {
        let message = format!("{field} takes {bytes} bytes, and may take {MOST_BYTES}; make two lexicons of it");
        return Err(Failure::invalid(field, message));
    }
    Ok(entries)
}
