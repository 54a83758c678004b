//! What the fake knows of each model: the rows of the real ones, as far as a client meets them.

/// A model.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row {
    pub id: &'static str,
    /// The levels of thinking that it takes; none where it has a budget instead.
    pub levels: &'static [&'static str],
    /// The level where none is asked for.
    pub default_level: &'static str,
    /// Whether it takes `temperature`, `topP` and `topK`.
    pub sampling: bool,
    /// The most tokens of input.
    pub input: u64,
    /// The most tokens that are written.
    pub output: u64,
    /// Whether an answer that is too long for one call ends with a token to go on.
    pub continues: bool,
    /// Whether it exists on version `v1beta` of the Developer API alone.
    pub beta: bool,
}

const FROM_MINIMAL: &[&str] = &["MINIMAL", "LOW", "MEDIUM", "HIGH"];
const FROM_LOW: &[&str] = &["LOW", "MEDIUM", "HIGH"];
const UP_TO_XHIGH: &[&str] = &["LOW", "MEDIUM", "HIGH", "XHIGH"];
const WINDOW: u64 = 1_048_576;
const OUTPUT: u64 = 65_536;

const PLAIN: Row = Row {
    id: "",
    levels: FROM_LOW,
    default_level: "MEDIUM",
    sampling: true,
    input: WINDOW,
    output: OUTPUT,
    continues: false,
    beta: false,
};

static ROWS: [Row; 14] = [
    Row { id: "gemini-3.8-flash", sampling: false, ..PLAIN },
    Row { id: "gemini-3.7-flash", sampling: false, ..PLAIN },
    Row { id: "gemini-3.6-flash", sampling: false, levels: FROM_MINIMAL, ..PLAIN },
    Row { id: "gemini-3.5-flash", levels: FROM_MINIMAL, ..PLAIN },
    Row { id: "gemini-3.5-flash-lite", sampling: false, levels: FROM_MINIMAL, default_level: "MINIMAL", ..PLAIN },
    Row { id: "gemini-3.1-flash-lite", levels: FROM_MINIMAL, default_level: "MINIMAL", ..PLAIN },
    Row { id: "gemini-3.1-pro-preview", default_level: "HIGH", ..PLAIN },
    Row { id: "gemini-3-flash-preview", levels: FROM_MINIMAL, default_level: "HIGH", ..PLAIN },
    Row { id: "gemini-2.5-flash-lite", levels: &[], default_level: "MINIMAL", ..PLAIN },
    Row { id: "gemini-4-argon", continues: true, output: WINDOW, ..PLAIN },
    Row { id: "gemini-4-carbon", continues: true, output: WINDOW, ..PLAIN },
    Row { id: "gemini-4-hydrogen", continues: true, output: WINDOW, levels: UP_TO_XHIGH, ..PLAIN },
    Row { id: "gemini-flash-latest", sampling: false, beta: true, ..PLAIN },
    Row {
        id: "gemini-flash-lite-latest",
        sampling: false,
        levels: FROM_MINIMAL,
        default_level: "MINIMAL",
        beta: true,
        ..PLAIN
    },
];

/// The row of a model by its bare name.
pub(super) fn row(id: &str) -> Option<&'static Row> {
    ROWS.iter().find(|row| row.id == id)
}

/// The most tokens that one call writes before it ends with a token to go on.
pub(super) const fn hop(streamed: bool) -> u64 {
    if streamed { 65_536 } else { 32_768 }
}

/// The least tokens of a prompt that are kept for the next one.
pub(super) const LEAST_CACHED: u64 = 4_096;

/// The tokens that the fake thinks at each level. The figures are its own: they only have to
/// differ.
pub(super) fn thoughts(level: &str) -> u64 {
    match level {
        "MINIMAL" => 0,
        "LOW" => 24,
        "MEDIUM" => 96,
        "HIGH" => 384,
        _ => 1_024,
    }
}
