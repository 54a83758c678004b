//! Objects in memory, for tests: with faults that are injected call by call.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use futures::StreamExt;
use lectern_core::{Clock, Timestamp};
use parking_lot::Mutex;

use crate::{Blob, BlobError, ByteStream, MAX_PAGE, ObjectInfo, ObjectPath, Prefix, Put};

/// How much of an object a stream yields at a time, in bytes.
const CHUNK: usize = 64 * 1024;

/// Which calls a fault is meant for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Op {
    /// `put`, `put_stream` and `put_file`.
    Put,
    /// `get` and `get_range`.
    Get,
    /// `head`.
    Head,
    /// `list`.
    List,
    /// `delete` and `delete_prefix`.
    Delete,
    /// `ping`.
    Ping,
}

/// What goes wrong with one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Nothing is done and the call fails.
    Fail,
    /// The work is done and the call fails all the same, as when the answer is lost.
    FailAfter,
    /// The call takes this much longer.
    Slow(Duration),
    /// A read sees only this many bytes of the object.
    Truncate(usize),
}

#[derive(Debug)]
struct Object {
    bytes: Bytes,
    crc32c: u32,
    modified: Timestamp,
}

#[derive(Debug, Default)]
struct State {
    objects: BTreeMap<ObjectPath, Object>,
    faults: VecDeque<(Op, Fault)>,
}

/// Object storage in memory. Clones share the objects.
#[derive(Debug, Clone)]
pub struct MemoryBlob {
    clock: Arc<dyn Clock>,
    state: Arc<Mutex<State>>,
}

impl MemoryBlob {
    /// Storage without objects.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, state: Arc::default() }
    }

    /// Lets one later call of this sort go wrong; faults of a sort are used up in the order they
    /// were given.
    pub fn inject(&self, op: Op, fault: Fault) {
        self.state.lock().faults.push_back((op, fault));
    }

    /// How many objects there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.state.lock().objects.len()
    }

    /// Takes the next fault for `op` and waits or fails as it says; a fault for later is handed
    /// back.
    async fn enter(&self, op: Op) -> Result<Option<Fault>, BlobError> {
        let fault = {
            let mut state = self.state.lock();
            let place = state.faults.iter().position(|(meant, _)| *meant == op);
            place.and_then(|place| state.faults.remove(place)).map(|(_, fault)| fault)
        };
        match fault {
            Some(Fault::Fail) => Err(injected(op)),
            Some(Fault::Slow(delay)) => {
                tokio::time::sleep(delay).await;
                Ok(None)
            }
            other => Ok(other),
        }
    }

    fn store(&self, path: &ObjectPath, bytes: Bytes) -> Put {
        let mut state = self.state.lock();
        if state.objects.contains_key(path) {
            return Put::AlreadyThere;
        }
        let object = Object { crc32c: crc32c::crc32c(&bytes), bytes, modified: self.clock.now() };
        state.objects.insert(path.clone(), object);
        Put::Stored
    }

    /// Bytes as a read sees them, with the true length and CRC32C.
    fn read(&self, path: &ObjectPath, fault: Option<Fault>) -> Option<(Bytes, u64, u32)> {
        let state = self.state.lock();
        let object = state.objects.get(path)?;
        let mut bytes = object.bytes.clone();
        if let Some(Fault::Truncate(length)) = fault {
            bytes.truncate(length);
        }
        Some((bytes, object.bytes.len() as u64, object.crc32c))
    }
}

fn injected(op: Op) -> BlobError {
    BlobError::io(format!("{op:?}").to_lowercase())(io::Error::other("injected fault"))
}

fn leave<T>(op: Op, fault: Option<Fault>, value: T) -> Result<T, BlobError> {
    if fault == Some(Fault::FailAfter) { Err(injected(op)) } else { Ok(value) }
}

fn info(path: &ObjectPath, object: &Object) -> ObjectInfo {
    ObjectInfo { path: path.clone(), size: object.bytes.len() as u64, crc32c: object.crc32c, modified: object.modified }
}

#[async_trait]
impl Blob for MemoryBlob {
    async fn put(&self, path: &ObjectPath, bytes: Bytes) -> Result<Put, BlobError> {
        let fault = self.enter(Op::Put).await?;
        let put = self.store(path, bytes);
        leave(Op::Put, fault, put)
    }

