//! Tables: cells by row, with the places that a merged cell covers left empty, so that every row has all columns.

use super::super::dom::Element;
use super::super::inline::Line;

/// No cell covers more columns or rows.
const WIDEST: usize = 100;

/// A cell in the source.
#[derive(Debug)]
pub(in super::super) struct Cell {
    pub line: Line,
    pub columns: usize,
    pub rows: usize,
}

/// Lays cells out in a grid.
pub(in super::super) fn grid(rows: Vec<Vec<Cell>>) -> Vec<Vec<Line>> {
    let mut grid: Vec<Vec<Line>> = Vec::new();
    // How many more rows a cell from above covers, by column.
    let mut covered: Vec<usize> = Vec::new();
    for row in rows {
        let mut out: Vec<Line> = Vec::new();
        let skip = |out: &mut Vec<Line>, covered: &mut Vec<usize>| {
            while covered.get(out.len()).is_some_and(|left| *left > 0) {
                if let Some(left) = covered.get_mut(out.len()) {
                    *left -= 1;
                }
                out.push(Line::default());
            }
        };
        for cell in row {
            skip(&mut out, &mut covered);
            let (columns, rows) = (cell.columns.clamp(1, WIDEST), cell.rows.clamp(1, WIDEST));
            let first = out.len();
            covered.resize(covered.len().max(first + columns), 0);
            out.push(cell.line);
            out.resize(first + columns, Line::default());
            for left in covered.iter_mut().skip(first).take(columns) {
                *left = rows - 1;
            }
        }
        skip(&mut out, &mut covered);
        grid.push(out);
    }
    let width = grid.iter().map(Vec::len).max().unwrap_or(0);
    for row in &mut grid {
        row.resize(width, Line::default());
    }
    grid
}

/// The rows of `table`, and whether each is a header; rows of nested tables are not among them.
pub(super) fn rows(table: &Element) -> Vec<(&Element, bool)> {
    let mut found = Vec::new();
    for part in table.elements() {
        match &*part.name {
            "tr" => found.push((part, all_headers(part))),
            "thead" => found.extend(part.elements().filter(|row| &*row.name == "tr").map(|row| (row, true))),
            "tbody" | "tfoot" => {
                found.extend(part.elements().filter(|row| &*row.name == "tr").map(|row| (row, all_headers(row))));
            }
            _ => {}
        }
    }
    found
}

fn all_headers(row: &Element) -> bool {
    let mut cells = row.elements().peekable();
    cells.peek().is_some() && cells.all(|cell| &*cell.name == "th")
}

/// Whether `table` only arranges a page: it says so, has one column or one row, or holds what no cell holds.
pub(super) fn is_layout(table: &Element) -> bool {
    let says = matches!(table.attribute("role"), Some("presentation" | "none"));
    let holds = table
        .all()
        .iter()
        .skip(1)
        .any(|part| matches!(&*part.name, "table" | "h1" | "h2" | "h3" | "article" | "section"));
    let rows = rows(table);
    let widest = rows.iter().map(|(row, _)| row.elements().count()).max().unwrap_or(0);
    says || holds || widest < 2 || rows.len() < 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn merged_cells_leave_empty_places() {
        let cell = |text: &str, columns, rows| Cell { line: Line::plain(text), columns, rows };
        let grid = grid(vec![
            vec![cell("a", 2, 1), cell("b", 1, 2)],
            vec![cell("c", 1, 1), cell("d", 1, 1)],
            vec![cell("e", 1, 1)],
        ]);
        let texts: Vec<Vec<&str>> =
            grid.iter().map(|row| row.iter().map(|line| line.text.as_str()).collect()).collect();
        assert_eq!(texts, [["a", "", "b"], ["c", "d", ""], ["e", "", ""]]);
    }
}
