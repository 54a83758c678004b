//! The habits of four servers.

/// Whose habits a server has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Personality {
    /// OpenAI: unknown fields are refused, and so is a prompt that is too long; `max_tokens` is
    /// refused.
    OpenAi,
    /// vLLM: unknown fields are ignored; `code` of an error is a number.
    Vllm,
    /// Ollama: `max_completion_tokens` is ignored, and a prompt that is too long is cut in silence;
    /// an error within a stream is a line of JSON.
    Ollama,
    /// llama.cpp: the schema stands beside its type; usage comes in every stream; `code` of an
    /// error is a number.
    LlamaCpp,
}

impl Personality {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::OpenAi, Self::Vllm, Self::Ollama, Self::LlamaCpp];

    /// Whether an unknown field is refused.
    pub(super) const fn is_strict(self) -> bool {
        matches!(self, Self::OpenAi)
    }

    /// Whether `code` of an error is a number.
    pub(super) const fn has_integer_codes(self) -> bool {
        matches!(self, Self::Vllm | Self::LlamaCpp)
    }

    /// The field of a message that thoughts stand in; none where nobody sees them.
    pub(super) const fn thoughts_in(self) -> Option<&'static str> {
        match self {
            Self::OpenAi => None,
            Self::Vllm | Self::LlamaCpp => Some("reasoning_content"),
            Self::Ollama => Some("reasoning"),
        }
    }

    /// Whether a stream ends with its usage, by whether that was asked for.
    pub(super) const fn usage_in_stream(self, asked: bool) -> bool {
        matches!(self, Self::LlamaCpp) || asked
    }
}
