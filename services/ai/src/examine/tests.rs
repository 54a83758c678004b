//! Each check in a case in which it is well and in one in which it is not, against the fakes of the
//! providers.

use lectern_core::Timestamp;
use lectern_core::clock::ManualClock;
use lectern_runtime::Secret;
use lectern_testkit::models::{
    Gemini, GeminiOptions, GoogleTokens, ModelFault, OpenAi, OpenAiOptions, Personality, TokenFault,
};

use super::*;
use crate::config::WriterKind;

/// 2026-11-28.
const TODAY: Timestamp = Timestamp(1_795_824_000_000);

fn deps() -> Deps {
    app::deps(&Config::default(), &clock()).unwrap()
}

fn clock() -> Arc<dyn Clock> {
    Arc::new(ManualClock::at(TODAY))
}

fn gemini(fake: &Gemini) -> WriterConfig {
    WriterConfig {
        kind: WriterKind::Gemini,
        url: fake.url(),
        model: "gemini-3.8-flash".to_owned(),
        key: Secret::new(Gemini::KEY),
        ..WriterConfig::default()
    }
}

fn openai(fake: &OpenAi) -> WriterConfig {
    WriterConfig {
        url: fake.url(),
        model: OpenAi::MODEL.to_owned(),
        key: Secret::new(OpenAi::KEY),
        ..WriterConfig::default()
    }
}

async fn found(writer: WriterConfig, deps: &Deps) -> Vec<(&'static str, Verdict)> {
    let config = Config { writers: [("w".to_owned(), writer)].into(), ..Config::default() };
    all(&config, deps).await.into_iter().map(|finding| (finding.check, finding.verdict)).collect()
}

const WELL: [(&str, Verdict); 3] = [(KEY, Verdict::Ok), (MODEL, Verdict::Ok), (PROVIDER, Verdict::Ok)];

#[tokio::test]
async fn without_writers_there_is_nothing_to_say() {
    assert!(writers(&Config::default(), &clock()).await.is_empty());
}

#[tokio::test]
async fn a_writer_that_has_what_it_needs_is_well_and_costs_nothing() {
    let (google, other) =
        (Gemini::start(GeminiOptions::default()), OpenAi::start(OpenAiOptions::of(Personality::OpenAi)));
    assert_eq!(found(gemini(&google), &deps()).await, WELL);
    assert_eq!(found(openai(&other), &deps()).await, WELL);
    assert_eq!((google.ledger().billed_calls(), other.ledger().billed_calls()), (0, 0));
    let vllm = OpenAi::start(OpenAiOptions::of(Personality::Vllm));
    assert_eq!(found(WriterConfig { key: Secret::default(), ..openai(&vllm) }, &deps()).await, WELL);
}

#[tokio::test]
async fn a_key_that_is_not_there_is_broken_and_nobody_is_asked() {
    let fake = Gemini::start(GeminiOptions::default());
    let writer = WriterConfig { key: Secret::default(), key_file: "/nowhere/key".into(), ..gemini(&fake) };
    assert_eq!(found(writer, &deps()).await, [(KEY, Verdict::Broken), (MODEL, Verdict::Ok)]);
    assert!(fake.ledger().calls().is_empty());
}

#[tokio::test]
async fn a_key_that_the_provider_does_not_take_is_broken() {
    let (google, other) =
        (Gemini::start(GeminiOptions::default()), OpenAi::start(OpenAiOptions::of(Personality::OpenAi)));
    let refused = [(KEY, Verdict::Ok), (MODEL, Verdict::Ok), (PROVIDER, Verdict::Broken)];
    for writer in [gemini(&google), openai(&other)] {
        let writer = WriterConfig { key: Secret::new("nobody-takes-this"), ..writer };
        assert_eq!(found(writer.clone(), &deps()).await, refused);
        let finding = provider("w", &writer, &deps()).await;
        assert!(finding.advice.contains("key"), "{finding:?}");
        assert!(!format!("{finding:?}").contains("nobody-takes"), "the key is told to nobody");
    }
}

