//! What holds for any text in any language: the voice's alphabet, an ordered map from spoken to
//! written, spans that hold every character, and no letter, digit or sign that is lost.

use lectern_core::content::Range;
use proptest::prelude::*;

use crate::speakable::span::Class;
use crate::speakable::text::{Text, latin, raised};
use crate::speakable::{Emoji, Language, Mark, MarkKind, Spoken, can_say, must_say, read, sentences, speak};

/// Signs that mean something wherever they stand between two values. Spaces are put around them, so
/// that none is markup.
const SIGNS: [&str; 18] =
    ["+", "=", "<", ">", "<=", ">=", "!=", "->", "±", "×", "÷", "−", "¬", "≈", "≤", "→", "⇌", "⊥"];

fn languages() -> impl Strategy<Value = Language> {
    proptest::sample::select(Language::ALL.to_vec())
}

/// Any character of the blocks of arrows and of mathematical operators.
fn sign() -> impl Strategy<Value = String> {
    let blocks =
        prop_oneof![0x2190u32..0x2200, 0x2200u32..0x2300, 0x27F0u32..0x2800, 0x2900u32..0x2980, 0x2A00u32..0x2B00];
    let of_blocks = blocks.prop_filter_map("no character", |code| char::from_u32(code).map(String::from));
    prop_oneof![proptest::sample::select(SIGNS.to_vec()).prop_map(str::to_owned), of_blocks]
}

/// Text that the rules are about.
const RULED: &str = "([0-9]{1,4}|[$€£%°§±~#&@/\\\\\\-–—.,:;^()\\[\\]+*<>'\"_ ×²³₂½Ωµα⁺⁻]|[a-zA-Z]{1,3}|Jan\\. |p\\.m\\.|XIV|\
                     Fig\\. |kg|km/h|H2O|St\\. |l'|Nr\\. |3\\. |1er|27,50 €|\u{202F}|s\\. |p\\. ex\\. ){0,14}";

fn sound(text: &str, spoken: &Spoken) {
    let length = u32::try_from(text.chars().count()).unwrap();
    let chars: Vec<char> = spoken.text.chars().collect();
    for c in &chars {
        assert!(latin(*c) || ".,?!;:'- ".contains(*c), "{c:?} in {:?} for {text:?}", spoken.text);
    }
    assert!(!spoken.text.contains("  ") && spoken.text.trim() == spoken.text, "{:?}", spoken.text);
    let (mut heard, mut written) = (0, 0);
    let mut covered = vec![false; chars.len()];
    for step in &spoken.map {
        assert!(step.spoken.start >= heard && step.spoken.end > step.spoken.start, "{spoken:?} {text:?}");
        assert!(step.original.start >= written && step.original.end >= step.original.start, "{spoken:?} {text:?}");
        assert!(step.original.end <= length, "{spoken:?} {text:?}");
        (heard, written) = (step.spoken.end, step.original.end);
        covered[step.spoken.start as usize..step.spoken.end as usize].fill(true);
    }
    for (at, c) in chars.iter().enumerate() {
        assert!(*c == ' ' || covered[at], "{at} of {:?} for {text:?}", spoken.text);
    }
}

/// The spans of a text hold each of its characters that is no white space, in order. Answered are
/// the characters of tags and of targets of links, which only programs see.
fn spanned(text: &str, language: Language) -> Vec<bool> {
    let grammar = language.grammar();
    let cut = Text::cut(text, &[], |head, rest| grammar.elides(head, rest));
    let mut markup = vec![false; cut.chars.len()];
    let mut at = 0;
    for span in read::spans(&cut, &[], language) {
        assert!(span.start >= at && span.end > span.start, "{span:?} of {text:?}");
        assert!(cut.slice(at, span.start).trim().is_empty(), "{at}..{} of {text:?}", span.start);
        if span.class() == Class::Markup && span.end - span.start > 1 {
            markup[span.start..span.end].fill(true);
        }
        at = span.end;
    }
    assert!(cut.slice(at, cut.chars.len()).trim().is_empty(), "{at} of {text:?}");
    markup
}

/// Whether each character is in a step of the map.
fn heard(text: &str, spoken: &Spoken) -> Vec<bool> {
    let mut heard = vec![false; text.chars().count()];
    for step in &spoken.map {
        heard[step.original.start as usize..step.original.end as usize].fill(true);
    }
    heard
}

/// A comparison, an arrow or a mathematical sign.
fn is_sign(c: char) -> bool {
    must_say(c) && !c.is_alphanumeric()
}

fn nothing_lost(text: &str, language: Language, counts: impl Fn(char) -> bool) {
    let spoken = speak(text, &[], language, Emoji::Named);
    let (heard, markup) = (heard(text, &spoken), spanned(text, language));
    let chars: Vec<char> = text.chars().collect();
    for (at, c) in chars.iter().enumerate().filter(|(_, c)| counts(**c) && can_say(**c, language)) {
        // A raised digit behind a word marks a note.
        let marks_note = raised(*c).is_some() && at > 0;
        assert!(heard[at] || markup[at] || marks_note, "{c:?} at {at} of {text:?} is lost: {:?}", spoken.text);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_gives_only_the_alphabet_and_an_ordered_map(text in "\\PC{0,60}", language in languages()) {
        sound(&text, &speak(&text, &[], language, Emoji::Named));
    }

    #[test]
    fn texts_of_the_rules_give_only_the_alphabet(
        text in RULED, language in languages(), start in 0u32..12, length in 1u32..6, kind in 0usize..4,
    ) {
        let kind = [MarkKind::Code, MarkKind::Latex, MarkKind::Raised, MarkKind::Lowered][kind];
        sound(&text, &speak(&text, &[], language, Emoji::Dropped));
        let marks = [Mark { range: Range::new(start, start + length), kind }];
        sound(&text, &speak(&text, &marks, language, Emoji::Named));
    }

    #[test]
    fn spans_hold_every_character_that_is_no_space(text in prop_oneof!["\\PC{0,60}", RULED], language in languages()) {
        spanned(&text, language);
    }

    #[test]
    fn no_letter_or_digit_is_lost(text in prop_oneof!["\\PC{0,60}", RULED], language in languages()) {
        nothing_lost(&text, language, char::is_alphanumeric);
    }

    #[test]
    fn no_sign_between_two_values_is_lost(
        parts in proptest::collection::vec(("[0-9]{1,3}|[a-z]|x²|H2O|5 kg", sign()), 1..6), language in languages(),
    ) {
        let parts: Vec<String> = parts.iter().map(|(value, sign)| format!("{value} {sign} ")).collect();
        nothing_lost(&format!("{}y", parts.concat()), language, is_sign);
    }

    #[test]
    fn sentences_hold_every_character_that_is_not_space(
        text in "\\PC{0,80}|([A-Z]?[a-z]{0,4}[.!? ]{0,2}){0,20}", language in languages(),
    ) {
        let mut at = 0;
        for range in &sentences(&text, language) {
            assert!(range.start >= at && !range.is_empty());
            assert!(Range::new(at, range.start).of(&text).trim().is_empty());
            at = range.end;
        }
        assert!(text.chars().skip(at as usize).all(char::is_whitespace));
    }
}

#[test]
fn a_sign_that_cannot_be_said_is_one_that_no_table_names() {
    for language in Language::ALL {
        for c in "+<=>±×÷≤≥≠≈→".chars() {
            assert!(can_say(c, language), "{c} in {language:?}");
        }
        assert!(!can_say('日', language) && !can_say('\u{E000}', language), "{language:?}");
    }
}
