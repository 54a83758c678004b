//! Tables in plain text: grids of `+`, `-` and `|`, rows divided by `|`, and columns that are kept
//! apart by spaces.

use super::super::assembly::Draft;
use super::super::inline::Line;

/// How sure a table is that only its spaces make.
const CONFIDENCE: f32 = 0.7;
/// Columns are kept apart by at least so many spaces.
const GAP: usize = 2;
/// A table of fewer rows may be two lines that happen to have spaces.
const FEWEST_ROWS: usize = 2;

/// The table that `lines` draw, if they draw one.
pub(super) fn read(lines: &[&str]) -> Option<Draft> {
    ruled(lines).or_else(|| spaced(lines))
}

fn is_ruler(line: &str) -> bool {
    let line = line.trim();
    line.len() > 2 && line.chars().all(|char| "+-=|: ".contains(char)) && line.contains(['-', '='])
}

/// Rows divided by `|`: at least two, of as many cells each. A row whose first cell is empty goes
/// on with the one before it.
fn ruled(lines: &[&str]) -> Option<Draft> {
    let rows: Vec<&&str> = lines.iter().filter(|line| !is_ruler(line)).collect();
    let cells = |line: &str| line.matches('|').count();
    let width = rows.first().map(|line| cells(line)).filter(|count| *count > 0)?;
    if rows.len() < FEWEST_ROWS || rows.iter().any(|line| cells(line) != width) {
        return None;
    }
    let grid = lines.iter().any(|line| line.trim_start().starts_with('+'));
    let boxed = rows.iter().all(|line| line.trim().starts_with('|') && line.trim().ends_with('|'));
    let header = usize::from(
        lines.iter().position(|line| is_ruler(line)).is_some_and(|at| at == 1 || at == 0 && is_third_ruler(lines)),
    );
    let mut table: Vec<Vec<String>> = Vec::new();
    let mut open = false;
    for line in lines {
        if is_ruler(line) {
            open = false;
            continue;
        }
        let inner = if boxed { line.trim().trim_start_matches('|').trim_end_matches('|') } else { line };
        let row: Vec<String> = inner.split('|').map(|cell| cell.trim().to_owned()).collect();
        match table.last_mut() {
            // In a grid a row ends at its ruler.
            Some(last) if grid && open => {
                for (cell, more) in last.iter_mut().zip(row).filter(|(_, more)| !more.is_empty()) {
                    cell.push(' ');
                    cell.push_str(&more);
                }
            }
            Some(_) | None => table.push(row),
        }
        open = true;
    }
    Some(draft(table, header))
}

fn is_third_ruler(lines: &[&str]) -> bool {
    lines.iter().skip(1).any(|line| is_ruler(line)) && lines.get(2).is_some_and(|line| is_ruler(line))
}

/// Columns kept apart by spaces: in every line the same columns of characters are blank.
fn spaced(lines: &[&str]) -> Option<Draft> {
    let rows: Vec<Vec<char>> =
        lines.iter().filter(|line| !is_ruler(line)).map(|line| line.trim_end().chars().collect()).collect();
    if rows.len() < FEWEST_ROWS || lines.iter().any(|line| line.contains('\t')) {
        return None;
    }
    // Items of a list are set apart from their marks.
    if lines.iter().any(|line| super::bullet(line).is_some()) {
        return None;
    }
    // Every row must itself have a gap in its middle: prose has none.
    let gapped = |row: &Vec<char>| row.iter().collect::<String>().trim_start().contains("  ");
    if !rows.iter().all(gapped) {
        return None;
    }
    let width = rows.iter().map(Vec::len).max()?;
    let blank = |at: usize| rows.iter().all(|row| row.get(at).is_none_or(|char| char.is_whitespace()));
    let mut columns: Vec<(usize, usize)> = Vec::new();
    let mut start: Option<usize> = None;
    let mut gap = 0;
    for at in 0..=width {
        if at == width || blank(at) {
            gap += 1;
            if (gap >= GAP || at == width)
                && let Some(from) = start.take()
            {
                columns.push((from, at + 1 - gap));
            }
        } else {
            start = start.or(Some(at));
            gap = 0;
        }
    }
    let cell = |row: &Vec<char>, (from, to): (usize, usize)| {
        let text: String = row.iter().skip(from).take(to - from).collect();
        text.trim().to_owned()
    };
    let table: Vec<Vec<String>> =
        rows.iter().map(|row| columns.iter().map(|column| cell(row, *column)).collect()).collect();
    // Cells of signs are of a drawing or of code.
    let worded = table.iter().flatten().filter(|cell| cell.chars().any(char::is_alphanumeric)).count();
    let filled = table.iter().flatten().filter(|cell| !cell.is_empty()).count();
    let coded =
        table.iter().flatten().any(|cell| cell.ends_with([';', '{']) || cell.contains("=>") || cell.contains("()"));
    if columns.len() < 2 || worded * 10 < filled * 9 || filled * 3 < table.len() * columns.len() * 2 || coded {
        return None;
    }
    let header = usize::from(lines.get(1).is_some_and(|line| is_ruler(line)));
    let mut draft = draft(table, header);
    draft.confidence = CONFIDENCE;
    Some(draft)
}

fn draft(table: Vec<Vec<String>>, header: usize) -> Draft {
    let width = table.iter().map(Vec::len).max().unwrap_or(0);
    let rows = table
        .into_iter()
        .map(|row| (0..width).map(|at| Line::plain(row.get(at).map_or("", String::as_str))).collect())
        .collect();
    Draft::table(rows, u32::try_from(header).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(lines: &[&str]) -> Option<String> {
        read(lines).map(|draft| draft.line.text)
    }

    #[test]
    fn tables_drawn_with_signs_or_spaces_are_tables_and_prose_is_not() {
        for (lines, wanted) in [
            (
                vec!["+----+-----+", "| a  | b   |", "+====+=====+", "| one| two |", "|    | more|", "+----+-----+"],
                Some("a | b\none | two more"),
            ),
            (vec!["name | age", "-----+----", "Ann  | 30", "Bob  | 4"], Some("name | age\nAnn | 30\nBob | 4")),
            (
                vec!["Load     Toll", "Sheep    one penny", "Cart     nine pence"],
                Some("Load | Toll\nSheep | one penny\nCart | nine pence"),
            ),
            (vec!["A sentence of prose.  It goes on here,", "and has no columns at all in it."], None),
            (vec!["let a  = 1;", "let bb = 2;"], None),
            (vec!["one line   only"], None),
        ] {
            assert_eq!(text(&lines).as_deref(), wanted, "{lines:?}");
        }
    }
}
