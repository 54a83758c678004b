//! The power of ten behind a number: `× 10^6`, `e-5`, `million`.

use super::super::Cx;
use super::Counting;
use crate::speakable::span::Scale;
use crate::speakable::text::raised as raised_sign;

/// Digits of the longest exponent.
const MOST_DIGITS: usize = 3;

/// `×10^6`, `· 10⁶`, `e-5`, `E+3`.
pub(in crate::speakable::recognise) fn exponent(cx: &Cx<'_>, at: usize) -> Option<(i32, usize)> {
    let sign = cx.skip_spaces(at);
    if matches!(cx.char(sign), Some('×' | '⋅' | '·' | '*' | 'x')) {
        let base = cx.skip_spaces(sign + 1);
        return cx.has(base, "10").then(|| raised(cx, base + 2)).flatten();
    }
    if !matches!(cx.char(at), Some('e' | 'E')) {
        return None;
    }
    let minus = matches!(cx.char(at + 1), Some('-' | '−'));
    let plus = cx.char(at + 1) == Some('+');
    let (digits, end) = cx.digits_at(at + 1 + usize::from(minus || plus))?;
    (digits.len() <= MOST_DIGITS && !cx.glued_at(end)).then(|| value(digits, minus, end)).flatten()
}

fn value(digits: &str, minus: bool, end: usize) -> Option<(i32, usize)> {
    let value: i32 = digits.parse().ok()?;
    Some((if minus { -value } else { value }, end))
}

/// What is raised at `at`, as an exponent: `^6`, `^{-3}`, `⁻⁹`, or digits that the document raised.
pub(in crate::speakable::recognise) fn raised(cx: &Cx<'_>, at: usize) -> Option<(i32, usize)> {
    let is_minus = |at: usize| matches!(cx.char(at), Some('-' | '−' | '⁻'));
    if cx.char(at) == Some('^') {
        let closing = match cx.char(at + 1) {
            Some('{') => Some('}'),
            Some('(') => Some(')'),
            _ => None,
        };
        let start = at + 1 + usize::from(closing.is_some());
        let minus = is_minus(start);
        let (digits, end) = cx.digits_at(start + usize::from(minus))?;
        let (value, end) = value(digits, minus, end).filter(|_| digits.len() <= MOST_DIGITS)?;
        return match closing {
            Some(closing) => (cx.char(end) == Some(closing)).then_some((value, end + 1)),
            None => Some((value, end)),
        };
    }
    let minus = is_minus(at);
    let start = at + usize::from(minus);
    let of_unicode = |at: usize| cx.char(at).and_then(raised_sign).filter(char::is_ascii_digit);
    let end = (start..=start + MOST_DIGITS).find(|at| of_unicode(*at).is_none())?;
    if end > start {
        let digits: String = (start..end).filter_map(of_unicode).collect();
        return value(&digits, minus, end);
    }
    let marked = cx.raised_to(at)?;
    let (digits, end) = cx.digits_at(start).filter(|(digits, _)| digits.len() <= MOST_DIGITS)?;
    (end == marked).then(|| value(digits, minus, end)).flatten()
}

/// `million`, `bn`, and behind money also `M`.
pub(in crate::speakable::recognise) fn scale(cx: &Cx<'_>, at: usize, counting: Counting) -> Option<(Scale, usize)> {
    let spaced = cx.skip_space(at)?;
    let hyphen = cx.char(at) == Some('-');
    let start = if hyphen { at + 1 } else { spaced };
    let (word, end) = cx.letters_at(start)?;
    let stopped = (cx.char(end) == Some('.')).then(|| cx.slice(start, end + 1));
    let with_stop = stopped.and_then(|stopped| cx.grammar.scale(stopped).map(|scale| (scale, end + 1)));
    let (scale, end) = with_stop.or_else(|| cx.grammar.scale(word).map(|scale| (scale, end)))?;
    let joined = cx.char(end) == Some('\'') && cx.glued_at(end + 1);
    let apart = !joined && !cx.glued_at(end);
    let allowed = (counting == Counting::Money || !scale.money) && (start == at || !scale.glued);
    let whole = !hyphen || (!scale.money && !scale.glued && word.chars().count() > MOST_DIGITS);
    (apart && allowed && whole).then_some((Scale(scale.power), end))
}
