//! `PreviewScript`: content in object storage to what an order would make of it. It reads and
//! computes; nothing is stored.

use std::sync::Arc;

use lectern_blob::{Blob, Objects};
use lectern_core::content::document::Content;
use lectern_core::content::script::{Plan, Section};
use lectern_core::id::{ScopeId, TenantId};
use lectern_core::{Digest, Failure, Kind, Reason};
use lectern_proto::ai::v1::{PreviewScriptRequest, PreviewScriptResponse, preview_script_response::Part};
use lectern_proto::work::v1::SpeechInputs;
use lectern_proto::{convert, v1 as api};
use lectern_runtime::{Room, Share, Shares};
use lectern_stage::work::key;
use prost::Message as _;
use tokio_util::sync::CancellationToken;

use crate::compose::preview::{self, Preview, Previewed, PreviewedSection};
use crate::compose::{Stop, write_section};
use crate::engine::Engines;
use crate::work::compute;

/// Calls of one tenant that may wait for their turn before the next one is turned away.
const WAITING: usize = 64;
/// How soon a caller that was turned away should try again.
const AGAIN: std::time::Duration = std::time::Duration::from_secs(2);
/// A block that is larger than this on the wire comes in several messages. A message may be larger
/// by one utterance or skipped part.
const MESSAGE: usize = 1024 * 1024;

/// Composes previews, a few at once.
#[derive(Debug, Clone)]
pub(super) struct Previews {
    blob: Arc<dyn Blob>,
    engines: Engines,
    turns: Shares,
}

impl Previews {
    pub(super) fn new(blob: Arc<dyn Blob>, engines: Engines, permits: usize) -> Self {
        Self { blob, engines, turns: Shares::new("compositions", Room::all_but_one(permits, WAITING)) }
    }

    /// The turn of a call of `tenant` to compose; given back when it is dropped.
    pub(super) async fn turn(&self, tenant: &TenantId) -> Result<Share, Failure> {
        self.turns.take(tenant, 1).await.ok_or_else(|| turned_away(tenant))
    }

    /// A document's content and its key, by the names that the gateway has for them.
    ///
    /// # Errors
    /// `INVALID_FIELD` for what is no scope, `BLOB_UNAVAILABLE`, `OBJECT_DAMAGED`.
    pub(super) async fn content(
        &self,
        tenant: &TenantId,
        scope: &str,
        content_key: &str,
    ) -> Result<(Digest, Content), Failure> {
        let scope: ScopeId = scope.parse().map_err(|e| Failure::invalid("scope", format!("scope: {e}")))?;
        let content_key = key(content_key, "content_key")?;
        let objects = Objects::new(Arc::clone(&self.blob), tenant, &scope);
        let content = objects.read_json(&objects.folder().content(&content_key)).await?;
        Ok((content_key, content))
    }

    /// The messages of a preview, in the document's own words. A caller that goes away ends it
    /// before the next sentence.
    pub(super) async fn preview(
        &self,
        tenant: &TenantId,
        request: PreviewScriptRequest,
    ) -> Result<std::vec::IntoIter<PreviewScriptResponse>, Failure> {
        let order = convert::preview_order(&request)?;
        let writer = self.engines.of_writer(&request.writer, "narration.writer")?;
        let capabilities = writer.engine.capabilities();
        capabilities.check(&order, &writer.name)?;
        if capabilities.own_words() {
            return Err(unforeseen(&writer.name));
        }
        let _composing = self.turn(tenant).await?;
        let token = CancellationToken::new();
        let stop = Stop::at(token.clone());
        let _until_dropped = token.drop_guard();
        let (_, content) = self.content(tenant, &request.scope, &request.content_key).await?;
        let until = stop.clone();
        let (content, plan) = compute(move || {
            let plan = preview::plan(&content, &order, &until)?;
            Ok((Arc::new(content), Arc::new(plan)))
        })
        .await?;
        let mut sections = Vec::with_capacity(plan.sections.len());
        for planned in &plan.sections {
            let (content, plan, index) = (Arc::clone(&content), Arc::clone(&plan), planned.index);
            let until = stop.clone();
            sections.push(compute(move || write_section(&content, &plan, index, &until)).await?);
        }
        let inputs = request.speech_inputs;
        compute(move || messages(&content, &plan, &sections, inputs, &stop)).await
    }
}

