//! Emphasis as people type it: `_word_`, `*word*`, `=word=`. The signs are silent.

use lectern_core::content::document::SpanKind;

use super::super::inline::{Inline, Line};

/// Signs around what is emphasised.
const SIGNS: [char; 3] = ['_', '*', '='];
/// Emphasis is no longer, in characters: two or three sentences.
const LONGEST: usize = 400;

/// `text` with its emphasis as spans.
pub(super) fn styled(text: &str) -> Line {
    if !text.contains(SIGNS) {
        return Line::plain(text);
    }
    let chars: Vec<char> = text.chars().collect();
    let mut inline = Inline::default();
    let mut open: Option<(usize, usize)> = None;
    let mut buffer = [0; 4];
    for (at, char) in chars.iter().enumerate() {
        match open {
            Some((end, start)) if at == end => {
                inline.mark(start, SpanKind::Emphasis);
                open = None;
                continue;
            }
            Some(_) => {}
            None if SIGNS.contains(char) => {
                if let Some(end) = closing(&chars, at) {
                    open = Some((end, inline.here()));
                    continue;
                }
            }
            None => {}
        }
        inline.text(char.encode_utf8(&mut buffer));
    }
    inline.finish()
}

/// Where the emphasis that the sign at `at` opens is closed: both signs touch a word on their inner
/// side and none on the outer.
fn closing(chars: &[char], at: usize) -> Option<usize> {
    let sign = *chars.get(at)?;
    let before = at.checked_sub(1).and_then(|at| chars.get(at)).copied().unwrap_or(' ');
    let after = *chars.get(at + 1)?;
    if before.is_alphanumeric() || before == sign || after == sign || after.is_whitespace() {
        return None;
    }
    for end in at + 2..chars.len().min(at + LONGEST) {
        if *chars.get(end)? == sign {
            let inner = *chars.get(end - 1)?;
            let outer = chars.get(end + 1).copied().unwrap_or(' ');
            let closes = !inner.is_whitespace() && !outer.is_alphanumeric() && outer != sign;
            return closes.then_some(end);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typed_emphasis_is_silent_and_signs_of_other_uses_stay() {
        for (given, wanted, emphasis) in [
            ("It was _never_ quite clear.", "It was never quite clear.", Some("never")),
            ("_The Lamp_, by *A. Keeper*", "The Lamp, by A. Keeper", Some("The Lamp")),
            ("call snake_case_name now", "call snake_case_name now", None),
            ("run __init__ first", "run __init__ first", None),
            ("2 * 3 * 4", "2 * 3 * 4", None),
            ("a = b = c", "a = b = c", None),
            ("fish*", "fish*", None),
        ] {
            let line = styled(given);
            let found = line.marks.first().map(|mark| mark.range.of(&line.text));
            assert_eq!((line.text.as_str(), found), (wanted, emphasis), "{given}");
        }
    }
}
