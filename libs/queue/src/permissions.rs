//! What each identity may do on the server: the exact subjects, as code. The operator's guide, the
//! deployment and the tests take them from here; `tests/it/secured.rs` proves on a real server that
//! they are enough, and that nothing more is allowed.
//!
//! Acknowledgements go to the reply subject of a delivery, which has two forms:
//! `$JS.ACK.<stream>.<consumer>.…`, and from nats-server 2.14 on, where it is switched on,
//! `$JS.ACK.<domain>.<account>.<stream>.<consumer>.…`. Both are allowed.

use lectern_core::id::Service;
use serde::Serialize;

use crate::options::{ConnectOptions, Identity};
use crate::subject::{Subjects, noun};
use crate::topology::EVENTS_GROUP;

/// The topics of hints that every stage gives: what its workers can do, which steps they put off,
/// and which narrations are cancelled.
const GIVEN_BY_STAGES: [&str; 3] = ["capacity", "postponed", "cancelled"];
/// The topic of the hints that a stage hears: which narrations are cancelled.
const HEARD_BY_STAGES: &str = "cancelled";
/// The topics of hints of how far the files of a narration are, which are made by tts.
const GIVEN_BY_TTS: &str = "assembled.*";

/// The subjects that an identity may publish to and subscribe to. Everything else is refused.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Permissions {
    /// Subjects that may be published to.
    pub publish: Vec<String>,
    /// Subjects that may be subscribed to.
    pub subscribe: Vec<String>,
}

impl Permissions {
    /// As the value of `permissions` in a server's configuration file.
    #[must_use]
    pub fn to_config(&self) -> String {
        let list = |subjects: &[String]| {
            subjects.iter().map(|subject| format!("\"{subject}\"")).collect::<Vec<_>>().join(", ")
        };
        format!(
            "{{ publish: {{ allow: [{}] }}, subscribe: {{ allow: [{}] }} }}",
            list(&self.publish),
            list(&self.subscribe)
        )
    }
}

/// What the identity of `options` needs, under their prefix, domain and inbox prefix.
#[must_use]
pub fn permissions(options: &ConnectOptions) -> Permissions {
    let subjects = Subjects::new(&options.prefix);
    let subscribe = vec![format!("{}.>", options.inbox())];
    let mut may = Allowed { api: options.api(), publish: Vec::new(), subscribe };
    may.call("INFO");
    match options.identity {
        Identity::Gateway => gateway(&mut may, &subjects),
        Identity::Stage(service) => stage(&mut may, &subjects, service),
    }
    Permissions { publish: may.publish, subscribe: may.subscribe }
}

fn gateway(may: &mut Allowed, subjects: &Subjects) {
    for service in Service::ALL {
        let stream = subjects.work_stream(service);
        may.make_stream(&stream);
        may.make_consumer(&stream, service.as_str(), &subjects.all_work(service));
        may.call(&format!("STREAM.PURGE.{stream}"));
        may.publish.push(subjects.all_work(service));
    }
    let events = subjects.event_stream();
    may.make_stream(&events);
    may.make_consumer(&events, EVENTS_GROUP, &subjects.all_events());
    may.consume(&events, EVENTS_GROUP);
    let dead = subjects.dead_stream();
    may.make_stream(&dead);
    may.call(&format!("STREAM.PURGE.{dead}"));
    may.call(&format!("STREAM.MSG.GET.{dead}"));
    // What gateways tell each other is taken as it is said: commands are made from it.
    may.publish.push(subjects.hint(">"));
    may.subscribe.push(subjects.hint(">"));
}

fn stage(may: &mut Allowed, subjects: &Subjects, service: Service) {
    let (work, dead) = (subjects.work_stream(service), subjects.dead_stream());
    for stream in [&work, &subjects.event_stream(), &dead] {
        may.call(&format!("STREAM.INFO.{stream}"));
    }
    may.call(&format!("CONSUMER.INFO.{work}.{}", service.as_str()));
    may.consume(&work, service.as_str());
    may.publish.push(subjects.event(noun(service), "*"));
    may.publish.push(subjects.all_dead(Some(service)));
    may.call(&format!("STREAM.MSG.GET.{dead}"));
    may.publish.extend(GIVEN_BY_STAGES.map(|topic| subjects.hint(topic)));
    if service == Service::Tts {
        may.publish.push(subjects.hint(GIVEN_BY_TTS));
    }
    may.subscribe.push(subjects.hint(HEARD_BY_STAGES));
}

struct Allowed {
    api: String,
    publish: Vec<String>,
    subscribe: Vec<String>,
}

impl Allowed {
    fn call(&mut self, call: &str) {
        self.publish.push(format!("{}.{call}", self.api));
    }

    fn make_stream(&mut self, stream: &str) {
        for verb in ["INFO", "CREATE", "UPDATE"] {
            self.call(&format!("STREAM.{verb}.{stream}"));
        }
    }

