//! What the check found.

use lectern_core::content::Range;

/// What is wrong with a claim; it is grounded if there are no faults.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Verdict {
    /// The faults, by their place in the claim.
    pub faults: Vec<Fault>,
}

impl Verdict {
    /// Whether the claim may be said.
    #[must_use]
    pub const fn passes(&self) -> bool {
        self.faults.is_empty()
    }
}

/// A part of a claim that its sources do not say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// What sort of thing it is.
    pub kind: FaultKind,
    /// Where it is in the claim, in Unicode scalar values.
    pub range: Range,
    /// The claim's words, as they are written there.
    pub found: String,
    /// What the sources have that is nearest to it, in their words; empty if nothing is near.
    pub said: String,
}

/// The sorts of faults.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FaultKind {
    /// A number that the sources do not have, or have of something else.
    Number,
    /// A number that the sources have with another unit.
    Unit,
    /// A year, a date or a time of day.
    Date,
    /// A name, an acronym or an identifier.
    Name,
    /// Words in quotation marks that the sources do not have in this form.
    Quotation,
    /// The opposite of what the sources say: more for less, after for before, with or without a
    /// "not".
    Direction,
}

impl FaultKind {
    /// The word for people and prompts.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Number => "number",
            Self::Unit => "unit",
            Self::Date => "date",
            Self::Name => "name",
            Self::Quotation => "quotation",
            Self::Direction => "direction",
        }
    }
}

/// The verdict in one line for people: `number: says 1967; the source has 1687`. More faults are
/// parted by ` | `.
#[must_use]
pub fn explain(verdict: &Verdict) -> String {
    if verdict.passes() {
        return "grounded".to_owned();
    }
    let lines: Vec<String> = verdict.faults.iter().map(line).collect();
    lines.join(" | ")
}

fn line(fault: &Fault) -> String {
    let kind = fault.kind.word();
    let found = one_line(&fault.found);
    if fault.said.is_empty() {
        return format!("{kind}: says {found}; the source has nothing like it");
    }
    format!("{kind}: says {found}; the source has {}", one_line(&fault.said))
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
