//! The sixty properties that the chart is to have: their words, how each is proven, and the checks
//! of those that can be seen on rendered objects.

mod jobs;
mod life;
mod network;
mod resources;
mod security;
mod settings;
mod upgrades;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::Value;

use super::objects::{Object, Pod};

/// What is looked at.
#[derive(Default)]
pub struct Chart {
    /// The objects of each value set.
    pub sets: BTreeMap<String, Vec<Value>>,
    /// What a person is told after an install, by value set.
    pub notes: BTreeMap<String, String>,
    /// Chart.yaml.
    pub about: Value,
    /// values.schema.json.
    pub schema: Value,
    /// README.md.
    pub readme: String,
    /// docs/service-config.json.
    pub service_config: Value,
    /// Dashboards that the chart has.
    pub dashboards: usize,
}

/// The value set that is rendered for a release with a name as long as one may be.
pub const LONG: &str = "production-long-name";
/// The release's name of [`LONG`]: 53 characters, which is Helm's limit.
pub const LONG_RELEASE: &str = "a-release-whose-name-is-as-long-as-helm-will-take-one";

impl Chart {
    /// All objects of all value sets.
    pub fn objects(&self) -> impl Iterator<Item = Object<'_>> {
        self.sets.keys().flat_map(move |set| self.set(set))
    }

    /// The objects of one value set.
    pub fn set<'a>(&'a self, set: &'a str) -> impl Iterator<Item = Object<'a>> {
        self.sets.get(set).into_iter().flatten().map(move |value| Object { set, value })
    }

    /// All objects of a kind.
    pub fn of<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = Object<'a>> {
        self.objects().filter(move |object| object.kind() == kind)
    }

    /// All pods.
    pub fn pods(&self) -> impl Iterator<Item = Pod<'_>> {
        self.objects().filter_map(Object::pod)
    }

    /// Pods of Deployments, which run our services.
    pub fn services(&self) -> impl Iterator<Item = Pod<'_>> {
        self.of("Deployment").filter_map(Object::pod)
    }

    /// An object by kind and name in the value set of another one.
    pub fn beside<'a>(&'a self, of: Object<'a>, kind: &str, name: &str) -> Option<Object<'a>> {
        self.set(of.set).find(|object| object.kind() == kind && object.name() == name)
    }
}

/// What is wrong.
#[derive(Default)]
pub struct Findings {
    /// Lines, each with the property's number.
    pub lines: Vec<String>,
    number: u8,
    seen: usize,
}

impl Findings {
    /// Notes what is wrong about an object, unless `well`.
    pub fn expect(&mut self, well: bool, object: Object<'_>, what: &str) {
        self.seen += 1;
        if !well {
            let number = self.number;
            self.lines.push(format!("{number}. {}: {} {}: {what}", object.set, object.kind(), object.name()));
        }
    }

    /// Notes what is wrong about the chart, unless `well`.
    pub fn demand(&mut self, well: bool, what: &str) {
        self.seen += 1;
        if !well {
            self.lines.push(format!("{}. {what}", self.number));
        }
    }
}

/// One property.
pub struct Property {
    /// 1 to 60.
    pub number: u8,
    /// What it says.
    pub words: &'static str,
    /// How it is proven.
    pub proven: &'static str,
    /// Looks for it on rendered objects, where it can be seen there.
    pub check: Option<fn(&Chart, &mut Findings)>,
}

/// Where a property cannot be seen on rendered objects alone.
const ON_STAND_IN: &str = "the real Helm on the stand-in API server (`tests/deploy`)";
const BY_REPLICAS: &str = "`libs/rpc/tests/it/replicas.rs`";
const BY_LIFE: &str = "`libs/rpc/tests/it/life.rs`";

const RENDERED: &str = "rendered objects";

const fn seen(number: u8, words: &'static str, check: fn(&Chart, &mut Findings)) -> Property {
    Property { number, words, proven: RENDERED, check: Some(check) }
}

const fn seen_and(number: u8, words: &'static str, proven: &'static str, check: fn(&Chart, &mut Findings)) -> Property {
    Property { number, words, proven, check: Some(check) }
}

const fn elsewhere(number: u8, words: &'static str, proven: &'static str) -> Property {
    Property { number, words, proven, check: None }
}