    fn make_consumer(&mut self, stream: &str, consumer: &str, filter: &str) {
        self.call(&format!("CONSUMER.INFO.{stream}.{consumer}"));
        self.call(&format!("CONSUMER.CREATE.{stream}.{consumer}.{filter}"));
    }

    fn consume(&mut self, stream: &str, consumer: &str) {
        self.call(&format!("CONSUMER.MSG.NEXT.{stream}.{consumer}"));
        self.publish.push(format!("$JS.ACK.{stream}.{consumer}.>"));
        self.publish.push(format!("$JS.ACK.*.*.{stream}.{consumer}.>"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(identity: Identity) -> Permissions {
        permissions(&ConnectOptions { identity, ..ConnectOptions::default() })
    }

    #[test]
    fn a_stage_takes_its_own_commands_and_makes_nothing() {
        assert_eq!(
            of(Identity::Stage(Service::Ai)),
            Permissions {
                publish: [
                    "$JS.API.INFO",
                    "$JS.API.STREAM.INFO.WORK_AI",
                    "$JS.API.STREAM.INFO.EVENTS",
                    "$JS.API.STREAM.INFO.DEAD",
                    "$JS.API.CONSUMER.INFO.WORK_AI.ai",
                    "$JS.API.CONSUMER.MSG.NEXT.WORK_AI.ai",
                    "$JS.ACK.WORK_AI.ai.>",
                    "$JS.ACK.*.*.WORK_AI.ai.>",
                    "events.script.*",
                    "dead.ai.>",
                    "$JS.API.STREAM.MSG.GET.DEAD",
                    "hints.capacity",
                    "hints.postponed",
                    "hints.cancelled",
                ]
                .map(str::to_owned)
                .to_vec(),
                subscribe: ["_INBOX_ai.>", "hints.cancelled"].map(str::to_owned).to_vec(),
            }
        );
    }

    #[test]
    fn nobody_may_delete_a_stream_or_take_the_commands_of_others() {
        for identity in Identity::ALL {
            let Permissions { publish, subscribe } = of(identity);
            assert!(publish.iter().chain(&subscribe).all(|subject| subject != ">" && !subject.starts_with("$SYS")));
            assert!(publish.iter().all(|subject| !subject.contains("DELETE")), "{publish:?}");
            for other in Service::ALL.into_iter().filter(|service| Identity::Stage(*service) != identity) {
                let next = format!("MSG.NEXT.{}", Subjects::default().work_stream(other));
                assert!(publish.iter().all(|subject| !subject.contains(&next)), "{identity:?} {publish:?}");
            }
        }
    }

    /// Commands are made from what gateways tell each other, so nobody else may say it.
    #[test]
    fn no_stage_speaks_as_a_gateway_or_hears_what_gateways_tell_each_other() {
        let hints = |subjects: Vec<String>| -> Vec<String> {
            subjects.into_iter().filter(|subject| subject.starts_with("hints.")).collect()
        };
        for service in Service::ALL {
            let Permissions { publish, subscribe } = of(Identity::Stage(service));
            let mut given = vec!["hints.capacity", "hints.postponed", "hints.cancelled"];
            given.extend((service == Service::Tts).then_some("hints.assembled.*"));
            assert_eq!(hints(publish), given);
            assert_eq!(hints(subscribe), ["hints.cancelled"]);
        }
    }

    #[test]
    fn the_runbook_lists_what_the_code_says() {
        let runbook = include_str!("../../../docs/runbook.md");
        for identity in Identity::ALL {
            let Permissions { publish, subscribe } = of(identity);
            let name = identity.name();
            let (publish, subscribe) = (publish.join("\n"), subscribe.join("\n"));
            let listed = format!("# {name}, publish\n{publish}\n# {name}, subscribe\n{subscribe}\n");
            assert!(runbook.contains(&listed), "docs/runbook.md must list:\n{listed}");
        }
    }

    #[test]
    fn the_users_of_the_compose_file_may_do_what_the_code_says() {
        let configuration = include_str!("../../../deploy/compose/nats.conf");
        for identity in Identity::ALL {
            let (name, may) = (identity.name(), of(identity).to_config());
            let user = format!("{{ user: {name}, password: ${}_PASSWORD, permissions: {may} }}\n", name.to_uppercase());
            assert!(configuration.contains(&user), "deploy/compose/nats.conf must have:\n{user}");
        }
    }

    #[test]
    fn prefix_domain_and_inbox_are_heeded() {
        let options = ConnectOptions {
            identity: Identity::Stage(Service::Tts),
            domain: "hub".to_owned(),
            inbox_prefix: "_IN.tts".to_owned(),
            ..ConnectOptions::with_prefix("T1")
        };
        let config = permissions(&options).to_config();
        for part in ["\"$JS.hub.API.CONSUMER.MSG.NEXT.T1_WORK_TTS.tts\"", "\"T1.dead.tts.>\"", "\"_IN.tts.>\""] {
            assert!(config.contains(part), "{config}");
        }
        assert!(config.starts_with("{ publish: { allow: [\"$JS.hub.API.INFO\", "), "{config}");
    }
}
