//! The text of a request in the form that its voice's family takes, within the bytes that all input
//! of a request may have.

use lectern_core::Failure;
use lectern_core::content::Range;
use serde_json::{Value, json};

use super::rows::{Family, Feature, Form, MOST_BYTES};
use super::ssml::{Wanted, ssml};
use crate::engine::{Pronunciation, SegmentRequest};

/// What is sent of a request.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Input {
    /// The field `input`.
    pub json: Value,
    /// The words that each mark stands before; none where there are no marks.
    pub runs: Vec<Vec<Range>>,
    /// Characters that are paid for.
    pub billed: u64,
    /// The most characters that can be: with marks.
    pub most: u64,
}

/// Puts a request into the form of its family. What makes it longer than it may be is left out: the
/// marks of words first, whose times are found otherwise; then manners; the sounds of words last.
///
/// # Errors
/// `INVALID_FIELD` for a text that is longer by itself.
pub(super) fn input(request: &SegmentRequest, family: &Family) -> Result<Input, Failure> {
    if request.text.len() > MOST_BYTES {
        let message = format!("the text has more than {MOST_BYTES} bytes of UTF-8, which Google takes at once");
        return Err(Failure::invalid("text", message));
    }
    if family.input == Form::Ssml {
        let all = Wanted::of(family);
        let without_marks = Wanted { marks: false, ..all };
        let sounds = Wanted { emphasis: false, pitch: false, ..without_marks };
        let nothing = Wanted { phonemes: false, ..sounds };
        for wanted in [all, without_marks, sounds] {
            if wanted == nothing {
                break;
            }
            let written = ssml(request, wanted);
            if written.text.len() <= MOST_BYTES {
                let runs = if wanted.marks { written.runs } else { Vec::new() };
                let (billed, most) = (count(written.billed), count(written.text.chars().count()));
                return Ok(Input { json: json!({"ssml": written.text}), runs, billed, most });
            }
        }
        return Ok(plain(&request.text, &[]));
    }
    let said: &[Pronunciation] =
        if family.takes(Feature::CustomPronunciations) { &request.pronunciations } else { &[] };
    Ok(plain(&request.text, said))
}

/// A text as it stands, with as many pronunciations beside it as there is room for.
fn plain(text: &str, said: &[Pronunciation]) -> Input {
    let mut json = json!({ "text": text });
    let (mut pronunciations, mut bytes, mut billed) = (Vec::new(), text.len(), text.chars().count());
    for (phrase, ipa) in phrases(text, said) {
        if bytes + phrase.len() + ipa.len() > MOST_BYTES {
            break;
        }
        bytes += phrase.len() + ipa.len();
        billed += phrase.chars().count() + ipa.chars().count();
        let encoding = "PHONETIC_ENCODING_IPA";
        pronunciations.push(json!({"phrase": phrase, "phoneticEncoding": encoding, "pronunciation": ipa}));
    }
    if !pronunciations.is_empty() {
        json["customPronunciations"] = json!({ "pronunciations": pronunciations });
    }
    Input { json, runs: Vec::new(), billed: count(billed), most: count(billed) }
}

/// The phrases that are said otherwise, once each. One that stands elsewhere in the text and is
/// said as it is spelt there, or in another way, is left out: Google goes by the letters of a
/// phrase, and not by its place.
fn phrases<'a>(text: &'a str, said: &'a [Pronunciation]) -> Vec<(&'a str, &'a str)> {
    let mut phrases: Vec<(&str, &str)> = Vec::new();
    for one in said {
        let phrase = one.spoken.of(text);
        let same = said.iter().filter(|other| other.spoken.of(text) == phrase);
        let everywhere = same.clone().count() == text.matches(phrase).count();
        let one_way = same.clone().all(|other| other.ipa == one.ipa);
        let known = phrases.iter().any(|(known, _)| *known == phrase);
        if !phrase.is_empty() && everywhere && one_way && !known {
            phrases.push((phrase, one.ipa.as_str()));
        }
    }
    phrases
}

