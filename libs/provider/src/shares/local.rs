//! What a process has leased of a model and not used, and which of its permits are in use.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use lectern_core::{Clock, Timestamp};
use parking_lot::Mutex;
use tokio::sync::Notify;

use super::Request;
use super::record::{Leased, PERMITS_LAST, SLICE_LASTS, ShareRecord, Wanted, slice};

/// A permit that was not used for so long is given back.
const IDLE: Duration = Duration::from_secs(3);

/// One model's part of this process.
#[derive(Debug, Default)]
pub(super) struct Local {
    /// Held by the first of those who wait for a share.
    pub queue: tokio::sync::Mutex<()>,
    /// Held by the one who changes the record.
    pub turn: tokio::sync::Mutex<()>,
    /// Told when a permit is free again.
    pub given_back: Notify,
    made: AtomicBool,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Permits that the record says are ours, and until when.
    held: u32,
    held_until: Timestamp,
    in_use: u32,
    /// How many permits may be in use while the others are handed over to replicas that have none;
    /// none where nothing is to be handed over.
    handing_over: Option<u32>,
    /// Calls that all replicas may make at once, as the last who asked said.
    at_once: u32,
    /// When all permits were last in use.
    busy: Timestamp,
    requests: Slice,
    tokens: Slice,
    not_before: Timestamp,
}

/// What was leased of one limit.
#[derive(Debug, Default)]
struct Slice {
    left: u64,
    until: Timestamp,
    /// How much is leased at once, if a call does not need more: twice as much whenever that was
    /// used up before it was lost.
    size: u64,
    /// What calls used beyond what they had asked for; taken from what is leased next.
    debt: u64,
}

impl Slice {
    fn has(&self, units: u64, now: Timestamp) -> bool {
        now < self.until && self.left >= units
    }

    fn use_up(&mut self, units: u64) {
        self.left = self.left.saturating_sub(units);
    }

    /// At least, and at most, what to lease for a call that needs so much; nothing where it is
    /// here.
    fn wanted(&self, units: u64, limit: u32, now: Timestamp) -> (u64, u64) {
        if units == 0 || self.has(units, now) {
            return (0, 0);
        }
        let least = units.saturating_add(self.debt);
        (least, least.max(self.size.min(slice(limit))))
    }

    fn got(&mut self, units: u64, now: Timestamp) {
        if units == 0 {
            return;
        }
        // Used up before it was lost, or not.
        self.size = if now < self.until { self.size.max(units).saturating_mul(2) } else { 0 };
        self.left = units.saturating_sub(self.debt);
        self.debt = 0;
        self.until = now.plus(SLICE_LASTS);
    }
}

impl Local {
    pub(super) fn is_made(&self) -> bool {
        self.made.load(Ordering::Relaxed)
    }

    pub(super) fn set_made(&self) {
        self.made.store(true, Ordering::Relaxed);
    }

    /// Takes the share of one call from what is here. Otherwise: how long nobody may ask; none
    /// where more is to be leased.
    pub(super) fn take(&self, request: &Request<'_>, now: Timestamp) -> Result<(), Option<Duration>> {
        let mut state = self.state.lock();
        if now < state.not_before {
            return Err(Some(state.not_before.since(now)));
        }
        if state.handing_over.is_some_and(|keeps| state.in_use >= keeps) {
            return Err(Some(IDLE));
        }
        let (requests, tokens) = needs(request);
        let permit = state.in_use < state.held && now < state.held_until;
        let here = |slice: &Slice, units: u64| units == 0 || slice.has(units, now);
        if !permit || !here(&state.requests, requests) || !here(&state.tokens, tokens) {
            return Err(None);
        }
        state.requests.use_up(requests);
        state.tokens.use_up(tokens);
        state.in_use += 1;
        if state.in_use == state.held {
            state.busy = now;
        }
        Ok(())
    }

    /// What to lease, so that [`Self::take`] succeeds.
    pub(super) fn wanted(&self, request: &Request<'_>, now: Timestamp) -> Wanted {
        let mut state = self.state.lock();
        state.at_once = request.rates.at_once;
        let (requests, tokens) = needs(request);
        Wanted {
            permits: state.in_use.saturating_add(1),
            requests: state.requests.wanted(requests, request.rates.requests, now),
            tokens: state.tokens.wanted(tokens, request.rates.tokens, now),
        }
    }

