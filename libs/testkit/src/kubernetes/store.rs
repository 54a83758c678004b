//! The objects, what happened to them, and who wrote what in which order.

use std::collections::BTreeMap;

use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::sync::watch;

use super::controllers::{TIME, fill_in, metadata, settle};
use super::discovery::Discovery;
use super::fields::{self, Owners};
use super::kinds::Kind;
use super::refusals::{Refusal, check, check_change};

/// Where an object is. An object of the cluster has no namespace.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) kind: &'static Kind,
    pub(super) namespace: String,
    pub(super) name: String,
}

/// What one request wrote, or tried to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Write {
    /// `create`, `update`, `apply`, `patch` or `delete`.
    pub verb: &'static str,
    /// The kind: `Deployment`.
    pub kind: &'static str,
    /// The namespace; empty for an object of the cluster.
    pub namespace: String,
    /// The name.
    pub name: String,
    /// The field manager.
    pub manager: String,
    /// The status of the answer.
    pub code: u16,
    /// The object as it was written, or as it was before it was deleted; null where the write was
    /// refused.
    pub object: Value,
}

/// How an object is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verb {
    Create,
    Update,
    Apply { force: bool },
    Merge,
}

impl Verb {
    const fn name(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Apply { .. } => "apply",
            Self::Merge => "patch",
        }
    }
}

/// What happened to an object.
#[derive(Debug, Clone)]
pub(super) struct Event {
    /// `ADDED`, `MODIFIED` or `DELETED`.
    pub(super) what: &'static str,
    pub(super) version: u64,
    pub(super) place: Place,
    pub(super) object: Value,
}

#[derive(Debug, Default, Clone)]
struct Stored {
    object: Value,
    owners: Owners,
}

#[derive(Debug, Default)]
struct Inner {
    version: u64,
    objects: BTreeMap<Place, Stored>,
    events: Vec<Event>,
    writes: Vec<Write>,
    /// How often the next objects of a kind and name are to fail.
    failures: BTreeMap<(String, String), usize>,
}

/// All there is.
#[derive(Debug)]
pub(super) struct Store {
    pub(super) discovery: Discovery,
    inner: Mutex<Inner>,
    changed: watch::Sender<u64>,
}

impl Store {
    pub(super) fn new(discovery: Discovery) -> Self {
        Self { discovery, inner: Mutex::default(), changed: watch::Sender::new(0) }
    }

    /// The version of the last change.
    pub(super) fn version(&self) -> u64 {
        self.inner.lock().version
    }

    /// Tells of changes.
    pub(super) fn subscribe(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    /// What happened after a version, of these objects.
    pub(super) fn events_after(&self, version: u64, of: impl Fn(&Place, &Value) -> bool) -> Vec<Event> {
        let inner = self.inner.lock();
        let later = inner.events.iter().filter(|event| event.version > version);
        later.filter(|event| of(&event.place, &event.object)).cloned().collect()
    }

    pub(super) fn get(&self, place: &Place) -> Option<Value> {
        self.inner.lock().objects.get(place).map(|stored| stored.object.clone())
    }

    /// These objects, and the version at which they are so.
    pub(super) fn list(&self, of: impl Fn(&Place, &Value) -> bool) -> (Vec<(Place, Value)>, u64) {
        let inner = self.inner.lock();
        let all = inner.objects.iter().map(|(place, stored)| (place, &stored.object));
        let found = all.filter(|(place, object)| of(place, object));
        (found.map(|(place, object)| (place.clone(), object.clone())).collect(), inner.version)
    }

    /// Lets the next object of this kind and name that is written fail.
    pub(super) fn fail_next(&self, kind: &str, name: &str) {
        *self.inner.lock().failures.entry((kind.to_owned(), name.to_owned())).or_default() += 1;
    }

    pub(super) fn writes(&self) -> Vec<Write> {
        self.inner.lock().writes.clone()
    }

    /// Writes an object for `manager`; the object as it is then, and whether it is new. With `dry`
    /// nothing is kept.
    pub(super) fn write(
        &self,
        verb: Verb,
        place: &Place,
        body: &Value,
        manager: &str,
        dry: bool,
    ) -> Result<(Value, bool), Refusal> {
        let mut inner = self.inner.lock();
        let written = inner.written(verb, place, body, manager);
        if dry {
            return written.map(|(stored, is_new)| (stored.object, is_new));
        }
        let written = written.map(|(stored, is_new)| (inner.put(place, stored, is_new), is_new));
        let (code, object) = match &written {
            Ok((object, is_new)) => (if *is_new { 201 } else { 200 }, object.clone()),
            Err(refusal) => (refusal.code, Value::Null),
        };
        inner.log(verb.name(), place, manager, code, object);
        self.changed.send_replace(inner.version);
        written
    }

    /// Deletes an object, and with a namespace all that is in it. With `dry` nothing is deleted.
    pub(super) fn delete(&self, place: &Place, manager: &str, dry: bool) -> Result<Value, Refusal> {
        let mut inner = self.inner.lock();
        let before = inner.objects.get(place).map(|stored| stored.object.clone());
        if dry {
            return before.ok_or_else(|| Refusal::not_found(place.kind, &place.name));
        }
        let Some(before) = before else {
            inner.log("delete", place, manager, 404, Value::Null);
            return Err(Refusal::not_found(place.kind, &place.name));
        };
        inner.log("delete", place, manager, 200, before);
        let is_inside = |other: &Place| place.kind.kind == "Namespace" && other.namespace == place.name;
        let gone: Vec<Place> =
            inner.objects.keys().filter(|other| *other == place || is_inside(other)).cloned().collect();
        let mut deleted = Value::Null;
        for gone in gone {
            let Some(Stored { mut object, .. }) = inner.objects.remove(&gone) else { continue };
            inner.version += 1;
            let version = inner.version;
            metadata(&mut object).insert("resourceVersion".to_owned(), json!(version.to_string()));
            if gone == *place {
                deleted = object.clone();
            }
            inner.events.push(Event { what: "DELETED", version, place: gone, object });
        }
        self.changed.send_replace(inner.version);
        Ok(deleted)
    }
}

impl Inner {
    fn log(&mut self, verb: &'static str, place: &Place, manager: &str, code: u16, object: Value) {
        let (Place { kind, namespace, name }, manager) = (place.clone(), manager.to_owned());
        self.writes.push(Write { verb, kind: kind.kind, namespace, name, manager, code, object });
    }

