//! A lexicon as a file, in TOML:
//!
//! ```toml
//! language = "en" # of every entry that names none; may be left out
//!
//! [[entry]]
//! text = "Siobhán"
//! ipa = "ʃɪˈvɔːn"
//!
//! [[entry]]
//! pattern = "*.rs"
//! respelling = "* dot R S"
//! match_case = true
//! ```

use std::io::Read as _;
use std::path::Path;

use lectern_core::Failure;
use lectern_proto::convert;
use lectern_proto::v1::{LexiconEntry, lexicon_entry::Written};
use serde::{Deserialize, Serialize};

/// The most bytes of a file that is read: more than the largest lexicon has.
const MOST_BYTES: u64 = 1 << 20;
/// What is wrong with a file is told as of this field.
const FIELD: &str = "lexicon";

/// The file.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    /// The language of entries that name none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    language: String,
    /// The entries.
    #[serde(default)]
    entry: Vec<Entry>,
}

#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pattern: Option<String>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    ipa: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    respelling: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    language: Option<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    match_case: bool,
}

/// The entries of a file, checked as a server would.
///
/// # Errors
/// `INVALID_FIELD` for a file that cannot be read, is none, or has an entry that says nothing.
pub(super) fn read(path: &Path) -> Result<Vec<LexiconEntry>, Failure> {
    let shown = path.display();
    let mut text = String::new();
    let read = std::fs::File::open(path).and_then(|file| file.take(MOST_BYTES + 1).read_to_string(&mut text));
    read.map_err(|error| Failure::invalid(FIELD, format!("{shown} cannot be read as text: {error}")))?;
    if u64::try_from(text.len()).unwrap_or(u64::MAX) > MOST_BYTES {
        return Err(Failure::invalid(FIELD, format!("{shown} has more than {MOST_BYTES} bytes; part it")));
    }
    parse(&text).map_err(|failure| Failure { message: format!("{shown}: {}", failure.message), ..failure })
}

fn parse(text: &str) -> Result<Vec<LexiconEntry>, Failure> {
    let file: File = toml::from_str(text).map_err(|error| {
        Failure::invalid(
            FIELD,
            format!("it is no lexicon: {}; write [[entry]] with a text and an ipa", error.message()),
        )
    })?;
    let entry = |(place, entry): (usize, Entry)| {
        let Entry { text, pattern, ipa, respelling, language, match_case } = entry;
        let written = match (text, pattern) {
            (Some(text), None) => Written::Text(text),
            (None, Some(pattern)) => Written::Pattern(pattern),
            (None, None) | (Some(_), Some(_)) => {
                let message = format!("entry {} has not one of text and pattern; write one of them", place + 1);
                return Err(Failure::invalid(FIELD, message));
            }
        };
        let language_code = language.unwrap_or_else(|| file.language.clone());
        Ok(LexiconEntry { written: Some(written), ipa, respelling, language_code, match_case })
    };
    let entries = file.entry.into_iter().enumerate().map(entry).collect::<Result<Vec<_>, _>>()?;
    // As a server keeps them: composed, and with the alphabet's own signs.
    let checked = convert::lexicon_entries("entry", &entries)?;
    Ok(checked.iter().map(convert::lexicon_entry_to_wire).collect())
}

/// Entries as a file.
///
/// # Errors
/// `INTERNAL` for what cannot be written as TOML.
pub(super) fn write(entries: &[LexiconEntry]) -> Result<String, Failure> {
    let entry = |wire: &LexiconEntry| {
        let LexiconEntry { written, ipa, respelling, language_code, match_case } = wire.clone();
        let (text, pattern) = match written {
            Some(Written::Text(text)) => (Some(text), None),
            Some(Written::Pattern(pattern)) => (None, Some(pattern)),
            None => (None, None),
        };
        let language = Some(language_code).filter(|language| !language.is_empty());
        Entry { text, pattern, ipa, respelling, language, match_case }
    };
    let file = File { language: String::new(), entry: entries.iter().map(entry).collect() };
    toml::to_string(&file).map_err(|error| Failure::internal(format!("a lexicon cannot be written as TOML: {error}")))
}

#[cfg(test)]
mod tests {
    use lectern_core::Reason;

    use super::*;

    const FILE: &str = r#"
        language = "en"

        [[entry]]
        text = "Siobhán"
        ipa = "/ʃɪ'vɔːn/"

        [[entry]]
        pattern = "*.rs"
        respelling = "* dot R S"
        language = ""
        match_case = true
    "#;

    #[test]
    fn a_file_is_read_and_written_again() {
        let entries = parse(FILE).unwrap();
        assert_eq!((entries[0].ipa.as_str(), entries[0].language_code.as_str()), ("ʃɪˈvɔːn", "en"));
        assert_eq!(entries[1].written, Some(Written::Pattern("*.rs".to_owned())));
        assert!(entries[1].match_case && entries[1].language_code.is_empty());
        assert_eq!(parse(&write(&entries).unwrap()), Ok(entries));
        assert_eq!(parse(""), Ok(Vec::new()));
    }

    #[test]
    fn what_is_wrong_with_a_file_is_said_with_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("words.toml");
        for (text, says) in [
            ("[[entry]]\nword = \"a\"", "no lexicon"),
            ("text = 1", "no lexicon"),
            ("[[entry]]\nipa = \"a\"", "entry 1 has not one of text and pattern"),
            ("[[entry]]\ntext = \"a\"\npattern = \"a*\"\nrespelling = \"b\"", "not one of"),
            ("[[entry]]\ntext = \"lead\"", "give it an `ipa` or a `respelling`"),
        ] {
            std::fs::write(&path, text).unwrap();
            let refused = read(&path).unwrap_err();
            assert!(refused.message.contains("words.toml") && refused.message.contains(says), "{refused}");
            assert_eq!(refused.reason, Reason::InvalidField);
        }
        assert!(read(&folder.path().join("none.toml")).unwrap_err().message.contains("cannot be read"));
    }
}
