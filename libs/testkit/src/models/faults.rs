//! What goes wrong with a model, by name: queued one after the other, or with a share of the calls.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

/// The time between two events of a stream that repeats itself, so that whoever leaves it has left
/// it before it ends.
const REPEATING: Duration = Duration::from_millis(50);

/// What may go wrong. A call meets at most one of them, and each fits some calls only: those that
/// are of its wire, and streams where it is about streams.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ModelFault {
    // Before anything is written: nothing is billed.
    /// It takes longer, by [`ModelFaults::set_slowness`], and goes on as if nothing had been.
    Slow,
    /// The request is accepted and never answered, until the client gives up.
    Hang,
    /// The connection ends without an answer.
    Dead,
    /// 429 for the minute, with the time to wait ([`ModelFaults::set_retry_after`]): `RetryInfo`
    /// and
    /// `QuotaFailure` of Gemini, `retry-after` in seconds of the others.
    QuotaOfMinute,
    /// 429 for the day, without a time: Gemini has only `Help` with links.
    QuotaOfDay,
    /// 429 without any details: capacity that is shared, as on Google's Enterprise host.
    SharedCapacity,
    /// 429 in the old style of Google: `errors[]`.
    OldQuota,
    /// 429 with `retry-after` as a date. OpenAI only.
    RetryAfterDate,
    /// 429 with `retry-after-ms`. OpenAI only.
    RetryAfterMillis,
    /// The purse is empty: 402 of Gemini, 429 with `insufficient_quota` of the others. Lasting.
    PurseEmpty,
    /// 503 in JSON.
    Overloaded,
    /// 503 with a page of HTML, from what stands before the service.
    OverloadedPage,
    /// 500.
    Internal,
    /// 504: the server's own limit of time.
    DeadlineExceeded,
    /// 401: the credential was good and is refused.
    CredentialRefused,
    /// 403.
    Denied,
    /// 400 `FAILED_PRECONDITION`: billing is not set up. Gemini only.
    BillingNotSetUp,

    // What was written is not an answer: billed.
    /// It ends well and has no parts, or an empty text.
    EmptyAnswer,
    /// `OTHER` without content. Gemini only.
    NoContent,
    /// What was written is withheld for safety.
    Withheld,
    /// The prompt is refused: only it is billed. `promptFeedback`, or `refusal`.
    PromptRefused,
    /// Thoughts use up the limit: no text.
    ThoughtsUseItUp,
    /// JSON is cut within a string, and it ends well all the same.
    CutMidString,
    /// The limit falls into the answer.
    CutAtLimit,
    /// A phrase within a string is repeated until the limit.
    RepeatsPhrase,
    /// A digit within a number is repeated until the limit.
    RepeatsDigit,
    /// `RECITATION`, without parts. Gemini only.
    Recitation,
    /// A call of a tool that nobody offered, malformed: no content.
    MalformedCall,
    /// `UNEXPECTED_TOOL_CALL`, without content. Gemini only.
    UnexpectedCall,
    /// The answer ends in its middle with a token to go on. Models of Gemini that can.
    Continuation,
    /// The answer is whole, and ends with a reason that nobody has heard of.
    UnknownReason,
    /// JSON that does not fit the schema.
    WrongShape,
    /// JSON between fences of Markdown.
    Fenced,

    // The answer is whole, and unusual: billed.
    /// The answer says that another model wrote it.
    OtherModel,
    /// It says that the model is about to be retired. The Developer API only.
    Legacy,
    /// A string in the answer has U+2028 in it, which is no end of a line in JSON.
    LineSeparators,

    // What was written does not get out whole: billed.
    /// It is answered later, by [`ModelFaults::set_slowness`], and billed also if nobody waits.
    Late,
    /// The answer is lost after the work.
    LostAnswer,
    /// The connection breaks in the middle of the answer.
    CutAnswer,
    /// A stream ends without a reason, as if it were over.
    NoReason,
    /// A stream ends with an error, after some good events.
    ErrorInStream,
    /// A stream takes longer between its events, by [`ModelFaults::set_slowness`].
    SlowStream,
    /// A stream that was to end with the usage ends without it. All but Gemini.
    MissingUsage,
}

/// When a fault strikes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Moment {
    Before,
    Written,
    Sent,
}

