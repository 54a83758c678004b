//! A segment as SSML: what is emphasised, quoted and said otherwise than it is spelt, and a mark
//! before each word, so that the times come back at which the words are reached.

use lectern_core::content::Range;

use super::rows::{Family, Feature};
use crate::engine::remote::words::words;
use crate::engine::{Manner, Mark, Pronunciation, SegmentRequest};

/// What of a request is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Wanted {
    pub marks: bool,
    pub emphasis: bool,
    pub pitch: bool,
    pub phonemes: bool,
}

impl Wanted {
    /// All that a family takes.
    pub(super) fn of(family: &Family) -> Self {
        Self {
            marks: family.takes(Feature::Mark),
            emphasis: family.takes(Feature::Emphasis),
            pitch: family.takes(Feature::Pitch),
            phonemes: family.takes(Feature::Phoneme),
        }
    }
}

/// A text with its tags.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Ssml {
    pub text: String,
    /// The words that each mark stands before, in the order of marks. A phrase that is said as a
    /// whole has one mark.
    pub runs: Vec<Vec<Range>>,
    /// Characters of all of it but its marks.
    pub billed: usize,
}

/// The name of the mark before a run of words.
pub(super) fn mark(run: usize) -> String {
    format!("w{run}")
}

/// Writes a request.
pub(super) fn ssml(request: &SegmentRequest, wanted: Wanted) -> Ssml {
    let said: &[Pronunciation] = if wanted.phonemes { &request.pronunciations } else { &[] };
    let manners = manners(request, wanted, said);
    let words = words(&request.text);
    let mut written = Writer { text: "<speak>".to_owned(), marks: 0 };
    let mut runs: Vec<Vec<Range>> = Vec::new();
    let mut next = words.iter().copied().peekable();
    let end = lectern_core::content::length(&request.text);
    let mut chars = request.text.chars();
    for at in 0..=end {
        if said.iter().any(|said| said.spoken.end == at && !said.spoken.is_empty()) {
            written.text.push_str("</phoneme>");
        }
        for manner in manners.iter().filter(|manner| manner.spoken.end == at) {
            written.text.push_str(close(manner.manner));
        }
        for manner in manners.iter().filter(|manner| manner.spoken.start == at) {
            written.text.push_str(open(manner.manner));
        }
        if let Some(word) = next.next_if(|word| word.start == at) {
            let within = said.iter().any(|said| said.spoken.start < at && at < said.spoken.end);
            match runs.last_mut().filter(|_| within) {
                Some(run) => run.push(word),
                None => {
                    if wanted.marks {
                        written.mark(&mark(runs.len()));
                    }
                    runs.push(vec![word]);
                }
            }
        }
        if let Some(said) = said.iter().find(|said| said.spoken.start == at && !said.spoken.is_empty()) {
            written.text.push_str("<phoneme alphabet=\"ipa\" ph=\"");
            said.ipa.chars().for_each(|c| written.escaped(c));
            written.text.push_str("\">");
        }
        if let Some(c) = chars.next() {
            written.escaped(c);
        }
    }
    written.text.push_str("</speak>");
    let billed = written.text.chars().count() - written.marks;
    Ssml { text: written.text, runs, billed }
}

/// The manners that are written: what the family takes, one at a time, and none that would begin or
/// end within a phrase that is said as a whole, since tags do not cross.
fn manners(request: &SegmentRequest, wanted: Wanted, said: &[Pronunciation]) -> Vec<Mark> {
    let takes = |manner: Manner| match manner {
        Manner::Emphasis => wanted.emphasis,
        Manner::Quotation => wanted.pitch,
    };
    let crosses = |mark: &Mark| {
        said.iter().any(|said| {
            let within = |at: u32| said.spoken.start < at && at < said.spoken.end;
            within(mark.spoken.start) || within(mark.spoken.end)
        })
    };
    let mut kept: Vec<Mark> = Vec::new();
    for mark in request.marks.iter().filter(|mark| !mark.spoken.is_empty() && takes(mark.manner)) {
        let free = kept.last().is_none_or(|before| before.spoken.end <= mark.spoken.start);
        if free && !crosses(mark) {
            kept.push(*mark);
        }
    }
    kept
}

/// Somebody else's words are said a little lower.
const fn open(manner: Manner) -> &'static str {
    match manner {
        Manner::Emphasis => "<emphasis level=\"moderate\">",
        Manner::Quotation => "<prosody pitch=\"-1st\">",
    }
}

const fn close(manner: Manner) -> &'static str {
    match manner {
        Manner::Emphasis => "</emphasis>",
        Manner::Quotation => "</prosody>",
    }
}

struct Writer {
    text: String,
    /// Characters of marks.
    marks: usize,
}

impl Writer {
    fn mark(&mut self, name: &str) {
        let tag = format!("<mark name=\"{name}\"/>");
        self.marks += tag.chars().count();
        self.text.push_str(&tag);
    }