    /// Takes in what was leased.
    pub(super) fn got(&self, leased: &Leased, now: Timestamp) {
        let mut state = self.state.lock();
        (state.held, state.held_until) = (leased.permits, now.plus(PERMITS_LAST));
        state.busy = now;
        state.requests.got(leased.requests, now);
        state.tokens.got(leased.tokens, now);
    }

    /// How many permits are held.
    pub(super) fn held(&self) -> u32 {
        self.state.lock().held
    }

    /// Calls that all replicas may make at once.
    pub(super) fn at_once(&self) -> u32 {
        self.state.lock().at_once
    }

    /// How many permits are to be held: those in use, and of the others `fair` at most, where
    /// others wait for some; none of them where they were not used for a while.
    pub(super) fn keeps(&self, now: Timestamp, last: bool, fair: Option<u32>) -> u32 {
        let state = self.state.lock();
        if last || now.since(state.busy) >= IDLE {
            return state.in_use;
        }
        state.in_use.max(state.held.min(fair.unwrap_or(u32::MAX)))
    }

    /// Whether there are permits that are not in use and are to be handed over.
    pub(super) fn hands_over(&self) -> bool {
        let state = self.state.lock();
        state.handing_over.is_some_and(|keeps| state.held > state.in_use.max(keeps))
    }

    /// Takes in how many permits are held, and how many are to be where others wait. Of those that
    /// are in use beyond that none is used again.
    pub(super) fn set_held(&self, held: u32, fair: Option<u32>, now: Timestamp) {
        let mut state = self.state.lock();
        (state.held, state.held_until) = (held, now.plus(PERMITS_LAST));
        state.handing_over = fair.filter(|fair| held > *fair);
    }

    /// Takes in what the record says to all.
    pub(super) fn saw(&self, record: &ShareRecord) {
        let mut state = self.state.lock();
        state.not_before = state.not_before.max(record.not_before);
    }

    /// Nothing that was leased is good any more, and nobody asks before then.
    pub(super) fn slow_down(&self, not_before: Option<Timestamp>) {
        let mut state = self.state.lock();
        (state.requests.until, state.tokens.until) = (Timestamp::default(), Timestamp::default());
        (state.requests.size, state.tokens.size) = (0, 0);
        state.not_before = state.not_before.max(not_before.unwrap_or_default());
    }

    fn give_back(&self) {
        let mut state = self.state.lock();
        state.in_use = state.in_use.saturating_sub(1);
        drop(state);
        self.given_back.notify_one();
    }

    /// Corrects what a call was thought to use.
    fn used(&self, thought: u64, used: u64, now: Timestamp) {
        let mut state = self.state.lock();
        let tokens = &mut state.tokens;
        if used <= thought {
            if now < tokens.until {
                tokens.left = tokens.left.saturating_add(thought - used);
            }
            return;
        }
        let more = used - thought;
        let short = more.saturating_sub(tokens.left);
        tokens.left = tokens.left.saturating_sub(more);
        tokens.debt = tokens.debt.saturating_add(short);
    }
}

/// What a call needs of each limit that there is. A call of more tokens than a minute has needs all
/// of a minute.
pub(super) fn needs(request: &Request<'_>) -> (u64, u64) {
    let requests = u64::from(request.rates.requests > 0);
    let limit = u64::from(request.rates.tokens);
    (requests, if limit == 0 { 0 } else { request.tokens.clamp(1, limit) })
}

/// The share of one call, until it is dropped.
#[derive(Debug)]
pub struct Permit {
    local: Arc<Local>,
    clock: Arc<dyn Clock>,
    /// Tokens that the call was thought to use.
    tokens: u64,
}

impl Permit {
    pub(super) fn new(local: Arc<Local>, clock: Arc<dyn Clock>, tokens: u64) -> Self {
        Self { local, clock, tokens }
    }

    /// Notes how many tokens the call used: what it did not use, others of this process may.
    pub fn used(&self, tokens: u64) {
        self.local.used(self.tokens, tokens, self.clock.now());
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.local.give_back();
    }
}
