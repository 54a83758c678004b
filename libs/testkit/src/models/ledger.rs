//! What a fake itself counted: every call, what it cost, and whether its answer got out.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;

use super::author::Asked;
use super::faults::ModelFault;

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

impl ModelCall {
    /// One of which nothing is known yet.
    pub(super) const fn new() -> Self {
        Self {
            number: 0,
            kind: CallKind::Free,
            model: String::new(),
            status: 0,
            tokens: ModelTokens { input: 0, cached: 0, output: 0, thoughts: 0 },
            finish: String::new(),
            delivered: false,
            fault: None,
            asked: None,
        }
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

impl ModelTokens {
    fn plus(self, other: Self) -> Self {
        Self {
            input: self.input + other.input,
            cached: self.cached + other.cached,
            output: self.output + other.output,
            thoughts: self.thoughts + other.thoughts,
        }
    }
}

/// Everything that a fake was called for. Clones see the same.
#[derive(Debug, Clone, Default)]
pub struct Ledger(Arc<Mutex<Vec<Entry>>>);

#[derive(Debug)]
struct Entry {
    call: ModelCall,
    delivered: Arc<AtomicBool>,
}

impl Ledger {
    /// All calls, in the order in which they were decided.
    #[must_use]
    pub fn calls(&self) -> Vec<ModelCall> {
        let entries = self.0.lock();
        let call =
            |entry: &Entry| ModelCall { delivered: entry.delivered.load(Ordering::Acquire), ..entry.call.clone() };
        entries.iter().map(call).collect()
    }

    /// How many calls there were that wrote something.
    #[must_use]
    pub fn billed_calls(&self) -> usize {
        self.calls().iter().filter(|call| call.tokens != ModelTokens::default()).count()
    }

    /// All that is billed.
    #[must_use]
    pub fn billed(&self) -> ModelTokens {
        self.sum(|_| true)
    }

    /// What is billed for answers that got out: what a client can know to the token.
    #[must_use]
    pub fn delivered(&self) -> ModelTokens {
        self.sum(|call| call.delivered)
    }

    /// What is billed for answers that did not get out.
    #[must_use]
    pub fn lost(&self) -> ModelTokens {
        self.sum(|call| !call.delivered)
    }

    fn sum(&self, which: impl Fn(&ModelCall) -> bool) -> ModelTokens {
        self.calls().iter().filter(|call| which(call)).fold(ModelTokens::default(), |sum, call| sum.plus(call.tokens))
    }

    /// Writes a call down; its number is given here. The ticket says when the answer got out.
    pub(super) fn enter(&self, call: ModelCall) -> Ticket {
        let mut entries = self.0.lock();
        let number = u64::try_from(entries.len()).unwrap_or(u64::MAX);
        let delivered = Arc::new(AtomicBool::new(false));
        entries.push(Entry { call: ModelCall { number, ..call }, delivered: Arc::clone(&delivered) });
        Ticket { number, delivered }
    }
}

/// One call whose answer is under way.
#[derive(Debug)]
pub(super) struct Ticket {
    pub number: u64,
    delivered: Arc<AtomicBool>,
}

impl Ticket {
    /// All of it was handed to the connection.
    pub(super) fn deliver(&self) {
        self.delivered.store(true, Ordering::Release);
    }
}
