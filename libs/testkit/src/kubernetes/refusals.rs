//! What an API server refuses, with its own words where they matter to who reads them.

use serde_json::{Value, json};

use super::fields::Conflict;
use super::kinds::Kind;

/// A label's value, a Service's name, and what becomes one of them, has no more characters.
const LABEL: usize = 63;
/// Any other name has no more characters.
const NAME: usize = 253;
/// A port's name has no more characters.
const PORT_NAME: usize = 15;

/// Fields of a StatefulSet that may change.
const MAY_CHANGE_OF_STATEFUL_SET: [&str; 7] = [
    "replicas",
    "ordinals",
    "template",
    "updateStrategy",
    "revisionHistoryLimit",
    "persistentVolumeClaimRetentionPolicy",
    "minReadySeconds",
];

/// A refusal, as a `Status`.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Refusal {
    pub(super) code: u16,
    pub(super) reason: &'static str,
    pub(super) message: String,
}

impl Refusal {
    fn new(code: u16, reason: &'static str, message: impl Into<String>) -> Self {
        Self { code, reason, message: message.into() }
    }

    pub(super) fn bad(message: impl Into<String>) -> Self {
        Self::new(400, "BadRequest", message)
    }

    pub(super) fn unsupported(message: impl Into<String>) -> Self {
        Self::new(415, "UnsupportedMediaType", message)
    }

    /// A path or a verb that it does not know.
    pub(super) fn unknown() -> Self {
        Self::new(404, "NotFound", "the server could not find the requested resource")
    }

    pub(super) fn not_found(kind: &Kind, name: &str) -> Self {
        Self::new(404, "NotFound", format!("{} \"{name}\" not found", kind.resource()))
    }

    pub(super) fn no_namespace(name: &str) -> Self {
        Self::new(404, "NotFound", format!("namespaces \"{name}\" not found"))
    }

    pub(super) fn exists(kind: &Kind, name: &str) -> Self {
        Self::new(409, "AlreadyExists", format!("{} \"{name}\" already exists", kind.resource()))
    }

    pub(super) fn outdated(kind: &Kind, name: &str) -> Self {
        let message = format!(
            "Operation cannot be fulfilled on {} \"{name}\": the object has been modified; please apply your changes \
             to the latest version and try again",
            kind.resource()
        );
        Self::new(409, "Conflict", message)
    }

    pub(super) fn conflicts(kind: &Kind, conflicts: &[Conflict]) -> Self {
        let count = conflicts.len();
        let one = |conflict: &Conflict| {
            format!(
                "conflict with \"{}\" using {}: .{}",
                conflict.manager,
                kind.group_version(),
                conflict.path.join(".")
            )
        };
        let all: Vec<String> = conflicts.iter().map(one).collect();
        let plural = if count == 1 { "" } else { "s" };
        Self::new(409, "Conflict", format!("Apply failed with {count} conflict{plural}: {}", all.join("; ")))
    }

    fn invalid(kind: &Kind, name: &str, field: &str, why: &str) -> Self {
        Self::new(422, "Invalid", format!("{} \"{name}\" is invalid: {field}: {why}", kind.qualified()))
    }

    /// The body of its answer.
    pub(super) fn status(&self) -> Value {
        json!({
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "reason": self.reason,
            "message": self.message,
            "code": self.code,
        })
    }
}

/// Checks what any object must have, a new one or a changed one.
pub(super) fn check(kind: &Kind, object: &Value) -> Result<(), Refusal> {
    let name = text(object, "/metadata/name");
    let invalid = |field: &str, why: &str| Err(Refusal::invalid(kind, name, field, why));
    if name.is_empty() {
        return invalid("metadata.name", "Required value: name or generateName is required");
    }
    let most = longest_name(kind);
    if name.len() > most {
        return invalid("metadata.name", &format!("Invalid value: must be no more than {most} characters"));
    }
    if !is_name(name, most == NAME) {
        return invalid("metadata.name", "Invalid value: lower case letters, digits and '-' between them");
    }
    for path in ["/metadata/labels", "/spec/selector/matchLabels", "/spec/template/metadata/labels"] {
        for (key, value) in object.pointer(path).and_then(Value::as_object).into_iter().flatten() {
            let field = path.trim_start_matches('/').replace('/', ".");
            let Some(value) = value.as_str() else {
                return invalid(&field, &format!("Invalid value: the label {key} is not a text"));
            };
            if value.len() > LABEL || !is_label(value) || key.rsplit('/').next().is_none_or(|key| key.len() > LABEL) {
                return invalid(
                    &field,
                    &format!(
                        "Invalid value: {value:?}: the label {key}: must be no more than 63 characters, letters, \
                         digits, '-', '_' and '.'"
                    ),
                );
            }
        }
    }
    if let (Some(selector), Some(labels)) =
        (object.pointer("/spec/selector/matchLabels"), object.pointer("/spec/template/metadata/labels"))
    {
        let matches =
            selector.as_object().is_some_and(|all| all.iter().all(|(key, value)| labels.get(key) == Some(value)));
        if !matches {
            return invalid(
                "spec.template.metadata.labels",
                "Invalid value: `selector` does not match template `labels`",
            );
        }
    }
    let containers = ["/spec/containers", "/spec/template/spec/containers"];
    let containers = containers.into_iter().filter_map(|path| object.pointer(path)?.as_array()).flatten();
    let of_containers = containers.filter_map(|container| container.get("ports")?.as_array()).flatten();
    for port in of_containers {
        if port.get("name").and_then(Value::as_str).is_some_and(|name| name.len() > PORT_NAME) {
            return invalid(
                "spec.template.spec.containers.ports.name",
                "Invalid value: must be no more than 15 characters",
            );
        }
    }
    Ok(())
}

