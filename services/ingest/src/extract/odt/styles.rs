//! Paragraph and text styles of an OpenDocument file (ODF 1.3, part 3, chapters 15, 16 and 20),
//! with what they inherit.

use std::collections::HashMap;

use super::super::dom::Element;

/// No chain of styles is followed further; a longer one is a circle.
const LONGEST_CHAIN: usize = 32;

/// Where text stands above or below its line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Position {
    Line,
    Raised,
    Lowered,
}

/// What a style says itself; what it leaves open is its parent's.
#[derive(Debug, Clone, Default)]
struct OdtStyle {
    /// The name with its encoded signs resolved, in lower case (`heading 1`).
    name: String,
    parent: Option<String>,
    /// The list style of its paragraphs; empty takes them out of their parent's.
    list: Option<String>,
    outline: Option<u8>,
    hidden: Option<bool>,
    bold: Option<bool>,
    italic: Option<bool>,
    position: Option<Position>,
    language: Option<String>,
}

/// What a paragraph style means by its name, which stays English in every language of the program.
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

/// The styles of one part: the common ones and its own automatic ones.
#[derive(Debug, Clone, Default)]
pub(super) struct Styles {
    /// By family (`paragraph`, `text`) and name.
    styles: HashMap<(String, String), OdtStyle>,
    /// The language of text that names none.
    pub language: Option<String>,
}

impl Styles {
    /// Adds the styles below `root`: `<office:styles>` or `<office:automatic-styles>`.
    pub fn add(&mut self, root: &Element) {
        for element in root.elements() {
            let Some(family) = element.local("family") else { continue };
            match (&*element.name, element.local("name")) {
                ("style", Some(name)) => {
                    self.styles.insert((family.to_owned(), name.to_owned()), read(element, name));
                }
                ("default-style", _) if family == "paragraph" => self.language = read(element, "").language,
                _ => {}
            }
        }
    }

    fn chain<'a>(&'a self, family: &'a str, name: Option<&'a str>) -> impl Iterator<Item = &'a OdtStyle> {
        let mut next = name;
        std::iter::from_fn(move || {
            let style = self.styles.get(&(family.to_owned(), next?.to_owned()))?;
            next = style.parent.as_deref();
            Some(style)
        })
        .take(LONGEST_CHAIN)
    }

    /// What paragraphs of this style are.
    pub fn role(&self, name: Option<&str>) -> Role {
        let known = self.chain("paragraph", name).map(|style| role(&style.name)).find(|role| *role != Role::Plain);
        // Names that the file defines nowhere still say what they mean.
        known.or_else(|| name.map(|name| role(&plain_name(name)))).unwrap_or(Role::Plain)
    }

    /// The heading level that a paragraph has by its style, from 1.
    pub fn heading(&self, name: Option<&str>) -> Option<u8> {
        self.chain("paragraph", name).find_map(|style| style.outline.or_else(|| heading(&style.name)))
    }

    /// The list style that a paragraph has by its style; empty for none at all.
    pub fn list<'a>(&'a self, name: Option<&'a str>) -> Option<&'a str> {
        self.chain("paragraph", name).find_map(|style| style.list.as_deref())
    }

    /// Whether text of this style is hidden.
    pub fn hidden(&self, family: &str, name: Option<&str>) -> Option<bool> {
        self.chain(family, name).find_map(|style| style.hidden)
    }

    /// The language of text of this style; empty where it has none at all.
    pub fn language<'a>(&'a self, family: &'a str, name: Option<&'a str>) -> Option<&'a str> {
        self.chain(family, name).find_map(|style| style.language.as_deref())
    }

    /// Whether a text style emphasises. A bold paragraph style is how the whole paragraph looks,
    /// and emphasises nothing.
    pub fn emphasis(&self, name: Option<&str>) -> bool {
        let first = |of: fn(&OdtStyle) -> Option<bool>| self.chain("text", name).find_map(of).unwrap_or(false);
        first(|style| style.bold) || first(|style| style.italic)
    }

    /// Whether a text style raises or lowers.
    pub fn position(&self, name: Option<&str>) -> Position {
        self.chain("text", name).find_map(|style| style.position).unwrap_or(Position::Line)
    }

    /// Whether a text style is that of code.
    pub fn code(&self, name: Option<&str>) -> bool {
        let code = |name: &str| matches!(name, "source text" | "source_text" | "teletype" | "user entry" | "verbatim");
        self.chain("text", name).any(|style| code(&style.name))
    }
}

fn read(element: &Element, name: &str) -> OdtStyle {
    let text = element.child("text-properties");
    let of = |key: &str| text.and_then(|properties| properties.local(key));
    let country = of("country").filter(|country| !matches!(*country, "none" | ""));
    let language = of("language").map(|language| match (language, country) {
        ("none" | "zxx" | "", _) => String::new(),
        (language, Some(country)) => format!("{language}-{country}"),
        (language, None) => language.to_owned(),
    });
    OdtStyle {
        name: plain_name(name),
        parent: element.local("parent-style-name").map(str::to_owned),
        list: element.local("list-style-name").map(str::to_owned),
        outline: element.local("default-outline-level").and_then(|level| level.parse().ok()).filter(|level| *level > 0),
        hidden: of("display").map(|display| display == "none"),
        bold: of("font-weight")
            .map(|weight| weight == "bold" || weight.parse::<u16>().is_ok_and(|weight| weight >= BOLD)),
        italic: of("font-style").map(|style| matches!(style, "italic" | "oblique")),
        position: of("text-position").map(position),
        language: of("rfc-language-tag").map(str::to_owned).or(language),
    }
}

