//! Wires the embedded adapters to all four services: SQLite, a queue in this process, a directory,
//! the extractive engine, the local voice.
//!
//! The public port is the gateway's. It asks for no key, so it must be on loopback. Each stage
//! listens on a free port of loopback, where the gateway calls it as it would in production, and
//! where nobody else may: other users of the machine reach loopback too.

use std::net::SocketAddr;
use std::sync::Arc;

use lectern_ai::app::Ai;
use lectern_blob::Blob;
use lectern_core::{Clock, Failure, SystemClock};
use lectern_gateway::app::Gateway;
use lectern_ingest::app::Ingest;
use lectern_queue::Queue;
use lectern_rpc::{Authenticate, Open, ServerConfig, ServiceCredential, WithServices};
use lectern_runtime::Context;
use lectern_stage::app::{Adapters, announce, this_program, watch_health};
use lectern_stage::config::Url;
use lectern_stage::{Common, NoKeys};
use lectern_tts::app::Tts;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::config::Config;
use crate::private;

/// An embedded instance that runs.
#[derive(Debug)]
pub struct Embedded {
    /// Where its public API is.
    pub address: SocketAddr,
    work: JoinSet<Result<(), Failure>>,
    stop: CancellationToken,
}

impl Embedded {
    /// Starts all services on the data in `config.data`, which no other process may use meanwhile.
    ///
    /// # Errors
    /// What keeps them from starting.
    pub async fn start(config: &Config, context: &Context, stop: CancellationToken) -> Result<Self, Failure> {
        if !config.server.listen.ip().is_loopback() {
            return Err(Failure::invalid(
                "server.listen",
                format!(
                    "{} is not on loopback; the embedded instance asks for no key, so it listens on 127.0.0.1 or [::1] alone",
                    config.server.listen
                ),
            ));
        }
        private::folder(&config.data)?;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let queue = lectern_queue::connect("memory:", lectern_queue::ConnectOptions::default()).await?;
        let objects = config.data.join("objects");
        private::folder(&objects)?;
        let objects = format!("file:{}", objects.display());
        let blob = lectern_blob::connect(&objects, Arc::clone(&clock)).await?;
        let secret = private::secret(&config.data.join("secret"))?;

        let adapters =
            |service: &'static str| open(config, service, Arc::clone(&queue), Arc::clone(&blob), Arc::clone(&clock));
        let (of_gateway, of_ingest, of_ai, of_tts) =
            tokio::try_join!(adapters("gateway"), adapters("ingest"), adapters("ai"), adapters("tts"))?;

        let mut common = Common {
            secret: secret.clone(),
            permits: config.permits,
            server: config.server.clone(),
            ..Common::default()
        };
        let ingest = lectern_ingest::config::Config {
            common: common.clone(),
            limits: config.limits.clone(),
            sandbox: config.sandbox.clone(),
            import: config.import.clone(),
            ocr: config.ocr.clone(),
        };
        let ingest = Ingest::new(&ingest, &of_ingest, this_program()?).await?;
        let ai = Ai::new(&lectern_ai::config::Config { common: common.clone() }, &of_ai).await?;
        let tts = lectern_tts::config::Config {
            common: common.clone(),
            voice_dir: config.voice_dir.clone(),
            engine: config.engine,
            script: config.script.clone(),
        };
        let tts = Tts::new(&tts, &of_tts).await?;
        // Nobody works yet, so every lease is of an earlier boot.
        for steps in [ingest.steps(), ai.steps(), tts.steps()] {
            steps.void_leases_of_earlier_boot().await?;
        }

        let credential = || ServiceCredential::new(secret.clone(), Arc::clone(&clock));
        let everybody: Arc<dyn Authenticate> = Arc::new(WithServices::new(credential()?, Arc::new(Open::new()?)));
        let gateway_alone: Arc<dyn Authenticate> = Arc::new(WithServices::new(credential()?, Arc::new(NoKeys)));
        let anywhere = ServerConfig::default();
        let stages = [
            ingest.serve(anywhere.clone(), Arc::clone(&gateway_alone), context, stop.clone())?,
            ai.serve(anywhere.clone(), Arc::clone(&gateway_alone), context, stop.clone())?,
            tts.serve(anywhere, Arc::clone(&gateway_alone), context, stop.clone())?,
        ];
        [common.ingest, common.ai, common.tts] =
            stages.each_ref().map(|stage| Url { url: format!("http://{}", stage.addr) });
        let gateway = lectern_gateway::config::Config { common, ..lectern_gateway::config::Config::default() };
        let gateway = Gateway::new(&gateway, &of_gateway).await?;
        let serving = gateway.serve(config.server.clone(), everybody, context, stop.clone())?;
        watch_health(context, &of_gateway);

        let address = serving.addr;
        let mut work = JoinSet::new();
        work.spawn(serving.ended());
        for stage in stages {
            work.spawn(stage.ended());
        }
        let token = stop.clone();
        work.spawn(async move { gateway.conduct(true, token).await });
        let (health, token) = (context.health.clone(), stop.clone());
        work.spawn(async move {
            ingest.work(&health, token).await;
            Ok(())
        });
        let (health, token) = (context.health.clone(), stop.clone());
        work.spawn(async move {
            ai.work(&health, token).await;
            Ok(())
        });
        let (health, token) = (context.health.clone(), stop.clone());
        work.spawn(async move {
            tts.work(&health, token).await;
            Ok(())
        });
        Ok(Self { address, work, stop })
    }

    /// Runs until it is stopped, or one of its parts fails, and drains.
    ///
    /// # Errors
    /// The failure of the part.
    pub async fn ended(mut self) -> Result<(), Failure> {
        let mut result = Ok(());
        while let Some(ended) = self.work.join_next().await {
            let ended =
                ended.unwrap_or_else(|e| Err(Failure::internal(format!("a part of the instance broke off: {e}"))));
            if result.is_ok() {
                result = ended;
            }
            self.stop.cancel();
        }
        result
    }
}

async fn open(
    config: &Config,
    service: &'static str,
    queue: Arc<dyn Queue>,
    blob: Arc<dyn Blob>,
    clock: Arc<dyn Clock>,
) -> Result<Adapters, Failure> {
    let folder = config.data.join("store").join(service);
    private::folder(&folder)?;
    let url = format!("sqlite:{}", folder.join("lectern.db").display());
    let store = lectern_store::connect(&url, lectern_store::ConnectOptions::default()).await?;
    Ok(Adapters { store, queue, blob, clock })
}

/// `lectern up`: serves until it is stopped.
///
/// # Errors
/// What keeps it from starting, or ends it.
pub async fn up(config: Config, context: Context) -> Result<(), Failure> {
    // It writes nothing but its data.
    private::for_the_owner_alone();
    let embedded = Box::pin(Embedded::start(&config, &context, context.shutdown.token())).await?;
    announce(embedded.address);
    tracing::info!(data = %config.data.display(), "data is kept here; Ctrl-C stops");
    embedded.ended().await
}
