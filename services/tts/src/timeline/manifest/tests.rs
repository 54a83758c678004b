//! Fates of blocks, and what is listed beside them.

use lectern_core::Digest;
use lectern_core::content::script::{DropReason, Dropped, Edited, Role, SkipReason, Source, Utterance};
use lectern_core::content::timeline::{Fate, SkippedPart};
use proptest::prelude::*;

use super::*;
use crate::timeline::fixture::{content, of, plan, quoted, tracks, utterance};

fn make(content: &Content, plan: &Plan, sections: &[Section]) -> Result<Manifest, Failure> {
    let measured = Measured {
        sample_rate: 24_000,
        samples: 1,
        pcm_digest: Digest::of(b""),
        loudness: Some(-16.0),
        true_peak: Some(-2.0),
    };
    let tracks = tracks(sections);
    let (voice, measured) = ("engines/local/voices/heart@1.5f70741d", &measured);
    manifest(&Inputs { content, plan, sections, tracks: &tracks, voices: &[voice], languages: &[], measured })
}

fn skip(block: u32, range: Option<Range>, reason: SkipReason) -> Skipped {
    Skipped { block, range, reason }
}

#[test]
fn each_block_has_one_fate_with_its_reasons_and_times() {
    let content = content(&["As shown [3] by all.", "12", "", "* * *", "x = y", "Left out."]);
    let r = Range::new;
    let sources = vec![Source { block: 0, range: r(0, 8) }, Source { block: 0, range: r(13, 20) }];
    let one = Utterance { sources, ..utterance(0, Role::Body, true, "As shown by all.") };
    let about = Utterance {
        added: true,
        sources: vec![Source { block: 4, range: r(0, 5) }],
        ..utterance(1, Role::Announcement, true, "Code omitted.")
    };
    let mut section = of(0, vec![one, about]);
    section.skipped = vec![
        skip(0, Some(r(9, 12)), SkipReason::Citation),
        skip(4, None, SkipReason::CodeBody),
        skip(3, None, SkipReason::NothingToSay),
    ];
    let sections = [section];
    let mut plan = plan(&sections);
    plan.skipped = vec![
        skip(1, None, SkipReason::PageNumber),
        skip(2, None, SkipReason::FigureWithoutText),
        skip(5, None, SkipReason::Summarised),
    ];
    let made = make(&content, &plan, &sections).unwrap();
    let fates: Vec<Fate> = made.blocks.iter().map(|block| block.fate).collect();
    assert_eq!(fates, [Fate::Spoken, Fate::Skipped, Fate::Skipped, Fate::Skipped, Fate::Skipped, Fate::Summarised]);
    let part = |range, reason, excerpt: &str| SkippedPart { range, reason, excerpt: excerpt.to_owned() };
    assert_eq!(made.blocks[0].skipped, [part(r(9, 12), SkipReason::Citation, "[3]")]);
    assert_eq!(made.blocks[0].spoken.len(), 2);
    assert_eq!(made.blocks[0].spoken[0].start, 4_800);
    assert_eq!(made.blocks[1].skipped, [part(r(0, 2), SkipReason::PageNumber, "12")]);
    assert_eq!(made.blocks[2].skipped, [part(r(0, 0), SkipReason::FigureWithoutText, "")]);
    assert!(made.blocks.iter().skip(1).all(|block| block.spoken.is_empty() && !block.skipped.is_empty()));
    let Coverage { blocks, spoken, summarised, skipped, words, words_spoken } = made.coverage;
    assert_eq!((blocks, spoken, summarised, skipped, words, words_spoken), (6, 1, 1, 4, 10, 4));
    assert_eq!(made.engines, ["text/1", "extractive/1", "local/0.1.0"]);
}

#[test]
fn whoever_wrote_sections_in_the_place_of_another_is_listed_once() {
    let content = content(&["Said whole."]);
    let more = |text| vec![utterance(0, Role::Body, true, text)];
    let first = quoted(&content, 0, 0, Range::new(0, 11));
    let mut sections = [of(0, vec![first]), of(1, more("And more.")), of(2, more("And that."))];
    for section in &mut sections[1..] {
        section.engine = "gemini/flash+prompts/1".to_owned();
    }
    let made = make(&content, &plan(&sections), &sections).unwrap();
    assert_eq!(made.engines, ["text/1", "extractive/1", "gemini/flash+prompts/1", "local/0.1.0"]);
}

