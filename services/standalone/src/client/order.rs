//! The flags that say what becomes a script, as an order.

use lectern_proto::v1::{Footnotes, Length, Narration, Style, length::Target};
use prost_types::Duration;

use crate::cli::{self, Script};

/// An order for `document` that says how it becomes a script, and nothing of how that sounds.
pub fn order(script: &Script, document: &str) -> Narration {
    let target = match (script.minutes, script.words) {
        (Some(minutes), _) => Some(Target::Duration(Duration { seconds: i64::from(minutes) * 60, nanos: 0 })),
        (None, Some(words)) => Some(Target::WordCount(words)),
        (None, None) => None,
    };
    let style = match script.style {
        cli::Style::Narration => Style::Narration,
        cli::Style::Briefing => Style::Briefing,
    };
    let footnotes = match script.footnotes {
        cli::Footnotes::Skip => Footnotes::Skip,
        cli::Footnotes::Inline => Footnotes::Inline,
        cli::Footnotes::End => Footnotes::End,
    };
    Narration {
        documents: vec![document.to_owned()],
        style: style.into(),
        length: target.map(|target| Length { target: Some(target) }),
        footnotes: footnotes.into(),
        language_code: script.language.clone().unwrap_or_default(),
        ..Narration::default()
    }
}
