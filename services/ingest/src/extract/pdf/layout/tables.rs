//! Tables: consecutive lines that fall into cells at the same places, between rules or without.

use super::super::content::page::Rule;
use super::super::wording::{contents, markers};
use super::lines::{Cell, Line};
use crate::clean::running;

/// A table's place in the lines of a region.
#[derive(Debug)]
pub struct Found {
    /// First line.
    pub from: usize,
    /// One past the last.
    pub to: usize,
    /// Its cells, top to bottom, left to right: the lines of each.
    pub rows: Vec<Vec<Vec<Line>>>,
    /// How many of the first rows are headers.
    pub header_rows: u32,
    /// Whether rules say that it is one.
    pub ruled: bool,
    /// Where its columns are parted.
    pub columns: Vec<f32>,
}

/// The gap that parts cells, in ems.
const GAP: f32 = 1.0;
/// Points by which the beginnings of one column's cells differ, and the rows that prove it.
const SAME_START: f32 = 1.0;
const STARTED: usize = 2;
/// The last cell goes on below its row at its beginning or at most this many ems behind it, at the
/// distance of the table's lines, which differ by less than this share.
const HANGING: f32 = 2.0;
const SAME_LEADING: f32 = 0.1;
/// White space that parts columns, in ems of the largest type.
const GUTTER: f32 = 0.6;
/// Points by which the columns of a table may differ on its next page.
const SAME_COLUMN: f32 = 6.0;
/// Points by which rules on one line may differ in height, and the gap that parts them.
const SAME_RULE: (f32, f32) = (2.0, 3.0);
/// Points by which the ends of a table's rules may differ.
const SAME_WIDTH: f32 = 8.0;
/// Points by which text may reach over its table's rules.
const OVERHANG: f32 = 6.0;
/// Points by which a rule may fall short of the text below it, or two rules that stand be one.
const SAME_EDGE: f32 = 4.0;
/// Ems above a baseline at which a rule is above the line's letters, and below the line before.
const ABOVE_LETTERS: f32 = 0.3;
const BELOW_LINE: f32 = 0.1;
/// Points by which the type of a table's lines may differ.
const SAME_SIZE: f32 = 1.0;
/// A line of one cell goes on with a cell of the row above if it begins this many ems behind the
/// first column.
const SET_IN: f32 = 2.0;
/// Rules stand at most this many ems above the baseline of a table's first line.
const BELOW_RULE: f32 = 3.0;
/// Lines of a table farther apart than this many ems are two tables.
const FAR: f32 = 2.4;
/// Of the cells of a table without rules, the share that is filled.
const FILLED: f32 = 0.6;
/// Of the cells of a table with rules, the share that is filled: forms leave most boxes empty.
const FILLED_BOXES: f32 = 0.25;
/// Characters of the longest cell of a table without rules, of two columns and of more.
const LONGEST_CELL: (usize, usize) = (70, 160);
/// Characters of the longest marker of a list item.
const LONGEST_MARKER: usize = 5;

/// Entries of a table of contents that need nothing beside them to be known.
const FEWEST_ENTRIES: usize = 6;

impl Found {
    /// Whether `next`, at the top of the next page, is the rest of this table, at the foot of its
    /// own.
    pub fn goes_on(&self, next: &Self) -> bool {
        self.ruled == next.ruled
            && self.columns.len() == next.columns.len()
            && self.columns.iter().zip(&next.columns).all(|(a, b)| (a - b).abs() < SAME_COLUMN)
    }

    /// The rows of `next`, which goes on with this table, without the header that it repeats.
    pub fn rest(&self, next: Self) -> Vec<Vec<Vec<Line>>> {
        let header = self.header_rows as usize;
        let same = |(row, head): &(&Vec<Vec<Line>>, &Vec<Vec<Line>>)| {
            row.iter().zip(head.iter()).all(|(cell, other)| text(cell) == text(other))
        };
        let repeated = next.rows.iter().zip(&self.rows[..header]).take_while(same).count();
        next.rows.into_iter().skip(repeated).collect()
    }
}

