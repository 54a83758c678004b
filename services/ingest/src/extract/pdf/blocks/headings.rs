//! Headings and their levels: by the outline, by numbering, and by how much their type differs from
//! the text's.

use lectern_core::content::document::{BlockKind, Matter};

use super::super::content::outline::Outline;
use super::super::layout::lines::Line;
use super::super::layout::metrics::Metrics;
use super::super::wording::{contents, front, numbering};
use super::group::Group;

/// Longest heading, in words: titles of articles run to some two lines.
const LONGEST: usize = 28;
/// Longest heading that only its weight tells, in words.
const LONGEST_BOLD: usize = 16;
/// Longest heading that only its number and slant tell, in words.
const LONGEST_ITALIC: usize = 12;
/// Lines of the longest heading, and of the longest that only its weight tells.
const MOST_LINES: usize = 4;
const MOST_BOLD_LINES: usize = 2;
/// Lines of the longest heading that the outline tells.
const MOST_LINES_KNOWN: usize = 3;
/// Type this many times the text's is larger: sizes that come from rounding differ less.
const LARGER: f32 = 1.07;
/// Type this many times the text's is a heading's even where nothing else sets it apart: one step
/// of typographic scales (10 to 12).
const MUCH_LARGER: f32 = 1.15;
/// Type below this share of the text's is small: notes, captions, labels.
const SMALL: f32 = 0.92;
/// White space above a heading, in leadings, at the least.
const SPACE_ABOVE: f32 = 1.1;
/// From this share of mathematics on, a line is a formula and heads nothing.
const MATHEMATICS: f32 = 1.0 / 3.0;
/// So many headings in a row without text between are labels of a figure or cells of a form.
const HEAP: usize = 4;
/// Sizes nearer than this, in points, are one.
const SAME_SIZE: f32 = 0.4;
/// Of a document's headings, one in so many may be set as its title is by chance.
const STRAY: usize = 20;
/// Groups under a title among which its byline stands.
const BYLINE: usize = 7;
/// Longest line of a byline, in words.
const LONGEST_BYLINE: usize = 14;
/// Groups under a title among which an abstract begins, and words of the longest line of addresses
/// between.
const MOST_FRONT: usize = 14;
const LONGEST_FRONT: usize = 40;
/// Groups at the top of a page among which a periodical's issue is counted, and below it those
/// among which the title of its article begins, of at least so many words.
const MASTHEAD: usize = 3;
const BELOW_MASTHEAD: usize = 2;
const SHORTEST_TITLE: usize = 3;
/// What heavier type and capitals add to a heading's rank, in points of size.
const WEIGHT_OF_BOLD: f32 = 0.6;
const WEIGHT_OF_CAPS: f32 = 0.3;
/// Of a style's headings, the share whose numbers or outline entries must agree to settle its
/// level.
const VOTES: usize = 3;
/// Deepest level there is.
const DEEPEST: u8 = 6;
/// How sure a heading is that only its weight or its number tells.
const BY_WEIGHT: f32 = 0.85;

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
    masthead(&mut candidates, groups, metrics);
    let title = find_title(&candidates, groups, metrics);
    if let Some(title) = title {
        byline(title, &mut candidates, groups, outline);
        before_abstract(title, &candidates, groups);
    }
    let levels = levels(&candidates, title);
    for (candidate, level) in candidates.iter().zip(levels) {
        let group = &mut groups[candidate.group];
        group.kind = BlockKind::Heading { level };
        group.skip = 0;
        group.hang = None;
        group.confidence =
            if candidate.outline.is_some() || candidate.look.size > LARGER * metrics.body { 1.0 } else { BY_WEIGHT };
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
    let first = group.lines.first()?;
    let text = group.lines.iter().map(Line::text).collect::<Vec<_>>().join(" ");
    if let BlockKind::Heading { level } = group.kind {
        return Some(Candidate { group: at, look: look(first), depth: numbering::depth(&text), outline: Some(level) });
    }
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
    let words = text.split_whitespace().count();
    let letters = text.chars().filter(|char| char.is_alphabetic()).count();
    if words > LONGEST || letters < 2 || group.lines.len() > MOST_LINES || group.page != group.page_end {
        return None;
    }
    let known = outline.level(&text);
    let depth = numbering::depth(&text);
    let look = look(first);
    let larger = look.size > LARGER * metrics.body;
    let stops = text.ends_with(['.', ',', ';', ':']) && !text.ends_with("...");
    let alone = group.above > SPACE_ABOVE || at == 0;
    // Set apart from the text that follows, which must be there.
    let followed = next.is_some_and(|next| next.page <= group.page + 1);
    let bold = look.bold && !metrics.bold;
    let lowercase = text.chars().find(|char| char.is_alphabetic()).is_some_and(char::is_lowercase);
    let small = look.size < SMALL * metrics.body;
    let named = matches!(
        text.trim().to_lowercase().as_str(),
        "abstract" | "summary" | "preface" | "acknowledgements" | "acknowledgments" | "references" | "bibliography"
    );
    let apart = alone && followed && !stops && !small && !lowercase;
    // Small capitals are no capitals of the face: such a word by itself is a heading however set.
    let by_name = named && (bold || larger || look.caps || alone && followed) && group.lines.len() == 1;
    let by_outline = known.is_some()
        && !small
        && group.lines.len() <= MOST_LINES_KNOWN
        && (bold || larger || look.italic || look.caps || alone);
    let by_size = larger && (!stops || depth.is_some()) && (look.size > MUCH_LARGER * metrics.body || bold || alone);
    let by_weight = bold && apart && words <= LONGEST_BOLD && group.lines.len() <= MOST_BOLD_LINES;
    let by_number = depth.is_some() && !listed && apart && (look.caps || (look.italic && words <= LONGEST_ITALIC));
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
    math as f32 > MATHEMATICS * all as f32
}

