//! The table of cases under `tests/speech`, and what holds for any text.

use lectern_core::content::Range;
use proptest::prelude::*;

use crate::speakable::{Emoji, Language, Mark, MarkKind, Spoken, speak};

fn say(text: &str) -> String {
    speak(text, &[], Language::English, Emoji::Named).text
}

#[test]
fn written_text_is_said_as_a_person_would() {
    let table = include_str!("../../../tests/speech/en.txt");
    let (mut cases, mut wrong) = (0, Vec::new());
    for line in table.lines().filter(|line| line.contains(" =>")) {
        let Some((written, wanted)) = line.rsplit_once(" =>") else { continue };
        if line.starts_with("# written") {
            continue;
        }
        cases += 1;
        // A stop at the end is for the caller to add.
        let said = say(written);
        if said != wanted.trim() {
            wrong.push(format!("{written}\n    said   {said}\n    wanted {}", wanted.trim()));
        }
    }
    assert!(wrong.is_empty(), "{} of {cases}:\n{}", wrong.len(), wrong.join("\n"));
    assert!(cases >= 250, "{cases} cases");
}

#[test]
fn emoji_are_dropped_where_the_caller_chose_so() {
    let said = speak("Well done 🎉, all.", &[], Language::English, Emoji::Dropped).text;
    assert_eq!(said, "Well done, all.");
}

#[test]
fn code_and_raised_text_are_read_by_their_marks() {
    let mark = |start, end, kind| Mark { range: Range::new(start, end), kind };
    for (text, marks, said) in [
        ("Call get_user_id() now", vec![mark(5, 18, MarkKind::Code)], "Call get user I D now"),
        ("Use std::io::Read here", vec![mark(4, 17, MarkKind::Code)], "Use S T D I O Read here"),
        ("if a == b", vec![mark(3, 9, MarkKind::Code)], "if A equals B"),
        ("in C++ code", vec![mark(3, 6, MarkKind::Code)], "in C plus plus code"),
        ("the typedefs here", vec![mark(4, 11, MarkKind::Code)], "the typedefs here"),
        ("all of R's core", vec![mark(7, 8, MarkKind::Code)], "all of R's core"),
        ("at https://www.example.org/a_b today", vec![mark(3, 30, MarkKind::Code)], "at example dot org today"),
        ("where \\alpha^2 is", vec![mark(6, 14, MarkKind::Latex)], "where alpha squared is"),
        ("an area of 5 m2 here", vec![mark(14, 15, MarkKind::Raised)], "an area of five square metres here"),
        ("the term x2 is", vec![mark(10, 11, MarkKind::Raised)], "the term x squared is"),
        ("about 106 cells", vec![mark(8, 9, MarkKind::Raised)], "about ten to the power of six cells"),
        ("the H2O molecule", vec![mark(5, 6, MarkKind::Lowered)], "the H two O molecule"),
    ] {
        assert_eq!(speak(text, &marks, Language::English, Emoji::Named).text, said, "{text}");
    }
}

fn sound(text: &str, spoken: &Spoken) {
    let length = u32::try_from(text.chars().count()).unwrap();
    let chars: Vec<char> = spoken.text.chars().collect();
    for c in &chars {
        let letter = crate::speakable::text::latin(*c);
        assert!(letter || ".,?!;:'- ".contains(*c), "{c:?} in {:?} for {text:?}", spoken.text);
    }
    assert!(!spoken.text.contains("  ") && spoken.text.trim() == spoken.text, "{:?}", spoken.text);
    let (mut heard, mut written) = (0, 0);
    let mut covered = vec![false; chars.len()];
    for step in &spoken.map {
        assert!(step.spoken.start >= heard && step.spoken.end > step.spoken.start, "{:?} {text:?}", spoken);
        assert!(step.original.start >= written && step.original.end >= step.original.start, "{:?} {text:?}", spoken);
        assert!(step.original.end <= length, "{spoken:?} {text:?}");
        (heard, written) = (step.spoken.end, step.original.end);
        covered[step.spoken.start as usize..step.spoken.end as usize].fill(true);
    }
    for (at, c) in chars.iter().enumerate() {
        assert!(*c == ' ' || covered[at], "{at} of {:?} for {text:?}", spoken);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_gives_only_the_alphabet_and_an_ordered_map(text in "\\PC{0,60}") {
        sound(&text, &speak(&text, &[], Language::English, Emoji::Named));
    }

    #[test]
    fn texts_of_the_rules_give_only_the_alphabet(
        text in "([0-9]{1,4}|[$€£%°§±~#&@/\\-–—.,:;^()\\[\\]+*<>'\"_ ×²³₂½Ωµα]|[a-zA-Z]{1,3}|Jan\\. |p\\.m\\.|XIV|Fig\\. ){0,14}",
        start in 0u32..12, length in 1u32..6, kind in 0usize..4,
    ) {
        let kind = [MarkKind::Code, MarkKind::Latex, MarkKind::Raised, MarkKind::Lowered][kind];
        sound(&text, &speak(&text, &[], Language::English, Emoji::Dropped));
        let marks = [Mark { range: Range::new(start, start + length), kind }];
        sound(&text, &speak(&text, &marks, Language::English, Emoji::Named));
    }

    #[test]
    fn sentences_hold_every_character_that_is_not_space(text in "\\PC{0,80}|([A-Z]?[a-z]{0,4}[.!? ]{0,2}){0,20}") {
        let ranges = crate::speakable::sentences(&text, Language::English);
        let mut at = 0;
        for range in &ranges {
            assert!(range.start >= at && !range.is_empty());
            assert!(Range::new(at, range.start).of(&text).trim().is_empty());
            at = range.end;
        }
        assert!(text.chars().skip(at as usize).all(char::is_whitespace));
    }
}
