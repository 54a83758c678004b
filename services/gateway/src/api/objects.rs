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
use prost::Message;
use serde::{Deserialize, Serialize};

use super::{Answers, encode, page_size};
use crate::conduct::wire::Keys;
use crate::domain::{Narration, Phase};

/// Bytes of one message of a download.
const CHUNK: usize = 64 * 1024;
/// A page of the script or the manifest ends before it is larger than this: clients take messages
/// of 4 MiB unless told otherwise.
const MESSAGE: usize = 3 * 1024 * 1024;
/// Bytes of an item beside its title and its parts, and of what frames a part: more than there are.
const FRAME: usize = 64;
/// What frames a part in its item: a tag and a length.
const PART_FRAME: usize = 8;

/// Where a page ended: before this part of this item. A section's parts are its utterances and then
/// what it leaves out, a block's what is heard of it and then what is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Place {
    item: u32,
    part: u32,
}

impl Place {
    const fn at(item: u32) -> Self {
        Self { item, part: 0 }
    }
}

/// Takes from the two lists of an item's parts, one after the other, those before `part` and those
/// that do not fit into `room` bytes; how many bytes are left in them, and where the rest begins,
/// if there is one. With `alone`, one part is left whatever its size, so that pages come to an end.
/// No part is larger than a message: an utterance is a breath, at most some 1,200 characters and a
/// place in the source for each, and what is heard or left out is a place and a short excerpt.
fn fit<A: Message, B: Message>(
    (first, second): (&mut Vec<A>, &mut Vec<B>),
    part: u32,
    room: usize,
    alone: bool,
) -> (usize, Option<u32>) {
    let start = (part as usize).min(first.len() + second.len());
    let sizes = first.iter().map(Message::encoded_len).chain(second.iter().map(Message::encoded_len));
    let (mut end, mut size) = (start, 0);
    for part in sizes.skip(start) {
        let larger = size + part + PART_FRAME;
        if larger > room && !(alone && end == start) {
            break;
        }
        (end, size) = (end + 1, larger);
    }
    let (middle, total) = (first.len(), first.len() + second.len());
    second.truncate(end.saturating_sub(middle));
    second.drain(..start.saturating_sub(middle));
    first.truncate(end);
    first.drain(..start.min(first.len()));
    (size, (end < total).then(|| u32::try_from(end).unwrap_or(u32::MAX)))
}

fn objects(blob: &Arc<dyn Blob>, narration: &Narration) -> Objects {
    Objects::new(Arc::clone(blob), &narration.tenant, &narration.scope)
}

/// Whether what was made for a narration is there.
///
/// # Errors
/// `DOCUMENT_ERASED`.
pub(super) fn not_erased(narration: &Narration) -> Result<(), Failure> {
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
    secret: &TenantSecret,
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
    let keys = Keys::of(narration, master);
    // A retry may make another script; a token is good for its own.
    let purpose = format!("GetScript {} {}", narration.id, keys.plan);
    let mut at = page::open(secret, &purpose, &request.page_token)?.unwrap_or(Place::at(first));
    if at.item >= narration.sections {
        let message = format!("the script has {} sections, counted from 0", narration.sections);
        return Err(Failure::new(Kind::OutOfRange, Reason::InvalidField, message).at("first_section"));
    }
    let objects = objects(blob, narration);
    let last = narration.sections.min(at.item.saturating_add(count));
    let mut page = Page::<api::ScriptSection>::default();
    while !page.full && at.item < last && narration.written.contains(at.item) {
        let section: Section = objects.read_json(&objects.folder().section(&keys.section(at.item))).await?;
        at = page.section(convert::section_to_wire(&section), at);
    }
    let mut response = api::GetScriptResponse {
        sections: page.items,
        total_sections: convert::number(narration.sections),
        ..Default::default()
    };
    if at.item < narration.sections {
        response.next_section = convert::number(at.item);
        response.next_page_token = page::seal(secret, &purpose, &at)?;
    }
    Ok(response)
}

/// A page in the making.
#[derive(Debug)]
struct Page<T> {
    items: Vec<T>,
    size: usize,
    /// Whether nothing more fits.
    full: bool,
}

impl<T> Default for Page<T> {
    fn default() -> Self {
        Self { items: Vec::new(), size: 0, full: false }
    }
}

impl<T> Page<T> {
    /// Adds what [`fit`] left of the item at `at`; where the page goes on.
    fn add(&mut self, item: T, frame: usize, (size, rest): (usize, Option<u32>), at: Place) -> Place {
        self.full = rest.is_some();
        // Nothing of it fits: it is not begun.
        if rest == Some(at.part) {
            return at;
        }
        self.size += frame + size;
        self.items.push(item);
        rest.map_or(Place::at(at.item + 1), |part| Place { item: at.item, part })
    }

    fn room(&self, frame: usize) -> usize {
        MESSAGE.saturating_sub(self.size + frame)
    }
}

impl Page<api::ScriptSection> {
    /// Adds the parts of a section from `at` on that fit; where the page goes on.
    fn section(&mut self, mut section: api::ScriptSection, at: Place) -> Place {
        section.title = convert::title(&section.title);
        section.continued = at.part > 0;
        let frame = FRAME + section.title.len();
        let parts = (&mut section.utterances, &mut section.skipped);
        let fitted = fit(parts, at.part, self.room(frame), self.items.is_empty());
        self.add(section, frame, fitted, at)
    }
}

