//! Processes say what they are, each with a name of its own.

use std::collections::BTreeSet;

use super::received::{Attributes, Received};

/// What the setting `telemetry.environment` is in a run.
pub const ENVIRONMENT: &str = "observed";
/// What is told apart by, of all processes.
const INSTANCE: &str = "service.instance.id";
/// What every process says of itself; where it is empty, whatever it is.
const SAYS: [(&str, &str); 8] = [
    ("service.name", "lectern-lectern"),
    ("service.namespace", "lectern"),
    (INSTANCE, ""),
    ("service.version", ""),
    ("deployment.environment.name", ENVIRONMENT),
    ("telemetry.sdk.name", "opentelemetry"),
    ("telemetry.sdk.language", "rust"),
    ("telemetry.sdk.version", ""),
];

/// What is wrong with what so many processes say of themselves: a line each.
pub fn problems(received: &Received, processes: usize) -> BTreeSet<String> {
    let mut problems: BTreeSet<String> = received.resources.iter().flat_map(lacks).collect();
    let different: BTreeSet<_> =
        received.resources.iter().filter_map(|about| about.get(INSTANCE)).map(|id| &id.text).collect();
    if different.len() != processes {
        problems.insert(format!("{processes} processes exported, and {} of {INSTANCE} were received", different.len()));
    }
    problems
}

/// What a process says otherwise, or does not say.
fn lacks(about: &Attributes) -> Vec<String> {
    let mut lacks = Vec::new();
    for (name, expected) in SAYS {
        match about.get(name) {
            None => lacks.push(format!("a process does not say its {name}")),
            Some(value) if value.sort != "Str" || value.text.is_empty() => {
                lacks.push(format!("a process says that its {name} is {value}"));
            }
            Some(value) if !expected.is_empty() && value.text != expected => {
                lacks.push(format!("a process says that its {name} is {value}, and it is {expected}"));
            }
            Some(_) => {}
        }
    }
    lacks
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observe::collector::received::EXCERPT;

    fn said(this: &str, that: &str) -> Vec<String> {
        assert!(EXCERPT.contains(this), "{this}");
        problems(&Received::read(&EXCERPT.replace(this, that)), 2).into_iter().collect()
    }

    #[test]
    fn what_a_process_does_not_say_or_says_otherwise_is_named() {
        assert_eq!(said("rust", "rust"), Vec::<String>::new());
        assert_eq!(said("service.version:", "version:"), ["a process does not say its service.version"]);
        let other = "a process says that its service.namespace is Str(other), and it is lectern";
        assert_eq!(said("service.namespace: Str(lectern)", "service.namespace: Str(other)"), [other]);
        assert_eq!(said("Str(0.33.1)", "Str()"), ["a process says that its telemetry.sdk.version is Str()"]);
    }

    #[test]
    fn processes_that_cannot_be_told_apart_are_named() {
        let same = said("480a7549-a989-4b0c-96cc-cd230dfa62eb", "ba41d0d1-dc25-42a5-8b46-f3e4ab61dea7");
        assert_eq!(same, ["2 processes exported, and 1 of service.instance.id were received"]);
    }
}
