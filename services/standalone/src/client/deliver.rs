//! The files of a recording on their way into a folder: all of them, or none. They are made beside
//! it and moved when they are whole.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

use lectern_client::Client;
use lectern_core::Failure;
use lectern_core::content::timeline::Manifest;
use lectern_proto::v1::{Artifact, Document, Narration};

pub use super::folder::Target;
use super::folder::{MARKER, Marker, Recording, or_here, unwritable};
use super::{order, skipped};
use crate::temporary::{For, Temporary};

/// The folder that has the folders of documents, where none is named.
pub const OUT: &str = "lectern-out";
/// A file name may have this many bytes where most file systems are concerned; the longest of our
/// endings, and a number that tells equal stems apart, have room beside the stem.
const LONGEST_STEM: usize = 180;
/// An ending is a word of at most this many letters and digits.
const LONGEST_ENDING: usize = 8;

/// The artifact that the list of what is left out is made from.
const MANIFEST: &str = "manifest.json";

/// Puts the files of a narration that has succeeded, and of this document, where they are to go.
/// The same recording in other formats adds to the audio that is there. Returns their paths, in
/// order.
///
/// # Errors
/// What [`Target::check`] refuses, why the folder cannot be written, and what the server answers.
/// Nothing is changed in the folder then.
pub async fn deliver(
    client: &Client,
    narration: &Narration,
    document: &Document,
    target: &Target,
) -> Result<Vec<PathBuf>, Failure> {
    deliver_asked(client, narration, document, target, None).await
}

/// As [`deliver`], of an order that was asked for in other words than it was accepted in: `asked`
/// is the digest of those.
///
/// # Errors
/// Those of [`deliver`].
pub async fn deliver_asked(
    client: &Client,
    narration: &Narration,
    document: &Document,
    target: &Target,
    asked: Option<&str>,
) -> Result<Vec<PathBuf>, Failure> {
    let recording = recording(narration, document, asked)?;
    let before = target.check(&recording)?;
    let made = make(target).map_err(|error| unwritable(&target.folder, &error))?;

    let mut files = BTreeSet::new();
    let mut manifest = None;
    for artifact in &narration.artifacts {
        let name = file_name(artifact, &target.stem);
        let path = made.path().join(&name);
        client.download_as(artifact, &path).await?;
        if artifact.name.rsplit('/').next() == Some(MANIFEST) {
            manifest = Some((artifact.sha256.clone(), path));
        }
        files.insert(name);
    }
    let mut digest = String::new();
    if let Some((sha256, path)) = manifest {
        let text = std::fs::read(&path).map_err(|error| unwritable(&path, &error))?;
        let manifest: Manifest = serde_json::from_slice(&text)
            .map_err(|error| Failure::internal(format!("the manifest cannot be read: {error}")))?;
        let name = format!("{}.skipped.txt", target.stem);
        write(&made.path().join(&name), skipped::text(&manifest, &document.display_name).as_bytes())?;
        files.insert(name);
        digest = sha256;
    }

    let marker = Marker::new(&narration.name, &narration.title, recording, &digest, files.clone());
    let (marker, obsolete) = after(before, marker);
    let text = serde_json::to_vec_pretty(&marker)
        .map_err(|error| Failure::internal(format!("the marker cannot be written as JSON: {error}")))?;
    write(&made.path().join(MARKER), &text)?;
    put(&made, &target.folder, &files, &obsolete).map_err(|error| unwritable(&target.folder, &error))?;
    Ok(files.iter().map(|file| target.folder.join(file)).collect())
}

/// Which recording a narration makes.
///
/// # Errors
/// `INVALID_FIELD` for an order that is none.
pub fn recording(narration: &Narration, document: &Document, asked: Option<&str>) -> Result<Recording, Failure> {
    let accepted = order::digest(narration)?;
    let orders = asked.map(str::to_owned).into_iter().chain([accepted]).collect();
    Ok(Recording { source: document.sha256.clone(), orders })
}

