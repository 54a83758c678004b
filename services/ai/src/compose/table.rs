//! Tables: where their cells stand in the block's text, and whether they are read out.

use lectern_core::content::Range;
use lectern_core::content::document::{Block, BlockKind};
use lectern_core::content::script::{ContentKind, Order};

use super::trimmed;

/// The largest table that is read out.
pub(super) const MAX_COLUMNS: usize = 4;
/// The largest table that is read out; header rows do not count.
pub(super) const MAX_ROWS: usize = 8;
/// Cells longer than this make a table one to look at.
const MAX_CELL_WORDS: usize = 60;

/// A table's cells as ranges of its text.
#[derive(Debug)]
pub(super) struct Grid {
    /// Rows of cells; a cell is trimmed, and may be empty.
    pub(super) rows: Vec<Vec<Range>>,
    /// How many of the rows are headers.
    pub(super) headers: usize,
}

impl Grid {
    pub(super) fn columns(&self) -> usize {
        self.rows.iter().map(Vec::len).max().unwrap_or_default()
    }
}

/// The cells, by the rows where the text is derived from them, else by the lines and bars of the
/// text.
pub(super) fn grid(block: &Block) -> Grid {
    let (cells, header_rows): (&[Vec<String>], u32) =
        if let BlockKind::Table { rows, header_rows } = &block.kind { (rows, *header_rows) } else { (&[], 0) };
    let derived = cells.iter().map(|row| row.join(" | ")).collect::<Vec<_>>().join("\n");
    let lengths: Vec<Vec<usize>> = if derived == block.text {
        cells.iter().map(|row| row.iter().map(|cell| cell.chars().count()).collect()).collect()
    } else {
        let cells = |line: &str| line.split(" | ").map(|cell| cell.chars().count()).collect();
        block.text.split('\n').map(cells).collect()
    };
    let chars: Vec<char> = block.text.chars().collect();
    let mut at = 0;
    let mut rows = Vec::new();
    for row in lengths {
        let mut ranges = Vec::new();
        let columns = row.len();
        // The line feed behind a row is counted with its last cell; a row may have none.
        if columns == 0 {
            at += 1;
        }
        for (column, length) in row.into_iter().enumerate() {
            ranges.push(trimmed(&chars, at, at + length));
            at += length + if column + 1 < columns { 3 } else { 1 };
        }
        rows.push(ranges);
    }
    Grid { headers: (header_rows as usize).min(rows.len()), rows }
}

/// Whether the table is read out row by row: where it is small enough, or the order wants that of
/// all tables.
pub(super) fn read_out(block: &Block, order: &Order) -> bool {
    if order.read.contains(&ContentKind::Tables) {
        return true;
    }
    let grid = grid(block);
    let short = |cell: &Range| cell.of(&block.text).split_whitespace().count() <= MAX_CELL_WORDS;
    grid.columns() <= MAX_COLUMNS && grid.rows.len() - grid.headers <= MAX_ROWS && grid.rows.iter().flatten().all(short)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_ranges_of_the_text() {
        let rows = vec![vec!["Name".to_owned(), "Age".to_owned()], vec!["Ann | Bo".to_owned(), String::new()]];
        let text = "Name | Age\nAnn | Bo | ".to_owned();
        let block = Block {
            id: 0,
            kind: BlockKind::Table { rows, header_rows: 1 },
            text,
            page: None,
            page_end: None,
            confidence: 1.0,
            language: None,
            matter: lectern_core::content::document::Matter::Body,
            spans: vec![],
        };
        let grid = grid(&block);
        let cells: Vec<Vec<&str>> =
            grid.rows.iter().map(|row| row.iter().map(|cell| cell.of(&block.text)).collect()).collect();
        assert_eq!(cells, [["Name", "Age"], ["Ann | Bo", ""]]);
        assert_eq!(grid.headers, 1);
    }

    #[test]
    fn a_row_without_cells_takes_a_line_of_the_text() {
        let rows = vec![vec![], vec!["One".to_owned()], vec![], vec!["Two".to_owned()]];
        let block = crate::compose::tests::block(BlockKind::Table { rows, header_rows: 0 }, "\nOne\n\nTwo");
        let cells: Vec<&str> = grid(&block).rows.iter().flatten().map(|cell| cell.of(&block.text)).collect();
        assert_eq!(cells, ["One", "Two"]);
    }
}
