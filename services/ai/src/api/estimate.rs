//! `EstimateScript`: what an order of a document would take, before anything is spent. It reads and
//! computes; nothing is stored, and no model is asked.

use std::sync::Arc;

use lectern_core::id::TenantId;
use lectern_core::{Failure, Timestamp};
use lectern_proto::ai::v1::EstimateScriptRequest;
use lectern_proto::{convert, v1 as api};
use tokio_util::sync::CancellationToken;

use super::preview::Previews;
use crate::engine::{Engines, Estimate, Expected, Writer, Writing};
use crate::payments::Unbilled;
use crate::work::Unkept;

/// The estimate of an order, by the prices of the day of `now`. A caller that goes away ends it.
pub(super) async fn estimate(
    engines: &Engines,
    previews: &Previews,
    tenant: &TenantId,
    request: EstimateScriptRequest,
    now: Timestamp,
) -> Result<api::NarrationEstimate, Failure> {
    let order = convert::estimate_order(&request)?;
    let writer = engines.of_writer(&request.writer, "narration.writer")?;
    writer.engine.capabilities().check(&order, &writer.name)?;
    let _composing = previews.turn(tenant).await?;
    let (content_key, content) = previews.content(tenant, &request.scope, &request.content_key).await?;
    let content = Arc::new(content);
    let cancel = CancellationToken::new();
    let _until_dropped = cancel.clone().drop_guard();
    let (answers, payments) = (&Unkept, &Unbilled);
    let work = Writing { content: &content, content_key, order: &order, cancel, answers, payments };
    let estimate = writer.engine.estimate(&work, now).await?;
    Ok(to_wire(writer, estimate))
}

/// An estimate in the public API, at a speed of 1.0.
fn to_wire(writer: &Writer, estimate: Estimate) -> api::NarrationEstimate {
    let Estimate { calls, input_tokens, output_tokens, words, characters, cost, basis } = estimate;
    let seconds = |words: u64| prost_types::Duration { seconds: count(at_usual_pace(words)), nanos: 0 };
    api::NarrationEstimate {
        writer: writer.name.clone(),
        engine: writer.engine.pin().to_string(),
        model_calls: Some(range(calls)),
        input_tokens: Some(range(input_tokens)),
        output_tokens: Some(range(output_tokens)),
        words: Some(range(words)),
        characters: Some(range(characters)),
        shortest_duration: Some(seconds(words.least)),
        longest_duration: Some(seconds(words.most)),
        cost_micro_usd: cost.map(range),
        basis,
        speech_cost_micro_usd: None,
    }
}

/// Seconds of audio of so many words, rounded up.
fn at_usual_pace(words: u64) -> u64 {
    words.saturating_mul(60).div_ceil(u64::from(lectern_core::content::script::WORDS_PER_MINUTE))
}

fn range(expected: Expected) -> api::EstimatedRange {
    api::EstimatedRange { least: count(expected.least), most: count(expected.most) }
}

fn count(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{DEFAULT_WRITER, Extractive};

    #[test]
    fn both_ends_are_told_and_a_cost_that_nobody_knows_is_not() {
        let writer = Writer { name: DEFAULT_WRITER.to_owned(), engine: Arc::new(Extractive::new()) };
        let estimate = Estimate {
            calls: Expected::range(3, 9),
            words: Expected::range(165, 330),
            basis: vec!["it is so".to_owned()],
            ..Estimate::default()
        };
        let wire = to_wire(&writer, estimate);
        assert_eq!(wire.model_calls, Some(api::EstimatedRange { least: 3, most: 9 }));
        let seconds = [wire.shortest_duration, wire.longest_duration].map(|length| length.map(|length| length.seconds));
        assert_eq!((seconds, wire.cost_micro_usd), ([Some(60), Some(120)], None));
        assert_eq!((wire.writer.as_str(), wire.basis.len()), (DEFAULT_WRITER, 1));
    }
}
