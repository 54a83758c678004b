//! Who speaks an order, as it comes in: so many as the script has speakers, each by its place.

use lectern_core::content::script::{Order, Style};
use lectern_core::speakers::MOST_OTHER_VOICES;
use lectern_core::{Failure, text};
use lectern_proto::v1 as api;

use crate::domain::{OrderedSpeaker, talking};

/// Who is to speak. Which voices there are, tts knows.
///
/// # Errors
/// `INVALID_FIELD` naming the speaker.
pub(super) fn speakers(wire: &[api::Speaker], order: &Order) -> Result<Vec<OrderedSpeaker>, Failure> {
    let most = talking(order);
    if wire.len() > most {
        let message = if order.style == Style::Dialogue {
            format!("{} speakers are named, and {most} talk; name a cast of as many, or fewer speakers", wire.len())
        } else {
            "only a dialogue has several speakers; name one voice, or none for the default".to_owned()
        };
        return Err(Failure::invalid("narration.speakers", message));
    }
    let mut speakers: Vec<OrderedSpeaker> = Vec::with_capacity(wire.len());
    for (place, speaker) in wire.iter().enumerate() {
        let field = |name: &str| format!("narration.speakers[{place}].{name}");
        text::check_name(&field("voice"), &speaker.voice)?;
        if speaker.other_voices.len() > MOST_OTHER_VOICES {
            let message = format!("a speaker has at most {MOST_OTHER_VOICES} other voices; name fewer");
            return Err(Failure::invalid(field("other_voices"), message));
        }
        for other in &speaker.other_voices {
            text::check_name(&field("other_voices"), other)?;
            if other.is_empty() {
                return Err(Failure::invalid(
                    field("other_voices"),
                    "another voice has a name; name it, or leave it out",
                ));
            }
        }
        speakers.push(OrderedSpeaker { voice: speaker.voice.clone(), others: speaker.other_voices.clone() });
    }
    // Who is not named is chosen, wherever that is said.
    while speakers.last().is_some_and(OrderedSpeaker::is_open) {
        speakers.pop();
    }
    Ok(speakers)
}

#[cfg(test)]
mod tests {
    use lectern_core::Reason;
    use lectern_core::content::script::Character;

    use super::*;

    fn speaker(voice: &str, others: &[&str]) -> api::Speaker {
        let other_voices = others.iter().map(|other| (*other).to_owned()).collect();
        api::Speaker { voice: voice.to_owned(), other_voices }
    }

    fn dialogue(cast: usize) -> Order {
        let character =
            |at: usize| Character { name: format!("Speaker {at}"), role: String::new(), manner: String::new() };
        Order { cast: (0..cast).map(character).collect(), ..Order::of(Style::Dialogue) }
    }

    #[test]
    fn a_dialogue_has_as_many_as_talk_and_any_other_style_one() {
        let named = |count: usize| vec![speaker("engines/e/voices/v", &[]); count];
        for (order, most) in
            [(Order::of(Style::Narration), 1), (Order::of(Style::Lesson), 1), (dialogue(0), 2), (dialogue(4), 4)]
        {
            assert_eq!(speakers(&named(most), &order).expect("so many").len(), most);
            let refused = speakers(&named(most + 1), &order).expect_err("too many");
            assert_eq!((refused.reason, refused.field.as_deref()), (Reason::InvalidField, Some("narration.speakers")));
        }
    }

    #[test]
    fn who_is_not_named_is_chosen_wherever_that_is_said() {
        let order = dialogue(3);
        let open = || speaker("", &[]);
        let read = |wire: &[api::Speaker]| speakers(wire, &order).expect("speakers");
        assert_eq!(read(&[open(), open()]), read(&[]));
        let second = read(&[open(), speaker("b", &["c"]), open()]);
        assert_eq!(second.len(), 2);
        assert!(second[0].is_open() && second[1].others == ["c"]);
        assert_eq!(read(&[speaker("", &["c"])]).len(), 1, "who speaks in the place of the one that is chosen is said");
    }

    #[test]
    fn a_name_that_cannot_be_one_is_refused_with_its_speaker() {
        for (wire, field) in [
            (speaker("engines/tone/voices/\u{1b}[31m", &[]), "narration.speakers[1].voice"),
            (speaker("a", &["b", "\u{7}"]), "narration.speakers[1].other_voices"),
            (speaker("a", &[""]), "narration.speakers[1].other_voices"),
            (speaker("a", &["b", "c", "d", "e"]), "narration.speakers[1].other_voices"),
        ] {
            let refused = speakers(&[speaker("", &[]), wire], &dialogue(2)).expect_err("refused");
            assert_eq!((refused.reason, refused.field.as_deref()), (Reason::InvalidField, Some(field)));
        }
    }
}
