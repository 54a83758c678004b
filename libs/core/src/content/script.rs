//! What will be said: a plan of sections, and for each section its utterances, with the blocks they
//! came from.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::Range;
use super::document::Furniture;
use crate::digest::Digest;

pub use super::marks::{Manner, Mark, marks_key};
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
    /// How a writer with words of its own is to write.
    #[serde(default, skip_serializing_if = "Direction::is_plain")]
    pub direction: Direction,
    /// Who talks in a dialogue, 2 to 4; an utterance names its speaker by the place in this list.
    /// Empty for the style's own, and for any other style.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cast: Vec<Character>,
    /// What becomes of blocks in another language than the document's.
    #[serde(default, skip_serializing_if = "OtherLanguages::is_skip")]
    pub other_languages: OtherLanguages,
    /// What becomes of emoji.
    #[serde(default, skip_serializing_if = "EmojiPolicy::is_named")]
    pub emoji: EmojiPolicy,
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
            direction: Direction::PLAIN,
            cast: Vec::new(),
            other_languages: OtherLanguages::Skip,
            emoji: EmojiPolicy::Named,
        }
    }
}

/// What becomes of blocks in another language than the document's.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OtherLanguages {
    /// They are left out, and listed as such.
    #[default]
    Skip,
    /// Those in these languages, by their primary subtags (`de`), are spoken by a voice of theirs;
    /// the others are left out. A narration alone speaks them: the other styles leave them out.
    Speak(BTreeSet<String>),
    /// The order fails where there are any.
    Refuse,
}

impl OtherLanguages {
    /// Whether they are left out, as where nothing is said of them.
    #[must_use]
    pub const fn is_skip(&self) -> bool {
        matches!(self, Self::Skip)
    }
}

/// What becomes of emoji.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EmojiPolicy {
    /// Their short names are spoken.
    #[default]
    Named,
    /// They are not spoken.
    Dropped,
}

impl EmojiPolicy {
    /// Whether they are named, as where nothing is said of them.
    #[must_use]
    #[allow(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde asks for")]
    pub const fn is_named(&self) -> bool {
        matches!(self, Self::Named)
    }
}

/// The most characters of each text of a [`Direction`], in Unicode scalar values.
pub const DIRECTION_CHARS: usize = 500;

/// How a writer with words of its own is to write. It is a caller's, and so is trusted more than a
/// document and less than the prompts.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Direction {
    /// For whom, such as "nurses in their first year"; at most [`DIRECTION_CHARS`], as the others.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub audience: String,
    /// In which tone, such as "calm and plain".
    #[serde(skip_serializing_if = "String::is_empty")]
    pub tone: String,
    /// What of the document matters most.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub focus: String,
    /// Anything else.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub instructions: String,
    /// Whether it begins with words of welcome that name the document.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub intro: bool,
    /// Whether it ends with words that close it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub outro: bool,
    /// The language to write in, a BCP 47 tag; empty for the document's.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub language: String,
}

impl Direction {
    /// The direction that says nothing.
    pub const PLAIN: Self = Self {
        audience: String::new(),
        tone: String::new(),
        focus: String::new(),
        instructions: String::new(),
        intro: false,
        outro: false,
        language: String::new(),
    };

    /// Whether it says nothing.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        *self == Self::PLAIN
    }
}

/// Who talks in a dialogue.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Character {
    /// What the others call them; 1 to 40 characters.
    pub name: String,
    /// What they are there for, such as "explains" or "asks what a listener would ask"; at most
    /// [`DIRECTION_CHARS`].
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub role: String,
    /// How they talk, such as "short sentences, dry"; at most [`DIRECTION_CHARS`].
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub manner: String,
}

/// How the document becomes a script.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Style {
    /// Every block, as it stands.
    Narration,
    /// The most important of it.
    Briefing,
    /// What is to be learned, explained, repeated, and asked.
    Lesson,
    /// Two to four people who talk about it.
    Dialogue,
}

impl Style {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Narration, Self::Briefing, Self::Lesson, Self::Dialogue];

    /// The name that keys are made of and the manifest has; it never changes.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Narration => "narration",
            Self::Briefing => "briefing",
            Self::Lesson => "lesson",
            Self::Dialogue => "dialogue",
        }
    }
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

impl Footnotes {
    /// The name that keys are made of; it never changes.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Skip => "skip",
            Self::Inline => "inline",
            Self::End => "end",
        }
    }
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
    /// Estimated spoken words; of a writer with words of its own, the words that it is to write.
    pub words: u32,
    /// What a writer with words of its own is to say here, in a few sentences: it writes each
    /// section knowing the briefs of all, so that none repeats another. Empty for the document's
    /// own words.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub brief: String,
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
    /// A caller put other words in the place of these.
    Edited,
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
    /// Sentences that were written for it and not taken, each with a reason.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dropped: Vec<Dropped>,
    /// The engine that wrote it, with its version, where that is not the one of the plan; else
    /// empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub engine: String,
    /// What a caller changed in it, in the order of the utterances.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub edited: Vec<Edited>,
}

impl Section {
    /// Whether an utterance is of a caller's words, put in the place of what was written.
    #[must_use]
    pub fn is_edited(&self, utterance: u32) -> bool {
        self.edited.iter().any(|edited| edited.has(utterance))
    }
}

/// Utterances of a section that a caller put in the place of one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edited {
    /// The id of the first of them.
    pub first: u32,
    /// How many they are, at least 1.
    pub count: u32,
    /// What was written in their place, as a caption would have shown it.
    pub before: String,
}

impl Edited {
    /// Whether an utterance is among them.
    #[must_use]
    pub const fn has(&self, utterance: u32) -> bool {
        utterance >= self.first && utterance - self.first < self.count
    }
}

/// A sentence that a writer with words of its own wrote and that is not spoken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dropped {
    /// The sentence.
    pub text: String,
    /// Why.
    pub reason: DropReason,
    /// What is wrong with it, for people: "says 1967; the source has 1687".
    pub detail: String,
    /// The places of the document that it named.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<Source>,
}

/// Why a written sentence is not spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DropReason {
    /// A number, date, name or quotation in it is not in the places that it names, also after it
    /// was written again.
    Ungrounded,
    /// It names no place of the document though it says something about it, or one that is not
    /// there.
    Unsourced,
    /// It says again what was said.
    Repeated,
    /// It is no speech: markup, an address, words of the prompt, or an instruction that stands in
    /// the document.
    NotSpeech,
    /// It does not end.
    Cut,
    /// It is beyond the length that was asked for.
    TooLong,
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
    /// What of `spoken` the document emphasises or quotes, by where it begins, the longer first.
    /// Empty for words of ours, of a model and of a caller.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub marks: Vec<Mark>,
    /// The language that it is in, a BCP 47 tag, where that is another one than the script's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
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
