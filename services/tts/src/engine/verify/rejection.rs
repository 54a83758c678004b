//! Why speech was not accepted.

use std::fmt;

/// Why speech was not accepted.
#[derive(Debug, Clone, PartialEq)]
pub enum Rejection {
    /// The engine gave no audio at all, or says so itself.
    Nothing,
    /// The engine does not say that this is all of it.
    NotFinished {
        /// What it says in place of that.
        word: String,
    },
    /// A sample is not a number.
    NotFinite,
    /// It has another sample rate than its voice.
    WrongRate {
        /// Samples a second that it has.
        found: u32,
        /// Samples a second of the voice.
        expected: u32,
    },
    /// Shorter than its text can be spoken: the engine stopped early.
    TooShort {
        /// Seconds there are.
        seconds: f64,
        /// Seconds there must be.
        least: f64,
    },
    /// Longer than its text can be: repeated or babbled.
    TooLong {
        /// Seconds there are.
        seconds: f64,
        /// Seconds there may be.
        most: f64,
    },
    /// The provider counted more or less audio than there is.
    NotAsCounted {
        /// Seconds there are.
        seconds: f64,
        /// Seconds that it counted.
        counted: f64,
    },
    /// Nothing can be heard.
    Silent,
    /// A silence in the middle.
    Gap {
        /// Its seconds.
        seconds: f64,
    },
    /// Too many samples at full scale.
    Clipped,
    /// It ends in the middle of a sound.
    CutOff,
    /// Words without time, out of order, or past the end of the samples.
    WordsDisordered,
    /// Something is said again and again that the text says once, or a sound is held.
    Looped {
        /// For so many seconds.
        seconds: f64,
    },
    /// Who listened to it heard other words than were to be said. It says how many and none of
    /// them, since they are the document's.
    OtherWords {
        /// Words that differ, as a share of those that were to be said; over 1 where many are too
        /// many.
        share: f64,
        /// The share that may differ.
        most: f64,
    },
}

impl Rejection {
    /// A word for it, for metrics.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::NotFinished { .. } => "not_finished",
            Self::NotFinite => "not_finite",
            Self::WrongRate { .. } => "wrong_rate",
            Self::TooShort { .. } => "too_short",
            Self::TooLong { .. } => "too_long",
            Self::NotAsCounted { .. } => "not_as_counted",
            Self::Silent => "silent",
            Self::Gap { .. } => "gap",
            Self::Clipped => "clipped",
            Self::CutOff => "cut_off",
            Self::WordsDisordered => "words_disordered",
            Self::Looped { .. } => "looped",
            Self::OtherWords { .. } => "other_words",
        }
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing => f.write_str("the engine gave no audio"),
            // A word of a provider's, not its sentences.
            Self::NotFinished { word } => {
                write!(f, "the engine ended with {}", word.chars().take(40).collect::<String>())
            }
            Self::NotFinite => f.write_str("it has samples that are not numbers"),
            Self::WrongRate { found, expected } => {
                write!(f, "it has {found} samples a second where the voice has {expected}")
            }
            Self::TooShort { seconds, least } => write!(f, "it lasts {seconds:.2} s where its text needs {least:.2} s"),
            Self::TooLong { seconds, most } => {
                write!(f, "it lasts {seconds:.2} s where its text takes at most {most:.2} s")
            }
            Self::NotAsCounted { seconds, counted } => {
                write!(f, "it lasts {seconds:.2} s where the provider counted {counted:.2} s")
            }
            Self::Silent => f.write_str("it is silent"),
            Self::Gap { seconds } => write!(f, "it has a silence of {seconds:.2} s inside"),
            Self::Clipped => f.write_str("it is clipped"),
            Self::CutOff => f.write_str("it ends in the middle of a sound"),
            Self::WordsDisordered => f.write_str("the times of its words are out of order"),
            Self::Looped { seconds } => write!(f, "it says the same again and again, for {seconds:.2} s"),
            Self::OtherWords { share, most } => {
                let [share, most] = [share, most].map(|share| share * 100.0);
                write!(f, "{share:.0} % of its words were heard otherwise, where {most:.0} % may be")
            }
        }
    }
}
