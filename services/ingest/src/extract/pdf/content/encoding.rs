//! Glyph names and the simple fonts' encodings (ISO 32000-1, annex D; Adobe Glyph List
//! Specification, section 2).

use lopdf::{Dictionary, Document, Encoding, Object};

/// The 256 texts of a simple encoding.
pub type Table = Vec<Option<String>>;

/// The text of a glyph by its name, if the name is known.
pub fn glyph_text(name: &[u8], code: u8) -> Option<String> {
    let name = std::str::from_utf8(name).ok()?;
    if name == ".notdef" {
        return None;
    }
    let base = name.split('.').next().filter(|base| !base.is_empty())?;
    if base.contains('_')
        && let Some(text) = base.split('_').map(component).collect()
    {
        return Some(text);
    }
    if let Some(text) = component(base) {
        return Some(text);
    }
    // TeX's larger delimiters are drawn apart but mean the same.
    for suffix in ["bigg", "Bigg", "big", "Big"] {
        if let Some(text) = base.strip_suffix(suffix).and_then(component) {
            return Some(text);
        }
    }
    (repeats(name.as_bytes(), code) && (0x20..0x7f).contains(&code)).then(|| char::from(code).to_string())
}

/// Whether a glyph's name only repeats its code (`c65`, `a65`), as in bitmap fonts in ASCII order.
pub fn repeats(name: &[u8], code: u8) -> bool {
    let base = std::str::from_utf8(name).ok().and_then(|name| name.split('.').next()).unwrap_or_default();
    let digits = base.trim_start_matches(|char: char| char.is_ascii_alphabetic());
    base.len() - digits.len() <= 2 && digits.parse() == Ok(code)
}

/// Small letters from which on a font is one of text, where it has a stop or comma in its place
/// too, and where it has none. Mathematics has fewer, and its stops elsewhere.
const FEWEST_LETTERS: (usize, usize) = (5, 12);
/// What is not as in ASCII in TeX's old text encoding (Knuth, The TeXbook, appendix F).
const OLD_TEX: [(u8, &str); 10] = [
    (0x0b, "ff"),
    (0x0c, "fi"),
    (0x0d, "fl"),
    (0x0e, "ffi"),
    (0x0f, "ffl"),
    (0x10, "ı"),
    (0x22, "”"),
    (0x5c, "“"),
    (0x7b, "–"),
    (0x7c, "—"),
];
/// What is beside ASCII in its newer one, of Cork (TUGboat 11:4, 1990).
const CORK: [(u8, &str); 14] = [
    (0x10, "“"),
    (0x11, "”"),
    (0x12, "„"),
    (0x13, "«"),
    (0x14, "»"),
    (0x15, "–"),
    (0x16, "—"),
    (0x19, "ı"),
    (0x1b, "ff"),
    (0x1c, "fi"),
    (0x1d, "fl"),
    (0x1e, "ffi"),
    (0x1f, "ffl"),
    (0x7f, "-"),
];

/// Fills in the ligatures, quotes and dashes of a bitmap font, of whose glyphs those `coded` have
/// no names but their codes: TeX makes such fonts, and its encodings have ligatures where ASCII has
/// no letters. The older has them at other codes than the newer.
pub fn fill_as_tex(table: &mut Table, coded: &[u8]) {
    let has = |code: u8| coded.contains(&code);
    let small = coded.iter().filter(|code| code.is_ascii_lowercase()).count();
    let stops = [b',', b'.', b'-'].into_iter().any(has);
    if !(small >= FEWEST_LETTERS.0 && stops || small >= FEWEST_LETTERS.1 && has(b'o')) {
        return;
    }
    let old = (0x0b..=0x0f).any(has);
    let signs: &[(u8, &str)] = if old { &OLD_TEX } else { &CORK };
    for (code, sign) in signs.iter().filter(|(code, _)| has(*code)) {
        if let Some(text) = table.get_mut(usize::from(*code)) {
            *text = Some((*sign).to_owned());
        }
    }
}

fn component(name: &str) -> Option<String> {
    if name.len() == 1 && name.as_bytes()[0].is_ascii_alphabetic() {
        return Some(name.to_owned());
    }
    let known = match name {
        "space" | "nbspace" | "visiblespace" => " ",
        "ff" => "ff",
        "fi" => "fi",
        "fl" => "fl",
        "ffi" => "ffi",
        "ffl" => "ffl",
        "IJ" => "IJ",
        "ij" => "ij",
        "dotlessj" => "j",
        "sfthyphen" | "softhyphen" => "\u{ad}",
        "hyphenchar" | "hyphen" => "-",
        "quotesingle" => "'",
        "angbracketleft" => "⟨",
        "angbracketright" => "⟩",
        "mapsto" => "↦",
        "openbullet" => "◦",
        "bardbl" => "‖",
        "Delta" => "Δ",
        "Omega" => "Ω",
        "mu" => "µ",
        "compoundwordmark" | "cwm" => "",
        "" => return None,
        _ => return unicode_name(name).or_else(|| listed(name)),
    };
    Some(known.to_owned())
}

