//! What a call of a model is to the cashier. The cashier itself is tested in libs/provider.

use std::collections::BTreeMap;
use std::sync::Arc;

use lectern_core::random::SeededRandom;
use lectern_core::{Clock, SystemClock};
use lectern_provider::{BudgetLimits, Place, Rates, Usage};
use lectern_runtime::Secret;
use lectern_store::Store;
use lectern_store::memory::MemoryStore;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::*;
use crate::config::WriterConfig;
use crate::model::{Completion, Finish, Prompt, Provider, Rows};

fn prompt() -> Prompt {
    Prompt {
        system: "s".repeat(100),
        user: "u".repeat(300),
        data: vec![],
        schema: json!({}),
        max_output_tokens: 1_000,
        seed: None,
    }
}

fn answer(usage: Usage, finish: Finish) -> Completion {
    Completion {
        text: "{}".to_owned(),
        finish,
        finish_raw: "STOP".to_owned(),
        usage,
        model_version: "gemini-3.8-flash".to_owned(),
        raw_usage: json!({}),
    }
}

const USED: Usage = Usage { input: 100, cached: 0, output: 40, thoughts: 10, characters: 0 };

#[tokio::test]
async fn a_call_can_use_its_bytes_and_all_that_may_be_thought_and_written() {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new(Arc::clone(&clock)));
    Cashier::migrate(&store).await.unwrap();
    let rates = Rates { requests: 0, tokens: 0, at_once: 100 };
    let terms = Terms { rates, account: "one".to_owned(), place: Place::Global };
    let terms = BTreeMap::from([("gemini".to_owned(), terms)]);
    let cashier = Cashier::with(terms, BudgetLimits::default(), &store, &clock, Arc::new(SeededRandom::new(3)));
    let row = Rows::built_in().unwrap().model(Provider::Gemini, "gemini-3.8-flash").unwrap();
    let (prompt, cancel) = (prompt(), CancellationToken::new());
    let call = Call { writer: "gemini", row: &row, prompt: &prompt, cancel: &cancel };
    let most = call.most();
    assert!(most.input >= 400 && most.output == 9_192, "{most:?}");

    let step = cashier.of_step(
        &"acme".parse().unwrap(),
        &"n1/1/plan/0".parse().unwrap(),
        BudgetLimits { month: None, narration: None },
    );
    let mut unknown = 0;
    for (answer, known) in [
        (answer(USED, Finish::Stop), true),
        (answer(USED, Finish::Length), true),
        (answer(USED, Finish::Repeating), false),
        (answer(Usage::default(), Finish::Stop), false),
    ] {
        let paid = Payments::begin(&step, &call).await.unwrap();
        step.end(paid, Ok(&answer)).await;
        unknown += u64::from(!known);
        let spent = cashier.spent(&"n1".parse().unwrap()).await.unwrap();
        assert_eq!(spent.unknown, unknown, "{answer:?}");
    }
}

#[test]
fn writers_have_the_limits_of_one_account_at_one_server_in_common() {
    let known = WriterConfig {
        url: "http://127.0.0.1:11434/v1".to_owned(),
        model: "m".to_owned(),
        key: Secret::new("the-key"),
        ..WriterConfig::default()
    };
    let account = |writer: &WriterConfig| terms_of(writer).account;
    let same = WriterConfig { temperature: Some(0.5), url: "http://127.0.0.1:11434/v2".to_owned(), ..known.clone() };
    assert_eq!(account(&known), account(&same));
    for other in [
        WriterConfig { url: "http://127.0.0.1:11435/v1".to_owned(), ..known.clone() },
        WriterConfig { key: Secret::new("another"), ..known.clone() },
        WriterConfig { project: "p".to_owned(), ..known.clone() },
        WriterConfig { key: Secret::default(), key_file: "/run/key".into(), ..known.clone() },
    ] {
        assert_ne!(account(&known), account(&other), "{other:?}");
    }
    assert!(!account(&known).contains("the-key"));
}

#[test]
fn a_model_in_a_region_has_the_prices_of_the_region() {
    for (project, location, place) in [
        ("p", "europe-west4", Place::Regional),
        ("p", "global", Place::Global),
        ("p", "", Place::Global),
        ("", "europe-west4", Place::Global),
    ] {
        let (project, location) = (project.to_owned(), location.to_owned());
        let writer = WriterConfig { project, location, ..WriterConfig::default() };
        assert_eq!(terms_of(&writer).place, place, "{writer:?}");
    }
}

#[test]
fn the_page_of_the_database_is_that_of_the_records() {
    use lectern_provider::{AttemptRecord, BudgetRecord, ShareRecord};
    use lectern_store::describe;
    let text =
        [describe::<AttemptRecord>(), describe::<BudgetRecord>(), describe::<ShareRecord>(), describe::<CallRecord>()]
            .concat();
    lectern_testkit::pages::check_part("reference/database.md", "ai", &text, "the_page_of_the_database");
}
