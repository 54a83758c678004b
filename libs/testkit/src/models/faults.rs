//! What goes wrong with a model, by name.

use std::time::Duration;

use super::switches::{Fault, Faults};

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
    /// and `QuotaFailure` of Gemini, `retry-after` in seconds of the others.
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

impl Fault for ModelFault {
    const SLOW: Self = Self::Slow;
    const HANG: Self = Self::Hang;
    const DEAD: Self = Self::Dead;
    const PAGE: Self = Self::OverloadedPage;
    const LATE: Self = Self::Late;
    const LOST: Self = Self::LostAnswer;
    const CUT: Self = Self::CutAnswer;
}

/// Switches for [`ModelFault`]s. Clones switch the same.
pub type ModelFaults = Faults<ModelFault>;

impl Faults<ModelFault> {
    /// The time between two events of a stream.
    pub(super) fn apart(&self, fault: Option<ModelFault>) -> Duration {
        match fault {
            Some(ModelFault::SlowStream) => self.slowness(),
            Some(ModelFault::RepeatsPhrase | ModelFault::RepeatsDigit) => REPEATING,
            _ => Duration::ZERO,
        }
    }
}
