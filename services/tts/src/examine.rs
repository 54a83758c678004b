//! Looks for `doctor` at the engines of the settings, and at who listens to them: whether each has
//! what it needs. Nothing that is asked here costs anything.

mod remote;

use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use lectern_core::{Clock, Failure, Finding};

use crate::config::{Config, EngineConfig, EngineKind, table};
use crate::engine::kokoro::KokoroDir;
use crate::engine::local::VoiceDir;
use crate::engine::process::Program;
use crate::engine::program::{ProgramEngine, Protocol};
use crate::engine::transcription::ProgramTranscriber;
use crate::engine::{SegmentRequest, Speaking, SpeechEngine as _, Speed, Unpaid, espeak, pico, voice_id};

const ENGINE: &str = "engine";
const TRANSCRIPTION: &str = "transcription";

/// How long a program may take to say a word.
const ANSWER_WITHIN: Duration = Duration::from_secs(20);

/// What is found of the engines of the settings, in their order, and of who listens to them.
pub async fn engines(config: &Config, clock: &Arc<dyn Clock>) -> Vec<Finding> {
    match config.check().and_then(|()| config.list()) {
        Ok(engines) => {
            let found = join_all(engines.iter().map(|(name, engine)| one(name, engine, config, clock))).await;
            found.concat().into_iter().chain(transcription(config).await).collect()
        }
        Err(failure) => vec![wrong_setting(ENGINE, failure)],
    }
}

fn wrong_setting(check: &'static str, failure: Failure) -> Finding {
    let advice = format!("mend {} (docs/infrastructure.md)", failure.field.as_deref().unwrap_or("a setting"));
    Finding::broken(check, failure.message, advice)
}

/// The same without local voices, for who looks at their files himself.
pub async fn beside_local(config: &Config, clock: &Arc<dyn Clock>) -> Vec<Finding> {
    let Ok(engines) = config.list() else { return Vec::new() };
    let others = engines.iter().filter(|(_, engine)| engine.kind != EngineKind::Local);
    let found = join_all(others.map(|(name, engine)| one(name, engine, config, clock))).await;
    found.concat().into_iter().chain(transcription(config).await).collect()
}

/// Whether who listens to what was spoken could do so; none where nobody does. Speech passes
/// without him, so nothing is broken.
async fn transcription(config: &Config) -> Option<Finding> {
    let program = config.transcription.program.display();
    let transcriber = ProgramTranscriber::new(&config.transcription)?;
    Some(match transcriber.ready().await {
        Ok(()) => Finding::ok(TRANSCRIPTION, format!("{program} listens")),
        Err(failure) => {
            let found = format!("nobody listens to speech, which passes unheard: {}", failure.message);
            Finding::warning(TRANSCRIPTION, found, "mend transcription.* (docs/voices.md)")
        }
    })
}

async fn one(name: &str, engine: &EngineConfig, config: &Config, clock: &Arc<dyn Clock>) -> Vec<Finding> {
    match engine.kind {
        EngineKind::Local => vec![VoiceDir::new(engine.voice_dir(config)).examine()],
        EngineKind::Kokoro => vec![KokoroDir::new(engine.voice_dir(config)).examine()],
        EngineKind::Tone | EngineKind::Scripted => Vec::new(),
        EngineKind::Espeak => vec![program(name, engine, espeak::PACKAGE, &espeak::PROTOCOL, "en-us").await],
        EngineKind::Pico => vec![program(name, engine, pico::PACKAGE, &pico::PROTOCOL, "en-us").await],
        EngineKind::Google | EngineKind::Gemini | EngineKind::OpenAi => remote::engine(name, engine, clock).await,
    }
}

