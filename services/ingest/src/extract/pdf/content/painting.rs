//! What is drawn besides text: straight lines, which make tables, and what says whether text can be
//! seen, that is filled areas, clips and colours.

use lopdf::Dictionary;

use super::interpreter::Machine;
use super::lexer::Operand;
use super::matrix::Matrix;
use super::page::Rule;

/// Rules on one page.
const MOST_RULES: usize = 8_000;
/// Filled areas on one page that text is looked for on.
const MOST_AREAS: usize = 4_000;
/// Saved graphics states.
const DEEPEST_STATE: usize = 256;
/// A colour whose parts are all at least this bright is the paper's.
const WHITE: f32 = 0.98;
/// What covers less than this share cannot be seen.
const CLEAR: f32 = 0.02;
/// A stroke of at least this many points is an area that text may stand on.
const BROAD_STROKE: f32 = 4.0;
/// Points by which text may stand beyond a clip: faces reach over their boxes.
const CLIP_SLACK: f32 = 2.0;

/// How text and paths are painted.
#[derive(Debug, Clone, Copy)]
pub struct Paint {
    /// Whether the fill colour is the paper's.
    pub white: bool,
    /// Parts of the fill's colour space, where white is known in it.
    space: Option<usize>,
    /// Whether what is filled is too transparent to be seen.
    pub clear: bool,
    stroke: f32,
    /// What lies outside cannot be seen.
    clip: Rule,
}

impl Paint {
    /// On a page of this size.
    pub const fn new(width: f32, height: f32) -> Self {
        Self {
            white: false,
            space: Some(1),
            clear: false,
            stroke: 1.0,
            clip: Rule { x0: 0.0, y0: 0.0, x1: width, y1: height },
        }
    }

    /// Cuts what can be seen down to `area`.
    pub fn clip(&mut self, area: Rule) {
        self.clip = self.clip.meet(area);
    }

    /// Whether nothing of `area` is within the clip.
    pub fn clips(&self, area: Rule) -> bool {
        let Rule { x0, y0, x1, y1 } = self.clip;
        let room = Rule { x0: x0 - CLIP_SLACK, y0: y0 - CLIP_SLACK, x1: x1 + CLIP_SLACK, y1: y1 + CLIP_SLACK };
        !(self.clip.is_some() && room.meet(area).is_some())
    }

    fn colour(&mut self, stack: &[Operand], parts: usize) {
        let numbers: Vec<f32> = stack.iter().filter_map(Operand::number).collect();
        self.space = Some(parts);
        self.white = numbers.len() == parts && is_white(&numbers);
    }
}

/// Whether a colour of grey, of red, green and blue, or of four inks is the paper's.
fn is_white(parts: &[f32]) -> bool {
    match parts.len() {
        1 | 3 => parts.iter().all(|part| *part >= WHITE),
        4 => parts.iter().all(|part| *part <= 1.0 - WHITE),
        _ => false,
    }
}

/// The path that is being drawn.
#[derive(Debug, Default)]
pub struct Path {
    rules: Vec<Rule>,
    /// The box around it.
    area: Option<Rule>,
    at: (f32, f32),
    start: (f32, f32),
    /// Whether it becomes a clip when it is painted.
    clips: bool,
}

impl Path {
    fn reach(&mut self, point: (f32, f32)) {
        let area = self.area.unwrap_or_else(|| Rule::around(&[point]));
        self.area = Some(Rule::around(&[(area.x0, area.y0), (area.x1, area.y1), point]));
        self.at = point;
    }

    fn segment(&mut self, from: (f32, f32), to: (f32, f32)) {
        let rule = Rule::around(&[from, to]);
        if (rule.lies() || rule.stands()) && self.rules.len() < MOST_RULES {
            self.rules.push(rule);
        }
    }
}

impl<'a> Machine<'a> {
    /// Follows an operator that is about graphics.
    pub fn graphics_operator(&mut self, operator: &[u8], stack: &[Operand], resources: Option<&'a Dictionary>) {
        let number = |at: usize| stack.get(at).and_then(Operand::number).unwrap_or(0.0);
        let paint = &mut self.state.paint;
        match operator {
            b"q" if self.saved.len() < DEEPEST_STATE => self.saved.push(self.state.clone()),
            b"Q" => {
                if let Some(state) = self.saved.pop() {
                    self.state = state;
                }
            }
            b"cm" => {
                if let Some(matrix) = Matrix::read(stack) {
                    self.state.ctm = matrix.then(self.state.ctm);
                }
            }
            b"w" => paint.stroke = number(0),
            b"g" => paint.colour(stack, 1),
            b"rg" => paint.colour(stack, 3),
            b"k" => paint.colour(stack, 4),
            b"cs" => {
                let space = stack.last().and_then(Operand::name).and_then(|name| self.parts_of(name, resources));
                self.state.paint.white = false;
                self.state.paint.space = space;
            }
            b"sc" | b"scn" => match paint.space {
                Some(parts) => paint.colour(stack, parts),
                None => paint.white = false,
            },
            b"gs" => self.graphics_state(stack, resources),
            b"sh" => self.area(self.state.paint.clip),
            b"EI" => {
                self.page.pictures += 1.0;
                self.picture();
            }
            _ => self.path_operator(operator, stack),
        }
    }

