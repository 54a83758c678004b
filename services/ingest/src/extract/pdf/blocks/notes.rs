//! Footnotes: small type at the foot of a column, each behind a raised mark.

use lectern_core::content::document::BlockKind;

use super::super::content::page::Rule;
use super::super::layout::lines::Line;
use super::super::layout::metrics::Metrics;
use super::draft::Draft;

/// Takes the footnotes off the end of a region's `lines`.
pub fn take(lines: &mut Vec<Line>, metrics: &Metrics, rules: &[Rule], marks: &[String]) -> Vec<Draft> {
    let small =
        lines.iter().rev().take_while(|line| line.size < 0.94 * metrics.body && line.size > 0.4 * metrics.body).count();
    let mut from = lines.len() - small;
    // What stands above the first mark is a caption or the like, unless a rule says that notes begin there.
    let ruled = |line: &Line| {
        rules.iter().any(|rule| {
            rule.lies()
                && rule.y1 < line.y
                && rule.y0 > line.y - 2.6 * line.size
                && rule.x1 - rule.x0 < 0.6 * (line.right - line.left).max(120.0)
        })
    };
    while from < lines.len() && mark(&lines[from], marks).is_none() && !ruled(&lines[from]) {
        from += 1;
    }
    let mut notes: Vec<Draft> = Vec::new();
    for line in lines.drain(from..) {
        match mark(&line, marks)
            .or_else(|| if notes.is_empty() || follows(&notes, &line) { flush(&line) } else { None })
        {
            Some((label, skip)) => {
                let mut draft = Draft::new(BlockKind::Footnote { label }, line, 9.0);
                draft.skip = skip;
                notes.push(draft);
            }
            None => match notes.last_mut() {
                Some(note) => note.push(line),
                None => notes.push(Draft::new(BlockKind::Footnote { label: String::new() }, line, 9.0)),
            },
        }
    }
    notes
}

/// A number that stands at the text without a gap: some faces have raised figures that are glyphs of their own.
fn flush(line: &Line) -> Option<(String, usize)> {
    let text = line.text();
    let digits = text.chars().take_while(char::is_ascii_digit).count();
    let next = text.chars().nth(digits)?;
    ((1..=3).contains(&digits) && (next.is_uppercase() || matches!(next, '“' | '"' | '‘')))
        .then(|| (text.chars().take(digits).collect(), digits))
}

/// Whether a flush number at the start of `line` is the next after the last note's.
fn follows(notes: &[Draft], line: &Line) -> bool {
    let Some(BlockKind::Footnote { label }) = notes.last().map(|note| &note.kind) else { return false };
    let next = flush(line).and_then(|(label, _)| label.parse::<u32>().ok());
    label.parse::<u32>().is_ok_and(|label| next == Some(label + 1))
}

/// The raised marks in `lines` that may refer to notes.
pub fn references(lines: &[Line]) -> Vec<String> {
    let mut out = Vec::new();
    for line in lines {
        for (at, piece) in line.pieces.iter().enumerate() {
            if piece.style.shift > 0 && at > 0 && is_label(&piece.text) {
                out.push(piece.text.clone());
            }
        }
    }
    out
}

/// Whether a raised text can be a note's mark.
pub fn is_label(text: &str) -> bool {
    let count = text.chars().count();
    (1..=3).contains(&count)
        && (text.chars().all(|char| char.is_ascii_digit())
            || text.chars().all(|char| "*∗†‡§¶‖#".contains(char))
            || (count == 1 && text.chars().all(|char| char.is_ascii_lowercase())))
}

/// A note's mark at the start of `line`, and the scalar values up to its text.
fn mark(line: &Line, marks: &[String]) -> Option<(String, usize)> {
    let first = line.pieces.first()?;
    let next = line.pieces.get(1);
    let label = first.text.trim();
    if first.style.shift > 0 && is_label(label) {
        let gap = usize::from(next.is_some_and(|next| next.space));
        return Some((label.to_owned(), first.text.chars().count() + gap));
    }
    let text = line.text();
    let symbol = text.chars().next().filter(|char| "*∗†‡§¶".contains(*char));
    if let Some(symbol) = symbol {
        let rest = text.chars().skip(1).take_while(|char| char.is_whitespace()).count();
        return Some((symbol.to_string(), 1 + rest));
    }
    let (word, _) = text.split_once(' ')?;
    let label = word.trim_end_matches(['.', ')', ':']);
    (is_label(label) && marks.iter().any(|mark| mark == label)).then(|| (label.to_owned(), word.chars().count() + 1))
}

/// The label of an entry in a list of references: `[12]`, `[Knu84]`.
pub fn bracketed(text: &str) -> Option<&str> {
    let inner = text.strip_prefix('[')?;
    let (label, rest) = inner.split_once(']')?;
    (label.len() <= 12 && !label.is_empty() && rest.starts_with(' ')).then_some(label)
}
