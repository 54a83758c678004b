//! What is bought of the paid writer's model, as the model's own side counts it: no tenant's calls
//! cost more than its budget (I16), and no answer is judged that is not kept (I8).

use std::collections::BTreeMap;

use lectern_core::id::{StepId, TenantId};

use super::Observer;

/// Tokens of every prompt. A token costs a millionth of a US dollar.
pub const INPUT: u64 = 600;

/// A call of the model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bought {
    /// For which step.
    pub step: StepId,
    /// What is billed for it, in millionths of a US dollar, whatever became of its answer.
    pub cost: u64,
}

/// Everything that was bought.
#[derive(Debug, Default)]
pub(super) struct Money {
    calls: BTreeMap<u64, Bought>,
    billed: BTreeMap<TenantId, u64>,
}

impl Observer {
    /// A call of the model begins, for an answer that is to be kept at `path`. It is billed from
    /// here on. Its number, from 1, which is also the tokens of its answer.
    pub fn bought(&self, process: &str, path: &str, tenant: &TenantId, step: &StepId) -> u64 {
        self.pays(process, path);
        let limit = self.plan.budget(self.start.elapsed());
        let mut state = self.state.lock();
        let money = &mut state.money;
        let number = u64::try_from(money.calls.len()).unwrap_or(u64::MAX).saturating_add(1);
        let cost = INPUT.saturating_add(number);
        money.calls.insert(number, Bought { step: step.clone(), cost });
        let billed = money.billed.entry(tenant.clone()).or_default();
        *billed = billed.saturating_add(cost);
        let billed = *billed;
        drop(state);
        if let Some(limit) = limit.filter(|limit| billed > *limit) {
            self.violate("I16", format!("{tenant} may spend {limit}, and {process} has made it {billed}"));
        }
        number
    }

    /// A process goes on with the answer at `path`.
    pub fn judges(&self, process: &str, path: &str) {
        let state = self.state.lock();
        let is_kept = state.objects.contains_key(path) || state.erased.contains(path);
        drop(state);
        if !is_kept {
            self.violate("I8", format!("{process} judges the answer at {path}, which is not kept"));
        }
    }

    /// All calls of the model, by their numbers.
    pub fn all_bought(&self) -> BTreeMap<u64, Bought> {
        self.state.lock().money.calls.clone()
    }
}
