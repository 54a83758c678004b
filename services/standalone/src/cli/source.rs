//! A document as it is named on the command line.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::{Path, PathBuf};

/// A document to narrate, as it was named. A folder or a pattern stands for the files in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A file, a folder, or a pattern that the shell left as it is.
    File(PathBuf),
    /// What the server is to fetch.
    Url(String),
    /// Standard input, `-`.
    Input,
}

impl From<OsString> for Source {
    fn from(argument: OsString) -> Self {
        match argument.to_str() {
            Some("-") => Self::Input,
            Some(url) if url.get(..8).is_some_and(|start| start.eq_ignore_ascii_case("https://")) => {
                Self::Url(url.to_owned())
            }
            Some(_) | None => Self::File(argument.into()),
        }
    }
}

impl Source {
    /// The name of its file: that of the path, or the last part of the URL's path. Standard input
    /// has none.
    #[must_use]
    pub fn file_name(&self) -> Option<&OsStr> {
        match self {
            Self::File(path) => path.file_name(),
            Self::Url(url) => {
                let path = url.split(['?', '#']).next().unwrap_or_default();
                let path = path.get("https://".len()..).unwrap_or_default();
                // Without a path, the name of the host.
                Path::new(path.trim_end_matches('/')).file_name()
            }
            Self::Input => None,
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Url(url) => f.write_str(url),
            Self::Input => f.write_str("standard input"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_is_a_url_when_it_begins_like_one() {
        for (argument, url, name) in [
            ("a/tides.md", false, "tides.md"),
            ("https", false, "https"),
            ("http://docs.example.com/a.md", false, "a.md"),
            ("https://docs.example.com/papers/tides.pdf?x=/y.z#part", true, "tides.pdf"),
            ("HTTPS://docs.example.com/tides", true, "tides"),
            ("https://docs.example.com/book/", true, "book"),
            ("https://docs.example.com/", true, "docs.example.com"),
        ] {
            let source = Source::from(OsString::from(argument));
            assert_eq!(matches!(source, Source::Url(_)), url, "{argument}");
            assert_eq!(source.file_name(), Some(OsStr::new(name)), "{argument}");
            assert_eq!(source.to_string(), argument);
        }
        assert_eq!(Source::from(OsString::from("-")), Source::Input);
    }
}
