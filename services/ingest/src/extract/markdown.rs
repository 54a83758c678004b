//! Markdown: CommonMark with the tables, footnotes, strikethrough and task lists of GitHub, front
//! matter, definition lists and `$` formulas ([`dollars`]). HTML blocks go through the HTML
//! extractor.
//!
//! What it can beyond that: what note-taking programs and site generators write ([`dialect`]). What
//! it cannot: the text of files that are embedded (`![[Note]]`), components of MDX that make text
//! of their own, templates, bibliographies of Pandoc.

mod blocks;
mod dialect;
mod dollars;
mod spans;

pub(super) use spans::html_span;

use std::collections::HashMap;

use lectern_core::Failure;
use lectern_core::content::document::{BlockKind, Content, SpanKind};
use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, LinkType, Options, Parser, Tag, TagEnd};

use super::assembly::{self, Assembly, Draft, whole};
use super::encoding::Decoded;
use super::inline::{Inline, Line, Mark};
use super::text::warn_encoding;

/// Markdown to blocks.
///
/// # Errors
/// `DOCUMENT_EMPTY` without words.
pub(super) fn extract(decoded: Decoded) -> Result<Content, Failure> {
    let mut reader = Reader::default();
    warn_encoding(&mut reader.assembly, &decoded);
    let options = Options::ENABLE_TABLES
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_HEADING_ATTRIBUTES
        | Options::ENABLE_YAML_STYLE_METADATA_BLOCKS
        | Options::ENABLE_PLUSES_DELIMITED_METADATA_BLOCKS
        | Options::ENABLE_MATH
        | Options::ENABLE_GFM
        | Options::ENABLE_WIKILINKS
        | Options::ENABLE_DEFINITION_LIST;
    let common = dollars::escape(dialect::to_common(&decoded.text), options);
    for event in Parser::new_ext(&common, options) {
        reader.event(event);
    }
    reader.flush();
    reader.assembly.finish("text/markdown", "markdown/5")
}

/// A table being read.
#[derive(Debug, Default)]
struct Table {
    rows: Vec<Vec<Line>>,
    header_rows: u32,
}

#[derive(Debug, Default)]
struct Reader {
    assembly: Assembly,
    inline: Inline,
    /// What the text being gathered will be, if no paragraph.
    kind: Option<BlockKind>,
    /// Begins of open inline elements.
    open: Vec<Open>,
    /// The next number of each open list, none for bullets.
    lists: Vec<Option<u64>>,
    quotes: usize,
    /// The numbers of notes by their labels, in the order of their first references.
    notes: HashMap<String, usize>,
    /// The label of the open footnote, until its first text took it.
    note: Option<String>,
    table: Option<Table>,
    html: String,
    front: Option<String>,
    verbatim: Option<(Option<String>, String)>,
    /// Pictures, and what is not read, met inside a paragraph; they follow it.
    figures: Vec<Draft>,
    picture: Option<Picture>,
    /// Whether the text of a wiki link is being read that names its target.
    wiki_name: bool,
    anchor: Option<String>,
}

