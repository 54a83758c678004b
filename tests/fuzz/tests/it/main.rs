//! Replays the corpus of every target, and mutations of it that are the same on every machine.

#![allow(clippy::unwrap_used, reason = "a corpus that cannot be read fails its test")]

mod growth;

use std::path::Path;

use lectern_fuzz::mutate::{Series, mutated};
use lectern_fuzz::{TARGETS, Target, corpus};

/// Mutations of each target's corpus. A run of all of them takes some seconds.
const MUTATIONS: u32 = 150;
/// Bytes above which a file is replayed, but not mutated.
const LARGEST_MUTATED: usize = 128 << 10;

/// Runs a target and says which file broke it.
fn run(target: &Target, what: &str, bytes: &[u8]) {
    let outcome = std::panic::catch_unwind(|| (target.run)(bytes));
    assert!(outcome.is_ok(), "{} breaks on {what}", target.name);
}

/// The same mutations on every machine; `hammer` makes others, by hand.
fn mutate(target: &Target) {
    let files: Vec<_> = corpus(target.name).into_iter().filter(|(_, bytes)| bytes.len() <= LARGEST_MUTATED).collect();
    let mut series = Series(1);
    for turn in 0..MUTATIONS {
        let (path, bytes) = &files[series.below(files.len())];
        let (_, other) = &files[series.below(files.len())];
        let input = mutated(bytes, other, &mut series);
        run(target, &format!("mutation {turn}, of {}:\n{:?}", path.display(), String::from_utf8_lossy(&input)), &input);
    }
}

macro_rules! targets {
    ($($name:ident)*) => {
        const TESTED: &[&str] = &[$(stringify!($name)),*];
        $(mod $name {
            use super::*;

            fn target() -> &'static Target {
                TARGETS.iter().find(|target| target.name == stringify!($name)).unwrap()
            }

            #[test]
            fn survives_its_corpus() {
                for (path, bytes) in corpus(target().name) {
                    run(target(), &path.display().to_string(), &bytes);
                }
            }

            #[test]
            fn survives_mutations_of_its_corpus() {
                mutate(target());
            }
        })*
    };
}

targets! { pdf pdf_content pdf_cmap pdf_font docx epub odt pptx xlsx csv html markdown text sniff speakable speak }

#[test]
fn every_target_is_replayed_and_can_be_fuzzed() {
    let names: Vec<&str> = TARGETS.iter().map(|target| target.name).collect();
    assert_eq!(names, TESTED);
    let manifest = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("libfuzzer/Cargo.toml")).unwrap();
    for name in names {
        assert!(manifest.contains(&format!("name = \"{name}\"")), "libfuzzer/Cargo.toml has no {name}");
    }
}
