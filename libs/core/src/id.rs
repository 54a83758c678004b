//! Ids: opaque, URL-safe, at most 64 characters, and the step id that a whole step is known by.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::random::Random;

/// Why a text is not an id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not an id: expected 1 to 64 characters of a-z, A-Z, 0-9, '-' and '_'")]
pub struct NotAnId(pub String);

fn valid(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// A new id of 128 random bits, as 32 hexadecimal digits.
            pub fn random(random: &dyn Random) -> Self {
                Self(format!("{:016x}{:016x}", random.next(), random.next()))
            }

            /// The id that follows from a digest: its first 128 bits, as 32 hexadecimal digits.
            #[must_use]
            pub fn of(digest: &Digest) -> Self {
                Self(digest.to_string()[..32].to_owned())
            }

            /// The id as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = NotAnId;

            fn from_str(text: &str) -> Result<Self, NotAnId> {
                if valid(text) { Ok(Self(text.to_owned())) } else { Err(NotAnId(text.chars().take(80).collect())) }
            }
        }

        impl TryFrom<String> for $name {
            type Error = NotAnId;

            fn try_from(text: String) -> Result<Self, NotAnId> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

id! {
    /// Whose data it is; comes from the credential, never from a request.
    TenantId
}

impl TenantId {
    /// Stands where a tenant is stored and none is known: in the record and the dead letter of a
    /// command that cannot be read. No credential names it, and nothing is read or written for it.
    #[must_use]
    pub fn nobody() -> Self {
        Self("-".to_owned())
    }
}

id! {
    /// A source that was handed in.
    DocumentId
}
id! {
    /// A caller's order.
    NarrationId
}
id! {
    /// A tenant's list of words and how they are said; unlike other ids, its own choice.
    LexiconId
}
id! {
    /// The folder of object storage that is erased as one: a document's, or a narration's own.
    ScopeId
}

/// What a step does, and for which stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StepKind {
    /// Source to blocks, once a document.
    Extract,
    /// Blocks to an outline of sections.
    Plan,
    /// One planned section to utterances.
    Write,
    /// One written section to audio.
    Record,
    /// All recorded sections to the finished artefacts.
    Assemble,
}

impl StepKind {
    /// Every kind, in the order of the pipeline.
    pub const ALL: [Self; 5] = [Self::Extract, Self::Plan, Self::Write, Self::Record, Self::Assemble];

    /// The name used in step ids and subjects.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Extract => "extract",
            Self::Plan => "plan",
            Self::Write => "write",
            Self::Record => "record",
            Self::Assemble => "assemble",
        }
    }

    /// The stage service that does it.
    #[must_use]
    pub const fn service(self) -> Service {
        match self {
            Self::Extract => Service::Ingest,
            Self::Plan | Self::Write => Service::Ai,
            Self::Record | Self::Assemble => Service::Tts,
        }
    }
}

/// A stage service: one work queue each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Service {
    /// Documents.
    Ingest,
    /// Scripts.
    Ai,
    /// Recordings.
    Tts,
}

impl Service {
    /// Every stage service.
    pub const ALL: [Self; 3] = [Self::Ingest, Self::Ai, Self::Tts];

    /// The name used in subjects, streams and metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ingest => "ingest",
            Self::Ai => "ai",
            Self::Tts => "tts",
        }
    }
}

/// `{narration}/{run}/{kind}/{index}`: one piece of work, done at most once.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct StepId {
    /// The narration it belongs to.
    pub narration: NarrationId,
    /// Grows when a failed narration is retried; starts at 1.
    pub run: u32,
    /// What is done.
    pub kind: StepKind,
    /// Which section; 0 for the kinds that are done once.
    pub index: u32,
}

impl fmt::Display for StepId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}/{}", self.narration, self.run, self.kind.as_str(), self.index)
    }
}

impl FromStr for StepId {
    type Err = NotAnId;

    fn from_str(text: &str) -> Result<Self, NotAnId> {
        let wrong = || NotAnId(text.chars().take(120).collect());
        let mut parts = text.split('/');
        let (Some(narration), Some(run), Some(kind), Some(index), None) =
            (parts.next(), parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(wrong());
        };
        Ok(Self {
            narration: narration.parse()?,
            run: run.parse().map_err(|_| wrong())?,
            kind: StepKind::ALL.into_iter().find(|k| k.as_str() == kind).ok_or_else(wrong)?,
            index: index.parse().map_err(|_| wrong())?,
        })
    }
}

impl TryFrom<String> for StepId {
    type Error = NotAnId;

    fn try_from(text: String) -> Result<Self, NotAnId> {
        text.parse()
    }
}

impl From<StepId> for String {
    fn from(id: StepId) -> Self {
        id.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn step_ids_read_back_what_they_print() {
        let text = "0af1/2/record/17";
        let id: StepId = text.parse().unwrap_or_else(|e| panic!("{e}"));
        assert_eq!((id.run, id.kind, id.index), (2, StepKind::Record, 17));
        assert_eq!(id.to_string(), text);
        for wrong in ["", "a/1/record", "a/1/sing/0", "a/x/plan/0", "a b/1/plan/0", "a/1/plan/0/0"] {
            assert!(wrong.parse::<StepId>().is_err(), "{wrong}");
        }
    }
}
