//! A copy of a database in files, and the way back: what `mongodump` and `mongorestore` do, which
//! are not among the tools.
//!
//! The files are laid out as `mongodump --out FOLDER` lays them out: a folder for each database,
//! and in it a file for each collection, `COLLECTION.bson`, which holds the documents in BSON, one
//! behind the other. The files that say which indexes there were are left out: the services make
//! theirs when they start.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use super::reader::MongoReader;
use super::wire::{self, CUT_SHORT, CallError, Document, Reply, next_field};

/// Most documents in one answer, and in one insert.
const BATCH: u16 = 500;
/// Most bytes of documents in one insert, but for a single one; a command may have 16 MiB.
const INSERT_BYTES: usize = 4 << 20;
/// The kinds of a document and of a list in BSON.
const DOCUMENT: u8 = 0x03;
const LIST: u8 = 0x04;
/// The kind of a whole number of 64 bits.
const LONG: u8 = 0x12;
/// The fewest bytes of a document: its size and its end.
const EMPTY_DOCUMENT: usize = 5;
/// The server's code for a collection that is not there.
const NO_COLLECTION: i64 = 26;

/// Copies databases of a server into files and back; for one that asks nobody to sign in.
#[derive(Debug, Clone, Copy)]
pub struct MongoDump {
    server: SocketAddr,
}

impl MongoDump {
    /// Copies databases of the server at this address.
    #[must_use]
    pub const fn of(server: SocketAddr) -> Self {
        Self { server }
    }

    /// Writes every collection of a database into a file of `folder/DATABASE`, and says how many
    /// documents there were. Collections are read one after the other while others may write.
    ///
    /// # Errors
    ///
    /// When the server cannot be reached or refuses, or a file cannot be written; in words, as all
    /// errors here.
    pub fn save(&self, database: &str, folder: &Path) -> Result<usize, String> {
        let folder = folder.join(database);
        fs::create_dir_all(&folder).map_err(|error| unusable(&folder, &error))?;
        let mut saved = 0;
        for collection in MongoReader::at(self.server).collections(database)? {
            let path = folder.join(format!("{collection}.bson"));
            saved += self.save_collection(database, &collection, &path)?;
        }
        Ok(saved)
    }

    fn save_collection(&self, database: &str, collection: &str, path: &Path) -> Result<usize, String> {
        let failed = |error: io::Error| unusable(path, &error);
        let mut file = BufWriter::new(File::create(path).map_err(failed)?);
        let size = i32::from(BATCH);
        let mut reply = self.ask(database, Document::default().text("find", collection).number("batchSize", size))?;
        let (mut batch, mut saved) = ("firstBatch", 0);
        loop {
            let cursor = field(reply.bytes(), "cursor")?;
            for document in values(field(cursor, batch)?)? {
                file.write_all(document).map_err(failed)?;
                saved += 1;
            }
            let id = field(cursor, "id")?;
            if id.iter().all(|byte| *byte == 0) {
                break;
            }
            let more = Document::default().element(LONG, "getMore", id);
            reply = self.ask(database, more.text("collection", collection).number("batchSize", size))?;
            batch = "nextBatch";
        }
        file.flush().map_err(failed)?;
        Ok(saved)
    }

    /// Puts back what [`Self::save`] wrote, in place of what the collections hold
    /// (`mongorestore --drop`), and says how many documents there are. It is durable on a majority
    /// when this returns.
    ///
    /// # Errors
    ///
    /// As [`Self::save`].
    pub fn restore(&self, database: &str, folder: &Path) -> Result<usize, String> {
        let folder = folder.join(database);
        let entries = fs::read_dir(&folder).and_then(Iterator::collect::<io::Result<Vec<_>>>);
        let entries = entries.map_err(|error| unusable(&folder, &error))?;
        let mut files: Vec<PathBuf> = entries.into_iter().map(|entry| entry.path()).collect();
        files.retain(|path| path.extension() == Some(OsStr::new("bson")));
        let mut restored = 0;
        for path in files {
            let collection = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
            let bytes = fs::read(&path).map_err(|error| unusable(&path, &error))?;
            let documents = documents(&bytes).map_err(|error| format!("{}: {error}", path.display()))?;
            self.drop_collection(database, &collection)?;
            let mut rest = documents.as_slice();
            while !rest.is_empty() {
                let (now, later) = rest.split_at(of_one_insert(rest));
                self.insert(database, &collection, now)?;
                rest = later;
            }
            restored += documents.len();
        }
        Ok(restored)
    }

    /// Drops a database with all that is in it.
    ///
    /// # Errors
    ///
    /// When the server cannot be reached or refuses.
    pub fn drop_database(&self, database: &str) -> Result<(), String> {
        self.ask(database, Document::default().number("dropDatabase", 1)).map(drop)
    }

    fn drop_collection(&self, database: &str, collection: &str) -> Result<(), String> {
        match wire::call_in(database, self.server, Document::default().text("drop", collection)) {
            Ok(_) | Err(CallError::Refused { code: NO_COLLECTION, .. }) => Ok(()),
            Err(error) => Err(self.said(&error)),
        }
    }

    fn insert(&self, database: &str, collection: &str, documents: &[&[u8]]) -> Result<(), String> {
        let list = documents.iter().enumerate();
        let list = list.fold(Document::default(), |list, (at, item)| list.element(DOCUMENT, &at.to_string(), item));
        let concern = Document::default().text("w", "majority").yes("j");
        let insert = Document::default()
            .text("insert", collection)
            .element(LIST, "documents", &list.bytes())
            .document("writeConcern", &concern);
        let inserted = self.ask(database, insert)?.number("n");
        if inserted != i64::try_from(documents.len()).ok() {
            return Err(format!("{database}.{collection} took {inserted:?} documents of {}", documents.len()));
        }
        Ok(())
    }

