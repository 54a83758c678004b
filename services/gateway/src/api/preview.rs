//! `PreviewDocument`: ingest says where the content is, ai what it would make of it, and tts, where
//! it is asked for, how much of that is spoken already. The gateway keeps nothing of it.

mod stored;

use futures::StreamExt as _;
use futures::stream::BoxStream;
use lectern_core::Failure;
use lectern_core::content::script::{Order, OtherLanguages, Style};
use lectern_core::id::TenantId;
use lectern_proto::ai::v1::{PreviewScriptRequest, PreviewScriptResponse, preview_script_response};
use lectern_proto::ingest::v1::PrepareContentRequest;
use lectern_proto::tts::v1::{OrderLexicon, StoredSpeechOf};
use lectern_proto::v1::{self as api, preview_document_response::Part};
use lectern_proto::{convert, names};
use lectern_rpc::Refusal;
use tonic::Response;

use super::encode;
use crate::domain::{NarrationRequest, Pins, Words, other_languages, style, tally};
use crate::lexicons::Lexicons;
use crate::orders::read_for_preview;
use crate::stages::Stages as _;
use crate::upstream::{Upstream, passed_on};

/// The parts of a preview.
pub type Parts = BoxStream<'static, Result<api::PreviewDocumentResponse, Refusal>>;

/// What the order would make of its document, and how much of it is spoken already where that is to
/// be counted: by the voice that an order would have.
pub async fn preview(
    upstream: &Upstream,
    lexicons: &Lexicons,
    tenant: &TenantId,
    request: api::PreviewDocumentRequest,
) -> Result<Parts, Refusal> {
    let (ordered, order) = checked(request.narration)?;
    let pins = if request.count_stored_speech || needs_voices(&ordered.order) {
        let (_, pins) = upstream.pin(tenant, &ordered).await?;
        Some(pins)
    } else {
        upstream.check_pages(tenant, &ordered).await?;
        None
    };
    let lexicon = if request.count_stored_speech { words(upstream, lexicons, tenant, &ordered).await? } else { None };
    let (other_languages, spoken_languages) = spoken(&ordered.order, pins.as_ref());
    let pins = pins.filter(|_| request.count_stored_speech);
    let prepare = PrepareContentRequest { document: names::of_document(&ordered.document) };
    let content = upstream.ingest(tenant).prepare_content(prepare).await.map_err(passed_on)?.into_inner();
    let set = order.language_code;
    let language_code = if set.is_empty() { content.set_language_code } else { set };
    let request = PreviewScriptRequest {
        scope: content.scope.clone(),
        content_key: content.content_key,
        style: order.style,
        length: order.length,
        footnotes: order.footnotes,
        language_code,
        selection: order.selection,
        skip: order.skip,
        read: order.read,
        direction: order.direction,
        cast: order.cast,
        writer: order.writer,
        other_languages,
        spoken_languages,
        emoji: order.emoji,
        speech_inputs: pins.is_some(),
    };
    let parts = upstream.previews(tenant).preview_script(request).await.map_err(passed_on)?.into_inner();
    let speed = ordered.speed;
    let parts = parts.map(move |part| match part {
        Ok(PreviewScriptResponse { part, speech_inputs }) => Ok((public(part, speed), speech_inputs)),
        Err(status) => Err(passed_on(status)),
    });
    let Some(pins) = pins else { return Ok(Box::pin(parts.map(|part| part.map(|(shown, _)| shown)))) };
    // What the document's own words are said by: one speaker.
    let delivery = convert::delivery_to_wire(&pins.speakers, speed, |place| style(&ordered.order, place));
    let of = StoredSpeechOf { scope: content.scope, delivery: Some(delivery), lexicon };
    let mut speech = upstream.tracks(tenant);
    let count = move |said: stored::Said| -> stored::Counted {
        Box::pin(async move {
            let counted = speech.count_stored_speech(said).await.map(Response::into_inner);
            counted.map_err(passed_on)
        })
    };
    Ok(stored::counted(Box::pin(parts), of, count))
}

