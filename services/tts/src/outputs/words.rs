//! `words.json`: the words as they are written, each with its time and place
//! ([`crate::timeline::words`]), one a line, since there are many.

use std::io::{self, Write};

use lectern_core::Failure;
use lectern_core::content::document::Content;
use lectern_core::content::script::{Plan, Section};
use lectern_core::content::timeline::Track;
use lectern_stage::work::no_room;
use serde::Serialize;

use crate::timeline::speakers::Speakers;
use crate::timeline::words::each;

/// What stands before the words.
#[derive(Serialize)]
struct Head<'a> {
    title: &'a str,
    language: &'a str,
    sample_rate: u32,
    sample_count: u64,
}

/// Writes the file.
///
/// # Errors
/// `UNAVAILABLE` if it cannot be written, `INTERNAL` if the tracks are not those of the sections.
pub fn write(
    out: &mut impl Write,
    content: &Content,
    plan: &Plan,
    sections: &[Section],
    tracks: &[Track],
) -> Result<(), Failure> {
    let head = Head {
        title: &plan.title,
        language: &plan.language,
        sample_rate: tracks.first().map_or(0, |track| track.sample_rate),
        sample_count: tracks.iter().map(|track| track.samples).sum(),
    };
    let failed = |error: io::Error| no_room(&error);
    let json = |error: serde_json::Error| Failure::internal(format!("a word cannot be written as JSON: {error}"));
    let head = serde_json::to_string(&head).map_err(json)?;
    let open = head.strip_suffix('}').unwrap_or(&head);
    write!(out, "{open},\"words\":[").map_err(failed)?;
    let speakers = Speakers::of(plan, sections);
    let mut between = "\n";
    each(content, &speakers, sections, tracks, |word| {
        let line = serde_json::to_string(word).map_err(json)?;
        write!(out, "{between}{line}").map_err(failed)?;
        between = ",\n";
        Ok(())
    })?;
    writeln!(out, "\n]}}").map_err(failed)
}

#[cfg(test)]
mod tests {
    use lectern_core::content::Range;

    use super::*;
    use crate::timeline::fixture::{content, of, plan, quoted, tracks};

    #[test]
    fn the_file_is_json_with_a_word_a_line() {
        let content = content(&["Water \"runs\"."]);
        let sections = [of(0, vec![quoted(&content, 0, 0, Range::new(0, 13))])];
        let (plan, tracks) = (plan(&sections), tracks(&sections));
        let mut out = Vec::new();
        write(&mut out, &content, &plan, &sections, &tracks).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert_eq!(text.lines().count(), 4, "{text}");
        let json: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!((json["title"].as_str(), json["sample_rate"].as_u64()), (Some("A title"), Some(24_000)));
        assert_eq!(json["sample_count"], tracks[0].samples);
        let words: Vec<&str> =
            json["words"].as_array().unwrap().iter().map(|word| word["word"].as_str().unwrap()).collect();
        assert_eq!(words, ["Water", "\"runs\"."]);
        assert_eq!(json["words"][1]["place"], serde_json::json!({"block": 0, "start": 6, "end": 13}));
        let mut none = Vec::new();
        write(&mut none, &content, &plan, &[], &[]).unwrap();
        assert_eq!(serde_json::from_slice::<serde_json::Value>(&none).unwrap()["words"], serde_json::json!([]));
    }
}
