//! The W3C trace context (`traceparent`) that travels with calls, commands and events.

use std::collections::HashMap;

use opentelemetry::propagation::TextMapPropagator;
use opentelemetry::trace::TraceContextExt;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use tracing_opentelemetry::OpenTelemetrySpanExt;

const TRACEPARENT: &str = "traceparent";

/// The trace context of the current span, to send along; `None` outside of a span.
#[must_use]
pub fn current_traceparent() -> Option<String> {
    let mut carrier = HashMap::new();
    TraceContextPropagator::new().inject_context(&tracing::Span::current().context(), &mut carrier);
    carrier.remove(TRACEPARENT)
}

/// The trace id of the current span as 32 hexadecimal digits; `None` outside of a span.
#[must_use]
pub fn current_trace_id() -> Option<String> {
    trace_id(&tracing::Span::current().context())
}

pub(super) fn trace_id(context: &opentelemetry::Context) -> Option<String> {
    let span = context.span();
    let span = span.span_context();
    span.is_valid().then(|| span.trace_id().to_string())
}

/// Whether what runs now belongs to a trace. What is done without one, such as looking for what is
/// due every second, would begin traces that nobody looks for.
#[must_use]
pub fn in_trace() -> bool {
    opentelemetry::Context::map_current(|context| context.span().span_context().is_valid())
}

/// Makes `span`, which must not have been entered yet, a child of the remote span that
/// `traceparent` names. Text that is not a trace context is ignored, as W3C Trace Context (section
/// 3.2) asks: the span begins a trace of its own.
pub fn set_parent(span: &tracing::Span, traceparent: &str) {
    let parent = extracted(traceparent);
    if !parent.span().span_context().is_valid() {
        return;
    }
    if let Err(error) = span.set_parent(parent) {
        tracing::debug!(%error, "span keeps its own trace");
    }
}

/// Links `span` to the remote span that `traceparent` names: it has to do with it, and is not its
/// child. Text that is not a trace context is ignored.
pub fn add_link(span: &tracing::Span, traceparent: &str) {
    span.add_link(extracted(traceparent).span().span_context().clone());
}

fn extracted(traceparent: &str) -> opentelemetry::Context {
    let carrier = HashMap::from([(TRACEPARENT.to_owned(), traceparent.to_owned())]);
    TraceContextPropagator::new().extract_with_context(&opentelemetry::Context::new(), &carrier)
}

#[cfg(test)]
mod tests {
    use opentelemetry::trace::TracerProvider;
    use opentelemetry_sdk::trace::SdkTracerProvider;
    use tracing_subscriber::layer::SubscriberExt;

    use super::*;

    #[test]
    fn a_trace_goes_on_in_another_process() {
        let provider = SdkTracerProvider::builder().build();
        let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("test"));
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
            assert_eq!((current_traceparent(), current_trace_id()), (None, None));
            let (sent, trace) = tracing::info_span!("caller").in_scope(|| (current_traceparent(), current_trace_id()));
            let sent = sent.unwrap();
            assert!(sent.starts_with("00-") && sent.len() == 55, "{sent}");

            let callee = tracing::info_span!("callee");
            set_parent(&callee, &sent);
            assert_eq!(callee.in_scope(current_trace_id), trace);

            let stranger = tracing::info_span!("stranger");
            set_parent(&stranger, "00-nonsense");
            add_link(&stranger, "00-nonsense");
            let own = stranger.in_scope(current_trace_id);
            assert!(own.is_some() && own != trace);
            assert!(stranger.in_scope(in_trace) && !in_trace());
        });
    }
}