fn count(characters: usize) -> u64 {
    u64::try_from(characters).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::rows::families;
    use super::*;
    use crate::engine::{Manner, Mark, Speed};

    fn family(id: &str) -> Family {
        families(Path::new(""), "x").unwrap().into_iter().find(|family| family.id == id).unwrap()
    }

    fn request(text: &str) -> SegmentRequest {
        SegmentRequest::new(text, "engines/google/voices/v", Speed::NORMAL)
    }

    fn said(start: u32, end: u32, ipa: &str) -> Pronunciation {
        Pronunciation { spoken: Range::new(start, end), ipa: ipa.to_owned() }
    }

    #[test]
    fn each_family_has_its_form() {
        let asked = request("Two words.");
        let chirp = input(&asked, &family("chirp3-hd")).unwrap();
        assert_eq!((chirp.json, chirp.billed, chirp.most), (json!({"text": "Two words."}), 10, 10));
        let standard = input(&asked, &family("standard")).unwrap();
        assert!(standard.json["ssml"].as_str().unwrap().contains("<mark"));
        assert_eq!((standard.runs.len(), standard.billed), (2, "<speak>Two words.</speak>".len() as u64));
        assert!(standard.most > standard.billed);
        let studio = input(&asked, &family("studio")).unwrap();
        assert_eq!((studio.json, studio.runs.len()), (json!({"ssml": "<speak>Two words.</speak>"}), 0));
    }

    #[test]
    fn pronunciations_stand_beside_a_text_where_they_hold_for_all_of_it() {
        let mut asked = request("lead pipes and lead");
        asked.pronunciations = vec![said(0, 4, "lɛd")];
        let chirp = family("chirp3-hd");
        assert_eq!(input(&asked, &chirp).unwrap().json, json!({"text": asked.text}), "the other one leads");
        asked.pronunciations.push(said(15, 19, "lɛd"));
        let both = input(&asked, &chirp).unwrap();
        let one = json!({"phrase": "lead", "phoneticEncoding": "PHONETIC_ENCODING_IPA", "pronunciation": "lɛd"});
        assert_eq!(both.json["customPronunciations"], json!({"pronunciations": [one]}));
        assert_eq!(both.billed, 19 + 4 + 3);
        asked.pronunciations[1] = said(15, 19, "liːd");
        assert_eq!(input(&asked, &chirp).unwrap().json.get("customPronunciations"), None);
        assert_eq!(input(&asked, &family("chirp-hd")).unwrap().json.get("customPronunciations"), None);
    }

    #[test]
    fn what_does_not_fit_is_left_out_and_bytes_are_counted() {
        let wavenet = family("wavenet");
        // A word of ten bytes and a space, with a mark of some 19.
        let text = |words: usize| "é".repeat(5) + &" ééééé".repeat(words - 1);
        let sent = |words: usize| {
            let mut asked = request(&text(words));
            asked.marks = vec![Mark { spoken: Range::new(0, 5), manner: Manner::Emphasis }];
            asked.pronunciations = vec![said(6, 11, "eː")];
            input(&asked, &wavenet).map(|input| {
                let of = |name: &str| input.json[name].as_str().unwrap_or_default().to_owned();
                let (ssml, text) = (of("ssml"), of("text"));
                assert!(ssml.len() + text.len() <= MOST_BYTES);
                (!input.runs.is_empty(), ssml.contains("<emphasis"), ssml.contains("<phoneme"), text.is_empty())
            })
        };
        assert_eq!(sent(100), Ok((true, true, true, true)));
        assert_eq!(sent(400), Ok((false, true, true, true)), "the marks of words go first");
        assert_eq!(sent(449), Ok((false, false, true, true)), "then manners");
        assert_eq!(sent(454), Ok((false, false, false, false)), "sounds last");
        assert_eq!(sent(455).unwrap_err().field.as_deref(), Some("text"), "one character too many");
        let exactly = request(&"é".repeat(2_500));
        assert!(input(&exactly, &family("chirp3-hd")).is_ok());
        let over = request(&("é".repeat(2_500) + "a"));
        assert!(input(&over, &family("chirp3-hd")).is_err());
    }
}
