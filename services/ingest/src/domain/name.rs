//! The names that callers give: of a document, and of its file. They are for people, and of a
//! file's name the ending tells apart formats that look alike; neither needs a page of text.

use lectern_core::Failure;

/// The most characters of a name.
pub const LIMIT: usize = 200;

/// Checks a name of a request. An empty one is none, and fits.
///
/// # Errors
/// `INVALID_FIELD` for `field` where the name has more than [`LIMIT`] characters, or characters
/// that control (Unicode's category Cc: line ends, tabs, escapes), which lists and logs would obey.
pub fn check(field: &str, name: &str) -> Result<(), Failure> {
    // No more of it is looked at than decides.
    if name.chars().nth(LIMIT).is_some() {
        return Err(Failure::invalid(
            field,
            format!("{field} may have at most {LIMIT} characters; send a shorter one"),
        ));
    }
    if name.chars().any(char::is_control) {
        let message = format!("{field} has a control character, such as a line end or a tab; send it without");
        return Err(Failure::invalid(field, message));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use lectern_core::Reason;

    use super::*;

    #[test]
    fn names_are_short_and_control_nothing() {
        for fits in ["", "a", "Größe 🌊.pdf", &"ü".repeat(LIMIT), " ", "a\u{a0}b\u{200d}c"] {
            assert_eq!(check("file_name", fits), Ok(()), "{fits:?}");
        }
        for (wrong, what) in [
            (&*"a".repeat(LIMIT + 1), "200 characters"),
            (&*"x".repeat(4 << 20), "200 characters"),
            ("a\nb", "control character"),
            ("a\0", "control character"),
            ("\u{1b}[31mred", "control character"),
            ("a\u{85}b", "control character"),
        ] {
            let failure = check("start.file_name", wrong).expect_err(what);
            assert_eq!((failure.reason, failure.field.as_deref()), (Reason::InvalidField, Some("start.file_name")));
            assert!(failure.message.contains(what) && failure.message.len() < 200, "{failure}");
        }
    }
}
