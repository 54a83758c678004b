//! The one closed set of failures. Every error of every crate becomes a [`Failure`]; its [`Kind`]
//! decides the gRPC code, whether to try again, and how loudly to log.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// What sort of failure, in the terms of the canonical gRPC codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Kind {
    /// The request is wrong whatever the state of the system.
    InvalidArgument,
    /// No such thing, or not this tenant's.
    NotFound,
    /// A thing of that name is there already, and differs.
    AlreadyExists,
    /// The system is not in the state that the request needs.
    FailedPrecondition,
    /// Somebody else changed it first.
    Aborted,
    /// An offset or range past the end.
    OutOfRange,
    /// No credential, or a wrong one.
    Unauthenticated,
    /// The credential does not allow this.
    PermissionDenied,
    /// A quota or limit is used up.
    ResourceExhausted,
    /// Something that is needed cannot be reached now.
    Unavailable,
    /// It took too long.
    DeadlineExceeded,
    /// The caller, or an operator, stopped it.
    Cancelled,
    /// What was stored is not what is read.
    DataLoss,
    /// A defect of ours.
    Internal,
    /// This version cannot do it.
    Unimplemented,
}

impl Kind {
    /// Whether the same thing may succeed later without a change by the caller.
    #[must_use]
    pub const fn retryable(self) -> bool {
        match self {
            Self::Aborted | Self::ResourceExhausted | Self::Unavailable | Self::DeadlineExceeded | Self::Internal => {
                true
            }
            Self::InvalidArgument
            | Self::NotFound
            | Self::AlreadyExists
            | Self::FailedPrecondition
            | Self::OutOfRange
            | Self::Unauthenticated
            | Self::PermissionDenied
            | Self::Cancelled
            | Self::DataLoss
            | Self::Unimplemented => false,
        }
    }

    /// Its number in `google.rpc.Code`.
    #[must_use]
    pub const fn code(self) -> i32 {
        match self {
            Self::Cancelled => 1,
            Self::InvalidArgument => 3,
            Self::DeadlineExceeded => 4,
            Self::NotFound => 5,
            Self::AlreadyExists => 6,
            Self::PermissionDenied => 7,
            Self::ResourceExhausted => 8,
            Self::FailedPrecondition => 9,
            Self::Aborted => 10,
            Self::OutOfRange => 11,
            Self::Unimplemented => 12,
            Self::Internal => 13,
            Self::Unavailable => 14,
            Self::DataLoss => 15,
            Self::Unauthenticated => 16,
        }
    }

    /// The kind of a number in `google.rpc.Code`; OK, UNKNOWN and numbers beyond have none.
    #[must_use]
    pub fn of_code(code: i32) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }

    /// Every kind.
    pub const ALL: [Self; 15] = [
        Self::InvalidArgument,
        Self::NotFound,
        Self::AlreadyExists,
        Self::FailedPrecondition,
        Self::Aborted,
        Self::OutOfRange,
        Self::Unauthenticated,
        Self::PermissionDenied,
        Self::ResourceExhausted,
        Self::Unavailable,
        Self::DeadlineExceeded,
        Self::Cancelled,
        Self::DataLoss,
        Self::Internal,
        Self::Unimplemented,
    ];

    /// Whether an operator should see it: a defect or a broken dependency rather than a caller's
    /// mistake.
    #[must_use]
    pub const fn ours(self) -> bool {
        matches!(self, Self::Unavailable | Self::DataLoss | Self::Internal | Self::DeadlineExceeded)
    }
}

macro_rules! reasons {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)*) => {
        /// Why, in one documented word: the `reason` of `google.rpc.ErrorInfo`.
        /// `lectern.v1.ErrorReason` lists the same.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum Reason {
            $($(#[$doc])* #[serde(rename = $text)] $name,)*
        }

        impl Reason {
            /// Every reason.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The reason as it stands in `ErrorInfo`.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }
        }
    };
}

