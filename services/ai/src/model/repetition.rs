//! Notices a model that says the same again and again, inside a string or a number, until its limit
//! ends it: what it says costs money and is no answer.

use std::collections::VecDeque;

/// Unicode scalar values at the end of an answer that are looked at.
const WINDOW: usize = 1200;
/// How many new ones there are before it is looked at again.
const STEP: usize = 300;
/// The longest piece, in Unicode scalar values, whose repetition is noticed: [`WINDOW`] holds it
/// six times.
const LONGEST_PIECE: usize = 200;

/// Looks at an answer while it comes.
#[derive(Debug, Clone, Default)]
pub struct Repetition {
    tail: VecDeque<char>,
    new: usize,
}

impl Repetition {
    /// Takes the next part of an answer; whether it has begun to repeat itself without end.
    #[must_use]
    pub fn sees(&mut self, part: &str) -> bool {
        for c in part.chars() {
            if self.tail.len() == WINDOW {
                self.tail.pop_front();
            }
            self.tail.push_back(c);
            self.new += 1;
            if self.new >= STEP && self.tail.len() == WINDOW {
                self.new = 0;
                if period(self.tail.make_contiguous()) <= LONGEST_PIECE {
                    return true;
                }
            }
        }
        false
    }
}

/// The length of the shortest piece of which all of `text` is a repetition, the last one perhaps
/// cut (the failure function of Knuth, Morris and Pratt).
fn period(text: &[char]) -> usize {
    let mut border = vec![0_usize; text.len()];
    let mut matched = 0;
    for at in 1..text.len() {
        while matched > 0 && text.get(at) != text.get(matched) {
            matched = border.get(matched - 1).copied().unwrap_or_default();
        }
        if text.get(at) == text.get(matched) {
            matched += 1;
        }
        if let Some(place) = border.get_mut(at) {
            *place = matched;
        }
    }
    text.len() - border.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn notices(text: &str) -> bool {
        let mut repetition = Repetition::default();
        let chars: Vec<char> = text.chars().collect();
        chars.chunks(7).any(|part| repetition.sees(&part.iter().collect::<String>()))
    }

    #[test]
    fn endless_repetition_is_noticed_in_words_numbers_and_spaces() {
        for piece in ["and so on ", "3", "\n", "The pump lifts the water. The water flows. ", "é🌊"] {
            let text = format!("{{\"text\": \"A pump. {}", piece.repeat(4000));
            assert!(notices(&text), "{piece:?}");
        }
    }

    #[test]
    fn an_answer_that_says_new_things_is_not_stopped() {
        let sentences: Vec<String> = (0..400).map(|n| format!("{{\"text\":\"Pump {n} lifts water.\"}}")).collect();
        assert!(!notices(&sentences.join(",")));
        assert!(!notices(&"word ".repeat(100)), "a short one may be a refrain");
        assert_eq!(period(&['a', 'b', 'a', 'b', 'a']), 2);
        assert_eq!(period(&['a', 'b', 'c']), 3);
    }
}
