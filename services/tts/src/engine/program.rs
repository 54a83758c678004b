//! Voices of programs that an operator installed: what those of one program are called, what it is
//! asked, and how its answer is read, is its [`Protocol`]. Each call is a process of its own
//! ([`super::process`]).

use async_trait::async_trait;
use lectern_core::{Failure, Kind, Reason};
use parking_lot::Mutex;
use serde::Deserialize;

use super::process::Program;
use super::request::check_words;
use super::wav::NotAudio;
use super::{
    Capabilities, Lately, SegmentRequest, Speaking, Speech, SpeechEngine, Speed, Usage, Voice, WordTimes, voice_id,
};

/// What stands for the version of a program that nobody has found.
const NOT_FOUND: &str = "none";

/// A sample rate, and samples of it.
type Sound = (u32, Vec<f32>);

/// What one program is asked, and how it answers.
#[derive(Debug)]
pub struct Protocol {
    /// Its voices, as rows of TOML.
    pub rows: &'static str,
    /// Samples a second that it speaks with.
    pub sample_rate: u32,
    /// Grows when its adapter makes other samples of the same text.
    pub code_version: u32,
    /// What it is asked for its version.
    pub look: &'static [&'static str],
    /// Its version, out of what it answers to that.
    pub version: fn(&str) -> Option<String>,
    /// What it is asked to speak a text with, which it reads from standard input.
    pub speak: fn(asked_for: &str, speed: Speed) -> Vec<String>,
    /// The text without what it would take for anything but words.
    pub plain: fn(&str) -> String,
    /// The sample rate and the samples of its answer.
    pub read: fn(&[u8]) -> Result<Sound, NotAudio>,
}

/// A voice of a program.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    id: String,
    name: String,
    language: String,
    asked_for: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Rows {
    voices: Vec<Row>,
}

/// The voices of one program.
#[derive(Debug)]
pub struct ProgramEngine {
    name: String,
    program: Program,
    protocol: &'static Protocol,
    rows: Vec<Row>,
    lately: Lately<String>,
    /// The version that was found last: a voice of it is not the same in another release.
    found: Mutex<Option<String>>,
}

impl ProgramEngine {
    /// The voices of `program` under the name `name`, once it was looked whether it is there. One
    /// that is installed later is found without a restart.
    ///
    /// # Errors
    /// `INTERNAL` where the rows cannot be read, which a test rules out.
    pub async fn find(name: &str, program: Program, protocol: &'static Protocol) -> Result<Self, Failure> {
        let rows: Rows = toml::from_str(protocol.rows)
            .map_err(|error| Failure::internal(format!("the voices of {name} cannot be read: {error}")))?;
        let (lately, found) = (Lately::default(), Mutex::new(None));
        let engine = Self { name: name.to_owned(), program, protocol, rows: rows.voices, lately, found };
        if let Err(failure) = engine.ready().await {
            tracing::warn!(engine = name, %failure, "its voices cannot be used yet");
        }
        Ok(engine)
    }

    /// The version of the program.
    ///
    /// # Errors
    /// `VOICE_NOT_INSTALLED`.
    pub async fn version(&self) -> Result<String, Failure> {
        self.lately.or_look(self.look()).await
    }

    async fn look(&self) -> Result<String, Failure> {
        let unfit = |message: String| Failure::new(Kind::FailedPrecondition, Reason::VoiceNotInstalled, message);
        let version = match self.program.look(self.protocol.look).await {
            Ok(said) => (self.protocol.version)(&said).ok_or_else(|| {
                let program = self.program.path().display();
                unfit(format!("{program} does not say its version; name another program for this engine"))
            }),
            // One that is there and does not say its version lacks what it needs.
            Err(failure) if failure.reason == Reason::EngineUnavailable => Err(unfit(failure.message)),
            Err(failure) => Err(failure),
        };
        // While it cannot be started it is still the one that it was.
        if let Ok(version) = &version {
            *self.found.lock() = Some(version.clone());
        }
        version
    }

