//! What was measured, as the tables of docs/performance.md.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use crate::counts::Counts;
use crate::overload::Load;
use crate::plan::{Case, Kind};
use crate::round::Round;

/// Operations of the database that a narration of five steps should cost at most.
const OPERATIONS: f64 = 12.0;
/// Lectern's time should be at most so many times that of the floor.
const TIMES_FLOOR: f64 = 1.3;
/// Lectern should make so many times as many narrations a second as the old way.
const TIMES_OLD_WAY: f64 = 5.0;
/// What is near enough to that.
const NEARLY_OLD_WAY: f64 = 4.5;
/// Connections to the database that one gateway and three stages may open: each a pool of 10, and
/// its monitors.
const CONNECTIONS: u64 = 4 * (10 + 2);
/// Goodput at the highest load, as a share of its peak.
const GOODPUT: f64 = 0.7;
/// From so many queued narrations on, the targets about time and operations are to be met.
const WITH_WORK_QUEUED: usize = 100;

/// All rounds that were done.
#[derive(Debug, Default)]
pub struct Report(Vec<(Case, Round)>);

impl Report {
    /// Adds a round.
    pub fn add(&mut self, case: Case, round: Round) {
        self.0.push((case, round));
    }

    /// What each way did, in time.
    pub fn speed(&self) -> String {
        let mut table = head(&[
            "way",
            "queued",
            "finished",
            "narrations/s",
            "p50 ms",
            "p99 ms",
            "connections",
            "CPU ms each",
            "time against the floor (target 1.3)",
            "against the floor, gathered",
        ]);
        for (case, round) in &self.0 {
            let millis = |share| round.latency(share).map_or("-".to_owned(), |at| at.as_millis().to_string());
            let is_lectern = matches!(case.kind, Kind::Lectern { .. });
            let against = |kind| self.times(case, kind).filter(|_| is_lectern);
            let target = case.queued >= WITH_WORK_QUEUED;
            let times = |times: f64| missed(format!("{times:.2}"), target && times > TIMES_FLOOR);
            row(
                &mut table,
                &[
                    case.to_string(),
                    case.queued.to_string(),
                    if round.cut() { format!("{}, cut", round.finished()) } else { round.finished().to_string() },
                    format!("{:.1}", round.rate()),
                    millis(0.5),
                    millis(0.99),
                    round.connections.to_string(),
                    format!("{:.1}", round.each(cpu_millis)),
                    against(Kind::FLOOR).map_or(String::new(), times),
                    against(Kind::Floor { gathered: true }).map_or(String::new(), |times| format!("{times:.2}")),
                ],
            );
        }
        table
    }

    /// What a narration asks of the servers.
    pub fn work(&self) -> String {
        let mut table = head(&[
            "way",
            "queued",
            "operations each (target 12)",
            "records written each",
            "messages to NATS each",
            "messages from NATS each",
        ]);
        for (case, round) in &self.0 {
            let operations = round.each(operations);
            let target = matches!(case.kind, Kind::Lectern { .. }) && case.queued >= WITH_WORK_QUEUED;
            row(
                &mut table,
                &[
                    case.to_string(),
                    case.queued.to_string(),
                    missed(format!("{operations:.1}"), target && operations > OPERATIONS),
                    format!("{:.1}", round.each(|counts| counts.written as f64)),
                    format!("{:.1}", round.each(|counts| counts.to_queue as f64)),
                    format!("{:.1}", round.each(|counts| counts.from_queue as f64)),
                ],
            );
        }
        table
    }

    /// What an instance costs a second that has nothing to do. It was taken off above.
    pub fn idle(&self) -> String {
        let mut table =
            head(&["way", "queued", "operations/s", "messages to NATS/s", "messages from NATS/s", "CPU ms/s"]);
        for (case, round) in self.0.iter().filter(|(case, _)| matches!(case.kind, Kind::Lectern { .. })) {
            row(
                &mut table,
                &[
                    case.to_string(),
                    case.queued.to_string(),
                    format!("{:.1}", round.idle_per_second(operations)),
                    format!("{:.1}", round.idle_per_second(|counts| counts.to_queue as f64)),
                    format!("{:.1}", round.idle_per_second(|counts| counts.from_queue as f64)),
                    format!("{:.1}", round.idle_per_second(cpu_millis)),
                ],
            );
        }
        table
    }

