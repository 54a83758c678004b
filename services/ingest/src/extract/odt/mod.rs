//! ODT: the text of an OpenDocument package, or of one flat XML file (ODF 1.3), with its styles,
//! list and heading numbers, notes, tables, frames, formulas, heads and feet.
//!
//! Tracked changes are read by the final state; what they deleted, comments, hidden text and
//! unfilled placeholders are listed and not spoken. It cannot read: the text of linked sections and
//! of embedded spreadsheets, text documents and OLE objects (their replacement's description is
//! read), the data of charts (their title is read), numbers in scripts other than Latin (they come
//! out as digits), and how text is arranged on a page: frames are read where they are anchored.

mod body;
mod budget;
mod count;
mod lists;
mod runs;
mod styles;
mod table;

use std::collections::HashMap;

use lectern_core::Failure;
use lectern_core::content::document::{Content, Furniture};

use super::archive::{Archive, damaged_because, encrypted};
use super::assembly::{Assembly, Meta};
use super::dom::{Element, parse_xml};
use super::encoding::decode;
use super::html::{formula, resolve};
use body::Body;
use lists::ListStyles;
use styles::Styles;

/// The media type of text documents; templates, master documents and those for the web have it as
/// their beginning.
pub(super) const MEDIA_TYPE: &str = "application/vnd.oasis.opendocument.text";

/// An embedded object.
#[derive(Debug, Clone)]
enum Object {
    Formula {
        text: String,
        latex: bool,
    },
    /// What is known of anything else.
    Titled(String),
}

/// What the text of one part needs beside it.
#[derive(Debug, Default)]
struct Part<'d> {
    styles: Styles,
    lists: ListStyles,
    objects: HashMap<String, Object>,
    /// What tracked changes deleted, by the change's id.
    deletions: HashMap<&'d str, &'d Element>,
    /// What form controls hold, by id.
    controls: HashMap<&'d str, &'d str>,
}

impl Part<'_> {
    /// The object that a frame holds: one of the package's, or one within the element.
    fn object(&self, element: &Element) -> Option<Object> {
        match element.local("href") {
            Some(href) => self.objects.get(href).cloned(),
            None => element.elements().next().map(object),
        }
    }
}

/// The roots of the parts that are read.
#[derive(Debug, Default)]
struct Roots {
    content: Element,
    styles: Option<Element>,
    meta: Option<Element>,
    objects: HashMap<String, Object>,
}

/// An ODT to blocks.
///
/// # Errors
/// `DOCUMENT_ENCRYPTED` with a password, `DOCUMENT_DAMAGED` without a readable text,
/// `DOCUMENT_EMPTY` without words, and those of archives.
pub(super) fn extract(source: &[u8]) -> Result<Content, Failure> {
    let mut archive = Archive::open(source)?;
    let manifest = optional(&mut archive, "META-INF/manifest.xml")?;
    if manifest.is_some_and(|root| root.find("encryption-data").is_some()) {
        return Err(encrypted("the OpenDocument file is"));
    }
    let content = parse_xml("content.xml", &decode(&archive.need("content.xml")?).text)?;
    let mut objects = HashMap::new();
    for element in content.all().into_iter().filter(|part| &*part.name == "object") {
        let Some(href) = element.local("href").filter(|href| !objects.contains_key(*href)) else { continue };
        let path = format!("{}/content.xml", resolve("", href));
        // An object that cannot be read is a picture of which nothing is known.
        if let Ok(Some(root)) = optional(&mut archive, &path) {
            objects.insert(href.to_owned(), object(&root));
        }
    }
    let (styles, meta) = (optional(&mut archive, "styles.xml")?, optional(&mut archive, "meta.xml")?);
    blocks(Roots { content, styles, meta, objects })
}

/// A flat OpenDocument file (`.fodt`) to blocks.
///
/// # Errors
/// As [`extract`].
pub(super) fn extract_flat(text: &str) -> Result<Content, Failure> {
    let content = parse_xml("office:document", text)?;
    blocks(Roots { content, ..Roots::default() })
}

