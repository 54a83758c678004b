//! Connecting: what of the URI counts, what is overridden, who signs in, and what the deployment
//! allows.

use std::future::IntoFuture;
use std::path::Path;
use std::sync::Arc;

use lectern_core::Failure;
use mongodb::bson::{Document, doc};
use mongodb::options::{
    ClientOptions, ConnectionString, Credential, ReadConcern, ReadPreference, SelectionCriteria, Tls, TlsOptions,
    WriteConcern,
};
use mongodb::{Client, Database};

use super::{MongoStore, error, forms, pool};
use crate::error::StoreError;
use crate::pool::PoolStats;
use crate::url::StoreUrl;
use crate::{ConnectOptions, Credentials, TlsFiles};

/// Connections of a client to one server beside its pool: its monitors.
const MONITORS: u64 = 2;

impl MongoStore {
    /// Connects to the database that the URI's path names and waits until it answers.
    ///
    /// # Errors
    /// `InvalidArgument` for a URI or options that cannot be used, `Unavailable` when no server
    /// answers in time, or the name of the deployment cannot be resolved.
    pub async fn open(url: &StoreUrl, options: ConnectOptions) -> Result<Self, Failure> {
        let mut client = parsed(url, &options).await?;
        let Some(name) = client.default_database.clone() else {
            return Err(wrong("it names no database"));
        };
        // The URI may have named another size.
        let max_pool_size = client.max_pool_size.unwrap_or(options.max_pool_size);
        let options = ConnectOptions { max_pool_size, ..options };
        let stats = Arc::new(PoolStats::new(max_pool_size));
        client.cmap_event_handler = Some(pool::counting(&stats));
        let client = Client::with_options(client).map_err(|error| wrong(&error.to_string()))?;
        let database = client.database(&name);
        let specs = parking_lot::RwLock::default();
        let store = Self { database, specs, pool: stats, within: options.select_within };
        match store.limited(store.database.run_command(doc! { "ping": 1 }).into_future()).await {
            Some(Ok(_)) => {}
            Some(Err(error)) if error::is_refused(&error) => {
                return Err(wrong("the database refused its user name and password, or its certificate"));
            }
            Some(Err(error)) => return Err(error::of_read("answer", &error).into()),
            None => return Err(StoreError::unavailable("answer", store.too_long()).into()),
        }
        tracing::info!(database = name, pool = options.max_pool_size, %url, "connected to the database");
        let store = Self { within: options.operation_within, ..store };
        store.compare_with_what_is_allowed(&options).await;
        Ok(store)
    }

    /// Warns when the pools may need more connections than the deployment has.
    async fn compare_with_what_is_allowed(&self, options: &ConnectOptions) {
        let admin: Database = self.database.client().database("admin");
        let asked = admin.run_command(doc! { "serverStatus": 1 });
        let connections = match self.limited(asked.into_future()).await {
            Some(Ok(status)) => status.get_document("connections").ok().and_then(Connections::of),
            Some(Err(error)) => {
                tracing::debug!(%error, "the connection limit is not known; the role clusterMonitor would tell it");
                None
            }
            None => None,
        };
        if let Some(warning) = connections.and_then(|connections| connections.too_few(options)) {
            tracing::warn!("{warning}");
        }
    }
}

/// What a server says of its connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Connections {
    current: u64,
    available: u64,
}

impl Connections {
    fn of(status: &Document) -> Option<Self> {
        Some(Self { current: forms::count(status, "current")?, available: forms::count(status, "available")? })
    }

    /// What to say when the pools may need more than there is.
    fn too_few(self, options: &ConnectOptions) -> Option<String> {
        let limit = self.current + self.available;
        let one = u64::from(options.max_pool_size) + MONITORS;
        if options.processes > 0 {
            let all = one * u64::from(options.processes);
            return (all > limit).then(|| {
                format!(
                    "the database server takes {limit} connections, and {} processes with pools of {} may need {all}; \
                     lower store.pool, or give the deployment more",
                    options.processes, options.max_pool_size
                )
            });
        }
        // How many processes there are is not known: what is left is compared with this one's.
        (one > self.available).then(|| {
            format!(
                "the database server has {} of {limit} connections left, and this process may need {one}; lower \
                 store.pool, or give the deployment more (store.processes says how many share it)",
                self.available
            )
        })
    }
}

fn wrong(why: &str) -> Failure {
    Failure::invalid(
        "store.url",
        format!(
            "the MongoDB URI cannot be used: {why}; give mongodb://host:port/database or mongodb+srv://name/database"
        ),
    )
}

