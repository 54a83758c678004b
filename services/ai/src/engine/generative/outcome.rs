//! What may become of a call, and what is done then: one table, [`TABLE`], which `docs/writers.md`
//! repeats. A new outcome has no place until it has a row.

use lectern_provider::Class;

use crate::model::Finish;

/// What became of a call that brought no good answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Outcome {
    /// It ended well and is empty.
    Empty,
    /// It came to the limit of tokens before its first word.
    NoRoom,
    /// It came to the limit of tokens within its words.
    CutAtLimit,
    /// It ended well and is no JSON, or not all of it.
    NotJson,
    /// It is JSON and does not fit the schema.
    OffSchema,
    /// It fits the schema and says what cannot be: blocks that are not there, a plan without a
    /// section.
    Unfit,
    /// It repeated itself without end.
    Repeating,
    /// It was too close to a known text.
    Recitation,
    /// It tried to call a tool.
    ToolCall,
    /// The question or the answer was refused for what it says.
    Refused,
    /// It is longer than one answer can be.
    TooLong,
    /// The server read less of the question than was sent.
    PromptCut,
    /// It ended in a way that is not known.
    UnknownEnd,
    /// There is none: the provider is overloaded, or has a defect.
    Overloaded,
    /// There is none: the network broke.
    Unreached,
    /// There is none, or a part of one: it was cut on its way.
    Interrupted,
    /// There is none: too much was asked in a minute.
    QuotaOfMinute,
    /// There is none: too much was asked in a day.
    QuotaOfDay,
    /// There is none: the account has no money left.
    PurseEmpty,
    /// There is none: the question, the credential or the model is refused.
    NotTaken,
    /// Nobody wants it any more.
    Stopped,
}

/// What is changed before it is asked again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Change {
    /// Nothing but the seed.
    Seed,
    /// Twice the tokens.
    Room,
    /// Half of the material.
    Less,
    /// The fault is shown.
    FaultShown,
    /// Other words are asked for.
    Wording,
    /// Nothing, after a while: what the provider asks for, else longer each time.
    Wait,
}

/// What is done when asking again did not help.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Last {
    /// The step fails for good, with the provider's own reason. The order may be given another
    /// writer.
    Fail,
    /// The step fails and is tried again later by whoever runs it; what was answered so far is
    /// kept.
    Later,
}

/// One row of the table.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row {
    pub(super) outcome: Outcome,
    /// Its name in the docs and in failures.
    pub(super) name: &'static str,
    pub(super) change: Change,
    /// How many times it is asked again within one question.
    pub(super) times: u32,
    pub(super) last: Last,
}

const fn row(outcome: Outcome, name: &'static str, change: Change, times: u32, last: Last) -> Row {
    Row { outcome, name, change, times, last }
}

/// What is done about every outcome.
pub(super) const TABLE: [Row; 21] = [
    row(Outcome::Empty, "empty answer", Change::Seed, 2, Last::Fail),
    row(Outcome::NoRoom, "no room for words", Change::Room, 1, Last::Fail),
    row(Outcome::CutAtLimit, "cut at the limit", Change::Room, 2, Last::Fail),
    row(Outcome::NotJson, "no JSON", Change::Less, 2, Last::Fail),
    row(Outcome::OffSchema, "off the schema", Change::FaultShown, 2, Last::Fail),
    row(Outcome::Unfit, "unfit", Change::FaultShown, 2, Last::Fail),
    row(Outcome::Repeating, "endless repetition", Change::FaultShown, 2, Last::Fail),
    row(Outcome::Recitation, "recitation", Change::Wording, 2, Last::Fail),
    row(Outcome::ToolCall, "tool call", Change::Seed, 1, Last::Fail),
    row(Outcome::Refused, "refused", Change::Seed, 0, Last::Fail),
    row(Outcome::TooLong, "too long for one answer", Change::Less, 1, Last::Fail),
    row(Outcome::PromptCut, "prompt cut", Change::Less, 2, Last::Fail),
    row(Outcome::UnknownEnd, "unknown end", Change::Seed, 1, Last::Fail),
    row(Outcome::Overloaded, "overloaded", Change::Wait, 3, Last::Later),
    row(Outcome::Unreached, "not reached", Change::Wait, 3, Last::Later),
    row(Outcome::Interrupted, "interrupted", Change::Wait, 3, Last::Later),
    row(Outcome::QuotaOfMinute, "quota of the minute", Change::Wait, 3, Last::Later),
    row(Outcome::QuotaOfDay, "quota of the day", Change::Wait, 0, Last::Later),
    row(Outcome::PurseEmpty, "purse empty", Change::Seed, 0, Last::Fail),
    row(Outcome::NotTaken, "not taken", Change::Seed, 0, Last::Fail),
    row(Outcome::Stopped, "stopped", Change::Seed, 0, Last::Later),
];

