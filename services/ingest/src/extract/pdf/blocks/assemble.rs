//! Regions to groups of lines in reading order: notes and tables are taken out, the rest becomes
//! paragraphs and the like.

use super::super::content::outline::Outline;
use super::super::content::page::Page;
use super::super::content::structure::Structure;
use super::super::layout::lines::Line;
use super::super::layout::metrics::Metrics;
use super::super::layout::region::Region;
use super::super::layout::regions::Arranged;
use super::super::layout::tables;
use super::announced;
use super::group::Group;
use super::labels;
use super::notes;
use super::paragraphs::{self, Item};
use super::tagged::Parts;

/// How sure a table is that rules part.
const RULED: f32 = 0.95;
/// How sure a table is that is told by its alignment alone.
const ALIGNED: f32 = 0.8;

/// The groups of what was `arranged` from `pages`.
/// `structure` says what some of it is.
pub fn groups(
    pages: &[Page],
    arranged: Arranged,
    metrics: &Metrics,
    outline: &Outline,
    structure: Option<&Structure>,
) -> Vec<Group> {
    let Arranged { regions, aside, numbers: _, turned: _ } = arranged;
    let mut marks: Vec<Vec<String>> = vec![Vec::new(); pages.len()];
    for region in &regions {
        marks[region.page].extend(notes::references(&region.lines));
    }
    let mut parts = structure.map(|structure| Parts::new(structure, metrics, &regions));
    let feet = parts.as_ref().map_or_else(Vec::new, |parts| feet(parts, &regions, metrics));
    let mut items = Vec::new();
    let mut notes = Vec::new();
    let mut last = None;
    for (at, region) in regions.into_iter().enumerate() {
        let page = region.page;
        let rules = &pages[page].rules;
        let seen = match region.part.zip(parts.as_mut()) {
            Some((part, parts)) if !parts.is_coarse(&region) => {
                let mut region = region;
                if feet.contains(&at) {
                    notes::take(&mut region.lines, metrics, rules, &marks[page], &mut notes);
                }
                last = None;
                parts.place(part, region, &marks[page], &mut items, &mut notes);
                continue;
            }
            Some(_) => region.apart,
            // A region may have lost its lines to the furniture.
            None => vec![region.lines].into_iter().filter(|lines| !lines.is_empty()).collect(),
        };
        for mut lines in seen {
            let mut found = tables::find(&lines, rules, metrics);
            // Notes stand below the last table, and not in one; what seems a table among notes is
            // none.
            let below = found.iter().filter(|table| table.ruled).map(|table| table.to).max().unwrap_or(0);
            let mut under = lines.split_off(below);
            notes::take(&mut under, metrics, rules, &marks[page], &mut notes);
            lines.append(&mut under);
            found.retain(|table| table.to <= lines.len());
            with_tables(lines, found, &mut last, &mut items);
        }
    }
    let mut groups = paragraphs::group(announced::mark(items, outline), metrics);
    insert_behind(&mut groups, notes);
    insert_behind(&mut groups, labels::figures(aside));
    groups
}

/// The regions at the end of each page that may be notes though the structure calls them text,
/// since it tells of none.
fn feet(parts: &Parts<'_>, regions: &[Region], metrics: &Metrics) -> Vec<usize> {
    if parts.tells_notes() {
        return Vec::new();
    }
    let mut out = Vec::new();
    let mut ended = None;
    for (at, region) in regions.iter().enumerate().rev() {
        if ended == Some(region.page) {
            continue;
        }
        if parts.is_text(region) && region.lines.iter().all(|line| notes::is_small(line, metrics)) {
            out.push(at);
        } else {
            ended = Some(region.page);
        }
    }
    out
}

/// A table that ended its region, and where it is among the items.
struct Last {
    at: usize,
    page: usize,
    table: tables::Found,
}

fn with_tables(lines: Vec<Line>, found: Vec<tables::Found>, last: &mut Option<Last>, items: &mut Vec<Item>) {
    let mut found = found.into_iter().peekable();
    let mut skip = 0;
    let end = lines.len();
    for (at, line) in lines.into_iter().enumerate() {
        if let Some(table) = found.next_if(|table| table.from == at) {
            skip = table.to;
            place(table, line.page, end, last, items);
        }
        if at >= skip {
            *last = None;
            items.push(Item::Line(line));
        }
    }
}

/// Adds a table, or its rows to the table that it goes on with.
fn place(table: tables::Found, page: usize, end: usize, last: &mut Option<Last>, items: &mut Vec<Item>) {
    let ends = table.to == end;
    if let Some(before) = last.take().filter(|last| last.page + 1 == page && last.table.goes_on(&table))
        && let Some(Item::Whole(group)) = items.get_mut(before.at)
    {
        group.cells.extend(before.table.rest(table));
        group.page_end = page;
        *last = ends.then_some(Last { page, ..before });
        return;
    }
    let confidence = if table.ruled { RULED } else { ALIGNED };
    let group = Group::table(table.rows.clone(), table.header_rows, page, confidence);
    items.push(Item::Whole(Box::new(group)));
    *last = ends.then_some(Last { at: items.len() - 1, page, table });
}

/// Puts each of `more` behind the last group that begins on its page or before.
fn insert_behind(groups: &mut Vec<Group>, more: Vec<Group>) {
    if more.is_empty() {
        return;
    }
    let mut out: Vec<Group> = Vec::with_capacity(groups.len() + more.len());
    let mut more = more.into_iter().peekable();
    for group in groups.drain(..) {
        while let Some(note) = more.next_if(|note| note.page < group.page) {
            out.push(note);
        }
        out.push(group);
    }
    out.extend(more);
    *groups = out;
}
