//! One small tree for HTML and XML. XML is read strictly, without entities of its own (so nothing
//! expands), and not deeper than a limit; HTML is read as browsers do, and what nests deeper than
//! the limit becomes a sibling, as in browsers.
//!
//! Both take time in proportion to their input: adjacent texts are gathered in one buffer, and HTML
//! that would make a browser's algorithm take the square of it (elements that are never closed,
//! attributes without number) is flattened first ([`tamed`]).

mod tamed;

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use scraper::{Html, Node as ScraperNode};

use super::archive::{damaged_because, too_complex};
use lectern_core::Failure;
use tamed::{VOID, tag_name, tamed};

/// How deep elements may nest. Walkers recurse, so this bounds their stack.
const DEPTH: usize = 200;

/// An element.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Element {
    /// The local name; in HTML in lower case.
    pub name: Box<str>,
    /// Qualified names and values.
    pub attributes: Vec<(Box<str>, Box<str>)>,
    pub children: Vec<Node>,
}

/// A child of an element.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Node {
    Element(Element),
    Text(Box<str>),
}

impl Element {
    /// The attribute of this qualified name.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(key, _)| &**key == name).map(|(_, value)| &**value)
    }

    /// The attribute of this local name, whatever its prefix.
    pub fn local(&self, name: &str) -> Option<&str> {
        let local = |key: &str| key.rsplit_once(':').map_or(key, |(_, local)| local) == name;
        self.attributes.iter().find(|(key, _)| local(key)).map(|(_, value)| &**value)
    }

    /// The child elements.
    pub fn elements(&self) -> impl Iterator<Item = &Self> {
        self.children.iter().filter_map(|node| match node {
            Node::Element(element) => Some(element),
            Node::Text(_) => None,
        })
    }

    /// The first child element of this name.
    pub fn child(&self, name: &str) -> Option<&Self> {
        self.elements().find(|element| &*element.name == name)
    }

    /// The `val` attribute of the child of this name: how Office writes most properties.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.child(name)?.local("val")
    }

    /// This element and all below it, in document order.
    pub fn all(&self) -> Vec<&Self> {
        let mut found = Vec::new();
        let mut open = vec![self];
        while let Some(element) = open.pop() {
            found.push(element);
            let from = open.len();
            open.extend(element.elements());
            if let Some(added) = open.get_mut(from..) {
                added.reverse();
            }
        }
        found
    }

    /// The first element of this name, here or below.
    pub fn find(&self, name: &str) -> Option<&Self> {
        self.all().into_iter().find(|element| &*element.name == name)
    }

    /// All text below, as it stands.
    pub fn text(&self) -> String {
        let mut text = String::new();
        self.add_text(&mut text);
        text
    }

    /// The text below that a reader would see: without that of scripts, styles and what they stand
    /// for.
    pub fn shown_text(&self) -> String {
        let mut text = String::new();
        self.add_shown(&mut text);
        text
    }

    fn add_shown(&self, text: &mut String) {
        for node in &self.children {
            match node {
                Node::Text(part) => text.push_str(part),
                Node::Element(child)
                    if matches!(&*child.name, "script" | "style" | "template" | "noscript" | "head") => {}
                Node::Element(child) => {
                    // Blocks divide words, and so may what looks like one.
                    if !matches!(
                        &*child.name,
                        "b" | "i" | "em" | "strong" | "u" | "sub" | "sup" | "span" | "a" | "font"
                    ) {
                        text.push(' ');
                    }
                    child.add_shown(text);
                }
            }
        }
    }

    fn add_text(&self, text: &mut String) {
        for node in &self.children {
            match node {
                Node::Text(part) => text.push_str(part),
                Node::Element(element) => element.add_text(text),
            }
        }
    }
}

