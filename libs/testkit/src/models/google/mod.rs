//! Where Google's credentials get their tokens: the metadata server of a machine, the token
//! endpoint of OAuth 2 for keys of service accounts and for users, the Security Token Service for
//! identities of others, and the impersonation of an account; all on one port of loopback.
//!
//! It knows one account, whose key serves these tests alone. A fake of a service asks it whether a
//! bearer may be believed ([`Bearers`]).

mod believe;
mod issue;
mod jwt;
mod serve;
#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::sync::Arc;

use serde_json::{Value, json};

pub use believe::Bearers;
pub(super) use believe::Disbelief;
pub use issue::TokenFault;

use crate::daemon::StartError;
use crate::hosted::{Hosted, Port};
use issue::Issuer;

/// What failures call it.
const WHAT: &str = "the fake of Google's tokens";
/// The scope without which a token opens nothing here.
const SCOPE: &str = "https://www.googleapis.com/auth/cloud-platform";
/// The token of another identity provider that is exchanged here.
pub const SUBJECT_TOKEN: &str = "subject-token-for-tests";
/// The pool and provider of that identity.
pub const AUDIENCE: &str =
    "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/tests/providers/tests";

/// A running fake. It ends when it is dropped.
#[derive(Debug)]
pub struct GoogleTokens {
    server: Hosted,
    issuer: Arc<Issuer>,
}

impl GoogleTokens {
    /// Starts one.
    ///
    /// # Panics
    ///
    /// When it has no port or thread.
    #[must_use]
    pub fn start() -> Self {
        Self::open().unwrap_or_else(|error| panic!("{error}"))
    }

    /// The same for callers that go on without it.
    ///
    /// # Errors
    ///
    /// When it has no port or thread.
    pub fn open() -> Result<Self, StartError> {
        let port = Port::take(WHAT, 0)?;
        let issuer = Arc::new(Issuer::new(format!("http://{}", port.address)));
        let server = Hosted::serve(WHAT, "google-tokens", port, serve::app(Arc::clone(&issuer)))?;
        Ok(Self { server, issuer })
    }

    /// `http://127.0.0.1:PORT`, which is also the endpoint of the metadata server.
    #[must_use]
    pub fn url(&self) -> String {
        self.issuer.url().to_owned()
    }

    /// Where it listens: what `GCE_METADATA_HOST` is set to.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// What a fake of a service believes.
    #[must_use]
    pub fn bearers(&self) -> Bearers {
        Bearers::of(Arc::clone(&self.issuer))
    }

    /// Puts a fault at the end of the queue: it strikes the next call that asks for a token.
    pub fn queue(&self, fault: TokenFault) {
        self.issuer.queue(fault);
    }

    /// How long tokens live that are handed out from here on, in seconds; 3599 at first.
    pub fn set_life(&self, seconds: u64) {
        self.issuer.set_life(seconds);
    }

    /// All tokens that were handed out are worth nothing from here on.
    pub fn revoke(&self) {
        self.issuer.revoke();
    }

    /// How many tokens were handed out.
    #[must_use]
    pub fn issued(&self) -> u64 {
        self.issuer.issued()
    }

    /// The key file of the service account. Its `token_uri` is here.
    #[must_use]
    pub fn service_account_key(&self) -> Value {
        json!({
            "type": "service_account",
            "client_email": jwt::EMAIL,
            "private_key_id": jwt::KEY_ID,
            "private_key": jwt::KEY,
            "project_id": "lectern-test",
            "token_uri": format!("{}/token", self.url()),
        })
    }

    /// The credentials file of a user who signed in.
    #[must_use]
    pub fn authorized_user(&self) -> Value {
        json!({
            "type": "authorized_user",
            "client_id": serve::CLIENT_ID,
            "client_secret": serve::CLIENT_SECRET,
            "refresh_token": serve::REFRESH_TOKEN,
            "token_uri": format!("{}/token", self.url()),
        })
    }

    /// The credentials file of an identity of another provider, whose token ([`SUBJECT_TOKEN`]) is
    /// in this file; with `impersonate` it acts as the service account.
    #[must_use]
    pub fn external_account(&self, subject_token_file: &str, impersonate: bool) -> Value {
        let mut file = json!({
            "type": "external_account",
            "audience": AUDIENCE,
            "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
            "token_url": format!("{}/v1/token", self.url()),
            "credential_source": {"file": subject_token_file},
        });
        if impersonate {
            let url = format!("{}/v1/projects/-/serviceAccounts/{}:generateAccessToken", self.url(), jwt::EMAIL);
            file["service_account_impersonation_url"] = url.into();
        }
        file
    }
}
