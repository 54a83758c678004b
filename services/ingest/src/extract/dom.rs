//! One small tree for HTML and XML. XML is read strictly, without entities of its own (so nothing expands), and not deeper than
//! a limit; HTML is read as browsers do, and what nests deeper than the limit becomes a sibling, as in browsers.

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use scraper::{Html, Node as ScraperNode};

use super::archive::{damaged_because, too_complex};
use lectern_core::Failure;

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
/// `DOCUMENT_DAMAGED` where it is not well-formed or names an entity that neither XML nor HTML has, `DOCUMENT_TOO_COMPLEX`
/// where it nests too deeply. `name` names the part in messages.
pub(super) fn parse_xml(name: &str, text: &str) -> Result<Element, Failure> {
    let broken =
        |error: &dyn std::fmt::Display| damaged_because(&format!("its part {name} is not well-formed XML ({error})"));
    let mut reader = Reader::from_str(text);
    // The last element is the open one; the first holds the root.
    let mut open = vec![Element::default()];
    let add = |open: &mut Vec<Element>, node: Node| {
        if let Some(last) = open.last_mut() {
            last.children.push(node);
        }
    };
    let add_text = |open: &mut Vec<Element>, text: &str| {
        if let Some(Node::Text(before)) = open.last_mut().and_then(|last| last.children.last_mut()) {
            *before = format!("{before}{text}").into();
        } else if open.len() > 1 && !text.is_empty() {
            add(open, Node::Text(text.into()));
        }
    };
    loop {
        match reader.read_event().map_err(|error| broken(&error))? {
            Event::Start(start) => {
                if open.len() > DEPTH {
                    return Err(too_complex(format!(
                        "the part {name} of the document nests deeper than {DEPTH} elements; simplify it"
                    )));
                }
                open.push(element(&start).map_err(|error| broken(&error))?);
            }
            Event::Empty(start) => {
                let empty = element(&start).map_err(|error| broken(&error))?;
                add(&mut open, Node::Element(empty));
            }
            Event::End(_) => {
                if open.len() > 1
                    && let Some(done) = open.pop()
                {
                    add(&mut open, Node::Element(done));
                }
            }
            Event::Text(text) => add_text(&mut open, &text.xml10_content()),
            Event::CData(text) => add_text(&mut open, &text.xml10_content()),
            Event::GeneralRef(reference) => {
                let char = reference.resolve_char_ref().map_err(|error| broken(&error))?;
                if let Some(char) = char {
                    add_text(&mut open, char.encode_utf8(&mut [0; 4]));
                } else {
                    let entity = reference.xml10_content();
                    let text = entity_text(&entity).ok_or_else(|| broken(&format!("unknown entity &{entity};")))?;
                    add_text(&mut open, text);
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

/// Parses HTML as browsers do: any text is a page.
pub(super) fn parse_html(text: &str) -> Element {
    let html = Html::parse_document(text);
    let mut open = vec![Element::default()];
    for edge in html.tree.root().traverse() {
        match edge {
            ego_tree::iter::Edge::Open(node) => match node.value() {
                ScraperNode::Element(element) => open.push(Element {
                    name: element.name().into(),
                    attributes: element.attrs().map(|(key, value)| (key.into(), value.into())).collect(),
                    children: Vec::new(),
                }),
                ScraperNode::Text(text) => {
                    if let Some(last) = open.last_mut() {
                        last.children.push(Node::Text((&**text).into()));
                    }
                }
                ScraperNode::Document
                | ScraperNode::Fragment
                | ScraperNode::Doctype(_)
                | ScraperNode::Comment(_)
                | ScraperNode::ProcessingInstruction(_) => {}
            },
            ego_tree::iter::Edge::Close(node) => {
                if node.value().is_element()
                    && let Some(mut done) = open.pop()
                {
                    let too_deep = open.len() > DEPTH;
                    if let Some(last) = open.last_mut() {
                        if too_deep {
                            let children = std::mem::take(&mut done.children);
                            last.children.push(Node::Element(done));
                            last.children.extend(children);
                        } else {
                            last.children.push(Node::Element(done));
                        }
                    }
                }
            }
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
