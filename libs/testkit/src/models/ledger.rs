//! What a fake itself counted: every call, what it cost, and whether its answer got out.

use std::fmt::Debug;
use std::ops::Add;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;

use super::author::Asked;
use super::faults::ModelFault;
use super::switches::Fault;

/// What a call wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallKind {
    /// An answer at once.
    Unary,
    /// An answer in events.
    Streamed,
    /// To know how many tokens a prompt has, or which models there are: free of charge.
    Free,
}

/// One call, as the fake counted it.
#[derive(Debug, Clone)]
pub struct ModelCall {
    /// Its place among the calls of this fake, from 0.
    pub number: u64,
    /// What it wanted.
    pub kind: CallKind,
    /// The model's name as it was asked for; empty where the call was refused before that was read.
    pub model: String,
    /// The status of HTTP that it was answered with; 0 where the connection ended without one.
    pub status: u16,
    /// What is billed for it; nothing where it was refused.
    pub tokens: ModelTokens,
    /// Why the text ended, as the wire says it; empty where it was refused.
    pub finish: String,
    /// Whether all of the answer, with its usage, was handed to the connection. False for one that
    /// was lost or cut, that nobody waited for, or that did not say what it used.
    pub delivered: bool,
    /// What went wrong on demand.
    pub fault: Option<ModelFault>,
    /// What was asked; none where it was refused before that was read.
    pub asked: Option<Arc<Asked>>,
}

impl Entry for ModelCall {
    type Bill = ModelTokens;
    type Fault = ModelFault;

    fn new(_: &str) -> Self {
        Self {
            number: 0,
            kind: CallKind::Free,
            model: String::new(),
            status: 0,
            tokens: ModelTokens::default(),
            finish: String::new(),
            delivered: false,
            fault: None,
            asked: None,
        }
    }

    fn fault(&self) -> Option<ModelFault> {
        self.fault
    }

    fn bill(&self) -> ModelTokens {
        self.tokens
    }

    fn is_delivered(&self) -> bool {
        self.delivered
    }

    fn numbered(self, number: u64) -> Self {
        Self { number, ..self }
    }

    fn answered(self, status: u16) -> Self {
        Self { status, ..self }
    }

    fn delivered(self, delivered: bool) -> Self {
        Self { delivered, ..self }
    }
}

/// Tokens that are billed, counted by [`tokens`](super::tokens()).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ModelTokens {
    /// Tokens of prompts, the cached ones included.
    pub input: u64,
    /// Those of `input` that were found in the provider's cache, and cost less.
    pub cached: u64,
    /// Tokens of text that was written, without thoughts.
    pub output: u64,
    /// Tokens of thoughts, which cost as much as text.
    pub thoughts: u64,
}

impl Add for ModelTokens {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            input: self.input + other.input,
            cached: self.cached + other.cached,
            output: self.output + other.output,
            thoughts: self.thoughts + other.thoughts,
        }
    }
}

/// A call as a ledger has it.
pub trait Entry: Clone + Debug + Send + Sync + 'static {
    /// What is billed for it.
    type Bill: Copy + Default + PartialEq + Add<Output = Self::Bill>;
    /// What may go wrong with it on demand.
    type Fault: Fault;

    /// A call of this path of which nothing is known yet.
    fn new(path: &str) -> Self;

    /// What goes wrong with it.
    fn fault(&self) -> Option<Self::Fault>;

    /// What is billed for it; nothing where it was refused.
    fn bill(&self) -> Self::Bill;

    /// Whether all of its answer was handed to the connection.
    fn is_delivered(&self) -> bool;

    /// The same in this place among the calls of its fake.
    #[must_use]
    fn numbered(self, number: u64) -> Self;

    /// The same, answered with this status.
    #[must_use]
    fn answered(self, status: u16) -> Self;

    /// The same with its answer handed to the connection, or not.
    #[must_use]
    fn delivered(self, delivered: bool) -> Self;
}

/// A call that was written down, and whether all of its answer was handed to the connection.
type Entered<C> = (C, Arc<AtomicBool>);

/// Everything that a fake was called for. Clones see the same.
#[derive(Debug)]
pub struct Calls<C>(Arc<Mutex<Vec<Entered<C>>>>);

/// Everything that a fake of a model was called for.
pub type Ledger = Calls<ModelCall>;

impl<C> Clone for Calls<C> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<C> Default for Calls<C> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<C: Entry> Calls<C> {
    /// All calls, in the order in which they were decided.
    #[must_use]
    pub fn calls(&self) -> Vec<C> {
        let entries = self.0.lock();
        entries.iter().map(|(call, delivered)| call.clone().delivered(delivered.load(Ordering::Acquire))).collect()
    }

    /// How many calls there were that cost something.
    #[must_use]
    pub fn billed_calls(&self) -> usize {
        self.calls().iter().filter(|call| call.bill() != C::Bill::default()).count()
    }

    /// All that is billed.
    #[must_use]
    pub fn billed(&self) -> C::Bill {
        self.sum(|_| true)
    }

    /// What is billed for answers that got out: what a client can know.
    #[must_use]
    pub fn delivered(&self) -> C::Bill {
        self.sum(C::is_delivered)
    }

    /// What is billed for answers that did not get out.
    #[must_use]
    pub fn lost(&self) -> C::Bill {
        self.sum(|call| !call.is_delivered())
    }

    fn sum(&self, which: impl Fn(&C) -> bool) -> C::Bill {
        self.calls().iter().filter(|call| which(call)).fold(C::Bill::default(), |sum, call| sum + call.bill())
    }

    /// Writes a call down; its number is given here. The ticket says when the answer got out.
    pub(super) fn enter(&self, call: C) -> Ticket {
        let mut entries = self.0.lock();
        let ticket = Ticket::of(entries.len());
        entries.push((call.numbered(ticket.number), Arc::clone(&ticket.delivered)));
        ticket
    }
}

/// One call whose answer is under way.
#[derive(Debug)]
pub(super) struct Ticket {
    pub number: u64,
    /// Whether all of it was handed to the connection.
    pub delivered: Arc<AtomicBool>,
}

impl Ticket {
    /// That of the call in this place.
    fn of(place: usize) -> Self {
        Self { number: u64::try_from(place).unwrap_or(u64::MAX), delivered: Arc::default() }
    }

    /// All of it was handed to the connection.
    pub(super) fn deliver(&self) {
        self.delivered.store(true, Ordering::Release);
    }
}
