//! The API reference: one page a proto, and an index. Nothing is said here that the protos do not
//! say.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use anyhow::{Context as _, Result};

use super::descriptor::{Comments, Enum, Field, File, Message, Method, Service, Set, at};

/// What is Lectern's own of a descriptor set.
const OURS: &str = "lectern/";
/// The package that callers use. The others are between the services.
const PUBLIC: &str = "lectern.v1";
/// What the index says at its head.
const ABOUT: &str = "Every call, message, field and enum as the protos describe it. How the calls are used together, \
                     with\nexamples, limits and errors: [api.md](../../api.md).\n";
const MADE: &str = "<!-- Made from the protos: change those, and run `cargo xtask docs --write`. -->\n";

/// The pages by their names, from a descriptor set in JSON.
pub fn pages(set: &[u8]) -> Result<BTreeMap<String, String>> {
    let set: Set = serde_json::from_slice(set).context("a descriptor set in JSON")?;
    let mut files: Vec<&File> = set.file.iter().filter(|file| file.name.starts_with(OURS)).collect();
    files.sort_by(|a, b| (a.package != PUBLIC, &a.name).cmp(&(b.package != PUBLIC, &b.name)));
    let types = Types::of(&files);
    let mut pages: BTreeMap<String, String> = files
        .iter()
        .map(|file| (page_of(file), Page { file, types: &types, comments: Comments::of(file) }.text()))
        .collect();
    pages.insert("README.md".to_owned(), index(&files));
    Ok(pages)
}

/// The page of a proto, such as `documents.md` of `lectern/v1/documents.proto`.
fn page_of(file: &File) -> String {
    let name = file.name.rsplit('/').next().unwrap_or_default();
    format!("{}.md", name.trim_end_matches(".proto"))
}

/// The place on a page of the heading `title`, as the sites that render Markdown make it.
fn anchor(title: &str) -> String {
    let kept = title.chars().filter(|char| char.is_alphanumeric() || *char == '_');
    kept.flat_map(char::to_lowercase).collect()
}

/// On which page each type is: by the full name, with a dot before it.
struct Types(BTreeMap<String, (String, String)>);

impl Types {
    fn of(files: &[&File]) -> Self {
        let mut types = BTreeMap::new();
        for file in files {
            for message in &file.message_type {
                note_message(&mut types, file, "", message);
            }
            for of in &file.enum_type {
                note(&mut types, file, &of.name);
            }
        }
        Self(types)
    }

    /// The type as a link, as it is written on `page`; another's type by its name.
    fn link(&self, name: &str, page: &str) -> String {
        match self.0.get(name) {
            Some((of, title)) if of == page => format!("[{title}](#{})", anchor(title)),
            Some((of, title)) => format!("[{title}]({of}#{})", anchor(title)),
            None => format!("`{}`", name.trim_start_matches('.')),
        }
    }
}

fn note(types: &mut BTreeMap<String, (String, String)>, file: &File, title: &str) {
    types.insert(format!(".{}.{title}", file.package), (page_of(file), title.to_owned()));
}

fn note_message(types: &mut BTreeMap<String, (String, String)>, file: &File, within: &str, message: &Message) {
    let title = format!("{within}{}", message.name);
    note(types, file, &title);
    let inner = format!("{title}.");
    for nested in message.nested_type.iter().filter(|nested| !nested.options.map_entry) {
        note_message(types, file, &inner, nested);
    }
    for of in &message.enum_type {
        note(types, file, &format!("{inner}{}", of.name));
    }
}

fn index(files: &[&File]) -> String {
    let mut text = format!("# API reference\n\n{MADE}\n");
    text.push_str(ABOUT);
    for (title, public) in [("Public: `lectern.v1`", true), ("Between the services", false)] {
        let _ = write!(text, "\n## {title}\n\n| call | page |\n| --- | --- |\n");
        for file in files.iter().filter(|file| (file.package == PUBLIC) == public) {
            let page = page_of(file);
            for service in &file.service {
                for method in &service.method {
                    let path = format!("{}.{}/{}", file.package, service.name, method.name);
                    let _ = writeln!(text, "| `{path}` | [{page}]({page}#{}) |", anchor(&method.name));
                }
            }
            if file.service.is_empty() {
                let _ = writeln!(text, "| types of `{}` | [{page}]({page}) |", file.name);
            }
        }
    }
    text.push_str("\n## Resource names\n\n| resource | name |\n| --- | --- |\n");
    for file in files {
        for message in &file.message_type {
            let Some(resource) = &message.options.resource else { continue };
            let names: Vec<String> = resource.pattern.iter().map(|pattern| format!("`{pattern}`")).collect();
            let link = format!("[{}]({}#{})", message.name, page_of(file), anchor(&message.name));
            let _ = writeln!(text, "| {link} | {} |", names.join(", "));
        }
    }
    text
}

/// One page, while it is written.
struct Page<'a> {
    file: &'a File,
    types: &'a Types,
    comments: Comments<'a>,
}

