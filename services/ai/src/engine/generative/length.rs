//! How long a text is, and how many words must be asked for so that as many as are wanted come.

/// How near a section should come to its words before it is left, in hundredths.
const NEAR: u32 = 5;
/// How far a script may be from its words, in hundredths.
const ALLOWED: u32 = 10;
/// No more than this many times the words that are wanted, or less than one part in as many, is
/// asked for, whatever a model made of the last question.
const FARTHEST: u32 = 4;

/// The distance below which nothing is gained by writing again, in words.
const FEW: u32 = 3;

/// How many words two lengths are apart.
pub(super) const fn apart(one: u32, other: u32) -> u32 {
    one.abs_diff(other)
}

/// Whether `words` is as near to `target` as a section should be.
pub(super) fn is_near(words: u32, target: u32) -> bool {
    u64::from(apart(words, target)) * 100 <= u64::from(target) * u64::from(NEAR) || apart(words, target) <= FEW
}

/// Whether `words` is as near to `target` as it must be.
pub(super) fn is_allowed(words: u32, target: u32) -> bool {
    u64::from(apart(words, target)) * 100 <= u64::from(target) * u64::from(ALLOWED) || apart(words, target) <= FEW
}

/// How many words to ask for so that `target` come, of a model that wrote `came` when it was asked
/// for `asked`.
pub(super) fn ask_for(target: u32, asked: u32, came: u32) -> u32 {
    let scaled = u64::from(target) * u64::from(asked) / u64::from(came.max(1));
    let (least, most) = ((target / FARTHEST).max(1), target.saturating_mul(FARTHEST));
    u32::try_from(scaled).unwrap_or(u32::MAX).clamp(least, most.max(least))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_that_writes_half_or_twice_is_asked_for_what_gives_the_wanted() {
        assert_eq!(ask_for(300, 300, 150), 600);
        assert_eq!(ask_for(300, 300, 600), 150);
        assert_eq!(ask_for(300, 600, 300), 600);
        assert_eq!(ask_for(300, 300, 0), 1200, "within bounds");
        assert_eq!(ask_for(300, 300, 60_000), 75, "within bounds");
        assert_eq!(ask_for(0, 0, 0), 1);
    }

    #[test]
    fn near_is_a_twentieth_and_allowed_a_tenth() {
        assert!(is_near(315, 300) && !is_near(316, 300) && is_near(285, 300));
        assert!(is_allowed(330, 300) && !is_allowed(331, 300) && is_allowed(270, 300) && !is_allowed(269, 300));
        assert!(is_near(23, 20), "three words are nothing");
    }
}
