//! Looks at an engine whose voices somebody else's server speaks with: whether it has a key, for
//! how long its voices are served and have a price, and whether its provider answers.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use lectern_core::{Clock, Failure, Finding, Reason};
use lectern_provider::{Access, Day, days_left};

use super::{ENGINE, wrong_setting};
use crate::app;
use crate::config::{EngineConfig, EngineKind, GeminiConfig, GoogleConfig, OpenAiConfig, table};
use crate::engine::remote::Remote;
use crate::engine::{SpeechEngine, VoicePrice, gemini, google, openai};

pub(super) const KEY: &str = "engine key";
pub(super) const MODEL: &str = "engine model";
pub(super) const PROVIDER: &str = "engine provider";

/// How long a provider may take to answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);
/// A price that ends sooner than this is of concern, in days, as the end of a model is.
const SOON: i64 = 30;

/// What is found of the engine `name`.
pub(super) async fn engine(name: &str, settings: &EngineConfig, clock: &Arc<dyn Clock>) -> Vec<Finding> {
    match app::remote(clock) {
        Ok(remote) => all(name, settings, &remote).await,
        Err(failure) => vec![wrong_setting(ENGINE, failure)],
    }
}

/// The same, by these connections.
pub(super) async fn all(name: &str, settings: &EngineConfig, remote: &Remote) -> Vec<Finding> {
    let today = Day::of(remote.clock.now());
    let key = match settings.kind {
        EngineKind::Google => key(name, &GoogleConfig::of(settings).access(), true),
        EngineKind::Gemini => key(name, &GeminiConfig::of(settings).access(), true),
        EngineKind::OpenAi => key(name, &OpenAiConfig::of(settings).access(), false),
        EngineKind::Local
        | EngineKind::Kokoro
        | EngineKind::Tone
        | EngineKind::Scripted
        | EngineKind::Espeak
        | EngineKind::Pico => {
            return Vec::new();
        }
    };
    let key = match key {
        Ok(key) => key,
        // Without it nobody is asked.
        Err(broken) => return vec![broken],
    };
    let engine = match app::elsewhere(name, settings, remote) {
        Ok(engine) => engine,
        Err(failure) => return vec![key, wrong_setting(ENGINE, failure)],
    };
    vec![key, model(name, settings, engine.as_ref(), today), provider(name, engine.as_ref()).await]
}

/// Whether the key is there and can be read. It is not told.
fn key(name: &str, access: &Access<'_>, of_google: bool) -> Result<Finding, Finding> {
    let table = table(name);
    match access.api_key(&table) {
        Ok(Some(_)) => Ok(Finding::ok(KEY, format!("{table} has an API key"))),
        Ok(None) if of_google => {
            Ok(Finding::ok(KEY, format!("{table} calls by the application default credentials of Google Cloud")))
        }
        Ok(None) => Ok(Finding::ok(KEY, format!("{table} calls without a key"))),
        Err(failure) => Err(wrong_setting(KEY, failure)),
    }
}

/// Whether the voices are served, and have a price, today and for a while.
fn model(name: &str, settings: &EngineConfig, engine: &dyn SpeechEngine, today: Day) -> Finding {
    let ends = match settings.kind {
        EngineKind::Google => google::ends(name, &GoogleConfig::of(settings), today),
        EngineKind::Gemini => gemini::ends(name, &GeminiConfig::of(settings), today),
        EngineKind::OpenAi => openai::ends(name, &OpenAiConfig::of(settings), today),
        EngineKind::Local
        | EngineKind::Kokoro
        | EngineKind::Tone
        | EngineKind::Scripted
        | EngineKind::Espeak
        | EngineKind::Pico => Ok(Vec::new()),
    };
    let table = table(name);
    match ends.as_deref() {
        Ok([]) => {}
        Ok([first, ..]) => {
            let advice = format!("name others in {table}, or give them a newer row in rows_file");
            return Finding::warning(MODEL, first.clone(), advice);
        }
        Err(failure) => return wrong_setting(MODEL, failure.clone()),
    }
    let voices = engine.voices();
    let prices: BTreeMap<&str, &VoicePrice> =
        voices.iter().filter_map(|voice| voice.price.as_ref()).map(|price| (price.model.as_str(), price)).collect();
    let left = |price: &VoicePrice| days_left(&price.rows, today);
    let soonest = prices.values().filter_map(|price| left(price).map(|days| (days, price.model.as_str()))).min();
    let advice = format!("give it the price that holds then in {table}.rows_file (docs/payments.md)");
    match soonest {
        Some((days, id)) if days < 0 => {
            Finding::broken(MODEL, format!("there is no price of {id} today, so nothing is bought"), advice)
        }
        Some((days, id)) if days <= SOON => {
            Finding::warning(MODEL, format!("the price of {id} ends in {days} days"), advice)
        }
        Some(_) | None => Finding::ok(MODEL, format!("{table}: its {} voices do not end soon", voices.len())),
    }
}

/// Whether the provider answers, and takes who we are.
async fn provider(name: &str, engine: &dyn SpeechEngine) -> Finding {
    match tokio::time::timeout(ANSWER_WITHIN, engine.ready()).await {
        Ok(Ok(())) => Finding::ok(PROVIDER, format!("{name} answers")),
        Ok(Err(failure)) => unready(name, failure),
        Err(_) => {
            let found = format!("{name}: nobody answers within {} s", ANSWER_WITHIN.as_secs());
            Finding::broken(PROVIDER, found, reach(name))
        }
    }
}

fn reach(name: &str) -> String {
    format!("see that {}.url is right, and that it can be reached from here", table(name))
}

