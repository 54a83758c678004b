//! One narration is one trace, from the program that orders it through the queue and every stage;
//! its spans have what conventions ask for.

use std::collections::{BTreeMap, BTreeSet};

use super::attributes;
use super::received::{Received, Span};

/// The name of the spans of an order: of whoever makes the call, and below it of the gateway.
const ORDER: &str = "lectern.v1.NarrationService/CreateNarration";
const SERVER: &str = "SPAN_KIND_SERVER";
const CLIENT: &str = "SPAN_KIND_CLIENT";
const PRODUCER: &str = "SPAN_KIND_PRODUCER";
const CONSUMER: &str = "SPAN_KIND_CONSUMER";
const INTERNAL: &str = "SPAN_KIND_INTERNAL";
/// The steps of a narration.
const STEPS: [&str; 5] = ["extract", "plan", "write", "record", "assemble"];
/// How many events a span is about, where it is about several.
const BATCH: &str = "messaging.batch.message_count";

/// A sort of span.
struct Sort {
    what: &'static str,
    kind: &'static str,
    /// The attribute by which it is told from others of its kind.
    mark: &'static str,
    /// The attributes whose values its name begins with.
    name: &'static [&'static str],
    /// How the name of its parent begins; empty where that may be any.
    below: &'static str,
    /// Attributes that it has besides.
    has: &'static [&'static str],
    /// Whether every narration has one.
    always: bool,
}

const SORTS: [Sort; 8] = [
    Sort {
        what: "a call that is answered",
        kind: SERVER,
        mark: "rpc.method",
        name: &["rpc.method"],
        below: "",
        has: &["rpc.system.name", "rpc.status_code", "network.peer.address", "network.peer.port"],
        always: true,
    },
    Sort {
        what: "a call that is made",
        kind: CLIENT,
        mark: "rpc.method",
        name: &["rpc.method"],
        below: "",
        has: &["rpc.system.name", "rpc.status_code", "server.address", "server.port"],
        always: true,
    },
    Sort {
        what: "an operation of the database",
        kind: CLIENT,
        mark: "db.system.name",
        name: &["db.operation.name", "db.collection.name"],
        below: "",
        has: &[],
        always: true,
    },
    Sort {
        what: "a message that is sent",
        kind: PRODUCER,
        mark: "messaging.operation.name",
        name: &["messaging.operation.name"],
        below: "",
        has: &[
            "messaging.system",
            "messaging.operation.type",
            "messaging.destination.name",
            "messaging.destination.template",
            "messaging.message.body.size",
        ],
        always: true,
    },
    Sort {
        what: "a step",
        kind: CONSUMER,
        mark: "step",
        name: &["messaging.operation.name"],
        below: "publish work.",
        has: &[
            "messaging.system",
            "messaging.operation.type",
            "messaging.destination.template",
            "messaging.consumer.group.name",
            "service",
            "deliveries",
            "outcome",
        ],
        always: true,
    },
    Sort {
        what: "events that are folded",
        kind: CONSUMER,
        mark: "narration",
        name: &["messaging.operation.name"],
        below: "publish events.",
        has: &[
            "messaging.system",
            "messaging.operation.type",
            "messaging.destination.template",
            "messaging.consumer.group.name",
        ],
        always: true,
    },
    Sort {
        what: "a call of the engine",
        kind: INTERNAL,
        mark: "gen_ai.operation.name",
        name: &["gen_ai.operation.name", "gen_ai.request.model"],
        below: "process work.tts",
        has: &["gen_ai.provider.name", "gen_ai.output.type"],
        always: true,
    },
    Sort { what: "an errand", kind: INTERNAL, mark: "narration", name: &[], below: "", has: &[], always: false },
];

impl Sort {
    fn has(&self, span: &Span) -> bool {
        self.kind == span.kind && span.attributes.contains_key(self.mark)
    }
}

/// What is wrong with the traces of so many narrations: a line each.
pub fn problems(received: &Received, named: &BTreeSet<String>, narrations: usize) -> BTreeSet<String> {
    let mut problems = BTreeSet::new();
    for span in &received.spans {
        problems.extend(attributes::problems(&shown(span), &span.attributes, named));
        problems.extend(of_sort(span));
    }
    let orders = received.spans.iter().filter(|span| span.name == ORDER && span.kind == SERVER);
    let traces: BTreeSet<&str> = orders.map(|span| span.trace.as_str()).collect();
    if traces.len() != narrations {
        problems.insert(format!("{} traces have an order, and {narrations} narrations were ordered", traces.len()));
    }
    for trace in traces {
        problems.extend(Trace::of(&received.spans, trace).problems(&received.spans));
    }
    if received.spans.iter().all(|span| span.links.is_empty()) {
        problems.insert("no span has a link, although a narration has events that are folded at once".to_owned());
    }
    problems
}

