//! What a page shows, as its content stream draws it: runs of text with their place, rules, links and pictures. Coordinates are
//! points from the page's top left corner, y downwards.

use super::font::Face;

/// Glyphs of one face and size that stand on one baseline without a gap between them wider than a space.
#[derive(Debug, Clone)]
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
    /// Whether the file says that it is no content of the document (14.8.2.2).
    pub artifact: bool,
    /// Whether it is drawn without ink, as text recognition does.
    pub hidden: bool,
    /// Whether it is part of a form, which is how most programs place figures.
    pub form: bool,
    /// Quarter turns against the page, 0 to 3; its coordinates are in the frame that makes it upright.
    pub turn: u8,
}

impl Run {
    /// The upper edge of its letters, about.
    pub fn top(&self) -> f32 {
        self.y - self.size * 0.74
    }

    /// The lower edge.
    pub fn bottom(&self) -> f32 {
        self.y + self.size * 0.22
    }

    /// Its width.
    pub fn width(&self) -> f32 {
        self.x1 - self.x0
    }
}

/// A drawn straight line, or a box thin enough to be one.
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
        self.x1 - self.x0 > 4.0 && self.y1 - self.y0 <= 2.5
    }

    /// Whether it stands.
    pub fn stands(&self) -> bool {
        self.y1 - self.y0 > 4.0 && self.x1 - self.x0 <= 2.5
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
    /// Text that stands at an angle to the rest, by quarter turn.
    pub turned: Vec<Run>,
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
