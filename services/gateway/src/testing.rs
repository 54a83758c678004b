//! What the unit tests of several modules share.

use lectern_core::content::script::{Order, Style};
use lectern_core::{Digest, Timestamp};

use crate::domain::wish::Labels;
use crate::domain::{Narration, Pins, Wish};

/// A narration that was accepted a moment ago.
pub(crate) fn narration() -> Narration {
    let id = |text: &str| text.to_owned();
    let wish = Wish {
        document: id("d1").parse().expect("an id"),
        display_name: String::new(),
        labels: Labels::default(),
        order: Order::of(Style::Narration),
        voice: String::new(),
        speed: 100,
        formats: vec![1, 2],
        lane: 2,
        time_limit: None,
    };
    let pins = Pins {
        source: Digest::of(b"source"),
        file_name: id("a.txt"),
        extractor: id("text/1"),
        script: id("extractive/1"),
        voice: id("engines/tone/voices/a"),
        voice_version: id("1"),
        language: None,
    };
    let (id, tenant, scope) = ("n1".parse(), "acme".parse(), "d1".parse());
    let (id, tenant, scope) = (id.expect("an id"), tenant.expect("an id"), scope.expect("an id"));
    Narration::accepted(id, tenant, scope, wish.digest(), wish, pins, Timestamp(0))
}
