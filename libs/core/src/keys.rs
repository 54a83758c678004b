//! The names of artefacts. An artefact's key is an HMAC, under the tenant's secret, of everything
//! that decides its content: inputs, engine, engine version and parameters. Whoever knows the
//! inputs of a step knows where its result lies, so a repeated step finds it and pays nothing, and
//! a narration's record need not list its sections' digests.
//!
//! Names are made under a secret of their own, which is never changed, and tokens are sealed under
//! one that can be ([`Secrets`]).

mod order;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::id::{NarrationId, ScopeId, TenantId};
pub use order::order;

/// The secrets of an installation: the one that names are made under, which stays, and the one that
/// seals, which can be changed while the other of a rotation is taken too.
#[derive(Clone)]
pub struct Secrets {
    names: Arc<[u8]>,
    seal: Arc<[u8]>,
    also: Option<Arc<[u8]>>,
}

impl Secrets {
    /// `names` for the names of objects and the ids that follow from requests, `seal` for tokens;
    /// tokens that `also` sealed are opened as well.
    #[must_use]
    pub fn new(names: &[u8], seal: &[u8], also: Option<&[u8]>) -> Self {
        Self { names: names.into(), seal: seal.into(), also: also.map(Into::into) }
    }

    /// One secret for names and seals, as an installation has that never changed its own.
    #[must_use]
    pub fn one(secret: &[u8]) -> Self {
        Self::new(secret, secret, None)
    }

    /// The secret that names are made under.
    #[must_use]
    pub fn names(&self) -> Arc<[u8]> {
        Arc::clone(&self.names)
    }

    /// The secret of `tenant`.
    #[must_use]
    pub fn of(&self, tenant: &TenantId) -> TenantSecret {
        let also = self.also.as_ref().map(|also| derived(also, tenant));
        TenantSecret { names: derived(&self.names, tenant), seal: derived(&self.seal, tenant), also }
    }

    /// What tells the secret of names from another one, and nothing of the secret: 16 hexadecimal
    /// digits.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        Digest::keyed(&self.names, &[b"fingerprint"]).to_string().chars().take(16).collect()
    }
}

impl From<&[u8]> for Secrets {
    fn from(secret: &[u8]) -> Self {
        Self::one(secret)
    }
}

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secrets(..)")
    }
}

/// A tenant's share of a secret.
fn derived(secret: &[u8], tenant: &TenantId) -> [u8; 32] {
    Digest::keyed(secret, &[b"tenant", tenant.as_str().as_bytes()]).0
}

/// A tenant's secret: derived from the installation's, so that equal content of two tenants has
/// unlike keys.
#[derive(Clone)]
pub struct TenantSecret {
    names: [u8; 32],
    seal: [u8; 32],
    also: Option<[u8; 32]>,
}

impl TenantSecret {
    /// The secret of `tenant` under a `master` secret for names and seals alike.
    #[must_use]
    pub fn derive(master: &[u8], tenant: &TenantId) -> Self {
        let derived = derived(master, tenant);
        Self { names: derived, seal: derived, also: None }
    }

    fn key(&self, what: &str, parts: &[&[u8]]) -> Digest {
        let mut all: Vec<&[u8]> = vec![what.as_bytes()];
        all.extend_from_slice(parts);
        Digest::keyed(&self.names, &all)
    }

    /// The extracted content of a source: `source` is the SHA-256 of its bytes, `extractor` the
    /// pinned name and version.
    #[must_use]
    pub fn content(&self, source: &Digest, extractor: &str) -> Digest {
        self.key("content", &[&source.0, extractor.as_bytes()])
    }

    /// The plan of a script: `order` is a digest of the canonical text of style, length, footnotes
    /// and the like, `engine` the pinned name and version.
    #[must_use]
    pub fn plan(&self, content: &Digest, order: &str, engine: &str) -> Digest {
        self.key("plan", &[&content.0, order.as_bytes(), engine.as_bytes()])
    }

