//! An order as it comes in: checked as far as it can be without asking anybody.

use std::time::Duration;

use lectern_core::id::DocumentId;
use lectern_core::{Failure, Kind, Reason, text};
use lectern_proto::{convert, names, v1 as api};

use super::lexicon::lexicon;
use super::speakers::speakers;
use crate::domain::{Labels, NarrationRequest};

/// The most characters of a writer's name: longer than any that the settings take.
const LONGEST_WRITER: usize = 100;
/// The longest time that a caller may give a run.
const LONGEST_RUN: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// What a caller asks for.
///
/// # Errors
/// What `NarrationService.CreateNarration` documents of a request by itself.
pub(super) fn read(wire: &api::Narration) -> Result<NarrationRequest, Failure> {
    let document = only_document(&wire.documents)?;
    text::check_name("narration.display_name", &wire.display_name)?;
    let labels = Labels::checked("narration.labels", wire.labels.clone())?;
    let order = convert::order(wire)?;
    let speakers = speakers(&wire.speakers, &order)?;
    let speed = speed(wire.speed)?;
    let writer = writer(&wire.writer)?;
    let formats = formats(&wire.formats)?;
    let lane = lane(wire.lane)?.into();
    let time_limit = wire.time_limit.as_ref().map(time_limit).transpose()?;
    let (display_name, hold) = (wire.display_name.clone(), wire.hold_script);
    Ok(NarrationRequest {
        document,
        display_name,
        labels,
        order,
        writer,
        speakers,
        lexicon: lexicon(wire)?,
        speed,
        formats,
        lane,
        time_limit,
        hold,
    })
}

/// What a preview looks at of an order: the document, what decides what is said, who writes and
/// says it and how fast. All else is as if nothing was said of it.
///
/// # Errors
/// What `NarrationService.PreviewDocument` documents of a request by itself.
pub fn read_for_preview(wire: &api::Narration) -> Result<NarrationRequest, Failure> {
    let order = convert::order(wire)?;
    Ok(NarrationRequest {
        document: only_document(&wire.documents)?,
        display_name: String::new(),
        labels: Labels::none(),
        speakers: speakers(&wire.speakers, &order)?,
        lexicon: lexicon(wire)?,
        order,
        writer: writer(&wire.writer)?,
        speed: speed(wire.speed)?,
        formats: Vec::new(),
        lane: api::Lane::Standard.into(),
        time_limit: None,
        hold: false,
    })
}

/// The document of an order. The API has room for several.
///
/// # Errors
/// `INVALID_FIELD` for none, `FEATURE_UNAVAILABLE` for several.
fn only_document(documents: &[String]) -> Result<DocumentId, Failure> {
    match documents {
        [] => Err(Failure::invalid(
            "narration.documents",
            "narration.documents is empty; name the document to narrate, documents/{id}",
        )),
        [document] => names::document(document, "narration.documents"),
        [_, _, ..] => Err(unavailable(
            "narration.documents",
            "a narration is of one document in this version; order one for each document",
        )),
    }
}

/// The writer by its name; empty for the default. Which there are, ai knows.
fn writer(name: &str) -> Result<String, Failure> {
    text::check("narration.writer", name, LONGEST_WRITER)?;
    Ok(name.to_owned())
}

fn unavailable(field: &str, message: &str) -> Failure {
    Failure::new(Kind::Unimplemented, Reason::FeatureUnavailable, message).at(field)
}

/// The tempo in hundredths.
fn speed(wire: Option<f64>) -> Result<u32, Failure> {
    let speed = wire.unwrap_or(1.0);
    if !(0.5..=2.0).contains(&speed) {
        return Err(Failure::invalid("narration.speed", "speed must be from 0.5 to 2.0; leave it out for 1.0"));
    }
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "50 to 200 after the check above")]
    let hundredths = (speed * 100.0).round() as u32;
    Ok(hundredths)
}