/// `uni20AC`, `uni00410042`, `u1F600`.
fn unicode_name(name: &str) -> Option<String> {
    let hex = |digits: &str| u32::from_str_radix(digits, 16).ok().and_then(char::from_u32);
    if let Some(digits) = name.strip_prefix("uni")
        && digits.is_ascii()
        && !digits.is_empty()
        && digits.len() % 4 == 0
    {
        return digits.as_bytes().chunks(4).map(|four| hex(std::str::from_utf8(four).ok()?)).collect();
    }
    let digits = name.strip_prefix('u')?;
    ((4..=6).contains(&digits.len())).then(|| hex(digits).map(String::from))?
}

/// Looks a name up in the glyph list that lopdf carries; it is reached through an encoding that
/// names it.
fn listed(name: &str) -> Option<String> {
    let mut encoding = Dictionary::new();
    encoding.set("Differences", vec![Object::Integer(65), Object::Name(name.as_bytes().to_vec())]);
    let mut font = Dictionary::new();
    font.set("Type", Object::Name(b"Font".to_vec()));
    font.set("Encoding", Object::Dictionary(encoding));
    let document = Document::new();
    let Ok(Encoding::Differences(differences)) = font.get_font_encoding(&document) else { return None };
    let unit = differences.map.get(&65)?.utf16_code_unit();
    char::from_u32(u32::from(unit)).map(String::from)
}

/// A named base encoding; the standard one where the name is not known.
pub fn base(name: &[u8]) -> Table {
    let mut font = Dictionary::new();
    font.set("Type", Object::Name(b"Font".to_vec()));
    let known: &[u8] = match name {
        b"MacRomanEncoding" | b"WinAnsiEncoding" | b"MacExpertEncoding" => name,
        _ => b"StandardEncoding",
    };
    font.set("Encoding", Object::Name(known.to_vec()));
    let document = Document::new();
    let mut table = vec![None; 256];
    if let Ok(Encoding::OneByteEncoding(glyphs)) = font.get_font_encoding(&document) {
        for (entry, glyph) in table.iter_mut().zip(glyphs.iter()) {
            *entry = glyph.and_then(|glyph| char::from_u32(u32::from(glyph.utf16_code_unit()))).map(String::from);
        }
    }
    if known == b"WinAnsiEncoding" {
        table[0xa0] = Some(" ".to_owned());
        table[0xad] = Some("-".to_owned());
        table[0x27] = Some("'".to_owned());
    }
    table
}

/// The built-in encoding of the Symbol font, as far as running text uses it.
pub fn symbol() -> Table {
    let mut table = vec![None; 256];
    for code in 0x20..0x7fu8 {
        table[usize::from(code)] = Some(char::from(code).to_string());
    }
    let greek = "ΑΒΧΔΕΦΓΗΙϑΚΛΜΝΟΠΘΡΣΤΥςΩΞΨΖ";
    for (code, char) in (0x41u8..).zip(greek.chars()) {
        table[usize::from(code)] = Some(char.to_string());
    }
    let greek = "αβχδεφγηιϕκλμνοπθρστυϖωξψζ";
    for (code, char) in (0x61u8..).zip(greek.chars()) {
        table[usize::from(code)] = Some(char.to_string());
    }
    let others = [
        (0xa2, "′"),
        (0xa3, "≤"),
        (0xa5, "∞"),
        (0xac, "←"),
        (0xad, "↑"),
        (0xae, "→"),
        (0xaf, "↓"),
        (0xb0, "°"),
        (0xb1, "±"),
        (0xb2, "″"),
        (0xb3, "≥"),
        (0xb4, "×"),
        (0xb6, "∂"),
        (0xb7, "•"),
        (0xb8, "÷"),
        (0xb9, "≠"),
        (0xba, "≡"),
        (0xbb, "≈"),
        (0xbc, "…"),
        (0xd2, "®"),
        (0xd3, "©"),
        (0xd4, "™"),
        (0xd6, "√"),
        (0xd7, "⋅"),
        (0xe5, "∑"),
        (0xf2, "∫"),
        (0xa8, "♦"),
    ];
    for (code, text) in others {
        table[code] = Some(text.to_owned());
    }
    table
}