    async fn put_stream(&self, path: &ObjectPath, mut content: ByteStream) -> Result<Put, BlobError> {
        let mut bytes = BytesMut::new();
        while let Some(chunk) = content.next().await {
            bytes.extend_from_slice(&chunk.map_err(BlobError::Source)?);
        }
        self.put(path, bytes.freeze()).await
    }

    async fn put_file(&self, path: &ObjectPath, source: &Path) -> Result<Put, BlobError> {
        let bytes = tokio::fs::read(source).await.map_err(BlobError::Source)?;
        self.put(path, bytes.into()).await
    }

    async fn get(&self, path: &ObjectPath) -> Result<Option<Bytes>, BlobError> {
        let fault = self.enter(Op::Get).await?;
        let Some((bytes, size, crc)) = self.read(path, fault) else { return leave(Op::Get, fault, None) };
        if bytes.len() as u64 != size || crc32c::crc32c(&bytes) != crc {
            let why = format!("{size} bytes were put, {} are read", bytes.len());
            return Err(BlobError::Damaged { path: path.clone(), why });
        }
        leave(Op::Get, fault, Some(bytes))
    }

    async fn get_range(&self, path: &ObjectPath, offset: u64, length: u64) -> Result<Option<ByteStream>, BlobError> {
        let fault = self.enter(Op::Get).await?;
        let Some((bytes, size, _)) = self.read(path, fault) else { return leave(Op::Get, fault, None) };
        let Some(rest) = size.checked_sub(offset) else {
            return Err(BlobError::OutOfRange { path: path.clone(), size });
        };
        let seen = bytes.len();
        let start = usize::try_from(offset).unwrap_or(usize::MAX).min(seen);
        let wanted = usize::try_from(rest.min(length)).unwrap_or(usize::MAX);
        let end = start.saturating_add(wanted).min(seen);
        let mut chunks: Vec<io::Result<Bytes>> =
            (start..end).step_by(CHUNK).map(|from| Ok(bytes.slice(from..end.min(from + CHUNK)))).collect();
        if end - start < wanted {
            chunks.push(Err(io::Error::new(io::ErrorKind::UnexpectedEof, "injected fault")));
        }
        leave(Op::Get, fault, Some(futures::stream::iter(chunks).boxed()))
    }

    async fn head(&self, path: &ObjectPath) -> Result<Option<ObjectInfo>, BlobError> {
        let fault = self.enter(Op::Head).await?;
        let found = self.state.lock().objects.get(path).map(|object| info(path, object));
        leave(Op::Head, fault, found)
    }

    async fn list(
        &self,
        prefix: &Prefix,
        after: Option<&ObjectPath>,
        limit: usize,
    ) -> Result<Vec<ObjectInfo>, BlobError> {
        let fault = self.enter(Op::List).await?;
        let page = {
            let state = self.state.lock();
            let wanted =
                state.objects.iter().filter(|(path, _)| prefix.covers(path) && after.is_none_or(|after| after < *path));
            wanted.take(limit.min(MAX_PAGE)).map(|(path, object)| info(path, object)).collect()
        };
        leave(Op::List, fault, page)
    }

    async fn delete(&self, path: &ObjectPath) -> Result<bool, BlobError> {
        let fault = self.enter(Op::Delete).await?;
        let existed = self.state.lock().objects.remove(path).is_some();
        leave(Op::Delete, fault, existed)
    }

    async fn delete_prefix(&self, prefix: &Prefix) -> Result<u64, BlobError> {
        let fault = self.enter(Op::Delete).await?;
        let gone = {
            let mut state = self.state.lock();
            let before = state.objects.len();
            state.objects.retain(|path, _| !prefix.covers(path));
            (before - state.objects.len()) as u64
        };
        leave(Op::Delete, fault, gone)
    }

    async fn ping(&self) -> Result<(), BlobError> {
        let fault = self.enter(Op::Ping).await?;
        leave(Op::Ping, fault, ())
    }

    async fn signed_url(&self, _: &ObjectPath, _: Duration) -> Result<Option<String>, BlobError> {
        Ok(None)
    }
}
