//! A draft's lines become one text, and what stands in it: emphasis, code, raised and lowered text, links, citations.

use lectern_core::content::Range;
use lectern_core::content::document::{BlockKind, Span, SpanKind};

use super::super::content::font::Face;
use super::super::content::page::Link;
use super::super::layout::lines::{Line, Piece, Style};
use super::draft::Draft;
use crate::clean::hyphens::{Joint, Words, ends_divided};

#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Look {
    style: Style,
    link: Option<usize>,
}

/// A text and its spans.
#[derive(Debug, Default)]
pub struct Inline {
    /// The text.
    pub text: String,
    /// The spans, sorted.
    pub spans: Vec<Span>,
}

struct Writer {
    chars: Vec<char>,
    looks: Vec<Look>,
}

impl Writer {
    fn push(&mut self, text: &str, look: &Look) {
        for char in text.chars() {
            self.chars.push(char);
            self.looks.push(look.clone());
        }
    }

    fn space(&mut self) {
        if self.chars.last().is_some_and(|char| !char.is_whitespace()) {
            let look = self.looks.last().cloned().unwrap_or_default();
            self.chars.push(' ');
            self.looks.push(look);
        }
    }

    fn last_word(&self) -> String {
        let start = self.chars.iter().rposition(|char| char.is_whitespace()).map_or(0, |at| at + 1);
        self.chars[start..].iter().collect()
    }
}

/// The text of `draft`.
pub fn write(draft: &Draft, words: &Words, links: &[Vec<Link>]) -> Inline {
    if matches!(draft.kind, BlockKind::Code { .. }) {
        return Inline { text: code(&draft.lines), spans: Vec::new() };
    }
    let mut writer = Writer { chars: Vec::new(), looks: Vec::new() };
    let mut seen: Vec<(usize, usize)> = Vec::new();
    for line in &draft.lines {
        let first = line.text();
        let first = first.split_whitespace().next().unwrap_or_default();
        join(&mut writer, words, first);
        for piece in &line.pieces {
            if piece.space {
                writer.space();
            }
            let page: &[Link] = links.get(line.page).map_or(&[], Vec::as_slice);
            for (text, link) in linked(piece, line, page) {
                let link = link.map(|at| {
                    let key = (line.page, at);
                    seen.iter().position(|other| *other == key).unwrap_or_else(|| {
                        seen.push(key);
                        seen.len() - 1
                    })
                });
                writer.push(&text, &Look { style: piece.style, link });
            }
        }
    }
    writer.chars.drain(..draft.skip.min(writer.chars.len()));
    writer.looks.drain(..draft.skip.min(writer.looks.len()));
    trim(&mut writer);
    let target = |link: usize| -> &str {
        seen.get(link).and_then(|(page, at)| links.get(*page)?.get(*at)).map_or("", |link| link.target.as_str())
    };
    let spans = spans(&writer, draft, target);
    Inline { text: writer.chars.into_iter().collect(), spans }
}

fn trim(writer: &mut Writer) {
    // A soft hyphen that nothing followed.
    while writer.chars.last().is_some_and(|char| char.is_whitespace() || *char == '\u{ad}') {
        writer.chars.pop();
        writer.looks.pop();
    }
    let lead = writer.chars.iter().take_while(|char| char.is_whitespace()).count();
    writer.chars.drain(..lead);
    writer.looks.drain(..lead);
    let mut at = 0;
    while at < writer.chars.len() {
        let doubled = at > 0 && writer.chars[at] == ' ' && writer.chars[at - 1] == ' ';
        if doubled || writer.chars[at] == '\u{ad}' {
            writer.chars.remove(at);
            writer.looks.remove(at);
        } else {
            at += 1;
        }
    }
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

fn spans<'a>(writer: &Writer, draft: &Draft, target: impl Fn(usize) -> &'a str) -> Vec<Span> {
    let mut out = Vec::new();
    let heading = matches!(draft.kind, BlockKind::Heading { .. });
    let letters = |is: &dyn Fn(Face) -> bool| {
        writer
            .chars
            .iter()
            .zip(&writer.looks)
            .filter(|(char, look)| char.is_alphanumeric() && is(look.style.face))
            .count()
    };
    let all = letters(&|_| true).max(1);
    // What most of the block is set in sets nothing apart.
    let bold = letters(&|face| face.bold) * 10 < all * 7;
    let italic = letters(&|face| face.italic) * 10 < all * 7;
    let mono = letters(&|face| face.mono) * 10 < all * 9;
    if !heading {
        stretch(
            writer,
            &mut out,
            |look| {
                let face = look.style.face;
                (!face.mono && !face.math && ((face.bold && bold) || (face.italic && italic))).then_some(())
            },
            |()| SpanKind::Emphasis,
        );
    }
    stretch(writer, &mut out, |look| (look.style.face.mono && mono).then_some(()), |()| SpanKind::Code);
    stretch(writer, &mut out, |look| (look.style.shift > 0).then_some(()), |()| SpanKind::Superscript);
    stretch(writer, &mut out, |look| (look.style.shift < 0).then_some(()), |()| SpanKind::Subscript);
    stretch(writer, &mut out, |look| look.link, |link| SpanKind::Link { target: target(link).to_owned() });
    citations(&writer.chars, &mut out);
    nest(out)
}

