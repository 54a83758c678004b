//! An engine whose calls are counted and timed, and have spans, where they are made: without the
//! time in which they wait for a core.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use lectern_core::{Failure, Reason};
use lectern_runtime::Metrics;
use lectern_runtime::names::{gen_ai, span};
use lectern_runtime::telemetry::{Counter, Histogram};
use tokio::time::Instant;
use tracing::{Instrument as _, Span};

use super::{Compute, SegmentRequest, Speaking, Speech, SpeechEngine, Voice, engine_of, short_of};

/// Ends of the buckets of calls, in seconds: a sentence is a few tenths of one on a processor of
/// today, and some seconds at a provider that is busy.
const SECONDS: [f64; 11] = [0.01, 0.03, 0.1, 0.3, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0];
/// Ends of the buckets of seconds of work for a second of audio.
const FACTORS: [f64; 12] = [0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0, 2.0, 5.0, 10.0];
/// The outcome of a call that has none: it panicked, or was dropped with whoever wanted it.
const BROKEN_OFF: &str = "broken_off";

/// An engine, and what its calls come to.
#[derive(Debug)]
pub struct Measured<E: ?Sized> {
    engine: Arc<E>,
    instruments: Instruments,
}

#[derive(Debug)]
struct Instruments {
    calls: Counter,
    took: Histogram,
    units: Counter,
    throttled: Counter,
    factor: Histogram,
}

impl<E: ?Sized> Measured<E> {
    /// The same engine, measured.
    #[must_use]
    pub fn new(engine: Arc<E>) -> Self {
        let metrics = Metrics::new("lectern.engine");
        let instruments = Instruments {
            calls: metrics.counter("lectern.engine.calls", "{call}", "Calls of engines, by outcome."),
            took: metrics.histogram("lectern.engine.duration", "s", "How long calls of engines took.", &SECONDS),
            units: metrics.counter("lectern.engine.units", "{unit}", "What engines were given, by unit."),
            throttled: metrics.counter(
                "lectern.engine.throttled",
                "{call}",
                "Calls that an engine refused because it takes no more for now.",
            ),
            factor: metrics.histogram(
                "lectern.tts.real_time_factor",
                "1",
                "Seconds of work for a second of audio, of calls that gave speech.",
                &FACTORS,
            ),
        };
        Self { engine, instruments }
    }

    fn begin<'a>(&'a self, request: &'a SegmentRequest) -> Call<'a> {
        Call {
            instruments: &self.instruments,
            engine: engine_of(&request.voice),
            began: Instant::now(),
            ended: Ended { outcome: BROKEN_OFF, characters: 0, audio: None },
        }
    }
}

/// A call at work; one that panics or is dropped ends with it.
struct Call<'a> {
    instruments: &'a Instruments,
    engine: &'a str,
    began: Instant,
    ended: Ended,
}

/// What a call came to.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Ended {
    outcome: &'static str,
    characters: u64,
    /// Seconds of audio; none where there is no speech.
    audio: Option<f64>,
}

impl Ended {
    fn of(result: &Result<Speech, Failure>) -> Self {
        match result {
            Ok(speech) => Self {
                outcome: "ok",
                characters: speech.usage.characters,
                audio: Some(speech.seconds()).filter(|audio| *audio > 0.0),
            },
            Err(failure) => {
                let outcome = if failure.reason == Reason::EngineLimited {
                    "limited"
                } else if failure.reason == Reason::EngineUnavailable {
                    "unavailable"
                } else {
                    "failed"
                };
                Self { outcome, characters: 0, audio: None }
            }
        }
    }

    /// Seconds of work for a second of audio.
    fn factor(&self, took: Duration) -> Option<f64> {
        self.audio.map(|audio| took.as_secs_f64() / audio)
    }
}

impl Drop for Call<'_> {
    fn drop(&mut self) {
        let (instruments, ended) = (self.instruments, self.ended);
        let (engine, took) = (("engine", self.engine), self.began.elapsed());
        instruments.calls.add(1, &[engine, ("outcome", ended.outcome)]);
        instruments.took.record(took.as_secs_f64(), &[engine]);
        if ended.characters > 0 {
            instruments.units.add(ended.characters, &[engine, ("unit", "characters")]);
        }
        if ended.outcome == "limited" {
            instruments.throttled.add(1, &[engine]);
        }
        if let Some(factor) = ended.factor(took) {
            instruments.factor.record(factor, &[engine]);
        }
    }
}

/// The span of one call. It begins when it is entered, as a child of the span that is current when
/// it is made. An engine on this machine is no client of anybody.
fn span_of(request: &SegmentRequest, remote: bool) -> Span {
    let kind = if remote { span::CLIENT } else { "internal" };
    let (engine, model) = (engine_of(&request.voice), short_of(&request.voice));
    tracing::info_span!(
        "speech",
        { span::NAME } = format!("{} {model}", gen_ai::GENERATE),
        { span::KIND } = kind,
        { span::STATUS } = tracing::field::Empty,
        { span::ERROR_TYPE } = tracing::field::Empty,
        { gen_ai::OPERATION } = gen_ai::GENERATE,
        { gen_ai::PROVIDER } = engine,
        { gen_ai::MODEL } = model,
        { gen_ai::OUTPUT_TYPE } = gen_ai::SPEECH,
    )
}

