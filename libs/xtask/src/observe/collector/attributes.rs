//! Attributes of spans and of measurements: docs name each, and numbers are numbers.

use std::collections::BTreeSet;

use super::docs::PAGE;
use super::received::Attributes;

/// Those that are numbers; all others are text.
const NUMBERS: [&str; 6] = [
    "db.operation.batch.size",
    "deliveries",
    "messaging.batch.message_count",
    "messaging.message.body.size",
    "network.peer.port",
    "server.port",
];

/// What is wrong with the attributes of `of`, which may have those that are `named`: a line each.
pub fn problems(of: &str, attributes: &Attributes, named: &BTreeSet<String>) -> Vec<String> {
    let mut problems = Vec::new();
    for (name, value) in attributes {
        if !named.contains(name) {
            problems.push(format!("{of} has {name}, which {PAGE} does not name"));
        }
        let (sort, word) = if NUMBERS.contains(&name.as_str()) { ("Int", "a number") } else { ("Str", "text") };
        if value.sort != sort {
            problems.push(format!("{of} has {name} as {value}, and it is {word}"));
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observe::collector::received::Value;

    #[test]
    fn an_attribute_that_docs_do_not_name_and_a_number_as_text_are_named() {
        let named = BTreeSet::from(["server.port".to_owned(), "tenant".to_owned()]);
        let said = |name: &str, sort: &str, text: &str| {
            let value = Value { sort: sort.to_owned(), text: text.to_owned() };
            problems("it", &Attributes::from([(name.to_owned(), value)]), &named)
        };
        assert!(said("server.port", "Int", "7400").is_empty());
        assert!(said("tenant", "Str", "7400").is_empty());
        assert_eq!(said("server.port", "Str", "7400"), ["it has server.port as Str(7400), and it is a number"]);
        assert_eq!(said("tenant", "Int", "7"), ["it has tenant as Int(7), and it is text"]);
        assert_eq!(said("rpc.system", "Str", "grpc"), [format!("it has rpc.system, which {PAGE} does not name")]);
    }
}
