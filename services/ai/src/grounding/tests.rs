//! The table of cases under `tests/grounding`, the fixtures' own sentences, and what holds for any
//! text.

use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;

use crate::grounding::{ClaimLanguage, Context, Fault, FaultKind, Verdict, check, explain};
use crate::speakable::{Language, sentences};

/// One block of the table: sources and context.
#[derive(Debug, Default, Clone)]
struct Block<'a> {
    sources: Vec<&'a str>,
    title: &'a str,
    section: &'a str,
    authors: Vec<&'a str>,
    cast: Vec<&'a str>,
}

impl Block<'_> {
    fn check(&self, claim: &str) -> Verdict {
        let context = Context {
            title: self.title,
            authors: self.authors.clone(),
            section: self.section,
            cast: self.cast.clone(),
            language: ClaimLanguage::ENGLISH,
        };
        check(claim, &self.sources, &context)
    }
}

fn plain(claim: &str, sources: &[&str]) -> Verdict {
    check(claim, sources, &Context::none(ClaimLanguage::ENGLISH))
}

#[test]
fn claims_are_checked_in_fewer_languages_than_can_be_spoken() {
    assert!(ClaimLanguage::of(Language::English).is_some());
    assert!(ClaimLanguage::of(Language::German).is_none(), "there are no rules to check it by");
}

#[test]
fn true_paraphrases_pass_and_planted_faults_are_found() {
    let table = include_str!("../../tests/grounding/cases.txt");
    let mut block = Block::default();
    let (mut right, mut wrong, mut failed) = (0, 0, Vec::new());
    let mut after_claims = false;
    for line in table.lines().filter(|line| !line.starts_with("# ")) {
        let Some((key, rest)) = line.split_once(' ') else { continue };
        if key == "=" && after_claims {
            block = Block::default();
        }
        after_claims = matches!(key, "+" | "-");
        match key {
            "=" => block.sources.push(rest),
            "title:" => block.title = rest,
            "section:" => block.section = rest,
            "author:" => block.authors.push(rest),
            "cast:" => block.cast.push(rest),
            "+" => {
                right += 1;
                let verdict = block.check(rest);
                if !verdict.passes() {
                    failed.push(format!("refused: {rest}\n    {}", explain(&verdict)));
                }
            }
            "-" => {
                wrong += 1;
                let (kind, claim) = rest.split_once(' ').unwrap();
                let verdict = block.check(claim);
                if !verdict.faults.iter().any(|fault| fault.kind.word() == kind) {
                    failed.push(format!("missed ({kind}): {claim}\n    {}", explain(&verdict)));
                }
            }
            _ => panic!("no line of the table: {line}"),
        }
    }
    assert!(failed.is_empty(), "{} of {}:\n{}", failed.len(), right + wrong, failed.join("\n"));
    assert!(right >= 60 && wrong >= 60, "{right} true, {wrong} false");
}

#[test]
fn a_fault_names_its_place_and_what_the_source_has() {
    let sources = ["The Principia appeared in 1687 and cost 9 shillings a copy."];
    let verdict = plain("“Hm”? No: the Principia appeared in 1967.", &sources);
    let date = verdict.faults.iter().find(|fault| fault.kind == FaultKind::Date).unwrap();
    assert_eq!((date.found.as_str(), date.said.as_str()), ("1967", "1687"));
    assert_eq!(date.range.of("“Hm”? No: the Principia appeared in 1967."), "1967");
    let only = Verdict { faults: vec![date.clone()] };
    assert_eq!(explain(&only), "date: says 1967; the source has 1687");
    assert_eq!(explain(&Verdict::default()), "grounded");
}

#[test]
fn explanations_are_one_line() {
    let fault = |said: &str| Fault {
        kind: FaultKind::Name,
        range: lectern_core::content::Range::new(0, 3),
        found: "a\nb".to_owned(),
        said: said.to_owned(),
    };
    let verdict = Verdict { faults: vec![fault("c\nd"), fault("")] };
    assert_eq!(
        explain(&verdict),
        "name: says a b; the source has c d | name: says a b; the source has nothing like it"
    );
}

