//! The writer of a command: what its flags and the environment make of one, for an instance of the
//! command's own. A server has the writers of its own settings.

use std::path::PathBuf;

use lectern_ai::config::{Config as AiConfig, WriterConfig, WriterKind};
use lectern_ai::model::{Day, ModelRow, Provider};
use lectern_core::{Failure, Kind, Reason};
use lectern_runtime::Secret;
use lectern_runtime::config::Loader;

use crate::cli::Writing;
use crate::client::words::{WRITER_MODEL, WRITER_URL};
use crate::config::Config;

/// Where OpenAI itself is.
const OPENAI_URL: &str = "https://api.openai.com/v1";
/// The variables that the providers' own tools read a key from, the one that counts first.
const GEMINI_KEYS: [&str; 2] = ["GOOGLE_API_KEY", "GEMINI_API_KEY"];
const OPENAI_KEYS: [&str; 1] = ["OPENAI_API_KEY"];
/// How a person gets a writer with words of its own.
pub const HOW: &str = "add --writer gemini with a key in GOOGLE_API_KEY or GEMINI_API_KEY, or --writer openai with \
                   --writer-url and --writer-model for a model of your own";

/// Adds the writer that a command names to those of the settings, or lays the command's flags over
/// it. A name that is neither in the settings nor `gemini` or `openai` is left: the instance says
/// which there are.
///
/// # Errors
/// `INVALID_FIELD` where a key or a model is missing, or the flags are for nobody.
pub fn of_command(config: &mut Config, writing: &Writing, loader: &Loader, today: Day) -> Result<(), Failure> {
    let Some(name) = writing.writer.as_deref() else { return Ok(()) };
    let known = config.writers.get(name);
    let kind = match (known, name) {
        (Some(known), _) => known.kind,
        (None, "gemini") => WriterKind::Gemini,
        (None, "openai") => WriterKind::OpenAi,
        (None, _) if writing.has_setup() => {
            let message = "--writer-url, --writer-model and --writer-key-file go with --writer gemini, --writer \
                           openai, or a writer of the settings";
            return Err(Failure::invalid("narration.writer", message));
        }
        (None, _) => return Ok(()),
    };
    let mut writer = known.cloned().unwrap_or_else(|| WriterConfig { kind, ..WriterConfig::default() });
    if let Some(url) = &writing.writer_url {
        writer.url.clone_from(url);
        // A key is for the server that it was given for.
        (writer.key, writer.key_file) = (Secret::default(), PathBuf::new());
    }
    if let Some(file) = &writing.writer_key_file {
        (writer.key, writer.key_file) = (Secret::default(), file.clone());
    }
    if let Some(model) = &writing.writer_model {
        writer.model.clone_from(model);
    }
    if writer.url.is_empty() && writer.project.is_empty() {
        of_the_provider_itself(&mut writer, name, loader)?;
    }
    if writer.model.is_empty() {
        writer.model = usual_model(config, &writer, today)?;
    }
    config.writers.insert(name.to_owned(), writer);
    Ok(())
}

/// Completes a writer at its provider's own address, to which alone a key of the environment goes.
fn of_the_provider_itself(writer: &mut WriterConfig, name: &str, loader: &Loader) -> Result<(), Failure> {
    if writer.key.is_empty() && writer.key_file.as_os_str().is_empty() {
        writer.key = match writer.kind {
            WriterKind::Gemini => loader.api_key(&GEMINI_KEYS),
            WriterKind::OpenAi => loader.api_key(&OPENAI_KEYS),
        };
        if writer.key.is_empty() {
            let message = match writer.kind {
                WriterKind::Gemini => format!(
                    "--writer {name} takes an API key of Gemini; set GOOGLE_API_KEY or GEMINI_API_KEY, or name a file \
                     that holds it with --writer-key-file"
                ),
                WriterKind::OpenAi => format!(
                    "--writer {name} takes a server of your own with --writer-url, such as http://127.0.0.1:11434/v1, \
                     or an API key of OpenAI; set OPENAI_API_KEY, or name a file that holds it with --writer-key-file"
                ),
            };
            let missing = Failure::new(Kind::FailedPrecondition, Reason::InvalidField, message);
            return Err(missing.at("narration.writer"));
        }
    }
    if writer.kind == WriterKind::OpenAi {
        OPENAI_URL.clone_into(&mut writer.url);
    }
    Ok(())
}

