//! How the fakes count tokens: one for every 4 bytes of UTF-8 that are begun. Each text is counted
//! for itself: the tokens of a prompt are the sum over its parts. Schemas and names of fields cost
//! nothing.

/// Bytes of UTF-8 to a token.
pub(super) const BYTES: usize = 4;

/// The tokens of a text, as both fakes count them: its bytes of UTF-8 by 4, rounded up.
#[must_use]
pub fn tokens(text: &str) -> u64 {
    u64::try_from(text.len().div_ceil(BYTES)).unwrap_or(u64::MAX)
}

/// The beginning of a text that has at most so many tokens, and ends between two characters.
pub(super) fn beginning(text: &str, tokens: u64) -> &str {
    before(text, bytes(tokens))
}

/// The beginning of a text of at most so many bytes, which ends between two characters.
pub(super) fn before(text: &str, bytes: usize) -> &str {
    if bytes >= text.len() {
        return text;
    }
    let end = (0..=bytes).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    text.get(..end).unwrap_or_default()
}

/// The end of a text of at most so many tokens, which begins between two characters.
pub(super) fn ending(text: &str, tokens: u64) -> &str {
    let from = text.len().saturating_sub(bytes(tokens));
    let start = (from..=text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(text.len());
    text.get(start..).unwrap_or_default()
}

fn bytes(tokens: u64) -> usize {
    usize::try_from(tokens).unwrap_or(usize::MAX).saturating_mul(BYTES)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_four_bytes_and_cuts_fall_between_characters() {
        assert_eq!((tokens(""), tokens("a"), tokens("abcd"), tokens("abcde")), (0, 1, 1, 2));
        assert_eq!(tokens("ééé"), 2);
        assert_eq!(beginning("abcdefgh", 1), "abcd");
        assert_eq!(beginning("abcéf", 1), "abc");
        assert_eq!(ending("abcéf", 1), "céf");
        assert_eq!(beginning("abc", 9), "abc");
        assert_eq!(ending("abc", 9), "abc");
    }
}