/// The tables among `lines` of one region.
pub fn find(lines: &[Line], rules: &[Rule]) -> Vec<Found> {
    let across = joined(rules);
    let mut found = Vec::new();
    let mut from = 0;
    while from < lines.len() {
        if let Some(table) = ruled(lines, from, &across, rules).or_else(|| aligned(lines, from, &across)) {
            let beside = |at: Option<usize>| {
                at.and_then(|at| lines.get(at)).is_some_and(|line| {
                    let text = line.text();
                    contents::leaders(&text) || contents::heading(&text)
                })
            };
            let listed = beside(table.from.checked_sub(1)) || beside(Some(table.to));
            from = table.to;
            if !is_contents(&table.rows, listed) {
                found.push(table);
            }
        } else {
            from += 1;
        }
    }
    found
}

fn cells(line: &Line) -> Vec<Cell> {
    line.cells(GAP * line.size)
}

/// Where the cells of a table without rules begin, but for those of the first column, and in how
/// many of its rows: an entry that is as wide as its column leaves no gap before the next.
#[derive(Default)]
struct Starts(Vec<(f32, usize)>);

impl Starts {
    fn note(&mut self, cells: &[Cell]) {
        for cell in cells.iter().skip(1) {
            match self.0.iter_mut().find(|(x, _)| (x - cell.x0).abs() < SAME_START) {
                Some((_, rows)) => *rows += 1,
                None => self.0.push((cell.x0, 1)),
            }
        }
    }

    fn known(&self, at: f32) -> bool {
        self.0.iter().any(|(x, rows)| (x - at).abs() < SAME_START && *rows >= STARTED)
    }

    fn cells(&self, line: &Line) -> Vec<Cell> {
        line.cells_at(GAP * line.size, |at| self.known(at))
    }
}

/// Lying rules with those that continue each other as one, top to bottom.
fn joined(rules: &[Rule]) -> Vec<Rule> {
    let mut lying: Vec<Rule> = rules.iter().copied().filter(Rule::lies).collect();
    lying.sort_by(|a, b| {
        ((a.y0 / SAME_RULE.0).round()).total_cmp(&(b.y0 / SAME_RULE.0).round()).then(a.x0.total_cmp(&b.x0))
    });
    let mut out: Vec<Rule> = Vec::new();
    for rule in lying {
        if let Some(last) = out.last_mut()
            && (last.y0 - rule.y0).abs() < SAME_RULE.0
            && rule.x0 - last.x1 < SAME_RULE.1
        {
            last.x1 = last.x1.max(rule.x1);
        } else {
            out.push(rule);
        }
    }
    out
}

