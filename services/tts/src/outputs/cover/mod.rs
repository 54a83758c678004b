//! The cover of a recording: its title, its authors, and the recording itself as bars. Documents
//! have no cover of their own that is known, and shelves of audiobooks show little else.
//!
//! It follows from the title, the authors and the lengths of the sentences alone, so that equal
//! recordings have equal covers.

mod canvas;
mod letters;
mod png;

use lectern_core::{Digest, Failure};
use unicode_normalization::UnicodeNormalization as _;

use canvas::{Canvas, Colour, Stroke};
use letters::{APART, BASE, LARGE, Line, SMALL, SPACE};

/// Pixels of a side: as shops of audiobooks ask at least.
const SIDE: u32 = 1000;
/// Pixels that stay free at each side.
const MARGIN: f32 = 90.0;
/// Pixels of a unit of letters, from the largest title to the smallest, and of the authors.
const SCALES: [f32; 15] = [10.0, 9.5, 9.0, 8.5, 8.0, 7.5, 7.0, 6.5, 6.0, 5.5, 5.0, 4.5, 4.0, 3.5, 3.0];
const AUTHORS: f32 = 3.2;
/// Units from one line to the next.
const LINE: f32 = 20.0;
/// How much of a unit a pen is thick.
const PEN: f32 = 1.1;
/// Where the title begins, the room that it has, and where authors and bars stand.
const TITLE_FROM: f32 = 100.0;
const TITLE_ROOM: f32 = 500.0;
const AUTHORS_AT: f32 = 700.0;
const BARS_AT: f32 = 840.0;
/// Bars, and how high the lowest and the highest is.
const BARS: usize = 48;
const LOWEST: f32 = 20.0;
const HIGHEST: f32 = 150.0;
/// Characters of a title that have to have a glyph, of ten: of fewer nothing is written.
const KNOWN: usize = 8;

/// Background, bars and authors, title.
const COLOURS: [[Colour; 3]; 6] = [
    [[0x14, 0x21, 0x3D], [0x8F, 0xB3, 0xD9], [0xFF, 0xFF, 0xFF]],
    [[0x2B, 0x2D, 0x42], [0xEF, 0x83, 0x54], [0xFF, 0xFF, 0xFF]],
    [[0xF4, 0xEF, 0xE6], [0xA8, 0x5C, 0x1A], [0x2B, 0x21, 0x18]],
    [[0x1F, 0x3B, 0x33], [0x8F, 0xC9, 0xA8], [0xF7, 0xF5, 0xEF]],
    [[0xE8, 0xEE, 0xF2], [0x37, 0x6E, 0x8C], [0x15, 0x27, 0x33]],
    [[0x3A, 0x1F, 0x33], [0xD9, 0x9A, 0xB5], [0xFF, 0xF8, 0xFB]],
];

/// The cover in PNG. `lengths` are those of the sentences, in order.
///
/// # Errors
/// `INTERNAL` if the picture cannot be packed.
pub fn cover(title: &str, authors: &[String], lengths: &[u64]) -> Result<Vec<u8>, Failure> {
    let [background, bars, ink] = colours(title, authors);
    let mut canvas = Canvas::new(SIDE, background);
    if is_known(title) {
        write_title(&mut canvas, title, ink);
    }
    let authors = authors.join(", ");
    if is_known(&authors) {
        write(&mut canvas, &fitting(&authors, AUTHORS), AUTHORS_AT, AUTHORS, bars);
    }
    draw_bars(&mut canvas, lengths, bars);
    png::png(SIDE, canvas.pixels()).map_err(|error| Failure::internal(format!("the cover cannot be packed: {error}")))
}

/// Which colours: by chance, and for equal recordings the same.
fn colours(title: &str, authors: &[String]) -> [Colour; 3] {
    let digest = Digest::of(format!("{title}\n{}", authors.join("\n")).as_bytes());
    let at = usize::from(digest.0[0]) % COLOURS.len();
    COLOURS[at]
}

