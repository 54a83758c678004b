//! Files and folders.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// The files of a folder with this extension, sorted.
pub fn with_extension(folder: &Path, extension: &str) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).with_context(|| folder.display().to_string())?;
    let mut found = entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<PathBuf>>>()?;
    found.retain(|path| path.is_file() && path.extension().is_some_and(|found| found == extension));
    found.sort();
    Ok(found)
}

/// Writes a file, in a folder that is made where it is not there.
pub fn put(path: &Path, content: &[u8]) -> Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    }
    fs::write(path, content).with_context(|| path.display().to_string())
}

/// Writes a program that everybody may run, as [`put`] writes a file.
pub fn put_program(path: &Path, content: &[u8]) -> Result<()> {
    put(path, content)?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).with_context(|| path.display().to_string())
}
