//! AsciiDoc that comes as plain text: the marks that are not words are told from those that are
//! (AsciiDoc Language Documentation, docs.asciidoctor.org/asciidoc/latest).
//!
//! What it can: listings and literal blocks, sections, titles of blocks, pictures, and what a
//! reader of the finished document does not see: attributes, anchors, conditions, comments. What it
//! cannot: its tables, its own signs of lists, macros within a line.

use std::collections::{HashMap, HashSet};

/// Kinds of marks that a text must have to be believed to be AsciiDoc: each kind by itself comes in
/// other texts as well.
const FEWEST_KINDS: usize = 3;

/// A part of a text between its marks.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Part<'a> {
    /// Lines without a blank one.
    Text(Vec<&'a str>),
    Code {
        language: Option<&'a str>,
        lines: Vec<&'a str>,
    },
    Heading {
        level: u8,
        text: &'a str,
    },
    /// The title of the block that follows.
    Title(&'a str),
    /// A picture, by its alternative text.
    Picture(&'a str),
    /// A line that the finished document does not show.
    Unseen(&'a str),
}

/// Whether `text` is AsciiDoc for certain.
pub(super) fn is_certain(text: &str) -> bool {
    let mut open: HashSet<&str> = HashSet::new();
    let (mut attributes, mut blocks, mut titles, mut macros, mut within, mut fences) =
        (false, false, false, false, false, false);
    let mut before = "";
    for line in text.lines().map(str::trim_end) {
        attributes |= is_attribute(line);
        blocks |= block_attributes(line).is_some();
        titles |= title(line).is_some() && !line.ends_with('=');
        macros |= block_macro(line).is_some();
        within |= has_macro(line);
        let begins =
            before.is_empty() || before == "+" || before.starts_with('.') || block_attributes(before).is_some();
        if matches!(fence(line), Some(Fence::Code)) && !line.starts_with('`') {
            fences |= open.contains(line);
            if begins {
                open.insert(line);
            }
        }
        before = line;
    }
    [attributes, blocks, titles, macros, within, fences].into_iter().filter(|found| *found).count() >= FEWEST_KINDS
}

/// The parts of AsciiDoc.
pub(super) fn parts<'a>(lines: &[&'a str]) -> Vec<Part<'a>> {
    let last: HashMap<&str, usize> = lines.iter().enumerate().map(|(at, line)| (line.trim_end(), at)).collect();
    let mut parts = Parts::default();
    // A style that makes the next block code, with its language.
    let mut source: Option<Option<&'a str>> = None;
    let mut at = 0;
    while let Some(line) = lines.get(at).map(|line| line.trim_end()) {
        at += 1;
        if line.trim().is_empty() || line == "+" {
            parts.end();
            source = None;
        } else if is_underline(line, &parts.text) {
            parts.text.push(line);
        } else if let Some(kind) = fence(line) {
            let close = if line.starts_with('`') { "```" } else { line };
            // A block that nothing closes is none: its mark is a line of the text.
            if kind != Fence::Around && last.get(close).is_none_or(|last| *last < at) {
                parts.text.push(line);
                continue;
            }
            parts.end();
            if kind == Fence::Around {
                continue;
            }
            let rest = lines.get(at..).unwrap_or_default();
            let inner: Vec<&str> = rest.iter().copied().take_while(|line| line.trim_end() != close).collect();
            at += inner.len() + 1;
            if kind == Fence::Code {
                let named = Some(line.trim_start_matches('`')).filter(|_| line.starts_with('`'));
                let named = named.filter(|name| !name.is_empty());
                parts.done.push(Part::Code { language: source.take().flatten().or(named), lines: inner });
            } else {
                parts.done.extend(inner.into_iter().map(Part::Unseen));
            }
        } else if let Some(style) = block_attributes(line) {
            parts.end();
            parts.done.push(Part::Unseen(line));
            if let BlockStyle::Code(language) = style {
                source = Some(language);
            }
        } else if is_attribute(line) || line.starts_with("//") && !line.starts_with("///") {
            parts.end();
            parts.done.push(Part::Unseen(line));
        } else if let Some((name, inner)) = block_macro(line) {
            parts.end();
            let picture = name == "image";
            parts.done.push(if picture { Part::Picture(alternative(inner)) } else { Part::Unseen(line) });
        } else if let Some((level, text)) = title(line).filter(|_| parts.text.is_empty()) {
            parts.done.push(Part::Heading { level, text });
        } else if let Some(text) = block_title(line).filter(|_| parts.text.is_empty()) {
            parts.done.push(Part::Title(text));
        } else if let Some(language) = source.take() {
            let rest = lines.get(at - 1..).unwrap_or_default();
            let inner: Vec<&str> = rest.iter().copied().take_while(|line| !line.trim().is_empty()).collect();
            at += inner.len() - 1;
            parts.done.push(Part::Code { language, lines: inner });
        } else {
            parts.text.push(line);
        }
    }
    parts.end();
    parts.done
}

