//! One sentence, and all that it is held to.

use lectern_core::content::script::{DropReason, Role, Speaker, Utterance};
use lectern_core::content::{Range, words};

use super::hostile::Hostile;
use super::repeated::Gist;
use super::speech;
use crate::compose;
use crate::engine::generative::material::Material;
use crate::grounding::{self, Context, FaultKind, explain};
use crate::speakable::{self, Language};

/// Why a sentence is not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::engine::generative) struct Fault {
    pub(in crate::engine::generative) reason: DropReason,
    /// What is wrong, for people and for the model.
    pub(in crate::engine::generative) detail: String,
}

/// A sentence as a model wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::engine::generative) struct Said {
    pub(in crate::engine::generative) text: String,
    /// The blocks that it names.
    pub(in crate::engine::generative) blocks: Vec<u32>,
    /// Whether it says nothing about the subject, by the model's own word.
    pub(in crate::engine::generative) own: bool,
    pub(in crate::engine::generative) ends_paragraph: bool,
    pub(in crate::engine::generative) speaker: u8,
}

impl Said {
    /// As many as its text has sentences, in their order: a model may put several into one. Each
    /// names the same blocks and is said by the same speaker, and is checked, taken or dropped by
    /// itself. A pause follows the last.
    pub(in crate::engine::generative) fn apart(self, language: Language) -> Vec<Self> {
        let ranges = speakable::sentences(&self.text, language);
        let Some(last) = ranges.len().checked_sub(1).filter(|last| *last > 0) else { return vec![self] };
        let one = |(at, range): (usize, &Range)| Self {
            text: range.of(&self.text).to_owned(),
            blocks: self.blocks.clone(),
            ends_paragraph: self.ends_paragraph && at == last,
            ..self
        };
        ranges.iter().enumerate().map(one).collect()
    }

    /// What of it is heard.
    pub(in crate::engine::generative) fn utterances(&self, material: &Material, language: Language) -> Vec<Utterance> {
        let sources = material.sources(&self.blocks);
        compose::words::said(&self.text, &sources, Role::Body, Speaker(self.speaker), language)
    }

    /// How many words are heard of it.
    pub(in crate::engine::generative) fn words(&self, language: Language) -> u32 {
        let heard = compose::words::said(&self.text, &[], Role::Body, Speaker::default(), language);
        heard.iter().map(|utterance| words(&utterance.spoken)).fold(0, u32::saturating_add)
    }
}

/// What sentences of one section are held to.
#[derive(Debug)]
pub(in crate::engine::generative) struct Checker<'a> {
    material: &'a Material,
    context: Context<'a>,
    hostile: Hostile,
    own_brief: Gist,
    /// The sentences of the other sections' briefs.
    elsewhere: Vec<Gist>,
}

impl<'a> Checker<'a> {
    /// For a section of this material, whose own brief and those of others are known.
    pub(in crate::engine::generative) fn new<'b>(
        material: &'a Material,
        context: Context<'a>,
        brief: &str,
        others: impl Iterator<Item = &'b str>,
    ) -> Self {
        let language = Language::from(context.language);
        let around: Vec<&str> = std::iter::once(context.title).chain(context.authors.iter().copied()).collect();
        let hostile = Hostile::of(material, &around, language);
        let gists = |text: &'b str| {
            let sentences = speakable::sentences(text, language).into_iter();
            sentences.map(|range| Gist::of(range.of(text))).collect::<Vec<_>>()
        };
        Self { material, context, hostile, own_brief: Gist::of(brief), elsewhere: others.flat_map(gists).collect() }
    }

    /// What is wrong with each sentence of a section, in order; none where nothing is.
    pub(in crate::engine::generative) fn check(&self, sentences: &[Said]) -> Vec<Option<Fault>> {
        let mut before: Vec<Gist> = Vec::new();
        let mut faults = Vec::with_capacity(sentences.len());
        for said in sentences {
            let gist = Gist::of(&said.text);
            let fault = self.alone(said).or_else(|| self.repeated(&gist, &before));
            if fault.is_none() {
                before.push(gist);
            }
            faults.push(fault);
        }
        faults
    }

    fn repeated(&self, gist: &Gist, before: &[Gist]) -> Option<Fault> {
        let fault = |detail: &str| Some(Fault { reason: DropReason::Repeated, detail: detail.to_owned() });
        if before.iter().any(|said| said.is_like(gist)) {
            return fault("it was said before in this section");
        }
        if self.elsewhere.iter().any(|brief| brief.is_like(gist)) && !self.own_brief.is_like(gist) {
            return fault("another section says it");
        }
        None
    }

    /// What is wrong with a sentence, whatever stands around it.
    fn alone(&self, said: &Said) -> Option<Fault> {
        let sources = self.material.texts(&said.blocks);
        if let Some(fault) = speech::fault(&said.text, &sources) {
            return Some(fault);
        }
        if let Some(fault) = self.hostile.fault(&said.text) {
            return Some(fault);
        }
        if said.words(self.context.language.into()) == 0 {
            return Some(Fault { reason: DropReason::NotSpeech, detail: "nothing of it can be said".to_owned() });
        }
        let unsourced = |detail: String| Some(Fault { reason: DropReason::Unsourced, detail });
        if let Some(block) = said.blocks.iter().find(|block| self.material.find(**block).is_none()) {
            return unsourced(format!("it names block {block}, which is not in the material"));
        }
        if said.blocks.is_empty() && !said.own {
            return unsourced("it names no block".to_owned());
        }
        let verdict = grounding::check(&said.text, &sources, &self.context);
        if verdict.passes() {
            return None;
        }
        if said.blocks.is_empty() {
            // With nothing to hold it against, only what it must not have at all is a fault.
            let fact = verdict.faults.iter().find(|fault| fault.kind != FaultKind::Direction)?;
            return unsourced(format!("it is to say nothing about the subject, and has a {}", fact.kind.word()));
        }
        Some(Fault { reason: DropReason::Ungrounded, detail: explain(&verdict) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str) -> Said {
        Said { text: text.to_owned(), blocks: vec![3, 4], own: false, ends_paragraph: true, speaker: 1 }
    }

    #[test]
    fn a_text_of_several_sentences_is_as_many_of_the_same_blocks_and_speaker() {
        let apart = said("The pump ran. At 3.5 bar, Dr. Field stopped it. Why?").apart(Language::English);
        let one = |text: &str, ends_paragraph: bool| Said { ends_paragraph, ..said(text) };
        let expected =
            [one("The pump ran.", false), one("At 3.5 bar, Dr. Field stopped it.", false), one("Why?", true)];
        assert_eq!(apart, expected);
    }

    #[test]
    fn a_text_of_one_sentence_or_of_none_stays_as_it_is() {
        for text in ["The pump ran at 3.5 bar.", "The pump and", ""] {
            assert_eq!(said(text).apart(Language::English), [said(text)], "{text:?}");
        }
    }
}
