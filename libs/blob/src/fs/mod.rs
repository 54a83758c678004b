//! Objects as files of a directory.
//!
//! ```text
//! ROOT/objects/{folders of the path}/~{2 hex digits of the name's CRC32C}/{name}     an object
//! ROOT/tmp/{instance}/{counter}                                                      what is being
//! written
//! ```
//!
//! The folders that begin with `~` keep directories small, and because no part of a path may hold
//! that character, an object `a` and an object `a/b` do not get in each other's way.
//!
//! A file is the object's bytes and a [trailer](trailer) with its length and CRC32C, so the two
//! appear together, by one hard link that never replaces what is there. The order of a put: write,
//! fsync the file, link, fsync the directory and those above it that are new. See `dirs` for how
//! concurrent puts share the fsync of a directory.
//!
//! Several processes on one machine may share the directory. Each writes in a folder of its own
//! under `tmp/`, on which it holds a file lock; what a dead process left there is removed when the
//! next one starts.

mod dirs;
mod temp;
mod trailer;
mod walk;

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use futures::StreamExt;
use lectern_core::Timestamp;
use parking_lot::RwLock;
use tokio::io::{AsyncReadExt, AsyncSeekExt};

use crate::{Blob, BlobError, ByteStream, MAX_PAGE, ObjectInfo, ObjectPath, Prefix, Put};
use dirs::Dirs;
use temp::{TempFile, TempFolder};
use trailer::Trailer;

/// How much is read or written at a time, in bytes.
const CHUNK: usize = 256 * 1024;
/// How often a put makes its folder again when deletions by other processes keep taking it away.
const PUT_TRIES: u32 = 16;

/// Object storage in a directory.
#[derive(Debug, Clone)]
pub struct FsBlob(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    objects: PathBuf,
    temp: TempFolder,
    dirs: Dirs,
    /// Held for writing while an empty folder is removed.
    removal: RwLock<()>,
}

impl FsBlob {
    /// Opens the directory `root`, makes it if it is missing, and removes what dead processes left
    /// in its `tmp/`.
    ///
    /// # Errors
    /// [`BlobError::Unavailable`] when it cannot be made or written.
    pub async fn open(root: impl Into<PathBuf>) -> Result<Self, BlobError> {
        let root = root.into();
        blocking("open its directory", move || {
            let what = || BlobError::io(format!("open the directory {}", root.display()));
            let objects = root.join("objects");
            fs::create_dir_all(&objects).map_err(what())?;
            let temp = TempFolder::open(&root.join("tmp")).map_err(what())?;
            File::open(&root).and_then(|dir| dir.sync_all()).map_err(what())?;
            Ok(Self(Arc::new(Inner { dirs: Dirs::new(objects.clone()), objects, temp, removal: RwLock::default() })))
        })
        .await
    }

    async fn with<T, F>(&self, what: &'static str, work: F) -> Result<T, BlobError>
    where
        T: Send + 'static,
        F: FnOnce(&Inner) -> Result<T, BlobError> + Send + 'static,
    {
        let inner = Arc::clone(&self.0);
        blocking(what, move || work(&inner)).await
    }

    /// Opens an object at its first byte.
    async fn open_object(&self, path: &ObjectPath) -> Result<Option<(File, Trailer, Timestamp)>, BlobError> {
        let path = path.clone();
        self.with("read an object", move |inner| inner.open_object(&path)).await
    }
}

async fn blocking<T, F>(what: &'static str, work: F) -> Result<T, BlobError>
where
    T: Send + 'static,
    F: FnOnce() -> Result<T, BlobError> + Send + 'static,
{
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(stopped) => Err(BlobError::io(what)(io::Error::other(stopped))),
    }
}

impl Inner {
    /// Where an object lies.
    fn file(&self, path: &ObjectPath) -> PathBuf {
        let (folders, name) = path.split();
        let mut file = self.objects.join(folders);
        file.push(format!("~{:02x}", crc32c::crc32c(name.as_bytes()) & 0xff));
        file.push(name);
        file
    }

