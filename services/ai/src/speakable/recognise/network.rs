//! Addresses of machines in a network: those of IPv6 (RFC 4291, section 2.2), and what stands
//! behind any: the number of a port (`192.168.0.1:8080`, `localhost:3000`, `[::1]:443`) or the
//! length of a prefix (`10.0.0.0/8`). The address of IPv4 itself is read where versions are.

use super::identifier::is_named;
use super::{Candidates, Cx};
use crate::speakable::span::{Cost, Piece, Symbol, Value};

/// What is said before the number of a port.
const PORT: Symbol = Symbol("port");
/// What parts the groups of an address of IPv6.
const COLON: Symbol = Symbol("colon");
/// Groups of an address of IPv6, digits of each, and the longest prefix of one.
const GROUPS: usize = 8;
const MOST_DIGITS: usize = 4;
const LONGEST_PREFIX: u8 = 128;
/// Numbers of an address of IPv4, and the longest prefix of one.
const NUMBERS: usize = 4;
const LONGEST_SHORT_PREFIX: u8 = 32;
/// Characters back among which the host is looked for that a port belongs to.
const LONGEST_HOST: usize = 64;

/// Proposes addresses, ports and prefixes.
pub(super) fn propose(cx: &Cx<'_>, out: &mut Candidates) {
    match cx.char(cx.at) {
        Some(':') if is_host(cx, host_before(cx)) => {
            if let Some((pieces, end)) = port(cx, cx.at) {
                out.propose(end, Value::Identifier(pieces.into()), Cost::SURE);
            }
        }
        Some('/') if is_machine(host_before(cx)) => {
            if let Some((pieces, end)) = prefix(cx, cx.at, LONGEST_SHORT_PREFIX) {
                out.propose(end, Value::Identifier(pieces.into()), Cost::SURE);
            }
        }
        _ => {}
    }
    address(cx, out);
}

/// The run of characters before this place that the name or the number of a host may be.
fn host_before<'a>(cx: &Cx<'a>) -> &'a str {
    let inside = |at: &usize| cx.char(*at).is_some_and(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-'));
    let start = (cx.at.saturating_sub(LONGEST_HOST)..cx.at).rev().take_while(inside).last();
    start.map_or("", |start| cx.slice(start, cx.at))
}

/// Whether it is an address of IPv4.
fn is_machine(host: &str) -> bool {
    host.split('.').count() == NUMBERS && host.split('.').all(|number| number.parse::<u8>().is_ok())
}

/// Whether it is an address of IPv4, or a name that hosts have. `main.rs:42` is the line of a file.
fn is_host(cx: &Cx<'_>, host: &str) -> bool {
    if is_machine(host) || is_named(cx.grammar, host, "host") {
        return true;
    }
    let Some((name, last)) = host.rsplit_once('.') else { return false };
    let domain = cx.grammar.common.value("tlds", last).is_some_and(|flag| flag != "doubtful");
    domain && !cx.grammar.common.has("files", last) && name.split('.').all(|label| !label.is_empty())
}

/// `:8080`: the number of a port, and where it ends.
fn port(cx: &Cx<'_>, at: usize) -> Option<([Piece; 2], usize)> {
    let (digits, end) = cx.digits_at(at + 1).filter(|_| cx.char(at) == Some(':'))?;
    let number = !digits.starts_with('0') && digits.parse::<u16>().is_ok();
    let goes_on = cx.glued_at(end) || (matches!(cx.char(end), Some(':' | '.' | ',')) && cx.digit(end + 1));
    (number && !goes_on).then(|| ([Piece::Symbol(PORT), Piece::Number(digits.to_owned())], end))
}

/// `/24`: the length of a prefix, and where it ends.
fn prefix(cx: &Cx<'_>, at: usize, longest: u8) -> Option<([Piece; 2], usize)> {
    let (digits, end) = cx.digits_at(at + 1).filter(|_| cx.char(at) == Some('/'))?;
    let length = digits.parse::<u8>().is_ok_and(|length| length <= longest);
    let goes_on = cx.glued_at(end) || (matches!(cx.char(end), Some('/' | '.' | ',')) && cx.digit(end + 1));
    (length && !goes_on).then(|| ([Piece::Symbol(Symbol::SLASH), Piece::Number(digits.to_owned())], end))
}

/// `2001:db8::1`, `[::1]:443`, `fe80::/10`.
fn address(cx: &Cx<'_>, out: &mut Candidates) {
    if cx.glued_before() || matches!(cx.before(), Some(':' | '.' | '-' | '/' | ')' | ']')) {
        return;
    }
    let bracket = cx.char(cx.at) == Some('[');
    let Some((mut pieces, mut end)) = groups(cx, cx.at + usize::from(bracket)) else { return };
    let behind = if bracket {
        if cx.char(end) != Some(']') {
            return;
        }
        end += 1;
        port(cx, end)
    } else {
        prefix(cx, end, LONGEST_PREFIX)
    };
    if let Some((more, after)) = behind {
        pieces.extend(more);
        end = after;
    }
    // Behind nothing but two colons there is an end of something else: `Note 3::`.
    let open = cx.char(end - 1) == Some(':');
    if !open && !cx.glued_at(end) {
        out.propose(end, Value::Identifier(pieces), Cost::SURE);
    }
}

/// Groups of digits in hexadecimal with colons between them; two colons stand for groups of zeros.
/// One of them has a decimal digit, or words would be addresses: `face::add`.
fn groups(cx: &Cx<'_>, start: usize) -> Option<(Vec<Piece>, usize)> {
    let hexadecimal = |at: usize| cx.char(at).is_some_and(|c| c.is_ascii_hexdigit());
    let (mut pieces, mut at) = (Vec::new(), start);
    let (mut count, mut shortened, mut numbered) = (0_usize, false, false);
    loop {
        let end = (at..at + MOST_DIGITS).find(|at| !hexadecimal(*at)).unwrap_or(at + MOST_DIGITS);
        let group = cx.slice(at, end);
        if !group.is_empty() {
            numbered |= group.bytes().any(|b| b.is_ascii_digit());
            pieces.push(Piece::Letters(group.to_owned()));
            count += 1;
        }
        if count > GROUPS {
            return None;
        }
        if !shortened && cx.has(end, "::") {
            shortened = true;
            pieces.extend([Piece::Symbol(COLON), Piece::Symbol(COLON)]);
            at = end + 2;
        } else if end > at && cx.char(end) == Some(':') && hexadecimal(end + 1) {
            pieces.push(Piece::Symbol(COLON));
            at = end + 1;
        } else {
            at = end;
            break;
        }
    }
    let whole = if shortened { count < GROUPS } else { count == GROUPS };
    let goes_on = cx.glued_at(at) || cx.char(at) == Some(':') || (cx.char(at) == Some('.') && cx.digit(at + 1));
    (whole && numbered && !goes_on).then_some((pieces, at))
}