fn unready(name: &str, failure: Failure) -> Finding {
    let reason = failure.reason;
    let found = failure.message;
    if reason == Reason::EngineLimited {
        let advice = "order less at once, or ask the provider for more; its steps wait meanwhile";
        return Finding::warning(PROVIDER, found, advice);
    }
    let advice = if reason == Reason::EngineCredentials {
        "give it a key that the provider takes, or let its account speak (docs/voices.md, Keys)".to_owned()
    } else if reason == Reason::EngineBudget {
        "fill up the account at the provider, or raise its limit of spending".to_owned()
    } else if reason == Reason::EngineRefused {
        format!("name what is served there in {}: its model, its voices", table(name))
    } else {
        reach(name)
    };
    Finding::broken(PROVIDER, found, advice)
}

#[cfg(test)]
mod tests {
    use lectern_core::clock::ManualClock;
    use lectern_core::{Timestamp, Verdict};
    use lectern_runtime::Secret;
    use lectern_testkit::models::{
        Gemini, GeminiSpeech, GeminiSpeechOptions, GoogleSpeech, GoogleSpeechOptions, OpenAiSpeech,
        OpenAiSpeechOptions, SpeechFault, SpeechPersonality,
    };

    use super::*;

    /// 2026-11-29.
    const TODAY: Timestamp = Timestamp(1_795_946_400_000);

    fn google(fake: &GoogleSpeech) -> EngineConfig {
        EngineConfig {
            url: Some(fake.url()),
            key: Some(Secret::new(Gemini::KEY)),
            voices: Some(vec!["en-US-Chirp3-HD-Kore".to_owned()]),
            ..EngineConfig::of(EngineKind::Google)
        }
    }

    async fn found(settings: &EngineConfig, now: Timestamp) -> Vec<Finding> {
        let clock: Arc<dyn Clock> = Arc::new(ManualClock::at(now));
        engine("e", settings, &clock).await
    }

    async fn verdicts(settings: &EngineConfig) -> Vec<(&'static str, Verdict)> {
        found(settings, TODAY).await.into_iter().map(|finding| (finding.check, finding.verdict)).collect()
    }

    const WELL: [(&str, Verdict); 3] = [(KEY, Verdict::Ok), (MODEL, Verdict::Ok), (PROVIDER, Verdict::Ok)];

    #[tokio::test]
    async fn an_engine_that_has_what_it_needs_is_well_and_costs_nothing() {
        let fake = GoogleSpeech::start(GoogleSpeechOptions::default());
        assert_eq!(verdicts(&google(&fake)).await, WELL);
        let gemini = GeminiSpeech::start(GeminiSpeechOptions::default());
        let settings = EngineConfig {
            url: Some(gemini.url()),
            key: Some(Secret::new(Gemini::KEY)),
            model: Some("gemini-2.5-flash-tts".to_owned()),
            ..EngineConfig::of(EngineKind::Gemini)
        };
        assert_eq!(verdicts(&settings).await, WELL);
        let kokoro = OpenAiSpeech::start(OpenAiSpeechOptions::of(SpeechPersonality::Kokoro));
        let settings = EngineConfig {
            url: Some(kokoro.url()),
            server: Some("kokoro".to_owned()),
            ..EngineConfig::of(EngineKind::OpenAi)
        };
        assert_eq!(verdicts(&settings).await, WELL);
        let billed = [fake.ledger(), gemini.ledger(), kokoro.ledger()].map(|ledger| ledger.billed_calls());
        assert_eq!(billed, [0, 0, 0]);
    }

    #[tokio::test]
    async fn what_is_not_well_says_what_to_do() {
        let fake = GoogleSpeech::start(GoogleSpeechOptions::default());
        let missing = EngineConfig { key: None, key_file: Some("/nowhere/key".into()), ..google(&fake) };
        assert_eq!(verdicts(&missing).await, [(KEY, Verdict::Broken)]);
        assert!(fake.ledger().calls().is_empty(), "nobody is asked");
        let refused = EngineConfig { key: Some(Secret::new("nobody-takes-this")), ..google(&fake) };
        let findings = found(&refused, TODAY).await;
        assert_eq!(findings[2].verdict, Verdict::Broken);
        assert!(
            findings[2].advice.contains("key") && !format!("{findings:?}").contains("nobody-takes"),
            "{findings:?}"
        );
        fake.faults().queue(SpeechFault::QuotaOfMinute);
        assert_eq!(found(&google(&fake), TODAY).await[2].verdict, Verdict::Warning);
        fake.withdraw("en-US-Chirp3-HD-Kore");
        let withdrawn = found(&google(&fake), TODAY).await;
        assert!(withdrawn[2].advice.contains("engines.e"), "{withdrawn:?}");
        drop(fake);
    }

    #[tokio::test]
    async fn a_model_that_ends_soon_is_told_of() {
        let fake = OpenAiSpeech::start(OpenAiSpeechOptions::of(SpeechPersonality::OpenAi));
        let settings = EngineConfig {
            url: Some(fake.url()),
            server: Some("openai".to_owned()),
            model: Some("tts-1".to_owned()),
            key: Some(Secret::new(lectern_testkit::models::OpenAi::KEY)),
            ..EngineConfig::of(EngineKind::OpenAi)
        };
        assert_eq!(verdicts(&settings).await, WELL);
        // 2026-12-20: its last day is 2027-01-06.
        let december = found(&settings, Timestamp(1_797_760_800_000)).await;
        assert_eq!(december[1].verdict, Verdict::Warning);
        assert!(december[1].found.contains("2027-01-06"), "{december:?}");
    }
}
