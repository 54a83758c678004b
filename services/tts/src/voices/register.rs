//! How high a voice speaks, where that is known, so that speakers of a dialogue are told apart.

use crate::engine::Voice;

/// Names of providers' voices by their register, a register and names a line.
const KNOWN: &str = include_str!("../../data/registers.txt");

/// How high a voice speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Register {
    /// As women mostly do.
    High,
    /// As men mostly do.
    Low,
}

/// The register of a voice; none where it is not known.
pub(super) fn of(voice: &Voice) -> Option<Register> {
    let short = voice.short();
    // `en-US-Chirp3-HD-Kore` is called Kore.
    let last = short.rsplit('-').next().unwrap_or(short);
    kokoro(short).or_else(|| listed(last))
}

/// Voices of Kokoro begin with a letter for their language and one for this: `af_heart`,
/// `bm_george`.
fn kokoro(name: &str) -> Option<Register> {
    let (prefix, rest) = name.split_once('_')?;
    let mut letters = prefix.chars();
    let (language, register) = (letters.next()?, letters.next()?);
    if letters.next().is_some() || rest.is_empty() || !language.is_ascii_lowercase() {
        return None;
    }
    match register {
        'f' => Some(Register::High),
        'm' => Some(Register::Low),
        _ => None,
    }
}

fn listed(name: &str) -> Option<Register> {
    let lines = KNOWN.lines().filter_map(|line| line.split_once(' '));
    let register = |word: &str| match word {
        "high" => Some(Register::High),
        "low" => Some(Register::Low),
        _ => None,
    };
    let mut known = lines.filter_map(|(word, names)| register(word).map(|register| (register, names)));
    let (register, _) = known.find(|(_, names)| names.split(' ').any(|one| one.eq_ignore_ascii_case(name)))?;
    Some(register)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::a_voice;

    #[test]
    fn a_register_is_known_by_the_name_of_a_voice() {
        for (id, register) in [
            ("engines/google/voices/en-US-Chirp3-HD-Kore", Some(Register::High)),
            ("engines/gemini/voices/Puck", Some(Register::Low)),
            ("engines/openai/voices/onyx", Some(Register::Low)),
            ("engines/kokoro/voices/af_heart", Some(Register::High)),
            ("engines/kokoro/voices/bm_george", Some(Register::Low)),
            ("engines/local/voices/heart", None),
            ("engines/espeak/voices/de", None),
            ("engines/mine/voices/of_", None),
        ] {
            assert_eq!(of(&a_voice(id)), register, "{id}");
        }
    }

    #[test]
    fn every_line_of_the_table_is_a_register_with_names_that_stand_there_once() {
        let mut seen = std::collections::BTreeSet::new();
        for line in KNOWN.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
            let (word, names) = line.split_once(' ').expect("a register and names");
            assert!(["high", "low"].contains(&word), "{line}");
            for name in names.split(' ') {
                assert!(seen.insert(name.to_lowercase()), "{name}");
            }
        }
        assert!(seen.len() > 30);
    }
}