/// Nobody knows the words of a model before it has written them.
fn unforeseen(writer: &str) -> Failure {
    let message = format!(
        "what the writer {writer} would say is known when it has written it; estimate the order instead, or preview \
         another writer"
    );
    Failure::new(Kind::Unimplemented, Reason::FeatureUnavailable, message).at("narration.writer")
}

fn turned_away(tenant: &TenantId) -> Failure {
    let message = "as many calls of this tenant wait to be composed as may; wait for some to end, then call again";
    let failure = Failure::new(Kind::ResourceExhausted, Reason::LimitExceeded, message);
    failure.about(format!("tenants/{tenant}")).after(AGAIN)
}

/// The messages of a preview, with what the keys of its speech follow from where `inputs` says so.
fn messages(
    content: &Content,
    plan: &Plan,
    sections: &[Section],
    inputs: bool,
    stop: &Stop,
) -> Result<std::vec::IntoIter<PreviewScriptResponse>, Failure> {
    let preview = preview::preview(content, plan, sections, stop)?;
    let message = |part, speech_inputs| PreviewScriptResponse { part: Some(part), speech_inputs };
    let mut messages = vec![message(Part::Summary(summary(content, plan, &preview)), Vec::new())];
    let blocks = preview.blocks.iter().flat_map(|previewed| block(previewed, inputs));
    messages.extend(blocks.map(|BlockMessage { shown, inputs }| message(Part::Block(shown), inputs)));
    Ok(messages.into_iter())
}

fn summary(content: &Content, plan: &Plan, preview: &Preview<'_>) -> api::PreviewSummary {
    let warnings = content.warnings.iter().map(|warning| format!("{}: {}", warning.code, warning.message));
    let notes = plan.notes.iter().map(|note| format!("{}: {}", note.code, note.message));
    api::PreviewSummary {
        title: convert::title(&plan.title),
        language_code: plan.language.clone(),
        engine: plan.engine.clone(),
        section_count: i32::try_from(plan.sections.len()).unwrap_or(i32::MAX),
        coverage: Some(convert::coverage_to_wire(preview.coverage)),
        notes: warnings.chain(notes).collect(),
        failure: preview.refusal.as_ref().map(|failure| convert::failure_to_wire(failure, None)),
        sections: preview.sections.iter().map(section).collect(),
        word_count: count(preview.words()),
        estimated_duration: Some(prost_types::Duration { seconds: count(preview.seconds()), nanos: 0 }),
    }
}

fn section(section: &PreviewedSection<'_>) -> api::PreviewSection {
    api::PreviewSection {
        index: convert::number(section.planned.index),
        title: convert::title(&section.planned.title),
        level: section.planned.level.into(),
        word_count: count(section.words),
        page: section.page.map(convert::number),
    }
}

