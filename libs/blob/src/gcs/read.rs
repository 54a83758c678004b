//! Reads of whole objects and of ranges.

use std::io;

use bytes::{Bytes, BytesMut};
use futures::StreamExt as _;
use google_cloud_storage::model_ext::ReadRange;
use google_cloud_storage::read_object::ReadObjectResponse;
use tokio::time::timeout;
use tracing::debug;

use super::GcsBlob;
use super::attempts::{ATTEMPT, Pauses, attempts};
use super::source::Sum;
use super::trouble::{Meaning, Trouble, without_secrets};
use crate::{BlobError, ByteStream, ObjectPath};

/// Objects are at most 5 TiB; a longer range is one to the end.
const LONGEST: u64 = 1 << 43;
/// How much is set aside at once for an object that is read whole, in bytes.
const SET_ASIDE: usize = 16 * 1024 * 1024;

impl GcsBlob {
    /// The whole object, compared with its length and CRC32C.
    pub(super) async fn read(&self, path: &ObjectPath) -> Result<Option<Bytes>, BlobError> {
        let mut pauses = Pauses::new(&*self.random);
        loop {
            let trouble = match self.begin(path, ReadRange::all()).await {
                Ok(Some(answer)) => match collect(answer).await {
                    Ok((bytes, expected)) => return compare(path, bytes, expected).map(Some),
                    Err(trouble) => trouble,
                },
                Ok(None) => return Ok(None),
                Err(trouble) => return Err(self.failed(trouble, format!("read {path}"))),
            };
            if trouble.meaning() != Meaning::Passing || !pauses.rest().await {
                return Err(self.failed(trouble, format!("read {path}")));
            }
            debug!(?trouble, %path, "a read broke off and is begun again");
        }
    }

    /// `length` bytes from `offset`.
    pub(super) async fn read_range(
        &self,
        path: &ObjectPath,
        offset: u64,
        length: u64,
    ) -> Result<Option<ByteStream>, BlobError> {
        if length == 0 {
            return self.nothing_of(path, offset).await;
        }
        let range = if length < LONGEST { ReadRange::segment(offset, length) } else { ReadRange::offset(offset) };
        match self.begin(path, range).await {
            Ok(answer) => Ok(answer.map(pieces)),
            // The service says it also of a range that begins at the very end.
            Err(trouble) if trouble.meaning() == Meaning::Range => self.nothing_of(path, offset).await,
            Err(trouble) => Err(self.failed(trouble, format!("read {path}"))),
        }
    }

    /// No bytes, if `offset` lies within the object or at its end.
    async fn nothing_of(&self, path: &ObjectPath, offset: u64) -> Result<Option<ByteStream>, BlobError> {
        let Some(object) = self.find(path).await? else { return Ok(None) };
        let size = u64::try_from(object.size).unwrap_or(0);
        if offset > size {
            return Err(BlobError::OutOfRange { path: path.clone(), size });
        }
        Ok(Some(futures::stream::empty().boxed()))
    }

    async fn begin(&self, path: &ObjectPath, range: ReadRange) -> Result<Option<ReadObjectResponse>, Trouble> {
        let opened = attempts(&*self.random, |_| {
            self.data
                .read_object(self.place.resource(), self.place.name(path))
                .set_read_range(range.clone())
                // Compared here, so that what differs is told apart from what broke off.
                .compute_crc32c(false)
                .send()
        });
        match opened.await {
            Ok(answer) => Ok(Some(answer)),
            Err(trouble) if trouble.meaning() == Meaning::Missing => Ok(None),
            Err(trouble) => Err(trouble),
        }
    }
}

/// The next piece, within the time that a stream may rest.
async fn next(answer: &mut ReadObjectResponse) -> Result<Option<Bytes>, Trouble> {
    match timeout(ATTEMPT, answer.next()).await {
        Ok(piece) => piece.transpose().map_err(Trouble::Said),
        Err(_) => Err(Trouble::TimedOut(ATTEMPT)),
    }
}

async fn collect(mut answer: ReadObjectResponse) -> Result<(Bytes, Option<Sum>), Trouble> {
    let object = answer.object();
    let size = u64::try_from(object.size).unwrap_or(0);
    let expected = object.checksums.and_then(|sums| sums.crc32c).map(|crc32c| Sum { size, crc32c });
    let mut bytes = BytesMut::with_capacity(usize::try_from(size).map_or(SET_ASIDE, |size| size.min(SET_ASIDE)));
    while let Some(piece) = next(&mut answer).await? {
        bytes.extend_from_slice(&piece);
    }
    Ok((bytes.freeze(), expected))
}

fn compare(path: &ObjectPath, bytes: Bytes, expected: Option<Sum>) -> Result<Bytes, BlobError> {
    let damaged = |why: String| BlobError::Damaged { path: path.clone(), why };
    let Some(expected) = expected else {
        return Err(damaged("storage sent no CRC32C with it".to_owned()));
    };
    let found = Sum::of(&bytes);
    if found == expected {
        return Ok(bytes);
    }
    Err(damaged(format!(
        "{} bytes with CRC32C {:08x} were put, {} with {:08x} are read",
        expected.size, expected.crc32c, found.size, found.crc32c
    )))
}

/// An answer as a stream of the port.
fn pieces(answer: ReadObjectResponse) -> ByteStream {
    futures::stream::try_unfold(answer, |mut answer| async move {
        match next(&mut answer).await {
            Ok(Some(piece)) => Ok(Some((piece, answer))),
            Ok(None) => Ok(None),
            Err(trouble) => {
                let why = without_secrets(&format!("{trouble:?}"));
                Err(io::Error::new(io::ErrorKind::UnexpectedEof, format!("the object was cut short: {why}")))
            }
        }
    })
    .boxed()
}
