//! Telephones, versions, paths, keys and streets in French.

use super::French;
use super::number;
use crate::speakable::span::{EmojiSequence, Key, Piece, Street, StreetName, Symbol};
use crate::speakable::verbalise::{Scene, Verbaliser};

/// Digits of the longest group of a telephone's number that is said as a number.
const LONGEST_PHONE_GROUP: usize = 3;

/// "zéro un, vingt-trois, quarante-cinq": groups as they are written, each as a number.
pub(super) fn phone(international: bool, groups: &[String], extension: Option<&str>) -> String {
    let group = |digits: &String| {
        if digits.len() > LONGEST_PHONE_GROUP { number::digits(digits) } else { number::group(digits) }
    };
    let mut words = String::new();
    for digits in groups {
        // A zero by itself is said with the group behind it: "zéro huit-cents".
        match words.as_str() {
            "" => {}
            "zéro" => words.push(' '),
            _ => words.push_str(", "),
        }
        words.push_str(&group(digits));
    }
    if international {
        words.insert_str(0, "plus ");
    }
    match extension {
        Some(extension) => format!("{words}, poste {}", number::group(extension)),
        None => words,
    }
}

/// "version un point deux point trois".
pub(super) fn version(named: bool, parts: &[Piece], scene: &Scene<'_>) -> String {
    let words = parts.iter().map(|part| French.pieces(std::slice::from_ref(part), scene));
    let words = words.collect::<Vec<_>>().join(" point ");
    if named { format!("version {words}") } else { words }
}

/// The number of a heading, which a stop parts from its words.
pub(super) fn outline(parts: &[Piece], scene: &Scene<'_>) -> String {
    version(false, parts, scene) + "."
}

/// A file or folder.
pub(super) fn path(parts: &[Vec<Piece>], slashes: bool, rooted: bool, scene: &Scene<'_>) -> String {
    let slash = French.symbol(Symbol::SLASH, scene).unwrap_or_default();
    let words = parts.iter().map(|part| French.pieces(part, scene)).collect::<Vec<_>>();
    let words = words.join(&if slashes { format!(" {slash} ") } else { " point ".to_owned() });
    if rooted { format!("{slash} {words}") } else { words }
}

/// The letters and digits of a colour, or of a hexadecimal number.
pub(super) fn hex(colour: bool, digits: &str) -> String {
    format!("{} {}", if colour { "couleur" } else { "hexadécimal" }, French.spell(digits))
}

/// "contrôle majuscule P".
pub(super) fn chord(keys: &[Key], scene: &Scene<'_>) -> String {
    let names = keys.iter().map(|key| match key {
        Key::Named(id) => scene.grammar.get("keys", id).map_or_else(|| id.replace('_', " "), str::to_owned),
        Key::Function(which) => format!("F {}", number::group(&which.to_string())),
        Key::Character(c) if c.is_alphanumeric() => French.spell(c.encode_utf8(&mut [0; 4])),
        Key::Character(c) => {
            let sign = scene.grammar.common.sign(c.encode_utf8(&mut [0; 4]));
            sign.and_then(|sign| French.symbol(sign, scene)).unwrap_or_default()
        }
    });
    names.collect::<Vec<_>>().join(" ")
}

/// The address of a house, in the order in which it is written.
pub(super) fn street(street: &Street, scene: &Scene<'_>) -> String {
    let house = street.house.as_ref().map(|house| French.pieces(house, scene));
    let name = street.name.iter().map(|part| match part {
        StreetName::Ordinal(which) => number::ordinal(*which, false, false),
        StreetName::Word(word) => word.clone(),
    });
    let mut parts: Vec<String> = Vec::new();
    parts.extend(house.clone().filter(|_| !street.house_last));
    parts.extend(street.side.map(str::to_owned));
    parts.extend(name);
    parts.extend(street.kind.map(str::to_owned));
    parts.extend(house.filter(|_| street.house_last));
    parts.join(" ")
}

/// The name of a picture character. Its tone is not said.
pub(super) fn emoji(emoji: &EmojiSequence) -> String {
    match emoji {
        EmojiSequence::Named(name, _) => (*name).to_owned(),
        EmojiSequence::Flag(letters) => format!("drapeau {}", French.spell(letters)),
        EmojiSequence::Joined(names) => names.join(" "),
    }
}