/// Takes back what looks like headings but comes in heaps: labels of a figure, cells of a form.
fn prune(candidates: &mut Vec<Candidate>, groups: &[Group], metrics: &Metrics) {
    let set: Vec<usize> = candidates.iter().map(|candidate| candidate.group).collect();
    candidates.retain(|candidate| {
        if candidate.outline.is_some() || candidate.depth.is_some() || candidate.look.size > MUCH_LARGER * metrics.body
        {
            return true;
        }
        // Four in a row without text between are no headings.
        let run = |step: isize| {
            (1..HEAP as isize)
                .take_while(|by| {
                    let other = candidate.group as isize + by * step;
                    usize::try_from(other).is_ok_and(|other| set.contains(&other))
                })
                .count()
        };
        let in_row = 1 + run(1) + run(-1);
        in_row < HEAP && groups[candidate.group].lines.len() < MOST_LINES
    });
}

/// The candidate that is the document's title: the largest type on the first page, unnumbered, and
/// set as hardly a heading elsewhere or alone on a title page. Chapters may be set larger, as books
/// do.
fn find_title(candidates: &[Candidate], groups: &[Group], metrics: &Metrics) -> Option<usize> {
    let first = first_page(groups)?;
    let alone = title_page(groups, first);
    let best = candidates
        .iter()
        .filter(|candidate| groups[candidate.group].page == first && candidate.depth.is_none())
        .filter(|candidate| alone || candidate.look.size > MUCH_LARGER * metrics.body)
        .max_by(|a, b| a.look.size.total_cmp(&b.look.size).then(b.group.cmp(&a.group)))?;
    let alike = |other: &Candidate| {
        (other.look.size - best.look.size).abs() < SAME_SIZE
            && other.look.bold == best.look.bold
            && (other.group > best.group + 1 || groups[other.group].page != first)
    };
    let rivals = candidates.iter().filter(|other| other.group != best.group && alike(other)).count();
    let unlike = rivals * STRAY < candidates.len() || alone;
    let before = candidates.iter().filter(|other| other.group < best.group && other.depth.is_some()).count();
    let named = contents::heading(&groups[best.group].rough());
    (unlike && before == 0 && !named).then_some(best.group)
}

fn first_page(groups: &[Group]) -> Option<usize> {
    groups.iter().map(|group| group.page).min()
}

/// What names the periodical above the title of an article heads nothing, and is front matter, with
/// the line that counts its issue.
fn masthead(candidates: &mut Vec<Candidate>, groups: &mut [Group], metrics: &Metrics) {
    let Some(first) = first_page(groups) else { return };
    let top = groups.iter().take(MASTHEAD).take_while(|group| group.page == first);
    let Some(serial) = top.map(Group::rough).position(|text| front::serial(&text)) else { return };
    let article = candidates.iter().any(|candidate| {
        (serial + 1..=serial + BELOW_MASTHEAD).contains(&candidate.group)
            && groups[candidate.group].page == first
            && candidate.depth.is_none()
            && candidate.look.size > LARGER * metrics.body
            && groups[candidate.group].rough().split_whitespace().count() >= SHORTEST_TITLE
    });
    if article {
        candidates.retain(|candidate| candidate.group > serial);
        groups[..=serial].iter_mut().for_each(|group| group.matter = Matter::Front);
    }
}

