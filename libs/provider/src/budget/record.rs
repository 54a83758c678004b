//! What is stored of a budget: what is spent of it.

use lectern_core::Timestamp;
use lectern_core::id::{NarrationId, TenantId};
use lectern_store::{CollectionSpec, Index, Record};
use serde::{Deserialize, Serialize};

/// What a budget is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "for", content = "name", rename_all = "snake_case")]
pub enum BudgetKind {
    /// A calendar month, UTC: `2026-11`.
    Month(String),
    /// A narration.
    Narration(NarrationId),
}

/// What a tenant has spent in a month, or on a narration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BudgetRecord {
    /// Whose it is.
    pub tenant: TenantId,
    /// What it is for.
    pub kind: BudgetKind,
    /// Millionths of a US dollar that are spent, or reserved for calls that are under way. Changed
    /// by atomic additions alone.
    pub spent: i64,
    /// When it was first written.
    pub created: Timestamp,
}

impl BudgetRecord {
    /// Nothing is spent.
    #[must_use]
    pub const fn new(tenant: TenantId, kind: BudgetKind, now: Timestamp) -> Self {
        Self { tenant, kind, spent: 0, created: now }
    }
}

impl Record for BudgetRecord {
    const SPEC: CollectionSpec =
        CollectionSpec::new("budgets", &[Index::new("by_created", &["created"])]).dates(&["created"]);
    const SCHEMA: u32 = 1;

    fn id(&self) -> String {
        match &self.kind {
            BudgetKind::Month(month) => format!("{}/months/{month}", self.tenant),
            BudgetKind::Narration(narration) => format!("{}/narrations/{narration}", self.tenant),
        }
    }
}
