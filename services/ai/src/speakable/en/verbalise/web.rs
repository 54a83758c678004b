//! Files, folders and digits in hexadecimal, in English.

use super::super::English;
use crate::speakable::span::Piece;
use crate::speakable::verbalise::{Scene, Verbaliser};

/// "slash home slash notes dot T X T"; "config dot toml".
pub(in crate::speakable::en) fn path(parts: &[Vec<Piece>], slashes: bool, rooted: bool, scene: &Scene<'_>) -> String {
    let parts = parts.iter().map(|part| English.pieces(part, scene)).filter(|part| !part.is_empty());
    let words = parts.collect::<Vec<_>>().join(if slashes { " slash " } else { " dot " });
    if rooted { format!("slash {words}") } else { words }
}

/// "F F five seven three three" of a colour, "hex one F four A nine" of a number.
pub(in crate::speakable::en) fn hex(colour: bool, digits: &str) -> String {
    let words = English.spell(digits);
    if colour { words } else { format!("hex {words}") }
}