reasons! {
    /// A field of the request is missing, malformed or out of range.
    InvalidField = "INVALID_FIELD",
    /// The resource does not exist or belongs to another tenant.
    ResourceNotFound = "RESOURCE_NOT_FOUND",
    /// The etag is not that of the newest revision.
    EtagMismatch = "ETAG_MISMATCH",
    /// The `request_id` was used before with another body.
    RequestIdReused = "REQUEST_ID_REUSED",
    /// The page token was not made by this method for this request.
    PageTokenInvalid = "PAGE_TOKEN_INVALID",
    /// No API key was sent, or it is unknown or revoked.
    KeyInvalid = "KEY_INVALID",
    /// The key may not do this.
    KeyNotAllowed = "KEY_NOT_ALLOWED",
    /// Too many requests by this tenant in a short time.
    RateLimited = "RATE_LIMITED",
    /// A size, count or length is over a documented limit.
    LimitExceeded = "LIMIT_EXCEEDED",
    /// The document has no bytes or no words.
    DocumentEmpty = "DOCUMENT_EMPTY",
    /// The bytes do not match the checksum sent with them.
    ChecksumMismatch = "CHECKSUM_MISMATCH",
    /// The upload does not continue where the last chunk ended.
    OffsetMismatch = "OFFSET_MISMATCH",
    /// The format is not one that can be read.
    FormatUnsupported = "FORMAT_UNSUPPORTED",
    /// The document is damaged or cut short.
    DocumentDamaged = "DOCUMENT_DAMAGED",
    /// The document is encrypted.
    DocumentEncrypted = "DOCUMENT_ENCRYPTED",
    /// The pages are pictures without text.
    NoTextLayer = "NO_TEXT_LAYER",
    /// Reading the document took more memory, time or output than is allowed.
    DocumentTooComplex = "DOCUMENT_TOO_COMPLEX",
    /// The voice is not known.
    VoiceUnknown = "VOICE_UNKNOWN",
    /// The voice does not speak the document's language.
    LanguageUnsupported = "LANGUAGE_UNSUPPORTED",
    /// The style is not known or not available.
    StyleUnsupported = "STYLE_UNSUPPORTED",
    /// The format is not known or its encoder is not installed.
    OutputFormatUnsupported = "OUTPUT_FORMAT_UNSUPPORTED",
    /// The operation does not fit the state of the resource.
    WrongState = "WRONG_STATE",
    /// The narration was cancelled.
    Cancelled = "CANCELLED",
    /// The narration passed its deadline.
    DeadlinePassed = "DEADLINE_PASSED",
    /// The document was erased.
    DocumentErased = "DOCUMENT_ERASED",
    /// Speech failed its checks again and again.
    SpeechRejected = "SPEECH_REJECTED",
    /// The voice's weights are missing or damaged.
    VoiceNotInstalled = "VOICE_NOT_INSTALLED",
    /// A step crashed its process again and again.
    StepCrashed = "STEP_CRASHED",
    /// A step failed in every attempt.
    AttemptsExhausted = "ATTEMPTS_EXHAUSTED",
    /// The database cannot be reached or refused.
    StoreUnavailable = "STORE_UNAVAILABLE",
    /// The queue cannot be reached or refused.
    QueueUnavailable = "QUEUE_UNAVAILABLE",
    /// The queue is at its limit.
    QueueFull = "QUEUE_FULL",
    /// Object storage cannot be reached or refused.
    BlobUnavailable = "BLOB_UNAVAILABLE",
    /// Another service of the system cannot be reached.
    ServiceUnavailable = "SERVICE_UNAVAILABLE",
    /// An object is missing or differs from its digest.
    ObjectDamaged = "OBJECT_DAMAGED",
    /// The server is draining.
    ShuttingDown = "SHUTTING_DOWN",
    /// A defect; the log has more under the trace id.
    Internal = "INTERNAL",
    /// As much waits as the installation takes; call again later.
    Overloaded = "OVERLOADED",
    /// An engine's provider cannot be reached or is out of order.
    EngineUnavailable = "ENGINE_UNAVAILABLE",
    /// An engine's provider takes no more calls for now.
    EngineLimited = "ENGINE_LIMITED",
    /// A step's command cannot be read.
    CommandUnreadable = "COMMAND_UNREADABLE",
    /// The installation does not import by URL; its operator may allow it.
    ImportDisabled = "IMPORT_DISABLED",
    /// The URL, or an address that it leads to, is not one that is called.
    UrlRefused = "URL_REFUSED",
    /// The server of the URL cannot be reached, or does not answer as it should.
    UrlUnreachable = "URL_UNREACHABLE",
    /// The source is pictures, and the program that reads them is not installed.
    OcrNotInstalled = "OCR_NOT_INSTALLED",
    /// No service here has this method, or it does not take this encoding of messages.
    CallUnsupported = "CALL_UNSUPPORTED",
    /// The API has room for this, and this version cannot do it yet.
    FeatureUnavailable = "FEATURE_UNAVAILABLE",
    /// The tenant is suspended; an administrator can resume it.
    TenantSuspended = "TENANT_SUSPENDED",
    /// There is a resource of this name already.
    AlreadyExists = "ALREADY_EXISTS",
    /// The run is pinned to a version that no service has any more.
    PinUnavailable = "PIN_UNAVAILABLE",
    /// An engine's provider refuses the operator's account, or does not let it do this.
    EngineCredentials = "ENGINE_CREDENTIALS",
    /// The operator's account with an engine's provider has no credit left.
    EngineBudget = "ENGINE_BUDGET",
    /// An engine's provider refuses what it was asked, and would again.
    EngineRefused = "ENGINE_REFUSED",
    /// The tenant's or the narration's budget has less left than the next call may cost.
    BudgetExhausted = "BUDGET_EXHAUSTED",
    /// What a model wrote failed its checks again and again.
    ScriptRejected = "SCRIPT_REJECTED",
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A failure that a caller, a step record or a log can be given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{reason}: {message}")]
pub struct Failure {
    /// What sort.
    pub kind: Kind,
    /// Why, in a word.
    pub reason: Reason,
    /// Why, and what to do about it, in a sentence for a person.
    pub message: String,
    /// The request's field that is wrong, as a path (`narration.speed`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// The resource it is about, as a name (`documents/123`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource: Option<String>,
    /// When to try again, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<Duration>,
}

impl Failure {
    /// A failure of this kind.
    pub fn new(kind: Kind, reason: Reason, message: impl Into<String>) -> Self {
        Self { kind, reason, message: message.into(), field: None, resource: None, retry_after: None }
    }

    /// A wrong field of a request.
    pub fn invalid(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(Kind::InvalidArgument, Reason::InvalidField, message).at(field)
    }

    /// No such resource for this tenant.
    pub fn not_found(resource: impl Into<String>) -> Self {
        let resource = resource.into();
        Self::new(
            Kind::NotFound,
            Reason::ResourceNotFound,
            format!("{resource} does not exist; list the collection to see what does"),
        )
        .about(resource)
    }

    /// A defect of ours.
    pub fn internal(message: impl Into<String>) -> Self {
        Self::new(Kind::Internal, Reason::Internal, message)
    }

    /// Names the field.
    #[must_use]
    pub fn at(mut self, field: impl Into<String>) -> Self {
        self.field = Some(field.into());
        self
    }

    /// Names the resource.
    #[must_use]
    pub fn about(mut self, resource: impl Into<String>) -> Self {
        self.resource = Some(resource.into());
        self
    }

    /// Says when to try again.
    #[must_use]
    pub const fn after(mut self, delay: Duration) -> Self {
        self.retry_after = Some(delay);
        self
    }
}
