//! One port for everything: what a path and a method mean, and the answer.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header::{CONTENT_TYPE, USER_AGENT};
use axum::http::request::Parts;
use axum::http::{Method, Request, Response, StatusCode};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};

use super::discovery::Discovery;
use super::kinds::{Kind, named, of_path};
use super::protobuf;
use super::refusals::{Refusal, text};
use super::select::{by_fields, by_labels};
use super::store::{Place, Store, Verb};
use super::watch;

/// What answers every request.
pub(super) fn app(store: Arc<Store>) -> axum::Router {
    axum::Router::new().fallback(answer).with_state(store)
}

/// The query of a request.
#[derive(Debug, Clone)]
pub(super) struct Parameters(BTreeMap<String, String>);

impl Parameters {
    fn of(query: Option<&str>) -> Self {
        Self(url::form_urlencoded::parse(query.unwrap_or_default().as_bytes()).into_owned().collect())
    }

    /// A value; empty where it is not given.
    pub(super) fn get(&self, key: &str) -> &str {
        self.0.get(key).map_or("", String::as_str)
    }

    /// Whether a switch is set.
    pub(super) fn is(&self, key: &str) -> bool {
        matches!(self.get(key), "true" | "1")
    }
}

/// Which objects a list or a watch is about.
#[derive(Debug, Clone)]
pub(super) struct Filter {
    kind: &'static Kind,
    /// Empty for every namespace.
    namespace: String,
    labels: String,
    fields: String,
}

impl Filter {
    pub(super) fn chooses(&self, place: &Place, object: &Value) -> bool {
        place.kind == self.kind
            && (self.namespace.is_empty() || place.namespace == self.namespace)
            && by_labels(object, &self.labels)
            && by_fields(object, &self.fields)
    }
}

/// What a path of objects names.
struct Target {
    kind: &'static Kind,
    namespace: String,
    /// Empty for all of them.
    name: String,
    /// What of the object is meant; empty for itself.
    part: String,
}

async fn answer(State(store): State<Arc<Store>>, request: Request<Body>) -> Response<Body> {
    let (head, body) = request.into_parts();
    let Ok(body) = body.collect().await else {
        // The client broke off: nobody reads this.
        return with_json(400, &json!({}));
    };
    handle(&store, &head, &body.to_bytes()).unwrap_or_else(|refusal| with_json(refusal.code, &refusal.status()))
}

fn handle(store: &Arc<Store>, head: &Parts, body: &Bytes) -> Result<Response<Body>, Refusal> {
    let parameters = Parameters::of(head.uri.query());
    let path = head.uri.path().trim_matches('/');
    if path == "openapi/v2" && head.method == Method::GET {
        let answer = Response::builder().header(CONTENT_TYPE, "application/octet-stream");
        return Ok(answer.body(Body::from(Discovery::OPENAPI_V2)).unwrap_or_default());
    }
    if let Some(told) = described(&store.discovery, path) {
        return if head.method == Method::GET { Ok(with_json(200, &told)) } else { Err(Refusal::unknown()) };
    }
    let target = target(&store.discovery, path).ok_or_else(Refusal::unknown)?;
    let Target { kind, namespace, name, part } = target;
    if !part.is_empty() {
        return if head.method == Method::GET && kind.kind == "Pod" && part == "log" {
            Ok(Response::new(Body::from("nothing was run\n")))
        } else {
            Err(Refusal::unknown())
        };
    }
    let filter = Filter {
        kind,
        namespace: namespace.clone(),
        labels: parameters.get("labelSelector").to_owned(),
        fields: parameters.get("fieldSelector").to_owned(),
    };
    if name.is_empty() && head.method == Method::GET {
        return Ok(if parameters.is("watch") {
            let mut answer = Response::new(watch::body(store, kind, filter, &parameters));
            answer.headers_mut().insert(CONTENT_TYPE, axum::http::HeaderValue::from_static("application/json"));
            answer
        } else {
            listed(store, &filter)
        });
    }
    let manager = manager(head, &parameters);
    let place = Place { kind, namespace, name };
    match (&head.method, place.name.is_empty()) {
        (&Method::GET, false) => {
            let found = store.get(&place).ok_or_else(|| Refusal::not_found(kind, &place.name))?;
            Ok(with_json(200, &found))
        }
        (&Method::POST, true) => {
            let object = read(head, body)?;
            let place = Place { name: text(&object, "/metadata/name").to_owned(), ..place };
            write(store, Verb::Create, &place, &object, &manager, &parameters)
        }
        (&Method::PUT, false) => write(store, Verb::Update, &place, &read(head, body)?, &manager, &parameters),
        (&Method::PATCH, false) => {
            let verb = match content_type(head) {
                "application/apply-patch+yaml" if parameters.get("fieldManager").is_empty() => {
                    return Err(Refusal::bad("PatchOptions.meta.k8s.io \"\" is invalid: fieldManager: Required value"));
                }
                "application/apply-patch+yaml" => Verb::Apply { force: parameters.is("force") },
                "application/merge-patch+json" | "application/strategic-merge-patch+json" => Verb::Merge,
                other => return Err(Refusal::unsupported(format!("a patch of the type {other:?} is not known here"))),
            };
            write(store, verb, &place, &json_of(body)?, &manager, &parameters)
        }
        (&Method::DELETE, false) => Ok(with_json(200, &store.delete(&place, &manager, only_tried(&parameters, body))?)),
        (&Method::DELETE, true) => {
            let (found, _) = store.list(|place, object| filter.chooses(place, object));
            for (place, _) in found {
                store.delete(&place, &manager, only_tried(&parameters, body))?;
            }
            Ok(with_json(200, &json!({"kind": "Status", "apiVersion": "v1", "status": "Success"})))
        }
        _ => Err(Refusal::unknown()),
    }
}

