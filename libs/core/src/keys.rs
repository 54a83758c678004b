//! The names of artefacts. An artefact's key is an HMAC, under the tenant's secret, of everything that decides its
//! content: inputs, engine, engine version and parameters. Whoever knows the inputs of a step knows where its result lies, so
//! a repeated step finds it and pays nothing, and a narration's record need not list its sections' digests.

use crate::digest::Digest;
use crate::id::TenantId;

/// A tenant's secret: derived from the installation's, so that equal content of two tenants has unlike keys.
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

    /// The extracted content of a source: `source` is the SHA-256 of its bytes, `extractor` the pinned name and version.
    #[must_use]
    pub fn content(&self, source: &Digest, extractor: &str) -> Digest {
        self.key("content", &[&source.0, extractor.as_bytes()])
    }

    /// The plan of a script: `order` is the canonical text of style, length, footnotes and the like, `engine` the pinned name and version.
    #[must_use]
    pub fn plan(&self, content: &Digest, order: &str, engine: &str) -> Digest {
        self.key("plan", &[&content.0, order.as_bytes(), engine.as_bytes()])
    }

    /// One written section of a plan.
    #[must_use]
    pub fn section(&self, plan: &Digest, index: u32) -> Digest {
        self.key("section", &[&plan.0, &index.to_be_bytes()])
    }

    /// One recorded section: `voice` is the pinned engine, voice and version, `delivery` the canonical text of speed and the like.
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