#[test]
fn what_a_caller_changed_is_listed_with_what_was_written_and_speaks_no_block() {
    let content = content(&["Said whole.", "Said otherwise."]);
    let first = quoted(&content, 0, 0, Range::new(0, 11));
    let about = |id, text| Utterance {
        added: true,
        sources: vec![Source { block: 1, range: Range::new(0, 15) }],
        ..utterance(id, Role::Body, id == 2, text)
    };
    let mut section = of(0, vec![first, about(1, "In other words."), about(2, "And more.")]);
    section.skipped = vec![skip(1, Some(Range::new(0, 15)), SkipReason::Edited)];
    section.edited = vec![Edited { first: 1, count: 2, before: "Said otherwise.".to_owned() }];
    let sections = [section];
    let made = make(&content, &plan(&sections), &sections).unwrap();
    let fates: Vec<Fate> = made.blocks.iter().map(|block| block.fate).collect();
    assert_eq!(fates, [Fate::Spoken, Fate::Summarised]);
    assert_eq!(made.blocks[1].skipped[0].reason, SkipReason::Edited);
    let [edited] = &made.edited[..] else { panic!("one sentence: {:?}", made.edited) };
    assert_eq!((edited.section, edited.utterance, edited.before.as_str()), (0, 1, "Said otherwise."));
    assert_eq!(edited.says, "In other words. And more.");
    assert!(edited.start >= made.blocks[0].spoken[0].end && edited.end > edited.start, "{edited:?}");
    let plain = make(&content, &plan(&sections), &[of(0, vec![quoted(&content, 0, 0, Range::new(0, 11))])]);
    assert_eq!(plain.unwrap().edited, []);
}

#[test]
fn what_a_model_wrote_and_is_not_heard_is_listed_with_its_reason() {
    let content = content(&["Said whole."]);
    let dropped = |text: &str, reason| Dropped {
        text: text.to_owned(),
        reason,
        detail: "says 1967; the source has 1687".to_owned(),
        sources: vec![Source { block: 0, range: Range::new(0, 11) }],
    };
    let mut sections = [
        of(0, vec![quoted(&content, 0, 0, Range::new(0, 11))]),
        of(1, vec![utterance(0, Role::Body, true, "And more.")]),
    ];
    sections[0].dropped = vec![dropped("In 1967.", DropReason::Ungrounded), dropped("Again.", DropReason::Repeated)];
    sections[1].dropped = vec![dropped("And th", DropReason::Cut)];
    let made = make(&content, &plan(&sections), &sections).unwrap();
    let listed: Vec<_> = made.dropped.iter().map(|one| (one.section, one.sentence.text.as_str())).collect();
    assert_eq!(listed, [(0, "In 1967."), (0, "Again."), (1, "And th")]);
    let json = serde_json::to_value(&made).unwrap();
    let first = &json["dropped"][0];
    assert_eq!((first["section"].as_u64(), first["reason"].as_str()), (Some(0), Some("ungrounded")));
    assert_eq!(serde_json::from_value::<Manifest>(json).unwrap(), made);
}

#[test]
fn what_another_voice_spoke_and_the_least_certain_times_are_said() {
    use lectern_core::content::timeline::Timing;
    let content = content(&["Said whole."]);
    let sections = [of(0, vec![quoted(&content, 0, 0, Range::new(0, 11))]), of(1, Vec::new())];
    let (plan, mut tracks) = (plan(&sections), tracks(&sections));
    let measured =
        Measured { sample_rate: 24_000, samples: 1, pcm_digest: Digest::of(b""), loudness: None, true_peak: None };
    let made = |tracks: &[Track]| {
        let (content, plan, sections, measured) = (&content, &plan, &sections[..], &measured);
        let voice = "engines/local/voices/heart@1.5f70741d";
        manifest(&Inputs { content, plan, sections, tracks, voices: &[voice], languages: &[], measured }).unwrap()
    };
    let plain = made(&tracks);
    assert_eq!((plain.substituted.len(), plain.timing), (0, Timing::Given));
    let segment = &mut tracks[0].segments[0];
    segment.voice = Some("engines/tone/voices/sine@2".to_owned());
    segment.timing = Timing::Estimated;
    let made = made(&tracks);
    let [one] = &made.substituted[..] else { panic!("{:?}", made.substituted) };
    assert_eq!((one.section, one.utterance, one.voice.as_str()), (0, 0, "engines/tone/voices/sine@2"));
    assert!(one.start < one.end);
    assert_eq!(made.timing, Timing::Estimated);
}