/// Adds a span for each stretch of characters to which `key` gives the same answer.
fn stretch<K: PartialEq + Copy>(
    writer: &Writer,
    out: &mut Vec<Span>,
    key: impl Fn(&Look) -> Option<K>,
    kind: impl Fn(K) -> SpanKind,
) {
    let mut at = 0;
    while at < writer.chars.len() {
        let Some(here) = key(&writer.looks[at]) else {
            at += 1;
            continue;
        };
        let mut end = at + 1;
        while end < writer.chars.len() && key(&writer.looks[end]) == Some(here) {
            end += 1;
        }
        let next = end;
        let mut start = at;
        while start < end && writer.chars[start].is_whitespace() {
            start += 1;
        }
        while end > start && writer.chars[end - 1].is_whitespace() {
            end -= 1;
        }
        if writer.chars[start..end].iter().any(|char| !char.is_whitespace()) {
            out.push(Span { range: range(start, end), kind: kind(here) });
        }
        at = next;
    }
}

fn range(start: usize, end: usize) -> Range {
    Range::new(u32::try_from(start).unwrap_or(u32::MAX), u32::try_from(end).unwrap_or(u32::MAX))
}

/// `[12]`, `[3, 4]`, `[5–7]`, `[Knu84]`.
fn citations(chars: &[char], out: &mut Vec<Span>) {
    for (start, open) in chars.iter().enumerate() {
        if *open != '[' || start == 0 {
            continue;
        }
        let Some(length) = chars[start..].iter().take(40).position(|char| *char == ']') else { continue };
        let inner: String = chars[start + 1..start + length].iter().collect();
        let cites = !inner.is_empty()
            && inner.split([',', ';']).all(|part| {
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
            });
        if cites {
            out.push(Span { range: range(start, start + length + 1), kind: SpanKind::Citation });
        }
    }
}

/// Sorts, and cuts spans that would cross an earlier one.
fn nest(mut spans: Vec<Span>) -> Vec<Span> {
    spans.sort_by_key(|span| (span.range.start, std::cmp::Reverse(span.range.end)));
    let mut out: Vec<Span> = Vec::new();
    let mut pending: Vec<Span> = Vec::new();
    spans.reverse();
    while let Some(mut span) = spans.pop() {
        let crossing = out.iter().rev().find(|other| {
            other.range.start < span.range.start
                && span.range.start < other.range.end
                && other.range.end < span.range.end
        });
        if let Some(crossing) = crossing {
            let mut rest = span.clone();
            rest.range.start = crossing.range.end;
            span.range.end = crossing.range.end;
            pending.push(rest);
        }
        out.push(span);
        if !pending.is_empty() {
            spans.append(&mut pending);
            spans.sort_by_key(|span| (std::cmp::Reverse(span.range.start), span.range.end));
        }
    }
    out
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
        let indent = if letter > 0.5 { ((line.x0 - left) / letter).round().clamp(0.0, 80.0) as usize } else { 0 };
        out.extend(std::iter::repeat_n(' ', indent));
        // Wide gaps within a line align what follows.
        let mut end: Option<f32> = None;
        for piece in &line.pieces {
            if let Some(end) = end {
                let gap = if letter > 0.5 { ((piece.x0 - end) / letter).round().clamp(0.0, 80.0) as usize } else { 1 };
                out.extend(std::iter::repeat_n(' ', gap.max(usize::from(piece.space))));
            }
            out.push_str(&piece.text);
            end = Some(piece.x1);
        }
    }
    out
}
