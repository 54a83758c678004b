//! What is stored of the shares of a model, and what is leased of it: pure functions of the record
//! and the time.

use std::collections::BTreeSet;
use std::time::Duration;

use lectern_core::Timestamp;
use lectern_store::{CollectionSpec, Record};
use serde::{Deserialize, Serialize};

/// Into how many slices the limit of a minute is cut.
const SLICES: u64 = 10;
/// What is leased is good for so long: a slice of a minute.
pub(super) const SLICE_LASTS: Duration = Duration::from_secs(6);
/// Microseconds of a minute.
const A_MINUTE: u64 = 60_000_000;
/// Permits are good for so long, unless they are moved on.
pub(super) const PERMITS_LAST: Duration = Duration::from_secs(30);
/// The pace at which all of the limit is used, in thousandths.
const WHOLE: u32 = 1_000;
/// The slowest pace, in thousandths of the limit.
const SLOWEST: u32 = 20;
/// By how many thousandths of the limit the pace grows in a minute.
const GROWS: u64 = 100;
/// Who waits for a permit is remembered for so long after it last asked.
const WAITS_LAST: Duration = Duration::from_secs(10);
/// Refusals within so short a time are about the same rush, and slow down once.
const ONE_RUSH: Duration = Duration::from_secs(5);

/// What is allowed of a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rates {
    /// Requests a minute; 0 for no limit.
    pub requests: u32,
    /// Tokens a minute; 0 for no limit.
    pub tokens: u32,
    /// Calls at once, at least 1.
    pub at_once: u32,
}

impl Default for Rates {
    /// Four calls at once, as often as the provider likes.
    fn default() -> Self {
        Self { requests: 0, tokens: 0, at_once: 4 }
    }
}

/// What a replica wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Wanted {
    /// How many permits it must hold.
    pub permits: u32,
    /// Requests: at least so many, and at most.
    pub requests: (u64, u64),
    /// Tokens: at least so many, and at most.
    pub tokens: (u64, u64),
}

/// What a replica got.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Leased {
    /// How many permits it holds now.
    pub permits: u32,
    pub requests: u64,
    pub tokens: u64,
}

/// Who holds permits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// The replica.
    pub replica: String,
    /// How many.
    pub permits: u32,
    /// Until when, unless it moves that on.
    pub until: Timestamp,
}

/// Who has fewer permits than an equal part, and waits for one more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiter {
    /// The replica.
    pub replica: String,
    /// Until when, unless it asks again.
    pub until: Timestamp,
}

/// The shares of a model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShareRecord {
    /// The provider, the account there, and the model.
    pub key: String,
    /// When all requests that were leased are paid for by time, in microseconds since the Unix
    /// epoch.
    pub requests_until: u64,
    /// The same of tokens.
    pub tokens_until: u64,
    /// The pace when it was last slowed down, in thousandths of the limit.
    pub pace: u32,
    /// When the provider last said that it was too much; the epoch for never.
    pub slowed: Timestamp,
    /// Nobody asks before this time, since the provider said so.
    pub not_before: Timestamp,
    /// Who holds permits.
    pub holders: Vec<Holder>,
    /// Who has fewer than an equal part and waits for one more, the first who asked first.
    pub waiters: Vec<Waiter>,
}

impl Record for ShareRecord {
    const SPEC: CollectionSpec =
        CollectionSpec::new("shares", &[]).dates(&["slowed", "not_before", "holders.until", "waiters.until"]);
    const SCHEMA: u32 = 1;

    fn id(&self) -> String {
        self.key.clone()
    }
}

impl ShareRecord {
    /// Nothing is leased.
    #[must_use]
    pub fn new(key: &str, now: Timestamp) -> Self {
        Self {
            key: key.to_owned(),
            requests_until: micros(now),
            tokens_until: micros(now),
            pace: WHOLE,
            slowed: Timestamp::default(),
            not_before: Timestamp::default(),
            holders: Vec::new(),
            waiters: Vec::new(),
        }
    }

    /// The pace at a time, in thousandths of the limit: it grows by itself.
    #[must_use]
    pub fn pace_at(&self, now: Timestamp) -> u32 {
        let since = u64::try_from(now.since(self.slowed).as_millis()).unwrap_or(u64::MAX);
        let grown = since.saturating_mul(GROWS) / 60_000;
        u32::try_from(u64::from(self.pace).saturating_add(grown)).unwrap_or(WHOLE).min(WHOLE)
    }

    /// Takes in that the provider said that it was too much.
    pub(super) fn slow_down(&mut self, asked: Option<Duration>, now: Timestamp) {
        if now.since(self.slowed) >= ONE_RUSH || self.slowed == Timestamp::default() {
            self.pace = (self.pace_at(now) / 2).max(SLOWEST);
            self.slowed = now;
        }
        if let Some(asked) = asked {
            self.not_before = self.not_before.max(now.plus(asked));
        }
    }

    /// Has a replica hold so many permits from now on; none ends its part.
    pub(super) fn hold(&mut self, replica: &str, permits: u32, now: Timestamp) {
        self.holders.retain(|holder| holder.replica != replica && holder.until > now);
        if permits > 0 {
            let until = now.plus(PERMITS_LAST);
            self.holders.push(Holder { replica: replica.to_owned(), permits, until });
        }
    }

