//! Narrations and documents in a person's words: what `lectern list`, `show` and `documents` print.

use std::collections::BTreeSet;

use lectern_client::is_terminal;
use lectern_proto::v1::length::Target;
use lectern_proto::v1::narration::State;
use lectern_proto::v1::{
    ContentKind, Direction, Document, EmojiPolicy, Footnotes, Lane, Narration, NarrationLexicon, NumberRange,
    OtherLanguages, OutputFormat, Selection, Style, WaitReason,
};
use prost_types::{Duration, Timestamp};

use crate::client::{progress, word, words};

/// Characters of a time to the minute, as RFC 3339 writes it: `2026-11-27T12:00`.
const TO_THE_MINUTE: usize = 16;
/// Characters of a time to the second: `2026-11-27T12:00:59`.
const TO_THE_SECOND: usize = 19;
/// Bytes of a kilobyte, as file managers count them.
const KILO: f64 = 1_000.0;

/// What a narration is called: its name for people, else its title.
pub fn title(narration: &Narration) -> &str {
    if narration.display_name.is_empty() { &narration.title } else { &narration.display_name }
}

/// Where a narration stands, in a few words: `narrating 34 %`, `queued, waits`. Where it is on an
/// instance that does no work, whatever is not finished waits.
pub fn standing(narration: &Narration, idle: bool) -> String {
    let mut text = progress::state(narration.state());
    if let Some(percent) = percent(narration) {
        text.push_str(&format!(" {percent} %"));
    }
    if narration.wait_reason() != WaitReason::Unspecified || (idle && !is_terminal(narration)) {
        text.push_str(", waits");
    }
    text
}

/// How much of the audio that it will have is made, in whole percent; none where the narration is
/// not being recorded.
pub fn percent(narration: &Narration) -> Option<u64> {
    let counts = narration.progress.as_ref()?;
    let (made, whole) = match narration.state() {
        State::Narrating => (counts.recorded_duration?, counts.estimated_duration?),
        State::Assembling => (counts.assembled_duration?, counts.recorded_duration?),
        State::Unspecified
        | State::Queued
        | State::Extracting
        | State::Planning
        | State::Succeeded
        | State::Failed
        | State::Cancelled
        | State::AwaitingApproval => return None,
    };
    let (made, whole) = (words::seconds(&made), words::seconds(&whole));
    (made * 100).checked_div(whole).map(|percent| percent.min(100))
}

/// How long the recording is; about how long it will be, before that is known; empty where nothing
/// is.
pub fn length(narration: &Narration) -> String {
    let clock = |length: &Duration| words::clock(words::seconds(length));
    let estimated = narration.progress.as_ref().and_then(|progress| progress.estimated_duration.as_ref());
    match (&narration.duration, estimated) {
        (Some(length), _) => clock(length),
        (None, Some(length)) => format!("about {}", clock(length)),
        (None, None) => String::new(),
    }
}

/// A time to the minute, in UTC: `2026-11-27 12:00Z`.
pub fn when(time: Option<&Timestamp>) -> String {
    in_utc(time, TO_THE_MINUTE)
}

/// A time to the second, in UTC: `2026-11-27 12:00:59Z`.
pub fn moment(time: Option<&Timestamp>) -> String {
    in_utc(time, TO_THE_SECOND)
}

fn in_utc(time: Option<&Timestamp>, characters: usize) -> String {
    let Some(time) = time else { return String::new() };
    let text: String = time.to_string().chars().take(characters).collect();
    format!("{}Z", text.replace('T', " "))
}

/// A number of bytes as file managers show it: `512 bytes`, `2.5 MB`.
pub fn size(bytes: i64) -> String {
    #[allow(clippy::cast_precision_loss, reason = "shown with one digit")]
    let mut rest = bytes.max(0) as f64;
    let mut unit = None;
    for next in ["kB", "MB", "GB", "TB"] {
        if rest < KILO {
            break;
        }
        (rest, unit) = (rest / KILO, Some(next));
    }
    unit.map_or_else(|| words::count(bytes, "byte"), |unit| format!("{rest:.1} {unit}"))
}

