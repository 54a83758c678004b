//! What the unit tests of several modules share.

use lectern_core::content::script::{Footnotes, Order, Style};
use lectern_core::{Digest, Timestamp};

use crate::domain::{Bits, Narration, Phase, Pins};

/// A narration that was accepted a moment ago.
pub(crate) fn narration() -> Narration {
    Narration {
        id: "n1".parse().expect("an id"),
        tenant: "acme".parse().expect("an id"),
        document: "d1".parse().expect("an id"),
        scope: "d1".parse().expect("an id"),
        request: Digest::of(b"request"),
        order: Order { style: Style::Narration, length: None, footnotes: Footnotes::Skip },
        voice: String::new(),
        speed: 100,
        formats: vec![1, 2],
        lane: 2,
        pins: Pins {
            source: Digest::of(b"source"),
            file_name: "a.txt".to_owned(),
            extractor: "text/1".to_owned(),
            script: "extractive/1".to_owned(),
            voice: "voices/tone/a".to_owned(),
            voice_version: "1".to_owned(),
        },
        run: 1,
        phase: Phase::Extracting,
        sections: 0,
        written: Bits::default(),
        recorded: Bits::default(),
        words: 0,
        title: String::new(),
        language: String::new(),
        notes: Vec::new(),
        failure: None,
        samples: 0,
        sample_rate: 0,
        artifacts: Vec::new(),
        erased: false,
        created: Timestamp(0),
        updated: Timestamp(0),
        first_audio: None,
        finished: None,
        deadline: Timestamp(1_000_000),
        due_at: Some(Timestamp(15_000)),
        cancel_pending: false,
    }
}
