//! A writer of several: what its own model cannot write, another one does, in the order of its
//! settings (`writers.NAME.others`). Whoever orders it allows that, and the script says who wrote
//! what: its plan has the pin of the one that planned it, and a section that another one wrote has
//! that one's.
//!
//! The next one is asked where an engine is to blame ([`is_of_engine`]): never where the order is
//! wrong, the budget is used up, or nobody wants the work any more. Each pays for its own calls,
//! out of the same budgets.

use async_trait::async_trait;
use lectern_core::content::script::{Plan, Section};
use lectern_core::{Digest, Failure, Reason, ScriptPin, Timestamp};
use tracing::warn;

use super::{Capabilities, Estimate, ScriptEngine, Writer, Writing};

/// The name of the engine in pins, by which a pause holds up all writers that have others. Breakers
/// go by the name of each, so no outage of one of its writers holds up what another one can do.
const NAME: &str = "first-of";
/// Hexadecimal digits of the digest of the pins, in its own pin.
const DIGITS: usize = 16;

/// Several engines in one, each with words of its own.
#[derive(Debug)]
pub struct FirstOf {
    pin: ScriptPin,
    capabilities: Capabilities,
    first: Writer,
    others: Vec<Writer>,
}

impl FirstOf {
    /// The engine of `first`, and of `others` in their order where that one cannot. It is pinned to
    /// all of them, and can do what all of them can.
    #[must_use]
    pub fn new(first: Writer, others: Vec<Writer>) -> Self {
        let mut capabilities = first.engine.capabilities().clone();
        let (mut names, mut pins) = (first.name.clone(), first.engine.pin().to_string());
        for other in &others {
            let also = other.engine.capabilities();
            capabilities.styles.retain(|style| also.styles.contains(style));
            capabilities.languages.retain(|language| also.languages.contains(language));
            capabilities.context_tokens = least(capabilities.context_tokens, also.context_tokens);
            capabilities.output_tokens = least(capabilities.output_tokens, also.output_tokens);
            capabilities.structured &= also.structured;
            capabilities.paid |= also.paid;
            names.push_str(&format!(",{}", other.name));
            pins.push_str(&format!(" {}", other.engine.pin()));
        }
        let digest: String = Digest::of(pins.as_bytes()).to_string().chars().take(DIGITS).collect();
        let pin = ScriptPin::new(NAME, names).with("pins", digest);
        Self { pin, capabilities, first, others }
    }

    fn all(&self) -> impl Iterator<Item = &Writer> {
        std::iter::once(&self.first).chain(&self.others)
    }

    /// All of them, the one with this pin before the others.
    fn in_turn(&self, pin: &str) -> Vec<&Writer> {
        let mut all: Vec<&Writer> = self.all().collect();
        all.sort_by_key(|writer| writer.engine.pin().as_str() != pin);
        all
    }
}

/// The less of two; none of one that has none.
fn least(one: Option<u32>, other: Option<u32>) -> Option<u32> {
    one.zip(other).map(|(one, other)| one.min(other))
}

/// Whether a failure is an engine's, so that another one may do better.
fn is_of_engine(failure: &Failure) -> bool {
    [
        Reason::EngineRefused,
        Reason::EngineCredentials,
        Reason::EngineBudget,
        Reason::EngineLimited,
        Reason::EngineUnavailable,
        Reason::ScriptRejected,
    ]
    .contains(&failure.reason)
}

/// The failures of engines that were asked one after the other.
#[derive(Debug, Default)]
struct Failures(Vec<Failure>);

impl Failures {
    /// Goes on to the next one, unless another could do no better.
    ///
    /// # Errors
    /// The failure.
    fn note(&mut self, writer: &Writer, failure: Failure) -> Result<(), Failure> {
        if !is_of_engine(&failure) {
            return Err(failure);
        }
        warn!(writer = writer.name, %failure, "the writer cannot, the next one is asked if there is one");
        self.0.push(failure);
        Ok(())
    }

    /// That of all: the one that somebody or some time may mend, else the first.
    fn last(self) -> Failure {
        let mends = |failure: &Failure| {
            failure.kind.retryable() || matches!(failure.reason, Reason::EngineCredentials | Reason::EngineBudget)
        };
        let Self(all) = self;
        let best = all.iter().find(|failure| mends(failure)).or_else(|| all.first());
        best.cloned().unwrap_or_else(|| Failure::internal("no writer was asked"))
    }
}

#[async_trait]
impl ScriptEngine for FirstOf {
    fn pin(&self) -> &ScriptPin {
        &self.pin
    }

    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    /// Whether one of them could write.
    async fn ready(&self) -> Result<(), Failure> {
        let mut failures = Failures::default();
        for writer in self.all() {
            match writer.engine.ready().await {
                Ok(()) => return Ok(()),
                Err(failure) => failures.0.push(failure),
            }
        }
        Err(failures.last())
    }