impl Reader {
    fn event(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(tag) => self.end(tag),
            Event::Text(text) => self.text(&text),
            Event::Code(text) => self.marked(&text, SpanKind::Code),
            Event::InlineMath(text) => self.marked(&text, SpanKind::Formula { latex: true }),
            Event::DisplayMath(text) => self.display_math(&text),
            Event::Html(html) => self.html.push_str(&html),
            Event::InlineHtml(html) => self.inline_html(&html),
            Event::FootnoteReference(label) => {
                let start = self.inline.here();
                let number = self.number(&label);
                self.inline.text(&number);
                let kind = SpanKind::NoteReference { note: None };
                self.inline.mark_note(start, kind, Some(format!("note:{label}")));
            }
            Event::SoftBreak | Event::HardBreak => self.inline.text(" "),
            Event::Rule => self.flush(),
            // The box is drawn, not written.
            Event::TaskListMarker(_) => {}
        }
    }

    fn start(&mut self, tag: Tag<'_>) {
        match tag {
            Tag::Paragraph => {}
            Tag::Heading { level, id, .. } => {
                self.flush();
                self.kind = Some(BlockKind::Heading { level: rank(level) });
                self.anchor = id.map(|id| id.to_string());
            }
            Tag::BlockQuote(_) => {
                self.flush();
                self.quotes += 1;
            }
            Tag::CodeBlock(kind) => {
                self.flush();
                let language = match kind {
                    CodeBlockKind::Fenced(info) => {
                        info.split([' ', ',', '{']).next().filter(|name| !name.is_empty()).map(str::to_owned)
                    }
                    CodeBlockKind::Indented => None,
                };
                self.verbatim = Some((language, String::new()));
            }
            Tag::HtmlBlock => {
                self.flush();
                self.html.clear();
            }
            Tag::List(first) => {
                self.flush();
                self.lists.push(first);
            }
            Tag::Item => {
                self.flush();
                self.kind = Some(self.next_item());
            }
            Tag::FootnoteDefinition(label) => {
                self.flush();
                self.note = Some(label.to_string());
            }
            Tag::DefinitionList => self.flush(),
            Tag::DefinitionListTitle | Tag::DefinitionListDefinition => self.flush(),
            Tag::Table(_) => {
                self.flush();
                self.table = Some(Table::default());
            }
            Tag::TableHead | Tag::TableRow => {
                if let Some(table) = &mut self.table {
                    table.rows.push(Vec::new());
                }
            }
            Tag::TableCell => self.inline = Inline::default(),
            Tag::Emphasis | Tag::Strong | Tag::Strikethrough | Tag::Superscript | Tag::Subscript => {
                self.begin(String::new(), false);
            }
            Tag::Link { dest_url, link_type, .. } => {
                self.wiki_name = matches!(link_type, LinkType::WikiLink { has_pothole: false });
                self.begin(dest_url.to_string(), false);
            }
            Tag::Image { link_type, .. } => {
                let named = matches!(link_type, LinkType::WikiLink { has_pothole: false });
                self.picture = Some(Picture { start: self.inline.here(), named });
            }
            Tag::MetadataBlock(_) => self.front = Some(String::new()),
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Paragraph | TagEnd::Heading(_) | TagEnd::Item => self.flush(),
            TagEnd::BlockQuote(_) => {
                self.flush();
                self.quotes = self.quotes.saturating_sub(1);
            }
            TagEnd::CodeBlock => self.end_code(),
            TagEnd::HtmlBlock => self.end_html(),
            TagEnd::List(_) => {
                self.flush();
                self.lists.pop();
            }
            TagEnd::FootnoteDefinition => {
                self.flush();
                self.note = None;
            }
            TagEnd::DefinitionListTitle => {
                let mut line = std::mem::take(&mut self.inline).finish();
                let range = whole(&line);
                line.marks.insert(0, Mark { range, kind: SpanKind::Emphasis, note: None });
                self.push(BlockKind::Paragraph, line);
            }
            TagEnd::DefinitionList | TagEnd::DefinitionListDefinition => self.flush(),
            TagEnd::Table => {
                if let Some(table) = self.table.take() {
                    let draft = Draft::table(table.rows, table.header_rows);
                    self.assembly.push(draft);
                    self.push_figures();
                }
            }
            TagEnd::TableHead => {
                if let Some(table) = &mut self.table {
                    table.header_rows = 1;
                }
            }
            TagEnd::TableRow => {}
            TagEnd::TableCell => {
                let line = std::mem::take(&mut self.inline).finish();
                if let Some(row) = self.table.as_mut().and_then(|table| table.rows.last_mut()) {
                    row.push(line);
                }
            }
            TagEnd::Emphasis | TagEnd::Strong => self.close(SpanKind::Emphasis),
            TagEnd::Superscript => self.close(SpanKind::Superscript),
            TagEnd::Subscript => self.close(SpanKind::Subscript),
            TagEnd::Strikethrough => {
                if let Some(open) = self.end_open() {
                    self.strike(open.start);
                }
            }
            TagEnd::Link => {
                self.wiki_name = false;
                if let Some(open) = self.end_open() {
                    let inside = self.figures.iter_mut().skip(open.figures);
                    inside.for_each(|figure| assembly::link(figure, &open.text));
                    self.inline.mark(open.start, SpanKind::Link { target: open.text });
                }
            }
            TagEnd::Image => self.end_image(),
            TagEnd::MetadataBlock(_) => self.end_front(),
        }
    }
}

/// A picture that is open.
#[derive(Debug)]
struct Picture {
    /// Where its alternative text begins.
    start: usize,
    /// Whether that text is the name of the file.
    named: bool,
}

/// An inline element that is open.
#[derive(Debug)]
struct Open {
    /// Where its text begins.
    start: usize,
    /// A link's target, or the name of an HTML element.
    text: String,
    /// Pictures met before it.
    figures: usize,
    html: bool,
}

const fn rank(level: HeadingLevel) -> u8 {
    match level {
        HeadingLevel::H1 => 1,
        HeadingLevel::H2 => 2,
        HeadingLevel::H3 => 3,
        HeadingLevel::H4 => 4,
        HeadingLevel::H5 => 5,
        HeadingLevel::H6 => 6,
    }
}