impl ModelFault {
    /// All of them.
    pub const ALL: [Self; 43] = [
        Self::Slow,
        Self::Hang,
        Self::Dead,
        Self::QuotaOfMinute,
        Self::QuotaOfDay,
        Self::SharedCapacity,
        Self::OldQuota,
        Self::RetryAfterDate,
        Self::RetryAfterMillis,
        Self::PurseEmpty,
        Self::Overloaded,
        Self::OverloadedPage,
        Self::Internal,
        Self::DeadlineExceeded,
        Self::CredentialRefused,
        Self::Denied,
        Self::BillingNotSetUp,
        Self::EmptyAnswer,
        Self::NoContent,
        Self::Withheld,
        Self::PromptRefused,
        Self::ThoughtsUseItUp,
        Self::CutMidString,
        Self::CutAtLimit,
        Self::RepeatsPhrase,
        Self::RepeatsDigit,
        Self::Recitation,
        Self::MalformedCall,
        Self::UnexpectedCall,
        Self::Continuation,
        Self::UnknownReason,
        Self::WrongShape,
        Self::Fenced,
        Self::OtherModel,
        Self::Legacy,
        Self::LineSeparators,
        Self::Late,
        Self::LostAnswer,
        Self::CutAnswer,
        Self::NoReason,
        Self::ErrorInStream,
        Self::SlowStream,
        Self::MissingUsage,
    ];

    pub(super) const fn moment(self) -> Moment {
        match self {
            Self::Slow
            | Self::Hang
            | Self::Dead
            | Self::QuotaOfMinute
            | Self::QuotaOfDay
            | Self::SharedCapacity
            | Self::OldQuota
            | Self::RetryAfterDate
            | Self::RetryAfterMillis
            | Self::PurseEmpty
            | Self::Overloaded
            | Self::OverloadedPage
            | Self::Internal
            | Self::DeadlineExceeded
            | Self::CredentialRefused
            | Self::Denied
            | Self::BillingNotSetUp => Moment::Before,
            Self::EmptyAnswer
            | Self::NoContent
            | Self::Withheld
            | Self::PromptRefused
            | Self::ThoughtsUseItUp
            | Self::CutMidString
            | Self::CutAtLimit
            | Self::RepeatsPhrase
            | Self::RepeatsDigit
            | Self::Recitation
            | Self::MalformedCall
            | Self::UnexpectedCall
            | Self::Continuation
            | Self::UnknownReason
            | Self::WrongShape
            | Self::Fenced
            | Self::OtherModel
            | Self::Legacy
            | Self::LineSeparators => Moment::Written,
            Self::Late
            | Self::LostAnswer
            | Self::CutAnswer
            | Self::NoReason
            | Self::ErrorInStream
            | Self::SlowStream
            | Self::MissingUsage => Moment::Sent,
        }
    }

    /// Whether it is about streams alone.
    pub(super) const fn of_streams(self) -> bool {
        matches!(self, Self::NoReason | Self::ErrorInStream | Self::SlowStream | Self::MissingUsage)
    }
}

/// Switches for [`ModelFault`]s. Clones switch the same.
#[derive(Debug, Clone, Default)]
pub struct ModelFaults(Arc<Mutex<Switches>>);

#[derive(Debug)]
struct Switches {
    queue: VecDeque<ModelFault>,
    shares: BTreeMap<ModelFault, f64>,
    hits: BTreeMap<ModelFault, u64>,
    slowness: Duration,
    retry_after: Duration,
    random: u64,
}

impl Default for Switches {
    fn default() -> Self {
        Self {
            queue: VecDeque::new(),
            shares: BTreeMap::new(),
            hits: BTreeMap::new(),
            slowness: Duration::from_millis(300),
            retry_after: Duration::from_secs(38),
            random: 0x9e37_79b9_7f4a_7c15,
        }
    }
}

impl ModelFaults {
    fn with<T>(&self, work: impl FnOnce(&mut Switches) -> T) -> T {
        work(&mut self.0.lock())
    }

    /// Puts one at the end of the queue: it strikes the first call that it fits once it is the
    /// first of the queue. What is queued goes before what strikes by share.
    pub fn queue(&self, fault: ModelFault) {
        self.with(|switches| switches.queue.push_back(fault));
    }

    /// Queues it `count` times.
    pub fn strike(&self, fault: ModelFault, count: usize) {
        self.with(|switches| switches.queue.extend(std::iter::repeat_n(fault, count)));
    }

    /// How many are still in the queue.
    #[must_use]
    pub fn queued(&self) -> usize {
        self.with(|switches| switches.queue.len())
    }

    /// Strikes this share, from 0 to 1, of the calls that it fits.
    pub fn set(&self, fault: ModelFault, share: f64) {
        self.with(|switches| switches.shares.insert(fault, share));
    }

