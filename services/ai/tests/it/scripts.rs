//! Whole scripts by every wire: nothing that is sent is refused by a strict fake, and what comes
//! has the length that was ordered.

use lectern_ai::config::{WriterConfig, WriterKind};
use lectern_core::content::script::Style;
use lectern_runtime::Secret;
use lectern_testkit::models::{
    Copyist, Gemini, GeminiOptions, GoogleTokens, OpenAi, OpenAiOptions, Personality, SharedAuthor,
};

use crate::world::{deps, heard, script};

fn is_near(words: u32, target: u32) -> bool {
    words.abs_diff(target) * 10 <= target
}

fn gemini(fake: &Gemini, model: &str) -> WriterConfig {
    WriterConfig {
        kind: WriterKind::Gemini,
        url: fake.url(),
        model: model.to_owned(),
        key: Secret::new(Gemini::KEY),
        ..WriterConfig::default()
    }
}

#[tokio::test]
async fn gemini_by_a_key_writes_every_style() {
    let fake = Gemini::start(GeminiOptions {
        author: SharedAuthor::new(Copyist::with_percent(200)),
        ..GeminiOptions::default()
    });
    for style in [Style::Briefing, Style::Lesson, Style::Dialogue] {
        let config = gemini(&fake, "gemini-3.8-flash");
        let (plan, sections) = script(&config, &deps("", None), style, 500).await;
        assert!(is_near(heard(&sections), 500), "{style:?}: {}", heard(&sections));
        let (before, behind) = plan.engine.split_once("+settings/").unwrap();
        assert_eq!(before, "gemini/gemini-3.8-flash+prompts/1+checks/2");
        // Between them stands the digest of what is known of the model and of its server.
        assert_eq!(
            behind.split_once('+').map(|(digest, rules)| (digest.len(), rules)),
            Some((12, "speech-en/8+speech-de/2+speech-fr/2+speech-es/2"))
        );
    }
    assert!(fake.ledger().billed_calls() > 0);
}

#[tokio::test]
async fn gemini_of_every_generation_takes_what_its_row_says() {
    let fake = Gemini::start(GeminiOptions::default());
    for model in
        ["gemini-3.7-flash", "gemini-3.5-flash", "gemini-3.1-pro-preview", "gemini-4-argon", "gemini-4-hydrogen"]
    {
        let warm = WriterConfig { temperature: Some(1.0), ..gemini(&fake, model) };
        let (_, sections) = script(&warm, &deps("", None), Style::Briefing, 200).await;
        assert!(is_near(heard(&sections), 200), "{model}: {}", heard(&sections));
    }
}

#[tokio::test]
async fn gemini_of_a_project_writes_by_the_account_of_the_machine() {
    let tokens = GoogleTokens::start();
    let fake = Gemini::start(GeminiOptions { bearers: tokens.bearers(), ..GeminiOptions::default() });
    let config = WriterConfig {
        key: Secret::default(),
        project: Gemini::PROJECT.to_owned(),
        ..gemini(&fake, "gemini-3.8-flash")
    };
    let (_, sections) = script(&config, &deps("", Some(tokens.url())), Style::Briefing, 300).await;
    assert!(is_near(heard(&sections), 300), "{}", heard(&sections));
    assert!(tokens.issued() > 0);
}

#[tokio::test]
async fn gemini_unary_writes_too() {
    let fake = Gemini::start(GeminiOptions::default());
    let rows = r#"
        [[models]]
        provider = "gemini"
        id = "gemini-3.8-flash"
        context = 1048576
        output = 65536
        streams = false
        safety = "BLOCK_ONLY_HIGH"
        [[models.prices]]
        input = 2
        cached = 1
        output = 3
        source = "tests"
    "#;
    let config = gemini(&fake, "gemini-3.8-flash");
    let (_, sections) = script(&config, &deps(rows, None), Style::Briefing, 300).await;
    assert!(is_near(heard(&sections), 300), "{}", heard(&sections));
}

#[tokio::test]
async fn each_server_of_the_protocol_of_openai_writes_by_its_row() {
    for (personality, server) in [
        (Personality::OpenAi, "openai"),
        (Personality::Vllm, "vllm"),
        (Personality::Ollama, "ollama"),
        (Personality::LlamaCpp, "llama.cpp"),
        (Personality::Vllm, ""),
        (Personality::Ollama, ""),
        (Personality::LlamaCpp, ""),
    ] {
        let fake = OpenAi::start(OpenAiOptions {
            author: SharedAuthor::new(Copyist::with_percent(50)),
            ..OpenAiOptions::of(personality)
        });
        let rows = format!(
            "[[models]]\nprovider = \"openai\"\nid = \"{}\"\nserver = \"{server}\"\ncontext = 131072\noutput = 16384\n\
             [[models.prices]]\ninput = 2\ncached = 1\noutput = 3\nsource = \"tests\"",
            OpenAi::MODEL
        );
        let key = if personality == Personality::OpenAi { Secret::new(OpenAi::KEY) } else { Secret::default() };
        let config = WriterConfig {
            kind: WriterKind::OpenAi,
            url: fake.url(),
            model: OpenAi::MODEL.to_owned(),
            key,
            ..WriterConfig::default()
        };
        let (_, sections) = script(&config, &deps(&rows, None), Style::Dialogue, 400).await;
        assert!(is_near(heard(&sections), 400), "{personality:?} {server}: {}", heard(&sections));
    }
}
