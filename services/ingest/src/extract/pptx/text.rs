//! The inline content of a paragraph on a slide: runs, breaks, fields, links and formulas
//! (ECMA-376, part 1, chapter 21.1.2).

use std::collections::HashMap;

use lectern_core::content::document::SpanKind;

use super::super::docx::formula;
use super::super::dom::Element;
use super::super::inline::{Inline, Line};
use super::super::opc::is_on;

/// A paragraph's text.
#[derive(Debug)]
pub(super) struct Text {
    pub line: Line,
    /// The language that most of its letters name.
    pub language: Option<String>,
}

/// Reads `<a:p>`.
pub(super) fn text(paragraph: &Element, links: &HashMap<String, String>) -> Text {
    let mut inline = Inline::default();
    let mut letters: HashMap<&str, usize> = HashMap::new();
    runs(paragraph, links, &mut inline, &mut letters);
    let most = letters.into_iter().max_by_key(|(language, count)| (*count, std::cmp::Reverse(*language)));
    Text { line: inline.finish(), language: most.map(|(language, _)| language.to_owned()) }
}

fn runs<'e>(
    parent: &'e Element,
    links: &HashMap<String, String>,
    inline: &mut Inline,
    letters: &mut HashMap<&'e str, usize>,
) {
    for part in parent.elements() {
        match &*part.name {
            "r" | "fld" => run(part, links, inline, letters),
            "br" => inline.text("\n"),
            "oMath" => {
                let start = inline.here();
                let (text, latex) = formula(part);
                inline.text(&text);
                inline.mark(start, SpanKind::Formula { latex });
            }
            "AlternateContent" => {
                if let Some(choice) = part.child("Choice").or_else(|| part.child("Fallback")) {
                    runs(choice, links, inline, letters);
                }
            }
            "pPr" | "endParaRPr" => {}
            // a14:m, m:oMathPara and the like wrap.
            _ => runs(part, links, inline, letters),
        }
    }
}

fn run<'e>(
    run: &'e Element,
    links: &HashMap<String, String>,
    inline: &mut Inline,
    letters: &mut HashMap<&'e str, usize>,
) {
    let start = inline.here();
    // A vertical tab is a line break within a paragraph.
    let text = run.child("t").map(Element::text).unwrap_or_default().replace("_x000B_", "\n");
    inline.text(&text);
    let Some(properties) = run.child("rPr") else { return };
    if let Some(language) = properties.attribute("lang") {
        *letters.entry(language).or_default() += text.chars().filter(|char| char.is_alphabetic()).count();
    }
    let on = |key: &str| properties.attribute(key).is_some_and(is_on);
    if on("b") || on("i") {
        inline.mark(start, SpanKind::Emphasis);
    }
    match properties.attribute("baseline").and_then(|share| share.trim_end_matches('%').parse::<f32>().ok()) {
        Some(share) if share > 0.0 => inline.mark(start, SpanKind::Superscript),
        Some(share) if share < 0.0 => inline.mark(start, SpanKind::Subscript),
        Some(_) | None => {}
    }
    let link = properties.child("hlinkClick").and_then(|link| link.local("id")).and_then(|id| links.get(id));
    if let Some(target) = link {
        inline.mark(start, SpanKind::Link { target: target.clone() });
    }
}
