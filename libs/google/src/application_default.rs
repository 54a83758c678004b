//! Credentials that the environment of the process has.

use google_cloud_auth::credentials::{Builder, mds};

use crate::credentials::{Credentials, TokenError};
use crate::tls::install_provider;

/// What Application Default Credentials are asked for.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// What the tokens may be used for, such as `https://www.googleapis.com/auth/cloud-platform`.
    pub scopes: Vec<String>,
    /// The project that quota is taken from, where it is not that of the account; sent as
    /// `x-goog-user-project`. The variable `GOOGLE_CLOUD_QUOTA_PROJECT` wins over it, as in all
    /// programs of Google.
    pub quota_project: Option<String>,
    /// Where the metadata server is (`http://HOST:PORT`), for tests against a stand-in. With it
    /// nothing but that server is asked; without it the files and variables of Application Default
    /// Credentials come first, and Google's own server last.
    pub metadata: Option<String>,
}

impl Credentials {
    /// Application Default Credentials: the file that `GOOGLE_APPLICATION_CREDENTIALS` names, else
    /// that of `gcloud auth application-default login`, else the metadata server of the machine.
    /// `purpose` says in logs and errors what they are for, as in "object storage".
    ///
    /// Nothing is asked of a server before the first token is. To be called within a runtime of
    /// tokio, which refreshes tokens in a task.
    ///
    /// # Errors
    /// [`TokenError`] where a file is named and missing, or cannot be read.
    pub fn application_default(purpose: impl Into<String>, options: Options) -> Result<Self, TokenError> {
        install_provider();
        Self::new(purpose, move || {
            let scopes = options.scopes.clone();
            let built = if let Some(metadata) = &options.metadata {
                let mut builder = mds::Builder::default().with_endpoint(metadata.clone());
                if !scopes.is_empty() {
                    builder = builder.with_scopes(scopes);
                }
                if let Some(project) = &options.quota_project {
                    builder = builder.with_quota_project_id(project.clone());
                }
                builder.build()
            } else {
                let mut builder = Builder::default();
                if !scopes.is_empty() {
                    builder = builder.with_scopes(scopes);
                }
                if let Some(project) = &options.quota_project {
                    builder = builder.with_quota_project_id(project.clone());
                }
                builder.build()
            };
            built.map_err(|error| error.to_string())
        })
    }
}
