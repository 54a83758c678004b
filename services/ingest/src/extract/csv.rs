//! CSV and its kin (RFC 4180): a table whose columns are divided by commas, semicolons, tabs or
//! bars. Which it is, follows from the file itself; that it is a table at all, only its name or
//! media type can say.
//!
//! It cannot read: quotes other than `"`, columns of fixed width, and comments, which come out as
//! rows.

use lectern_core::Failure;
use lectern_core::content::document::Content;

use super::assembly::Assembly;
use super::encoding::Decoded;
use super::sheet::{CELLS, blocks, too_many_cells};
use super::text::warn_encoding;

/// Dividers, in the order in which they are believed where several fit: a comma is most often a
/// part of text or of a number.
const DIVIDERS: [u8; 4] = *b"\t;|,";

/// How many records are looked at to find the divider.
const SAMPLE: usize = 200;

/// A table to blocks.
///
/// # Errors
/// `DOCUMENT_EMPTY` without words, `DOCUMENT_TOO_COMPLEX` past a limit.
pub(super) fn extract(decoded: Decoded) -> Result<Content, Failure> {
    let mut assembly = Assembly::default();
    warn_encoding(&mut assembly, &decoded);
    let (text, named) = named_divider(&decoded.text);
    let divider = named.unwrap_or_else(|| divider(text));
    let mut rows = Vec::new();
    let mut cells = 0;
    for record in records(text, divider) {
        cells += record.len();
        if cells > CELLS {
            return Err(too_many_cells());
        }
        rows.push(record);
    }
    let width = rows.iter().map(Vec::len).max().unwrap_or(0);
    if width.saturating_mul(rows.len()) > CELLS {
        return Err(too_many_cells());
    }
    let ragged = rows.iter().filter(|row| row.len() != width).count();
    if ragged > 0 {
        assembly.warn("RAGGED_ROWS", format!("{ragged} of {} rows have fewer than {width} columns", rows.len()));
    }
    assembly.drafts.extend(blocks(rows));
    assembly.finish("text/csv", "csv/1")
}

/// The divider that a first line `sep=;` names, as Excel writes it, and the text after that line.
fn named_divider(text: &str) -> (&str, Option<u8>) {
    let line = text.lines().next().unwrap_or_default();
    match line.strip_prefix("sep=").map(str::as_bytes) {
        Some([divider]) => (text.get(line.len()..).unwrap_or_default().trim_start(), Some(*divider)),
        Some(_) | None => (text, None),
    }
}

/// The divider with which most records have the same number of columns, and more than one.
fn divider(text: &str) -> u8 {
    let mut best = (0, b',');
    for divider in DIVIDERS {
        let mut counts: std::collections::BTreeMap<usize, usize> = std::collections::BTreeMap::new();
        for record in records(text, divider).take(SAMPLE) {
            *counts.entry(record.len()).or_default() += 1;
        }
        let alike = counts.into_iter().filter(|(columns, _)| *columns > 1).map(|(_, count)| count).max().unwrap_or(0);
        if alike > best.0 {
            best = (alike, divider);
        }
    }
    best.1
}

/// The records of a text. Quotes may hold dividers and line ends; a quote that is never closed ends
/// with the text.
fn records(text: &str, divider: u8) -> impl Iterator<Item = Vec<String>> {
    let divider = char::from(divider);
    let mut rest = text.chars().peekable();
    std::iter::from_fn(move || {
        rest.peek()?;
        let mut record = vec![String::new()];
        let mut quoted = false;
        while let Some(char) = rest.next() {
            let Some(cell) = record.last_mut() else { break };
            match char {
                '"' if quoted && rest.peek() == Some(&'"') => {
                    cell.push('"');
                    rest.next();
                }
                '"' if quoted => quoted = false,
                '"' if cell.trim().is_empty() => {
                    cell.clear();
                    quoted = true;
                }
                '\r' if !quoted && rest.peek() == Some(&'\n') => {}
                '\n' | '\r' if !quoted => break,
                _ if char == divider && !quoted => record.push(String::new()),
                _ => cell.push(char),
            }
        }
        Some(record)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use lectern_core::content::document::BlockKind;

    fn rows(text: &str) -> Vec<Vec<String>> {
        let decoded = super::super::encoding::decode(text.as_bytes());
        let content = extract(decoded).unwrap();
        let BlockKind::Table { rows, .. } = &content.blocks[0].kind else { panic!("{:?}", content.blocks[0]) };
        rows.clone()
    }

    #[test]
    fn the_divider_follows_from_the_file() {
        for (text, wanted) in [
            ("a,b\nc,d\n", b','),
            ("name;size\nx;1,5\ny;2,5\n", b';'),
            ("a\tb, c\nd\te, f\n", b'\t'),
            ("a|b\n\"c|d\"|e\n", b'|'),
            ("Dear all; hello\na,b,c\nd,e,f\n", b','),
            ("one\ntwo\n", b','),
        ] {
            assert_eq!(char::from(divider(text)), char::from(wanted), "{text}");
        }
        assert_eq!(named_divider("sep=:\r\na:b"), ("a:b", Some(b':')));
    }

    #[test]
    fn quotes_hold_dividers_line_ends_and_quotes() {
        let found = rows("name,note\r\n\"Bay, of\r\nFundy\",\"the \"\"largest\"\"\"\nBaltic,5\" wide\n\"open,ended");
        assert_eq!(found[1], ["Bay, of Fundy", "the \"largest\""]);
        assert_eq!(found[2], ["Baltic", "5\" wide"]);
        assert_eq!(found[3], ["open,ended", ""]);
    }
}
