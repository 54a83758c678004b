//! The bucket: its objects, in memory what is known of them and in the folder their bytes.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

/// How the bucket is set up. As it should be, at first.
#[derive(Debug, Clone)]
pub struct GcsBucket {
    /// Uniform bucket-level access.
    pub uniform_access: bool,
    /// `enforced` or `inherited`.
    pub public_access_prevention: String,
    /// For how long deleted objects are kept, in seconds; 0 for not at all.
    pub soft_delete_s: i64,
    /// For how long objects must be kept, in seconds; 0 for not at all.
    pub retention_s: i64,
    /// Whether the caller may read the bucket's own metadata.
    pub readable: bool,
    /// Whether the caller may write and delete objects.
    pub writable: bool,
}

impl Default for GcsBucket {
    fn default() -> Self {
        Self {
            uniform_access: true,
            public_access_prevention: "enforced".to_owned(),
            soft_delete_s: 7 * 24 * 3600,
            retention_s: 0,
            readable: true,
            writable: true,
        }
    }
}

/// What is known of an object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Object {
    pub name: String,
    /// Microseconds since 1970 when it was made; grows from object to object.
    pub generation: i64,
    pub size: u64,
    pub crc32c: u32,
    pub content_type: String,
    pub kms_key: String,
    /// What its maker says of it, by name.
    pub metadata: BTreeMap<String, String>,
}

/// Why a write was not done.
#[derive(Debug)]
pub(super) enum NotWritten {
    /// `ifGenerationMatch` does not hold.
    Condition,
    Io(io::Error),
}

#[derive(Debug)]
pub(super) struct Bucket {
    folder: PathBuf,
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    live: BTreeMap<String, Object>,
    last_generation: i64,
    settings: GcsBucket,
}

impl Bucket {
    pub(super) fn open(folder: &Path) -> io::Result<Self> {
        let mut inner = Inner::default();
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.extension().is_some_and(|ext| ext == "json") {
                let object: Object = serde_json::from_slice(&fs::read(&path)?)?;
                inner.last_generation = inner.last_generation.max(object.generation);
                inner.live.insert(object.name.clone(), object);
            }
        }
        Ok(Self { folder: folder.to_owned(), inner: Mutex::new(inner) })
    }

    fn file(&self, generation: i64, extension: &str) -> PathBuf {
        self.folder.join(format!("{generation}.{extension}"))
    }

    pub(super) fn settings(&self) -> GcsBucket {
        self.inner.lock().settings.clone()
    }

    pub(super) fn set_up(&self, settings: GcsBucket) {
        self.inner.lock().settings = settings;
    }

    pub(super) fn count(&self) -> usize {
        self.inner.lock().live.len()
    }

    pub(super) fn find(&self, name: &str) -> Option<Object> {
        self.inner.lock().live.get(name).cloned()
    }

    /// The bytes of an object; none when it was deleted meanwhile.
    pub(super) fn read(&self, object: &Object) -> io::Result<Option<Vec<u8>>> {
        match fs::read(self.file(object.generation, "bin")) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Whether `ifGenerationMatch` would hold now.
    pub(super) fn holds(&self, name: &str, if_generation: Option<i64>) -> bool {
        let generation = self.inner.lock().live.get(name).map_or(0, |object| object.generation);
        if_generation.is_none_or(|wanted| wanted == generation)
    }

    /// Writes an object if the condition holds, in one step.
    pub(super) fn insert(
        &self,
        mut object: Object,
        bytes: &[u8],
        if_generation: Option<i64>,
    ) -> Result<Object, NotWritten> {
        let mut inner = self.inner.lock();
        let found = inner.live.get(&object.name).map_or(0, |object| object.generation);
        if if_generation.is_some_and(|wanted| wanted != found) {
            return Err(NotWritten::Condition);
        }
        object.generation = inner.last_generation.max(now_micros()) + 1;
        object.size = bytes.len() as u64;
        object.crc32c = crc32c::crc32c(bytes);
        inner.last_generation = object.generation;
        let record = serde_json::to_vec(&object).map_err(|error| NotWritten::Io(error.into()))?;
        fs::write(self.file(object.generation, "bin"), bytes).map_err(NotWritten::Io)?;
        // The record last, and by a rename: an object that has one is whole.
        let unnamed = self.file(object.generation, "new");
        fs::write(&unnamed, record).map_err(NotWritten::Io)?;
        fs::rename(&unnamed, self.file(object.generation, "json")).map_err(NotWritten::Io)?;
        if let Some(old) = inner.live.insert(object.name.clone(), object.clone()) {
            self.remove_files(old.generation);
        }
        Ok(object)
    }

    /// Deletes an object (it is soft-deleted, and nothing here can see it any more); none when
    /// there is none, and [`NotWritten::Condition`] when it has another generation.
    pub(super) fn delete(&self, name: &str, if_generation: Option<i64>) -> Result<Option<Object>, NotWritten> {
        let mut inner = self.inner.lock();
        let Some(found) = inner.live.get(name) else { return Ok(None) };
        if if_generation.is_some_and(|wanted| wanted != found.generation) {
            return Err(NotWritten::Condition);
        }
        let object = inner.live.remove(name);
        if let Some(object) = &object {
            self.remove_files(object.generation);
        }
        Ok(object)
    }

    fn remove_files(&self, generation: i64) {
        let _ = fs::remove_file(self.file(generation, "json"));
        let _ = fs::remove_file(self.file(generation, "bin"));
    }

    /// The objects whose names begin with `prefix`, from the first that is not before `start` and
    /// is after `after`.
    pub(super) fn list(&self, prefix: &str, start: &str, after: &str, limit: usize) -> Vec<Object> {
        let inner = self.inner.lock();
        let from = prefix.max(start).max(after).to_owned();
        inner
            .live
            .range(from..)
            .map(|(_, object)| object)
            .filter(|object| object.name.as_str() > after)
            .take_while(|object| object.name.starts_with(prefix))
            .take(limit)
            .cloned()
            .collect()
    }

    pub(super) fn damage(&self, name: &str) -> bool {
        let Some(object) = self.find(name) else { return false };
        let file = self.file(object.generation, "bin");
        let Ok(mut bytes) = fs::read(&file) else { return false };
        let Some(byte) = bytes.first_mut() else { return false };
        *byte ^= 1;
        fs::write(file, bytes).is_ok()
    }
}

fn now_micros() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}
