//! Plain text: paragraphs by blank lines, hard-wrapped lines joined again, and the headings, lists,
//! tables, notes and quotations that people write without markup. Every guess lowers the confidence
//! of its block.
//!
//! What it can: books as libraries of free texts give them (wrapper, contents, chapters of two
//! lines, `_emphasis_`, `[Illustration]`), words divided at a line's end, tables drawn with signs
//! or spaces, pages by form feeds, commands behind the prompt of a shell, the blocks of AsciiDoc
//! where the text is that for certain. What it cannot: columns side by side, diagrams of signs
//! (they are code), and headings that look like any other line.

mod asciidoc;
mod book;
mod emphasis;
mod headings;
mod prompts;
mod table;

use lectern_core::Failure;
use lectern_core::content::document::{BlockKind, Content, Furniture, Matter};

use super::assembly::{Assembly, Draft};
use super::encoding::Decoded;
use super::inline::{Line, code};
use crate::clean::hyphens::{Joint, Words, ends_divided};
use asciidoc::Part;
use emphasis::styled;
use headings::{bare_heading, heading, is_rule, underlined};
use prompts::Prompts;

/// A line this long was not broken by hand.
const LONG_LINE: usize = 100;
/// How sure it is that lines behind a prompt are commands.
const PROMPT_CONFIDENCE: f32 = 0.8;

/// Plain text to blocks.
///
/// # Errors
/// `DOCUMENT_EMPTY` without words.
pub(super) fn extract(decoded: Decoded) -> Result<Content, Failure> {
    let mut assembly = Assembly::default();
    warn_encoding(&mut assembly, &decoded);
    let text = decoded.text.replace("\r\n", "\n").replace('\r', "\n");
    let paged = text.trim_end_matches(['\u{c}', '\n', ' ']).contains('\u{c}');
    let mut reader =
        Reader { assembly, wrapped: is_wrapped(&text), words: Words::default(), prompts: Prompts::of(&text) };
    let asciidoc = asciidoc::is_certain(&text);
    let mut divided = false;
    for line in text.lines() {
        reader.words.add_line(line, divided);
        divided = ends_divided(line);
    }
    let mut page = 1;
    for sheet in text.split('\u{c}') {
        let first = reader.assembly.drafts.len();
        let lines: Vec<&str> = sheet.lines().collect();
        if asciidoc {
            asciidoc::parts(&lines).into_iter().for_each(|part| reader.part(part));
        } else {
            for group in lines.split(|line| line.trim().is_empty()).filter(|group| !group.is_empty()) {
                reader.group(group);
            }
        }
        if paged {
            for draft in reader.assembly.drafts.iter_mut().skip(first) {
                draft.page = Some(page);
            }
            mark_page_numbers(reader.assembly.drafts.get_mut(first..).unwrap_or_default(), page);
            page += 1;
        }
    }
    let mut assembly = reader.assembly;
    if paged {
        assembly.meta.pages = Some(page - 1);
    }
    book::set_wrapper_aside(&mut assembly);
    book::mark_contents(&mut assembly.drafts);
    book::mark_chapter_titles(&mut assembly.drafts);
    assembly.finish("text/plain", "text/4")
}

/// Says so where the text was not UTF-8.
pub(super) fn warn_encoding(assembly: &mut Assembly, decoded: &Decoded) {
    if decoded.guessed {
        let message = format!(
            "the text is not UTF-8 and was read as {}; save it as UTF-8 if letters look wrong",
            decoded.encoding
        );
        assembly.warn("ENCODING_GUESSED", message);
    }
    if decoded.mended {
        let message = "the text was encoded twice (UTF-8 taken for Windows-1252) and was mended";
        assembly.warn("ENCODING_MENDED", message);
    }
    if decoded.padding > 0 {
        let message = format!("{} NUL bytes at the end of the text were left out", decoded.padding);
        assembly.warn("PADDING_LEFT_OUT", message);
    }
    if decoded.lossy {
        let message =
            format!("some bytes are not {} and were replaced by \u{fffd}; save the file as UTF-8", decoded.encoding);
        assembly.warn("ENCODING_DAMAGED", message);
    }
}

