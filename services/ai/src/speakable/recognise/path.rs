//! Files and folders: `/etc`, `~/.bashrc`, `C:\Windows`, `./run.sh`, `src/main.rs`; and names whose
//! parts are set apart by dots.

use super::identifier::{is_named, pieces, run_end};
use super::{Candidates, Cx, MOST_CHARS};
use crate::speakable::grammar::Grammar;
use crate::speakable::span::{Cost, Piece, Symbol, Value};
use crate::speakable::text::{TokenKind, latin};

/// Parts of the shortest path that no sign begins and no file ends, and that is one all the same:
/// `path/to_it/x`.
const FEWEST_PARTS: usize = 3;

/// What parts the folders of a path of Windows.
const BACKSLASH: Symbol = Symbol("backslash");

/// Proposes paths.
pub(super) fn propose(cx: &Cx<'_>, out: &mut Candidates) {
    let free = |c: char| c.is_whitespace() || matches!(c, '(' | '[' | '"' | '\'' | '=' | ':' | ',' | '`');
    if !cx.before().is_none_or(free) {
        return;
    }
    match (cx.token().kind, cx.char(cx.at)) {
        (TokenKind::Symbol, Some('/')) => from_root(cx, out),
        (TokenKind::Symbol, Some('~' | '.')) => from_here(cx, out),
        (TokenKind::Word, _) => {
            drive(cx, out);
            between_folders(cx, out);
        }
        (TokenKind::Symbol | TokenKind::Digits | TokenKind::Space, _) => {}
    }
}

/// Where the run of a path ends that begins at `start`; a stop at its end is none of it,
/// nor a letter that no name of a file is said with.
fn end_of(cx: &Cx<'_>, start: usize) -> usize {
    let inside = |c: char| {
        latin(c) || c.is_ascii_digit() || matches!(c, '/' | '\\' | '.' | '-' | '_' | '~' | '+' | '@' | '%' | '*')
    };
    let mut end =
        (start..start + MOST_CHARS).find(|at| !cx.char(*at).is_some_and(inside)).unwrap_or(start + MOST_CHARS);
    while end > start && matches!(cx.char(end - 1), Some('.' | '-' | '*')) {
        end -= 1;
    }
    end
}

/// `/etc`, `/usr/local/bin`: no rate (`5 /day`), and no end of a tag.
fn from_root(cx: &Cx<'_>, out: &mut Candidates) {
    let end = end_of(cx, cx.at);
    let text = cx.slice(cx.at, end);
    let named = cx.char(cx.at + 1).is_some_and(|c| c.is_ascii_alphabetic() || matches!(c, '.' | '_'));
    let several = text.trim_end_matches('/').matches('/').count() > 1;
    if !named || text.contains("//") || cx.after_digits() || (!several && text.chars().count() <= 2) {
        return;
    }
    if let Some(value) = rooted(cx, text) {
        out.propose(end, value, if several { Cost::SURE } else { Cost::LIKELY });
    }
}

/// `~/.bashrc`, `./run.sh`, `../lib`, `.gitignore`.
fn from_here(cx: &Cx<'_>, out: &mut Candidates) {
    let end = end_of(cx, cx.at);
    let text = cx.slice(cx.at, end);
    let relative = ["~/", "./", "../"].iter().any(|begin| text.len() > begin.len() && text.starts_with(begin));
    if relative {
        out.propose(end, path(cx.grammar, text), Cost::SURE);
        return;
    }
    // A file that is hidden: `.gitignore`, `.env`.
    let name_end = run_end(cx, cx.at + 1);
    let name = cx.slice(cx.at + 1, name_end);
    let hidden = name.len() > 2 && name.bytes().all(|b| b.is_ascii_lowercase());
    let spaced = cx.before().is_none_or(char::is_whitespace) && cx.at > 0;
    if hidden && spaced && name_end == end {
        out.propose(end, path(cx.grammar, text), Cost::LIKELY);
    }
}

