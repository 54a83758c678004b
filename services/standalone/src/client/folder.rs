//! What a folder for the files of a recording has in it: nothing, a recording, or something that is
//! none of ours. A marker in it says which recording it is.

use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use lectern_core::Failure;
use rustix::fs::{Access, access};
use serde::{Deserialize, Serialize};

use super::words;

/// The file that says what recording a folder has.
pub const MARKER: &str = ".lectern.json";
/// The marker's layout.
const LAYOUT: u32 = 1;

/// Where the files of a recording go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The folder.
    pub folder: PathBuf,
    /// What its files are called, without their endings.
    pub stem: String,
    /// Whether files are written also where something else is, and those of a recording replaced.
    pub force: bool,
}

/// Which recording of which source a folder is to have.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Recording {
    /// The source's SHA-256, 64 hexadecimal digits.
    pub source: String,
    /// Digests of orders that make this recording: as it was asked for, and as it was accepted.
    pub orders: BTreeSet<String>,
}

/// What a folder has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Marker {
    /// Layout of this file.
    pub schema: u32,
    /// The narration that it was made by last, `narrations/{id}`.
    pub narration: String,
    /// The recording's title.
    pub title: String,
    /// The source's SHA-256.
    pub source: String,
    /// Digests of orders that make this recording.
    pub orders: BTreeSet<String>,
    /// SHA-256 of its manifest, which tells one making of it from another.
    pub made: String,
    /// The names of its files.
    pub files: BTreeSet<String>,
}

/// What is found in a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// Nothing; it may not even be there.
    Nothing,
    /// A recording.
    Recording(Box<Marker>),
    /// Files of somebody else's, such as this one.
    Foreign(String),
}

impl Marker {
    /// The marker of a recording.
    #[must_use]
    pub fn new(narration: &str, title: &str, recording: Recording, made: &str, files: BTreeSet<String>) -> Self {
        Self {
            schema: LAYOUT,
            narration: narration.to_owned(),
            title: title.to_owned(),
            source: recording.source,
            orders: recording.orders,
            made: made.to_owned(),
            files,
        }
    }

    /// The marker in a folder; none where there is none that can be read.
    #[must_use]
    pub fn read(folder: &Path) -> Option<Self> {
        let text = std::fs::read(folder.join(MARKER)).ok()?;
        serde_json::from_slice::<Self>(&text).ok().filter(|marker| marker.schema == LAYOUT)
    }

    /// Whether it is of this recording.
    #[must_use]
    pub fn is(&self, recording: &Recording) -> bool {
        self.source == recording.source && !self.orders.is_disjoint(&recording.orders)
    }
}

/// Looks into a folder.
///
/// # Errors
/// Why it cannot be looked into.
pub fn look(folder: &Path) -> Result<Found, Failure> {
    if let Some(marker) = Marker::read(folder) {
        return Ok(Found::Recording(Box::new(marker)));
    }
    let mut entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Found::Nothing),
        Err(error) => return Err(unwritable(folder, &error)),
    };
    match entries.next().transpose().map_err(|error| unwritable(folder, &error))? {
        Some(entry) => Ok(Found::Foreign(entry.file_name().to_string_lossy().into_owned())),
        None => Ok(Found::Nothing),
    }
}

impl Target {
    /// Files called `stem` go into `folder`.
    #[must_use]
    pub const fn new(folder: PathBuf, stem: String, force: bool) -> Self {
        Self { folder, stem, force }
    }

    /// Refuses a folder that cannot be written, or that has files in it that are none of a
    /// recording: what can be said before it is known which recording it is.
    ///
    /// # Errors
    /// Why, and what to do.
    pub fn check_foreign(&self) -> Result<(), Failure> {
        self.found().map(drop)
    }

    /// Refuses a folder that has a recording of another source than that of the SHA-256 `source`,
    /// where that is known, and what [`Self::check_foreign`] refuses: what can be said before
    /// anything is sent.
    ///
    /// # Errors
    /// Why, and what to do.
    pub fn check_source(&self, source: Option<&str>) -> Result<(), Failure> {
        match self.found()? {
            Found::Recording(marker) if !self.force && source.is_some_and(|source| source != marker.source) => {
                Err(self.occupied(&marker))
            }
            Found::Recording(_) | Found::Nothing | Found::Foreign(_) => Ok(()),
        }
    }

    /// Refuses a folder that has another recording than this one, and what
    /// [`Self::check_foreign`] refuses. Returns the recording that is there.
    ///
    /// # Errors
    /// Why, and what to do.
    pub fn check(&self, recording: &Recording) -> Result<Option<Marker>, Failure> {
        let marker = match self.found()? {
            Found::Recording(marker) => *marker,
            Found::Nothing | Found::Foreign(_) => return Ok(None),
        };
        if self.force || marker.is(recording) {
            return Ok(Some(marker));
        }
        Err(self.occupied(&marker))
    }

