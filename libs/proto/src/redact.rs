//! Debug formats of messages with secrets (`debug_redact`), which leave the secrets out.

use std::fmt;

use crate::gateway::v1::VerifyKeyRequest;
use crate::v1::CreateKeyResponse;

const REDACTED: &str = "[redacted]";

impl fmt::Debug for CreateKeyResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CreateKeyResponse").field("key", &self.key).field("secret", &REDACTED).finish()
    }
}

impl fmt::Debug for VerifyKeyRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifyKeyRequest").field("secret", &REDACTED).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_not_printed() {
        let secret = "lk_1_2".to_owned();
        let made = CreateKeyResponse { key: None, secret: secret.clone() };
        let asked = VerifyKeyRequest { secret: secret.clone() };
        for printed in [format!("{made:?}"), format!("{asked:#?}")] {
            assert!(printed.contains(REDACTED) && !printed.contains(&secret), "{printed}");
        }
    }
}
