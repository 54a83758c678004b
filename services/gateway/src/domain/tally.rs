//! What is recorded so far, counted, and how long the whole will be by it.

use std::ops::AddAssign;

use lectern_core::content::script::WORDS_PER_MINUTE;
use serde::{Deserialize, Serialize};

use super::Narration;
use super::state::{Script, State};

/// Counts over sections that are recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Tally {
    /// Utterances.
    pub utterances: u64,
    /// Of those, the utterances whose speech was there already.
    pub reused: u64,
    /// Words of what is spoken.
    pub words: u64,
    /// Milliseconds of audio.
    pub millis: u64,
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.utterances = self.utterances.saturating_add(other.utterances);
        self.reused = self.reused.saturating_add(other.reused);
        self.words = self.words.saturating_add(other.words);
        self.millis = self.millis.saturating_add(other.millis);
    }
}

/// Milliseconds of audio that so many words make at a tempo in hundredths, where nothing is known
/// of the voice: at [`WORDS_PER_MINUTE`].
#[must_use]
pub fn at_usual_pace(words: u64, speed: u32) -> u64 {
    words.saturating_mul(60_000 * 100) / (u64::from(WORDS_PER_MINUTE) * u64::from(speed.max(1)))
}

impl Narration {
    /// Milliseconds that the whole recording will have: what is recorded, and the words that are
    /// left, at the pace of what is recorded, or at the usual pace before anything is. Exact once
    /// the files are there; none before it is planned.
    #[must_use]
    pub fn estimated_millis(&self) -> Option<u64> {
        if let State::Succeeded(recording) = &self.state
            && recording.sample_rate > 0
        {
            return Some(recording.samples.saturating_mul(1_000) / u64::from(recording.sample_rate));
        }
        let script = self.script()?;
        let (left, Tally { words, millis, .. }) = (words_left(&script), script.tally);
        let rest = if words > 0 && millis > 0 {
            left.saturating_mul(millis) / words
        } else {
            at_usual_pace(left, self.spec.speed)
        };
        Some(millis.saturating_add(rest))
    }
}

/// Words that are yet to be recorded. Where as many have been spoken as the plan estimated in all,
/// each section that is left is taken to have as many as those before it on average.
fn words_left(script: &Script<'_>) -> u64 {
    let recorded = u64::from(script.recorded());
    let missing = u64::from(script.sections()).saturating_sub(recorded);
    match script.outline.words.saturating_sub(script.tally.words) {
        _ if missing == 0 => 0,
        0 if recorded > 0 => script.tally.words.saturating_mul(missing) / recorded,
        left => left,
    }
}

#[cfg(test)]
mod tests {
    use lectern_core::Timestamp;

    use super::*;
    use crate::testing::{narrate_words, narration};

    /// A narration of 1,650 words in ten sections.
    fn planned() -> Narration {
        let mut n = narration();
        narrate_words(&mut n, 10, 1_650);
        n
    }

    fn record(n: &mut Narration, sections: std::ops::Range<u32>, words: u64, millis: u64) {
        for section in sections {
            let counts = Tally { utterances: 10, reused: 1, words, millis };
            assert!(n.section_recorded(section, counts, Timestamp(1)), "section {section} is new");
        }
    }

    #[test]
    fn before_anything_is_recorded_the_usual_pace_and_the_speed_say_how_long_it_will_be() {
        assert_eq!(narration().estimated_millis(), None, "it is not planned");
        let mut n = planned();
        assert_eq!(n.estimated_millis(), Some(600_000), "ten minutes of 165 words");
        n.spec.speed = 200;
        assert_eq!(n.estimated_millis(), Some(300_000));
        n.spec.speed = 50;
        assert_eq!(n.estimated_millis(), Some(1_200_000));
    }

    #[test]
    fn the_pace_of_what_is_recorded_says_how_long_the_rest_will_be() {
        let mut n = planned();
        // A voice that says 110 words a minute.
        record(&mut n, 0..2, 165, 90_000);
        assert_eq!(n.tally(), Tally { utterances: 20, reused: 2, words: 330, millis: 180_000 });
        assert_eq!(n.estimated_millis(), Some(900_000), "fifteen minutes of 110 words");
        record(&mut n, 2..9, 165, 90_000);
        assert_eq!(n.estimated_millis(), Some(900_000));
        record(&mut n, 9..10, 99, 54_000);
        assert_eq!(n.estimated_millis(), Some(864_000), "what is recorded, and no words of the plan");
        assert!(n.assembled(24_000, 24_000 * 870, Vec::new(), Timestamp(2)));
        assert_eq!(n.estimated_millis(), Some(870_000), "what it is");
    }

    #[test]
    fn a_plan_that_estimated_too_few_words_does_not_leave_nothing_to_be_done() {
        let mut n = planned();
        record(&mut n, 0..8, 220, 80_000);
        assert_eq!(n.tally().words, 1_760, "more than was planned in all");
        assert_eq!(n.estimated_millis(), Some(800_000), "two of ten sections are left");
    }

    #[test]
    fn counts_never_overflow() {
        let mut n = narration();
        narrate_words(&mut n, 10, u64::MAX);
        record(&mut n, 0..2, u64::MAX, u64::MAX);
        assert_eq!(n.estimated_millis(), Some(u64::MAX));
        assert!(at_usual_pace(u64::MAX, 0) > 0);
    }
}
