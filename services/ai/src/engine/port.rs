//! The port.

use std::fmt::Debug;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use lectern_core::content::document::Content;
use lectern_core::content::script::{Order, Plan, Section, Style};
use lectern_core::{Digest, Failure, Kind, Reason, ScriptPin, Timestamp};
use tokio_util::sync::CancellationToken;

use super::Estimate;
use crate::payments::Payments;

/// What writes scripts. Equal work gives an equal plan and equal sections for as long as the pin is
/// the same, or else one answer of the engine is kept in [`Answers`] and is the answer from then
/// on.
#[async_trait]
pub trait ScriptEngine: Send + Sync + Debug {
    /// What the engine is pinned to: it changes whenever its words may.
    fn pin(&self) -> &ScriptPin;

    /// What it can do.
    fn capabilities(&self) -> &Capabilities;

    /// Whether it could write now, found out without paying.
    ///
    /// # Errors
    /// `ENGINE_UNAVAILABLE`, `ENGINE_LIMITED`, or what keeps it from working until somebody changes
    /// the settings, saying what to change.
    async fn ready(&self) -> Result<(), Failure>;

    /// What a script of this order would take, by the prices of the day of `now`. Nothing is
    /// written for it, and no model is asked.
    ///
    /// # Errors
    /// Those of [`Self::plan`], as far as they do not come from a model.
    async fn estimate(&self, work: &Writing<'_>, now: Timestamp) -> Result<Estimate, Failure>;

    /// The outline of a script: its sections, and what of the document is in none of them, each
    /// block with its reason.
    ///
    /// # Errors
    /// `STYLE_UNSUPPORTED` for a style that it does not write, `LANGUAGE_UNSUPPORTED`,
    /// `DOCUMENT_EMPTY` where nothing is left to say, `INVALID_FIELD` where the order contradicts
    /// itself, the engine or the document, `CANCELLED`; of an engine with a model also what that
    /// answers.
    async fn plan(&self, work: &Writing<'_>) -> Result<Plan, Failure>;

    /// The section `index` of `plan`, which this engine made, written out as utterances. It says of
    /// every block of the section what became of it.
    ///
    /// # Errors
    /// `INVALID_FIELD` where the plan has no such section, `OBJECT_DAMAGED` where it names blocks
    /// that the content has not, `CANCELLED`; of an engine with a model also what that answers.
    async fn write(&self, work: &Writing<'_>, plan: &Plan, index: u32) -> Result<Section, Failure>;
}

/// What an engine can do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capabilities {
    /// The styles that it writes.
    pub styles: Vec<Style>,
    /// The languages that it writes in, BCP 47 tags.
    pub languages: Vec<String>,
    /// Tokens that its model reads at once; none for an engine without a model.
    pub context_tokens: Option<u32>,
    /// Tokens that its model writes at once; none for an engine without a model.
    pub output_tokens: Option<u32>,
    /// Whether its model is held to a schema by whoever runs it, beside our own check.
    pub structured: bool,
    /// Whether a call costs money.
    pub paid: bool,
}

impl Capabilities {
    /// Whether it has words of its own: a model wrote them, so nobody knows them before it has.
    #[must_use]
    pub const fn own_words(&self) -> bool {
        self.context_tokens.is_some()
    }

    /// Refuses a style that it does not write.
    ///
    /// # Errors
    /// `STYLE_UNSUPPORTED`, naming the styles that `writer` writes.
    pub fn check_style(&self, style: Style, writer: &str) -> Result<(), Failure> {
        if self.styles.contains(&style) {
            return Ok(());
        }
        let styles = self.styles.iter().map(|style| style.name()).collect::<Vec<_>>().join(", ");
        let message = format!(
            "the writer {writer} does not write a {}, only: {styles}; order one of these, or choose another writer",
            style.name()
        );
        Err(Failure::new(Kind::InvalidArgument, Reason::StyleUnsupported, message).at("narration.style"))
    }

    /// Refuses an order that it cannot write, whatever the document: one of a style that is not its
    /// own, or, where it has no words of its own, one that says how they should be.
    ///
    /// # Errors
    /// Those of [`Self::check_style`]; `INVALID_FIELD`.
    pub fn check(&self, order: &Order, writer: &str) -> Result<(), Failure> {
        self.check_style(order.style, writer)?;
        if self.own_words() {
            return Ok(());
        }
        let refusal = |what: &str| {
            let message = format!(
                "the writer {writer} says the document's own words and takes no {what}; leave it out, or choose \
                 another writer"
            );
            Err(Failure::invalid(format!("narration.{what}"), message))
        };
        if !order.direction.is_plain() {
            return refusal("direction");
        }
        if !order.cast.is_empty() {
            return refusal("cast");
        }
        Ok(())
    }
}

/// What is to be written.
#[derive(Debug)]
pub struct Writing<'a> {
    /// The document.
    pub content: &'a Arc<Content>,
    /// The key of the document's content.
    pub content_key: Digest,
    /// What the caller wants said.
    pub order: &'a Order,
    /// Fires when nobody wants it any more.
    pub cancel: CancellationToken,
    /// Where answers that were paid for are kept.
    pub answers: &'a dyn Answers,
    /// Who pays for them.
    pub payments: &'a dyn Payments,
}

/// Where answers that were paid for are kept: asked before a call, told after it. So an attempt
/// that broke off after its third call pays for the fourth and not for the first again (I8), and
/// the first answer that was kept for a key is the answer.
#[async_trait]
pub trait Answers: Send + Sync + Debug {
    /// The key of an answer of this step, which follows from all that decides the call: `parts`,
    /// each apart from the others.
    fn key(&self, parts: &[&[u8]]) -> Digest;

    /// The answer that is kept under `key`.
    ///
    /// # Errors
    /// `BLOB_UNAVAILABLE`, `OBJECT_DAMAGED`.
    async fn find(&self, key: &Digest) -> Result<Option<Bytes>, Failure>;

    /// Keeps an answer. Where there is one already, that one stays.
    ///
    /// # Errors
    /// `BLOB_UNAVAILABLE`.
    async fn keep(&self, key: &Digest, answer: Bytes) -> Result<(), Failure>;

    /// To be called before each call that costs money.
    ///
    /// # Errors
    /// `CANCELLED` where somebody else has the step; `FEATURE_UNAVAILABLE` where nothing may be
    /// paid for, since it could not be kept.
    async fn before_payment(&self) -> Result<(), Failure>;
}
