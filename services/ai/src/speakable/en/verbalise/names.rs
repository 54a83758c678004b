//! Telephone numbers, streets, keys, picture characters and the endings of names, in English.

use super::super::English;
use crate::speakable::span::{Abbreviation, EmojiSequence, Ending, Key, Ordinal, Street, StreetName};
use crate::speakable::verbalise::{Scene, Verbaliser};

/// "plus one, five five five, one two three, four five six seven".
pub(in crate::speakable::en) fn phone(international: bool, groups: &[String], extension: Option<&str>) -> String {
    let mut words: Vec<String> = groups.iter().map(|group| English.digit_words(group)).collect();
    if let Some(first) = words.first_mut().filter(|_| international) {
        first.insert_str(0, "plus ");
    }
    words.extend(extension.map(|digits| format!("extension {}", English.digit_words(digits))));
    words.join(", ")
}

/// "three fifty Northeast thirteenth Street".
pub(in crate::speakable::en) fn street(street: &Street, scene: &Scene<'_>) -> String {
    let house = street.house.as_ref().map(|house| English.pieces(house, scene));
    let name = street.name.iter().map(|name| match name {
        StreetName::Ordinal(number) => English.ordinal(&Ordinal { number: *number, form: "" }, scene),
        StreetName::Word(word) => word.clone(),
    });
    let side = street.side.map(str::to_owned).into_iter();
    let named = side.chain(name).chain(street.kind.map(str::to_owned));
    if street.house_last {
        named.chain(house).collect::<Vec<_>>().join(" ")
    } else {
        house.into_iter().chain(named).collect::<Vec<_>>().join(" ")
    }
}

/// "control shift P".
pub(in crate::speakable::en) fn chord(keys: &[Key], scene: &Scene<'_>) -> String {
    let keys = keys.iter().map(|key| match key {
        Key::Named(id) => scene.grammar.get("keys", id).unwrap_or(id).to_owned(),
        Key::Function(number) => format!("F {}", English.name_number(&number.to_string())),
        Key::Character(c) => character(*c, scene),
    });
    keys.collect::<Vec<_>>().join(" ")
}

/// A key with a letter, a digit or a sign on it.
fn character(c: char, scene: &Scene<'_>) -> String {
    if c.is_alphanumeric() {
        return English.spell(c.encode_utf8(&mut [0; 4]));
    }
    let name = match c {
        ',' => "comma",
        '.' => "period",
        ';' => "semicolon",
        ':' => "colon",
        '-' => "minus",
        '/' => "slash",
        '\\' => "backslash",
        '\'' => "quote",
        '"' => "double quote",
        '`' => "backtick",
        '[' => "left bracket",
        ']' => "right bracket",
        '{' => "left brace",
        '}' => "right brace",
        '<' => "less than",
        '>' => "greater than",
        '?' => "question mark",
        '!' => "exclamation mark",
        '#' => "hash",
        '*' => "asterisk",
        '_' => "underscore",
        _ => {
            let sign = scene.grammar.common.sign(c.encode_utf8(&mut [0; 4]));
            return sign.and_then(|sign| super::signs::symbol(sign, scene)).unwrap_or_default();
        }
    };
    name.to_owned()
}

/// The short name of a picture character; the tone of a skin is seen and not heard.
pub(in crate::speakable::en) fn emoji(emoji: &EmojiSequence) -> String {
    match emoji {
        EmojiSequence::Named(name, _) => (*name).to_owned(),
        EmojiSequence::Flag(letters) => format!("flag {}", English.spell(letters)),
        EmojiSequence::Joined(names) => names.join(" "),
    }
}

/// "s" of a plural, "'s" of a possessive.
pub(in crate::speakable::en) const fn ending(ending: Ending) -> &'static str {
    match ending {
        Ending::None => "",
        Ending::Plural => "s",
        Ending::Possessive => "'s",
    }
}

/// "Doctor", "for example", "P H D's".
pub(in crate::speakable::en) fn abbreviation(abbreviation: &Abbreviation) -> String {
    let spelt = abbreviation.said.ends_with(char::is_uppercase);
    English.with_ending(abbreviation.said.to_owned(), abbreviation.ending, spelt)
}
