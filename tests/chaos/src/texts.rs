//! Documents of which no two share a sentence, so that every segment has a key of its own and a
//! repeated call of the engine shows.

use std::fmt::Write as _;

/// What the engine does with one sentence of a document; the words are those of the script in
/// [`crate::ledger`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Poison {
    /// It panics.
    Panic,
    /// It ends the process.
    Abort,
    /// It refuses for good.
    Fail,
    /// It is out of order for a few calls.
    Unavailable,
    /// It takes longer than a lease.
    Slow,
}

impl Poison {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Panic, Self::Abort, Self::Fail, Self::Unavailable, Self::Slow];

    /// The word in the text.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Panic => "kaboom",
            Self::Abort => "blackout",
            Self::Fail => "mumble",
            Self::Unavailable => "siesta",
            Self::Slow => "molasses",
        }
    }
}

/// A Markdown document and how many blocks it has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    /// Its source.
    pub markdown: String,
    /// Headings and paragraphs.
    pub blocks: u32,
}

/// A name that no other number has: five syllables or fewer.
fn name(mut number: usize) -> String {
    const FIRST: &[u8] = b"bdfgklmnprstvz";
    const SECOND: &[u8] = b"aeiou";
    let mut name = String::new();
    for _ in 0..4 {
        let at = number % (FIRST.len() * SECOND.len());
        number /= FIRST.len() * SECOND.len();
        name.push(char::from(FIRST[at / SECOND.len()]));
        name.push(char::from(SECOND[at % SECOND.len()]));
    }
    name[..1].to_uppercase() + &name[1..]
}

const NOUNS: [&str; 12] = [
    "harbour", "lantern", "gauge", "river", "station", "letter", "window", "engine", "garden", "bridge", "ladder",
    "kettle",
];

/// The document of a number that a model writes about: a title, and two headings with four
/// paragraphs each. Its sentences differ in more than a word, so that no two count as the same.
#[must_use]
pub fn lecture(number: usize) -> Text {
    const CHAPTERS: usize = 2;
    const PARAGRAPHS: usize = 4;
    const SENTENCES: usize = 5;
    let name = name(number);
    let mut markdown = format!("# The works of {name}\n");
    for (chapter, subject) in NOUNS.iter().enumerate().take(CHAPTERS) {
        let _ = write!(markdown, "\n## The {subject} of {name}\n");
        for paragraph in 0..PARAGRAPHS {
            markdown.push('\n');
            for sentence in 0..SENTENCES {
                let at = (chapter * PARAGRAPHS + paragraph) * SENTENCES + sentence;
                let noun = NOUNS[at % NOUNS.len()];
                let (loads, weeks) = (1_000 + at * 37, 3 + at * 11);
                let _ = write!(markdown, "The {noun} of {name} carried {loads} loads within {weeks} weeks. ");
            }
            markdown.push('\n');
        }
    }
    Text { markdown, blocks: 11 }
}

/// The document of a number: a title, and two headed paragraphs, each long enough to be a section
/// of its own.
#[must_use]
pub fn document(number: usize, poison: Option<Poison>) -> Text {
    let name = name(number);
    let mut markdown = format!("# The tale of {name}\n");
    for nouns in NOUNS.chunks(6) {
        let _ = write!(markdown, "\n## The {} of {name}\n\n", nouns[0]);
        for noun in nouns {
            let _ = write!(markdown, "Early that year the {noun} of {name} was mended by its keeper. ");
        }
        markdown.push('\n');
    }
    let mut blocks = 5;
    if let Some(poison) = poison {
        let _ = write!(markdown, "\nThen came the {} of {name}.\n", poison.word());
        blocks += 1;
    }
    Text { markdown, blocks }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_two_documents_share_a_sentence() {
        let mut lines = BTreeSet::new();
        for number in 0..2_000 {
            let text = if number % 4 == 1 { lecture(number) } else { document(number, None) };
            let blocks = text.markdown.lines().filter(|line| !line.is_empty()).count();
            assert_eq!(u32::try_from(blocks).expect("few"), text.blocks);
            for line in text.markdown.split(['\n', '.']).filter(|line| !line.trim().is_empty()) {
                assert!(lines.insert(line.to_owned()), "{line}");
            }
        }
    }
}
