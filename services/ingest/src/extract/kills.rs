//! Which limits ended the processes that read sources.

use std::sync::atomic::{AtomicU64, Ordering};

/// Why a child did not end by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Killed {
    /// It had no more memory, or the system had none for it.
    Memory,
    /// It took longer than it may.
    Time,
    /// It used more processor time than it may.
    Cpu,
    /// It wrote more than it may.
    Output,
    /// It was ended by another signal: a fault, or more nesting than its stack has room for.
    Signal,
}

impl Killed {
    const COUNT: usize = Self::ALL.len();

    /// Every reason.
    pub const ALL: [Self; 5] = [Self::Memory, Self::Time, Self::Cpu, Self::Output, Self::Signal];

    /// Its name in metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::Time => "time",
            Self::Cpu => "cpu",
            Self::Output => "output",
            Self::Signal => "signal",
        }
    }
}

/// Counts children that were ended, by reason.
#[derive(Debug, Default)]
pub struct Kills([AtomicU64; Killed::COUNT]);

impl Kills {
    /// Counts one.
    pub(super) fn note(&self, reason: Killed) {
        self.0[reason as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// How many were ended for a reason.
    #[must_use]
    pub fn count(&self, reason: Killed) -> u64 {
        self.0[reason as usize].load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_reason_has_a_count_and_a_name_of_its_own() {
        let kills = Kills::default();
        for (times, reason) in Killed::ALL.into_iter().enumerate() {
            (0..times).for_each(|_| kills.note(reason));
        }
        let counts = Killed::ALL.map(|reason| kills.count(reason));
        assert_eq!(counts, [0, 1, 2, 3, 4]);
        let names: std::collections::BTreeSet<_> = Killed::ALL.map(Killed::as_str).into_iter().collect();
        assert_eq!(names.len(), Killed::ALL.len());
    }
}
