//! Pages that are arranged by the file's own structure: whether it is sound there, and what belongs
//! to each of its parts.
//!
//! Many files lie about themselves: tags made by guessing, all text in one paragraph, the order in
//! which a program happened to draw. So the structure is judged on each page against what the
//! reader sees without it, and where it fails geometry decides.

use std::collections::HashMap;

use super::super::content::page::Run;
use super::super::content::structure::{Role, Structure};
use super::columns;
use super::lines::{self, Line};
use super::{dropcaps, region::Region};

/// The structure covers at least this share of a page's letters. The rest is what programs add
/// later: stamps, values of forms.
const COVERED: f32 = 0.9;
/// At most this share of a page's letters stands on lines that are torn: its neighbours in one
/// phrase belong to two blocks.
const TORN: f32 = 0.1;
/// At least this share of a page's letters comes in the order in which the reader finds its regions
/// and lines. It is less than all because the file knows better where a side column belongs, or
/// which of two columns was meant.
const ORDERED: f32 = 0.8;
/// Neighbours on a line nearer than this many ems are one phrase.
const PHRASE: f32 = 1.0;
/// Runs whose baselines differ by less than this many ems stand on one line.
const SAME_ROW: f32 = 0.3;
/// A run that belongs to no part is part of what stands at most this many ems beside it: a bullet
/// and its text are not farther.
const BESIDE: f32 = 3.0;
/// Runs of the longest part that is taken for one without a second look.
const LONG: usize = 4;
/// Ems by which a run must stand above the last to begin another column.
const ABOVE: f32 = 1.0;

/// What was found of a page's structure.
#[derive(Debug)]
pub struct Judged {
    /// The page's parts in the order of the structure, where it is sound.
    pub regions: Option<Vec<Region>>,
    /// Whether any of its letters belong to the structure.
    pub tagged: bool,
}

/// Judges the structure on page `number`, whose geometry has these `columns` with their left and
/// right edges, and parts the page's runs by it. `figures` are the parts that only their
/// description tells of.
pub fn judge(structure: &Structure, number: usize, columns: &[columns::Region], figures: &[u32]) -> Judged {
    let runs: Vec<&Run> = columns.iter().flat_map(|column| &column.runs).collect();
    let tagged = runs.iter().any(|run| run.marks.part.is_some());
    if !tagged {
        return Judged { regions: None, tagged };
    }
    let all: f32 = runs.iter().map(|run| letters(run)).sum();
    let covered: f32 = runs.iter().filter(|run| run.marks.part.is_some()).map(|run| letters(run)).sum();
    let (torn, ordered) = agreement(structure, columns);
    let sound = covered >= COVERED * all && torn <= TORN * all && ordered >= ORDERED;
    Judged { regions: sound.then(|| parted(structure, number, columns, figures)), tagged }
}

fn letters(run: &Run) -> f32 {
    run.text.len() as f32
}

/// The letters on torn lines, and the share of the others that the structure has in the order of
/// the `columns`.
fn agreement(structure: &Structure, columns: &[columns::Region]) -> (f32, f32) {
    let mut torn = 0.0;
    let mut sequence: Vec<(u32, f32)> = Vec::new();
    for column in columns {
        let mut runs: Vec<&Run> = column.runs.iter().filter(|run| run.marks.part.is_some()).collect();
        runs.sort_by(|a, b| a.y.total_cmp(&b.y));
        for row in runs.chunk_by_mut(|a, b| b.y - a.y < SAME_ROW * a.size.max(b.size)) {
            row.sort_by(|a, b| a.x0.total_cmp(&b.x0));
            let all: f32 = row.iter().map(|run| letters(run)).sum();
            let whole = |run: &Run| run.marks.part.map(|part| structure.whole(part));
            let note =
                |run: &Run| run.marks.part.is_some_and(|part| matches!(structure.role(part), Role::Note | Role::Label));
            if row.windows(2).any(|two| {
                whole(two[0]) != whole(two[1])
                    && two[1].x0 - two[0].x1 < PHRASE * two[0].size
                    && !two.iter().any(|run| note(run))
            }) {
                torn += all;
            } else if row.windows(2).all(|two| whole(two[0]) == whole(two[1]))
                && let Some(part) = row.first().and_then(|run| run.marks.part)
                && !floats(structure.role(structure.whole(part)))
            {
                sequence.push((structure.whole(part), all));
            }
        }
    }
    let all: f32 = sequence.iter().map(|(_, letters)| letters).sum();
    (torn, if all > 0.0 { in_order(&sequence) / all } else { 1.0 })
}

