//! What a page shows, as its content stream draws it: runs of text with their place, rules, links
//! and pictures. Coordinates are points from the page's top left corner, y downwards.

use super::font::Face;

/// What the file says a text is, if it says that it is no content (14.8.2.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Artifact {
    /// It does not say what.
    Other,
    /// A running head.
    Head,
    /// A running foot.
    Foot,
    /// A page number.
    PageNumber,
    /// A watermark.
    Watermark,
}

/// Whether a text can be seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Ink {
    /// It can.
    #[default]
    Shown,
    /// It is drawn without ink, as text recognition does behind the picture of a page.
    Bare,
    /// It is kept from sight: in the paper's colour, outside the page or the clip, on a layer that
    /// is off.
    Unseen,
}

/// What a glyph's surroundings say of it; equal in all glyphs of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Marks {
    /// What it is, if it is no content.
    pub artifact: Option<Artifact>,
    /// Whether it can be seen.
    pub ink: Ink,
    /// Whether it is part of a form, which is how most programs place figures.
    pub form: bool,
    /// The part of the structure to which it belongs.
    pub part: Option<u32>,
}

/// Glyphs of one face and size that stand on one baseline without a gap between them wider than a
/// space.
#[derive(Debug, Clone, Default)]
pub struct Run {
    /// Their text, single spaces within; none at the ends.
    pub text: String,
    /// Left end.
    pub x0: f32,
    /// Right end.
    pub x1: f32,
    /// Baseline.
    pub y: f32,
    /// Height of the em.
    pub size: f32,
    /// The face.
    pub face: Face,
    /// Place in the order of drawing.
    pub seq: u32,
    /// Whether a space was drawn before it.
    pub lead: bool,
    /// Whether a space was drawn after it.
    pub trail: bool,
    /// What its surroundings say of it.
    pub marks: Marks,
    /// Quarter turns against the page, 0 to 3; its coordinates are in the frame that makes it
    /// upright.
    pub turn: u8,
    /// Degrees by which it leans beyond its quarter turns; 0 for nearly all text.
    pub slant: i8,
    /// The drawn box that its text fills, if it does, counted on its page.
    pub boxed: Option<u16>,
}

/// Letters reach about this share of the em above the baseline: the height of capitals in usual
/// faces, and a little.
const ASCENT: f32 = 0.74;
/// Letters reach about this share of the em below the baseline.
const DESCENT: f32 = 0.22;

impl Run {
    /// The upper edge of its letters, about.
    pub fn top(&self) -> f32 {
        self.y - self.size * ASCENT
    }

    /// The lower edge.
    pub fn bottom(&self) -> f32 {
        self.y + self.size * DESCENT
    }

    /// Its width.
    pub fn width(&self) -> f32 {
        self.x1 - self.x0
    }
}

/// A drawn line is at least this long, in points; what is shorter is a dot or a part of a letter.
const SHORTEST_RULE: f32 = 4.0;
/// A box of at most this thickness, in points, is a line.
const THICKEST_RULE: f32 = 2.5;
/// Points by which text may reach over the edge of its box.
const ROUNDING: f32 = 1.0;

/// A drawn straight line, or a box.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    /// Left.
    pub x0: f32,
    /// Top.
    pub y0: f32,
    /// Right.
    pub x1: f32,
    /// Bottom.
    pub y1: f32,
}

impl Rule {
    /// Whether it lies.
    pub fn lies(&self) -> bool {
        self.x1 - self.x0 > SHORTEST_RULE && self.y1 - self.y0 <= THICKEST_RULE
    }

    /// Whether it stands.
    pub fn stands(&self) -> bool {
        self.y1 - self.y0 > SHORTEST_RULE && self.x1 - self.x0 <= THICKEST_RULE
    }

    /// The least box around `points`.
    pub fn around(points: &[(f32, f32)]) -> Self {
        let empty = Self { x0: f32::MAX, y0: f32::MAX, x1: f32::MIN, y1: f32::MIN };
        points.iter().fold(empty, |area, (x, y)| Self {
            x0: area.x0.min(*x),
            y0: area.y0.min(*y),
            x1: area.x1.max(*x),
            y1: area.y1.max(*y),
        })
    }

    /// What both boxes cover; of negative width or height where they do not meet.
    pub fn meet(self, other: Self) -> Self {
        Self {
            x0: self.x0.max(other.x0),
            y0: self.y0.max(other.y0),
            x1: self.x1.min(other.x1),
            y1: self.y1.min(other.y1),
        }
    }

    /// Whether `run` stands in it.
    pub fn holds(&self, run: &Run) -> bool {
        self.x0 <= run.x0 + ROUNDING && run.x1 <= self.x1 + ROUNDING && self.y0 <= run.y && run.y <= self.y1
    }

    /// Whether it covers any area, or at least a line.
    pub fn is_some(&self) -> bool {
        self.x0 <= self.x1 && self.y0 <= self.y1
    }
}

/// A rectangle that leads elsewhere.
#[derive(Debug, Clone)]
pub struct Link {
    /// Where it is.
    pub area: Rule,
    /// The address it leads to.
    pub target: String,
}

/// One page.
#[derive(Debug, Default)]
pub struct Page {
    /// Width in points.
    pub width: f32,
    /// Height in points.
    pub height: f32,
    /// Upright text.
    pub runs: Vec<Run>,
    /// Text that stands at an angle to the rest.
    pub turned: Vec<Run>,
    /// Text that cannot be seen.
    pub unseen: Vec<Run>,
    /// What readers noted beside the page.
    pub remarks: Vec<String>,
    /// Drawn lines.
    pub rules: Vec<Rule>,
    /// Links to addresses.
    pub links: Vec<Link>,
    /// Points squared covered by pictures.
    pub pictures: f32,
    /// Glyphs whose meaning the file does not tell.
    pub unmapped: u32,
    /// Whether it was left before its end, at a limit.
    pub cut: bool,
}
