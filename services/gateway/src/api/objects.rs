//! What callers read of finished work: script, manifest and files, straight from object storage by
//! the narration's keys.

use std::sync::Arc;

use async_stream::try_stream;
use bytes::{Bytes, BytesMut};
use futures::StreamExt as _;
use lectern_blob::{Blob, Objects};
use lectern_core::content::{script::Section, timeline};
use lectern_core::keys::TenantSecret;
use lectern_core::{Failure, Kind, Reason};
use lectern_proto::{convert, v1 as api};
use lectern_rpc::page;
use lectern_rpc::status::status;
use prost::Message as _;

use super::{Answers, encode, page_size};
use crate::conduct::wire::Keys;
use crate::domain::{Narration, Phase};

/// Bytes of one message of a download.
const CHUNK: usize = 64 * 1024;
/// A page of the script or the manifest ends before it is larger than this: clients take messages
/// of 4 MiB unless told otherwise.
const MESSAGE: usize = 3 * 1024 * 1024;

fn objects(blob: &Arc<dyn Blob>, narration: &Narration) -> Objects {
    Objects::new(Arc::clone(blob), &narration.tenant, &narration.scope)
}

fn not_erased(narration: &Narration) -> Result<(), Failure> {
    if narration.erased {
        return Err(Failure::new(
            Kind::NotFound,
            Reason::DocumentErased,
            "the document was erased, and everything that was made from it",
        ));
    }
    Ok(())
}

fn wrong_state(message: &str) -> Failure {
    Failure::new(Kind::FailedPrecondition, Reason::WrongState, message)
}

/// A page of the script, as far as it is written.
pub async fn script(
    blob: &Arc<dyn Blob>,
    master: &[u8],
    narration: &Narration,
    request: &api::GetScriptRequest,
) -> Result<api::GetScriptResponse, Failure> {
    not_erased(narration)?;
    let first = u32::try_from(request.first_section)
        .map_err(|_| Failure::invalid("first_section", "first_section must not be negative"))?;
    let count = page_size(request.section_count, 10, 50)?;
    if narration.sections == 0 {
        return Err(wrong_state("the script is not planned yet; watch the narration until it is NARRATING"));
    }
    if first >= narration.sections {
        let message = format!("the script has {} sections, counted from 0", narration.sections);
        return Err(Failure::new(Kind::OutOfRange, Reason::InvalidField, message).at("first_section"));
    }
    let keys = Keys::of(narration, master);
    let objects = objects(blob, narration);
    let mut response =
        api::GetScriptResponse { total_sections: convert::number(narration.sections), ..Default::default() };
    let mut size = 0;
    let mut next = first;
    while next < narration.sections.min(first.saturating_add(count)) && narration.written.contains(next) {
        let section: Section = objects.read_json(&objects.folder().section(&keys.section(next))).await?;
        let section = convert::section_to_wire(&section);
        size += section.encoded_len();
        if size > MESSAGE && !response.sections.is_empty() {
            break;
        }
        response.sections.push(section);
        next += 1;
    }
    if next < narration.sections {
        response.next_section = convert::number(next);
    }
    Ok(response)
}

/// A page of the manifest.
pub async fn manifest(
    blob: &Arc<dyn Blob>,
    master: &[u8],
    secret: &TenantSecret,
    narration: &Narration,
    request: &api::GetManifestRequest,
) -> Result<api::GetManifestResponse, Failure> {
    not_erased(narration)?;
    if narration.phase != Phase::Succeeded {
        return Err(wrong_state("the manifest is made last; watch the narration until it is SUCCEEDED"));
    }
    let size = page_size(request.page_size, 500, 5_000)? as usize;
    let purpose = format!("GetManifest {}", narration.id);
    let start: usize = page::open(secret, &purpose, &request.page_token)?.unwrap_or(0);
    let objects = objects(blob, narration);
    let key = Keys::of(narration, master).recording();
    let path = objects.folder().artifact(&narration.id, &key, "manifest.json");
    let manifest: timeline::Manifest = objects.read_json(&path).await?;
    let (blocks, end) = page_of(&manifest.blocks, start, size);
    let next_page_token = if end < manifest.blocks.len() { page::seal(secret, &purpose, &end)? } else { String::new() };
    let coverage = Some(convert::coverage_to_wire(manifest.coverage));
    Ok(api::GetManifestResponse { coverage, blocks, next_page_token })
}

/// At most `count` blocks from `start` on, fewer where they would be too large for a message, and
/// where the next page begins.
fn page_of(blocks: &[timeline::BlockFate], start: usize, count: usize) -> (Vec<api::BlockFate>, usize) {
    let (mut page, mut size) = (Vec::new(), 0);
    for block in blocks.iter().skip(start).take(count) {
        let block = fate(block);
        size += block.encoded_len();
        if size > MESSAGE && !page.is_empty() {
            break;
        }
        page.push(block);
    }
    let end = start.saturating_add(page.len());
    (page, end)
}