#[test]
fn several_speakers_are_listed_with_their_voices_and_engines() {
    let content = content(&["Said whole."]);
    let mut sections = [of(0, vec![quoted(&content, 0, 0, Range::new(0, 11))])];
    sections[0].utterances[0].speaker = Speaker(1);
    let (plan, tracks) = (plan(&sections), tracks(&sections));
    let measured =
        Measured { sample_rate: 24_000, samples: 1, pcm_digest: Digest::of(b""), loudness: None, true_peak: None };
    let voices = &["engines/a/voices/x@1", "engines/b/voices/y@1"][..];
    let (content, plan, sections, tracks) = (&content, &plan, &sections[..], &tracks[..]);
    let inputs = Inputs { content, plan, sections, tracks, voices, languages: &[], measured: &measured };
    let made = manifest(&inputs).unwrap();
    assert_eq!(made.voice, voices[0]);
    let listed: Vec<_> = made.speakers.iter().map(|one| (one.name.as_str(), one.voice.as_str())).collect();
    assert_eq!(listed, [("Speaker 1", voices[0]), ("Speaker 2", voices[1])]);
    let [.., a, b] = made.engines.as_slice() else { panic!("{:?}", made.engines) };
    assert!(a.starts_with("a/") && b.starts_with("b/"));
    let alone = manifest(&Inputs { voices: &voices[..1], ..inputs }).unwrap();
    assert!(alone.speakers.is_empty() && alone.languages.is_empty());
}

#[test]
fn who_speaks_other_languages_is_listed_with_them_and_their_engines() {
    let content = content(&["Said whole."]);
    let sections = [of(0, vec![quoted(&content, 0, 0, Range::new(0, 11))])];
    let (plan, tracks) = (plan(&sections), tracks(&sections));
    let measured =
        Measured { sample_rate: 24_000, samples: 1, pcm_digest: Digest::of(b""), loudness: None, true_peak: None };
    let spoken =
        |language: &str, voice: &str| LanguageSpokenBy { language: language.to_owned(), voice: voice.to_owned() };
    let languages = [spoken("de", "engines/b/voices/y@1"), spoken("fr", "engines/a/voices/x@1")];
    let (content, plan, sections, tracks) = (&content, &plan, &sections[..], &tracks[..]);
    let voices = &["engines/a/voices/x@1"][..];
    let inputs = Inputs { content, plan, sections, tracks, voices, languages: &languages, measured: &measured };
    let made = manifest(&inputs).unwrap();
    assert_eq!(made.languages, languages);
    assert!(made.speakers.is_empty(), "they are no speakers by place");
    let [_, _, a, b] = made.engines.as_slice() else { panic!("each engine once: {:?}", made.engines) };
    assert!(a.starts_with("a/") && b.starts_with("b/"));
    let json = serde_json::to_value(&made).unwrap();
    let listed = serde_json::json!({"language": "de", "voice": "engines/b/voices/y@1"});
    assert_eq!(json["languages"][0], listed);
    assert_eq!(serde_json::from_value::<Manifest>(json).unwrap(), made);
}

#[test]
fn what_the_order_leaves_out_is_skipped_and_says_so() {
    let content = content(&["Said whole.", "On another page.", "x <- 1"]);
    let sections = [of(0, vec![quoted(&content, 0, 0, Range::new(0, 11))])];
    let mut plan = plan(&sections);
    plan.skipped = vec![skip(1, None, SkipReason::NotSelected), skip(2, None, SkipReason::NotWanted)];
    let made = make(&content, &plan, &sections).unwrap();
    let fates: Vec<Fate> = made.blocks.iter().map(|block| block.fate).collect();
    assert_eq!(fates, [Fate::Spoken, Fate::Skipped, Fate::Skipped]);
    let json = serde_json::to_value(&made).unwrap();
    for (block, reason, excerpt) in [(1, "not_selected", "On another page."), (2, "not_wanted", "x <- 1")] {
        let part = &json["blocks"][block]["skipped"][0];
        assert_eq!((part["reason"].as_str(), part["excerpt"].as_str()), (Some(reason), Some(excerpt)));
    }
}

