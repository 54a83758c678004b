//! Commands of MongoDB over its wire protocol, as few as starting a server and looking into it
//! take, so that this crate needs no driver: `OP_MSG` with one document each way (MongoDB Wire
//! Protocol, opcode 2013), in BSON.

use std::fmt;
use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// How long a server may take to carry out a command: an initiation asks every member first.
const ANSWER: Duration = Duration::from_secs(30);
/// How long it may take to say what it is. One that is suspended never does.
const GREETING: Duration = Duration::from_secs(3);
/// The largest message that a server sends (`maxMessageSizeBytes`).
const LARGEST: usize = 48_000_000;
/// A message's header, its flags, and the kind of its one section stand before the document.
const BEFORE_DOCUMENT: usize = 16 + 4 + 1;
const OP_MSG: i32 = 2013;
/// What is wrong with a document that ends too soon.
pub const CUT_SHORT: &str = "a document that is cut short";

/// Why a command was not carried out.
#[derive(Debug)]
pub enum CallError {
    /// The server could not be reached, or did not answer in its protocol.
    Unreachable(io::Error),
    /// The server answered with an error of this code.
    Refused { code: i64, message: String },
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreachable(error) => write!(f, "no answer: {error}"),
            Self::Refused { code, message } => write!(f, "refused ({code}): {message}"),
        }
    }
}

impl std::error::Error for CallError {}

/// Sends a command to the database `admin` over a connection of its own, and waits for the reply.
///
/// # Errors
///
/// When the server cannot be reached or refuses.
pub fn call(server: SocketAddr, command: Document) -> Result<Reply, CallError> {
    call_in("admin", server, command)
}

/// As [`call`], to another database.
///
/// # Errors
///
/// When the server cannot be reached or refuses.
pub fn call_in(database: &str, server: SocketAddr, command: Document) -> Result<Reply, CallError> {
    call_within(ANSWER, database, server, command)
}

/// What the server is in its set: `isWritablePrimary`, `secondary`, and more.
///
/// # Errors
///
/// When the server cannot be reached or refuses.
pub fn hello(server: SocketAddr) -> Result<Reply, CallError> {
    call_within(GREETING, "admin", server, Document::default().number("hello", 1))
}

fn call_within(limit: Duration, database: &str, server: SocketAddr, command: Document) -> Result<Reply, CallError> {
    let mut stream = connect_within(limit, server).map_err(CallError::Unreachable)?;
    call_over(&mut stream, database, command)
}

/// A connection for commands of [`call_over`].
///
/// # Errors
///
/// When the server cannot be reached.
#[cfg(feature = "sign-in")]
pub fn connect(server: SocketAddr) -> io::Result<TcpStream> {
    connect_within(ANSWER, server)
}

fn connect_within(limit: Duration, server: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect_timeout(&server, limit)?;
    stream.set_read_timeout(Some(limit))?;
    Ok(stream)
}

/// Sends a command over a connection that lasts, and waits for the reply.
///
/// # Errors
///
/// When the server does not answer or refuses.
pub fn call_over(stream: &mut TcpStream, database: &str, command: Document) -> Result<Reply, CallError> {
    let reply = exchange(stream, &command.text("$db", database)).map_err(CallError::Unreachable)?;
    if reply.number("ok") == Some(1) {
        return Ok(reply);
    }
    let message = reply.text("errmsg").unwrap_or_default();
    Err(CallError::Refused { code: reply.number("code").unwrap_or(0), message })
}