/// A table that begins at `from` below a rule, and ends above the last rule as wide.
fn ruled(lines: &[Line], from: usize, across: &[Rule], rules: &[Rule]) -> Option<Found> {
    let first = &lines[from];
    let above = if from == 0 { f32::MIN } else { lines[from - 1].y };
    let top = across.iter().filter(|rule| {
        rule.y1 <= first.y - ABOVE_LETTERS * first.size
            && rule.y0 > above - BELOW_LINE * first.size
            && rule.y0 > first.y - BELOW_RULE * first.size
            && rule.x0 <= first.x0 + SAME_EDGE
            && rule.x1 >= first.x1 - SAME_EDGE
    });
    let top = top.max_by(|a, b| a.y0.total_cmp(&b.y0))?;
    let alike: Vec<&Rule> = across
        .iter()
        .filter(|rule| {
            rule.y0 >= top.y0 - 1.0 && (rule.x0 - top.x0).abs() < SAME_WIDTH && (rule.x1 - top.x1).abs() < SAME_WIDTH
        })
        .collect();
    let standing: Vec<&Rule> = rules
        .iter()
        .filter(|rule| rule.stands() && rule.x0 >= top.x0 - SAME_WIDTH && rule.x1 <= top.x1 + SAME_WIDTH)
        .collect();
    let enclosed = |lines: &[Line]| {
        lines
            .iter()
            .any(|line| standing.iter().any(|rule| rule.y0 < line.y && rule.y1 > line.y - ABOVE_LETTERS * line.size))
    };
    let mut to = from;
    let mut used: Vec<f32> = vec![top.y0];
    for rule in alike.iter().skip(1) {
        let end = to + lines[to..].iter().take_while(|line| line.y < rule.y0 + 1.0).count();
        let inside = &lines[to..end];
        let parted = inside.iter().filter(|line| cells(line).len() >= 2).count();
        let fits = inside.iter().all(|line| line.x0 > top.x0 - OVERHANG && line.x1 < top.x1 + OVERHANG);
        // Where the rows are in boxes, what no rule stands beside is between two tables.
        let between = to > from && !inside.is_empty() && enclosed(&lines[from..to]) && !enclosed(inside);
        if !fits || between || (!inside.is_empty() && parted == 0 && inside.len() > 3) {
            break;
        }
        if end > to {
            used.push(rule.y0);
        }
        to = end;
    }
    let body = &lines[from..to];
    let parted = body.iter().filter(|line| cells(line).len() >= 2).count();
    if used.len() < 2 || body.is_empty() || parted * 2 < body.len() || parted < 2 {
        return None;
    }
    let bottom = used.last().copied().unwrap_or(first.y);
    let mut bounds: Vec<f32> =
        standing.iter().filter(|rule| rule.y0 < bottom && rule.y1 > top.y0).map(|rule| rule.x0).collect();
    bounds.sort_by(f32::total_cmp);
    bounds.dedup_by(|a, b| (*a - *b).abs() < SAME_EDGE);
    let boxed = bounds.len() >= 3;
    let columns = if boxed { inner(&bounds) } else { gutters(body, &Starts::default()) };
    if columns.is_empty() {
        return None;
    }
    // A rule below every row: rows are what lies between rules. Else every line that fills the
    // first column begins one.
    let by_rules = used.len() >= 4 && used.len() + 1 > body.len() / 3;
    let mut rows: Vec<Vec<Vec<Line>>> = Vec::new();
    let mut section = usize::MAX;
    for line in body {
        let here = used.iter().filter(|y| **y < line.y).count();
        let row = split(line, &columns);
        let continues =
            !rows.is_empty() && (if by_rules { here == section } else { here == section && row[0].is_empty() });
        push(&mut rows, row, continues);
        section = here;
    }
    let filled = rows.iter().flatten().filter(|cell| !cell.is_empty()).count();
    // Labels in a drawing stand between rules too, each by itself.
    if rows.len() < 2 || (filled as f32) < FILLED_BOXES * (rows.len() * (columns.len() + 1)) as f32 {
        return None;
    }
    // Where every cell is in a box, the rule below the first row says nothing.
    let header_rows = if used.len() >= 3 && !by_rules && !boxed {
        let second = used[1];
        let mut count = body.iter().filter(|line| line.y < second).count();
        count = count.min(rows.len().saturating_sub(1));
        u32::try_from(count.min(1)).unwrap_or(0)
    } else {
        header(&rows, body)
    };
    Some(Found { from, to, rows, header_rows, ruled: true, columns })
}

