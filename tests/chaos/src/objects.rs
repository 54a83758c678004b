//! The objects in the fake of Google Cloud Storage, read past every service: it keeps the bytes of
//! an object in a file that is named after its generation, and beside it what is known of it. A
//! generation is the time at which the object was made, in microseconds.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::Deserialize;

/// What the services' URL puts before the names of objects.
const PREFIX: &str = "objects/";

/// The objects of a stack.
#[derive(Debug, Clone)]
pub struct Objects {
    folder: PathBuf,
}

/// What the fake keeps beside the bytes of an object.
#[derive(Debug, Deserialize)]
struct Kept {
    name: String,
    generation: i64,
}

/// The objects that there were when they were listed, by name.
#[derive(Debug, Clone, Default)]
pub struct Listing {
    folder: PathBuf,
    generations: BTreeMap<String, i64>,
}

impl Objects {
    /// Those in the folder of a fake.
    #[must_use]
    pub fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned() }
    }

    /// The name that the fake knows an object by.
    #[must_use]
    pub fn name(object: &str) -> String {
        format!("{PREFIX}{object}")
    }

    /// All that there are now. One that is deleted meanwhile is left out.
    #[must_use]
    pub fn list(&self) -> Listing {
        let entries = fs::read_dir(&self.folder).into_iter().flatten().flatten().map(|entry| entry.path());
        let kept = entries
            .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
            .filter_map(|path| serde_json::from_slice::<Kept>(&fs::read(path).ok()?).ok());
        let named = kept.filter_map(|kept| Some((kept.name.strip_prefix(PREFIX)?.to_owned(), kept.generation)));
        Listing { folder: self.folder.clone(), generations: named.collect() }
    }
}

impl Listing {
    /// Every object's name under a prefix that ends with a folder.
    #[must_use]
    pub fn under(&self, prefix: &str) -> Vec<String> {
        let folder = format!("{}/", prefix.trim_end_matches('/'));
        self.generations.keys().filter(|name| name.starts_with(&folder)).cloned().collect()
    }

    /// An object's bytes.
    ///
    /// # Errors
    ///
    /// When it is not there.
    pub fn read(&self, object: &str) -> io::Result<Vec<u8>> {
        let generation = self.generations.get(object).ok_or(io::ErrorKind::NotFound)?;
        fs::read(self.folder.join(format!("{generation}.bin")))
    }

    /// When the object was made, in milliseconds since 1970.
    #[must_use]
    pub fn stored_at(&self, object: &str) -> Option<u64> {
        u64::try_from(self.generations.get(object)? / 1_000).ok()
    }
}

#[cfg(test)]
mod tests {
    use lectern_testkit::temp_dir;

    use super::*;

    #[test]
    fn objects_are_read_by_the_names_that_services_give_them() {
        let folder = temp_dir().expect("a folder");
        let keep = |generation: i64, name: &str| {
            let kept = serde_json::json!({"name": name, "generation": generation, "size": 3});
            fs::write(folder.path().join(format!("{generation}.json")), kept.to_string()).expect("written");
            fs::write(folder.path().join(format!("{generation}.bin")), name).expect("written");
        };
        keep(5_000_000, "objects/acme/d1/segment/a");
        keep(6_000_000, "objects/acme/d1/segments/b");
        keep(7_000_000, "elsewhere/acme/d1/segment/c");
        let listing = Objects::new(folder.path()).list();
        assert_eq!(listing.under("acme/d1/segment"), ["acme/d1/segment/a"]);
        assert_eq!(listing.stored_at("acme/d1/segment/a"), Some(5_000));
        assert_eq!(listing.read("acme/d1/segment/a").expect("bytes"), b"objects/acme/d1/segment/a");
        assert!(listing.read("acme/d1/segment/c").is_err());
    }
}
