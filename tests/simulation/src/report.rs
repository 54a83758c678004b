//! What the runs add up to.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use lectern_simulation::Outcome;

/// How many lines of a trace are shown.
const LINES: usize = 50;

/// The sum of many worlds.
#[derive(Debug, Default)]
pub struct Report {
    seeds: u64,
    narrations: usize,
    steps: u64,
    calls: u64,
    took: Duration,
    slowest: (Duration, u64),
    counts: BTreeMap<&'static str, u64>,
}

impl Report {
    /// Adds a world.
    pub fn add(&mut self, outcome: &Outcome) {
        self.seeds += 1;
        self.narrations += outcome.narrations;
        self.steps += outcome.steps;
        self.calls += outcome.calls;
        self.took += outcome.took;
        self.slowest = self.slowest.max((outcome.recovery, outcome.seed));
        for (what, count) in &outcome.counts {
            *self.counts.entry(what).or_default() += count;
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "seeds              {}", self.seeds)?;
        writeln!(f, "virtual time       {:.1} h", self.took.as_secs_f64() / 3_600.0)?;
        writeln!(f, "narrations         {}", self.narrations)?;
        writeln!(f, "steps done         {}", self.steps)?;
        writeln!(f, "calls of ports     {}", self.calls)?;
        let (slowest, seed) = self.slowest;
        writeln!(f, "slowest recovery   {:.1} s after the end of faults, seed {seed}", slowest.as_secs_f64())?;
        for (what, count) in &self.counts {
            writeln!(f, "  {count:>9} {what}")?;
        }
        Ok(())
    }
}

/// Tells of a violation, if there is one, and how to see it again.
pub fn failed(outcome: &Outcome) -> bool {
    let Some(violation) = &outcome.violation else { return false };
    for line in outcome.last.iter().rev().take(LINES).rev() {
        println!("{line}");
    }
    println!("seed {} breaks {}: {}", outcome.seed, violation.invariant, violation.what);
    println!("see it again: cargo xtask simulate --seed {}", outcome.seed);
    true
}