/// Whether most of a text can be written.
fn is_known(text: &str) -> bool {
    let (mut known, mut all) = (0, 0);
    for c in text.nfd().filter(|c| !c.is_whitespace()) {
        all += 1;
        known += usize::from(letters::letter(c).is_some() || letters::accent(c).is_some());
    }
    all > 0 && known * 10 >= all * KNOWN
}

/// A line of text as strokes in units, and how wide it is.
fn laid(text: &str) -> (Vec<Vec<(f32, f32)>>, f32) {
    let (mut strokes, mut at) = (Vec::new(), 0.0);
    // The letter that a mark is over: its middle, and its top.
    let mut under = (0.0, f32::from(SMALL));
    for c in text.nfd() {
        if c.is_whitespace() {
            at += f32::from(SPACE + APART);
        } else if let Some(marks) = letters::accent(c) {
            let over = |(right, up): &(i16, i16)| (under.0 + f32::from(*right), under.1 + f32::from(*up));
            strokes.extend(marks.iter().map(|line| line.iter().map(over).collect::<Vec<_>>()));
        } else if let Some(lines) = letters::letter(c) {
            let width = f32::from(letters::width(&lines));
            let top = if matches!(c, 'i' | 'j') { SMALL } else { letters::height(&lines) };
            under = (at + width / 2.0, f32::from(top));
            let placed = |line: &Line| -> Vec<(f32, f32)> {
                line.iter().map(|(right, up)| (at + f32::from(*right), f32::from(*up))).collect()
            };
            strokes.extend(lines.iter().map(placed));
            at += width + f32::from(APART);
        }
    }
    (strokes, (at - f32::from(APART)).max(0.0))
}

/// Pixels that a text has from side to side.
#[allow(clippy::cast_precision_loss, reason = "a thousand")]
fn room() -> f32 {
    SIDE as f32 - 2.0 * MARGIN
}

/// The lines of a text at a scale.
fn lines(text: &str, scale: f32) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if laid(&format!("{line} {word}")).1 * scale <= room() => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// The beginning of a line, as much as has room.
fn fitting(line: &str, scale: f32) -> String {
    if laid(line).1 * scale <= room() {
        return line.to_owned();
    }
    // A longer beginning is never narrower, and a paper may have thousands of authors.
    let ends: Vec<usize> = line.char_indices().map(|(at, _)| at).collect();
    let shorter = |end: usize| format!("{}…", line.get(..end).unwrap_or_default().trim_end());
    let fits = ends.partition_point(|end| laid(&shorter(*end)).1 * scale <= room());
    let longest = fits.checked_sub(1).and_then(|last| ends.get(last).copied());
    longest.map(shorter).unwrap_or_default()
}

#[allow(clippy::cast_precision_loss, reason = "a count of lines")]
fn write_title(canvas: &mut Canvas, title: &str, ink: Colour) {
    let fits = |scale: f32, lines: &[String]| {
        lines.len() as f32 * LINE * scale <= TITLE_ROOM && lines.iter().all(|line| laid(line).1 * scale <= room())
    };
    let largest = SCALES.iter().map(|scale| (*scale, lines(title, *scale))).find(|(scale, lines)| fits(*scale, lines));
    let smallest = SCALES.last().copied().unwrap_or(AUTHORS);
    let (scale, mut lines) = largest.unwrap_or_else(|| (smallest, lines(title, smallest)));
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count of lines")]
    let most = (TITLE_ROOM / (LINE * scale)).max(1.0) as usize;
    if lines.len() > most {
        let rest = lines.split_off(most.saturating_sub(1)).join(" ");
        lines.push(rest);
    }
    let mut at = TITLE_FROM + f32::from(LARGE - BASE) * scale;
    for line in &lines {
        write(canvas, &fitting(line, scale), at, scale, ink);
        at += LINE * scale;
    }
}