/// What a name for people gives to files: without an ending such as `.pdf`, and without what leads
/// out of a folder, hides a file or obeys nobody in a terminal.
#[must_use]
pub fn stem(name: &str) -> String {
    let ending = |ending: &str| {
        ending.len() <= LONGEST_ENDING
            && ending.chars().all(|c| c.is_ascii_alphanumeric())
            && ending.starts_with(|c: char| c.is_ascii_alphabetic())
    };
    let name = match name.rsplit_once('.') {
        Some((before, last)) if !before.is_empty() && ending(last) => before,
        Some(_) | None => name,
    };
    safe(name)
}

/// A name that is one of a file, whatever it was.
#[must_use]
pub fn safe(name: &str) -> String {
    let plain: String = name.chars().map(|c| if c == '/' || c.is_control() { '_' } else { c }).collect();
    let mut plain = plain.trim().trim_start_matches('.').to_owned();
    if let Some((cut, _)) = plain.char_indices().find(|(at, c)| at + c.len_utf8() > LONGEST_STEM) {
        plain.truncate(cut);
    }
    if plain.is_empty() { "narration".to_owned() } else { plain }
}

/// The name of an artifact's file: audio, captions and the book are called as their source is, so
/// that players find the one with the other, and `listen.html` the audio beside it.
fn file_name(artifact: &Artifact, stem: &str) -> String {
    // What follows the last slash leads nowhere.
    let file = artifact.name.rsplit('/').next().unwrap_or_default();
    let ending = ["audio.", "captions.", "book."].iter().find_map(|name| file.strip_prefix(name));
    format!("{stem}.{}", ending.unwrap_or(file))
}

/// A folder for files that are not whole: beside the one they are for, on the same file system, or
/// in it where it is there, since nothing may be written above it.
fn make(target: &Target) -> io::Result<Temporary> {
    let folder = target.folder.as_path();
    let parent = if folder.is_dir() { folder } else { or_here(folder.parent().unwrap_or(folder)) };
    std::fs::create_dir_all(parent)?;
    Temporary::in_folder(parent, &format!(".{}.part-", target.stem), For::Everybody)
}

/// The marker after files were added to what was there `before`, and the files of that which are
/// obsolete: those of another recording, or of another making of this one.
fn after(before: Option<Marker>, mut marker: Marker) -> (Marker, BTreeSet<String>) {
    let Some(before) = before else { return (marker, BTreeSet::new()) };
    let recording = Recording { source: marker.source.clone(), orders: marker.orders.clone() };
    if before.is(&recording) && before.made == marker.made {
        marker.files.extend(before.files);
        marker.orders.extend(before.orders);
        return (marker, BTreeSet::new());
    }
    if before.is(&recording) {
        marker.orders.extend(before.orders);
    }
    let obsolete = before.files.difference(&marker.files).cloned().collect();
    (marker, obsolete)
}

/// Moves what was made to its place: as a whole where nothing is there, else file by file, the
/// marker last. Files that are obsolete go.
fn put(made: &Temporary, folder: &Path, files: &BTreeSet<String>, obsolete: &BTreeSet<String>) -> io::Result<()> {
    let empty = std::fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_none());
    if (empty || folder.symlink_metadata().is_err()) && std::fs::rename(made.path(), folder).is_ok() {
        return Ok(());
    }
    std::fs::create_dir_all(folder)?;
    for file in files.iter().map(String::as_str).chain([MARKER]) {
        std::fs::rename(made.path().join(file), folder.join(file))?;
    }
    for file in obsolete.iter().filter(|file| is_name(file)) {
        match std::fs::remove_file(folder.join(file)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
    }
    Ok(())
}

/// Whether what a marker lists, which anybody may have written, is the name of a file in its
/// folder.
fn is_name(file: &str) -> bool {
    Path::new(file).file_name().is_some_and(|name| name == file)
}

