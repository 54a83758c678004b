//! Words said as they are asked for, seen in the phonemes that the real voice is given.

use lectern_core::content::{Range, length};
use lectern_core::lexicon::ipa;

use crate::engine::Pronunciation;
use crate::testing::local_voice;

/// Names and words that a caller's lexicon has, and what the voice is to say.
const ASKED: [(&str, &str, &str); 20] = [
    ("Siobhán", "ʃɪˈvɔːn", "ʃɪvˈɔn"),
    ("Nguyễn", "ŋwin", "ŋwˈin"),
    ("Saoirse", "ˈsɪɹʃə", "sˈɪɹʃə"),
    ("Goethe", "ˈɡøːtə", "ɡˈɜɹtə"),
    ("GIF", "dʒɪf", "ʤˈɪf"),
    ("Dvořák", "ˈdvɔːʒɑːk", "dvˈɔʒɑk"),
    ("Reading", "ˈɹɛdɪŋ", "ɹˈɛdɪŋ"),
    ("quinoa", "ˈkiːnwɑː", "kˈinwɑ"),
    ("gyro", "ˈjiːɹoʊ", "jˈiɹO"),
    ("Javier", "ˌhɑːviˈɛɹ", "hˌɑviˈɛɹ"),
    ("Cholmondeley", "ˈtʃʌmli", "ʧˈʌmli"),
    ("nginx", "ˌɛndʒɪnˈɛks", "ˌɛnʤɪnˈɛks"),
    ("Kubernetes", "ˌkuːbɚˈnɛtiːz", "kˌubəɹnˈɛtiz"),
    ("GNOME", "ɡəˈnoʊm", "ɡənˈOm"),
    ("Linux", "ˈlaɪnəks", "lˈInəks"),
    ("SQL", "ˌɛskjuːˈɛl", "ˌɛskjuˈɛl"),
    ("Łódź", "wuːtʃ", "wˈuʧ"),
    ("boatswain", "ˈboʊsən", "bˈOsən"),
    ("Tucson", "ˈtuːsɒn", "tˈusɑn"),
    ("Pho", "foʊ", "fˈO"),
];

/// Sentences with a word of two sounds, and the sounds that it has there.
const DECIDED: [(&str, &str, &str); 16] = [
    ("The old lead pipes burst.", "lead", "lˈɛd"),
    ("You lead the way.", "lead", "lˈid"),
    ("He plays bass guitar.", "bass", "bˈAs"),
    ("He caught a bass in the lake.", "bass", "bˈæs"),
    ("There was a tear in the fabric.", "tear", "tˈɛɹ"),
    ("A tear ran down her cheek.", "tear", "tˈɪɹ"),
    ("I have read it.", "read", "ɹˈɛd"),
    ("I will read it.", "read", "ɹˈid"),
    ("It is a minute detail.", "minute", "mInˈut"),
    ("She stood at the bow of the ship.", "bow", "bˈW"),
    ("They had a furious row.", "row", "ɹˈW"),
    ("He wound up the clock.", "wound", "wˈWnd"),
    ("They play live music.", "live", "lˈIv"),
    ("We live here.", "live", "lˈɪv"),
    ("Stay close to me.", "close", "klˈOs"),
    ("Wind the clock, please.", "wind", "wˈInd"),
];

/// The words of a text and what the voice is given for each.
fn given(text: &str, asked: &[Pronunciation]) -> Vec<(String, String)> {
    let voice = local_voice();
    let loaded = voice.files.loaded().unwrap();
    let words = loaded.phonemizer.words(text, asked).unwrap();
    words
        .into_iter()
        .filter(|word| word.is_word())
        .map(|word| (word.spoken.of(text).to_owned(), word.phonemes))
        .collect()
}

fn said(text: &str, word: &str, asked: &[Pronunciation]) -> String {
    let given = given(text, asked);
    let found = given.iter().find(|(spoken, _)| spoken.to_lowercase() == word.to_lowercase());
    found.unwrap_or_else(|| panic!("{word:?} is not among {given:?}")).1.clone()
}

#[test]
fn words_are_said_by_the_sounds_that_are_asked_for() {
    for (word, sounds, expected) in ASKED {
        let text = format!("We said {word}, twice.");
        let spoken = Range::new(8, 8 + length(word));
        let asked = Pronunciation { spoken, ipa: ipa::checked("ipa", sounds).unwrap() };
        assert_eq!(said(&text, word, &[asked]), expected, "{word}");
        assert_ne!(said(&text, word, &[]), expected, "{word} would need no lexicon");
    }
}

#[test]
fn words_of_two_sounds_are_decided() {
    for (sentence, word, expected) in DECIDED {
        assert_eq!(said(sentence, word, &[]), expected, "{sentence}");
    }
}

#[test]
fn a_lexicon_counts_before_what_is_decided() {
    let text = "The old lead pipes burst.";
    let asked = Pronunciation { spoken: Range::new(8, 12), ipa: "liːd".to_owned() };
    assert_eq!(said(text, "lead", &[asked]), "lˈid");
}

#[test]
fn a_name_with_letters_that_the_voice_lacks_is_said_as_without_them() {
    for (name, plain) in [("Nguyễn", "Nguyen"), ("Trần", "Tran"), ("Đặng", "Dang")] {
        let (with, without) = (said(&format!("Ask {name}."), name, &[]), said(&format!("Ask {plain}."), plain, &[]));
        assert_eq!(with, without, "{name}");
        assert!(!with.is_empty(), "{name}");
    }
}

#[test]
fn a_sentence_is_spoken_with_the_words_that_it_has() {
    use crate::engine::{Compute as _, SegmentRequest, Speed};

    let text = "Ask Siobhán's aunt.";
    let mut request = SegmentRequest::new(text, super::VOICE, Speed::NORMAL);
    let voice = local_voice();
    let plain = voice.synthesize(&request).unwrap();
    request.pronunciations = vec![Pronunciation { spoken: Range::new(4, 11), ipa: "ʃɪˈvɔːn".to_owned() }];
    let asked = voice.synthesize(&request).unwrap();
    assert_ne!(asked.samples, plain.samples);
    let words: Vec<&str> = asked.words.iter().map(|word| word.spoken.of(text)).collect();
    assert_eq!(words, ["Ask", "Siobhán's", "aunt"]);
}
