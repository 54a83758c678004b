//! Listing and deleting what lies under a folder. Both read the whole folder: object storage in a
//! directory is meant for one machine and a scope at a time.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use parking_lot::RwLock;

use super::dirs::Dirs;
use crate::path::{ObjectPath, Prefix};

/// Whether a directory divides the objects of a folder, rather than being a folder of the path.
fn divides(name: &str) -> bool {
    name.starts_with('~')
}

fn gone_is_empty<T: Default>(result: io::Result<T>) -> io::Result<T> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(T::default()),
        other => other,
    }
}

/// Name and whether it is a directory, of all entries; none when the directory is gone.
fn entries(folder: &Path) -> io::Result<Vec<(String, bool)>> {
    let read = || {
        fs::read_dir(folder)?
            .map(|entry| {
                let entry = entry?;
                Ok((entry.file_name().to_string_lossy().into_owned(), entry.file_type()?.is_dir()))
            })
            .collect()
    };
    gone_is_empty(read())
}

/// The first `limit` paths under `prefix` that come after `after`.
pub(super) fn first_after(
    objects: &Path,
    prefix: &Prefix,
    after: Option<&ObjectPath>,
    limit: usize,
) -> io::Result<BTreeSet<ObjectPath>> {
    let mut found = BTreeSet::new();
    if limit == 0 {
        return Ok(found);
    }
    let mut waiting: Vec<(PathBuf, String)> = vec![(objects.join(prefix.as_str()), prefix.as_str().to_owned())];
    while let Some((folder, path)) = waiting.pop() {
        for (name, is_dir) in entries(&folder)? {
            let below = folder.join(&name);
            if !is_dir {
                let Ok(object) = ObjectPath::new(format!("{path}{name}")) else { continue };
                if after.is_none_or(|after| *after < object) {
                    found.insert(object);
                    if found.len() > limit {
                        found.pop_last();
                    }
                }
            } else if divides(&name) {
                waiting.push((below, path.clone()));
            } else {
                let path = format!("{path}{name}/");
                // All of a folder that sorts before `after`, and does not hold it, is of earlier
                // pages.
                if after.is_none_or(|after| after.as_str() < path.as_str() || after.as_str().starts_with(&path)) {
                    waiting.push((below, path));
                }
            }
        }
    }
    Ok(found)
}

/// Deletes the objects under `prefix` and the folders that this leaves empty; how many objects
/// there were.
pub(super) fn delete_all(objects: &Path, prefix: &Prefix, dirs: &Dirs, removal: &RwLock<()>) -> io::Result<u64> {
    let top = objects.join(prefix.as_str().trim_end_matches('/'));
    let mut count = 0;
    empty(&top, &mut count, removal)?;
    if top != objects {
        remove_if_empty(&top, removal)?;
    }
    // What is left of the way to the folder now holds the last entry that went.
    let mut left = top.as_path();
    while left != objects && !left.try_exists()? {
        left = left.parent().unwrap_or(objects);
    }
    gone_is_empty(dirs.sync(left))?;
    Ok(count)
}

fn empty(folder: &Path, count: &mut u64, removal: &RwLock<()>) -> io::Result<()> {
    for (name, is_dir) in entries(folder)? {
        let below = folder.join(name);
        if is_dir {
            empty(&below, count, removal)?;
            if !remove_if_empty(&below, removal)? {
                // Somebody put an object meanwhile: the directory stays, so what went from it has
                // to be made to last here.
                gone_is_empty(fs::File::open(&below).and_then(|dir| dir.sync_all()))?;
            }
        } else if gone_is_empty(fs::remove_file(&below).map(|()| true))? {
            *count += 1;
        }
    }
    Ok(())
}

/// Whether the directory is gone.
fn remove_if_empty(folder: &Path, removal: &RwLock<()>) -> io::Result<bool> {
    let _alone = removal.write();
    match fs::remove_dir(folder) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty => Ok(false),
        Err(error) => Err(error),
    }
}
