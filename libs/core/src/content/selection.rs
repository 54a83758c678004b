//! What of a document an order wants said: which of its pages and chapters, how much of it, and
//! which kinds of content against what is usual.

use serde::{Deserialize, Serialize};

/// What of the document is said; all of it where nothing is selected. Each list and `first` narrow
/// what the others leave.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Selection {
    /// Pages, from 1: what begins on one of them. Every page where empty. Sorted, and merged by
    /// [`NumberRange::merged`], so that equal selections are written equally.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pages: Vec<NumberRange>,
    /// Chapters: 1 is the first section of the same order without `chapters` and `first`. Every
    /// chapter where empty. Sorted and merged as `pages` are.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub chapters: Vec<NumberRange>,
    /// About so many seconds of audio from the beginning of what else is selected, at
    /// [`WORDS_PER_MINUTE`](super::script::WORDS_PER_MINUTE), to the end of a sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first: Option<u32>,
}

impl Selection {
    /// All of the document.
    pub const ALL: Self = Self { pages: Vec::new(), chapters: Vec::new(), first: None };

    /// Whether it is all of the document.
    #[must_use]
    pub const fn is_all(&self) -> bool {
        self.pages.is_empty() && self.chapters.is_empty() && self.first.is_none()
    }

    /// Whether what begins on `page` is among the pages that are selected. What stands on no page
    /// is selected only where no pages are named.
    #[must_use]
    pub fn has_page(&self, page: Option<u32>) -> bool {
        self.pages.is_empty() || page.is_some_and(|page| self.pages.iter().any(|range| range.contains(page)))
    }

    /// Whether the chapter of this number, from 1, is among those that are selected.
    #[must_use]
    pub fn has_chapter(&self, number: u32) -> bool {
        self.chapters.is_empty() || self.chapters.iter().any(|range| range.contains(number))
    }
}

/// Some numbers in a row, the first and the last of them included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct NumberRange {
    /// The first, from 1.
    pub first: u32,
    /// The last; not less than `first`.
    pub last: u32,
}

impl NumberRange {
    /// Whether `n` is one of them.
    #[must_use]
    pub fn contains(self, n: u32) -> bool {
        (self.first..=self.last).contains(&n)
    }

    /// The same numbers in as few ranges as can be, in order: those that touch or overlap are made
    /// one.
    #[must_use]
    pub fn merged(mut ranges: Vec<Self>) -> Vec<Self> {
        ranges.sort_unstable();
        let mut merged: Vec<Self> = Vec::with_capacity(ranges.len());
        for range in ranges {
            match merged.last_mut() {
                Some(before) if range.first <= before.last.saturating_add(1) => {
                    before.last = before.last.max(range.last);
                }
                Some(_) | None => merged.push(range),
            }
        }
        merged
    }
}

impl std::fmt::Display for NumberRange {
    /// `3` for one number, `3-9` for several.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.first == self.last { write!(f, "{}", self.first) } else { write!(f, "{}-{}", self.first, self.last) }
    }
}

/// A kind of content that an order may have left out, or read, against what is usual.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ContentKind {
    /// Marks that refer to sources, such as `[3]` and `(Chambers, 2016)`. Usually left out.
    Citations,
    /// Blocks of code. Usually announced by language and length; read, they are spoken line by
    /// line.
    Code,
    /// Tables. Usually the small ones are read out row by row, the large ones announced.
    Tables,
    /// Captions of figures and tables. Usually read.
    Captions,
    /// Alternative texts of pictures. Usually read.
    Figures,
    /// Displayed formulas. Usually read where they are simple.
    Formulas,
    /// Imprint, dedication and the like. Usually left out.
    FrontMatter,
    /// Index, colophon and the like. Usually left out.
    BackMatter,
    /// Appendices. Usually read.
    Appendices,
    /// Lists of references. Usually left out.
    References,
}

impl ContentKind {
    /// All kinds, in order.
    pub const ALL: [Self; 10] = [
        Self::Citations,
        Self::Code,
        Self::Tables,
        Self::Captions,
        Self::Figures,
        Self::Formulas,
        Self::FrontMatter,
        Self::BackMatter,
        Self::Appendices,
        Self::References,
    ];

    /// The name of the kind as JSON and the keys of objects have it (`front_matter`).
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Citations => "citations",
            Self::Code => "code",
            Self::Tables => "tables",
            Self::Captions => "captions",
            Self::Figures => "figures",
            Self::Formulas => "formulas",
            Self::FrontMatter => "front_matter",
            Self::BackMatter => "back_matter",
            Self::Appendices => "appendices",
            Self::References => "references",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(first: u32, last: u32) -> NumberRange {
        NumberRange { first, last }
    }

    #[test]
    fn ranges_that_touch_or_overlap_are_one_and_in_order() {
        let merged = NumberRange::merged(vec![range(12, 12), range(3, 5), range(1, 2), range(4, 9), range(11, 11)]);
        assert_eq!(merged, [range(1, 9), range(11, 12)]);
        assert_eq!(NumberRange::merged(vec![range(1, 9), range(2, 3)]), [range(1, 9)]);
        assert_eq!(NumberRange::merged(vec![range(1, u32::MAX), range(7, 7)]), [range(1, u32::MAX)]);
        assert!(NumberRange::merged(Vec::new()).is_empty());
        assert_eq!((range(3, 3).to_string(), range(3, 9).to_string()), ("3".to_owned(), "3-9".to_owned()));
    }

    #[test]
    fn nothing_named_is_everything_and_the_ends_of_a_range_belong_to_it() {
        assert!(Selection::ALL.is_all() && Selection::ALL.has_page(None) && Selection::ALL.has_chapter(7));
        assert_eq!(Selection::default(), Selection::ALL);
        let some = Selection { pages: vec![range(3, 4)], chapters: vec![range(2, 2)], first: None };
        assert!(!some.is_all());
        assert_eq!([2, 3, 4, 5].map(|page| some.has_page(Some(page))), [false, true, true, false]);
        assert!(!some.has_page(None));
        assert_eq!([1, 2, 3].map(|number| some.has_chapter(number)), [false, true, false]);
        assert!(!Selection { first: Some(60), ..Selection::ALL }.is_all());
    }

    #[test]
    fn a_kind_is_named_as_its_json_names_it() {
        for kind in ContentKind::ALL {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.name());
        }
        assert!(ContentKind::ALL.is_sorted());
    }
}
