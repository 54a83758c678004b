//! Fields and values of the API as the command line has them.

use super::{KEY_FILE, WRITER_MODEL, WRITER_URL};

/// Fields of requests, as paths, and the flags that they are set by. The first that the path begins
/// with, or is, holds.
const FLAGS: &[(&str, &str)] = &[
    ("narration.selection.pages", "--pages"),
    ("narration.selection.chapters", "--chapters"),
    ("narration.selection.first", "--first"),
    ("narration.length.duration", "--minutes"),
    ("narration.length.word_count", "--words"),
    ("narration.length", "--minutes"),
    ("narration.skip", "--skip"),
    ("narration.read", "--read"),
    ("narration.style", "--style"),
    ("narration.writer", "--writer"),
    ("narration.cast", "--speaker"),
    ("narration.direction.audience", "--audience"),
    ("narration.direction.tone", "--tone"),
    ("narration.direction.focus", "--focus"),
    ("narration.direction.instructions", "--instructions"),
    ("narration.direction", "--tone and the like"),
    ("narration.footnotes", "--footnotes"),
    ("narration.language_code", "--language"),
    ("narration.other_languages", "--other-languages"),
    ("narration.spoken_languages", "--speak"),
    ("narration.emoji", "--emoji"),
    ("narration.speakers.other_voices", "--other-voice"),
    ("narration.speakers", "--voice"),
    ("narration.lexicons", "--lexicon"),
    ("narration.without_default_lexicons", "--no-default-lexicons"),
    ("narration.pronunciations", "--lexicon"),
    ("narration.speed", "--speed"),
    ("narration.formats", "--format"),
    ("narration.lane", "--lane"),
    ("narration.hold_script", "--hold"),
    ("edits_of", "--edits-of"),
    ("edits.section", "SECTION"),
    ("edits.utterance", "SENTENCE"),
    ("edits", "TEXT"),
    ("document.language_code", "--language"),
    ("start.document.language_code", "--language"),
    ("document.display_name", "--name"),
    ("start.file_name", "--name"),
    ("file_name", "--name"),
    ("url", "--server"),
    (KEY_FILE, "--key-file"),
    (WRITER_URL, "--writer-url"),
    (WRITER_MODEL, "--writer-model"),
];

/// The flag that sets a field.
pub(super) fn flag(field: &str) -> Option<&'static str> {
    let field = &without_places(field);
    let of = |path: &str| field.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']));
    FLAGS.iter().find(|(path, _)| of(path)).map(|(_, flag)| *flag)
}

/// A path without the places in lists: `narration.speakers[1].voice` as `narration.speakers.voice`.
fn without_places(field: &str) -> String {
    let mut parts = field.split('[');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |path, part| path + part.split_once(']').map_or(part, |(_, rest)| rest))
}

/// Values of enums as a message names them, and the word of the command line.
const VALUES: &[(&str, &str)] = &[
    ("STYLE_", "--style "),
    ("FOOTNOTES_", "--footnotes "),
    ("OUTPUT_FORMAT_", "--format "),
    ("LANE_", "--lane "),
    ("CONTENT_KIND_", ""),
    ("OTHER_LANGUAGES_", "--other-languages "),
    ("EMOJI_POLICY_", "--emoji "),
];

/// A message in the words of the command line.
pub(super) fn plain(message: &str) -> String {
    let is_path = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '[' | ']');
    let mut text = String::new();
    let mut rest = message;
    while !rest.is_empty() {
        let length = rest.find(|c: char| !is_path(c)).unwrap_or(rest.len());
        if length == 0 {
            let next = rest.chars().next().map_or(rest.len(), char::len_utf8);
            let (other, after) = rest.split_at(next);
            text.push_str(other);
            rest = after;
            continue;
        }
        let (word, after) = rest.split_at(length);
        // A full stop ends a sentence, and belongs to no path.
        let bare = word.trim_end_matches('.');
        text.push_str(&word_of(bare));
        text.push_str(&word[bare.len()..]);
        rest = after;
    }
    text
}

fn word_of(word: &str) -> String {
    // What is one word is a word of the sentence.
    if let Some(flag) = flag(word).filter(|_| word.contains(['.', '_'])) {
        return flag.to_owned();
    }
    let value = VALUES.iter().find_map(|(prefix, flag)| word.strip_prefix(prefix).map(|value| (*flag, value)));
    match value {
        // `--skip` and `--read` say `appendix`.
        Some((flag, "APPENDICES")) => format!("{flag}appendix"),
        Some((flag, value)) => format!("{flag}{}", value.to_lowercase().replace('_', "-")),
        None => word.to_owned(),
    }
}
