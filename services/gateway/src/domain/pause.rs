//! Pauses: what an operator has stopped for a while. Nothing that is paused is started; nothing is
//! lost by it.

use std::fmt;
use std::str::FromStr;

use lectern_core::Timestamp;
use lectern_core::id::{Service, TenantId};
use serde::{Deserialize, Serialize};

use super::EngineName;

/// What is paused.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Paused {
    /// All steps of a stage service.
    Service(Service),
    /// All steps of a tenant.
    Tenant(TenantId),
    /// All steps that need an engine by its name, or a writer of a wire: `extractive`, `local`,
    /// `openai`.
    Engine(String),
}

/// A text that names nothing that can be paused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} cannot be paused: name services/ingest, services/ai, services/tts, tenants/{{id}} or engines/{{name}} with letters, digits, \
     '-' and '_'"
)]
pub struct NotPausable(String);

impl Paused {
    /// Whether a step of this service, tenant and engine is paused by it.
    #[must_use]
    pub fn covers(&self, service: Service, tenant: &TenantId, engine: EngineName<'_>) -> bool {
        match self {
            Self::Service(paused) => *paused == service,
            Self::Tenant(paused) => paused == tenant,
            Self::Engine(paused) => engine.is_called(paused),
        }
    }

    /// The id of its pause: the name with `.` for its `/`. Neither the kind nor the id after it may
    /// have a `.`, so [`Self::of_id`] finds the name again.
    #[must_use]
    pub fn id(&self) -> String {
        self.to_string().replacen('/', ".", 1)
    }

    /// What the pause of this id holds up; none where nothing that can be paused has this id.
    #[must_use]
    pub fn of_id(id: &str) -> Option<Self> {
        let (kind, name) = id.split_once('.')?;
        format!("{kind}/{name}").parse().ok()
    }
}

impl fmt::Display for Paused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Service(service) => write!(f, "services/{}", service.as_str()),
            Self::Tenant(tenant) => write!(f, "tenants/{tenant}"),
            Self::Engine(engine) => write!(f, "engines/{engine}"),
        }
    }
}

impl FromStr for Paused {
    type Err = NotPausable;

    fn from_str(text: &str) -> Result<Self, NotPausable> {
        let wrong = || NotPausable(text.chars().take(120).collect());
        let (kind, name) = text.split_once('/').ok_or_else(wrong)?;
        match kind {
            "services" => {
                let service = Service::ALL.into_iter().find(|service| service.as_str() == name);
                service.map(Self::Service).ok_or_else(wrong)
            }
            "tenants" => name.parse().map(Self::Tenant).map_err(|_| wrong()),
            // An engine's name has the form of an id.
            "engines" => name.parse::<TenantId>().map(|_| Self::Engine(name.to_owned())).map_err(|_| wrong()),
            _ => Err(wrong()),
        }
    }
}

impl TryFrom<String> for Paused {
    type Error = NotPausable;

    fn try_from(text: String) -> Result<Self, NotPausable> {
        text.parse()
    }
}

impl From<Paused> for String {
    fn from(paused: Paused) -> Self {
        paused.to_string()
    }
}

/// A pause that holds until it is ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pause {
    /// What is paused, and the record's id.
    pub what: Paused,
    /// Why, in the operator's words.
    pub note: String,
    /// Since when.
    pub since: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_be_paused_reads_back() {
        for text in ["services/tts", "tenants/acme", "engines/local"] {
            assert_eq!(text.parse::<Paused>().expect(text).to_string(), text);
        }
        for wrong in ["", "tts", "services/gateway", "tenants/", "tenants/a b", "engines/a/b", "lanes/bulk"] {
            assert!(wrong.parse::<Paused>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_id_of_a_pause_leads_back_to_what_is_paused() {
        for (text, id) in [
            ("services/tts", "services.tts"),
            ("tenants/a-b_C1", "tenants.a-b_C1"),
            ("tenants/services", "tenants.services"),
            ("engines/local", "engines.local"),
        ] {
            let paused: Paused = text.parse().expect(text);
            assert_eq!((paused.id(), Paused::of_id(id)), (id.to_owned(), Some(paused)));
        }
        for wrong in [
            "",
            ".",
            "services",
            "services/tts",
            "services.gateway",
            "tenants.",
            "tenants.a.b",
            "tenants.a/b",
            "tenants/a.b",
            ".tenants.a",
            "lanes.bulk",
        ] {
            assert_eq!(Paused::of_id(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_pause_covers_what_it_names() {
        let acme: TenantId = "acme".parse().expect("an id");
        let of = |text: &str| text.parse::<Paused>().expect(text);
        let covers = |text: &str| of(text).covers(Service::Tts, &acme, EngineName::of("local"));
        assert!(covers("services/tts") && covers("tenants/acme") && covers("engines/local"));
        assert!(!covers("services/ai") && !covers("tenants/other") && !covers("engines/cloud"));
        let own = EngineName { name: "own", wire: "openai" };
        let covers = |text: &str| of(text).covers(Service::Ai, &acme, own);
        assert!(covers("engines/own") && covers("engines/openai") && !covers("engines/gemini"));
    }
}
