//! The cashier of the settings. Whole calls are tested against the fakes of their providers, in
//! `tests/it/payment.rs`.

use std::sync::Arc;

use lectern_core::clock::ManualClock;
use lectern_core::{Clock, Failure, Reason, Timestamp};
use lectern_provider::{BudgetLimits, CallEnd, Cashier, PaidCall, Usage};
use lectern_runtime::Secret;
use lectern_store::Store;
use lectern_store::memory::MemoryStore;
use tokio_util::sync::CancellationToken;

use super::*;
use crate::config::{Config, EngineConfig, EngineKind, GoogleConfig};
use crate::engine::google::GoogleTts;
use crate::engine::{SpeechEngine, VoicePrice};

/// 2026-11-29.
const TODAY: Timestamp = Timestamp(1_795_946_400_000);

fn config() -> Config {
    let google = EngineConfig {
        key: Some(Secret::new("a key")),
        voices: Some(vec!["en-US-Chirp3-HD-Kore".to_owned()]),
        ..EngineConfig::of(EngineKind::Google)
    };
    Config { engine: "tone".to_owned(), engines: [("g".to_owned(), google)].into(), ..Config::default() }
}

async fn opened(config: &Config) -> Result<Cashier, Failure> {
    let clock: Arc<dyn Clock> = Arc::new(ManualClock::at(TODAY));
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new(Arc::clone(&clock)));
    Cashier::migrate(&store).await?;
    cashier(config, &store, &clock)
}

fn chirp(config: &Config) -> Arc<dyn SpeechEngine> {
    let clock: Arc<dyn Clock> = Arc::new(ManualClock::at(TODAY));
    let remote = crate::app::remote(&clock).unwrap();
    Arc::new(GoogleTts::connect("g", &GoogleConfig::of(&config.engines["g"]), &remote).unwrap())
}

/// Pays for so many characters of an engine.
async fn paid(cashier: &Cashier, engine: &str, price: &VoicePrice, characters: u64) -> Result<(), Failure> {
    let cancel = CancellationToken::new();
    let step = cashier.of_step(&"acme".parse().unwrap(), &"n1/1/record/0".parse().unwrap(), BudgetLimits::default());
    let most = Usage { characters, ..Usage::default() };
    let call = PaidCall {
        engine,
        provider: &price.provider,
        model: &price.model,
        prices: &price.rows,
        most,
        probably: 0,
        cancel: &cancel,
    };
    let paid = step.pay(&call).await?;
    paid.end(CallEnd::Answered { usage: most, known: true, word: "", model_version: "" }).await;
    Ok(())
}

#[tokio::test]
async fn an_engine_that_is_paid_has_terms_and_others_have_none() {
    let config = config();
    let cashier = opened(&config).await.unwrap();
    let price = chirp(&config).voices().remove(0).price.unwrap();
    assert_eq!(paid(&cashier, "g", &price, 1_000).await, Ok(()));
    let spent = cashier.spent(&"n1".parse().unwrap()).await.unwrap();
    assert_eq!((spent.calls, spent.usage.characters, spent.cost.get()), (1, 1_000, 30_000));
    assert!(paid(&cashier, "tone", &price, 1).await.is_err(), "nobody pays for tones");
}

#[tokio::test]
async fn the_budget_is_that_of_the_settings() {
    let mut config = config();
    config.budget.narration_usd = Some(0.03);
    let cashier = opened(&config).await.unwrap();
    let price = chirp(&config).voices().remove(0).price.unwrap();
    assert_eq!(paid(&cashier, "g", &price, 900).await, Ok(()));
    let refused = paid(&cashier, "g", &price, 101).await.unwrap_err();
    assert_eq!(refused.reason, Reason::BudgetExhausted, "{refused}");
    config.budget.narration_usd = Some(-1.0);
    assert!(opened(&config).await.is_err(), "it is no amount");
}

#[tokio::test]
async fn the_prices_of_voices_are_watched() {
    let config = config();
    let cashier = opened(&config).await.unwrap();
    // Of tones there is nothing to watch.
    watch(&cashier, &[chirp(&config), crate::testing::on_a_core(&Arc::default())]);
}
