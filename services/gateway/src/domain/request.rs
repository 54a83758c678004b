//! What a caller asks for, checked, and what is pinned for it.

pub mod labels;
pub mod lexicon;
pub mod speakers;

use std::time::Duration;

use lectern_core::Digest;
use lectern_core::content::script::Order;
use lectern_core::id::DocumentId;
use lectern_core::speakers::Speakers;
use serde::{Deserialize, Serialize};

pub use labels::Labels;
pub use lexicon::{OrderedLexicon, UsedLexicon, Words};
pub use speakers::{OrderedSpeaker, other_languages, style, talking};

/// What a caller asks for, checked as far as it can be without asking anybody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NarrationRequest {
    /// The source.
    pub document: DocumentId,
    /// A name for people; may be empty.
    pub display_name: String,
    /// The caller's own words on it.
    pub labels: Labels,
    /// What is said.
    pub order: Order,
    /// The writer that the caller named; empty for the default.
    pub writer: String,
    /// Who is to speak, by place; those after the last are chosen.
    pub speakers: Vec<OrderedSpeaker>,
    /// How its words are said.
    pub lexicon: OrderedLexicon,
    /// Tempo in hundredths, 50 to 200.
    pub speed: u32,
    /// What is made, by its number in the public API, sorted.
    pub formats: Vec<i32>,
    /// Queue lane, by its number in the public API.
    pub lane: i32,
    /// How long a run may take; none for [`super::narration::DEADLINE`].
    pub time_limit: Option<Duration>,
    /// Whether the script waits for an approval before it is recorded.
    pub hold: bool,
}

impl NarrationRequest {
    /// Tells a repeated request from another one.
    #[must_use]
    pub fn digest(&self) -> Digest {
        let Self { document, display_name, labels, order, writer, speakers, speed, formats, lane, .. } = self;
        let Self { time_limit, hold, lexicon, .. } = self;
        let order = lectern_core::keys::order(order);
        let labels = labels.all();
        let voice = speakers.first().map_or("", |speaker| speaker.voice.as_str());
        // No text among these has a line end, so that no two requests are written alike.
        let mut text =
            format!("{document}\n{display_name}\n{labels:?}\n{order}\n{voice}\n{speed}\n{formats:?}\n{lane}");
        if let Some(limit) = time_limit {
            text.push_str(&format!("\n{}", limit.as_millis()));
        }
        if !writer.is_empty() {
            // A limit has no colon.
            text.push_str(&format!("\nwriter:{writer}"));
        }
        if *hold {
            // Neither is a limit, nor a writer.
            text.push_str("\nhold");
        }
        text.push_str(&speakers::written(speakers));
        text.push_str(&lexicon::written(lexicon));
        Digest::of(text.as_bytes())
    }
}

/// Versions that a narration keeps for the whole of a run, so that half of it is not made by
/// another engine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pins {
    /// SHA-256 of the source.
    pub source: Digest,
    /// The source's file name.
    pub file_name: String,
    /// Extractor, name and version.
    pub extractor: String,
    /// Script engine, name and version.
    pub script: String,
    /// The writer whose engine it is, by the name that the installation gives it: who writes also
    /// when the narration is retried, or pinned anew.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub writer: String,
    /// Who speaks, by the place that an utterance names.
    pub speakers: Speakers,
    /// The language that the caller set on the document, a BCP 47 tag; none where it was found out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn named(voice: &str, others: &[&str]) -> OrderedSpeaker {
        let others = others.iter().map(|other| (*other).to_owned()).collect();
        OrderedSpeaker { voice: voice.to_owned(), others }
    }

    #[test]
    fn who_wrote_is_asked_again_also_where_nobody_was_named() {
        let mut n = crate::testing::narration();
        assert_eq!(n.request().writer, "extractive", "the default of when it was ordered");
        n.pins.writer = "gemini".to_owned();
        assert_eq!(n.request().writer, "gemini");
    }

    #[test]
    fn another_request_is_told_from_a_repeated_one() {
        let request = || crate::testing::narration().request();
        let label = |value: &str| {
            let labels = BTreeMap::from([("team".to_owned(), value.to_owned())]);
            Labels::checked("labels", labels).expect("a label")
        };
        let changes: [fn(&mut NarrationRequest); 14] = [
            |request| request.hold = true,
            |request| request.lexicon.without_defaults = true,
            |request| request.lexicon.own = vec![lectern_core::lexicon::Entry::spelt("lead", "led")],
            |request| request.writer = "gemini".to_owned(),
            |request| request.order.direction.tone = "calm".to_owned(),
            |request| request.display_name = "Tides".to_owned(),
            |request| request.speed = 150,
            |request| request.order.language = Some("en".to_owned()),
            |request| request.time_limit = Some(Duration::from_secs(60)),
            |request| request.speakers = vec![named("engines/tone/voices/b", &[])],
            |request| request.speakers = vec![named("", &["engines/tone/voices/b"])],
            |request| request.speakers = vec![named("engines/tone/voices/b", &["engines/tone/voices/c"])],
            |request| request.speakers = ["b", "c"].map(|voice| named(voice, &[])).to_vec(),
            |request| request.speakers = ["c", "b"].map(|voice| named(voice, &[])).to_vec(),
        ];
        let changed = changes.iter().map(|change| {
            let mut request = request();
            change(&mut request);
            request
        });
        let labelled = ["press", "news"].map(|value| NarrationRequest { labels: label(value), ..request() });
        let requests: Vec<NarrationRequest> = [request()].into_iter().chain(changed).chain(labelled).collect();
        for (at, one) in requests.iter().enumerate() {
            assert_eq!(one.digest(), one.clone().digest());
            for other in &requests[at + 1..] {
                assert_ne!(one.digest(), other.digest(), "{one:?} and {other:?}");
            }
        }
    }
}