    /// Refuses to speak by another release than the one that the voices have named so far: what it
    /// says would be kept as that one's.
    async fn check_release(&self) -> Result<(), Failure> {
        let named = self.found.lock().clone();
        let version = self.version().await?;
        match named {
            Some(named) if named != version => {
                let program = self.program.path().display();
                Err(Failure::internal(format!("{program} was {named} and is {version} now; it is tried again")))
            }
            Some(_) | None => Ok(()),
        }
    }

    fn voice_of(&self, row: &Row) -> Voice {
        let found = self.found.lock().clone();
        let found = found.as_deref().unwrap_or(NOT_FOUND);
        Voice {
            id: voice_id(&self.name, &row.id),
            name: row.name.clone(),
            languages: vec![row.language.clone()],
            sample_rate: self.protocol.sample_rate,
            version: format!("{}.{found}", self.protocol.code_version),
            gain_db: None,
            capabilities: Capabilities { word_times: WordTimes::None, ..Capabilities::default() },
            price: None,
        }
    }
}

#[async_trait]
impl SpeechEngine for ProgramEngine {
    fn voices(&self) -> Vec<Voice> {
        self.rows.iter().map(|row| self.voice_of(row)).collect()
    }

    async fn ready(&self) -> Result<(), Failure> {
        self.version().await.map(drop)
    }

    async fn synthesize(&self, request: &SegmentRequest, speaking: &Speaking<'_>) -> Result<Speech, Failure> {
        speaking.check()?;
        let row = self.rows.iter().find(|row| voice_id(&self.name, &row.id) == request.voice);
        let Some(row) = row else {
            return self.voice(&request.voice).and(Err(Failure::internal("a voice without a row")));
        };
        let text = (self.protocol.plain)(&request.text);
        check_words(&text)?;
        self.check_release().await?;
        let arguments = (self.protocol.speak)(&row.asked_for, request.speed);
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let answer = self.program.run(&arguments, text.as_bytes()).await?;
        if answer.is_empty() {
            let message = format!("{} gave no audio; reword the sentence, or choose another voice", request.voice);
            return Err(Failure::new(Kind::FailedPrecondition, Reason::SpeechRejected, message));
        }
        let (sample_rate, samples) = (self.protocol.read)(&answer).map_err(|error| {
            let program = self.program.path().display();
            let message = format!("what {program} gave is no audio: {error}; see that it is whole");
            Failure::new(Kind::Internal, Reason::EngineUnavailable, message)
        })?;
        Ok(Speech::whole(sample_rate, samples, Vec::new(), Usage::one(request.characters())))
    }
}

/// The first number with points in what a program says of itself: its release, as it may stand in a
/// pin.
pub(super) fn release(said: &str) -> Option<String> {
    let numbers = said.split(|c: char| !c.is_ascii_alphanumeric() && c != '.' && c != '-');
    let mut releases = numbers.filter(|word| word.starts_with(|c: char| c.is_ascii_digit()));
    releases.next().map(|word| word.trim_end_matches(['.', '-']).chars().take(40).collect())
}

#[cfg(test)]
mod tests {
    use tokio_util::sync::CancellationToken;

    use super::*;
    use crate::engine::wav::pcm;
    use crate::engine::{Unpaid, espeak, pico, verify};

    /// A shell that says at 16 kHz what it is told: one sample a byte of the text.
    static SHELL: Protocol = Protocol {
        rows: "voices = [{ id = \"one\", name = \"One\", language = \"de\", asked_for = \"x\" }]",
        sample_rate: 16_000,
        code_version: 7,
        look: &["-c", "echo shell 5.1-alpha of today"],
        version: release,
        speak: |_, speed| vec!["-c".to_owned(), format!("cat; printf '%s' {:02}", speed.hundredths() / 10)],
        plain: |text| text.replace('<', " "),
        read: |bytes| pcm(bytes).map(|samples| (16_000, samples)),
    };

    async fn engine(program: &str) -> ProgramEngine {
        ProgramEngine::find("mine", Program::new(program, "a shell"), &SHELL).await.unwrap()
    }