/// Whether a part may stand elsewhere than where it is read.
const fn floats(role: Role) -> bool {
    match role {
        Role::Figure | Role::Caption | Role::Note | Role::Cell(_) | Role::Artifact => true,
        Role::Paragraph
        | Role::Heading(_)
        | Role::Item(_)
        | Role::Label
        | Role::Code
        | Role::Quote
        | Role::Formula
        | Role::Entry => false,
    }
}

/// The letters of the heaviest run through `sequence` in which no part comes before its
/// predecessor.
fn in_order(sequence: &[(u32, f32)]) -> f32 {
    let mut parts: Vec<u32> = sequence.iter().map(|(part, _)| *part).collect();
    parts.sort_unstable();
    parts.dedup();
    // Of each prefix of the parts, the heaviest run that ends there, as a binary indexed tree.
    let mut best = vec![0.0_f32; parts.len() + 1];
    let mut most = 0.0_f32;
    for (part, letters) in sequence {
        let place = parts.partition_point(|other| other < part) + 1;
        let (mut at, mut weight) = (place, 0.0_f32);
        while at > 0 {
            weight = weight.max(best[at]);
            at &= at - 1;
        }
        weight += letters;
        most = most.max(weight);
        at = place;
        while at < best.len() {
            best[at] = best[at].max(weight);
            at += at & at.wrapping_neg();
        }
    }
    most
}

/// The runs of one part on a page, and the edges of the column in which it begins.
#[derive(Debug, Default)]
struct Gathered {
    runs: Vec<Run>,
    labels: Vec<Run>,
    edges: Option<(f32, f32)>,
}

fn parted(structure: &Structure, number: usize, columns: &[columns::Region], figures: &[u32]) -> Vec<Region> {
    let mut parts: HashMap<u32, Gathered> = HashMap::new();
    let mut loose: Vec<(u32, Run)> = Vec::new();
    let mut runs: Vec<(&Run, (f32, f32))> =
        columns.iter().flat_map(|column| column.runs.iter().map(|run| (run, (column.left, column.right)))).collect();
    runs.sort_by_key(|(run, _)| run.seq);
    let beside = Beside::of(&runs);
    let mut before = 0;
    for (run, edges) in runs {
        let Some(part) = run.marks.part.or_else(|| beside.part(run)) else {
            loose.push((before, run.clone()));
            continue;
        };
        before = part;
        let label = structure.role(part) == Role::Label;
        let gathered = parts.entry(if label { structure.whole(part) } else { part }).or_default();
        gathered.edges.get_or_insert(edges);
        if label { &mut gathered.labels } else { &mut gathered.runs }.push(run.clone());
    }
    for figure in figures {
        parts.entry(*figure).or_default();
    }
    let mut out: Vec<(u32, Region)> =
        parts.into_iter().map(|(part, gathered)| (part, region(part, gathered, number))).collect();
    // What belongs to no part stands behind what was drawn before it.
    for same in loose.chunk_by(|a, b| a.0 == b.0) {
        let runs = same.iter().map(|(_, run)| run.clone()).collect();
        out.extend(columns::regions(runs).into_iter().map(|region| (same[0].0, Region::of(region, number))));
    }
    out.sort_by_key(|(part, region)| (*part, region.part.is_none()));
    let mut out: Vec<Region> = out.into_iter().map(|(_, region)| region).collect();
    captions_where_printed(structure, &mut out);
    out
}

