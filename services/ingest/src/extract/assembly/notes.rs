//! Notes that a source does not mark as such: which paragraphs are notes, and which headings stand
//! over nothing else.

use std::collections::{HashMap, HashSet};

use lectern_core::content::Range;
use lectern_core::content::document::{BlockKind, Matter, SpanKind};

use super::Draft;
use crate::extract::inline::{Mark, Scalars, sort};

/// Whether `text` can be the mark of a note: a number, up to three signs, or one letter, with or
/// without brackets.
pub(in super::super) fn is_note_mark(text: &str) -> bool {
    let inner = text.trim().trim_matches(['[', ']', '(', ')', '.']);
    let count = inner.chars().count();
    let digits = inner.chars().all(|char| char.is_ascii_digit()) && (1..=4).contains(&count);
    let signs = inner.chars().all(|char| "*†‡§‖¶#".contains(char)) && (1..=3).contains(&count);
    let letter = count == 1 && inner.chars().all(|char| char.is_ascii_lowercase());
    let roman = (1..=5).contains(&count) && inner.chars().all(|char| "ivxl".contains(char));
    digits || signs || letter || roman
}

/// The mark without its brackets.
pub(in super::super) fn note_label(text: &str) -> String {
    text.trim().trim_matches(['[', ']', '(', ')', '.']).trim().to_owned()
}

/// How many blocks behind its mark a note may stand that no link leads to: a long section's, or a
/// page's.
const REACH: usize = 60;

/// Sources that do not say what a note is. A reference is a raised or bracketed link with a short
/// mark whose target, further on, begins with the same mark; a plain link is one where its mark is
/// a sign, or where the target links back. A note that no link leads to begins with a sign, or a
/// number in brackets, that stands behind a word before it.
pub(super) fn recognise(drafts: &mut [Draft]) {
    let mut targets: HashMap<String, usize> = HashMap::new();
    for (index, draft) in drafts.iter().enumerate() {
        for anchor in &draft.anchors {
            targets.entry(anchor.clone()).or_insert(index);
        }
    }
    for Linked { draft, mark, target, label } in linked(drafts, &targets) {
        if let Some(mark) = drafts.get_mut(draft).and_then(|draft| draft.line.marks.get_mut(mark)) {
            mark.kind = SpanKind::NoteReference { note: None };
        }
        let Some(note) = drafts.get_mut(target) else { continue };
        if matches!(note.kind, BlockKind::Footnote { .. }) {
            continue;
        }
        if !matches!(note.kind, BlockKind::ListItem { .. }) {
            let cut = lead(&note.line.text, &label).unwrap_or(0);
            note.line.drop_start(cut);
        }
        note.kind = BlockKind::Footnote { label };
    }
    bind_printed(drafts);
}

/// A link that turned out to be a reference.
struct Linked {
    draft: usize,
    mark: usize,
    target: usize,
    label: String,
}

fn linked(drafts: &[Draft], targets: &HashMap<String, usize>) -> Vec<Linked> {
    let mut found = Vec::new();
    // Which draft refers to which; a note may hold as many links as lead to it.
    let target = |mark: &Mark| mark.note.as_ref().and_then(|key| targets.get(key)).copied();
    let referred = |(index, draft): (usize, &Draft)| {
        draft.line.marks.iter().filter_map(target).map(|target| (index, target)).collect::<Vec<_>>()
    };
    let references: HashSet<(usize, usize)> = drafts.iter().enumerate().flat_map(referred).collect();
    for (index, draft) in drafts.iter().enumerate() {
        let scalars = Scalars::new(&draft.line.text);
        for (at, mark) in draft.line.marks.iter().enumerate() {
            let plain = matches!(mark.kind, SpanKind::Link { .. });
            if !plain && !matches!(mark.kind, SpanKind::NoteReference { .. }) {
                continue;
            }
            let Some(target) = target(mark) else { continue };
            let text = scalars.of(mark.range);
            let Some(note) = drafts.get(target).filter(|_| target > index && is_note_mark(text)) else { continue };
            let label = note_label(text);
            let back = references.contains(&(target, index));
            let sure = !plain || label.chars().all(|char| SIGNS.contains(char)) || back;
            let marked = matches!(note.kind, BlockKind::Footnote { .. });
            if marked || sure && begins_with_mark(note, &label) {
                found.push(Linked { draft: index, mark: at, target, label });
            }
        }
    }
    found
}

/// Signs that mark notes (Chicago Manual of Style, 14.25).
const SIGNS: &str = "*†‡§‖¶#";