fn count(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

/// A block, or a part of one, as it stands in a message.
struct BlockMessage {
    shown: api::PreviewBlock,
    /// Those of its utterances, in order; none where nobody asks for them.
    inputs: Vec<SpeechInputs>,
}

/// A block as one message, or as several where it is large.
fn block(previewed: &Previewed<'_>, with_inputs: bool) -> Vec<BlockMessage> {
    let Previewed { block, account, section, utterances } = previewed;
    let shown = |continued| api::PreviewBlock {
        block: convert::number(block.id),
        kind: convert::block_kind(block.kind.name()).into(),
        level: block.kind.heading_level().map(i32::from),
        page: block.page.map(convert::number),
        fate: convert::fate_to_wire(account.fate).into(),
        section: (!utterances.is_empty()).then(|| convert::number(*section)),
        continued,
        ..api::PreviewBlock::default()
    };
    let like = |continued| BlockMessage { shown: shown(continued), inputs: Vec::new() };
    let mut messages = vec![like(false)];
    let mut room = MESSAGE;
    let mut message_with = |size: usize, messages: &mut Vec<BlockMessage>| {
        if size > room && room < MESSAGE {
            messages.push(like(true));
            room = MESSAGE;
        }
        room = room.saturating_sub(size);
    };
    for piece in pieces(&block.text) {
        message_with(piece.len(), &mut messages);
        if let Some(message) = messages.last_mut() {
            message.shown.text.push_str(piece);
        }
    }
    for utterance in utterances {
        let inputs = with_inputs.then(|| convert::speech_inputs_to_wire(utterance));
        let utterance = convert::utterance_to_wire(utterance);
        let size = utterance.encoded_len() + inputs.as_ref().map_or(0, SpeechInputs::encoded_len);
        message_with(size, &mut messages);
        if let Some(message) = messages.last_mut() {
            message.shown.utterances.push(utterance);
            message.inputs.extend(inputs);
        }
    }
    for part in &account.skipped {
        let part = convert::skipped_to_wire(block.id, part);
        message_with(part.encoded_len(), &mut messages);
        if let Some(message) = messages.last_mut() {
            message.shown.skipped.push(part);
        }
    }
    messages
}

/// A text in pieces that fit a message.
fn pieces(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let end = rest.floor_char_boundary(MESSAGE);
        let (piece, after) = rest.split_at(end);
        rest = after;
        Some(piece).filter(|piece| !piece.is_empty())
    })
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;
    use lectern_blob::memory::MemoryBlob;
    use lectern_core::SystemClock;
    use lectern_core::content::document::{Block, BlockKind, Matter, SCHEMA};
    use lectern_core::content::script::{NumberRange, Order, OtherLanguages, Selection, Style, Utterance};

    use super::*;
    use crate::engine::{DEFAULT_WRITER, Extractive, Writer};

    fn content(texts: &[&str]) -> Content {
        let block = |(id, text): (u32, &&str)| Block {
            id,
            kind: BlockKind::Paragraph,
            text: (*text).to_owned(),
            page: Some(3),
            page_end: None,
            confidence: 1.0,
            language: None,
            matter: Matter::Body,
            spans: Vec::new(),
        };
        Content {
            schema: SCHEMA,
            title: Some("Salt".to_owned()),
            authors: Vec::new(),
            language: "en".to_owned(),
            media_type: "text/plain".to_owned(),
            extractor: "text/1".to_owned(),
            pages: None,
            blocks: (0..).zip(texts).map(block).collect(),
            warnings: Vec::new(),
        }
    }

    fn previews(blob: &Arc<dyn Blob>) -> Previews {
        let writer = Writer { name: DEFAULT_WRITER.to_owned(), engine: Arc::new(Extractive::new()) };
        Previews::new(Arc::clone(blob), Engines::new(vec![writer], DEFAULT_WRITER).unwrap(), 1)
    }

    fn request(content_key: &str) -> PreviewScriptRequest {
        let (scope, content_key) = ("book".to_owned(), content_key.to_owned());
        PreviewScriptRequest { scope, content_key, style: api::Style::Narration.into(), ..Default::default() }
    }

    fn blocks(messages: impl Iterator<Item = PreviewScriptResponse>) -> Vec<api::PreviewBlock> {
        messages
            .filter_map(|message| if let Some(Part::Block(block)) = message.part { Some(block) } else { None })
            .collect()
    }

    /// The summary, which comes first.
    fn summary_of(messages: &mut impl Iterator<Item = PreviewScriptResponse>) -> api::PreviewSummary {
        let Some(Part::Summary(summary)) = messages.next().and_then(|first| first.part) else {
            panic!("the summary comes first")
        };
        summary
    }

    /// The sections of a plan, written.
    fn written(content: &Content, plan: &Plan, stop: &Stop) -> Vec<Section> {
        plan.sections.iter().map(|planned| write_section(content, plan, planned.index, stop).unwrap()).collect()
    }

    #[tokio::test]
    async fn a_preview_reads_the_content_and_puts_nothing() {
        let tenant: TenantId = "acme".parse().unwrap();
        let blob: Arc<dyn Blob> = Arc::new(MemoryBlob::new(Arc::new(SystemClock)));
        let objects = Objects::new(Arc::clone(&blob), &tenant, &"book".parse().unwrap());
        let key = lectern_core::Digest::of(b"content");
        let path = objects.folder().content(&key);
        let previews = previews(&blob);

        let missing = previews.preview(&tenant, request(&key.to_string())).await.unwrap_err();
        assert_eq!(missing.reason, Reason::ObjectDamaged);
        let elsewhere = PreviewScriptRequest { writer: "gemini".to_owned(), ..request(&key.to_string()) };
        let unknown = previews.preview(&tenant, elsewhere).await.unwrap_err();
        assert_eq!(unknown.field.as_deref(), Some("narration.writer"));
        let lesson = PreviewScriptRequest { style: api::Style::Lesson.into(), ..request(&key.to_string()) };
        assert_eq!(previews.preview(&tenant, lesson).await.unwrap_err().reason, Reason::StyleUnsupported);
        objects.write_json(&path, &content(&["Salt is old.", "{"])).await.unwrap();
        let mut parts = previews.preview(&tenant, request(&key.to_string())).await.unwrap();
        let summary = summary_of(&mut parts);
        assert_eq!((summary.title.as_str(), summary.section_count, &summary.failure), ("Salt", 1, &None));
        let [section] = &summary.sections[..] else { panic!("one section: {summary:?}") };
        assert_eq!((section.index, section.title.as_str(), section.level), (0, "Part 1", 1));
        assert_eq!((section.word_count, section.page, summary.word_count), (3, Some(3), 3));
        let estimated = summary.estimated_duration.unwrap();
        assert_eq!((estimated.seconds, estimated.nanos), (2, 0), "three words at 165 a minute");
        let blocks = blocks(parts);
        assert_eq!(blocks[0].utterances[0].spoken, "Salt is old.");
        assert_eq!(blocks[0].utterances[0].role(), api::utterance::Role::Body);
        assert_eq!((blocks[0].page, blocks[0].fate()), (Some(3), api::block_fate::Fate::Spoken));
        assert_eq!(blocks[1].skipped[0].reason(), api::SkipReason::NothingToSay);
        assert!(objects.delete_all(&objects.folder().all()).await.unwrap() == 1, "only the content is there");

        let composing = previews.turn(&tenant).await.unwrap();
        let mut waiting: Vec<_> = (0..WAITING).map(|_| Box::pin(previews.turn(&tenant))).collect();
        assert!(waiting.iter_mut().all(|turn| turn.now_or_never().is_none()));
        let refused = previews.preview(&tenant, request(&key.to_string())).await.unwrap_err();
        assert_eq!((refused.kind, refused.reason), (Kind::ResourceExhausted, Reason::LimitExceeded));
        assert_eq!((refused.resource.as_deref(), refused.retry_after), (Some("tenants/acme"), Some(AGAIN)));
        drop((composing, waiting));
        assert!(previews.turn(&tenant).await.is_ok(), "there is room again");
    }

    #[test]
    fn what_a_block_does_not_have_is_not_set() {
        let mut content = content(&["Salt", "Salt is old.", "{"]);
        content.blocks[0].kind = BlockKind::Heading { level: 2 };
        content.blocks[2].page = None;
        let order = Order::of(Style::Narration);
        let stop = Stop::default();
        let plan = preview::plan(&content, &order, &stop).unwrap();
        let sections = written(&content, &plan, &stop);
        let mut parts = messages(&content, &plan, &sections, false, &stop).unwrap();
        let summary = summary_of(&mut parts);
        assert_eq!((summary.language_code.as_str(), summary.failure), ("en", None));
        let [heading, heard, left]: [api::PreviewBlock; 3] =
            blocks(parts).try_into().expect("a message for each block");
        assert_eq!((heading.kind(), heading.level, heading.section), (api::BlockKind::Heading, Some(2), Some(0)));
        assert_eq!((heard.kind(), heard.level, heard.section), (api::BlockKind::Paragraph, None, Some(0)));
        assert_eq!((left.page, left.section), (None, None), "nothing is said for it");
    }

    #[test]
    fn an_order_that_would_fail_is_shown_with_its_status() {
        let pages = vec![NumberRange { first: 4, last: 9 }];
        let elsewhere = Selection { pages, ..Selection::ALL };
        let plain = Order::of(Style::Narration);
        let stop = Stop::default();
        for (texts, order, words) in [
            (["{", "}"], plain.clone(), "the document has no words to speak"),
            (["Salt.", "Is old."], Order { selection: elsewhere, ..plain }, "selected pages (4-9)"),
        ] {
            let content = content(&texts);
            let plan = preview::plan(&content, &order, &stop).unwrap();
            let summary = summary_of(&mut messages(&content, &plan, &[], false, &stop).unwrap());
            assert_eq!((summary.section_count, summary.sections.len(), summary.word_count), (0, 0, 0));
            let status = summary.failure.expect("nothing would be spoken");
            assert_eq!(convert::error_info(&status).expect("details").reason, Reason::DocumentEmpty.as_str());
            assert!(status.message.contains(words), "{}", status.message);
        }
    }

    #[test]
    fn a_large_block_comes_in_messages_that_fit_and_nothing_of_it_is_lost() {
        let text = "Ünder the sea [3], it is dark. ".repeat(40_000);
        let content = content(&["Short.", text.trim_end()]);
        let order = Order::of(Style::Narration);
        let stop = Stop::default();
        let plan = preview::plan(&content, &order, &stop).unwrap();
        let sections = written(&content, &plan, &stop);
        let all: Vec<api::PreviewBlock> = blocks(messages(&content, &plan, &sections, false, &stop).unwrap());
        assert!(all.iter().all(|message| message.encoded_len() <= 2 * MESSAGE));
        assert!(!all[0].continued && all[0].text == "Short.");
        let large = &all[1..];
        assert!(large.len() > 3 && large.iter().all(|message| message.block == 1));
        assert!(!large[0].continued && large[1..].iter().all(|message| message.continued));
        assert_eq!(large.iter().map(|message| message.text.as_str()).collect::<String>(), content.blocks[1].text);
        let said: usize = large.iter().map(|message| message.utterances.len()).sum();
        let written: usize = sections.iter().map(|section| section.utterances.len()).sum();
        assert_eq!(said + all[0].utterances.len(), written);
        assert_eq!(large.iter().map(|message| message.skipped.len()).sum::<usize>(), 40_000);
        // With what the keys of its speech follow from it takes more messages, which fit as well.
        let with_inputs: Vec<_> = messages(&content, &plan, &sections, true, &stop).unwrap().collect();
        assert!(with_inputs.iter().all(|message| message.encoded_len() <= 2 * MESSAGE));
        assert!(with_inputs.len() > all.len() + 1);
        assert_eq!(with_inputs.iter().map(|message| message.speech_inputs.len()).sum::<usize>(), written);
    }

    #[test]
    fn what_keys_of_speech_follow_from_stands_beside_each_utterance_where_it_is_asked_for() {
        let mut content = content(&["In 1984 it was said. It was so.", "{", "Es gibt Wörter."]);
        content.blocks[2].language = Some("de".to_owned());
        let german = OtherLanguages::Speak(["de".to_owned()].into());
        let order = Order { other_languages: german, ..Order::of(Style::Narration) };
        let stop = Stop::default();
        let plan = preview::plan(&content, &order, &stop).unwrap();
        let sections = written(&content, &plan, &stop);
        let said: Vec<&Utterance> = sections.iter().flat_map(|section| &section.utterances).collect();
        assert_eq!(said.len(), 3, "{said:?}");
        let mut foretold = Vec::new();
        for message in messages(&content, &plan, &sections, true, &stop).unwrap() {
            let Some(Part::Block(block)) = message.part else { continue };
            assert_eq!(block.utterances.len(), message.speech_inputs.len());
            let spoken = block.utterances.into_iter().map(|utterance| utterance.spoken);
            let read = spoken.zip(message.speech_inputs);
            foretold
                .extend(read.map(|(spoken, inputs)| convert::utterance_of_inputs("inputs", spoken, inputs).unwrap()));
        }
        for (said, foretold) in said.iter().zip(&foretold) {
            assert_eq!((&foretold.original, &foretold.map), (&said.original, &said.map));
            assert_eq!((&foretold.marks, &foretold.language), (&said.marks, &said.language));
        }
        assert_eq!(foretold[0].original, "In 1984 it was said.");
        assert_eq!((foretold[1].language.as_deref(), foretold[2].language.as_deref()), (None, Some("de")));
        let mut plain = messages(&content, &plan, &sections, false, &stop).unwrap();
        assert!(plain.all(|message| message.speech_inputs.is_empty()));
    }
}