/// Parses XML.
///
/// # Errors
/// `DOCUMENT_DAMAGED` where it is not well-formed or names an entity that neither XML nor HTML has,
/// `DOCUMENT_TOO_COMPLEX` where it nests too deeply. `name` names the part in messages.
pub(super) fn parse_xml(name: &str, text: &str) -> Result<Element, Failure> {
    let broken =
        |error: &dyn std::fmt::Display| damaged_because(&format!("its part {name} is not well-formed XML ({error})"));
    let mut reader = Reader::from_str(text);
    // The last element is the open one; the first holds the root.
    let mut open = vec![Element::default()];
    let mut gathered = String::new();
    // Texts and entities that follow each other are one node, which is made once.
    let end_text = |open: &mut [Element], gathered: &mut String| {
        if open.len() > 1 && !gathered.is_empty() {
            add(open, Node::Text(gathered.as_str().into()));
        }
        gathered.clear();
    };
    loop {
        match reader.read_event().map_err(|error| broken(&error))? {
            Event::Start(start) => {
                end_text(&mut open, &mut gathered);
                if open.len() > DEPTH {
                    return Err(too_complex(format!(
                        "the part {name} of the document nests deeper than {DEPTH} elements; simplify it"
                    )));
                }
                open.push(element(&start).map_err(|error| broken(&error))?);
            }
            Event::Empty(start) => {
                end_text(&mut open, &mut gathered);
                let empty = element(&start).map_err(|error| broken(&error))?;
                add(&mut open, Node::Element(empty));
            }
            Event::End(_) => {
                end_text(&mut open, &mut gathered);
                if open.len() > 1
                    && let Some(done) = open.pop()
                {
                    add(&mut open, Node::Element(done));
                }
            }
            Event::Text(text) => gathered.push_str(&text.xml10_content()),
            Event::CData(text) => gathered.push_str(&text.xml10_content()),
            Event::GeneralRef(reference) => {
                let char = reference.resolve_char_ref().map_err(|error| broken(&error))?;
                if let Some(char) = char {
                    gathered.push(char);
                } else {
                    let entity = reference.xml10_content();
                    let text = entity_text(&entity).ok_or_else(|| broken(&format!("unknown entity &{entity};")))?;
                    gathered.push_str(text);
                }
            }
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => {}
            Event::Eof => break,
        }
    }
    if open.len() > 1 {
        return Err(broken(&"it ends within an element"));
    }
    let root = open.pop().and_then(|top| {
        top.children.into_iter().find_map(|node| match node {
            Node::Element(root) => Some(root),
            Node::Text(_) => None,
        })
    });
    root.ok_or_else(|| broken(&"it has no element"))
}

/// Adds a node to the innermost open element.
fn add(open: &mut [Element], node: Node) {
    if let Some(last) = open.last_mut() {
        last.children.push(node);
    }
}

/// The entities of XML and HTML; a document's own are not expanded.
fn entity_text(name: &str) -> Option<&'static str> {
    quick_xml::escape::resolve_predefined_entity(name).or_else(|| quick_xml::escape::resolve_html5_entity(name))
}

fn element(start: &BytesStart<'_>) -> Result<Element, quick_xml::Error> {
    let mut attributes = Vec::new();
    for attribute in start.attributes().with_checks(false) {
        let attribute = attribute?;
        let key: &str = attribute.key.as_ref();
        if key == "xmlns" || key.starts_with("xmlns:") {
            continue;
        }
        let value = attribute.normalized_value_with(quick_xml::XmlVersion::Implicit1_0, 4, entity_text)?;
        attributes.push((key.into(), value.into()));
    }
    let local = start.local_name();
    Ok(Element { name: local.as_ref().into(), attributes, children: Vec::new() })
}

/// Parses XHTML that is not well-formed. HTML knows no `<title/>`: it would take the rest of the
/// file for the title, so elements that close themselves are closed by a tag of their own first.
pub(super) fn parse_xhtml(text: &str) -> Element {
    parse_html(&expanded(text))
}

