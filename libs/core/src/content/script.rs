//! What will be said: a plan of sections, and for each section its utterances, with the blocks they
//! came from.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::Range;
use super::document::Furniture;
use crate::digest::Digest;

pub use super::selection::{ContentKind, NumberRange, Selection};

/// The newest layout of a stored [`Plan`] or [`Section`].
pub const SCHEMA: u32 = 1;

/// The outline of a script: which blocks each section covers, and what is left out and why.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// Layout of this object, [`SCHEMA`].
    pub schema: u32,
    /// The key of the content it was made from.
    pub content: Digest,
    /// The order it answers.
    pub order: Order,
    /// The engine that made it, with its version (`extractive/1`).
    pub engine: String,
    /// The recording's title.
    pub title: String,
    /// The language it is spoken in, a BCP 47 tag.
    pub language: String,
    /// The sections, in the order they are heard.
    pub sections: Vec<PlannedSection>,
    /// Blocks that no section speaks, and the rest of a block that [`Selection::first`] cuts, by
    /// its range, each with a reason.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub skipped: Vec<Skipped>,
    /// What a caller should know (`SOURCE_TOO_SHORT`: the length asked for was not reached, and
    /// why).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<PlanNote>,
}

/// The most characters that are spoken in one piece, a segment: the local voice takes some 400
/// phonemes at once. It bounds what one piece costs, and how soon work that nobody wants any more
/// ends.
pub const SEGMENT_CHARS: usize = 300;

/// What a caller wants said.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Order {
    /// How the document becomes a script.
    pub style: Style,
    /// How long it should be; none for as long as it takes. Narrations have no target.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub length: Option<LengthTarget>,
    /// What becomes of footnotes.
    #[serde(default)]
    pub footnotes: Footnotes,
    /// The language that the caller says it is in, a BCP 47 tag; none for the one that was found
    /// out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// What of the document is said; all of it where nothing is selected.
    #[serde(default, skip_serializing_if = "Selection::is_all")]
    pub selection: Selection,
    /// Kinds of content that are left out, beside those that usually are.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub skip: BTreeSet<ContentKind>,
    /// Kinds of content that are read, whatever is usual; none of them is in `skip`.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub read: BTreeSet<ContentKind>,
}

impl Order {
    /// The order of this style of which nothing else is asked.
    #[must_use]
    pub const fn of(style: Style) -> Self {
        Self {
            style,
            length: None,
            footnotes: Footnotes::Skip,
            language: None,
            selection: Selection::ALL,
            skip: BTreeSet::new(),
            read: BTreeSet::new(),
        }
    }
}

/// How the document becomes a script.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Style {
    /// Every block, as it stands.
    Narration,
    /// The most important of it.
    Briefing,
}

/// How long a script should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LengthTarget {
    /// Seconds of audio at [`WORDS_PER_MINUTE`].
    Seconds(u32),
    /// Spoken words.
    Words(u32),
}

/// Spoken words a minute, by which time becomes words.
pub const WORDS_PER_MINUTE: u32 = 165;

impl LengthTarget {
    /// The target in spoken words.
    #[must_use]
    pub const fn words(self) -> u32 {
        match self {
            Self::Seconds(seconds) => seconds.saturating_mul(WORDS_PER_MINUTE) / 60,
            Self::Words(words) => words,
        }
    }
}

/// What becomes of footnotes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Footnotes {
    /// Not spoken; listed in the manifest.
    #[default]
    Skip,
    /// Spoken after the sentence that refers to them.
    Inline,
    /// Spoken at the end of the section.
    End,
}

/// One section of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedSection {
    /// Its place, from 0.
    pub index: u32,
    /// Its title, in the document's own words; a chapter's name. Sections cut from a text without
    /// headings are named "Part N".
    pub title: String,
    /// The level of its heading, 1 to 6.
    pub level: u8,
    /// The ids of the blocks it covers, in the order they are spoken.
    pub blocks: Vec<u32>,
    /// For a briefing: the sentences chosen, in order. Empty for a narration, which takes all of
    /// `blocks`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub chosen: Vec<Source>,
    /// Estimated spoken words.
    pub words: u32,
}

/// A place in a source block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Source {
    /// The block's id.
    pub block: u32,
    /// The range in its canonical text.
    pub range: Range,
}

/// A block, or a part of one, that is not spoken, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Skipped {
    /// The block's id.
    pub block: u32,
    /// The part of it, or all where none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub range: Option<Range>,
    /// Why.
    pub reason: SkipReason,
}

