//! A connection to a server that demands a user: it signs in and then runs commands, as `mongosh`
//! does.
//!
//! It signs in by SCRAM-SHA-256 (RFC 5802 and RFC 7677) without looking at what the server proves
//! in turn: it is for servers of one's own on loopback.

use std::net::{SocketAddr, TcpStream};
use std::num::NonZeroU32;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::{digest, hmac, pbkdf2};
use serde_json::{Map, Value};

use super::json;
use super::wire::{self, CallError, Document, Reply};
use crate::daemon::fresh_name;

/// What is said of binding the exchange to a channel, which nobody here does.
const NO_BINDING: &str = "n,,";

/// A connection of a user who has signed in.
#[derive(Debug)]
pub struct MongoSession {
    server: SocketAddr,
    stream: TcpStream,
}

impl MongoSession {
    /// Signs in as a user of the database `admin`, whose name has no comma and no equals sign.
    ///
    /// # Errors
    ///
    /// When the server cannot be reached or refuses; in words, as all errors here.
    pub fn sign_in(server: SocketAddr, user: &str, password: &str) -> Result<Self, String> {
        let stream = wire::connect(server).map_err(|error| format!("MongoDB at {server}: {error}"))?;
        let mut session = Self { server, stream };
        // What nobody has said before; that nobody can guess it does not matter here.
        let first = format!("n={user},r={}", fresh_name());
        let begin = Document::default().number("saslStart", 1).text("mechanism", "SCRAM-SHA-256");
        let options = Document::default().yes("skipEmptyExchange");
        let begin = payload(begin, &format!("{NO_BINDING}{first}")).document("options", &options);
        let reply = session.call("admin", begin)?;
        let last = answer(&first, &said(&reply), password)?;
        let conversation = reply.number("conversationId").and_then(|id| i32::try_from(id).ok()).unwrap_or(0);
        let end = Document::default().number("saslContinue", 1).number("conversationId", conversation);
        session.call("admin", payload(end, &last))?;
        Ok(session)
    }

    /// Runs a command of a database: its name with what stands beside it (`"serverStatus"`, 1), and
    /// further fields.
    ///
    /// # Errors
    ///
    /// When the server does not answer or refuses.
    pub fn run(
        &mut self,
        database: &str,
        (command, of): (&str, &Value),
        fields: &Map<String, Value>,
    ) -> Result<Value, String> {
        let document = json::field(Document::default(), command, of);
        let document = fields.iter().fold(document, |document, (name, value)| json::field(document, name, value));
        let reply = self.call(database, document)?;
        json::read(reply.bytes()).map_err(|error| format!("MongoDB at {} answered {error}", self.server))
    }

    fn call(&mut self, database: &str, command: Document) -> Result<Reply, String> {
        let answered: Result<Reply, CallError> = wire::call_over(&mut self.stream, database, command);
        answered.map_err(|error| format!("MongoDB at {}: {error}", self.server))
    }
}

/// Adds what one side of the exchange says, as bytes of the kind 0.
fn payload(document: Document, text: &str) -> Document {
    let size = i32::try_from(text.len()).unwrap_or(i32::MAX);
    document.element(0x05, "payload", &[size.to_le_bytes().as_slice(), &[0], text.as_bytes()].concat())
}

/// What the server says.
fn said(reply: &Reply) -> String {
    String::from_utf8_lossy(reply.binary("payload").unwrap_or_default()).into_owned()
}

/// The last message of the client: that it knows the password, for the challenge `server_first`
/// (RFC 5802, section 3).
fn answer(client_first: &str, server_first: &str, password: &str) -> Result<String, String> {
    let field = |name: &str| server_first.split(',').find_map(|field| field.strip_prefix(name));
    let salt = field("s=").and_then(|salt| STANDARD.decode(salt).ok());
    let rounds = field("i=").and_then(|rounds| rounds.parse::<NonZeroU32>().ok());
    let (Some(nonce), Some(salt), Some(rounds)) = (field("r="), salt, rounds) else {
        return Err(format!("MongoDB's challenge cannot be read: {server_first:?}"));
    };
    let mut salted = [0; digest::SHA256_OUTPUT_LEN];
    pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, rounds, &salt, password.as_bytes(), &mut salted);
    let client_key = keyed(&salted, "Client Key");
    let stored_key = digest::digest(&digest::SHA256, client_key.as_ref());
    let unproven = format!("c={},r={nonce}", STANDARD.encode(NO_BINDING));
    let signature = keyed(stored_key.as_ref(), &format!("{client_first},{server_first},{unproven}"));
    let proof: Vec<u8> = client_key.as_ref().iter().zip(signature.as_ref()).map(|(key, by)| key ^ by).collect();
    Ok(format!("{unproven},p={}", STANDARD.encode(proof)))
}

fn keyed(key: &[u8], text: &str) -> hmac::Tag {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_to_a_challenge_is_that_of_the_standard() {
        // RFC 7677, section 3.
        let first = "n=user,r=rOprNGfwEbeRWgbNEkqO";
        let nonce = "rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
        let challenge = format!("r={nonce},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096");
        let expected = format!("c=biws,r={nonce},p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=");
        assert_eq!(answer(first, &challenge, "pencil"), Ok(expected));
        for wrong in ["", "r=a,s=W22Z", "r=a,s=W22Z,i=0", "r=a,s=?,i=1"] {
            assert!(answer(first, wrong, "pencil").is_err(), "{wrong}");
        }
    }
}
