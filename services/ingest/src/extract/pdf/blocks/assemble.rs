//! Regions to drafts in reading order: notes and tables are taken out, the rest becomes paragraphs and the like.

use lectern_core::content::document::BlockKind;

use super::super::content::page::{Page, Rule};
use super::super::layout::lines::Line;
use super::super::layout::metrics::Metrics;
use super::super::layout::regions::Arranged;
use super::super::layout::tables;
use super::draft::Draft;
use super::notes;
use super::paragraphs::{self, Item};

/// The drafts of what was `arranged` from `pages`.
pub fn assemble(pages: &[Page], arranged: Arranged, metrics: &Metrics) -> Vec<Draft> {
    let Arranged { regions, aside, turned: _ } = arranged;
    let mut marks: Vec<Vec<String>> = vec![Vec::new(); pages.len()];
    for lines in &regions {
        if let Some(first) = lines.first() {
            marks[first.page].extend(notes::references(lines));
        }
    }
    let mut items = Vec::new();
    let mut notes = Vec::new();
    for mut lines in regions {
        let Some(page) = lines.first().map(|line| line.page) else { continue };
        let rules = &pages[page].rules;
        notes.extend(notes::take(&mut lines, metrics, rules, &marks[page]));
        with_tables(lines, rules, &mut items);
    }
    let mut drafts = paragraphs::group(items, metrics);
    insert_behind(&mut drafts, notes);
    insert_behind(&mut drafts, aside.into_iter().map(label).collect());
    drafts
}

/// A line beside the text.
fn label(line: Line) -> Draft {
    let mut draft = Draft::new(BlockKind::Figure, line, 9.0);
    draft.confidence = 0.5;
    draft
}

fn with_tables(lines: Vec<Line>, rules: &[Rule], items: &mut Vec<Item>) {
    let mut found = tables::find(&lines, rules).into_iter().peekable();
    let mut skip = 0;
    for (at, line) in lines.into_iter().enumerate() {
        if let Some(table) = found.next_if(|table| table.from == at) {
            skip = table.to;
            let text = table.rows.iter().map(|row| row.join(" | ")).collect::<Vec<_>>().join("\n");
            let confidence = if table.ruled { 0.95 } else { 0.8 };
            let kind = BlockKind::Table { rows: table.rows, header_rows: table.header_rows };
            items.push(Item::Whole(Box::new(Draft::ready(kind, text, line.page, confidence))));
        }
        if at >= skip {
            items.push(Item::Line(line));
        }
    }
}

/// Puts each of `more` behind the last draft that begins on its page or before.
fn insert_behind(drafts: &mut Vec<Draft>, more: Vec<Draft>) {
    if more.is_empty() {
        return;
    }
    let mut out: Vec<Draft> = Vec::with_capacity(drafts.len() + more.len());
    let mut more = more.into_iter().peekable();
    for draft in drafts.drain(..) {
        while let Some(note) = more.next_if(|note| note.page < draft.page) {
            out.push(note);
        }
        out.push(draft);
    }
    out.extend(more);
    *drafts = out;
}