impl Page<api::BlockFate> {
    /// Adds the parts of a block from `at` on that fit; where the page goes on.
    fn block(&mut self, mut block: api::BlockFate, at: Place) -> Place {
        block.continued = at.part > 0;
        let frame = FRAME + block.kind.len();
        let parts = (&mut block.spoken, &mut block.skipped);
        let fitted = fit(parts, at.part, self.room(frame), self.items.is_empty());
        self.add(block, frame, fitted, at)
    }
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
    let start = page::open(secret, &purpose, &request.page_token)?.unwrap_or(Place::at(0));
    let objects = objects(blob, narration);
    let key = Keys::of(narration, master).recording();
    let path = objects.folder().artifact(&narration.id, &key, "manifest.json");
    let manifest: timeline::Manifest = objects.read_json(&path).await?;
    let (blocks, end) = page_of(&manifest.blocks, start, size);
    let more = (end.item as usize) < manifest.blocks.len();
    let next_page_token = if more { page::seal(secret, &purpose, &end)? } else { String::new() };
    let coverage = Some(convert::coverage_to_wire(manifest.coverage));
    Ok(api::GetManifestResponse { coverage, blocks, next_page_token })
}

/// At most `count` blocks from `start` on, fewer where they would be too large for a message, and
/// where the next page begins.
fn page_of(blocks: &[timeline::BlockFate], start: Place, count: usize) -> (Vec<api::BlockFate>, Place) {
    let (mut page, mut at) = (Page::<api::BlockFate>::default(), start);
    for block in blocks.iter().skip(start.item as usize).take(count) {
        if page.full {
            break;
        }
        at = page.block(fate(block), at);
    }
    (page.items, at)
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
        continued: false,
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
        // The last is larger than a message by itself.
        let block = |id| BlockFate {
            block: id,
            kind: "paragraph".to_owned(),
            page: None,
            length: 9,
            fate: Fate::Skipped,
            spoken: Vec::new(),
            skipped: vec![part(&"語".repeat(120)); if id == 19 { 20_000 } else { 1_000 }],
        };
        let blocks: Vec<BlockFate> = (0..20).map(block).collect();
        let (mut at, mut seen, mut skipped) = (Place::at(0), Vec::new(), 0);
        while at.item < 20 {
            let (page, end) = page_of(&blocks, at, 15);
            assert!(!page.is_empty() && end != at);
            assert!(page.iter().map(Message::encoded_len).sum::<usize>() <= MESSAGE);
            seen.extend(page.iter().filter(|block| !block.continued).map(|block| block.block));
            skipped += page.iter().map(|block| block.skipped.len()).sum::<usize>();
            at = end;
        }
        assert_eq!((seen, skipped), ((0..20).collect::<Vec<_>>(), 39_000));
        assert_eq!(page_of(&blocks[..3], Place::at(1), 1).1, Place::at(2));
        assert_eq!(page_of(&blocks, Place::at(20), 15), (Vec::new(), Place::at(20)));
    }

    fn section(index: i32, utterances: i32, skipped: usize) -> api::ScriptSection {
        let utterance = |id| api::Utterance { id, spoken: "It is said. ".repeat(20), ..Default::default() };
        let part = Some(api::SourcePart { block: index, start: 1, end: 2 });
        let left = api::SkippedPart { part, reason: api::SkipReason::Citation.into(), excerpt: String::new() };
        api::ScriptSection {
            index,
            title: "A long heading ".repeat(1_000_000),
            level: 1,
            utterances: (0..utterances).map(utterance).collect(),
            skipped: vec![left; skipped],
            continued: false,
        }
    }

    #[test]
    fn a_section_of_any_size_is_read_in_pages_that_stock_clients_take() {
        let script = [section(0, 30_000, 0), section(1, 3, 2), section(2, 0, 0), section(3, 5, 400_000)];
        let (mut at, mut pages) = (Place::at(0), 0);
        let mut read: Vec<api::ScriptSection> = Vec::new();
        while (at.item as usize) < script.len() {
            let (before, mut page) = (at, Page::<api::ScriptSection>::default());
            while let Some(section) = script.get(at.item as usize).filter(|_| !page.full) {
                at = page.section(section.clone(), at);
            }
            assert_ne!(at, before, "each page goes on");
            let response = api::GetScriptResponse { sections: page.items, ..Default::default() };
            assert!(response.encoded_len() <= MESSAGE, "{} bytes", response.encoded_len());
            for section in response.sections {
                match read.last_mut().filter(|_| section.continued) {
                    Some(last) => {
                        assert_eq!(last.index, section.index);
                        last.utterances.extend(section.utterances);
                        last.skipped.extend(section.skipped);
                    }
                    None => read.push(section),
                }
            }
            pages += 1;
        }
        assert!(pages > 3, "{pages} pages");
        for (read, whole) in read.iter().zip(&script) {
            assert_eq!((&read.utterances, &read.skipped), (&whole.utterances, &whole.skipped), "{}", whole.index);
            assert_eq!(read.title.chars().count(), convert::TITLE_CHARS);
        }
        assert_eq!(read.len(), script.len());
    }
}