/// What the words of an order would be said by, those of lexicons by default among them; nothing is
/// put for it.
async fn words(
    upstream: &Upstream,
    lexicons: &Lexicons,
    tenant: &TenantId,
    ordered: &NarrationRequest,
) -> Result<Option<OrderLexicon>, Failure> {
    match lexicons.resolved(tenant, ordered.lexicon.clone()).await?.words {
        Words::Entries(entries) => {
            let language = upstream.language_of(tenant, ordered).await?;
            Ok(Some(convert::order_lexicon_to_wire(&language, &entries)))
        }
        Words::Nothing | Words::Put(_) => Ok(None),
    }
}

/// Whether it depends on the voices what an order says: which languages are spoken.
pub(super) fn needs_voices(order: &Order) -> bool {
    order.style == Style::Narration && matches!(order.other_languages, OtherLanguages::Speak(_))
}

/// What becomes of other languages, for ai: of those that are to be spoken, the ones that a voice
/// was found for.
pub(super) fn spoken(order: &Order, pins: Option<&Pins>) -> (i32, Vec<String>) {
    let others = pins.map_or_else(|| order.other_languages.clone(), |pins| other_languages(order, &pins.speakers));
    let (others, spoken) = convert::other_languages_to_wire(&others);
    (others.into(), spoken)
}

/// The order, of which what decides is right: a bad one is refused before anything is read.
pub(super) fn checked(narration: Option<api::Narration>) -> Result<(NarrationRequest, api::Narration), Failure> {
    let order =
        narration.ok_or_else(|| Failure::invalid("narration", "narration is missing; say what to narrate and how"))?;
    Ok((read_for_preview(&order)?, order))
}

/// A part of ai's preview. How fast it is spoken ai is not told, since that changes no word of it.
fn public(part: Option<preview_script_response::Part>, speed: u32) -> api::PreviewDocumentResponse {
    let part = part.map(|part| match part {
        preview_script_response::Part::Summary(summary) => {
            let words = u64::try_from(summary.word_count).unwrap_or(0);
            let estimated_duration = Some(encode::of_millis(tally::at_usual_pace(words, speed)));
            Part::Summary(api::PreviewSummary { estimated_duration, ..summary })
        }
        preview_script_response::Part::Block(block) => Part::Block(block),
    });
    api::PreviewDocumentResponse { part }
}

#[cfg(test)]
mod tests {
    use lectern_core::Reason;

    use super::*;

    #[test]
    fn a_bad_order_is_refused_before_anything_is_read() {
        let order = api::Narration {
            documents: vec!["documents/d1".to_owned()],
            style: api::Style::Narration.into(),
            hold_script: true,
            ..api::Narration::default()
        };
        let (ordered, kept) = checked(Some(order.clone())).expect("it decides nothing wrong");
        assert_eq!((ordered.document.as_str(), &kept), ("d1", &order));
        for (wrong, reason) in [
            (None, Reason::InvalidField),
            (Some(api::Narration { documents: Vec::new(), ..order.clone() }), Reason::InvalidField),
            (Some(api::Narration { style: 0, ..order.clone() }), Reason::StyleUnsupported),
            (Some(api::Narration { speed: Some(99.0), ..order }), Reason::InvalidField),
        ] {
            assert_eq!(checked(wrong).expect_err("refused").reason, reason);
        }
    }

    #[test]
    fn how_long_it_would_be_depends_on_the_speed() {
        let summary = api::PreviewSummary { word_count: 330, title: "Tides".to_owned(), ..Default::default() };
        for (speed, millis) in [(100, 120_000), (200, 60_000), (50, 240_000)] {
            let part = public(Some(preview_script_response::Part::Summary(summary.clone())), speed).part;
            let Some(Part::Summary(shown)) = part else { panic!("a summary") };
            assert_eq!((shown.title.as_str(), shown.word_count), ("Tides", 330));
            assert_eq!(shown.estimated_duration, Some(encode::of_millis(millis)));
        }
        let block = api::PreviewBlock { block: 7, ..api::PreviewBlock::default() };
        let part = public(Some(preview_script_response::Part::Block(block.clone())), 100).part;
        assert_eq!(part, Some(Part::Block(block)));
    }
}
