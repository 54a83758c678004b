//! Inline elements: spans, links, references to notes, formulas and pictures.

use lectern_core::content::document::{BlockKind, SpanKind};

use super::{Place, Walk};
use crate::extract::assembly::{self, Draft};
use crate::extract::dom::Element;
use crate::extract::html::math::{formula, undelimited};
use crate::extract::html::notes::{Role, role, typed};
use crate::extract::inline::Line;
use crate::extract::markdown::html_span;

impl<'a> Walk<'a> {
    /// An inline element: a span if it means something.
    pub(super) fn phrase(&mut self, element: &'a Element, place: &Place) {
        if typed(element, &[], &["math"]) && element.elements().next().is_none() {
            self.marked(&undelimited(&element.text()), SpanKind::Formula { latex: true });
            return;
        }
        let start = (self.inline.here(), self.ended);
        self.children(element, place);
        let foreign = element.attribute("lang").or_else(|| element.attribute("xml:lang")).is_some();
        match html_span(&element.name) {
            Some(kind) => self.mark(start, kind),
            None if foreign && self.links.differs(place.language.as_deref()) => self.mark(start, SpanKind::Quote),
            None => {}
        }
    }

    pub(super) fn raised(&mut self, element: &'a Element, place: &Place) {
        let kind = if &*element.name == "sup" { SpanKind::Superscript } else { SpanKind::Subscript };
        let raised = &*element.name == "sup";
        let start = (self.inline.here(), self.ended);
        let link = element.all().into_iter().find(|part| &*part.name == "a");
        self.children(element, &Place { raised, ..place.clone() });
        // A raised reference is a reference, not an exponent.
        if !(raised && link.is_some_and(|a| role(a, true) != Role::None)) {
            self.mark(start, kind);
        }
    }

    pub(super) fn link(&mut self, element: &'a Element, place: &Place) {
        let start = (self.inline.here(), self.ended);
        let pictures = self.figures.len();
        match role(element, place.raised) {
            Role::Back if place.note || place.notes => return,
            Role::Reference => {
                let text = element.text();
                self.inline.text(text.trim());
                let key = element.attribute("href").and_then(|href| self.links.target(href));
                self.inline.mark_note(start.0, SpanKind::NoteReference { note: None }, key);
                return;
            }
            Role::Back | Role::None => {}
        }
        self.children(element, place);
        if let Some(target) =
            element.attribute("href").filter(|href| !href.is_empty() && !href.starts_with("javascript:"))
        {
            // Where it leads within the document tells whether it is a reference to a note that
            // nothing calls one.
            let key = self.links.target(target);
            // Those that a block within the link has ended are not pictures of a row.
            self.figures.iter_mut().skip(pictures).for_each(|figure| assembly::link(figure, target));
            let begin = if start.1 == self.ended { start.0 } else { 0 };
            self.inline.mark_note(begin, SpanKind::Link { target: target.to_owned() }, key);
        }
    }

    pub(super) fn mark(&mut self, (start, ended): (usize, usize), kind: SpanKind) {
        // Blocks inside an inline element: what follows the last of them is still marked.
        let start = if ended == self.ended { start } else { 0 };
        self.inline.mark(start, kind);
    }

    pub(super) fn marked(&mut self, text: &str, kind: SpanKind) {
        let start = self.inline.here();
        self.inline.text(text);
        self.inline.mark(start, kind);
    }

    pub(super) fn math(&mut self, element: &'a Element, place: &Place) {
        let (text, latex) = formula(element);
        let block = element.attribute("display") == Some("block") && self.cells == 0;
        if block && self.kind.is_none() && self.inline.is_blank() {
            self.flush(place);
            self.push(
                Draft::new(BlockKind::Formula { latex }, Line { text: Line::plain(&text).text, marks: Vec::new() }),
                place,
            );
        } else {
            self.marked(&text, SpanKind::Formula { latex });
        }
    }

    pub(super) fn picture(&mut self, element: &Element) {
        let alt = element.attribute("alt").or_else(|| element.attribute("aria-label"));
        let text = alt.unwrap_or_default().trim();
        if text.starts_with("{\\displaystyle")
            || text.starts_with("{\\textstyle")
            || text.len() > 2 && text.starts_with('$') && text.ends_with('$')
        {
            self.marked(&undelimited(text), SpanKind::Formula { latex: true });
        } else if (1..=2).contains(&text.chars().count()) {
            // A drop capital or an emoji: part of the word or sentence around it.
            self.inline.text(text);
        } else if alt.is_none() || !text.is_empty() {
            self.figures.push(Draft::new(BlockKind::Figure, Line::plain(text)));
        }
    }

    pub(super) fn drawing(&mut self, element: &'a Element) {
        let title =
            element.attribute("aria-label").map(str::to_owned).or_else(|| element.child("title").map(Element::text));
        let words: Vec<String> = element
            .all()
            .into_iter()
            .filter(|part| &*part.name == "text")
            .map(|part| part.text().trim().to_owned())
            .collect();
        let picture = element.all().into_iter().any(|part| &*part.name == "image");
        let text = title.unwrap_or_else(|| words.join(" "));
        if !text.trim().is_empty() || picture {
            self.figures.push(Draft::new(BlockKind::Figure, Line::plain(&text)));
        }
    }
}
