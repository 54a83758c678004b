//! Citations that an order wants read. They are spoken as they stand in the text; numbers are led
//! by the word that they stand for, since "as shown in three" is no sentence.

use lectern_core::content::document::Block;
use lectern_core::content::script::{ContentKind, Order, Utterance};
use lectern_core::content::{Range, length};

use super::passage::{MAX_SPOKEN, Passage};
use super::{cuts, offset};
use crate::speakable::Language;

/// The citations by number in a block, for the words that lead them.
#[derive(Debug, Default)]
pub(super) struct References {
    /// In order; those with nothing but commas between them are one.
    groups: Vec<Group>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Group {
    range: Range,
    /// Whether it has more than one number.
    several: bool,
}

/// The text of a block, with its citations where the order wants them read; then those by number.
pub(super) fn passage(block: &Block, order: &Order, language: Language) -> (Passage, References) {
    if !order.read.contains(&ContentKind::Citations) {
        return (Passage::new(block, language).with_emoji(order.emoji), References::default());
    }
    let chars: Vec<char> = block.text.chars().collect();
    let citations = cuts::citations(block, &chars, language);
    if citations.is_empty() {
        return (Passage::new(block, language).with_emoji(order.emoji), References::default());
    }
    let passage = Passage::new(&cuts::with_citations(block, &citations), language).with_emoji(order.emoji);
    (passage, References { groups: groups(&chars, &citations) })
}

/// The citations that are numbers: `[3]`, `[4, 7-9]`.
fn groups(chars: &[char], citations: &[Range]) -> Vec<Group> {
    let of = |from: u32, to: u32| chars.get(from as usize..to as usize).unwrap_or_default();
    let numeric = |range: Range| {
        let text = of(range.start, range.end);
        text.iter().any(char::is_ascii_digit) && text.iter().all(|c| matches!(c, '[' | ']') || cuts::in_numbers(*c))
    };
    let mut groups: Vec<Group> = Vec::new();
    for range in citations.iter().copied().filter(|range| numeric(*range)) {
        let numbers = of(range.start, range.end).split(|c| !c.is_ascii_digit()).filter(|number| !number.is_empty());
        let several = numbers.count() > 1;
        let apart = |before: u32| of(before, range.start).iter().any(|c| !matches!(c, ',' | ';') && !c.is_whitespace());
        match groups.last_mut() {
            Some(last) if !apart(last.range.end) => {
                *last = Group { range: Range::new(last.range.start, range.end), several: true };
            }
            Some(_) | None => groups.push(Group { range, several }),
        }
    }
    groups
}

impl References {
    /// Leads the numbers that are cited in an utterance of this passage by the language's word for
    /// references, unless the text does so itself, or the utterance is as long already as one may
    /// be.
    pub(super) fn lead(&self, passage: &Passage, utterance: &mut Utterance, language: Language) {
        let (Some(first), Some(last)) = (utterance.sources.first(), utterance.sources.last()) else { return };
        let begin = self.groups.partition_point(|group| group.range.start < first.range.start);
        let end = self.groups.partition_point(|group| group.range.start < last.range.end);
        let Some(here) = self.groups.get(begin..end).filter(|here| !here.is_empty()) else { return };
        let shown: Vec<Range> = utterance.sources.iter().map(|source| source.range).collect();
        let places = passage.places(&shown);
        let original: Vec<char> = utterance.original.chars().collect();
        // From the last to the first, so that the places of those before do not change.
        for group in here.iter().rev() {
            let place = |at: u32| places.partition_point(|place| *place < at);
            let (from, to) = (place(group.range.start), place(group.range.end));
            let whole = places.get(from) == Some(&group.range.start);
            if whole && !original.get(..from).is_some_and(|before| led(before, language)) {
                say(utterance, offset(from)..offset(to), language.reference(group.several));
            }
        }
    }
}

/// Whether the text before a citation ends with the word itself: "see reference [3]", "Refs. [3]".
fn led(before: &[char], language: Language) -> bool {
    let word = before.iter().rev().skip_while(|c| c.is_whitespace() || **c == '.').take_while(|c| c.is_alphabetic());
    let word: String = word.flat_map(|c| c.to_lowercase()).collect();
    // Its letters are in reverse.
    language.is_reference(&word.chars().rev().collect::<String>())
}

/// Says a word before what is spoken for the written `cited`.
fn say(utterance: &mut Utterance, cited: std::ops::Range<u32>, word: &str) {
    let shift = length(word) + 1;
    let first = utterance.map.iter().position(|step| !step.original.is_empty() && cited.contains(&step.original.start));
    let Some(first) = first.filter(|_| length(&utterance.spoken) + shift <= MAX_SPOKEN) else { return };
    let steps = &mut utterance.map[first..];
    let at = steps.first().map_or(0, |step| step.spoken.start) as usize;
    let byte = utterance.spoken.char_indices().nth(at).map_or(utterance.spoken.len(), |(byte, _)| byte);
    utterance.spoken.insert_str(byte, &format!("{word} "));
    for (place, step) in steps.iter_mut().enumerate() {
        let start = if place == 0 { step.spoken.start } else { step.spoken.start + shift };
        step.spoken = Range::new(start, step.spoken.end + shift);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use lectern_core::content::document::{BlockKind, Span, SpanKind};
    use lectern_core::content::script::{Role, Style};

    use super::*;
    use crate::compose::tests::block;

    /// What is heard of a paragraph whose citations are read, sentence by sentence.
    fn heard(paragraph: &Block) -> Vec<Utterance> {
        let order = Order { read: BTreeSet::from([ContentKind::Citations]), ..Order::of(Style::Narration) };
        let (passage, references) = passage(paragraph, &order, Language::English);
        let mut heard = Vec::new();
        for sentence in passage.sentences() {
            for phrase in passage.phrases(&passage.kept(sentence)).into_iter().flatten() {
                let mut utterance = phrase.utterance(paragraph.id, Role::Body, "");
                references.lead(&passage, &mut utterance, Language::English);
                heard.push(utterance);
            }
        }
        heard
    }

    #[test]
    fn citations_are_spoken_as_they_stand_and_numbers_as_references() {
        // The words of the citation, and whether "reference" leads a number.
        for (text, said) in [
            ("As shown in [3].", "reference three"),
            ("As shown [12] and more.", "reference twelve"),
            ("As shown [3, 4].", "references three"),
            ("As shown [3], [4].", "references three"),
            ("As shown [3] or so [5].", "reference five"),
            ("It holds (Chambers and Lang, 2016) here.", "Chambers and Lang"),
            ("It holds (Chambers and Lang, 2016) here.", "twenty sixteen"),
            ("It holds (Smith et al., 2020).", "twenty twenty"),
        ] {
            let heard = heard(&block(BlockKind::Paragraph, text));
            assert_eq!(heard.len(), 1, "{text}");
            assert!(heard[0].spoken.contains(said), "{text}: {}", heard[0].spoken);
            assert_eq!(heard[0].original, text);
        }
        for text in ["See reference [3].", "See references [3].", "In a_list[3] it is.", "So it is (Lee, 2016b)."] {
            let heard = heard(&block(BlockKind::Paragraph, text));
            let words: Vec<&str> = heard.iter().flat_map(|said| said.spoken.split(' ')).collect();
            let led = words.windows(2).filter(|pair| pair[0].starts_with("reference") && pair[1].starts_with("three"));
            assert_eq!(led.count(), usize::from(text.contains("See ref")), "{text}: {words:?}");
        }
    }

    #[test]
    fn numbers_that_the_word_for_references_leads_belong_to_the_sentence() {
        for (text, cited) in [
            ("See Refs. [3] and [4] there.", 0),
            ("See references [3], [5]–[7] there.", 0),
            ("As shown in [3] and [4] there.", 2),
            ("See Ref. [3], and others [4] there.", 1),
        ] {
            let chars: Vec<char> = text.chars().collect();
            let found = cuts::citations(&block(BlockKind::Paragraph, text), &chars, Language::English);
            assert_eq!(found.len(), cited, "{text}");
        }
    }

    #[test]
    fn the_map_goes_on_past_the_word_that_is_put_in() {
        let text = "As shown [3], and again in [4, 5] and [6].";
        let mut marked = block(BlockKind::Paragraph, text);
        marked.spans = vec![Span { range: Range::new(9, 12), kind: SpanKind::Citation }];
        let heard = heard(&marked);
        let [said] = &heard[..] else { panic!("one sentence: {heard:?}") };
        let words: Vec<&str> = said.map.iter().map(|step| step.spoken.of(&said.spoken)).collect();
        assert_eq!(words.join(" "), said.spoken);
        let step = |word: &str| said.map.iter().find(|step| step.spoken.of(&said.spoken).starts_with(word)).unwrap();
        assert!(step("reference three").original.of(&said.original).starts_with('3'));
        assert!(step("references four").original.of(&said.original).starts_with('4'));
        assert!(step("again").original.of(&said.original).starts_with("again"));
    }

    #[test]
    fn many_citations_make_no_utterance_longer_than_one_may_be() {
        let heard = heard(&block(BlockKind::Paragraph, &"ab [1] or cd [2] ".repeat(200)));
        assert!(heard.iter().all(|said| length(&said.spoken) <= MAX_SPOKEN + 1));
        assert!(heard.iter().any(|said| said.spoken.contains("reference ")));
    }
}