/// The type of a document, as people call it.
pub fn kind(document: &Document) -> &str {
    let sniffed = document.mime_type.as_str();
    match sniffed {
        "application/pdf" => "PDF",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document" => "DOCX",
        "application/vnd.openxmlformats-officedocument.presentationml.presentation" => "PPTX",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet" => "XLSX",
        "application/vnd.oasis.opendocument.text" => "ODT",
        "application/epub+zip" => "EPUB",
        "text/html" | "application/xhtml+xml" => "HTML",
        "text/markdown" => "Markdown",
        "text/plain" => "text",
        "text/csv" => "CSV",
        _ => sniffed,
    }
}

/// What was ordered, each choice with its name. What nobody asked for is not there.
pub fn order(narration: &Narration) -> Vec<(&'static str, String)> {
    let kinds = |kinds: &mut dyn Iterator<Item = ContentKind>| listed(&mut kinds.map(content));
    let voices = || narration.speakers.iter().map(|speaker| speaker.voice.clone()).filter(|voice| !voice.is_empty());
    let others: BTreeSet<&str> =
        narration.speakers.iter().flat_map(|speaker| &speaker.other_voices).map(String::as_str).collect();
    let footnotes = match narration.footnotes() {
        Footnotes::Unspecified | Footnotes::Skip => String::new(),
        Footnotes::Inline | Footnotes::End => word(narration.footnotes().as_str_name(), "FOOTNOTES_"),
    };
    let other_languages = match narration.other_languages() {
        OtherLanguages::Unspecified | OtherLanguages::Skip => String::new(),
        OtherLanguages::Refuse => "refused".to_owned(),
        OtherLanguages::Speak if narration.spoken_languages.is_empty() => "spoken, where a voice can".to_owned(),
        OtherLanguages::Speak => listed(&mut narration.spoken_languages.iter().cloned()),
    };
    let emoji = match narration.emoji() {
        EmojiPolicy::Unspecified | EmojiPolicy::Name => "",
        EmojiPolicy::Drop => "dropped",
    };
    let lane = match narration.lane() {
        Lane::Unspecified => String::new(),
        Lane::Interactive | Lane::Standard | Lane::Bulk => word(narration.lane().as_str_name(), "LANE_"),
    };
    let lexicon = |used: &NarrationLexicon| format!("{} {}", used.name, used.version);
    let by_default = narration.default_lexicons.iter().map(|used| format!("{} by default", lexicon(used)));
    let without = narration.without_default_lexicons.then(|| "none by default".to_owned());
    let mut lexicons = narration.lexicons.iter().map(lexicon).chain(by_default).chain(without);
    let mut labels = narration.labels.iter().map(|(key, value)| format!("{key}={value}"));
    let format = |format: OutputFormat| word(format.as_str_name(), "OUTPUT_FORMAT_");
    let mut order = vec![
        ("style", style(narration)),
        ("writer", narration.writer.clone()),
        ("direction", narration.direction.as_ref().map(direction).unwrap_or_default()),
        ("speakers", listed(&mut narration.cast.iter().map(|one| one.name.clone()))),
        ("footnotes", footnotes),
        ("other languages", other_languages),
        ("emoji", emoji.to_owned()),
        ("language", narration.language_code.clone()),
        ("voice", listed(&mut voices())),
        ("other voices", listed(&mut others.into_iter().map(str::to_owned))),
        ("lexicons", listed(&mut lexicons)),
        ("speed", narration.speed.map(|speed| speed.to_string()).unwrap_or_default()),
        ("formats", listed(&mut narration.formats().map(format))),
        ("only", narration.selection.as_ref().map(selection).unwrap_or_default()),
        ("skip", kinds(&mut narration.skip())),
        ("read", kinds(&mut narration.read())),
        ("lane", lane),
        ("labels", listed(&mut labels)),
    ];
    order.retain(|(_, value)| !value.is_empty());
    order
}