/// Parts, with the lines of one that is not ended.
#[derive(Debug, Default)]
struct Parts<'a> {
    done: Vec<Part<'a>>,
    text: Vec<&'a str>,
}

impl Parts<'_> {
    fn end(&mut self) {
        if !self.text.is_empty() {
            self.done.push(Part::Text(std::mem::take(&mut self.text)));
        }
    }
}

/// What the lines between two marks of a block are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fence {
    Code,
    Comment,
    /// Blocks: an example, a sidebar, a quotation, a table.
    Around,
}

/// The mark of a delimited block ("Delimited Blocks", table 1).
fn fence(line: &str) -> Option<Fence> {
    if matches!(line, "--" | "|===" | ",===" | ":===" | "!===") {
        return Some(Fence::Around);
    }
    if let Some(language) = line.strip_prefix("```") {
        let name = language.chars().all(|char| char.is_ascii_alphanumeric() || "+-_".contains(char));
        return name.then_some(Fence::Code);
    }
    let sign = line.chars().next()?;
    if line.len() < 4 || line.chars().any(|char| char != sign) {
        return None;
    }
    match sign {
        '-' | '.' => Some(Fence::Code),
        '/' => Some(Fence::Comment),
        '=' | '*' | '_' | '+' => Some(Fence::Around),
        _ => None,
    }
}

/// The length of an underline differs from that of its title by no more ("Section Titles", setext).
const UNDERLINE_SLACK: usize = 2;

/// Whether `line` underlines the lines before it: one title.
fn is_underline(line: &str, before: &[&str]) -> bool {
    let [title] = before else { return false };
    let sign = line.chars().next().unwrap_or(' ');
    "=-~^".contains(sign)
        && line.chars().all(|char| char == sign)
        && title.chars().any(char::is_alphanumeric)
        && title.chars().count().abs_diff(line.len()) <= UNDERLINE_SLACK
}

/// `== Title`, with its level.
fn title(line: &str) -> Option<(u8, &str)> {
    let text = line.trim_start_matches('=');
    let level = u8::try_from(line.len() - text.len()).ok().filter(|level| (1..=6).contains(level))?;
    (text.starts_with(' ') && !text.trim().is_empty()).then(|| (level, text.trim()))
}

/// `.Title` of a block.
fn block_title(line: &str) -> Option<&str> {
    line.strip_prefix('.')
        .filter(|text| text.starts_with(|char: char| char.is_alphanumeric() || "\"'_*`".contains(char)))
}

/// `:name: value` and `:!name:`, alone in its line.
fn is_attribute(line: &str) -> bool {
    let Some((name, value)) = line.strip_prefix(':').and_then(|rest| rest.split_once(':')) else { return false };
    let name = name.trim_matches('!');
    let plain = name.chars().all(|char| char.is_ascii_alphanumeric() || "-_".contains(char));
    !name.is_empty() && plain && (value.is_empty() || value.starts_with(' '))
}

/// Styles of blocks that are no code ("Block Style", "Admonitions", "Special Sections").
const STYLES: [&str; 34] = [
    "verse",
    "quote",
    "example",
    "sidebar",
    "abstract",
    "partintro",
    "NOTE",
    "TIP",
    "IMPORTANT",
    "CAUTION",
    "WARNING",
    "appendix",
    "preface",
    "glossary",
    "bibliography",
    "colophon",
    "dedication",
    "index",
    "discrete",
    "float",
    "horizontal",
    "qanda",
    "pass",
    "comment",
    "synopsis",
    "separator",
    "normal",
    "open",
    "loweralpha",
    "lowerroman",
    "upperalpha",
    "upperroman",
    "arabic",
    "role",
];
/// Styles of blocks that are code, formulas or drawings in signs.
const SOURCES: [&str; 10] =
    ["source", "listing", "literal", "stem", "latexmath", "asciimath", "ditaa", "graphviz", "plantuml", "mermaid"];

/// What the attributes of a block make it.
#[derive(Debug, Clone, Copy)]
enum BlockStyle<'a> {
    /// Code in this language.
    Code(Option<&'a str>),
    Other,
}

