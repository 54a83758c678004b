//! The grounding check on 150 planted errors and on true paraphrases: what `cargo xtask grounding`
//! counts, held to its goals.

use lectern_ai::grounding::{self, ClaimLanguage, Context, Verdict};
use lectern_testkit::grounding::{SEED, facts, plant};

/// Planted errors that are caught, and true utterances that are refused, in a hundred.
const CAUGHT: usize = 98;
const REFUSED: usize = 2;

fn judged(claim: &str, source: &str) -> Verdict {
    grounding::check(claim, &[source], &Context::none(ClaimLanguage::ENGLISH))
}

#[test]
fn planted_errors_are_caught() {
    let planted = plant(&facts().unwrap(), SEED);
    let missed: Vec<String> = planted
        .iter()
        .filter(|error| judged(&error.claim, &error.passage).passes())
        .map(|error| format!("{}, {}: {}\n  source: {}", error.kind.word(), error.rule, error.claim, error.passage))
        .collect();
    let caught = planted.len() - missed.len();
    assert!(caught * 100 >= planted.len() * CAUGHT, "{caught} of {}:\n{}", planted.len(), missed.join("\n"));
}

#[test]
fn true_paraphrases_are_not_refused() {
    let facts = facts().unwrap();
    let truths = facts.iter().flat_map(|fact| fact.truths.iter().map(move |truth| (truth, &fact.passage)));
    let refused: Vec<String> = truths
        .clone()
        .map(|(truth, source)| (truth, source, judged(truth, source)))
        .filter(|(_, _, verdict)| !verdict.passes())
        .map(|(truth, source, verdict)| format!("{}: {truth}\n  source: {source}", grounding::explain(&verdict)))
        .collect();
    let all = truths.count();
    assert!(refused.len() * 100 <= all * REFUSED, "{} of {all}:\n{}", refused.len(), refused.join("\n"));
}
