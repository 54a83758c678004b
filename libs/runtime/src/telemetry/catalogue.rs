//! Every metric of the system, one row each. Whatever a process exports is here; rules, dashboards
//! and the page of metrics are made from it or compared with it.

use super::exposition::prometheus_name;

/// What a metric measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Something that only grows.
    Counter,
    /// A level.
    Gauge,
    /// How values are spread.
    Histogram,
}

impl Kind {
    /// The word for it, as Prometheus says it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        }
    }
}

/// A metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MetricRow {
    /// Its name, with dots: `lectern.dispatch.oldest`.
    pub name: &'static str,
    /// Its unit, by the UCUM: `s`, `By`, `1`, or what is counted in braces.
    pub unit: &'static str,
    /// What it measures.
    pub kind: Kind,
    /// The labels that its measurements may have, those of its process left out. None of them is a
    /// tenant, a document, a narration or any other of which there may be many.
    pub labels: &'static [&'static str],
    /// Who exports it: `every` service, the `stages`, or one by its name.
    pub service: &'static str,
    /// What it says, in a sentence.
    pub description: &'static str,
}

impl MetricRow {
    /// The name that Prometheus knows it by: `lectern_dispatch_oldest_seconds`. A histogram's
    /// series are named so with `_bucket`, `_sum` and `_count` behind it.
    #[must_use]
    pub fn prometheus(&self) -> String {
        prometheus_name(self.name, self.unit, self.kind == Kind::Counter)
    }
}

