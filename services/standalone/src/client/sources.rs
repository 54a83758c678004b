//! The documents that a command is for: what was named on the command line, with folders and
//! patterns replaced by the files in them.

mod pattern;

use std::collections::HashSet;
use std::ffi::OsStr;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use lectern_client::Upload;
use lectern_core::{Failure, Kind, Reason, text};
use lectern_ingest::extract::endings;

use crate::cli::Source;

/// What standard input is called where nobody says.
const INPUT: &str = "stdin";

/// One document.
#[derive(Debug, Clone)]
pub struct Item {
    /// How it was named, for people: a path, a URL, `standard input`.
    pub label: String,
    /// The name of its file, as servers and files are called by it.
    pub name: String,
    /// Whether it was named by itself, and not by a folder or a pattern.
    pub alone: bool,
    /// Where its bytes are.
    pub content: Content,
}

/// Where the bytes of a document are.
#[derive(Debug, Clone)]
pub enum Content {
    /// Here: a file, or what came from standard input.
    Here(Upload),
    /// Where the server fetches them.
    Url(String),
}

/// What was named and is none, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// How it was named.
    pub label: String,
    /// Why it is none, and what to do.
    pub failure: Failure,
}

/// The documents that were named, in their order, each once. Reads standard input to its end where
/// it is among them, so it blocks; `name` is what that is called.
#[must_use]
pub fn expand(sources: &[Source], name: Option<&str>) -> Vec<Result<Item, Missing>> {
    let mut known = HashSet::new();
    let mut items = Vec::new();
    for source in sources {
        for item in one(source, name) {
            // Named twice, as by a folder and by itself, it is one document.
            let new = item.as_ref().map_or(true, |item| known.insert(place(item)));
            if new {
                items.push(item);
            }
        }
    }
    items
}

/// Where a document is, however it was named.
fn place(item: &Item) -> PathBuf {
    match &item.content {
        Content::Here(_) => std::fs::canonicalize(&item.label).unwrap_or_else(|_| item.label.clone().into()),
        Content::Url(url) => url.into(),
    }
}

fn one(source: &Source, name: Option<&str>) -> Vec<Result<Item, Missing>> {
    let label = source.to_string();
    let file_name = || source.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    match source {
        Source::Url(url) => {
            let content = Content::Url(url.clone());
            vec![Ok(Item { label, name: text::file_name(&file_name()), alone: true, content })]
        }
        Source::Input => vec![input(label, name)],
        Source::File(path) if path.is_dir() => files(path, label),
        Source::File(path) if path.exists() => vec![Ok(file(path, true))],
        Source::File(path) => match pattern::matching(path) {
            Some(found) if !found.is_empty() => found.iter().map(|path| Ok(file(path, false))).collect(),
            Some(_) => vec![missing(label, "no file is called so")],
            None => vec![missing(label, "there is no such file")],
        },
    }
}

fn file(path: &Path, alone: bool) -> Item {
    let name = path.file_name().map(OsStr::to_string_lossy).unwrap_or_default();
    let name = text::file_name(&name);
    Item { label: path.display().to_string(), name, alone, content: Content::Here(Upload::file(path)) }
}

/// The files in a folder whose endings are those of formats that can be read, in the order of their
/// names; not those in folders in it. A file that is named itself is taken whatever it is called.
fn files(folder: &Path, label: String) -> Vec<Result<Item, Missing>> {
    let read = |path: &Path| {
        let ending = path.extension().and_then(OsStr::to_str).unwrap_or_default().to_ascii_lowercase();
        endings().any(|known| known == ending)
    };
    let entries = std::fs::read_dir(folder).and_then(|entries| {
        entries.map(|entry| entry.map(|entry| entry.path())).collect::<std::io::Result<Vec<PathBuf>>>()
    });
    match entries {
        Ok(mut paths) => {
            paths.retain(|path| !pattern::is_hidden(path) && read(path) && path.is_file());
            paths.sort();
            if paths.is_empty() {
                return vec![missing(label, "no file in it has the ending of a document")];
            }
            paths.iter().map(|path| Ok(file(path, false))).collect()
        }
        Err(error) => vec![missing(label, &format!("it cannot be read: {error}"))],
    }
}

fn input(label: String, name: Option<&str>) -> Result<Item, Missing> {
    let mut bytes = Vec::new();
    if let Err(error) = std::io::stdin().lock().read_to_end(&mut bytes) {
        return missing(label, &format!("it cannot be read: {error}"));
    }
    // A name that is a path says no more than its last part.
    let name = name.and_then(|name| Path::new(name).file_name()).map(OsStr::to_string_lossy).unwrap_or(INPUT.into());
    let name = text::file_name(&name);
    let content = Content::Here(Upload::bytes(&name, bytes));
    Ok(Item { label, name, alone: true, content })
}

fn missing(label: String, why: &str) -> Result<Item, Missing> {
    let message =
        format!("{why}; name a file, a folder, a pattern, - for standard input, or a URL that begins with https://");
    Err(Missing { label, failure: Failure::new(Kind::NotFound, Reason::InvalidField, message) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expanded(sources: &[&Path]) -> Vec<Result<String, String>> {
        let sources: Vec<Source> = sources.iter().map(|path| Source::File(path.into())).collect();
        let items = expand(&sources, None).into_iter();
        items.map(|item| item.map(|item| item.name).map_err(|missing| missing.failure.message)).collect()
    }

    #[test]
    fn a_folder_stands_for_the_documents_in_it_and_a_pattern_for_what_is_called_so() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        for name in ["b.md", "a.PDF", "thesis.tex", ".hidden.md", "c.txt"] {
            std::fs::write(at(name), "x").unwrap();
        }
        std::fs::create_dir(at("inner.md")).unwrap();
        let names = |names: &[&str]| names.iter().map(|name| Ok((*name).to_owned())).collect::<Vec<_>>();
        assert_eq!(expanded(&[folder.path()]), names(&["a.PDF", "b.md", "c.txt"]));
        assert_eq!(expanded(&[&at("?.md")]), names(&["b.md"]));
        assert_eq!(expanded(&[&at("thesis.tex")]), names(&["thesis.tex"]), "named by itself it is taken");
        assert_eq!(expanded(&[&at("c.txt"), folder.path(), &at("*.txt")]), names(&["c.txt", "a.PDF", "b.md"]));
    }

    #[test]
    fn what_is_none_is_said_and_the_others_stay() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::write(at("a.md"), "x").unwrap();
        std::fs::create_dir(at("empty")).unwrap();
        let items = expanded(&[&at("gone.md"), &at("a.md"), &at("*.pdf"), &at("empty")]);
        for (item, says) in items.iter().zip(["there is no such file", "", "no file is called so", "no file in it"]) {
            match item {
                Ok(name) => assert_eq!((name.as_str(), says), ("a.md", "")),
                Err(message) => assert!(!says.is_empty() && message.contains(says), "{message}"),
            }
        }
        assert_eq!(items.len(), 4);
    }
}
