//! The content stream's machine: graphics state, forms, appearances of annotations (ISO 32000-1, 8
//! and 9). It draws nothing; it notes where text, rules and pictures would stand. What text
//! operators do is in `showing`, what paths and colours do in `painting`, what marked content says
//! in `marks`.

use std::collections::HashMap;
use std::sync::Arc;

use lopdf::{Dictionary, Object, ObjectId};
use parking_lot::Mutex;

use super::file::File;
use super::font::{Face, Font};
use super::layers::Layers;
use super::lexer::{Lexer, Operand, Token};
use super::marks::Mark;
use super::matrix::Matrix;
use super::page::{Artifact, Ink, Link, Marks, Page, Rule, Run};
use super::painting::{Paint, Path};
use super::runs::{Glyph, Runs};
use super::structure::Structure;

/// Forms within forms.
const DEEPEST_FORM: usize = 12;
/// Operators on one page, forms included.
const MOST_OPERATORS: u32 = 3_000_000;
/// Bytes of content that are read for one page, forms included each time that they are drawn: a
/// form costs a few bytes to draw again, and may hold millions.
pub(super) const MOST_CONTENT: usize = 128 * 1024 * 1024;
/// Operands before one operator that are kept.
const MOST_OPERANDS: usize = 512;

/// What the threads that read pages share.
#[derive(Debug, Default)]
pub struct Shared {
    fonts: Mutex<HashMap<ObjectId, Arc<Font>>>,
    /// Which layers are off.
    pub layers: Layers,
    /// What the file says that its text is.
    pub structure: Option<Structure>,
}

impl Shared {
    /// For the pages of `file`.
    pub fn of(file: &File) -> Self {
        Self { fonts: Mutex::default(), layers: Layers::read(file), structure: Structure::read(file) }
    }

    fn font(&self, file: &File, reference: &Object) -> Option<Arc<Font>> {
        let Ok(id) = reference.as_reference() else {
            return Some(Arc::new(Font::load(file, file.dict(reference)?)));
        };
        if let Some(font) = self.fonts.lock().get(&id) {
            return Some(Arc::clone(font));
        }
        let font = Arc::new(Font::load(file, file.dict(reference)?));
        self.fonts.lock().insert(id, Arc::clone(&font));
        Some(font)
    }
}

/// The graphics state, as far as it is followed.
#[derive(Debug, Clone)]
pub struct State {
    pub(super) ctm: Matrix,
    pub(super) font: Option<Arc<Font>>,
    pub(super) size: f32,
    pub(super) char_space: f32,
    pub(super) word_space: f32,
    pub(super) stretch: f32,
    pub(super) leading: f32,
    pub(super) rise: f32,
    pub(super) mode: u8,
    pub(super) paint: Paint,
}

/// Reads one page.
#[derive(Debug)]
pub struct Machine<'a> {
    pub(super) file: &'a File,
    pub(super) shared: &'a Shared,
    pub(super) state: State,
    pub(super) saved: Vec<State>,
    pub(super) text: Matrix,
    pub(super) line: Matrix,
    pub(super) marks: Vec<Mark>,
    pub(super) runs: Runs,
    pub(super) page: Page,
    /// Areas that were filled with another colour than the paper's.
    pub(super) areas: Vec<Rule>,
    pub(super) path: Path,
    /// Forms that are being drawn.
    pub(super) depth: usize,
    /// The page or form whose content is read, by which its marked content is known.
    pub(super) owner: Option<ObjectId>,
    operators: u32,
    content: usize,
}

