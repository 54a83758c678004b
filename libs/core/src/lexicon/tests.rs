use std::slice::from_ref;

use super::*;
use crate::Reason;
use crate::content::length;
use crate::content::script::Mapping;

fn lexicon(entries: &[Entry]) -> Lexicon {
    Lexicon::of("en", checked("entries", entries.to_vec()).expect("entries"))
}

fn pattern(written: &str, respelling: &str) -> Entry {
    Entry { written: Written::Pattern(written.to_owned()), ..Entry::spelt("", respelling) }
}

/// What of a text is said otherwise, and how.
fn said(lexicon: &Lexicon, text: &str) -> Vec<(String, String)> {
    let said = lexicon.said(&Sentence::spoken(text));
    said.iter().map(|one| (one.spoken.of(text).to_owned(), format!("{}{}", one.ipa, one.respelling))).collect()
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(part, how)| ((*part).to_owned(), (*how).to_owned())).collect()
}

#[test]
fn words_and_phrases_are_found_whole_wherever_they_stand() {
    let all = lexicon(&[Entry::sounds("Siobhán", "/ʃɪˈvɔːn/"), Entry::spelt("New  York", "noo york")]);
    for (text, expected) in [
        ("Ask Siobhán, not siobhán's aunt.", &[("Siobhán", "ʃɪˈvɔːn"), ("siobhán", "ʃɪˈvɔːn")][..]),
        ("New York and new \u{a0}york", &[("New York", "noo york"), ("new \u{a0}york", "noo york")]),
        ("Siobhánish New Yorkers", &[]),
        ("", &[]),
    ] {
        assert_eq!(said(&all, text), pairs(expected), "{text}");
    }
}

#[test]
fn the_longer_entry_counts_and_of_two_for_the_same_words_the_first() {
    let all = lexicon(&[
        Entry::spelt("lead", "leed"),
        Entry::spelt("lead pipe", "led pipe"),
        Entry::spelt("LEAD", "never"),
        Entry::spelt("pipe organ", "pype organ"),
    ]);
    assert_eq!(said(&all, "lead the lead pipe"), pairs(&[("lead", "leed"), ("lead pipe", "led pipe")]));
    // The organ is longer than the pipe of lead.
    assert_eq!(said(&all, "a lead pipe organ"), pairs(&[("lead", "leed"), ("pipe organ", "pype organ")]));
}

#[test]
fn case_and_language_are_told_apart_where_an_entry_says_so() {
    let polish = Entry { match_case: true, ..Entry::spelt("Polish", "pole ish") };
    let german = Entry { language: "de".to_owned(), ..Entry::spelt("die", "dee") };
    let british = Entry { language: "en-GB".to_owned(), ..Entry::spelt("route", "root") };
    let all = lexicon(&[polish, german, british]);
    assert_eq!(said(&all, "Polish or polish, die on route"), pairs(&[("Polish", "pole ish"), ("route", "root")]));
    let of = |language| {
        let sentence = Sentence { language: Some(language), ..Sentence::spoken("die route") };
        all.said(&sentence).len()
    };
    assert_eq!((of("de-AT"), of("en-US"), of("en_gb"), of("und"), of("fr")), (1, 0, 1, 2, 0));
}

#[test]
fn a_star_is_a_part_of_a_word_and_is_said_where_the_respelling_has_one() {
    let all = lexicon(&[pattern("un*able", "un * a bull"), pattern("*.rs", "* dot R S")]);
    assert_eq!(
        said(&all, "unbeatable main.rs unable"),
        pairs(&[("unbeatable", "un beat a bull"), ("main.rs", "main dot R S"), ("unable", "un  a bull")])
    );
    assert_eq!(said(&all, "un beat able"), pairs(&[]));
}

