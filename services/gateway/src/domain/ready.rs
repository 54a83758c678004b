//! A narration's places in the backlog.

use lectern_core::Timestamp;
use lectern_core::id::Service;
use serde::{Deserialize, Serialize};

/// Which services a narration wants steps of, granted ones included, so that the one whose turn it
/// is can be found by an index.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ready {
    /// The turn that it waits in at ingest.
    pub ingest: Option<Waiting>,
    /// The same at ai.
    pub ai: Option<Waiting>,
    /// The same at tts.
    pub tts: Option<Waiting>,
}

/// A narration's place in the backlog of a service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiting {
    /// Its [`super::Turn`], as text.
    pub turn: String,
    /// When it was accepted: the oldest goes first.
    pub since: Timestamp,
}

impl Ready {
    /// Its place at a service.
    pub const fn at(&self, service: Service) -> Option<&Waiting> {
        match service {
            Service::Ingest => self.ingest.as_ref(),
            Service::Ai => self.ai.as_ref(),
            Service::Tts => self.tts.as_ref(),
        }
    }

    /// The same, to be set.
    pub const fn at_mut(&mut self, service: Service) -> &mut Option<Waiting> {
        match service {
            Service::Ingest => &mut self.ingest,
            Service::Ai => &mut self.ai,
            Service::Tts => &mut self.tts,
        }
    }
}
