//! The crowd run: a hundred gateways that dispatch ten thousand permits to a thousand tenants, of
//! whom a million narrations wait, in virtual time. No tenant with work and room of its own waits
//! while a permit is free, lanes and tenants get what they are due, and what a grant costs does not
//! grow with the backlog: the run is made twice, the second time with a tenth of the narrations,
//! and operations are counted, not seconds.
//!
//! The dispatchers are as they are, each over the same database ([`records`]) and queue
//! ([`queue`]); the workers only let time pass, and fold what they did ([`site`]). Every tenant has
//! work in all lanes, and one of a hundred a limit of its own, far below what is due to the others.
//! Nothing fails here: that is for the seeds.

mod book;
mod index;
mod queue;
mod records;
mod site;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use lectern_core::Failure;
use lectern_gateway::domain::Lane;
use tokio::time::Instant;

use book::{Look, Sent};
use site::{Site, is_limited};

/// The whole crowd: gateways, permits, tenants, narrations.
const WHOLE: Proportions = Proportions { gateways: 100, permits: 10_000, tenants: 1_000, narrations: 1_000_000 };
/// The second run has one of so many of the narrations.
const TENTH: usize = 10;
/// Permits of one worker, about.
const PERMITS: usize = 50;
/// Workers, at least.
const WORKERS: usize = 4;
/// Steps that a tenant is to be served of the lane of least weight, before a run ends.
const SERVED: u64 = 20;
/// All permits are granted within this of the start: gateways hear of each other and of the
/// workers, and find what waits.
const BEGINS: Duration = Duration::from_secs(60);
/// What the start left is over after this.
const SETTLES: Duration = Duration::from_secs(15);
/// Looks, one a second, at which a permit was free since the one before and a tenant with work and
/// room waited, one after the other, until it is too long.
const TOO_LONG: u32 = 4;
/// How far the share of a lane may be from what it is due, in hundredths of that.
const SHARE: f64 = 5.0;
/// How much more than another tenant of the lane one may be served, in hundredths, where gateways
/// look after [`MANY`] tenants on average. Steps last for 1 s to 9 s by chance, so even with the
/// same room at all times not everybody is served as many.
const SPREAD: f64 = 3.0;
/// See [`SPREAD`].
const MANY: usize = 20;
/// The same where they look after fewer: of a hundred gateways some have two or three tenants, to
/// whom some 500 steps are granted in all. The sum of so many durations is off by 2 % in one of
/// three cases, and what is left of divisions has gone round once or twice.
const SPREAD_OF_FEW: f64 = 10.0;
/// How much more a grant may cost at the full backlog than at a tenth of it.
const FLAT: f64 = 1.2;
/// The first word of the topics on which owners are told of changes.
const NEWS: &str = "dispatch";
/// Calls and messages below this for a grant are nothing.
const FEW_CALLS: f64 = 0.02;
/// So are entries below this: of a turn that is known to its end nothing is read at all.
const FEW_ENTRIES: f64 = 1.0;

/// How large a crowd is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Proportions {
    /// Gateways that dispatch.
    pub gateways: usize,
    /// Steps that all workers do at once.
    pub permits: usize,
    /// Tenants.
    pub tenants: usize,
    /// Narrations that wait.
    pub narrations: usize,
}

impl Proportions {
    /// One `scale`th of the whole. Permits and narrations shrink by that; gateways and tenants by
    /// its root, so that of each there are still some: at a hundredth there are 10 gateways, 100
    /// permits, 100 tenants and 10,000 narrations.
    #[must_use]
    pub fn scaled(scale: usize) -> Self {
        let scale = scale.max(1);
        let root = scale.isqrt().max(1);
        Self {
            gateways: (WHOLE.gateways / root).max(1),
            permits: (WHOLE.permits / scale).max(WORKERS),
            tenants: (WHOLE.tenants / root).max(1),
            narrations: (WHOLE.narrations / scale).max(1),
        }
    }

    /// The same with a tenth of the narrations, but enough for each tenant and lane.
    fn tenth(self) -> Self {
        let narrations = (self.narrations / TENTH).max(self.tenants * Lane::ALL.len());
        Self { narrations, ..self }
    }

    fn workers(self) -> usize {
        (self.permits / PERMITS).max(WORKERS)
    }

    /// Grants until every tenant was served often enough.
    fn grants(self) -> u64 {
        let lightest = Lane::ALL.into_iter().map(Lane::weight).min().unwrap_or(1);
        let all: u64 = Lane::ALL.into_iter().map(Lane::weight).sum();
        SERVED * u64::try_from(self.tenants).unwrap_or(u64::MAX) * all / lightest
    }
}

