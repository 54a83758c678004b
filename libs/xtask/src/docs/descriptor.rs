//! What a descriptor set says, as `buf build` writes it in JSON: names, types, annotations, and the
//! comments of the sources.

use std::collections::BTreeMap;

use serde::Deserialize;

/// Numbers by which the sources' comments say what they are about: fields of
/// `google.protobuf.FileDescriptorProto` and what is in it.
pub mod at {
    pub const MESSAGES: usize = 4;
    pub const ENUMS: usize = 5;
    pub const SERVICES: usize = 6;
    /// Of a message: its fields, messages and enums.
    pub const FIELDS: usize = 2;
    pub const NESTED: usize = 3;
    pub const NESTED_ENUMS: usize = 4;
    /// Of a service its methods, of an enum its values.
    pub const MEMBERS: usize = 2;
}

/// `google.protobuf.FileDescriptorSet`.
#[derive(Deserialize)]
pub struct Set {
    pub file: Vec<File>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub struct File {
    pub name: String,
    pub package: String,
    pub message_type: Vec<Message>,
    pub enum_type: Vec<Enum>,
    pub service: Vec<Service>,
    pub source_code_info: SourceInfo,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub struct SourceInfo {
    pub location: Vec<Location>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub struct Location {
    pub path: Vec<usize>,
    pub leading_comments: String,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub struct Message {
    pub name: String,
    pub field: Vec<Field>,
    pub nested_type: Vec<Message>,
    pub enum_type: Vec<Enum>,
    pub oneof_decl: Vec<Named>,
    pub options: MessageOptions,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub struct Named {
    pub name: String,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub struct MessageOptions {
    pub map_entry: bool,
    #[serde(rename = "[google.api.resource]")]
    pub resource: Option<Resource>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub struct Resource {
    #[serde(rename = "type")]
    pub kind: String,
    pub pattern: Vec<String>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub struct Field {
    pub name: String,
    pub number: u32,
    pub label: String,
    #[serde(rename = "type")]
    pub kind: String,
    pub type_name: String,
    pub oneof_index: Option<usize>,
    pub proto3_optional: bool,
    pub options: FieldOptions,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub struct FieldOptions {
    pub debug_redact: bool,
    #[serde(rename = "[google.api.field_behavior]")]
    pub behavior: Vec<String>,
    #[serde(rename = "[google.api.resource_reference]")]
    pub reference: Option<Reference>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub struct Reference {
    #[serde(rename = "type")]
    pub kind: String,
    pub child_type: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub struct Enum {
    pub name: String,
    pub value: Vec<EnumValue>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub struct EnumValue {
    pub name: String,
    pub number: i32,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub struct Service {
    pub name: String,
    pub method: Vec<Method>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub struct Method {
    pub name: String,
    pub input_type: String,
    pub output_type: String,
    pub client_streaming: bool,
    pub server_streaming: bool,
}

/// The comments of a file, by the path of what they are about.
pub struct Comments<'a>(BTreeMap<&'a [usize], &'a str>);

impl<'a> Comments<'a> {
    pub fn of(file: &'a File) -> Self {
        let commented = file.source_code_info.location.iter().filter(|location| !location.leading_comments.is_empty());
        Self(commented.map(|location| (location.path.as_slice(), location.leading_comments.as_str())).collect())
    }

    /// The comment's lines, without the space that follows the slashes; none where there is no
    /// comment.
    pub fn lines(&self, path: &[usize]) -> Vec<&'a str> {
        let text = self.0.get(path).copied().unwrap_or_default();
        text.trim_end().lines().map(|line| line.strip_prefix(' ').unwrap_or(line)).collect()
    }
}
