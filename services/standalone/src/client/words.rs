//! Failures as people read them: flags instead of fields of a request, and an exit status that
//! tells kinds apart.

mod flags;

use lectern_core::{Failure, Kind, Reason};
use lectern_proto::v1::{SkipReason, dropped_sentence};

use self::flags::{flag, plain};

/// How a command ended, as its exit status says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// All of it is done.
    Done = 0,
    /// Some of several documents failed, for different reasons, or a narration failed on its way.
    Failed = 1,
    /// Wrong use: arguments or values.
    Usage = 2,
    /// A document is refused: it cannot be read, is too large or empty.
    Refused = 65,
    /// No such thing: file, narration, document.
    NotFound = 66,
    /// The server, or what it needs, cannot be reached or is out of order.
    Unavailable = 69,
    /// A defect of Lectern.
    Defect = 70,
    /// The output cannot be written, or would overwrite something.
    Output = 73,
    /// A limit is reached: try again later.
    Later = 75,
    /// The key is wrong, or may not do this.
    Denied = 77,
    /// The configuration is wrong, or a part is missing: voice, ffmpeg, OCR.
    Missing = 78,
    /// Interrupted.
    Interrupted = 130,
}

/// Why a command ends before it is done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stop {
    /// Nobody was told yet: the failure is printed as the command's last line.
    Failure(Failure),
    /// It was told already, and the exit status alone is left.
    Said(Status),
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Self::Failure(failure)
    }
}

impl Stop {
    /// The exit status.
    #[must_use]
    pub fn status(&self) -> Status {
        match self {
            Self::Failure(failure) => status(failure),
            Self::Said(status) => *status,
        }
    }
}

/// A failure of this machine's output: what is to be written cannot be, or would replace something.
pub fn output(message: impl Into<String>) -> Failure {
    Failure::new(Kind::FailedPrecondition, Reason::Internal, message)
}

/// The failure of a command that was interrupted.
pub fn interrupted(message: impl Into<String>) -> Failure {
    Failure::new(Kind::Cancelled, Reason::Cancelled, message)
}

/// The field that a failure of `--key-file` names.
pub const KEY_FILE: &str = "key_file";
/// The field that a failure of `--writer-url` names.
pub const WRITER_URL: &str = "writer_url";
/// The field that a failure of `--writer-model` names.
pub const WRITER_MODEL: &str = "writer_model";
/// Flags that are read with the configuration: what is wrong with one is wrong use.
const READ_WITH_IT: [&str; 4] = [KEY_FILE, WRITER_URL, WRITER_MODEL, "narration.writer"];

/// A failure to start on the configuration, which names keys of it. What is wrong with a flag that
/// is read with it is wrong use, and stays so.
#[must_use]
pub fn of_configuration(failure: Failure) -> Failure {
    match failure.kind {
        Kind::InvalidArgument if !failure.field.as_deref().is_some_and(|field| READ_WITH_IT.contains(&field)) => {
            Failure { kind: Kind::FailedPrecondition, ..failure }
        }
        Kind::InvalidArgument
        | Kind::NotFound
        | Kind::AlreadyExists
        | Kind::FailedPrecondition
        | Kind::Aborted
        | Kind::OutOfRange
        | Kind::Unauthenticated
        | Kind::PermissionDenied
        | Kind::ResourceExhausted
        | Kind::Unavailable
        | Kind::DeadlineExceeded
        | Kind::Cancelled
        | Kind::DataLoss
        | Kind::Internal
        | Kind::Unimplemented => failure,
    }
}

