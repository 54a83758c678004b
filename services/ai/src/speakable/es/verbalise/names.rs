//! Phones, versions, paths, keys and streets in Spanish.

use super::numbers::join;
use crate::speakable::es::Spanish;
use crate::speakable::es::number::{self, Standing};
use crate::speakable::span::{EmojiSequence, Key, Piece, Street, StreetName, Symbol};
use crate::speakable::verbalise::{Scene, Verbaliser};

/// Digits of a name that are said as one number; more are said one by one.
const LONGEST_NUMBER_OF_A_NAME: usize = 4;

/// "trescientos ochenta", "dos mil seiscientos dieciséis", "cero cero siete".
pub(super) fn name_number(digits: &str) -> String {
    let zero_led = digits.len() > 1 && digits.starts_with('0');
    match digits.parse::<u128>() {
        Ok(n) if !zero_led && digits.len() <= LONGEST_NUMBER_OF_A_NAME => number::cardinal(n, Standing::Alone),
        _ => number::digits(digits),
    }
}

/// "más tres cuatro, nueve uno dos".
pub(super) fn phone(international: bool, groups: &[String], extension: Option<&str>) -> String {
    let plus = if international { "más" } else { "" };
    let groups = groups.iter().map(|group| number::digits(group)).collect::<Vec<_>>().join(", ");
    let number = join(&[plus.to_owned(), groups]);
    match extension {
        Some(extension) => format!("{number}, extensión {}", number::digits(extension)),
        None => number,
    }
}

/// "versión uno punto dos punto tres".
pub(super) fn version(named: bool, parts: &[Piece], scene: &Scene<'_>) -> String {
    let name = if named { "versión" } else { "" };
    join(&[name.to_owned(), dotted(parts, scene)])
}

/// Pieces with "punto" between those that are numbers or words.
pub(super) fn dotted(parts: &[Piece], scene: &Scene<'_>) -> String {
    let mut words = String::new();
    let mut joined = true;
    for part in parts {
        let said = Spanish.pieces(std::slice::from_ref(part), scene);
        let signs = matches!(part, Piece::Symbol(_) | Piece::Pause | Piece::Ending(_));
        if !words.is_empty() && !said.is_empty() && said != "," {
            words.push_str(if joined || signs { " " } else { " punto " });
        }
        words.push_str(&said);
        joined = signs;
    }
    words
}

/// "etc barra hosts", "config punto toml".
pub(super) fn path(parts: &[Vec<Piece>], slashes: bool, rooted: bool, scene: &Scene<'_>) -> String {
    let said = parts.iter().map(|part| Spanish.pieces(part, scene)).collect::<Vec<_>>();
    let slash = Spanish.symbol(Symbol::SLASH, scene).unwrap_or_default();
    if slashes {
        let lead = if rooted { slash.clone() } else { String::new() };
        join(&[lead, said.join(&format!(" {slash} "))])
    } else {
        said.join(" punto ")
    }
}

/// "hexadecimal F F cinco siete tres tres".
pub(super) fn hex(digits: &str) -> String {
    format!("hexadecimal {}", Spanish.spell(digits))
}

/// "control mayúsculas P".
pub(super) fn chord(keys: &[Key], scene: &Scene<'_>) -> String {
    let keys = keys.iter().map(|key| match key {
        Key::Named(id) => scene.grammar.get("keys", id).unwrap_or(*id).to_owned(),
        Key::Function(number) => format!("F {}", number::cardinal(u128::from(*number), Standing::Alone)),
        Key::Character(c) => character(*c, scene),
    });
    keys.collect::<Vec<_>>().join(" ")
}

fn character(c: char, scene: &Scene<'_>) -> String {
    if c.is_alphanumeric() {
        return Spanish.spell(c.encode_utf8(&mut [0; 4]));
    }
    let sign = scene.grammar.common.sign(c.encode_utf8(&mut [0; 4]));
    sign.and_then(|sign| Spanish.symbol(sign, scene)).unwrap_or_default()
}

/// "calle Mayor, cinco": the kind stands before the name, the house behind it.
pub(super) fn street(street: &Street, scene: &Scene<'_>) -> String {
    let name = street.name.iter().map(|part| match part {
        StreetName::Ordinal(number) => number::cardinal(*number, Standing::Alone),
        StreetName::Word(word) => word.clone(),
    });
    let name = name.collect::<Vec<_>>().join(" ");
    let words = join(&[street.kind.unwrap_or_default().to_owned(), name, street.side.unwrap_or_default().to_owned()]);
    match &street.house {
        Some(house) if scene.written().contains(',') => format!("{words}, {}", Spanish.pieces(house, scene)),
        Some(house) => join(&[words, Spanish.pieces(house, scene)]),
        None => words,
    }
}

/// The short name of a picture character, or of its parts.
pub(super) fn emoji(emoji: &EmojiSequence) -> String {
    match emoji {
        EmojiSequence::Named(name, _) => (*name).to_owned(),
        EmojiSequence::Flag(country) => format!("bandera {}", Spanish.spell(country)),
        EmojiSequence::Joined(names) => names.join(" "),
    }
}