/// The built-in encoding of the dingbats font, as far as lists use it.
pub fn dingbats() -> Table {
    let mut table = vec![Some("•".to_owned()); 256];
    table[0x20] = Some(" ".to_owned());
    for (code, text) in [(0x33, "✓"), (0x34, "✔"), (0x38, "✘"), (0x6c, "●"), (0x6e, "■"), (0x75, "◆"), (0xe8, "➔")]
    {
        table[code] = Some(text.to_owned());
    }
    table
}

/// The encoding written in the clear part of a Type 1 font program: `dup 65 /A put`.
pub fn type1_program(program: &[u8]) -> Option<Table> {
    let clear = &program[..program.len().min(64 * 1024)];
    let clear = match clear.windows(5).position(|window| window == b"eexec") {
        Some(end) => &clear[..end],
        None => clear,
    };
    let start = clear.windows(9).position(|window| window == b"/Encoding")?;
    let words: Vec<&[u8]> =
        clear[start..].split(|byte| byte.is_ascii_whitespace()).filter(|word| !word.is_empty()).collect();
    if words.get(1) == Some(&&b"StandardEncoding"[..]) {
        return Some(base(b"StandardEncoding"));
    }
    let mut table = vec![None; 256];
    let mut found = false;
    for (at, word) in words.iter().enumerate() {
        if *word != b"dup" {
            continue;
        }
        // `dup 65/A put` and `dup 65 /A put` are both usual.
        let joined =
            [words.get(at + 1).copied().unwrap_or_default(), words.get(at + 2).copied().unwrap_or_default()].concat();
        let Some(slash) = joined.iter().position(|byte| *byte == b'/') else { continue };
        let Some(code) = std::str::from_utf8(&joined[..slash]).ok().and_then(|code| code.parse::<u8>().ok()) else {
            continue;
        };
        let name = joined[slash + 1..].strip_suffix(b"put").unwrap_or(&joined[slash + 1..]);
        table[usize::from(code)] = glyph_text(name, code);
        found = true;
    }
    found.then_some(table)
}

/// The encoding inside a compact (CFF) font program.
pub fn cff_program(program: &[u8]) -> Option<Table> {
    let font = ttf_parser::cff::Table::parse(program)?;
    let mut table = vec![None; 256];
    for code in 0..=255u8 {
        if let Some(glyph) = font.glyph_index(code)
            && glyph.0 != 0
            && let Some(name) = font.glyph_name(glyph)
        {
            table[usize::from(code)] = glyph_text(name.as_bytes(), code);
        }
    }
    Some(table)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn glyph_names_become_text() {
        for (name, wanted) in [
            ("A", Some("A")),
            ("fi", Some("fi")),
            ("f_f_i", Some("ffi")),
            ("a.sc", Some("a")),
            ("uni20AC", Some("€")),
            ("u1F600", Some("😀")),
            ("eacute", Some("é")),
            ("emdash", Some("—")),
            ("parenleftbig", Some("(")),
            (".notdef", None),
            ("g123", None),
        ] {
            assert_eq!(glyph_text(name.as_bytes(), 200).as_deref(), wanted, "{name}");
        }
        assert_eq!(glyph_text(b"c65", 65).as_deref(), Some("A"));
    }

    #[test]
    fn bitmap_fonts_of_tex_have_ligatures_where_ascii_has_no_letters() {
        let read = |coded: &[u8], shown: &[u8]| -> String {
            let mut table: Table = (0..=255).map(|code| glyph_text(format!("a{code}").as_bytes(), code)).collect();
            fill_as_tex(&mut table, coded);
            shown.iter().filter_map(|code| table[usize::from(*code)].as_deref()).collect()
        };
        let letters: Vec<u8> = (b'a'..=b'z').collect();
        let with = |more: &[u8]| [&letters[..], more].concat();
        for (name, coded, shown, wanted) in [
            ("new", with(b",.\x10\x11\x1c\x1d"), &b"\x10\x1cnal \x1dow\x11"[..], "“final flow”"),
            ("old", with(b",.\x0c\x0d\x5c\x22"), b"\x5c\x0cnal\x22", "“final”"),
            ("a heading without a stop", with(b"\x1d"), b"\x1ductuation", "fluctuation"),
            ("mathematics", b"abfgxy\x0b\x0c".to_vec(), b"f\x0bx", "fx"),
        ] {
            assert_eq!(read(&coded, shown), wanted, "{name}");
        }
    }

    #[test]
    fn a_font_programs_own_encoding_is_read() {
        let program = b"/Encoding 256 array 0 1 255 {1 index exch /.notdef put} for\ndup 65 /B put\ndup 66/eacute put\nreadonly def eexec dup 67 /C put";
        let table = type1_program(program).unwrap();
        assert_eq!(table[65].as_deref(), Some("B"));
        assert_eq!(table[66].as_deref(), Some("é"));
        assert_eq!(table[67], None);
    }
}
