//! The word for where a narration stands.

/// Where a narration stands, in a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Phase {
    /// Accepted, and the source is to be read.
    Extracting,
    /// The outline is to be made.
    Planning,
    /// Sections are written and recorded.
    Narrating,
    /// Sections are written, and somebody is to approve them.
    AwaitingApproval,
    /// Files are made.
    Assembling,
    /// Every file is there.
    Succeeded,
    /// It ended with a failure.
    Failed,
    /// It was stopped.
    Cancelled,
}

impl Phase {
    /// Whether nothing more happens in this run.
    #[must_use]
    pub const fn terminal(self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed | Self::Cancelled)
    }

    /// The word for it in records, in their field `phase`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Extracting => "extracting",
            Self::Planning => "planning",
            Self::Narrating => "narrating",
            Self::AwaitingApproval => "awaiting_approval",
            Self::Assembling => "assembling",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }
}