fn blocks(roots: Roots) -> Result<Content, Failure> {
    let Roots { content, styles, meta: about, objects } = roots;
    let text = content.child("body").and_then(|body| body.child("text"));
    let text = text.ok_or_else(|| damaged_because("it has no text in it"))?;
    let outside = styles.as_ref().unwrap_or(&content);
    // Automatic styles of the text and of the page have the same names and are not the same.
    let page = part(&[outside.child("styles"), outside.child("automatic-styles")]);
    let mut main = part(&[outside.child("styles"), content.child("automatic-styles")]);
    main.objects = objects;
    main.deletions = deletions(text);
    main.controls = controls(text);
    let mut assembly = Assembly { meta: meta(about.as_ref().unwrap_or(&content)), ..Assembly::default() };
    if assembly.meta.language.is_none() {
        assembly.meta.language = main.styles.language.clone().filter(|language| !language.is_empty());
    }
    // The heads of all pages come first: they have no place in the text.
    let mut pages = Body::new(&mut assembly, &page);
    let masters = outside.child("master-styles");
    for master in masters.into_iter().flat_map(Element::elements).filter(|part| &*part.name == "master-page") {
        for part in master.elements().filter(|part| part.local("display") != Some("false")) {
            match &*part.name {
                "header" | "header-left" | "header-first" => pages.furniture(part, Furniture::RunningHead),
                "footer" | "footer-left" | "footer-first" => pages.furniture(part, Furniture::RunningFoot),
                _ => {}
            }
        }
    }
    if text.find("section-source").is_some_and(|source| source.local("href").is_some()) {
        assembly
            .warn("LINKED_SECTION", "a section's text is taken from another file, of which only the last copy is read");
    }
    Body::new(&mut assembly, &main).read(text)?;
    assembly.finish(MEDIA_TYPE, "odt/3")
}

fn optional(archive: &mut Archive<'_>, name: &str) -> Result<Option<Element>, Failure> {
    match archive.read(name)? {
        Some(bytes) => parse_xml(name, &decode(&bytes).text).map(Some),
        None => Ok(None),
    }
}

fn part<'d>(roots: &[Option<&'d Element>]) -> Part<'d> {
    let mut part = Part::default();
    for root in roots.iter().copied().flatten() {
        part.styles.add(root);
        part.lists.add(root);
    }
    part
}

/// An object from the root of its content: a formula, or a chart or other document with its title.
fn object(root: &Element) -> Object {
    if let Some(math) = root.find("math") {
        let (text, latex) = formula(math);
        return Object::Formula { text, latex };
    }
    let chart = root.find("chart").and_then(|chart| chart.child("title"));
    Object::Titled(chart.map(Element::text).unwrap_or_default())
}

fn deletions(text: &Element) -> HashMap<&str, &Element> {
    let regions = text.elements().filter(|part| &*part.name == "tracked-changes").flat_map(Element::elements);
    regions.filter_map(|region| Some((region.local("id")?, region.child("deletion")?))).collect()
}

/// What the controls of the document's forms say, by id: the value that was filled in, or the text
/// of a label.
fn controls(text: &Element) -> HashMap<&str, &str> {
    let forms = text.elements().filter(|part| &*part.name == "forms").flat_map(Element::all);
    forms
        .filter_map(|control| {
            let said = match &*control.name {
                "text" | "textarea" | "combobox" | "formatted-text" | "number" | "date" | "time" => {
                    control.local("current-value").or_else(|| control.local("value"))
                }
                "fixed-text" => control.local("label"),
                _ => None,
            };
            Some((control.local("id")?, said?))
        })
        .collect()
}

/// What the document says of itself.
fn meta(root: &Element) -> Meta {
    let Some(about) = root.child("meta") else { return Meta::default() };
    let text = |name: &str| about.child(name).map(|part| part.text().trim().to_owned()).filter(|text| !text.is_empty());
    // The creator of the newest state is whoever saved it last.
    let authors = text("initial-creator").or_else(|| text("creator"));
    let authors =
        authors.map(|names| names.split(';').map(|name| name.trim().to_owned()).collect()).unwrap_or_default();
    Meta { title: text("title"), authors, language: text("language"), pages: None }
}
