//! What it refuses, so that a chart that is wrong does not pass; and what clients see.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::{Value, json};

use super::*;

const APPLY: &str = "application/apply-patch+yaml";
const MERGE: &str = "application/merge-patch+json";

fn open(cluster: &Kubernetes, method: &str, path: &str, of_type: &str, body: &str) -> TcpStream {
    let mut stream = TcpStream::connect(cluster.address()).expect("connect");
    stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a limit");
    let length = body.len();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nhost: x\r\nuser-agent: kubectl/v1\r\nconnection: close\r\n\
         content-type: {of_type}\r\n\
         content-length: {length}\r\n\r\n{body}"
    );
    stream.write_all(head.as_bytes()).expect("send");
    stream
}

/// The status and the body of an answer.
fn ask(cluster: &Kubernetes, method: &str, path: &str, of_type: &str, body: &Value) -> (u16, Value) {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let mut answer = String::new();
    open(cluster, method, path, of_type, &body).read_to_string(&mut answer).expect("an answer");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
    let status = head.get(9..12).and_then(|status| status.parse().ok()).expect("a status");
    (status, serde_json::from_str(body).unwrap_or_else(|error| panic!("{error}: {answer}")))
}

fn get(cluster: &Kubernetes, path: &str) -> (u16, Value) {
    ask(cluster, "GET", path, "application/json", &Value::Null)
}

fn root(kind: &str) -> String {
    let kind = kinds::named(kind).expect("a kind");
    format!("{}/namespaces/lectern/{}", kind.root(), kind.plural)
}

/// Applies as Helm does.
fn apply(cluster: &Kubernetes, object: &Value) -> (u16, Value) {
    let text = |path: &str| object.pointer(path).and_then(Value::as_str).expect(path);
    let path = format!("{}/{}?fieldManager=helm&force=false", root(text("/kind")), text("/metadata/name"));
    ask(cluster, "PATCH", &path, APPLY, object)
}

fn object(kind: &str, name: &str, spec: Value) -> Value {
    let version = kinds::named(kind).expect("a kind").group_version();
    json!({"apiVersion": version, "kind": kind, "metadata": {"name": name}, "spec": spec})
}

fn deployment(name: &str, app: &str) -> Value {
    let template = json!({"metadata": {"labels": {"app": app}}, "spec": {"containers": [{"name": "c", "image": "x"}]}});
    object("Deployment", name, json!({"selector": {"matchLabels": {"app": app}}, "template": template}))
}

fn changed(object: &Value, path: &str, to: Value) -> Value {
    let mut object = object.clone();
    *object.pointer_mut(path).expect(path) = to;
    object
}

fn message(answer: &(u16, Value)) -> &str {
    answer.1["message"].as_str().expect("a message")
}

