//! The last 16 bytes of an object's file: `LECB`, CRC32C and length, little endian. Being in the
//! file they are linked with it in one step, which a file beside it could not be.

const MAGIC: [u8; 4] = *b"LECB";

/// Length and checksum of an object's bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Trailer {
    pub(super) crc32c: u32,
    pub(super) size: u64,
}

impl Trailer {
    /// Its own length in bytes.
    pub(super) const LENGTH: u64 = 16;

    pub(super) fn of(bytes: &[u8]) -> Self {
        Self { crc32c: crc32c::crc32c(bytes), size: bytes.len() as u64 }
    }

    pub(super) fn add(&mut self, bytes: &[u8]) {
        self.crc32c = crc32c::crc32c_append(self.crc32c, bytes);
        self.size = self.size.saturating_add(bytes.len() as u64);
    }

    pub(super) fn encode(self) -> [u8; 16] {
        let mut bytes = [0; 16];
        bytes[..4].copy_from_slice(&MAGIC);
        bytes[4..8].copy_from_slice(&self.crc32c.to_le_bytes());
        bytes[8..].copy_from_slice(&self.size.to_le_bytes());
        bytes
    }

    pub(super) fn decode(bytes: &[u8; 16]) -> Option<Self> {
        let (magic, rest) = bytes.split_first_chunk::<4>()?;
        let (crc, size) = rest.split_first_chunk::<4>()?;
        (*magic == MAGIC)
            .then_some(Self { crc32c: u32::from_le_bytes(*crc), size: u64::from_le_bytes(size.try_into().ok()?) })
    }

    /// Says in what way `bytes` are not those that were put.
    pub(super) fn check(self, bytes: &[u8]) -> Result<(), String> {
        let found = Self::of(bytes);
        if found == self {
            return Ok(());
        }
        Err(format!(
            "{} bytes with CRC32C {:08x} were put, {} with {:08x} are read",
            self.size, self.crc32c, found.size, found.crc32c
        ))
    }
}
