//! What a check of a deployment found: well, of concern, or broken, and what is to be done.

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// As it should be.
    Ok,
    /// Work goes on, and somebody should look at it.
    Warning,
    /// A service does not start or work so.
    Broken,
}

impl Verdict {
    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Broken => "broken",
        }
    }
}

/// What one check found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What was looked at, in a word or two: `database version`.
    pub check: &'static str,
    /// How bad it is.
    pub verdict: Verdict,
    /// What was found, in a sentence without its full stop.
    pub found: String,
    /// What is to be done; empty where nothing is.
    pub advice: String,
}

impl Finding {
    /// All is as it should be.
    #[must_use]
    pub fn ok(check: &'static str, found: impl Into<String>) -> Self {
        Self { check, verdict: Verdict::Ok, found: found.into(), advice: String::new() }
    }

    /// Work goes on, and somebody should do something.
    #[must_use]
    pub fn warning(check: &'static str, found: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { check, verdict: Verdict::Warning, found: found.into(), advice: advice.into() }
    }

    /// A service does not start or work before somebody does something.
    #[must_use]
    pub fn broken(check: &'static str, found: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { check, verdict: Verdict::Broken, found: found.into(), advice: advice.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_of_several_is_the_largest() {
        let worst = [Verdict::Warning, Verdict::Ok, Verdict::Broken].into_iter().max();
        assert_eq!(worst.map(Verdict::as_str), Some("broken"));
        assert_eq!(Finding::ok("clock", "it is right").advice, "");
    }
}
