//! Where a command does its work: on a running server, or on an instance of its own that ends with
//! the command.

use std::path::PathBuf;
use std::time::Duration;

use lectern_client::Client;
use lectern_core::Failure;
use lectern_runtime::Context;
use tokio_util::sync::CancellationToken;

use super::connect;
use super::out::Out;
use super::words::{self, Stop};
use crate::app::Embedded;
pub use crate::app::Work;
use crate::cli::{At, Place};
use crate::config::Config;
use crate::lock::{self, Holder, Lock, Taken};
use crate::temporary::Temporary;
use crate::{voice_dir, writers};

/// How long steps at work may go on in an instance that is stopped. They are given back then, and
/// have removed their temporary files before the process ends.
const DRAIN: Duration = Duration::from_millis(500);

/// A server that answers.
#[derive(Debug)]
pub struct Instance {
    /// Calls to it.
    pub client: Client,
    /// The URL of a server that lives apart from the command.
    server: Option<String>,
    own: Option<Own>,
    /// The folder that this machine's voice is looked for in, where it is this machine's that
    /// speaks.
    voice_dir: Option<PathBuf>,
    /// The flags that named the place.
    flags: String,
}

/// An instance of the command's own. The fields are dropped in this order: nobody else may take the
/// folder before the instance has ended.
#[derive(Debug)]
struct Own {
    embedded: Embedded,
    _folder: Option<Temporary>,
    _lock: Option<Lock>,
}

impl Instance {
    /// Connects to the server that `at` names, or to the one that serves the data folder of this
    /// machine (`config.data`); or starts an instance on that folder, which does the work that is
    /// asked for. Where another command works on the folder, its end is waited for, and that is
    /// said.
    ///
    /// # Errors
    /// `INVALID_FIELD` for a URL that is not one; what keeps an instance from starting; that it was
    /// interrupted while it waited.
    pub async fn open(at: &At, work: Work, config: &Config, context: &Context, out: &Out) -> Result<Self, Failure> {
        if let Some(server) = &at.server {
            let client = connect(server, at.key.as_ref())?;
            let server = Some(server.clone());
            return Ok(Self { client, server, own: None, voice_dir: None, flags: at.flags() });
        }
        let mut told = false;
        loop {
            let holder = match Lock::take(&config.data, context.name, false)? {
                Taken::Ours(lock) => {
                    return Self::start(work, config.clone(), context, at.flags(), None, Some(lock)).await;
                }
                Taken::By(holder) => holder,
            };
            // Another command's instance answers too, for as long as that command takes: enough to
            // look.
            let answers = |holder: &&Holder| holder.serves || matches!(work, Work::Idle);
            if let Some(holder) = holder.as_ref().filter(answers)
                && let Some(address) = holder.address
            {
                let url = format!("http://{address}");
                let (client, voice_dir) = (connect(&url, None)?, Some(config.voice_dir.clone()));
                // One that serves is started again; what another command has is gone with that.
                let server = holder.serves.then_some(url);
                return Ok(Self { client, server, own: None, voice_dir, flags: at.flags() });
            }
            if !lock::wait(holder.as_ref(), &config.data, &mut told, context, out).await {
                return Err(words::interrupted("stopped while it waited"));
            }
        }
    }

    /// Opens what the flags of a command say that makes something.
    ///
    /// # Errors
    /// Those of [`Self::open`]; that there is no temporary folder.
    pub async fn of(place: &Place, work: Work, config: &Config, context: &Context, out: &Out) -> Result<Self, Failure> {
        if place.temporary {
            Box::pin(Self::temporary(work, config, context)).await
        } else {
            Box::pin(Self::open(&place.at, work, config, context, out)).await
        }
    }

    /// Starts an instance on a folder that is gone with it.
    async fn temporary(work: Work, config: &Config, context: &Context) -> Result<Self, Failure> {
        let folder = Temporary::of_the_system("lectern-")?;
        let config = Config { data: folder.path().to_owned(), ..config.clone() };
        Self::start(work, config, context, String::new(), Some(folder), None).await
    }

    async fn start(
        work: Work,
        mut config: Config,
        context: &Context,
        flags: String,
        folder: Option<Temporary>,
        mut lock: Option<Lock>,
    ) -> Result<Self, Failure> {
        config.server.listen.set_port(0);
        config.server.drain = DRAIN;
        // It outlives the interrupt: first the work is cancelled, then the instance is stopped.
        let stop = CancellationToken::new();
        let started = Box::pin(Embedded::start(&config, context, work, stop)).await;
        let embedded = started.map_err(words::of_configuration)?;
        if let Some(lock) = &mut lock {
            lock.listens(embedded.address)?;
        }
        let client = connect(&format!("http://{}", embedded.address), None)?;
        let own = Own { embedded, _folder: folder, _lock: lock };
        let (own, voice_dir) = (Some(own), Some(config.voice_dir));
        Ok(Self { client, server: None, own, voice_dir, flags })
    }

    /// The URL of the server, which may be out of order for a while and come back: that which the
    /// command named, or that which serves the data of this machine. None of an instance of the
    /// command's own.
    #[must_use]
    pub fn server(&self) -> Option<&str> {
        self.server.as_deref()
    }

    /// The flags that lead another command to the same place, with a space before each.
    #[must_use]
    pub fn flags(&self) -> &str {
        &self.flags
    }

    /// Whether it is an instance of the command's own, which ends with it; else it is a server.
    #[must_use]
    pub const fn is_own(&self) -> bool {
        self.own.is_some()
    }

    /// A failure of a call with what to do about it on this machine.
    #[must_use]
    pub fn explain(&self, failure: Failure) -> Failure {
        let failure = writers::explain(failure, self.is_own());
        match &self.voice_dir {
            Some(used) => voice_dir::explain(failure, used),
            None => failure,
        }
    }

    /// Ends it, once its work has come to `result`: an instance of the command's own is stopped.
    ///
    /// # Errors
    /// That of the work, else what broke in the instance.
    pub async fn close<T>(self, result: Result<T, Stop>) -> Result<T, Stop> {
        let result = result.map_err(|stop| match stop {
            Stop::Failure(failure) => Stop::Failure(self.explain(failure)),
            Stop::Said(status) => Stop::Said(status),
        });
        let Self { client, own, .. } = self;
        // A server lets go of a connection sooner that its client has left.
        drop(client);
        let Some(own) = own else { return result };
        let ended = own.embedded.stop().await;
        let value = result?;
        ended?;
        Ok(value)
    }
}
