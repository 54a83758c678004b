//! What is not heard, in plain words: each block of the document that is left out, wholly or in
//! part, with why and how it begins, and each sentence that a model wrote and that was refused.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use lectern_core::content::script::SkipReason;
use lectern_core::content::timeline::{BlockFate, DroppedSentence, Fate, Manifest, SkippedPart};
use lectern_proto::convert;

use super::out::shown;
use super::words;

/// The text of `skipped.txt` for a recording of the document `name`.
#[must_use]
pub fn text(manifest: &Manifest, name: &str) -> String {
    let mut text = String::new();
    line(&mut text, &format!("What is not heard of \"{}\" ({name})", manifest.title));
    line(&mut text, "");
    let c = manifest.coverage;
    let blocks = words::count(c.blocks, "block");
    let summarised = if c.summarised > 0 { format!(", {} covered by a summary", c.summarised) } else { String::new() };
    line(
        &mut text,
        &format!(
            "Of {blocks}, {} heard in whole or in part{summarised}, and {} left out; {} of {} words are heard.",
            c.spoken, c.skipped, c.words_spoken, c.words
        ),
    );
    let left_out: Vec<&BlockFate> = manifest.blocks.iter().filter(|block| !block.skipped.is_empty()).collect();
    if left_out.is_empty() {
        line(&mut text, "Nothing is left out.");
    } else {
        blocks_left_out(&mut text, left_out);
    }
    if !manifest.dropped.is_empty() {
        dropped(&mut text, &manifest.dropped);
    }
    text
}

fn blocks_left_out(text: &mut String, left_out: Vec<&BlockFate>) {
    let mut reasons: BTreeMap<&str, u32> = BTreeMap::new();
    for part in left_out.iter().flat_map(|block| &block.skipped) {
        *reasons.entry(reason(part)).or_default() += 1;
    }
    let mut reasons: Vec<(&str, u32)> = reasons.into_iter().collect();
    reasons.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    line(text, "");
    for (reason, count) in reasons {
        line(text, &format!("{count:>6}  {reason}"));
    }
    // Who chose a part of the document knows that he did not choose the rest.
    let chosen = left_out.into_iter().filter(|block| block.skipped.iter().any(|part| !is_not_selected(part)));
    for block in chosen {
        line(text, "");
        one(text, block);
    }
}

/// The sentences of a model that are not heard, each with why.
fn dropped(text: &mut String, dropped: &[DroppedSentence]) {
    let count = words::count(u32::try_from(dropped.len()).unwrap_or(u32::MAX), "sentence");
    line(text, "");
    line(text, &format!("The writer wrote {count} more, not heard:"));
    for DroppedSentence { section, sentence } in dropped {
        line(text, "");
        line(text, &format!("section {}: {}", section + 1, words::dropped(convert::drop_reason(sentence.reason))));
        line(text, &format!("    {}", sentence.text));
        if !sentence.detail.is_empty() {
            line(text, &format!("    ({})", sentence.detail));
        }
    }
}

fn one(text: &mut String, block: &BlockFate) {
    let page = block.page.map(|page| format!("page {page}, ")).unwrap_or_default();
    let how = match block.fate {
        Fate::Skipped => "left out",
        Fate::Spoken => "left out in part",
        Fate::Summarised => "covered by a summary",
    };
    line(text, &format!("{page}block {}, {}: {how}", block.block, block.kind.replace('_', " ")));
    for part in block.skipped.iter().filter(|part| !is_not_selected(part)) {
        let excerpt = if part.excerpt.is_empty() { String::new() } else { format!(": {}", part.excerpt) };
        line(text, &format!("    {}{excerpt}", reason(part)));
    }
}

fn is_not_selected(part: &SkippedPart) -> bool {
    part.reason == SkipReason::NotSelected
}

fn reason(part: &SkippedPart) -> &'static str {
    words::skipped(convert::skipped_to_wire(0, part).reason())
}

fn line(text: &mut String, line: &str) {
    // Writing to a string cannot fail.
    let _ = writeln!(text, "{}", shown(line));
}

