//! The content stream's machine: graphics state, text state, forms, marked content (ISO 32000-1, 8 and 9). It draws nothing; it
//! notes where text, rules and pictures would stand.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use lopdf::{Dictionary, Object, ObjectId};

use super::file::File;
use super::font::{Font, Shown};
use super::lexer::{Lexer, Operand, Token};
use super::matrix::Matrix;
use super::page::{Page, Rule};
use super::runs::{Glyph, Runs};

/// Forms within forms.
const DEEPEST_FORM: usize = 12;
/// Operators on one page, forms included.
const MOST_OPERATORS: u32 = 3_000_000;
/// Saved graphics states.
const DEEPEST_STATE: usize = 256;
/// Rules on one page.
const MOST_RULES: usize = 8_000;

/// Fonts that were loaded, shared by the threads that read pages.
#[derive(Debug, Default)]
pub struct Fonts {
    loaded: Mutex<HashMap<ObjectId, Arc<Font>>>,
}

impl Fonts {
    fn get(&self, file: &File, reference: &Object) -> Option<Arc<Font>> {
        let Ok(id) = reference.as_reference() else {
            return Some(Arc::new(Font::load(file, file.dict(reference)?)));
        };
        if let Some(font) = self.loaded.lock().unwrap_or_else(PoisonError::into_inner).get(&id) {
            return Some(Arc::clone(font));
        }
        let font = Arc::new(Font::load(file, file.dict(reference)?));
        self.loaded.lock().unwrap_or_else(PoisonError::into_inner).insert(id, Arc::clone(&font));
        Some(font)
    }
}

#[derive(Debug, Clone)]
struct State {
    ctm: Matrix,
    font: Option<Arc<Font>>,
    size: f32,
    char_space: f32,
    word_space: f32,
    stretch: f32,
    leading: f32,
    rise: f32,
    mode: u8,
}

#[derive(Debug)]
struct Mark {
    artifact: bool,
    /// Text that stands for what is shown within, until it was given out.
    actual: Option<String>,
    replaces: bool,
}

/// Reads one page.
#[derive(Debug)]
pub struct Machine<'a> {
    file: &'a File,
    fonts: &'a Fonts,
    state: State,
    saved: Vec<State>,
    text: Matrix,
    line: Matrix,
    marks: Vec<Mark>,
    runs: Runs,
    page: Page,
    operators: u32,
    depth: usize,
    path: Vec<Rule>,
    at: (f32, f32),
    start: (f32, f32),
}

impl<'a> Machine<'a> {
    /// A machine for a page of this size, whose user space `base` maps to points from the top left.
    pub fn new(file: &'a File, fonts: &'a Fonts, base: Matrix, width: f32, height: f32) -> Self {
        let state = State {
            ctm: base,
            font: None,
            size: 0.0,
            char_space: 0.0,
            word_space: 0.0,
            stretch: 1.0,
            leading: 0.0,
            rise: 0.0,
            mode: 0,
        };
        Self {
            file,
            fonts,
            state,
            saved: Vec::new(),
            text: Matrix::IDENTITY,
            line: Matrix::IDENTITY,
            marks: Vec::new(),
            runs: Runs::new(width, height),
            page: Page { width, height, ..Page::default() },
            operators: 0,
            depth: 0,
            path: Vec::new(),
            at: (0.0, 0.0),
            start: (0.0, 0.0),
        }
    }

    /// Runs `content` with `resources`; then the page is what was shown.
    pub fn read(mut self, content: &[u8], resources: Option<&'a Dictionary>) -> Page {
        self.run(content, resources, 0);
        let (upright, turned) = self.runs.finish(&mut self.page);
        self.page.runs = upright;
        self.page.turned = turned;
        self.page
    }

    fn run(&mut self, content: &[u8], resources: Option<&'a Dictionary>, depth: usize) {
        let mut lexer = Lexer::new(content);
        let mut stack: Vec<Operand> = Vec::new();
        let mut fonts: HashMap<Vec<u8>, Option<Arc<Font>>> = HashMap::new();
        while let Some(token) = lexer.token() {
            match token {
                Token::Operand(operand) => {
                    if stack.len() < 512 {
                        stack.push(operand);
                    }
                }
                Token::Operator(operator) => {
                    self.operators += 1;
                    if self.operators > MOST_OPERATORS || self.runs.full() {
                        self.page.cut = true;
                        return;
                    }
                    match operator {
                        b"ID" => lexer.skip_image(),
                        b"Do" => self.object(&stack, resources, depth),
                        b"Tf" => self.font(&stack, resources, &mut fonts),
                        b"BDC" | b"BMC" => self.mark(&stack, resources),
                        _ if self.text_operator(operator, &stack) => {}
                        _ => self.graphics_operator(operator, &stack),
                    }
                    stack.clear();
                }
            }
        }
    }

