//! What callers read of finished work: script, manifest and files, straight from object storage by
//! the narration's keys.

mod files;
mod pages;

use std::sync::Arc;

use lectern_blob::{Blob, Objects};
use lectern_core::content::{script::Section, timeline};
use lectern_core::keys::TenantSecret;
use lectern_core::{Failure, Kind, Reason};
use lectern_proto::{convert, v1 as api};
use lectern_rpc::page;

pub use self::files::download;
use self::pages::{Page, Place};
use super::page_size;
use crate::conduct::wire::ObjectKeys;
use crate::domain::{Narration, Phase};

fn objects(blob: &Arc<dyn Blob>, narration: &Narration) -> Objects {
    Objects::new(Arc::clone(blob), &narration.tenant, &narration.scope)
}

/// Whether what was made for a narration is there.
///
/// # Errors
/// `DOCUMENT_ERASED`.
pub(super) fn not_erased(narration: &Narration) -> Result<(), Failure> {
    if narration.erased() {
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
    let count = page_size(request.page_size, 10, 50)?;
    let Some(script) = narration.script() else {
        return Err(wrong_state("the script is not planned yet; watch the narration until it is NARRATING"));
    };
    let keys = ObjectKeys::of(narration, master);
    // A retry or an edit may make another script; a token is good for its own.
    let purpose = format!("GetScript {} {}", narration.id, keys.script());
    let mut at = match page::open(secret, &purpose, &request.page_token)? {
        Some(place) => place,
        None => Place::at(
            u32::try_from(request.first_section)
                .map_err(|_| Failure::invalid("first_section", "first_section must not be negative"))?,
        ),
    };
    let sections = script.sections();
    if at.item >= sections {
        let message = format!("the script has {sections} sections, counted from 0");
        return Err(Failure::new(Kind::OutOfRange, Reason::InvalidField, message).at("first_section"));
    }
    let objects = objects(blob, narration);
    let last = sections.min(at.item.saturating_add(count));
    let mut page = Page::<api::ScriptSection>::default();
    while !page.full && at.item < last && script.is_written(at.item) {
        let section: Section = objects.read_json(&objects.folder().section(&keys.section(at.item))).await?;
        at = page.section(convert::section_to_wire(&section), at);
    }
    // Also where the next section is not written yet: the token leads to it.
    let more = at.item < sections;
    Ok(api::GetScriptResponse {
        sections: page.items,
        next_page_token: if more { page::seal(secret, &purpose, &at)? } else { String::new() },
        section_count: convert::number(sections),
        next_section: more.then(|| convert::number(at.item)),
        etag: keys.script_etag(),
    })
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
    if narration.phase() != Phase::Succeeded {
        return Err(wrong_state("the manifest is made last; watch the narration until it is SUCCEEDED"));
    }
    let size = page_size(request.page_size, 500, 5_000)? as usize;
    let key = ObjectKeys::of(narration, master).recording();
    // A retry may make another recording; a token is good for its own.
    let purpose = format!("GetManifest {} {key}", narration.id);
    let start = page::open(secret, &purpose, &request.page_token)?.unwrap_or(Place::at(0));
    let objects = objects(blob, narration);
    let path = objects.folder().artifact(&narration.id, narration.run, &key, "manifest.json");
    let manifest: timeline::Manifest = objects.read_json(&path).await?;
    let (blocks, end) = page_of(&manifest.blocks, start, size);
    let more = (end.item as usize) < manifest.blocks.len();
    let next_page_token = if more { page::seal(secret, &purpose, &end)? } else { String::new() };
    let coverage = Some(convert::coverage_to_wire(manifest.coverage));
    let edited_sentence_count = i32::try_from(manifest.edited.len()).unwrap_or(i32::MAX);
    let dropped_sentence_count = i32::try_from(manifest.dropped.len()).unwrap_or(i32::MAX);
    Ok(api::GetManifestResponse { coverage, blocks, next_page_token, edited_sentence_count, dropped_sentence_count })
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
        kind: convert::block_kind(&block.kind).into(),
        page: block.page.map(convert::number),
        character_count: convert::number(block.length),
        fate: convert::fate_to_wire(block.fate).into(),
        spoken: spoken.collect(),
        skipped: block.skipped.iter().map(|part| convert::skipped_to_wire(block.block, part)).collect(),
        continued: false,
    }
}

#[cfg(test)]
mod tests {
    use lectern_core::content::Range;
    use lectern_core::content::script::SkipReason;
    use lectern_core::content::timeline::{BlockFate, Fate, SkippedPart};
    use lectern_core::{SystemClock, Timestamp, content::script};
    use prost::Message;

    use super::pages::MESSAGE;
    use super::*;
    use crate::testing::{narrate, succeed, write};

    const MASTER: &[u8] = b"a secret of 32 bytes and some more";

