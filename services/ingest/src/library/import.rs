//! Import by URL: fetched once by the guarded client, then read like an upload. A repeated request
//! finds its document before anything is fetched, since its digest is of the URL and not of the
//! bytes.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use http::{HeaderName, StatusCode};
use lectern_core::digest::Hasher;
use lectern_core::id::{DocumentId, TenantId};
use lectern_core::{Digest, Failure, Kind, Reason};
use lectern_fetch::{Client, FetchError, FetchLimits, Request, Response};
use lectern_store::Versioned;
use parking_lot::Mutex;
use tokio::sync::Semaphore;
use tracing::info;

use super::scratch::Scratch;
use super::{Arrival, Library, Via};
use crate::domain::{Document, file_name};

/// When to come again while others import.
const COME_AGAIN: Duration = Duration::from_secs(5);

/// The field of a request that has the URL.
const FIELD: &str = "source.uri";

/// How much is imported.
#[derive(Debug, Clone)]
pub struct Rules {
    /// Limits of one call.
    pub limits: FetchLimits,
    /// Imports at once, of all tenants.
    pub at_once: usize,
    /// Imports at once of one tenant.
    pub per_tenant: usize,
}

/// What a caller wants imported.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// Whose it will be.
    pub tenant: TenantId,
    /// The id that follows from the caller's request, or none for a new one.
    pub id: Option<DocumentId>,
    /// From where.
    pub uri: String,
    /// A name for people; the file's where empty.
    pub display_name: String,
    /// The file's name; what the server says where empty.
    pub file_name: String,
    /// The language that the caller says it is in; none to find it out.
    pub language: Option<String>,
    /// The document that it revises; none where it revises none.
    pub revises: Option<DocumentId>,
    /// Bytes that all sources of the tenant may have together; none where nobody said.
    pub share: Option<u64>,
}

/// Imports into a library, where the operator allows it.
#[derive(Debug, Clone)]
pub struct Imports {
    library: Library,
    allowed: Option<Arc<Allowed>>,
}

#[derive(Debug)]
struct Allowed {
    client: Client,
    rules: Rules,
    room: Semaphore,
    tenants: Mutex<HashMap<TenantId, usize>>,
}

/// A source that was fetched.
struct Fetched {
    file: Scratch,
    sha256: Digest,
    size: u64,
    name: String,
}

impl Imports {
    /// Imports nothing.
    #[must_use]
    pub const fn off(library: Library) -> Self {
        Self { library, allowed: None }
    }

    /// Imports by this client, whose policy says what it may call.
    #[must_use]
    pub fn by(client: Client, rules: Rules, library: Library) -> Self {
        let room = Semaphore::new(rules.at_once);
        Self { library, allowed: Some(Arc::new(Allowed { client, rules, room, tenants: Mutex::default() })) }
    }

    /// Fetches what the URL leads to and accepts or refuses it. Dropped, it stops.
    ///
    /// # Errors
    /// `IMPORT_DISABLED`, `URL_REFUSED`, `URL_UNREACHABLE`, `OVERLOADED`, `RATE_LIMITED`, and what
    /// [`Library::accept`] answers.
    pub async fn import(&self, wanted: Wanted) -> Result<Versioned<Document>, Failure> {
        let Some(allowed) = &self.allowed else { return Err(disabled()) };
        let Wanted { tenant, id, uri, display_name, file_name, language, revises, share } = wanted;
        // A line that no inline source has in its place, then digests, so that no text can run into
        // the next.
        let asked = [&uri, &display_name, &file_name].map(|text| Digest::of(text.as_bytes()).to_string());
        let set = language.as_ref().map(|tag| format!("\n{tag}")).unwrap_or_default();
        let of = revises.as_ref().map(|revised| format!("\nrevises {revised}")).unwrap_or_default();
        let request = Digest::of(format!("uri\n{}{set}{of}", asked.join("\n")).as_bytes());
        if let Some(known) = self.library.known(id.as_ref(), &request).await? {
            return Ok(known);
        }
        if let Some(revised) = &revises {
            self.library.revised(&tenant, revised).await?;
        }
        // How much comes is known at the end; where there is no room at all, nothing is fetched.
        drop(self.library.usage().reserve(&tenant, 1, share, None).await?);
        let fetched = {
            let _turn = allowed.enter(&tenant)?;
            Box::pin(allowed.fetch(&uri)).await?
        };
        let arrival = Arrival {
            tenant,
            id,
            request,
            display_name,
            file_name: if file_name.is_empty() { fetched.name } else { file_name },
            language,
            revises,
            sha256: fetched.sha256,
            size: fetched.size,
            via: Via::Import,
            share,
            upload: None,
        };
        Box::pin(self.library.accept(arrival, fetched.file.path())).await
    }
}

