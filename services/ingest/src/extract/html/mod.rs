//! HTML: web pages, the XHTML of books, and fragments within Markdown. Everything that can be seen
//! becomes a block; a site's menus, buttons, footers and readers' comments become furniture, and so
//! does what is hidden or struck out.
//!
//! What it can: headings, lists, tables, code, quotations, notes in the ways of ARIA, `epub:type`,
//! common converters and plain links, MathML and LaTeX, ruby, verse by its line breaks, pages
//! within the lines of another format. What it cannot: text that scripts would add, and what a
//! style sheet (rather than an attribute) hides or puts in another order.

mod contents;
mod math;
mod notes;
mod regions;
mod tables;
mod walk;
mod wrapped;

use lectern_core::Failure;
use lectern_core::content::document::{Content, Matter};

use super::assembly::{Assembly, Meta, language_tag};
use super::dom::{Element, parse_html};
use super::encoding::Decoded;
use super::text::warn_encoding;
use contents::Contents;
use regions::Regions;
use walk::{Place, Walk};
use wrapped::Part;

pub(super) use math::formula;
pub(super) use notes::typed;
pub(super) use tables::{Cell, grid};

/// What is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// A page of a web site, with the site around it.
    Page,
    /// A chapter of a book, or a piece of HTML in another format.
    Part,
}

/// The names of one file's anchors, and its language.
#[derive(Debug, Default)]
pub(super) struct Links {
    /// The file within its archive; empty for a single page.
    pub file: String,
    /// The document's language.
    pub language: Option<String>,
}

impl Links {
    /// The name of the anchor `id` of this file.
    pub fn anchor(&self, id: &str) -> String {
        format!("{}#{id}", self.file)
    }

    /// The name of the anchor that `href` leads to, if it leads to one in the document.
    pub fn target(&self, href: &str) -> Option<String> {
        let (path, fragment) = href.split_once('#')?;
        if path.contains(':') || (self.file.is_empty() && !path.is_empty()) {
            return None;
        }
        let file = if path.is_empty() { self.file.clone() } else { resolve(&self.file, path) };
        Some(format!("{file}#{}", percent_decode(fragment)))
    }

    /// Whether `language` is another one than the document's.
    pub fn differs(&self, language: Option<&str>) -> bool {
        let primary = |tag: &str| tag.split(['-', '_']).next().unwrap_or_default().to_ascii_lowercase();
        match (language, &self.language) {
            (Some(one), Some(other)) => primary(one) != primary(other),
            (None | Some(_), _) => false,
        }
    }
}

/// The path that `relative` names, seen from the file `from`.
pub(super) fn resolve(from: &str, relative: &str) -> String {
    let relative = percent_decode(relative);
    let mut parts: Vec<&str> = if relative.starts_with('/') { Vec::new() } else { from.split('/').collect() };
    parts.pop();
    for part in relative.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            name => parts.push(name),
        }
    }
    parts.join("/")
}

