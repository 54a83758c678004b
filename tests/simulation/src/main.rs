//! `lectern-simulate`: many seeds, then the mutants and a small crowd; or one seed, told in full;
//! or the whole crowd. `cargo xtask simulate` runs it.

mod report;

use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

use clap::Parser;
use lectern_simulation::{Mutant, Outcome, Sort, Violation, crowd, echo, simulate_without};
use parking_lot::Mutex;

use report::Report;

/// Seeds within which each mutant must be found.
const MUTANT_SEEDS: usize = 300;
/// Seeds that are no crowds, for the control of what needs one.
const CROWD_CONTROLS: u64 = 99;
/// Of so many seeds one is run twice, and must do the same again.
const REPLAYED: u64 = 50;
/// The part of the whole crowd that is run beside the seeds.
const SMALL_CROWD: usize = 100;

#[derive(Parser)]
#[command(name = "lectern-simulate", about = "Simulates the coordination of all services under faults, seed by seed.")]
struct Cli {
    /// How many seeds.
    #[arg(long, default_value_t = 2_000)]
    seeds: u64,
    /// The first seed.
    #[arg(long, default_value_t = 0)]
    from: u64,
    /// Only this seed, twice, with the end of its trace.
    #[arg(long)]
    seed: Option<u64>,
    /// With `--seed`: the whole trace.
    #[arg(long)]
    trace: bool,
    /// Only the mutants.
    #[arg(long)]
    mutants: bool,
    /// Only this mutant, by its name: what it breaks in each of the seeds that it is looked for in,
    /// or in the one of `--seed`.
    #[arg(long)]
    mutant: Option<String>,
    /// Only the mutants that need a sort of fault, in worlds without it: which of them are not
    /// found there.
    #[arg(long)]
    controls: bool,
    /// Only the crowd: 100 gateways, 10,000 permits, 1,000 tenants, a million narrations.
    #[arg(long)]
    crowd: bool,
    /// With `--crowd`: this part of it, 100 for a hundredth.
    #[arg(long, default_value_t = 1, requires = "crowd")]
    scale: usize,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let passed = match cli.seed {
        _ if cli.mutant.is_some() => one_mutant(cli.mutant.as_deref().unwrap_or_default(), cli.seed, cli.trace),
        Some(seed) => one(seed, cli.trace),
        None if cli.crowd => crowd_of(cli.scale),
        None if cli.controls => controls(),
        None if cli.mutants => mutants(),
        None => many(cli.from, cli.seeds) && mutants() && crowd_of(SMALL_CROWD),
    };
    if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Runs a seed, or says why it cannot be.
fn run(seed: u64, mutant: Option<Mutant>) -> Option<Outcome> {
    run_without(seed, mutant, None)
}

fn run_without(seed: u64, mutant: Option<Mutant>, without: Option<Sort>) -> Option<Outcome> {
    simulate_without(seed, mutant, without)
        .inspect_err(|error| eprintln!("error: seed {seed} cannot be run: {error}"))
        .ok()
}

/// Tells of one seed in full.
fn one(seed: u64, trace: bool) -> bool {
    echo(trace);
    let first = run(seed, None);
    echo(false);
    let (Some(first), Some(again)) = (first, run(seed, None)) else { return false };
    for line in &first.last {
        println!("{line}");
    }
    let mut report = Report::default();
    report.add(&first);
    print!("{report}");
    if first.digest != again.digest {
        println!("seed {seed} did not do the same again: {:016x}, then {:016x}", first.digest, again.digest);
    }
    report::failed(&first);
    first.violation.is_none() && first.digest == again.digest
}

/// Tells what one mutant breaks, seed by seed.
fn one_mutant(name: &str, seed: Option<u64>, trace: bool) -> bool {
    let Some(mutant) = Mutant::ALL.into_iter().find(|mutant| mutant.name() == name) else {
        eprintln!("error: no mutant is called {name:?}; --mutants names all of them");
        return false;
    };
    let seeds = seed.map_or_else(|| mutant.seeds(MUTANT_SEEDS).collect(), |seed| vec![seed]);
    echo(trace);
    let found = seeds.into_iter().filter(|seed| {
        let violation = run(*seed, Some(mutant)).and_then(|outcome| outcome.violation);
        if let Some(Violation { invariant, what }) = &violation {
            println!("seed {seed} breaks {invariant}: {what}");
        }
        violation.is_some_and(|seen| seen.invariant == mutant.breaks())
    });
    found.count() > 0
}

/// Runs many seeds on all cores.
fn many(from: u64, seeds: u64) -> bool {
    let report = Mutex::new(Report::default());
    let next = AtomicU64::new(from);
    let failed = AtomicBool::new(false);
    let threads = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while !failed.load(Ordering::SeqCst) {
                    let seed = next.fetch_add(1, Ordering::SeqCst);
                    if seed >= from.saturating_add(seeds) {
                        return;
                    }
                    let Some(outcome) = run(seed, None) else { return failed.store(true, Ordering::SeqCst) };
                    let mut differs = false;
                    if seed.is_multiple_of(REPLAYED) {
                        differs = run(seed, None).is_none_or(|again| again.digest != outcome.digest);
                    }
                    let mut report = report.lock();
                    report.add(&outcome);
                    if differs {
                        println!("seed {seed} did not do the same again; cargo xtask simulate --seed {seed}");
                    }
                    if report::failed(&outcome) || differs {
                        failed.store(true, Ordering::SeqCst);
                    }
                }
            });
        }
    });
    print!("{}", report.into_inner());
    !failed.into_inner()
}

