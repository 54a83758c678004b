//! The secrets of the installation, and how they are changed.

use std::sync::Arc;

use lectern_core::keys::Secrets;
use lectern_core::{Clock, Failure};
use lectern_rpc::ServiceCredential;

use super::Common;

/// Bytes that a secret needs, so that it cannot be guessed.
const SHORTEST: usize = 32;

impl Common {
    /// Checks the secrets.
    pub(super) fn check_secrets(&self) -> Result<(), Failure> {
        if self.secret.expose().len() < SHORTEST {
            let message = "secret must have at least 32 bytes; set LECTERN_SECRET to the same random text for every \
                           service (`openssl rand -hex 32`)";
            return Err(Failure::invalid("secret", message));
        }
        for (field, secret) in [("secret_previous", &self.secret_previous), ("object_secret", &self.object_secret)] {
            if !secret.is_empty() && secret.expose().len() < SHORTEST {
                let message = format!("{field} must have at least 32 bytes, or be empty");
                return Err(Failure::invalid(field, message));
            }
        }
        if !self.secret_previous.is_empty() && self.object_secret.is_empty() {
            let message = "object_secret must be set before secret is changed, since the names of objects follow from \
                           it: set LECTERN_OBJECT_SECRET to the secret of until now, and leave it so";
            return Err(Failure::invalid("object_secret", message));
        }
        Ok(())
    }

    /// What names are made under, and what seals.
    #[must_use]
    pub fn secrets(&self) -> Secrets {
        let names = if self.object_secret.is_empty() { &self.secret } else { &self.object_secret };
        let also = (!self.secret_previous.is_empty()).then(|| self.secret_previous.expose().as_bytes());
        Secrets::new(names.expose().as_bytes(), self.secret.expose().as_bytes(), also)
    }

    /// How this service proves who it is, and whom it believes.
    ///
    /// # Errors
    /// `INVALID_FIELD` for a secret of under 32 bytes.
    pub fn credential(&self, clock: Arc<dyn Clock>) -> Result<ServiceCredential, Failure> {
        ServiceCredential::new(self.secret.clone(), clock)?.accepting(self.secret_previous.clone())
    }
}

#[cfg(test)]
mod tests {
    use lectern_runtime::Secret;

    use super::*;

    #[test]
    fn an_installation_without_a_secret_does_not_start() {
        assert_eq!(Common::default().check().expect_err("no secret").field.as_deref(), Some("secret"));
    }

    #[test]
    fn a_secret_is_not_changed_before_the_names_of_objects_have_one_of_their_own() {
        let secret = |text: &str| Secret::new(text.repeat(32));
        let before = Common { secret: secret("o"), ..Common::default() };
        assert_eq!(before.check(), Ok(()));
        let too_early = Common { secret_previous: secret("n"), ..before.clone() };
        assert_eq!(too_early.check().expect_err("lost").field.as_deref(), Some("object_secret"));
        let first = Common { object_secret: secret("o"), ..too_early };
        let then = Common { secret: secret("n"), secret_previous: secret("o"), ..first.clone() };
        let last = Common { secret_previous: Secret::default(), ..then.clone() };
        for step in [first, then, last] {
            assert_eq!(step.check(), Ok(()));
            assert_eq!(step.secrets().fingerprint(), before.secrets().fingerprint());
        }
        for short in ["secret_previous", "object_secret"] {
            let mut config = Common { object_secret: secret("o"), ..before.clone() };
            match short {
                "object_secret" => config.object_secret = Secret::new("short"),
                _ => config.secret_previous = Secret::new("short"),
            }
            assert_eq!(config.check().expect_err(short).field.as_deref(), Some(short));
        }
    }
}