    /// One written section of a plan.
    #[must_use]
    pub fn section(&self, plan: &Digest, index: u32) -> Digest {
        self.key("section", &[&plan.0, &index.to_be_bytes()])
    }

    /// A caller's edits of a script: `plan` is its plan's, `edits` all of them in one text, with
    /// what makes words of them.
    #[must_use]
    pub fn edits(&self, plan: &Digest, edits: &[u8]) -> Digest {
        self.key("edits", &[&plan.0, edits])
    }

    /// What edits made of something that they change: of a written section, or of the script as a
    /// whole, which its plan names.
    #[must_use]
    pub fn edited(&self, what: &Digest, edits: &Digest) -> Digest {
        self.key("edited", &[&what.0, &edits.0])
    }

    /// One recorded section: `voice` is the pinned engine, voice and version, `delivery` the
    /// canonical text of speed and the like ([`crate::speakers::Speakers::canonical`]).
    #[must_use]
    pub fn track(&self, section: &Digest, voice: &str, delivery: &str) -> Digest {
        self.key("track", &[&section.0, voice.as_bytes(), delivery.as_bytes()])
    }

    /// One spoken segment: its text is all that it depends on beside voice and delivery
    /// ([`crate::speakers::Speakers::spoken_as`]).
    #[must_use]
    pub fn segment(&self, text: &str, voice: &str, delivery: &str) -> Digest {
        self.key("segment", &[text.as_bytes(), voice.as_bytes(), delivery.as_bytes()])
    }

    /// What words are said by: `content` is all of a [`Lexicon`](crate::lexicon::Lexicon), as JSON.
    #[must_use]
    pub fn lexicon(&self, content: &[u8]) -> Digest {
        self.key("lexicon", &[content])
    }

    /// The finished recording of a script, which its plan names, or [`Self::edited`] of that:
    /// `formats` is the canonical list of artefacts.
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
        sealed(&self.seal, purpose, token)
    }

    /// The seals that are taken: the one that is made, and during a rotation that of the other
    /// secret.
    pub fn seals(&self, purpose: &str, token: &[u8]) -> impl Iterator<Item = Digest> {
        std::iter::once(&self.seal).chain(&self.also).map(move |secret| sealed(secret, purpose, token))
    }
}

