//! XML as elements, as much of it as rules ask for.

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

/// An element, its names with their prefixes as they are written.
#[derive(Debug, Default, Clone)]
pub(super) struct Element {
    pub(super) name: String,
    pub(super) attributes: Vec<(String, String)>,
    pub(super) children: Vec<Element>,
    /// The text directly in it.
    pub(super) text: String,
}

impl Element {
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// This element and all below it, in order.
    pub(super) fn all(&self) -> Vec<&Element> {
        let mut found = vec![self];
        self.children.iter().for_each(|child| found.extend(child.all()));
        found
    }

    /// All of one name, here or below.
    pub(super) fn named(&self, name: &str) -> Vec<&Element> {
        self.all().into_iter().filter(|element| element.name == name).collect()
    }

    /// All text, here and below.
    pub(super) fn content(&self) -> String {
        self.all().iter().map(|element| element.text.as_str()).collect()
    }
}

/// The root of a document, or why it is not well-formed.
pub(super) fn parse(text: &str) -> Result<Element, String> {
    let mut reader = Reader::from_str(text);
    let mut open = vec![Element::default()];
    loop {
        match reader.read_event().map_err(|error| error.to_string())? {
            Event::Start(start) => open.push(element(&start)?),
            Event::Empty(start) => {
                let empty = element(&start)?;
                open.last_mut().unwrap().children.push(empty);
            }
            Event::End(_) => {
                let done = open.pop().unwrap();
                open.last_mut().ok_or("an end without a beginning")?.children.push(done);
            }
            Event::Text(text) => open.last_mut().unwrap().text.push_str(&text.xml10_content()),
            Event::GeneralRef(reference) => {
                let name = reference.xml10_content();
                let char = reference.resolve_char_ref().map_err(|error| error.to_string())?;
                let text = match char {
                    Some(char) => char.to_string(),
                    None => quick_xml::escape::resolve_predefined_entity(&name)
                        .ok_or_else(|| format!("XML knows no entity {name}"))?
                        .to_owned(),
                };
                open.last_mut().unwrap().text.push_str(&text);
            }
            Event::CData(_) | Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => {}
            Event::Eof => break,
        }
    }
    let [top] = &open[..] else { return Err("it ends within an element".to_owned()) };
    let [root] = &top.children[..] else { return Err(format!("{} roots", top.children.len())) };
    if text
        .chars()
        .any(|c| matches!(c, '\u{0}'..='\u{8}' | '\u{B}' | '\u{C}' | '\u{E}'..='\u{1F}' | '\u{FFFE}' | '\u{FFFF}'))
    {
        return Err("a character that XML does not have".to_owned());
    }
    Ok(root.clone())
}

fn element(start: &BytesStart<'_>) -> Result<Element, String> {
    let mut attributes: Vec<(String, String)> = Vec::new();
    for attribute in start.attributes() {
        let attribute = attribute.map_err(|error| error.to_string())?;
        let key: &str = attribute.key.as_ref();
        let value = attribute
            .normalized_value_with(quick_xml::XmlVersion::Implicit1_0, 4, quick_xml::escape::resolve_predefined_entity)
            .map_err(|error| error.to_string())?;
        attributes.push((key.to_owned(), value.into()));
    }
    let name = start.name();
    let name: &str = name.as_ref();
    Ok(Element { name: name.to_owned(), attributes, ..Element::default() })
}
