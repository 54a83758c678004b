//! The names of artefacts. An artefact's key is an HMAC, under the tenant's secret, of everything
//! that decides its content: inputs, engine, engine version and parameters. Whoever knows the
//! inputs of a step knows where its result lies, so a repeated step finds it and pays nothing, and
//! a narration's record need not list its sections' digests.

use serde::{Deserialize, Serialize};

use crate::content::script::{LengthTarget, Order, Selection};
use crate::digest::Digest;
use crate::id::{NarrationId, ScopeId, TenantId};

/// A tenant's secret: derived from the installation's, so that equal content of two tenants has
/// unlike keys.
#[derive(Clone)]
pub struct TenantSecret([u8; 32]);

impl TenantSecret {
    /// The secret of `tenant` under the installation's `master` secret.
    #[must_use]
    pub fn derive(master: &[u8], tenant: &TenantId) -> Self {
        Self(Digest::keyed(master, &[b"tenant", tenant.as_str().as_bytes()]).0)
    }

    fn key(&self, what: &str, parts: &[&[u8]]) -> Digest {
        let mut all: Vec<&[u8]> = vec![what.as_bytes()];
        all.extend_from_slice(parts);
        Digest::keyed(&self.0, &all)
    }

    /// The extracted content of a source: `source` is the SHA-256 of its bytes, `extractor` the
    /// pinned name and version.
    #[must_use]
    pub fn content(&self, source: &Digest, extractor: &str) -> Digest {
        self.key("content", &[&source.0, extractor.as_bytes()])
    }

    /// The plan of a script: `order` is the canonical text of style, length, footnotes and the
    /// like, `engine` the pinned name and version.
    #[must_use]
    pub fn plan(&self, content: &Digest, order: &str, engine: &str) -> Digest {
        self.key("plan", &[&content.0, order.as_bytes(), engine.as_bytes()])
    }

    /// One written section of a plan.
    #[must_use]
    pub fn section(&self, plan: &Digest, index: u32) -> Digest {
        self.key("section", &[&plan.0, &index.to_be_bytes()])
    }

    /// One recorded section: `voice` is the pinned engine, voice and version, `delivery` the
    /// canonical text of speed and the like.
    #[must_use]
    pub fn track(&self, section: &Digest, voice: &str, delivery: &str) -> Digest {
        self.key("track", &[&section.0, voice.as_bytes(), delivery.as_bytes()])
    }

    /// One spoken segment: its text is all that it depends on beside voice and delivery.
    #[must_use]
    pub fn segment(&self, text: &str, voice: &str, delivery: &str) -> Digest {
        self.key("segment", &[text.as_bytes(), voice.as_bytes(), delivery.as_bytes()])
    }

    /// The finished recording of a plan: `formats` is the canonical list of artefacts.
    #[must_use]
    pub fn recording(&self, plan: &Digest, voice: &str, delivery: &str, formats: &str) -> Digest {
        self.key("recording", &[&plan.0, voice.as_bytes(), delivery.as_bytes(), formats.as_bytes()])
    }

    /// An id that follows from a caller's request id: the same request makes the same narration.
    #[must_use]
    pub fn request(&self, request_id: &str) -> Digest {
        self.key("request", &[request_id.as_bytes()])
    }

    /// A seal over a page token or resume token, so that one made elsewhere is recognised.
    #[must_use]
    pub fn seal(&self, purpose: &str, token: &[u8]) -> Digest {
        self.key("seal", &[purpose.as_bytes(), token])
    }
}

impl std::fmt::Debug for TenantSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TenantSecret(..)")
    }
}

/// What an object of a scope is, as the folder says that it lies in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ObjectKind {
    /// [`Folder::source`].
    Source,
    /// [`Folder::content`].
    Content,
    /// [`Folder::plan`].
    Plan,
    /// [`Folder::section`].
    Section,
    /// [`Folder::segment`].
    Segment,
    /// [`Folder::track`].
    Track,
    /// [`Folder::artifact`].
    Artifact,
    /// None of these: an older version may have left it, or it lies elsewhere.
    Other,
}