/// The most answers that are asked for one question, whatever becomes of each.
pub(super) const MOST_TRIES: u32 = 6;

impl Outcome {
    /// What the provider's end of an answer is; none for a good one.
    pub(super) fn of_finish(finish: Finish, text: &str) -> Option<Self> {
        match finish {
            Finish::Stop if text.trim().is_empty() => Some(Self::Empty),
            Finish::Stop => None,
            Finish::Length if text.trim().is_empty() => Some(Self::NoRoom),
            Finish::Length => Some(Self::CutAtLimit),
            Finish::Refused => Some(Self::Refused),
            Finish::Recitation => Some(Self::Recitation),
            Finish::ToolCall => Some(Self::ToolCall),
            Finish::Continuation => Some(Self::TooLong),
            Finish::Empty => Some(Self::Empty),
            Finish::Repeating => Some(Self::Repeating),
            Finish::PromptCut => Some(Self::PromptCut),
            Finish::Other => Some(Self::UnknownEnd),
        }
    }

    /// What a call without an answer is.
    pub(super) const fn of_class(class: Class) -> Self {
        match class {
            Class::Overloaded | Class::Server => Self::Overloaded,
            Class::Network => Self::Unreached,
            Class::Interrupted => Self::Interrupted,
            Class::QuotaOfMinute => Self::QuotaOfMinute,
            Class::QuotaOfDay => Self::QuotaOfDay,
            Class::Purse => Self::PurseEmpty,
            Class::Invalid | Class::Credentials | Class::Denied | Class::NotFound => Self::NotTaken,
            Class::Cancelled => Self::Stopped,
        }
    }

    /// Its row.
    pub(super) fn row(self) -> Row {
        // A test holds that every outcome has one.
        let unknown = row(self, "unknown end", Change::Seed, 0, Last::Fail);
        TABLE.iter().find(|row| row.outcome == self).copied().unwrap_or(unknown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The names of the changes and of the ends, as the docs have them.
    fn words(row: &Row) -> (&'static str, &'static str) {
        let change = match row.change {
            Change::Seed => "another seed",
            Change::Room => "twice the tokens",
            Change::Less => "half of the material",
            Change::FaultShown => "the fault shown",
            Change::Wording => "other wording",
            Change::Wait => "after a wait",
        };
        let last = match row.last {
            Last::Fail => "fails",
            Last::Later => "tried later",
        };
        (if row.times == 0 { "none" } else { change }, last)
    }

    #[test]
    fn every_outcome_has_one_row_and_the_docs_repeat_it() {
        let docs = include_str!("../../../../../docs/writers.md");
        for row in TABLE {
            assert_eq!(TABLE.iter().filter(|other| other.outcome == row.outcome).count(), 1, "{}", row.name);
            let (change, last) = words(&row);
            let line = format!("| {} | {} | {} | {} |", row.name, change, row.times, last);
            assert!(docs.contains(&line), "docs/writers.md has no line {line:?}");
        }
        let rows = docs.lines().filter(|line| line.ends_with("| fails |") || line.ends_with("| tried later |"));
        assert_eq!(rows.count(), TABLE.len());
    }

    #[test]
    fn every_end_and_every_class_of_error_has_a_row() {
        for finish in [
            Finish::Length,
            Finish::Refused,
            Finish::Recitation,
            Finish::ToolCall,
            Finish::Continuation,
            Finish::Empty,
            Finish::Repeating,
            Finish::PromptCut,
            Finish::Other,
        ] {
            for text in ["", "{"] {
                let outcome = Outcome::of_finish(finish, text).expect("no other end is a success");
                assert!(TABLE.iter().any(|row| row.outcome == outcome), "{finish:?}");
            }
        }
        assert_eq!(Outcome::of_finish(Finish::Stop, "{}"), None);
        assert_eq!(Outcome::of_finish(Finish::Stop, " \n"), Some(Outcome::Empty));
        for class in Class::ALL {
            assert!(TABLE.iter().any(|row| row.outcome == Outcome::of_class(class)), "{class:?}");
        }
    }

    #[test]
    fn what_is_asked_again_is_bounded() {
        for row in TABLE {
            assert!(row.times < MOST_TRIES, "{}", row.name);
            assert_eq!(row.change == Change::Wait && row.times > 0, row.last == Last::Later && row.times > 0);
        }
    }
}