fn exchange(stream: &mut TcpStream, command: &Document) -> io::Result<Reply> {
    let document = command.bytes();
    let mut message = Vec::new();
    // The whole length, a request id, the id it answers, the opcode, flags.
    for word in [size(BEFORE_DOCUMENT + document.len()), 1, 0, OP_MSG, 0] {
        message.extend_from_slice(&word.to_le_bytes());
    }
    message.push(0);
    message.extend_from_slice(&document);
    stream.write_all(&message)?;

    let mut length = [0; 4];
    stream.read_exact(&mut length)?;
    let length = usize::try_from(i32::from_le_bytes(length)).unwrap_or(0);
    if !(BEFORE_DOCUMENT..=LARGEST).contains(&length) {
        return Err(io::Error::new(io::ErrorKind::InvalidData, format!("a reply of {length} bytes")));
    }
    let mut rest = vec![0; length - 4];
    stream.read_exact(&mut rest)?;
    Ok(Reply(rest.split_off(BEFORE_DOCUMENT - 4)))
}

/// A BSON document that is being written. Its first field is the command's name.
#[derive(Debug, Default)]
pub struct Document(Vec<u8>);

impl Document {
    #[must_use]
    pub fn text(self, name: &str, value: &str) -> Self {
        self.element(0x02, name, &[&size(value.len() + 1).to_le_bytes(), value.as_bytes(), &[0]].concat())
    }

    #[must_use]
    pub fn number(self, name: &str, value: i32) -> Self {
        self.element(0x10, name, &value.to_le_bytes())
    }

    #[must_use]
    pub fn yes(self, name: &str) -> Self {
        self.element(0x08, name, &[1])
    }

    #[must_use]
    pub fn document(self, name: &str, value: &Self) -> Self {
        self.element(0x03, name, &value.bytes())
    }

    #[must_use]
    pub fn array(self, name: &str, items: impl IntoIterator<Item = Self>) -> Self {
        let items = items.into_iter().enumerate();
        let array = items.fold(Self::default(), |array, (at, item)| array.document(&at.to_string(), &item));
        self.element(0x04, name, &array.bytes())
    }

    /// A field of any kind that is known here, as its bytes.
    #[must_use]
    pub fn element(mut self, kind: u8, name: &str, value: &[u8]) -> Self {
        self.0.push(kind);
        self.0.extend_from_slice(name.as_bytes());
        self.0.push(0);
        self.0.extend_from_slice(value);
        self
    }

    /// The document as it is sent.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        [&size(self.0.len() + 5).to_le_bytes(), self.0.as_slice(), &[0]].concat()
    }
}

fn size(bytes: usize) -> i32 {
    i32::try_from(bytes).unwrap_or(i32::MAX)
}

/// A reply: a BSON document whose fields are read by name.
#[derive(Debug)]
pub struct Reply(Vec<u8>);

impl Reply {
    /// The document as it was sent.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// Whether the field is there and true.
    #[must_use]
    pub fn is(&self, name: &str) -> bool {
        self.field(name) == Some((0x08, &[1]))
    }

    /// The field's whole number, whichever way the server wrote it.
    #[must_use]
    pub fn number(&self, name: &str) -> Option<i64> {
        let (kind, value) = self.field(name)?;
        match kind {
            #[allow(clippy::cast_possible_truncation, reason = "1.0 and error codes are whole and small")]
            0x01 => Some(f64::from_le_bytes(value.try_into().ok()?) as i64),
            0x10 => Some(i64::from(i32::from_le_bytes(value.try_into().ok()?))),
            0x12 => Some(i64::from_le_bytes(value.try_into().ok()?)),
            _ => None,
        }
    }

    /// The field's text.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<String> {
        let (kind, value) = self.field(name)?;
        let text = value.get(4..value.len().checked_sub(1)?)?;
        (kind == 0x02).then(|| String::from_utf8_lossy(text).into_owned())
    }

    /// The field's bytes.
    #[cfg(feature = "sign-in")]
    #[must_use]
    pub fn binary(&self, name: &str) -> Option<&[u8]> {
        let (kind, value) = self.field(name)?;
        // Their length and their kind stand before them.
        (kind == 0x05).then(|| value.get(5..))?
    }

    /// The field's object id. Those of elections grow.
    #[must_use]
    pub fn id(&self, name: &str) -> Option<[u8; 12]> {
        let (kind, value) = self.field(name)?;
        (kind == 0x07).then(|| value.try_into().ok())?
    }

    /// The kind and the bytes of a field; none too when an earlier one is of a kind not known here.
    fn field(&self, wanted: &str) -> Option<(u8, &[u8])> {
        let mut rest = self.0.get(4..)?;
        loop {
            let field = next_field(&mut rest).ok()??;
            if field.name == wanted.as_bytes() {
                return Some((field.kind, field.value));
            }
        }
    }
}

