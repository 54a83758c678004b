//! Lines become one text, and what stands in it: emphasis, code, raised and lowered text, marks of
//! notes, links, citations.

use lectern_core::content::document::{BlockKind, SpanKind};

use super::super::super::inline::{Inline, Line as Text, code as canonical};
use super::super::content::font::Face;
use super::super::content::page::Link;
use super::super::layout::lines::{Line, Piece, TextStyle};
use super::notes::Notes;
use crate::clean::hyphens::{Joint, Words, ends_divided};

/// What of a block's letters, at most, is set apart by a bold or slanted face; what most of it is
/// set in sets nothing apart.
const MOST_EMPHASIS: f32 = 0.7;
/// What of a block's letters, at most, is code within text; above, the block's face is fixed and
/// says nothing.
const MOST_CODE: f32 = 0.9;
/// Widest indentation or gap of code, in letters.
const WIDEST_GAP: f32 = 80.0;

/// What a text is written with.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The document's vocabulary.
    pub words: &'a Words,
    /// The links of each page.
    pub links: &'a [Vec<Link>],
    /// The document's notes.
    pub notes: &'a Notes,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Look {
    style: TextStyle,
    /// The page, and the number of the link on it.
    link: Option<(usize, usize)>,
    page: usize,
}

#[derive(Debug, Default)]
struct Writer {
    chars: Vec<char>,
    looks: Vec<Look>,
}

impl Writer {
    fn push(&mut self, text: &str, look: Look) {
        self.chars.extend(text.chars());
        self.looks.resize(self.chars.len(), look);
    }

    fn space(&mut self) {
        if self.chars.last().is_some_and(|char| !char.is_whitespace()) {
            let look = self.looks.last().copied().unwrap_or_default();
            self.push(" ", look);
        }
    }

    fn last_word(&self) -> String {
        let start = self.chars.iter().rposition(|char| char.is_whitespace()).map_or(0, |at| at + 1);
        self.chars[start..].iter().collect()
    }
}

/// The text of a block of this `kind` on these `lines`, without the first `skip` scalar values.
pub fn write(kind: &BlockKind, lines: &[Line], skip: usize, context: &Context<'_>) -> Text {
    if matches!(kind, BlockKind::Code { .. }) {
        return Text { text: canonical(&code(lines)), marks: Vec::new() };
    }
    let mut writer = Writer::default();
    for line in lines {
        let first = line.text();
        let first = first.split_whitespace().next().unwrap_or_default();
        // Each line of a figure is a label of its own.
        if matches!(kind, BlockKind::Figure) && writer.chars.last().is_some_and(|char| char.is_alphanumeric()) {
            let look = writer.looks.last().copied().unwrap_or_default();
            writer.push(",", look);
        }
        join(&mut writer, context.words, first);
        let links: &[Link] = context.links.get(line.page).map_or(&[], Vec::as_slice);
        for piece in &line.pieces {
            if piece.space {
                writer.space();
            }
            for (text, link) in linked(piece, line, links) {
                let link = link.map(|at| (line.page, at));
                writer.push(&text, Look { style: piece.style, link, page: line.page });
            }
        }
    }
    writer.chars.drain(..skip.min(writer.chars.len()));
    writer.looks.drain(..skip.min(writer.looks.len()));
    marked(&writer, kind, context)
}

/// Ends a line before one that starts with `first`.
fn join(writer: &mut Writer, words: &Words, first: &str) {
    let Some(last) = writer.chars.last().copied() else { return };
    let word = writer.last_word();
    if ends_divided(&word) {
        match words.joint(&word, first) {
            Joint::Without => {
                writer.chars.pop();
                writer.looks.pop();
            }
            Joint::With => {
                if last == '\u{2010}'
                    && let Some(hyphen) = writer.chars.last_mut()
                {
                    *hyphen = '-';
                }
            }
            Joint::Space => writer.space(),
        }
        return;
    }
    let open = matches!(last, '—' | '/') && word.chars().count() > 1
        || word.contains("://")
            && !first.starts_with(char::is_uppercase)
            && matches!(last, '/' | '-' | '_' | '.' | '=' | '&' | '?');
    let range = last == '–' && word.chars().rev().nth(1).is_some_and(char::is_alphanumeric);
    let ideographs = ideograph(last) && first.chars().next().is_some_and(ideograph);
    if !(open || range || ideographs) {
        writer.space();
    }
}

