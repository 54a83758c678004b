//! How long the speech of a text may be.
//!
//! What is counted are letters, since words are of unlike length. English prose takes near 0.065 s
//! a letter at the usual pace of voices. A short text may be far from that; over a long one it
//! averages out, so the bounds close in with the letters.

use crate::engine::SegmentRequest;

/// Seconds of speech a letter takes at normal speed, at least and at most, in a text of few
/// letters.
const A_FEW: (f64, f64) = (0.02, 0.25);
/// The same in a text of many: some 370 and 85 words a minute.
const OF_MANY: (f64, f64) = (0.035, 0.15);
/// Letters from which on a text has many.
const MANY: f64 = 80.0;
/// Seconds that any segment may have beside its letters: breath before and after, a pause at a
/// comma.
const BESIDE: f64 = 1.2;
/// Letters that a digit or a sign may be read as, where the engine reads numbers itself:
/// "vierundachtzig".
const A_DIGIT: f64 = 8.0;
/// Letters that one which is read by its name takes as long as: the "w" of "www".
const A_NAME: f64 = 2.5;
/// Letters that a sign of a syllable or a word takes as long as.
const A_SYLLABLE: f64 = 3.0;

/// The fewest and the most seconds that the speech of a request may have.
pub(super) fn bounds(request: &SegmentRequest) -> (f64, f64) {
    let speed = f64::from(request.speed.factor());
    let (least, most) = letters(&request.text);
    let a_letter = |letters: f64, few: f64, many: f64| {
        let share = (letters / MANY).min(1.0);
        letters * (few + (many - few) * share)
    };
    (a_letter(least, A_FEW.0, OF_MANY.0) / speed, (a_letter(most, A_FEW.1, OF_MANY.1) + BESIDE) / speed)
}

/// As how many letters a text may be read, at least and at most.
fn letters(text: &str) -> (f64, f64) {
    let (mut least, mut most) = (0.0, 0.0);
    for word in text.split_whitespace() {
        let spelt = is_spelt(word);
        for c in word.chars() {
            let (low, high) = if c.is_numeric() || is_sign(c) {
                (if c.is_numeric() { 1.0 } else { 0.0 }, A_DIGIT)
            } else if !c.is_alphabetic() {
                (0.0, 0.0)
            } else if is_syllable(c) {
                (A_SYLLABLE, A_SYLLABLE)
            } else if spelt {
                (1.0, A_NAME)
            } else {
                (1.0, 1.0)
            };
            (least, most) = (least + low, most + high);
        }
    }
    (least, most)
}

/// Whether a word may be read by the names of its letters: one letter, or capitals alone.
fn is_spelt(word: &str) -> bool {
    let letters = || word.chars().filter(|c| c.is_alphabetic());
    letters().count() == 1 || letters().all(char::is_uppercase)
}

/// Whether a sign is read as a word: `%`, `€`, `=`.
const fn is_sign(c: char) -> bool {
    matches!(c, '%' | '‰' | '&' | '@' | '#' | '+' | '=' | '<' | '>' | '§' | '°' | '×' | '÷' | '/' | '*' | '^' | '~')
        || matches!(c, '$' | '€' | '£' | '¥' | '¢')
}

/// Whether a letter is a syllable or a word of its own: kana, Han and Hangul.
const fn is_syllable(c: char) -> bool {
    matches!(c as u32, 0x3040..=0x30FF | 0x3400..=0x4DBF | 0x4E00..=0x9FFF | 0xAC00..=0xD7AF | 0x20000..=0x323AF)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Speed;

    fn of(text: &str, speed: f64) -> (f64, f64) {
        bounds(&SegmentRequest::new(text, "engines/e/voices/v", Speed::new(speed).unwrap()))
    }

    #[test]
    fn usual_speech_is_within_and_half_or_twice_of_it_is_not() {
        let text = "The first mill was built on the left bank of the river, where the water falls about three metres \
                    over a shelf of hard limestone, and it ground wheat, barley and in bad years acorns for the town.";
        let letters = text.chars().filter(|c| c.is_alphabetic()).count() as f64;
        let (least, most) = of(text, 1.0);
        let usual = letters * 0.065;
        assert!(least < usual * 0.6 && usual * 1.7 < most, "{least} {usual} {most}");
        assert!(usual * 0.5 < least && most < usual * 2.6, "{least} {usual} {most}");
        let (fast, slow) = (of(text, 2.0), of(text, 0.5));
        assert!((fast.1 * 4.0 - slow.1).abs() < 1e-9 && fast.0 < least && most < slow.1);
    }

    #[test]
    fn what_is_read_longer_than_it_is_written_has_its_time() {
        for (text, seconds) in [
            ("1984", 2.5),
            ("w w w dot example dot org slash a b c d e f g h i j k l m n o p q r s t u v w x y z", 12.0),
            ("NASA, ISBN and WYSIWYG", 4.0),
            ("東京都は日本の首都です。", 3.5),
            ("50 %", 1.6),
        ] {
            let (least, most) = of(text, 1.0);
            assert!(least < seconds && seconds < most, "{text}: {least} {most}");
        }
    }
}