/// Writes a line that stands at `at`.
fn write(canvas: &mut Canvas, line: &str, at: f32, scale: f32, ink: Colour) {
    let pixel = |(right, up): &(f32, f32)| (MARGIN + right * scale, at - (up - f32::from(BASE)) * scale);
    let strokes: Vec<Stroke> = laid(line).0.iter().map(|line| line.iter().map(pixel).collect()).collect();
    canvas.draw(&strokes, PEN * scale / 2.0, ink);
}

/// The recording as bars: the longer its sentences, the higher.
#[allow(clippy::cast_precision_loss, reason = "lengths of sentences, in samples")]
fn draw_bars(canvas: &mut Canvas, lengths: &[u64], colour: Colour) {
    let count = BARS.min(lengths.len());
    let mean = |at: usize| {
        let of_bar = lengths.get(at * lengths.len() / count..(at + 1) * lengths.len() / count).unwrap_or_default();
        of_bar.iter().sum::<u64>() as f32 / of_bar.len().max(1) as f32
    };
    let means: Vec<f32> = (0..count).map(mean).collect();
    let longest = means.iter().copied().fold(1.0, f32::max);
    let apart = room() / BARS as f32;
    let bar = |(at, mean): (usize, &f32)| {
        let (half, x) = ((LOWEST + mean / longest * (HIGHEST - LOWEST)) / 2.0, MARGIN + (at as f32 + 0.5) * apart);
        vec![(x, BARS_AT - half), (x, BARS_AT + half)]
    };
    let bars: Vec<Stroke> = means.iter().enumerate().map(bar).collect();
    canvas.draw(&bars, apart * 0.3, colour);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cover_is_a_picture_that_follows_from_the_recording() {
        let authors = ["Ann Jäger".to_owned()];
        let lengths: Vec<u64> = (1..200).map(|at| at * 977 % 9_000).collect();
        let first = cover("Water & Größe", &authors, &lengths).unwrap();
        assert_eq!(first, cover("Water & Größe", &authors, &lengths).unwrap());
        assert!(first.starts_with(b"\x89PNG\r\n\x1a\n"), "{:x?}", &first[..8]);
        assert_eq!(first[16..24], [0, 0, 3, 232, 0, 0, 3, 232], "1000 by 1000");
        assert!(first.len() < 200_000, "{} bytes", first.len());
        assert_ne!(first, cover("Water and Größe", &authors, &lengths).unwrap());
        // Nothing to write, nothing to show: still a picture.
        assert!(cover("", &[], &[]).is_ok() && cover("水の塔", &["日本".to_owned()], &[1]).is_ok());
    }

    #[test]
    fn a_title_has_as_large_letters_as_it_has_room_for() {
        let scale = |title: &str| {
            SCALES.iter().position(|scale| {
                let lines = lines(title, *scale);
                lines.len() as f32 * LINE * scale <= TITLE_ROOM
                    && lines.iter().all(|line| laid(line).1 * scale <= room())
            })
        };
        assert_eq!(scale("Tides"), Some(0));
        assert!(scale("Water Towers of the Nineteen Nineties: A Study in Gravity and Steel") > Some(2));
        assert_eq!(scale(&"endless ".repeat(200)), None, "it is cut");
        let cut = fitting(&"endless ".repeat(50), 3.0);
        assert!(cut.ends_with('…') && laid(&cut).1 * 3.0 <= room());
        assert_eq!(fitting("short", 3.0), "short");
        let authors = "A. Nobody, ".repeat(5_000);
        let cut = fitting(&authors, AUTHORS);
        let (kept, longer) = (cut.chars().count() - 1, authors.chars().take(cut.chars().count() + 1));
        assert!(authors.starts_with(&cut[..kept]) && laid(&longer.collect::<String>()).1 * AUTHORS > room() - 40.0);
    }

    #[test]
    fn what_cannot_be_written_is_left_out() {
        assert!(is_known("Größe: Siobhán’s 1,000 (naïve) cafés?") && is_known("The 水 of life"));
        assert!(!is_known("水の塔") && !is_known(""));
        assert_eq!(laid("水").0, Vec::<Vec<(f32, f32)>>::new());
    }
}