/// Where objects lie in object storage: everything of a scope under one prefix, so that it is
/// erased as one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folder {
    prefix: String,
}

impl Folder {
    /// The folder of a tenant's scope.
    #[must_use]
    pub fn new(tenant: &TenantId, scope: &ScopeId) -> Self {
        Self { prefix: format!("{tenant}/{scope}") }
    }

    /// The prefix of everything in the scope, with a closing slash.
    #[must_use]
    pub fn all(&self) -> String {
        format!("{}/", self.prefix)
    }

    /// The source as it was handed in.
    #[must_use]
    pub fn source(&self, sha256: &Digest) -> String {
        format!("{}/source/{sha256}", self.prefix)
    }

    /// An extracted [`Content`](crate::content::document::Content), JSON.
    #[must_use]
    pub fn content(&self, key: &Digest) -> String {
        format!("{}/content/{key}.json", self.prefix)
    }

    /// A [`Plan`](crate::content::script::Plan), JSON.
    #[must_use]
    pub fn plan(&self, key: &Digest) -> String {
        format!("{}/plan/{key}.json", self.prefix)
    }

    /// A written [`Section`](crate::content::script::Section), JSON.
    #[must_use]
    pub fn section(&self, key: &Digest) -> String {
        format!("{}/section/{key}.json", self.prefix)
    }

    /// A recorded [`Track`](crate::content::timeline::Track), JSON.
    #[must_use]
    pub fn track(&self, key: &Digest) -> String {
        format!("{}/track/{key}.json", self.prefix)
    }

    /// A spoken segment.
    #[must_use]
    pub fn segment(&self, key: &Digest) -> String {
        format!("{}/segment/{key}", self.prefix)
    }

    /// The prefix of a narration's recordings, with a closing slash.
    #[must_use]
    pub fn recordings(&self, narration: &NarrationId) -> String {
        format!("{}/recording/{narration}/", self.prefix)
    }

    /// A file of a recording; `recording.json`, a
    /// [`Recording`](crate::content::timeline::Recording), lists the others.
    #[must_use]
    pub fn artifact(&self, narration: &NarrationId, key: &Digest, file: &str) -> String {
        format!("{}{key}/{file}", self.recordings(narration))
    }

    /// What the object at `path` is.
    #[must_use]
    pub fn kind(&self, path: &str) -> ObjectKind {
        let within = path.strip_prefix(self.prefix.as_str()).and_then(|rest| rest.strip_prefix('/'));
        match within.and_then(|within| within.split_once('/')).map(|(folder, _)| folder) {
            Some("source") => ObjectKind::Source,
            Some("content") => ObjectKind::Content,
            Some("plan") => ObjectKind::Plan,
            Some("section") => ObjectKind::Section,
            Some("segment") => ObjectKind::Segment,
            Some("track") => ObjectKind::Track,
            Some("recording") => ObjectKind::Artifact,
            Some(_) | None => ObjectKind::Other,
        }
    }
}

/// How a script is spoken, as the canonical texts that keys are made of. `speed` is in hundredths.
#[must_use]
pub fn delivery(voice: &str, version: &str, speed: u32) -> (String, String) {
    (format!("{voice}@{version}"), format!("speed={speed}"))
}