const fn ideograph(char: char) -> bool {
    matches!(char, '\u{3000}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{ff00}'..='\u{ffef}')
}

/// A piece cut where links begin and end; places within a piece are taken as even.
fn linked(piece: &Piece, line: &Line, links: &[Link]) -> Vec<(String, Option<usize>)> {
    let near = |link: &&(usize, &Link)| link.1.area.x0 < piece.x1 && link.1.area.x1 > piece.x0;
    let on_line: Vec<(usize, &Link)> = links
        .iter()
        .enumerate()
        .filter(|(_, link)| link.area.y0 < line.y - 0.2 * line.size && link.area.y1 > line.y - 0.4 * line.size)
        .collect();
    let on_line: Vec<&(usize, &Link)> = on_line.iter().filter(near).collect();
    if on_line.is_empty() {
        return vec![(piece.text.clone(), None)];
    }
    let count = piece.text.chars().count().max(1) as f32;
    let step = (piece.x1 - piece.x0) / count;
    let mut out: Vec<(String, Option<usize>)> = Vec::new();
    // Whole words are in a link or not.
    let mut at = 0.0;
    for word in piece.text.split_inclusive(' ') {
        let length = word.trim_end().chars().count() as f32;
        let middle = piece.x0 + step * (at + length / 2.0);
        let link = on_line.iter().find(|(_, link)| link.area.x0 <= middle && middle <= link.area.x1).map(|(at, _)| *at);
        at += word.chars().count() as f32;
        match out.last_mut() {
            Some((text, last)) if *last == link => text.push_str(word),
            Some(_) | None => out.push((word.to_owned(), link)),
        }
    }
    out
}

/// The text with its marks.
fn marked(writer: &Writer, kind: &BlockKind, context: &Context<'_>) -> Text {
    let mut out = Marks::new(writer);
    let letters = |is: &dyn Fn(Face) -> bool| {
        let all = writer.chars.iter().zip(&writer.looks);
        all.filter(|(char, look)| char.is_alphanumeric() && is(look.style.face)).count() as f32
    };
    let all = letters(&|_| true).max(1.0);
    let bold = letters(&|face| face.bold) < MOST_EMPHASIS * all;
    let italic = letters(&|face| face.italic) < MOST_EMPHASIS * all;
    let mono = letters(&|face| face.mono) < MOST_CODE * all;
    if !matches!(kind, BlockKind::Heading { .. }) {
        let apart = |face: Face| !face.mono && !face.math && ((face.bold && bold) || (face.italic && italic));
        out.stretches(|look| apart(look.style.face).then_some(()), |(), _| (SpanKind::Emphasis, None));
    }
    out.stretches(|look| (look.style.face.mono && mono).then_some(()), |(), _| (SpanKind::Code, None));
    out.stretches(
        |look| (look.style.shift > 0).then_some(look.page),
        |page, label| match context.notes.find(page, label) {
            Some(key) => (SpanKind::NoteReference { note: None }, Some(key)),
            None => (SpanKind::Superscript, None),
        },
    );
    out.stretches(|look| (look.style.shift < 0).then_some(()), |(), _| (SpanKind::Subscript, None));
    out.stretches(
        |look| look.link,
        |(page, at), _| {
            let target = context.links.get(page).and_then(|links| links.get(at));
            (SpanKind::Link { target: target.map(|link| link.target.clone()).unwrap_or_default() }, None)
        },
    );
    out.figures(context.notes);
    out.citations();
    out.inline.finish()
}

/// Puts marks on a text.
struct Marks<'a> {
    writer: &'a Writer,
    inline: Inline,
    /// The byte at which each scalar value begins, and the end.
    bytes: Vec<usize>,
}

impl<'a> Marks<'a> {
    fn new(writer: &'a Writer) -> Self {
        let mut inline = Inline::default();
        inline.text(&writer.chars.iter().collect::<String>());
        let mut bytes = vec![0];
        bytes.extend(writer.chars.iter().scan(0, |at, char| {
            *at += char.len_utf8();
            Some(*at)
        }));
        Self { writer, inline, bytes }
    }