fn style(narration: &Narration) -> String {
    let style = match narration.style() {
        Style::Unspecified => return String::new(),
        Style::Narration | Style::Briefing | Style::Lesson | Style::Dialogue => {
            word(narration.style().as_str_name(), "STYLE_")
        }
    };
    match narration.length.and_then(|length| length.target) {
        Some(Target::Duration(length)) => format!("{style} of {}", words::clock(words::seconds(&length))),
        Some(Target::WordCount(count)) => format!("{style} of {}", words::count(count, "word")),
        None => style,
    }
}

/// How it is to be written: `for nurses; tone: calm; with an intro`.
fn direction(direction: &Direction) -> String {
    let Direction { audience, tone, focus, instructions, intro, outro, language_code } = direction;
    let said = [("for ", audience), ("tone: ", tone), ("focus: ", focus), ("", instructions), ("in ", language_code)];
    let said = said.into_iter().filter(|(_, text)| !text.is_empty()).map(|(what, text)| format!("{what}{text}"));
    let framed = [(*intro, "with an intro"), (*outro, "with an outro")];
    let framed = framed.into_iter().filter(|(given, _)| *given).map(|(_, what)| what.to_owned());
    said.chain(framed).collect::<Vec<_>>().join("; ")
}

/// A kind of content by its name on the command line.
fn content(kind: ContentKind) -> String {
    match kind {
        ContentKind::Appendices => "appendix".to_owned(),
        ContentKind::Unspecified
        | ContentKind::Citations
        | ContentKind::Code
        | ContentKind::Tables
        | ContentKind::Captions
        | ContentKind::Figures
        | ContentKind::Formulas
        | ContentKind::FrontMatter
        | ContentKind::BackMatter
        | ContentKind::References => word(kind.as_str_name(), "CONTENT_KIND_").replace(' ', "-"),
    }
}

/// What of the document: `pages 3-9, 12; the first 5:00`.
fn selection(selection: &Selection) -> String {
    let range = |range: &NumberRange| match (range.first, range.last) {
        (first, last) if first == last => first.to_string(),
        (first, last) => format!("{first}-{last}"),
    };
    let ranges = |what: &str, ranges: &[NumberRange]| {
        let all = listed(&mut ranges.iter().map(range));
        if all.is_empty() { None } else { Some(format!("{what} {all}")) }
    };
    let first = selection.first.as_ref().map(|length| format!("the first {}", words::clock(words::seconds(length))));
    let parts = [ranges("pages", &selection.pages), ranges("chapters", &selection.chapters), first];
    parts.into_iter().flatten().collect::<Vec<_>>().join("; ")
}

