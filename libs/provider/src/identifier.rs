//! What may be kept of a provider's words: identifiers. A sentence may quote what was sent.

/// Characters of the longest identifier that is kept.
const LONGEST: usize = 120;

/// The text where it is an identifier: the name of a reason, a field, a quota or a metric, such as
/// `RESOURCE_EXHAUSTED`, `generation_config.response_schema` or
/// `generativelanguage.googleapis.com/requests`; else none. It has no spaces, and no letters but
/// those of ASCII, so that no sentence is one.
pub(crate) fn identifier(text: &str) -> Option<&str> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.:/[]".contains(&byte);
    (!text.is_empty() && text.len() <= LONGEST && text.bytes().all(fits)).then_some(text)
}

/// The text where it is an identifier, as an answer's own word for its end is; else nothing.
#[must_use]
pub fn identifier_of(text: &str) -> &str {
    identifier(text).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_kept_and_sentences_are_not() {
        for text in ["RESOURCE_EXHAUSTED", "insufficient_quota", "contents[0].parts[1]", "a.googleapis.com/b-c"] {
            assert_eq!(identifier(text), Some(text));
        }
        for text in ["", "two words", "Invalid value: \"x\"", "Straße", "a\nb", &"x".repeat(121)] {
            assert_eq!((identifier(text), identifier_of(text)), (None, ""), "{text}");
        }
    }
}