    fn mark(&mut self, start: usize, end: usize, kind: SpanKind, note: Option<String>) {
        self.inline.mark_between(self.bytes[start], self.bytes[end], kind, note);
    }

    /// Marks each stretch of characters to which `key` gives the same answer; `kind` says how, from
    /// it and the stretch's text.
    fn stretches<K: PartialEq + Copy>(
        &mut self,
        key: impl Fn(&Look) -> Option<K>,
        kind: impl Fn(K, &str) -> (SpanKind, Option<String>),
    ) {
        let mut at = 0;
        while at < self.writer.looks.len() {
            let here = key(&self.writer.looks[at]);
            let end = at + self.writer.looks[at..].iter().take_while(|look| key(look) == here).count();
            let text: String = self.writer.chars[at..end].iter().collect();
            if let Some(here) = here
                && !text.trim().is_empty()
            {
                let (kind, note) = kind(here, &text);
                self.mark(at, end, kind, note);
            }
            at = end;
        }
    }

    /// Raised figures of Unicode that refer to a note.
    fn figures(&mut self, notes: &Notes) {
        let raised = |char: char| super::notes::figures(char.encode_utf8(&mut [0; 4]));
        let mut at = 0;
        while at < self.writer.chars.len() {
            let digits: Vec<String> = self.writer.chars[at..].iter().map_while(|char| raised(*char)).collect();
            let end = at + digits.len();
            if let Some(key) = notes.find(self.writer.looks[at].page, &digits.concat()).filter(|_| end > at) {
                self.mark(at, end, SpanKind::NoteReference { note: None }, Some(key));
            }
            at = end.max(at + 1);
        }
    }

    /// `[12]`, `[3, 4]`, `[5–7]`, `[Knu84]`.
    fn citations(&mut self) {
        for start in 1..self.writer.chars.len() {
            if self.writer.chars[start] != '[' {
                continue;
            }
            let rest = &self.writer.chars[start..];
            let Some(length) = rest.iter().take(LONGEST_CITATION).position(|char| *char == ']') else { continue };
            let inner: String = rest[1..length].iter().collect();
            if !inner.is_empty() && inner.split([',', ';']).all(cites) {
                self.mark(start, start + length + 1, SpanKind::Citation, None);
            }
        }
    }
}

/// Longest citation in brackets, in letters.
const LONGEST_CITATION: usize = 40;

/// Whether a part of what stands in brackets is a number, a range of them, or a key.
fn cites(part: &str) -> bool {
    let part = part.trim();
    let numbers = part.split(['-', '–']).all(|number| {
        let number = number.trim();
        (1..=3).contains(&number.len()) && number.chars().all(|char| char.is_ascii_digit())
    });
    let letters = part.chars().take_while(|char| char.is_alphabetic() || *char == '+').count();
    let key = (2..=5).contains(&letters)
        && part.chars().next().is_some_and(char::is_uppercase)
        && part.chars().skip(letters).take(2).filter(char::is_ascii_digit).count() == 2
        && part.chars().count() <= letters + 3;
    numbers || key
}

/// Lines of code, with their indentation.
fn code(lines: &[Line]) -> String {
    let left = lines.iter().map(|line| line.x0).fold(f32::MAX, f32::min);
    let mut out = String::new();
    for line in lines {
        if !out.is_empty() {
            out.push('\n');
        }
        let text = line.text();
        let letter = (line.x1 - line.x0) / text.chars().count().max(1) as f32;
        let indent = if letter > 0.5 { ((line.x0 - left) / letter).round().clamp(0.0, WIDEST_GAP) as usize } else { 0 };
        out.extend(std::iter::repeat_n(' ', indent));
        // Wide gaps within a line align what follows.
        let mut end: Option<f32> = None;
        for piece in &line.pieces {
            if let Some(end) = end {
                let gap =
                    if letter > 0.5 { ((piece.x0 - end) / letter).round().clamp(0.0, WIDEST_GAP) as usize } else { 1 };
                out.extend(std::iter::repeat_n(' ', gap.max(usize::from(piece.space))));
            }
            out.push_str(&piece.text);
            end = Some(piece.x1);
        }
    }
    out
}