fn percent_decode(text: &str) -> String {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        if let ([b'%', _, _, tail @ ..], Some(high), Some(low)) =
            (rest, rest.get(1).copied().and_then(digit), rest.get(2).copied().and_then(digit))
        {
            bytes.push(high * 16 + low);
            rest = tail;
        } else {
            bytes.push(*first);
            rest = after;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A web page to blocks.
///
/// # Errors
/// `DOCUMENT_EMPTY` without words.
pub(super) fn extract(decoded: Decoded) -> Result<Content, Failure> {
    let mut assembly = Assembly::default();
    warn_encoding(&mut assembly, &decoded);
    for part in wrapped::parts(&decoded.text) {
        match part {
            Part::Around(text) => wrapped::set_aside(text, &mut assembly),
            Part::Page(text) => {
                let root = parse_html(text);
                let page = root.find("html").unwrap_or(&root);
                let meta = meta(page);
                let links = Links { file: String::new(), language: meta.language.clone() };
                // The first page of several is the document, and the others belong to it.
                if assembly.meta.title.is_none() {
                    assembly.meta = meta;
                }
                read(page, Mode::Page, &links, Matter::Body, &mut assembly);
            }
        }
    }
    assembly.finish("text/html", "html/4")
}

/// A piece of HTML within another format.
pub(super) fn fragment(html: &str, assembly: &mut Assembly) {
    let root = parse_html(html);
    read(&root, Mode::Part, &Links::default(), Matter::Body, assembly);
}

/// Reads the body of `page`.
pub(super) fn read(page: &Element, mode: Mode, links: &Links, outer: Matter, assembly: &mut Assembly) {
    let body = page.find("body").unwrap_or(page);
    let regions = if mode == Mode::Page { Regions::of(page) } else { Regions::default() };
    let place = Place::within(matter(body).unwrap_or(outer));
    // A file of an archive is one of several.
    let contents = Contents::of(page, links.file.is_empty());
    let first = assembly.drafts.len();
    Walk::new(assembly, mode, links, regions, contents).run(body, place);
    if mode == Mode::Page {
        contents::join_titles(assembly.drafts.get_mut(first..).unwrap_or_default());
    }
}

/// What `<head>` says.
fn meta(page: &Element) -> Meta {
    let Some(head) = page.find("head") else { return Meta::default() };
    let named = |name: &'static str| {
        head.elements().filter(move |part| {
            &*part.name == "meta"
                && (part.attribute("name").is_some_and(|key| key.eq_ignore_ascii_case(name))
                    || part.attribute("property") == Some(name))
        })
    };
    let content =
        |part: &Element| part.attribute("content").map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    let first = |name: &'static str| named(name).find_map(content);
    let title = head.child("title").map(|title| title.text().split_whitespace().collect::<Vec<_>>().join(" "));
    let heading = page.find("h1").map(|h1| h1.text().split_whitespace().collect::<Vec<_>>().join(" "));
    // A page's title often adds the site's name; its top heading does not.
    let title = match (title.filter(|text| !text.is_empty()), heading.filter(|text| !text.is_empty())) {
        (Some(title), Some(heading)) if title.contains(&heading) => Some(heading),
        (title, _) => first("citation_title").or_else(|| first("og:title")).or(title),
    };
    let mut authors: Vec<String> = Vec::new();
    for name in ["citation_author", "author", "dcterms.creator", "DC.creator"] {
        if authors.is_empty() {
            authors.extend(named(name).filter_map(content));
        }
    }
    let language = page.attribute("lang").or_else(|| page.attribute("xml:lang")).and_then(language_tag);
    Meta { title, authors, language: language.or_else(|| first("content-language")), pages: None }
}

/// Where an element says that it belongs.
pub(super) fn matter(element: &Element) -> Option<Matter> {
    let roles = |list: &[&str]| typed(element, list, &[]);
    if roles(&["bibliography", "doc-bibliography"]) {
        Some(Matter::References)
    } else if roles(&[
        "frontmatter",
        "titlepage",
        "halftitlepage",
        "copyright-page",
        "dedication",
        "doc-dedication",
        "imprint",
        "imprimatur",
        "toc",
        "doc-toc",
        "loi",
        "lot",
        "landmarks",
        "cover",
        "doc-cover",
        "acknowledgments",
        "doc-acknowledgments",
    ]) && !roles(&["preface", "foreword", "introduction", "prologue"])
    {
        Some(Matter::Front)
    } else if roles(&["backmatter", "index", "doc-index", "colophon", "doc-colophon"])
        && !roles(&[
            "footnotes",
            "endnotes",
            "rearnotes",
            "doc-endnotes",
            "appendix",
            "afterword",
            "conclusion",
            "epilogue",
        ])
    {
        Some(Matter::Back)
    } else if roles(&[
        "bodymatter",
        "chapter",
        "doc-chapter",
        "part",
        "preface",
        "doc-preface",
        "foreword",
        "doc-foreword",
        "introduction",
        "doc-introduction",
        "prologue",
    ]) {
        Some(Matter::Body)
    } else {
        None
    }
}