    fn path_operator(&mut self, operator: &[u8], stack: &[Operand]) {
        let number = |at: usize| stack.get(at).and_then(Operand::number).unwrap_or(0.0);
        let point = |at: usize| self.state.ctm.apply(number(at), number(at + 1));
        match operator {
            b"m" => {
                let to = point(0);
                self.path.reach(to);
                self.path.start = to;
            }
            b"l" => {
                let (from, to) = (self.path.at, point(0));
                self.path.segment(from, to);
                self.path.reach(to);
            }
            b"c" => {
                let points = [point(0), point(2), point(4)];
                points.into_iter().for_each(|point| self.path.reach(point));
            }
            b"v" | b"y" => {
                let points = [point(0), point(2)];
                points.into_iter().for_each(|point| self.path.reach(point));
            }
            b"h" => {
                let (from, to) = (self.path.at, self.path.start);
                self.path.segment(from, to);
                self.path.at = to;
            }
            b"re" => self.rectangle(number(0), number(1), number(2), number(3)),
            b"W" | b"W*" => self.path.clips = true,
            b"f" | b"F" | b"f*" | b"B" | b"B*" | b"b" | b"b*" => self.end_path(true, true),
            b"S" | b"s" => self.end_path(false, true),
            b"n" => self.end_path(false, false),
            _ => {}
        }
    }

    /// The parts of a colour space in which white is known.
    fn parts_of(&self, name: &[u8], resources: Option<&'a Dictionary>) -> Option<usize> {
        match name {
            b"DeviceGray" | b"G" | b"CalGray" => return Some(1),
            b"DeviceRGB" | b"RGB" | b"CalRGB" => return Some(3),
            b"DeviceCMYK" | b"CMYK" => return Some(4),
            _ => {}
        }
        let listed = self.file.dict(self.file.get(resources?, b"ColorSpace")?)?;
        let array = self.file.get(listed, name)?.as_array().ok()?;
        match self.file.resolve(array.first()?).as_name().ok()? {
            b"CalGray" => Some(1),
            b"CalRGB" => Some(3),
            b"ICCBased" => {
                let parts = self.file.number(self.file.dict(array.get(1)?)?, b"N")?;
                [1.0, 3.0, 4.0].contains(&parts).then_some(parts as usize)
            }
            _ => None,
        }
    }

    fn graphics_state(&mut self, stack: &[Operand], resources: Option<&'a Dictionary>) {
        let state = stack
            .last()
            .and_then(Operand::name)
            .and_then(|name| self.file.get(self.file.dict(self.file.get(resources?, b"ExtGState")?)?, name))
            .and_then(|object| self.file.dict(object));
        if let Some(opacity) = state.and_then(|state| self.file.number(state, b"ca")) {
            self.state.paint.clear = opacity < CLEAR;
        }
    }

    /// Notes a picture where the unit square is.
    pub fn picture(&mut self) {
        let corners = [(0.0, 0.0), (1.0, 0.0), (0.0, 1.0), (1.0, 1.0)].map(|(x, y)| self.state.ctm.apply(x, y));
        self.area(Rule::around(&corners));
    }

    /// Notes an area that is not the paper's colour any more.
    fn area(&mut self, area: Rule) {
        if self.areas.len() < MOST_AREAS {
            self.areas.push(area);
        }
    }

    /// Whether a point is on bare paper, as far as is known.
    pub fn on_paper(&self, (x, y): (f32, f32)) -> bool {
        self.areas.len() < MOST_AREAS
            && !self.areas.iter().any(|area| area.x0 <= x && x <= area.x1 && area.y0 <= y && y <= area.y1)
    }

    fn end_path(&mut self, filled: bool, painted: bool) {
        let mut path = std::mem::take(&mut self.path);
        if painted {
            let room = MOST_RULES.saturating_sub(self.page.rules.len());
            self.page.rules.extend(path.rules.drain(..).take(room));
        }
        if let Some(area) = path.area {
            if painted && !area.lies() && !area.stands() {
                self.runs.draw(area);
            }
            let broad = self.state.paint.stroke * self.state.ctm.scale();
            if filled && !self.state.paint.white && !self.state.paint.clear {
                self.area(area);
            } else if painted && !filled && broad >= BROAD_STROKE {
                let half = broad / 2.0;
                let Rule { x0, y0, x1, y1 } = area;
                self.area(Rule { x0: x0 - half, y0: y0 - half, x1: x1 + half, y1: y1 + half });
            }
            if path.clips {
                self.state.paint.clip(area);
            }
        }
    }

    fn rectangle(&mut self, x: f32, y: f32, width: f32, height: f32) {
        let corners =
            [(x, y), (x + width, y), (x, y + height), (x + width, y + height)].map(|(x, y)| self.state.ctm.apply(x, y));
        for corner in corners {
            self.path.reach(corner);
        }
        let area = Rule::around(&corners);
        if area.lies() || area.stands() {
            if self.path.rules.len() < MOST_RULES {
                self.path.rules.push(area);
            }
            return;
        }
        self.path.segment((area.x0, area.y0), (area.x1, area.y0));
        self.path.segment((area.x0, area.y1), (area.x1, area.y1));
        self.path.segment((area.x0, area.y0), (area.x0, area.y1));
        self.path.segment((area.x1, area.y0), (area.x1, area.y1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_is_known_in_grey_light_and_ink() {
        for (parts, wanted) in [
            (&[1.0][..], true),
            (&[0.5], false),
            (&[1.0, 1.0, 1.0], true),
            (&[1.0, 1.0, 0.0], false),
            (&[0.0, 0.0, 0.0, 0.0], true),
            (&[0.0, 0.0, 0.0, 1.0], false),
            (&[1.0, 1.0], false),
        ] {
            assert_eq!(is_white(parts), wanted, "{parts:?}");
        }
    }
}
