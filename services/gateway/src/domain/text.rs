//! Texts that callers give: names, notes, the id of a new tenant. Others read them in lists, logs
//! and terminals, which obey control characters.

use lectern_core::Failure;
use lectern_core::id::TenantId;

/// The most characters of a name.
pub const LONGEST_NAME: usize = 200;

/// Tenants that no key is made for, since they mean something: `admin`, for whom the admin key
/// calls; `local`, who everybody is on an embedded instance; `lectern`, for whom services ask each
/// other; `keys`, under whose secret the page tokens of administrators are sealed.
const RESERVED: [&str; 4] = ["admin", "keys", "lectern", "local"];

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

/// A text without characters that control: for what was read from a document, whose caller did not
/// write it.
#[must_use]
pub fn stripped(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).collect()
}

/// Reads the id of a tenant that a key is made for.
///
/// # Errors
/// `INVALID_FIELD` for `field` where it is no id, does not begin and end with a letter or digit, or
/// means something else in this installation.
pub fn new_tenant(field: &str, id: &str) -> Result<TenantId, Failure> {
    let tenant: TenantId = id.parse().map_err(|e| Failure::invalid(field, format!("{field}: {e}")))?;
    let sign = |c: char| !c.is_ascii_alphanumeric();
    if id.starts_with(sign) || id.ends_with(sign) {
        let message = format!("{field} is {id:?}; a tenant's id begins and ends with a letter or digit");
        return Err(Failure::invalid(field, message));
    }
    if RESERVED.iter().any(|reserved| id.eq_ignore_ascii_case(reserved)) {
        let message = format!("{field} is {id:?}, which has a meaning of its own; choose another id");
        return Err(Failure::invalid(field, message));
    }
    Ok(tenant)
}

#[cfg(test)]
mod tests {
    use lectern_core::Reason;

    use super::*;

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
    fn tenants_are_readable_and_mean_nothing_else() {
        for id in ["acme", "t1", "7", "a-b_c", "Admins", "local-paper"] {
            assert_eq!(new_tenant("tenant", id).map(|tenant| tenant.to_string()), Ok(id.to_owned()));
        }
        for id in ["", "-", "_", "-acme", "acme-", "_x", "a b", "admin", "Admin", "LOCAL", "lectern", "keys"] {
            let failure = new_tenant("tenant", id).expect_err(id);
            assert_eq!((failure.reason, failure.field.as_deref()), (Reason::InvalidField, Some("tenant")), "{id}");
        }
    }
}
