//! The engines of an installation, by the names that its settings give them.

use std::sync::Arc;

use lectern_core::Failure;
use lectern_stage::work::pin_unavailable;

use super::ScriptEngine;

/// The writer that every installation has: the document's own words.
pub const DEFAULT_WRITER: &str = "extractive";

/// An engine by the name that an order chooses it by.
#[derive(Debug, Clone)]
pub struct Writer {
    /// The name: the key of its table in the settings, or [`DEFAULT_WRITER`].
    pub name: String,
    /// The engine.
    pub engine: Arc<dyn ScriptEngine>,
}

/// The engines of an installation; cheap to clone.
#[derive(Debug, Clone)]
pub struct Engines {
    writers: Arc<[Writer]>,
    default: usize,
}

impl Engines {
    /// These engines, of which the one named `default` writes where an order names none.
    ///
    /// # Errors
    /// `INVALID_FIELD` where two have one name or one pin, or none has the name of the default.
    pub fn new(writers: Vec<Writer>, default: &str) -> Result<Self, Failure> {
        for (at, writer) in writers.iter().enumerate() {
            let field = format!("writers.{}", writer.name);
            let before = &writers[..at];
            if before.iter().any(|other| other.name == writer.name) {
                return Err(Failure::invalid(field, format!("there are two writers named {}", writer.name)));
            }
            if let Some(other) = before.iter().find(|other| other.engine.pin() == writer.engine.pin()) {
                let message = format!(
                    "{} and {} are one engine: {}; name it once, or let them differ in their model",
                    other.name,
                    writer.name,
                    writer.engine.pin()
                );
                return Err(Failure::invalid(field, message));
            }
        }
        let Some(place) = writers.iter().position(|writer| writer.name == default) else {
            let message = format!("there is no writer {default}; name one of: {}", names(&writers));
            return Err(Failure::invalid("default_writer", message));
        };
        Ok(Self { writers: writers.into(), default: place })
    }

    /// The writer of this name; the default where it is empty.
    ///
    /// # Errors
    /// `INVALID_FIELD` for `field`, naming the writers that there are.
    pub fn of_writer(&self, name: &str, field: &str) -> Result<&Writer, Failure> {
        if name.is_empty() {
            return Ok(self.default_writer());
        }
        self.writers.iter().find(|writer| writer.name == name).ok_or_else(|| {
            let name: String = name.chars().take(80).collect();
            let message = format!("there is no writer {name:?} here; name one of: {}", names(&self.writers));
            Failure::invalid(field, message)
        })
    }

    /// The writer whose engine has this pin.
    ///
    /// # Errors
    /// `PIN_UNAVAILABLE`, naming what there is of the same engine, or of all where there is none of
    /// it: in the same words for the same pin and engines, by which the worker knows it again.
    pub fn of_pin(&self, pin: &str) -> Result<&Writer, Failure> {
        if let Some(writer) = self.writers.iter().find(|writer| writer.engine.pin().as_str() == pin) {
            return Ok(writer);
        }
        let engine = pin.split('/').next().unwrap_or_default();
        let pins = |all: bool| {
            let pins = self.writers.iter().map(|writer| writer.engine.pin());
            pins.filter(|pin| all || pin.engine() == engine).map(ToString::to_string).collect::<Vec<_>>().join(", ")
        };
        let own = Some(pins(false)).filter(|own| !own.is_empty()).unwrap_or_else(|| pins(true));
        Err(pin_unavailable(pin, &own))
    }

    /// The writer of orders that name none.
    ///
    /// # Panics
    /// Never: [`Self::new`] has found its place.
    #[must_use]
    pub fn default_writer(&self) -> &Writer {
        &self.writers[self.default]
    }

    /// All of them, in the order of the settings.
    #[must_use]
    pub fn list(&self) -> &[Writer] {
        &self.writers
    }
}

fn names(writers: &[Writer]) -> String {
    writers.iter().map(|writer| writer.name.as_str()).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use lectern_core::Reason;

    use super::*;
    use crate::engine::Extractive;

    fn writer(name: &str, pin: &str) -> Writer {
        Writer { name: name.to_owned(), engine: Arc::new(Extractive::pinned(pin.parse().unwrap())) }
    }

    #[test]
    fn a_writer_is_found_by_its_name_and_by_its_pin() {
        let writers = vec![writer(DEFAULT_WRITER, "extractive/5"), writer("fast", "gemini/flash+prompts/1")];
        let engines = Engines::new(writers, "fast").unwrap();
        assert_eq!(engines.of_writer("", "writer").unwrap().name, "fast");
        assert_eq!(engines.of_writer(DEFAULT_WRITER, "writer").unwrap().engine.pin().as_str(), "extractive/5");
        assert_eq!(engines.of_pin("gemini/flash+prompts/1").unwrap().name, "fast");
        assert_eq!(engines.list().len(), 2);
        let refused = engines.of_writer("slow", "narration.writer").unwrap_err();
        assert_eq!((refused.reason, refused.field.as_deref()), (Reason::InvalidField, Some("narration.writer")));
        assert!(refused.message.contains("extractive, fast"), "{refused}");
    }

    #[test]
    fn a_pin_that_nobody_has_names_what_there_is_of_the_engine() {
        let writers = vec![writer(DEFAULT_WRITER, "extractive/5"), writer("fast", "gemini/flash+prompts/1")];
        let engines = Engines::new(writers, DEFAULT_WRITER).unwrap();
        for (pin, own) in [
            ("extractive/4", "has extractive/5;"),
            ("gemini/pro+prompts/1", "has gemini/flash+prompts/1;"),
            ("openai/x", "has extractive/5, gemini/flash+prompts/1;"),
            ("", "has extractive/5, gemini/flash+prompts/1;"),
        ] {
            let refused = engines.of_pin(pin).unwrap_err();
            assert_eq!(refused.reason, Reason::PinUnavailable);
            assert!(refused.message.contains(own), "{refused}");
            assert_eq!(engines.of_pin(pin).unwrap_err(), refused);
        }
    }

    #[test]
    fn settings_that_nobody_could_choose_by_are_refused() {
        let one = || writer(DEFAULT_WRITER, "extractive/5");
        for (writers, default, field) in [
            (vec![one()], "gemini", "default_writer"),
            (vec![one(), writer(DEFAULT_WRITER, "a/1")], DEFAULT_WRITER, "writers.extractive"),
            (vec![one(), writer("again", "extractive/5")], DEFAULT_WRITER, "writers.again"),
        ] {
            let refused = Engines::new(writers, default).unwrap_err();
            assert_eq!(refused.field.as_deref(), Some(field), "{refused}");
        }
    }
}
