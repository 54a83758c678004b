//! What it says of itself: its version, groups and kinds, and as much of OpenAPI as Helm reads.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::kinds::{KINDS, Kind};

/// The version that it says it is.
const MINOR: &str = "37";

/// What is known of a cluster that lacks some groups.
#[derive(Debug)]
pub(super) struct Discovery {
    absent: Vec<String>,
}

impl Discovery {
    /// `/openapi/v2` in protobuf, which knows no kind: asked where the newer one has none either,
    /// before a kind is taken for unknown. The field `swagger` is `2.0`.
    pub(super) const OPENAPI_V2: &[u8] = b"\x0a\x032.0";

    pub(super) const fn without(absent: Vec<String>) -> Self {
        Self { absent }
    }

    /// Whether objects of this kind may be written and read.
    pub(super) fn has(&self, kind: &Kind) -> bool {
        !self.absent.iter().any(|group| group == kind.group)
    }

    fn kinds(&self) -> impl Iterator<Item = &'static Kind> {
        KINDS.iter().filter(|kind| self.has(kind))
    }

    /// `/version`
    pub(super) fn version() -> Value {
        json!({"major": "1", "minor": MINOR, "gitVersion": format!("v1.{MINOR}.1"), "platform": "linux/amd64"})
    }

    /// `/api`
    pub(super) fn core() -> Value {
        json!({"kind": "APIVersions", "versions": ["v1"]})
    }

    /// `/apis`
    pub(super) fn groups(&self) -> Value {
        let mut groups: BTreeMap<&str, &str> = BTreeMap::new();
        groups.extend(self.kinds().filter(|kind| !kind.group.is_empty()).map(|kind| (kind.group, kind.version)));
        let group = |(name, version): (&str, &str)| {
            let version = json!({"groupVersion": format!("{name}/{version}"), "version": version});
            json!({"name": name, "versions": [version.clone()], "preferredVersion": version})
        };
        let groups: Vec<Value> = groups.into_iter().map(group).collect();
        json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": groups})
    }

    /// The kinds of a group and version; none where there is no such group.
    pub(super) fn resources(&self, group: &str, version: &str) -> Option<Value> {
        let of_group = self.kinds().filter(|kind| kind.group == group && kind.version == version);
        let resource = |kind: &Kind| {
            json!({
                "name": kind.plural,
                "singularName": kind.kind.to_lowercase(),
                "namespaced": kind.is_namespaced,
                "kind": kind.kind,
                "verbs": ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"],
            })
        };
        let resources: Vec<Value> = of_group.map(resource).collect();
        let group_version = if group.is_empty() { version.to_owned() } else { format!("{group}/{version}") };
        let list = json!({
            "kind": "APIResourceList", "apiVersion": "v1", "groupVersion": group_version, "resources": resources,
        });
        (!resources.is_empty()).then_some(list)
    }

    /// `/openapi/v3`
    pub(super) fn openapi(&self) -> Value {
        let mut paths = Map::new();
        for kind in self.kinds() {
            let path = kind.root().trim_start_matches('/').to_owned();
            let relative = format!("/openapi/v3/{path}?hash=1");
            paths.insert(path, json!({"serverRelativeURL": relative}));
        }
        json!({"paths": paths})
    }

    /// The document of a group and version, by its path (`apis/apps/v1`). It has no schemas: of it
    /// Helm asks whether the kinds can be patched with `fieldValidation`.
    pub(super) fn openapi_of(&self, path: &str) -> Option<Value> {
        let mut paths = Map::new();
        for kind in self.kinds().filter(|kind| kind.root().trim_start_matches('/') == path) {
            let namespace = if kind.is_namespaced { "/namespaces/{namespace}" } else { "" };
            let object = format!("{}{namespace}/{}/{{name}}", kind.root(), kind.plural);
            let validation = json!({"name": "fieldValidation", "in": "query", "schema": {"type": "string"}});
            let patch = json!({
                "parameters": [validation],
                "responses": {},
                "x-kubernetes-group-version-kind": {"group": kind.group, "version": kind.version, "kind": kind.kind},
            });
            paths.insert(object, json!({"patch": patch}));
        }
        let info = json!({"title": "a stand-in for Kubernetes", "version": format!("v1.{MINOR}.1")});
        (!paths.is_empty())
            .then(|| json!({"openapi": "3.0.0", "info": info, "components": {"schemas": {}}, "paths": paths}))
    }
}