    /// Gives a written file its name, if nobody has it, and makes that last.
    fn commit(&self, path: &ObjectPath, written: &TempFile) -> Result<Put, BlobError> {
        let what = || BlobError::io(format!("store {path}"));
        let file = self.file(path);
        let Some(folder) = file.parent() else {
            return Err(what()(io::Error::other("the object has no folder")));
        };
        for _ in 0..PUT_TRIES {
            let Some(put) = self.link(written, folder, &file).map_err(what())? else { continue };
            // Also for an object that was there: whoever linked it may not have come to its own
            // fsync yet.
            return match self.dirs.sync(folder) {
                Ok(()) => Ok(put),
                // A folder goes only when it is empty: the object was put, and then deleted.
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(put),
                Err(error) => Err(what()(error)),
            };
        }
        Err(what()(io::Error::other("its folder disappears again and again")))
    }

    /// Makes a folder and those above it, up to that of all objects. That one is never made anew:
    /// where it is gone, somebody removed it with all that was in it.
    fn make(&self, folder: &Path) -> io::Result<()> {
        let made = match fs::create_dir(folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => match folder.parent() {
                Some(parent) if parent != self.objects => {
                    self.make(parent)?;
                    fs::create_dir(folder)
                }
                _ => Err(error),
            },
            made => made,
        };
        match made {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
            _ => Ok(()),
        }
    }

    /// Links a file into its folder; `None` when a deletion by another process took the folder away
    /// meanwhile.
    fn link(&self, written: &TempFile, folder: &Path, file: &Path) -> io::Result<Option<Put>> {
        // Deletions by this process wait with removing folders.
        let _staying = self.removal.read();
        match self.make(folder) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        }
        match fs::hard_link(written.path(), file) {
            Ok(()) => Ok(Some(Put::Stored)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(Some(Put::AlreadyThere)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn open_object(&self, path: &ObjectPath) -> Result<Option<(File, Trailer, Timestamp)>, BlobError> {
        let what = || BlobError::io(format!("read {path}"));
        let mut file = match File::open(self.file(path)) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(what()(error)),
        };
        let metadata = file.metadata().map_err(what())?;
        let damaged = |why: &str| BlobError::Damaged { path: path.clone(), why: why.to_owned() };
        let size = metadata.len().checked_sub(Trailer::LENGTH).ok_or_else(|| damaged("it is cut short"))?;
        let mut end = [0; Trailer::LENGTH as usize];
        file.seek(SeekFrom::Start(size)).map_err(what())?;
        file.read_exact(&mut end).map_err(what())?;
        file.seek(SeekFrom::Start(0)).map_err(what())?;
        let trailer = Trailer::decode(&end).ok_or_else(|| damaged("its trailer is missing or unreadable"))?;
        if trailer.size != size {
            return Err(damaged(&format!("it has {size} bytes where {} were put", trailer.size)));
        }
        let modified = metadata.modified().map_err(what())?.duration_since(UNIX_EPOCH).unwrap_or_default();
        Ok(Some((file, trailer, Timestamp(u64::try_from(modified.as_millis()).unwrap_or(u64::MAX)))))
    }

    fn head(&self, path: &ObjectPath) -> Result<Option<ObjectInfo>, BlobError> {
        Ok(self.open_object(path)?.map(|(_, trailer, modified)| ObjectInfo {
            path: path.clone(),
            size: trailer.size,
            crc32c: trailer.crc32c,
            modified,
        }))
    }

    fn get(&self, path: &ObjectPath) -> Result<Option<Bytes>, BlobError> {
        let Some((file, trailer, _)) = self.open_object(path)? else { return Ok(None) };
        let mut bytes = Vec::with_capacity(usize::try_from(trailer.size).unwrap_or(0));
        file.take(trailer.size).read_to_end(&mut bytes).map_err(BlobError::io(format!("read {path}")))?;
        trailer.check(&bytes).map_err(|why| BlobError::Damaged { path: path.clone(), why })?;
        Ok(Some(bytes.into()))
    }

    fn list(&self, prefix: &Prefix, after: Option<&ObjectPath>, limit: usize) -> Result<Vec<ObjectInfo>, BlobError> {
        let paths = walk::first_after(&self.objects, prefix, after, limit.min(MAX_PAGE))
            .map_err(BlobError::io(format!("list {prefix}")))?;
        let mut page = Vec::with_capacity(paths.len());
        for path in paths {
            // An object that was deleted since the walk is left out.
            page.extend(self.head(&path)?);
        }
        Ok(page)
    }

    fn delete(&self, path: &ObjectPath) -> Result<bool, BlobError> {
        let what = || BlobError::io(format!("delete {path}"));
        let file = self.file(path);
        match fs::remove_file(&file) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(what()(error)),
        }
        match file.parent().map(|folder| self.dirs.sync(folder)) {
            Some(Err(error)) if error.kind() != io::ErrorKind::NotFound => Err(what()(error)),
            Some(_) | None => Ok(true),
        }
    }
}

#[async_trait]
impl Blob for FsBlob {
    async fn put(&self, path: &ObjectPath, bytes: Bytes) -> Result<Put, BlobError> {
        let path = path.clone();
        self.with("store an object", move |inner| {
            let what = || BlobError::io(format!("write {path}"));
            let mut temp = inner.temp.create().map_err(what())?;
            temp.file().write_all(&bytes).map_err(what())?;
            temp.finish(Trailer::of(&bytes)).map_err(what())?;
            inner.commit(&path, &temp)
        })
        .await
    }

