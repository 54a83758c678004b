//! ZIP archives read under limits. What an archive says of its sizes is not believed: bytes are
//! counted as they are read.

use std::io::{Cursor, Read};

use lectern_core::{Failure, Kind, Reason};
use zip::ZipArchive;
use zip::result::ZipError;

/// The most members.
const MEMBERS: usize = 20_000;
/// The most bytes of one member, uncompressed.
const MEMBER_BYTES: u64 = 64 << 20;
/// The most bytes of all members that are read, uncompressed.
const TOTAL_BYTES: u64 = 256 << 20;
/// The largest ratio of uncompressed to compressed bytes of a member of more than [`RATIO_FROM`]
/// bytes.
const RATIO: u64 = 300;
/// Small members may have any ratio.
const RATIO_FROM: u64 = 4 << 20;

/// An opened archive.
pub(super) struct Archive<'a> {
    zip: ZipArchive<Cursor<&'a [u8]>>,
    left: u64,
}

impl std::fmt::Debug for Archive<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Archive").field("members", &self.zip.len()).finish_non_exhaustive()
    }
}

impl<'a> Archive<'a> {
    /// Reads the directory of an archive.
    ///
    /// # Errors
    /// `DOCUMENT_DAMAGED` without a readable directory, `DOCUMENT_TOO_COMPLEX` with too many
    /// members.
    pub fn open(bytes: &'a [u8]) -> Result<Self, Failure> {
        let zip = ZipArchive::new(Cursor::new(bytes)).map_err(|error| damaged(&error))?;
        if zip.len() > MEMBERS {
            return Err(too_complex(format!(
                "the archive has {} members, and {MEMBERS} are allowed; split the document",
                zip.len()
            )));
        }
        Ok(Self { zip, left: TOTAL_BYTES })
    }

    /// Whether there is a member of this name.
    pub fn has(&self, name: &str) -> bool {
        self.zip.index_for_name(name).is_some()
    }

    /// A member's bytes, or none if there is no such member.
    ///
    /// # Errors
    /// `DOCUMENT_DAMAGED` where it cannot be unpacked, `DOCUMENT_ENCRYPTED` where it is encrypted,
    /// `DOCUMENT_TOO_COMPLEX` past a limit.
    pub fn read(&mut self, name: &str) -> Result<Option<Vec<u8>>, Failure> {
        let Some(index) = self.zip.index_for_name(name) else { return Ok(None) };
        let member = self.zip.by_index(index).map_err(|error| damaged(&error))?;
        let packed = member.compressed_size();
        let limit = MEMBER_BYTES.min(self.left);
        let ratio_limit = packed.saturating_mul(RATIO).max(RATIO_FROM);
        let mut bytes = Vec::new();
        let read = member.take(limit.min(ratio_limit) + 1).read_to_end(&mut bytes);
        let count = bytes.len() as u64;
        if count > limit.min(ratio_limit) {
            return Err(too_complex(format!(
                "the member {name} of the archive unpacks to more than {} bytes; it looks like a ZIP bomb",
                limit.min(ratio_limit)
            )));
        }
        read.map_err(|error| damaged_because(&format!("its member {name} cannot be unpacked ({error})")))?;
        self.left -= count;
        Ok(Some(bytes))
    }

    /// As [`Self::read`], but a member that is missing is damage.
    ///
    /// # Errors
    /// As [`Self::read`], and `DOCUMENT_DAMAGED` where the member is missing.
    pub fn need(&mut self, name: &str) -> Result<Vec<u8>, Failure> {
        self.read(name)?.ok_or_else(|| damaged_because(&format!("its member {name} is missing")))
    }
}

fn damaged(error: &ZipError) -> Failure {
    match error {
        ZipError::UnsupportedArchive(what) if what.to_lowercase().contains("password") => encrypted("its members are"),
        ZipError::InvalidPassword => encrypted("its members are"),
        ZipError::UnsupportedArchive(_)
        | ZipError::Io(_)
        | ZipError::InvalidArchive(_)
        | ZipError::FileNotFound
        | ZipError::CompressionMethodNotSupported(_)
        | ZipError::DecompressedSizeLimitExceeded { .. }
        | ZipError::DecompressedSizeUnknown => damaged_because(&format!("its ZIP archive cannot be read ({error})")),
        _ => damaged_because("its ZIP archive cannot be read"),
    }
}

/// `DOCUMENT_ENCRYPTED`.
pub(super) fn encrypted(what: &str) -> Failure {
    Failure::new(
        Kind::InvalidArgument,
        Reason::DocumentEncrypted,
        format!("the document cannot be read: {what} encrypted; send a copy without password or copy protection"),
    )
}

/// `DOCUMENT_DAMAGED`.
pub(super) fn damaged_because(what: &str) -> Failure {
    Failure::new(
        Kind::InvalidArgument,
        Reason::DocumentDamaged,
        format!(
            "the document is damaged: {what}; open it in the program that made it, save it again and send the copy"
        ),
    )
}

/// `DOCUMENT_TOO_COMPLEX`.
pub(super) fn too_complex(message: impl Into<String>) -> Failure {
    Failure::new(Kind::InvalidArgument, Reason::DocumentTooComplex, message)
}
