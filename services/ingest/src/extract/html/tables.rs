//! Tables: cells by row, with the places that a merged cell covers left empty, so that every row
//! has all columns.

use std::ops::Range;

use super::super::dom::Element;
use super::super::inline::Line;

/// No cell covers more columns or rows (HTML Living Standard, section 4.9.11, `colspan` and
/// `rowspan`).
const MOST_COLUMNS: usize = 1_000;
const MOST_ROWS: usize = 65_534;

/// How many places a grid has at most for each row and cell that is written. Tables that people
/// make have two or three; one of a hundred thousand cells in one row and as many rows of one cell
/// would have ten thousand million.
const SPARSEST: usize = 16;

/// A cell in the source.
#[derive(Debug)]
pub(in super::super) struct Cell {
    pub line: Line,
    pub columns: usize,
    pub rows: usize,
}

/// Lays cells out in a grid. A column in which no cell begins is left out, so its size follows from
/// the cells that are written, and not from how far they say that they reach. A table that would be
/// nearly all empty places has its cells row by row.
pub(in super::super) fn grid(rows: Vec<Vec<Cell>>) -> Vec<Vec<Line>> {
    let written = rows.iter().map(Vec::len).sum::<usize>() + rows.len();
    let Some((places, width)) = places(&rows, written.saturating_mul(SPARSEST)) else {
        return rows.into_iter().map(|row| row.into_iter().map(|cell| cell.line).collect()).collect();
    };
    let laid_out = |(row, places): (Vec<Cell>, Vec<usize>)| {
        let mut out = Vec::with_capacity(width);
        for (cell, place) in row.into_iter().zip(places) {
            out.resize(place, Line::default());
            out.push(cell.line);
        }
        out.resize(width, Line::default());
        out
    };
    rows.into_iter().zip(places).map(laid_out).collect()
}

/// What a cell from above covers.
struct Covered {
    columns: Range<usize>,
    /// How many more rows it covers.
    rows: usize,
}

/// The place of each cell in its row, and how many a row has; none where all rows would have more
/// than `most`.
fn places(rows: &[Vec<Cell>], most: usize) -> Option<(Vec<Vec<usize>>, usize)> {
    // By where they begin. Each covers a column in which a cell begins, so no row has fewer places
    // than it has of these.
    let mut covered: Vec<Covered> = Vec::new();
    let mut begun: Vec<Vec<usize>> = Vec::with_capacity(rows.len());
    let mut looked_at: usize = 0;
    for row in rows {
        looked_at += covered.len();
        if looked_at > most {
            return None;
        }
        let mut column = 0;
        let mut above = std::mem::take(&mut covered).into_iter().peekable();
        let go_on = |covered: &mut Vec<Covered>, old: Covered| {
            if old.rows > 1 {
                covered.push(Covered { rows: old.rows - 1, ..old });
            }
        };
        let mut begins = Vec::with_capacity(row.len());
        for cell in row {
            while let Some(old) = above.next_if(|old| old.columns.start <= column) {
                column = column.max(old.columns.end);
                go_on(&mut covered, old);
            }
            begins.push(column);
            let columns = column..column + cell.columns.clamp(1, MOST_COLUMNS);
            column = columns.end;
            go_on(&mut covered, Covered { columns, rows: cell.rows.clamp(1, MOST_ROWS) });
        }
        above.for_each(|old| go_on(&mut covered, old));
        begun.push(begins);
    }
    let mut columns: Vec<usize> = begun.iter().flatten().copied().collect();
    columns.sort_unstable();
    columns.dedup();
    if rows.len().saturating_mul(columns.len()) > most {
        return None;
    }
    for column in begun.iter_mut().flatten() {
        *column = columns.binary_search(column).unwrap_or_else(|next| next);
    }
    Some((begun, columns.len()))
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

/// Whether `table` only arranges a page: it says so, has one column or one row, or holds what no
/// cell holds.
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

    fn cell(columns: usize, rows: usize) -> Cell {
        Cell { line: Line::plain("x"), columns, rows }
    }

    #[test]
    fn a_grid_is_as_large_as_what_is_written_and_not_as_what_is_claimed() {
        let size = |rows: Vec<Vec<Cell>>| {
            let grid = grid(rows);
            (grid.iter().map(Vec::len).max().unwrap(), grid.iter().map(Vec::len).sum::<usize>())
        };
        let row =
            |count: usize, columns: usize, rows: usize| (0..count).map(|_| cell(columns, rows)).collect::<Vec<_>>();
        let times = |count: usize, make: &dyn Fn() -> Vec<Cell>| (0..count).map(|_| make()).collect::<Vec<_>>();
        assert_eq!(size(vec![row(2, 1_000, 65_534), row(2, 1, 1)]), (4, 8), "all columns are begun");
        assert_eq!(size(times(3, &|| row(2, 1_000, 1))), (2, 6), "spacers");
        // A header's cells are divided by those below them.
        assert_eq!(size(vec![row(1, 3, 1), row(3, 1, 1)]), (3, 6));
        // More than can be laid out: the cells alone.
        assert_eq!(size(times(5_000, &|| row(2, 1_000, 65_534))), (2, 10_000));
        let mut sparse = times(20_000, &|| row(1, 1, 1));
        sparse.push(row(20_000, 1, 1));
        assert_eq!(size(sparse), (20_000, 40_000));
    }

    #[test]
    fn a_cell_covers_as_many_rows_as_it_says() {
        let mut rows = vec![vec![cell(1, 150), cell(1, 1)]];
        rows.extend((0..150).map(|_| vec![cell(1, 1)]));
        let grid = grid(rows);
        assert!(grid[149][0].text.is_empty() && !grid[149][1].text.is_empty());
        assert!(!grid[150][0].text.is_empty() && grid[150][1].text.is_empty());
    }

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
