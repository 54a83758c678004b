//! Faults of the store in memory: scripted one by one, or drawn from a seed so that a simulation
//! replays.

use std::collections::VecDeque;
use std::time::Duration;

use lectern_core::Random;
use lectern_core::random::SeededRandom;
use parking_lot::Mutex;

/// What happens to one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The database cannot be reached; nothing is written.
    Unavailable,
    /// A write is lost on its way; its caller cannot tell. A read is unavailable.
    LostRequest,
    /// A write takes place and its answer is lost. A read is unavailable.
    LostAnswer,
    /// It takes so long.
    Delay(Duration),
}

/// How often each fault strikes, in calls of a thousand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FaultPlan {
    /// The same seed gives the same faults for the same calls.
    pub seed: u64,
    /// [`Fault::Unavailable`].
    pub unavailable: u16,
    /// [`Fault::LostRequest`].
    pub lost_requests: u16,
    /// [`Fault::LostAnswer`].
    pub lost_answers: u16,
    /// [`Fault::Delay`].
    pub delays: u16,
    /// The longest delay.
    pub longest: Duration,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Call {
    Read,
    Write,
}

impl Call {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
        }
    }
}

#[derive(Debug, Default)]
pub(super) struct Faults(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    scripted: VecDeque<Fault>,
    plan: Option<(FaultPlan, SeededRandom)>,
}

impl Faults {
    pub(super) fn planned(plan: FaultPlan) -> Self {
        let random = SeededRandom::new(plan.seed);
        Self(Mutex::new(State { scripted: VecDeque::new(), plan: Some((plan, random)) }))
    }

    pub(super) fn inject(&self, faults: impl IntoIterator<Item = Fault>) {
        self.0.lock().scripted.extend(faults);
    }

    pub(super) fn heal(&self) {
        *self.0.lock() = State::default();
    }

    /// The fault of the next call. Scripted ones wait for a write, which is what they are about.
    pub(super) fn next(&self, call: Call) -> Option<Fault> {
        let mut state = self.0.lock();
        if call == Call::Write
            && let Some(fault) = state.scripted.pop_front()
        {
            return Some(fault);
        }
        let (plan, random) = state.plan.as_ref()?;
        let mut drawn = u16::try_from(random.below(1_000)).unwrap_or(u16::MAX);
        let longest = u64::try_from(plan.longest.as_millis()).unwrap_or(u64::MAX);
        let delay = Duration::from_millis(random.below(longest.saturating_add(1)));
        let chances = [
            (plan.unavailable, Fault::Unavailable),
            (plan.lost_requests, Fault::LostRequest),
            (plan.lost_answers, Fault::LostAnswer),
            (plan.delays, Fault::Delay(delay)),
        ];
        for (chance, fault) in chances {
            if drawn < chance {
                return Some(fault);
            }
            drawn -= chance;
        }
        None
    }
}
