//! PPTX: the slides of a presentation in the order in which they are shown (ECMA-376, part 1,
//! chapter 19), with their titles as headings, bullets and numbers as their layouts print them,
//! tables, the text of `SmartArt`, descriptions of pictures, formulas, and the speaker's notes.
//!
//! - A slide is a page. Its title comes first, then its shapes in the order that screen readers
//!   follow (that of the file, which PowerPoint shows as the reading order), groups from within.
//! - The speaker's notes are footnotes with the label `notes` behind their slide, so that callers
//!   choose whether they are spoken.
//! - Hidden slides, comments, and footers, dates and slide numbers are listed and not spoken. What
//!   stands on a master or a layout is never read: it is decoration, or a prompt.
//!
//! It cannot read: the data of charts (their title is read), embedded files and media (their
//! description is read), the order in which an animation shows things, and the names of sections.

mod bullets;
mod shapes;
mod smartart;
mod text;

use std::collections::HashMap;

use lectern_core::Failure;
use lectern_core::content::document::{BlockKind, Content, Furniture};

use super::archive::{Archive, too_complex};
use super::assembly::{Assembly, Draft, language_tag};
use super::dom::Element;
use super::inline::Line;
use super::opc::{self, Relation, is_on};
use shapes::Reader;

/// The most slides. A talk of a minute a slide would take more than a month of working days.
const SLIDES: usize = 10_000;

/// The label of the speaker's notes.
pub(super) const NOTES_LABEL: &str = "notes";

/// What one slide is read from.
#[derive(Debug)]
struct Slide {
    root: Element,
    relations: Vec<Relation>,
    layout: Option<Element>,
    notes: Option<Element>,
    /// Parts that its shapes refer to, by relationship.
    parts: HashMap<String, Element>,
    comments: Vec<Element>,
}

/// A PPTX to blocks.
///
/// # Errors
/// `DOCUMENT_DAMAGED` without a readable presentation, `DOCUMENT_EMPTY` without words or slides,
/// and those of archives.
pub(super) fn extract(source: &[u8]) -> Result<Content, Failure> {
    let mut archive = Archive::open(source)?;
    let main = opc::main_part(&mut archive, "ppt/presentation.xml")?;
    let presentation = opc::needed(&mut archive, &main)?;
    let relations = opc::relations(&mut archive, &main)?;
    let mut layouts = Layouts::default();
    let mut assembly = Assembly { meta: opc::core_properties(&mut archive)?, ..Assembly::default() };
    let order = order(&presentation, &relations);
    if order.len() > SLIDES {
        return Err(too_complex(format!("the presentation has more than {SLIDES} slides; split it")));
    }
    let mut slides = Vec::new();
    for path in &order {
        slides.push(slide(&mut archive, path, &mut layouts)?);
    }
    assembly.meta.pages = u32::try_from(slides.len()).ok();
    let has_parts = slides.iter().any(|slide| slide.begins_part());
    for (slide, number) in slides.iter().zip(1_u32..) {
        let level = if has_parts && !slide.begins_part() { 2 } else { 1 };
        read(&mut assembly, &layouts, slide, number, level);
    }
    keep_other_languages(&mut assembly);
    assembly.finish("application/vnd.openxmlformats-officedocument.presentationml.presentation", "pptx/2")
}

/// The slides' paths, in the order of the presentation.
fn order(presentation: &Element, relations: &[Relation]) -> Vec<String> {
    let list = presentation.child("sldIdLst").into_iter().flat_map(Element::elements);
    let path = |slide: &Element| {
        // `id` is the slide's number, `r:id` its relationship; the prefix may be any.
        let ids = slide.attributes.iter().filter(|(key, _)| key.ends_with(":id"));
        let mut found = ids.filter_map(|(_, id)| relations.iter().find(|relation| relation.id == **id));
        found.next().map(|relation| relation.target.clone())
    };
    list.filter_map(path).collect()
}

/// The layouts and masters, by path, read once.
#[derive(Debug, Default)]
struct Layouts {
    masters: HashMap<String, Element>,
    /// The path of each layout's master.
    of_layout: HashMap<String, String>,
    layouts: HashMap<String, Element>,
}

