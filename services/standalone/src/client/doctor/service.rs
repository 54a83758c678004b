//! A service of a deployment, with the configuration that it has.

use std::sync::Arc;

use lectern_core::{Clock, Failure, Finding};
use lectern_runtime::config::Loader;
use lectern_stage::config::Settings as _;
use lectern_stage::doctor;

use crate::cli::Checked;
use crate::voice_dir;

/// What a service is set up with.
#[derive(Debug)]
pub(super) enum Setup {
    Gateway(Box<lectern_gateway::config::Config>),
    Ingest(Box<lectern_ingest::config::Config>),
    Ai(Box<lectern_ai::config::Config>),
    Tts(Box<lectern_tts::config::Config>),
}

impl Setup {
    /// Reads the settings of a service as the service itself does.
    ///
    /// # Errors
    /// `INVALID_FIELD` naming the key.
    pub(super) fn load(service: Checked, loader: &Loader) -> Result<Self, Failure> {
        Ok(match service {
            Checked::Gateway => Self::Gateway(Box::new(lectern_gateway::config::Config::load(loader)?)),
            Checked::Ingest => Self::Ingest(Box::new(lectern_ingest::config::Config::load(loader)?)),
            Checked::Ai => Self::Ai(Box::new(lectern_ai::config::Config::load(loader)?)),
            Checked::Tts => {
                let mut config = lectern_tts::config::Config::load(loader)?;
                config.voice_dir = voice_dir::chosen(&config.voice_dir);
                Self::Tts(Box::new(config))
            }
        })
    }

    /// Looks at everything that the service needs.
    pub(super) async fn examine(&self, clock: Arc<dyn Clock>) -> Vec<Finding> {
        match self {
            Self::Gateway(config) => Box::pin(doctor::examine::<lectern_gateway::app::Program>(config, clock)).await,
            Self::Ingest(config) => Box::pin(doctor::examine::<lectern_ingest::app::Program>(config, clock)).await,
            Self::Ai(config) => Box::pin(doctor::examine::<lectern_ai::app::Program>(config, clock)).await,
            Self::Tts(config) => Box::pin(doctor::examine::<lectern_tts::app::Program>(config, clock)).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use lectern_core::Verdict;
    use lectern_stage::app::ServiceProgram;

    use super::*;

    fn setup(service: Checked, variables: &[(&str, &str)]) -> Setup {
        let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Setup::load(service, &Loader::with_environment("LECTERN", variables)).unwrap()
    }

    fn refused(setup: &Setup) -> Option<Failure> {
        match setup {
            Setup::Gateway(config) => lectern_gateway::app::Program::check(config).err(),
            Setup::Ingest(config) => lectern_ingest::app::Program::check(config).err(),
            Setup::Ai(config) => lectern_ai::app::Program::check(config).err(),
            Setup::Tts(config) => lectern_tts::app::Program::check(config).err(),
        }
    }

    #[test]
    fn settings_that_cannot_be_used_are_refused_by_the_key_when_they_are_looked_at() {
        for service in [Checked::Gateway, Checked::Ingest, Checked::Ai, Checked::Tts] {
            let failure = refused(&setup(service, &[])).expect("it has no secret");
            assert_eq!(failure.field.as_deref(), Some("secret"), "{service:?}");
            let right = setup(service, &[("LECTERN_SECRET", "12345678901234567890123456789012")]);
            assert_eq!(refused(&right), None, "{service:?}");
        }
    }

    #[test]
    fn a_writer_that_nobody_could_use_is_refused_when_settings_are_looked_at() {
        let secret = ("LECTERN_SECRET", "12345678901234567890123456789012");
        let key = ("LECTERN_WRITERS__W__KEY", "k");
        let [gemini, openai] = ["gemini", "openai"].map(|kind| ("LECTERN_WRITERS__W__KIND", kind));
        for (variables, field) in [
            (&[secret, ("LECTERN_DEFAULT_WRITER", "w")][..], "default_writer"),
            (&[secret, key, gemini, ("LECTERN_WRITERS__W__MODEL", "gemini-9")], "writers.w.model"),
            (
                &[
                    secret,
                    key,
                    gemini,
                    ("LECTERN_WRITERS__W__MODEL", "gemini-3.8-flash"),
                    ("LECTERN_WRITERS__W__KEY_FILE", "key"),
                ],
                "writers.w.key_file",
            ),
            (
                &[
                    secret,
                    key,
                    openai,
                    ("LECTERN_WRITERS__W__MODEL", "m"),
                    ("LECTERN_WRITERS__W__URL", "http://models.example.com/v1"),
                ],
                "writers.w.url",
            ),
        ] {
            let failure = refused(&setup(Checked::Ai, variables)).expect("nobody could use it");
            assert_eq!(failure.field.as_deref(), Some(field), "{failure}");
        }
    }

    #[tokio::test]
    async fn each_service_is_looked_at_with_what_it_has() {
        let clock: Arc<dyn Clock> = Arc::new(lectern_core::SystemClock);
        let Setup::Tts(tts) = setup(Checked::Tts, &[("LECTERN_VOICE_DIR", "/srv/voice")]) else {
            panic!("another service");
        };
        assert_eq!(tts.voice_dir, Path::new("/srv/voice"));
        let found = lectern_tts::app::Program::examine(&tts, &clock).await;
        assert_eq!((found.len(), found[0].verdict), (1, Verdict::Broken), "there is no such folder: {found:?}");
        let Setup::Tts(tone) = setup(Checked::Tts, &[("LECTERN_ENGINE", "tone")]) else { panic!("another service") };
        assert!(lectern_tts::app::Program::examine(&tone, &clock).await.is_empty(), "tones need no files");
        let variables = [
            ("LECTERN_WRITERS__W__MODEL", "m"),
            ("LECTERN_WRITERS__W__URL", "http://127.0.0.1:1/v1"),
            ("LECTERN_WRITERS__W__KEY_FILE", "/nowhere/key"),
        ];
        let Setup::Ai(ai) = setup(Checked::Ai, &variables) else { panic!("another service") };
        let found = lectern_ai::app::Program::examine(&ai, &clock).await;
        assert_eq!((found[0].check, found[0].verdict), ("writer key", Verdict::Broken), "{found:?}");
        assert_eq!(lectern_tts::app::Program::collections().len(), 7);
        assert_eq!(lectern_ai::app::Program::collections().len(), 6);
        assert_eq!(lectern_ingest::app::Program::collections().len(), 4);
        assert_eq!(lectern_gateway::app::Program::collections().len(), 6);
    }
}
