//! Headings and their levels: by the outline, by numbering, and by how much their type differs from the text's.

use lectern_core::content::document::{BlockKind, Matter};

use super::super::content::outline::Outline;
use super::super::layout::lines::Line;
use super::super::layout::metrics::Metrics;
use super::super::wording::numbering;
use super::group::Group;

/// Longest heading, in words.
const LONGEST: usize = 28;

/// How a heading is set; equal looks are equal levels.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Look {
    size: f32,
    bold: bool,
    italic: bool,
    caps: bool,
}

struct Candidate {
    group: usize,
    look: Look,
    depth: Option<u8>,
    outline: Option<u8>,
}

/// Turns the groups that head others into headings; answers the title, if the first page has one.
pub fn mark(groups: &mut [Group], metrics: &Metrics, outline: &Outline) -> Option<usize> {
    let mut candidates: Vec<Candidate> = Vec::new();
    for (at, group) in groups.iter().enumerate() {
        if let Some(candidate) = candidate(at, group, groups.get(at + 1), metrics, outline) {
            candidates.push(candidate);
        }
    }
    prune(&mut candidates, groups, metrics);
    let title = find_title(&candidates, groups, metrics);
    if let Some(title) = title {
        byline(title, &mut candidates, groups, outline);
    }
    let levels = levels(&candidates, title);
    for (candidate, level) in candidates.iter().zip(levels) {
        let group = &mut groups[candidate.group];
        group.kind = BlockKind::Heading { level };
        group.skip = 0;
        group.hang = None;
        group.confidence =
            if candidate.outline.is_some() || candidate.look.size > 1.1 * metrics.body { 1.0 } else { 0.85 };
    }
    title
}

fn look(line: &Line) -> Look {
    let text = line.text();
    let letters = text.chars().filter(|char| char.is_alphabetic()).count();
    let caps = letters >= 4 && text.chars().filter(|char| char.is_alphabetic()).all(char::is_uppercase);
    Look { size: line.size, bold: line.mostly(|face| face.bold), italic: line.mostly(|face| face.italic), caps }
}

fn candidate(
    at: usize,
    group: &Group,
    next: Option<&Group>,
    metrics: &Metrics,
    outline: &Outline,
) -> Option<Candidate> {
    let listed = match &group.kind {
        BlockKind::Paragraph => false,
        BlockKind::ListItem { ordinal: Some(_), .. } => true,
        BlockKind::ListItem { ordinal: None, .. }
        | BlockKind::Heading { .. }
        | BlockKind::Table { .. }
        | BlockKind::Code { .. }
        | BlockKind::Quote
        | BlockKind::Caption
        | BlockKind::Footnote { .. }
        | BlockKind::Formula { .. }
        | BlockKind::Figure
        | BlockKind::Furniture { .. } => return None,
    };
    let first = group.lines.first()?;
    let text = group.lines.iter().map(Line::text).collect::<Vec<_>>().join(" ");
    let words = text.split_whitespace().count();
    let letters = text.chars().filter(|char| char.is_alphabetic()).count();
    if words > LONGEST || letters < 2 || group.lines.len() > 4 || group.page != group.page_end {
        return None;
    }
    let known = outline.level(&text);
    let depth = numbering::depth(&text);
    let look = look(first);
    let larger = look.size > 1.07 * metrics.body;
    let stops = text.ends_with(['.', ',', ';', ':']) && !text.ends_with("...");
    let alone = group.above > 1.1 || at == 0;
    // Set apart from the text that follows, which must be there.
    let followed = next.is_some_and(|next| next.page <= group.page + 1);
    let bold = look.bold && !metrics.bold;
    let lowercase = text.chars().find(|char| char.is_alphabetic()).is_some_and(char::is_lowercase);
    let small = look.size < 0.92 * metrics.body;
    let named = matches!(
        text.trim().to_lowercase().as_str(),
        "abstract" | "summary" | "preface" | "acknowledgements" | "acknowledgments" | "references" | "bibliography"
    );
    let apart = alone && followed && !stops && !small && !lowercase;
    let by_name = named && (bold || larger || look.caps) && group.lines.len() == 1;
    let by_outline =
        known.is_some() && !small && group.lines.len() <= 3 && (bold || larger || look.italic || look.caps || alone);
    let by_size = larger && (!stops || depth.is_some()) && (look.size > 1.15 * metrics.body || bold || alone);
    let by_weight = bold && apart && words <= 16 && group.lines.len() <= 2;
    let by_number = depth.is_some() && !listed && apart && (look.caps || (look.italic && words <= 12));
    let is = by_name || by_outline || by_size || by_weight || by_number;
    (is && !mathematical(group)).then_some(Candidate { group: at, look, depth, outline: known })
}

fn mathematical(group: &Group) -> bool {
    let (mut math, mut all) = (0, 0);
    for piece in group.lines.iter().flat_map(|line| &line.pieces) {
        let count = piece.text.chars().filter(|char| !char.is_whitespace()).count();
        all += count;
        math += if piece.style.face.math { count } else { 0 };
    }
    math * 3 > all
}

