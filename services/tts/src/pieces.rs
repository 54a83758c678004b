//! The text of a call in pieces that an engine speaks one by one. A narration's text comes from ai
//! in such pieces; what a caller sends may be a sentence without an end.

use lectern_core::content::script::SEGMENT_CHARS;

/// What is spoken at once: a sentence, or the words of one breath.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Piece {
    /// At most [`SEGMENT_CHARS`] characters, and a comma where the sentence goes on.
    pub text: String,
    /// Whether a sentence begins here, before which there is a pause.
    pub begins_sentence: bool,
}

/// The pieces of a text that is words already. What has no letter or digit is left out.
pub(crate) fn pieces(text: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    for sentence in sentences(text) {
        let mut rest = sentence.as_str();
        let mut begins_sentence = true;
        while !rest.is_empty() {
            let (head, tail) = rest.split_at(breath(rest));
            rest = tail.trim_start();
            if !head.chars().any(char::is_alphanumeric) {
                continue;
            }
            let mut text = head.to_owned();
            // A voice falls at the end of what it is given, unless that says that more comes.
            if tail.starts_with(' ') && !head.ends_with(['.', ',', ';', ':', '?', '!']) {
                text.push(',');
            }
            pieces.push(Piece { text, begins_sentence });
            begins_sentence = false;
        }
    }
    pieces
}

/// How many bytes of a text are spoken in one breath: all of it where it is short, else up to a
/// pause, else up to the end of a word, else as much as may be.
fn breath(text: &str) -> usize {
    let Some((limit, _)) = text.char_indices().nth(SEGMENT_CHARS) else { return text.len() };
    let ends: Vec<usize> = text.match_indices(' ').map(|(at, _)| at).take_while(|at| *at <= limit).collect();
    let pauses = |at: &&usize| **at >= limit / 2 && text[..**at].ends_with([',', ';', ':']);
    ends.iter().rfind(pauses).or_else(|| ends.last()).copied().unwrap_or(limit)
}

/// Sentences, cut after `.`, `!` or `?` and a space.
fn sentences(text: &str) -> Vec<String> {
    let mut sentences = vec![String::new()];
    let mut ended = false;
    for word in text.split_whitespace() {
        if ended {
            sentences.push(String::new());
        }
        if let Some(sentence) = sentences.last_mut() {
            if !sentence.is_empty() {
                sentence.push(' ');
            }
            sentence.push_str(word);
        }
        ended = word.ends_with(['.', '!', '?']);
    }
    sentences
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str) -> Vec<String> {
        pieces(text).into_iter().map(|piece| piece.text).collect()
    }

    #[test]
    fn a_text_is_spoken_sentence_by_sentence() {
        assert_eq!(texts("One two.  Three! … Four"), ["One two.", "Three!", "… Four"]);
        assert!(pieces("One two. Three!").iter().all(|piece| piece.begins_sentence));
        assert!(pieces(" . ").is_empty());
    }

    #[test]
    fn a_sentence_without_an_end_is_spoken_breath_by_breath() {
        for text in ["word ".repeat(1_000), "w".repeat(5_000), "some words, ".repeat(400), "ü".repeat(5_000)] {
            let pieces = pieces(&text);
            assert!(pieces.len() > 10, "{} pieces", pieces.len());
            assert!(pieces.iter().all(|piece| piece.text.chars().count() <= SEGMENT_CHARS + 1));
            assert_eq!(pieces.iter().filter(|piece| piece.begins_sentence).count(), 1);
            let said: String =
                pieces.iter().flat_map(|piece| piece.text.chars()).filter(|c| c.is_alphanumeric()).collect();
            let sent: String = text.chars().filter(|c| c.is_alphanumeric()).collect();
            assert_eq!(said, sent, "nothing is lost");
        }
    }

    #[test]
    fn a_breath_ends_at_a_pause_or_at_the_end_of_a_word() {
        let text = format!("{}, {}", "a".repeat(200), vec!["word"; 40].join(" "));
        let pieces = texts(&text);
        assert_eq!(pieces[0], format!("{},", "a".repeat(200)));
        let words = texts(&vec!["word"; 100].join(" "));
        assert!(words[..words.len() - 1].iter().all(|piece| piece.ends_with("word,")), "{words:?}");
        assert!(texts(&"! ".repeat(600)).is_empty());
    }
}