/// The exit status of a failure.
#[must_use]
pub fn status(failure: &Failure) -> Status {
    match failure.reason {
        Reason::InvalidField => match failure.kind {
            Kind::NotFound => Status::NotFound,
            Kind::FailedPrecondition => Status::Missing,
            Kind::InvalidArgument
            | Kind::AlreadyExists
            | Kind::Aborted
            | Kind::OutOfRange
            | Kind::Unauthenticated
            | Kind::PermissionDenied
            | Kind::ResourceExhausted
            | Kind::Unavailable
            | Kind::DeadlineExceeded
            | Kind::Cancelled
            | Kind::DataLoss
            | Kind::Internal
            | Kind::Unimplemented => Status::Usage,
        },
        Reason::RequestIdReused
        | Reason::PageTokenInvalid
        | Reason::VoiceUnknown
        | Reason::StyleUnsupported
        | Reason::FeatureUnavailable
        | Reason::UrlRefused
        | Reason::WrongState
        | Reason::AlreadyExists => Status::Usage,
        Reason::DocumentEmpty
        | Reason::ChecksumMismatch
        | Reason::FormatUnsupported
        | Reason::DocumentDamaged
        | Reason::DocumentEncrypted
        | Reason::NoTextLayer
        | Reason::DocumentTooComplex
        | Reason::LanguageUnsupported => Status::Refused,
        Reason::ResourceNotFound | Reason::DocumentErased => Status::NotFound,
        Reason::KeyInvalid | Reason::KeyNotAllowed | Reason::TenantSuspended => Status::Denied,
        // A source that is too large is refused; of what is used up there is more later.
        Reason::LimitExceeded if too_large(failure) => Status::Refused,
        Reason::LimitExceeded
        | Reason::RateLimited
        | Reason::Overloaded
        | Reason::QueueFull
        | Reason::EngineLimited
        | Reason::BudgetExhausted
        | Reason::EtagMismatch => Status::Later,
        Reason::OutputFormatUnsupported
        | Reason::VoiceNotInstalled
        | Reason::OcrNotInstalled
        | Reason::ImportDisabled
        | Reason::EngineCredentials
        | Reason::EngineBudget
        | Reason::EngineRefused => Status::Missing,
        Reason::StoreUnavailable | Reason::BlobUnavailable if failure.kind == Kind::FailedPrecondition => {
            Status::Missing
        }
        Reason::StoreUnavailable
        | Reason::QueueUnavailable
        | Reason::BlobUnavailable
        | Reason::ServiceUnavailable
        | Reason::ShuttingDown
        | Reason::DeadlinePassed
        | Reason::OffsetMismatch
        | Reason::EngineUnavailable
        | Reason::CallUnsupported
        | Reason::PinUnavailable
        | Reason::UrlUnreachable => Status::Unavailable,
        Reason::Cancelled => Status::Interrupted,
        Reason::Internal if failure.kind == Kind::FailedPrecondition => Status::Output,
        Reason::SpeechRejected
        | Reason::ScriptRejected
        | Reason::StepCrashed
        | Reason::AttemptsExhausted
        | Reason::ObjectDamaged
        | Reason::CommandUnreadable
        | Reason::Internal => Status::Defect,
    }
}

/// Whether a limit is one of the source itself, and not of what a tenant uses at a time: that one
/// names the tenant, or says when to call again.
fn too_large(failure: &Failure) -> bool {
    failure.retry_after.is_none() && failure.resource.is_none()
}

/// The exit status for a narration that did not succeed: that of a document with nothing to narrate
/// in it, else that of a narration that failed on its way.
#[must_use]
pub fn of_narration(why: &Failure) -> Status {
    let refused = status(why) == Status::Refused && why.reason != Reason::LimitExceeded;
    if refused { Status::Refused } else { Status::Failed }
}

/// The exit status of several documents: that of all who failed where it is one, else
/// [`Status::Failed`]. An interrupt goes before everything.
fn of_several(failed: &[Status]) -> Status {
    match failed {
        [] => Status::Done,
        _ if failed.contains(&Status::Interrupted) => Status::Interrupted,
        [first, rest @ ..] if rest.iter().all(|status| status == first) => *first,
        _ => Status::Failed,
    }
}

/// The end of a command for several documents, whose failures were told as they came.
///
/// # Errors
/// The status of those that failed, where some have.
pub fn end_of_several(failed: &[Status]) -> Result<(), Stop> {
    let status = of_several(failed);
    if status == Status::Done { Ok(()) } else { Err(Stop::Said(status)) }
}

/// A failure as one line for a person, the reason of the API in brackets where there is one.
#[must_use]
pub fn sentence(failure: &Failure) -> String {
    let flag = failure.field.as_deref().and_then(flag);
    let mut message = plain(&failure.message);
    if failure.reason == Reason::KeyInvalid {
        message = format!(
            "the server does not take the API key, or was sent none; set LECTERN_KEY, or give --key-file FILE or --key \
             KEY (it says: {message})"
        );
    }
    let mut message = message.split_whitespace().collect::<Vec<_>>().join(" ");
    for (call, command) in CALLS {
        message = message.replace(call, command);
    }
    if UNREACHABLE.iter().any(|said| message.contains(said)) {
        message = format!(
            "the server, or a service that it needs, cannot be reached ({message}); see whether it runs, and whether \
             --server is right"
        );
    }
    // What this machine does not let be written has no reason of the API.
    let local = failure.kind == Kind::FailedPrecondition && failure.reason == Reason::Internal;
    let reason = if local { String::new() } else { format!(" [{}]", failure.reason) };
    match flag {
        Some(flag) if !message.contains(flag) => format!("{flag}: {message}{reason}"),
        Some(_) | None => format!("{message}{reason}"),
    }
}