/// All properties, by number.
pub static PROPERTIES: [Property; 60] = [
    seen(1, "Startup, readiness and liveness are asked apart; liveness looks at the process alone", life::probes),
    seen(2, "Probes are native gRPC, with TLS on a plain port of their own that no Service has", life::probe_port),
    seen(3, "Readiness names a service of the port, so that a dead dependency takes the pod out", life::readiness),
    seen(4, "A pod waits 5 s or more before it is told to stop, without a shell", life::wait_before_stop),
    seen(5, "The grace is computed from what a stop takes, and less is refused", life::grace),
    elsewhere(
        6,
        "A drain says so first, still takes calls, ends streams, hands work back and exits with 0",
        "`tests/e2e/tests/it/rolling.rs`; `libs/rpc/tests/it/life.rs`",
    ),
    elsewhere(
        7,
        "A second signal, and a drain that takes too long, end in the grace",
        "`libs/rpc/tests/it/signals.rs` and `life.rs`",
    ),
    seen(8, "A rollout of the gateway loses no pod, and limits of rollouts are set", life::rollout),
    seen(9, "Each service has a disruption budget that blocks no drain of one replica", life::disruption),
    seen(10, "Pods are spread over nodes and zones, each rollout by itself", life::spread),
    seen(
        11,
        "Priority, nodes, tolerations, affinity, runtime and scheduler can be set for each service",
        life::placement,
    ),
    seen(12, "Replicas are not set where something else owns them", life::replicas),
    seen(13, "No Deployment has two scalers", life::one_scaler),
    seen(14, "The gateway is scaled by the processor time of its container, down slowly", life::by_cpu),
    seen(15, "The stages are scaled by what waits, which the gateway says", life::by_backlog),
    seen(16, "Permits follow the limit of the processor", resources::permits),
    seen(
        17,
        "Requests and limits name cpu, memory and ephemeral storage; ingest's memory is computed",
        resources::amounts,
    ),
    seen(18, "`/tmp` has a size within the limit", resources::scratch),
    seen(19, "The voice is in the image, and nothing is downloaded at the start", resources::voice),
    seen(
        20,
        "Every container is as restricted as Pod Security's `restricted`, and its root is read-only",
        security::restricted,
    ),
    seen(21, "User namespaces can be had; nothing is of the host", security::host),
    seen(22, "Each service has an account, and a token only with an identity", security::accounts),
    seen(23, "Nothing has a role at the cluster's API", security::roles),
    seen(24, "Nothing secret is in values, ConfigMaps, arguments or notes", security::no_secrets),
    seen(25, "Each service gets its own secrets alone", security::own_secrets),
    seen(26, "The README lists the roles and subjects of each service's users", security::users),
    seen_and(
        27,
        "Nothing goes in or out but what is named, resolvers by UDP and TCP",
        "rendered objects; that it is enforced, only in a cluster",
        network::policies,
    ),
    seen(28, "Each policy selects pods, and each pod has one", network::selected),
    seen(29, "Images are by digest or version, from a registry of choice, never `latest`", security::images),
    elsewhere(
        30,
        "Images are signed, with an SBOM, for two architectures",
        "`cargo xtask images`: SBOM and labels; signatures and a second architecture are not done",
    ),
    seen(31, "Each stage has a Service and a headless one, with names and protocols of ports", network::services),
    elsewhere(32, "Clients resolve all addresses, again when one fails, and go round", BY_REPLICAS),
    elsewhere(33, "Connections end after minutes, not all at once, and their calls within the hour", BY_LIFE),
    seen(34, "The configuration that clients need is published", network::service_config),
    seen(35, "Routes, an Ingress and TLS to the gateway behind switches", network::routes),
    seen(36, "Stages that are not ready are not resolved", network::ready_only),
    seen(37, "Certificates from Secrets or cert-manager are for the names that are dialled", network::certificates),
    seen(38, "One ConfigMap a service, which its program reads", settings::config_maps),
    seen(39, "Pods are made anew when their settings change", settings::checksums),
    seen_and(
        40,
        "Unknown keys and contradictions are refused by name",
        "`cargo xtask chart` refuses the files in `ci/wrong`",
        settings::refusals,
    ),
    seen_and(
        41,
        "Keys of other names are refused with the right one",
        "`ci/wrong/key-of-other-charts.yaml`",
        settings::other_names,
    ),
    seen(42, "Labels, annotations, variables, volumes and objects of one's own reach everything", settings::extras),
    seen_and(43, "Every leaf of values.yaml changes a render", "`cargo xtask chart` changes each", settings::leaves),
    seen(44, "Labels are the standard ones, and selectors have three of them", settings::labels),
    seen(45, "No name is longer than 63, and the namespace is rendered", settings::names),
    seen_and(46, "The README is made from the values", "`cargo xtask chart` compares it", settings::readme),
    seen_and(
        47,
        "Every value set is rendered, linted and held to the schemas of two versions",
        "`cargo xtask chart`",
        settings::sets,
    ),
    seen(48, "Streams and collections are made by hook Jobs of constant names", jobs::hooks),
    seen_and(
        49,
        "What runs before an install needs nothing that comes later",
        "rendered objects; the stand-in API server",
        jobs::alone,
    ),
    elsewhere(50, "A hook that fails fails the upgrade and stays for its log", ON_STAND_IN),
    elsewhere(51, "Migrations expand before and contract after", "not proven: there is no earlier release"),
    elsewhere(
        52,
        "Without hooks the services make streams themselves",
        "`tests/e2e`: every test of four processes begins on an empty queue",
    ),
    seen(53, "`helm test` is a narration by the program itself", jobs::smoke),
    seen_and(
        54,
        "Nothing that may not change differs from the last release",
        "`cargo xtask chart` compares with `ci/rendered`",
        upgrades::volumes,
    ),
    elsewhere(55, "Install, upgrade, rollback and uninstall leave nothing behind but volumes", ON_STAND_IN),
    seen_and(
        56,
        "The chart declares the versions that it is for, and older Helm reads it",
        "rendered objects; by its forms alone, since no Helm 3 is run",
        upgrades::versions,
    ),
    seen(57, "Monitors, rules and dashboards are rendered whether their kinds are there or not", upgrades::monitoring),
    seen(58, "Traces and metrics say which pod they are of; headers come from a Secret", upgrades::identity),
    seen(59, "The notes say how to call it, and what is not for production", upgrades::notes),
    seen_and(
        60,
        "Every alert has a page, and every query names what is exported",
        "rendered links; `cargo xtask observe`",
        upgrades::links,
    ),
];

