//! The flags that say what becomes a script, as an order; and what tells one order from another.

use std::collections::BTreeSet;

use lectern_core::content::script::Selection;
use lectern_core::{Digest, Failure};
use lectern_proto::convert;
use lectern_proto::v1::{
    ContentKind, Direction, EmojiPolicy, Footnotes, Length, Narration, OtherLanguages, Style, Voice, Writer,
    length::Target,
};
use prost_types::Duration;
use serde::Serialize;

use crate::cli::{self, Script, Writing};

/// An order for `document` that says how it becomes a script, and nothing of how that sounds.
pub fn order(script: &Script, document: &str) -> Narration {
    let target = match (script.minutes, script.words) {
        (Some(minutes), _) => Some(Target::Duration(Duration { seconds: i64::from(minutes) * 60, nanos: 0 })),
        (None, Some(words)) => Some(Target::WordCount(words)),
        (None, None) => None,
    };
    let style = match script.style {
        cli::StyleFlag::Narration => Style::Narration,
        cli::StyleFlag::Briefing => Style::Briefing,
        cli::StyleFlag::Lesson => Style::Lesson,
        cli::StyleFlag::Dialogue => Style::Dialogue,
    };
    let footnotes = match script.footnotes {
        cli::Footnotes::Skip => Footnotes::Skip,
        cli::Footnotes::Inline => Footnotes::Inline,
        cli::Footnotes::End => Footnotes::End,
    };
    let other_languages = match script.other_languages {
        cli::OtherLanguages::Skip => OtherLanguages::Skip,
        cli::OtherLanguages::Speak => OtherLanguages::Speak,
        cli::OtherLanguages::Refuse => OtherLanguages::Refuse,
    };
    let emoji = match script.emoji {
        cli::Emoji::Name => EmojiPolicy::Name,
        cli::Emoji::Drop => EmojiPolicy::Drop,
    };
    let kinds = |kinds: &[cli::Kind]| kinds.iter().map(|kind| ContentKind::from(*kind).into()).collect();
    Narration {
        documents: vec![document.to_owned()],
        style: style.into(),
        length: target.map(|target| Length { target: Some(target) }),
        footnotes: footnotes.into(),
        language_code: script.language.clone().unwrap_or_default(),
        selection: convert::selection_to_wire(&selection(script)),
        skip: kinds(&script.skip),
        read: kinds(&script.read),
        direction: direction(&script.writing),
        cast: script.writing.speakers.iter().map(|talker| talker.character.clone()).collect(),
        writer: script.writing.writer.clone().unwrap_or_default(),
        other_languages: other_languages.into(),
        spoken_languages: script.speak.clone(),
        emoji: emoji.into(),
        ..Narration::default()
    }
}

/// How a writer with words of its own is to write; none where nothing is said of it.
fn direction(writing: &Writing) -> Option<Direction> {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let direction = Direction {
        audience: text(&writing.audience),
        tone: text(&writing.tone),
        focus: text(&writing.focus),
        instructions: text(&writing.instructions),
        intro: writing.intro,
        outro: writing.outro,
        language_code: String::new(),
    };
    Some(direction).filter(|direction| *direction != Direction::default())
}

fn selection(script: &Script) -> Selection {
    let ranges = |ranges: &Option<cli::Ranges>| ranges.as_ref().map(|ranges| ranges.0.clone()).unwrap_or_default();
    Selection {
        pages: ranges(&script.pages),
        chapters: ranges(&script.chapters),
        first: script.first.map(|length| length.0),
    }
}

/// What is narrated of a document, where that is not all of it, for the names of folders:
/// `-pages-3-9`, `-briefing`.
pub fn part(script: &Script) -> String {
    let mut part = String::new();
    let mut add = |name: &str, what: String| {
        part.push('-');
        part.push_str(name);
        if !what.is_empty() {
            part.push('-');
            part.push_str(&what);
        }
    };
    match script.style {
        cli::StyleFlag::Narration => {}
        cli::StyleFlag::Briefing => add("briefing", String::new()),
        cli::StyleFlag::Lesson => add("lesson", String::new()),
        cli::StyleFlag::Dialogue => add("dialogue", String::new()),
    }
    for (name, ranges) in [("pages", &script.pages), ("chapters", &script.chapters)] {
        let Some(ranges) = ranges else { continue };
        add(name, ranges.0.iter().map(ToString::to_string).collect::<Vec<_>>().join(","));
    }
    if let Some(length) = script.first {
        add("first", format!("{}s", length.0));
    }
    // A name has its limits; what differs behind them is refused as another recording.
    part.truncate(80);
    part
}

