//! Tables: consecutive lines that fall into cells at the same places, between rules or without.

use super::super::content::page::Rule;
use super::lines::{Cell, Line};

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
}

/// The gap that parts cells, in ems.
const GAP: f32 = 1.0;

/// The tables among `lines` of one region.
pub fn find(lines: &[Line], rules: &[Rule]) -> Vec<Found> {
    let across = joined(rules);
    let mut found = Vec::new();
    let mut from = 0;
    while from < lines.len() {
        if let Some(table) = ruled(lines, from, &across, rules).or_else(|| aligned(lines, from, &across)) {
            from = table.to;
            found.push(table);
        } else {
            from += 1;
        }
    }
    found
}

fn cells(line: &Line) -> Vec<Cell> {
    line.cells(GAP * line.size)
}

/// Lying rules with those that continue each other as one, top to bottom.
fn joined(rules: &[Rule]) -> Vec<Rule> {
    let mut lying: Vec<Rule> = rules.iter().copied().filter(Rule::lies).collect();
    lying.sort_by(|a, b| ((a.y0 / 1.5).round()).total_cmp(&(b.y0 / 1.5).round()).then(a.x0.total_cmp(&b.x0)));
    let mut out: Vec<Rule> = Vec::new();
    for rule in lying {
        if let Some(last) = out.last_mut()
            && (last.y0 - rule.y0).abs() < 2.0
            && rule.x0 - last.x1 < 3.0
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
        rule.y1 <= first.y - 0.3 * first.size
            && rule.y0 > above - 0.1 * first.size
            && rule.y0 > first.y - 3.0 * first.size
            && rule.x0 <= first.x0 + 4.0
            && rule.x1 >= first.x1 - 4.0
    });
    let top = top.max_by(|a, b| a.y0.total_cmp(&b.y0))?;
    let alike: Vec<&Rule> = across
        .iter()
        .filter(|rule| rule.y0 >= top.y0 - 1.0 && (rule.x0 - top.x0).abs() < 8.0 && (rule.x1 - top.x1).abs() < 8.0)
        .collect();
    let mut to = from;
    let mut used: Vec<f32> = vec![top.y0];
    for rule in alike.iter().skip(1) {
        let end = to + lines[to..].iter().take_while(|line| line.y < rule.y0 + 1.0).count();
        let inside = &lines[to..end];
        let parted = inside.iter().filter(|line| cells(line).len() >= 2).count();
        let fits = inside.iter().all(|line| line.x0 > top.x0 - 6.0 && line.x1 < top.x1 + 6.0);
        if !fits || (!inside.is_empty() && parted == 0 && inside.len() > 3) {
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
    let mut bounds: Vec<f32> = rules
        .iter()
        .filter(|rule| {
            rule.stands() && rule.y0 < bottom && rule.y1 > top.y0 && rule.x0 >= top.x0 - 8.0 && rule.x1 <= top.x1 + 8.0
        })
        .map(|rule| rule.x0)
        .collect();
    bounds.sort_by(f32::total_cmp);
    bounds.dedup_by(|a, b| (*a - *b).abs() < 4.0);
    let columns = if bounds.len() >= 3 { inner(&bounds) } else { gutters(body) };
    if columns.is_empty() {
        return None;
    }
    // A rule below every row: rows are what lies between rules. Else every line that fills the first column begins one.
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
    let header_rows = if used.len() >= 3 && !by_rules {
        let second = used[1];
        let mut count = body.iter().filter(|line| line.y < second).count();
        count = count.min(rows.len().saturating_sub(1));
        u32::try_from(count.min(1)).unwrap_or(0)
    } else {
        header(&rows, body)
    };
    Some(Found { from, to, rows, header_rows, ruled: true })
}

/// A table without rules: at least three lines in a row with cells at the same places.
fn aligned(lines: &[Line], from: usize, across: &[Rule]) -> Option<Found> {
    let mut to = from;
    let mut parted = 0;
    while to < lines.len() {
        let line = &lines[to];
        let cells = cells(line);
        if to > from {
            let gap = line.y - lines[to - 1].y;
            if gap > 2.4 * line.size || (line.size - lines[from].size).abs() > 1.0 {
                break;
            }
        }
        if cells.len() >= 2 && !listed(&cells) {
            parted += 1;
        } else if to == from || cells[0].x0 < lines[from].x0 + 2.0 * line.size || cells.len() > 1 {
            break;
        }
        let body = &lines[from..=to];
        if gutters(body).is_empty() {
            break;
        }
        to += 1;
    }
    while to > from && cells(&lines[to - 1]).len() < 2 {
        to -= 1;
    }
    let body = &lines[from..to];
    let columns = gutters(body);
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
    let filled = texts.len() * 10 >= rows.len() * (columns.len() + 1) * 6;
    if !filled || rows.len() < 2 || (longest > 70 && columns.len() < 2) || longest > 160 {
        return None;
    }
    let between = across.iter().any(|rule| rule.y0 > body[0].y && rule.y0 < body[body.len() - 1].y);
    let header_rows = header(&rows, body);
    Some(Found { from, to, rows, header_rows, ruled: between })
}

/// A bullet, number or note mark with its text is no row of two cells; neither is a line of a table of contents.
fn listed(cells: &[Cell]) -> bool {
    let first = cells[0].text.trim();
    let marker = first.chars().count() <= 5
        && (super::super::wording::markers::marker(&format!("{first} x")).is_some()
            || first.trim_end_matches('.').split('.').all(|part| part.chars().all(|char| char.is_ascii_digit()))
            || first.starts_with('['));
    (cells.len() == 2 && marker) || cells.iter().any(|cell| super::super::wording::contents::leaders(&cell.text))
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

/// The middles of the white columns that all of `lines` leave free.
fn gutters(lines: &[Line]) -> Vec<f32> {
    let mut taken: Vec<(f32, f32)> = Vec::new();
    let mut size = 0.0f32;
    for line in lines {
        size = size.max(line.size);
        taken.extend(cells(line).iter().map(|cell| (cell.x0, cell.x1)));
    }
    taken.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut out = Vec::new();
    let mut reach = f32::MAX;
    for (x0, x1) in taken {
        if reach < x0 - 0.6 * size {
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
