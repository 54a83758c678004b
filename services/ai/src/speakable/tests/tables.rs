//! The tables of cases, one a language.

use lectern_testkit::speech::{Carriers, Case, carriers, cases, holds};

use super::places::Place;
use super::say;
use crate::speakable::Language;

/// Failures that are shown; the rest is counted. `cargo xtask speech-suite --failures` shows all.
const SHOWN: usize = 60;

fn table(language: Language) -> (Vec<Case>, Carriers) {
    let tag = language.tag();
    (cases(tag).unwrap(), carriers(tag).unwrap())
}

fn none(wrong: &[String], of: usize) {
    let shown: Vec<&str> = wrong.iter().take(SHOWN).map(String::as_str).collect();
    assert!(wrong.is_empty(), "{} of {of}:\n{}", wrong.len(), shown.join("\n"));
}

/// Each case by itself is said as its table says.
fn alone(language: Language, least: usize) {
    let (cases, _) = table(language);
    let said = cases.iter().map(|case| (case, say(&case.written, language)));
    let wrong = said.filter(|(case, said)| *said != case.spoken);
    let wrong = wrong.map(|(case, said)| format!("{}\n    said   {said}\n    wanted {}", case.written, case.spoken));
    none(&wrong.collect::<Vec<_>>(), cases.len());
    assert!(cases.len() >= least, "{} cases", cases.len());
}

/// Each case is said alike inside a sentence and at the end of one.
fn within_sentences(language: Language) {
    let (cases, carriers) = table(language);
    let (mut wrong, mut tried) = (Vec::new(), 0);
    for case in cases.iter().filter(|case| !case.alone) {
        for text in [carriers.inside(&case.written), carriers.at_end(&case.written)] {
            tried += 1;
            let said = say(&text, language);
            if !holds(&said, &case.spoken) {
                wrong.push(format!("{text}\n    said   {said}\n    wanted {}", case.spoken));
            }
        }
    }
    none(&wrong, tried);
}

/// Each case is said alike as an item of a list, in a cell of a table and in a heading.
fn within_blocks(language: Language) {
    let (cases, carriers) = table(language);
    let (mut wrong, mut tried) = (Vec::new(), 0);
    for case in cases.iter().filter(|case| !case.alone) {
        for place in Place::ALL {
            tried += 1;
            let said = place.said(&case.written, carriers, language);
            if !holds(&said, &case.spoken) {
                wrong.push(format!("{place:?}: {}\n    said   {said}\n    wanted {}", case.written, case.spoken));
            }
        }
    }
    none(&wrong, tried);
}

macro_rules! languages {
    ($($name:ident: $language:ident, $least:literal;)*) => {
        $(mod $name {
            use crate::speakable::Language;

            #[test]
            fn written_text_is_said_as_a_careful_reader_would() {
                super::alone(Language::$language, $least);
            }

            #[test]
            fn a_case_is_said_alike_within_sentences() {
                super::within_sentences(Language::$language);
            }

            #[test]
            fn a_case_is_said_alike_within_blocks() {
                super::within_blocks(Language::$language);
            }
        })*

        #[test]
        fn every_language_has_a_table() {
            assert_eq!(Language::ALL, [$(Language::$language),*]);
        }
    };
}

languages! {
    english: English, 850;
    german: German, 150;
    french: French, 150;
    spanish: Spanish, 150;
}