/// Refuses flags that contradict each other, before anything is sent.
///
/// # Errors
/// `INVALID_FIELD`, naming the flag.
pub fn check(script: &Script) -> Result<(), Failure> {
    if script.style == cli::StyleFlag::Narration {
        for (given, field, flag) in [
            (script.minutes.is_some(), "narration.length.duration", "--minutes"),
            (script.words.is_some(), "narration.length.word_count", "--words"),
        ] {
            if given {
                let message = format!(
                    "{flag} is the length of a briefing; add --style briefing, lesson or dialogue, or leave it out"
                );
                return Err(Failure::invalid(field, message));
            }
        }
    }
    if let Some(kind) = script.skip.iter().find(|kind| script.read.contains(kind)) {
        let word = word(*kind);
        let message = format!("{word} is both in --skip and in --read; leave it out of one of them");
        return Err(Failure::invalid("narration.skip", message));
    }
    // What a server would say of the rest, it need not be asked for.
    convert::order(&order(script, "")).map(drop)
}

/// A kind as the command line has it.
fn word(kind: cli::Kind) -> String {
    let value = <cli::Kind as clap::ValueEnum>::to_possible_value(&kind);
    value.map(|value| value.get_name().to_owned()).unwrap_or_default()
}

/// What tells a recording of a source from another: how it becomes a script, who writes and speaks
/// it and how fast. Formats and lanes are not in it.
///
/// # Errors
/// `INVALID_FIELD` for an order that is none.
pub fn digest(narration: &Narration) -> Result<String, Failure> {
    let order = convert::order(narration)?;
    let speakers = narration.speakers.iter().map(|one| (one.voice.as_str(), one.other_voices.as_slice()));
    let mut speakers: Vec<(&str, &[String])> = speakers.collect();
    // Who is not named is chosen, wherever that is said.
    while speakers.last().is_some_and(|(voice, others)| voice.is_empty() && others.is_empty()) {
        speakers.pop();
    }
    let speed = format!("{:.2}", narration.speed.unwrap_or(1.0));
    match words(narration) {
        Some(words) => digest_of(&(order, &narration.writer, speakers, speed, words)),
        None => digest_of(&(order, &narration.writer, speakers, speed)),
    }
}

/// What words are said by: the key of what they came to, once an order is accepted, which has no
/// entries of its own any more; none where that is nothing.
fn words(narration: &Narration) -> Option<String> {
    if !narration.lexicon_key.is_empty() {
        return Some(narration.lexicon_key.clone());
    }
    let Narration { lexicons, pronunciations, default_lexicons, .. } = narration;
    if lexicons.is_empty() && pronunciations.is_empty() && default_lexicons.is_empty() {
        return None;
    }
    let mut said = format!("{:?}", (lexicons, pronunciations));
    if !default_lexicons.is_empty() {
        said.push_str(&format!("{default_lexicons:?}"));
    }
    Some(Digest::of(said.as_bytes()).to_string())
}

fn digest_of(what: &impl Serialize) -> Result<String, Failure> {
    let text = serde_json::to_vec(what)
        .map_err(|error| Failure::internal(format!("the order cannot be written as JSON: {error}")))?;
    Ok(Digest::of(&text).to_string())
}