/// The mark that a note without a link begins with: one to three of one sign, or a number in
/// brackets, and then a word.
fn printed_mark(text: &str) -> Option<&str> {
    let first = text.chars().next()?;
    let end = if "*†‡".contains(first) {
        let run = text.chars().take_while(|char| *char == first).count();
        (run <= 3).then_some(run * first.len_utf8())?
    } else if first == '[' {
        let inner = text.get(1..)?.split_once(']')?.0;
        let number = (1..=3).contains(&inner.len()) && inner.bytes().all(|byte| byte.is_ascii_digit());
        let sign = (1..=3).contains(&inner.len()) && inner.bytes().all(|byte| byte == b'*');
        (number || sign).then_some(inner.len() + 2)?
    } else {
        return None;
    };
    let rest = text.get(end..)?;
    // "*word*" is emphasis that somebody typed.
    let closed = rest.contains(first) && first != '[';
    (rest.trim_start().starts_with(|char: char| char.is_alphanumeric() || "“\"‘'(".contains(char)) && !closed)
        .then(|| text.get(..end))
        .flatten()
}

/// Notes that no link leads to, bound to the mark that is printed before them.
fn bind_printed(drafts: &mut [Draft]) {
    for draft in drafts.iter_mut() {
        sort(&mut draft.line.marks);
    }
    let mut raised = Raised::default();
    for at in 0..drafts.len() {
        bind_note(drafts, at, &mut raised);
        if let Some(draft) = drafts.get(at) {
            raised.add(at, draft);
        }
    }
}

/// Binds the draft at `at` to the nearest mark before it, where it is a note.
fn bind_note(drafts: &mut [Draft], at: usize, raised: &mut Raised) -> Option<()> {
    let note = drafts.get(at).filter(|note| note.kind == BlockKind::Paragraph && note.matter == Matter::Body)?;
    let (mark, source, range) = if let Some(mark) = raised_mark(note) {
        let (source, range) = raised.take(drafts, mark)?;
        (mark.to_owned(), source, range)
    } else {
        let mark = printed_mark(&note.line.text)?;
        let first = at.saturating_sub(REACH);
        let before = drafts.get(first..at).unwrap_or_default();
        let reference = |(index, draft)| Some((first + index, printed_reference(draft, mark)?));
        let (source, range) = before.iter().enumerate().rev().find_map(reference)?;
        (mark.to_owned(), source, range)
    };
    let key = format!("printed:{at}");
    if let Some(draft) = drafts.get_mut(source) {
        let known = same(&draft.line.marks, range);
        let kind = SpanKind::NoteReference { note: None };
        draft.line.marks.splice(known, [Mark { range, kind, note: Some(key.clone()) }]);
    }
    if let Some(note) = drafts.get_mut(at) {
        note.line.drop_start(mark.chars().count());
        note.anchors.push(key);
        note.kind = BlockKind::Footnote { label: note_label(&mark) };
    }
    Some(())
}

/// Where the marks of this range stand among `marks`, which are sorted.
fn same(marks: &[Mark], range: Range) -> std::ops::Range<usize> {
    let key = |range: Range| (range.start, u32::MAX - range.end);
    let first = marks.partition_point(|mark| key(mark.range) < key(range));
    first..marks.partition_point(|mark| key(mark.range) <= key(range))
}

/// The raised marks of the blocks so far, by what they say, the nearest last. A book may have a
/// hundred thousand of them, and as many notes.
#[derive(Debug, Default)]
struct Raised(HashMap<String, Vec<(usize, Range)>>);

impl Raised {
    fn add(&mut self, at: usize, draft: &Draft) {
        let scalars = Scalars::new(&draft.line.text);
        // The first of a block is taken before its others.
        for mark in draft.line.marks.iter().rev() {
            let text = scalars.of(mark.range);
            if mark.kind == SpanKind::Superscript && mark.range.start > 0 && is_note_mark(text) {
                self.0.entry(text.to_owned()).or_default().push((at, mark.range));
            }
        }
    }

    /// The nearest that says `mark` and refers to no other note.
    fn take(&mut self, drafts: &[Draft], mark: &str) -> Option<(usize, Range)> {
        let known = self.0.get_mut(mark)?;
        while let Some((at, range)) = known.pop() {
            let marks = drafts.get(at).map(|draft| draft.line.marks.as_slice()).unwrap_or_default();
            let here = marks.get(same(marks, range)).unwrap_or_default();
            if here.iter().any(|mark| mark.kind == SpanKind::Superscript) {
                return Some((at, range));
            }
        }
        None
    }
}

