use lectern_core::content::script::{Character, Direction, EmojiPolicy, OtherLanguages};
use lectern_core::keys;

use super::*;
use crate::convert::{cast_to_wire, direction_to_wire, emoji_to_wire, other_languages_to_wire};

fn narration(change: impl FnOnce(&mut api::Narration)) -> api::Narration {
    let mut narration = api::Narration { style: api::Style::Narration.into(), ..api::Narration::default() };
    change(&mut narration);
    narration
}

fn selecting(selection: api::Selection) -> api::Narration {
    narration(|narration| narration.selection = Some(selection))
}

fn range(first: i32, last: i32) -> api::NumberRange {
    api::NumberRange { first, last }
}

fn pages(pages: Vec<api::NumberRange>) -> api::Selection {
    api::Selection { pages, ..api::Selection::default() }
}

fn first(seconds: i64, nanos: i32) -> api::Selection {
    api::Selection { first: Some(prost_types::Duration { seconds, nanos }), ..api::Selection::default() }
}

fn refused_at(wire: &api::Narration) -> String {
    let failure = order(wire).unwrap_err();
    assert_eq!((failure.kind, failure.reason), (Kind::InvalidArgument, Reason::InvalidField), "{failure}");
    failure.field.unwrap()
}

#[test]
fn a_plain_order_is_of_its_style_and_asks_for_nothing_else() {
    assert_eq!(order(&narration(|_| {})), Ok(Order::of(Style::Narration)));
    assert_eq!(order(&selecting(api::Selection::default())), Ok(Order::of(Style::Narration)));
    let briefing = narration(|wire| wire.style = api::Style::Briefing.into());
    assert_eq!(order(&briefing), Ok(Order::of(Style::Briefing)));
    let none = order(&narration(|wire| wire.style = 0)).unwrap_err();
    assert_eq!((none.reason, none.field.as_deref()), (Reason::StyleUnsupported, Some("narration.style")));
}

#[test]
fn ranges_are_sorted_and_merged_so_that_equal_orders_have_equal_keys() {
    let merged = order(&selecting(pages(vec![range(12, 12), range(5, 9), range(3, 4), range(4, 6)]))).unwrap();
    let plain = order(&selecting(pages(vec![range(3, 9), range(12, 12)]))).unwrap();
    assert_eq!(merged, plain);
    assert_eq!(keys::order(&merged), keys::order(&plain));
    assert_eq!(plain.selection.pages, [NumberRange { first: 3, last: 9 }, NumberRange { first: 12, last: 12 }]);
}

#[test]
fn the_same_kind_twice_and_in_any_order_is_once() {
    let kinds = |kinds: &[api::ContentKind]| kinds.iter().map(|kind| i32::from(*kind)).collect::<Vec<_>>();
    let (code, tables) = (api::ContentKind::Code, api::ContentKind::Tables);
    let one = order(&narration(|wire| wire.skip = kinds(&[tables, code, tables]))).unwrap();
    let other = order(&narration(|wire| wire.skip = kinds(&[code, tables]))).unwrap();
    assert_eq!(one.skip, BTreeSet::from([ContentKind::Code, ContentKind::Tables]));
    assert_eq!(keys::order(&one), keys::order(&other));
}

#[test]
fn what_a_selection_may_not_be_is_refused_with_its_field() {
    for wrong in [range(0, 3), range(3, 2), range(-1, 2), range(1, 0), range(i32::MIN, i32::MAX)] {
        assert_eq!(refused_at(&selecting(pages(vec![range(1, 2), wrong]))), "narration.selection.pages", "{wrong:?}");
        let chapters = api::Selection { chapters: vec![wrong], ..api::Selection::default() };
        assert_eq!(refused_at(&selecting(chapters)), "narration.selection.chapters", "{wrong:?}");
    }
    let many = |count| pages((0..count).map(|n| range(2 * n + 1, 2 * n + 1)).collect());
    assert_eq!(order(&selecting(many(100))).unwrap().selection.pages.len(), RANGES);
    assert_eq!(refused_at(&selecting(many(101))), "narration.selection.pages");
    assert!(order(&selecting(pages(vec![range(1, i32::MAX)]))).is_ok());
    for seconds in [10, 60, 36_000] {
        let read = order(&selecting(first(seconds, 0))).unwrap();
        assert_eq!(read.selection.first.map(i64::from), Some(seconds));
    }
    for (seconds, nanos) in [(9, 0), (36_001, 0), (-10, 0), (10, 1), (10, -1), (0, 0), (i64::MAX, 0)] {
        assert_eq!(refused_at(&selecting(first(seconds, nanos))), "narration.selection.first", "{seconds} {nanos}");
    }
}

#[test]
fn a_kind_is_one_that_there_is_and_in_one_list() {
    for wrong in [0, -1, 11, i32::MAX] {
        assert_eq!(refused_at(&narration(|wire| wire.skip = vec![1, wrong])), "narration.skip", "{wrong}");
        assert_eq!(refused_at(&narration(|wire| wire.read = vec![wrong])), "narration.read", "{wrong}");
    }
    let message = order(&narration(|wire| wire.skip = vec![0])).unwrap_err().message;
    for kind in ContentKind::ALL {
        assert!(message.contains(kind_to_wire(kind).as_str_name()), "{message}");
    }
    let both = narration(|wire| {
        wire.skip = vec![api::ContentKind::Code.into(), api::ContentKind::Tables.into()];
        wire.read = vec![api::ContentKind::Tables.into()];
    });
    assert_eq!(refused_at(&both), "narration.read");
    assert!(order(&both).unwrap_err().message.contains("CONTENT_KIND_TABLES"));
}