#[test]
fn what_is_written_is_found_where_it_is_spoken_otherwise() {
    let all = lexicon(&[Entry::spelt("SQL", "sequel"), pattern("GPT-*", "gee pee tee *"), Entry::spelt("5", "never")]);
    let (written, spoken) = ("SQL and GPT-4, 1,5 m.", "S Q L and G P T four, one point five metres.");
    let step = |original: (u32, u32), spoken: (u32, u32)| Mapping {
        original: Range::new(original.0, original.1),
        spoken: Range::new(spoken.0, spoken.1),
    };
    let map = [
        step((0, 3), (0, 5)),
        step((4, 7), (6, 9)),
        step((8, 11), (10, 15)),
        step((12, 13), (16, 20)),
        step((15, 18), (22, 36)),
        step((19, 21), (37, 43)),
    ];
    let sentence = Sentence { written, spoken, map: &map, language: None };
    let found: Vec<_> =
        all.said(&sentence).into_iter().map(|one| (one.spoken.of(spoken).to_owned(), one.respelling)).collect();
    assert_eq!(found, pairs(&[("S Q L", "sequel"), ("G P T four", "gee pee tee four")]));
}

/// What of a sentence is said otherwise, and how, where each step of its map is a part of what is
/// written and what is spoken for it; as `speakable` makes them, a step holds the pause behind its
/// words.
fn said_by(lexicon: &Lexicon, steps: &[(&str, &str)]) -> Vec<(String, String)> {
    let (mut written, mut spoken, mut map) = (String::new(), String::new(), Vec::new());
    for (from, to) in steps {
        for text in [&mut written, &mut spoken].into_iter().filter(|text| !text.is_empty()) {
            text.push(' ');
        }
        let (original, said) = (length(&written), length(&spoken));
        written.push_str(from);
        spoken.push_str(to);
        let (original, said) = (Range::new(original, length(&written)), Range::new(said, length(&spoken)));
        map.push(Mapping { original, spoken: said });
    }
    let sentence = Sentence { written: &written, spoken: &spoken, map: &map, language: None };
    let said = lexicon.said(&sentence);
    said.into_iter().map(|one| (one.spoken.of(&spoken).to_owned(), one.respelling)).collect()
}

#[test]
fn a_pause_is_no_part_of_what_is_said_otherwise() {
    let all = lexicon(&[
        Entry::spelt("SQL", "sequel"),
        pattern("GPT-*", "gee pee tee *"),
        Entry::spelt("ONU", "onu"),
        Entry::spelt("U.S.", "you ess"),
    ]);
    let (sql, us) = (("S Q L", "sequel"), ("U S", "you ess"));
    for (steps, expected) in [
        (&[("SQL,", "S Q L,"), ("and", "and")][..], &[sql][..]),
        (&[("Learn", "Learn"), ("SQL", "S Q L.")], &[sql]),
        (&[("is (", "is,"), ("SQL),", "S Q L,"), ("so", "so")], &[sql]),
        (&[("SQL” —", "S Q L,"), ("so", "so.")], &[sql]),
        (&[("(SQL)", "S Q L")], &[sql]),
        (&[("SQL's", "S Q L's"), ("SQL’s,", "S Q L's,"), ("pre-SQL?", "pre-S Q L?")], &[sql, sql, sql]),
        (&[("GPT-4,", "G P T four,"), ("GPT-4's", "G P T four's")], &[("G P T four", "gee pee tee four"); 2]),
        (&[("l’ONU,", "l'O N U,")], &[("O N U", "onu")]),
        (&[("U.S.", "U S"), ("U.S.,", "U S,"), ("U.S.", "U S.")], &[us, us, us]),
    ] {
        assert_eq!(said_by(&all, steps), pairs(expected), "{steps:?}");
    }
}

#[test]
fn what_is_spoken_as_a_whole_is_not_taken_apart_at_a_pause() {
    let all = lexicon(&[Entry::spelt("5", "never"), Entry::spelt("no", "never"), Entry::spelt("C", "never")]);
    for steps in [
        &[("5%,", "five percent,")][..],
        &[("$5,", "five dollars,")],
        &[("1,5,", "one point five,")],
        &[("no.", "number"), ("7", "seven")],
        &[("C++.", "see plus plus.")],
    ] {
        assert_eq!(said_by(&all, steps), pairs(&[]), "{steps:?}");
    }
    let many = lexicon(&[pattern("D-*", "dee *")]);
    assert_eq!(said_by(&many, &[("D-5,", "day five,")]), pairs(&[]));
}

