//! Tokens, estimated without a tokenizer: for limits and for noticing what a server did not read,
//! never for a bill.

/// Unicode scalar values of a token of English prose, a careful mean: an estimate by it is rather
/// too high.
const CHARS_A_TOKEN: usize = 4;

/// No tokenizer packs more scalar values of prose into a token, on average over a prompt. A server
/// that counts fewer tokens than that has not read all of it.
pub const MOST_CHARS_A_TOKEN: usize = 7;

/// Roughly how many tokens a text of so many Unicode scalar values has.
#[must_use]
pub fn tokens(chars: usize) -> u32 {
    u32::try_from(chars.div_ceil(CHARS_A_TOKEN)).unwrap_or(u32::MAX)
}

/// Whether a server that counted `counted` tokens has read only a part of a prompt of `chars`
/// Unicode scalar values. A count of 0 is none.
pub(super) fn cut(chars: usize, counted: u64) -> bool {
    let chars = u64::try_from(chars).unwrap_or(u64::MAX);
    counted > 0 && counted.saturating_mul(MOST_CHARS_A_TOKEN as u64) < chars
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prompt_that_was_cut_is_noticed_and_a_dense_one_is_not() {
        assert_eq!((tokens(0), tokens(1), tokens(4000)), (0, 1, 1000));
        assert!(cut(40_000, 4096) && cut(100, 1));
        assert!(!cut(40_000, 6000) && !cut(40_000, 0) && !cut(0, 3));
    }
}