#[test]
fn an_order_comes_back_as_it_was_from_a_narration_a_command_and_a_preview() {
    let whole = Order {
        length: Some(LengthTarget::Words(500)),
        footnotes: Footnotes::Inline,
        language: Some("en-GB".to_owned()),
        selection: Selection {
            pages: vec![NumberRange { first: 3, last: 9 }],
            chapters: vec![NumberRange { first: 2, last: 2 }, NumberRange { first: 4, last: 4 }],
            first: Some(300),
        },
        skip: ContentKind::ALL.into_iter().filter(|kind| *kind != ContentKind::Code).collect(),
        read: BTreeSet::from([ContentKind::Code]),
        other_languages: OtherLanguages::Speak(BTreeSet::from(["de".to_owned()])),
        emoji: EmojiPolicy::Dropped,
        ..Order::of(Style::Briefing)
    };
    let character = |name: &str| Character { name: name.to_owned(), role: "asks".to_owned(), manner: "dry".to_owned() };
    let talked = Order {
        direction: Direction {
            audience: "nurses".to_owned(),
            tone: "calm".to_owned(),
            focus: "doses".to_owned(),
            instructions: "no jokes".to_owned(),
            intro: true,
            outro: true,
            language: "en".to_owned(),
        },
        cast: vec![character("Ann"), character("Bo")],
        ..Order::of(Style::Dialogue)
    };
    for said in [whole, talked, Order::of(Style::Lesson), Order::of(Style::Narration)] {
        let (direction, cast) = (direction_to_wire(&said.direction), cast_to_wire(&said.cast));
        let (style, footnotes) = (style_to_wire(said.style).into(), footnotes_to_wire(said.footnotes).into());
        let length = said.length.map(length_to_wire);
        let language_code = said.language.clone().unwrap_or_default();
        let selection = selection_to_wire(&said.selection);
        let (skip, read) = (kinds_to_wire(&said.skip), kinds_to_wire(&said.read));
        assert_eq!(selection.is_none(), said.selection.is_all());
        let (others, spoken_languages) = other_languages_to_wire(&said.other_languages);
        let (other_languages, emoji) = (others.into(), emoji_to_wire(said.emoji).into());
        let narration = api::Narration {
            style,
            length,
            footnotes,
            language_code: language_code.clone(),
            selection: selection.clone(),
            skip: skip.clone(),
            read: read.clone(),
            direction: direction.clone(),
            cast: cast.clone(),
            other_languages,
            spoken_languages: spoken_languages.clone(),
            emoji,
            ..api::Narration::default()
        };
        assert_eq!(order(&narration).as_ref(), Ok(&said));
        let command = work::v1::PlanScript {
            style,
            length,
            footnotes,
            language_code: language_code.clone(),
            selection: selection.clone(),
            skip: skip.clone(),
            read: read.clone(),
            direction: direction.clone(),
            cast: cast.clone(),
            other_languages,
            spoken_languages: spoken_languages.clone(),
            emoji,
            ..work::v1::PlanScript::default()
        };
        assert_eq!(plan_order(&command).as_ref(), Ok(&said));
        let preview = ai::v1::PreviewScriptRequest {
            style,
            length,
            footnotes,
            language_code,
            selection,
            skip,
            read,
            direction,
            cast,
            other_languages,
            spoken_languages,
            emoji,
            ..ai::v1::PreviewScriptRequest::default()
        };
        assert_eq!(preview_order(&preview).as_ref(), Ok(&said));
    }
}

#[test]
fn a_length_is_of_a_briefing_and_in_its_range() {
    let briefing = |target| {
        narration(|wire| {
            wire.style = api::Style::Briefing.into();
            wire.length = Some(api::Length { target: Some(target) });
        })
    };
    let lasting = |seconds, nanos| api::length::Target::Duration(prost_types::Duration { seconds, nanos });
    assert_eq!(order(&briefing(lasting(60, 0))).unwrap().length, Some(LengthTarget::Seconds(60)));
    for (seconds, nanos) in [(59, 0), (36_001, 0), (60, 1), (-60, 0)] {
        assert_eq!(refused_at(&briefing(lasting(seconds, nanos))), "narration.length.duration");
    }
    let words = api::length::Target::WordCount;
    assert_eq!(order(&briefing(words(50))).unwrap().length, Some(LengthTarget::Words(50)));
    for wrong in [49, 100_001, -50] {
        assert_eq!(refused_at(&briefing(words(wrong))), "narration.length.word_count");
    }
    let narrated = narration(|wire| wire.length = Some(api::Length { target: Some(words(500)) }));
    assert_eq!(refused_at(&narrated), "narration.length");
}

#[test]
fn a_language_is_a_tag_or_none() {
    for tag in ["en", "en-GB", "zh-Hant-TW", "de-1996"] {
        assert_eq!(language_tag("language", tag).unwrap().as_deref(), Some(tag));
    }
    assert_eq!(language_tag("language", ""), Ok(None));
    for wrong in ["english", "e", "en_GB", "en-", "1e", "en GB", &"en-a".repeat(20)] {
        assert!(language_tag("language", wrong).is_err(), "{wrong}");
    }
}
