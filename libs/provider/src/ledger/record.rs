//! What is stored of an attempt.

use lectern_core::Timestamp;
use lectern_core::id::{NarrationId, StepId, TenantId};
use lectern_store::{CollectionSpec, Index, Record};
use serde::{Deserialize, Serialize};

use crate::day::Day;
use crate::money::MicroUsd;
use crate::usage::Usage;

/// Whether what an attempt cost is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AttemptState {
    /// It is about to be made, or being made.
    Reserved,
    /// It is over, and what it cost is known.
    Settled,
    /// It is over, and what it cost is not known: it counts as the most that it could cost.
    Unknown,
}

/// An attempt at a call that costs money, or may.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttemptRecord {
    /// Its id.
    pub id: String,
    /// Who pays.
    pub tenant: TenantId,
    /// The narration that it was made for.
    pub narration: NarrationId,
    /// The step that made it.
    pub step: StepId,
    /// The engine, by its name in the settings.
    pub engine: String,
    /// The provider.
    pub provider: String,
    /// The model as it was asked for.
    pub model: String,
    /// The model that answered, as the provider names it; empty where it did not.
    pub model_version: String,
    /// The day on which it began, UTC: the one whose price it has.
    pub day: Day,
    /// When it began.
    pub began: Timestamp,
    /// When it was settled; none before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<Timestamp>,
    /// When it began, as long as it is not settled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open: Option<Timestamp>,
    /// Whether what it cost is known.
    pub state: AttemptState,
    /// What it used, as far as that is known.
    pub usage: Usage,
    /// The most that it could cost, in millionths of a US dollar.
    pub reserved: MicroUsd,
    /// What it counts as, in millionths of a US dollar; 0 before it is settled.
    pub settled: MicroUsd,
    /// What went wrong, by its class; none where nothing did, and where nobody knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<String>,
    /// The provider's own word for how the answer ended, or for why there is none; `LOST` where
    /// whoever made the attempt died.
    pub word: String,
    /// When it last changed.
    pub updated: Timestamp,
}

impl AttemptRecord {
    /// What it counts as now: its maximum until it is settled.
    #[must_use]
    pub fn counts_as(&self) -> MicroUsd {
        match self.state {
            AttemptState::Reserved => self.reserved,
            AttemptState::Settled | AttemptState::Unknown => self.settled,
        }
    }
}

impl Record for AttemptRecord {
    const SPEC: CollectionSpec = CollectionSpec::new(
        "attempts",
        &[
            Index::new("by_open", &["open"]).only_where_set("open"),
            Index::new("by_ended", &["ended"]).only_where_set("ended"),
            Index::new("by_narration", &["narration"]),
            Index::new("by_tenant_day", &["tenant", "day"]),
        ],
    )
    .dates(&["began", "ended", "open", "updated"]);
    const SCHEMA: u32 = 1;

    fn id(&self) -> String {
        self.id.clone()
    }
}