/// Runs a part of the crowd, and again with a tenth of its narrations.
fn crowd_of(scale: usize) -> bool {
    match crowd(scale) {
        Ok(runs) => {
            runs.iter().for_each(|run| print!("{run}"));
            runs.iter().all(|run| run.broken.is_empty())
        }
        Err(error) => {
            eprintln!("error: the crowd cannot be run: {error}");
            false
        }
    }
}

/// Every mutant must be found, by the invariant that it breaks.
fn mutants() -> bool {
    of_all_mutants(found)
}

/// Tells of every mutant that needs a sort of fault whether it is found without it. By hand: it
/// shows what each sort is for.
fn controls() -> bool {
    of_all_mutants(|mutant| {
        let Some(sort) = mutant.needs() else { return true };
        let at = match sort {
            // A crowd is a world of its own: the others are those without it.
            Sort::Crowd => (0..CROWD_CONTROLS).find(|seed| breaks(mutant, *seed, None)),
            Sort::Again
            | Sort::Forgotten
            | Sort::LateWrites
            | Sort::StaleReads
            | Sort::Drift
            | Sort::Blackout
            | Sort::Paid => mutant.seeds(MUTANT_SEEDS).find(|seed| breaks(mutant, *seed, Some(sort))),
        };
        match at {
            Some(seed) => println!("found without {sort:?} too, at seed {seed}: {}", mutant.name()),
            None => println!("not found without {sort:?}: {}", mutant.name()),
        }
        true
    })
}

fn of_all_mutants(holds: impl Fn(Mutant) -> bool + Sync) -> bool {
    let next = Mutex::new(Mutant::ALL.into_iter());
    let survived = AtomicBool::new(false);
    let threads = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let mutant = next.lock().next();
                    let Some(mutant) = mutant else { return };
                    if !holds(mutant) {
                        survived.store(true, Ordering::SeqCst);
                    }
                }
            });
        }
    });
    !survived.into_inner()
}

/// Whether a mutant breaks its invariant in the world of a seed.
fn breaks(mutant: Mutant, seed: u64, without: Option<Sort>) -> bool {
    let outcome = run_without(seed, Some(mutant), without);
    outcome.and_then(|outcome| outcome.violation).is_some_and(|seen| seen.invariant == mutant.breaks())
}

fn found(mutant: Mutant) -> bool {
    let seed = mutant.seeds(MUTANT_SEEDS).find(|seed| breaks(mutant, *seed, None));
    match seed {
        Some(seed) => println!("mutant found by {} at seed {seed}: {}", mutant.breaks(), mutant.name()),
        None => {
            let seeds = mutant.seeds(MUTANT_SEEDS).count();
            println!("MUTANT SURVIVED {seeds} seeds, {} holds: {}", mutant.breaks(), mutant.name());
        }
    }
    seed.is_some()
}
