//! Fonts: from the bytes of a shown string to text and advance, and what the face says about the
//! text (bold, italic, code).

use std::collections::HashMap;
use std::ops::Range;

use lopdf::{Dictionary, Object, Stream};

use super::cmap::CMap;
use super::encoding::{self, Table};
use super::file::File;
use super::standard;

/// Flags of a font's descriptor (table 123).
const FIXED_PITCH: i64 = 1;
const SYMBOLIC: i64 = 1 << 2;
const ITALIC: i64 = 1 << 6;
const FORCE_BOLD: i64 = 1 << 18;
/// The weight from which on a face is bold.
const SEMIBOLD: f32 = 600.0;
/// Degrees up to which a face counts as upright.
const UPRIGHT: f32 = 1.0;
/// Widths of a composite font that are kept.
const MOST_WIDTHS: usize = 0x2_0000;
/// The last number of a glyph (ISO 32000-1, annex C, maximum value of a CID).
const LAST_CID: f32 = 65_535.0;

/// What a face looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Face {
    /// Heavier than text.
    pub bold: bool,
    /// Slanted.
    pub italic: bool,
    /// Every letter as wide as the next.
    pub mono: bool,
    /// Mathematics.
    pub math: bool,
}

/// One shown code.
#[derive(Debug, Clone, Copy)]
pub struct Shown<'a> {
    /// What it means; empty if that is unknown.
    pub text: &'a str,
    /// Its advance in text space at size 1.
    pub advance: f32,
    /// Whether word spacing applies to it.
    pub space: bool,
}

/// A loaded font.
#[derive(Debug)]
pub struct Font {
    /// Its looks.
    pub face: Face,
    /// How tall an em is at size 1; not 1 only for fonts drawn by procedures.
    pub em: f32,
    /// Whether lines run downwards.
    pub vertical: bool,
    codes: Codes,
}

#[derive(Debug)]
enum Codes {
    Simple {
        texts: Vec<String>,
        advances: Vec<f32>,
        /// The codes whose advances the font tells; the others have one for all that are missing.
        told: Range<usize>,
    },
    Composite(Box<Composite>),
}

#[derive(Debug)]
struct Composite {
    map: CMap,
    to_unicode: CMap,
    widths: HashMap<u32, f32>,
    default: f32,
    glyphs: HashMap<u32, String>,
}

impl Font {
    /// Loads a font; one that cannot be read shows its codes as Latin letters.
    pub fn load(file: &File, dict: &Dictionary) -> Self {
        let name = base_name(dict);
        let subtype = file.get(dict, b"Subtype").and_then(|object| object.as_name().ok()).unwrap_or_default();
        let descendant = (subtype == b"Type0")
            .then(|| file.get(dict, b"DescendantFonts"))
            .flatten()
            .and_then(|object| object.as_array().ok())
            .and_then(|fonts| fonts.first())
            .and_then(|font| file.dict(font));
        let described = descendant.unwrap_or(dict);
        let descriptor = file.get(described, b"FontDescriptor").and_then(|object| file.dict(object));
        let to_unicode =
            file.get(dict, b"ToUnicode").and_then(|object| file.data(object)).map(|bytes| CMap::parse(&bytes));
        let mut font = match descendant {
            Some(descendant) => composite(file, dict, descendant, descriptor, to_unicode.unwrap_or_default()),
            None => simple(file, dict, &name, subtype, descriptor, to_unicode.as_ref()),
        };
        font.face = face(file, &name, descriptor, &font.codes);
        font
    }

    /// Decodes a shown string.
    pub fn show<'a>(&'a self, bytes: &[u8], mut each: impl FnMut(Shown<'a>)) {
        match &self.codes {
            Codes::Simple { texts, advances, told: _ } => {
                for byte in bytes {
                    let code = usize::from(*byte);
                    each(Shown { text: &texts[code], advance: advances[code], space: *byte == 32 });
                }
            }
            Codes::Composite(composite) => {
                let Composite { map, to_unicode, widths, default, glyphs } = &**composite;
                let mut rest = bytes;
                while !rest.is_empty() {
                    let (code, length) = map.code(rest);
                    rest = &rest[length..];
                    let cid = map.cid(code).unwrap_or(code);
                    let text = to_unicode
                        .text(code)
                        .filter(|text| !unknown(text))
                        .or_else(|| glyphs.get(&cid).map(String::as_str))
                        .or_else(|| to_unicode.text(code))
                        .unwrap_or("");
                    let advance = widths.get(&cid).copied().unwrap_or(*default);
                    each(Shown { text, advance, space: length == 1 && code == 32 });
                }
            }
        }
    }
}

/// Whether a mapping says nothing: a replacement or private-use character.
fn unknown(text: &str) -> bool {
    text.is_empty() || text.chars().all(|char| matches!(char, '\u{fffd}' | '\u{e000}'..='\u{f8ff}' | '\0'))
}

