//! What a run found, for people and for programs.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use crate::scale::RECOVERY;

/// A fault and what came of it.
#[derive(Debug, Clone, Default, Serialize)]
pub struct FaultReport {
    /// What was done.
    pub name: String,
    /// Orders accepted while it lasted and until the recovery.
    pub accepted: usize,
    /// Narrations that succeeded meanwhile.
    pub finished: usize,
    /// Narrations that failed meanwhile as they should, or were retried.
    pub failed: usize,
    /// Calls of the engine that repeated an earlier one.
    pub repeated: usize,
    /// Milliseconds it lasted.
    pub lasted_ms: u64,
    /// Milliseconds from its end until every narration in flight had gone on and one that was
    /// accepted later had succeeded.
    pub recovery_ms: Option<u64>,
    /// How often it was really hit.
    pub hits: u64,
    /// What shows that.
    pub evidence: Vec<String>,
    /// Warnings and errors of the services meanwhile, by message and reason.
    pub log: BTreeMap<String, u64>,
}

/// A group and what must hold after it.
#[derive(Debug, Clone, Default, Serialize)]
pub struct GroupReport {
    /// Its name.
    pub group: String,
    /// Orders accepted.
    pub accepted: usize,
    /// Narrations that succeeded.
    pub succeeded: usize,
    /// Narrations that failed as they should.
    pub failed: usize,
    /// Narrations that were cancelled.
    pub cancelled: usize,
    /// Retries that the operator asked for, as the runbook says.
    pub retried: u32,
    /// Calls made again, by what was answered.
    pub asked_again: BTreeMap<String, u64>,
    /// Files downloaded and verified.
    pub files: usize,
    /// Step records looked at.
    pub steps: usize,
    /// Calls of the writer's model.
    pub model_calls: usize,
    /// Calls of the speech engine.
    pub calls: usize,
    /// Of these, such as repeated an earlier one whose result was not stored yet.
    pub repeated: usize,
    /// Processes that fell by themselves and were started again.
    pub fell: BTreeMap<String, u32>,
    /// The faults, in order.
    pub faults: Vec<FaultReport>,
    /// What does not hold.
    pub problems: Vec<String>,
    /// Seconds it took.
    pub seconds: u64,
}

/// A run.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Report {
    /// Whether it was the short one.
    pub quick: bool,
    /// The groups.
    pub groups: Vec<GroupReport>,
    /// Seconds it took.
    pub seconds: u64,
}

impl FaultReport {
    /// Why it does not pass.
    #[must_use]
    pub fn problem(&self) -> Option<String> {
        let limit = u64::try_from(RECOVERY.as_millis()).unwrap_or(u64::MAX);
        match self.recovery_ms {
            _ if self.hits == 0 => Some(format!("{}: the fault was never hit", self.name)),
            None => Some(format!("{}: no recovery", self.name)),
            Some(took) if took > limit => Some(format!("{}: recovered after {} s", self.name, took / 1_000)),
            Some(_) => None,
        }
    }
}

impl GroupReport {
    /// Everything that does not hold, faults that were not hit among it.
    #[must_use]
    pub fn all_problems(&self) -> Vec<String> {
        self.faults.iter().filter_map(FaultReport::problem).chain(self.problems.iter().cloned()).collect()
    }
}

impl Report {
    /// Whether everything holds.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.groups.iter().all(|group| group.all_problems().is_empty())
    }
}

impl fmt::Display for FaultReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let recovery = self.recovery_ms.map_or_else(|| "none".to_owned(), seconds);
        write!(
            f,
            "  {:<44} {:>8} {:>8} {:>6} {:>8} {:>8} {:>8} {:>5}",
            self.name,
            self.accepted,
            self.finished,
            self.failed,
            self.repeated,
            seconds(self.lasted_ms),
            recovery,
            self.hits
        )?;
        for evidence in &self.evidence {
            write!(f, "\n    {evidence}")?;
        }
        let mut log: Vec<_> = self.log.iter().collect();
        log.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
        if !log.is_empty() {
            let log: Vec<String> = log.into_iter().take(6).map(|(what, count)| format!("{count} x {what}")).collect();
            write!(f, "\n    logged: {}", log.join("; "))?;
        }
        Ok(())
    }
}

fn seconds(milliseconds: u64) -> String {
    #[allow(clippy::cast_precision_loss, reason = "minutes at most")]
    let seconds = milliseconds as f64 / 1_000.0;
    format!("{seconds:.1} s")
}

impl fmt::Display for GroupReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { group, accepted, succeeded, failed, cancelled, retried, files, steps, .. } = self;
        let Self { model_calls, calls, repeated, .. } = self;
        writeln!(
            f,
            "{group}: {accepted} accepted, {succeeded} succeeded, {failed} failed as they should, {cancelled} cancelled, {retried} retried; \
             {files} files verified, {steps} steps, {model_calls} calls of the model, {calls} calls of the engine, {repeated} of them repeated; {} s",
            self.seconds
        )?;
        writeln!(
            f,
            "  {:<44} {:>8} {:>8} {:>6} {:>8} {:>8} {:>8} {:>5}",
            "fault", "accepted", "finished", "failed", "repeated", "lasted", "recovery", "hits"
        )?;
        for fault in &self.faults {
            writeln!(f, "{fault}")?;
        }
        if !self.asked_again.is_empty() {
            let asked: Vec<String> = self.asked_again.iter().map(|(why, count)| format!("{count} x {why}")).collect();
            writeln!(f, "  callers asked again after: {}", asked.join("; "))?;
        }
        if !self.fell.is_empty() {
            let fell: Vec<String> = self.fell.iter().map(|(name, count)| format!("{name} {count} times")).collect();
            writeln!(f, "  fell and were started again: {}", fell.join(", "))?;
        }
        for problem in self.all_problems() {
            writeln!(f, "  PROBLEM {problem}")?;
        }
        Ok(())
    }
}
