//! Texts around a case that change nothing of how it is said: no word of them governs a case of the
//! grammar, counts anything, or begins a name.

/// Stops, of which one at the end of a case goes with what follows it.
const STOPS: [char; 6] = ['.', '!', '?', ',', ';', ':'];

/// The texts of a language in which each case is tried; `{}` stands for the case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Carriers {
    inside: &'static str,
    end: &'static str,
    heading: &'static str,
}

/// The carriers of a language, by its BCP 47 tag; none where there is no table of it.
#[must_use]
pub fn carriers(language: &str) -> Option<Carriers> {
    let (inside, end, heading) = match language {
        "en" => ("They wrote {} on the board.", "On the board stood {}", "Topic: {}"),
        "de" => ("Dort steht {} auf der Tafel.", "Auf der Tafel steht {}", "Thema: {}"),
        "fr" => ("On a écrit {} au tableau.", "Au tableau, on a écrit {}", "Sujet : {}"),
        "es" => ("Aquí se lee {} y así queda.", "En la pizarra se lee {}", "Tema: {}"),
        _ => return None,
    };
    Some(Carriers { inside, end, heading })
}

impl Carriers {
    /// A sentence with the case inside.
    #[must_use]
    pub fn inside(self, written: &str) -> String {
        self.inside.replace("{}", written)
    }

    /// A sentence that ends with the case, and with a stop.
    #[must_use]
    pub fn at_end(self, written: &str) -> String {
        let stop = if written.ends_with(['.', '!', '?', '…']) { "" } else { "." };
        self.end.replace("{}", written) + stop
    }

    /// A heading with the case at its end.
    #[must_use]
    pub fn heading(self, written: &str) -> String {
        self.heading.replace("{}", written)
    }
}

/// Whether what is said of a case is heard within `said`, as whole words. The stops at its end are
/// not looked at: those of the text around it may be stronger.
#[must_use]
pub fn holds(said: &str, spoken: &str) -> bool {
    let spoken = spoken.trim_end_matches(STOPS);
    let part_of_word = |c: Option<char>| c.is_some_and(|c| c.is_alphabetic() || c == '\'' || c == '-');
    said.match_indices(spoken).any(|(at, found)| {
        let (before, behind) = (&said[..at], &said[at + found.len()..]);
        !part_of_word(before.chars().next_back()) && !part_of_word(behind.chars().next())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::speech::LANGUAGES;

    #[test]
    fn every_language_has_carriers_with_one_place_for_the_case() {
        for language in LANGUAGES {
            let Carriers { inside, end, heading } = carriers(language).unwrap();
            for carrier in [inside, end, heading] {
                assert_eq!(carrier.matches("{}").count(), 1, "{carrier}");
            }
        }
        assert_eq!(carriers("tlh"), None);
    }

    #[test]
    fn a_stop_is_not_doubled() {
        let english = carriers("en").unwrap();
        assert_eq!(english.at_end("5 p.m."), "On the board stood 5 p.m.");
        assert_eq!(english.at_end("5 kg"), "On the board stood 5 kg.");
        assert_eq!(english.inside("5 kg"), "They wrote 5 kg on the board.");
    }

    #[test]
    fn what_is_said_is_found_as_whole_words_whatever_stop_follows() {
        for (said, spoken, found) in [
            ("They wrote five kilograms on the board.", "five kilograms", true),
            ("On the board stood et cetera.", "et cetera", true),
            ("They wrote Really? on the board.", "Really?", true),
            ("They wrote twenty-five on the board.", "five", false),
            ("They wrote fives and five on the board.", "five", true),
            ("They wrote it on the board.", "five", false),
            ("They wrote it.", "", true),
        ] {
            assert_eq!(holds(said, spoken), found, "{said} {spoken}");
        }
    }
}