/// `text` with `<a/>` as `<a></a>`, for all elements but those that HTML closes by itself and those
/// of SVG and MathML, where HTML knows the short form as well.
fn expanded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('<') {
        let (before, tag) = rest.split_at(at);
        out.push_str(before);
        let skipped =
            [("<!--", "-->"), ("<![CDATA[", "]]>"), ("<?", "?>")].iter().find(|(begin, _)| tag.starts_with(begin));
        if let Some((_, close)) = skipped {
            let end = tag.find(close).map_or(tag.len(), |end| end + close.len());
            let (whole, after) = tag.split_at(end);
            out.push_str(whole);
            rest = after;
            continue;
        }
        let end = tag_end(tag);
        let (whole, after) = tag.split_at(end);
        let name = tag_name(whole);
        let alone = whole.strip_suffix("/>").filter(|_| !name.is_empty() && !VOID.contains(&name.as_str()));
        match alone {
            Some(inner) => {
                out.push_str(inner);
                out.push_str("></");
                out.push_str(&name);
                out.push('>');
            }
            None => out.push_str(whole),
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

/// Where the tag that `text` begins with ends, behind its `>`; quoted values may hold one.
fn tag_end(text: &str) -> usize {
    let mut quote = None;
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match (quote, byte) {
            (Some(open), byte) if open == byte => quote = None,
            (Some(_), _) => {}
            (None, b'"' | b'\'') => quote = Some(byte),
            (None, b'>') => return at + 1,
            // A tag that was cut off.
            (None, b'<') => return at,
            (None, _) => {}
        }
    }
    text.len()
}

/// Parses HTML as browsers do: any text is a page.
pub(super) fn parse_html(text: &str) -> Element {
    let html = Html::parse_document(&tamed(text));
    let mut open = vec![Element::default()];
    // How many of the open elements are too deep: their children become the siblings that follow
    // them.
    let mut too_deep = 0_usize;
    for edge in html.tree.root().traverse() {
        match edge {
            ego_tree::iter::Edge::Open(node) => match node.value() {
                ScraperNode::Element(element) => {
                    let element = Element {
                        name: element.name().into(),
                        attributes: element.attrs().map(|(key, value)| (key.into(), value.into())).collect(),
                        children: Vec::new(),
                    };
                    if open.len() > DEPTH {
                        too_deep += 1;
                        add(&mut open, Node::Element(element));
                    } else {
                        open.push(element);
                    }
                }
                ScraperNode::Text(text) => add(&mut open, Node::Text((&**text).into())),
                ScraperNode::Document
                | ScraperNode::Fragment
                | ScraperNode::Doctype(_)
                | ScraperNode::Comment(_)
                | ScraperNode::ProcessingInstruction(_) => {}
            },
            ego_tree::iter::Edge::Close(node) if node.value().is_element() => {
                if too_deep > 0 {
                    too_deep -= 1;
                } else if let Some(done) = open.pop() {
                    add(&mut open, Node::Element(done));
                }
            }
            ego_tree::iter::Edge::Close(_) => {}
        }
    }
    open.pop().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use lectern_core::Reason;

    #[test]
    fn xml_keeps_text_and_attributes_and_expands_nothing_of_its_own() {
        let root = parse_xml(
            "x",
            "<?xml version='1.0'?><w:p r:id='a&amp;b' xmlns:w='u'>x &lt;&nbsp;<![CDATA[<y>]]>&#65;</w:p>",
        )
        .unwrap();
        assert_eq!((&*root.name, root.local("id"), root.text().as_str()), ("p", Some("a&b"), "x <\u{a0}<y>A"));
        let bomb = "<!DOCTYPE a [<!ENTITY l 'lol'><!ENTITY m '&l;&l;'>]><a>&m;</a>";
        assert_eq!(parse_xml("x", bomb).unwrap_err().reason, Reason::DocumentDamaged);
        for broken in ["", "<a>", "<a></b>", "text"] {
            assert_eq!(parse_xml("x", broken).unwrap_err().reason, Reason::DocumentDamaged, "{broken}");
        }
    }

    #[test]
    fn xhtml_that_is_not_well_formed_keeps_what_follows_an_element_that_closes_itself() {
        for head in [
            "<title/>",
            "<script src='a>b.js'/>",
            "<style />",
            "<script/><title>x</title>",
            "<!-- <title/> --><title/>",
        ] {
            let page = format!("<html><head>{head}</head><body><p>One & <a id='n'/>two<br/>three.</p></body></html>");
            let root = parse_xhtml(&page);
            let body = root.find("body").unwrap();
            assert_eq!(body.text(), "One & twothree.", "{head}");
            assert_eq!(body.find("a").unwrap().text(), "", "{head}");
        }
        assert_eq!(parse_xhtml("<p>cut <b").find("p").unwrap().text().trim(), "cut");
    }

    #[test]
    fn a_text_with_entities_is_one_node() {
        let root = parse_xml("x", &format!("<p>{}</p>", "a&amp;".repeat(1_000))).unwrap();
        assert_eq!((root.children.len(), root.text().len()), (1, 2_000));
    }

    #[test]
    fn depth_is_limited() {
        let deep = format!("{}x{}", "<div>".repeat(5_000), "</div>".repeat(5_000));
        assert_eq!(parse_xml("x", &deep).unwrap_err().reason, Reason::DocumentTooComplex);
        let root = parse_html(&deep);
        assert_eq!(root.text(), "x");
        let (mut depth, mut element) = (0, &root);
        while let Some(child) = element.elements().last() {
            (depth, element) = (depth + 1, child);
        }
        assert!(depth <= DEPTH + 3, "{depth}");
    }
}
