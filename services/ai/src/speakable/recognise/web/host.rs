//! Names of hosts, and of mailboxes at them.

use super::super::identifier::{is_named, piece, pieces, vowel};
use crate::speakable::grammar::Grammar;
use crate::speakable::span::{Mail, Piece, Symbol, Value};

/// Letters of the longest label without a vowel that is spelt.
const FEW: usize = 4;

/// The host of what follows a scheme.
pub(super) fn url(grammar: &Grammar, rest: &str) -> Option<Value> {
    labels(grammar, rest).map(Value::Url)
}

/// The labels of the host of an address.
fn labels(grammar: &Grammar, rest: &str) -> Option<Vec<Vec<Piece>>> {
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default().split(':').next().unwrap_or_default();
    let host = host.strip_prefix("www.").unwrap_or(host);
    let labels: Vec<&str> = host.split('.').filter(|label| !label.is_empty()).collect();
    let machine = labels.iter().all(|label| label.bytes().all(|b| b.is_ascii_digit()));
    let count = labels.len();
    let label = |(index, label): (usize, &&str)| {
        if machine {
            return vec![Piece::Digits((*label).to_owned())];
        }
        let ending = index + 1 == count && count > 1;
        name(grammar, &label.to_lowercase(), ending)
    };
    let labels: Vec<Vec<Piece>> = labels.iter().enumerate().map(label).filter(|label| !label.is_empty()).collect();
    (!labels.is_empty()).then_some(labels)
}

/// A label of a host: `ending` where it is the last one.
fn name(grammar: &Grammar, label: &str, ending: bool) -> Vec<Piece> {
    let spelt = ending && grammar.common.value("tlds", label) != Some("word");
    if spelt {
        return vec![Piece::Letters(label.to_owned())];
    }
    parts(grammar, label, |part| {
        let few = part.chars().count() <= FEW && !part.contains(vowel);
        let known = grammar.has("spelt_acronyms", &part.to_uppercase());
        part.chars().all(char::is_alphabetic) && (few || known || is_named(grammar, part, "spelt"))
    })
}

/// The parts of a label between its signs, each spelt or an identifier.
fn parts(grammar: &Grammar, label: &str, spelt: impl Fn(&str) -> bool) -> Vec<Piece> {
    let mut found = Vec::new();
    let mut rest = label;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_alphanumeric()).unwrap_or(rest.len());
        let (part, behind) = rest.split_at(end);
        if !part.is_empty() && spelt(part) {
            found.push(Piece::Letters(part.to_owned()));
        } else {
            found.extend(pieces(grammar, part));
        }
        let mut signs = behind.chars();
        found.extend(signs.next().and_then(sign).map(Piece::Symbol));
        rest = signs.as_str();
    }
    found
}

/// The sign between two parts of an address.
const fn sign(c: char) -> Option<Symbol> {
    match c {
        '.' => Some(Symbol::DOT),
        '-' => Some(Symbol::DASH),
        '_' => Some(Symbol("underscore")),
        '+' => Some(Symbol::PLUS),
        '%' => Some(Symbol("percent")),
        _ => None,
    }
}

/// The address of a mailbox.
pub(super) fn mail(grammar: &Grammar, text: &str) -> Option<Value> {
    let (local, domain) = text.split_once('@')?;
    let sound = |c: char| c.is_ascii_alphanumeric() || "._%+-".contains(c);
    if local.is_empty() || !local.chars().all(sound) || !domain.contains('.') || domain.contains('@') {
        return None;
    }
    let spelt = |part: &str| matches!(piece(grammar, part.to_owned()), Piece::Letters(_));
    Some(Value::Mail(Mail { local: parts(grammar, local, spelt), host: labels(grammar, domain)? }))
}