fn write(
    store: &Store,
    verb: Verb,
    place: &Place,
    object: &Value,
    manager: &str,
    parameters: &Parameters,
) -> Result<Response<Body>, Refusal> {
    let kind = object.get("kind").and_then(Value::as_str).unwrap_or(place.kind.kind);
    let name = object.pointer("/metadata/name").and_then(Value::as_str).unwrap_or(&place.name);
    let namespace = object.pointer("/metadata/namespace").and_then(Value::as_str).unwrap_or(&place.namespace);
    if kind != place.kind.kind || name != place.name || place.kind.is_namespaced && namespace != place.namespace {
        let message = format!(
            "the object in the body is {kind} {namespace}/{name}, and the path is that of {} {}/{}",
            place.kind.kind, place.namespace, place.name
        );
        return Err(Refusal::bad(message));
    }
    let (object, is_new) = store.write(verb, place, object, manager, !parameters.get("dryRun").is_empty())?;
    Ok(with_json(if is_new { 201 } else { 200 }, &object))
}

fn listed(store: &Store, filter: &Filter) -> Response<Body> {
    let (found, version) = store.list(|place, object| filter.chooses(place, object));
    let items: Vec<Value> = found.into_iter().map(|(_, object)| object).collect();
    let list = json!({
        "kind": format!("{}List", filter.kind.kind),
        "apiVersion": filter.kind.group_version(),
        "metadata": {"resourceVersion": version.to_string()},
        "items": items,
    });
    with_json(200, &list)
}

/// What it says of itself at a path, where the path is one of these.
fn described(discovery: &Discovery, path: &str) -> Option<Value> {
    let parts: Vec<&str> = path.split('/').collect();
    match parts.as_slice() {
        ["version"] => Some(Discovery::version()),
        ["healthz" | "livez" | "readyz"] => Some(json!("ok")),
        ["api"] => Some(Discovery::core()),
        ["apis"] => Some(discovery.groups()),
        ["api", version] => discovery.resources("", version),
        ["apis", group, version] => discovery.resources(group, version),
        ["openapi", "v3"] => Some(discovery.openapi()),
        ["openapi", "v3", rest @ ..] => discovery.openapi_of(&rest.join("/")),
        _ => None,
    }
}

fn target(discovery: &Discovery, path: &str) -> Option<Target> {
    let parts: Vec<&str> = path.split('/').collect();
    let (group, version, rest) = match parts.as_slice() {
        ["api", version, rest @ ..] => ("", *version, rest),
        ["apis", group, version, rest @ ..] => (*group, *version, rest),
        _ => return None,
    };
    let (namespace, rest) = match rest {
        ["namespaces", namespace, rest @ ..] if !rest.is_empty() => (*namespace, rest),
        _ => ("", rest),
    };
    let (plural, rest) = rest.split_first()?;
    let kind = of_path(group, version, plural).filter(|kind| discovery.has(kind))?;
    let (name, part) = match rest {
        [] => ("", ""),
        [name] => (*name, ""),
        [name, part] => (*name, *part),
        _ => return None,
    };
    let is_right = kind.is_namespaced != namespace.is_empty() || kind.is_namespaced && name.is_empty();
    let owned = |text: &str| text.to_owned();
    is_right.then(|| Target { kind, namespace: owned(namespace), name: owned(name), part: owned(part) })
}

fn read(head: &Parts, body: &Bytes) -> Result<Value, Refusal> {
    if body.starts_with(protobuf::MAGIC) {
        return protobuf::secret(body);
    }
    let object = json_of(body)?;
    if object.get("kind").and_then(Value::as_str).is_some_and(|kind| named(kind).is_none()) {
        let of_type = content_type(head);
        return Err(Refusal::bad(format!("a body of the type {of_type:?} with a kind that is not known here")));
    }
    Ok(object)
}

/// Whether a deletion is only to be tried: by the query, or by the options in its body, where
/// clients put it.
fn only_tried(parameters: &Parameters, body: &Bytes) -> bool {
    let options: Option<Value> = serde_json::from_slice(body).ok();
    let by_options = options.as_ref().and_then(|options| options.get("dryRun")).and_then(Value::as_array);
    !parameters.get("dryRun").is_empty() || by_options.is_some_and(|parts| !parts.is_empty())
}

fn json_of(body: &Bytes) -> Result<Value, Refusal> {
    let object: Value = serde_json::from_slice(body)
        .map_err(|error| Refusal::unsupported(format!("a body that is no JSON is not read here: {error}")))?;
    if object.is_object() { Ok(object) } else { Err(Refusal::bad("the body is no object")) }
}

/// Who writes: as the query says, or else the program.
fn manager(head: &Parts, parameters: &Parameters) -> String {
    let given = parameters.get("fieldManager");
    if !given.is_empty() {
        return given.to_owned();
    }
    let agent = head.headers.get(USER_AGENT).and_then(|agent| agent.to_str().ok()).unwrap_or_default();
    agent.split('/').next().unwrap_or_default().to_owned()
}

fn content_type(head: &Parts) -> &str {
    let given = head.headers.get(CONTENT_TYPE).and_then(|given| given.to_str().ok()).unwrap_or_default();
    given.split(';').next().unwrap_or_default().trim()
}

fn with_json(code: u16, body: &Value) -> Response<Body> {
    let status = StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let built = Response::builder().status(status).header(CONTENT_TYPE, "application/json");
    built.body(Body::from(body.to_string())).unwrap_or_default()
}