#[test]
fn a_claim_without_sources_is_faulted_for_its_facts_alone() {
    assert!(plain("Welcome, everyone, and thank you for listening.", &[]).passes());
    assert!(plain("Let us look at this more closely.", &[]).passes());
    assert!(!plain("The town was founded in 1204.", &[]).passes());
    assert!(!plain("As we heard, Napoleon lost.", &[]).passes());
}

/// The fixtures that are text as they lie there.
const ENDINGS: [&str; 5] = ["md", "txt", "truth", "typ", "html"];

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|ending| ENDINGS.iter().any(|known| ending == *known)) {
            found.push(path);
        }
    }
}

#[test]
fn the_sentences_of_the_fixtures_are_grounded_in_their_own_paragraphs() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut found = Vec::new();
    for folder in ["tests/fixtures", "services/ai/tests", "services/ingest/tests/fixtures"] {
        files(&root.join(folder), &mut found);
    }
    let (mut count, mut refused) = (0, Vec::new());
    for path in found {
        let Ok(text) = fs::read_to_string(&path) else { continue };
        for paragraph in text.split("\n\n") {
            // Longer ones are tables of data.
            if paragraph.len() > 5_000 {
                continue;
            }
            for range in sentences(paragraph, Language::English) {
                let claim = range.of(paragraph);
                let verdict = plain(claim, &[paragraph]);
                count += 1;
                if !verdict.passes() {
                    refused.push(format!("{}: {claim}\n    {}", path.display(), explain(&verdict)));
                }
            }
        }
    }
    assert!(refused.is_empty(), "{} of {count}:\n{}", refused.len(), refused.join("\n"));
    assert!(count > 200, "{count} sentences");
}

/// Every fault lies within the claim, says what is there, and the faults are in order.
fn sound(claim: &str, source: &str) {
    let verdict = plain(claim, &[source]);
    let length = u32::try_from(claim.chars().count()).unwrap();
    for fault in &verdict.faults {
        assert!(fault.range.start < fault.range.end && fault.range.end <= length, "{fault:?} of {claim:?}");
        assert_eq!(fault.found.chars().count(), fault.range.of(claim).chars().count(), "{fault:?} of {claim:?}");
    }
    assert!(verdict.faults.is_sorted_by_key(|fault| (fault.range, fault.kind)), "{verdict:?}");
    assert!(!explain(&verdict).contains('\n'));
    assert_eq!(verdict, plain(claim, &[source]));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_judged(claim in "\\PC{0,80}", source in "\\PC{0,200}") {
        sound(&claim, &source);
        sound(&source, &claim);
    }

    #[test]
    fn texts_full_of_facts_are_judged(
        claim in "([0-9]{1,9}|[-–−+.,:;/×^%°$€£½²'\"“”‘’()]|[A-Z][a-z]{1,4}|twenty|hundred|million|half|third|point|and a half| |March|the nineties|BC|XIV|GPT-4|p\\.m\\.|not|more than|km|per hour){0,16}",
        source in "([0-9]{1,4}|[-–.,:]|[A-Z][a-z]{1,4}|twenty|hundred|half| |March|less than|km|never){0,30}",
    ) {
        sound(&claim, &source);
        sound(&source, &claim);
    }

    #[test]
    fn plain_words_are_no_facts(claim in "([a-z]{2,3}ng ){1,12}", source in "[a-z ]{0,60}") {
        prop_assert!(plain(&claim, &[&source]).passes());
    }

    #[test]
    fn a_number_that_the_source_has_not_is_found(has in 100u32..999_999, says in 100u32..999_999) {
        let source = format!("The archive holds {has} letters.");
        let verdict = plain(&format!("It holds {says} letters."), &[&source]);
        prop_assert_eq!(verdict.passes(), has == says, "{:?}", verdict);
    }
}