impl Page<'_> {
    fn text(&self) -> String {
        let mut text = format!(
            "# {}\n\n{MADE}\nPackage `{}`. All pages: [README.md](README.md).\n",
            self.file.name, self.file.package
        );
        for (index, service) in self.file.service.iter().enumerate() {
            self.service(&mut text, service, index);
        }
        if !self.file.message_type.is_empty() {
            text.push_str("\n## Messages\n");
        }
        for (index, message) in self.file.message_type.iter().enumerate() {
            self.message(&mut text, "", message, &[at::MESSAGES, index]);
        }
        if !self.file.enum_type.is_empty() {
            text.push_str("\n## Enums\n");
        }
        for (index, of) in self.file.enum_type.iter().enumerate() {
            self.enumeration(&mut text, "", of, &[at::ENUMS, index]);
        }
        text
    }

    fn link(&self, name: &str) -> String {
        self.types.link(name, &page_of(self.file))
    }

    /// The comment as paragraphs of its own, parted as in the proto.
    fn prose(&self, text: &mut String, path: &[usize]) {
        let lines = self.comments.lines(path);
        if !lines.is_empty() {
            let lines: Vec<String> = lines.into_iter().map(escaped).collect();
            let _ = write!(text, "\n{}\n", lines.join("\n"));
        }
    }

    /// The comment as one cell of a table.
    fn cell(&self, path: &[usize]) -> String {
        let text = self.comments.lines(path).join("\n");
        let paragraphs: Vec<String> =
            text.split("\n\n").map(|part| part.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
        escaped(&paragraphs.join(" <br> ")).replace("&lt;br>", "<br>").replace('|', "\\|")
    }

    fn service(&self, text: &mut String, service: &Service, index: usize) {
        let _ = write!(text, "\n## {}\n", service.name);
        self.prose(text, &[at::SERVICES, index]);
        for (number, method) in service.method.iter().enumerate() {
            let _ = write!(text, "\n### {}\n\n{}\n", method.name, self.signature(method));
            self.prose(text, &[at::SERVICES, index, at::MEMBERS, number]);
        }
    }

    fn signature(&self, method: &Method) -> String {
        let stream = |is| if is { "a stream of " } else { "" };
        let (from, to) = (self.link(&method.input_type), self.link(&method.output_type));
        format!("Takes {}{from};\nanswers {}{to}.", stream(method.client_streaming), stream(method.server_streaming))
    }

    fn message(&self, text: &mut String, within: &str, message: &Message, path: &[usize]) {
        let title = format!("{within}{}", message.name);
        let _ = write!(text, "\n### {title}\n");
        self.prose(text, path);
        if let Some(resource) = &message.options.resource {
            let names: Vec<String> = resource.pattern.iter().map(|pattern| format!("`{pattern}`")).collect();
            let _ = write!(text, "\nIts name: {}.\n", names.join(" or "));
        }
        if message.field.is_empty() {
            text.push_str("\nNo fields.\n");
        } else {
            text.push_str("\n| field | type | | what |\n| --- | --- | --- | --- |\n");
        }
        for (index, field) in message.field.iter().enumerate() {
            let what = self.cell(&[path, &[at::FIELDS, index]].concat());
            let (kind, marks) = (self.kind(message, field), marks(message, field).join(", "));
            let _ = writeln!(text, "| `{}` = {} | {kind} | {marks} | {what} |", field.name, field.number);
        }
        let inner = format!("{title}.");
        for (index, nested) in message.nested_type.iter().enumerate().filter(|(_, nested)| !nested.options.map_entry) {
            self.message(text, &inner, nested, &[path, &[at::NESTED, index]].concat());
        }
        for (index, of) in message.enum_type.iter().enumerate() {
            self.enumeration(text, &inner, of, &[path, &[at::NESTED_ENUMS, index]].concat());
        }
    }

    fn kind(&self, message: &Message, field: &Field) -> String {
        let entry = message.nested_type.iter().find(|nested| {
            nested.options.map_entry && field.type_name.ends_with(&format!(".{}.{}", message.name, nested.name))
        });
        if let Some([key, value]) = entry.map(|entry| entry.field.as_slice()) {
            return format!("map of {} to {}", self.kind(message, key), self.kind(message, value));
        }
        let kind = if field.type_name.is_empty() {
            format!("`{}`", field.kind.trim_start_matches("TYPE_").to_lowercase())
        } else {
            self.link(&field.type_name)
        };
        if field.label == "LABEL_REPEATED" { format!("repeated {kind}") } else { kind }
    }

    fn enumeration(&self, text: &mut String, within: &str, of: &Enum, path: &[usize]) {
        let _ = write!(text, "\n### {within}{}\n", of.name);
        self.prose(text, path);
        text.push_str("\n| value | what |\n| --- | --- |\n");
        for (index, value) in of.value.iter().enumerate() {
            let what = self.cell(&[path, &[at::MEMBERS, index]].concat());
            let _ = writeln!(text, "| `{}` = {} | {what} |", value.name, value.number);
        }
    }
}

/// What the annotations say of a field.
fn marks(message: &Message, field: &Field) -> Vec<String> {
    let mut marks = Vec::new();
    for behavior in field.options.behavior.iter().filter(|behavior| *behavior != "OPTIONAL") {
        marks.push(behavior.to_lowercase().replace('_', " "));
    }
    if field.proto3_optional {
        marks.push("may be absent".to_owned());
    } else if let Some(oneof) = field.oneof_index.and_then(|index| message.oneof_decl.get(index)) {
        marks.push(format!("one of `{}`", oneof.name));
    }
    if let Some(reference) = &field.options.reference {
        let kind = if reference.kind.is_empty() { &reference.child_type } else { &reference.kind };
        marks.push(format!("names a {}", kind.rsplit('/').next().unwrap_or_default()));
    }
    if field.options.debug_redact {
        marks.push("secret".to_owned());
    }
    marks
}

/// The text with what Markdown would take for a tag written so that it is shown. Code, between
/// backticks, is shown as it is.
fn escaped(text: &str) -> String {
    let parts = text.split('`').enumerate();
    let shown: Vec<String> =
        parts.map(|(index, part)| if index % 2 == 0 { part.replace('<', "&lt;") } else { part.to_owned() }).collect();
    shown.join("`")
}

#[cfg(test)]
mod tests;
