//! Books as libraries of free texts give them: the wrapper around the text, the list of contents,
//! chapters whose title stands under their number, and remarks in brackets.

use lectern_core::content::document::{BlockKind, Furniture, Matter};

use super::super::assembly::{Assembly, Draft, is_label};
use super::super::inline::Line;
use super::headings::LONGEST_HEADING;

/// How sure such a guess is.
const CONFIDENCE: f32 = 0.7;

/// Which end of a text a line marks, as Project Gutenberg and its like do:
/// `*** START OF THIS EBOOK ***`.
fn mark(text: &str) -> Option<Matter> {
    let inner = text.strip_prefix("***")?.trim_end_matches('*').trim().to_uppercase();
    match () {
        () if inner.starts_with("START OF") => Some(Matter::Front),
        () if inner.starts_with("END OF") => Some(Matter::Back),
        () => None,
    }
}

/// What stands before the mark of the start, and behind that of the end, belongs to the library.
/// Its header names the book.
pub(super) fn set_wrapper_aside(assembly: &mut Assembly) {
    let place = |wanted: Matter| assembly.drafts.iter().position(|draft| mark(&draft.line.text) == Some(wanted));
    let (start, end) = (place(Matter::Front), place(Matter::Back));
    if let Some(start) = start {
        for draft in assembly.drafts.iter_mut().take(start + 1) {
            draft.matter = Matter::Front;
        }
        let header: Vec<String> = assembly.drafts.iter().take(start).map(|draft| draft.line.text.clone()).collect();
        for line in header {
            read_header(&line, assembly);
        }
    }
    if let Some(end) = end.filter(|end| start.is_none_or(|start| start < *end)) {
        for draft in assembly.drafts.iter_mut().skip(end) {
            draft.matter = Matter::Back;
        }
    }
}

/// The names of the header's lines. Joined lines hold several of them.
const HEADER: [&str; 6] = ["Title: ", "Author: ", "Language: ", "Release date: ", "Release Date: ", "Credits: "];

fn read_header(line: &str, assembly: &mut Assembly) {
    let value = |name: &str| {
        let (_, rest) = line.split_once(name)?;
        let end = HEADER.iter().filter_map(|next| rest.find(next)).min().unwrap_or(rest.len());
        rest.get(..end).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
    };
    if assembly.meta.title.is_none() {
        assembly.meta.title = value("Title: ");
    }
    if assembly.meta.authors.is_empty() {
        assembly.meta.authors.extend(value("Author: "));
    }
}

/// Titles of a list of contents, in lower case.
const CONTENTS: [&str; 6] =
    ["contents", "table of contents", "inhalt", "inhaltsverzeichnis", "sommaire", "table des matières"];

/// The list of contents: a heading that says so, and the blocks under it that are entries.
pub(super) fn mark_contents(drafts: &mut [Draft]) {
    let headings: Vec<String> = drafts
        .iter()
        .filter(|draft| matches!(draft.kind, BlockKind::Heading { .. }))
        .map(|draft| folded(&draft.line.text))
        .collect();
    let is_contents = |draft: &Draft| {
        let name = draft.line.text.trim_matches(|char: char| !char.is_alphabetic()).to_lowercase();
        CONTENTS.contains(&name.as_str())
    };
    let Some(start) = drafts.iter().position(is_contents) else { return };
    let rest = drafts.get(start + 1..).unwrap_or_default();
    let count = rest.iter().take_while(|draft| is_entry(draft, &headings)).count();
    if count == 0 {
        return;
    }
    for draft in drafts.iter_mut().skip(start).take(count + 1) {
        if matches!(draft.kind, BlockKind::Code { .. } | BlockKind::Table { .. }) {
            draft.line = Line::plain(&draft.line.text.replace(" | ", " "));
        }
        draft.kind = BlockKind::Furniture { furniture: Furniture::ContentsEntry };
        draft.matter = Matter::Front;
        draft.confidence = CONFIDENCE;
    }
}