    #[tokio::test]
    async fn a_token_leads_to_the_section_that_is_written_next() {
        let blob: Arc<dyn Blob> = Arc::new(lectern_blob::memory::MemoryBlob::new(Arc::new(SystemClock)));
        let mut n = crate::testing::narration();
        let secret = TenantSecret::derive(MASTER, &n.tenant);
        let keys = ObjectKeys::of(&n, MASTER);
        let put = async |index: u32| {
            let (title, utterances, skipped) = (format!("Section {index}"), Vec::new(), Vec::new());
            let (dropped, engine, edited) = (Vec::new(), String::new(), Vec::new());
            let (schema, level) = (script::SCHEMA, 1);
            let section = Section { schema, index, title, level, utterances, skipped, dropped, engine, edited };
            let objects = objects(&blob, &crate::testing::narration());
            objects.write_json(&objects.folder().section(&keys.section(index)), &section).await.expect("put");
        };
        let ask = async |n: &Narration, token: &str, first_section: i32| {
            let request = api::GetScriptRequest {
                name: "narrations/n1".to_owned(),
                page_size: 2,
                page_token: token.to_owned(),
                first_section,
            };
            super::script(&blob, MASTER, &secret, n, &request).await
        };
        assert_eq!(ask(&n, "", 0).await.expect_err("not planned").reason, Reason::WrongState);
        let etag = ObjectKeys::of(&n, MASTER).script_etag();
        narrate(&mut n, 4);
        put(0).await;
        write(&mut n, 0);
        let begun = ask(&n, "", 0).await.expect("a page");
        assert_eq!((begun.sections.len(), begun.section_count, begun.next_section), (1, 4, Some(1)));
        assert_eq!(begun.etag, etag);
        // Nothing is there yet, and what is read where there is a token is the token.
        let waits = ask(&n, &begun.next_page_token, -1).await.expect("a page");
        assert_eq!((waits.sections.len(), waits.next_section), (0, Some(1)));
        for index in 1..4 {
            put(index).await;
            write(&mut n, index);
        }
        let goes_on = ask(&n, &waits.next_page_token, 0).await.expect("a page");
        let sections: Vec<i32> = goes_on.sections.iter().map(|section| section.index).collect();
        assert_eq!((sections, goes_on.next_section, goes_on.etag), (vec![1, 2], Some(3), etag));
        let last = ask(&n, &goes_on.next_page_token, 0).await.expect("a page");
        assert_eq!((last.sections.len(), last.next_section, last.next_page_token.as_str()), (1, None, ""));
        for (first, kind) in [(4, Kind::OutOfRange), (-1, Kind::InvalidArgument)] {
            let refused = ask(&n, "", first).await.expect_err("no section");
            assert_eq!((refused.kind, refused.field.as_deref()), (kind, Some("first_section")));
        }
    }

    #[tokio::test]
    async fn a_token_of_a_manifest_is_good_for_its_recording_alone() {
        let blob: Arc<dyn Blob> = Arc::new(lectern_blob::memory::MemoryBlob::new(Arc::new(SystemClock)));
        let mut n = crate::testing::narration();
        succeed(&mut n, Timestamp(1));
        let secret = TenantSecret::derive(MASTER, &n.tenant);
        let ask = async |n: &Narration, token: &str| {
            let (name, page_token) = ("narrations/n1".to_owned(), token.to_owned());
            let request = api::GetManifestRequest { name, page_size: 1, page_token };
            super::manifest(&blob, MASTER, &secret, n, &request).await
        };
        let mut retried = n.clone();
        retried.pins.speakers.first_mut().voice.version = "2".to_owned();
        let block = |block| BlockFate {
            block,
            kind: "paragraph".to_owned(),
            page: None,
            length: 9,
            fate: Fate::Skipped,
            spoken: Vec::new(),
            skipped: Vec::new(),
        };
        for n in [&n, &retried] {
            let manifest = timeline::Manifest {
                schema: timeline::SCHEMA,
                title: String::new(),
                language: String::new(),
                style: String::new(),
                voice: String::new(),
                speakers: Vec::new(),
                languages: Vec::new(),
                engines: Vec::new(),
                sample_rate: 24_000,
                samples: 0,
                loudness: None,
                true_peak: None,
                coverage: timeline::Coverage::default(),
                blocks: vec![block(0), block(1)],
                notes: Vec::new(),
                edited: Vec::new(),
                dropped: Vec::new(),
                substituted: Vec::new(),
                timing: timeline::Timing::Given,
            };
            let objects = objects(&blob, n);
            let path = objects.folder().artifact(&n.id, n.run, &ObjectKeys::of(n, MASTER).recording(), "manifest.json");
            objects.write_json(&path, &manifest).await.expect("put");
        }
        let begun = ask(&n, "").await.expect("a page");
        assert_eq!(ask(&n, &begun.next_page_token).await.expect("the next").blocks[0].block, 1);
        let refused = ask(&retried, &begun.next_page_token).await.expect_err("another recording");
        assert_eq!(refused.reason, Reason::PageTokenInvalid);
    }

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
}
