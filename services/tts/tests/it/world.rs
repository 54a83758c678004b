//! Engines on fakes of their providers, a cashier over a store in memory, and a speaker.

use std::collections::BTreeMap;
use std::sync::Arc;

use lectern_core::clock::ManualClock;
use lectern_core::{Clock, Failure, Timestamp};
use lectern_fetch::{Outside, Roots};
use lectern_provider::{BudgetLimits, Cashier, Http, MicroUsd, Spent, StepPayments};
use lectern_runtime::Secret;
use lectern_store::Store;
use lectern_store::memory::MemoryStore;
use lectern_testkit::models::{Gemini, GeminiSpeech, GoogleSpeech, OpenAi, OpenAiSpeech, SpeechPersonality};
use lectern_tts::audio::segment::SegmentObject;
use lectern_tts::config::{Config, EngineConfig, EngineKind, GeminiConfig, GoogleConfig, OpenAiConfig};
use lectern_tts::engine::gemini::GeminiTts;
use lectern_tts::engine::google::GoogleTts;
use lectern_tts::engine::openai::OpenAiTts;
use lectern_tts::engine::remote::Remote;
use lectern_tts::engine::{SegmentRequest, Speaking, Speech, SpeechEngine, Speed, voice_id};
use lectern_tts::levels::Levels;
use lectern_tts::payments;
use lectern_tts::speaking::{Choice, Chosen, Speaker};
use tokio_util::sync::CancellationToken;

/// The engine's name in all of these tests.
pub const NAME: &str = "e";
/// 2026-11-29, ten o'clock.
const NOW: Timestamp = Timestamp(1_795_946_400_000);

/// Settings of an engine on a fake.
pub trait Settings {
    /// Them.
    fn settings(&self) -> EngineConfig;
}

impl Settings for GoogleSpeech {
    fn settings(&self) -> EngineConfig {
        let voices = ["en-US-Chirp3-HD-Kore", "en-US-Wavenet-C", "en-US-Neural2-C"].map(str::to_owned).to_vec();
        EngineConfig {
            url: Some(self.url()),
            key: Some(Secret::new(Gemini::KEY)),
            voices: Some(voices),
            ..EngineConfig::of(EngineKind::Google)
        }
    }
}

impl Settings for GeminiSpeech {
    fn settings(&self) -> EngineConfig {
        EngineConfig {
            url: Some(self.url()),
            key: Some(Secret::new(Gemini::KEY)),
            ..EngineConfig::of(EngineKind::Gemini)
        }
    }
}

impl Settings for OpenAiSpeech {
    fn settings(&self) -> EngineConfig {
        EngineConfig { url: Some(self.url()), ..EngineConfig::of(EngineKind::OpenAi) }
    }
}

/// The settings of a server with the habits of one.
pub fn of_personality(fake: &OpenAiSpeech, personality: SpeechPersonality) -> EngineConfig {
    let settings = fake.settings();
    let own = || Some(vec!["anna".to_owned()]);
    match personality {
        SpeechPersonality::OpenAi => EngineConfig {
            server: Some("openai".to_owned()),
            model: Some("gpt-4o-mini-tts".to_owned()),
            key: Some(Secret::new(OpenAi::KEY)),
            ..settings
        },
        SpeechPersonality::Kokoro => EngineConfig { server: Some("kokoro".to_owned()), ..settings },
        SpeechPersonality::LocalAi => EngineConfig {
            server: Some("localai".to_owned()),
            model: Some("speaks".to_owned()),
            voices: own(),
            ..settings
        },
        SpeechPersonality::VllmOmni => EngineConfig {
            server: Some("vllm-omni".to_owned()),
            model: Some("speaks".to_owned()),
            voices: own(),
            ..settings
        },
    }
}

/// One engine, and who pays for it.
pub struct World {
    pub engine: Arc<dyn SpeechEngine>,
    pub cashier: Cashier,
    pub cancel: CancellationToken,
    speaker: Speaker,
}

impl World {
    /// An engine of these settings.
    pub async fn new(settings: EngineConfig) -> Self {
        Self::with(settings, None, BudgetLimits::default()).await
    }

    /// The same, with a metadata server of Google Cloud, and what may be spent.
    pub async fn with(settings: EngineConfig, metadata: Option<String>, budget: BudgetLimits) -> Self {
        let clock: Arc<dyn Clock> = Arc::new(ManualClock::at(NOW));
        let store: Arc<dyn Store> = Arc::new(MemoryStore::new(Arc::clone(&clock)));
        Cashier::migrate(&store).await.unwrap();
        Levels::migrate(&store).await.unwrap();
        let engines = BTreeMap::from([(NAME.to_owned(), settings.clone())]);
        let mut config = Config { engine: NAME.to_owned(), engines, ..Config::default() };
        let usd = |amount: Option<MicroUsd>| amount.map(|amount| amount.get() as f64 / 1_000_000.0);
        config.budget.tenant_month_usd = usd(budget.month);
        config.budget.narration_usd = usd(budget.narration);
        config.check().unwrap();
        let cashier = payments::cashier(&config, &store, &clock).unwrap();
        let http = Http::new(Outside::system(), Roots::public()).unwrap();
        let remote = Remote { http, clock, metadata };
        let engine = connect(&settings, &remote).unwrap();
        let speaker = Speaker::new(Levels::new(store));
        Self { engine, cashier, cancel: CancellationToken::new(), speaker }
    }

    /// A request to speak by a voice, as its provider calls it.
    pub fn request(voice: &str, text: &str) -> SegmentRequest {
        SegmentRequest::new(text, voice_id(NAME, voice), Speed::NORMAL)
    }

    pub fn payments(&self) -> StepPayments {
        let step = "n1/1/record/0".parse().unwrap();
        self.cashier.of_step(&"acme".parse().unwrap(), &step, BudgetLimits::default())
    }

    /// One attempt.
    pub async fn once(&self, request: &SegmentRequest) -> Result<Speech, Failure> {
        let payments = self.payments();
        let speaking = Speaking { rank: 0, cancel: &self.cancel, payments: &payments };
        self.engine.synthesize(request, &speaking).await
    }

    /// As many as it takes.
    pub async fn speak(&self, request: &SegmentRequest) -> Result<SegmentObject, Failure> {
        let payments = self.payments();
        let speaking = Speaking { rank: 0, cancel: &self.cancel, payments: &payments };
        let voice = self.engine.voice(&request.voice).unwrap();
        let choice = Choice::only(Chosen { voice, engine: Arc::clone(&self.engine) });
        self.speaker.speak(request, &choice, &speaking).await
    }

    pub async fn spent(&self) -> Spent {
        self.cashier.spent(&"n1".parse().unwrap()).await.unwrap()
    }
}

/// The engine of these settings, or what is wrong with them.
pub fn connect(settings: &EngineConfig, remote: &Remote) -> Result<Arc<dyn SpeechEngine>, Failure> {
    let engine: Arc<dyn SpeechEngine> = match settings.kind {
        EngineKind::Google => Arc::new(GoogleTts::connect(NAME, &GoogleConfig::of(settings), remote)?),
        EngineKind::Gemini => Arc::new(GeminiTts::connect(NAME, &GeminiConfig::of(settings), remote)?),
        EngineKind::OpenAi => Arc::new(OpenAiTts::connect(NAME, &OpenAiConfig::of(settings), remote)?),
        EngineKind::Local
        | EngineKind::Kokoro
        | EngineKind::Tone
        | EngineKind::Scripted
        | EngineKind::Espeak
        | EngineKind::Pico => {
            panic!("it is no engine of others")
        }
    };
    Ok(engine)
}