#[tokio::test]
async fn the_model_s_row_holds_today_and_for_a_while_or_is_told_of() {
    let deps = deps();
    let row = deps.rows.model(crate::model::Provider::Gemini, "gemini-3.8-flash").unwrap();
    let today = Day::of(TODAY);
    let verdict = |days: i64| {
        let row = ModelRow { last_day: Some(today.plus(days)), ..row.clone() };
        model("writers.w", &row, today).verdict
    };
    assert_eq!([-1, 0, 30, 31].map(verdict), [Verdict::Broken, Verdict::Warning, Verdict::Warning, Verdict::Ok]);
    let priced = |days: i64| {
        let mut row = row.clone();
        row.prices.truncate(1);
        row.prices[0].first_day = None;
        row.prices[0].last_day = Some(today.plus(days));
        model("writers.w", &row, today).verdict
    };
    assert_eq!([-1, 0, 30, 31].map(priced), [Verdict::Broken, Verdict::Warning, Verdict::Warning, Verdict::Ok]);
}

#[tokio::test]
async fn a_model_of_which_nothing_is_known_is_broken() {
    let fake = Gemini::start(GeminiOptions::default());
    let writer = WriterConfig { model: "gemini-9".to_owned(), ..gemini(&fake) };
    assert_eq!(found(writer, &deps()).await, [(KEY, Verdict::Ok), (MODEL, Verdict::Broken)]);
    let config = Config {
        models_file: "/nowhere/models.toml".into(),
        writers: [("w".to_owned(), gemini(&fake))].into(),
        ..Config::default()
    };
    let found = writers(&config, &clock()).await;
    assert_eq!((found.len(), found[0].verdict), (1, Verdict::Broken));
    assert!(found[0].advice.contains("models_file"), "{found:?}");
}

#[tokio::test]
async fn what_a_provider_says_decides_what_is_advised() {
    let fake = Gemini::start(GeminiOptions::default());
    let writer = gemini(&fake);
    for (fault, verdict, words) in [
        (ModelFault::Denied, Verdict::Broken, "account"),
        (ModelFault::PurseEmpty, Verdict::Broken, "fill up"),
        (ModelFault::QuotaOfDay, Verdict::Warning, "order less"),
        (ModelFault::Overloaded, Verdict::Broken, "writers.w.url"),
    ] {
        fake.faults().set(fault, 1.0);
        let finding = provider("w", &writer, &deps()).await;
        fake.faults().clear();
        assert_eq!(finding.verdict, verdict, "{fault:?}: {finding:?}");
        assert!(finding.advice.contains(words), "{fault:?}: {finding:?}");
    }
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let away = WriterConfig { url: format!("http://{closed}"), ..writer };
    let finding = provider("w", &away, &deps()).await;
    assert_eq!(finding.verdict, Verdict::Broken, "nobody listens there");
    assert!(finding.advice.contains("networkPolicy.writers"), "{finding:?}");
}

#[tokio::test]
async fn credentials_of_google_must_come() {
    let tokens = GoogleTokens::start();
    let options = GeminiOptions { bearers: tokens.bearers(), ..GeminiOptions::default() };
    let fake = Gemini::start(options);
    let writer = WriterConfig {
        key: Secret::default(),
        project: Gemini::PROJECT.to_owned(),
        location: "europe-west4".to_owned(),
        ..gemini(&fake)
    };
    let deps = Deps { metadata: Some(tokens.url()), ..deps() };
    assert_eq!(found(writer.clone(), &deps).await, WELL);
    for _ in 0..4 {
        tokens.queue(TokenFault::Forbidden);
    }
    assert_eq!(found(writer, &deps).await.last(), Some(&(PROVIDER, Verdict::Broken)), "no token came");
}
