//! Accents that are drawn apart from their letters.

use unicode_normalization::char::compose;

use super::page::Run;

/// An accent stands at least this many ems back over its letter; kerning does not reach so far.
const OVER: f32 = -0.12;

/// Puts a letter under an accent that was drawn before it, or an accent over the letter before it;
/// says whether it did.
pub fn accent(run: &mut Run, gap: f32, text: &str) -> bool {
    if gap > OVER * run.size {
        return false;
    }
    let mut chars = text.chars();
    let (Some(new), None) = (chars.next(), chars.next()) else { return false };
    let Some(last) = run.text.chars().last() else { return false };
    let composed = match (combining(last), combining(new)) {
        (Some(mark), None) => compose(if new == 'ı' { 'i' } else { new }, mark),
        (None, Some(mark)) => compose(last, mark),
        (Some(_), Some(_)) | (None, None) => None,
    };
    let Some(composed) = composed else { return false };
    run.text.pop();
    run.text.push(composed);
    true
}

const fn combining(char: char) -> Option<char> {
    Some(match char {
        '`' | '\u{300}' => '\u{300}',
        '´' | '\u{301}' => '\u{301}',
        '^' | 'ˆ' | '\u{302}' => '\u{302}',
        '~' | '˜' | '\u{303}' => '\u{303}',
        '¯' | 'ˉ' | '\u{304}' => '\u{304}',
        '˘' => '\u{306}',
        '˙' => '\u{307}',
        '¨' | '\u{308}' => '\u{308}',
        '˚' => '\u{30a}',
        '˝' => '\u{30b}',
        'ˇ' => '\u{30c}',
        '¸' => '\u{327}',
        '˛' => '\u{328}',
        _ => return None,
    })
}
