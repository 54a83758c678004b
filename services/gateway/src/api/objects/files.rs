//! Downloads: a file of a recording, or a range of it.

use std::sync::Arc;

use async_stream::try_stream;
use bytes::{Bytes, BytesMut};
use futures::StreamExt as _;
use futures::stream::BoxStream;
use lectern_blob::{Blob, BlobError};
use lectern_core::{Failure, Kind, Reason};
use lectern_proto::{names, v1 as api};
use tracing::{error, warn};

use super::{not_erased, objects, wrong_state};
use crate::api::encode;
use crate::conduct::wire::ObjectKeys;
use crate::domain::Narration;

/// Bytes of one message of a download.
const CHUNK: usize = 64 * 1024;

/// The bytes of a file that a request asks for: where they begin, and at most how many.
fn range(request: &api::DownloadArtifactRequest, size: u64) -> Result<(u64, u64), Failure> {
    let offset =
        u64::try_from(request.offset).map_err(|_| Failure::invalid("offset", "offset must not be negative"))?;
    let length = match request.length {
        None => u64::MAX,
        Some(length) => u64::try_from(length)
            .ok()
            .filter(|length| *length > 0)
            .ok_or_else(|| Failure::invalid("length", "length must be 1 or more; leave it out to read to the end"))?,
    };
    let rest = size.checked_sub(offset).ok_or_else(|| {
        let message = format!("the file has {size} bytes; begin there or before");
        Failure::new(Kind::OutOfRange, Reason::InvalidField, message).at("offset")
    })?;
    Ok((offset, length.min(rest)))
}

/// The file of the recording that is called `file`, or a range of it.
pub async fn download(
    blob: &Arc<dyn Blob>,
    master: &[u8],
    narration: &Narration,
    file: &str,
    request: &api::DownloadArtifactRequest,
) -> Result<BoxStream<'static, Result<api::DownloadArtifactResponse, Failure>>, Failure> {
    not_erased(narration)?;
    let Some(recording) = narration.recording() else {
        return Err(wrong_state(
            "the files are made last; watch the narration until it is SUCCEEDED, or use ListenNarration",
        ));
    };
    let Some(artifact) = recording.artifacts.iter().find(|artifact| artifact.name == file) else {
        let names = recording.artifacts.iter().map(|a| a.name.as_str()).collect::<Vec<_>>().join(", ");
        let message = format!("the recording has no file {file:?}; it has {names}");
        return Err(Failure::new(Kind::NotFound, Reason::ResourceNotFound, message).at("name").about(&request.name));
    };
    let (offset, length) = range(request, artifact.size)?;
    let key = ObjectKeys::of(narration, master).recording();
    let folder = objects(blob, narration);
    let path = folder.folder().artifact(&narration.id, narration.run, &key, &artifact.name);
    let path = lectern_blob::ObjectPath::new(&path).map_err(|e| Failure::internal(e.to_string()))?;
    let found = folder.blob().get_range(&path, offset, length).await;
    let name = names::of_artifact(&narration.id, &artifact.name);
    let mut bytes = match found {
        Ok(Some(bytes)) => bytes,
        Ok(None) => return Err(damaged(&name, "is not there")),
        // Which object it is, is known to the log alone.
        Err(error @ (BlobError::Damaged { .. } | BlobError::OutOfRange { .. })) => {
            error!(narration = %narration.id, %error, "a file of a recording is damaged");
            return Err(damaged(&name, "is not as it was put"));
        }
        Err(error @ (BlobError::Unavailable { .. } | BlobError::Source(_) | BlobError::Path(_))) => {
            return Err(error.into());
        }
    };
    let end = offset.saturating_add(length);
    let mut described = Some(encode::artifact(&narration.id, artifact));
    Ok(Box::pin(try_stream! {
        let mut at = offset;
        let mut rest = BytesMut::new();
        while let Some(piece) = bytes.next().await {
            let piece: Bytes = piece.map_err(|error| {
                // What storage says may name where it is, so it is for the log.
                warn!(artifact = %name, %at, %error, "object storage broke off a download");
                let message = "object storage broke off; go on from the last offset";
                Failure::new(Kind::Unavailable, Reason::BlobUnavailable, message)
            })?;
            rest.extend_from_slice(&piece);
            while rest.len() >= CHUNK {
                let data = rest.split_to(CHUNK).freeze();
                yield message(&mut at, data, described.take());
            }
        }
        if at.saturating_add(rest.len() as u64) < end {
            error!(artifact = %name, %at, %end, "a file of a recording is shorter than it was");
            Err(damaged(&name, "is shorter than it was"))?;
        }
        if !rest.is_empty() || described.is_some() {
            yield message(&mut at, rest.freeze(), described.take());
        }
    }) as BoxStream<'static, Result<_, Failure>>)
}