    fn ask(&self, database: &str, command: Document) -> Result<Reply, String> {
        wire::call_in(database, self.server, command).map_err(|error| self.said(&error))
    }

    fn said(&self, error: &CallError) -> String {
        format!("MongoDB at {}: {error}", self.server)
    }
}

fn unusable(path: &Path, error: &io::Error) -> String {
    format!("{}: {error}", path.display())
}

/// How many of the documents, one at least, go into one insert.
fn of_one_insert(documents: &[&[u8]]) -> usize {
    let mut bytes = 0;
    let fit = documents.iter().take(usize::from(BATCH)).take_while(|document| {
        bytes += document.len();
        bytes <= INSERT_BYTES
    });
    fit.count().max(1)
}

/// The value of a field of a document; an error where it has none.
fn field<'a>(document: &'a [u8], name: &str) -> Result<&'a [u8], String> {
    let mut rest = document.get(4..).ok_or(CUT_SHORT)?;
    while let Some(field) = next_field(&mut rest)? {
        if field.name == name.as_bytes() {
            return Ok(field.value);
        }
    }
    Err(format!("MongoDB answered without {name}"))
}

/// The values of a list.
fn values(list: &[u8]) -> Result<Vec<&[u8]>, String> {
    let mut rest = list.get(4..).ok_or(CUT_SHORT)?;
    let mut found = Vec::new();
    while let Some(field) = next_field(&mut rest)? {
        found.push(field.value);
    }
    Ok(found)
}

/// The documents that stand one behind the other.
fn documents(mut bytes: &[u8]) -> Result<Vec<&[u8]>, String> {
    let mut found = Vec::new();
    while !bytes.is_empty() {
        let size = bytes.first_chunk::<4>().and_then(|size| usize::try_from(i32::from_le_bytes(*size)).ok());
        let size = size.filter(|size| *size >= EMPTY_DOCUMENT);
        let (document, rest) = size.and_then(|size| bytes.split_at_checked(size)).ok_or(CUT_SHORT)?;
        found.push(document);
        bytes = rest;
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::daemon::temp_dir;
    use crate::mongo::{Find, MongoServer};

    /// More than two answers hold.
    const MANY: usize = 1_203;

    #[test]
    fn what_was_saved_is_put_back_as_it_was_in_place_of_what_is_there() {
        let server = MongoServer::start();
        let dump = MongoDump::of(server.address());
        let many: Vec<Vec<u8>> = (0..MANY)
            .map(|at| {
                let inner = Document::default().number("at", 7).element(0x09, "since", &5_i64.to_le_bytes());
                let bytes = [&3_i32.to_le_bytes()[..], &[0, 1, 2, 3]].concat();
                let id = Document::default().text("_id", &format!("{at:05}"));
                id.document("state", &inner).element(0x05, "event", &bytes).bytes()
            })
            .collect();
        let many: Vec<&[u8]> = many.iter().map(Vec::as_slice).collect();
        for part in many.chunks(usize::from(BATCH)) {
            dump.insert("kept", "many", part).expect("inserted");
        }
        let one = Document::default().text("_id", "one").bytes();
        dump.insert("kept", "few", &[one.as_slice()]).expect("inserted");
        dump.insert("other", "few", &[one.as_slice()]).expect("inserted");

        let folder = temp_dir().expect("a folder");
        assert_eq!(dump.save("kept", folder.path()).expect("saved"), MANY + 1);
        let file = fs::read(folder.path().join("kept/many.bson")).expect("a file");
        let mut saved = documents(&file).expect("documents");
        saved.sort_unstable();
        let mut expected = many.clone();
        expected.sort_unstable();
        assert!(saved == expected, "the file holds the documents, byte for byte");

        // Of one collection something is left, and something came; the other is gone.
        let late = Document::default().text("_id", "late").bytes();
        dump.insert("kept", "many", &[late.as_slice()]).expect("inserted");
        dump.drop_collection("kept", "few").expect("dropped");
        dump.drop_collection("kept", "never").expect("there was none");
        assert_eq!(dump.restore("kept", folder.path()).expect("restored"), MANY + 1);
        let again = temp_dir().expect("a folder");
        assert_eq!(dump.save("kept", again.path()).expect("saved"), MANY + 1);
        for collection in ["kept/many.bson", "kept/few.bson"] {
            let read = |folder: &Path| fs::read(folder.join(collection)).expect("a file");
            assert!(read(folder.path()) == read(again.path()), "{collection}");
        }

        dump.drop_database("kept").expect("dropped");
        let reader = MongoReader::at(server.address());
        assert_eq!(reader.databases().expect("databases"), ["other"]);
        assert_eq!(reader.find("kept", "many", &Find { limit: 1, ..Find::default() }).expect("none"), [0; 0]);
    }

    #[test]
    fn a_file_that_is_cut_short_is_refused() {
        let one = Document::default().text("_id", "one").bytes();
        let two = [one.as_slice(), &one].concat();
        assert_eq!(documents(&two).map(|found| found.len()), Ok(2));
        for length in 1..two.len() {
            assert_eq!(documents(&two[..length]).is_ok(), length == one.len(), "{length} bytes");
        }
        assert!(documents(&[4, 0, 0, 0]).is_err() && documents(&[255; 8]).is_err());
    }
}
