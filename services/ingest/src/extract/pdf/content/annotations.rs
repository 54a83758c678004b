//! Annotations (12.5): links, what was filled into a form's fields, text that was written onto the
//! page, watermarks and stamps.

use lopdf::{Dictionary, Object};

use super::file::File;
use super::interpreter::Machine;
use super::matrix::Matrix;
use super::page::{Artifact, Link, Rule, Run};
use crate::clean;

/// Annotations that are looked at on one page.
const MOST: usize = 2_000;
/// Fields within fields.
const DEEPEST_FIELD: usize = 32;
/// Flags of an annotation that keep it from sight: hidden, and not to be viewed (table 165).
const NOT_SHOWN: i64 = 1 << 1 | 1 << 5;
/// Flags of fields (tables 226, 228): several lines, a password, a button that is pushed.
const SEVERAL_LINES: i64 = 1 << 12;
const PASSWORD: i64 = 1 << 13;
const PUSHED: i64 = 1 << 16;
/// What a ticked box says.
const TICKED: &str = "✔";
/// A field's type where the field leaves it to the viewer: this share of its height, between these
/// points.
const SIZE_IN_FIELD: f32 = 0.7;
const SIZES_IN_FIELD: std::ops::RangeInclusive<f32> = 4.0..=12.0;
/// Ems from a field's middle or top down to the baseline, and from its left edge to its text.
const MIDDLE_TO_BASELINE: f32 = 0.35;
const LEFT_IN_FIELD: f32 = 0.2;
/// The usual advance of a letter, in ems.
const LETTER: f32 = 0.5;

/// Reads the annotations of `page`, whose content `machine` has read.
pub fn read<'a>(file: &'a File, page: &'a Dictionary, base: Matrix, machine: &mut Machine<'a>) {
    let Some(annotations) = file.get(page, b"Annots").and_then(|object| object.as_array().ok()) else { return };
    for annotation in annotations.iter().take(MOST) {
        let Some(annotation) = file.dict(annotation) else { continue };
        let Some([x0, y0, x1, y1]) =
            file.numbers(annotation, b"Rect").and_then(|numbers| <[f32; 4]>::try_from(numbers).ok())
        else {
            continue;
        };
        let area = [x0.min(x1), y0.min(y1), x0.max(x1), y0.max(y1)];
        let one = One { file, annotation, area };
        match file.get(annotation, b"Subtype").and_then(|kind| kind.as_name().ok()) {
            Some(b"Link") => one.link(base, machine),
            Some(b"Widget") => one.field(machine),
            Some(b"FreeText") => one.free_text(machine),
            Some(b"Watermark" | b"Stamp") => {
                let runs = one.appearance(machine, Some(Artifact::Watermark));
                machine.insert(runs);
            }
            Some(_) => one.remark(machine),
            None => {}
        }
    }
}

struct One<'a> {
    file: &'a File,
    annotation: &'a Dictionary,
    /// Left, low, right, high in the page's user space.
    area: [f32; 4],
}

impl<'a> One<'a> {
    fn link(&self, base: Matrix, machine: &mut Machine<'a>) {
        let action = self.file.get(self.annotation, b"A").and_then(|action| self.file.dict(action));
        let Some(target) = action.and_then(|action| self.file.text(action, b"URI")) else { return };
        let [left, low, right, high] = self.area;
        let area = Rule::around(&[base.apply(left, low), base.apply(right, high)]);
        machine.link(Link { area, target });
    }

    /// A note of a reader's, which stands beside the page.
    fn remark(&self, machine: &mut Machine<'a>) {
        if let Some(text) = self.file.text(self.annotation, b"Contents") {
            machine.remark(text);
        }
    }

    fn field(&self, machine: &mut Machine<'a>) {
        let kind = self.inherited(b"FT").and_then(|kind| kind.as_name().ok());
        let flags = self.inherited(b"Ff").and_then(|flags| flags.as_i64().ok()).unwrap_or(0);
        let value = match kind {
            Some(b"Tx") if flags & PASSWORD == 0 => self.inherited(b"V").map(|value| self.text_of(value)),
            Some(b"Ch") => self.inherited(b"V").map(|value| self.chosen(value)),
            Some(b"Btn") if flags & PUSHED == 0 => self.ticked().then(|| TICKED.to_owned()),
            Some(b"Sig") => {
                let runs = self.appearance(machine, None);
                machine.insert(runs);
                return;
            }
            Some(_) | None => None,
        };
        let Some(value) = value.filter(|value| !value.trim().is_empty()) else { return };
        // The appearance has the lines where they stand, but may be older than the value.
        let shown = self.appearance(machine, None);
        let letters = |text: &str| text.chars().filter(|char| char.is_alphanumeric()).collect::<String>();
        let runs = if letters(&shown.iter().map(|run| run.text.as_str()).collect::<String>()) == letters(&value)
            && value != TICKED
        {
            shown
        } else {
            self.written(machine, &value, flags & SEVERAL_LINES != 0)
        };
        machine.insert(runs);
    }

