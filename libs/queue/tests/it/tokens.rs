//! Tokens as an operator's tool makes them: a server that trusts an operator, an account with
//! JetStream, and users with permissions.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use lectern_queue::Permissions;
use nkeys::KeyPair;
use serde_json::{Value, json};

/// An operator with one account, and the one that a server has for itself.
pub struct Operator {
    operator: KeyPair,
    account: KeyPair,
    system: KeyPair,
}

impl Operator {
    pub fn new() -> Self {
        Self { operator: KeyPair::new_operator(), account: KeyPair::new_account(), system: KeyPair::new_account() }
    }

    /// Configuration of a server that takes this operator's users and nobody else.
    pub fn config(&self) -> String {
        let (operator, account) = (self.operator.public_key(), self.account.public_key());
        let system = self.system.public_key();
        let own = token(&self.operator, &operator, "operator", json!({}));
        let limits = json!({
            "limits": {
                "subs": -1, "data": -1, "payload": -1, "imports": -1, "exports": -1, "wildcards": true,
                "conn": -1, "leaf": -1, "mem_storage": -1, "disk_storage": -1, "streams": -1, "consumer": -1,
            },
        });
        let ours = token(&self.operator, &account, "account", limits);
        let servers = token(&self.operator, &system, "account", json!({}));
        format!(
            "operator: \"{own}\"\nsystem_account: {system}\nresolver: MEMORY\n\
             resolver_preload: {{ {account}: \"{ours}\", {system}: \"{servers}\" }}\n"
        )
    }

    /// The text of a credentials file of a new user.
    pub fn user(&self, permissions: &Permissions) -> String {
        let user = KeyPair::new_user();
        let may = json!({
            "pub": { "allow": permissions.publish }, "sub": { "allow": permissions.subscribe },
            "subs": -1, "data": -1, "payload": -1,
        });
        let jwt = token(&self.account, &user.public_key(), "user", may);
        let seed = user.seed().expect("a seed");
        format!(
            "-----BEGIN NATS USER JWT-----\n{jwt}\n------END NATS USER JWT------\n\n\
             -----BEGIN USER NKEY SEED-----\n{seed}\n------END USER NKEY SEED------\n"
        )
    }
}

fn token(issuer: &KeyPair, subject: &str, kind: &str, mut claims: Value) -> String {
    claims["type"] = json!(kind);
    claims["version"] = json!(2);
    let body = json!({
        "jti": "lectern", "iat": 1_700_000_000, "iss": issuer.public_key(), "name": kind, "sub": subject, "nats": claims,
    });
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", part(&json!({ "typ": "JWT", "alg": "ed25519-nkey" })), part(&body));
    let signature = issuer.sign(signed.as_bytes()).expect("signs");
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}