/// The attributes of a block, alone in their line: `[source,bash]`, `[[anchor]]`, `[cols="1,2"]`.
fn block_attributes(line: &str) -> Option<BlockStyle<'_>> {
    let inner = line.strip_prefix('[')?.strip_suffix(']')?;
    if inner.strip_prefix('[').is_some_and(|anchor| anchor.ends_with(']') && !anchor.contains(' ')) {
        return Some(BlockStyle::Other);
    }
    let (style, rest) = inner.split_once([',', '%', '#', '.', '=']).unwrap_or((inner, ""));
    let style = style.trim();
    if SOURCES.contains(&style) {
        let language = inner.split(',').nth(1).map(|language| language.trim().trim_matches('"'));
        return Some(BlockStyle::Code(language.filter(|name| !name.is_empty() && !name.contains('='))));
    }
    let shorthand = style.is_empty() && !rest.is_empty() && !inner.contains(' ');
    let name = |char: char| char.is_ascii_alphanumeric() || "-_".contains(char);
    let named = inner.get(style.len()..).is_some_and(|rest| rest.starts_with("=\""))
        && !style.is_empty()
        && style.chars().all(name);
    (shorthand || named || STYLES.contains(&style)).then_some(BlockStyle::Other)
}

/// The name and the brackets of a macro that is a line by itself.
fn block_macro(line: &str) -> Option<(&str, &str)> {
    let (name, rest) = line.split_once("::")?;
    let known = ["image", "video", "audio", "include", "toc", "ifdef", "ifndef", "ifeval", "endif"].contains(&name);
    let (target, inner) = rest.strip_suffix(']')?.split_once('[')?;
    (known && !target.contains(char::is_whitespace)).then_some((name, inner))
}

/// The alternative text of a picture: the first of its attributes, or the one of this name.
fn alternative(attributes: &str) -> &str {
    let first = attributes.split(',').map(str::trim).find(|part| !part.contains('=') || part.starts_with("alt="));
    first.map(|text| text.strip_prefix("alt=").unwrap_or(text).trim_matches('"')).unwrap_or_default()
}

/// Whether a line holds a macro with its text in brackets: `link:mill.html[the mill]`,
/// `https://example.com[the mill]`.
fn has_macro(line: &str) -> bool {
    line.split(|char: char| char.is_whitespace() || char == '(').any(|word| {
        let Some((head, _)) = word.split_once('[') else { return false };
        let Some((name, target)) = head.split_once(':') else { return false };
        let named = name.len() > 1 && name.bytes().all(|byte| byte.is_ascii_lowercase());
        named && !target.is_empty() && !target.starts_with(':') && !target.contains(']')
    }) && line.contains(']')
}

#[cfg(test)]
mod tests {
    use super::*;

    const MILL: &str = ":author: A. Miller\n\n[[mill]]\n== The mill\n\n.Starting it\n[source,bash]\n----\nmill start\n\nmill wait\n----\n\nIt turns.\n";

    #[test]
    fn several_kinds_of_marks_are_certain_and_few_are_not() {
        for (text, wanted) in [
            (MILL, true),
            ("The mill\n--------\n\n[verse]\nmill *\n\n------\n$ mill\n------\n\nSee link:a.html[the rest].", true),
            ("= The mill\n\nWords.\n\n----\ncut\n----\n", false),
            (":Author: A. Miller\n\n.. image:: mill.png\n\nThe mill\n--------\n\nWords [1].", false),
            ("[1] A. Miller, 1901.\n\n[Illustration]\n\n----\n\nWords.\n\n----\n", false),
        ] {
            assert_eq!(is_certain(text), wanted, "{text}");
        }
    }

    #[test]
    fn marks_are_told_from_words() {
        let lines: Vec<&str> = MILL.lines().collect();
        let wanted = [
            Part::Unseen(":author: A. Miller"),
            Part::Unseen("[[mill]]"),
            Part::Heading { level: 2, text: "The mill" },
            Part::Title("Starting it"),
            Part::Unseen("[source,bash]"),
            Part::Code { language: Some("bash"), lines: vec!["mill start", "", "mill wait"] },
            Part::Text(vec!["It turns."]),
        ];
        assert_eq!(parts(&lines), wanted);
    }

    #[test]
    fn what_looks_like_a_mark_is_taken_by_its_surroundings() {
        for (text, wanted) in [
            ("The mill\n--------\nWords", vec![Part::Text(vec!["The mill", "--------", "Words"])]),
            ("Words\n----\nmore", vec![Part::Text(vec!["Words", "----", "more"])]),
            ("====\nIt turns in the wind.\n====", vec![Part::Text(vec!["It turns in the wind."])]),
            (
                "[source]\nmill start\n\nIt turns.",
                vec![
                    Part::Unseen("[source]"),
                    Part::Code { language: None, lines: vec!["mill start"] },
                    Part::Text(vec!["It turns."]),
                ],
            ),
            (
                "image::mill.png[The mill,300]\nifdef::x[]\n// Later.",
                vec![Part::Picture("The mill"), Part::Unseen("ifdef::x[]"), Part::Unseen("// Later.")],
            ),
        ] {
            let lines: Vec<&str> = text.lines().collect();
            assert_eq!(parts(&lines), wanted, "{text}");
        }
    }
}