fn sealed(secret: &[u8], purpose: &str, token: &[u8]) -> Digest {
    Digest::keyed(secret, &[b"seal", purpose.as_bytes(), token])
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
    /// [`Folder::edits`].
    Edits,
    /// [`Folder::answer`].
    Answer,
    /// [`Folder::segment`].
    Segment,
    /// [`Folder::track`].
    Track,
    /// [`Folder::artifact`].
    Artifact,
    /// [`Folder::lexicon`].
    Lexicon,
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

    /// A caller's [`Edits`](crate::content::edits::Edits) of a script, JSON.
    #[must_use]
    pub fn edits(&self, key: &Digest) -> String {
        format!("{}/edits/{key}.json", self.prefix)
    }

    /// An answer of a model that was paid for, as it came, on the way to the plan or section `of`.
    #[must_use]
    pub fn answer(&self, of: &Digest, key: &Digest) -> String {
        format!("{}/answer/{of}/{key}", self.prefix)
    }

    /// A recorded [`Track`](crate::content::timeline::Track), JSON.
    #[must_use]
    pub fn track(&self, key: &Digest) -> String {
        format!("{}/track/{key}.json", self.prefix)
    }

    /// A [`Lexicon`](crate::lexicon::Lexicon) of an order, JSON. It stays for as long as the scope
    /// does, since an order may find one at any time that was put for another.
    #[must_use]
    pub fn lexicon(&self, key: &Digest) -> String {
        format!("{}/lexicon/{key}.json", self.prefix)
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

    /// A file of the recording that a run of a narration made; `recording.json`, a
    /// [`Recording`](crate::content::timeline::Recording), lists the others. Each run has files of
    /// its own, so that those of earlier runs can be deleted at any later time.
    #[must_use]
    pub fn artifact(&self, narration: &NarrationId, run: u32, key: &Digest, file: &str) -> String {
        format!("{}{run}/{key}/{file}", self.recordings(narration))
    }

    /// The run of a narration that made the file at `path`; none where it is no file of its
    /// recordings.
    #[must_use]
    pub fn run_of(&self, narration: &NarrationId, path: &str) -> Option<u32> {
        let (run, file) = path.strip_prefix(self.recordings(narration).as_str())?.split_once('/')?;
        if file.is_empty() { None } else { run.parse().ok() }
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
            Some("edits") => ObjectKind::Edits,
            Some("answer") => ObjectKind::Answer,
            Some("segment") => ObjectKind::Segment,
            Some("track") => ObjectKind::Track,
            Some("recording") => ObjectKind::Artifact,
            Some("lexicon") => ObjectKind::Lexicon,
            Some(_) | None => ObjectKind::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_and_seals_change_when_a_secret_is_rotated() {
        let tenant: TenantId = "acme".parse().unwrap();
        let (old, new) = (b"the secret of old".as_slice(), b"the secret of new".as_slice());
        let before = Secrets::one(old);
        // As `docs/runbook.md` has it: the new one is taken, is used, and the old one is gone.
        let steps =
            [Secrets::new(old, old, Some(new)), Secrets::new(old, new, Some(old)), Secrets::new(old, new, None)];
        let token = |secrets: &Secrets| secrets.of(&tenant).seal("ListNarrations", b"3");
        let opens = |secrets: &Secrets, seal: Digest| {
            secrets.of(&tenant).seals("ListNarrations", b"3").any(|taken| taken == seal)
        };
        let mut earlier = before.clone();
        for now in &steps {
            let source = Digest::of(b"source");
            assert_eq!(now.of(&tenant).content(&source, "pdf@1"), before.of(&tenant).content(&source, "pdf@1"));
            assert_eq!(now.of(&tenant).request("r1"), before.of(&tenant).request("r1"));
            assert_eq!(now.fingerprint(), before.fingerprint());
            // Processes of two neighbouring steps run at once.
            assert!(opens(now, token(&earlier)) && opens(&earlier, token(now)) && opens(now, token(now)));
            earlier = now.clone();
        }
        let [_, _, last] = &steps;
        assert!(!opens(last, token(&before)), "what the old secret sealed ends with it");
        assert_ne!(Secrets::one(new).fingerprint(), before.fingerprint());
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
            (folder.edits(&key), ObjectKind::Edits),
            (folder.answer(&key, &key), ObjectKind::Answer),
            (folder.segment(&key), ObjectKind::Segment),
            (folder.track(&key), ObjectKind::Track),
            (folder.lexicon(&key), ObjectKind::Lexicon),
            (folder.artifact(&narration, 1, &key, "audio.opus"), ObjectKind::Artifact),
            ("acme/d1/script/x".to_owned(), ObjectKind::Other),
            ("acme/d1/x".to_owned(), ObjectKind::Other),
            ("acme/d10/source/x".to_owned(), ObjectKind::Other),
        ] {
            assert_eq!(folder.kind(&path), kind, "{path}");
        }
    }

    #[test]
    fn a_file_of_a_recording_says_which_run_made_it() {
        let folder = Folder::new(&"acme".parse().unwrap(), &"d1".parse().unwrap());
        let (key, narration) = (Digest::of(b"key"), "n1".parse().unwrap());
        for run in [1, 2, 10, u32::MAX] {
            let path = folder.artifact(&narration, run, &key, "audio.opus");
            assert_eq!(folder.run_of(&narration, &path), Some(run), "{path}");
        }
        let of_another = folder.artifact(&"n10".parse().unwrap(), 1, &key, "audio.opus");
        for path in [of_another.as_str(), "acme/d1/recording/n1/1", "acme/d1/recording/n1/x/y", "acme/d1/recording/n1/"]
        {
            assert_eq!(folder.run_of(&narration, path), None, "{path}");
        }
    }
}