/// The formats, each once, by their number. All times refer to audio, and `listen.html` plays it:
/// where none is named, Opus is made as well.
fn formats(wire: &[i32]) -> Result<Vec<i32>, Failure> {
    let mut formats = Vec::with_capacity(wire.len() + 1);
    let mut audio = false;
    for &format in wire {
        audio |= match api::OutputFormat::try_from(format) {
            Ok(
                api::OutputFormat::Opus
                | api::OutputFormat::Wav
                | api::OutputFormat::Flac
                | api::OutputFormat::Mp3
                | api::OutputFormat::M4b,
            ) => true,
            Ok(api::OutputFormat::Epub | api::OutputFormat::Srt | api::OutputFormat::Words) => false,
            Ok(api::OutputFormat::Unspecified) | Err(_) => {
                let message = format!(
                    "narration.formats has {format}, which is no format; use OPUS, WAV, FLAC, MP3, M4B, EPUB, SRT or WORDS"
                );
                return Err(Failure::new(Kind::InvalidArgument, Reason::OutputFormatUnsupported, message)
                    .at("narration.formats"));
            }
        };
        formats.push(format);
    }
    if !audio {
        formats.push(api::OutputFormat::Opus.into());
    }
    formats.sort_unstable();
    formats.dedup();
    Ok(formats)
}

fn lane(wire: i32) -> Result<api::Lane, Failure> {
    match api::Lane::try_from(wire) {
        Ok(api::Lane::Unspecified | api::Lane::Standard) => Ok(api::Lane::Standard),
        Ok(lane @ (api::Lane::Interactive | api::Lane::Bulk)) => Ok(lane),
        Err(_) => Err(Failure::invalid("narration.lane", "use LANE_INTERACTIVE, LANE_STANDARD or LANE_BULK")),
    }
}

fn time_limit(wire: &prost_types::Duration) -> Result<Duration, Failure> {
    // Negative ones first: the smallest has no positive counterpart, which the conversion makes.
    let limit = Some(*wire).filter(|wire| wire.seconds >= 0).and_then(|wire| Duration::try_from(wire).ok());
    limit.filter(|limit| (Duration::from_secs(1)..=LONGEST_RUN).contains(limit)).ok_or_else(|| {
        Failure::invalid("narration.time_limit", "time_limit must be from 1 s to 30 days; leave it out for 24 hours")
    })
}

#[cfg(test)]
mod tests {
    use lectern_core::content::script::{ContentKind, NumberRange, Order, Selection, Style};

    use super::*;

    fn order() -> api::Narration {
        api::Narration {
            documents: vec!["documents/d1".to_owned()],
            style: api::Style::Narration.into(),
            ..api::Narration::default()
        }
    }

    fn speaker(voice: &str) -> api::Speaker {
        api::Speaker { voice: voice.to_owned(), ..api::Speaker::default() }
    }

    /// The failure of an order that is changed so.
    fn refused(change: impl FnOnce(&mut api::Narration)) -> Failure {
        let mut wire = order();
        change(&mut wire);
        read(&wire).expect_err("refused")
    }

    /// What is done to an order before it is read.
    type Edit = fn(&mut api::Narration);

    #[test]
    fn what_an_order_leaves_out_has_a_default() {
        let request = read(&order()).expect("a request");
        assert_eq!((request.document.as_str(), request.speakers.len(), request.speed), ("d1", 0, 100));
        assert_eq!(request.formats, [i32::from(api::OutputFormat::Opus)]);
        assert_eq!((request.lane, request.time_limit), (i32::from(api::Lane::Standard), None));
        assert!(request.display_name.is_empty() && request.labels.is_empty());
        assert_eq!(request.order, Order::of(Style::Narration));
        assert_eq!(request.writer, "", "the installation's default");
        let full = api::Narration {
            writer: "gemini".to_owned(),
            display_name: "Tides".to_owned(),
            labels: [("team".to_owned(), "press".to_owned())].into(),
            speakers: vec![speaker("engines/tone/voices/a")],
            speed: Some(1.25),
            hold_script: true,
            ..order()
        };
        let request = read(&full).expect("a request");
        assert!(request.hold, "a person is waited for");
        assert_eq!((request.display_name.as_str(), request.speakers.len()), ("Tides", 1));
        assert_eq!(request.speakers[0].voice, "engines/tone/voices/a");
        assert_eq!((request.speed, request.labels.all(), request.writer.as_str()), (125, &full.labels, "gemini"));
    }

