//! Tables: where each cell stands in the text of its block.

use lectern_core::content::document::Block;
use lectern_core::content::{Range, length};

/// What stands between two cells of a row.
const BETWEEN: &str = " | ";

/// Writes the rows of the part `part` of a table; `cell` writes what stands in a range.
pub(super) fn rows(
    block: &Block,
    part: Range,
    rows: &[Vec<String>],
    heads: u32,
    out: &mut String,
    mut cell: impl FnMut(&mut String, Range),
) {
    let rows = cells(block, rows);
    let within = |row: &Vec<Range>| row.iter().any(|range| range.start >= part.start && range.start < part.end.max(1));
    for (at, row) in (0_u32..).zip(&rows).filter(|(_, row)| within(row)) {
        let (open, close) = if at < heads { ("<th scope=\"col\">", "</th>") } else { ("<td>", "</td>") };
        out.push_str("<tr>");
        for range in row {
            out.push_str(open);
            cell(out, *range);
            out.push_str(close);
        }
        out.push_str("</tr>\n");
    }
}

/// The ranges of the cells, row by row: those of `rows`, unless the text is not made of them, and
/// then those that the text shows.
fn cells(block: &Block, rows: &[Vec<String>]) -> Vec<Vec<Range>> {
    let mut at = 0;
    let mut ranges = Vec::with_capacity(rows.len());
    let mut text = String::with_capacity(block.text.len());
    for (number, row) in rows.iter().enumerate() {
        if number > 0 {
            text.push('\n');
            at += 1;
        }
        let mut of_row = Vec::with_capacity(row.len());
        for (column, cell) in row.iter().enumerate() {
            if column > 0 {
                text.push_str(BETWEEN);
                at += length(BETWEEN);
            }
            text.push_str(cell);
            of_row.push(Range::new(at, at + length(cell)));
            at += length(cell);
        }
        ranges.push(of_row);
    }
    if text == block.text { ranges } else { shown(&block.text) }
}

/// The cells that a text shows.
fn shown(text: &str) -> Vec<Vec<Range>> {
    let mut at = 0;
    let mut rows = Vec::new();
    for line in text.split('\n') {
        let mut row = Vec::new();
        let mut from = at;
        for cell in line.split(BETWEEN) {
            row.push(Range::new(from, from + length(cell)));
            from += length(cell) + length(BETWEEN);
        }
        at += length(line) + 1;
        rows.push(row);
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::timeline::fixture::block;

    fn written(text: &str, cells: &[&[&str]]) -> String {
        let block = block(0, text);
        let given: Vec<Vec<String>> =
            cells.iter().map(|row| row.iter().map(|cell| (*cell).to_owned()).collect()).collect();
        let mut out = String::new();
        rows(&block, Range::all(text), &given, 1, &mut out, |out, range| out.push_str(range.of(text)));
        out
    }

    #[test]
    fn cells_stand_where_the_text_has_them() {
        let expected = "<tr><th scope=\"col\">a | b</th><th scope=\"col\">é</th></tr>\n<tr><td></td><td>2</td></tr>\n";
        assert_eq!(written("a | b | é\n | 2", &[&["a | b", "é"], &["", "2"]]), expected);
        // Of another text than the cells would make, what it shows is taken.
        let shown = "<tr><th scope=\"col\">x</th><th scope=\"col\">y</th></tr>\n<tr><td>z</td></tr>\n";
        assert_eq!(written("x | y\nz", &[&["other"]]), shown);
    }
}