/// Whether the map of a face of mathematics says a suit of cards where the glyph's name is that of
/// a sign of ASCII: some programs take a bar for the glyph that has its place in another font.
fn mistaken(mapped: &str, named: &str) -> bool {
    let suit = |char: char| matches!(char, '\u{2660}'..='\u{2667}');
    mapped.chars().all(suit) && named.len() == 1 && named.chars().all(|char| char.is_ascii_punctuation())
}

/// Parts of the names of faces of mathematics.
const MATH_NAMES: [&str; 12] =
    ["cmmi", "cmsy", "cmex", "msam", "msbm", "lmmath", "math", "stmary", "eufm", "txsy", "pxsy", "rsfs"];

fn is_math(name: &str) -> bool {
    let lower = name.to_lowercase();
    MATH_NAMES.iter().any(|part| lower.contains(part))
}

fn base_name(dict: &Dictionary) -> String {
    let name = dict.get(b"BaseFont").and_then(Object::as_name).map(|name| String::from_utf8_lossy(name).into_owned());
    let name = name.unwrap_or_default();
    match name.split_once('+') {
        Some((tag, rest)) if tag.len() == 6 => rest.to_owned(),
        Some(_) | None => name,
    }
}

/// Parts of the names of faces whose letters are all as wide.
const MONO_NAMES: [&str; 11] =
    ["courier", "mono", "cmtt", "sftt", "ectt", "lmtt", "consol", "typewriter", "menlo", "monaco", "nimbusmonl"];
/// A subset of fewer letters than this says nothing of its face, whatever its flags: capitals of a
/// heading may be equally wide.
const FEWEST_LETTERS: usize = 6;
/// Letters that are narrow, and wide, in every face that gives letters their own widths.
const NARROW: &str = "fijlrtIJ";
const WIDE: &str = "mwMWQOG";
/// Widths that differ by this share are two.
const OTHER_WIDTH: f32 = 0.01;

/// The letters of a font, with the advances that it tells. The one that it has for missing glyphs
/// says nothing of its face: a subset of the two letters of a name would have all others alike.
fn letters(codes: &Codes) -> Vec<(char, f32)> {
    let letter = |text: &str, width: f32| {
        let mut chars = text.chars();
        let char = chars.next().filter(char::is_ascii_alphabetic)?;
        (chars.next().is_none() && width > 0.0).then_some((char, width))
    };
    match codes {
        Codes::Simple { texts, advances, told } => {
            let told = texts.iter().zip(advances).take(told.end).skip(told.start);
            told.filter_map(|(text, width)| letter(text, *width)).collect()
        }
        Codes::Composite(composite) => {
            let text =
                |cid: &u32| composite.to_unicode.text(*cid).or_else(|| composite.glyphs.get(cid).map(String::as_str));
            composite.widths.iter().filter_map(|(cid, width)| letter(text(cid)?, *width)).collect()
        }
    }
}

/// Whether narrow and wide letters are equally wide; none where the font has not both.
fn equal_widths(codes: &Codes) -> Option<bool> {
    let letters = letters(codes);
    let of =
        |set: &str| letters.iter().filter(|(char, _)| set.contains(*char)).map(|(_, width)| *width).collect::<Vec<_>>();
    let (narrow, wide) = (of(NARROW), of(WIDE));
    let least = narrow.iter().copied().reduce(f32::min)?;
    let most = wide.iter().copied().reduce(f32::max)?;
    Some((most - least).abs() < OTHER_WIDTH * most)
}

fn face(file: &File, name: &str, descriptor: Option<&Dictionary>, codes: &Codes) -> Face {
    let lower = name.to_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    let number = |key: &[u8]| descriptor.and_then(|descriptor| file.number(descriptor, key));
    let flags = number(b"Flags").unwrap_or(0.0) as i64;
    let math = is_math(name);
    let slanted = number(b"ItalicAngle").is_some_and(|angle| angle.abs() > UPRIGHT) || flags & ITALIC != 0;
    let named = has(&MONO_NAMES);
    let mono = match equal_widths(codes) {
        Some(equal) => equal,
        None => named || (flags & FIXED_PITCH != 0 && letters(codes).len() >= FEWEST_LETTERS),
    };
    Face {
        bold: has(&["bold", "black", "heavy", "demi", "cmbx", "cmb1", "sfbx", "ecbx", "lmbx", "-bd", "medi"])
            && !has(&["mediumcond"])
            || flags & FORCE_BOLD != 0
            || number(b"FontWeight").is_some_and(|weight| weight >= SEMIBOLD),
        italic: !math && (slanted || has(&["italic", "oblique", "cmti", "cmsl", "sfti", "sfsl", "lmri", "ital"])),
        mono: !math && mono,
        math,
    }
}