    /// What is there, and allowed to be.
    fn found(&self) -> Result<Found, Failure> {
        writable(&self.folder)?;
        match look(&self.folder)? {
            Found::Foreign(file) if !self.force => Err(words::output(format!(
                "{} has files in it that are none of a narration, such as {file}; choose another folder with -o, or \
                 write into it with --force",
                self.folder.display()
            ))),
            found @ (Found::Nothing | Found::Recording(_) | Found::Foreign(_)) => Ok(found),
        }
    }

    fn occupied(&self, marker: &Marker) -> Failure {
        words::output(format!(
            "{} has another narration in it ({}, \"{}\"); choose another folder with -o, or replace it with --force",
            self.folder.display(),
            marker.narration,
            marker.title
        ))
    }
}

/// Whether the folder can be written, or made: by the first of those above it that is there.
fn writable(folder: &Path) -> Result<(), Failure> {
    let there = folder.ancestors().map(or_here).find(|path| path.symlink_metadata().is_ok());
    let Some(there) = there else { return Ok(()) };
    if !there.is_dir() {
        return Err(unwritable(folder, &ErrorKind::NotADirectory.into()));
    }
    access(there, Access::WRITE_OK | Access::EXEC_OK).map_err(|error| unwritable(folder, &error.into()))
}

/// A path, or the working directory where it is empty, as the parent of a bare name is.
#[must_use]
pub fn or_here(path: &Path) -> &Path {
    if path.as_os_str().is_empty() { Path::new(".") } else { path }
}

/// The failure of a folder that cannot be written.
pub fn unwritable(folder: &Path, error: &std::io::Error) -> Failure {
    words::output(format!("{} cannot be written: {error}; choose another folder with -o", folder.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::words::Status;

    fn recording(source: &str, orders: &[&str]) -> Recording {
        Recording { source: source.to_owned(), orders: orders.iter().map(|order| (*order).to_owned()).collect() }
    }

    fn target(folder: &Path, force: bool) -> Target {
        Target::new(folder.to_owned(), "tides".to_owned(), force)
    }

    #[test]
    fn a_folder_with_another_recording_is_refused_and_one_with_the_same_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let marker =
            Marker::new("narrations/n1", "Tides", recording("s", &["asked", "accepted"]), "m", BTreeSet::new());
        std::fs::write(folder.path().join(MARKER), serde_json::to_vec(&marker).unwrap()).unwrap();
        std::fs::write(folder.path().join("tides.opus"), "x").unwrap();
        let check = |recording: &Recording, force| target(folder.path(), force).check(recording);
        for same in [recording("s", &["asked"]), recording("s", &["accepted", "other"])] {
            assert_eq!(check(&same, false), Ok(Some(marker.clone())));
        }
        for other in [recording("t", &["asked"]), recording("s", &["other"]), recording("s", &[])] {
            let refused = check(&other, false).unwrap_err();
            assert!(refused.message.contains("narrations/n1") && refused.message.contains("--force"), "{refused}");
            assert_eq!(words::status(&refused), Status::Output);
            assert_eq!(check(&other, true), Ok(Some(marker.clone())));
        }
        let target = |force| target(folder.path(), force);
        assert_eq!(target(false).check_foreign(), Ok(()));
        for (source, fine) in [(Some("s"), true), (None, true), (Some("t"), false)] {
            assert_eq!(target(false).check_source(source).is_ok(), fine, "{source:?}");
        }
        assert_eq!(target(true).check_source(Some("t")), Ok(()));
    }

    #[test]
    fn a_folder_with_files_of_others_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(target(folder.path(), false).check(&Recording::default()), Ok(None), "an empty one");
        assert_eq!(target(&folder.path().join("not/there"), false).check(&Recording::default()), Ok(None));
        std::fs::write(folder.path().join("thesis.tex"), "x").unwrap();
        let refused = target(folder.path(), false).check_foreign().unwrap_err();
        assert!(refused.message.contains("thesis.tex") && refused.message.contains("--force"), "{refused}");
        assert_eq!(target(folder.path(), true).check_foreign(), Ok(()));
        // What is no marker of this layout is somebody else's.
        std::fs::write(folder.path().join(MARKER), "{\"schema\": 99}").unwrap();
        assert!(target(folder.path(), false).check_foreign().is_err());
    }

    #[test]
    fn what_is_no_folder_cannot_be_written() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        std::fs::write(&file, "x").unwrap();
        for path in [file.clone(), file.join("below")] {
            let refused = target(&path, true).check_foreign().unwrap_err();
            assert!(refused.message.contains("cannot be written: not a directory"), "{refused}");
            assert_eq!(words::status(&refused), Status::Output);
        }
    }
}