/// The model that is asked where nobody names one: the first row of its provider that is served on
/// this day. What a server of one's own has, nobody else knows.
fn usual_model(config: &Config, writer: &WriterConfig, today: Day) -> Result<String, Failure> {
    let provider = match writer.kind {
        WriterKind::OpenAi if writer.url != OPENAI_URL => {
            return Err(Failure::invalid(WRITER_MODEL, "name the model that the server has with --writer-model"));
        }
        WriterKind::OpenAi => Provider::OpenAi,
        WriterKind::Gemini => Provider::Gemini,
    };
    let rows = AiConfig { models_file: config.models_file.clone(), ..AiConfig::default() }.models()?;
    let served = |row: &&ModelRow| {
        row.first_day.is_none_or(|first| first <= today) && row.last_day.is_none_or(|last| last >= today)
    };
    let usual = rows.of(provider).find(served).map(|row| row.id.clone());
    usual.ok_or_else(|| {
        let message = "no model of the provider is known that is served today; name one with --writer-model";
        Failure::invalid(WRITER_MODEL, message)
    })
}

/// Refuses flags that make a writer where a server works that has its own.
///
/// # Errors
/// `INVALID_FIELD`.
pub fn check_own(writing: &Writing, own: bool) -> Result<(), Failure> {
    if own || !writing.has_setup() {
        return Ok(());
    }
    let message = "a server works on this data, and has the writers of its own settings; stop it, or add --temporary, \
                   or leave --writer-url, --writer-model and --writer-key-file out";
    Err(Failure::invalid(WRITER_URL, message))
}

/// A failure of an order with how to get a writer that could write it, on an instance of the
/// command's own.
#[must_use]
pub fn explain(mut failure: Failure, own: bool) -> Failure {
    let invalid = |field: &str| failure.reason == Reason::InvalidField && failure.field.as_deref() == Some(field);
    let unknown = invalid("narration.writer");
    // A writer with words of its own does what this one cannot.
    let unable = failure.reason == Reason::StyleUnsupported || invalid("narration.direction");
    if own && (unknown || unable) {
        failure.message.push_str(&format!("; {HOW}"));
    } else if unknown {
        failure.message.push_str("; a server has the writers that its settings name");
    }
    failure
}

#[cfg(test)]
mod tests {
    use super::*;

    fn loader(variables: &[(&str, &str)]) -> Loader {
        let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Loader::with_environment("LECTERN", variables)
    }

    fn writing(name: &str) -> Writing {
        Writing { writer: Some(name.to_owned()), ..Writing::default() }
    }

    fn made(writing: &Writing, variables: &[(&str, &str)]) -> Result<WriterConfig, Failure> {
        let mut config = Config::default();
        let today = "2026-11-28".parse().unwrap();
        of_command(&mut config, writing, &loader(variables), today)?;
        Ok(config.writers.remove(writing.writer.as_deref().unwrap()).unwrap())
    }

    #[test]
    fn gemini_takes_the_key_that_its_own_tools_take_and_a_model_that_is_served() {
        let both = [("GEMINI_API_KEY", "g-gemini"), ("GOOGLE_API_KEY", "g-google")];
        for (variables, key) in [(&both[..], "g-google"), (&both[..1], "g-gemini")] {
            let writer = made(&writing("gemini"), variables).unwrap();
            assert_eq!((writer.kind, writer.key.expose()), (WriterKind::Gemini, key));
            assert_eq!((writer.model.as_str(), writer.url.as_str()), ("gemini-3.8-flash", ""));
        }
        let missing = made(&writing("gemini"), &[("OPENAI_API_KEY", "sk")]).unwrap_err();
        assert!(missing.message.contains("GOOGLE_API_KEY or GEMINI_API_KEY"), "{missing}");
        assert_eq!(missing.kind, Kind::FailedPrecondition);
    }

