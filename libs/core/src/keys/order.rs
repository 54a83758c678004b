//! The text of an order that the key of its plan is made of.

use crate::content::script::{Character, Direction, EmojiPolicy, LengthTarget, Order, OtherLanguages, Selection};

/// What a caller wants said, as the canonical text that the plan's key is made of: names that never
/// change, whatever the code calls them. What an order may leave unsaid is written only where it is
/// said, so that the keys of plain orders do not change with what may be asked beside. A caller's
/// own words are written behind their length in bytes, so that none can say what another field
/// does.
#[must_use]
pub fn order(order: &Order) -> String {
    let length = order.length.map_or(0, LengthTarget::words);
    let mut text = format!("{};words={length};footnotes={}", order.style.name(), order.footnotes.name());
    let Selection { pages, chapters, first } = &order.selection;
    let seconds = first.map(|seconds| seconds.to_string());
    for (name, value) in [
        ("language", order.language.clone()),
        ("pages", listed(pages)),
        ("chapters", listed(chapters)),
        ("first", seconds),
        ("skip", listed(order.skip.iter().map(|kind| kind.name()))),
        ("read", listed(order.read.iter().map(|kind| kind.name()))),
    ] {
        if let Some(value) = value {
            text.push_str(&format!(";{name}={value}"));
        }
    }
    let Direction { audience, tone, focus, instructions, intro, outro, language } = &order.direction;
    for (name, words) in
        [("audience", audience), ("tone", tone), ("focus", focus), ("instructions", instructions), ("in", language)]
    {
        if !words.is_empty() {
            text.push_str(&format!(";{name}={}", measured(words)));
        }
    }
    for (name, said) in [("intro", intro), ("outro", outro)] {
        if *said {
            text.push_str(&format!(";{name}"));
        }
    }
    for Character { name, role, manner } in &order.cast {
        text.push_str(&format!(";character={},{},{}", measured(name), measured(role), measured(manner)));
    }
    match &order.other_languages {
        OtherLanguages::Skip => {}
        // Languages are listed even where they are none, so that this is another order.
        OtherLanguages::Speak(languages) => {
            text.push_str(&format!(";others=speak:{}", listed(languages).unwrap_or_default()));
        }
        OtherLanguages::Refuse => text.push_str(";others=refuse"),
    }
    match order.emoji {
        EmojiPolicy::Named => {}
        EmojiPolicy::Dropped => text.push_str(";emoji=dropped"),
    }
    text
}

/// A caller's words behind their length in bytes.
fn measured(words: &str) -> String {
    format!("{}:{words}", words.len())
}