    /// How many permits a replica may keep, of so many calls at once, where others wait: an equal
    /// part, and none where there are more replicas than calls, so that they take turns. None where
    /// nobody waits.
    pub(super) fn keeps(&self, replica: &str, at_once: u32, now: Timestamp) -> Option<u32> {
        let waits = self.waiters.iter().any(|waiter| waiter.until > now && waiter.replica != replica);
        let most = u32::try_from(paced(at_once.max(1), self.pace_at(now))).unwrap_or(u32::MAX);
        waits.then(|| self.part(replica, most, now))
    }

    /// An equal part of so many permits, for each replica that holds some or waits, and this one.
    fn part(&self, replica: &str, most: u32, now: Timestamp) -> u32 {
        let holders = self.holders.iter().filter(|holder| holder.until > now).map(|holder| holder.replica.as_str());
        let waiters = self.waiters.iter().filter(|waiter| waiter.until > now).map(|waiter| waiter.replica.as_str());
        let all: BTreeSet<&str> = holders.chain(waiters).chain([replica]).collect();
        most / u32::try_from(all.len()).unwrap_or(u32::MAX)
    }

    /// Notes that a replica waits for a permit.
    fn waits(&mut self, replica: &str, now: Timestamp) {
        self.waiters.retain(|waiter| waiter.until > now);
        match self.waiters.iter_mut().find(|waiter| waiter.replica == replica) {
            // Not at each look.
            Some(known) if known.until > now.plus(WAITS_LAST / 2) => {}
            Some(known) => known.until = now.plus(WAITS_LAST),
            None => self.waiters.push(Waiter { replica: replica.to_owned(), until: now.plus(WAITS_LAST) }),
        }
    }

    /// Replicas that have waited for longer than this one, each for a permit at least.
    fn waited_longer(&self, replica: &str, now: Timestamp) -> u32 {
        let longer = self.waiters.iter().take_while(|waiter| waiter.replica != replica);
        u32::try_from(longer.filter(|waiter| waiter.until > now).count()).unwrap_or(u32::MAX)
    }

    /// Leases what a replica wants, all of it or nothing; how long to wait where not all is there.
    /// Permits go to those first who have less than an equal part and asked first.
    pub(super) fn lease(
        &mut self,
        replica: &str,
        wanted: &Wanted,
        rates: &Rates,
        now: Timestamp,
    ) -> Result<Leased, Duration> {
        if now < self.not_before {
            return Err(self.not_before.since(now));
        }
        let pace = self.pace_at(now);
        let holding = || self.holders.iter().filter(move |holder| holder.until > now);
        let held = holding().find(|holder| holder.replica == replica).map_or(0, |holder| holder.permits);
        let others = || holding().filter(move |holder| holder.replica != replica);
        let taken = others().map(|holder| holder.permits).fold(0_u32, u32::saturating_add);
        let permits = held.max(wanted.permits);
        let most = u32::try_from(paced(rates.at_once.max(1), pace)).unwrap_or(u32::MAX);
        let spoken_for = taken.saturating_add(self.waited_longer(replica, now));
        if permits > held && spoken_for.saturating_add(permits) > most {
            let next = others().map(|holder| holder.until.since(now)).min();
            if held < self.part(replica, most, now).max(1) {
                self.waits(replica, now);
            }
            return Err(next.unwrap_or(PERMITS_LAST));
        }
        let (requests, requests_until) = drawn(self.requests_until, wanted.requests, paced(rates.requests, pace), now)?;
        let (tokens, tokens_until) = drawn(self.tokens_until, wanted.tokens, paced(rates.tokens, pace), now)?;
        (self.requests_until, self.tokens_until) = (requests_until, tokens_until);
        self.hold(replica, permits, now);
        self.waiters.retain(|waiter| waiter.replica != replica && waiter.until > now);
        Ok(Leased { permits, requests, tokens })
    }
}

/// A slice of a limit of a minute: at least one.
pub(super) fn slice(limit: u32) -> u64 {
    (u64::from(limit) / SLICES).max(1)
}

/// A limit at a pace: at least one, where there is a limit.
fn paced(limit: u32, pace: u32) -> u64 {
    let paced = u64::from(limit) * u64::from(pace) / u64::from(WHOLE);
    if limit == 0 { 0 } else { paced.max(1) }
}

/// Draws from a leaky bucket that lets `limit` units through in a minute: how many, and until when
/// all is paid for then. At most a slice is drawn ahead of time, but for a call that needs more
/// than that: it may go once nothing is ahead.
fn drawn(until: u64, (least, most): (u64, u64), limit: u64, now: Timestamp) -> Result<(u64, u64), Duration> {
    if limit == 0 || least == 0 {
        return Ok((0, until));
    }
    let now = micros(now);
    let begins = until.max(now);
    let cost = |units: u64| units.saturating_mul(A_MINUTE).div_ceil(limit);
    let ahead = cost((limit / SLICES).max(1)).max(cost(least));
    let spare = ahead.saturating_sub(begins - now);
    let affordable = spare.saturating_mul(limit) / A_MINUTE;
    let units = affordable.min(most.max(least));
    if units < least {
        // As long as it takes until the bucket has leaked enough, for more than one call where many
        // are made.
        let enough = cost(least.max(most / 2)).min(ahead);
        let wait = (begins - now).saturating_add(enough).saturating_sub(ahead);
        return Err(Duration::from_micros(wait));
    }
    Ok((units, begins.saturating_add(cost(units))))
}

fn micros(at: Timestamp) -> u64 {
    at.millis().saturating_mul(1_000)
}