    /// The commands that a narration costs, of Lectern alone, at each size.
    pub fn commands(&self) -> String {
        let of_lectern = |(case, _): &&(Case, Round)| case.kind == Kind::LECTERN && !case.tls;
        let rounds: Vec<&(Case, Round)> = self.0.iter().filter(of_lectern).collect();
        let names: BTreeSet<&String> = rounds.iter().flat_map(|(_, round)| round.counts.operations.keys()).collect();
        let sizes: Vec<String> = rounds.iter().map(|(case, _)| format!("{} queued", case.queued)).collect();
        let heads: Vec<&str> = ["command"].into_iter().chain(sizes.iter().map(String::as_str)).collect();
        let mut table = head(&heads);
        for name in names {
            let count = |counts: &Counts| counts.operations.get(name).copied().unwrap_or(0) as f64;
            let each = rounds.iter().map(|(_, round)| format!("{:.2}", round.each(count)));
            let cells: Vec<String> = [format!("`{name}`")].into_iter().chain(each).collect();
            row(&mut table, &cells);
        }
        table
    }

    /// What was aimed at, and what came of it.
    pub fn targets(&self, loads: &[Load]) -> String {
        let mut table = head(&["", "target", "measured"]);
        let lectern: Vec<&(Case, Round)> = self
            .0
            .iter()
            .filter(|(case, _)| case.kind == Kind::LECTERN && !case.tls && case.queued >= WITH_WORK_QUEUED)
            .collect();
        let times = |of: Kind, worst: fn(f64, f64) -> f64| {
            lectern.iter().filter_map(|(case, _)| self.times(case, of)).reduce(worst)
        };
        let mut target = |what: &str, aim: &str, measured: Option<(String, bool)>| {
            let measured = measured.map_or("not measured".to_owned(), |(text, met)| missed(text, !met));
            row(&mut table, &[what.to_owned(), aim.to_owned(), measured]);
        };
        let most = lectern.iter().map(|(_, round)| round.each(operations)).reduce(f64::max);
        let text = |most: f64| (format!("at most {most:.1}"), most <= OPERATIONS);
        target("operations of the database each, with work queued", "at most 12", most.map(text));
        let text = |most: f64| (format!("at most {most:.2}"), most <= TIMES_FLOOR);
        let against_floor = times(Kind::FLOOR, f64::max).map(text);
        target("time against the floor, with work queued", "at most 1.3 times", against_floor);
        // How much faster: the old way's time against Lectern's.
        let text = |least: f64| (format!("{:.1} times", 1.0 / least), 1.0 / least >= NEARLY_OLD_WAY);
        let against_old_way = times(Kind::OldWay, f64::max).map(text);
        target(
            "throughput against the old way, with work queued",
            &format!("near {TIMES_OLD_WAY:.0} times"),
            against_old_way,
        );
        let text = |most: u64| (format!("at most {most}"), most <= CONNECTIONS);
        let connections = lectern.iter().map(|(_, round)| round.connections).max().map(text);
        target("connections to the database, however many are queued", &format!("at most {CONNECTIONS}"), connections);
        let text = |share: f64| (format!("{:.0} %", share * 100.0), share >= GOODPUT);
        let share = goodput_kept(loads).map(text);
        target("goodput at three times the capacity, of its peak", "at least 70 %", share);
        table
    }

    /// Operations on each collection that a narration costs, as the server's `top` counts them, of
    /// each round of Lectern.
    pub fn collections(&self) -> String {
        let mut lines = String::new();
        for (case, round) in self.0.iter().filter(|(case, _)| matches!(case.kind, Kind::Lectern { .. })) {
            let _ = writeln!(lines, "{case}, {} queued:", case.queued);
            for (name, count) in round.by_collection.iter().filter(|(_, count)| **count > 0) {
                let _ = writeln!(lines, "{:8.2} {name}", *count as f64 / round.finished().max(1) as f64);
            }
        }
        lines
    }

