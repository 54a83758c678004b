//! What a fake itself counted: every call, what it spoke, what it cost, and whether its answer got
//! out.

use std::ops::Add;
use std::sync::Arc;

use serde_json::Value;

use super::faults::SpeechFault;
use crate::models::ledger::{CallKind, Calls, Entry};

/// One call, as the fake counted it.
#[derive(Debug, Clone)]
pub struct SpeechCall {
    /// Its place among the calls of this fake, from 0.
    pub number: u64,
    /// What it wanted.
    pub kind: CallKind,
    /// The model, or the family of the voice; empty where the call was refused before that was
    /// read.
    pub model: String,
    /// The voices, in the order in which they are named.
    pub voices: Vec<String>,
    /// How it was to be said; empty where nothing was said of it.
    pub style: String,
    /// What was spoken, word for word; empty where nothing was.
    pub said: String,
    /// The status of HTTP that it was answered with; 0 where the connection ended without one.
    pub status: u16,
    /// What is billed for it; nothing where it was refused.
    pub billed: SpeechBill,
    /// Why the audio ended, as the wire says it; empty where it says nothing.
    pub finish: String,
    /// Whether all of the answer was handed to the connection. False for one that was lost or cut,
    /// or that nobody waited for.
    pub delivered: bool,
    /// What went wrong on demand.
    pub fault: Option<SpeechFault>,
    /// The request; null where there was none.
    pub body: Arc<Value>,
    /// The path that was asked for.
    pub path: String,
}

impl Entry for SpeechCall {
    type Bill = SpeechBill;
    type Fault = SpeechFault;

    fn new(path: &str) -> Self {
        Self {
            number: 0,
            kind: CallKind::Free,
            model: String::new(),
            voices: Vec::new(),
            style: String::new(),
            said: String::new(),
            status: 0,
            billed: SpeechBill::default(),
            finish: String::new(),
            delivered: false,
            fault: None,
            body: Arc::default(),
            path: path.to_owned(),
        }
    }

    fn fault(&self) -> Option<SpeechFault> {
        self.fault
    }

    fn bill(&self) -> SpeechBill {
        self.billed
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

/// What is billed: characters, or tokens by the rule of [`tokens`](crate::models::tokens()) and so
/// many a second of audio.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SpeechBill {
    /// Characters that were sent.
    pub characters: u64,
    /// Tokens of text.
    pub input: u64,
    /// Tokens of audio.
    pub output: u64,
}

impl Add for SpeechBill {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            characters: self.characters + other.characters,
            input: self.input + other.input,
            output: self.output + other.output,
        }
    }
}

/// Everything that a fake of a service that speaks was called for.
pub type SpeechLedger = Calls<SpeechCall>;

impl SpeechLedger {
    /// The calls that were to speak: those that were refused or lost among them.
    #[must_use]
    pub fn spoken(&self) -> Vec<SpeechCall> {
        self.calls().into_iter().filter(|call| call.kind != CallKind::Free).collect()
    }

    /// What was spoken, call by call.
    #[must_use]
    pub fn said(&self) -> Vec<String> {
        self.calls().into_iter().map(|call| call.said).filter(|said| !said.is_empty()).collect()
    }
}