/// Checks what may not change of an object.
pub(super) fn check_change(kind: &Kind, before: &Value, after: &Value) -> Result<(), Refusal> {
    let name = text(before, "/metadata/name");
    let immutable = |field: &str| Err(Refusal::invalid(kind, name, field, "Invalid value: field is immutable"));
    let changed = |path: &str| before.pointer(path) != after.pointer(path);
    match kind.kind {
        "Deployment" | "ReplicaSet" if changed("/spec/selector") => immutable("spec.selector"),
        "Job" => ["selector", "template", "completions", "completionMode", "podFailurePolicy"]
            .into_iter()
            .find(|field| changed(&format!("/spec/{field}")))
            .map_or(Ok(()), |field| immutable(&format!("spec.{field}"))),
        "StatefulSet" if others(before, &MAY_CHANGE_OF_STATEFUL_SET) != others(after, &MAY_CHANGE_OF_STATEFUL_SET) => {
            let most = MAY_CHANGE_OF_STATEFUL_SET.join("', '");
            let why = format!("Forbidden: updates to statefulset spec for fields other than '{most}' are forbidden");
            Err(Refusal::invalid(kind, name, "spec", &why))
        }
        "Service" if changed("/spec/clusterIP") => {
            Err(Refusal::invalid(kind, name, "spec.clusterIPs[0]", "Invalid value: may not change once set"))
        }
        "PersistentVolumeClaim" => {
            let may_change = ["resources", "volumeAttributesClassName"];
            if others(before, &may_change) != others(after, &may_change) {
                let why = "Forbidden: spec is immutable after creation except resources.requests and \
                           volumeAttributesClassName for bound claims";
                return Err(Refusal::invalid(kind, name, "spec", why));
            }
            let size = |object: &Value| bytes(text(object, "/spec/resources/requests/storage"));
            if size(after) < size(before) {
                let why = "Forbidden: field can not be less than status.capacity";
                return Err(Refusal::invalid(kind, name, "spec.resources.requests.storage", why));
            }
            Ok(())
        }
        "RoleBinding" | "ClusterRoleBinding" if changed("/roleRef") => immutable("roleRef"),
        "Secret" if changed("/type") => immutable("type"),
        "Secret" | "ConfigMap"
            if before.get("immutable") == Some(&json!(true))
                && (changed("/data") || changed("/binaryData") || changed("/immutable")) =>
        {
            Err(Refusal::invalid(kind, name, "data", "Forbidden: field is immutable when `immutable` is set"))
        }
        _ => Ok(()),
    }
}

/// How long a name may be. Names of workloads become labels and the names of hosts, so they are
/// held to 63 here, all of them; the real one lets some pass and cuts the names of their pods.
fn longest_name(kind: &Kind) -> usize {
    let becomes_label = ["Service", "Namespace", "Job", "CronJob", "StatefulSet", "Deployment", "Pod"];
    if becomes_label.contains(&kind.kind) { LABEL } else { NAME }
}

/// Whether it is a name of DNS; with dots where it may have several parts.
fn is_name(name: &str, may_have_parts: bool) -> bool {
    let is_inner = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-';
    let is_part =
        |part: &str| !part.is_empty() && part.chars().all(is_inner) && !part.starts_with('-') && !part.ends_with('-');
    if may_have_parts { name.split('.').all(is_part) } else { is_part(name) }
}

fn is_label(value: &str) -> bool {
    let is_outer = |letter: char| letter.is_ascii_alphanumeric();
    let is_inner = |letter: char| is_outer(letter) || matches!(letter, '-' | '_' | '.');
    value.is_empty() || value.chars().all(is_inner) && value.starts_with(is_outer) && value.ends_with(is_outer)
}

/// The fields of a specification but these.
fn others(object: &Value, but: &[&str]) -> Value {
    let mut spec = object.get("spec").cloned().unwrap_or_default();
    if let Some(fields) = spec.as_object_mut() {
        fields.retain(|key, _| !but.contains(&key.as_str()));
    }
    spec
}

/// A text in an object; empty where there is none.
pub(super) fn text<'a>(object: &'a Value, path: &str) -> &'a str {
    object.pointer(path).and_then(Value::as_str).unwrap_or_default()
}

/// A quantity of bytes, such as `10Gi`; 0 for what is none.
fn bytes(quantity: &str) -> u64 {
    let digits: String = quantity.chars().take_while(char::is_ascii_digit).collect();
    let unit = match quantity.get(digits.len()..).unwrap_or_default() {
        "Ki" => 1 << 10,
        "Mi" => 1 << 20,
        "Gi" => 1 << 30,
        "Ti" => 1 << 40,
        "k" => 1_000,
        "M" => 1_000_000,
        "G" => 1_000_000_000,
        "T" => 1_000_000_000_000,
        _ => 1,
    };
    digits.parse::<u64>().unwrap_or(0).saturating_mul(unit)
}