/// A table without rules: at least three lines in a row with cells at the same places.
fn aligned(lines: &[Line], from: usize, across: &[Rule]) -> Option<Found> {
    let mut to = from;
    let mut parted = 0;
    let mut starts = Starts::default();
    while to < lines.len() {
        let line = &lines[to];
        let cells = starts.cells(line);
        if to > from {
            let gap = line.y - lines[to - 1].y;
            if gap > FAR * line.size || (line.size - lines[from].size).abs() > SAME_SIZE {
                break;
            }
        }
        if cells.len() >= 2 && !listed(&cells) {
            parted += 1;
            starts.note(&cells);
        } else if to == from || cells[0].x0 < lines[from].x0 + SET_IN * line.size || cells.len() > 1 {
            break;
        }
        let body = &lines[from..=to];
        if gutters(body, &starts).is_empty() {
            break;
        }
        to += 1;
    }
    while to > from && starts.cells(&lines[to - 1]).len() < 2 && !goes_on(&lines[from..to], &starts) {
        to -= 1;
    }
    let body = &lines[from..to];
    let columns = gutters(body, &starts);
    if columns.is_empty() || parted < 3 && !(parted == 2 && columns.len() >= 2) {
        return None;
    }
    let mut rows: Vec<Vec<Vec<Line>>> = Vec::new();
    for line in body {
        let row = split(line, &columns);
        let continues = !rows.is_empty() && row[0].is_empty();
        push(&mut rows, row, continues);
    }
    let texts: Vec<String> = rows.iter().flatten().filter(|cell| !cell.is_empty()).map(|cell| text(cell)).collect();
    let longest = texts.iter().map(|cell| cell.chars().count()).max()?;
    let filled = texts.len() as f32 >= FILLED * (rows.len() * (columns.len() + 1)) as f32;
    if !filled || rows.len() < 2 || (longest > LONGEST_CELL.0 && columns.len() < 2) || longest > LONGEST_CELL.1 {
        return None;
    }
    let between = across.iter().any(|rule| rule.y0 > body[0].y && rule.y0 < body[body.len() - 1].y);
    let header_rows = header(&rows, body);
    Some(Found { from, to, rows, header_rows, ruled: between, columns })
}

/// Whether the last of `lines`, which has no cells, goes on with the last cell above it.
fn goes_on(lines: &[Line], starts: &Starts) -> bool {
    let [above @ .., last] = lines else { return false };
    let gap = |pair: &[Line]| pair[1].y - pair[0].y;
    let leading = above.windows(2).map(gap).fold(f32::MAX, f32::min);
    let row = above.iter().rev().map(|line| starts.cells(line)).find(|cells| cells.len() >= 2);
    row.as_ref().and_then(|cells| cells.last()).is_some_and(|cell| {
        (cell.x0 - SAME_START..cell.x0 + HANGING * last.size).contains(&last.x0)
            && gap(&lines[lines.len() - 2..]) < (1.0 + SAME_LEADING) * leading
    })
}

/// Whether rows are entries of a table of contents: titles before page numbers that climb. Few are,
/// if one stands `beside` them.
fn is_contents(rows: &[Vec<Vec<Line>>], beside: bool) -> bool {
    let number = |row: &Vec<Vec<Line>>| row.last().and_then(|cell| running::page_number(text(cell).trim()));
    let numbers: Vec<i64> = rows.iter().filter_map(number).collect();
    let titled =
        rows.iter().all(|row| row[..row.len() - 1].iter().any(|cell| text(cell).contains(char::is_alphabetic)));
    numbers.len() == rows.len()
        && numbers.is_sorted()
        && numbers.first() < numbers.last()
        && titled
        && (beside || rows.len() >= FEWEST_ENTRIES)
}

/// A bullet, number or note mark with its text is no row of two cells; neither is a line of a table
/// of contents.
fn listed(cells: &[Cell]) -> bool {
    let first = cells[0].text.trim();
    let marker = first.chars().count() <= LONGEST_MARKER
        && (markers::marker(&format!("{first} x")).is_some()
            || first.trim_end_matches('.').split('.').all(|part| part.chars().all(|char| char.is_ascii_digit()))
            || first.starts_with('['));
    (cells.len() == 2 && marker) || cells.iter().any(|cell| contents::leaders(&cell.text))
}