/// Every metric, by name.
pub const CATALOGUE: &[MetricRow] = &[
    MetricRow {
        name: "db.client.connection.count",
        unit: "{connection}",
        kind: Kind::Gauge,
        labels: &["db.client.connection.pool.name", "db.client.connection.state"],
        service: "every",
        description: "Connections of the pools to the service's database: state is idle or used. Those that are being \
                      opened are idle. With a MongoDB only.",
    },
    MetricRow {
        name: "db.client.connection.max",
        unit: "{connection}",
        kind: Kind::Gauge,
        labels: &["db.client.connection.pool.name"],
        service: "every",
        description: "Most connections of the pool to one server of the service's database. With a MongoDB only.",
    },
    MetricRow {
        name: "db.client.connection.pending_requests",
        unit: "{request}",
        kind: Kind::Gauge,
        labels: &["db.client.connection.pool.name"],
        service: "every",
        description: "Operations that wait for a connection to the service's database. With a MongoDB only.",
    },
    MetricRow {
        name: "db.client.connection.wait_time",
        unit: "s",
        kind: Kind::Histogram,
        labels: &["db.client.connection.pool.name"],
        service: "every",
        description: "How long operations waited for a connection to the service's database. With a MongoDB only.",
    },
    MetricRow {
        name: "db.client.operation.duration",
        unit: "s",
        kind: Kind::Histogram,
        labels: &["db.system.name", "db.operation.name", "db.collection.name", "error.type"],
        service: "every",
        description: "How long operations of the service's database took.",
    },
    MetricRow {
        name: "gen_ai.client.operation.duration",
        unit: "s",
        kind: Kind::Histogram,
        labels: &["gen_ai.operation.name", "gen_ai.provider.name", "gen_ai.request.model", "error.type"],
        service: "ai, tts",
        description: "How long paid calls of models and voices took.",
    },
    MetricRow {
        name: "gen_ai.client.token.usage",
        unit: "{token}",
        kind: Kind::Histogram,
        labels: &["gen_ai.operation.name", "gen_ai.provider.name", "gen_ai.request.model", "gen_ai.token.type"],
        service: "ai, tts",
        description: "Tokens of calls of models that were answered, by kind: input, or output with all thoughts, or \
                      audio.",
    },
    MetricRow {
        name: "lectern.backlog.unfinished",
        unit: "{narration}",
        kind: Kind::Gauge,
        labels: &[],
        service: "gateway",
        description: "Narrations that are unfinished. Every gateway counts all of them.",
    },
    MetricRow {
        name: "lectern.cache.lookups",
        unit: "{lookup}",
        kind: Kind::Counter,
        labels: &["cache", "result"],
        service: "gateway, ingest, tts",
        description: "Lookups by result (hit or miss): of a narration that a gateway is to change (narrations), of a \
                      source that was read before (contents), of a sentence that was spoken before (segments).",
    },
    MetricRow {
        name: "lectern.certificate.expiry",
        unit: "s",
        kind: Kind::Gauge,
        labels: &["certificate"],
        service: "every",
        description: "How long the certificate that is shown to others is still good, below 0 where it has ended: that \
                      of server.tls (server) or of client.tls (client), or what ends first of what is sent with it. \
                      With TLS only.",
    },
    MetricRow {
        name: "lectern.child.killed",
        unit: "{process}",
        kind: Kind::Counter,
        labels: &["reason"],
        service: "ingest",
        description: "Processes that read sources and were ended, by what ended them: memory, time, cpu, output or \
                      another signal.",
    },
    MetricRow {
        name: "lectern.dead_letters",
        unit: "{message}",
        kind: Kind::Counter,
        labels: &["service", "reason"],
        service: "stages",
        description: "Dead letters that were stored: commands of steps that failed for good, by the reason of the \
                      failure. One of which the queue did not say that it has it is not counted when it is found \
                      there; one that two processes store at once is counted by both.",
    },
    MetricRow {
        name: "lectern.dispatch.granted",
        unit: "{step}",
        kind: Kind::Gauge,
        labels: &["service"],
        service: "gateway",
        description: "Steps that are granted and have not ended, of all gateways as far as this one knows.",
    },
    MetricRow {
        name: "lectern.dispatch.limit",
        unit: "{step}",
        kind: Kind::Gauge,
        labels: &["service"],
        service: "gateway",
        description: "Steps that may be granted at once, by all gateways together: the permits of all workers, and a \
                      few more.",
    },
    MetricRow {
        name: "lectern.dispatch.narrations",
        unit: "{narration}",
        kind: Kind::Gauge,
        labels: &["service"],
        service: "gateway",
        description: "Narrations that want steps, those at work included. Every gateway counts all of them.",
    },
    MetricRow {
        name: "lectern.dispatch.oldest",
        unit: "s",
        kind: Kind::Gauge,
        labels: &["service", "lane"],
        service: "gateway",
        description: "How long the step has waited for its grant that has waited the longest, of the tenants that the \
                      gateway looks after; 0 where none waits. What an operator holds up does not count, and neither \
                      does what waits for its tenant's own steps to end.",
    },
    MetricRow {
        name: "lectern.dispatch.wait",
        unit: "s",
        kind: Kind::Histogram,
        labels: &["service", "lane"],
        service: "gateway",
        description: "How long steps waited in the backlog until they were granted.",
    },
    MetricRow {
        name: "lectern.engine.calls",
        unit: "{call}",
        kind: Kind::Counter,
        labels: &["engine", "outcome"],
        service: "tts",
        description: "Calls of engines: ok, limited, unavailable, failed or broken_off.",
    },
    MetricRow {
        name: "lectern.engine.cost",
        unit: "{microusd}",
        kind: Kind::Counter,
        labels: &["engine", "model"],
        service: "ai, tts",
        description: "What calls of models and voices count as, in millionths of a US dollar; those whose cost is \
                      not known count as the most that they could cost.",
    },
    MetricRow {
        name: "lectern.engine.duration",
        unit: "s",
        kind: Kind::Histogram,
        labels: &["engine"],
        service: "tts",
        description: "How long calls of engines took.",
    },
    MetricRow {
        name: "lectern.engine.model.days_left",
        unit: "{day}",
        kind: Kind::Gauge,
        labels: &["engine"],
        service: "ai",
        description: "For how many days from now on the model of a writer is served; below 0 where it was. Of those \
                      alone whose last day is known.",
    },
    MetricRow {
        name: "lectern.engine.other_models",
        unit: "{call}",
        kind: Kind::Counter,
        labels: &["engine", "model"],
        service: "ai, tts",
        description: "Calls that another model answered than was asked, by its own word; model is the one that was \
                      asked.",
    },
    MetricRow {
        name: "lectern.engine.price.days_left",
        unit: "{day}",
        kind: Kind::Gauge,
        labels: &["engine"],
        service: "ai, tts",
        description: "For how many days from now on there is a price of the model of a writer, or of all voices of a \
                      speech engine; below 0 where nothing can be bought. Of those alone whose price has a last \
                      day.",
    },
    MetricRow {
        name: "lectern.engine.throttled",
        unit: "{call}",
        kind: Kind::Counter,
        labels: &["engine"],
        service: "ai, tts",
        description: "Calls that an engine refused because it takes no more for now.",
    },
    MetricRow {
        name: "lectern.engine.units",
        unit: "{unit}",
        kind: Kind::Counter,
        labels: &["engine", "unit"],
        service: "tts",
        description: "What engines were given and worked on: unit is characters.",
    },
    MetricRow {
        name: "lectern.gateway.panics",
        unit: "{panic}",
        kind: Kind::Counter,
        labels: &["part"],
        service: "gateway",
        description: "Panics in parts of the gateway. The part begins again.",
    },
    MetricRow {
        name: "lectern.health",
        unit: "1",
        kind: Kind::Gauge,
        labels: &["check"],
        service: "every",
        description: "Whether a check of the process (store, queue, blob or clock) passes: 1, or 0. A process one of \
                      whose checks fails takes no calls.",
    },
    MetricRow {
        name: "lectern.held",
        unit: "{unit}",
        kind: Kind::Gauge,
        labels: &["what"],
        service: "every",
        description: "Units of a scarce thing that callers hold: readers, streams and the like.",
    },
    MetricRow {
        name: "lectern.narration.duration",
        unit: "s",
        kind: Kind::Histogram,
        labels: &["outcome", "reason", "fault"],
        service: "gateway",
        description: "How long narrations took from their order or last retry to their end: succeeded, failed or \
                      cancelled. A failure has its reason, and whose fault it was: ours or caller.",
    },
    MetricRow {
        name: "lectern.narration.first_audio",
        unit: "s",
        kind: Kind::Histogram,
        labels: &["lane"],
        service: "gateway",
        description: "How long after the order or last retry of narrations their first section was recorded.",
    },
    MetricRow {
        name: "lectern.permits",
        unit: "{step}",
        kind: Kind::Gauge,
        labels: &["service"],
        service: "stages",
        description: "Steps that the process does at once at most.",
    },
    MetricRow {
        name: "lectern.queue.redeliveries",
        unit: "{message}",
        kind: Kind::Counter,
        labels: &["service"],
        service: "stages",
        description: "Deliveries of commands that were delivered before.",
    },
    MetricRow {
        name: "lectern.step.duration",
        unit: "s",
        kind: Kind::Histogram,
        labels: &["kind", "result"],
        service: "stages",
        description: "How long attempts at steps took: result is done, or the reason of the failure.",
    },
    MetricRow {
        name: "lectern.step.leases_lost",
        unit: "{lease}",
        kind: Kind::Counter,
        labels: &["service"],
        service: "stages",
        description: "Leases that were lost before their step was let go: its work was discarded.",
    },
    MetricRow {
        name: "lectern.store.connections_opened",
        unit: "{connection}",
        kind: Kind::Counter,
        labels: &["service"],
        service: "every",
        description: "Connections opened to the service's database since the start.",
    },
    MetricRow {
        name: "lectern.tts.real_time_factor",
        unit: "1",
        kind: Kind::Histogram,
        labels: &["engine"],
        service: "tts",
        description: "Seconds of work for a second of audio, of calls of engines that gave speech.",
    },
    MetricRow {
        name: "lectern.tts.segments_found",
        unit: "{segment}",
        kind: Kind::Counter,
        labels: &[],
        service: "tts",
        description: "Segments that an earlier step had spoken.",
    },
    MetricRow {
        name: "lectern.tts.segments_spoken",
        unit: "{segment}",
        kind: Kind::Counter,
        labels: &[],
        service: "tts",
        description: "Segments that the engine spoke.",
    },
    MetricRow {
        name: "lectern.tts.speech_rejected",
        unit: "{speech}",
        kind: Kind::Counter,
        labels: &["engine", "check"],
        service: "tts",
        description: "Speech that failed a check, by engine and by the check.",
    },
    MetricRow {
        name: "lectern.tts.speech_substituted",
        unit: "{segment}",
        kind: Kind::Counter,
        labels: &["engine"],
        service: "tts",
        description: "Segments that another voice spoke than was asked for, by the engine that could not.",
    },
    MetricRow {
        name: "lectern.tts.transcriptions",
        unit: "{speech}",
        kind: Kind::Counter,
        labels: &["outcome"],
        service: "tts",
        description: "Speech that was to be listened to, by outcome: agreed, rejected, failed (who listens could not) \
                      or paused (he could not lately, and was not asked). With transcription.program only.",
    },
    MetricRow {
        name: "lectern.upload.bytes",
        unit: "By",
        kind: Kind::Counter,
        labels: &["via"],
        service: "ingest",
        description: "Bytes of sources that came by upload or by import, accepted ones and others.",
    },
    MetricRow {
        name: "lectern.worker.breaker_open",
        unit: "{breaker}",
        kind: Kind::Gauge,
        labels: &["service", "engine"],
        service: "stages",
        description: "Whether the engine's breaker is open: 1, or 0.",
    },
    MetricRow {
        name: "lectern.worker.ended",
        unit: "{delivery}",
        kind: Kind::Counter,
        labels: &["service", "outcome"],
        service: "stages",
        description: "Deliveries that ended, by outcome.",
    },
    MetricRow {
        name: "lectern.worker.running",
        unit: "{delivery}",
        kind: Kind::Gauge,
        labels: &["service"],
        service: "stages",
        description: "Deliveries at work.",
    },
    MetricRow {
        name: "messaging.client.consumed.messages",
        unit: "{message}",
        kind: Kind::Counter,
        labels: &["messaging.system", "messaging.operation.name", "messaging.destination.template", "error.type"],
        service: "every",
        description: "Messages that were taken from the queue.",
    },
    MetricRow {
        name: "messaging.client.operation.duration",
        unit: "s",
        kind: Kind::Histogram,
        labels: &["messaging.system", "messaging.operation.name", "messaging.destination.template", "error.type"],
        service: "every",
        description: "How long it took to give messages to the queue.",
    },
    MetricRow {
        name: "messaging.client.sent.messages",
        unit: "{message}",
        kind: Kind::Counter,
        labels: &["messaging.system", "messaging.operation.name", "messaging.destination.template", "error.type"],
        service: "every",
        description: "Messages that were given to the queue.",
    },
    MetricRow {
        name: "messaging.process.duration",
        unit: "s",
        kind: Kind::Histogram,
        labels: &["messaging.system", "messaging.operation.name", "messaging.destination.template", "error.type"],
        service: "every",
        description: "How long it took to do what messages ask for.",
    },
    MetricRow {
        name: "process.memory.usage",
        unit: "By",
        kind: Kind::Gauge,
        labels: &[],
        service: "every",
        description: "Resident memory.",
    },
    MetricRow {
        name: "process.uptime",
        unit: "s",
        kind: Kind::Gauge,
        labels: &[],
        service: "every",
        description: "Time since start.",
    },
    MetricRow {
        name: "rpc.client.call.duration",
        unit: "s",
        kind: Kind::Histogram,
        labels: &["rpc.system.name", "rpc.method", "rpc.status_code", "server.address", "server.port", "error.type"],
        service: "every",
        description: "How long calls took that were made.",
    },
    MetricRow {
        name: "rpc.server.call.duration",
        unit: "s",
        kind: Kind::Histogram,
        labels: &["rpc.system.name", "rpc.method", "rpc.status_code", "error.type"],
        service: "every",
        description: "How long calls took that were answered.",
    },
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_rows_are_sorted_and_no_two_have_one_name() {
        assert!(CATALOGUE.is_sorted_by(|a, b| a.name < b.name), "by name");
        let names: BTreeSet<String> = CATALOGUE.iter().map(MetricRow::prometheus).collect();
        assert_eq!(names.len(), CATALOGUE.len(), "nor for Prometheus");
    }

    #[test]
    fn no_label_is_of_something_of_which_there_may_be_many() {
        for row in CATALOGUE {
            for label in row.labels {
                for word in ["tenant", "document", "narration", "step", "key", "caller", "user", "text", "id"] {
                    assert!(!label.split(['.', '_']).any(|part| part == word), "{label} of {}", row.name);
                }
            }
        }
    }

    #[test]
    fn every_row_says_in_a_sentence_what_it_is() {
        for row in CATALOGUE {
            let (description, name) = (row.description, row.name);
            assert!(description.ends_with('.') && description.starts_with(char::is_uppercase), "{name}");
            assert!(!description.contains("  "), "{name}");
        }
    }

    #[test]
    fn prometheus_knows_a_row_by_a_name_with_its_unit() {
        let name = |name: &str| {
            let row = CATALOGUE.iter().find(|row| row.name == name).expect("a row");
            row.prometheus()
        };
        assert_eq!(name("lectern.dispatch.oldest"), "lectern_dispatch_oldest_seconds");
        assert_eq!(name("lectern.dead_letters"), "lectern_dead_letters_total");
        assert_eq!(name("lectern.tts.real_time_factor"), "lectern_tts_real_time_factor");
    }
}
