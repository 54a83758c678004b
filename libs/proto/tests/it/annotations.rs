//! What annotations say, which `prost_types` drops: they are extensions, and newer than its
//! descriptors. Messages of our own read them, by the numbers that googleapis and protobuf gave
//! them.

use std::collections::{BTreeMap, BTreeSet};

use lectern_proto::FILE_DESCRIPTOR_SET;
use prost::Message as _;

use super::PUBLIC;

/// `google.api.FieldBehavior`.
const REQUIRED: i32 = 2;
const OUTPUT_ONLY: i32 = 3;
const IDENTIFIER: i32 = 8;

/// The messages whose debug formats are in `src/redact.rs`, which leave the secrets out.
const REDACTED: [&str; 2] = ["lectern.gateway.v1.VerifyKeyRequest", "lectern.v1.CreateKeyResponse"];

/// `google.protobuf.FileDescriptorSet`.
#[derive(Clone, PartialEq, prost::Message)]
struct Set {
    #[prost(message, repeated, tag = "1")]
    files: Vec<File>,
}

/// `google.protobuf.FileDescriptorProto`.
#[derive(Clone, PartialEq, prost::Message)]
struct File {
    #[prost(string, tag = "2")]
    package: String,
    #[prost(message, repeated, tag = "4")]
    messages: Vec<Described>,
}

/// `google.protobuf.DescriptorProto`.
#[derive(Clone, PartialEq, prost::Message)]
struct Described {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(message, repeated, tag = "2")]
    fields: Vec<Field>,
    #[prost(message, optional, tag = "7")]
    options: Option<MessageOptions>,
}

/// `google.protobuf.MessageOptions`, with `google.api.resource`.
#[derive(Clone, PartialEq, prost::Message)]
struct MessageOptions {
    #[prost(message, optional, tag = "1053")]
    resource: Option<Resource>,
}

/// `google.api.ResourceDescriptor`.
#[derive(Clone, PartialEq, prost::Message)]
struct Resource {
    #[prost(string, tag = "1")]
    kind: String,
    #[prost(string, repeated, tag = "2")]
    patterns: Vec<String>,
}

/// `google.protobuf.FieldDescriptorProto`.
#[derive(Clone, PartialEq, prost::Message)]
struct Field {
    #[prost(string, tag = "1")]
    name: String,
    /// Of a field that holds a message or an enum, its name with a dot and the package before it.
    #[prost(string, tag = "6")]
    type_name: String,
    #[prost(message, optional, tag = "8")]
    options: Option<FieldOptions>,
    #[prost(int32, optional, tag = "9")]
    oneof_index: Option<i32>,
    /// An `optional` field is described as the only member of a oneof that nobody wrote.
    #[prost(bool, tag = "17")]
    proto3_optional: bool,
}

impl Field {
    /// Whether it is one of several of which one is sent, so that it is neither required nor
    /// optional by itself.
    fn is_of_one(&self) -> bool {
        self.oneof_index.is_some() && !self.proto3_optional
    }
}

/// `google.protobuf.FieldOptions`, with `google.api.field_behavior` and
/// `google.api.resource_reference`.
#[derive(Clone, PartialEq, prost::Message)]
struct FieldOptions {
    #[prost(bool, tag = "16")]
    debug_redact: bool,
    #[prost(int32, repeated, tag = "1052")]
    behaviors: Vec<i32>,
    #[prost(message, optional, tag = "1055")]
    reference: Option<Reference>,
}

/// `google.api.ResourceReference`.
#[derive(Clone, PartialEq, prost::Message)]
struct Reference {
    #[prost(string, tag = "1")]
    kind: String,
}

/// Our messages, each with its package. None of them holds another one: only enums and the entries
/// of maps are nested.
fn messages() -> Vec<(String, Described)> {
    let set = Set::decode(FILE_DESCRIPTOR_SET).expect("the build wrote it");
    let ours = set.files.into_iter().filter(|file| file.package.starts_with("lectern."));
    ours.flat_map(|File { package, messages }| messages.into_iter().map(move |message| (package.clone(), message)))
        .collect()
}

fn options(field: &Field) -> FieldOptions {
    field.options.clone().unwrap_or_default()
}

fn resources() -> Vec<(Described, Resource)> {
    let all = messages().into_iter();
    all.filter_map(|(_, message)| message.options.clone()?.resource.map(|resource| (message, resource))).collect()
}

