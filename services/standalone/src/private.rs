//! What is the owner's alone: the folder that holds the data, and the installation's secret in it.
//!
//! Whoever reads the secret can call as a service and find every object; whoever writes it chooses
//! the keys that later data lie under. So no other user of the machine may do either, and a file
//! that somebody else could have put there is not believed.

use std::fs::{DirBuilder, File, Metadata, Permissions};
use std::io::{ErrorKind, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

use lectern_core::{Failure, Kind, OsRandom, Random as _, Reason};
use lectern_runtime::Secret;
use rustix::fs::{Mode, OFlags};

/// What the owner may do with a folder, and nobody else.
pub const FOLDER: u32 = 0o700;
/// What the owner may do with a file, and nobody else.
pub const FILE: u32 = 0o600;
/// The permissions of the group and of everybody else.
const OTHERS: u32 = 0o077;
/// The user who may read everything anyhow.
const ROOT: u32 = 0;
/// No secret is longer, in bytes.
const LONGEST_SECRET: u64 = 4096;

/// Has the process make files and folders for their owner alone from now on.
pub fn for_the_owner_alone() {
    rustix::process::umask(Mode::from_raw_mode(OTHERS));
}

/// Makes the folder for the owner alone, with those above it that are missing. One that exists and
/// is open to others is closed to them, which is logged.
///
/// # Errors
/// `STORE_UNAVAILABLE` when it cannot be made or closed, or belongs to another user.
pub fn folder(path: &Path) -> Result<(), Failure> {
    DirBuilder::new().recursive(true).mode(FOLDER).create(path).map_err(|e| unusable(path, &e))?;
    let folder = std::fs::metadata(path).map_err(|e| unusable(path, &e))?;
    check_owner(path, &folder)?;
    let mode = folder.permissions().mode() & 0o7777;
    if mode & OTHERS != 0 {
        std::fs::set_permissions(path, Permissions::from_mode(mode & !OTHERS)).map_err(|e| unusable(path, &e))?;
        tracing::warn!(
            folder = %path.display(),
            mode = format!("{mode:04o}"),
            "the folder was open to other users and is now its owner's alone"
        );
    }
    Ok(())
}

/// The installation's secret: made at the first start, and kept beside the data that it opens.
///
/// # Errors
/// `STORE_UNAVAILABLE` when it cannot be read or made, or when others than its owner could read it
/// or put it there.
pub fn secret(path: &Path) -> Result<Secret, Failure> {
    // Without waiting: it might be a pipe that nobody writes to.
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOFOLLOW | OFlags::NONBLOCK;
    match rustix::fs::open(path, flags, Mode::empty()) {
        Ok(file) => read(path, &mut File::from(file)),
        Err(rustix::io::Errno::NOENT) => make(path),
        Err(rustix::io::Errno::LOOP) => {
            Err(untrusted(path, "is a symbolic link", "put the file itself in its place, with mode 0600"))
        }
        Err(error) => Err(unusable(path, &error.into())),
    }
}

/// Reads the secret from a file that is open, so that what is checked is what is read.
fn read(path: &Path, file: &mut File) -> Result<Secret, Failure> {
    let found = file.metadata().map_err(|e| unusable(path, &e))?;
    if !found.is_file() {
        return Err(untrusted(
            path,
            "is not a file",
            "put the file that was there back; under another secret none of the data is found",
        ));
    }
    check_owner(path, &found)?;
    let mode = found.permissions().mode() & 0o7777;
    if mode & OTHERS != 0 {
        let what = format!("may be read or written by other users (mode {mode:04o})");
        return Err(untrusted(path, &what, "if nobody else has touched it, run `chmod 600` on it"));
    }
    let mut text = String::new();
    file.take(LONGEST_SECRET).read_to_string(&mut text).map_err(|e| unusable(path, &e))?;
    Ok(Secret::new(text.trim()))
}

fn make(path: &Path) -> Result<Secret, Failure> {
    let secret: String = (0..4).map(|_| format!("{:016x}", OsRandom.next())).collect();
    // A link that appears meanwhile is not followed: the file must be new.
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(FILE)
        .open(path)
        .map_err(|e| unusable(path, &e))?;
    file.write_all(secret.as_bytes()).and_then(|()| file.sync_all()).map_err(|e| unusable(path, &e))?;
    Ok(Secret::new(secret))
}

/// Whoever owns it may change its permissions at any time.
fn check_owner(path: &Path, found: &Metadata) -> Result<(), Failure> {
    let (owner, us) = (found.uid(), rustix::process::geteuid().as_raw());
    if owner == us || owner == ROOT {
        return Ok(());
    }
    let what = format!("belongs to the user {owner}, and lectern runs as the user {us}");
    Err(untrusted(path, &what, "run it as that user, or choose another folder with --data"))
}

/// The failure for what another user could have put there.
fn untrusted(path: &Path, what: &str, to_do: &str) -> Failure {
    let message = format!("{} {what}; {to_do}", path.display());
    Failure::new(Kind::FailedPrecondition, Reason::StoreUnavailable, message)
}

/// The failure for what the system does not allow.
pub fn unusable(path: &Path, error: &std::io::Error) -> Failure {
    let refused = error.kind() == ErrorKind::PermissionDenied;
    let to_do = if refused { "run lectern as its owner, or choose another" } else { "choose another" };
    let message = format!("{} cannot be used: {error}; {to_do} folder with --data", path.display());
    Failure::new(Kind::FailedPrecondition, Reason::StoreUnavailable, message)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn mode(path: &Path) -> u32 {
        std::fs::metadata(path).unwrap().permissions().mode() & 0o7777
    }

    fn set(path: &Path, mode: u32) {
        std::fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn folders_are_made_for_the_owner_alone() {
        let dir = tempfile::tempdir().unwrap();
        let data = dir.path().join("a/data");
        folder(&data).unwrap();
        assert_eq!((mode(&data), mode(&dir.path().join("a"))), (FOLDER, FOLDER));
        folder(&data).unwrap();
    }

    #[test]
    fn a_folder_that_is_open_to_others_is_closed() {
        let dir = tempfile::tempdir().unwrap();
        for open in [0o755, 0o777, 0o750, 0o705] {
            set(dir.path(), open);
            folder(dir.path()).unwrap();
            assert_eq!(mode(dir.path()), FOLDER, "from {open:o}");
        }
    }

    #[test]
    fn the_secret_is_made_once_and_read_again() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("secret");
        let made = secret(&path).unwrap();
        assert_eq!((made.expose().len(), mode(&path)), (64, FILE));
        assert_eq!(secret(&path).unwrap().expose(), made.expose());
    }

    #[test]
    fn a_secret_that_others_could_have_put_there_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("secret");
        let refused = |says: &str| {
            let failure = secret(&path).unwrap_err();
            assert_eq!((failure.kind, failure.reason), (Kind::FailedPrecondition, Reason::StoreUnavailable));
            assert!(failure.message.contains(says) && failure.message.contains("secret"), "{failure}");
        };
        std::fs::write(&path, "s").unwrap();
        for open in [0o644, 0o622, 0o640, 0o620, 0o666] {
            set(&path, open);
            refused("chmod 600");
        }
        std::fs::remove_file(&path).unwrap();

        // Neither what a link leads to nor what it might lead to is read or made.
        let elsewhere = dir.path().join("elsewhere");
        symlink(&elsewhere, &path).unwrap();
        refused("is a symbolic link");
        assert!(!elsewhere.exists());
        std::fs::write(&elsewhere, "s").unwrap();
        set(&elsewhere, FILE);
        refused("is a symbolic link");
        std::fs::remove_file(&path).unwrap();

        std::fs::create_dir(&path).unwrap();
        refused("is not a file");
    }
}
