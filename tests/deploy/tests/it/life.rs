//! One release, from its install to what is left after its uninstall.

use std::collections::{BTreeMap, BTreeSet};

use lectern_deploy::{ELSEWHERE, Helm, Id, NAMESPACE, References, annotation, id, kept, of_kind, text};
use lectern_testkit::kubernetes::{Kubernetes, Write};
use serde_json::{Value, json};

/// Every Secret that a value set names: those that somebody makes before, and those of
/// cert-manager.
const SECRETS: [&str; 26] = [
    "ai-tls",
    "collector",
    "database-ai",
    "database-ca",
    "database-gateway",
    "database-ingest",
    "database-tts",
    "gateway-tls",
    "gemini-ai",
    "gemini-tts",
    "ingest-tls",
    "lectern",
    "lectern-ai-tls",
    "lectern-gateway-tls",
    "lectern-ingest-tls",
    "lectern-smoke",
    "lectern-tts-tls",
    "models-ai",
    "queue-ai",
    "queue-ca",
    "queue-gateway",
    "queue-ingest",
    "queue-tts",
    "storage",
    "tts-tls",
    "voices-tts",
];
/// What is in each of them, and the same as the API has it (RFC 4648).
const CANARY: &str = "the-canary-of-a-secret-5f1c0de";
const CANARY_IN_BASE64: &str = "dGhlLWNhbmFyeS1vZi1hLXNlY3JldC01ZjFjMGRl";
/// The annotation of what somebody else than Helm has made.
const GIVEN: &str = "lectern.test/given";

/// Makes every Secret, with the canary under each key that a value set names.
fn give_secrets(cluster: &Kubernetes, namespace: &str) {
    let keys = ["secret", "secret-previous", "object-secret", "admin-key", "admin-key-previous", "key", "headers"];
    let files = ["url", "password", "client.pem", "nats.creds", "ca.crt", "tls.crt", "tls.key", "credentials.json"];
    let data: BTreeMap<&str, &str> = keys.into_iter().chain(files).map(|key| (key, CANARY_IN_BASE64)).collect();
    for name in SECRETS {
        let annotations = BTreeMap::from([(GIVEN, "yes")]);
        cluster.create(&json!({
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": name, "namespace": namespace, "annotations": annotations},
            "type": "Opaque",
            "data": data,
        }));
    }
}

fn is_given(object: &Value) -> bool {
    !annotation(object, GIVEN).is_empty()
}

/// What Helm tells of a release, and what it has made of it, say nothing of what is in a Secret.
fn no_secret_is_told(cluster: &Kubernetes, helm: &Helm, written: &str) {
    let mut told = vec![("what Helm wrote".to_owned(), written.to_owned())];
    for what in ["values", "manifest", "hooks", "notes", "metadata"] {
        let command = ["get", what, lectern_deploy::RELEASE];
        let all: &[&str] = if what == "values" { &["--all"] } else { &[] };
        told.push((format!("helm get {what}"), helm.run(command.iter().chain(all)).succeeds().output.clone()));
    }
    let history = helm.run(["history", lectern_deploy::RELEASE, "--output", "json"]);
    told.push(("helm history".to_owned(), history.succeeds().output.clone()));
    let objects = cluster.objects().into_iter().filter(|object| !is_given(object));
    told.extend(objects.map(|object| (format!("{:?}", id(&object)), object.to_string())));
    for (what, text) in told {
        let quoted = [CANARY, CANARY_IN_BASE64].iter().any(|canary| text.contains(canary));
        assert!(!quoted, "{what} has what is in a Secret");
    }
}

/// A label that changes every object and every pod.
fn labelled(with: &str) -> [String; 2] {
    ["--set-string".to_owned(), format!("commonLabels.checked={with}")]
}

/// What Helm keeps of its releases.
fn is_record(object: &Value) -> bool {
    text(object, "/type") == "helm.sh/release.v1"
}

/// The objects that are the release's: neither the namespaces nor Helm's own records.
fn released(cluster: &Kubernetes) -> Vec<Value> {
    let is_of_release =
        |object: &Value| text(object, "/kind") != "Namespace" && !is_record(object) && !is_given(object);
    cluster.objects().into_iter().filter(is_of_release).collect()
}

fn is_hook(object: &Value) -> bool {
    !annotation(object, "helm.sh/hook").is_empty()
}

/// What was applied since a point of the log, and is no record.
fn applied(writes: &[Write]) -> impl Iterator<Item = &Write> {
    writes.iter().filter(|write| write.verb == "apply")
}

/// What each object asks for, without what the server says of it.
fn asked(objects: &[Value]) -> BTreeMap<Id, Value> {
    let without_server = |object: &Value| {
        let mut object = object.clone();
        for field in ["uid", "resourceVersion", "generation", "creationTimestamp"] {
            if let Some(metadata) = object["metadata"].as_object_mut() {
                metadata.remove(field);
            }
        }
        if let Some(fields) = object.as_object_mut() {
            fields.remove("status");
        }
        object
    };
    objects.iter().filter(|object| !is_hook(object)).map(|object| (id(object), without_server(object))).collect()
}

/// Every Job and Pod of a hook starts when all of the release that it needs is there.
fn hooks_need_nothing_that_comes_later(writes: &[Write]) {
    let all: BTreeSet<Id> = applied(writes).map(|write| id(&write.object)).collect();
    let mut there = BTreeSet::new();
    for write in writes {
        let write_id = id(&write.object);
        match write.verb {
            "apply" => {
                if is_hook(&write.object) && matches!(write.kind, "Job" | "Pod") {
                    let missing: Vec<Id> = References::of(&write.object)
                        .0
                        .into_iter()
                        .filter(|needed| all.contains(needed) && !there.contains(needed))
                        .collect();
                    assert!(missing.is_empty(), "{write_id:?} needs what is not there yet: {missing:?}");
                }
                there.insert(write_id);
            }
            "delete" => {
                there.remove(&write_id);
            }
            _ => {}
        }
    }
}

