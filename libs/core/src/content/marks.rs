//! What of an utterance is emphasised or quoted in the document, for voices that can say it so.

use serde::{Deserialize, Serialize};

use super::Range;

/// A part of what is spoken that is said in a manner of its own: whole words, with the pause behind
/// the last of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// The part.
    pub spoken: Range,
    /// The manner.
    pub manner: Manner,
}

/// A manner of saying something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Manner {
    /// With stress.
    Emphasis,
    /// As somebody else's words.
    Quotation,
}

impl Manner {
    /// The name that keys are made of; it never changes.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Emphasis => "emphasis",
            Self::Quotation => "quotation",
        }
    }
}

/// What stands in the key of a sentence's speech for its marks (`4-9:emphasis`, parted by commas);
/// none where it has none.
#[must_use]
pub fn marks_key(marks: &[Mark]) -> Option<String> {
    let marks =
        marks.iter().map(|Mark { spoken, manner }| format!("{}-{}:{}", spoken.start, spoken.end, manner.name()));
    let marks: Vec<String> = marks.collect();
    (!marks.is_empty()).then(|| marks.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::content::script::{Role, Speaker, Utterance};

    fn mark(start: u32, end: u32, manner: Manner) -> Mark {
        Mark { spoken: Range::new(start, end), manner }
    }

    fn utterance(marks: Vec<Mark>) -> Utterance {
        Utterance {
            id: 0,
            speaker: Speaker::default(),
            role: Role::Body,
            ends_block: true,
            sources: Vec::new(),
            added: false,
            original: "Go now.".to_owned(),
            spoken: "Go now.".to_owned(),
            map: Vec::new(),
            marks,
            language: None,
        }
    }

    #[test]
    fn a_script_without_marks_is_written_as_it_was_before_there_were_any() {
        let plain = r#"{"id":0,"speaker":0,"role":{"role":"body"},"ends_block":true,"added":false,"original":"Go now.","spoken":"Go now."}"#;
        assert_eq!(serde_json::to_string(&utterance(Vec::new())).unwrap(), plain);
        assert_eq!(serde_json::from_str::<Utterance>(plain).unwrap(), utterance(Vec::new()));
        let marked = utterance(vec![mark(3, 7, Manner::Emphasis)]);
        let text = serde_json::to_string(&marked).unwrap();
        assert!(text.contains(r#""marks":[{"spoken":{"start":3,"end":7},"manner":"emphasis"}]"#), "{text}");
        assert_eq!(serde_json::from_str::<Utterance>(&text).unwrap(), marked);
    }

    #[test]
    fn other_marks_are_another_key_and_none_are_none() {
        let (emphasis, quotation) = (mark(3, 7, Manner::Emphasis), mark(3, 7, Manner::Quotation));
        assert_eq!(marks_key(&[]), None);
        assert_eq!(marks_key(&[emphasis, mark(9, 12, Manner::Quotation)]), Some("3-7:emphasis,9-12:quotation".into()));
        assert_ne!(marks_key(&[emphasis]), marks_key(&[quotation]));
    }
}