#[cfg(test)]
mod tests {
    use lectern_core::content::Range;
    use lectern_core::content::script::{DropReason, Dropped};
    use lectern_core::content::timeline::{Coverage, SCHEMA, Timing};

    use super::*;

    fn block(number: u32, fate: Fate, skipped: &[(SkipReason, &str)]) -> BlockFate {
        let part = |(reason, excerpt): &(SkipReason, &str)| SkippedPart {
            range: Range::new(0, 1),
            reason: *reason,
            excerpt: (*excerpt).to_owned(),
        };
        BlockFate {
            block: number,
            kind: "list_item".to_owned(),
            page: Some(number + 1),
            length: 1,
            fate,
            spoken: Vec::new(),
            skipped: skipped.iter().map(part).collect(),
        }
    }

    fn manifest(blocks: Vec<BlockFate>) -> Manifest {
        Manifest {
            schema: SCHEMA,
            title: "Tides".to_owned(),
            language: "en".to_owned(),
            style: "narration".to_owned(),
            voice: "engines/tone/voices/sine@1".to_owned(),
            speakers: Vec::new(),
            languages: Vec::new(),
            engines: Vec::new(),
            sample_rate: 24_000,
            samples: 1,
            loudness: None,
            true_peak: None,
            coverage: Coverage { blocks: 3, spoken: 2, summarised: 0, skipped: 1, words: 90, words_spoken: 70 },
            blocks,
            notes: Vec::new(),
            edited: Vec::new(),
            dropped: Vec::new(),
            substituted: Vec::new(),
            timing: Timing::Given,
        }
    }

    #[test]
    fn each_block_is_listed_with_why_and_how_it_begins() {
        let text = text(
            &manifest(vec![
                block(0, Fate::Skipped, &[(SkipReason::RunningHead, "Tide tables\u{1b}[2J")]),
                block(1, Fate::Spoken, &[]),
                block(2, Fate::Spoken, &[(SkipReason::Citation, "[3]"), (SkipReason::Citation, "[4]")]),
            ]),
            "tides.pdf",
        );
        let expected = "\
What is not heard of \"Tides\" (tides.pdf)

Of 3 blocks, 2 heard in whole or in part, and 1 left out; 70 of 90 words are heard.

     2  a citation
     1  a running head or foot

page 1, block 0, list item: left out
    a running head or foot: Tide tables [2J

page 3, block 2, list item: left out in part
    a citation: [3]
    a citation: [4]
";
        assert_eq!(text, expected);
    }

    #[test]
    fn nothing_left_out_is_said() {
        assert!(text(&manifest(vec![block(0, Fate::Spoken, &[])]), "t.md").ends_with("Nothing is left out.\n"));
    }

    #[test]
    fn what_a_model_wrote_and_is_not_heard_is_listed_after_the_blocks() {
        let sentence = Dropped {
            text: "In 1967.".to_owned(),
            reason: DropReason::Ungrounded,
            detail: "says 1967; the source has 1687".to_owned(),
            sources: Vec::new(),
        };
        let dropped = vec![DroppedSentence { section: 2, sentence }];
        let made = Manifest { dropped, ..manifest(vec![block(0, Fate::Spoken, &[])]) };
        let expected = "\
Nothing is left out.

The writer wrote 1 sentence more, not heard:

section 3: it says what the document does not
    In 1967.
    (says 1967; the source has 1687)
";
        assert!(text(&made, "t.md").ends_with(expected), "{}", text(&made, "t.md"));
    }

    #[test]
    fn what_was_not_selected_is_counted_and_not_listed() {
        let blocks = vec![
            block(0, Fate::Skipped, &[(SkipReason::NotSelected, "The rest.")]),
            block(1, Fate::Skipped, &[(SkipReason::PageNumber, "12")]),
        ];
        let text = text(&manifest(blocks), "tides.pdf");
        assert!(text.contains("     1  ") && text.contains("page 2, block 1"), "{text}");
        assert!(!text.contains("The rest.") && !text.contains("page 1, block 0"), "{text}");
    }
}