fn simple(
    file: &File,
    dict: &Dictionary,
    name: &str,
    subtype: &[u8],
    descriptor: Option<&Dictionary>,
    to_unicode: Option<&CMap>,
) -> Font {
    let table = simple_table(file, dict, name, subtype, descriptor);
    let math = is_math(name);
    let mut texts = Vec::with_capacity(256);
    for code in 0..256u32 {
        let mapped = to_unicode.and_then(|map| map.text(code));
        let named = table[code as usize].as_deref();
        let text = match (mapped, named) {
            (Some(mapped), Some(named)) if math && mistaken(mapped, named) => named,
            (Some(mapped), _) if !unknown(mapped) => mapped,
            (_, Some(named)) => named,
            (Some(mapped), None) => mapped,
            (None, None) => "",
        };
        texts.push(text.to_owned());
    }
    let (scale, em) = if subtype == b"Type3" { drawn_scale(file, dict) } else { (0.001, 1.0) };
    let first = file.number(dict, b"FirstChar").unwrap_or(0.0).clamp(0.0, 255.0) as usize;
    let missing = descriptor.and_then(|descriptor| file.number(descriptor, b"MissingWidth")).unwrap_or(0.0);
    let mut advances = vec![missing * scale; 256];
    let mut told = 0..advances.len();
    if let Some(widths) = file.get(dict, b"Widths").and_then(|object| object.as_array().ok()) {
        told = first..(first + widths.len()).min(advances.len());
        for (advance, width) in advances.iter_mut().skip(first).zip(widths) {
            *advance = file.resolve(width).as_float().unwrap_or(0.0) * scale;
        }
    } else {
        for (code, advance) in advances.iter_mut().enumerate() {
            *advance = standard::advance(name, &texts[code]);
        }
    }
    Font { face: Face::default(), em, vertical: false, codes: Codes::Simple { texts, advances, told } }
}

/// The glyph space of a Type 3 font: units per text space, and the height of its em.
fn drawn_scale(file: &File, dict: &Dictionary) -> (f32, f32) {
    let numbers = |key: &[u8]| -> Vec<f32> {
        let array = file.get(dict, key).and_then(|object| object.as_array().ok());
        array
            .map(|array| array.iter().map(|item| file.resolve(item).as_float().unwrap_or(0.0)).collect())
            .unwrap_or_default()
    };
    let matrix = numbers(b"FontMatrix");
    let (scale, upright) = match matrix[..] {
        [a, b, c, d, _, _] => (a.hypot(b), c.hypot(d)),
        _ => (0.001, 0.001),
    };
    let height = match numbers(b"FontBBox")[..] {
        [_, low, _, high] if high - low > 0.0 => (high - low) * upright,
        _ => 1.0,
    };
    (scale, if (0.2..5.0).contains(&height) || height <= 0.0 { 1.0 } else { height })
}

fn simple_table(file: &File, dict: &Dictionary, name: &str, subtype: &[u8], descriptor: Option<&Dictionary>) -> Table {
    let encoding = file.get(dict, b"Encoding");
    let named = encoding.and_then(|object| object.as_name().ok());
    let described = encoding.and_then(|object| file.dict(object));
    let base_named = named.or_else(|| described.and_then(|dict| file.get(dict, b"BaseEncoding")?.as_name().ok()));
    let symbolic = descriptor
        .and_then(|descriptor| file.number(descriptor, b"Flags"))
        .is_some_and(|flags| flags as i64 & SYMBOLIC != 0);
    let mut table = match base_named {
        Some(name) => encoding::base(name),
        None if name == "Symbol" || name.starts_with("Symbol,") => encoding::symbol(),
        None if name.contains("Dingbats") => encoding::dingbats(),
        None => program_table(file, descriptor).unwrap_or_else(|| {
            encoding::base(if subtype == b"TrueType" && symbolic { b"WinAnsiEncoding" } else { b"StandardEncoding" })
        }),
    };
    let differences =
        described.and_then(|dict| file.get(dict, b"Differences")).and_then(|object| object.as_array().ok());
    let mut coded = Vec::new();
    let mut code = 0usize;
    for item in differences.into_iter().flatten() {
        let item = file.resolve(item);
        if let Ok(number) = item.as_float() {
            code = number.clamp(0.0, 256.0) as usize;
        } else if let Ok(name) = item.as_name() {
            if code < 256 {
                let fallback = if name == b".notdef" { None } else { table[code].take() };
                let byte = u8::try_from(code).unwrap_or(0);
                table[code] = encoding::glyph_text(name, byte).or(if symbolic { None } else { fallback });
                coded.extend(encoding::repeats(name, byte).then_some(byte));
            }
            code += 1;
        }
    }
    if subtype == b"Type3" {
        encoding::fill_as_tex(&mut table, &coded);
    }
    table
}

