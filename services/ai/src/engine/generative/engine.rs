//! The engine behind its port.

use std::sync::Arc;

use async_trait::async_trait;
use lectern_core::content::script::{Plan, PlannedSection, Section, Style};
use lectern_core::{Failure, Kind, Random, Reason, ScriptPin, Timestamp};
use tokio::sync::Semaphore;

use super::desk::Desk;
use super::{estimate, prompt, style};
use crate::engine::{Capabilities, DEFAULT_WRITER, Estimate, ScriptEngine, Writing};
use crate::grounding::{CHECKS, ClaimLanguage};
use crate::model::TextModel;
use crate::speakable::{self, Language};

/// A writer with words of its own: a model's.
#[derive(Debug)]
pub struct Generative {
    /// Its name in the settings.
    writer: String,
    pin: ScriptPin,
    capabilities: Capabilities,
    model: Arc<dyn TextModel>,
    random: Arc<dyn Random>,
    /// Calls at once.
    calls: Semaphore,
}

impl Generative {
    /// The writer of this name, over a model. `settings` are those that change its words, as a text
    /// for the pin; empty for none. At most `concurrency` calls are made at once.
    #[must_use]
    pub fn new(
        writer: &str,
        model: Arc<dyn TextModel>,
        random: Arc<dyn Random>,
        settings: &str,
        concurrency: usize,
    ) -> Self {
        let row = model.describe();
        let pin = ScriptPin::new(row.provider.name(), &row.id).with("prompts", prompt::PROMPTS).with("checks", CHECKS);
        let pin = if settings.is_empty() { pin } else { pin.with("settings", settings) };
        let capabilities = Capabilities {
            styles: vec![Style::Narration, Style::Briefing, Style::Lesson, Style::Dialogue],
            languages: languages().map(str::to_owned).collect(),
            context_tokens: Some(row.context),
            output_tokens: Some(row.output),
            structured: true,
            paid: !row.prices.is_empty(),
        };
        let calls = Semaphore::new(concurrency.clamp(1, Semaphore::MAX_PERMITS));
        Self { writer: writer.to_owned(), pin: speakable::with_rules(pin), capabilities, model, random, calls }
    }

    fn desk<'a>(&'a self, work: &'a Writing<'a>) -> Result<Desk<'a>, Failure> {
        let claims = language(work)?;
        Ok(Desk {
            model: &*self.model,
            pin: &self.pin,
            writer: &self.writer,
            random: &*self.random,
            calls: &self.calls,
            work,
            language: claims.into(),
            claims,
        })
    }
}

#[async_trait]
impl ScriptEngine for Generative {
    fn pin(&self) -> &ScriptPin {
        &self.pin
    }

    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    async fn ready(&self) -> Result<(), Failure> {
        self.model.ready().await.map_err(|error| error.failure(&self.writer))
    }

    async fn estimate(&self, work: &Writing<'_>, now: Timestamp) -> Result<Estimate, Failure> {
        self.capabilities.check(work.order, &self.writer)?;
        let desk = self.desk(work)?;
        desk.check()?;
        estimate::estimate(&desk, now).await
    }

    async fn plan(&self, work: &Writing<'_>) -> Result<Plan, Failure> {
        self.capabilities.check_style(work.order.style, &self.writer)?;
        let desk = self.desk(work)?;
        let order = work.order;
        if order.style != Style::Dialogue && !order.cast.is_empty() {
            let message = "a cast is for a dialogue; leave it out, or order that style";
            return Err(Failure::invalid("narration.cast", message));
        }
        desk.check()?;
        match order.style {
            Style::Narration => style::narration::plan(desk).await,
            Style::Briefing => style::briefing::plan(desk).await,
            Style::Lesson => style::lesson::plan(desk).await,
            Style::Dialogue => style::dialogue::plan(desk).await,
        }
    }

    async fn write(&self, work: &Writing<'_>, plan: &Plan, index: u32) -> Result<Section, Failure> {
        let desk = self.desk(work)?;
        desk.check()?;
        let planned: &PlannedSection = plan.sections.get(index as usize).ok_or_else(|| {
            let message = format!("the plan has {} sections; ask for one below that", plan.sections.len());
            Failure::invalid("index", message)
        })?;
        match plan.order.style {
            Style::Narration => style::narration::write(desk, plan, planned).await,
            Style::Briefing => style::briefing::write(desk, plan, planned).await,
            Style::Lesson => style::lesson::write(desk, plan, planned).await,
            Style::Dialogue => style::dialogue::write(desk, plan, planned).await,
        }
    }
}

/// The languages that a model writes in: those in which its sentences can be checked.
fn languages() -> impl Iterator<Item = &'static str> {
    ClaimLanguage::ALL.into_iter().map(|claims| Language::from(claims).tag())
}

/// The language that is written in: the document's.
///
/// # Errors
/// `LANGUAGE_UNSUPPORTED`, `FEATURE_UNAVAILABLE` for another than the document's.
fn language(work: &Writing<'_>) -> Result<ClaimLanguage, Failure> {
    let tag = work.order.language.as_deref().unwrap_or(&work.content.language);
    let language = Language::of(tag);
    let claims = language.and_then(ClaimLanguage::of).ok_or_else(|| {
        let known = languages().collect::<Vec<_>>().join(", ");
        let message = format!(
            "the document is in `{tag}`; a model writes in {known} alone so far: choose the writer {DEFAULT_WRITER}, or, \
             if it was taken for another language, order it with `language_code` set"
        );
        Failure::new(Kind::FailedPrecondition, Reason::LanguageUnsupported, message)
    })?;
    let wanted = work.order.direction.language.as_str();
    if !wanted.is_empty() && Language::of(wanted) != language {
        let message = "a script is written in the document's language so far; leave the language of the direction out";
        let failure = Failure::new(Kind::Unimplemented, Reason::FeatureUnavailable, message);
        return Err(failure.at("narration.direction.language_code"));
    }
    Ok(claims)
}