impl Layouts {
    fn load(&mut self, archive: &mut Archive<'_>, path: &str) -> Result<Option<Element>, Failure> {
        if let Some(known) = self.layouts.get(path) {
            return Ok(Some(known.clone()));
        }
        let Some(root) = opc::optional(archive, path)? else { return Ok(None) };
        let master = opc::relations(archive, path)?.into_iter().find(|relation| relation.kind == "slideMaster");
        if let Some(master) = master {
            if let (false, Some(root)) =
                (self.masters.contains_key(&master.target), opc::optional(archive, &master.target)?)
            {
                self.masters.insert(master.target.clone(), root);
            }
            self.of_layout.insert(path.to_owned(), master.target);
        }
        self.layouts.insert(path.to_owned(), root.clone());
        Ok(Some(root))
    }

    fn master(&self, slide: &Slide) -> Option<&Element> {
        let layout = slide.relations.iter().find(|relation| relation.kind == "slideLayout")?;
        self.masters.get(self.of_layout.get(&layout.target)?)
    }
}

fn slide(archive: &mut Archive<'_>, path: &str, layouts: &mut Layouts) -> Result<Slide, Failure> {
    let root = opc::needed(archive, path)?;
    let relations = opc::relations(archive, path)?;
    let mut slide =
        Slide { root, relations: Vec::new(), layout: None, notes: None, parts: HashMap::new(), comments: Vec::new() };
    for relation in relations.iter().filter(|relation| !relation.external) {
        match relation.kind.as_str() {
            "slideLayout" => slide.layout = layouts.load(archive, &relation.target)?,
            "notesSlide" => slide.notes = opc::optional(archive, &relation.target)?,
            "chart" | "diagramData" => {
                // A chart that cannot be read is a picture of which nothing is known.
                if let Ok(Some(part)) = opc::optional(archive, &relation.target) {
                    slide.parts.insert(relation.id.clone(), part);
                }
            }
            "comments" => slide.comments.extend(opc::optional(archive, &relation.target)?),
            _ => {}
        }
    }
    slide.relations = relations;
    Ok(slide)
}

impl Slide {
    /// Whether it begins a part: a title slide or the head of a section, by its layout.
    fn begins_part(&self) -> bool {
        let kind = self.layout.as_ref().and_then(|layout| layout.attribute("type"));
        matches!(kind, Some("title" | "secHead"))
    }

    fn hidden(&self) -> bool {
        self.root.attribute("show").is_some_and(|show| !is_on(show))
    }
}

fn read(assembly: &mut Assembly, layouts: &Layouts, slide: &Slide, number: u32, level: u8) {
    let first = assembly.drafts.len();
    let links = opc::external(&slide.relations);
    let reader = Reader {
        links: &links,
        parts: &slide.parts,
        layout: slide.layout.as_ref(),
        master: layouts.master(slide),
        level,
    };
    assembly.drafts.extend(reader.slide(&slide.root));
    if let Some(notes) = &slide.notes {
        assembly.drafts.extend(reader.notes(notes));
    }
    for comment in slide.comments.iter().flat_map(Element::elements) {
        let text: Vec<String> =
            comment.all().iter().filter(|part| matches!(&*part.name, "text" | "t")).map(|part| part.text()).collect();
        let kind = BlockKind::Furniture { furniture: Furniture::Comment };
        assembly.push(Draft::new(kind, Line::plain(&text.join(" "))));
    }
    for draft in assembly.drafts.iter_mut().skip(first) {
        draft.page = Some(number);
        if slide.hidden() && !matches!(draft.kind, BlockKind::Furniture { .. }) {
            draft.kind = BlockKind::Furniture { furniture: Furniture::Hidden };
            draft.line = Line::plain(&draft.line.text);
        }
    }
}

/// Programs write the keyboard's language into every run, so the language that most of the text
/// names says nothing: the words decide. What names another one is in another one.
fn keep_other_languages(assembly: &mut Assembly) {
    let primary = |tag: &Option<String>| {
        let tag = tag.as_deref().and_then(language_tag)?;
        tag.split('-').next().map(str::to_owned)
    };
    let mut letters: HashMap<Option<String>, usize> = HashMap::new();
    for draft in &assembly.drafts {
        *letters.entry(primary(&draft.language)).or_default() += draft.line.text.len();
    }
    let most = letters.into_iter().max_by(|one, other| (one.1, &other.0).cmp(&(other.1, &one.0)));
    let most = most.and_then(|(language, _)| language);
    for draft in &mut assembly.drafts {
        if primary(&draft.language) == most {
            draft.language = None;
        }
    }
}
