//! Addresses: of a site the host is said, never the scheme or the path; of a mailbox all of it.
//! Names with dots: files (`config.toml`) and parts of programs (`os.path.join`). Identifiers of
//! documents (`doi:10.1038/nature12373`), of which the kind alone is said.

mod host;

use super::identifier::{is_named, listed, piece};
use super::{Candidates, Cx, path};
use crate::speakable::span::{Cost, Piece, Value};
use crate::speakable::text::TokenKind;

/// The longest run that is looked at for an address without a scheme: what sitemaps.org allows a
/// URL. A longer one is no address, and looking to its end from each of its words would take time
/// by the square.
const LONGEST_ADDRESS: usize = 2_048;

/// The longest name of a host, in characters: RFC 1035, section 2.3.4, less the length of the whole
/// and the root.
const LONGEST_HOST: usize = 253;

/// Digits of the prefix of whoever registers DOIs: ISO 26324.
const DOI_PREFIX: std::ops::RangeInclusive<usize> = 4..=9;

/// Proposes addresses, and names with dots.
pub(super) fn propose(cx: &Cx<'_>, out: &mut Candidates) {
    let named = cx.token().kind != TokenKind::Symbol || cx.char(cx.at) == Some('_');
    if cx.glued_before() || !named {
        return;
    }
    scheme(cx, out);
    let Some(end) = address_end(cx, cx.at) else { return };
    let text = cx.slice(cx.at, end);
    if text.contains("://") || text.contains('@') || text.starts_with("mailto:") {
        if let Some(value) = address(cx, text) {
            out.propose(end, value, Cost::CERTAIN);
        }
        return;
    }
    if is_doi(text) {
        out.propose(end, Value::Scheme(vec![Piece::Letters("DOI".to_owned())]), Cost::SURE);
    } else if text.contains('.') {
        domain(cx, text, out);
    }
}

/// Where a run of characters that an address may hold ends; closing punctuation is not part of it.
/// None for a run that has no sign of an address, or is too long and has no scheme.
fn address_end(cx: &Cx<'_>, start: usize) -> Option<usize> {
    let mut end = cx.places.run_end(start)?;
    if end - start > LONGEST_ADDRESS && !cx.slice(start, start + LONGEST_ADDRESS).contains("://") {
        return None;
    }
    let opened = (start..end).any(|at| cx.char(at) == Some('('));
    while end > start {
        let Some(last) = cx.char(end - 1) else { break };
        if matches!(last, '.' | ',' | ';' | ':' | '!' | '?' | '\'' | ']' | '*') || (last == ')' && !opened) {
            end -= 1;
        } else {
            break;
        }
    }
    (end > start).then_some(end)
}

/// The value of an address that says by itself that it is one: with a scheme, or of mail.
pub(super) fn address(cx: &Cx<'_>, text: &str) -> Option<Value> {
    if let Some((scheme, rest)) = text.split_once("://") {
        let known = scheme.chars().all(|c| c.is_ascii_alphanumeric() || c == '+') && !rest.is_empty();
        if known && scheme.eq_ignore_ascii_case("file") {
            return path::rooted(cx, rest);
        }
        return known.then(|| host::url(cx.grammar, rest)).flatten();
    }
    host::mail(cx.grammar, text.strip_prefix("mailto:").unwrap_or(text))
}

/// `example.com/path`, `config.toml`: without a scheme the ending must be a known one.
fn domain(cx: &Cx<'_>, text: &str, out: &mut Candidates) {
    let name = text.split(['/', '?', '#', ':']).next().unwrap_or_default();
    if name.len() > LONGEST_HOST {
        return;
    }
    let valid = |label: &&str| !label.is_empty() && label.chars().all(|c| c.is_alphanumeric() || c == '-' || c == '_');
    let labels: Vec<&str> = name.split('.').collect();
    let (Some(first), Some(last)) = (labels.first(), labels.last()) else { return };
    let numbered = first.chars().all(|c| c.is_ascii_digit());
    // "end.In" is a missing space, and "e.g" or "U.S" are abbreviations.
    let short = labels.iter().all(|label| label.chars().count() < 2);
    if labels.len() < 2 || !labels.iter().all(valid) || numbered || short {
        return;
    }
    let end = cx.at + name.chars().count();
    let path = text.get(name.len()..).is_some_and(|rest| rest.starts_with('/'));
    let sure = path || text.starts_with("www.") || labels.len() > 2;
    // No name of a host has `_` (RFC 1123, section 2.1), as a file may: `__init__.py`.
    if let Some(flag) = cx.grammar.common.value("tlds", last)
        && (sure || flag != "doubtful")
        && !name.contains('_')
    {
        let end = if path { cx.at + text.chars().count() } else { end };
        if let Some(value) = host::url(cx.grammar, text) {
            out.propose(end, value, Cost::SURE);
        }
        return;
    }
    let file = cx.grammar.common.has("files", &last.to_lowercase());
    // Dotted identifiers: `os.path.join`, `self.items`.
    let small = |label: &&str| label.len() > 1 && label.starts_with(|c: char| c.is_ascii_lowercase());
    if file || (labels.iter().all(small) && cx.char(end) != Some('.')) {
        out.propose(end, path::dotted(cx.grammar, &labels), Cost::SURE);
    }
}

/// Whether it is an identifier of a document that has no scheme before it: `10.1038/nature12373`.
fn is_doi(text: &str) -> bool {
    let Some((prefix, name)) = text.strip_prefix("10.").and_then(|rest| rest.split_once('/')) else { return false };
    DOI_PREFIX.contains(&prefix.len()) && prefix.bytes().all(|b| b.is_ascii_digit()) && !name.is_empty()
}

/// `doi:10.1038/nature12373`, `arXiv:1706.03762v5`, `DOI: 10.1038/x`.
fn scheme(cx: &Cx<'_>, out: &mut Candidates) {
    let Some((name, end)) = cx.letters_at(cx.at).filter(|(name, _)| is_named(cx.grammar, name, "scheme")) else {
        return;
    };
    let colon = end + usize::from(cx.char(end) == Some(':'));
    let Some(start) = cx.skip_space(colon).filter(|start| *start > end) else { return };
    let run = || (start..start + LONGEST_HOST).find(|at| cx.char(*at).is_none_or(|c| c.is_whitespace() || c == '>'));
    let Some(after) = address_end(cx, start).or_else(run) else { return };
    // Only a colon leads to an identifier that is no DOI.
    let document = cx.slice(start, after);
    if document.contains(|c: char| c.is_ascii_digit()) && (colon > end || is_doi(document)) {
        let said = match listed(cx.grammar, name) {
            Some(said) => Piece::Listed(said),
            None if name.chars().any(char::is_uppercase) && name.chars().any(char::is_lowercase) => {
                Piece::Word(name.to_owned())
            }
            None => piece(cx.grammar, name.to_owned()),
        };
        out.propose(after, Value::Scheme(vec![said]), Cost::CERTAIN);
    }
}