    #[test]
    fn openai_is_a_server_of_ones_own_or_the_provider_with_its_key() {
        let variables = [("OPENAI_API_KEY", "sk-own"), ("GOOGLE_API_KEY", "g")];
        let writer = made(&writing("openai"), &variables).unwrap();
        assert_eq!((writer.url.as_str(), writer.key.expose()), (OPENAI_URL, "sk-own"));
        assert_eq!(writer.model, "gpt-6.2-sol");
        let own = Writing {
            writer_url: Some("http://127.0.0.1:11434/v1".to_owned()),
            writer_model: Some("m".to_owned()),
            ..writing("openai")
        };
        let writer = made(&own, &variables).unwrap();
        assert_eq!((writer.url.as_str(), writer.model.as_str()), ("http://127.0.0.1:11434/v1", "m"));
        assert!(writer.key.is_empty(), "a key of the environment goes to its provider alone");
        let unnamed = made(&Writing { writer_model: None, ..own }, &variables).unwrap_err();
        assert!(unnamed.message.contains("--writer-model"), "{unnamed}");
        let nothing = made(&writing("openai"), &[]).unwrap_err();
        assert!(nothing.message.contains("--writer-url") && nothing.message.contains("OPENAI_API_KEY"), "{nothing}");
    }

    #[test]
    fn flags_are_laid_over_a_writer_of_the_settings_without_its_key_going_elsewhere() {
        let known = WriterConfig {
            url: "https://models.example/v1".to_owned(),
            model: "m".to_owned(),
            key: Secret::new("k"),
            ..WriterConfig::default()
        };
        let over = |writing: &Writing| {
            let mut config = Config { writers: [("own".to_owned(), known.clone())].into(), ..Config::default() };
            of_command(&mut config, writing, &loader(&[]), "2026-11-28".parse().unwrap()).unwrap();
            config.writers["own"].clone()
        };
        let same = over(&writing("own"));
        assert_eq!((same.model.as_str(), same.key.expose()), ("m", "k"));
        let model = over(&Writing { writer_model: Some("n".to_owned()), ..writing("own") });
        assert_eq!((model.model.as_str(), model.key.expose()), ("n", "k"));
        let elsewhere = over(&Writing { writer_url: Some("http://127.0.0.1:1/v1".to_owned()), ..writing("own") });
        assert!(elsewhere.key.is_empty());
    }

    #[test]
    fn a_name_that_says_nothing_is_left_and_flags_for_nobody_are_refused() {
        let mut config = Config::default();
        let today: Day = "2026-11-28".parse().unwrap();
        for name in ["extractive", "oracle"] {
            of_command(&mut config, &writing(name), &loader(&[]), today).unwrap();
            assert!(config.writers.is_empty());
            let flags = Writing { writer_model: Some("m".to_owned()), ..writing(name) };
            assert!(of_command(&mut config, &flags, &loader(&[]), today).is_err(), "{name}");
        }
        assert_eq!(check_own(&writing("gemini"), false), Ok(()));
        let flags = Writing { writer_model: Some("m".to_owned()), ..writing("openai") };
        assert_eq!(check_own(&flags, true), Ok(()));
        assert!(check_own(&flags, false).unwrap_err().message.contains("--temporary"));
    }

    #[test]
    fn a_person_is_told_how_to_get_a_writer() {
        let refused = Failure::new(Kind::InvalidArgument, Reason::StyleUnsupported, "in other words than any known");
        let refused = refused.at("narration.style");
        assert!(explain(refused.clone(), true).message.contains("--writer gemini"));
        assert_eq!(explain(refused.clone(), false), refused);
        let unknown = Failure::invalid("narration.writer", "there is no writer \"x\" here; name one of: extractive");
        assert!(explain(unknown.clone(), true).message.contains("GOOGLE_API_KEY"));
        assert!(explain(unknown, false).message.contains("its settings"));
        let directed = Failure::invalid("narration.direction", "it says the document's own words");
        assert!(explain(directed, true).message.contains("--writer gemini"));
        for other in [
            Failure::invalid("narration.length", "there is no writer \"x\" here"),
            Failure::new(Kind::Unimplemented, Reason::FeatureUnavailable, "there is no").at("narration.writer"),
        ] {
            assert_eq!(explain(other.clone(), true), other, "its words decide nothing");
        }
    }
}