/// What the transport says where nobody listens.
const UNREACHABLE: [&str; 2] = [" cannot be reached: ", "transport error"];

/// What a message asks of whoever calls the API, and what somebody at a command line does.
const CALLS: &[(&str, &str)] = &[
    ("list the collection to see what does", "`lectern list` and `lectern documents` show what does"),
    ("a preview lists them with their numbers", "--dry-run lists them with their numbers"),
    ("ListVoices", "`lectern voices`"),
    ("upload that", "narrate that"),
    ("estimate the order instead", "`lectern estimate` says what it would take"),
];

/// Why something is not spoken, as a person reads it.
#[must_use]
pub const fn skipped(reason: SkipReason) -> &'static str {
    match reason {
        SkipReason::Unspecified => "for a reason that this version does not know",
        SkipReason::RunningHead => "a running head or foot",
        SkipReason::PageNumber => "a page number",
        SkipReason::Navigation => "a menu and the like",
        SkipReason::TableOfContents => "a table of contents",
        SkipReason::FrontMatter => "front matter",
        SkipReason::BackMatter => "back matter",
        SkipReason::References => "a list of references",
        SkipReason::Citation => "a citation",
        SkipReason::NoteMark => "the mark of a note",
        SkipReason::FootnoteSkipped => "a footnote, which --footnotes skips",
        SkipReason::CodeBody => "the lines of code, which is announced",
        SkipReason::TableBody => "the cells of a table, which is announced",
        SkipReason::Formula => "a formula without words",
        SkipReason::FigureWithoutText => "a picture without alternative text",
        SkipReason::LanguageUnsupported => "a language that the voice does not speak",
        SkipReason::Summarised => "a briefing says other passages",
        SkipReason::NothingToSay => "no letters or digits",
        SkipReason::Watermark => "a watermark or stamp",
        SkipReason::Hidden => "hidden text",
        SkipReason::Deleted => "deleted text",
        SkipReason::Comment => "a comment",
        SkipReason::Placeholder => "the prompt of a form that is not filled in",
        SkipReason::Unaccounted => "a defect of Lectern, please report it",
        SkipReason::NotSelected => "outside of what --pages, --chapters or --first select",
        SkipReason::NotWanted => "of a kind that --skip leaves out",
        SkipReason::Edited => "replaced by other words, with `lectern edit`",
    }
}

/// Why a sentence that a writer wrote is not spoken, as a person reads it.
#[must_use]
pub const fn dropped(reason: dropped_sentence::Reason) -> &'static str {
    match reason {
        dropped_sentence::Reason::Unspecified => "for a reason that this version does not know",
        dropped_sentence::Reason::Ungrounded => "it says what the document does not",
        dropped_sentence::Reason::Unsourced => "it names no place of the document",
        dropped_sentence::Reason::Repeated => "it was said before",
        dropped_sentence::Reason::NotSpeech => "it is no speech",
        dropped_sentence::Reason::Cut => "it does not end",
        dropped_sentence::Reason::TooLong => "it is beyond the length that was asked for",
    }
}

/// Why something is not spoken, in the word that the manifest's JSON has for it (`page_number`).
#[must_use]
pub fn skip_reason(reason: SkipReason) -> String {
    reason.as_str_name().trim_start_matches("SKIP_REASON_").to_lowercase()
}

/// A number of things: `1 page`, `2 pages`.
#[must_use]
pub fn count(number: impl Into<i64>, one: &str) -> String {
    match number.into() {
        1 => format!("1 {one}"),
        number => format!("{number} {one}s"),
    }
}

/// A length of time as a clock shows it: `0:42`, `12:05`, `1:02:05`.
#[must_use]
pub fn clock(seconds: u64) -> String {
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{seconds:02}") } else { format!("{minutes}:{seconds:02}") }
}

/// Whole seconds of a length of time, rounded; 0 of a negative one.
#[must_use]
pub fn seconds(length: &prost_types::Duration) -> u64 {
    let half = i64::from(length.nanos >= 500_000_000);
    u64::try_from(length.seconds.saturating_add(half)).unwrap_or(0)
}

#[cfg(test)]
mod tests;