impl Allowed {
    /// A place among the imports of the process and of the tenant, given back when it is dropped.
    fn enter(&self, tenant: &TenantId) -> Result<ImportPlace<'_>, Failure> {
        let full = |kind, reason, whose: &str| {
            Failure::new(kind, reason, format!("as many imports {whose} run as may at once; try again soon"))
                .after(COME_AGAIN)
        };
        let room = self.room.try_acquire();
        let room = room.map_err(|_| full(Kind::Unavailable, Reason::Overloaded, "of this installation"))?;
        let mut tenants = self.tenants.lock();
        let running = tenants.entry(tenant.clone()).or_default();
        if *running >= self.rules.per_tenant {
            return Err(full(Kind::ResourceExhausted, Reason::RateLimited, "of yours"));
        }
        *running += 1;
        Ok(ImportPlace { allowed: self, tenant: tenant.clone(), _room: room })
    }

    /// Fetches into a temporary file. What is logged names the host and not the URL, which may
    /// carry a secret.
    async fn fetch(&self, uri: &str) -> Result<Fetched, Failure> {
        let refused = |error: FetchError| {
            info!(%error, detail = error.detail(), "a URL was not fetched");
            Failure::from(error).at(FIELD)
        };
        let response = self.client.send(Request::get(uri, self.rules.limits.clone())).await.map_err(refused)?;
        if response.status != StatusCode::OK {
            return Err(answered(&response));
        }
        let said = |name: HeaderName| {
            let value = response.headers.get(name)?;
            Some(String::from_utf8_lossy(value.as_bytes()).into_owned())
        };
        let name = file_name::of_answer(
            response.url.host_str().unwrap_or_default(),
            response.url.path(),
            said(CONTENT_DISPOSITION).as_deref(),
            said(CONTENT_TYPE).as_deref(),
        );
        let mut body = response.body;
        let mut file = Scratch::new()?;
        let (mut hasher, mut size) = (Hasher::default(), 0);
        while let Some(chunk) = body.chunk().await.map_err(refused)? {
            file.write(&chunk)?;
            hasher.update(&chunk);
            size += chunk.len() as u64;
        }
        info!(host = response.url.host_str(), size, "a URL was fetched");
        Ok(Fetched { file, sha256: hasher.finish(), size, name })
    }
}

/// A place among the imports that run.
struct ImportPlace<'a> {
    allowed: &'a Allowed,
    tenant: TenantId,
    _room: tokio::sync::SemaphorePermit<'a>,
}

impl Drop for ImportPlace<'_> {
    fn drop(&mut self) {
        let mut tenants = self.allowed.tenants.lock();
        if let Some(running) = tenants.get_mut(&self.tenant) {
            *running = running.saturating_sub(1);
            if *running == 0 {
                tenants.remove(&self.tenant);
            }
        }
    }
}

/// The answer where nothing is imported.
fn disabled() -> Failure {
    let message = "this installation does not import by URL: its operator may set import.enabled (the lectern binary: --import); \
                   else fetch the file yourself and upload it";
    Failure::new(Kind::FailedPrecondition, Reason::ImportDisabled, message).at(FIELD)
}

/// The server answered, but not with the document.
fn answered(response: &Response) -> Failure {
    let status = response.status;
    let (kind, advice) = match status {
        StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_EARLY | StatusCode::TOO_MANY_REQUESTS => {
            (Kind::Unavailable, "try again later")
        }
        _ if status.is_server_error() => (Kind::Unavailable, "try again later"),
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
            (Kind::FailedPrecondition, "the file is not for everybody: fetch it yourself and upload it")
        }
        _ => (Kind::FailedPrecondition, "check the URL"),
    };
    let host = response.url.host_str().unwrap_or_default();
    Failure::new(kind, Reason::UrlUnreachable, format!("{host} answers {status}; {advice}")).at(FIELD)
}
