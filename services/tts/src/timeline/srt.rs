//! Captions in `SubRip`: the same cues as in WebVTT, numbered from 1. Where several talk, a line
//! says who begins.

use std::fmt::Write as _;

use super::captions::Cue;

/// `cues` as a `SubRip` file.
#[must_use]
pub fn srt(cues: &[Cue]) -> String {
    let mut srt = String::new();
    let mut last: Option<&str> = None;
    for (number, cue) in (1..).zip(cues) {
        let speaker = cue.speaker.as_deref();
        let name = speaker.filter(|_| speaker != last).map(|name| format!("{}: ", plain(name))).unwrap_or_default();
        last = speaker;
        let text = plain(&cue.lines.join("\n"));
        // Writing to a string cannot fail.
        let _ = write!(srt, "{number}\n{} --> {}\n{name}{text}\n\n", timestamp(cue.start), timestamp(cue.end));
    }
    srt
}

/// A text without the sign that stands between times. There is no way to escape it, nor `<`, which
/// players show as it is where it begins no mark that they know.
fn plain(text: &str) -> String {
    text.replace("-->", "→")
}

fn timestamp(milliseconds: u64) -> String {
    super::timestamp(milliseconds).replace('.', ",")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cue(start: u64, end: u64, lines: &[&str], speaker: Option<&str>) -> Cue {
        let lines = lines.iter().map(|line| (*line).to_owned()).collect();
        Cue { id: "s0.u0.b0[0-1]".to_owned(), start, end, lines, added: false, speaker: speaker.map(str::to_owned) }
    }

    #[test]
    fn cues_are_numbered_and_timed_with_commas() {
        let cues =
            [cue(200, 1_999, &["Two lines", "of a -> b --> c."], None), cue(36_000_001, 36_061_000, &["Late."], None)];
        let expected = "1\n00:00:00,200 --> 00:00:01,999\nTwo lines\nof a -> b → c.\n\n\
                        2\n10:00:00,001 --> 10:01:01,000\nLate.\n\n";
        assert_eq!(srt(&cues), expected);
        assert_eq!(srt(&[]), "");
    }

    #[test]
    fn who_begins_is_named_once() {
        let said = |at: u64, name| cue(at * 1000, at * 1000 + 900, &["Text."], Some(name));
        let made = srt(&[said(0, "Ann"), said(1, "Ann"), said(2, "Bo"), said(3, "Ann")]);
        let texts: Vec<&str> = made.split("\n\n").filter_map(|cue| cue.lines().nth(2)).collect();
        assert_eq!(texts, ["Ann: Text.", "Text.", "Bo: Text.", "Ann: Text."]);
    }
}
