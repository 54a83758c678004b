//! The PDFs of other hands that tests read: files of pinned Debian packages, listed in
//! `tests/fixtures/pdf/debian.toml`, never committed, fetched by `cargo xtask corpus`.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::DeserializeOwned;

/// The list of the tests, from the repository's root.
pub const TESTS: &str = "tests/fixtures/pdf/debian.toml";

/// One PDF in a Debian package.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Pdf {
    /// Binary package.
    pub package: String,
    /// Exact version.
    pub version: String,
    /// Path inside, with or without a leading slash; `.gz` is unpacked.
    pub path: String,
    /// SHA-256 of the PDF (not of the `.gz`), in hex.
    pub sha256: String,
}

impl Pdf {
    /// Where it is kept in `corpus`: `<package>/<name>.pdf`.
    #[must_use]
    pub fn file(&self, corpus: &Path) -> PathBuf {
        let name = Path::new(self.path.trim_end_matches(".gz")).file_stem().unwrap_or_default();
        corpus.join(&self.package).join(format!("{}.pdf", name.to_string_lossy()))
    }
}

/// The documents of `list` (a path from the repository's root), each as `T`: what a test knows of a
/// document stands beside what fetches it.
///
/// # Errors
///
/// The list is missing or not of this form; the message names it.
pub fn listed<T: DeserializeOwned>(list: &str) -> Result<Vec<T>, String> {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..").join(list);
    let text = std::fs::read_to_string(file).map_err(|error| format!("{list}: {error}"))?;
    documents(&text).map_err(|error| format!("{list}: {error}"))
}

fn documents<T: DeserializeOwned>(text: &str) -> Result<Vec<T>, toml::de::Error> {
    #[derive(Deserialize)]
    struct List<T> {
        document: Vec<T>,
    }
    toml::from_str::<List<T>>(text).map(|list| list.document)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_are_read_with_what_tests_add_and_named_after_package_and_file() {
        let text = "[[document]]\npackage = 'p'\nversion = '1'\npath = '/usr/share/doc/p/a.b.pdf.gz'\n\
            sha256 = 'ff'\nheadings = ['x']\n";
        let documents: Vec<Pdf> = documents(text).expect("parses");
        assert_eq!(documents.len(), 1);
        assert_eq!(documents[0].file(Path::new("/c")), Path::new("/c/p/a.b.pdf"));
    }
}