impl fmt::Display for Proportions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { gateways, permits, tenants, narrations } = self;
        write!(f, "{narrations} narrations of {tenants} tenants, {permits} permits, {gateways} gateways")
    }
}

/// What a grant costs.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Cost {
    /// Calls of dispatchers that read the database.
    pub reads: f64,
    /// Entries of indexes that those looked at.
    pub examined: f64,
    /// Calls that write it.
    pub writes: f64,
    /// Commands and news of changes that were sent.
    pub messages: f64,
}

impl Cost {
    /// Its parts by name, and below what each is nothing.
    fn parts(self) -> [(&'static str, f64, f64); 4] {
        [
            ("reads", self.reads, FEW_CALLS),
            ("entries examined", self.examined, FEW_ENTRIES),
            ("writes", self.writes, FEW_CALLS),
            ("messages", self.messages, FEW_CALLS),
        ]
    }
}

/// What became of one run.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    /// How large the crowd was.
    pub proportions: Proportions,
    /// Grants that were counted.
    pub grants: u64,
    /// How long that took, in virtual time.
    pub took: Duration,
    /// What each cost.
    pub cost: Cost,
    /// Hints in the same time, by the first word of their topics.
    pub hints: BTreeMap<String, u64>,
    /// The share of each lane in what was served, in hundredths of all.
    pub shares: Vec<(Lane, f64)>,
    /// The least and the most that a tenant without a limit of its own was served of each lane.
    pub served: Vec<(Lane, u64, u64)>,
    /// The most permits that were free throughout a second while somebody waited.
    pub free: usize,
    /// What did not hold.
    pub broken: Vec<String>,
}

impl fmt::Display for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "crowd              {}", self.proportions)?;
        writeln!(f, "grants             {} in {:.0} s of virtual time", self.grants, self.took.as_secs_f64())?;
        for (what, each, _) in self.cost.parts() {
            writeln!(f, "  {each:>9.3} {what} for each")?;
        }
        for (topic, count) in &self.hints {
            writeln!(f, "  {count:>9} hints of {topic}")?;
        }
        for ((lane, share), (_, least, most)) in self.shares.iter().zip(&self.served) {
            let lane = lane.as_str();
            writeln!(f, "lane               {lane}: {share:.1} %, {least} to {most} steps for each tenant")?;
        }
        writeln!(f, "free permits       {} at most throughout a second while somebody waited", self.free)?;
        for what in &self.broken {
            writeln!(f, "DOES NOT HOLD      {what}")?;
        }
        Ok(())
    }
}

/// Runs the crowd at one `scale`th, and again with a tenth of its narrations. What does not hold is
/// in the runs; what holds of both together is in the first.
///
/// # Errors
/// When no runtime can be made, or the crowd itself does not work.
pub fn crowd(scale: usize) -> std::io::Result<[Run; 2]> {
    let full = Proportions::scaled(scale);
    let mut runs = [once(full)?, once(full.tenth())?];
    let [first, second] = &mut runs;
    for ((what, full, nothing), (_, tenth, _)) in first.cost.parts().into_iter().zip(second.cost.parts()) {
        if full > tenth * FLAT + nothing {
            first.broken.push(format!("a grant costs {full:.3} {what}, and {tenth:.3} at a tenth of the backlog"));
        }
    }
    Ok(runs)
}

fn once(proportions: Proportions) -> std::io::Result<Run> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build()?;
    let run = runtime.block_on(Box::pin(run(proportions)));
    run.map_err(|failure| std::io::Error::other(failure.to_string()))
}