    /// What the first of them would take.
    async fn estimate(&self, work: &Writing<'_>, now: Timestamp) -> Result<Estimate, Failure> {
        self.first.engine.estimate(work, now).await
    }

    async fn plan(&self, work: &Writing<'_>) -> Result<Plan, Failure> {
        self.capabilities.check_style(work.order.style, &self.first.name)?;
        let mut failures = Failures::default();
        for writer in self.all() {
            match writer.engine.plan(work).await {
                Ok(plan) => return Ok(plan),
                Err(failure) => failures.note(writer, failure)?,
            }
        }
        Err(failures.last())
    }

    /// Asks the one that planned first, so that a script is of one hand where that can be.
    async fn write(&self, work: &Writing<'_>, plan: &Plan, index: u32) -> Result<Section, Failure> {
        let mut failures = Failures::default();
        for writer in self.in_turn(&plan.engine) {
            let pin = writer.engine.pin().as_str();
            match writer.engine.write(work, plan, index).await {
                Ok(section) if pin == plan.engine => return Ok(section),
                Ok(section) => return Ok(Section { engine: pin.to_owned(), ..section }),
                Err(failure) => failures.note(writer, failure)?,
            }
        }
        Err(failures.last())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use lectern_core::Kind;
    use lectern_core::content::document::{Block, BlockKind, Content, Matter, SCHEMA};
    use lectern_core::content::script::{Order, Style};
    use parking_lot::Mutex;
    use tokio_util::sync::CancellationToken;

    use super::*;
    use crate::engine::Extractive;
    use crate::payments::Unbilled;
    use crate::work::Unkept;

    /// The extractive engine under a pin of its own, which fails as often as it is told to.
    #[derive(Debug)]
    struct Failing {
        engine: Extractive,
        capabilities: Capabilities,
        failures: Mutex<Vec<Failure>>,
        asked: Mutex<usize>,
    }

    impl Failing {
        fn step(&self) -> Result<(), Failure> {
            *self.asked.lock() += 1;
            self.failures.lock().pop().map_or(Ok(()), Err)
        }
    }

    #[async_trait]
    impl ScriptEngine for Failing {
        fn pin(&self) -> &ScriptPin {
            self.engine.pin()
        }

        fn capabilities(&self) -> &Capabilities {
            &self.capabilities
        }

        async fn ready(&self) -> Result<(), Failure> {
            self.step()
        }

        async fn estimate(&self, work: &Writing<'_>, now: Timestamp) -> Result<Estimate, Failure> {
            self.engine.estimate(work, now).await
        }

        async fn plan(&self, work: &Writing<'_>) -> Result<Plan, Failure> {
            self.step()?;
            self.engine.plan(work).await
        }

        async fn write(&self, work: &Writing<'_>, plan: &Plan, index: u32) -> Result<Section, Failure> {
            self.step()?;
            self.engine.write(work, plan, index).await
        }
    }

    fn failing(pin: &str) -> Arc<Failing> {
        let engine = Extractive::pinned(pin.parse().unwrap());
        let capabilities = engine.capabilities().clone();
        Arc::new(Failing { engine, capabilities, failures: Mutex::default(), asked: Mutex::default() })
    }

    struct World {
        first: Arc<Failing>,
        second: Arc<Failing>,
        both: FirstOf,
        content: Arc<Content>,
        order: Order,
    }

    fn writer(name: &str, engine: &Arc<Failing>) -> Writer {
        Writer { name: name.to_owned(), engine: Arc::<Failing>::clone(engine) }
    }

    impl World {
        fn new() -> Self {
            let (first, second) = (failing("a/1+speech-en/6"), failing("b/1+speech-en/6"));
            let both = FirstOf::new(writer("a", &first), vec![writer("b", &second)]);
            let block = Block {
                id: 0,
                kind: BlockKind::Paragraph,
                text: "Salt is old.".to_owned(),
                page: None,
                page_end: None,
                confidence: 1.0,
                language: None,
                matter: Matter::Body,
                spans: Vec::new(),
            };
            let content = Content {
                schema: SCHEMA,
                title: Some("Salt".to_owned()),
                authors: Vec::new(),
                language: "en".to_owned(),
                media_type: "text/plain".to_owned(),
                extractor: "text/1".to_owned(),
                pages: None,
                blocks: vec![block],
                warnings: Vec::new(),
            };
            Self { first, second, both, content: Arc::new(content), order: Order::of(Style::Narration) }
        }

        fn work(&self) -> Writing<'_> {
            Writing {
                content: &self.content,
                content_key: Digest::of(b"content"),
                order: &self.order,
                cancel: CancellationToken::new(),
                answers: &Unkept,
                payments: &Unbilled,
            }
        }

        fn asked(&self) -> (usize, usize) {
            (*self.first.asked.lock(), *self.second.asked.lock())
        }
    }

