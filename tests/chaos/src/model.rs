//! The model that the paid writer asks: who writes its answers, and when it was asked what. It is
//! hosted by this process, so no fault of a group reaches it; some of its answers are cut or lost.

use std::sync::Arc;

use lectern_e2e::PaidModel;
use lectern_testkit::models::{Asked, Author, Copyist, ModelFault, SharedAuthor, Written};
use parking_lot::Mutex;

use crate::board::now;

/// The part of the answers that break off in the middle, and that do not get out at all.
const CUT: f64 = 0.03;
const LOST: f64 = 0.02;

/// A question that was answered.
#[derive(Debug, Clone, PartialEq)]
pub struct Answered {
    /// Milliseconds since 1970, before anything of the answer got out.
    pub at: u64,
    /// The question.
    pub asked: Asked,
    /// The answer, as it was written.
    pub text: String,
}

/// Copies from the document, and notes when.
#[derive(Debug, Clone, Default)]
pub struct Clerk(Arc<Mutex<Vec<Answered>>>);

impl Clerk {
    /// All that it wrote, in order.
    #[must_use]
    pub fn answered(&self) -> Vec<Answered> {
        self.0.lock().clone()
    }
}

impl Author for Clerk {
    fn write(&self, asked: &Asked) -> Written {
        let written = Copyist::default().write(asked);
        self.0.lock().push(Answered { at: now(), asked: asked.clone(), text: written.text.clone() });
        written
    }
}

/// A model of a group, and who writes for it.
#[must_use]
pub fn start(seed: u64) -> (PaidModel, Clerk) {
    let (model, clerk) = (PaidModel::openai(), Clerk::default());
    model.set_author(SharedAuthor::new(clerk.clone()));
    model.faults().seed(seed);
    model.faults().set(ModelFault::CutAnswer, CUT);
    model.faults().set(ModelFault::LostAnswer, LOST);
    (model, clerk)
}