#[test]
fn the_key_of_a_sentence_holds_what_applies_to_it_alone() {
    let (siobhan, lead) = (Entry::sounds("Siobhán", "ʃɪˈvɔːn"), Entry::spelt("lead", "led"));
    let of = |entries: &[Entry], text: &str| key(&lexicon(entries).said(&Sentence::spoken(text)));
    let text = "Ask Siobhán.";
    assert_eq!(of(&[siobhan.clone(), lead.clone()], text), of(from_ref(&siobhan), text));
    assert_eq!(of(from_ref(&lead), text), None);
    let changed = Entry::sounds("Siobhán", "ˈʃɪvɔːn");
    assert_ne!(of(&[changed], text), of(from_ref(&siobhan), text));
    assert_ne!(of(&[siobhan], "Now ask Siobhán."), of(&[lead], "Now ask lead."));
}

#[test]
fn an_entry_that_says_nothing_is_refused_by_its_field() {
    let with = |change: fn(&mut Entry)| {
        let mut entry = Entry::spelt("lead", "led");
        change(&mut entry);
        let refused = checked("lexicon.entries", vec![Entry::spelt("a", "b"), entry]).expect_err("refused");
        assert_eq!(refused.reason, Reason::InvalidField, "{refused}");
        refused.field.unwrap_or_default()
    };
    for (field, change) in [
        ("lexicon.entries[1]", (|entry| entry.respelling.clear()) as fn(&mut Entry)),
        ("lexicon.entries[1].text", |entry| entry.written = Written::Text(" - ".to_owned())),
        ("lexicon.entries[1].text", |entry| entry.written = Written::Text("x".repeat(101))),
        ("lexicon.entries[1].pattern", |entry| entry.written = Written::Pattern("lead".to_owned())),
        ("lexicon.entries[1].pattern", |entry| entry.written = Written::Pattern("a**b".to_owned())),
        ("lexicon.entries[1].respelling", |entry| entry.respelling = "l3d".to_owned()),
        ("lexicon.entries[1].respelling", |entry| entry.respelling = "led *".to_owned()),
        ("lexicon.entries[1].respelling", |entry| entry.respelling = "'".to_owned()),
        ("lexicon.entries[1].respelling", |entry| entry.respelling = "led\u{7}".to_owned()),
        ("lexicon.entries[1].ipa", |entry| entry.ipa = "ǃa".to_owned()),
        ("lexicon.entries[1].ipa", |entry| entry.ipa = "lEd".to_owned()),
        ("lexicon.entries[1].ipa", |entry| entry.ipa = "ˈˌ".to_owned()),
        ("lexicon.entries[1].ipa", |entry| {
            (entry.written, entry.ipa) = (Written::Pattern("lead*".to_owned()), "lɛd".to_owned());
        }),
    ] {
        assert_eq!(with(change), field);
    }
    let many = vec![Entry::spelt("a", "b"); MOST_ENTRIES + 1];
    assert_eq!(checked("e", many).expect_err("too many").field.as_deref(), Some("e"));
    let large = vec![Entry::spelt(&"a".repeat(100), "b"); MOST_ENTRIES];
    assert!(checked("e", large).expect_err("too large").message.contains("bytes"));
}

#[test]
fn sounds_are_kept_in_one_form() {
    for (given, kept) in [
        ("/ʃɪˈvɔːn/", "ʃɪˈvɔːn"),
        ("[ʃɪ'vɔ:n]", "ʃɪˈvɔːn"),
        ("ˈçɛmi", "ˈçɛmi"),
        ("ˈc\u{327}ɛmi", "ˈçɛmi"),
        ("bõ  ʒuʁ", "bo\u{303} ʒuʁ"),
    ] {
        assert_eq!(ipa::checked("ipa", given).as_deref(), Ok(kept), "{given}");
    }
}