fn push(rows: &mut Vec<Vec<Vec<Line>>>, row: Vec<Vec<Line>>, continues: bool) {
    match rows.last_mut() {
        Some(last) if continues => last.iter_mut().zip(row).for_each(|(cell, more)| cell.extend(more)),
        Some(_) | None => rows.push(row),
    }
}

/// The words of a cell.
fn text(cell: &[Line]) -> String {
    cell.iter().map(Line::text).collect::<Vec<_>>().join(" ")
}

fn inner(bounds: &[f32]) -> Vec<f32> {
    bounds[1..bounds.len() - 1].to_vec()
}

/// The middles of the white columns that all of `lines` leave free; where cells are known to begin,
/// any white space is one.
fn gutters(lines: &[Line], starts: &Starts) -> Vec<f32> {
    let mut taken: Vec<(f32, f32)> = Vec::new();
    let mut size = 0.0f32;
    for line in lines {
        size = size.max(line.size);
        taken.extend(starts.cells(line).iter().map(|cell| (cell.x0, cell.x1)));
    }
    taken.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut out = Vec::new();
    let mut reach = f32::MAX;
    for (x0, x1) in taken {
        if reach < x0 - GUTTER * size || reach < x0 && starts.known(x0) {
            out.push((reach + x0) / 2.0);
        }
        reach = if reach == f32::MAX { x1 } else { reach.max(x1) };
    }
    out
}

/// The parts of a line by the `columns` in which their middles stand.
fn split(line: &Line, columns: &[f32]) -> Vec<Vec<Line>> {
    let mut row: Vec<Vec<Line>> = vec![Vec::new(); columns.len() + 1];
    for piece in &line.pieces {
        let middle = (piece.x0 + piece.x1) / 2.0;
        let cell = &mut row[columns.iter().filter(|x| **x < middle).count()];
        match cell.last_mut() {
            Some(part) => {
                part.x1 = part.x1.max(piece.x1);
                part.pieces.push(piece.clone());
            }
            None => cell.push(Line { pieces: vec![piece.clone()], x0: piece.x0, x1: piece.x1, ..line.clone() }),
        }
    }
    row
}

/// Whether the first row heads the others: set apart by its face, or words above numbers.
fn header(rows: &[Vec<Vec<Line>>], lines: &[Line]) -> u32 {
    let bold = |line: &Line| line.mostly(|face| face.bold);
    if lines.len() > 1 && bold(&lines[0]) && !bold(&lines[lines.len() - 1]) {
        return 1;
    }
    let number =
        |cell: &[Line]| text(cell).chars().next().is_some_and(|char| char.is_numeric() || "+-−$€£<>~".contains(char));
    let Some((first, rest)) = rows.split_first() else { return 0 };
    let heads = first.iter().enumerate().any(|(column, cell)| {
        !cell.is_empty() && !number(cell) && !rest.is_empty() && rest.iter().all(|row| number(&row[column]))
    });
    u32::from(heads)
}

#[cfg(test)]
mod tests {
    use super::super::super::content::font::Face;
    use super::super::super::content::page::Run;
    use super::super::lines::lines;
    use super::*;

    fn run(text: &str, x0: f32, y: f32) -> Run {
        let x1 = x0 + 5.0 * text.chars().count() as f32;
        Run { text: text.to_owned(), x0, x1, y, size: 10.0, ..Run::default() }
    }

    fn lying(y: f32) -> Rule {
        Rule { x0: 48.0, y0: y, x1: 450.0, y1: y }
    }

    fn boxes(from: f32, to: f32) -> Vec<Rule> {
        [48.0, 180.0, 320.0, 450.0].map(|x| Rule { x0: x, y0: from, x1: x, y1: to }).to_vec()
    }

    fn boxed(rows: &[[&str; 3]], top: f32) -> Found {
        let mut runs = Vec::new();
        let mut rules = boxes(top, top + 20.0 * rows.len() as f32);
        rules.push(lying(top));
        for (at, row) in rows.iter().enumerate() {
            let y = top + 20.0 * at as f32 + 14.0;
            runs.extend(row.iter().zip([52.0, 190.0, 330.0]).map(|(text, x)| run(text, x, y)));
            rules.push(lying(y + 6.0));
        }
        find(&lines(runs, 0), &rules).pop().unwrap()
    }

