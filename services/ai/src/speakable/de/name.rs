//! Telephones, versions, paths, keys, streets and picture characters.

use super::count::joined;
use super::number;
use crate::speakable::span::{Acronym, EmojiSequence, Key, Piece, Spelling, Street, StreetName, Symbol};
use crate::speakable::verbalise::{Scene, Verbaliser};

/// What stands between the parts of a version and of a dotted name.
const POINT: &str = " Punkt ";

/// "plus vier neun, drei null, neun null eins".
pub(super) fn phone(international: bool, groups: &[String], extension: Option<&str>) -> String {
    let plus = if international { "plus " } else { "" };
    let words = format!("{plus}{}", joined(groups.iter().map(|group| number::digits(group)), ", "));
    match extension {
        Some(extension) => format!("{words}, Durchwahl {}", number::digits(extension)),
        None => words,
    }
}

fn dotted(parts: &[Piece], verbaliser: &dyn Verbaliser, scene: &Scene<'_>) -> String {
    joined(parts.iter().map(|part| verbaliser.pieces(std::slice::from_ref(part), scene)), POINT)
}

/// "Version eins Punkt zwei Punkt drei".
pub(super) fn version(named: bool, parts: &[Piece], verbaliser: &dyn Verbaliser, scene: &Scene<'_>) -> String {
    let words = dotted(parts, verbaliser, scene);
    if named { format!("Version {words}") } else { words }
}

/// "zwei Punkt eins.", the number of a heading.
pub(super) fn outline(parts: &[Piece], verbaliser: &dyn Verbaliser, scene: &Scene<'_>) -> String {
    dotted(parts, verbaliser, scene) + "."
}

/// Parts of a path, with the slashes between them where these are said.
pub(super) fn path(
    parts: &[Vec<Piece>],
    slashes: bool,
    rooted: bool,
    verbaliser: &dyn Verbaliser,
    scene: &Scene<'_>,
) -> String {
    let slash = verbaliser.symbol(Symbol::SLASH, scene).unwrap_or_default();
    let between = if slashes { format!(" {slash} ") } else { POINT.to_owned() };
    let words = joined(parts.iter().map(|part| verbaliser.pieces(part, scene)), &between);
    if rooted { format!("{slash} {words}") } else { words }
}

/// "hexadezimal eins F vier", "Raute F F fünf sieben".
pub(super) fn hex(colour: bool, digits: &str, verbaliser: &dyn Verbaliser) -> String {
    let lead = if colour { "Raute" } else { "hexadezimal" };
    format!("{lead} {}", verbaliser.spell(digits))
}

/// "Steuerung plus Umschalt plus P".
pub(super) fn chord(keys: &[Key], verbaliser: &dyn Verbaliser, scene: &Scene<'_>) -> String {
    let names = keys.iter().map(|key| match key {
        Key::Named(id) => scene.grammar.get("keys", id).unwrap_or(*id).to_owned(),
        Key::Function(n) => format!("F {}", number::cardinal(u128::from(*n))),
        Key::Character(c) if c.is_alphanumeric() => verbaliser.spell(c.encode_utf8(&mut [0; 4])),
        Key::Character(c) => {
            let sign = scene.grammar.common.sign(c.encode_utf8(&mut [0; 4]));
            sign.and_then(|sign| verbaliser.symbol(sign, scene)).unwrap_or_default()
        }
    });
    joined(names.filter(|name| !name.is_empty()), " plus ")
}

/// "Hauptstraße fünf".
pub(super) fn street(street: &Street, verbaliser: &dyn Verbaliser, scene: &Scene<'_>) -> String {
    let house = street.house.as_deref().map(|house| verbaliser.pieces(house, scene));
    let names = street.name.iter().map(|part| match part {
        StreetName::Ordinal(n) => format!("{}e", number::ordinal_stem(*n)),
        StreetName::Word(word) => word.clone(),
    });
    let (first, last) = if street.house_last { (None, house) } else { (house, None) };
    let words = first
        .into_iter()
        .chain(street.side.map(str::to_owned))
        .chain(names)
        .chain(street.kind.map(str::to_owned))
        .chain(last);
    joined(words, " ")
}

/// The name of a picture character; the tone of its skin is not said.
pub(super) fn emoji(emoji: &EmojiSequence, verbaliser: &dyn Verbaliser) -> String {
    match emoji {
        EmojiSequence::Named(name, _) => (*name).to_owned(),
        EmojiSequence::Flag(letters) => format!("Flagge {}", verbaliser.spell(letters)),
        EmojiSequence::Joined(names) => names.join(" "),
    }
}

/// Letters that stand for words, with the ending of their plural or genitive.
pub(super) fn acronym(acronym: &Acronym, verbaliser: &dyn Verbaliser) -> String {
    match acronym.spelling {
        Spelling::Letters => verbaliser.with_ending(verbaliser.spell(&acronym.letters), acronym.ending, true),
        Spelling::Spoken => verbaliser.with_ending(acronym.letters.clone(), acronym.ending, false),
        Spelling::Listed(said) => {
            let spelt = said.ends_with(char::is_uppercase);
            verbaliser.with_ending(said.to_owned(), acronym.ending, spelt)
        }
    }
}
