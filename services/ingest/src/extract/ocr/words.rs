//! What tesseract found, as a table of tab-separated values, to paragraphs.

use lectern_core::content::document::BlockKind;

use super::super::assembly::Draft;
use super::super::inline::Line;
use crate::clean::hyphens::{Joint, Words};

/// Columns of the table: level, page, block, paragraph, line, word, left, top, width, height,
/// confidence, text.
const COLUMNS: usize = 12;

/// The level of words.
const WORD: &str = "5";

/// A word that was recognised.
#[derive(Debug)]
struct Word<'t> {
    /// Page within the picture's file, block, paragraph.
    paragraph: (u32, u32, u32),
    line: u32,
    /// 0 to 100.
    confidence: f32,
    text: &'t str,
}

/// The paragraphs in `table`. `page` is the number of the first page in it.
pub(super) fn paragraphs(table: &str, page: u32) -> Vec<Draft> {
    let words: Vec<Word<'_>> = table.lines().filter_map(word).collect();
    let mut known = Words::default();
    for line in words.chunk_by(|one, other| one.paragraph == other.paragraph && one.line == other.line) {
        known.add_line(&line.iter().map(|word| word.text).collect::<Vec<_>>().join(" "), false);
    }
    let all = words.chunk_by(|one, other| one.paragraph == other.paragraph);
    all.filter_map(|words| {
        let first = words.first()?;
        let mut draft = Draft::new(BlockKind::Paragraph, Line::plain(&joined(words, &known)));
        draft.page = Some(page + first.paragraph.0.saturating_sub(1));
        draft.confidence = confidence(words);
        Some(draft)
    })
    .collect()
}

fn word(line: &str) -> Option<Word<'_>> {
    let fields: Vec<&str> = line.splitn(COLUMNS, '\t').collect();
    let [level, page, block, paragraph, line, _, _, _, _, _, confidence, text] = fields.as_slice() else { return None };
    if *level != WORD || text.trim().is_empty() {
        return None;
    }
    Some(Word {
        paragraph: (page.parse().ok()?, block.parse().ok()?, paragraph.parse().ok()?),
        line: line.parse().ok()?,
        confidence: confidence.parse().ok()?,
        text: text.trim(),
    })
}

/// The words in one line of text; those that a line's end divided are put together.
fn joined(words: &[Word<'_>], known: &Words) -> String {
    let mut out = String::new();
    let mut before: Option<&Word<'_>> = None;
    for word in words {
        let joint = match before {
            Some(last) if last.line != word.line => known.joint(last.text, word.text),
            Some(_) => Joint::Space,
            None => Joint::With,
        };
        match joint {
            Joint::Space => out.push(' '),
            Joint::Without => {
                out.pop();
            }
            Joint::With => {}
        }
        out.push_str(word.text);
        before = Some(word);
    }
    out
}

/// The mean confidence of the letters, 0 to 1.
fn confidence(words: &[Word<'_>]) -> f32 {
    let (mut sum, mut letters) = (0.0, 0.0);
    for word in words {
        let count = f32::from(u16::try_from(word.text.chars().count()).unwrap_or(u16::MAX));
        sum += word.confidence.clamp(0.0, 100.0) * count;
        letters += count * 100.0;
    }
    if letters > 0.0 { sum / letters } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_become_paragraphs_and_divided_words_are_whole() {
        let row =
            |place: &str, confidence: &str, text: &str| format!("5\t{place}\t1\t0\t0\t9\t9\t{confidence}\t{text}\n");
        let table = "level\tpage_num\tblock_num\n".to_owned()
            + "4\t1\t1\t1\t1\t0\t0\t0\t9\t9\t-1\t\n"
            + &row("1\t1\t1\t1", "90", "The")
            + &row("1\t1\t1\t1", "80", "har-")
            + &row("1\t1\t1\t2", "70", "bour")
            + &row("1\t1\t1\t2", "70", "light")
            + &row("1\t1\t2\t1", "95", " ")
            + &row("1\t2\t1\t1", "50", "Next")
            + &row("2\t1\t1\t1", "100", "Last");
        let found: Vec<(String, Option<u32>, f32)> = paragraphs(&table, 3)
            .into_iter()
            .map(|draft| (draft.line.text, draft.page, (draft.confidence * 100.0).round()))
            .collect();
        let text = |text: &str| text.to_owned();
        assert_eq!(
            found,
            [(text("The harbour light"), Some(3), 76.0), (text("Next"), Some(3), 50.0), (text("Last"), Some(4), 100.0)]
        );
    }
}
