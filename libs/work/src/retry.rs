//! When a failed attempt is made again, as data: one rule for each sort of failure. The one place
//! that knows how many attempts a step has.
//!
//! Attempts of all sorts are counted together; the rule of the latest failure decides whether there
//! is another. A delay that the failure itself asks for is a lower bound: a provider is never asked
//! again before the time that it gave.

use std::time::Duration;

use lectern_core::backoff::Backoff;
use lectern_core::{Failure, Kind, Random};

/// How failures of one sort are tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// How many attempts there are, the first included.
    pub attempts: u32,
    /// Delays between them, with full jitter.
    pub backoff: Backoff,
}

impl Rule {
    const fn new(attempts: u32, base: Duration, cap: Duration) -> Self {
        Self { attempts, backoff: Backoff { base, cap } }
    }
}

/// The rules of a worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryPolicy {
    /// Somebody else was first: soon over.
    pub aborted: Rule,
    /// Something cannot be reached, or took too long: over within a minute or two, or longer than
    /// attempts can bridge.
    pub unavailable: Rule,
    /// A quota is used up: it fills again, slowly.
    pub exhausted: Rule,
    /// A defect, a panic for example: more likely to stay than to go.
    pub internal: Rule,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        let second = Duration::from_secs(1);
        Self {
            aborted: Rule::new(10, Duration::from_millis(100), 5 * second),
            unavailable: Rule::new(5, second, 30 * second),
            exhausted: Rule::new(8, 4 * second, 60 * second),
            internal: Rule::new(3, second, 30 * second),
        }
    }
}

/// What follows a failed attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Another attempt, after this time.
    Again(Duration),
    /// None: it was the last one.
    Exhausted,
    /// None: the same would happen again.
    Final,
}

impl RetryPolicy {
    /// The rule of a kind of failure; none when it is not tried again.
    #[must_use]
    pub const fn rule(&self, kind: Kind) -> Option<&Rule> {
        match kind {
            Kind::Aborted => Some(&self.aborted),
            Kind::Unavailable | Kind::DeadlineExceeded => Some(&self.unavailable),
            Kind::ResourceExhausted => Some(&self.exhausted),
            Kind::Internal => Some(&self.internal),
            Kind::InvalidArgument
            | Kind::NotFound
            | Kind::AlreadyExists
            | Kind::FailedPrecondition
            | Kind::OutOfRange
            | Kind::Unauthenticated
            | Kind::PermissionDenied
            | Kind::Cancelled
            | Kind::DataLoss
            | Kind::Unimplemented => None,
        }
    }

    /// What follows when `attempt`, counted from 1, ended in `failure`.
    pub fn next(&self, failure: &Failure, attempt: u32, random: &dyn Random) -> Next {
        let Some(rule) = self.rule(failure.kind) else { return Next::Final };
        if attempt >= rule.attempts {
            return Next::Exhausted;
        }
        let delay = rule.backoff.delay(attempt, random);
        Next::Again(failure.retry_after.map_or(delay, |asked| asked.max(delay)))
    }
}

#[cfg(test)]
mod tests {
    use lectern_core::Reason;
    use lectern_core::random::SeededRandom;

    use super::*;

    #[test]
    fn a_kind_has_a_rule_exactly_when_it_is_retryable() {
        for kind in Kind::ALL {
            assert_eq!(RetryPolicy::default().rule(kind).is_some(), kind.retryable(), "{kind:?}");
        }
    }

    #[test]
    fn each_kind_has_its_attempts_and_its_delays() {
        let (policy, random) = (RetryPolicy::default(), SeededRandom::new(1));
        for (kind, attempts, cap) in [
            (Kind::Aborted, 10, 5),
            (Kind::Unavailable, 5, 30),
            (Kind::DeadlineExceeded, 5, 30),
            (Kind::ResourceExhausted, 8, 60),
            (Kind::Internal, 3, 30),
        ] {
            let failure = Failure::new(kind, Reason::Internal, "it failed");
            for attempt in 1..attempts {
                let next = policy.next(&failure, attempt, &random);
                assert!(matches!(next, Next::Again(delay) if delay <= Duration::from_secs(cap)), "{kind:?} {next:?}");
            }
            assert_eq!(policy.next(&failure, attempts, &random), Next::Exhausted, "{kind:?}");
        }
        let refused = Failure::invalid("voice", "unknown");
        assert_eq!(policy.next(&refused, 1, &random), Next::Final);
    }

    #[test]
    fn what_a_provider_asked_for_is_a_lower_bound() {
        let (policy, random) = (RetryPolicy::default(), SeededRandom::new(1));
        let asked = Duration::from_secs(2);
        let failure = Failure::new(Kind::Unavailable, Reason::EngineUnavailable, "later").after(asked);
        for attempt in [1, 2, 3, 4].into_iter().cycle().take(200) {
            let Next::Again(delay) = policy.next(&failure, attempt, &random) else { panic!("another attempt") };
            assert!(delay >= asked, "{delay:?}");
        }
    }
}
