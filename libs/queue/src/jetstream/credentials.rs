//! Who we are to the server: a credentials file, or the user in the URL.

use std::path::Path;

use async_nats::{Auth, AuthError, ServerAddr};
use lectern_core::Failure;
use nkeys::KeyPair;

/// What a credentials file holds.
struct Credentials {
    /// The user's token; none where the server knows the nkey itself.
    jwt: Option<String>,
    key: KeyPair,
}

impl Credentials {
    /// Reads a file as `nsc` writes it, with a block for the token and one for the seed, or the
    /// seed of an nkey alone.
    fn parse(text: &str) -> Result<Self, String> {
        let jwt = block(text, "USER JWT").map(str::to_owned);
        let seed = match (&jwt, block(text, "NKEY SEED")) {
            (_, Some(seed)) => seed,
            (None, None) => text.trim(),
            (Some(_), None) => return Err("it has a JWT and no seed".to_owned()),
        };
        let key = KeyPair::from_seed(seed).map_err(|_| "it holds neither a JWT with its seed nor a seed".to_owned())?;
        Ok(Self { jwt, key })
    }

    fn read(path: &Path) -> Result<Self, String> {
        let text = std::fs::read_to_string(path).map_err(|error| error.to_string())?;
        Self::parse(&text)
    }

    fn sign(self, nonce: &[u8]) -> Result<Auth, String> {
        let mut auth = Auth::new();
        auth.signature = Some(self.key.sign(nonce).map_err(|error| error.to_string())?);
        match self.jwt {
            Some(jwt) => auth.jwt = Some(jwt),
            None => auth.nkey = Some(self.key.public_key()),
        }
        Ok(auth)
    }
}

/// The line after `-----BEGIN … <title>-----`.
fn block<'a>(text: &'a str, title: &str) -> Option<&'a str> {
    let mut lines = text.lines().map(str::trim);
    lines.find(|line| line.starts_with("-----BEGIN ") && line.contains(title))?;
    lines.find(|line| !line.is_empty()).filter(|line| !line.starts_with("---"))
}

/// Whether the file can be used, so that a wrong one is told of at the start.
pub(super) fn check(path: &Path) -> Result<(), Failure> {
    Credentials::read(path).map(drop).map_err(|error| {
        let message = format!("{}: {error}; give a file of `nsc generate creds`, or of `nk -gen user`", path.display());
        Failure::invalid("queue.credentials", message)
    })
}

/// Answers the server's challenge with what the file holds now: who replaces it is known by the new
/// one from the next connection on.
pub(super) fn answer(path: &Path, nonce: &[u8]) -> Result<Auth, AuthError> {
    let answered = Credentials::read(path).and_then(|credentials| credentials.sign(nonce));
    answered.map_err(|error| AuthError::new(format!("{}: {error}", path.display())))
}

/// The user and the password of the first address that names one. The client library reads none
/// from addresses.
pub(super) fn user(addresses: &[ServerAddr]) -> Option<(String, String)> {
    let address = addresses.iter().find(|address| address.has_user_pass())?;
    Some((decoded(address.username()?), decoded(address.password().unwrap_or_default())))
}

/// The text of which `%41` and the like are written in a URL.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let code = after.get(..2).filter(|_| *first == b'%').and_then(|hex| std::str::from_utf8(hex).ok());
        match code.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_nsc_and_a_seed_alone_are_read() {
        let pair = KeyPair::new_user();
        let seed = pair.seed().expect("a seed");
        let file = format!(
            "-----BEGIN NATS USER JWT-----\neyJ0.eyJq.c2ln\n------END NATS USER JWT------\n\n\
             ************************* IMPORTANT *************************\n\n\
             -----BEGIN USER NKEY SEED-----\n{seed}\n------END USER NKEY SEED------\n"
        );
        let auth = Credentials::parse(&file).expect("reads").sign(b"nonce").expect("signs");
        assert_eq!((auth.jwt.as_deref(), auth.nkey), (Some("eyJ0.eyJq.c2ln"), None));
        pair.verify(b"nonce", &auth.signature.expect("a signature")).expect("by the seed of the file");

        let auth = Credentials::parse(&format!("{seed}\n")).expect("reads").sign(b"nonce").expect("signs");
        assert_eq!((auth.jwt, auth.nkey), (None, Some(pair.public_key())));
    }

    #[test]
    fn what_is_no_credential_is_refused_in_words() {
        for text in ["", "SUWRONG", "-----BEGIN NATS USER JWT-----\na.b.c\n------END NATS USER JWT------\n"] {
            assert!(Credentials::parse(text).is_err(), "{text}");
        }
        let failure = check(Path::new("/nowhere/at.creds")).expect_err("no file");
        assert_eq!(failure.field.as_deref(), Some("queue.credentials"));
        assert!(failure.message.contains("/nowhere/at.creds"), "{failure}");
    }

    #[test]
    fn the_user_of_an_address_is_decoded() {
        let address = |text: &str| text.parse::<ServerAddr>().expect(text);
        assert_eq!(user(&[address("nats://a:1")]), None);
        let found = user(&[address("nats://a:1"), address("nats://gate%2Away:p%40ss%25@b:2")]);
        assert_eq!(found, Some(("gate*way".to_owned(), "p@ss%".to_owned())));
        assert_eq!(user(&[address("nats://me@b:2")]), Some(("me".to_owned(), String::new())));
        assert_eq!(decoded("100%"), "100%");
    }
}
