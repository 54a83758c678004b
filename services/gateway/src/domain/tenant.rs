//! The ids that tenants are given.

use lectern_core::Failure;
use lectern_core::id::TenantId;

/// Tenants that no key is made for, since they mean something: `admin`, for whom the admin key
/// calls; `local`, who everybody is on an embedded instance; `lectern`, for whom services ask each
/// other; `keys`, under whose secret the page tokens of administrators are sealed.
const RESERVED: [&str; 4] = ["admin", "keys", "lectern", "local"];

/// Reads the id of a tenant that a key is made for.
///
/// # Errors
/// `INVALID_FIELD` for `field` where it is no id, does not begin and end with a letter or digit, or
/// means something else in this installation.
pub fn new(field: &str, id: &str) -> Result<TenantId, Failure> {
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
    fn tenants_are_readable_and_mean_nothing_else() {
        for id in ["acme", "t1", "7", "a-b_c", "Admins", "local-paper"] {
            assert_eq!(new("tenant", id).map(|tenant| tenant.to_string()), Ok(id.to_owned()));
        }
        for id in ["", "-", "_", "-acme", "acme-", "_x", "a b", "admin", "Admin", "LOCAL", "lectern", "keys"] {
            let failure = new("tenant", id).expect_err(id);
            assert_eq!((failure.reason, failure.field.as_deref()), (Reason::InvalidField, Some("tenant")), "{id}");
        }
    }
}
