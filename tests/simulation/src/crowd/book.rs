//! What is known of a crowd from outside: who wants how much, how much of that is in the queue or
//! being worked on, and what was sent for it.

use std::collections::{BTreeMap, BTreeSet};

use lectern_core::id::{NarrationId, StepId, TenantId};
use lectern_gateway::domain::Lane;
use parking_lot::Mutex;

/// A tenant and a lane, as the id of a narration says them: `n{tenant}-{lane}-{number}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Whose {
    /// The number of the tenant, from 0.
    pub tenant: usize,
    /// The number of the lane in the public API.
    pub lane: i32,
}

impl Whose {
    /// The id of a narration of theirs.
    pub fn narration(self, number: u64) -> Option<NarrationId> {
        format!("n{}-{}-{number}", self.tenant, self.lane).parse().ok()
    }

    /// Whose a narration is.
    pub fn of(narration: &NarrationId) -> Option<Self> {
        let mut parts = narration.as_str().strip_prefix('n')?.split('-');
        Some(Self { tenant: parts.next()?.parse().ok()?, lane: parts.next()?.parse().ok()? })
    }
}

/// The id of a tenant.
pub fn tenant(number: usize) -> Option<TenantId> {
    format!("tenant-{number}").parse().ok()
}

/// What a tenant has and gets.
#[derive(Debug, Clone, Default)]
struct Account {
    /// Steps that it may have granted at once.
    limit: usize,
    /// Steps that its narrations want.
    wanted: i64,
    /// Steps of it in the queue or being worked on.
    granted: usize,
    /// Steps that it was served since the count began, by lane.
    served: BTreeMap<Lane, u64>,
}

impl Account {
    fn waits(&self) -> bool {
        usize::try_from(self.wanted).unwrap_or(0) > self.granted && self.granted < self.limit
    }
}

/// What was sent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sent {
    /// Commands that were queued: grants.
    pub queued: u64,
    /// Commands that waited already.
    pub again: u64,
    /// Hints, by the first word of their topics.
    pub hints: BTreeMap<String, u64>,
}

/// What a look at a crowd shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Look {
    /// Permits that nothing was granted for since the last look, at the best moment.
    pub free: usize,
    /// The first tenant with work and room of its own, if there is one.
    pub waits: Option<String>,
    /// A tenant with more granted than its limit since the last look, if there is one.
    pub over: Option<String>,
    /// What went wrong with the crowd itself.
    pub broken: Option<String>,
}

#[derive(Debug, Default)]
struct State {
    accounts: Vec<Account>,
    granted: BTreeSet<StepId>,
    /// The most that was granted at once since the last look.
    most: usize,
    over: Option<String>,
    broken: Option<String>,
    counts: bool,
    sent: Sent,
}

/// The book of a crowd.
#[derive(Debug)]
pub struct Book {
    permits: usize,
    state: Mutex<State>,
}

impl Book {
    /// A book of tenants with these limits, and of so many permits.
    pub fn new(permits: usize, limits: impl Iterator<Item = usize>) -> Self {
        let accounts = limits.map(|limit| Account { limit, ..Account::default() }).collect();
        Self { permits, state: Mutex::new(State { accounts, ..State::default() }) }
    }

    /// A narration's wants changed by so many steps.
    pub fn wants(&self, narration: &NarrationId, change: i64) {
        let Some(whose) = Whose::of(narration) else { return };
        if let Some(account) = self.state.lock().account(whose) {
            account.wanted += change;
        }
    }

    /// A command was queued.
    pub fn queued(&self, step: &StepId) {
        let Some(whose) = Whose::of(&step.narration) else { return };
        let mut state = self.state.lock();
        state.sent.queued += 1;
        if !state.granted.insert(step.clone()) {
            return;
        }
        state.most = state.most.max(state.granted.len());
        let counts = state.counts;
        let mut over = None;
        if let Some(account) = state.account(whose) {
            account.granted += 1;
            if counts {
                *account.served.entry(Lane::of_number(whose.lane)).or_default() += 1;
            }
            if account.granted > account.limit {
                let Account { limit, granted, .. } = account;
                over = Some(format!("tenant-{} has {granted} of {limit} steps granted", whose.tenant));
            }
        }
        if over.is_some() {
            state.over = over;
        }
    }