/// A file that is not what was made.
fn damaged(artifact: &str, how: &str) -> Failure {
    let message = format!("{artifact} {how}; delete the narration and order it again");
    Failure::new(Kind::DataLoss, Reason::ObjectDamaged, message).about(artifact)
}

fn message(at: &mut u64, data: Bytes, artifact: Option<api::Artifact>) -> api::DownloadArtifactResponse {
    let offset = i64::try_from(*at).unwrap_or(i64::MAX);
    *at += data.len() as u64;
    api::DownloadArtifactResponse { offset, crc32c: crc32c::crc32c(&data), data, artifact }
}

#[cfg(test)]
mod tests {
    use lectern_core::{SystemClock, Timestamp};

    use super::*;
    use crate::testing::assemble;

    const MASTER: &[u8] = b"a secret of 32 bytes and some more";

    #[tokio::test]
    async fn a_file_that_is_shorter_than_it_was_is_not_taken_for_whole() {
        let blob: Arc<dyn Blob> = Arc::new(lectern_blob::memory::MemoryBlob::new(Arc::new(SystemClock)));
        let of_size = |size| {
            let (name, media_type) = ("audio.wav".to_owned(), "audio/wav".to_owned());
            let sha256 = lectern_core::Digest::of(b"audio");
            let mut n = crate::testing::narration();
            assemble(&mut n);
            let file = crate::domain::Artifact { name, media_type, size, sha256 };
            assert!(n.assembled(24_000, 40, vec![file], Timestamp(1)));
            n
        };
        let n = of_size(100);
        let read = async |n: &Narration, offset: i64, length: Option<i64>| {
            let name = "narrations/n1/artifacts/audio.wav".to_owned();
            let request = api::DownloadArtifactRequest { name, offset, length };
            let mut stream = download(&blob, MASTER, n, "audio.wav", &request).await?;
            let mut bytes = 0;
            while let Some(message) = stream.next().await {
                bytes += message?.data.len();
            }
            Ok::<_, Failure>(bytes)
        };
        let gone = read(&n, 0, None).await.expect_err("it is not there");
        assert_eq!((gone.kind, gone.reason), (Kind::DataLoss, Reason::ObjectDamaged));

        let objects = objects(&blob, &n);
        let path = objects.folder().artifact(&n.id, n.run, &ObjectKeys::of(&n, MASTER).recording(), "audio.wav");
        objects.write(&path, vec![7_u8; 40]).await.expect("put");
        assert_eq!(read(&n, 0, Some(40)).await, Ok(40), "what is there is read");
        for (offset, length) in [(0, None), (0, Some(41)), (40, Some(1)), (70, None), (100, None)] {
            let short = read(&n, offset, length).await.expect_err("it is cut");
            assert_eq!((short.kind, short.reason), (Kind::DataLoss, Reason::ObjectDamaged), "{offset} {length:?}");
            assert_eq!(short.resource.as_deref(), Some("narrations/n1/artifacts/audio.wav"), "and no object");
            assert_eq!(short.field, None);
        }
        let n = of_size(40);
        assert_eq!((read(&n, 0, None).await, read(&n, 40, None).await), (Ok(40), Ok(0)));
    }

    #[test]
    fn a_range_of_a_file_is_of_one_byte_or_more_and_begins_inside() {
        let asked = |offset, length| {
            let name = "narrations/n1/artifacts/audio.opus".to_owned();
            range(&api::DownloadArtifactRequest { name, offset, length }, 100)
        };
        for (offset, length, bytes) in [
            (0, None, (0, 100)),
            (40, None, (40, 60)),
            (40, Some(10), (40, 10)),
            (40, Some(i64::MAX), (40, 60)),
            (100, Some(1), (100, 0)),
        ] {
            assert_eq!(asked(offset, length), Ok(bytes), "{offset} {length:?}");
        }
        for (offset, length, kind, field) in [
            (-1, None, Kind::InvalidArgument, "offset"),
            (101, None, Kind::OutOfRange, "offset"),
            (0, Some(0), Kind::InvalidArgument, "length"),
            (0, Some(-1), Kind::InvalidArgument, "length"),
        ] {
            let refused = asked(offset, length).expect_err(field);
            assert_eq!((refused.kind, refused.reason), (kind, Reason::InvalidField), "{offset} {length:?}");
            assert_eq!(refused.field.as_deref(), Some(field));
        }
    }
}