#[test]
fn what_nobody_accounts_for_is_listed_as_a_defect_and_fails_nothing() {
    let content = content(&["Said whole.", "Said in part only.", "{ }"]);
    let said = vec![quoted(&content, 0, 0, Range::new(0, 11)), quoted(&content, 1, 1, Range::new(0, 12))];
    let sections = [of(0, said)];
    let made = make(&content, &plan(&sections), &sections).unwrap();
    let left =
        |at: usize| made.blocks[at].skipped.iter().map(|part| (part.reason, part.excerpt.as_str())).collect::<Vec<_>>();
    assert_eq!(left(0), []);
    assert_eq!(left(1), [(SkipReason::Unaccounted, "only.")]);
    assert_eq!(left(2), [(SkipReason::NothingToSay, "{ }")]);
    assert_eq!((made.coverage.spoken, made.coverage.skipped), (2, 1));
}

#[test]
fn a_script_of_another_document_is_an_error_that_names_the_block() {
    let content = content(&["Said whole.", "Left out."]);
    let first = quoted(&content, 0, 0, Range::new(0, 11));
    let cases: [(Vec<Utterance>, Vec<Skipped>, &str); 2] = [
        (vec![first.clone()], vec![skip(1, Some(Range::new(0, 99)), SkipReason::Citation)], "0-99 of block 1"),
        (vec![first], vec![skip(9, None, SkipReason::Citation)], "block 9"),
    ];
    for (utterances, skipped, expected) in cases {
        let sections = [of(0, utterances)];
        let plan = Plan { skipped, ..plan(&sections) };
        let failure = make(&content, &plan, &sections).unwrap_err();
        assert!(failure.message.contains(expected), "{failure}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]
    /// Blocks cut at random into pieces that are spoken, skipped, or forgotten.
    #[test]
    fn a_manifest_is_complete_and_lists_what_was_forgotten_as_a_defect(
        blocks in proptest::collection::vec(proptest::collection::vec(("[a-z ,é]{1,9}", 0_u8..20), 1..8), 1..8),
    ) {
        let texts: Vec<String> = blocks.iter().map(|pieces| pieces.iter().map(|piece| piece.0.as_str()).collect()).collect();
        let content = content(&texts.iter().map(String::as_str).collect::<Vec<_>>());
        let (mut utterances, mut skipped, mut forgotten) = (Vec::new(), Vec::new(), false);
        for (block, pieces) in (0..).zip(&blocks) {
            let mut at = 0;
            for (text, what) in pieces {
                let range = Range::new(at, at + length(text));
                at = range.end;
                match what {
                    0 => forgotten |= text.chars().any(char::is_alphanumeric),
                    1..=4 => skipped.push(skip(block, Some(range), SkipReason::Citation)),
                    _ => utterances.push(quoted(&content, utterances.len() as u32, block, range)),
                }
            }
        }
        let mut section = of(0, utterances);
        section.skipped = skipped;
        let sections = [section];
        let made = make(&content, &plan(&sections), &sections).unwrap();
        let mut parts = made.blocks.iter().flat_map(|block| &block.skipped);
        prop_assert_eq!(parts.any(|part| part.reason == SkipReason::Unaccounted), forgotten, "{:?}", made);
        prop_assert_eq!(made.blocks.len(), texts.len());
        for (fate, text) in made.blocks.iter().zip(&texts) {
            for (at, c) in (0..).zip(text.chars()) {
                let inside = |range: &Range| range.start <= at && at < range.end;
                let heard = fate.spoken.iter().filter(|part| inside(&part.range)).count();
                let listed = fate.skipped.iter().filter(|part| inside(&part.range)).count();
                prop_assert!(heard + listed == 1 || c.is_whitespace() && heard + listed <= 1, "{} at {}", text, at);
            }
        }
        prop_assert!(made.coverage.words_spoken <= made.coverage.words);
    }
}
