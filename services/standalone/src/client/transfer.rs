//! Files up and down.

use std::path::{Path, PathBuf};

use lectern_core::digest::Hasher;
use lectern_core::{Failure, Kind, OsRandom, Random as _, Reason};
use lectern_proto::v1::create_document_request::Source;
use lectern_proto::v1::document_service_client::DocumentServiceClient;
use lectern_proto::v1::narration_service_client::NarrationServiceClient;
use lectern_proto::v1::upload_document_request::Part;
use lectern_proto::v1::{
    Artifact, CreateDocumentRequest, DeleteDocumentRequest, Document, DownloadArtifactRequest, QueryUploadRequest,
    UploadChunk, UploadDocumentRequest, UploadFinish, UploadStart,
};
use lectern_rpc::failure;
use tokio::io::AsyncWriteExt as _;

use super::Authorized;
use crate::cli;

/// Bytes of a chunk.
const CHUNK: usize = 512 * 1024;
/// A stream that breaks is opened again this often.
const TRIES: u32 = 5;

/// Hands in a file; goes on where a broken stream stopped.
///
/// # Errors
/// Why the file cannot be read, or what the server answers.
pub async fn upload(channel: &Authorized, file: &Path) -> Result<Document, Failure> {
    let bytes: bytes::Bytes = tokio::fs::read(file).await.map_err(|e| unreadable(file, &e))?.into();
    let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let mut hasher = Hasher::default();
    hasher.update(&bytes);
    let sha256 = hasher.finish().to_string();
    let upload_id = format!("cli-{:016x}", OsRandom.next());
    let mut client = DocumentServiceClient::new(channel.clone());
    let mut offset = 0_usize;
    for attempt in 1.. {
        let start = UploadStart {
            upload_id: upload_id.clone(),
            display_name: String::new(),
            file_name: name.clone(),
            size_bytes: i64::try_from(bytes.len()).unwrap_or(i64::MAX),
        };
        let (bytes, sha256) = (bytes.clone(), sha256.clone());
        let chunks = (offset..bytes.len()).step_by(CHUNK).map(move |at| {
            let data = bytes.slice(at..bytes.len().min(at + CHUNK));
            Part::Chunk(UploadChunk {
                offset: i64::try_from(at).unwrap_or(i64::MAX),
                crc32c: crc32c::crc32c(&data),
                data,
            })
        });
        let parts = std::iter::once(Part::Start(start))
            .chain(chunks)
            .chain(std::iter::once(Part::Finish(UploadFinish { sha256 })));
        let messages = futures::stream::iter(parts.map(|part| UploadDocumentRequest { part: Some(part) }));
        match client.upload_document(messages).await {
            Ok(answer) => return Ok(answer.into_inner().document.unwrap_or_default()),
            Err(status) => {
                let failure = failure(&status);
                if failure.kind != Kind::Unavailable || attempt >= TRIES {
                    return Err(failure);
                }
                tokio::time::sleep(std::time::Duration::from_millis(500 * u64::from(attempt))).await;
                let request = QueryUploadRequest { upload_id: upload_id.clone() };
                if let Ok(answer) = client.query_upload(request).await {
                    offset = usize::try_from(answer.into_inner().committed_bytes).unwrap_or(0);
                }
            }
        }
    }
    Err(Failure::internal("the upload was given up"))
}

/// Has the server fetch a URL.
///
/// # Errors
/// What the server answers: `IMPORT_DISABLED` where it may not.
pub async fn import(channel: &Authorized, url: &str) -> Result<Document, Failure> {
    let request = CreateDocumentRequest {
        request_id: format!("cli-{:016x}", OsRandom.next()),
        source: Some(Source::Uri(url.to_owned())),
        ..CreateDocumentRequest::default()
    };
    let mut client = DocumentServiceClient::new(channel.clone());
    let answer = client.create_document(request).await.map_err(|s| failure(&s))?;
    Ok(answer.into_inner().document.unwrap_or_default())
}

/// Hands a document in: a file of this machine, or a URL that the server fetches.
///
/// # Errors
/// Those of [`upload`] and [`import`].
pub async fn hand_in(channel: &Authorized, source: &cli::Source) -> Result<Document, Failure> {
    match source {
        cli::Source::File(file) => upload(channel, file).await,
        cli::Source::Url(url) => import(channel, url).await,
    }
}

/// Erases a document that was handed in for a look.
///
/// # Errors
/// What the server answers.
pub async fn erase(channel: &Authorized, document: &Document) -> Result<(), Failure> {
    let request = DeleteDocumentRequest { name: document.name.clone(), etag: String::new() };
    DocumentServiceClient::new(channel.clone()).delete_document(request).await.map(drop).map_err(|s| failure(&s))
}

/// Fetches a file of a narration into `folder`; it appears there whole or not at all.
///
/// # Errors
/// What the server answers; `CHECKSUM_MISMATCH` when what arrived is not what was promised.
pub async fn download(
    channel: &Authorized,
    narration: &str,
    artifact: &Artifact,
    folder: &Path,
) -> Result<PathBuf, Failure> {
    let target = folder.join(&artifact.file_name);
    let partial = folder.join(format!(".{}.part", artifact.file_name));
    let unwritable = |e: std::io::Error| {
        Failure::new(
            Kind::FailedPrecondition,
            Reason::Internal,
            format!("{} cannot be written: {e}; choose another folder with -o", target.display()),
        )
    };
    let request = DownloadArtifactRequest {
        name: narration.to_owned(),
        file_name: artifact.file_name.clone(),
        offset: 0,
        length: 0,
    };
    let mut client = NarrationServiceClient::new(channel.clone());
    let mut stream = client.download_artifact(request).await.map_err(|s| failure(&s))?.into_inner();
    let mut file = tokio::fs::File::create(&partial).await.map_err(unwritable)?;
    let mut hasher = Hasher::default();
    while let Some(message) = stream.message().await.map_err(|s| failure(&s))? {
        hasher.update(&message.data);
        file.write_all(&message.data).await.map_err(unwritable)?;
    }
    file.flush().await.map_err(unwritable)?;
    if hasher.finish().to_string() != artifact.sha256 {
        return Err(Failure::new(
            Kind::DataLoss,
            Reason::ChecksumMismatch,
            format!("{} arrived damaged; fetch it again", artifact.file_name),
        ));
    }
    tokio::fs::rename(&partial, &target).await.map_err(unwritable)?;
    Ok(target)
}

fn unreadable(file: &Path, error: &std::io::Error) -> Failure {
    Failure::invalid("FILE", format!("{} cannot be read: {error}", file.display()))
}