#[test]
fn what_is_immutable_is_refused_by_its_field_and_the_rest_is_changed() {
    let cluster = Kubernetes::start(&["lectern"]);
    let job = object("Job", "migrate", json!({"template": {"spec": {"containers": [{"name": "c", "image": "x:1"}]}}}));
    let set = changed(&deployment("nats", "nats"), "/kind", json!("StatefulSet"));
    let mut set = changed(&set, "/spec/template/spec/containers", json!([]));
    set["spec"]["serviceName"] = json!("nats");
    let service = object("Service", "gateway", json!({"clusterIP": "None", "selector": {"app": "a"}, "ports": []}));
    let claim = object(
        "PersistentVolumeClaim",
        "data",
        json!({"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "10Gi"}}}),
    );
    let cases = [
        (deployment("a", "a"), "/spec/selector", json!({"matchLabels": {}}), Some("spec.selector")),
        (deployment("a", "a"), "/spec/template/spec/containers", json!([]), None),
        (job.clone(), "/spec/template/spec/containers/0/image", json!("x:2"), Some("spec.template")),
        (set.clone(), "/spec/serviceName", json!("other"), Some("spec")),
        (set, "/spec/template/spec/containers", json!([{"name": "c"}]), None),
        (service.clone(), "/spec/clusterIP", json!("10.96.0.9"), Some("spec.clusterIPs[0]")),
        (service, "/spec/selector/app", json!("b"), None),
        (claim.clone(), "/spec/accessModes", json!(["ReadWriteMany"]), Some("spec")),
        (claim.clone(), "/spec/resources/requests/storage", json!("9Gi"), Some("spec.resources.requests.storage")),
        (claim, "/spec/resources/requests/storage", json!("11Gi"), None),
    ];
    for (first, path, to, refused) in cases {
        assert!(matches!(apply(&cluster, &first).0, 200 | 201), "{first}");
        let answer = apply(&cluster, &changed(&first, path, to));
        match refused {
            None => assert_eq!(answer.0, 200, "{path}: {answer:?}"),
            Some(field) => {
                assert_eq!(answer.0, 422, "{path}: {answer:?}");
                assert!(message(&answer).contains(&format!("is invalid: {field}: ")), "{path}: {answer:?}");
            }
        }
    }
}

#[test]
fn names_labels_and_namespaces_that_cannot_be_are_refused() {
    let cluster = Kubernetes::start(&["lectern"]);
    let (long, short) = ("x".repeat(64), "x".repeat(63));
    let spec = || json!({});
    let mut labelled = object("ConfigMap", "labelled", spec());
    labelled["metadata"]["labels"] = json!({"app": long.clone()});
    let mut port = deployment("port", "port");
    port["spec"]["template"]["spec"]["containers"][0]["ports"] =
        json!([{"name": "sixteen-letters-", "containerPort": 1}]);
    let unmatched = changed(&deployment("unmatched", "a"), "/spec/template/metadata/labels/app", json!("b"));
    let cases = [
        (object("Service", &long, spec()), 422, "metadata.name"),
        (object("Service", &short, spec()), 201, ""),
        (object("Job", &long, json!({"template": {}})), 422, "metadata.name"),
        (object("ConfigMap", &long, spec()), 201, ""),
        (object("ConfigMap", "Upper", spec()), 422, "metadata.name"),
        (object("ConfigMap", "dots.are.well", spec()), 201, ""),
        (object("Service", "dots.are.not", spec()), 422, "metadata.name"),
        (labelled, 422, "metadata.labels"),
        (port, 422, "ports.name"),
        (unmatched, 422, "spec.template.metadata.labels"),
    ];
    for (object, code, field) in cases {
        let answer = apply(&cluster, &object);
        assert_eq!(answer.0, code, "{object}: {answer:?}");
        assert!(code != 422 || message(&answer).contains(field), "{object}: {answer:?}");
    }
    let elsewhere = "/api/v1/namespaces/audio/configmaps/a?fieldManager=helm";
    let answer = ask(&cluster, "PATCH", elsewhere, APPLY, &object("ConfigMap", "a", spec()));
    assert_eq!((answer.0, message(&answer)), (404, "namespaces \"audio\" not found"));
    let unknown = ask(&cluster, "PATCH", "/apis/x/v1/namespaces/lectern/ys/a?fieldManager=helm", APPLY, &json!({}));
    assert_eq!(unknown.0, 404);
    let mut other = object("ConfigMap", "b", spec());
    other["metadata"]["namespace"] = json!("audio");
    let path = "/api/v1/namespaces/lectern/configmaps/b?fieldManager=helm";
    assert_eq!(ask(&cluster, "PATCH", path, APPLY, &other).0, 400, "the path is that of another");
    let nobody =
        ask(&cluster, "PATCH", "/api/v1/namespaces/lectern/configmaps/b", APPLY, &object("ConfigMap", "b", spec()));
    assert_eq!(nobody.0, 400, "who applies says who it is");
}

#[test]
fn replicas_that_an_autoscaler_has_set_are_not_applied_over() {
    let cluster = Kubernetes::start(&["lectern"]);
    let fixed = {
        let mut fixed = deployment("tts", "tts");
        fixed["spec"]["replicas"] = json!(2);
        fixed
    };
    assert_eq!(apply(&cluster, &fixed).0, 201);
    cluster.scale("Deployment", "lectern", "tts", 5, "kube-controller-manager");
    let fought = apply(&cluster, &fixed);
    assert_eq!(fought.0, 409);
    let expected =
        "Apply failed with 1 conflict: conflict with \"kube-controller-manager\" using apps/v1: .spec.replicas";
    assert_eq!(message(&fought), expected);
    let left = apply(&cluster, &deployment("tts", "tts"));
    assert_eq!((left.0, &left.1["spec"]["replicas"]), (200, &json!(5)), "who leaves it out leaves it");
    assert_eq!(left.1["status"]["availableReplicas"], json!(5));
}

#[test]
fn a_write_of_an_older_version_or_of_what_is_there_is_a_conflict() {
    let cluster = Kubernetes::start(&["lectern"]);
    let (path, json_type) = ("/api/v1/namespaces/lectern/configmaps", "application/json");
    let map = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"k": "1"}});
    let created = ask(&cluster, "POST", path, json_type, &map);
    assert_eq!(created.0, 201);
    assert_eq!(message(&ask(&cluster, "POST", path, json_type, &map)), "configmaps \"a\" already exists");
    let one = format!("{path}/a");
    let newer = ask(&cluster, "PATCH", &one, MERGE, &json!({"data": {"k": "2"}}));
    assert_eq!((newer.0, &newer.1["data"]["k"]), (200, &json!("2")));
    let answer = ask(&cluster, "PUT", &one, json_type, &created.1);
    assert_eq!(answer.0, 409, "{answer:?}");
    assert_eq!(ask(&cluster, "PUT", &one, json_type, &newer.1).0, 200);
    assert_eq!(ask(&cluster, "DELETE", &one, json_type, &Value::Null).0, 200);
    assert_eq!(message(&ask(&cluster, "DELETE", &one, json_type, &Value::Null)), "configmaps \"a\" not found");

    let codes: Vec<(&str, &str, u16)> =
        cluster.writes().iter().skip(1).map(|write| (write.verb, write.kind, write.code)).collect();
    let of = |verb, code| (verb, "ConfigMap", code);
    let expected = [
        of("create", 201),
        of("create", 409),
        of("patch", 200),
        of("update", 409),
        of("update", 200),
        of("delete", 200),
        of("delete", 404),
    ];
    assert_eq!(codes, expected, "the log has everything in its order");
    assert!(cluster.writes().iter().skip(1).all(|write| write.manager == "kubectl"));
}

