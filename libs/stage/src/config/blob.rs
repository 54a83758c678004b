//! The settings of object storage.

use serde::{Deserialize, Serialize};

/// Object storage.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Blob {
    /// `gs://BUCKET/FOLDER`, `file:PATH` or `memory:`.
    pub url: String,
    /// Of `gs:`: the address of an emulator, which nobody identifies themselves to; empty for
    /// Google's own.
    pub endpoint: String,
    /// Of `gs:`: the key of Cloud KMS that encrypts new objects
    /// (`projects/P/locations/L/keyRings/R/cryptoKeys/K`); empty for the bucket's default.
    pub kms_key: String,
}

impl Default for Blob {
    fn default() -> Self {
        Self { url: "file:lectern-objects".to_owned(), endpoint: String::new(), kms_key: String::new() }
    }
}

impl Blob {
    /// How it is connected to.
    #[must_use]
    pub fn options(&self) -> lectern_blob::ConnectOptions {
        lectern_blob::ConnectOptions { endpoint: self.endpoint.clone(), kms_key: self.kms_key.clone() }
    }
}
