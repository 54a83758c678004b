//! What the fake knows of each model that speaks, as far as a client meets it.

/// How a model is told of a style and of two speakers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    /// Beside the text, which is read word for word.
    Metadata,
    /// In the text.
    Text,
}

/// A model.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row {
    pub id: &'static str,
    pub dialect: Dialect,
    /// Whether it was shut on 2026-11-17.
    pub shut: bool,
}

static ROWS: [Row; 5] = [
    Row { id: "gemini-3.8-flash-tts", dialect: Dialect::Metadata, shut: false },
    Row { id: "gemini-3.8-flash-lite-tts", dialect: Dialect::Metadata, shut: false },
    Row { id: "gemini-2.5-flash-tts", dialect: Dialect::Text, shut: false },
    Row { id: "gemini-2.5-pro-tts", dialect: Dialect::Text, shut: false },
    Row { id: "gemini-3.1-flash-tts-preview", dialect: Dialect::Text, shut: true },
];

/// Tokens that a model reads at most, and those of its longest answer.
pub(super) const INPUT: u64 = 8_192;
pub(super) const OUTPUT: u64 = 16_384;
/// Tokens of a second of audio.
pub(super) const PER_SECOND: u64 = 25;
/// Seconds after which a stream of an older model breaks off.
pub(super) const STREAMED: f64 = 60.0;
/// Samples a second.
pub(super) const RATE: u32 = 24_000;

/// The voices that are there for everybody.
pub(super) static VOICES: [&str; 30] = [
    "Achernar",
    "Achird",
    "Algenib",
    "Algieba",
    "Alnilam",
    "Aoede",
    "Autonoe",
    "Callirrhoe",
    "Charon",
    "Despina",
    "Enceladus",
    "Erinome",
    "Fenrir",
    "Gacrux",
    "Iapetus",
    "Kore",
    "Laomedeia",
    "Leda",
    "Orus",
    "Puck",
    "Pulcherrima",
    "Rasalgethi",
    "Sadachbia",
    "Sadaltager",
    "Schedar",
    "Sulafat",
    "Umbriel",
    "Vindemiatrix",
    "Zephyr",
    "Zubenelgenubi",
];

/// The row of a model by its bare name; that of one that was shut where those are served.
pub(super) fn row(id: &str, shut_too: bool) -> Option<&'static Row> {
    ROWS.iter().find(|row| row.id == id && (shut_too || !row.shut))
}