    fn font(
        &mut self,
        stack: &[Operand],
        resources: Option<&'a Dictionary>,
        fonts: &mut HashMap<Vec<u8>, Option<Arc<Font>>>,
    ) {
        let [.., Operand::Name(name), Operand::Number(size)] = stack else { return };
        self.state.size = *size;
        if let Some(font) = fonts.get(name) {
            self.state.font.clone_from(font);
            return;
        }
        let font = resources
            .and_then(|resources| self.file.dict(self.file.get(resources, b"Font")?))
            .and_then(|listed| listed.get(name).ok())
            .and_then(|reference| self.fonts.get(self.file, reference));
        fonts.insert(name.clone(), font.clone());
        self.state.font = font;
    }

    fn text_operator(&mut self, operator: &[u8], stack: &[Operand]) -> bool {
        let number = |at: usize| stack.get(at).and_then(Operand::number);
        match operator {
            b"BT" => {
                self.text = Matrix::IDENTITY;
                self.line = Matrix::IDENTITY;
            }
            b"ET" => {}
            b"Tc" => self.state.char_space = number(0).unwrap_or(0.0),
            b"Tw" => self.state.word_space = number(0).unwrap_or(0.0),
            b"Tz" => self.state.stretch = number(0).unwrap_or(100.0) / 100.0,
            b"TL" => self.state.leading = number(0).unwrap_or(0.0),
            b"Ts" => self.state.rise = number(0).unwrap_or(0.0),
            b"Tr" => self.state.mode = number(0).unwrap_or(0.0).clamp(0.0, 7.0) as u8,
            b"Td" => self.next_line(number(0).unwrap_or(0.0), number(1).unwrap_or(0.0)),
            b"TD" => {
                self.state.leading = -number(1).unwrap_or(0.0);
                self.next_line(number(0).unwrap_or(0.0), number(1).unwrap_or(0.0));
            }
            b"Tm" => {
                if let Some(matrix) = Matrix::read(stack) {
                    self.text = matrix;
                    self.line = matrix;
                }
            }
            b"T*" => self.next_line(0.0, -self.state.leading),
            b"Tj" => {
                if let Some(text) = stack.last().and_then(Operand::text) {
                    self.show(text);
                }
            }
            b"'" => {
                self.next_line(0.0, -self.state.leading);
                if let Some(text) = stack.last().and_then(Operand::text) {
                    self.show(text);
                }
            }
            b"\"" => {
                self.state.word_space = number(0).unwrap_or(0.0);
                self.state.char_space = number(1).unwrap_or(0.0);
                self.next_line(0.0, -self.state.leading);
                if let Some(text) = stack.last().and_then(Operand::text) {
                    self.show(text);
                }
            }
            b"TJ" => {
                if let Some(Operand::Array(parts)) = stack.last() {
                    for part in parts {
                        match part {
                            Operand::Text(text) => self.show(text),
                            Operand::Number(back) => {
                                let vertical = self.state.font.as_ref().is_some_and(|font| font.vertical);
                                let shift = -back * 0.001 * self.state.size;
                                if vertical {
                                    self.advance(0.0, shift);
                                } else {
                                    self.advance(shift * self.state.stretch, 0.0);
                                }
                            }
                            Operand::Name(_) | Operand::Array(_) | Operand::Dict(_) => {}
                        }
                    }
                }
            }
            b"EMC" => {
                self.marks.pop();
            }
            _ => return false,
        }
        true
    }

    fn next_line(&mut self, x: f32, y: f32) {
        self.line = Matrix([1.0, 0.0, 0.0, 1.0, x, y]).then(self.line);
        self.text = self.line;
    }

    fn advance(&mut self, x: f32, y: f32) {
        self.text = Matrix([1.0, 0.0, 0.0, 1.0, x, y]).then(self.text);
    }

    fn show(&mut self, bytes: &[u8]) {
        let Some(font) = self.state.font.clone() else { return };
        let artifact = self.marks.iter().any(|mark| mark.artifact);
        font.show(bytes, |shown| self.glyph(&font, shown, artifact));
    }

    fn glyph(&mut self, font: &Font, shown: Shown<'_>, artifact: bool) {
        let state = &self.state;
        let place =
            Matrix([state.size * state.stretch, 0.0, 0.0, state.size, 0.0, state.rise]).then(self.text).then(state.ctm);
        let spacing = state.char_space + if shown.space { state.word_space } else { 0.0 };
        let hidden = matches!(state.mode, 3 | 7);
        let stretch = state.stretch;
        let size = state.size;
        let mut text = shown.text;
        let replacement;
        if let Some(mark) = self.marks.iter_mut().rev().find(|mark| mark.replaces) {
            replacement = mark.actual.take().unwrap_or_default();
            text = &replacement;
        } else if text.is_empty() && shown.advance > 0.0 {
            self.page.unmapped += 1;
        }
        self.runs.add(&Glyph {
            text,
            place,
            advance: shown.advance,
            em: font.em,
            face: font.face,
            artifact,
            hidden,
            form: self.depth > 0,
        });
        if font.vertical {
            self.advance(0.0, -size + spacing);
        } else {
            self.advance((shown.advance * size + spacing) * stretch, 0.0);
        }
    }