/// Whether lines were broken at a width: most that are followed by another line are of about one
/// length.
fn is_wrapped(text: &str) -> bool {
    let lines: Vec<usize> = text.lines().map(|line| line.trim_end().chars().count()).collect();
    let followed: Vec<usize> = lines.windows(2).filter(|pair| pair[0] > 0 && pair[1] > 0).map(|pair| pair[0]).collect();
    let over = followed.iter().filter(|length| **length > LONG_LINE).count();
    let filled = followed.iter().filter(|length| (45..=LONG_LINE).contains(*length)).count();
    !followed.is_empty() && over * 10 <= followed.len() && filled * 2 >= followed.len()
}

/// What is known of the text as a whole.
#[derive(Debug)]
struct Reader {
    assembly: Assembly,
    /// Whether its lines were broken at a width.
    wrapped: bool,
    /// Its words, to tell the hyphens of words from those of line ends.
    words: Words,
    prompts: Prompts,
}

impl Reader {
    /// A part of AsciiDoc.
    fn part(&mut self, part: Part<'_>) {
        match part {
            Part::Text(lines) => self.group(&lines),
            Part::Code { language, lines } => self.code(language, &lines, 1.0),
            Part::Heading { level, text } => self.assembly.push(heading(level, text, 1.0)),
            Part::Title(text) => self.assembly.push(Draft::new(BlockKind::Caption, styled(text))),
            Part::Picture(text) => self.assembly.push(Draft::new(BlockKind::Figure, Line::plain(text))),
            Part::Unseen(text) => self.assembly.leave_out(Furniture::Hidden, text, Matter::Body),
        }
    }

    fn code(&mut self, language: Option<&str>, lines: &[&str], confidence: f32) {
        let line = Line { text: code(&lines.join("\n")), marks: Vec::new() };
        let mut draft = Draft::new(BlockKind::Code { language: language.map(str::to_owned) }, line);
        draft.confidence = confidence;
        self.assembly.push(draft);
    }

    /// A run of lines between blank ones.
    fn group(&mut self, lines: &[&str]) {
        if let Some(commands) = self.prompts.commands(lines) {
            let (before, rest) = lines.split_at(commands.start);
            let (commands, after) = rest.split_at(commands.len());
            for (part, is_code) in [(before, false), (commands, true), (after, false)] {
                match part {
                    [] => {}
                    _ if is_code => self.code(Some("console"), part, PROMPT_CONFIDENCE),
                    _ => self.group(part),
                }
            }
            return;
        }
        if let Some((level, rest)) = underlined(lines) {
            self.assembly.push(heading(level, lines[0], 1.0));
            if !rest.is_empty() {
                self.group(rest);
            }
            return;
        }
        if let Some(draft) = table::read(lines) {
            self.assembly.push(draft);
            return;
        }
        // A ruled table by itself; text with a ruler over and under it is that text.
        if lines.len() > 1 && lines.iter().any(|line| is_rule(line)) {
            for part in lines.split(|line| is_rule(line)).filter(|part| !part.is_empty()) {
                self.group(part);
            }
            return;
        }
        if let Some(draft) = book::bracketed(&self.joined(lines)) {
            self.assembly.push(draft);
            return;
        }
        if let [line] = lines
            && let Some(level) = bare_heading(line)
        {
            self.assembly.push(heading(level, line, 0.7));
            return;
        }
        if let Some(title) = book::two_line_heading(lines) {
            self.assembly.push(heading(1, &title, 0.7));
            return;
        }
        if lines.iter().all(|line| is_rule(line)) {
            return;
        }
        if lines.iter().any(|line| bullet(line).is_some()) {
            self.list(lines);
            return;
        }
        if lines.iter().all(|line| line.trim_start().starts_with('>')) {
            let text: Vec<&str> = lines.iter().map(|line| line.trim_start().trim_start_matches(['>', ' '])).collect();
            self.assembly.push(Draft::new(BlockKind::Quote, styled(&self.joined(&text))));
            return;
        }
        if is_layout(lines) {
            self.code(None, lines, 0.6);
            return;
        }
        // Verse, addresses and the like keep their lines as blocks where the text as a whole is not
        // hard-wrapped.
        let short = lines.iter().all(|line| line.trim().chars().count() <= LONG_LINE);
        if self.wrapped || lines.len() == 1 || short {
            self.assembly.push(Draft::new(BlockKind::Paragraph, styled(&self.joined(lines))));
        } else {
            for line in lines {
                self.assembly.push(Draft::new(BlockKind::Paragraph, styled(line)));
            }
        }
    }

