//! Sheets of cells to tables: empty borders go, blank rows divide, and headers are told from the
//! cells below them. Shared by the formats that have cells and no more.

use std::collections::HashSet;

use lectern_core::Failure;
use lectern_core::content::document::BlockKind;

use super::archive::too_complex;
use super::assembly::Draft;
use super::inline::Line;

/// The most cells of a document's sheets, empty ones within them counted. A table of 20 columns and
/// 10,000 rows, which is already some thirty hours of speech, has a fifth of it.
pub(super) const CELLS: usize = 1_000_000;

/// From this many columns on, a row with one cell above the others is their title. In a table of
/// two columns it may as well be a name whose value is missing.
const TITLED_FROM: usize = 3;

/// `DOCUMENT_TOO_COMPLEX` for sheets of more than [`CELLS`] cells.
pub(super) fn too_many_cells() -> Failure {
    too_complex(format!("the sheets have more than {CELLS} cells; delete rows and columns that are not needed"))
}

/// The blocks of a sheet: a table for each run of rows without a blank one, and lines of one cell
/// as paragraphs.
pub(super) fn blocks(rows: Vec<Vec<String>>) -> Vec<Draft> {
    let mut found = Vec::new();
    let mut part: Vec<Vec<String>> = Vec::new();
    for row in rows {
        if row.iter().all(|cell| cell.trim().is_empty()) {
            found.extend(table(std::mem::take(&mut part)));
        } else {
            part.push(row);
        }
    }
    found.extend(table(part));
    found
}

/// The blocks of a run of rows of which none is blank.
fn table(rows: Vec<Vec<String>>) -> Vec<Draft> {
    let mut rows = trimmed(rows);
    let mut found = Vec::new();
    let width = rows.first().map_or(0, Vec::len);
    let alone = |row: &[String]| row.iter().filter(|cell| !cell.trim().is_empty()).count() == 1;
    let titles = if width >= TITLED_FROM { rows.iter().take_while(|row| alone(row)).count() } else { 0 };
    for row in rows.drain(..titles) {
        found.push(Draft::new(BlockKind::Paragraph, Line::plain(&row.join(" "))));
    }
    let rows = trimmed(rows);
    match rows.as_slice() {
        [] => {}
        [row] if alone(row) => found.push(Draft::new(BlockKind::Paragraph, Line::plain(&row.join(" ")))),
        _ => {
            let headed = u32::from(has_header(&rows));
            let lines = rows.iter().map(|row| row.iter().map(|cell| Line::plain(cell)).collect()).collect();
            found.push(Draft::table(lines, headed));
        }
    }
    found
}

/// All rows as wide as the widest, without empty columns at the sides.
fn trimmed(mut rows: Vec<Vec<String>>) -> Vec<Vec<String>> {
    let filled = |cell: &String| !cell.trim().is_empty();
    let first = rows.iter().filter_map(|row| row.iter().position(filled)).min().unwrap_or(0);
    let last = rows.iter().filter_map(|row| row.iter().rposition(filled)).max().map_or(0, |last| last + 1);
    for row in &mut rows {
        row.resize(last.max(first), String::new());
        row.drain(..first);
    }
    rows
}

/// Whether the first row names the columns: it is text, says each name once, leaves only the corner
/// empty, and repeats nothing that stands below it.
fn has_header(rows: &[Vec<String>]) -> bool {
    let Some((head, body)) = rows.split_first() else { return false };
    if body.is_empty() {
        return false;
    }
    let mut names: HashSet<&str> = HashSet::with_capacity(head.len());
    head.iter().enumerate().all(|(column, name)| {
        let name = name.trim();
        let known = !names.insert(name);
        let repeated = || body.iter().filter_map(|row| row.get(column)).any(|cell| cell.trim() == name);
        if name.is_empty() { column == 0 } else { !known && !is_quantity(name) && !repeated() }
    })
}

/// Whether a cell holds a number, an amount, a date or a time rather than words.
fn is_quantity(text: &str) -> bool {
    let digits = text.chars().filter(char::is_ascii_digit).count();
    let letters = text.chars().filter(|char| char.is_alphabetic()).count();
    digits > 0 && letters == 0 && !is_year(text)
}

/// Years name columns as often as they fill them.
fn is_year(text: &str) -> bool {
    text.len() == 4 && text.parse::<u16>().is_ok_and(|year| (1800..2200).contains(&year))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sheet(text: &str) -> Vec<Vec<String>> {
        text.lines().map(|line| line.split('|').map(|cell| cell.trim().to_owned()).collect()).collect()
    }

    fn shown(text: &str) -> Vec<String> {
        blocks(sheet(text))
            .into_iter()
            .map(|draft| {
                let text = draft.line.text.replace('\n', " / ");
                if let BlockKind::Table { header_rows, .. } = draft.kind {
                    format!("{header_rows}: {text}")
                } else {
                    text
                }
            })
            .collect()
    }

    #[test]
    fn blank_rows_divide_and_empty_borders_go() {
        let found = shown("||\n|Name|Height\n|Fundy|16\n||\nNote|\n||\n|a|1\n|b|2");
        assert_eq!(found, ["1: Name | Height / Fundy | 16", "Note", "0: a | 1 / b | 2"]);
    }

    #[test]
    fn a_line_above_a_table_is_its_title() {
        assert_eq!(shown("Tides||\nDay|High|Low\nMon|6|12"), ["Tides", "1: Day | High | Low / Mon | 6 | 12"]);
        assert_eq!(shown("Key|\nDay|6"), ["0: Key |  / Day | 6"]);
    }

    #[test]
    fn headers_are_names_that_come_once() {
        for (text, wanted) in [
            ("Name|Age\nAnn|5", true),
            ("|2023|2024\nAnn|5|6", true),
            ("Ann|5\nBob|6", false),
            ("yes|no\nyes|yes", false),
            ("a|a\nb|c", false),
            ("Name|\nAnn|x", false),
            ("2024-01-02|b\nc|d", false),
        ] {
            assert_eq!(has_header(&sheet(text)), wanted, "{text}");
        }
    }
}