/// Takes back what looks like headings but comes in heaps: labels of a figure, cells of a form.
fn prune(candidates: &mut Vec<Candidate>, groups: &[Group], metrics: &Metrics) {
    let set: Vec<usize> = candidates.iter().map(|candidate| candidate.group).collect();
    candidates.retain(|candidate| {
        if candidate.outline.is_some() || candidate.depth.is_some() || candidate.look.size > 1.15 * metrics.body {
            return true;
        }
        // Four in a row without text between are no headings.
        let run = |step: isize| {
            (1..=3isize)
                .take_while(|by| {
                    let other = candidate.group as isize + by * step;
                    usize::try_from(other).is_ok_and(|other| set.contains(&other))
                })
                .count()
        };
        let in_row = 1 + run(1) + run(-1);
        in_row < 4 && groups[candidate.group].lines.len() <= 3
    });
}

/// The candidate that is the document's title: the largest type on the first pages, unnumbered.
fn find_title(candidates: &[Candidate], groups: &[Group], metrics: &Metrics) -> Option<usize> {
    let first = groups.iter().map(|group| group.page).min()?;
    let best = candidates
        .iter()
        .filter(|candidate| groups[candidate.group].page == first && candidate.depth.is_none())
        .filter(|candidate| candidate.look.size > 1.15 * metrics.body)
        .max_by(|a, b| a.look.size.total_cmp(&b.look.size).then(b.group.cmp(&a.group)))?;
    let rivals = candidates
        .iter()
        .filter(|other| other.group != best.group && other.look.size > best.look.size - 0.4)
        .filter(|other| other.group > best.group + 1 || groups[other.group].page != first)
        .count();
    let before = candidates.iter().filter(|other| other.group < best.group && other.depth.is_some()).count();
    (rivals == 0 && before == 0).then_some(best.group)
}

/// What stands right under the title, authors and the like, heads nothing; short lines there are front matter.
fn byline(title: usize, candidates: &mut Vec<Candidate>, groups: &mut [Group], outline: &Outline) {
    let page = groups[title].page;
    for at in title + 1..groups.len().min(title + 8) {
        let group = &mut groups[at];
        if group.page != page || !matches!(group.kind, BlockKind::Paragraph) {
            break;
        }
        let text = group.rough();
        if outline.level(&text).is_some()
            || numbering::depth(&text).is_some()
            || text.trim().eq_ignore_ascii_case("abstract")
        {
            break;
        }
        let words = text.split_whitespace().count();
        let bold = group.lines.iter().all(|line| line.mostly(|face| face.bold));
        if bold && at > title + 2
            || words > 14
            || text.ends_with('.')
            || super::super::wording::contents::heading(&text)
        {
            break;
        }
        group.matter = Matter::Front;
        candidates.retain(|candidate| candidate.group != at);
    }
}

fn levels(candidates: &[Candidate], title: Option<usize>) -> Vec<u8> {
    let base = u8::from(title.is_some());
    let same = |a: &Look, b: &Look| {
        (a.size - b.size).abs() < 0.35
            && a.bold == b.bold
            && (a.caps == b.caps || a.size > 1.0 && (a.size - b.size).abs() < 0.05 && a.bold)
            && (a.italic == b.italic)
    };
    // Styles, most prominent first.
    let mut styles: Vec<(Look, Vec<&Candidate>)> = Vec::new();
    for candidate in candidates.iter().filter(|candidate| Some(candidate.group) != title) {
        match styles.iter_mut().find(|(look, _)| same(look, &candidate.look)) {
            Some((_, members)) => members.push(candidate),
            None => styles.push((candidate.look, vec![candidate])),
        }
    }
    let weight = |look: &Look| look.size + if look.bold { 0.6 } else { 0.0 } + if look.caps { 0.3 } else { 0.0 };
    styles.sort_by(|a, b| weight(&b.0).total_cmp(&weight(&a.0)));
    let mut ranks: Vec<(Look, u8)> = Vec::new();
    let mut last = 0u8;
    for (look, members) in &styles {
        // What outline or numbers say of most members holds for the style; else it is one below the style before.
        let mut votes = [0usize; 8];
        for member in members {
            if let Some(level) = member.outline.or(member.depth) {
                votes[usize::from(level.min(7))] += 1;
            }
        }
        let voted = (1..8usize)
            .max_by_key(|level| (votes[*level], 8 - level))
            .filter(|level| votes[*level] * 3 > members.len());
        let level = voted.and_then(|level| u8::try_from(level).ok()).unwrap_or((last + 1).min(6));
        last = level;
        ranks.push((*look, level));
    }
    candidates
        .iter()
        .map(|candidate| {
            if Some(candidate.group) == title {
                return 1;
            }
            let ranked = ranks.iter().find(|(look, _)| same(look, &candidate.look)).map_or(1, |(_, level)| *level);
            (base + candidate.outline.or(candidate.depth).unwrap_or(ranked)).clamp(1, 6)
        })
        .collect()
}
