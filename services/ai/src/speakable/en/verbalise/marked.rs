//! What the document marked, in English.

use super::super::English;
use crate::speakable::span::Piece;
use crate::speakable::verbalise::{Scene, Verbaliser};

/// `2.1` as "two point one." and `3.` as "three.".
pub(in crate::speakable::en) fn outline(parts: &[Piece], scene: &Scene<'_>) -> String {
    let words: Vec<String> = parts.iter().map(|part| English.pieces(std::slice::from_ref(part), scene)).collect();
    format!("{}.", words.join(" point "))
}