/// Runs a value set through all of it.
pub fn whole(set: &str) {
    let cluster = Kubernetes::start(&[NAMESPACE, ELSEWHERE]);
    let helm = Helm::on(&cluster);
    let with = |label: &str, more: &[&str]| {
        let label = labelled(label);
        let arguments: Vec<&str> = label.iter().map(String::as_str).chain(more.iter().copied()).collect();
        helm.upgrade(set, &arguments)
    };
    let since = |start: usize| cluster.writes().split_off(start);

    let namespace = if set == "private-registry" { ELSEWHERE } else { NAMESPACE };
    give_secrets(&cluster, namespace);
    let written = helm.install(set, &[]);
    no_secret_is_told(&cluster, &helm, &written.succeeds().output);
    let installed = released(&cluster);
    for (kind, _, name) in installed.iter().flat_map(|object| References::of(object).0) {
        assert!(kind != "Secret" || SECRETS.contains(&name.as_str()), "put {name} into SECRETS");
    }
    hooks_need_nothing_that_comes_later(&cluster.writes());
    assert!(!of_kind(&installed, "Deployment").is_empty());
    let left: Vec<Id> = installed.iter().filter(|object| is_hook(object)).map(id).collect();
    assert!(left.is_empty(), "hooks that went well are gone: {left:?}");
    assert!(of_kind(&installed, "Secret").is_empty(), "the chart makes no Secret, since no value holds one");
    let elsewhere: BTreeSet<&str> = installed.iter().map(|object| text(object, "/metadata/namespace")).collect();
    assert_eq!(elsewhere, BTreeSet::from([namespace]), "all objects are in one namespace");

    let start = cluster.writes().len();
    with("second", &[]).succeeds();
    let upgraded = released(&cluster);
    hooks_need_nothing_that_comes_later(&since(start));
    let names = |objects: &[Value]| objects.iter().map(id).collect::<BTreeSet<Id>>();
    assert_eq!(names(&upgraded), names(&installed));
    for deployment in of_kind(&upgraded, "Deployment") {
        assert_eq!(text(deployment, "/spec/template/metadata/labels/checked"), "second");
    }

    // The last Job of the upgrade, or else the first Deployment, fails.
    let jobs: Vec<String> = since(start)
        .iter()
        .filter(|write| write.kind == "Job" && write.verb == "apply")
        .map(|write| write.name.clone())
        .collect();
    let last_job = jobs.last();
    match last_job {
        Some(job) => cluster.fail_next("Job", job),
        None => cluster.fail_next("Deployment", text(of_kind(&upgraded, "Deployment")[0], "/metadata/name")),
    }
    let start = cluster.writes().len();
    with("third", &["--rollback-on-failure"]).fails_with("rolled back");
    assert_eq!(asked(&released(&cluster)), asked(&upgraded), "everything is as it was before");
    if let Some(job) = last_job {
        let touched = applied(&since(start))
            .any(|write| text(&write.object, "/metadata/labels/checked") == "third" && !is_hook(&write.object));
        assert!(!touched, "the old pods go on while a hook fails");
        let failed = cluster.object("Job", namespace, job).expect("it stays for its log");
        assert_eq!(text(&failed, "/status/conditions/0/type"), "Failed");
    }
    assert_eq!(helm.history(), ["superseded", "superseded", "failed", "deployed"]);

    helm.rollback(1).succeeds();
    assert_eq!(asked(&released(&cluster)), asked(&installed), "it is what was installed");
    with("fourth", &[]).succeeds();
    let again = released(&cluster);
    assert_eq!(names(&again), names(&installed), "nothing of the failed upgrade is left");
    with("fifth", &["--no-hooks"]).succeeds();

    let start = cluster.writes().len();
    let tested = helm.test();
    tested.succeeds();
    for pod in since(start).iter().filter(|write| write.kind == "Pod" && write.verb == "apply") {
        assert!(tested.output.contains("Phase:          Succeeded"), "{}", tested.output);
        assert_eq!(annotation(&pod.object, "helm.sh/hook"), "test");
    }
    hooks_need_nothing_that_comes_later(&[applied_now(&again), since(start)].concat());

    no_secret_is_told(&cluster, &helm, &tested.output);

    helm.uninstall().succeeds();
    let left = cluster.objects();
    let orphans =
        left.iter().filter(|object| text(object, "/kind") != "Namespace" && !kept(object) && !is_given(object));
    let orphans: Vec<Id> = orphans.map(id).collect();
    assert!(orphans.is_empty(), "left after the uninstall: {orphans:?}");
    let stay: BTreeSet<Id> = installed.iter().filter(|object| kept(object)).map(id).collect();
    let stayed: BTreeSet<Id> = left.iter().filter(|object| kept(object)).map(id).collect();
    assert_eq!(stayed, stay, "what is to be kept is there");
    helm.install(set, &[]).succeeds();
}

/// Objects as if they were applied now.
fn applied_now(objects: &[Value]) -> Vec<Write> {
    let write = |object: &Value| {
        let (_, namespace, name) = id(object);
        Write { verb: "apply", kind: "", namespace, name, manager: String::new(), code: 200, object: object.clone() }
    };
    objects.iter().map(write).collect()
}
