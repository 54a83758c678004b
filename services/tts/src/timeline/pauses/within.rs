//! Pauses inside an utterance, between two of its words: after a label that leads it, and at
//! brackets.

use lectern_core::content::script::{Mapping, Role, Utterance};

use super::table::{BRACKET_CLOSES, BRACKET_OPENS, LABEL, LEAD};

/// A pause between two words of an utterance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Within {
    /// Where the word after it begins in the spoken text.
    pub before: u32,
    /// How long it is at least, in milliseconds.
    pub millis: u32,
}

/// The pauses inside `utterance`, in order.
#[must_use]
pub fn within(utterance: &Utterance) -> Vec<Within> {
    let spoken: Vec<char> = utterance.spoken.chars().collect();
    let original: Vec<char> = utterance.original.chars().collect();
    let mut pauses = Vec::new();
    for (at, pair) in utterance.map.windows(2).enumerate() {
        let [one, next] = pair else { continue };
        let millis = if at == 0 { led(utterance.role, one, next) } else { None };
        let millis = millis.or_else(|| stops(&spoken, next).then(|| bracket(&original, one, next)).flatten());
        if let Some(millis) = millis {
            pauses.push(Within { before: next.spoken.start, millis });
        }
    }
    pauses
}

/// The pause after words that nobody wrote before the first that somebody did. The cells of a row
/// are led by the heads of their columns, which go with them.
fn led(role: Role, one: &Mapping, next: &Mapping) -> Option<u32> {
    if !one.original.is_empty() || next.original.is_empty() {
        return None;
    }
    match role {
        Role::ListItem => Some(LABEL),
        Role::Caption | Role::Footnote => Some(LEAD),
        Role::Heading { .. } | Role::Body | Role::TableRow | Role::Quote | Role::Announcement => None,
    }
}

/// Whether a stop is spoken before a word: where the rules of speech let brackets be silent, as in
/// `f(x)`, nobody pauses.
fn stops(spoken: &[char], next: &Mapping) -> bool {
    let start = usize::try_from(next.spoken.start).unwrap_or(usize::MAX).min(spoken.len());
    let before = spoken[..start].iter().rev().find(|c| !c.is_whitespace());
    before.is_some_and(|c| matches!(c, ',' | ';' | ':' | '.' | '?' | '!'))
}

/// The pause at the brackets that stand between two words.
fn bracket(original: &[char], one: &Mapping, next: &Mapping) -> Option<u32> {
    let place = |at: u32| usize::try_from(at).unwrap_or(usize::MAX).min(original.len());
    let (from, to) = (place(one.original.start), place(next.original.end));
    let both = original.get(from..to)?;
    let border = place(next.original.start).saturating_sub(from).min(both.len());
    let (before, after) = both.split_at(border);
    // What stands behind the last letter of the one word, and before the first of the other.
    let behind = before.iter().rev().take_while(|c| !c.is_alphanumeric());
    let ahead = after.iter().take_while(|c| !c.is_alphanumeric());
    let (mut opens, mut closes) = (false, false);
    for c in behind.chain(ahead) {
        opens |= matches!(c, '(' | '[' | '{');
        closes |= matches!(c, ')' | ']' | '}');
    }
    match (opens, closes) {
        (_, true) => Some(BRACKET_CLOSES),
        (true, false) => Some(BRACKET_OPENS),
        (false, false) => None,
    }
}

#[cfg(test)]
mod tests {
    use lectern_core::content::Range;

    use super::*;
    use crate::timeline::fixture::utterance;

    /// An utterance whose words are led by `lead`, which is nowhere written.
    fn led(role: Role, lead: &str, text: &str) -> Utterance {
        let mut one = utterance(0, role, true, text);
        let shift = lectern_core::content::length(lead) + 1;
        for step in &mut one.map {
            step.spoken = Range::new(step.spoken.start + shift, step.spoken.end + shift);
        }
        one.map.insert(0, Mapping { spoken: Range::new(0, shift - 1), original: Range::new(0, 0) });
        one.spoken = format!("{lead} {}", one.spoken);
        one
    }

    fn pauses(utterance: &Utterance) -> Vec<(u32, u32)> {
        within(utterance).into_iter().map(|pause| (pause.before, pause.millis)).collect()
    }

    #[test]
    fn a_label_is_heard_apart_from_its_item() {
        assert_eq!(pauses(&led(Role::ListItem, "One.", "Fill the tank.")), [(5, LABEL)]);
        assert_eq!(pauses(&led(Role::Footnote, "Footnote:", "Adjusted.")), [(10, LEAD)]);
        assert_eq!(pauses(&led(Role::Caption, "Image:", "A tower.")), [(7, LEAD)]);
        assert_eq!(pauses(&led(Role::TableRow, "Pump:", "A one.")), []);
        assert_eq!(pauses(&utterance(0, Role::ListItem, true, "Fill the tank.")), []);
    }

    #[test]
    fn brackets_are_heard_where_they_are_spoken_as_a_pause() {
        // The written text has brackets where the spoken one has commas.
        let mut one = utterance(0, Role::Body, true, "It is said, in short, and more.");
        one.original = "It is said (in short) and more.".to_owned();
        one.map = vec![
            Mapping { spoken: Range::new(0, 2), original: Range::new(0, 2) },
            Mapping { spoken: Range::new(3, 5), original: Range::new(3, 5) },
            Mapping { spoken: Range::new(6, 11), original: Range::new(6, 12) },
            Mapping { spoken: Range::new(12, 14), original: Range::new(12, 14) },
            Mapping { spoken: Range::new(15, 21), original: Range::new(15, 21) },
            Mapping { spoken: Range::new(22, 25), original: Range::new(22, 25) },
            Mapping { spoken: Range::new(26, 31), original: Range::new(26, 31) },
        ];
        assert_eq!(pauses(&one), [(12, BRACKET_OPENS), (22, BRACKET_CLOSES)]);
        // Spoken without a stop, as `f(x)` is, it has no pause.
        one.spoken = one.spoken.replace(',', " ");
        assert_eq!(pauses(&one), []);
    }
}