/// The raised number that a note begins with.
fn raised_mark(note: &Draft) -> Option<&str> {
    let mark = note.line.marks.iter().find(|mark| mark.range.start == 0 && mark.kind == SpanKind::Superscript)?;
    let text = mark.range.of(&note.line.text);
    (is_note_mark(text) && text.chars().count() < note.line.text.chars().count()).then_some(text)
}

/// Where `mark` stands behind a word of `draft` that is no reference yet.
fn printed_reference(draft: &Draft, mark: &str) -> Option<Range> {
    let spoken = draft.kind.is_running_text() || draft.kind.heading_level().is_some();
    if !spoken || !draft.line.text.contains(mark) {
        return None;
    }
    let chars: Vec<char> = draft.line.text.chars().collect();
    let wanted: Vec<char> = mark.chars().collect();
    let sign = wanted.first().copied()?;
    // Two of one sign in one block may be emphasis that somebody typed.
    if sign == '*' && chars.iter().filter(|char| **char == sign).count() != wanted.len() {
        return None;
    }
    for start in 1..=chars.len().checked_sub(wanted.len())? {
        let end = start + wanted.len();
        if chars.get(start..end) != Some(wanted.as_slice()) {
            continue;
        }
        let before = chars.get(start - 1).copied().unwrap_or(' ');
        let after = chars.get(end).copied();
        let behind_a_word = !before.is_whitespace() && before != sign && !"([{".contains(before);
        // Behind the mark the sentence goes on or ends; a letter would make it part of a word.
        let ends = after.is_none_or(|after| after != sign && !after.is_alphanumeric());
        let range = Range::new(u32::try_from(start).ok()?, u32::try_from(end).ok()?);
        if behind_a_word && ends && draft.line.marks.iter().all(|known| leaves_room(known, range)) {
            return Some(range);
        }
    }
    None
}

/// Whether a mark may lie at `range` beside `known`: they do not cross, and `known` is no bound
/// reference there.
fn leaves_room(known: &Mark, range: Range) -> bool {
    let bound = known.range == range && matches!(known.kind, SpanKind::NoteReference { .. }) && known.note.is_some();
    let apart = known.range.end <= range.start || known.range.start >= range.end;
    let around = known.range.start <= range.start && known.range.end >= range.end;
    !bound && (apart || around)
}

fn begins_with_mark(draft: &Draft, label: &str) -> bool {
    match &draft.kind {
        BlockKind::Paragraph => lead(&draft.line.text, label).is_some(),
        BlockKind::ListItem { ordinal: Some(ordinal), .. } => note_label(ordinal) == label,
        BlockKind::ListItem { ordinal: None, .. }
        | BlockKind::Heading { .. }
        | BlockKind::Table { .. }
        | BlockKind::Code { .. }
        | BlockKind::Quote
        | BlockKind::Caption
        | BlockKind::Footnote { .. }
        | BlockKind::Formula { .. }
        | BlockKind::Figure
        | BlockKind::Furniture { .. } => false,
    }
}

/// The number of scalar values that the mark `label`, its brackets and what divides it from the
/// note take at the start of `text`.
pub(in super::super) fn lead(text: &str, label: &str) -> Option<usize> {
    let open = usize::from(text.starts_with(['[', '(']));
    let rest: String = text.chars().skip(open).collect();
    let after = rest.strip_prefix(label)?;
    let close = after.chars().take_while(|char| "]).: \u{2009}".contains(*char)).count();
    let alone = after.is_empty() || close > 0 || !label.ends_with(char::is_alphanumeric);
    alone.then(|| open + label.chars().count() + close)
}

/// A heading ("Notes") under which only notes stand is not spoken where they are not: it goes to
/// the back matter.
pub(super) fn set_aside_empty_headings(drafts: &mut [Draft]) {
    // What stands between a heading and the next: notes, anything else.
    let (mut notes, mut others) = (false, false);
    for draft in drafts.iter_mut().rev() {
        match &draft.kind {
            BlockKind::Footnote { .. } => notes = true,
            BlockKind::Heading { .. } => {
                if notes && !others && draft.matter == Matter::Body && is_notes_title(&draft.line.text) {
                    draft.matter = Matter::Back;
                }
                (notes, others) = (false, false);
            }
            BlockKind::Furniture { .. } => {}
            BlockKind::Paragraph
            | BlockKind::ListItem { .. }
            | BlockKind::Table { .. }
            | BlockKind::Code { .. }
            | BlockKind::Quote
            | BlockKind::Caption
            | BlockKind::Formula { .. }
            | BlockKind::Figure => others = true,
        }
    }
}