    /// What becomes of an object by a write; whether it is new.
    fn written(&self, verb: Verb, place: &Place, body: &Value, manager: &str) -> Result<(Stored, bool), Refusal> {
        let Place { kind, namespace, name } = place;
        let is_there =
            |name: &str| self.objects.keys().any(|place| place.kind.kind == "Namespace" && place.name == name);
        if kind.is_namespaced && !is_there(namespace) {
            return Err(Refusal::no_namespace(namespace));
        }
        let before = self.objects.get(place);
        let given = body.pointer("/metadata/resourceVersion").and_then(Value::as_str).filter(|given| !given.is_empty());
        if let (Some(before), Some(given)) = (before, given)
            && before.object.pointer("/metadata/resourceVersion").and_then(Value::as_str) != Some(given)
        {
            return Err(Refusal::outdated(kind, name));
        }
        let empty = Stored { object: json!({}), owners: Owners::new() };
        let old = before.unwrap_or(&empty);
        let (mut object, owners) = match verb {
            Verb::Create if before.is_some() => return Err(Refusal::exists(kind, name)),
            Verb::Update | Verb::Merge if before.is_none() => return Err(Refusal::not_found(kind, name)),
            Verb::Create | Verb::Update => (body.clone(), fields::updated(&old.owners, &old.object, body, manager)),
            Verb::Merge => {
                let mut merged = old.object.clone();
                fields::merge(&mut merged, body);
                let owners = fields::updated(&old.owners, &old.object, &merged, manager);
                (merged, owners)
            }
            Verb::Apply { force } => fields::apply(&old.object, &old.owners, body, manager, force)
                .map_err(|conflicts| Refusal::conflicts(kind, &conflicts))?,
        };
        self.identify(place, &mut object, before.map(|before| &before.object));
        fill_in(kind.kind, &mut object, before.map(|before| &before.object), self.version + 1);
        check(kind, &object)?;
        if let Some(before) = before {
            check_change(kind, &before.object, &object)?;
        }
        Ok((Stored { object, owners }, before.is_none()))
    }

    /// Writes what only the server may say of an object.
    fn identify(&self, place: &Place, object: &mut Value, before: Option<&Value>) {
        let known = |path: &str| before.and_then(|before| before.pointer(path)).cloned();
        let is_other = before.is_none_or(|before| before.get("spec") != object.get("spec"));
        let generation =
            known("/metadata/generation").and_then(|value| value.as_u64()).unwrap_or(0) + u64::from(is_other);
        let uid = known("/metadata/uid")
            .unwrap_or_else(|| json!(format!("00000000-0000-4000-8000-{:012x}", self.version + 1)));
        let status = known("/status");
        let meta = metadata(object);
        meta.insert("name".to_owned(), json!(place.name));
        if place.kind.is_namespaced {
            meta.insert("namespace".to_owned(), json!(place.namespace));
        }
        meta.insert("uid".to_owned(), uid);
        meta.insert("generation".to_owned(), json!(generation));
        meta.insert("creationTimestamp".to_owned(), json!(TIME));
        if let Some(version) = known("/metadata/resourceVersion") {
            meta.insert("resourceVersion".to_owned(), version);
        }
        if let Some(fields) = object.as_object_mut() {
            fields.insert("apiVersion".to_owned(), json!(place.kind.group_version()));
            fields.insert("kind".to_owned(), json!(place.kind.kind));
            if let Some(status) = status {
                fields.insert("status".to_owned(), status);
            }
        }
    }

    /// Keeps an object that was written, with what controllers make of it; one that is as it was
    /// changes nothing.
    fn put(&mut self, place: &Place, mut stored: Stored, is_new: bool) -> Value {
        let as_before = self.objects.get(place).is_some_and(|before| before.object == stored.object);
        if as_before {
            let object = stored.object.clone();
            self.objects.insert(place.clone(), stored);
            return object;
        }
        let asked = (place.kind.kind.to_owned(), place.name.clone());
        let fails = match self.failures.get_mut(&asked) {
            Some(count) => {
                *count -= 1;
                if *count == 0 {
                    self.failures.remove(&asked);
                }
                true
            }
            None => false,
        };
        settle(place.kind.kind, &mut stored.object, fails);
        self.version += 1;
        let version = self.version;
        metadata(&mut stored.object).insert("resourceVersion".to_owned(), json!(version.to_string()));
        let object = stored.object.clone();
        let what = if is_new { "ADDED" } else { "MODIFIED" };
        self.events.push(Event { what, version, place: place.clone(), object: object.clone() });
        self.objects.insert(place.clone(), stored);
        object
    }
}
