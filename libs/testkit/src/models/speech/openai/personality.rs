//! The habits of four servers.

/// Whose habits a server has that speaks by OpenAI's protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SpeechPersonality {
    /// OpenAI: unknown fields are refused, and more than 4,096 characters; events have a bill.
    OpenAi,
    /// Kokoro-FastAPI: streams unless it is told not to; errors as FastAPI has them; says when it
    /// says each word, in words of its own.
    Kokoro,
    /// LocalAI: a speed of 0 is refused.
    LocalAi,
    /// vLLM-Omni: times of words in a header field, where it has something to align by; a stream
    /// is events.
    VllmOmni,
}

impl SpeechPersonality {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::OpenAi, Self::Kokoro, Self::LocalAi, Self::VllmOmni];

    /// The fields that it knows. Those that it does not it refuses, or takes no notice of.
    pub(super) const fn known(self) -> &'static [&'static str] {
        match self {
            Self::OpenAi => &["model", "input", "voice", "instructions", "response_format", "speed", "stream_format"],
            Self::Kokoro => &[
                "model",
                "input",
                "voice",
                "response_format",
                "download_format",
                "speed",
                "stream",
                "return_download_link",
                "lang_code",
                "volume_multiplier",
                "normalization_options",
                "return_timestamps",
            ],
            Self::LocalAi => &[
                "model",
                "input",
                "voice",
                "instructions",
                "response_format",
                "speed",
                "stream",
                "sample_rate",
                "language",
            ],
            Self::VllmOmni => &[
                "model",
                "input",
                "voice",
                "instructions",
                "response_format",
                "speed",
                "stream",
                "stream_format",
                "word_timestamps",
                "task_type",
                "language",
            ],
        }
    }

    /// The format where none is named.
    pub(super) const fn usual_format(self) -> &'static str {
        match self {
            Self::OpenAi | Self::Kokoro => "mp3",
            Self::LocalAi | Self::VllmOmni => "wav",
        }
    }

    /// The models that it has at first.
    pub(super) const fn models(self) -> &'static [&'static str] {
        match self {
            Self::OpenAi => &["gpt-4o-mini-tts", "tts-1", "tts-1-hd"],
            Self::Kokoro => &["kokoro", "tts-1", "tts-1-hd", "gpt-4o-mini-tts"],
            Self::LocalAi | Self::VllmOmni => &["speaks"],
        }
    }

    /// The voices that it has at first.
    pub(super) const fn voices(self) -> &'static [&'static str] {
        match self {
            Self::OpenAi => &[
                "alloy", "ash", "ballad", "cedar", "coral", "echo", "fable", "marin", "nova", "onyx", "sage",
                "shimmer", "verse",
            ],
            Self::Kokoro => &["af_heart", "af_bella", "am_adam", "bf_emma", "ef_dora", "ff_siwis"],
            Self::LocalAi | Self::VllmOmni => &["anna", "bert"],
        }
    }
}

/// The voices that `tts-1` and `tts-1-hd` of OpenAI do not have.
pub(super) const NEWER: [&str; 4] = ["ballad", "cedar", "marin", "verse"];
