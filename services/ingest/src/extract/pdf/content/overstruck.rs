//! Glyphs that are drawn again where they stand already: poor man's bold, shadows, letters struck
//! twice at the seams of strings.

use std::collections::HashMap;

/// A glyph's second drawing is at most this many ems aside: shadows are cast by up to a quarter,
/// the next line is farther.
const ASIDE: f32 = 0.3;
/// On one baseline it is also within this share of its advance: the same letter twice in a word is
/// a whole advance on.
const OVERLAP: f32 = 0.5;
/// Baselines farther apart than this many ems are two.
const OTHER_LINE: f32 = 0.03;
/// The glyphs of one shadow are all moved by the same, give or take this many ems.
const SAME_SHIFT: f32 = 0.04;
/// Sizes that differ by less than this share are one.
const SAME_SIZE: f32 = 0.02;
/// Height of the stripes, in points, that glyphs are looked up by.
const STRIPE: f32 = 4.0;

/// A glyph, as far as it matters here.
#[derive(Debug, Clone, Copy)]
pub struct Struck<'a> {
    /// What it means.
    pub text: &'a str,
    /// Its quarter turns.
    pub turn: u8,
    /// Degrees beyond them.
    pub slant: i8,
    /// Its origin.
    pub x: f32,
    /// Its baseline.
    pub y: f32,
    /// The em, in points.
    pub size: f32,
    /// The advance, in points.
    pub advance: f32,
}

#[derive(Debug, Clone, Copy)]
struct Place {
    first: char,
    x: f32,
    y: f32,
    size: f32,
}

/// The glyphs of a page that were shown so far.
#[derive(Debug, Default)]
pub struct Overstruck {
    stripes: HashMap<(u8, i8, i32), Vec<Place>>,
    /// By how much the glyph before was moved against its first drawing, if it was drawn again.
    shift: Option<(f32, f32)>,
}

impl Overstruck {
    /// Notes `glyph` and says whether it was drawn before; `onwards`, where it follows the one
    /// before as text does.
    pub fn again(&mut self, glyph: &Struck<'_>, onwards: bool) -> bool {
        let Some(first) = glyph.text.chars().next() else { return false };
        if !onwards || self.shift.is_some() {
            self.shift = self.find(glyph, first, if onwards { self.shift } else { None });
            if self.shift.is_some() {
                return true;
            }
        }
        let stripe = (glyph.turn, glyph.slant, (glyph.y / STRIPE) as i32);
        self.stripes.entry(stripe).or_default().push(Place { first, x: glyph.x, y: glyph.y, size: glyph.size });
        false
    }

    /// By how much `glyph` is moved against an earlier drawing of it; `wanted` is the shift of the
    /// glyph before.
    fn find(&self, glyph: &Struck<'_>, first: char, wanted: Option<(f32, f32)>) -> Option<(f32, f32)> {
        let reach = ASIDE * glyph.size;
        let (from, to) = (((glyph.y - reach) / STRIPE) as i32, ((glyph.y + reach) / STRIPE) as i32);
        (from..=to)
            .filter_map(|stripe| self.stripes.get(&(glyph.turn, glyph.slant, stripe)))
            .flatten()
            .filter(|place| place.first == first && (place.size - glyph.size).abs() < SAME_SIZE * glyph.size)
            .map(|place| (glyph.x - place.x, glyph.y - place.y))
            .find(|(x, y)| match wanted {
                Some(wanted) => {
                    (x - wanted.0).abs() < SAME_SHIFT * glyph.size && (y - wanted.1).abs() < SAME_SHIFT * glyph.size
                }
                None => {
                    x.abs() < reach
                        && y.abs() < reach
                        && (x.abs() < (OVERLAP * glyph.advance).max(SAME_SHIFT * glyph.size)
                            || y.abs() > OTHER_LINE * glyph.size)
                }
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strike(seen: &mut Overstruck, text: &str, x: f32, y: f32, advance: f32) -> String {
        let mut at = x;
        let mut out = String::new();
        for (number, char) in text.chars().enumerate() {
            let glyph = char.to_string();
            let struck = Struck { text: &glyph, turn: 0, slant: 0, x: at, y, size: 10.0, advance };
            if !seen.again(&struck, number > 0) {
                out.push(char);
            }
            at += advance;
        }
        out
    }

    #[test]
    fn shadows_and_seams_are_struck_once_and_doubled_letters_stay() {
        let mut seen = Overstruck::default();
        assert_eq!(strike(&mut seen, "ill will", 50.0, 100.0, 2.2), "ill will");
        assert_eq!(strike(&mut seen, "ill will", 52.5, 102.5, 2.2), "", "a shadow, a quarter of an em aside");
        assert_eq!(strike(&mut seen, "ill will", 50.3, 100.0, 2.2), "", "bold by two strokes");
        assert_eq!(strike(&mut seen, "ill will", 50.0, 112.0, 2.2), "ill will", "the next line");
        assert_eq!(strike(&mut seen, "SA", 50.0, 200.0, 7.0), "SA");
        assert_eq!(strike(&mut seen, "AM", 57.1, 200.0, 7.0), "M", "a string begins with the last one's end");
    }
}
