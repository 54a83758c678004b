//! Markdown: CommonMark with the tables, footnotes, strikethrough and task lists of GitHub, front matter, definition lists
//! and `$` formulas. HTML blocks go through the HTML extractor.
//!
//! What it can beyond that: what note-taking programs and site generators write ([`dialect`]). What it cannot: the text of files
//! that are embedded (`![[Note]]`), components of MDX that make text of their own, templates, bibliographies of Pandoc.

mod dialect;

use lectern_core::Failure;
use lectern_core::content::document::{BlockKind, Content, Furniture, SpanKind};
use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, LinkType, Options, Parser, Tag, TagEnd};

use super::assembly::{Assembly, Draft, whole};
use super::encoding::Decoded;
use super::inline::{Inline, Line, Mark, code};
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
    let common = dialect::to_common(&decoded.text);
    for event in Parser::new_ext(&common, options) {
        reader.event(event);
    }
    reader.flush();
    reader.assembly.finish("text/markdown", "markdown/2")
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
    /// The labels of notes, in the order of their first references.
    notes: Vec<String>,
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

    fn text(&mut self, text: &str) {
        if let Some(front) = &mut self.front {
            front.push_str(text);
        } else if let Some((_, body)) = &mut self.verbatim {
            body.push_str(text);
        } else if self.wiki_name {
            // A place within a note is shown as "Note > Place"; a sign is no word.
            self.inline.text(&text.replace(['#', '^'], " "));
        } else {
            self.inline.text(text);
        }
    }

    fn marked(&mut self, text: &str, kind: SpanKind) {
        let start = self.inline.here();
        self.inline.text(text);
        self.inline.mark(start, kind);
    }

    fn display_math(&mut self, text: &str) {
        // Within a line of text it is a span, alone in its paragraph a block.
        let alone = self.inline.is_blank() && self.kind.is_none() && self.table.is_none();
        self.marked(text, SpanKind::Formula { latex: true });
        if alone {
            self.kind = Some(BlockKind::Formula { latex: true });
        }
    }

    fn inline_html(&mut self, html: &str) {
        let name: String = html
            .trim_start_matches(['<', '/'])
            .chars()
            .take_while(char::is_ascii_alphanumeric)
            .collect::<String>()
            .to_ascii_lowercase();
        if name == "br" {
            self.inline.text(" ");
            return;
        }
        if let Some(comment) = html.strip_prefix("<!--") {
            self.leave_out(Furniture::Comment, comment.trim_end_matches("-->"));
            return;
        }
        if matches!(&*name, "del" | "s" | "strike") {
            if html.starts_with("</") {
                if let Some(at) = self.open.iter().rposition(|open| open.html && open.text == name) {
                    let open = self.open.remove(at);
                    self.strike(open.start);
                }
            } else {
                self.open.push(Open { start: self.inline.here(), text: name, html: true });
            }
            return;
        }
        let Some(kind) = html_span(&name) else { return };
        if !html.starts_with("</") {
            self.open.push(Open { start: self.inline.here(), text: name, html: true });
        } else if let Some(at) = self.open.iter().rposition(|open| open.html && open.text == name) {
            // Spans nest: an element that ends within one that began after it marks nothing.
            let innermost = at + 1 == self.open.len();
            let open = self.open.remove(at);
            if innermost {
                self.inline.mark(open.start, kind);
            }
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
                self.open.push(Open { start: self.inline.here(), text: String::new(), html: false });
            }
            Tag::Link { dest_url, link_type, .. } => {
                self.wiki_name = matches!(link_type, LinkType::WikiLink { has_pothole: false });
                self.open.push(Open { start: self.inline.here(), text: dest_url.to_string(), html: false });
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
                    self.inline.mark(open.start, SpanKind::Link { target: open.text });
                }
            }
            TagEnd::Image => self.end_image(),
            TagEnd::MetadataBlock(_) => self.end_front(),
        }
    }

    /// The printed mark of a note: notes count from 1 in the order of their first references, as renderers print them.
    fn number(&mut self, label: &str) -> String {
        let place = self.notes.iter().position(|known| known == label).unwrap_or_else(|| {
            self.notes.push(label.to_owned());
            self.notes.len() - 1
        });
        (place + 1).to_string()
    }

    fn close(&mut self, kind: SpanKind) {
        if let Some(open) = self.end_open() {
            self.inline.mark(open.start, kind);
        }
    }

    /// Ends the Markdown element that was opened last; HTML elements within it that were not closed end with it, unmarked.
    fn end_open(&mut self) -> Option<Open> {
        while self.open.last().is_some_and(|open| open.html) {
            self.open.pop();
        }
        self.open.pop()
    }

    fn next_item(&mut self) -> BlockKind {
        let depth = u8::try_from(self.lists.len().saturating_sub(1)).unwrap_or(u8::MAX);
        let ordinal = self.lists.last_mut().and_then(|next| {
            let number = (*next)?;
            *next = Some(number.saturating_add(1));
            Some(format!("{number}."))
        });
        BlockKind::ListItem { ordinal, depth }
    }

    fn end_image(&mut self) {
        let Some(Picture { start, named }) = self.picture.take() else { return };
        let alt = self.inline.since(start).to_owned();
        self.inline.cut(start);
        // An embedded file's name, or its width ("![[map.png|300]]"), is no description of it.
        let width = alt.trim().chars().all(|char| char.is_ascii_digit() || char == 'x');
        let file = named && alt.contains('.');
        let alt = if width || file { "" } else { alt.as_str() };
        self.figures.push(Draft::new(BlockKind::Figure, Line::plain(alt)));
    }

    /// Takes the text since `start` away, which is struck out.
    fn strike(&mut self, start: usize) {
        let text = self.inline.since(start).to_owned();
        self.inline.cut(start);
        self.leave_out(Furniture::Deleted, &text);
    }

    fn leave_out(&mut self, furniture: Furniture, text: &str) {
        let line = Line::plain(text);
        if line.text.chars().any(char::is_alphanumeric) {
            self.figures.push(Draft::new(BlockKind::Furniture { furniture }, line));
        }
    }

    fn end_code(&mut self) {
        let Some((language, body)) = self.verbatim.take() else { return };
        let line = Line { text: code(&body), marks: Vec::new() };
        let kind = if language.as_deref() == Some("math") {
            BlockKind::Formula { latex: true }
        } else {
            BlockKind::Code { language }
        };
        self.kind = None;
        self.push(kind, line);
    }

    fn end_html(&mut self) {
        let html = std::mem::take(&mut self.html);
        let mut rest = html.as_str();
        while let Some((_, after)) = rest.split_once("<!--") {
            let (comment, after) = after.split_once("-->").unwrap_or((after, ""));
            self.leave_out(Furniture::Comment, comment);
            rest = after;
        }
        super::html::fragment(&html, &mut self.assembly);
        self.push_figures();
    }

    fn end_front(&mut self) {
        let Some(front) = self.front.take() else { return };
        for line in front.lines() {
            let Some((key, value)) = line.split_once([':', '=']) else { continue };
            let value = value.trim().trim_matches(['"', '\'']).to_owned();
            if value.is_empty() || value.starts_with(['[', '{', '|', '>']) {
                continue;
            }
            match key.trim() {
                "title" => self.assembly.meta.title = Some(value),
                "author" => self.assembly.meta.authors.push(value),
                "lang" | "language" => self.assembly.meta.language = Some(value),
                _ => {}
            }
        }
    }

    /// Ends the block whose text is being gathered.
    fn flush(&mut self) {
        if self.table.is_some() {
            return;
        }
        self.open.clear();
        let line = std::mem::take(&mut self.inline).finish();
        if line.text.is_empty() {
            self.push_figures();
            return;
        }
        let kind = self.kind.take().unwrap_or(if self.quotes > 0 { BlockKind::Quote } else { BlockKind::Paragraph });
        // Text beside a displayed formula makes it a paragraph with a formula in it.
        let beside = line.marks.first().is_some_and(|mark| mark.range != whole(&line));
        let kind = if matches!(kind, BlockKind::Formula { .. }) && beside { BlockKind::Paragraph } else { kind };
        self.push(kind, line);
    }

    fn push(&mut self, kind: BlockKind, mut line: Line) {
        if matches!(kind, BlockKind::Formula { .. }) {
            line.marks.clear();
        }
        let mut draft = Draft::new(kind, line);
        if let Some(label) = self.note.take() {
            draft.anchors.push(format!("note:{label}"));
            draft.kind = BlockKind::Footnote { label: self.number(&label) };
        }
        draft.anchors.extend(self.anchor.take());
        self.assembly.push(draft);
        self.push_figures();
    }

    fn push_figures(&mut self) {
        for draft in std::mem::take(&mut self.figures) {
            self.assembly.push(draft);
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
    html: bool,
}

/// The span of an inline HTML element, for those that carry meaning.
pub(super) fn html_span(name: &str) -> Option<SpanKind> {
    Some(match name {
        "sup" => SpanKind::Superscript,
        "sub" => SpanKind::Subscript,
        "em" | "i" | "b" | "strong" | "cite" | "dfn" | "mark" | "u" | "var" => SpanKind::Emphasis,
        "code" | "kbd" | "samp" | "tt" => SpanKind::Code,
        "q" => SpanKind::Quote,
        _ => return None,
    })
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
