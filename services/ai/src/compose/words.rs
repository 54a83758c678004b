//! Words that are not the document's own, a model's or ours, as utterances.

use lectern_core::content::script::{Role, Source, Speaker, Utterance};

use super::passage::Passage;
use crate::speakable::Language;

/// `text` as utterances: one for each sentence of it, and of a longer sentence one for each breath,
/// of at most [`SEGMENT_CHARS`](lectern_core::content::script::SEGMENT_CHARS) spoken characters and
/// the sign that ends it. Each is `added`, shows its own piece of the text, and is about all of
/// `sources`. Ids count from 0; the last one ends its block.
///
/// Nothing is taken for a citation or a note and left out, as it is in a document. What the voice
/// cannot say is not said; nothing comes of a text that has nothing else.
#[must_use]
pub fn said(text: &str, sources: &[Source], role: Role, speaker: Speaker, language: Language) -> Vec<Utterance> {
    let passage = Passage::plain(text, language);
    let phrases = passage.sentences().into_iter().flat_map(|sentence| passage.phrases(&passage.kept(sentence)));
    let of_phrases = phrases.flatten().zip(0..).map(|(phrase, id)| {
        let said = phrase.utterance(0, role, "");
        Utterance { id, speaker, sources: sources.to_vec(), added: true, ..said }
    });
    let mut utterances: Vec<Utterance> = of_phrases.collect();
    if let Some(last) = utterances.last_mut() {
        last.ends_block = true;
    }
    utterances
}

#[cfg(test)]
mod tests {
    use lectern_core::content::script::SEGMENT_CHARS;
    use lectern_core::content::{Range, length};

    use super::*;

    const SOURCES: [Source; 2] = [
        Source { block: 3, range: Range { start: 0, end: 9 } },
        Source { block: 7, range: Range { start: 4, end: 5 } },
    ];

    fn said(text: &str) -> Vec<Utterance> {
        super::said(text, &SOURCES, Role::Body, Speaker(1), Language::English)
    }

    #[test]
    fn a_sentence_is_an_utterance_about_its_sources() {
        let heard = said("In 1687, Newton (1687) wrote [3] of 4 laws.");
        let [one] = &heard[..] else { panic!("one sentence: {heard:?}") };
        assert_eq!(one.original, "In 1687, Newton (1687) wrote [3] of 4 laws.");
        assert_eq!(one.spoken.matches("sixteen").count(), 2, "a year is no citation here: {}", one.spoken);
        assert!(one.added && one.ends_block && one.sources == SOURCES);
        assert_eq!((one.id, one.speaker, one.role), (0, Speaker(1), Role::Body));
        for step in &one.map {
            assert!(step.spoken.end <= length(&one.spoken) && step.original.end <= length(&one.original), "{step:?}");
        }
        let steps: Vec<&str> = one.map.iter().map(|step| step.spoken.of(&one.spoken)).collect();
        assert_eq!(steps.join(" "), one.spoken);
    }

    #[test]
    fn several_sentences_and_breaths_are_cut_and_nothing_is_lost() {
        let long = format!("{} and so on.", "the water of the lower tank is lifted to the upper tank, ".repeat(30));
        let text = format!("First  this. So {long}");
        let heard = said(&text);
        assert!(heard.len() > 5 && heard[0].original == "First this.", "{heard:?}");
        assert!(heard.iter().all(|said| length(&said.spoken) as usize <= SEGMENT_CHARS + 1));
        assert!(heard.iter().zip(0..).all(|(said, id)| said.id == id && said.added && said.sources == SOURCES));
        assert_eq!(heard.iter().filter(|said| said.ends_block).count(), 1);
        let shown: Vec<&str> = heard.iter().map(|said| said.original.as_str()).collect();
        assert_eq!(shown.join(" "), text.split_whitespace().collect::<Vec<_>>().join(" "));
    }

    #[test]
    fn what_cannot_be_said_is_not_said() {
        assert_eq!(said(""), []);
        assert_eq!(said(" * * * "), []);
        assert_eq!(said("水"), []);
    }
}