    /// From here on shares are drawn from this seed: the same calls in the same order meet the same
    /// faults.
    pub fn seed(&self, seed: u64) {
        // SplitMix64's first output, since xorshift must not start at 0 nor at two near numbers.
        let mixed = (seed.wrapping_add(0x9e37_79b9_7f4a_7c15) ^ (seed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        self.with(|switches| switches.random = (mixed ^ (mixed >> 27)) | 1);
    }

    /// By how much it is slow or late; 300 ms at first.
    pub fn set_slowness(&self, by: Duration) {
        self.with(|switches| switches.slowness = by);
    }

    /// After which time [`ModelFault::QuotaOfMinute`] and its like ask to come again; 38 s at
    /// first. It is only said: whoever comes sooner is not refused for it.
    pub fn set_retry_after(&self, after: Duration) {
        self.with(|switches| switches.retry_after = after);
    }

    /// Ends all faults and empties the queue; how often each struck stays known.
    pub fn clear(&self) {
        self.with(|switches| {
            switches.queue.clear();
            switches.shares.clear();
        });
    }

    /// How often it struck so far.
    #[must_use]
    pub fn hits(&self, fault: ModelFault) -> u64 {
        self.with(|switches| switches.hits.get(&fault).copied().unwrap_or(0))
    }

    /// The fault that strikes a call, of those that fit it.
    pub(super) fn draw(&self, fits: impl Fn(ModelFault) -> bool) -> Option<ModelFault> {
        self.with(|switches| {
            let struck = match switches.queue.front().copied() {
                Some(fault) if fits(fault) => switches.queue.pop_front(),
                Some(_) | None => switches.share(fits),
            };
            if let Some(fault) = struck {
                *switches.hits.entry(fault).or_default() += 1;
            }
            struck
        })
    }

    pub(super) fn slowness(&self) -> Duration {
        self.with(|switches| switches.slowness)
    }

    /// The time between two events of a stream.
    pub(super) fn apart(&self, fault: Option<ModelFault>) -> Duration {
        match fault {
            Some(ModelFault::SlowStream) => self.slowness(),
            Some(ModelFault::RepeatsPhrase | ModelFault::RepeatsDigit) => REPEATING,
            _ => Duration::ZERO,
        }
    }

    pub(super) fn retry_after(&self) -> Duration {
        self.with(|switches| switches.retry_after)
    }
}

impl Switches {
    fn share(&mut self, fits: impl Fn(ModelFault) -> bool) -> Option<ModelFault> {
        let shares: Vec<(ModelFault, f64)> = self.shares.iter().map(|(fault, share)| (*fault, *share)).collect();
        shares
            .into_iter()
            .find(|(fault, share)| *share > 0.0 && fits(*fault) && self.number() < *share)
            .map(|hit| hit.0)
    }

    /// A number from 0 to 1: xorshift, since nothing here must be unpredictable.
    fn number(&mut self) -> f64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        #[allow(clippy::cast_precision_loss, reason = "53 bits fit")]
        let drawn = (self.random >> 11) as f64 / (1_u64 << 53) as f64;
        drawn
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_queue_goes_first_and_waits_for_a_call_that_its_head_fits() {
        let faults = ModelFaults::default();
        faults.queue(ModelFault::ErrorInStream);
        faults.queue(ModelFault::Overloaded);
        faults.set(ModelFault::Internal, 1.0);
        let unary = |fault: ModelFault| !fault.of_streams();
        assert_eq!(faults.draw(unary), Some(ModelFault::Internal), "the head is for a stream");
        assert_eq!(faults.draw(|_| true), Some(ModelFault::ErrorInStream));
        assert_eq!(faults.draw(unary), Some(ModelFault::Overloaded));
        assert_eq!((faults.queued(), faults.hits(ModelFault::Internal)), (0, 1));
        faults.clear();
        assert_eq!(faults.draw(|_| true), None);
    }

    #[test]
    fn a_seed_decides_which_calls_are_struck() {
        let run = |seed: u64| {
            let faults = ModelFaults::default();
            faults.seed(seed);
            faults.set(ModelFault::QuotaOfMinute, 0.3);
            (0..1_000).map(|_| faults.draw(|_| true).is_some()).collect::<Vec<bool>>()
        };
        assert_eq!(run(7), run(7));
        assert_ne!(run(7), run(8));
        let struck = run(7).iter().filter(|struck| **struck).count();
        assert!((200..400).contains(&struck), "{struck} of 1000");
    }
}