/// The weight from which fonts call themselves bold (CSS Fonts 4, section 2.2, "semi-bold").
const BOLD: u16 = 600;

/// `super 58%`, `sub 58%`, or how far it is raised, as a share of the font's height (`33% 58%`).
fn position(value: &str) -> Position {
    let first = value.split_whitespace().next().unwrap_or_default();
    match first {
        "super" => Position::Raised,
        "sub" => Position::Lowered,
        share => match share.trim_end_matches('%').parse::<f32>() {
            Ok(raised) if raised > 0.0 => Position::Raised,
            Ok(raised) if raised < 0.0 => Position::Lowered,
            Ok(_) | Err(_) => Position::Line,
        },
    }
}

/// A style's name as people see it, in lower case: signs that an XML name cannot hold are written
/// `_20_`.
fn plain_name(name: &str) -> String {
    let mut out = String::new();
    let mut rest = name;
    while let Some(at) = rest.find('_') {
        let (before, after) = rest.split_at(at);
        out.push_str(before);
        let code = after.get(1..).and_then(|after| after.split_once('_')).map(|(code, _)| code);
        let sign = code.filter(|code| (2..=6).contains(&code.len()));
        let sign = sign.and_then(|code| u32::from_str_radix(code, 16).ok()).and_then(char::from_u32);
        if let (Some(sign), Some(code)) = (sign, code) {
            out.push(sign);
            rest = after.get(code.len() + 2..).unwrap_or_default();
        } else {
            out.push('_');
            rest = after.get(1..).unwrap_or_default();
        }
    }
    out.push_str(rest);
    out.to_lowercase()
}

/// The level of a heading style, for files that leave it out of it.
fn heading(name: &str) -> Option<u8> {
    name.strip_prefix("heading ")?.trim().parse().ok().filter(|level| (1..=10).contains(level))
}

fn role(name: &str) -> Role {
    match name {
        "title" => Role::Title,
        "quotations" | "quote" | "block text" | "blockquote" => Role::Quote,
        "caption" | "figurecaption" | "tablecaption" | "illustration" | "figure caption" | "table caption" => {
            Role::Caption
        }
        "preformatted text" | "source code" | "code" => Role::Code,
        "contents heading" | "illustration index heading" | "table index heading" | "object index heading" => {
            Role::Contents
        }
        _ if name.starts_with("contents ") => Role::Contents,
        _ => Role::Plain,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::extract::dom::parse_xml;

    fn styles(xml: &str) -> Styles {
        let mut styles = Styles::default();
        styles.add(&parse_xml("styles.xml", xml).unwrap());
        styles
    }

    #[test]
    fn a_style_takes_from_its_parents_what_it_leaves_open() {
        let styles = styles(
            "<styles><default-style family='paragraph'><text-properties language='de' country='AT'/></default-style>
            <style family='paragraph' name='Heading_20_2' default-outline-level='2' list-style-name='N'/>
            <style family='paragraph' name='P1' parent-style-name='Heading_20_2' list-style-name=''/>
            <style family='paragraph' name='P2' parent-style-name='P3'><text-properties display='none'/></style>
            <style family='paragraph' name='P3' parent-style-name='P2'/>
            <style family='text' name='T1'><text-properties font-weight='bold' font-style='normal'/></style>
            <style family='text' name='T2' parent-style-name='T1'><text-properties font-weight='normal' text-position='-33% 58%' language='zxx' country='none'/></style></styles>",
        );
        assert_eq!(styles.language.as_deref(), Some("de-AT"));
        assert_eq!((styles.heading(Some("P1")), styles.list(Some("P1"))), (Some(2), Some("")));
        assert_eq!(styles.hidden("paragraph", Some("P3")), Some(true), "a circle of parents ends");
        assert!(styles.emphasis(Some("T1")) && !styles.emphasis(Some("T2")) && !styles.emphasis(None));
        assert_eq!(styles.position(Some("T2")), Position::Lowered);
        assert_eq!(styles.language("text", Some("T2")), Some(""));
    }

    #[test]
    fn names_are_read_with_their_encoded_signs() {
        for (name, wanted) in [
            ("Preformatted_20_Text", "preformatted text"),
            ("Source_Text", "source_text"),
            ("a_", "a_"),
            ("_5f_x_2e_", "_x."),
            ("Größe_20_é_zz_", "größe é_zz_"),
        ] {
            assert_eq!(plain_name(name), wanted);
        }
    }

    #[test]
    fn roles_follow_the_names_of_the_chain() {
        let styles = styles(
            "<styles><style family='paragraph' name='Caption'/>
            <style family='paragraph' name='Table' parent-style-name='Caption'/>
            <style family='paragraph' name='P9' parent-style-name='Table'/></styles>",
        );
        for (name, wanted) in [
            ("P9", Role::Caption),
            ("Quotations", Role::Quote),
            ("Contents_20_3", Role::Contents),
            ("Text_20_body", Role::Plain),
        ] {
            assert_eq!(styles.role(Some(name)), wanted, "{name}");
        }
    }
}
