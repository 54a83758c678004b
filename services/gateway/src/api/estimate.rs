//! `EstimateNarration`: ingest says where the content is, ai what an order of it would take, and
//! tts what the speech of its voices costs. No model is asked, and the gateway keeps nothing of it.

mod speech;

use lectern_core::id::TenantId;
use lectern_proto::ai::v1::EstimateScriptRequest;
use lectern_proto::ingest::v1::PrepareContentRequest;
use lectern_proto::{names, v1 as api};
use lectern_rpc::Refusal;

use super::{encode, preview};
use crate::domain::tally;
use crate::stages::Stages as _;
use crate::upstream::{Upstream, missing, passed_on};

/// What the order would take.
pub async fn estimate(
    upstream: &Upstream,
    tenant: &TenantId,
    request: api::EstimateNarrationRequest,
) -> Result<api::EstimateNarrationResponse, Refusal> {
    let (ordered, order) = preview::checked(request.narration)?;
    let pins = if preview::needs_voices(&ordered.order) {
        let (_, pins) = upstream.pin(tenant, &ordered).await?;
        Some(pins)
    } else {
        upstream.check_pages(tenant, &ordered).await?;
        upstream.writer(tenant, &ordered.writer, &ordered.order).await?;
        None
    };
    let (other_languages, spoken_languages) = preview::spoken(&ordered.order, pins.as_ref());
    let prepare = PrepareContentRequest { document: names::of_document(&ordered.document) };
    let content = upstream.ingest(tenant).prepare_content(prepare).await.map_err(passed_on)?.into_inner();
    let set = order.language_code;
    let language_code = if set.is_empty() { content.set_language_code } else { set };
    let request = EstimateScriptRequest {
        scope: content.scope,
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
    };
    // A book is read for seconds: longer than a short answer takes.
    let answer = upstream.previews(tenant).estimate_script(request).await.map_err(passed_on)?.into_inner();
    let estimate = answer.estimate.ok_or_else(|| missing("an estimate"))?;
    let others = pins.iter().flat_map(|pins| pins.speakers.languages()).map(|one| one.language.clone()).collect();
    let prices = Box::pin(upstream.speech_prices(tenant, &ordered, others)).await;
    let estimate = speech::with_cost(at_speed(estimate, ordered.speed), prices, ordered.speed);
    Ok(api::EstimateNarrationResponse { estimate: Some(estimate) })
}

/// An estimate at the order's speed, in hundredths, which ai is not told: it changes no word.
fn at_speed(estimate: api::NarrationEstimate, speed: u32) -> api::NarrationEstimate {
    let words = estimate.words.unwrap_or_default();
    let length = |words: i64| {
        let words = u64::try_from(words).unwrap_or(0);
        Some(encode::of_millis(tally::at_usual_pace(words, speed)))
    };
    let (shortest_duration, longest_duration) = (length(words.least), length(words.most));
    api::NarrationEstimate { shortest_duration, longest_duration, ..estimate }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_long_it_would_be_depends_on_the_speed() {
        let words = Some(api::EstimatedRange { least: 165, most: 330 });
        let of_ai = api::NarrationEstimate { words, writer: "w".to_owned(), ..api::NarrationEstimate::default() };
        for (speed, shortest, longest) in [(100, 60_000, 120_000), (200, 30_000, 60_000)] {
            let shown = at_speed(of_ai.clone(), speed);
            assert_eq!(shown.shortest_duration, Some(encode::of_millis(shortest)));
            assert_eq!(shown.longest_duration, Some(encode::of_millis(longest)));
            assert_eq!((shown.writer.as_str(), shown.words), ("w", words));
        }
    }
}