fn write(path: &Path, text: &[u8]) -> Result<(), Failure> {
    std::fs::write(path, text).map_err(|error| unwritable(path, &error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stem_is_a_name_without_an_ending_that_stays_in_its_folder() {
        for (name, expected) in [
            ("tides.md", "tides"),
            ("paper.v2.pdf", "paper.v2"),
            ("Dr. Who", "Dr. Who"),
            ("Version 2.0", "Version 2.0"),
            ("../../etc/passwd", "_.._etc_passwd"),
            (".profile", "profile"),
            ("a\u{1b}[31m\n.txt", "a_[31m_"),
            ("", "narration"),
            ("...", "narration"),
            ("Größe.html", "Größe"),
        ] {
            assert_eq!(stem(name), expected, "{name:?}");
        }
        let long = stem(&format!("{}.pdf", "ü".repeat(300)));
        assert!(long.len() <= LONGEST_STEM && long.chars().all(|c| c == 'ü'), "{}", long.len());
    }

    #[test]
    fn audio_and_captions_are_called_as_their_source_is() {
        let artifact = |file: &str| Artifact { name: format!("narrations/n1/artifacts/{file}"), ..Artifact::default() };
        for (file, expected) in [
            ("audio.opus", "tides.opus"),
            ("captions.vtt", "tides.vtt"),
            ("captions.srt", "tides.srt"),
            ("book.epub", "tides.epub"),
            ("listen.html", "tides.listen.html"),
            ("manifest.json", "tides.manifest.json"),
        ] {
            assert_eq!(file_name(&artifact(file), "tides"), expected);
        }
    }

    fn marker(source: &str, made: &str, files: &[&str]) -> Marker {
        let recording = Recording { source: source.to_owned(), orders: BTreeSet::from(["o".to_owned()]) };
        Marker::new("narrations/n1", "Tides", recording, made, files.iter().map(|file| (*file).to_owned()).collect())
    }

    #[test]
    fn another_format_adds_and_another_recording_replaces() {
        let new = || marker("s", "m", &["t.wav", "t.vtt"]);
        let (added, obsolete) = after(Some(marker("s", "m", &["t.opus", "t.vtt"])), new());
        let all = ["t.opus", "t.vtt", "t.wav"].map(str::to_owned);
        assert_eq!((added.files, obsolete), (BTreeSet::from(all), BTreeSet::new()));
        for before in [marker("s", "older", &["t.opus", "t.vtt"]), marker("other", "m", &["t.opus", "t.vtt"])] {
            let (replaced, obsolete) = after(Some(before), new());
            assert_eq!((replaced, obsolete), (new(), BTreeSet::from(["t.opus".to_owned()])));
        }
    }

    #[test]
    fn files_are_moved_as_a_whole_or_one_by_one_and_no_others_are_touched() {
        let parent = tempfile::tempdir().unwrap();
        let target = Target::new(parent.path().join("out"), "t".to_owned(), true);
        let files = BTreeSet::from(["t.opus".to_owned()]);
        for text in ["first", "second"] {
            let made = make(&target).unwrap();
            for file in ["t.opus", MARKER] {
                std::fs::write(made.path().join(file), text).unwrap();
            }
            let obsolete = BTreeSet::from(["old.wav".to_owned(), "../kept".to_owned(), "gone".to_owned()]);
            put(&made, &target.folder, &files, &obsolete).unwrap();
            drop(made);
            assert_eq!(std::fs::read_to_string(target.folder.join("t.opus")).unwrap(), text);
            for path in ["out/old.wav", "out/foreign", "kept"] {
                std::fs::write(parent.path().join(path), "x").unwrap();
            }
        }
        // The first time there was nothing obsolete yet; the second made it anew after the move.
        let names = |folder: &Path| {
            let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
            entries.map(|name| name.into_string().unwrap()).collect::<BTreeSet<_>>()
        };
        assert_eq!(names(parent.path()), BTreeSet::from(["kept".to_owned(), "out".to_owned()]));
        let made = make(&target).unwrap();
        assert!(made.path().starts_with(&target.folder), "nothing is written above a folder that is there");
        for file in ["t.opus", MARKER] {
            std::fs::write(made.path().join(file), "third").unwrap();
        }
        put(&made, &target.folder, &files, &BTreeSet::from(["old.wav".to_owned()])).unwrap();
        drop(made);
        assert_eq!(names(&target.folder), BTreeSet::from([MARKER, "foreign", "t.opus"].map(str::to_owned)));
    }
}
