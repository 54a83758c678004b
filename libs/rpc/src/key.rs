//! API keys: `lk_{id}_{secret}`. The id is public and finds the record, the secret has 256 random
//! bits, and only the key's SHA-256 is stored: with that much randomness a slow hash would protect
//! nothing.

use std::fmt;

use lectern_core::{Digest, Failure, Kind, OsRandom, Random, Reason};

const PREFIX: &str = "lk";
const ID_DIGITS: usize = 16;
const SECRET_DIGITS: usize = 64;

/// An API key. Shown once, when it is made; `Debug` leaves the secret out.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiKey {
    id: String,
    secret: String,
}

impl ApiKey {
    /// A new key from the operating system's generator.
    #[must_use]
    pub fn generate() -> Self {
        let mut secret = String::with_capacity(SECRET_DIGITS);
        for _ in 0..4 {
            secret.push_str(&format!("{:016x}", OsRandom.next()));
        }
        Self { id: format!("{:016x}", OsRandom.next()), secret }
    }

    /// A new key that is known under this id, 16 hexadecimal digits in small letters; none for
    /// another text.
    #[must_use]
    pub fn generate_as(id: &str) -> Option<Self> {
        hex(id, ID_DIGITS).then(|| Self { id: id.to_owned(), ..Self::generate() })
    }

    /// Reads a key as a caller sends it.
    ///
    /// # Errors
    /// `KEY_INVALID` for a text that is not a key; the message does not repeat it.
    pub fn parse(text: &str) -> Result<Self, Failure> {
        let mut parts = text.trim().split('_');
        match (parts.next(), parts.next(), parts.next(), parts.next()) {
            (Some(PREFIX), Some(id), Some(secret), None) if hex(id, ID_DIGITS) && hex(secret, SECRET_DIGITS) => {
                Ok(Self { id: id.to_owned(), secret: secret.to_owned() })
            }
            _ => Err(Failure::new(
                Kind::Unauthenticated,
                Reason::KeyInvalid,
                "that is not an API key; send `authorization: Bearer lk_...` as it was printed when the key was made",
            )),
        }
    }

    /// The public part, under which the key is stored, listed and revoked.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The whole key, to be handed to its owner.
    #[must_use]
    pub fn expose(&self) -> String {
        format!("{PREFIX}_{}_{}", self.id, self.secret)
    }

    /// What is stored of it.
    #[must_use]
    pub fn hash(&self) -> Digest {
        Digest::of(self.expose().as_bytes())
    }

    /// Whether it is the key that `stored` is the hash of, in a time that does not depend on where
    /// they differ.
    #[must_use]
    pub fn matches(&self, stored: &Digest) -> bool {
        equal(&self.hash(), stored)
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ApiKey({PREFIX}_{}_***)", self.id)
    }
}

fn hex(text: &str, digits: usize) -> bool {
    text.len() == digits && text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}

/// Compares digests in constant time.
#[must_use]
pub fn equal(one: &Digest, other: &Digest) -> bool {
    let differences = one.0.iter().zip(other.0.iter()).fold(0, |all, (a, b)| std::hint::black_box(all | (a ^ b)));
    differences == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_read_back_and_matches_its_hash_alone() {
        let (key, other) = (ApiKey::generate(), ApiKey::generate());
        assert_eq!(ApiKey::parse(&key.expose()), Ok(key.clone()));
        assert!(key.matches(&key.hash()) && !key.matches(&other.hash()));
        assert_ne!(key.id(), other.id());
        assert!(!format!("{key:?}").contains(&key.secret));
    }

    #[test]
    fn a_key_may_be_made_under_a_given_id() {
        let id = "0123456789abcdef";
        let (one, other) = (ApiKey::generate_as(id).unwrap(), ApiKey::generate_as(id).unwrap());
        assert_eq!((one.id(), ApiKey::parse(&one.expose())), (id, Ok(one.clone())));
        assert_ne!(one.hash(), other.hash(), "each has a secret of its own");
        for wrong in ["", "admin", "0123456789ABCDEF", "0123456789abcdef0"] {
            assert_eq!(ApiKey::generate_as(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn other_texts_are_not_keys() {
        let key = ApiKey::generate().expose();
        for wrong in ["", "lk", "lk_a_b", &key[1..], &key[..key.len() - 1], &format!("{key}_"), &key.to_uppercase()] {
            assert_eq!(ApiKey::parse(wrong).unwrap_err().reason, Reason::KeyInvalid, "{wrong}");
        }
    }
}