    #[test]
    fn an_order_without_audio_has_opus_beside_what_it_names() {
        use api::OutputFormat::{Epub, Flac, M4b, Opus, Srt, Unspecified, Words};
        let numbers = |formats: &[api::OutputFormat]| formats.iter().map(|format| i32::from(*format)).collect();
        let cases: [(Vec<i32>, Vec<i32>); 5] = [
            (vec![], numbers(&[Opus])),
            (numbers(&[Srt, Words, Srt]), numbers(&[Opus, Srt, Words])),
            (numbers(&[Epub]), numbers(&[Opus, Epub])),
            (numbers(&[Epub, M4b]), numbers(&[M4b, Epub])),
            (numbers(&[Flac, Opus, Flac]), numbers(&[Opus, Flac])),
        ];
        for (named, expected) in cases {
            let request = read(&api::Narration { formats: named, ..order() }).expect("a request");
            assert_eq!(request.formats, expected);
        }
        for unknown in [i32::from(Unspecified), 99, -1] {
            let failure = refused(|order| order.formats = vec![unknown]);
            assert_eq!(failure.reason, Reason::OutputFormatUnsupported);
            assert_eq!(failure.field.as_deref(), Some("narration.formats"));
        }
    }

    #[test]
    fn what_of_a_document_is_wanted_is_part_of_the_request() {
        let numbers = |first, last| api::NumberRange { first, last };
        let selection = api::Selection {
            pages: vec![numbers(12, 12), numbers(3, 9)],
            chapters: Vec::new(),
            first: Some(prost_types::Duration { seconds: 60, nanos: 0 }),
        };
        let some = api::Narration {
            selection: Some(selection),
            skip: vec![api::ContentKind::Code.into()],
            read: vec![api::ContentKind::Citations.into(), api::ContentKind::FrontMatter.into()],
            ..order()
        };
        let pages = [(3, 9), (12, 12)].map(|(first, last)| NumberRange { first, last });
        let wanted = Order {
            selection: Selection { pages: pages.to_vec(), first: Some(60), ..Selection::ALL },
            skip: [ContentKind::Code].into(),
            read: [ContentKind::Citations, ContentKind::FrontMatter].into(),
            ..Order::of(Style::Narration)
        };
        let request = read(&some).expect("a request");
        assert_eq!(request.order, wanted);
        assert_ne!(request.digest(), read(&order()).expect("a request").digest(), "another request");
        assert_eq!(read_for_preview(&some).expect("a request").order, wanted);
    }

    #[test]
    fn how_it_is_written_and_by_whom_is_part_of_the_request() {
        let direction = api::Direction { tone: "calm".to_owned(), intro: true, ..api::Direction::default() };
        let cast = ["Ann", "Bo"].map(|name| api::Character { name: name.to_owned(), ..api::Character::default() });
        let some = api::Narration {
            style: api::Style::Dialogue.into(),
            direction: Some(direction),
            cast: cast.to_vec(),
            writer: "gemini".to_owned(),
            ..order()
        };
        let request = read(&some).expect("a request");
        assert_eq!((request.order.direction.tone.as_str(), request.order.cast.len()), ("calm", 2));
        let previewed = read_for_preview(&some).expect("a request");
        assert_eq!((&previewed.order, previewed.writer.as_str()), (&request.order, "gemini"));
        let other = |change: Edit| {
            let mut wire = some.clone();
            change(&mut wire);
            read(&wire).expect("a request").digest()
        };
        let others: [Edit; 4] = [
            |wire| wire.writer = "another".to_owned(),
            |wire| wire.writer.clear(),
            |wire| wire.cast[1].name = "Cy".to_owned(),
            |wire| wire.direction = None,
        ];
        for change in others {
            assert_ne!(other(change), request.digest());
        }
    }