fn listed(parts: &mut dyn Iterator<Item = String>) -> String {
    parts.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use lectern_proto::v1::{Character, Length, Progress, Speaker};

    use super::*;

    fn seconds(seconds: i64) -> Option<Duration> {
        Some(Duration { seconds, nanos: 0 })
    }

    #[test]
    fn where_it_stands_is_told_in_a_few_words() {
        let counts = Progress {
            recorded_duration: seconds(68),
            estimated_duration: seconds(200),
            assembled_duration: seconds(17),
            ..Progress::default()
        };
        let at = |state: State, waits: WaitReason| {
            let narration = Narration {
                state: state.into(),
                wait_reason: waits.into(),
                progress: Some(counts),
                ..Narration::default()
            };
            (standing(&narration, false), length(&narration))
        };
        for (state, waits, expected) in [
            (State::Queued, WaitReason::Queue, "queued, waits"),
            (State::Narrating, WaitReason::Unspecified, "narrating 34 %"),
            (State::Narrating, WaitReason::Paused, "narrating 34 %, waits"),
            (State::Assembling, WaitReason::Unspecified, "assembling 25 %"),
            (State::Succeeded, WaitReason::Unspecified, "succeeded"),
        ] {
            assert_eq!(at(state, waits), (expected.to_owned(), "about 3:20".to_owned()));
        }
        let planned = Narration { state: State::Narrating.into(), ..Narration::default() };
        assert_eq!((standing(&planned, false), length(&planned)), ("narrating".to_owned(), String::new()));
        assert_eq!(standing(&planned, true), "narrating, waits");
        let done = Narration { state: State::Succeeded.into(), ..Narration::default() };
        assert_eq!(standing(&done, true), "succeeded");
        let nothing = Progress { recorded_duration: seconds(0), estimated_duration: seconds(0), ..counts };
        assert_eq!(percent(&Narration { progress: Some(nothing), ..planned }), None);
    }

    #[test]
    fn sizes_and_times_are_short() {
        assert_eq!(
            [0, 1, 999, 1_000, 2_549_999, 5_000_000_000].map(size),
            ["0 bytes", "1 byte", "999 bytes", "1.0 kB", "2.5 MB", "5.0 GB"]
        );
        let time: Timestamp = "2026-11-27T12:00:59.5Z".parse().unwrap();
        assert_eq!((when(Some(&time)), when(None)), ("2026-11-27 12:00Z".to_owned(), String::new()));
        assert_eq!(moment(Some(&time)), "2026-11-27 12:00:59Z");
    }

    #[test]
    fn an_order_names_what_was_asked_for_as_the_command_line_does() {
        let narration = Narration {
            style: Style::Briefing.into(),
            length: Some(Length { target: Some(Target::Duration(Duration { seconds: 300, nanos: 0 })) }),
            footnotes: Footnotes::Skip.into(),
            speakers: vec![Speaker { voice: "engines/local/voices/heart".to_owned(), other_voices: Vec::new() }],
            speed: Some(1.25),
            formats: vec![OutputFormat::Opus.into(), OutputFormat::Flac.into()],
            selection: Some(Selection {
                pages: vec![NumberRange { first: 3, last: 9 }, NumberRange { first: 12, last: 12 }],
                chapters: Vec::new(),
                first: seconds(300),
            }),
            skip: vec![ContentKind::FrontMatter.into(), ContentKind::Appendices.into()],
            other_languages: OtherLanguages::Speak.into(),
            spoken_languages: vec!["de".to_owned(), "fr".to_owned()],
            emoji: EmojiPolicy::Drop.into(),
            ..Narration::default()
        };
        let told: Vec<String> = order(&narration).iter().map(|(name, value)| format!("{name}: {value}")).collect();
        assert_eq!(
            told,
            [
                "style: briefing of 5:00",
                "other languages: de, fr",
                "emoji: dropped",
                "voice: engines/local/voices/heart",
                "speed: 1.25",
                "formats: opus, flac",
                "only: pages 3-9, 12; the first 5:00",
                "skip: front-matter, appendix",
            ]
        );
        assert_eq!(order(&Narration::default()), Vec::new());
        let lexicon = |name: &str, version| NarrationLexicon { name: name.to_owned(), version };
        let lexicons = Narration {
            lexicons: vec![lexicon("lexicons/a", 3)],
            default_lexicons: vec![lexicon("lexicons/b", 1)],
            ..Narration::default()
        };
        assert_eq!(order(&lexicons), [("lexicons", "lexicons/a 3, lexicons/b 1 by default".to_owned())]);
        let without = Narration { without_default_lexicons: true, ..Narration::default() };
        assert_eq!(order(&without), [("lexicons", "none by default".to_owned())]);
        let direction = Direction { audience: "nurses".to_owned(), intro: true, ..Direction::default() };
        let cast = ["Ann", "Bo"].map(|name| Character { name: name.to_owned(), ..Character::default() });
        let written = Narration {
            writer: "gemini".to_owned(),
            direction: Some(direction),
            cast: cast.to_vec(),
            ..Narration::default()
        };
        let told: Vec<String> = order(&written).into_iter().map(|(name, value)| format!("{name}: {value}")).collect();
        assert_eq!(told, ["writer: gemini", "direction: for nurses; with an intro", "speakers: Ann, Bo"]);
    }
}
