//! Where sections begin: at the document's own headings where it has them, else at the ends of
//! paragraphs.

use lectern_core::content::document::BlockKind;
use lectern_core::content::script::PlannedSection;

use super::classify::Heard;
use super::fold;
use crate::speakable::Language;

/// What a section without lower headings is cut to, in spoken words.
const TARGET: u32 = 1500;
/// A section may be this much longer than the target before it is cut.
const SLACK: u32 = 300;
/// Sections shorter than this are joined to a neighbour.
const SMALL: u32 = 50;
/// The first section is cut to about this, so that there is something to hear early: a title and an
/// opening paragraph.
const FIRST: u32 = 80;
/// The first section is cut only when longer than this.
const FIRST_LIMIT: u32 = 160;
/// More sections than this are never planned.
pub(super) const MAX_SECTIONS: usize = 400;

/// Blocks that belong together, under at most one leading heading.
#[derive(Debug, Clone)]
struct Piece<'a> {
    blocks: Vec<Heard<'a>>,
    /// The level of the heading that it begins with.
    level: Option<u8>,
    words: u32,
    /// Which part of a cut text it is, from 1; 0 where it was not cut.
    part: u32,
}

impl<'a> Piece<'a> {
    fn new(blocks: &[Heard<'a>]) -> Self {
        let level = blocks.first().and_then(|heard| heard.block.kind.heading_level());
        let words = blocks.iter().map(|heard| heard.words).fold(0, u32::saturating_add);
        Self { blocks: blocks.to_vec(), level, words, part: 0 }
    }

    fn join(&mut self, other: Self) {
        self.blocks.extend(other.blocks);
        self.words = self.words.saturating_add(other.words);
    }
}

/// Sections of spoken blocks, in order.
pub(super) fn cut(blocks: &[Heard<'_>], language: Language) -> Vec<PlannedSection> {
    if blocks.is_empty() {
        return Vec::new();
    }
    let mut scale = 1;
    let mut pieces = pieces(blocks, scale);
    // A book of very many chapters gets longer sections, not more of them.
    while pieces.len() > MAX_SECTIONS && scale < 1 << 16 {
        scale *= 2;
        pieces = self::pieces(blocks, scale);
    }
    while pieces.len() > MAX_SECTIONS {
        pieces = pairs(pieces);
    }
    name(pieces, language)
}

fn pieces<'a>(blocks: &[Heard<'a>], scale: u32) -> Vec<Piece<'a>> {
    let target = TARGET.saturating_mul(scale);
    let limit = target.saturating_add(SLACK);
    let mut found = Vec::new();
    divide(blocks, top_level(blocks), limit, target, &mut found);
    let mut joined = join_small(found, SMALL.saturating_mul(scale), limit);
    if scale == 1 {
        shorten_first(&mut joined);
    }
    joined
}

/// The first level at which the document has more than one heading: a single title above it is no
/// division.
fn top_level(blocks: &[Heard<'_>]) -> u8 {
    let count = |level: u8| blocks.iter().filter(|heard| heard.block.kind.heading_level() == Some(level)).count();
    (1..=6).find(|level| count(*level) > 1).or_else(|| (1..=6).find(|level| count(*level) > 0)).unwrap_or(6)
}

/// Divides at headings of `level` and above; what is still too long at lower ones, and at last
/// between paragraphs.
fn divide<'a>(blocks: &[Heard<'a>], level: u8, limit: u32, target: u32, found: &mut Vec<Piece<'a>>) {
    let begins: Vec<usize> = (0..blocks.len())
        .filter(|at| *at == 0 || blocks[*at].block.kind.heading_level().is_some_and(|heading| heading <= level))
        .collect();
    for (index, begin) in begins.iter().enumerate() {
        let end = begins.get(index + 1).copied().unwrap_or(blocks.len());
        let part = &blocks[*begin..end];
        let piece = Piece::new(part);
        if piece.words <= limit {
            found.push(piece);
        } else if part.iter().skip(1).any(|heard| heard.block.kind.heading_level().is_some()) && level < 6 {
            let levels = part.iter().skip(1).filter_map(|heard| heard.block.kind.heading_level());
            let lower = levels.min().unwrap_or(6);
            divide(part, lower.max(level + 1), limit, target, found);
        } else {
            slice(part, piece.words, target, found);
        }
    }
}

/// Cuts a text without lower headings into even parts at the ends of paragraphs.
fn slice<'a>(blocks: &[Heard<'a>], words: u32, target: u32, found: &mut Vec<Piece<'a>>) {
    let parts = words.div_ceil(target).max(1);
    let share = words.div_ceil(parts);
    let (mut start, mut sum, mut part) = (0, 0_u32, 1);
    for at in 0..blocks.len() {
        let next = blocks[at].words;
        let over = sum.saturating_add(next).saturating_sub(share) > share.saturating_sub(sum);
        if at > start && sum > 0 && over && can_begin(blocks, at) {
            push_part(&blocks[start..at], &mut part, found);
            (start, sum) = (at, 0);
        }
        sum = sum.saturating_add(next);
    }
    push_part(&blocks[start..], &mut part, found);
}