    #[test]
    fn a_table_goes_on_over_the_page_and_heads_its_rows_once() {
        let first = boxed(&[["Load", "Toll", "Age"], ["Hay", "two pence", "3"], ["Coal", "six pence", "4"]], 600.0);
        let next = boxed(&[["Sheep", "one penny", "Friday"], ["Stone", "nine pence", "Sunday"]], 72.0);
        assert_eq!((first.header_rows, next.header_rows), (1, 0));
        assert!(first.goes_on(&next));
        let again = boxed(&[["Load", "Toll", "Age"], ["Stone", "nine pence", "5"]], 72.0);
        let rest: Vec<String> = first.rest(again).iter().flatten().map(|cell| text(cell)).collect();
        assert_eq!(rest, ["Stone", "nine pence", "5"]);
    }

    #[test]
    fn an_entry_as_wide_as_its_column_is_a_cell_like_the_others() {
        let rows = [
            ("cd", "change the folder"),
            ("pwd", "print the folder"),
            ("run_history", "run it again"),
            ("ls", "list the folder and all that"),
        ];
        let mut runs: Vec<Run> = Vec::new();
        for (at, (name, what)) in rows.iter().enumerate() {
            let y = 60.0 + 12.0 * at as f32;
            runs.push(Run { face: Face { mono: true, ..Face::default() }, ..run(name, 72.0, y) });
            runs.push(run(what, 130.0, y));
        }
        runs.push(run("stands in it", 140.0, 108.0));
        let table = |runs: Vec<Run>| find(&lines(runs, 0), &[]).pop().unwrap();
        let found = table(runs.clone());
        let cells: Vec<String> = found.rows.iter().flatten().map(|cell| text(cell)).collect();
        assert_eq!(cells[4..], ["run_history", "run it again", "ls", "list the folder and all that stands in it"]);
        runs.pop();
        runs.push(run("The text below it goes on from here.", 140.0, 120.0));
        assert_eq!(table(runs).to, 4, "farther below stands no rest of a cell");
    }

    #[test]
    fn a_heading_between_two_boxed_tables_is_in_neither() {
        let mut runs = Vec::new();
        let mut rules = Vec::new();
        for top in [100.0, 200.0] {
            rules.extend(boxes(top, top + 40.0));
            rules.extend([lying(top), lying(top + 20.0), lying(top + 40.0)]);
            for (at, row) in [["Load", "Toll", "Age"], ["Hay", "two pence", "3"]].iter().enumerate() {
                runs.extend(
                    row.iter().zip([52.0, 190.0, 330.0]).map(|(text, x)| run(text, x, top + 14.0 + 20.0 * at as f32)),
                );
            }
        }
        runs.push(run("3.2 The tolls of the bridge", 48.0, 170.0));
        let found = find(&lines(runs, 0), &rules);
        assert_eq!(found.iter().map(|table| table.rows.len()).collect::<Vec<_>>(), [2, 2]);
    }

    #[test]
    fn titles_before_climbing_page_numbers_are_no_table() {
        let entries = |numbers: [u32; 6]| {
            let titles = ["Scope", "Members", "Duties", "Resources", "Packages", "Archive"];
            let rows = titles.iter().zip(numbers).enumerate();
            let runs = rows.flat_map(|(at, (title, number))| {
                let y = 60.0 + 14.0 * at as f32;
                [run(title, 72.0, y), run(&number.to_string(), 480.0, y)]
            });
            find(&lines(runs.collect(), 0), &[]).len()
        };
        assert_eq!(entries([3, 5, 5, 9, 15, 29]), 0);
        assert_eq!(entries([3, 50, 5, 9, 15, 29]), 1);
    }
}