fn shown(span: &Span) -> String {
    format!("the span {:?} ({})", span.name, span.kind)
}

/// What a span lacks of its sort.
fn of_sort(span: &Span) -> Vec<String> {
    let Some(sort) = SORTS.iter().find(|sort| sort.has(span)) else {
        return vec![format!("{} is of no sort that observe/collector/traces.rs knows", shown(span))];
    };
    let all = sort.name.iter().chain(sort.has);
    let lacks = all.filter(|name| !span.attributes.contains_key(**name));
    let mut problems: Vec<String> = lacks.map(|name| format!("{} has no {name}", shown(span))).collect();
    let name = sort.name.iter().map(|name| span.text(name)).collect::<Vec<_>>().join(" ");
    if !span.name.starts_with(&name) {
        problems.push(format!("{} is named otherwise than its attributes, {name:?}", shown(span)));
    }
    problems
}

/// The trace of a narration.
struct Trace<'a> {
    id: &'a str,
    spans: Vec<&'a Span>,
    by_id: BTreeMap<&'a str, &'a Span>,
}

impl<'a> Trace<'a> {
    fn of(all: &'a [Span], id: &'a str) -> Self {
        let spans: Vec<&Span> = all.iter().filter(|span| span.trace == id).collect();
        let by_id = spans.iter().map(|span| (span.id.as_str(), *span)).collect();
        Self { id, spans, by_id }
    }

    fn problems(&self, all: &[Span]) -> Vec<String> {
        let mut problems = self.parents();
        problems.extend(self.links());
        problems.extend(self.narration(all));
        let has = |sort: &Sort| self.spans.iter().any(|span| sort.has(span));
        let missing = SORTS.iter().filter(|sort| sort.always && !has(sort));
        problems.extend(missing.map(|sort| format!("the trace {} has no span of {}", self.id, sort.what)));
        problems
    }

    /// There is one beginning, the call of whoever ordered, and every other span is below one that
    /// asked for it.
    fn parents(&self) -> Vec<String> {
        let beginnings = self.spans.iter().filter(|span| span.parent.is_empty());
        let beginnings: Vec<String> = beginnings.map(|span| shown(span)).collect();
        let mut problems = Vec::new();
        if beginnings != [format!("the span {ORDER:?} ({CLIENT})")] {
            problems.push(format!("the trace {} does not begin with the order alone: {beginnings:?}", self.id));
        }
        for span in self.spans.iter().filter(|span| !span.parent.is_empty()) {
            let below = SORTS.iter().find(|sort| sort.has(span)).map_or("", |sort| sort.below);
            match self.by_id.get(span.parent.as_str()) {
                None => problems.push(format!("{}: its parent {} was not received", shown(span), span.parent)),
                Some(parent) if !parent.name.starts_with(below) => {
                    problems.push(format!("{} is below {}, and not below {below:?}", shown(span), shown(parent)));
                }
                Some(_) => {}
            }
        }
        problems
    }

    /// Of events that are folded at once, the first is the parent, and there are links to the
    /// others.
    fn links(&self) -> Vec<String> {
        let mut problems = Vec::new();
        for span in &self.spans {
            let events = span.attributes.get(BATCH).map_or("1", |count| &count.text);
            if (span.links.len() + 1).to_string() != events {
                problems.push(format!("{} is about {events} events and has {} links", shown(span), span.links.len()));
            }
            for link in &span.links {
                let linked = self.by_id.get(link.id.as_str()).filter(|_| link.trace == self.id);
                match linked {
                    None => {
                        problems.push(format!("{}: what it is linked to, {}, was not received", shown(span), link.id))
                    }
                    Some(linked) if !linked.name.starts_with("publish events.") => {
                        problems.push(format!("{} is linked to {}, which is no event", shown(span), shown(linked)));
                    }
                    Some(_) => {}
                }
            }
        }
        problems
    }

    /// It is of one narration, has every step of it, and no other trace has any.
    fn narration(&self, all: &[Span]) -> Vec<String> {
        let ids: BTreeSet<&str> = self.spans.iter().filter_map(|span| narration(span)).collect();
        let mut problems = Vec::new();
        if ids.len() != 1 {
            problems.push(format!("the trace {} is of the narrations {ids:?}, and not of one", self.id));
        }
        for span in all.iter().filter(|span| span.trace != self.id) {
            if let Some(id) = narration(span).filter(|id| ids.contains(id)) {
                problems.push(format!("{} of the narration {id} is in another trace than its order", shown(span)));
            }
        }
        let done = |step: &str| self.spans.iter().any(|span| span.text("step").contains(&format!("/{step}/")));
        let missing = STEPS.into_iter().filter(|step| !done(step));
        problems.extend(missing.map(|step| format!("the trace {} has no step {step}", self.id)));
        problems
    }
}