    fn free_text(&self, machine: &mut Machine<'a>) {
        let mut runs = self.appearance(machine, None);
        if runs.is_empty()
            && let Some(contents) = self.file.get(self.annotation, b"Contents")
        {
            runs = self.written(machine, &self.text_of(contents), true);
        }
        machine.insert(runs);
    }

    /// What its normal appearance shows.
    fn appearance(&self, machine: &mut Machine<'a>, artifact: Option<Artifact>) -> Vec<Run> {
        let appearances = self.file.get(self.annotation, b"AP").and_then(|object| self.file.dict(object));
        let Some(mut normal) = appearances.and_then(|listed| self.file.get(listed, b"N")) else { return Vec::new() };
        if let Ok(states) = normal.as_dict() {
            let state = self.file.get(self.annotation, b"AS").and_then(|state| state.as_name().ok());
            let Some(stream) = state.and_then(|state| self.file.get(states, state)) else { return Vec::new() };
            normal = stream;
        }
        machine.appearance(normal, self.area, artifact, self.is_off(machine))
    }

    fn is_off(&self, machine: &Machine<'a>) -> bool {
        let flags = self.file.get(self.annotation, b"F").and_then(|flags| flags.as_i64().ok()).unwrap_or(0);
        flags & NOT_SHOWN != 0 || self.annotation.get(b"OC").is_ok_and(|layer| machine.is_off(layer))
    }

    /// An entry of the field, or of the fields that it is part of.
    fn inherited(&self, key: &[u8]) -> Option<&'a Object> {
        let mut field = self.annotation;
        for _ in 0..DEEPEST_FIELD {
            if let Some(found) = self.file.get(field, key) {
                return Some(found);
            }
            field = self.file.get(field, b"Parent").and_then(|parent| self.file.dict(parent))?;
        }
        None
    }

    fn text_of(&self, value: &Object) -> String {
        match self.file.data(value) {
            Some(bytes) => lopdf::decode_text_string(&Object::String(bytes, lopdf::StringFormat::Literal)),
            None => lopdf::decode_text_string(value),
        }
        .unwrap_or_default()
    }

    /// What was chosen from a list, in the words that the list shows.
    fn chosen(&self, value: &Object) -> String {
        let values: Vec<String> = match value.as_array() {
            Ok(values) => values.iter().map(|value| self.text_of(self.file.resolve(value))).collect(),
            Err(_) => vec![self.text_of(value)],
        };
        let options = self.inherited(b"Opt").and_then(|options| options.as_array().ok());
        let shown = |value: String| {
            options
                .into_iter()
                .flatten()
                .filter_map(|option| self.file.resolve(option).as_array().ok())
                .find(|pair| pair.first().is_some_and(|name| self.text_of(self.file.resolve(name)) == value))
                .and_then(|pair| pair.get(1))
                .map_or(value, |words| self.text_of(self.file.resolve(words)))
        };
        values.into_iter().map(shown).collect::<Vec<_>>().join(", ")
    }

    fn ticked(&self) -> bool {
        let state = self.file.get(self.annotation, b"AS").or_else(|| self.inherited(b"V"));
        state.and_then(|state| state.as_name().ok()).is_some_and(|state| state != b"Off")
    }

    /// `text` set into the annotation's area, as a viewer would.
    fn written(&self, machine: &mut Machine<'a>, text: &str, several: bool) -> Vec<Run> {
        let [left, low, right, high] = self.area;
        let height = high - low;
        let named = self.inherited(b"DA").map(|value| self.text_of(value)).and_then(|text| size_of(&text));
        let own = (SIZE_IN_FIELD * height).clamp(*SIZES_IN_FIELD.start(), *SIZES_IN_FIELD.end());
        let size = named.filter(|size| *size > 0.0).unwrap_or(own);
        let off = self.is_off(machine);
        let x = left + LEFT_IN_FIELD * size;
        let mut y = if several { high - size } else { (high + low) / 2.0 - MIDDLE_TO_BASELINE * size };
        let mut out = Vec::new();
        for line in text.split(['\r', '\n']) {
            let line = clean::single_spaced(&clean::normalise(line));
            let width = (LETTER * line.chars().count() as f32 * size).min((right - x).max(size));
            out.extend(machine.write(&line, (x, y), size, width, off));
            if !line.is_empty() {
                y -= 1.2 * size;
            }
        }
        out
    }
}

/// The size that a default appearance sets: `/Helv 12 Tf 0 g`.
fn size_of(appearance: &str) -> Option<f32> {
    let words: Vec<&str> = appearance.split_whitespace().collect();
    let at = words.iter().position(|word| *word == "Tf")?;
    words.get(at.checked_sub(1)?)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_default_appearance_names_its_size() {
        for (text, wanted) in [("/Helv 12 Tf 0 g", Some(12.0)), ("0 g /F1 0 Tf", Some(0.0)), ("Tf", None), ("", None)] {
            assert_eq!(size_of(text), wanted, "{text}");
        }
    }
}