    async fn say(engine: &ProgramEngine, voice: &str, text: &str) -> Result<Speech, Failure> {
        let cancel = CancellationToken::new();
        let speaking = Speaking { rank: 0, cancel: &cancel, payments: &Unpaid };
        engine.synthesize(&SegmentRequest::new(text, voice, Speed::NORMAL), &speaking).await
    }

    #[tokio::test]
    async fn a_program_is_asked_by_its_protocol() {
        let engine = engine("/bin/sh").await;
        let voice = engine.voices().remove(0);
        assert_eq!(voice.pinned(), "engines/mine/voices/one@7.5.1-alpha");
        assert_eq!((voice.gain_db, voice.capabilities.word_times), (None, WordTimes::None));
        let speech = say(&engine, &voice.id, "<ab>").await.unwrap();
        assert_eq!((speech.samples.len(), speech.usage.characters), (3, 4), "four bytes, and two of the speed");
        assert_eq!(speech.samples[0], f32::from(i16::from_le_bytes(*b" a")) / 32_768.0);
        for (voice, text, reason) in [
            ("engines/mine/voices/two", "ab", Reason::VoiceUnknown),
            (voice.id.as_str(), "?!", Reason::InvalidField),
            (voice.id.as_str(), "abc", Reason::EngineUnavailable),
        ] {
            assert_eq!(say(&engine, voice, text).await.unwrap_err().reason, reason, "{text}");
        }
    }

    #[tokio::test]
    async fn a_program_that_is_not_there_has_voices_that_cannot_speak() {
        let engine = engine("/nowhere/sh").await;
        let voice = engine.voices().remove(0);
        assert_eq!(voice.version, "7.none");
        assert_eq!(engine.ready().await.unwrap_err().reason, Reason::VoiceNotInstalled);
        assert_eq!(say(&engine, &voice.id, "ab").await.unwrap_err().reason, Reason::VoiceNotInstalled);
    }

    #[tokio::test]
    async fn real_programs_speak_where_they_are_installed_and_say_how_they_are_had_where_not() {
        let text = "Der Fluss ist langsam und braun, und die Schiffe fahren nicht schneller als ein Pferd.";
        let installed =
            [(espeak::PROGRAM, espeak::PACKAGE, &espeak::PROTOCOL), (pico::PROGRAM, pico::PACKAGE, &pico::PROTOCOL)];
        for (program, package, protocol) in installed {
            let engine = ProgramEngine::find("real", Program::new(program, package), protocol).await.unwrap();
            let voice = engine.voices().into_iter().find(|voice| voice.short() == "de").unwrap();
            let speech = match say(&engine, &voice.id, text).await {
                Ok(speech) => speech,
                Err(failure) => {
                    assert!(engine.ready().await.is_err(), "{failure}");
                    continue;
                }
            };
            let request = SegmentRequest::new(text, &voice.id, Speed::NORMAL);
            assert_eq!(verify::check(&request, &voice, &speech), Ok(()), "{program}");
            assert!(!voice.version.ends_with(NOT_FOUND), "{}", voice.version);
        }
    }

    #[test]
    fn the_rows_of_every_program_can_be_read() {
        for protocol in [&espeak::PROTOCOL, &pico::PROTOCOL] {
            let rows: Rows = toml::from_str(protocol.rows).unwrap();
            let ids: std::collections::BTreeSet<&str> = rows.voices.iter().map(|row| row.id.as_str()).collect();
            assert_eq!(ids.len(), rows.voices.len());
            for row in &rows.voices {
                assert!(!row.name.is_empty() && lectern_proto::convert::language_tag("row", &row.language).is_ok());
                assert!(row.asked_for.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'));
            }
        }
    }

    #[test]
    fn a_release_is_what_may_stand_in_a_pin() {
        for (said, found) in [
            ("eSpeak NG text-to-speech: 1.51  Data at: /usr/lib/espeak-ng-data", Some("1.51")),
            ("0.1.1\n", Some("0.1.1")),
            ("1.52-dev.", Some("1.52-dev")),
            ("no number", None),
        ] {
            assert_eq!(release(said).as_deref(), found, "{said}");
        }
    }
}
