//! The document's own words, as `compose` chooses them: no model, no key and no network.

use std::sync::Arc;

use async_trait::async_trait;
use lectern_core::content::script::{Plan, Section};
use lectern_core::{Failure, ScriptPin, Timestamp};

use super::estimate::heard;
use super::{Capabilities, DEFAULT_WRITER, Estimate, Expected, ScriptEngine, Writing};
use crate::compose::{self, Stop};
use crate::speakable::Language;
use crate::work::compute;

/// The engine of the document's own words.
#[derive(Debug, Clone)]
pub struct Extractive {
    pin: ScriptPin,
    capabilities: Capabilities,
}

impl Extractive {
    /// The engine of this version.
    #[must_use]
    pub fn new() -> Self {
        Self::pinned(compose::pin())
    }

    /// The same under another pin: for tests of what follows from that.
    pub(crate) fn pinned(pin: ScriptPin) -> Self {
        let capabilities = Capabilities {
            styles: compose::styles(),
            languages: Language::ALL.iter().map(|language| language.tag().to_owned()).collect(),
            context_tokens: None,
            output_tokens: None,
            structured: false,
            paid: false,
        };
        Self { pin, capabilities }
    }
}

impl Default for Extractive {
    fn default() -> Self {
        Self::new()
    }
}

#[async_trait]
impl ScriptEngine for Extractive {
    fn pin(&self) -> &ScriptPin {
        &self.pin
    }

    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    async fn ready(&self) -> Result<(), Failure> {
        Ok(())
    }

    /// The words are known before they are said, and nobody is paid for them.
    async fn estimate(&self, work: &Writing<'_>, _: Timestamp) -> Result<Estimate, Failure> {
        self.capabilities.check(work.order, DEFAULT_WRITER)?;
        let (content, key, order) = (Arc::clone(work.content), work.content_key, work.order.clone());
        let stop = Stop::at(work.cancel.clone());
        let said = move || heard(&content, &compose::plan(&content, key, &order, &stop)?, &stop);
        let (words, characters) = compute(said).await?;
        let basis = "the words are the document's own, and are known; no model writes, and nothing is paid for it";
        Ok(Estimate {
            words: Expected::exactly(words),
            characters: Expected::exactly(characters),
            cost: Some(Expected::default()),
            basis: vec![basis.to_owned()],
            ..Estimate::default()
        })
    }

    async fn plan(&self, work: &Writing<'_>) -> Result<Plan, Failure> {
        self.capabilities.check(work.order, DEFAULT_WRITER)?;
        let (content, key, order) = (Arc::clone(work.content), work.content_key, work.order.clone());
        let stop = Stop::at(work.cancel.clone());
        let plan = compute(move || compose::plan(&content, key, &order, &stop)).await?;
        Ok(Plan { engine: self.pin.clone().into(), ..plan })
    }