/// The request id of an order that is made once: the same order of the same document is the same
/// narration for as long as that exists. What makes it is in the id, so a newer voice or writer
/// makes it anew, and so does a newer reader of this program, which a server of another version
/// need not have; `voices` and `writers` are those that there are.
///
/// # Errors
/// `INVALID_FIELD` for an order that is none.
pub fn request_id(narration: &Narration, voices: &[Voice], writers: &[Writer]) -> Result<String, Failure> {
    let versions: BTreeSet<String> = voices.iter().map(|voice| format!("{}@{}", voice.name, voice.version)).collect();
    // The first is the default.
    let chosen = |writer: &&Writer| narration.writer.is_empty() || writer.name == narration.writer;
    let writer = writers.iter().find(chosen).map(|writer| (&writer.name, &writer.engine));
    let made_by = (lectern_ingest::extract::EXTRACTOR_VERSION, writer, versions);
    let what = (digest(narration)?, &narration.documents, &narration.formats, narration.lane, narration.hold_script);
    // Where there are no lexicons by default it sounds alike, and is another order to the server.
    let id = if narration.without_default_lexicons {
        digest_of(&(what, made_by, "without default lexicons"))?
    } else {
        digest_of(&(what, made_by))?
    };
    Ok(format!("order-{id:.48}"))
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;
    use lectern_core::Reason;
    use lectern_proto::v1::{Lane, LexiconEntry, NarrationLexicon, NumberRange, OutputFormat, Speaker};

    use super::*;
    use crate::cli::{Cli, Command};

    fn script(flags: &[&str]) -> Script {
        let arguments = [&["lectern", "narrate", "a.md"], flags].concat();
        let Some(Command::Narrate(order)) = Cli::try_parse_from(&arguments).unwrap().command else {
            panic!("{arguments:?}")
        };
        order.script
    }

    #[test]
    fn flags_become_fields() {
        let flags = ["--pages", "3-9,12", "--first", "5m", "--skip", "citations,appendix", "--read", "tables"];
        let made = order(&script(&flags), "documents/d1");
        let selection = made.selection.unwrap();
        assert_eq!(selection.pages, [NumberRange { first: 3, last: 9 }, NumberRange { first: 12, last: 12 }]);
        assert_eq!(selection.first, Some(Duration { seconds: 300, nanos: 0 }));
        assert_eq!(made.skip, [i32::from(ContentKind::Citations), ContentKind::Appendices.into()]);
        assert_eq!(made.read, [i32::from(ContentKind::Tables)]);
        assert_eq!(order(&script(&[]), "documents/d1").selection, None, "nothing selected is all of it");
    }

    #[test]
    fn what_becomes_of_other_languages_and_emoji_is_part_of_the_order() {
        let made =
            order(&script(&["--other-languages", "speak", "--speak", "de,fr", "--emoji", "drop"]), "documents/d1");
        assert_eq!((made.other_languages(), made.emoji()), (OtherLanguages::Speak, EmojiPolicy::Drop));
        assert_eq!(made.spoken_languages, ["de", "fr"]);
        let alone = check(&script(&["--speak", "de"])).unwrap_err();
        assert_eq!(alone.field.as_deref(), Some("narration.spoken_languages"));
    }

    #[test]
    fn who_writes_and_how_is_part_of_the_order() {
        let flags =
            ["--writer", "gemini", "--tone", "calm", "--intro", "--speaker", "Ann: asks; dry", "--speaker", "Bo"];
        let made = order(&script(&[&["--style", "dialogue"], &flags[..]].concat()), "documents/d1");
        let direction = made.direction.clone().unwrap();
        assert_eq!((direction.tone.as_str(), direction.intro, direction.outro), ("calm", true, false));
        let cast: Vec<_> =
            made.cast.iter().map(|one| (one.name.as_str(), one.role.as_str(), one.manner.as_str())).collect();
        assert_eq!(cast, [("Ann", "asks", "dry"), ("Bo", "", "")]);
        assert_eq!((made.style(), made.writer.as_str()), (Style::Dialogue, "gemini"));
        let plain = order(&script(&[]), "documents/d1");
        assert_eq!((plain.direction, plain.cast.len(), plain.writer.as_str()), (None, 0, ""));
    }

    #[test]
    fn a_part_has_a_name() {
        for (flags, name) in [
            (&[][..], ""),
            (&["--speed", "1.5", "--skip", "code"], ""),
            (&["--pages", "3-9,12"], "-pages-3-9,12"),
            (&["--style", "briefing", "--chapters", "2", "--first", "5m"], "-briefing-chapters-2-first-300s"),
            (&["--style", "dialogue", "--writer", "gemini"], "-dialogue"),
        ] {
            assert_eq!(part(&script(flags)), name);
        }
    }

    #[test]
    fn flags_that_contradict_each_other_are_refused() {
        for (flags, says) in [
            (&["--minutes", "5"][..], "--minutes is the length of a briefing; add --style briefing"),
            (&["--words", "500"][..], "--words is the length of a briefing"),
            (&["--skip", "front-matter", "--read", "front-matter"][..], "front-matter is both"),
            (&["--language", "English, I think"][..], "is no language"),
        ] {
            let refused = check(&script(flags)).unwrap_err();
            assert!(refused.message.contains(says) && refused.reason == Reason::InvalidField, "{refused}");
        }
        for fine in [
            &["--style", "briefing", "--minutes", "5"][..],
            &["--style", "dialogue", "--words", "500", "--speaker", "Ann", "--speaker", "Bo: asks"][..],
            &["--skip", "code", "--read", "tables"][..],
        ] {
            assert_eq!(check(&script(fine)), Ok(()));
        }
        let alone = check(&script(&["--style", "dialogue", "--speaker", "Ann"])).unwrap_err();
        assert_eq!(alone.field.as_deref(), Some("narration.cast"));
    }

    fn speaker(voice: &str, others: &[&str]) -> Speaker {
        let other_voices = others.iter().map(|other| (*other).to_owned()).collect();
        Speaker { voice: voice.to_owned(), other_voices }
    }

    #[test]
    fn orders_are_told_apart_by_what_is_heard_alone() {
        let plain = || order(&script(&[]), "documents/d1");
        let same = [
            Narration { documents: vec!["documents/d2".to_owned()], ..plain() },
            Narration { formats: vec![OutputFormat::Wav.into()], ..plain() },
            Narration { lane: Lane::Bulk.into(), ..plain() },
            Narration { speed: Some(1.0), ..plain() },
            Narration { speakers: vec![Speaker::default()], ..plain() },
            Narration { footnotes: Footnotes::Unspecified.into(), ..plain() },
        ];
        for same in same {
            assert_eq!(digest(&same), digest(&plain()), "{same:?}");
        }
        let others = [
            order(&script(&["--style", "briefing"]), "documents/d1"),
            order(&script(&["--pages", "2"]), "documents/d1"),
            order(&script(&["--skip", "code"]), "documents/d1"),
            order(&script(&["--tone", "calm"]), "documents/d1"),
            order(&script(&["--emoji", "drop"]), "documents/d1"),
            order(&script(&["--other-languages", "speak"]), "documents/d1"),
            Narration { writer: "gemini".to_owned(), ..plain() },
            Narration { speed: Some(1.25), ..plain() },
            Narration { lexicons: vec![NarrationLexicon { name: "lexicons/a".to_owned(), version: 1 }], ..plain() },
            Narration { lexicons: vec![NarrationLexicon { name: "lexicons/a".to_owned(), version: 2 }], ..plain() },
            Narration { pronunciations: vec![LexiconEntry::default()], ..plain() },
            Narration { lexicon_key: "aa".to_owned(), ..plain() },
            Narration {
                default_lexicons: vec![NarrationLexicon { name: "lexicons/a".to_owned(), version: 1 }],
                ..plain()
            },
            Narration {
                default_lexicons: vec![NarrationLexicon { name: "lexicons/a".to_owned(), version: 2 }],
                ..plain()
            },
            Narration { speakers: vec![speaker("engines/tone/voices/sine", &[])], ..plain() },
            Narration { speakers: vec![speaker("", &["engines/tone/voices/sine"])], ..plain() },
        ];
        for other in others {
            assert_ne!(digest(&other), digest(&plain()), "{other:?}");
        }
    }

    #[test]
    fn an_order_is_made_once_until_what_makes_it_changes() {
        let plain = || order(&script(&[]), "documents/d1");
        let voices = |version: &str| {
            vec![Voice { name: "engines/e/voices/v".to_owned(), version: version.to_owned(), ..Voice::default() }]
        };
        let writers = |engine: &str| {
            let named = |name: &str| Writer { name: name.to_owned(), engine: engine.to_owned(), ..Writer::default() };
            vec![named("extractive"), named("gemini")]
        };
        let of = |order: &Narration, voice: &str, engine: &str| request_id(order, &voices(voice), &writers(engine));
        let id = of(&plain(), "1", "e/1").unwrap();
        assert_eq!(of(&plain(), "1", "e/1"), Ok(id.clone()));
        assert!(id.len() <= 64 && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-'), "{id}");
        for other in [
            Narration { documents: vec!["documents/d2".to_owned()], ..plain() },
            Narration { formats: vec![OutputFormat::Wav.into()], ..plain() },
            Narration { lane: Lane::Bulk.into(), ..plain() },
            Narration { speed: Some(1.25), ..plain() },
            Narration { writer: "gemini".to_owned(), ..plain() },
            Narration { hold_script: true, ..plain() },
            Narration { without_default_lexicons: true, ..plain() },
            Narration {
                default_lexicons: vec![NarrationLexicon { name: "lexicons/a".to_owned(), version: 1 }],
                ..plain()
            },
        ] {
            assert_ne!(of(&other, "1", "e/1"), Ok(id.clone()), "{other:?}");
        }
        assert_ne!(of(&plain(), "2", "e/1"), Ok(id.clone()));
        assert_ne!(of(&plain(), "1", "e/2"), Ok(id), "a newer writer writes anew");
    }
}