/// Titles of lists of notes, in lower case.
const NOTES_TITLES: [&str; 13] = [
    "notes",
    "note",
    "footnotes",
    "endnotes",
    "end notes",
    "chapter notes",
    "notes and references",
    "anmerkungen",
    "fußnoten",
    "endnoten",
    "notas",
    "notes de bas de page",
    "note a piè di pagina",
];

/// Whether `text` is the title of a list of notes.
pub(in super::super) fn is_notes_title(text: &str) -> bool {
    let name = text.trim_matches(|char: char| !char.is_alphabetic()).to_lowercase();
    NOTES_TITLES.contains(&name.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn note_marks_are_short() {
        for (text, wanted) in [
            ("1", true),
            ("[12]", true),
            ("*", true),
            ("††", true),
            ("a", true),
            ("iv", true),
            ("word", false),
            ("", false),
        ] {
            assert_eq!(is_note_mark(text), wanted, "{text}");
        }
    }

    fn drafts(blocks: &[(&str, &str)]) -> Vec<Draft> {
        let kind = |name: &str| match name {
            "h" => BlockKind::Heading { level: 1 },
            "note" => BlockKind::Footnote { label: "1".to_owned() },
            _ => BlockKind::Paragraph,
        };
        blocks.iter().map(|(name, text)| Draft::new(kind(name), crate::extract::inline::Line::plain(text))).collect()
    }

    #[test]
    fn a_note_that_no_link_leads_to_is_bound_to_its_printed_mark() {
        for (source, note, wanted) in [
            ("It also kept fish* through winter.", "* Mostly cod.", Some(("*", "Mostly cod."))),
            ("It kept fish.†", "†Mostly cod.", Some(("†", "Mostly cod."))),
            ("He took it in.[1]", "[1] It weighed four pounds.", Some(("1", "It weighed four pounds."))),
            ("He took it in.", "[1] It weighed four pounds.", None),
            ("He took *it* in.", "* An item of a list.", None),
            ("Two * three", "* Mostly cod.", None),
            ("It kept fish*", "*never* in winter.", None),
        ] {
            let mut drafts = drafts(&[("p", source), ("p", "Between."), ("p", note)]);
            recognise(&mut drafts);
            let found = if let BlockKind::Footnote { label } = &drafts[2].kind {
                Some((label.as_str(), drafts[2].line.text.as_str()))
            } else {
                None
            };
            assert_eq!(found, wanted, "{source} {note}");
            assert_eq!(drafts[0].line.marks.len(), usize::from(wanted.is_some()), "{source}");
        }
    }

    #[test]
    fn a_note_with_a_raised_number_is_bound_to_the_same_number_in_the_text() {
        let raised = |text: &str, start: u32| {
            let mut drafts = drafts(&[("p", text)]);
            let range = Range::new(start, start + 1);
            drafts[0].line.marks.push(Mark { range, kind: SpanKind::Superscript, note: None });
            drafts.remove(0)
        };
        let mut all = vec![raised("Salt1 was money.", 4), raised("1 So says Pliny.", 0), raised("3 Of nothing.", 0)];
        recognise(&mut all);
        assert_eq!(all[1].kind, BlockKind::Footnote { label: "1".to_owned() });
        assert_eq!(all[1].line.text, "So says Pliny.");
        assert!(
            matches!(all[0].line.marks[0].kind, SpanKind::NoteReference { .. }) && all[2].kind == BlockKind::Paragraph
        );
    }

    #[test]
    fn a_heading_over_nothing_but_notes_is_back_matter() {
        for (blocks, wanted) in [
            (vec![("p", "Text."), ("h", "Notes"), ("note", "One."), ("note", "Two.")], Matter::Back),
            (vec![("h", "Notes"), ("note", "One."), ("p", "Text.")], Matter::Body),
            (vec![("h", "Notes"), ("p", "Text.")], Matter::Body),
            (vec![("h", "Salt"), ("note", "One.")], Matter::Body),
        ] {
            let mut drafts = drafts(&blocks);
            set_aside_empty_headings(&mut drafts);
            let heading = drafts.iter().find(|draft| matches!(draft.kind, BlockKind::Heading { .. })).unwrap();
            assert_eq!(heading.matter, wanted, "{blocks:?}");
        }
    }
}