    async fn put_stream(&self, path: &ObjectPath, mut content: ByteStream) -> Result<Put, BlobError> {
        let mut temp = self.with("store an object", |i| i.temp.create().map_err(BlobError::io("write"))).await?;
        let mut trailer = Trailer::default();
        let mut pending = BytesMut::with_capacity(CHUNK);
        loop {
            let chunk = content.next().await.transpose().map_err(BlobError::Source)?;
            let last = chunk.is_none();
            if let Some(chunk) = chunk {
                trailer.add(&chunk);
                pending.extend_from_slice(&chunk);
            }
            if pending.len() >= CHUNK || (last && !pending.is_empty()) {
                let bytes = pending.split().freeze();
                let written = path.clone();
                temp = blocking("store an object", move || {
                    temp.file().write_all(&bytes).map_err(BlobError::io(format!("write {written}")))?;
                    Ok(temp)
                })
                .await?;
            }
            if last {
                break;
            }
        }
        let path = path.clone();
        self.with("store an object", move |inner| {
            temp.finish(trailer).map_err(BlobError::io(format!("write {path}")))?;
            inner.commit(&path, &temp)
        })
        .await
    }

    async fn put_file(&self, path: &ObjectPath, source: &Path) -> Result<Put, BlobError> {
        let (path, source) = (path.clone(), source.to_owned());
        self.with("store an object", move |inner| {
            let what = || BlobError::io(format!("write {path}"));
            let mut from = File::open(&source).map_err(BlobError::Source)?;
            let mut temp = inner.temp.create().map_err(what())?;
            let mut trailer = Trailer::default();
            let mut chunk = vec![0; CHUNK];
            loop {
                let read = match from.read(&mut chunk) {
                    Ok(0) => break,
                    Ok(read) => read,
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                    Err(error) => return Err(BlobError::Source(error)),
                };
                let bytes = chunk.get(..read).unwrap_or_default();
                trailer.add(bytes);
                temp.file().write_all(bytes).map_err(what())?;
            }
            temp.finish(trailer).map_err(what())?;
            inner.commit(&path, &temp)
        })
        .await
    }

    async fn get(&self, path: &ObjectPath) -> Result<Option<Bytes>, BlobError> {
        let path = path.clone();
        self.with("read an object", move |inner| inner.get(&path)).await
    }