/// The caption of a table is its first element or its last, wherever it is printed: one that stands
/// first and below its table is moved behind it.
fn captions_where_printed(structure: &Structure, regions: &mut [Region]) {
    let table = |region: &Region| {
        let part = region.part.filter(|part| matches!(structure.role(*part), Role::Cell(_)))?;
        Some(structure.whole(part))
    };
    let height = |region: &Region| region.lines.last().map_or(f32::MIN, |line| line.y);
    for at in 0..regions.len() {
        let caption = regions[at].part.is_some_and(|part| structure.role(part) == Role::Caption);
        let Some(below) = regions.get(at + 1).and_then(table).filter(|_| caption) else { continue };
        let cells = regions[at + 1..].iter().take_while(|region| table(region) == Some(below)).count();
        let end = at + 1 + cells;
        if regions[at + 1..end].iter().all(|cell| height(cell) < height(&regions[at])) {
            regions[at..end].rotate_left(1);
        }
    }
}

fn region(part: u32, gathered: Gathered, page: usize) -> Region {
    let Gathered { runs, labels, edges } = gathered;
    let mut apart = Vec::new();
    if labels.len() + runs.len() > LONG {
        let all = labels.iter().chain(&runs).cloned().collect();
        apart.extend(columns::regions(all).into_iter().map(|column| Region::of(column, page).lines));
    }
    let label = lines::lines(labels.clone(), page).iter().map(Line::text).collect::<Vec<_>>().join(" ");
    let mut lines = Vec::new();
    for column in split(labels.into_iter().chain(runs)) {
        lines.extend(lines::lines(dropcaps::join(column), page));
    }
    if let Some((left, right)) = edges {
        for line in &mut lines {
            (line.left, line.right) = (left, right);
        }
    }
    Region { part: Some(part), page, label, lines, apart }
}

/// The columns over which a part goes on: a run above and beyond all before it begins the next.
fn split(runs: impl Iterator<Item = Run>) -> Vec<Vec<Run>> {
    let mut out: Vec<Vec<Run>> = Vec::new();
    let (mut low, mut right) = (f32::MIN, f32::MIN);
    for run in runs {
        let next = run.y < low - ABOVE * run.size && run.x0 > right;
        match out.last_mut().filter(|_| !next) {
            Some(column) => column.push(run.clone()),
            None => {
                out.push(vec![run.clone()]);
                (low, right) = (f32::MIN, f32::MIN);
            }
        }
        (low, right) = (low.max(run.y), right.max(run.x1));
    }
    out
}

/// The runs of parts by height, to find what stands beside a run without one.
struct Beside<'a> {
    by_height: Vec<&'a Run>,
}

impl<'a> Beside<'a> {
    fn of(runs: &[(&'a Run, (f32, f32))]) -> Self {
        let mut by_height: Vec<&Run> =
            runs.iter().map(|(run, _)| *run).filter(|run| run.marks.part.is_some()).collect();
        by_height.sort_by(|a, b| a.y.total_cmp(&b.y));
        Self { by_height }
    }

    fn part(&self, run: &Run) -> Option<u32> {
        let slack = SAME_ROW * run.size;
        let from = self.by_height.partition_point(|other| other.y < run.y - slack);
        let apart = |other: &Run| (run.x0 - other.x1).max(other.x0 - run.x1);
        self.by_height[from..]
            .iter()
            .take_while(|other| other.y <= run.y + slack)
            .filter(|other| apart(other) < BESIDE * run.size)
            .min_by(|a, b| apart(a).total_cmp(&apart(b)))
            .and_then(|other| other.marks.part)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_in_order_is_weighed_by_its_letters() {
        for (name, sequence, wanted) in [
            ("in order", vec![(1, 5.0), (1, 5.0), (3, 2.0), (9, 1.0)], 13.0),
            ("one short stray", vec![(1, 5.0), (9, 1.0), (2, 5.0), (3, 5.0)], 15.0),
            ("backwards", vec![(9, 5.0), (5, 5.0), (1, 5.0)], 5.0),
            ("in turns", vec![(1, 1.0), (3, 1.0), (5, 1.0), (2, 1.0), (4, 1.0), (6, 1.0)], 4.0),
        ] {
            assert!((in_order(&sequence) - wanted).abs() < 1e-3, "{name}: {}", in_order(&sequence));
        }
    }
}
