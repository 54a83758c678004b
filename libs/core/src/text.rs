//! Texts that callers give: names of things and of files, notes. They are for people, who read them
//! in lists, logs and terminals, which obey control characters; none needs a page.

use crate::Failure;

/// The most characters of a name.
pub const LONGEST_NAME: usize = 200;

/// Checks a text of a request. An empty one is none, and fits.
///
/// # Errors
/// `INVALID_FIELD` for `field` where the text has more than `most` characters, or characters that
/// control (Unicode's category Cc: line ends, tabs, escapes).
pub fn check(field: &str, text: &str, most: usize) -> Result<(), Failure> {
    // No more of it is looked at than decides.
    if text.chars().nth(most).is_some() {
        return Err(Failure::invalid(field, format!("{field} may have at most {most} characters; send a shorter one")));
    }
    if text.chars().any(char::is_control) {
        let message = format!("{field} has a control character, such as a line end or a tab; send it without");
        return Err(Failure::invalid(field, message));
    }
    Ok(())
}

/// Checks a name: a text of at most [`LONGEST_NAME`] characters.
///
/// # Errors
/// Those of [`check`].
pub fn check_name(field: &str, name: &str) -> Result<(), Failure> {
    check(field, name, LONGEST_NAME)
}

/// A text without characters that control: for what a caller did not write.
#[must_use]
pub fn stripped(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).collect()
}

/// The name of a file that nobody chose for this, as [`check_name`] takes it: without characters
/// that control, and of one too long the end, which has the ending.
#[must_use]
pub fn file_name(name: &str) -> String {
    let mut name = stripped(name);
    if let Some((excess, _)) = name.char_indices().rev().nth(LONGEST_NAME - 1) {
        name.drain(..excess);
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Reason;

    #[test]
    fn texts_are_short_and_control_nothing() {
        for fits in ["", "CI of the press", "Größe 🌊", &"ü".repeat(9), " "] {
            assert_eq!(check("display_name", fits, 15), Ok(()), "{fits:?}");
        }
        for wrong in ["sixteen letters!", &"x".repeat(4 << 20), "a\nb", "\u{1b}[31mred", "a\0", "a\u{85}b"] {
            let failure = check("display_name", wrong, 15).expect_err("it does not fit");
            assert_eq!((failure.reason, failure.field.as_deref()), (Reason::InvalidField, Some("display_name")));
            assert!(failure.message.len() < 200, "{failure}");
        }
        assert_eq!(stripped("The \u{1b}[31mred\u{7} book"), "The [31mred book");
    }

    #[test]
    fn names_are_short_and_control_nothing() {
        for fits in ["", "a", "Größe 🌊.pdf", &"ü".repeat(LONGEST_NAME), " ", "a\u{a0}b\u{200d}c"] {
            assert_eq!(check_name("file_name", fits), Ok(()), "{fits:?}");
        }
        for (wrong, what) in [
            (&*"a".repeat(LONGEST_NAME + 1), "200 characters"),
            (&*"x".repeat(4 << 20), "200 characters"),
            ("a\nb", "control character"),
            ("a\0", "control character"),
            ("\u{1b}[31mred", "control character"),
            ("a\u{85}b", "control character"),
        ] {
            let failure = check_name("start.file_name", wrong).expect_err(what);
            assert_eq!((failure.reason, failure.field.as_deref()), (Reason::InvalidField, Some("start.file_name")));
            assert!(failure.message.contains(what) && failure.message.len() < 200, "{failure}");
        }
    }

    #[test]
    fn of_a_long_name_of_a_file_the_end_is_kept() {
        assert_eq!(file_name("tide\ttable.md"), "tidetable.md");
        assert_eq!(file_name(""), "");
        assert_eq!(file_name(&"ü".repeat(LONGEST_NAME)), "ü".repeat(LONGEST_NAME));
        let long = file_name(&format!("{}.pdf", "ü".repeat(300)));
        assert!(long.chars().count() == LONGEST_NAME && long.ends_with("üü.pdf"), "{long}");
    }
}