/// Whether `page` is a title page: others follow it, and nothing on it is longer than a byline.
fn title_page(groups: &[Group], page: usize) -> bool {
    let short = |group: &Group| group.rough().split_whitespace().count() <= LONGEST_BYLINE;
    let plain =
        |group: &Group| matches!(group.kind, BlockKind::Paragraph | BlockKind::Heading { .. } | BlockKind::Figure);
    groups.iter().any(|group| group.page > page)
        && groups.iter().filter(|group| group.page == page).all(|group| plain(group) && short(group))
}

/// The title of a manual page: the name under its first heading, "NAME" (man-pages(7)).
pub fn manual(groups: &[Group]) -> Option<String> {
    let mut groups = groups.iter();
    let first = groups.find(|group| matches!(group.kind, BlockKind::Heading { .. }))?;
    let names = groups.next().filter(|_| first.rough().trim() == "NAME")?.rough();
    let (name, _) = names.split_once([' ', '\u{a0}'])?;
    let dashed = names.split_whitespace().any(|word| matches!(word, "-" | "–" | "—" | "−" | "\\-"));
    dashed.then(|| name.trim_end_matches(',').to_owned())
}

/// What stands right under the title and names authors, their places or a date heads nothing, and
/// is front matter.
fn byline(title: usize, candidates: &mut Vec<Candidate>, groups: &mut [Group], outline: &Outline) {
    let page = groups[title].page;
    for at in title + 1..groups.len().min(title + 1 + BYLINE) {
        let group = &mut groups[at];
        if group.page != page || !matches!(group.kind, BlockKind::Paragraph) {
            break;
        }
        let text = group.rough();
        if outline.level(&text).is_some() || numbering::depth(&text).is_some() || !front::signs(&text, LONGEST_BYLINE) {
            break;
        }
        group.matter = Matter::Front;
        candidates.retain(|candidate| candidate.group != at);
    }
}

/// What stands between the title and the abstract of a paper, and heads nothing, is of its authors
/// and front matter, as long as it is no sentence.
fn before_abstract(title: usize, candidates: &[Candidate], groups: &mut [Group]) {
    let page = groups[title].page;
    let mut below =
        groups.iter().enumerate().skip(title + 1).take(MOST_FRONT).take_while(|(_, group)| group.page == page);
    let Some((end, _)) = below.find(|(_, group)| front::begins_abstract(&group.rough())) else { return };
    for (at, group) in groups.iter_mut().enumerate().take(end).skip(title + 1) {
        let text = group.rough();
        let words = text.split_whitespace().count();
        let sentence = text.trim_end().ends_with('.') && words > LONGEST_BYLINE;
        let heads = candidates.iter().any(|candidate| candidate.group == at);
        if matches!(group.kind, BlockKind::Paragraph) && !heads && !sentence && words <= LONGEST_FRONT {
            group.matter = Matter::Front;
        }
    }
}

fn levels(candidates: &[Candidate], title: Option<usize>) -> Vec<u8> {
    let known = |candidate: &&Candidate| Some(candidate.group) == title;
    let titled = candidates.iter().find(known).and_then(|title| title.outline);
    // Where the title is the only heading of its level, the others are counted from it already.
    let mut told = candidates.iter().filter(|other| !known(other)).filter_map(|other| other.outline).peekable();
    let counted = titled.is_some_and(|level| told.peek().is_some() && told.all(|other| other > level));
    let base = u8::from(title.is_some() && !counted);
    let same = |a: &Look, b: &Look| {
        (a.size - b.size).abs() < SAME_SIZE
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
    let weight = |look: &Look| {
        look.size + if look.bold { WEIGHT_OF_BOLD } else { 0.0 } + if look.caps { WEIGHT_OF_CAPS } else { 0.0 }
    };
    styles.sort_by(|a, b| weight(&b.0).total_cmp(&weight(&a.0)));
    let mut ranks: Vec<(Look, u8)> = Vec::new();
    let mut last = 0u8;
    for (look, members) in &styles {
        // What outline or numbers say of most members holds for the style; else it is one below the
        // style before.
        let mut votes = [0usize; 8];
        for member in members {
            if let Some(level) = member.outline.or(member.depth) {
                votes[usize::from(level.min(7))] += 1;
            }
        }
        let voted = (1..8usize)
            .max_by_key(|level| (votes[*level], 8 - level))
            .filter(|level| votes[*level] * VOTES > members.len());
        let level = voted.and_then(|level| u8::try_from(level).ok()).unwrap_or((last + 1).min(DEEPEST));
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
            (base + candidate.outline.or(candidate.depth).unwrap_or(ranked)).clamp(1, DEEPEST)
        })
        .collect()
}

#[cfg(test)]
mod tests;
