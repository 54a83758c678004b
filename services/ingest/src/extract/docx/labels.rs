//! The printed marks of notes.

use std::collections::HashMap;

use super::super::dom::Element;
use super::super::ordinal::printed;
use super::changes;
use super::run::custom_reference;

/// The printed marks of all notes of `document`: footnotes and endnotes count apart, endnotes in
/// Roman numerals unless the section says otherwise. Notes whose mark was deleted have none.
pub(super) fn labels(document: &Element) -> HashMap<(String, String), String> {
    let mut labels = HashMap::new();
    let mut runs = Vec::new();
    kept_runs(document, &mut runs);
    let all = document.all();
    for (kind, element, properties, default) in [
        ("footnote", "footnoteReference", "footnotePr", "decimal"),
        ("endnote", "endnoteReference", "endnotePr", "lowerRoman"),
    ] {
        let format =
            all.iter().find(|part| &*part.name == properties).and_then(|part| part.value("numFmt")).unwrap_or(default);
        let style = match format {
            "lowerRoman" => 'i',
            "upperRoman" => 'I',
            "lowerLetter" => 'a',
            "upperLetter" => 'A',
            _ => '1',
        };
        let mut number = 0;
        for run in &runs {
            for part in run.elements().filter(|part| &*part.name == element) {
                let Some(id) = part.local("id") else { continue };
                let key = (kind.to_owned(), id.to_owned());
                if labels.contains_key(&key) {
                    continue;
                }
                let chosen = custom_reference(run).map(|_| changes::shown_text(run).trim().to_owned());
                let label = chosen.filter(|mark| !mark.is_empty()).unwrap_or_else(|| {
                    number += 1;
                    printed(number, style)
                });
                labels.insert(key, label);
            }
        }
    }
    labels
}

/// The runs that were neither deleted nor moved away, in order.
fn kept_runs<'e>(element: &'e Element, runs: &mut Vec<&'e Element>) {
    for child in element.elements() {
        match &*child.name {
            "del" | "moveFrom" => {}
            "tr" if changes::row_is_deleted(child) => {}
            "r" => {
                runs.push(child);
                kept_runs(child, runs);
            }
            _ => kept_runs(child, runs),
        }
    }
}