fn push_part<'a>(blocks: &[Heard<'a>], part: &mut u32, found: &mut Vec<Piece<'a>>) {
    let mut piece = Piece::new(blocks);
    piece.part = *part;
    *part += 1;
    found.push(piece);
}

/// Whether a section may begin here: not between a heading, or a caption, and what it is about, and
/// not within a list.
fn can_begin(blocks: &[Heard<'_>], at: usize) -> bool {
    let after = at.checked_sub(1).map(|at| &blocks[at].block.kind);
    let bound = matches!(after, Some(BlockKind::Heading { .. } | BlockKind::Caption));
    let open = matches!(after, Some(BlockKind::Paragraph)) && blocks[at - 1].block.text.trim_end().ends_with(':');
    !bound
        && !open
        && matches!(
            blocks[at].block.kind,
            BlockKind::Paragraph
                | BlockKind::Heading { .. }
                | BlockKind::Quote
                | BlockKind::Code { .. }
                | BlockKind::Table { .. }
        )
}

/// Joins what is too small to what follows, if that is of the same or a lower level, else to what
/// went before.
fn join_small<'a>(pieces: Vec<Piece<'a>>, small: u32, limit: u32) -> Vec<Piece<'a>> {
    let mut joined: Vec<Piece<'a>> = Vec::new();
    let mut pieces = pieces.into_iter().peekable();
    while let Some(mut piece) = pieces.next() {
        while piece.words < small {
            let own = piece.level.unwrap_or(1);
            let follows = |next: &Piece<'a>| {
                next.level.unwrap_or(6) >= own && next.words.saturating_add(piece.words) <= limit.saturating_mul(2)
            };
            match pieces.next_if(follows) {
                Some(next) => piece.join(next),
                None => break,
            }
        }
        match joined.last_mut() {
            Some(last) if piece.words < small && piece.level.unwrap_or(6) >= last.level.unwrap_or(1) => {
                last.join(piece)
            }
            _ => joined.push(piece),
        }
    }
    joined
}

/// Cuts a long first section short.
fn shorten_first(pieces: &mut Vec<Piece<'_>>) {
    let Some(first) = pieces.first() else { return };
    if first.words <= FIRST_LIMIT {
        return;
    }
    let blocks = first.blocks.clone();
    let mut sum = 0;
    let place = (0..blocks.len()).find(|at| {
        let enough = sum >= FIRST / 2 && (sum >= FIRST || sum + blocks[*at].words > FIRST * 3 / 2);
        sum += blocks[*at].words;
        enough && can_begin(&blocks, *at)
    });
    let Some(place) = place else { return };
    let part = first.part.max(1);
    let (mut head, mut tail) = (Piece::new(&blocks[..place]), Piece::new(&blocks[place..]));
    head.part = part;
    tail.part = part + 1;
    // The parts after it move up by one.
    for piece in pieces.iter_mut().skip(1).take_while(|piece| piece.part > 1) {
        piece.part += 1;
    }
    pieces.splice(0..1, [head, tail]);
}

fn pairs(pieces: Vec<Piece<'_>>) -> Vec<Piece<'_>> {
    let mut paired = Vec::new();
    let mut pieces = pieces.into_iter();
    while let Some(mut piece) = pieces.next() {
        if let Some(next) = pieces.next() {
            piece.join(next);
        }
        paired.push(piece);
    }
    paired
}

/// The heading that what follows stands under: the last of those that a piece begins with.
fn in_force(piece: &Piece<'_>) -> Option<(String, u8)> {
    let heading = |heard: &Heard<'_>| heard.block.kind.heading_level().map(|level| (fold(&heard.block.text), level));
    let leading = piece.blocks.iter().map_while(heading);
    leading.filter(|(title, _)| !title.is_empty()).last().map(|(title, level)| (title, level.clamp(1, 6)))
}

/// Titles: the heading; where a text was cut, its heading and the part; where there is none, the
/// part alone.
fn name(pieces: Vec<Piece<'_>>, language: Language) -> Vec<PlannedSection> {
    let mut current: Option<(String, u8)> = None;
    let mut nameless = 0;
    let mut sections = Vec::with_capacity(pieces.len());
    for (index, piece) in pieces.into_iter().enumerate() {
        let own = piece.blocks.first().filter(|_| piece.level.is_some()).map(|heard| fold(&heard.block.text));
        let own = own.filter(|title| !title.is_empty());
        let (title, level) = match (own, piece.level, &current) {
            (Some(title), Some(level), _) => {
                let level = level.clamp(1, 6);
                current = Some(in_force(&piece).unwrap_or_else(|| (title.clone(), level)));
                (title, level)
            }
            (_, _, Some((title, level))) if piece.part > 1 => (language.part_of(title, piece.part), *level),
            _ => {
                nameless += 1;
                (language.part(nameless), 1)
            }
        };
        sections.push(PlannedSection {
            index: u32::try_from(index).unwrap_or(u32::MAX),
            title,
            level,
            blocks: piece.blocks.iter().map(|heard| heard.block.id).collect(),
            chosen: Vec::new(),
            words: piece.words,
            brief: String::new(),
        });
    }
    sections
}
