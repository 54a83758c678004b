//! Paragraph and character styles, with what they inherit.

use std::collections::HashMap;

use super::super::dom::Element;

/// No chain of styles is followed further; a longer one is a circle.
const LONGEST_CHAIN: usize = 32;

/// The properties of a paragraph that say what it is.
#[derive(Debug, Clone, Default)]
pub(super) struct Paragraph {
    /// Outline level, 0 for the highest heading, 9 for body text.
    pub outline: Option<u8>,
    /// Numbering: list and level.
    pub list: Option<String>,
    pub level: Option<usize>,
}

impl Paragraph {
    /// Reads `<w:pPr>`.
    pub fn read(properties: &Element) -> Self {
        let numbers = properties.child("numPr");
        Self {
            outline: properties.value("outlineLvl").and_then(|level| level.parse().ok()),
            list: numbers.and_then(|numbers| numbers.value("numId")).map(str::to_owned),
            level: numbers.and_then(|numbers| numbers.value("ilvl")).and_then(|level| level.parse().ok()),
        }
    }

    /// What this leaves open is taken from `base`.
    pub fn over(self, base: &Self) -> Self {
        Self {
            outline: self.outline.or(base.outline),
            list: self.list.or_else(|| base.list.clone()),
            level: self.level.or(base.level),
        }
    }
}

#[derive(Debug)]
struct DocxStyle {
    name: String,
    base: Option<String>,
    paragraph: Paragraph,
    emphasis: Option<bool>,
    hidden: Option<bool>,
    language: Option<String>,
}

/// The styles of a document.
#[derive(Debug, Default)]
pub(super) struct Styles {
    styles: HashMap<String, DocxStyle>,
    /// The style of paragraphs that name none.
    default: Option<String>,
    /// The language of text that names none.
    pub language: Option<String>,
    /// Whether text is hidden that does not say otherwise.
    hidden: bool,
}

/// What a style means by its name. Names are those of the file format and stay English in every
/// language of the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Title,
    Quote,
    Caption,
    Code,
    /// An entry of a table of contents.
    Contents,
    Plain,
}

impl Styles {
    /// Reads `styles.xml`.
    pub fn read(root: &Element) -> Self {
        let language = root
            .child("docDefaults")
            .and_then(|part| part.find("lang"))
            .and_then(|lang| lang.local("val"))
            .map(str::to_owned);
        let defaults =
            root.child("docDefaults").and_then(|part| part.child("rPrDefault")).and_then(|part| part.child("rPr"));
        let hidden = defaults.and_then(|run| super::run::switch(run, "vanish")).unwrap_or(false);
        let mut styles = Self { language, hidden, ..Self::default() };
        for element in root.elements().filter(|part| &*part.name == "style") {
            let Some(id) = element.local("styleId") else { continue };
            let kind = element.local("type").unwrap_or("paragraph");
            if kind == "paragraph" && element.local("default").is_some_and(super::super::opc::is_on) {
                styles.default = Some(id.to_owned());
            }
            let run = element.child("rPr");
            styles.styles.insert(
                id.to_owned(),
                DocxStyle {
                    name: element.value("name").unwrap_or(id).to_ascii_lowercase(),
                    base: element.value("basedOn").map(str::to_owned),
                    paragraph: element.child("pPr").map(Paragraph::read).unwrap_or_default(),
                    // Only character styles emphasise; a bold paragraph style is how the whole
                    // paragraph looks.
                    emphasis: run.filter(|_| kind == "character").and_then(super::run::emphasis),
                    hidden: run.and_then(|run| super::run::switch(run, "vanish")),
                    language: run
                        .and_then(|run| run.child("lang"))
                        .and_then(|lang| lang.local("val"))
                        .map(str::to_owned),
                },
            );
        }
        styles
    }

    fn chain<'a>(&'a self, id: Option<&'a str>) -> impl Iterator<Item = (&'a str, &'a DocxStyle)> {
        let mut next = id.or(self.default.as_deref());
        std::iter::from_fn(move || {
            let id = next?;
            let style = self.styles.get(id)?;
            next = style.base.as_deref();
            Some((id, style))
        })
        .take(LONGEST_CHAIN)
    }

    /// The properties that a paragraph has by its style.
    pub fn paragraph(&self, id: Option<&str>) -> Paragraph {
        self.chain(id).fold(Paragraph::default(), |found, (_, style)| {
            let mut inherited = found.over(&style.paragraph);
            if inherited.outline.is_none() {
                inherited.outline = heading(&style.name);
            }
            inherited
        })
    }

    /// The numbering level that a heading style is bound to, by the ids of its chain.
    pub fn ids<'a>(&'a self, id: Option<&'a str>) -> Vec<&'a str> {
        self.chain(id).map(|(id, _)| id).collect()
    }

    /// What the style means.
    pub fn role(&self, id: Option<&str>) -> Role {
        self.chain(id).map(|(_, style)| role(&style.name)).find(|role| *role != Role::Plain).unwrap_or(Role::Plain)
    }

    /// Whether a character style emphasises.
    pub fn emphasis(&self, id: &str) -> bool {
        self.chain(Some(id)).find_map(|(_, style)| style.emphasis).unwrap_or(false)
    }

    /// Whether text is hidden by the styles of its paragraph and of itself. Hiding is a toggle: two
    /// styles that both hide show (ECMA-376, part 1, clause 17.7.3).
    pub fn hides(&self, paragraph: Option<&str>, character: Option<&str>) -> bool {
        let by = |id: Option<&str>| self.chain(id).find_map(|(_, style)| style.hidden).unwrap_or(false);
        self.hidden || by(paragraph) != (character.is_some() && by(character))
    }

    /// The language that a paragraph has by its style.
    pub fn language<'a>(&'a self, id: Option<&'a str>) -> Option<&'a str> {
        self.chain(id).find_map(|(_, style)| style.language.as_deref())
    }
}

/// The outline level of the built-in heading styles, for files that leave it out of them.
fn heading(name: &str) -> Option<u8> {
    let level: u8 = name.strip_prefix("heading ")?.trim().parse().ok()?;
    level.checked_sub(1).filter(|level| *level < 9)
}

fn role(name: &str) -> Role {
    match name {
        "title" => Role::Title,
        "quote" | "intense quote" | "block text" | "quotations" => Role::Quote,
        "caption" | "image caption" | "table caption" | "captioned figure" => Role::Caption,
        "html preformatted" | "source code" | "preformatted text" | "plain text" | "code" => Role::Code,
        "toc heading" | "table of figures" | "contents heading" => Role::Contents,
        _ if name.starts_with("toc ") || name.starts_with("contents ") => Role::Contents,
        _ => Role::Plain,
    }
}