    async fn write(&self, work: &Writing<'_>, plan: &Plan, index: u32) -> Result<Section, Failure> {
        let (content, plan, stop) = (Arc::clone(work.content), plan.clone(), Stop::at(work.cancel.clone()));
        compute(move || compose::write_section(&content, &plan, index, &stop)).await
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use lectern_core::content::document::{Block, BlockKind, Content, Matter, SCHEMA};
    use lectern_core::content::script::{Character, Direction, Order, Style};
    use lectern_core::{Digest, Reason};
    use tokio_util::sync::CancellationToken;

    use super::*;
    use crate::engine::Answers;
    use crate::payments::Unbilled;

    /// The engine asks nobody: each question is a failure of the test.
    #[derive(Debug)]
    struct Nobody;

    #[async_trait]
    impl Answers for Nobody {
        fn key(&self, _: &[&[u8]]) -> Digest {
            panic!("no answer is asked for")
        }

        async fn find(&self, _: &Digest) -> Result<Option<Bytes>, Failure> {
            panic!("no answer is asked for")
        }

        async fn keep(&self, _: &Digest, _: Bytes) -> Result<(), Failure> {
            panic!("no answer is kept")
        }

        async fn before_payment(&self) -> Result<(), Failure> {
            panic!("nothing is paid")
        }
    }

    fn content() -> Arc<Content> {
        let block = Block {
            id: 0,
            kind: BlockKind::Paragraph,
            text: "Salt is old. It keeps.".to_owned(),
            page: None,
            page_end: None,
            confidence: 1.0,
            language: None,
            matter: Matter::Body,
            spans: Vec::new(),
        };
        Arc::new(Content {
            schema: SCHEMA,
            title: Some("Salt".to_owned()),
            authors: Vec::new(),
            language: "en".to_owned(),
            media_type: "text/plain".to_owned(),
            extractor: "text/1".to_owned(),
            pages: None,
            blocks: vec![block],
            warnings: Vec::new(),
        })
    }

    fn writing<'a>(content: &'a Arc<Content>, order: &'a Order, cancel: &CancellationToken) -> Writing<'a> {
        Writing {
            content,
            content_key: Digest::of(b"salt"),
            order,
            cancel: cancel.clone(),
            answers: &Nobody,
            payments: &Unbilled,
        }
    }

    #[tokio::test]
    async fn it_says_the_document_s_own_words_under_its_own_pin() {
        let (engine, content, cancel) = (Extractive::new(), content(), CancellationToken::new());
        let order = Order::of(Style::Narration);
        let work = writing(&content, &order, &cancel);
        assert_eq!(engine.ready().await, Ok(()));
        let plan = engine.plan(&work).await.unwrap();
        assert_eq!((plan.engine.as_str(), plan.content), (engine.pin().as_str(), Digest::of(b"salt")));
        let section = engine.write(&work, &plan, 0).await.unwrap();
        let said: Vec<&str> = section.utterances.iter().map(|said| said.original.as_str()).collect();
        assert_eq!(said, ["Salt is old.", "It keeps."]);
        assert!(section.dropped.is_empty() && section.utterances.iter().all(|said| !said.added));
        cancel.cancel();
        assert_eq!(engine.plan(&work).await.unwrap_err().reason, Reason::Cancelled);
        assert_eq!(engine.write(&work, &plan, 0).await.unwrap_err().reason, Reason::Cancelled);
    }

    #[tokio::test]
    async fn what_it_would_take_is_what_it_says() {
        let (engine, content, cancel) = (Extractive::new(), content(), CancellationToken::new());
        let order = Order::of(Style::Narration);
        let work = writing(&content, &order, &cancel);
        let estimate = engine.estimate(&work, Timestamp(0)).await.unwrap();
        let plan = engine.plan(&work).await.unwrap();
        let section = engine.write(&work, &plan, 0).await.unwrap();
        let characters: usize = section.utterances.iter().map(|said| said.spoken.chars().count()).sum();
        assert_eq!(estimate.words, Expected::exactly(5));
        assert_eq!(estimate.characters, Expected::exactly(characters as u64));
        assert_eq!((estimate.calls, estimate.cost), (Expected::default(), Some(Expected::default())));
        let lesson = Order::of(Style::Lesson);
        let refused = engine.estimate(&writing(&content, &lesson, &cancel), Timestamp(0)).await.unwrap_err();
        assert_eq!(refused.reason, Reason::StyleUnsupported);
    }

    #[tokio::test]
    async fn what_it_cannot_do_is_refused_by_name() {
        let (engine, content, cancel) = (Extractive::new(), content(), CancellationToken::new());
        let plain = Order::of(Style::Narration);
        let direction = Direction { tone: "calm".to_owned(), ..Direction::PLAIN };
        let cast = vec![Character { name: "Ann".to_owned(), role: String::new(), manner: String::new() }];
        for (order, reason, field, words) in [
            (Order::of(Style::Lesson), Reason::StyleUnsupported, "narration.style", "narration, briefing"),
            (Order::of(Style::Dialogue), Reason::StyleUnsupported, "narration.style", "narration, briefing"),
            (Order { direction, ..plain.clone() }, Reason::InvalidField, "narration.direction", "another writer"),
            (Order { cast, ..plain }, Reason::InvalidField, "narration.cast", "another writer"),
        ] {
            let refused = engine.plan(&writing(&content, &order, &cancel)).await.unwrap_err();
            assert_eq!((refused.reason, refused.field.as_deref()), (reason, Some(field)));
            assert!(refused.message.contains(words), "{refused}");
        }
    }
}