/// What a caller wants said, as the canonical text that the plan's key is made of. What an order
/// may leave unsaid is written only where it is said, so that the keys of plain orders do not
/// change with what may be asked beside.
#[must_use]
pub fn order(order: &Order) -> String {
    let length = order.length.map_or(0, LengthTarget::words);
    let mut text = format!("{:?};words={length};footnotes={:?}", order.style, order.footnotes);
    let Selection { pages, chapters, first } = &order.selection;
    let seconds = first.map(|seconds| seconds.to_string());
    for (name, value) in [
        ("language", order.language.clone()),
        ("pages", listed(pages)),
        ("chapters", listed(chapters)),
        ("first", seconds),
        ("skip", listed(order.skip.iter().map(|kind| kind.name()))),
        ("read", listed(order.read.iter().map(|kind| kind.name()))),
    ] {
        if let Some(value) = value {
            text.push_str(&format!(";{name}={value}"));
        }
    }
    text
}

/// The items with commas between them; none where there are none.
fn listed(items: impl IntoIterator<Item: ToString>) -> Option<String> {
    let items: Vec<String> = items.into_iter().map(|item| item.to_string()).collect();
    (!items.is_empty()).then(|| items.join(","))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::content::script::{ContentKind, Footnotes, NumberRange, Style};

    #[test]
    fn an_order_writes_what_it_says_and_a_plain_one_as_it_always_did() {
        assert_eq!(order(&Order::of(Style::Narration)), "Narration;words=0;footnotes=Skip");
        let briefing = Order {
            length: Some(LengthTarget::Seconds(120)),
            footnotes: Footnotes::End,
            language: Some("en".to_owned()),
            ..Order::of(Style::Briefing)
        };
        assert_eq!(order(&briefing), "Briefing;words=330;footnotes=End;language=en");
        let range = |first, last| NumberRange { first, last };
        let selection =
            Selection { pages: vec![range(3, 9), range(12, 12)], chapters: vec![range(2, 2)], first: Some(60) };
        let some = Order {
            selection,
            skip: BTreeSet::from([ContentKind::Tables, ContentKind::Code]),
            read: BTreeSet::from([ContentKind::FrontMatter]),
            ..Order::of(Style::Narration)
        };
        let text =
            "Narration;words=0;footnotes=Skip;pages=3-9,12;chapters=2;first=60;skip=code,tables;read=front_matter";
        assert_eq!(order(&some), text);
    }

    #[test]
    fn orders_that_differ_have_keys_that_differ() {
        let plain = Order::of(Style::Narration);
        let one = vec![NumberRange { first: 1, last: 1 }];
        let orders = [
            plain.clone(),
            Order { selection: Selection { pages: one.clone(), ..Selection::ALL }, ..plain.clone() },
            Order { selection: Selection { chapters: one, ..Selection::ALL }, ..plain.clone() },
            Order { selection: Selection { first: Some(1), ..Selection::ALL }, ..plain.clone() },
            Order { skip: BTreeSet::from([ContentKind::Captions]), ..plain.clone() },
            Order { read: BTreeSet::from([ContentKind::Captions]), ..plain },
        ];
        let texts: BTreeSet<String> = orders.iter().map(order).collect();
        assert_eq!(texts.len(), orders.len());
    }

    #[test]
    fn every_object_of_a_folder_is_of_the_kind_that_it_was_named_as() {
        let folder = Folder::new(&"acme".parse().unwrap(), &"d1".parse().unwrap());
        let (key, narration) = (Digest::of(b"key"), "n1".parse().unwrap());
        for (path, kind) in [
            (folder.source(&key), ObjectKind::Source),
            (folder.content(&key), ObjectKind::Content),
            (folder.plan(&key), ObjectKind::Plan),
            (folder.section(&key), ObjectKind::Section),
            (folder.segment(&key), ObjectKind::Segment),
            (folder.track(&key), ObjectKind::Track),
            (folder.artifact(&narration, &key, "audio.opus"), ObjectKind::Artifact),
            ("acme/d1/script/x".to_owned(), ObjectKind::Other),
            ("acme/d1/x".to_owned(), ObjectKind::Other),
            ("acme/d10/source/x".to_owned(), ObjectKind::Other),
        ] {
            assert_eq!(folder.kind(&path), kind, "{path}");
        }
    }
}