/// `C:\Windows\System32`, `D:/data`.
fn drive(cx: &Cx<'_>, out: &mut Candidates) {
    let letter = cx.char(cx.at).filter(char::is_ascii_uppercase);
    let Some(letter) = letter.filter(|_| cx.char(cx.at + 1) == Some(':')) else { return };
    if !matches!(cx.char(cx.at + 2), Some('\\' | '/')) || cx.has(cx.at + 2, "//") {
        return;
    }
    let end = end_of(cx, cx.at + 2);
    let mut pieces = vec![Piece::Letters(letter.to_string()), Piece::Symbol(Symbol("colon"))];
    let sign = if cx.char(cx.at + 2) == Some('/') { Symbol::SLASH } else { BACKSLASH };
    for folder in folders(cx.grammar, cx.slice(cx.at + 2, end)) {
        pieces.push(Piece::Symbol(sign));
        pieces.extend(folder);
    }
    out.propose(end, Value::Path { parts: vec![pieces], slashes: true, rooted: false }, Cost::CERTAIN);
}

/// `src/main.rs`, `path/to_it/x`: between the slashes stand names of programs, and no words that
/// may each do (`and/or`).
fn between_folders(cx: &Cx<'_>, out: &mut Candidates) {
    let end = end_of(cx, cx.at);
    let text = cx.slice(cx.at, end);
    let parts: Vec<&str> = text.split(['/', '\\']).filter(|part| !part.is_empty()).collect();
    let Some(last) = parts.last().filter(|_| text.contains(['/', '\\']) && !text.contains("//")) else { return };
    let ending = last.rsplit_once('.').filter(|(name, _)| !name.is_empty()).map(|(_, ending)| ending.to_lowercase());
    let file = ending.is_some_and(|ending| cx.grammar.common.has("files", &ending));
    let program = |part: &&str| part.contains(['.', '_', '@']);
    let folder = text.contains('\\') && !text.contains('/') && parts.len() > 1;
    let folders = parts.len() >= FEWEST_PARTS && parts.iter().any(program);
    if file || folder || folders {
        out.propose(end, path(cx.grammar, text), Cost::SURE);
    }
}

/// A path from its beginning.
fn path(grammar: &Grammar, text: &str) -> Value {
    if text.contains('\\') {
        let mut pieces = Vec::new();
        for folder in folders(grammar, text) {
            if !pieces.is_empty() {
                pieces.push(Piece::Symbol(BACKSLASH));
            }
            pieces.extend(folder);
        }
        return Value::Path { parts: vec![pieces], slashes: true, rooted: false };
    }
    Value::Path { parts: folders(grammar, text), slashes: true, rooted: text.starts_with('/') }
}

/// A path from the root; none where nothing follows that can be said.
pub(super) fn rooted(cx: &Cx<'_>, text: &str) -> Option<Value> {
    let parts = folders(cx.grammar, text);
    (!parts.is_empty()).then_some(Value::Path { parts, slashes: true, rooted: true })
}

/// The parts of a path.
fn folders(grammar: &Grammar, text: &str) -> Vec<Vec<Piece>> {
    let parts = text.split(['/', '\\']).filter(|part| !part.is_empty());
    parts.map(|part| folder(grammar, part)).filter(|part| !part.is_empty()).collect()
}

/// A part of a path, dots of which are said.
fn folder(grammar: &Grammar, part: &str) -> Vec<Piece> {
    match part {
        "~" => return vec![Piece::Symbol(Symbol("tilde"))],
        "." => return vec![Piece::Symbol(Symbol::DOT)],
        ".." => return vec![Piece::Symbol(Symbol::DOT), Piece::Symbol(Symbol::DOT)],
        _ => {}
    }
    let mut found = Vec::new();
    for (index, label) in part.split('.').enumerate() {
        if index > 0 {
            found.push(Piece::Symbol(Symbol::DOT));
        }
        found.extend(label_of(grammar, label));
    }
    found
}

/// A name with dots, label by label.
pub(super) fn dotted(grammar: &Grammar, labels: &[&str]) -> Value {
    let parts = labels.iter().map(|label| label_of(grammar, label)).collect();
    Value::Path { parts, slashes: false, rooted: false }
}

/// A label of a name with dots, or of a folder.
fn label_of(grammar: &Grammar, label: &str) -> Vec<Piece> {
    let spelt = is_named(grammar, label, "folder") || grammar.common.value("files", label) == Some("spelt");
    if spelt { vec![Piece::Letters(label.to_owned())] } else { pieces(grammar, label) }
}