#[test]
fn secrets_are_marked_and_left_out_of_what_is_printed() {
    let mut redacted = BTreeSet::new();
    for (package, message) in messages() {
        for field in &message.fields {
            let secret = ["secret", "password", "credential"].iter().any(|word| field.name.contains(word));
            let marked = options(field).debug_redact;
            assert_eq!(secret, marked, "{package}.{}.{}: debug_redact", message.name, field.name);
            if marked {
                redacted.insert(format!("{package}.{}", message.name));
            }
        }
    }
    assert_eq!(
        redacted,
        BTreeSet::from(REDACTED.map(str::to_owned)),
        "src/redact.rs prints each of them without its secret"
    );
}

#[test]
fn a_resource_is_identified_by_its_name() {
    let resources = resources();
    assert!(!resources.is_empty(), "the annotations are in the descriptors");
    let mut kinds = BTreeSet::new();
    for (message, resource) in resources {
        assert_eq!(resource.kind, format!("lectern.internal/{}", message.name));
        assert!(kinds.insert(resource.kind), "two resources are {}", message.name);
        assert_eq!(resource.patterns.len(), 1, "{}", message.name);
        let name = message.fields.iter().find(|field| field.name == "name").expect("a resource has a name");
        assert_eq!(options(name).behaviors, [IDENTIFIER], "{}.name", message.name);
    }
}

#[test]
fn what_refers_to_a_resource_refers_to_one_that_there_is() {
    let kinds: BTreeSet<String> = resources().into_iter().map(|(_, resource)| resource.kind).collect();
    for (package, message) in messages() {
        for field in &message.fields {
            let Some(reference) = options(field).reference else { continue };
            let known = reference.kind == "*" || kinds.contains(&reference.kind);
            assert!(known, "{package}.{}.{} refers to {}", message.name, field.name, reference.kind);
        }
    }
}

/// Resources, requests, and what a caller puts into them: the messages of their fields, but for
/// those that only the server sets.
fn sent() -> BTreeMap<String, Described> {
    let public = messages().into_iter().filter(|(package, _)| package == PUBLIC);
    let public: BTreeMap<String, Described> =
        public.map(|(package, message)| (format!(".{package}.{}", message.name), message)).collect();
    let is_resource = |message: &Described| message.options.as_ref().is_some_and(|options| options.resource.is_some());
    let mut waiting: Vec<&String> = public
        .iter()
        .filter(|(_, message)| is_resource(message) || message.name.ends_with("Request"))
        .map(|(name, _)| name)
        .collect();
    let mut sent = BTreeMap::new();
    while let Some(name) = waiting.pop() {
        let message = &public[name];
        if sent.insert(name.clone(), message.clone()).is_none() {
            let set = message.fields.iter().filter(|field| !options(field).behaviors.contains(&OUTPUT_ONLY));
            // A type that is not there is an enum, or a message of others.
            waiting.extend(set.filter_map(|field| public.get_key_value(&field.type_name).map(|(name, _)| name)));
        }
    }
    sent
}

#[test]
fn every_field_of_a_resource_and_of_a_request_says_who_sets_it() {
    let sent = sent();
    for expected in [
        "Narration",
        "Selection",
        "NumberRange",
        "CreateNarrationRequest",
        "UploadChunk",
        "DeadLetterFilter",
        "TenantLimits",
    ] {
        assert!(sent.contains_key(&format!(".{PUBLIC}.{expected}")), "{expected} is sent");
    }
    assert!(!sent.contains_key(&format!(".{PUBLIC}.Progress")), "the server alone sets it");
    let fields = sent.values().flat_map(|message| message.fields.iter().map(move |field| (message, field)));
    let silent: Vec<String> = fields
        .filter(|(_, field)| !field.is_of_one() && options(field).behaviors.is_empty())
        .map(|(message, field)| format!("{}.{}", message.name, field.name))
        .collect();
    assert!(silent.is_empty(), "no google.api.field_behavior: {silent:?}");
}

#[test]
fn a_request_for_one_resource_names_it() {
    for request in sent().values().filter(|message| message.name.ends_with("Request")) {
        for field in request.fields.iter().filter(|field| field.name == "name") {
            let options = options(field);
            assert_eq!(options.behaviors, [REQUIRED], "{}.name", request.name);
            assert!(options.reference.is_some(), "{}.name says of what", request.name);
        }
    }
}