    fn mark(&mut self, stack: &[Operand], resources: Option<&'a Dictionary>) {
        if self.marks.len() >= 512 {
            return;
        }
        let artifact = stack.first().and_then(Operand::name) == Some(b"Artifact");
        let actual = match stack.get(1) {
            Some(properties @ Operand::Dict(_)) => {
                properties.entry(b"ActualText").and_then(Operand::text).map(|bytes| bytes.to_vec())
            }
            Some(Operand::Name(name)) => resources
                .and_then(|resources| self.file.dict(self.file.get(resources, b"Properties")?))
                .and_then(|listed| self.file.dict(self.file.get(listed, name)?))
                .and_then(|properties| self.file.get(properties, b"ActualText")?.as_str().ok().map(<[u8]>::to_vec)),
            _ => None,
        };
        let actual = actual
            .and_then(|bytes| lopdf::decode_text_string(&Object::String(bytes, lopdf::StringFormat::Literal)).ok());
        self.marks.push(Mark { artifact, replaces: actual.is_some(), actual });
    }

    fn object(&mut self, stack: &[Operand], resources: Option<&'a Dictionary>, depth: usize) {
        let Some(name) = stack.last().and_then(Operand::name) else { return };
        let object = resources
            .and_then(|resources| self.file.dict(self.file.get(resources, b"XObject")?))
            .and_then(|listed| self.file.get(listed, name));
        let Some(stream) = object.and_then(|object| object.as_stream().ok()) else { return };
        let kind = self.file.get(&stream.dict, b"Subtype").and_then(|kind| kind.as_name().ok());
        if kind == Some(b"Image") {
            let [a, b, c, d, ..] = self.state.ctm.0;
            self.page.pictures += (a * d - b * c).abs();
            return;
        }
        if kind != Some(b"Form") || depth >= DEEPEST_FORM {
            return;
        }
        let (Some(object), true) = (object, self.operators < MOST_OPERATORS) else { return };
        let Some(content) = self.file.data(object) else { return };
        let saved = self.state.clone();
        let (text, line, marks) = (self.text, self.line, self.marks.len());
        if let Some(matrix) = self.file.get(&stream.dict, b"Matrix").and_then(|object| object.as_array().ok()) {
            let numbers: Vec<Operand> =
                matrix.iter().map(|item| Operand::Number(self.file.resolve(item).as_float().unwrap_or(0.0))).collect();
            if let Some(matrix) = Matrix::read(&numbers) {
                self.state.ctm = matrix.then(self.state.ctm);
            }
        }
        let own = self.file.get(&stream.dict, b"Resources").and_then(|object| self.file.dict(object)).or(resources);
        let states = std::mem::take(&mut self.saved);
        self.depth = depth + 1;
        self.run(&content, own, depth + 1);
        self.depth = depth;
        self.saved = states;
        self.state = saved;
        self.text = text;
        self.line = line;
        self.marks.truncate(marks);
    }

    fn graphics_operator(&mut self, operator: &[u8], stack: &[Operand]) {
        let number = |at: usize| stack.get(at).and_then(Operand::number).unwrap_or(0.0);
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
            b"m" => {
                self.at = self.state.ctm.apply(number(0), number(1));
                self.start = self.at;
            }
            b"l" => {
                let to = self.state.ctm.apply(number(0), number(1));
                self.segment(self.at, to);
                self.at = to;
            }
            b"c" => self.at = self.state.ctm.apply(number(4), number(5)),
            b"v" | b"y" => self.at = self.state.ctm.apply(number(2), number(3)),
            b"h" => {
                self.segment(self.at, self.start);
                self.at = self.start;
            }
            b"re" => self.rectangle(number(0), number(1), number(2), number(3)),
            b"S" | b"s" | b"f" | b"F" | b"f*" | b"B" | b"B*" | b"b" | b"b*" => {
                let room = MOST_RULES.saturating_sub(self.page.rules.len());
                self.page.rules.extend(self.path.drain(..).take(room));
                self.path.clear();
            }
            b"n" => self.path.clear(),
            b"EI" => self.page.pictures += 1.0,
            _ => {}
        }
    }

    fn segment(&mut self, from: (f32, f32), to: (f32, f32)) {
        let rule = Rule { x0: from.0.min(to.0), y0: from.1.min(to.1), x1: from.0.max(to.0), y1: from.1.max(to.1) };
        if (rule.lies() || rule.stands()) && self.path.len() < MOST_RULES {
            self.path.push(rule);
        }
    }

    fn rectangle(&mut self, x: f32, y: f32, width: f32, height: f32) {
        let (a, b) = (self.state.ctm.apply(x, y), self.state.ctm.apply(x + width, y + height));
        let area = Rule { x0: a.0.min(b.0), y0: a.1.min(b.1), x1: a.0.max(b.0), y1: a.1.max(b.1) };
        if area.lies() || area.stands() {
            if self.path.len() < MOST_RULES {
                self.path.push(area);
            }
            return;
        }
        self.segment((area.x0, area.y0), (area.x1, area.y0));
        self.segment((area.x0, area.y1), (area.x1, area.y1));
        self.segment((area.x0, area.y0), (area.x0, area.y1));
        self.segment((area.x1, area.y0), (area.x1, area.y1));
    }
}