#[test]
fn a_deletion_that_is_only_tried_deletes_nothing() {
    let cluster = Kubernetes::start(&["lectern"]);
    let json_type = "application/json";
    let all = "/api/v1/namespaces/lectern/configmaps";
    let one = format!("{all}/a");
    assert_eq!(apply(&cluster, &object("ConfigMap", "a", json!({}))).0, 201);
    let writes = cluster.writes().len();
    let options = json!({"apiVersion": "v1", "kind": "DeleteOptions", "dryRun": ["All"]});
    for (path, body) in [
        (format!("{one}?dryRun=All"), Value::Null),
        (format!("{all}?dryRun=All"), Value::Null),
        (one.clone(), options.clone()),
        (all.to_owned(), options),
    ] {
        assert_eq!(ask(&cluster, "DELETE", &path, json_type, &body).0, 200, "{path}");
        assert_eq!(get(&cluster, &one).0, 200, "it is there after {path}");
    }
    assert_eq!(ask(&cluster, "DELETE", &format!("{all}/b?dryRun=All"), json_type, &Value::Null).0, 404);
    assert_eq!(cluster.writes().len(), writes, "nothing was written");
    let options = json!({"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": "Background"});
    assert_eq!(ask(&cluster, "DELETE", &one, json_type, &options).0, 200);
    assert_eq!(get(&cluster, &one).0, 404, "options that say nothing of it delete");
}

#[test]
fn jobs_complete_unless_they_are_told_to_fail_and_then_once() {
    let cluster = Kubernetes::start(&["lectern"]);
    let job = |name: &str| object("Job", name, json!({"template": {"spec": {}}}));
    let ended = |name: &str| apply(&cluster, &job(name)).1["status"]["conditions"][0]["type"].clone();
    assert_eq!(ended("first"), json!("Complete"));
    cluster.fail_next("Job", "second");
    assert_eq!(ended("other"), json!("Complete"));
    assert_eq!(ended("second"), json!("Failed"));
    let path = format!("{}/second", root("Job"));
    assert_eq!(ask(&cluster, "DELETE", &path, "application/json", &Value::Null).0, 200);
    assert_eq!(ended("second"), json!("Complete"));
    cluster.fail_next("Deployment", "tts");
    let failed = apply(&cluster, &deployment("tts", "tts"));
    assert_eq!(failed.1["status"]["conditions"][1]["reason"], json!("ProgressDeadlineExceeded"));
}

