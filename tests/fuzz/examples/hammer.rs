//! `cargo run --profile ci -p lectern-fuzz --example hammer TARGET SECONDS SEED FOLDER`: runs a
//! target on mutations of its corpus for that long. FOLDER keeps the input at hand (for what
//! overflows the stack or never ends), those that broke a promise, and the slow.

#![allow(clippy::disallowed_methods, clippy::print_stdout, clippy::unwrap_used, reason = "a tool that is run by hand")]

use std::path::Path;
use std::time::{Duration, Instant};

use lectern_fuzz::mutate::{Series, mutated};

/// An input that takes longer is kept: a corpus of small files has no reason for it.
const SLOW: Duration = Duration::from_secs(1);

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [target, seconds, seed, folder] = arguments.as_slice() else {
        println!("hammer TARGET SECONDS SEED FOLDER");
        return;
    };
    let folder = Path::new(folder);
    let end = Instant::now() + Duration::from_secs(seconds.parse().unwrap());
    let corpus = lectern_fuzz::corpus(target);
    let mut series = Series(seed.parse().unwrap());
    let (mut runs, mut broken, mut slowest) = (0u64, 0u64, Duration::ZERO);
    while Instant::now() < end {
        let input = {
            let of = &corpus[series.below(corpus.len())].1;
            let other = &corpus[series.below(corpus.len())].1;
            mutated(of, other, &mut series)
        };
        std::fs::write(folder.join(format!("{target}.now")), &input).unwrap();
        let start = Instant::now();
        let outcome = std::panic::catch_unwind(|| lectern_fuzz::run(target, &input));
        let took = start.elapsed();
        slowest = slowest.max(took);
        runs += 1;
        if outcome.is_err() {
            broken += 1;
            std::fs::write(folder.join(format!("{target}.broken.{broken}")), &input).unwrap();
        } else if took > SLOW {
            std::fs::write(folder.join(format!("{target}.slow.{runs}")), &input).unwrap();
        }
    }
    println!("{target}: {runs} inputs, {broken} broke a promise, the slowest took {:.2} s", slowest.as_secs_f64());
}