    fn failure(kind: Kind, reason: Reason) -> Failure {
        Failure::new(kind, reason, "it cannot")
    }

    const REFUSED: (Kind, Reason) = (Kind::FailedPrecondition, Reason::EngineRefused);

    #[tokio::test]
    async fn the_first_one_writes_all_of_it_where_it_can() {
        let world = World::new();
        let plan = world.both.plan(&world.work()).await.unwrap();
        let section = world.both.write(&world.work(), &plan, 0).await.unwrap();
        assert_eq!((plan.engine.as_str(), section.engine.as_str()), ("a/1+speech-en/6", ""));
        assert_eq!(world.asked(), (2, 0));
    }

    #[tokio::test]
    async fn another_one_goes_on_and_the_script_says_which() {
        for reason in [
            Reason::EngineRefused,
            Reason::EngineCredentials,
            Reason::EngineBudget,
            Reason::EngineLimited,
            Reason::EngineUnavailable,
            Reason::ScriptRejected,
        ] {
            let world = World::new();
            let plan = world.both.plan(&world.work()).await.unwrap();
            world.first.failures.lock().push(failure(Kind::FailedPrecondition, reason));
            let section = world.both.write(&world.work(), &plan, 0).await.unwrap();
            assert_eq!(section.engine, "b/1+speech-en/6", "{reason}");
            let again = world.both.write(&world.work(), &plan, 0).await.unwrap();
            assert_eq!(again.engine, "", "the one that planned is asked first");
        }
    }

    #[tokio::test]
    async fn whoever_planned_writes_first() {
        let world = World::new();
        world.first.failures.lock().push(failure(REFUSED.0, REFUSED.1));
        let plan = world.both.plan(&world.work()).await.unwrap();
        assert_eq!(plan.engine, "b/1+speech-en/6");
        let section = world.both.write(&world.work(), &plan, 0).await.unwrap();
        assert_eq!((section.engine.as_str(), world.asked()), ("", (1, 2)));
    }

    #[tokio::test]
    async fn what_no_other_one_can_mend_is_the_end() {
        for (kind, reason) in [
            (Kind::ResourceExhausted, Reason::BudgetExhausted),
            (Kind::InvalidArgument, Reason::InvalidField),
            (Kind::Cancelled, Reason::Cancelled),
            (Kind::Unavailable, Reason::StoreUnavailable),
        ] {
            let world = World::new();
            world.first.failures.lock().push(failure(kind, reason));
            assert_eq!(world.both.plan(&world.work()).await.unwrap_err().reason, reason);
            assert_eq!(world.asked(), (1, 0), "{reason}");
        }
    }

    #[tokio::test]
    async fn where_none_can_it_fails_as_the_one_does_that_may_be_mended() {
        for (of_first, of_second, expected) in [
            (REFUSED, (Kind::Unavailable, Reason::EngineUnavailable), Reason::EngineUnavailable),
            (REFUSED, (Kind::FailedPrecondition, Reason::EngineBudget), Reason::EngineBudget),
            (REFUSED, (Kind::FailedPrecondition, Reason::ScriptRejected), Reason::EngineRefused),
        ] {
            let world = World::new();
            world.first.failures.lock().push(failure(of_first.0, of_first.1));
            world.second.failures.lock().push(failure(of_second.0, of_second.1));
            assert_eq!(world.both.plan(&world.work()).await.unwrap_err().reason, expected);
        }
        let world = World::new();
        world.first.failures.lock().push(failure(REFUSED.0, REFUSED.1));
        assert_eq!(world.both.ready().await, Ok(()), "one of them could");
    }

    #[test]
    fn it_is_pinned_to_all_of_them_and_can_do_what_all_of_them_can() {
        let world = World::new();
        let pin = world.both.pin().to_string();
        assert!(pin.starts_with("first-of/a,b+pins/") && pin.parse::<ScriptPin>().is_ok(), "{pin}");
        assert_eq!(world.both.pin().engine(), NAME, "a pause of one of its writers is none of it");
        let newer = FirstOf::new(writer("a", &world.first), vec![writer("b", &failing("b/2+speech-en/6"))]);
        assert_ne!(newer.pin().to_string(), pin);
        let alone = FirstOf::new(writer("a", &world.first), Vec::new());
        assert_eq!(alone.capabilities(), world.first.capabilities());
    }
}
