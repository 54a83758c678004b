//! What is particular to a style, and to what an order may ask beside.

use lectern_core::Reason;
use lectern_core::content::document::BlockKind;
use lectern_core::content::script::{Character, Direction, Order, SkipReason, Speaker, Style};
use lectern_testkit::models::Copyist;

use super::fixture::{Model, World, block, content, document, order};

fn world(order: Order) -> World {
    World::new(document(4, 10), order, Model::new(Copyist::default()))
}

#[tokio::test(start_paused = true)]
async fn in_a_dialogue_everybody_talks() {
    let cast: Vec<Character> = ["Ann", "Bo", "Cy"]
        .map(|name| Character { name: name.to_owned(), role: String::new(), manner: String::new() })
        .to_vec();
    let (plan, sections) = world(Order { cast, ..order(Style::Dialogue, 400) }).script().await;
    for section in &sections {
        for speaker in 0..3 {
            assert!(section.utterances.iter().any(|said| said.speaker == Speaker(speaker)), "{speaker}");
        }
    }
    assert_eq!(
        plan.engine,
        "gemini/gemini-3.8-flash+prompts/1+checks/2+speech-en/8+speech-de/2+speech-fr/2+speech-es/2"
    );
}

#[tokio::test(start_paused = true)]
async fn a_plan_says_who_talks_where_the_order_names_nobody() {
    let (plan, sections) = world(order(Style::Dialogue, 400)).script().await;
    let names: Vec<&str> = plan.order.cast.iter().map(|one| one.name.as_str()).collect();
    assert_eq!((names.len(), names[0]), (2, "Robin"));
    let talk = sections.iter().flat_map(|section| &section.utterances);
    assert!(talk.map(|said| usize::from(said.speaker.0)).all(|speaker| speaker < names.len()));
}

#[tokio::test(start_paused = true)]
async fn a_lesson_has_its_four_parts_in_order() {
    let (plan, sections) = world(order(Style::Lesson, 600)).script().await;
    let titles: Vec<&str> = plan.sections.iter().map(|section| section.title.as_str()).collect();
    assert_eq!((titles.first(), titles.last()), (Some(&"Goals"), Some(&"Questions")));
    assert_eq!(titles.get(titles.len() - 2), Some(&"Recap"));
    assert!(titles.len() >= 4 && sections.iter().all(|section| !section.utterances.is_empty()));
    assert!(plan.sections.iter().zip(0..).all(|(section, index)| section.index == index));
    let short = world(order(Style::Lesson, 100)).plan().await.unwrap_err();
    assert_eq!(short.field.as_deref(), Some("narration.length"));
}

#[tokio::test(start_paused = true)]
async fn a_narration_says_the_document_s_words_and_puts_tables_into_others() {
    let rows = [["Year", "Pumps"], ["1990", "12"], ["2000", "40"]];
    let rows: Vec<Vec<String>> = rows.iter().map(|row| row.iter().map(|cell| (*cell).to_owned()).collect()).collect();
    let table = rows.iter().map(|row| row.join(" | ")).collect::<Vec<_>>().join("\n");
    let blocks = vec![
        block(BlockKind::Heading { level: 1 }, "Pumps"),
        block(BlockKind::Paragraph, "The works had many pumps over the years, as this table has it."),
        block(BlockKind::Table { rows, header_rows: 1 }, &table),
        block(BlockKind::Paragraph, "Few of them are left."),
    ];
    let world = World::new(content(blocks), Order::of(Style::Narration), Model::new(Copyist::default()));
    let (plan, sections) = world.script().await;
    assert_eq!((plan.sections.len(), world.model.calls()), (1, 1));
    let own: Vec<&str> =
        sections[0].utterances.iter().filter(|said| !said.added).map(|said| said.original.as_str()).collect();
    assert!(own.contains(&"Few of them are left."), "{own:?}");
    let about: Vec<_> =
        sections[0].utterances.iter().filter(|said| said.sources.iter().any(|at| at.block == 2)).collect();
    assert!(!about.is_empty() && about.iter().all(|said| said.added), "{about:?}");
    assert!(about.iter().any(|said| said.original.starts_with("It has")), "{about:?}");
    let place = sections[0].utterances.iter().position(|said| said.original.starts_with("It has")).unwrap();
    assert_eq!(sections[0].utterances.get(place + 1).map(|said| said.original.as_str()), Some("Few of them are left."));
    let skipped: Vec<_> = sections[0].skipped.iter().filter(|skip| skip.block == 2).collect();
    assert!(
        matches!(&skipped[..], [skip] if skip.reason == SkipReason::TableBody && skip.range.is_none()),
        "{skipped:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_narration_without_such_blocks_asks_nobody() {
    let world = World::new(document(2, 3), Order::of(Style::Narration), Model::new(Copyist::default()));
    let (_, sections) = world.script().await;
    assert_eq!(world.model.calls(), 0);
    assert!(sections.iter().flat_map(|section| &section.utterances).all(|said| !said.added));
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_ordered_is_refused_by_its_field() {
    let french = Direction { language: "fr".to_owned(), ..Direction::PLAIN };
    let one = vec![Character { name: "Ann".to_owned(), role: String::new(), manner: String::new() }];
    for (order, reason, field) in [
        (
            Order { direction: french, ..order(Style::Briefing, 200) },
            Reason::FeatureUnavailable,
            "narration.direction.language_code",
        ),
        (Order { cast: one.clone(), ..order(Style::Dialogue, 300) }, Reason::InvalidField, "narration.cast"),
        (Order { cast: one, ..order(Style::Briefing, 300) }, Reason::InvalidField, "narration.cast"),
        (order(Style::Narration, 300), Reason::InvalidField, "narration.length"),
        (order(Style::Briefing, 10), Reason::InvalidField, "narration.length"),
    ] {
        let refused = world(order).plan().await.unwrap_err();
        assert_eq!((refused.reason, refused.field.as_deref()), (reason, Some(field)));
    }
}

#[tokio::test(start_paused = true)]
async fn what_the_caller_asks_is_an_instruction_and_what_the_document_says_is_data() {
    let direction =
        Direction { audience: "nurses in their first year".to_owned(), intro: true, outro: true, ..Direction::PLAIN };
    let world = world(Order { direction, ..order(Style::Briefing, 900) });
    let (plan, _) = world.script().await;
    let asked = world.model.asked();
    let writes: Vec<_> = asked.iter().filter(|prompt| prompt.user.contains("Write section")).collect();
    assert!(
        asked.iter().filter(|prompt| prompt.user.contains("for nurses") || prompt.user.contains("nurses in")).count()
            > 1
    );
    let count = plan.sections.len();
    for prompt in &writes {
        let of = |index: usize| prompt.user.contains(&format!("section {index} of {count}"));
        assert_eq!(prompt.user.contains("words of welcome") || prompt.user.contains("of welcome"), of(1));
        assert_eq!(prompt.user.contains("closes the whole"), of(count));
        assert!(
            !prompt.user.contains("litres") && !prompt.user.contains("Water at work") && !prompt.user.contains("{{")
        );
        let data: String = prompt.data.iter().map(|part| part.text().to_owned()).collect();
        assert!(data.contains("litres") && data.contains("title of the document: Water at work"));
    }
    assert!(asked.iter().all(|prompt| !prompt.user.contains("{{")), "every place of a prompt is filled");
}