    /// A character as text and as the value of an attribute. What XML 1.0 has no place for is a
    /// space.
    fn escaped(&mut self, c: char) {
        match c {
            '&' => self.text.push_str("&amp;"),
            '<' => self.text.push_str("&lt;"),
            '>' => self.text.push_str("&gt;"),
            '"' => self.text.push_str("&quot;"),
            '\'' => self.text.push_str("&apos;"),
            '\n' | '\t' | '\r' => self.text.push(' '),
            c if c.is_control() || matches!(c, '\u{FFFE}' | '\u{FFFF}') => self.text.push(' '),
            c => self.text.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Speed;

    const ALL: Wanted = Wanted { marks: true, emphasis: true, pitch: true, phonemes: true };
    const NONE: Wanted = Wanted { marks: false, emphasis: false, pitch: false, phonemes: false };

    fn request(text: &str) -> SegmentRequest {
        SegmentRequest::new(text, "engines/google/voices/v", Speed::NORMAL)
    }

    fn said(start: u32, end: u32, ipa: &str) -> Pronunciation {
        Pronunciation { spoken: Range::new(start, end), ipa: ipa.to_owned() }
    }

    fn manner(start: u32, end: u32, manner: Manner) -> Mark {
        Mark { spoken: Range::new(start, end), manner }
    }

    #[test]
    fn each_word_has_a_mark_and_nothing_of_the_text_is_a_tag() {
        let ssml = ssml(&request("Ben & \"Jo\" <hi> — größer."), ALL);
        assert_eq!(
            ssml.text,
            "<speak><mark name=\"w0\"/>Ben &amp; <mark name=\"w1\"/>&quot;Jo&quot; <mark name=\"w2\"/>&lt;hi&gt; — <mark \
             name=\"w3\"/>größer.</speak>"
        );
        assert_eq!(ssml.runs.len(), 4);
        let marks = 4 * "<mark name=\"w0\"/>".len();
        assert_eq!(ssml.billed, ssml.text.chars().count() - marks, "marks cost nothing");
        let plain = super::ssml(&request("Ben & co."), NONE);
        assert_eq!((plain.text.as_str(), plain.runs.len()), ("<speak>Ben &amp; co.</speak>", 2));
        assert_eq!(super::ssml(&request("a\u{0}b\nc"), NONE).text, "<speak>a b c</speak>");
    }

    #[test]
    fn phrases_are_said_as_a_whole_and_have_one_mark() {
        let mut asked = request("the lead pipes of Siobhán");
        asked.pronunciations = vec![said(4, 14, "lɛd 'paɪps"), said(18, 25, "ʃɪˈvɔːn")];
        let ssml = ssml(&asked, ALL);
        assert_eq!(
            ssml.text,
            "<speak><mark name=\"w0\"/>the <mark name=\"w1\"/><phoneme alphabet=\"ipa\" ph=\"lɛd &apos;paɪps\">lead \
             pipes</phoneme> <mark name=\"w2\"/>of <mark name=\"w3\"/><phoneme alphabet=\"ipa\" \
             ph=\"ʃɪˈvɔːn\">Siobhán</phoneme></speak>"
        );
        let lengths: Vec<usize> = ssml.runs.iter().map(Vec::len).collect();
        assert_eq!(lengths, [1, 2, 1, 1]);
        assert!(!super::ssml(&asked, NONE).text.contains("phoneme"));
    }

    #[test]
    fn manners_that_the_family_takes_are_written_and_tags_do_not_cross() {
        let mut asked = request("he said go now");
        asked.marks = vec![manner(3, 7, Manner::Emphasis), manner(8, 14, Manner::Quotation)];
        let text = ssml(&asked, Wanted { marks: false, ..ALL }).text;
        let expected =
            "<speak>he <emphasis level=\"moderate\">said</emphasis> <prosody pitch=\"-1st\">go now</prosody></speak>";
        assert_eq!(text, expected);
        let without = ssml(&asked, Wanted { emphasis: false, marks: false, ..ALL }).text;
        assert!(!without.contains("emphasis") && without.contains("prosody"));
        asked.marks = vec![manner(0, 10, Manner::Quotation), manner(3, 7, Manner::Emphasis)];
        asked.pronunciations = vec![said(8, 14, "x")];
        let crossing = ssml(&asked, Wanted { marks: false, ..ALL }).text;
        assert_eq!(crossing.matches("prosody").count(), 0, "{crossing}");
        assert!(crossing.contains("<emphasis level=\"moderate\">said</emphasis>"), "{crossing}");
        asked.pronunciations.clear();
        let within = ssml(&asked, Wanted { marks: false, ..ALL }).text;
        assert_eq!((within.matches("prosody").count(), within.matches("emphasis").count()), (2, 0), "{within}");
    }
}
