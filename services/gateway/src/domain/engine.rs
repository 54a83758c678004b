//! The names by which an engine is known. Pure.

use lectern_core::pin::engine_name;

/// An engine that steps need, by its names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct EngineName<'a> {
    /// The one that breakers, turns and pauses know it by: of what writes that of the writer, of
    /// what speaks that of the engine. Empty where the steps need none.
    pub name: &'a str,
    /// How a writer speaks to its model, the first word of its pin (`openai`, `gemini`,
    /// `first-of`), where that is another word than its name. Else empty.
    pub wire: &'a str,
}

impl<'a> EngineName<'a> {
    /// An engine with one name.
    #[must_use]
    pub const fn of(name: &'a str) -> Self {
        Self { name, wire: "" }
    }

    /// The engine of a writer that has this pin. Where its name is not known, as of what an earlier
    /// release accepted, the first word of the pin is its name.
    #[must_use]
    pub fn of_writer(writer: &'a str, pin: &'a str) -> Self {
        let (name, wire) = (engine_name(writer, pin), engine_name("", pin));
        Self { name, wire: if wire == name { "" } else { wire } }
    }

    /// Whether it has this name, or is a writer of this wire.
    #[must_use]
    pub fn is_called(self, name: &str) -> bool {
        !name.is_empty() && [self.name, self.wire].contains(&name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_writer_is_called_by_its_name_and_by_its_wire() {
        let own = EngineName::of_writer("own", "openai/Org/Model+prompts/1");
        assert_eq!(own, EngineName { name: "own", wire: "openai" });
        assert!(own.is_called("own") && own.is_called("openai") && !own.is_called("gemini") && !own.is_called(""));
        let others = EngineName::of_writer("both", "first-of/own,gemini+pins/0123456789abcdef");
        assert_eq!((others.name, others.wire), ("both", "first-of"));
    }

    #[test]
    fn a_name_that_is_the_wire_is_one_name() {
        for (writer, pin) in [("gemini", "gemini/flash+prompts/1"), ("", "gemini/flash+prompts/1")] {
            assert_eq!(EngineName::of_writer(writer, pin), EngineName::of("gemini"), "{writer}");
        }
        assert_eq!(EngineName::of_writer("", ""), EngineName::default());
    }
}