/// Why something is not spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SkipReason {
    /// A running head or foot.
    RunningHead,
    /// A page number.
    PageNumber,
    /// A menu and the like.
    Navigation,
    /// A table of contents.
    TableOfContents,
    /// Front matter: imprint, dedication and the like.
    FrontMatter,
    /// Back matter: index, colophon.
    BackMatter,
    /// A list of references.
    References,
    /// A citation in the text.
    Citation,
    /// The mark that refers to a note.
    NoteMark,
    /// A footnote, and the caller chose to skip them.
    FootnoteSkipped,
    /// The body of a code block; it was announced.
    CodeBody,
    /// The body of a table too large to read out; it was announced.
    TableBody,
    /// A formula that has no words.
    Formula,
    /// A picture without alternative text.
    FigureWithoutText,
    /// A language that the voice does not speak.
    LanguageUnsupported,
    /// A briefing chose other passages; its meaning is covered by the summary.
    Summarised,
    /// No letters or digits: ornaments, rules, emoji where the caller drops them.
    NothingToSay,
    /// A word laid over or under pages, or a stamp.
    Watermark,
    /// Text that the source keeps from being seen.
    Hidden,
    /// Text that a tracked change took out.
    Deleted,
    /// A remark about the text: a reviewer's or a reader's comment.
    Comment,
    /// The prompt of a form that nobody has filled in.
    Placeholder,
    /// Outside of the pages, chapters or length that the order selects.
    NotSelected,
    /// The order leaves its kind out.
    NotWanted,
    /// A defect: the script's writer neither spoke it nor said why. It is logged, and should be
    /// reported.
    Unaccounted,
}

impl From<Furniture> for SkipReason {
    fn from(furniture: Furniture) -> Self {
        match furniture {
            Furniture::RunningHead | Furniture::RunningFoot => Self::RunningHead,
            Furniture::PageNumber => Self::PageNumber,
            Furniture::ContentsEntry => Self::TableOfContents,
            Furniture::Navigation => Self::Navigation,
            Furniture::Watermark => Self::Watermark,
            Furniture::Hidden => Self::Hidden,
            Furniture::Deleted => Self::Deleted,
            Furniture::Comment => Self::Comment,
            Furniture::Placeholder => Self::Placeholder,
        }
    }
}

/// What a caller should know about a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanNote {
    /// A stable word for programs.
    pub code: String,
    /// A sentence for people.
    pub message: String,
}

/// One written section.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Section {
    /// Layout of this object, [`SCHEMA`].
    pub schema: u32,
    /// Its place in the plan.
    pub index: u32,
    /// Its title.
    pub title: String,
    /// The level of its heading.
    pub level: u8,
    /// What is said, in order.
    pub utterances: Vec<Utterance>,
    /// What this section leaves out, each with a reason, beside what the plan already did.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub skipped: Vec<Skipped>,
}

/// Who speaks; index into the narration's voices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Speaker(pub u8);

/// About one sentence: the unit of captions and of synthesis.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Utterance {
    /// Its place in the section, from 0.
    pub id: u32,
    /// Who speaks.
    #[serde(default)]
    pub speaker: Speaker,
    /// What it is, for pauses and prosody.
    pub role: Role,
    /// Whether a paragraph (or heading, item, row) ends with it.
    pub ends_block: bool,
    /// Where it came from, in order. Empty only if `added`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<Source>,
    /// Whether its words are not the document's own: an announcement ("Table with three columns").
    #[serde(default)]
    pub added: bool,
    /// What a caption shows: the source's own words, white space folded. Equals the text of
    /// `sources` unless `added`.
    pub original: String,
    /// What the voice is given: words only, with `.`, `,`, `?`, `!`, `;`, `:` and apostrophes.
    pub spoken: String,
    /// How `spoken` maps to `original`, in order, covering `spoken` without gaps between its words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub map: Vec<Mapping>,
}

/// One step of the map from what is spoken to what is written: "twenty twenty-six" to "2026".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mapping {
    /// Range in [`Utterance::spoken`].
    pub spoken: Range,
    /// Range in [`Utterance::original`]; empty where nothing is written for it.
    pub original: Range,
}

/// What an utterance is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "role")]
pub enum Role {
    /// A heading of this level, 1 to 6.
    Heading {
        /// 1 to 6.
        level: u8,
    },
    /// Running text.
    Body,
    /// An item of a list.
    ListItem,
    /// A row of a table.
    TableRow,
    /// A quotation.
    Quote,
    /// A caption.
    Caption,
    /// A footnote.
    Footnote,
    /// Words of ours about the document.
    Announcement,
}
