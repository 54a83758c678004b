//! What traces have of a call of a model: who was asked and how many tokens it took, and nothing
//! that was asked or answered.

use lectern_provider::ProviderError;
use lectern_runtime::names::{gen_ai, span};
use tracing::Span;
use tracing::field::Empty;

use super::{Completion, ModelRow};

/// The span of one attempt. It begins when it is entered, as a child of the span that is current
/// when it is made.
pub(crate) fn span_of(row: &ModelRow) -> Span {
    tracing::info_span!(
        "model",
        { span::NAME } = format!("{} {}", gen_ai::GENERATE, row.id),
        { span::KIND } = span::CLIENT,
        { span::STATUS } = Empty,
        { span::ERROR_TYPE } = Empty,
        { gen_ai::OPERATION } = gen_ai::GENERATE,
        { gen_ai::PROVIDER } = gen_ai::provider(row.provider.name()),
        { gen_ai::MODEL } = row.id,
        { gen_ai::OUTPUT_TYPE } = gen_ai::JSON,
        { gen_ai::INPUT_TOKENS } = Empty,
        { gen_ai::OUTPUT_TOKENS } = Empty,
    )
}

/// Writes into the span of an attempt what became of it.
pub(crate) fn ended(span: &Span, answered: Result<&Completion, &ProviderError>) {
    match answered {
        Ok(Completion { usage, .. }) => {
            span.record(gen_ai::INPUT_TOKENS, signed(usage.input));
            span.record(gen_ai::OUTPUT_TOKENS, signed(usage.output.saturating_add(usage.thoughts)));
        }
        Err(error) => {
            span.record(span::ERROR_TYPE, error.class.as_str());
            span.record(span::STATUS, span::ERROR);
        }
    }
}

fn signed(tokens: u64) -> i64 {
    i64::try_from(tokens).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use lectern_provider::{Billed, Usage};
    use opentelemetry::Value;
    use opentelemetry::trace::{SpanKind, Status, TracerProvider as _};
    use opentelemetry_sdk::trace::{InMemorySpanExporter, SdkTracerProvider};
    use tracing_subscriber::layer::SubscriberExt as _;

    use super::*;
    use crate::model::{Provider, Rows};

    #[test]
    fn the_span_of_a_call_says_who_was_asked_and_how_much_and_not_what() {
        let exporter = InMemorySpanExporter::default();
        let provider = SdkTracerProvider::builder().with_simple_exporter(exporter.clone()).build();
        let layer = tracing_opentelemetry::layer()
            .with_tracer(provider.tracer("test"))
            .with_location(false)
            .with_threads(false)
            .with_target(false)
            .with_tracked_inactivity(false);
        let rows = Rows::built_in().unwrap();
        let row = ModelRow { id: "flash".to_owned(), ..rows.of(Provider::Gemini).next().unwrap().clone() };
        let usage = Usage { input: 90, cached: 10, output: 7, thoughts: 5, ..Usage::default() };
        let completion = Completion { text: "A canary.".to_owned(), usage, ..Completion::of_nothing() };
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
            for answered in [Ok(&completion), Err(&ProviderError::cancelled(Billed::No))] {
                let span = span_of(&row);
                span.in_scope(|| ended(&span, answered));
            }
        });
        let spans = exporter.get_finished_spans().unwrap();
        let [answered, failed] = spans.as_slice() else { panic!("{spans:?}") };
        assert_eq!((answered.name.as_ref(), &answered.span_kind), ("generate_content flash", &SpanKind::Client));
        let attributes: Vec<_> = answered.attributes.iter().map(|one| (one.key.as_str(), one.value.clone())).collect();
        let expected: [(&str, Value); 6] = [
            ("gen_ai.operation.name", "generate_content".into()),
            ("gen_ai.provider.name", "gcp.gemini".into()),
            ("gen_ai.request.model", "flash".into()),
            ("gen_ai.output.type", "json".into()),
            ("gen_ai.usage.input_tokens", 90.into()),
            ("gen_ai.usage.output_tokens", 12.into()),
        ];
        assert_eq!(attributes, expected);
        assert!(matches!(failed.status, Status::Error { .. }));
        assert!(failed.attributes.iter().any(|one| one.key.as_str() == "error.type"));
    }
}