fn fate(block: &timeline::BlockFate) -> api::BlockFate {
    let spoken = block.spoken.iter().map(|part| api::SpokenPart {
        part: Some(convert::part(block.block, part.range)),
        section: convert::number(part.section),
        start_sample: i64::try_from(part.start).unwrap_or(i64::MAX),
        end_sample: i64::try_from(part.end).unwrap_or(i64::MAX),
    });
    api::BlockFate {
        block: convert::number(block.block),
        kind: block.kind.clone(),
        page: convert::number(block.page.unwrap_or(0)),
        length: convert::number(block.length),
        fate: convert::fate_to_wire(block.fate).into(),
        spoken: spoken.collect(),
        skipped: block.skipped.iter().map(|part| convert::skipped_to_wire(block.block, part)).collect(),
    }
}

/// A file of the recording, or a range of it.
pub async fn download(
    blob: &Arc<dyn Blob>,
    master: &[u8],
    narration: &Narration,
    request: &api::DownloadArtifactRequest,
) -> Result<Answers<api::DownloadArtifactResponse>, Failure> {
    not_erased(narration)?;
    if narration.phase != Phase::Succeeded {
        return Err(wrong_state(
            "the files are made last; watch the narration until it is SUCCEEDED, or use ListenNarration",
        ));
    }
    let Some(artifact) = narration.artifacts.iter().find(|artifact| artifact.name == request.file_name) else {
        let names = narration.artifacts.iter().map(|a| a.name.as_str()).collect::<Vec<_>>().join(", ");
        return Err(Failure::new(
            Kind::NotFound,
            Reason::ResourceNotFound,
            format!("the recording has no file {:?}; it has {names}", request.file_name),
        )
        .at("file_name"));
    };
    let offset =
        u64::try_from(request.offset).map_err(|_| Failure::invalid("offset", "offset must not be negative"))?;
    let length = match u64::try_from(request.length) {
        Ok(0) => u64::MAX,
        Ok(length) => length,
        Err(_) => return Err(Failure::invalid("length", "length must not be negative; 0 means to the end")),
    };
    if offset > artifact.size {
        let message = format!("{} has {} bytes", artifact.name, artifact.size);
        return Err(Failure::new(Kind::OutOfRange, Reason::InvalidField, message).at("offset"));
    }
    let key = Keys::of(narration, master).recording();
    let folder = objects(blob, narration);
    let path = folder.folder().artifact(&narration.id, &key, &artifact.name);
    let path = lectern_blob::ObjectPath::new(&path).map_err(|e| Failure::internal(e.to_string()))?;
    let length = length.min(artifact.size - offset);
    let mut bytes = folder.blob().get_range(&path, offset, length).await?.ok_or_else(|| {
        Failure::new(
            Kind::DataLoss,
            Reason::ObjectDamaged,
            format!("{} is not there; delete the narration and order it again", artifact.name),
        )
    })?;
    let mut described = Some(encode::artifact(artifact));
    Ok(Box::pin(try_stream! {
        let mut at = offset;
        let mut rest = BytesMut::new();
        while let Some(piece) = bytes.next().await {
            let piece: Bytes = piece.map_err(|e| {
                let failure = Failure::new(Kind::Unavailable, Reason::BlobUnavailable, format!("object storage broke off: {e}; go on from the last offset"));
                status(&failure)
            })?;
            rest.extend_from_slice(&piece);
            while rest.len() >= CHUNK {
                let data = rest.split_to(CHUNK).freeze();
                yield message(&mut at, data, described.take());
            }
        }
        if !rest.is_empty() || described.is_some() {
            yield message(&mut at, rest.freeze(), described.take());
        }
    }) as Answers<_>)
}

fn message(at: &mut u64, data: Bytes, artifact: Option<api::Artifact>) -> api::DownloadArtifactResponse {
    let offset = i64::try_from(*at).unwrap_or(i64::MAX);
    *at += data.len() as u64;
    api::DownloadArtifactResponse { offset, crc32c: crc32c::crc32c(&data), data, artifact }
}

#[cfg(test)]
mod tests {
    use lectern_core::content::Range;
    use lectern_core::content::script::SkipReason;
    use lectern_core::content::timeline::{BlockFate, Fate, SkippedPart};

    use super::*;

    #[test]
    fn a_page_of_a_manifest_ends_before_its_message_is_too_large() {
        let part = |excerpt: &str| SkippedPart {
            range: Range::new(0, 9),
            reason: SkipReason::Citation,
            excerpt: excerpt.to_owned(),
        };
        let block = |id| BlockFate {
            block: id,
            kind: "paragraph".to_owned(),
            page: None,
            length: 9,
            fate: Fate::Skipped,
            spoken: Vec::new(),
            skipped: vec![part(&"語".repeat(120)); 1_000],
        };
        let blocks: Vec<BlockFate> = (0..20).map(block).collect();
        let (mut start, mut seen) = (0, Vec::new());
        while start < blocks.len() {
            let (page, end) = page_of(&blocks, start, 15);
            assert!(!page.is_empty() && end > start);
            assert!(page.iter().map(prost::Message::encoded_len).sum::<usize>() <= MESSAGE);
            seen.extend(page.iter().map(|block| block.block));
            start = end;
        }
        assert_eq!(seen, (0..20).collect::<Vec<_>>());
        assert_eq!(page_of(&blocks[..3], 1, 1).1, 2);
        assert_eq!(page_of(&blocks, 20, 15), (Vec::new(), 20));
    }
}
