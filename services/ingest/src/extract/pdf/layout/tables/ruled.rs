//! Tables between rules.

use super::super::super::content::page::Rule;
use super::super::lines::Line;
use super::aligned::Starts;
use super::{Found, cells, gutters, header, push, split};

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
/// Rules stand at most this many ems above the baseline of a table's first line.
const BELOW_RULE: f32 = 3.0;
/// Of the cells of a table with rules, the share that is filled: forms leave most boxes empty.
const FILLED_BOXES: f32 = 0.25;

/// Lying rules with those that continue each other as one, top to bottom.
pub(super) fn joined(rules: &[Rule]) -> Vec<Rule> {
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
pub(super) fn ruled(lines: &[Line], from: usize, across: &[Rule], rules: &[Rule]) -> Option<Found> {
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

fn inner(bounds: &[f32]) -> Vec<f32> {
    bounds[1..bounds.len() - 1].to_vec()
}