/// A field of a document. The bytes of its value begin with their length where its kind has one.
#[derive(Debug)]
pub struct Field<'a> {
    pub kind: u8,
    pub name: &'a [u8],
    pub value: &'a [u8],
}

/// Takes the next field off what is left of a document, behind the document's size; none at its
/// end.
///
/// # Errors
///
/// When it is cut short, or of a kind that is not known here.
pub fn next_field<'a>(rest: &mut &'a [u8]) -> Result<Option<Field<'a>>, String> {
    let (&kind, after) = rest.split_first().ok_or(CUT_SHORT)?;
    if kind == 0 {
        return Ok(None);
    }
    let end = after.iter().position(|byte| *byte == 0).ok_or(CUT_SHORT)?;
    let (name, value) = (&after[..end], &after[end + 1..]);
    let length = || -> Option<usize> {
        let bytes: [u8; 4] = value.get(..4)?.try_into().ok()?;
        usize::try_from(i32::from_le_bytes(bytes)).ok()
    };
    let size = match kind {
        0x0A => Some(0),
        0x08 => Some(1),
        0x10 => Some(4),
        0x01 | 0x09 | 0x11 | 0x12 => Some(8),
        0x07 => Some(12),
        0x13 => Some(16),
        0x02 => length().map(|length| length + 4),
        0x03 | 0x04 => length(),
        0x05 => length().map(|length| length + 5),
        other => return Err(format!("a value of the kind 0x{other:02x}, which is not known here")),
    };
    let (value, behind) = size.and_then(|size| value.split_at_checked(size)).ok_or(CUT_SHORT)?;
    *rest = behind;
    Ok(Some(Field { kind, name, value }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_found_by_its_name_behind_fields_of_every_other_kind() {
        let written = Document::default()
            .element(0x01, "double", &1.0_f64.to_le_bytes())
            .document("document", &Document::default().text("errmsg", "within"))
            .array("array", [Document::default().number("code", 1)])
            .element(0x05, "binary", &[2, 0, 0, 0, 0, 7, 7])
            .element(0x07, "id", &[9; 12])
            .element(0x09, "date", &[9; 8])
            .element(0x0A, "null", &[])
            .element(0x11, "timestamp", &[9; 8])
            .element(0x12, "long", &(1_i64 << 40).to_le_bytes())
            .element(0x13, "decimal", &[9; 16])
            .yes("yes")
            .element(0x08, "no", &[0])
            .number("code", 23)
            .text("errmsg", "outside");
        let reply = Reply(written.bytes());
        assert_eq!(reply.number("double"), Some(1));
        assert_eq!(reply.number("long"), Some(1 << 40));
        assert_eq!(reply.number("code"), Some(23));
        assert_eq!(reply.text("errmsg").as_deref(), Some("outside"));
        assert_eq!(reply.id("id"), Some([9; 12]));
        assert!(reply.is("yes") && !reply.is("no") && !reply.is("absent"));
        assert_eq!((reply.number("errmsg"), reply.text("code")), (None, None));
    }

    #[test]
    fn a_reply_that_is_cut_short_has_no_field() {
        let whole = Document::default().text("errmsg", "no").number("code", 23).bytes();
        for length in 0..whole.len() - 5 {
            assert_eq!(Reply(whole[..length].to_vec()).number("code"), None, "{length} bytes");
        }
    }
}