/// Whether a program is there, and says a word by the voice of that name.
async fn program(
    name: &str,
    engine: &EngineConfig,
    package: &'static str,
    protocol: &'static Protocol,
    voice: &str,
) -> Finding {
    let said = tokio::time::timeout(ANSWER_WITHIN, say(name, engine, package, protocol, voice)).await;
    let broken = |found: String| {
        let advice = format!("install {package}, or name another program in {}.program", table(name));
        Finding::broken(ENGINE, found, advice)
    };
    match said {
        Ok(Ok(version)) => Finding::ok(ENGINE, format!("{name} speaks, by release {version}")),
        Ok(Err(failure)) => broken(format!("{name}: {}", failure.message)),
        Err(_) => broken(format!("{name} says nothing within {} s", ANSWER_WITHIN.as_secs())),
    }
}

async fn say(
    name: &str,
    engine: &EngineConfig,
    package: &'static str,
    protocol: &'static Protocol,
    voice: &str,
) -> Result<String, Failure> {
    let engine = ProgramEngine::find(name, Program::new(engine.program(), package), protocol).await?;
    let version = engine.version().await?;
    let cancel = tokio_util::sync::CancellationToken::new();
    let speaking = Speaking { rank: 0, cancel: &cancel, payments: &Unpaid };
    engine.synthesize(&SegmentRequest::new("Hello.", voice_id(name, voice), Speed::NORMAL), &speaking).await?;
    Ok(version)
}

#[cfg(test)]
mod tests {
    use lectern_core::{SystemClock, Verdict};

    use super::*;
    use crate::config::TranscriptionConfig;

    async fn found(config: &Config) -> Vec<Finding> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        engines(config, &clock).await
    }

    #[tokio::test]
    async fn who_listens_is_looked_at_where_a_program_is_named() {
        let tone = Config { engine: "tone".to_owned(), ..Config::default() };
        let listening = |program: &str, script: &str| {
            let arguments = vec!["-c".to_owned(), script.to_owned()];
            let transcription =
                TranscriptionConfig { program: program.into(), arguments, ..tone.transcription.clone() };
            Config { transcription, ..tone.clone() }
        };
        for (config, verdict) in [
            (listening("/bin/sh", "cat > /dev/null"), Verdict::Ok),
            (listening("/bin/sh", "exit 2"), Verdict::Warning),
            (listening("/nowhere/whisper", ""), Verdict::Warning),
        ] {
            let clock: Arc<dyn Clock> = Arc::new(SystemClock);
            for found in [engines(&config, &clock).await, beside_local(&config, &clock).await] {
                let verdicts: Vec<Verdict> = found.iter().map(|finding| finding.verdict).collect();
                assert_eq!(verdicts, [verdict], "{found:?}");
                assert_eq!(found[0].check, TRANSCRIPTION);
            }
        }
    }

    #[tokio::test]
    async fn each_engine_is_looked_at_with_what_it_needs() {
        let tone = Config { engine: "tone".to_owned(), ..Config::default() };
        assert!(found(&tone).await.is_empty(), "tones need nothing");
        let missing =
            EngineConfig { program: Some("/nowhere/espeak-ng".into()), ..EngineConfig::of(EngineKind::Espeak) };
        let local = EngineConfig { voice_dir: Some("/nowhere/voice".into()), ..EngineConfig::of(EngineKind::Local) };
        let engines = [("german".to_owned(), missing), ("mine".to_owned(), local)];
        let found_of_both = found(&Config { engines: engines.into(), ..tone.clone() }).await;
        let verdicts: Vec<Verdict> = found_of_both.iter().map(|finding| finding.verdict).collect();
        assert_eq!(verdicts, [Verdict::Broken, Verdict::Broken], "{found_of_both:?}");
        assert!(found_of_both[0].found.contains("german"), "{found_of_both:?}");
        assert!(found_of_both[0].advice.contains("engines.german.program"), "{found_of_both:?}");

        let wrong = Config { engine: "nobody".to_owned(), ..Config::default() };
        let found_of_none = found(&wrong).await;
        assert_eq!((found_of_none.len(), found_of_none[0].verdict), (1, Verdict::Broken));
        assert!(found_of_none[0].advice.contains("engine"), "{found_of_none:?}");
    }
}