fn program_table(file: &File, descriptor: Option<&Dictionary>) -> Option<Table> {
    let descriptor = descriptor?;
    if let Some(program) = file.get(descriptor, b"FontFile").and_then(|object| file.data(object)) {
        return encoding::type1_program(&program);
    }
    let object = file.get(descriptor, b"FontFile3")?;
    let compact = object.as_stream().is_ok_and(|stream: &Stream| {
        stream.dict.get(b"Subtype").and_then(Object::as_name).is_ok_and(|subtype| subtype == b"Type1C")
    });
    compact.then(|| encoding::cff_program(&file.data(object)?)).flatten()
}

fn composite(
    file: &File,
    dict: &Dictionary,
    descendant: &Dictionary,
    descriptor: Option<&Dictionary>,
    to_unicode: CMap,
) -> Font {
    let encoding = file.get(dict, b"Encoding");
    let name = encoding.and_then(|object| object.as_name().ok()).unwrap_or_default();
    let map = match encoding.and_then(|object| file.data(object)) {
        Some(bytes) => CMap::parse(&bytes),
        None => CMap::identity(),
    };
    let utf16 = name.starts_with(b"Uni") && (name.windows(4).any(|part| part == b"UCS2" || part == b"UTF1"));
    let vertical = name.ends_with(b"-V") || map.vertical;
    let mut widths = HashMap::new();
    if let Some(array) = file.get(descendant, b"W").and_then(|object| object.as_array().ok()) {
        cid_widths(file, array, &mut widths);
    }
    let default = file.number(descendant, b"DW").unwrap_or(1000.0) * 0.001;
    let glyphs = if utf16 {
        (0x20..0xffffu32).filter_map(|code| Some((code, char::from_u32(code)?.to_string()))).collect()
    } else if to_unicode.is_empty() {
        descriptor.and_then(|descriptor| program_glyphs(file, descendant, descriptor)).unwrap_or_default()
    } else {
        HashMap::new()
    };
    let codes = Codes::Composite(Box::new(Composite { map, to_unicode, widths, default, glyphs }));
    Font { face: Face::default(), em: 1.0, vertical, codes }
}

fn cid_widths(file: &File, array: &[Object], widths: &mut HashMap<u32, f32>) {
    let cid = |object: &Object| file.resolve(object).as_float().unwrap_or(0.0).clamp(0.0, LAST_CID) as u32;
    let (mut at, mut written) = (0, 0);
    // What is written counts, not what is kept: a file may give all widths again and again.
    while at + 1 < array.len() && written < MOST_WIDTHS {
        let first = cid(&array[at]);
        if let Ok(list) = file.resolve(&array[at + 1]).as_array() {
            for (cid, width) in (first..=LAST_CID as u32).zip(list) {
                widths.insert(cid, file.resolve(width).as_float().unwrap_or(0.0) * 0.001);
            }
            written += 1 + list.len();
            at += 2;
        } else {
            let last = cid(&array[at + 1]);
            let Some(width) = array.get(at + 2).map(|width| file.resolve(width).as_float().unwrap_or(0.0)) else {
                break;
            };
            for cid in first..=last {
                widths.insert(cid, width * 0.001);
            }
            written += 1 + (last.saturating_sub(first)) as usize;
            at += 3;
        }
    }
}

/// Texts of glyphs by their number, from the font program's own character map read backwards.
fn program_glyphs(file: &File, descendant: &Dictionary, descriptor: &Dictionary) -> Option<HashMap<u32, String>> {
    let object = file.get(descriptor, b"FontFile2").or_else(|| file.get(descriptor, b"FontFile3"))?;
    let program = file.data(object)?;
    let font = ttf_parser::Face::parse(&program, 0).ok()?;
    let mut by_glyph: HashMap<u32, String> = HashMap::new();
    for subtable in font.tables().cmap?.subtables {
        if !subtable.is_unicode() {
            continue;
        }
        subtable.codepoints(|code| {
            if let (Some(glyph), Some(char)) = (subtable.glyph_index(code), char::from_u32(code)) {
                by_glyph.entry(u32::from(glyph.0)).or_insert_with(|| char.to_string());
            }
        });
    }
    let to_glyph = file.get(descendant, b"CIDToGIDMap").and_then(|object| file.data(object));
    Some(match to_glyph {
        None => by_glyph,
        Some(bytes) => (0u32..)
            .zip(bytes.chunks_exact(2))
            .filter_map(|(cid, pair)| {
                let glyph = u32::from(u16::from_be_bytes([pair[0], pair[1]]));
                Some((cid, by_glyph.get(&glyph)?.clone()))
            })
            .collect(),
    })
}

#[cfg(test)]
mod tests;