/// What is wrong of the properties that can be seen, by their numbers. A check that looks at
/// nothing is wrong too.
pub fn findings(chart: &Chart) -> Vec<String> {
    let mut findings = Findings::default();
    for property in &PROPERTIES {
        let Some(check) = property.check else { continue };
        (findings.number, findings.seen) = (property.number, 0);
        check(chart, &mut findings);
        if findings.seen == 0 {
            findings.lines.push(format!("{}. nothing was found to look at: {}", property.number, property.words));
        }
    }
    findings.lines
}

/// The table for docs/deployment.md.
pub fn table() -> String {
    let mut table = "| | what | proven by |\n| --- | --- | --- |\n".to_owned();
    for property in &PROPERTIES {
        // Writing to a text cannot fail.
        let _ = writeln!(table, "| {} | {} | {} |", property.number, property.words, property.proven);
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Those of the list in the design that say R.
    const SEEN: [u8; 48] = [
        1, 2, 3, 4, 5, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 31, 34,
        35, 36, 37, 38, 39, 41, 42, 43, 44, 45, 46, 47, 48, 53, 54, 56, 57, 58, 59,
    ];

    #[test]
    fn the_long_name_is_as_long_as_helm_takes() {
        assert_eq!(LONG_RELEASE.len(), 53);
    }

    #[test]
    fn every_property_has_its_number_words_and_proof() {
        for (property, number) in PROPERTIES.iter().zip(1_u8..) {
            assert_eq!(property.number, number);
            assert!(!property.words.is_empty() && !property.proven.is_empty(), "{number}");
        }
    }

    #[test]
    fn every_property_that_can_be_seen_has_a_check() {
        for number in SEEN {
            let property = PROPERTIES.iter().find(|property| property.number == number);
            assert!(property.is_some_and(|property| property.check.is_some()), "{number}");
        }
    }

    /// A check that passes on nothing would pass on anything.
    #[test]
    fn a_chart_without_objects_has_none_of_them() {
        let lines = findings(&Chart::default());
        for property in PROPERTIES.iter().filter(|property| property.check.is_some()) {
            let start = format!("{}. ", property.number);
            assert!(lines.iter().any(|line| line.starts_with(&start)), "{} {}", property.number, property.words);
        }
    }
}