/// The items with commas between them; none where there are none.
fn listed(items: impl IntoIterator<Item: ToString>) -> Option<String> {
    let items: Vec<String> = items.into_iter().map(|item| item.to_string()).collect();
    (!items.is_empty()).then(|| items.join(","))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::content::script::{ContentKind, Footnotes, NumberRange, Style};

    #[test]
    fn an_order_writes_what_it_says_in_names_that_stay() {
        for (style, text) in [
            (Style::Narration, "narration;words=0;footnotes=skip"),
            (Style::Briefing, "briefing;words=0;footnotes=skip"),
            (Style::Lesson, "lesson;words=0;footnotes=skip"),
            (Style::Dialogue, "dialogue;words=0;footnotes=skip"),
        ] {
            assert_eq!(order(&Order::of(style)), text);
        }
        let inline = Order { footnotes: Footnotes::Inline, ..Order::of(Style::Narration) };
        assert_eq!(order(&inline), "narration;words=0;footnotes=inline");
        let briefing = Order {
            length: Some(LengthTarget::Seconds(120)),
            footnotes: Footnotes::End,
            language: Some("en".to_owned()),
            ..Order::of(Style::Briefing)
        };
        assert_eq!(order(&briefing), "briefing;words=330;footnotes=end;language=en");
        let range = |first, last| NumberRange { first, last };
        let selection =
            Selection { pages: vec![range(3, 9), range(12, 12)], chapters: vec![range(2, 2)], first: Some(60) };
        let some = Order {
            selection,
            skip: BTreeSet::from([ContentKind::Tables, ContentKind::Code]),
            read: BTreeSet::from([ContentKind::FrontMatter]),
            ..Order::of(Style::Narration)
        };
        let text =
            "narration;words=0;footnotes=skip;pages=3-9,12;chapters=2;first=60;skip=code,tables;read=front_matter";
        assert_eq!(order(&some), text);
    }

    #[test]
    fn a_direction_and_a_cast_are_written_behind_their_lengths() {
        let direction = Direction {
            audience: "nurses".to_owned(),
            tone: "calm".to_owned(),
            focus: "doses".to_owned(),
            instructions: "no jokes;intro".to_owned(),
            intro: true,
            outro: true,
            language: "en-GB".to_owned(),
        };
        let directed = Order { direction, ..Order::of(Style::Lesson) };
        let text = "lesson;words=0;footnotes=skip;audience=6:nurses;tone=4:calm;focus=5:doses;\
                    instructions=14:no jokes;intro;in=5:en-GB;intro;outro";
        assert_eq!(order(&directed), text);
        let cast = vec![character("Ann", "explains", "dry"), character("Bo", "", "")];
        let dialogue = Order { cast, ..Order::of(Style::Dialogue) };
        let text = "dialogue;words=0;footnotes=skip;character=3:Ann,8:explains,3:dry;character=2:Bo,0:,0:";
        assert_eq!(order(&dialogue), text);
    }

    fn character(name: &str, role: &str, manner: &str) -> Character {
        Character { name: name.to_owned(), role: role.to_owned(), manner: manner.to_owned() }
    }

    #[test]
    fn orders_that_differ_have_keys_that_differ() {
        let plain = Order::of(Style::Narration);
        let directed = |change: fn(&mut Direction)| {
            let mut directed = plain.clone();
            change(&mut directed.direction);
            directed
        };
        let one = vec![NumberRange { first: 1, last: 1 }];
        let orders = [
            plain.clone(),
            Order { selection: Selection { pages: one.clone(), ..Selection::ALL }, ..plain.clone() },
            Order { selection: Selection { chapters: one, ..Selection::ALL }, ..plain.clone() },
            Order { selection: Selection { first: Some(1), ..Selection::ALL }, ..plain.clone() },
            Order { skip: BTreeSet::from([ContentKind::Captions]), ..plain.clone() },
            Order { read: BTreeSet::from([ContentKind::Captions]), ..plain.clone() },
            directed(|direction| direction.audience = "tone".to_owned()),
            directed(|direction| direction.tone = "tone".to_owned()),
            directed(|direction| direction.focus = "tone".to_owned()),
            directed(|direction| direction.instructions = "tone".to_owned()),
            directed(|direction| direction.language = "en".to_owned()),
            directed(|direction| direction.intro = true),
            directed(|direction| direction.outro = true),
            directed(|direction| direction.tone = ";intro".to_owned()),
            Order { cast: vec![character("Ann", "", "")], ..plain.clone() },
            Order { cast: vec![character("", "Ann", "")], ..plain.clone() },
            Order { cast: vec![character("", "", "Ann")], ..plain.clone() },
            Order { cast: vec![character("Ann", "", ""), character("Bo", "", "")], ..plain.clone() },
            Order { cast: vec![character("Ann,0:,0:;character=2:Bo", "", "")], ..plain.clone() },
            Order { other_languages: OtherLanguages::Refuse, ..plain.clone() },
            Order { other_languages: OtherLanguages::Speak(BTreeSet::new()), ..plain.clone() },
            Order { other_languages: OtherLanguages::Speak(BTreeSet::from(["de".to_owned()])), ..plain.clone() },
            Order { emoji: EmojiPolicy::Dropped, ..plain },
        ];
        let texts: BTreeSet<String> = orders.iter().map(order).collect();
        assert_eq!(texts.len(), orders.len());
    }
}