/// The options of the driver: those of the URI, and those that are ours to decide.
async fn parsed(url: &StoreUrl, options: &ConnectOptions) -> Result<ClientOptions, Failure> {
    options.check(url)?;
    // Looks nothing up yet.
    ConnectionString::parse(url.expose()).map_err(|error| wrong(&error.to_string()))?;
    let resolved =
        tokio::time::timeout(options.connect_within, Box::pin(ClientOptions::parse(url.expose()).into_future()));
    let mut client = match resolved.await {
        Ok(Ok(client)) => client,
        Ok(Err(error)) if error::is_unresolved(&error) => return Err(unresolved(url, &error.to_string())),
        Ok(Err(error)) => return Err(wrong(&error.to_string())),
        Err(_) => return Err(unresolved(url, &format!("no answer within {:?}", options.connect_within))),
    };
    decide(&mut client, options);
    if let Some(credentials) = &options.credentials {
        sign_in(&mut client, credentials, url)?;
    }
    if let Some(files) = &options.tls {
        secure(&mut client, files)?;
    } else if believes_anyone(&client) {
        tracing::warn!("the URI has every certificate of the database server believed; drop tlsInsecure from it");
    }
    Ok(client)
}

fn unresolved(url: &StoreUrl, why: &str) -> Failure {
    StoreError::unavailable(
        format!("be found by {url}"),
        format!("DNS did not resolve the name to servers (records SRV of _mongodb._tcp and TXT): {why}"),
    )
    .into()
}

/// Sets what correctness rests on, whatever the URI says, and the limits.
fn decide(client: &mut ClientOptions, options: &ConnectOptions) {
    let primary = SelectionCriteria::ReadPreference(ReadPreference::Primary);
    if client.selection_criteria.as_ref().is_some_and(|criteria| *criteria != primary) {
        tracing::warn!("the URI's read preference is not followed: decisions rest on reads of the primary");
    }
    client.selection_criteria = Some(primary);
    let mut concern = WriteConcern::majority();
    concern.journal = Some(true);
    concern.w_timeout = Some(options.operation_within);
    client.write_concern = Some(concern);
    client.read_concern = Some(ReadConcern::majority());
    client.retry_writes = Some(true);
    client.retry_reads = Some(true);
    client.max_pool_size.get_or_insert(options.max_pool_size);
    client.min_pool_size.get_or_insert(options.min_pool_size);
    client.app_name.get_or_insert_with(|| options.application.clone());
    client.connect_timeout = Some(options.connect_within);
    client.server_selection_timeout = Some(options.select_within);
}

fn sign_in(client: &mut ClientOptions, credentials: &Credentials, url: &StoreUrl) -> Result<(), Failure> {
    let password = match &credentials.password_file {
        None => credentials.password.clone(),
        Some(path) => {
            let text = std::fs::read_to_string(path).map_err(|error| {
                let message = format!("{} cannot be read: {error}; give a file with the password", path.display());
                Failure::invalid("store.password_file", message)
            })?;
            text.trim_end_matches(['\n', '\r']).to_owned()
        }
    };
    // As the driver does for a user of the URI.
    let source = url.option("authSource").map(str::to_owned).or_else(|| client.default_database.clone());
    let credential = client.credential.get_or_insert_with(Credential::default);
    credential.username = Some(credentials.username.clone());
    credential.password = Some(password);
    credential.source = source;
    Ok(())
}

/// Whether the URI turns the check of the server's certificate off, by either of its options.
fn believes_anyone(client: &ClientOptions) -> bool {
    matches!(&client.tls, Some(Tls::Enabled(tls)) if tls.allow_invalid_certificates == Some(true))
}

fn secure(client: &mut ClientOptions, files: &TlsFiles) -> Result<(), Failure> {
    if client.tls == Some(Tls::Disabled) {
        return Err(Failure::invalid("store.tls", "the URL turns TLS off, and store.tls wants it; drop one of them"));
    }
    if believes_anyone(client) {
        let message = "the URL has every certificate believed, and store.tls wants them checked; drop tlsInsecure and \
                       tlsAllowInvalidCertificates from the URL";
        return Err(Failure::invalid("store.tls", message));
    }
    let mut tls = match client.tls.take() {
        Some(Tls::Enabled(tls)) => tls,
        Some(Tls::Disabled) | None => TlsOptions::default(),
    };
    if let Some(path) = &files.ca {
        readable("store.tls.ca", path)?;
        tls.ca_file_path = Some(path.clone());
    }
    if let Some(path) = &files.certificate {
        readable("store.tls.certificate", path)?;
        tls.cert_key_file_path = Some(path.clone());
    }
    client.tls = Some(Tls::Enabled(tls));
    Ok(())
}

fn readable(setting: &'static str, path: &Path) -> Result<(), Failure> {
    std::fs::read(path).map(drop).map_err(|error| {
        Failure::invalid(setting, format!("{} cannot be read: {error}; give a file in PEM", path.display()))
    })
}

#[cfg(test)]
mod tests;
