use super::*;
use crate::engine::{Capabilities, Manner, Speed};
use crate::testing::a_voice;

const TEXT: &str = "We ask Siobhán for S Q L, now.";

fn said(part: &str, ipa: &str, respelling: &str) -> Said {
    let at = length(TEXT.split_once(part).expect("it is there").0);
    Said { spoken: Range::new(at, at + length(part)), ipa: ipa.to_owned(), respelling: respelling.to_owned() }
}

fn request(said: Vec<Said>) -> SegmentRequest {
    SegmentRequest { said, ..SegmentRequest::new(TEXT, "engines/e/voices/v", Speed::NORMAL) }
}

fn voice(phonemes: Phonemes, language: &str) -> Voice {
    let capabilities = Capabilities { phonemes, ..Capabilities::default() };
    Voice { capabilities, languages: vec![language.to_owned()], ..a_voice("engines/e/voices/v") }
}

/// The words between spaces, each a hundred samples long, as a voice would give them.
fn timed(text: &str) -> Vec<WordTime> {
    let mut at = 0;
    let words = text.split(' ').zip(0_u64..).map(|(word, index)| {
        let spoken = Range::new(at, at + length(word.trim_end_matches([',', '.'])));
        at += length(word) + 1;
        WordTime { spoken, start: index * 100, end: index * 100 + 100 }
    });
    words.collect()
}

#[test]
fn a_voice_that_takes_sounds_is_given_them_and_the_rest_is_respelt() {
    let all = vec![said("Siobhán", "ʃɪˈvɔːn", "shi-vawn"), said("S Q L", "", "sequel"), said("now", "naʊ", "")];
    let respelt = respelt(request(all), &voice(Phonemes::Ipa, "en-US"));
    assert_eq!(respelt.request.text, "We ask Siobhán for sequel, now.");
    let sounds: Vec<_> =
        respelt.request.pronunciations.iter().map(|one| one.spoken.of(&respelt.request.text)).collect();
    assert_eq!(sounds, ["Siobhán", "now"]);
    assert!(respelt.request.said.is_empty());
}

#[test]
fn a_voice_that_takes_none_reads_another_spelling_if_there_is_one() {
    let all = || vec![said("Siobhán", "ʃɪˈvɔːn", ""), said("S Q L", "", "sequel")];
    for (language, text) in [("en-GB", "We ask shivawn for sequel, now."), ("de-DE", "We ask Siobhán for sequel, now.")]
    {
        let respelt = respelt(request(all()), &voice(Phonemes::None, language));
        assert_eq!((respelt.request.text.as_str(), respelt.request.pronunciations.len()), (text, 0), "{language}");
    }
    let german = SegmentRequest { language: "de".to_owned(), ..request(all()) };
    assert!(respelt(german, &voice(Phonemes::None, "en-US")).request.text.contains("Siobhán"));
}

#[test]
fn words_are_put_back_to_where_they_were_asked_for() {
    let all = vec![said("Siobhán", "", "shi vawn"), said("S Q L", "", "sequel")];
    let mut asked = request(all);
    let emphasis = said("for S Q L", "", "").spoken;
    asked.marks = vec![Mark { spoken: emphasis, manner: Manner::Emphasis }];
    let respelt = respelt(asked, &voice(Phonemes::None, "en-US"));
    let text = &respelt.request.text;
    assert_eq!(text, "We ask shi vawn for sequel, now.");
    assert_eq!(respelt.request.marks[0].spoken.of(text), "for sequel");
    let back = respelt.put_back(timed(text));
    let found: Vec<_> = back.iter().map(|word| (word.spoken.of(TEXT), word.start, word.end)).collect();
    let expected = [
        ("We", 0, 100),
        ("ask", 100, 200),
        ("Siobhán", 200, 400),
        ("for", 400, 500),
        ("S Q L", 500, 600),
        ("now", 600, 700),
    ];
    assert_eq!(found, expected);
}

#[test]
fn a_request_of_which_nothing_is_said_otherwise_stays_as_it_is() {
    let asked = request(Vec::new());
    let respelt = respelt(asked.clone(), &voice(Phonemes::None, "en-US"));
    assert_eq!(respelt.request, asked);
    assert_eq!(respelt.put_back(timed(TEXT)), timed(TEXT));
}

#[test]
fn sounds_are_spelt_as_an_english_reader_would() {
    for (ipa, spelt) in [
        ("ʃɪˈvɔːn", "shivawn"),
        ("ˈniːtʃə", "neechuh"),
        ("ˈkɪn.wɑː", "kin-wah"),
        ("dʒəˈlæpənoʊ", "juhlapuhnoh"),
        ("ɑ̃ ʁi", "ahn ree"),
        ("ˈˌ", ""),
    ] {
        assert_eq!(english::respelt(ipa), spelt, "{ipa}");
    }
}