/// Notes in a call's span what went wrong with it.
fn note(span: &Span, result: &Result<Speech, Failure>) {
    if let Err(failure) = result {
        span.record(span::ERROR_TYPE, failure.reason.as_str());
        span.record(span::STATUS, span::ERROR);
    }
}

impl Compute for Measured<dyn Compute> {
    fn voices(&self) -> Vec<Voice> {
        self.engine.voices()
    }

    fn ready(&self) -> Result<(), Failure> {
        self.engine.ready()
    }

    fn paid(&self) -> bool {
        self.engine.paid()
    }

    fn synthesize(&self, request: &SegmentRequest) -> Result<Speech, Failure> {
        let (mut call, span) = (self.begin(request), span_of(request, false));
        let result = span.in_scope(|| self.engine.synthesize(request));
        call.ended = Ended::of(&result);
        note(&span, &result);
        result
    }
}

#[async_trait]
impl SpeechEngine for Measured<dyn SpeechEngine> {
    fn voices(&self) -> Vec<Voice> {
        self.engine.voices()
    }

    async fn ready(&self) -> Result<(), Failure> {
        self.engine.ready().await
    }

    fn paid(&self) -> bool {
        self.engine.paid()
    }

    fn remote(&self) -> bool {
        self.engine.remote()
    }

    async fn synthesize(&self, request: &SegmentRequest, speaking: &Speaking<'_>) -> Result<Speech, Failure> {
        let (mut call, span) = (self.begin(request), span_of(request, self.engine.remote()));
        let result = self.engine.synthesize(request, speaking).instrument(span.clone()).await;
        call.ended = Ended::of(&result);
        note(&span, &result);
        result
    }
}

#[cfg(test)]
mod tests {
    use lectern_core::Kind;
    use opentelemetry::Value;
    use opentelemetry::trace::{SpanKind, TracerProvider as _};
    use opentelemetry_sdk::trace::{InMemorySpanExporter, SdkTracerProvider};
    use tracing_subscriber::layer::SubscriberExt as _;

    use super::*;
    use crate::engine::tone::{ToneEngine, VOICE};
    use crate::engine::{Speed, Usage};

    fn measured(tones: &Arc<ToneEngine>) -> Measured<dyn Compute> {
        let tones: Arc<dyn Compute> = Arc::clone(tones) as _;
        Measured::new(tones)
    }

    #[test]
    fn speech_is_work_for_so_much_audio_and_so_many_characters() {
        let usage = Usage { calls: 1, characters: 42 };
        let speech = Speech::whole(24_000, vec![0.0; 48_000], Vec::new(), usage);
        let ended = Ended::of(&Ok(speech.clone()));
        assert_eq!(ended, Ended { outcome: "ok", characters: 42, audio: Some(2.0) });
        assert_eq!(ended.factor(Duration::from_millis(500)), Some(0.25));
        let silent = Ended::of(&Ok(Speech { samples: Vec::new(), ..speech }));
        assert_eq!(silent.factor(Duration::from_millis(500)), None, "no number is better than an infinite one");
    }

    #[test]
    fn what_went_wrong_is_one_of_a_few_words() {
        for (reason, outcome) in [
            (Reason::EngineLimited, "limited"),
            (Reason::EngineUnavailable, "unavailable"),
            (Reason::VoiceNotInstalled, "failed"),
        ] {
            let ended = Ended::of(&Err(Failure::new(Kind::Unavailable, reason, "no")));
            assert_eq!((ended.outcome, ended.factor(Duration::from_secs(1))), (outcome, None));
        }
    }

    #[test]
    fn the_span_of_a_call_says_who_and_what_and_not_which_words() {
        let exporter = InMemorySpanExporter::default();
        let provider = SdkTracerProvider::builder().with_simple_exporter(exporter.clone()).build();
        let layer = tracing_opentelemetry::layer()
            .with_tracer(provider.tracer("test"))
            .with_location(false)
            .with_threads(false)
            .with_target(false)
            .with_tracked_inactivity(false);
        let measured = measured(&Arc::new(ToneEngine::new()));
        let request = SegmentRequest::new("A canary.", VOICE, Speed::NORMAL);
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
            measured.synthesize(&request).unwrap();
        });
        let spans = exporter.get_finished_spans().unwrap();
        let [span] = spans.as_slice() else { panic!("{spans:?}") };
        assert_eq!(span.name, format!("generate_content {}", short_of(VOICE)));
        assert_eq!(span.span_kind, SpanKind::Internal);
        let expected = [
            ("gen_ai.operation.name", "generate_content"),
            ("gen_ai.provider.name", engine_of(VOICE)),
            ("gen_ai.request.model", short_of(VOICE)),
            ("gen_ai.output.type", "speech"),
        ];
        let attributes: Vec<_> = span.attributes.iter().map(|pair| (pair.key.as_str(), pair.value.clone())).collect();
        assert_eq!(attributes, expected.map(|(name, value)| (name, Value::from(value))));
    }

    #[test]
    fn a_measured_engine_says_what_the_engine_says() {
        let tones = Arc::new(ToneEngine::new());
        let measured = measured(&tones);
        let request = SegmentRequest::new("Said.", VOICE, Speed::NORMAL);
        assert_eq!(measured.synthesize(&request), tones.synthesize(&request));
        assert_eq!(
            (measured.voices(), measured.voice(VOICE), measured.paid()),
            (tones.voices(), tones.voice(VOICE), false)
        );
        assert_eq!(tones.calls(), 2, "each once");
        assert!(measured.ready().is_ok());
    }
}