/// The narration that a span says it is about: a step is named after its narration.
fn narration(span: &Span) -> Option<&str> {
    let step = || span.text("step").split_once('/').map(|(narration, _)| narration);
    Some(span.text("narration")).filter(|id| !id.is_empty()).or_else(step)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observe::collector::docs::Named;
    use crate::observe::collector::received::EXCERPT;

    const TRACE: &str = "5e4b7f5c92d414eaaf2674c7de838f3e";

    /// What is said of the excerpt where this is replaced by that, besides what is said of it as it
    /// is.
    fn said(this: &str, that: &str) -> Vec<String> {
        assert!(EXCERPT.contains(this), "{this}");
        let problems = |text: &str| problems(&Received::read(text), &Named::read().unwrap().attributes, 1);
        problems(&EXCERPT.replace(this, that)).difference(&problems(EXCERPT)).cloned().collect()
    }

    #[test]
    fn a_trace_in_order_lacks_what_was_cut_out_of_it_alone() {
        let received = Received::read(EXCERPT);
        let said = problems(&received, &Named::read().unwrap().attributes, 1);
        let steps =
            ["assemble", "extract", "plan", "write"].map(|step| format!("the trace {TRACE} has no step {step}"));
        assert_eq!(said, BTreeSet::from(steps));
        let said = problems(&received, &Named::read().unwrap().attributes, 2);
        assert!(said.contains("1 traces have an order, and 2 narrations were ordered"), "{said:?}");
    }

    #[test]
    fn a_span_whose_parent_is_missing_or_another_is_named() {
        let missing = said("Parent ID      : bed20f0790b54b62", "Parent ID      : bed20f0790b54b63");
        let expected =
            "the span \"publish events.recording\" (SPAN_KIND_PRODUCER): its parent bed20f0790b54b63 was not received";
        assert_eq!(missing, [expected]);
        let other = said("Parent ID      : 68206eaba79162fd", "Parent ID      : aab91c95c4d5763d");
        assert!(
            other.len() == 1 && other[0].contains("\"generate_content sine\"") && other[0].contains("is below"),
            "{other:?}"
        );
        let beginnings = said("Parent ID      : b471f99e8d98c570", "Parent ID      : ");
        assert!(
            beginnings.len() == 1 && beginnings[0].contains("does not begin with the order alone"),
            "{beginnings:?}"
        );
    }

    #[test]
    fn links_are_as_many_as_further_events_and_lead_to_them() {
        let none = said("Links:\nSpanLink #0\n", "Events:\nSpanEvent #0\n");
        assert!(none.iter().any(|line| line.contains("is about 2 events and has 0 links")), "{none:?}");
        assert!(none.iter().any(|line| line.contains("no span has a link")), "{none:?}");
        let lost = said("-> ID: 6b0d5bf4b9a23177", "-> ID: 6b0d5bf4b9a23178");
        assert!(lost.len() == 1 && lost[0].contains("6b0d5bf4b9a23178, was not received"), "{lost:?}");
        let other = said("-> ID: 6b0d5bf4b9a23177", "-> ID: 68206eaba79162fd");
        assert!(other.len() == 1 && other[0].contains("which is no event"), "{other:?}");
    }

    #[test]
    fn names_of_yesterday_numbers_as_text_and_what_is_missing_are_named() {
        let old = said("rpc.system.name: Str(grpc)", "rpc.system: Str(grpc)");
        assert!(
            old.iter().any(|line| line.contains("has rpc.system, which docs/telemetry.md does not name")),
            "{old:?}"
        );
        assert!(old.iter().any(|line| line.contains("has no rpc.system.name")), "{old:?}");
        let text = said("deliveries: Int(1)", "deliveries: Str(1)");
        assert!(
            text.len() == 1 && text[0].contains("\"process work.tts\"") && text[0].contains("a number"),
            "{text:?}"
        );
        let named = said("Name           : INSERT narrations", "Name           : insert");
        assert!(named.len() == 1 && named[0].contains("\"INSERT narrations\""), "{named:?}");
        let none = said("gen_ai.operation.name:", "gen_ai.system:");
        assert!(none.iter().any(|line| line.contains("is of no sort")), "{none:?}");
        assert!(none.contains(&format!("the trace {TRACE} has no span of a call of the engine")), "{none:?}");
    }

    #[test]
    fn a_span_of_the_narration_in_another_trace_is_named() {
        let other = "Span #12\n    Trace ID       : 00\n    ID             : 01\n    Name           : reconcile\n    \
                     Kind           : SPAN_KIND_INTERNAL\nAttributes:\n     -> narration: \
                     Str(d8fedfc45b363ffd1960b279f290ce44)\nResourceMetrics #0";
        let said = said("ResourceMetrics #0", other);
        assert!(said.len() == 1 && said[0].contains("\"reconcile\"") && said[0].contains("another trace"), "{said:?}");
    }
}
