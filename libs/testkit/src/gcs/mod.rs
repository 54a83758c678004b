//! A strict fake of Google Cloud Storage: one bucket, on one port of loopback.
//!
//! It speaks the JSON data plane (`uploads.rs`, `sessions.rs`, `downloads.rs`), signed URLs
//! (`signed.rs`) and the part of `google.storage.v2` that the control plane of the clients uses
//! (`control.rs`). Whatever it does not know, a query, a header, a field, it refuses loudly instead
//! of guessing: a client that works here does nothing that was not looked up. It fails in the ways
//! that the real one does, by name and on demand ([`GcsFaults`]).
//!
//! Objects lie in a folder; whoever starts it again with the same folder finds them. Sessions of
//! uploads are lost then, as they may be with the real one.

mod answers;
mod bucket;
mod control;
mod downloads;
mod faults;
mod multipart;
mod proto;
mod query;
mod serve;
mod sessions;
mod signed;
mod uploads;

#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use bucket::GcsBucket;
pub use faults::{GcsFault, GcsFaults};

use crate::daemon::{StartError, TempDir, ensure_dir, temp_dir};
use crate::hosted::{Hosted, Port, failed};
use bucket::Bucket;
use sessions::Sessions;

/// What failures call it.
const WHAT: &str = "the GCS fake";
/// The one bucket that it has.
pub const BUCKET: &str = "lectern-test";

/// How the fake is started.
#[derive(Debug, Clone, Default)]
pub struct GcsOptions {
    /// Where objects are kept; none for a temporary folder.
    pub data: Option<PathBuf>,
    /// The port on 127.0.0.1; none for a free one.
    pub port: Option<u16>,
}

/// A running fake. It ends when it is dropped.
#[derive(Debug)]
pub struct Gcs {
    // Ends before its folder is deleted.
    server: Hosted,
    state: Arc<State>,
    folder: PathBuf,
    _temp: Option<TempDir>,
}

/// What all of its parts share.
#[derive(Debug)]
struct State {
    endpoint: String,
    bucket: Bucket,
    sessions: Sessions,
    faults: GcsFaults,
}

impl Gcs {
    /// Starts one. It has a thread and a runtime of its own, so it outlives the caller's.
    ///
    /// # Panics
    ///
    /// When its folder cannot be used or its port is taken.
    #[allow(clippy::unused_async, reason = "what hosts it is asynchronous, and need not know that this is not")]
    pub async fn start(options: GcsOptions) -> Self {
        Self::open(options).unwrap_or_else(|error| panic!("{error}"))
    }

    /// [`Self::start`] for callers without a runtime.
    ///
    /// # Errors
    ///
    /// When its folder cannot be used or its port is taken.
    pub fn open(options: GcsOptions) -> Result<Self, StartError> {
        let (folder, temp) = match options.data {
            Some(folder) => (folder, None),
            None => {
                let temp = temp_dir()?;
                (temp.path().to_owned(), Some(temp))
            }
        };
        ensure_dir(&folder)?;
        let port = Port::take(WHAT, options.port.unwrap_or(0))?;
        let state = Arc::new(State {
            endpoint: format!("http://{}", port.address),
            bucket: Bucket::open(&folder).map_err(|error| failed(WHAT, &folder.display().to_string(), &error))?,
            sessions: Sessions::default(),
            faults: GcsFaults::default(),
        });
        let server = Hosted::serve(WHAT, "gcs-fake", port, serve::app(Arc::clone(&state)))?;
        Ok(Self { server, state, folder, _temp: temp })
    }

    /// What services are configured with: `gs://lectern-test/objects`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("gs://{BUCKET}/objects")
    }

    /// `http://127.0.0.1:PORT`
    #[must_use]
    pub fn endpoint(&self) -> String {
        self.state.endpoint.clone()
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// What goes wrong; at first nothing.
    #[must_use]
    pub fn faults(&self) -> &GcsFaults {
        &self.state.faults
    }

    /// Where objects are kept.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Changes how the bucket is set up.
    pub fn set_bucket(&self, settings: GcsBucket) {
        self.state.bucket.set_up(settings);
    }

    /// The names of all objects, in order.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        self.state.bucket.list("", "", "", usize::MAX).into_iter().map(|object| object.name).collect()
    }

    /// How many live objects there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.state.bucket.count()
    }

    /// The key of Cloud KMS that an object was put with; empty for none.
    #[must_use]
    pub fn kms_key(&self, name: &str) -> String {
        self.state.bucket.find(name).map(|object| object.kms_key).unwrap_or_default()
    }

    /// Changes one byte of a stored object behind everybody's back; whether there was one.
    pub fn damage(&self, name: &str) -> bool {
        self.state.bucket.damage(name)
    }

    /// Deletes an object behind everybody's back, as an operator does; whether there was one.
    pub fn delete(&self, name: &str) -> bool {
        self.state.bucket.delete(name, None).is_ok_and(|deleted| deleted.is_some())
    }

    /// The credentials file of a service account whose signatures it believes.
    #[must_use]
    pub fn service_account() -> String {
        signed::service_account()
    }
}