impl<'a> Machine<'a> {
    /// A machine for a page of this size, whose user space `base` maps to points from the top left.
    pub fn new(file: &'a File, shared: &'a Shared, base: Matrix, width: f32, height: f32) -> Self {
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
            paint: Paint::new(width, height),
        };
        Self {
            file,
            shared,
            state,
            saved: Vec::new(),
            text: Matrix::IDENTITY,
            line: Matrix::IDENTITY,
            marks: Vec::new(),
            runs: Runs::new(width, height),
            page: Page { width, height, ..Page::default() },
            areas: Vec::new(),
            path: Path::default(),
            depth: 0,
            owner: None,
            operators: 0,
            content: 0,
        }
    }

    /// Runs the page's `content` with its `resources`.
    pub fn read(&mut self, page: ObjectId, content: &[u8], resources: Option<&'a Dictionary>) {
        self.owner = Some(page);
        let state = self.state.clone();
        self.run(content, resources, 0);
        // What a page leaves open ends with it; annotations are drawn afresh.
        self.state = state;
        self.saved.clear();
        self.marks.clear();
        self.owner = None;
        self.runs.part();
    }

    /// The page that was shown.
    pub fn finish(mut self) -> Page {
        self.runs.finish(&mut self.page);
        self.page
    }

    /// What the appearance `stream` of an annotation shows in `area` of the page's user space;
    /// `artifact`, if it is none of the page's content.
    pub fn appearance(
        &mut self,
        stream: &'a Object,
        area: [f32; 4],
        artifact: Option<Artifact>,
        off: bool,
    ) -> Vec<Run> {
        let (width, height) = (self.page.width, self.page.height);
        let page = std::mem::replace(&mut self.runs, Runs::new(width, height));
        let state = self.state.clone();
        if let Some(dict) = self.file.dict(stream)
            && let Some(fit) = self.fitted(dict, area)
        {
            self.state.ctm = fit.then(self.state.ctm);
            self.mark_as(artifact, off);
            self.form(stream, dict, None, 0);
            self.marks.clear();
        }
        self.state = state;
        std::mem::replace(&mut self.runs, page).take()
    }

    /// One line that no content draws, at a point of the page's user space and of this width.
    pub fn write(&mut self, text: &str, (x, y): (f32, f32), size: f32, width: f32, off: bool) -> Vec<Run> {
        let page = std::mem::replace(&mut self.runs, Runs::new(self.page.width, self.page.height));
        let place = Matrix([size, 0.0, 0.0, size, x, y]).then(self.state.ctm);
        let ink = if off { Ink::Unseen } else { Ink::Shown };
        let marks = Marks { ink, ..Marks::default() };
        self.runs.add(&Glyph { text, place, advance: width / size, em: 1.0, face: Face::default(), marks });
        std::mem::replace(&mut self.runs, page).take()
    }

    /// Puts an annotation's runs among the page's.
    pub fn insert(&mut self, runs: Vec<Run>) {
        self.runs.insert(runs);
    }

    /// Notes a link of the page.
    pub fn link(&mut self, link: Link) {
        self.page.links.push(link);
    }

    /// Notes a reader's remark.
    pub fn remark(&mut self, text: String) {
        self.page.remarks.push(text);
    }

    /// Whether a layer is off.
    pub fn is_off(&self, layer: &Object) -> bool {
        self.shared.layers.off(self.file, layer)
    }

    /// Maps an appearance's box to the `area` of its annotation (12.5.5).
    fn fitted(&self, dict: &Dictionary, area: [f32; 4]) -> Option<Matrix> {
        let numbers = self.file.numbers(dict, b"BBox")?;
        let [x0, y0, x1, y1] = numbers[..] else { return None };
        let matrix = self.matrix_of(dict);
        let shown = Rule::around(&[(x0, y0), (x1, y0), (x0, y1), (x1, y1)].map(|(x, y)| matrix.apply(x, y)));
        let (width, height) = (shown.x1 - shown.x0, shown.y1 - shown.y0);
        if !(width > 0.0 && height > 0.0) {
            return None;
        }
        let [left, low, right, high] = area;
        let (across, up) = ((right - left) / width, (high - low) / height);
        Some(Matrix([across, 0.0, 0.0, up, left - shown.x0 * across, low - shown.y0 * up]))
    }

    fn matrix_of(&self, dict: &Dictionary) -> Matrix {
        let numbers = self.file.numbers(dict, b"Matrix").unwrap_or_default();
        <[f32; 6]>::try_from(numbers).map_or(Matrix::IDENTITY, Matrix)
    }

    fn run(&mut self, content: &[u8], resources: Option<&'a Dictionary>, depth: usize) {
        self.content = self.content.saturating_add(content.len());
        let mut lexer = Lexer::new(content);
        let mut stack: Vec<Operand> = Vec::new();
        let mut fonts: HashMap<Vec<u8>, Option<Arc<Font>>> = HashMap::new();
        while let Some(token) = lexer.token() {
            match token {
                Token::Operand(operand) => {
                    if stack.len() < MOST_OPERANDS {
                        stack.push(operand);
                    }
                }
                Token::Operator(operator) => {
                    self.operators += 1;
                    if self.operators > MOST_OPERATORS || self.content > MOST_CONTENT || self.runs.full() {
                        self.page.cut = true;
                        return;
                    }
                    match operator {
                        b"ID" => lexer.skip_image(),
                        b"Do" => self.object(&stack, resources, depth),
                        b"Tf" => self.font(&stack, resources, &mut fonts),
                        b"BDC" | b"BMC" => self.mark(&stack, resources),
                        _ if self.text_operator(operator, &stack) => {}
                        _ => self.graphics_operator(operator, &stack, resources),
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
            .and_then(|reference| self.shared.font(self.file, reference));
        fonts.insert(name.clone(), font.clone());
        self.state.font = font;
    }

    fn object(&mut self, stack: &[Operand], resources: Option<&'a Dictionary>, depth: usize) {
        let Some(name) = stack.last().and_then(Operand::name) else { return };
        let listed = resources.and_then(|resources| self.file.dict(self.file.get(resources, b"XObject")?));
        let Some(named) = listed.and_then(|listed| listed.get(name).ok()) else { return };
        let object = self.file.resolve(named);
        let Ok(stream) = object.as_stream() else { return };
        let kind = self.file.get(&stream.dict, b"Subtype").and_then(|kind| kind.as_name().ok());
        let off = stream.dict.get(b"OC").is_ok_and(|layer| self.is_off(layer));
        if kind == Some(b"Image") {
            if !off {
                let [a, b, c, d, ..] = self.state.ctm.0;
                self.page.pictures += (a * d - b * c).abs();
                self.picture();
            }
            return;
        }
        if kind != Some(b"Form") || depth >= DEEPEST_FORM {
            return;
        }
        let (saved, owner) = (self.depth, self.owner);
        self.depth = depth + 1;
        self.owner = named.as_reference().ok();
        let marks = self.marks.len();
        self.mark_as(None, off);
        self.form(object, &stream.dict, resources, depth + 1);
        self.marks.truncate(marks);
        self.depth = saved;
        self.owner = owner;
    }

    /// Draws a form; it leaves the state as it was.
    fn form(&mut self, object: &'a Object, dict: &'a Dictionary, resources: Option<&'a Dictionary>, depth: usize) {
        if self.operators >= MOST_OPERATORS || self.content > MOST_CONTENT {
            return;
        }
        // What is unpacked is counted as well: a form that is long and draws nothing may be drawn a
        // million times.
        let packed = object.as_stream().map_or(0, |stream| stream.content.len());
        self.content = self.content.saturating_add(packed);
        let Some(content) = self.file.data(object) else { return };
        let state = self.state.clone();
        let (text, line, marks) = (self.text, self.line, self.marks.len());
        self.state.ctm = self.matrix_of(dict).then(self.state.ctm);
        if let Some(numbers) = self.file.numbers(dict, b"BBox")
            && let [x0, y0, x1, y1] = numbers[..]
        {
            let corners = [(x0, y0), (x1, y0), (x0, y1), (x1, y1)].map(|(x, y)| self.state.ctm.apply(x, y));
            self.state.paint.clip(Rule::around(&corners));
        }
        let own = self.file.get(dict, b"Resources").and_then(|object| self.file.dict(object)).or(resources);
        let states = std::mem::take(&mut self.saved);
        let path = std::mem::take(&mut self.path);
        self.run(&content, own, depth);
        self.path = path;
        self.saved = states;
        self.state = state;
        self.text = text;
        self.line = line;
        self.marks.truncate(marks);
    }
}