    /// How many times longer a round took than that of another way with as much queued.
    fn times(&self, case: &Case, of: Kind) -> Option<f64> {
        let rate = |wanted: Case| self.0.iter().find(|(done, _)| *done == wanted).map(|(_, round)| round.rate());
        let (other, own) = (rate(Case { kind: of, ..*case })?, rate(*case)?);
        (own > 0.0).then(|| other / own)
    }
}

/// What came of overload.
pub fn overload(loads: &[Load]) -> String {
    let mut table = head(&["orders/s", "of the capacity", "goodput/s", "sent away", "resident MB: begin, half, end"]);
    for load in loads {
        let resident: Vec<String> = load.resident.iter().map(u64::to_string).collect();
        row(
            &mut table,
            &[
                format!("{:.0}", load.load * load.capacity),
                format!("{:.1}", load.load),
                format!("{:.1}", load.goodput),
                load.sent_away.to_string(),
                resident.join(", "),
            ],
        );
    }
    table
}

/// Goodput at the highest load, as a share of its peak.
fn goodput_kept(loads: &[Load]) -> Option<f64> {
    let peak = loads.iter().map(|load| load.goodput).reduce(f64::max)?;
    loads.last().map(|last| last.goodput / peak.max(1e-9))
}

/// Whether goodput is kept under overload as it should be.
pub fn keeps_goodput(loads: &[Load]) -> bool {
    goodput_kept(loads).is_some_and(|share| share >= GOODPUT)
}

fn operations(counts: &Counts) -> f64 {
    counts.all_operations() as f64
}

fn cpu_millis(counts: &Counts) -> f64 {
    counts.cpu.as_secs_f64() * 1e3
}

fn missed(text: String, missed: bool) -> String {
    if missed { format!("{text}: **missed**") } else { text }
}

fn head(names: &[&str]) -> String {
    format!("| {} |\n|{}\n", names.join(" | "), " --- |".repeat(names.len()))
}

fn row(table: &mut String, cells: &[String]) {
    let _ = writeln!(table, "| {} |", cells.join(" | "));
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::time::Duration;

    use super::*;

    fn round(finished: usize, seconds: u64, operations: u64) -> Round {
        let mut counts = Counts { over: Duration::from_secs(seconds), ..Counts::default() };
        counts.operations.insert("insert".to_owned(), operations);
        let mut idle = Counts { over: Duration::from_secs(10), ..Counts::default() };
        idle.operations.insert("find".to_owned(), 20);
        Round {
            ordered: 100,
            latencies: vec![Duration::from_millis(7); finished],
            took: Duration::from_secs(seconds),
            connections: 4,
            counts,
            idle,
            by_collection: BTreeMap::new(),
        }
    }

    #[test]
    fn a_target_that_is_missed_says_so_and_what_is_idle_is_taken_off() {
        let case = |kind| Case { kind, queued: 100, tls: false };
        let mut report = Report::default();
        report.add(case(Kind::LECTERN), round(100, 2, 1_304));
        report.add(case(Kind::FLOOR), round(100, 1, 1_100));
        report.add(case(Kind::OldWay), round(50, 10, 1_600));
        let speed = report.speed();
        assert!(speed.contains("| Lectern | 100 | 100 | 50.0 | 7 | 7 | 4 | 0.0 | 2.00: **missed** |  |"), "{speed}");
        assert!(speed.contains("| old way | 100 | 50, cut | 5.0 |"), "{speed}");
        let work = report.work();
        assert!(work.contains("| Lectern | 100 | 13.0: **missed** |"), "{work}");
        assert!(work.contains("| floor | 100 | 11.0 |"), "{work}");
        let targets = report.targets(&[]);
        assert!(targets.contains("| near 5 times | 10.0 times |"), "{targets}");
        assert!(targets.contains("| at least 70 % | not measured |"), "{targets}");
        assert!(report.commands().contains("| `insert` | 13.04 |"), "{}", report.commands());
    }
}