async fn run(proportions: Proportions) -> Result<Run, Failure> {
    let site = Arc::new(Site::new(proportions, 1).await?);
    let tasks = site.start(proportions);
    let mut broken = Vec::new();
    let start = Instant::now();
    loop {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let free = site.book.look().free;
        if free == 0 {
            break;
        }
        if start.elapsed() >= BEGINS {
            broken.push(format!("{free} permits are free {BEGINS:?} after the start"));
            break;
        }
    }
    tokio::time::sleep(SETTLES).await;
    site.book.count();
    site.book.look();
    let (began, before) = (Instant::now(), (asked(&site), site.book.sent()));
    let (mut looks, mut free) = (0, 0);
    let goal = proportions.grants();
    // Twice the time that it takes where all permits are at work.
    let most = Duration::from_secs(60 + 10 * goal / u64::try_from(proportions.permits).unwrap_or(1).max(1));
    while broken.is_empty() && site.book.sent().queued - before.1.queued < goal {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let Look { free: unused, waits, over, broken: failed } = site.book.look();
        if let Some(failed) = failed {
            return Err(Failure::internal(failed));
        }
        broken.extend(over);
        let waits = waits.filter(|_| unused > 0);
        if let Some(who) = &waits {
            (looks, free) = (looks + 1, free.max(unused));
            if looks >= TOO_LONG {
                broken.push(format!("{who}, and {unused} permits were free for {TOO_LONG} s"));
            }
        } else {
            looks = 0;
        }
        if began.elapsed() >= most {
            broken.push(format!("{goal} grants were not made within {most:?}"));
        }
    }
    let after = (asked(&site), site.book.sent());
    let took = began.elapsed();
    drop(tasks);
    let (grants, cost, hints) = costs(&before, &after);
    let mut run = Run { proportions, grants, took, cost, hints, shares: Vec::new(), served: Vec::new(), free, broken };
    judge(&site, &mut run);
    Ok(run)
}

/// Reads, entries examined and writes so far.
fn asked(site: &Site) -> [u64; 3] {
    let operations = site.asked.operations();
    [&operations.reads, &operations.examined, &operations.writes].map(|count| count.load(Ordering::Relaxed))
}

/// The grants between two moments, what each cost, and the hints.
#[allow(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
fn costs(before: &([u64; 3], Sent), after: &([u64; 3], Sent)) -> (u64, Cost, BTreeMap<String, u64>) {
    let ((asked_before, sent_before), (asked_after, sent_after)) = (before, after);
    let hinted_before = |topic: &str| sent_before.hints.get(topic).copied().unwrap_or(0);
    let hints: BTreeMap<String, u64> =
        sent_after.hints.iter().map(|(topic, count)| (topic.clone(), count - hinted_before(topic))).collect();
    let grants = sent_after.queued - sent_before.queued;
    let each = |count: u64| count as f64 / grants.max(1) as f64;
    let [reads, examined, writes] = asked_after;
    let [reads_before, examined_before, writes_before] = asked_before;
    // What gateways and workers announce of themselves follows from the time, not from grants.
    let news = hints.get(NEWS).copied().unwrap_or(0);
    let cost = Cost {
        reads: each(reads - reads_before),
        examined: each(examined - examined_before),
        writes: each(writes - writes_before),
        messages: each(grants + (sent_after.again - sent_before.again) + news),
    };
    (grants, cost, hints)
}

/// Says how lanes and tenants were served, and what of that they were not due.
#[allow(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
fn judge(site: &Site, run: &mut Run) {
    let of_all = |lane: Lane| site.book.served(lane, |_| true).into_iter().sum::<u64>() as f64;
    let all: f64 = Lane::ALL.into_iter().map(of_all).sum();
    let weights: u64 = Lane::ALL.into_iter().map(Lane::weight).sum();
    let many = run.proportions.tenants >= MANY * site.dispatchers();
    let spread = if many { SPREAD } else { SPREAD_OF_FEW };
    for lane in Lane::ALL {
        let (share, due) = (100.0 * of_all(lane) / all.max(1.0), 100.0 * lane.weight() as f64 / weights as f64);
        run.shares.push((lane, share));
        if (share - due).abs() > due * SHARE / 100.0 {
            run.broken.push(format!("the lane {} got {share:.1} % and is due {due:.1} %", lane.as_str()));
        }
        let served = site.book.served(lane, |number| !is_limited(number));
        let least = served.iter().copied().min().unwrap_or(0);
        let most = served.iter().copied().max().unwrap_or(0);
        run.served.push((lane, least, most));
        // The beginning and the end of the count cut through a round.
        if most as f64 > least as f64 * (1.0 + spread / 100.0) + 2.0 {
            let lane = lane.as_str();
            run.broken.push(format!("of the lane {lane} one tenant got {least} steps and another {most}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hundredth_still_has_some_of_everything() {
        let hundredth = Proportions { gateways: 10, permits: 100, tenants: 100, narrations: 10_000 };
        assert_eq!((Proportions::scaled(1), Proportions::scaled(100)), (WHOLE, hundredth));
        assert_eq!(hundredth.tenth().narrations, 1_000);
        assert_eq!((WHOLE.grants(), hundredth.grants()), (260_000, 26_000));
        let least = Proportions::scaled(usize::MAX);
        assert!(least.gateways > 0 && least.permits >= least.workers() && least.tenants > 0, "{least:?}");
    }
}
