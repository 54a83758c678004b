//! Ends of sentences.

/// Whether `text` ends where a sentence may.
pub fn ends(text: &str) -> bool {
    let text = text.trim_end_matches(|char: char| {
        matches!(char, '"' | '”' | '’' | '\'' | ')' | ']' | '»')
            || char.is_ascii_digit() && !text.ends_with(char::is_alphabetic)
    });
    text.ends_with(['.', '!', '?', ':', ';', '…'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_ends_with_its_stop_whatever_closes_behind_it() {
        for (text, wanted) in [
            ("It ends.", true),
            ("It ends.”", true),
            ("(It ends.)3", true),
            ("to be sent a", false),
            ("in 2019", false),
        ] {
            assert_eq!(ends(text), wanted, "{text}");
        }
    }
}
