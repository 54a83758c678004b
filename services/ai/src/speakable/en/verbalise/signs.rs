//! Signs and Greek letters, in English.

use crate::speakable::span::Symbol;
use crate::speakable::verbalise::Scene;

/// The words of a sign.
pub(in crate::speakable::en) fn symbol(symbol: Symbol, scene: &Scene<'_>) -> Option<String> {
    scene.grammar.get("signs", symbol.0).filter(|words| !words.is_empty()).map(str::to_owned)
}

/// "alpha"; letters that are not Greek stay as they are.
pub(in crate::speakable::en) fn greek(letters: &[char], scene: &Scene<'_>) -> String {
    let mut words = String::new();
    let mut name_before = false;
    for letter in letters {
        let small = letter.to_lowercase().next().unwrap_or(*letter);
        let name = scene.grammar.get("greek", small.encode_utf8(&mut [0; 4]));
        if !words.is_empty() && (name.is_some() || name_before) {
            words.push(' ');
        }
        match name {
            Some(name) => words.push_str(name),
            None => words.push(*letter),
        }
        name_before = name.is_some();
    }
    words
}