#[test]
fn lists_choose_and_discovery_tells_what_there_is() {
    let cluster = Kubernetes::open(&["lectern", "other"], &["keda.sh"]).expect("a cluster");
    for (name, owner) in [("a", "helm"), ("b", "helm"), ("c", "else")] {
        let mut map = object("ConfigMap", name, json!({}));
        map["metadata"]["labels"] = json!({"owner": owner});
        assert_eq!(apply(&cluster, &map).0, 201);
    }
    let names = |path: &str| -> Vec<String> {
        let (code, list) = get(&cluster, path);
        assert_eq!(code, 200, "{path}");
        let name = |item: &Value| item["metadata"]["name"].as_str().expect("a name").to_owned();
        list["items"].as_array().expect("items").iter().map(name).collect()
    };
    assert_eq!(names("/api/v1/namespaces/lectern/configmaps?labelSelector=owner%3Dhelm"), ["a", "b"]);
    assert_eq!(names("/api/v1/configmaps?fieldSelector=metadata.name%3Dc"), ["c"]);
    assert!(names("/api/v1/namespaces/other/configmaps").is_empty());
    assert_eq!(names("/api/v1/namespaces"), ["lectern", "other"]);

    let (_, groups) = get(&cluster, "/apis");
    let groups: Vec<&str> =
        groups["groups"].as_array().expect("groups").iter().filter_map(|group| group["name"].as_str()).collect();
    assert!(groups.contains(&"apps") && groups.contains(&"gateway.networking.k8s.io"), "{groups:?}");
    assert!(!groups.contains(&"keda.sh"), "nobody has installed it");
    assert_eq!(get(&cluster, "/apis/keda.sh/v1alpha1").0, 404);
    assert_eq!(get(&cluster, "/apis/keda.sh/v1alpha1/namespaces/lectern/scaledobjects").0, 404);
    for path in ["/version", "/api", "/api/v1", "/apis/apps/v1", "/openapi/v3", "/openapi/v3/apis/apps/v1"] {
        assert_eq!(get(&cluster, path).0, 200, "{path}");
    }
}

#[test]
fn a_watch_tells_what_there_is_ends_that_with_a_bookmark_and_goes_on() {
    let cluster = Kubernetes::start(&["lectern"]);
    assert_eq!(apply(&cluster, &object("ConfigMap", "a", json!({}))).0, 201);
    let path = "/api/v1/namespaces/lectern/configmaps?watch=true&sendInitialEvents=true&allowWatchBookmarks=true";
    let mut lines = BufReader::new(open(&cluster, "GET", path, "application/json", "")).lines();
    let mut next = || loop {
        // Between the lines of chunks and heads.
        let line = lines.next().expect("a line").expect("in time");
        if let Ok(event @ Value::Object(_)) = serde_json::from_str::<Value>(&line) {
            let name = event["object"]["metadata"]["name"].as_str().unwrap_or_default().to_owned();
            break (event["type"].as_str().expect("a type").to_owned(), name);
        }
    };
    let told = |what: &str, name: &str| (what.to_owned(), name.to_owned());
    assert_eq!(next(), told("ADDED", "a"));
    assert_eq!(next(), told("BOOKMARK", ""));
    assert_eq!(apply(&cluster, &object("Service", "not-watched", json!({}))).0, 201);
    assert_eq!(apply(&cluster, &object("ConfigMap", "b", json!({}))).0, 201);
    assert_eq!(next(), told("ADDED", "b"));
    let one = "/api/v1/namespaces/lectern/configmaps/b";
    assert_eq!(ask(&cluster, "PATCH", one, MERGE, &json!({"data": {"k": "1"}})).0, 200);
    assert_eq!(next(), told("MODIFIED", "b"));
    assert_eq!(ask(&cluster, "DELETE", one, MERGE, &Value::Null).0, 200);
    assert_eq!(next(), told("DELETED", "b"));
}