    #[test]
    fn what_cannot_be_meant_is_refused_with_its_field() {
        let changes: [(&str, Edit); 16] = [
            ("narration.writer", |order| order.writer = "w".repeat(101)),
            ("narration.writer", |order| order.writer = "gemini\u{7}".to_owned()),
            ("narration.cast", |order| order.cast = vec![api::Character::default(); 2]),
            ("narration.direction.focus", |order| {
                order.direction = Some(api::Direction { focus: "f".repeat(501), ..api::Direction::default() });
            }),
            ("narration.documents", |order| order.documents.clear()),
            ("narration.documents", |order| order.documents = vec!["d1".to_owned()]),
            ("narration.display_name", |order| order.display_name = "n".repeat(201)),
            ("narration.labels", |order| drop(order.labels.insert("Team".to_owned(), "press".to_owned()))),
            ("narration.speakers[0].voice", |order| order.speakers = vec![speaker(&"v".repeat(20_000))]),
            ("narration.speakers", |order| order.speakers = vec![speaker(""), speaker("")]),
            ("narration.speed", |order| order.speed = Some(f64::NAN)),
            ("narration.speed", |order| order.speed = Some(0.0)),
            ("narration.lane", |order| order.lane = 99),
            ("narration.selection.pages", |order| {
                let pages = vec![api::NumberRange { first: 9, last: 3 }];
                order.selection = Some(api::Selection { pages, ..api::Selection::default() });
            }),
            ("narration.skip", |order| order.skip = vec![99]),
            ("narration.read", |order| {
                order.skip = vec![api::ContentKind::Code.into()];
                order.read = order.skip.clone();
            }),
        ];
        for (field, change) in changes {
            let failure = refused(change);
            assert_eq!((failure.reason, failure.field.as_deref()), (Reason::InvalidField, Some(field)));
        }
        for seconds in [i64::MIN, -1, 0, i64::MAX] {
            let limit = prost_types::Duration { seconds, nanos: i32::MIN };
            assert!(time_limit(&limit).is_err(), "{seconds}");
        }
    }

    #[test]
    fn what_the_api_has_room_for_and_this_version_cannot_do_is_refused_as_such() {
        let failure = refused(|order| order.documents.push("documents/d2".to_owned()));
        assert_eq!((failure.kind, failure.reason), (Kind::Unimplemented, Reason::FeatureUnavailable));
        assert_eq!(failure.field.as_deref(), Some("narration.documents"));
    }

    #[test]
    fn of_a_previews_order_only_what_decides_is_looked_at() {
        let odd = api::Narration {
            display_name: "n".repeat(201),
            formats: vec![99],
            lane: 99,
            hold_script: true,
            speed: Some(1.5),
            speakers: vec![speaker("engines/tone/voices/b")],
            ..order()
        };
        let request = read_for_preview(&odd).expect("it decides nothing wrong");
        assert_eq!((request.document.as_str(), request.speed), ("d1", 150));
        assert_eq!(request.speakers[0].voice, "engines/tone/voices/b");
        let several = vec!["documents/d1".to_owned(), "documents/d2".to_owned()];
        for (wrong, reason) in [
            (api::Narration { documents: Vec::new(), ..order() }, Reason::InvalidField),
            (api::Narration { documents: several, ..order() }, Reason::FeatureUnavailable),
            (api::Narration { style: 0, ..order() }, Reason::StyleUnsupported),
            (api::Narration { language_code: "english".to_owned(), ..order() }, Reason::InvalidField),
            (api::Narration { speed: Some(99.0), ..order() }, Reason::InvalidField),
            (api::Narration { skip: vec![0], ..order() }, Reason::InvalidField),
        ] {
            assert_eq!(read_for_preview(&wrong).expect_err("refused").reason, reason);
        }
    }
}