fn folded(text: &str) -> String {
    text.chars().filter(|char| char.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// Whether a block under "Contents" is of the list: its lines end in page numbers, or it names what
/// comes again as a heading.
fn is_entry(draft: &Draft, headings: &[String]) -> bool {
    let text = &draft.line.text;
    let paged = text.lines().all(|line| line.trim_end().ends_with(|char: char| char.is_ascii_digit()));
    let name = folded(text);
    let again = !name.is_empty()
        && headings.iter().filter(|heading| **heading == name).count()
            > usize::from(matches!(draft.kind, BlockKind::Heading { .. }));
    let listed = matches!(draft.kind, BlockKind::Code { .. } | BlockKind::Table { .. } | BlockKind::ListItem { .. });
    let short = text.chars().count() <= LONGEST_HEADING;
    let chapter = matches!(draft.kind, BlockKind::Heading { .. });
    match () {
        () if chapter => again || paged && !is_label(text),
        () => listed || again || paged || short && text.split_whitespace().next().is_some_and(is_label),
    }
}

/// A short line alone under the number of a chapter is its title.
pub(super) fn mark_chapter_titles(drafts: &mut [Draft]) {
    for at in 1..drafts.len() {
        let Some([label, title, rest @ ..]) = drafts.get(at - 1..) else { break };
        let BlockKind::Heading { level } = label.kind else { continue };
        let text = &title.line.text;
        let alone = title.kind == BlockKind::Paragraph && text.chars().count() <= LONGEST_HEADING;
        let named =
            text.starts_with(|char: char| char.is_uppercase() || char.is_numeric()) && !text.ends_with([',', ';', ':']);
        // A sentence by itself may be all that a chapter says, but not where more follows.
        let goes_on = rest.first().is_some_and(|next| next.line.text.chars().count() > text.chars().count());
        let sentence = text.ends_with(['.', '!', '?', '"', '”']) && text.split_whitespace().count() > 6;
        if is_label(&label.line.text)
            && alone
            && named
            && goes_on
            && !sentence
            && let Some(title) = drafts.get_mut(at)
        {
            title.kind = BlockKind::Heading { level };
            title.confidence = CONFIDENCE;
        }
    }
}

/// The number of a chapter and its title on the lines under it.
pub(super) fn two_line_heading(lines: &[&str]) -> Option<String> {
    let [label, title @ ..] = lines else { return None };
    let label = label.trim();
    let short = |line: &&str| line.trim().chars().count() <= LONGEST_HEADING && !line.trim().ends_with([',', ';']);
    let bare = label.chars().any(char::is_alphabetic) && label.split_whitespace().count() > 1;
    let title_like = title.first()?.trim().starts_with(char::is_uppercase) && !title.last()?.trim().ends_with('.');
    if !(bare && is_label(label) && (1..=2).contains(&title.len()) && title.iter().all(short) && title_like) {
        return None;
    }
    let joint = if label.ends_with(['.', ':']) { " " } else { ": " };
    let title: Vec<&str> = title.iter().map(|line| line.trim()).collect();
    Some(format!("{label}{joint}{}", title.join(" ")))
}

/// A remark in brackets that stands alone: a picture, or a note that has no mark of its own.
pub(super) fn bracketed(text: &str) -> Option<Draft> {
    let inner = text.strip_prefix('[')?.strip_suffix(']')?;
    let (name, rest) = inner.split_once(':').unwrap_or((inner, ""));
    let word = name.split_whitespace().next().unwrap_or_default().to_lowercase();
    match word.as_str() {
        "illustration" | "picture" | "figure" | "image" | "map" | "frontispiece" if !inner.contains(']') => {
            Some(Draft::new(BlockKind::Figure, Line::plain(rest)))
        }
        "footnote" => {
            let label = name.split_whitespace().nth(1)?;
            // The assembly binds a note to the mark `[1]` by the same mark at its start.
            Some(Draft::new(BlockKind::Paragraph, Line::plain(&format!("[{label}] {}", rest.trim()))))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft(kind: BlockKind, text: &str) -> Draft {
        Draft::new(kind, Line::plain(text))
    }

    #[test]
    fn a_list_of_contents_ends_where_the_book_begins() {
        let heading = || BlockKind::Heading { level: 1 };
        let mut drafts = vec![
            draft(heading(), "CONTENTS"),
            draft(heading(), "CHAPTER I."),
            draft(BlockKind::Paragraph, "The Wick"),
            draft(heading(), "CHAPTER I."),
            draft(heading(), "The Wick"),
            draft(BlockKind::Paragraph, "The wick was short, and it burned until the morning of the next day."),
        ];
        mark_contents(&mut drafts);
        let marked: Vec<bool> = drafts.iter().map(|draft| matches!(draft.kind, BlockKind::Furniture { .. })).collect();
        // The second "CHAPTER I." is the chapter, and has no other behind it.
        assert_eq!(marked[0..3], [true, true, true]);
        assert!(!marked[5]);
    }

    #[test]
    fn remarks_in_brackets_are_pictures_or_notes() {
        for (text, wanted) in [
            ("[Illustration: The door]", Some("The door")),
            ("[Illustration]", Some("")),
            ("[Footnote 3: Two doors.]", Some("[3] Two doors.")),
            ("[He leaves.]", None),
            ("Illustration", None),
        ] {
            assert_eq!(bracketed(text).map(|draft| draft.line.text), wanted.map(str::to_owned), "{text}");
        }
    }
}
