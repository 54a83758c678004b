//! The silence before each utterance, from what stands next to what, and inside one: it is what
//! lets a listener hear headings, paragraphs, lists, brackets, and whose turn it is. The lengths
//! are one [`table`].

mod table;
mod within;

use lectern_core::content::script::{Role, Section, Utterance};

use table::{ASIDE, ITEM, LEAD_IN, PARAGRAPH, ROW, SECTION, after_heading, before_heading};
pub use within::{Within, within};

/// Milliseconds of silence between two sentences of a speaker.
pub const SENTENCE: u32 = table::SENTENCE;

/// Milliseconds of silence between two who talk.
pub const TURN: u32 = table::TURN;

/// No silence in a recording is longer than this many milliseconds.
pub const LONGEST: u32 = table::LONGEST;

/// Milliseconds of silence before `next`, which is in the section with this index; `previous` is
/// the utterance before it in the same section, none for the section's first.
#[must_use]
pub fn before(section: u32, previous: Option<&Utterance>, next: &Utterance) -> u32 {
    let Some(previous) = previous else {
        return match next.role {
            _ if section == 0 => LEAD_IN,
            Role::Heading { level } => before_heading(level).max(SECTION),
            // A long text was cut between two paragraphs, which nobody should hear.
            Role::Body
            | Role::ListItem
            | Role::TableRow
            | Role::Quote
            | Role::Caption
            | Role::Footnote
            | Role::Announcement => PARAGRAPH,
        };
    };
    let is_heading = |role| matches!(role, Role::Heading { .. });
    if previous.speaker != next.speaker && !is_heading(previous.role) && !is_heading(next.role) {
        return TURN;
    }
    if !previous.ends_block {
        return if previous.role == next.role { SENTENCE } else { ASIDE };
    }
    match (previous.role, next.role) {
        (_, Role::Heading { level }) => before_heading(level),
        (Role::Heading { level }, _) => after_heading(level),
        (Role::ListItem, Role::ListItem) => ITEM,
        (Role::TableRow | Role::Announcement, Role::TableRow) => ROW,
        _ => PARAGRAPH,
    }
}

/// Samples of silence before each utterance of `section`, in order.
#[must_use]
pub fn of_section(section: &Section, sample_rate: u32) -> Vec<u64> {
    let mut previous = None;
    let utterances = section.utterances.iter();
    utterances
        .map(|utterance| {
            let pause = before(section.index, previous, utterance);
            previous = Some(utterance);
            u64::from(pause) * u64::from(sample_rate) / 1000
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use lectern_core::content::script::Speaker;

    use super::*;
    use crate::timeline::fixture::utterance;

    const ROLES: [Role; 9] = [
        Role::Heading { level: 1 },
        Role::Heading { level: 6 },
        Role::Body,
        Role::ListItem,
        Role::TableRow,
        Role::Quote,
        Role::Caption,
        Role::Footnote,
        Role::Announcement,
    ];

    #[test]
    fn every_pair_has_a_pause_within_bounds_and_headings_stand_apart() {
        for section in [0, 1] {
            for next in ROLES {
                let next = utterance(0, next, true, "Next.");
                assert!((200..=1500).contains(&before(section, None, &next)));
                for previous in ROLES {
                    for ends_block in [false, true] {
                        let previous = utterance(0, previous, ends_block, "Previous.");
                        let pause = before(section, Some(&previous), &next);
                        assert!((300..=1500).contains(&pause) && pause < LONGEST);
                        if !ends_block {
                            continue;
                        }
                        match (previous.role, next.role) {
                            (_, Role::Heading { .. }) => assert!((800..=1500).contains(&pause)),
                            (Role::Heading { .. }, _) => assert!((400..=700).contains(&pause)),
                            _ => assert!((400..=600).contains(&pause)),
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn the_other_s_turn_is_heard_wherever_it_begins() {
        let said = |speaker, role, ends_block| Utterance {
            speaker: Speaker(speaker),
            ..utterance(0, role, ends_block, "Text.")
        };
        let next = said(1, Role::Body, true);
        for ends_block in [false, true] {
            assert_eq!(before(1, Some(&said(0, Role::Body, ends_block)), &next), TURN);
        }
        assert_eq!(before(1, Some(&said(1, Role::Body, false)), &next), SENTENCE);
        let heading = said(0, Role::Heading { level: 2 }, true);
        assert_eq!(before(1, Some(&heading), &next), after_heading(2), "a heading stands apart from all");
    }

    #[test]
    fn sentences_are_closer_than_paragraphs_and_only_headings_part_sections() {
        let body = |ends_block| utterance(0, Role::Body, ends_block, "Text.");
        let (open, closed) = (body(false), body(true));
        let pauses = [before(1, Some(&open), &open), before(1, Some(&closed), &open), before(1, None, &open)];
        assert_eq!(pauses, [300, 600, 600]);
        assert_eq!(before(1, None, &utterance(0, Role::Heading { level: 3 }, true, "Title.")), 1200);
    }
}