    async fn get_range(&self, path: &ObjectPath, offset: u64, length: u64) -> Result<Option<ByteStream>, BlobError> {
        let Some((file, trailer, _)) = self.open_object(path).await? else { return Ok(None) };
        let Some(rest) = trailer.size.checked_sub(offset) else {
            return Err(BlobError::OutOfRange { path: path.clone(), size: trailer.size });
        };
        let mut file = tokio::fs::File::from_std(file);
        file.seek(SeekFrom::Start(offset)).await.map_err(BlobError::io(format!("read {path}")))?;
        let stream = futures::stream::try_unfold(file.take(rest.min(length)), |mut file| async move {
            if file.limit() == 0 {
                return Ok(None);
            }
            let mut bytes = BytesMut::with_capacity(CHUNK.min(usize::try_from(file.limit()).unwrap_or(CHUNK)));
            if file.read_buf(&mut bytes).await? == 0 {
                return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the object is shorter than it was"));
            }
            Ok(Some((bytes.freeze(), file)))
        });
        Ok(Some(stream.boxed()))
    }

    async fn head(&self, path: &ObjectPath) -> Result<Option<ObjectInfo>, BlobError> {
        let path = path.clone();
        self.with("read an object", move |inner| inner.head(&path)).await
    }

    async fn list(
        &self,
        prefix: &Prefix,
        after: Option<&ObjectPath>,
        limit: usize,
    ) -> Result<Vec<ObjectInfo>, BlobError> {
        let (prefix, after) = (prefix.clone(), after.cloned());
        self.with("list objects", move |inner| inner.list(&prefix, after.as_ref(), limit)).await
    }

    async fn names(
        &self,
        prefix: &Prefix,
        after: Option<&ObjectPath>,
        limit: usize,
    ) -> Result<Vec<ObjectPath>, BlobError> {
        let (prefix, after) = (prefix.clone(), after.cloned());
        self.with("list objects", move |inner| {
            walk::first_after(&inner.objects, &prefix, after.as_ref(), limit)
                .map(|names| names.into_iter().collect())
                .map_err(BlobError::io(format!("list {prefix}")))
        })
        .await
    }

    async fn delete(&self, path: &ObjectPath) -> Result<bool, BlobError> {
        let path = path.clone();
        self.with("delete an object", move |inner| inner.delete(&path)).await
    }

    async fn delete_prefix(&self, prefix: &Prefix) -> Result<u64, BlobError> {
        let prefix = prefix.clone();
        self.with("delete objects", move |inner| {
            walk::delete_all(&inner.objects, &prefix, &inner.dirs, &inner.removal)
                .map_err(BlobError::io(format!("delete {prefix}")))
        })
        .await
    }

    async fn ping(&self) -> Result<(), BlobError> {
        self.with("write", |inner| {
            let mut temp = inner.temp.create().map_err(BlobError::io("write"))?;
            temp.file().write_all(b"ping").map_err(BlobError::io("write"))?;
            fs::read_dir(&inner.objects).map(drop).map_err(BlobError::io("read its directory"))
        })
        .await
    }

    async fn signed_url(&self, _: &ObjectPath, _: Duration) -> Result<Option<String>, BlobError> {
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_was_removed_as_a_whole_is_not_made_anew() {
        let parent = tempfile::tempdir().unwrap();
        let root = parent.path().join("data");
        let FsBlob(inner) = FsBlob::open(&root).await.unwrap();
        let path: ObjectPath = "a/b/c".parse().unwrap();
        let mut written = inner.temp.create().unwrap();
        written.finish(Trailer::default()).unwrap();
        assert_eq!(inner.commit(&path, &written).unwrap(), Put::Stored);
        assert_eq!(inner.commit(&path, &written).unwrap(), Put::AlreadyThere);
        fs::remove_dir_all(&root).unwrap();
        inner.commit(&path, &written).unwrap_err();
        assert!(!root.exists());
    }
}
