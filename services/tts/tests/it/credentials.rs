//! Who we are at the providers: a key, an account of Google Cloud, and exactly one of both.

use std::time::Duration;

use lectern_core::Reason;
use lectern_provider::BudgetLimits;
use lectern_runtime::Secret;
use lectern_testkit::models::{
    Gemini, GeminiSpeech, GeminiSpeechOptions, GoogleSpeech, GoogleSpeechOptions, GoogleTokens, SpeechFault,
};
use lectern_tts::config::EngineConfig;

use crate::world::{Settings as _, World};

/// Settings without a key.
fn keyless(settings: EngineConfig) -> EngineConfig {
    EngineConfig { key: None, ..settings }
}

async fn world(settings: EngineConfig, tokens: &GoogleTokens) -> World {
    World::with(settings, Some(tokens.url()), BudgetLimits::default()).await
}

#[tokio::test]
async fn an_account_of_google_cloud_speaks_by_its_tokens() {
    let tokens = GoogleTokens::start();
    let options = GoogleSpeechOptions { bearers: tokens.bearers(), ..GoogleSpeechOptions::default() };
    let google = GoogleSpeech::start(options);
    let settings = EngineConfig { project: Some(Gemini::PROJECT.to_owned()), ..keyless(google.settings()) };
    let world_of_google = world(settings, &tokens).await;
    assert!(world_of_google.engine.ready().await.is_ok());
    assert!(world_of_google.speak(&World::request("en-US-Chirp3-HD-Kore", "One word.")).await.is_ok());

    let options = GeminiSpeechOptions { bearers: tokens.bearers(), ..GeminiSpeechOptions::default() };
    let gemini = GeminiSpeech::start(options);
    let settings = EngineConfig { project: Some(Gemini::PROJECT.to_owned()), ..keyless(gemini.settings()) };
    let world_of_gemini = world(settings, &tokens).await;
    assert!(world_of_gemini.engine.ready().await.is_ok());
    assert!(world_of_gemini.speak(&World::request("Kore", "One word.")).await.is_ok());
    let call = gemini.ledger().spoken().pop().unwrap();
    assert!(call.path.contains("/projects/lectern-test/locations/global/"), "{}", call.path);
    assert_eq!(call.body.get("store"), None, "the other host does not know it");
}

#[tokio::test]
async fn a_token_that_is_refused_is_made_anew_once() {
    let tokens = GoogleTokens::start();
    let options = GoogleSpeechOptions { bearers: tokens.bearers(), ..GoogleSpeechOptions::default() };
    let google = GoogleSpeech::start(options);
    let world = world(keyless(google.settings()), &tokens).await;
    let request = World::request("en-US-Chirp3-HD-Kore", "One word.");
    assert!(world.speak(&request).await.is_ok());
    tokens.revoke();
    // Credentials that are younger than ten minutes are not made anew.
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(601)).await;
    tokio::time::resume();
    assert!(world.speak(&request).await.is_ok(), "it signs in again");
    assert!(tokens.issued() >= 2);
    assert_eq!(world.spent().await.calls, 2, "it is one call, and paid for once");
    google.faults().set(SpeechFault::CredentialRefused, 1.0);
    assert_eq!(world.speak(&request).await.unwrap_err().reason, Reason::EngineCredentials);
}

#[tokio::test]
async fn a_key_that_nobody_takes_is_told_to_nobody() {
    let (google, gemini) =
        (GoogleSpeech::start(GoogleSpeechOptions::default()), GeminiSpeech::start(GeminiSpeechOptions::default()));
    for (settings, voice) in [(google.settings(), "en-US-Chirp3-HD-Kore"), (gemini.settings(), "Kore")] {
        let settings = EngineConfig { key: Some(Secret::new("nobody-takes-this")), ..settings };
        let world = World::new(settings).await;
        for refused in [
            world.engine.ready().await.unwrap_err(),
            world.speak(&World::request(voice, "One word.")).await.unwrap_err(),
        ] {
            assert_eq!(refused.reason, Reason::EngineCredentials, "{refused}");
            assert!(!refused.message.contains("nobody-takes"), "{refused}");
        }
        assert_eq!(world.spent().await.cost.get(), 0);
    }
}
