//! What goes wrong with a service that speaks, by name.

use crate::models::switches::{Fault, Faults};

/// What may go wrong. A call meets at most one of them, and each fits the calls of some services
/// only: those whose wire has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SpeechFault {
    // Before anything is spoken: nothing is billed.
    /// It takes longer, by [`SpeechFaults::set_slowness`], and goes on as if nothing had been.
    Slow,
    /// The request is accepted and never answered, until the client gives up.
    Hang,
    /// The connection ends without an answer.
    Dead,
    /// 429 for the requests of a minute.
    QuotaOfMinute,
    /// 429 for the characters of a minute. Cloud Text-to-Speech only.
    QuotaOfCharacters,
    /// 429 for the day, without a time. Gemini only.
    QuotaOfDay,
    /// 429 without any details: capacity that is shared. Gemini only.
    SharedCapacity,
    /// The purse is empty: 402 of Gemini, 429 with `insufficient_quota` of OpenAI. Lasting.
    PurseEmpty,
    /// 503 in the service's own form.
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
    /// The voice, or the model, is not served any more.
    VoiceWithdrawn,

    // What was spoken is not an answer: billed.
    /// There is no audio: `content: {}` with `OTHER` of Gemini, an empty field or body of others.
    EmptyAudio,
    /// A part of the audio, and `OTHER` at its end. Gemini only.
    EndsWithOther,
    /// The audio stops after 20 seconds, or in its middle where it is shorter, and ends well.
    CutAt20s,
    /// The audio stops in its middle, and the limit of tokens is named. Gemini only.
    MaxTokens,
    /// The prompt is refused: only it is billed. Gemini only.
    Blocked,
    /// Words in place of audio. Gemini only.
    TextInsteadOfAudio,
    /// As long as speech, and silent.
    Silence,
    /// The same two words again and again at the end.
    Loop,
    /// What was to be a style is spoken, before the text.
    StyleSpoken,
    /// Half a sample is missing at the end.
    OddBytes,
    /// A WAV where headerless samples are usual.
    WavForPcm,
    /// Headerless samples where a WAV is usual.
    PcmForWav,
    /// Another sample rate than asked for, or than is usual.
    WrongRate,
    /// The answer is whole, and ends with a reason that nobody has heard of. Gemini only.
    UnknownReason,
    /// An object of JSON with an error, with the status of a success. OpenAI's like only.
    ErrorBehindSuccess,

    // The answer is whole, and unusual: billed.
    /// A fifth as loud as usual: -14 dB.
    Quieter,
    /// Three times as loud as usual: +9.5 dB.
    Louder,
    /// Some times of words are missing.
    MarksMissing,
    /// The answer says that another model spoke. Gemini only.
    OtherModel,
    /// It does not say what it used. Gemini, and events of OpenAI.
    NoUsage,

    // What was spoken does not get out whole: billed.
    /// It is answered later, by [`SpeechFaults::set_slowness`], and billed also if nobody waits.
    Late,
    /// The answer is lost after the work.
    LostAnswer,
    /// The connection breaks in the middle of the answer.
    CutAnswer,
    /// A stream ends without its last event. Gemini's and OpenAI's.
    NoEnd,
    /// A stream ends with an error, after some good events. Gemini's and OpenAI's.
    ErrorInStream,
}

/// Switches for [`SpeechFault`]s. Clones switch the same.
pub type SpeechFaults = Faults<SpeechFault>;

impl SpeechFault {
    /// Whether it strikes before anything is spoken.
    pub(super) const fn is_before(self) -> bool {
        matches!(
            self,
            Self::Slow
                | Self::Hang
                | Self::Dead
                | Self::QuotaOfMinute
                | Self::QuotaOfCharacters
                | Self::QuotaOfDay
                | Self::SharedCapacity
                | Self::PurseEmpty
                | Self::Overloaded
                | Self::OverloadedPage
                | Self::Internal
                | Self::DeadlineExceeded
                | Self::CredentialRefused
                | Self::Denied
                | Self::VoiceWithdrawn
        )
    }

    /// Whether it is about streams alone.
    pub(super) const fn of_streams(self) -> bool {
        matches!(self, Self::NoEnd | Self::ErrorInStream)
    }
}

impl Fault for SpeechFault {
    const SLOW: Self = Self::Slow;
    const HANG: Self = Self::Hang;
    const DEAD: Self = Self::Dead;
    const PAGE: Self = Self::OverloadedPage;
    const LATE: Self = Self::Late;
    const LOST: Self = Self::LostAnswer;
    const CUT: Self = Self::CutAnswer;
}