    /// Lines as one text. Whether a hyphen at a line's end is the word's is told by the words of
    /// the rest of the text.
    fn joined(&self, lines: &[&str]) -> String {
        let mut text = String::new();
        for line in lines {
            let line = line.trim();
            let last = text.split_whitespace().next_back().unwrap_or_default();
            let first = line.split_whitespace().next().unwrap_or_default();
            // A part that has a hyphen of its own is of a compound: "up-" and "to-date".
            let joint =
                if first.contains('-') && last.ends_with('-') { Joint::With } else { self.words.joint(last, first) };
            match joint {
                Joint::Space if text.is_empty() => {}
                Joint::Space => text.push(' '),
                Joint::With => {}
                Joint::Without => {
                    text.pop();
                }
            }
            text.push_str(line);
        }
        text
    }

    fn list(&mut self, lines: &[&str]) {
        let mut indents: Vec<usize> = Vec::new();
        let mut item: Option<(BlockKind, Vec<&str>)> = None;
        for line in lines {
            if let Some((indent, ordinal, text)) = bullet(line) {
                self.flush(item.take());
                while indents.last().is_some_and(|last| *last > indent) {
                    indents.pop();
                }
                if indents.last() != Some(&indent) {
                    indents.push(indent);
                }
                let depth = u8::try_from(indents.len() - 1).unwrap_or(u8::MAX);
                item = Some((BlockKind::ListItem { ordinal, depth }, vec![text]));
            } else if let Some((_, texts)) = &mut item {
                texts.push(line);
            } else {
                item = Some((BlockKind::Paragraph, vec![line]));
            }
        }
        self.flush(item);
    }

    fn flush(&mut self, item: Option<(BlockKind, Vec<&str>)>) {
        if let Some((kind, lines)) = item {
            let mut draft = Draft::new(kind, styled(&self.joined(&lines)));
            draft.confidence = 0.9;
            self.assembly.push(draft);
        }
    }
}

/// The indent, the printed ordinal and the text of a list item. A line between two dashes is no
/// item.
fn bullet(line: &str) -> Option<(usize, Option<String>, &str)> {
    let indent =
        line.chars().take_while(|char| char.is_whitespace()).map(|char| if char == '\t' { 4 } else { 1 }).sum();
    let text = line.trim_start();
    let sign = text.chars().next()?;
    if "-*•◦▪‣–·+".contains(sign) {
        let rest = text.get(sign.len_utf8()..)?;
        return (rest.starts_with([' ', '\t']) && !rest.trim().is_empty() && !rest.trim_end().ends_with(sign))
            .then(|| (indent, None, rest.trim()));
    }
    let (mark, rest) = text.split_once([' ', '\t'])?;
    let inner = mark.strip_prefix('(').unwrap_or(mark).strip_suffix([')', '.'])?;
    let number = (1..=3).contains(&inner.len()) && inner.bytes().all(|byte| byte.is_ascii_digit());
    let letter = mark.ends_with(')') && inner.len() == 1 && inner.bytes().all(|byte| byte.is_ascii_lowercase());
    ((number || letter) && !rest.trim().is_empty()).then(|| (indent, Some(mark.to_owned()), rest.trim()))
}

/// Text whose spaces matter: every line indented by four, or columns made of spaces.
fn is_layout(lines: &[&str]) -> bool {
    let indented = lines.iter().all(|line| line.starts_with("    ") || line.starts_with('\t'));
    let columns = lines.iter().filter(|line| line.trim().contains("   ")).count();
    let signs = lines.iter().flat_map(|line| line.chars()).filter(|char| "{};=<>|+#/\\".contains(*char)).count();
    let all: usize = lines.iter().map(|line| line.trim().chars().count()).sum();
    lines.len() >= 2 && (columns * 2 > lines.len() || indented && signs * 40 > all)
}

/// The first or last line of a page that is the page's number.
fn mark_page_numbers(drafts: &mut [Draft], page: u32) {
    let last = drafts.len().saturating_sub(1);
    for (index, draft) in drafts.iter_mut().enumerate() {
        let digits: String = draft.line.text.chars().filter(char::is_ascii_digit).collect();
        let rest = draft.line.text.chars().filter(|char| char.is_alphabetic()).collect::<String>().to_lowercase();
        let counts = digits.parse::<u32>().is_ok_and(|number| number.abs_diff(page) < 50);
        if (index == 0 || index == last) && counts && (rest.is_empty() || rest == "page") {
            draft.kind = BlockKind::Furniture { furniture: Furniture::PageNumber };
            draft.confidence = 0.8;
        }
    }
}

#[cfg(test)]
mod tests;