    /// A command was refused as one that waits.
    pub fn again(&self) {
        self.state.lock().sent.again += 1;
    }

    /// A hint was sent.
    pub fn hinted(&self, topic: &str) {
        let word = topic.split('.').next().unwrap_or_default();
        *self.state.lock().sent.hints.entry(word.to_owned()).or_default() += 1;
    }

    /// A step ended, or its command was taken out of the queue.
    pub fn ended(&self, step: &StepId) {
        let Some(whose) = Whose::of(&step.narration) else { return };
        let mut state = self.state.lock();
        if state.granted.remove(step)
            && let Some(account) = state.account(whose)
        {
            account.granted = account.granted.saturating_sub(1);
        }
    }

    /// The crowd itself does not work.
    pub fn broken(&self, why: String) {
        self.state.lock().broken.get_or_insert(why);
    }

    /// Counts from now on who is served.
    pub fn count(&self) {
        let mut state = self.state.lock();
        state.counts = true;
        state.over = None;
    }

    /// What was sent so far.
    pub fn sent(&self) -> Sent {
        self.state.lock().sent.clone()
    }

    /// What each of these tenants was served of a lane since the count began.
    pub fn served(&self, lane: Lane, of: impl Fn(usize) -> bool) -> Vec<u64> {
        let state = self.state.lock();
        let accounts = state.accounts.iter().enumerate().filter(|(number, _)| of(*number));
        accounts.map(|(_, account)| account.served.get(&lane).copied().unwrap_or(0)).collect()
    }

    /// What is so, and was so since the last look.
    pub fn look(&self) -> Look {
        let mut state = self.state.lock();
        let free = self.permits.saturating_sub(state.most);
        state.most = state.granted.len();
        let waits = state.accounts.iter().enumerate().find(|(_, account)| account.waits()).map(|(number, account)| {
            let Account { limit, wanted, granted, .. } = account;
            format!("tenant-{number} wants {wanted} steps and has {granted} of at most {limit} granted")
        });
        Look { free, waits, over: state.over.take(), broken: state.broken.clone() }
    }
}

impl State {
    fn account(&mut self, whose: Whose) -> Option<&mut Account> {
        self.accounts.get_mut(whose.tenant)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(tenant: usize, number: u64) -> StepId {
        let narration = Whose { tenant, lane: 1 }.narration(number).expect("an id");
        format!("{narration}/1/record/0").parse().expect("a step")
    }

    #[test]
    fn permits_are_free_while_at_no_moment_all_are_granted() {
        let book = Book::new(2, [1, 5].into_iter());
        for tenant in [0, 1] {
            book.wants(&step(tenant, 0).narration, 3);
        }
        let look = book.look();
        assert_eq!((look.free, look.over), (2, None));
        assert!(look.waits.is_some_and(|who| who.starts_with("tenant-0 wants 3")));
        book.queued(&step(0, 0));
        book.queued(&step(1, 0));
        book.ended(&step(1, 0));
        let look = book.look();
        assert_eq!(look.free, 0, "they were granted for a moment");
        assert!(look.waits.is_some_and(|who| who.starts_with("tenant-1 ")), "the other one is at its limit");
        assert_eq!(book.look().free, 1);
        book.queued(&step(0, 1));
        assert!(book.look().over.is_some_and(|who| who.starts_with("tenant-0 has 2 of 1")));
    }

    #[test]
    fn who_is_served_counts_from_the_beginning_of_the_count() {
        let book = Book::new(9, [9, 9].into_iter());
        book.queued(&step(1, 0));
        book.count();
        book.queued(&step(1, 1));
        book.queued(&step(1, 1));
        assert_eq!(book.served(Lane::Interactive, |_| true), [0, 1]);
        assert_eq!(book.served(Lane::Bulk, |number| number == 1), [0]);
        assert_eq!(book.sent().queued, 3);
    }
}
