//! Wires adapters to the domain; nothing else in this service constructs an adapter.

use std::net::SocketAddr;
use std::sync::Arc;

use async_trait::async_trait;
use lectern_blob::Blob;
use lectern_core::keys::TenantSecret;
use lectern_core::{Clock, Failure, OsRandom};
use lectern_proto::FILE_DESCRIPTOR_SET;
use lectern_proto::gateway::v1::credential_service_server::CredentialServiceServer;
use lectern_proto::v1::admin_service_server::AdminServiceServer;
use lectern_proto::v1::document_service_server::DocumentServiceServer;
use lectern_proto::v1::key_service_server::KeyServiceServer;
use lectern_proto::v1::lexicon_service_server::LexiconServiceServer;
use lectern_proto::v1::narration_service_server::NarrationServiceServer;
use lectern_proto::v1::quota_service_server::QuotaServiceServer;
use lectern_proto::v1::tenant_service_server::TenantServiceServer;
use lectern_proto::v1::voice_service_server::VoiceServiceServer;
use lectern_proto::v1::writer_service_server::WriterServiceServer;
use lectern_queue::Queue;
use lectern_rpc::{
    Authenticate, Server, ServiceCredential, Serving, WithServices, serve_plain, server::ServerConfig, tune,
};
use lectern_runtime::Context;
use lectern_stage::app::{Adapters, ServiceProgram, connect_store, measure_cache, measure_store, watch_health};
use lectern_stage::config::Settings as _;
use lectern_stage::names::verify_names;
use lectern_store::{Collection, CollectionSpec, Record, Store};
use tokio_util::sync::CancellationToken;
use tonic::service::Routes;

use crate::admission::Admission;
use crate::api;
use crate::audit::{self, Audit};
use crate::conduct::supervise::{Panics, Supervisor};
use crate::conduct::{Conductor, DispatchOptions, Dispatcher};
use crate::config::Config;
use crate::dead_letters::DeadLetters;
use crate::domain::{Key, LexiconRecord, Narration, Pause, TenantRecord};
use crate::keys::ApiKeys;
use crate::orders::Orders;
use crate::scaler::Scaler;
use crate::stages::Stages;
use crate::tenants::Tenants;
use crate::upstream::{Classes, MESSAGE_LIMIT, Upstream};

/// The tenant under whose secret the page tokens of administrators are sealed, and from whose the
/// ids of keys follow. Nobody is it.
const KEYS: &str = "keys";

/// The gateway, put together and not yet serving.
#[derive(Debug, Clone)]
pub struct Gateway {
    conductor: Conductor,
    orders: Orders,
    admission: Admission,
    tenants: Tenants,
    keys: ApiKeys,
    audit: Audit,
    upstream: Upstream,
    store: Arc<dyn Store>,
    queue: Arc<dyn Queue>,
    blob: Arc<dyn Blob>,
    clock: Arc<dyn Clock>,
    credential: Arc<ServiceCredential>,
    master: Arc<[u8]>,
    pages: TenantSecret,
    config: Arc<Config>,
}

impl Gateway {
    /// The gateway over these adapters.
    ///
    /// # Errors
    /// `STORE_UNAVAILABLE` when its collections cannot be made, `INVALID_FIELD` for settings that
    /// cannot be used.
    pub async fn new(config: &Config, adapters: &Adapters) -> Result<Self, Failure> {
        let Adapters { store, queue, blob, clock } = adapters.clone();
        let common = &config.common;
        let credential = Arc::new(common.credential(Arc::clone(&clock))?);
        let to = |url: &str| Classes::to(&common.calls(url));
        // What the conductor asks nobody else repeats.
        let conducting =
            Upstream::new(to(&common.ingest.url)?, to(&common.ai.url)?, to(&common.tts.url)?, Arc::clone(&credential));
        let upstream = conducting.without_retries();
        let secrets = common.secrets();
        let (narrations, keys, records) = migrate(config, &store).await?;
        let master = secrets.names();
        let pages = secrets.of(&KEYS.parse().map_err(|_| Failure::internal("keys is an id"))?);
        let dispatcher = Dispatcher::new(
            narrations.clone(),
            Arc::clone(&queue),
            Arc::clone(&clock),
            Arc::new(OsRandom),
            Arc::clone(&master),
            DispatchOptions { per_tenant: config.dispatch.per_tenant },
        );
        dispatcher.ensure().await?;
        let admin = [&config.admin_key, &config.admin_key_previous].into_iter().filter(|key| !key.is_empty());
        let admin = admin.cloned().collect();
        let tenants = dispatcher.tenants().clone();
        let keys = ApiKeys::new(keys, tenants.clone(), Arc::clone(&clock), admin, pages.clone());
        let audit = Audit::new(records, Arc::clone(&clock), Arc::new(OsRandom), config.audit.kept);
        let admission = Admission::new(
            narrations.clone(),
            Arc::clone(&clock),
            Arc::new(OsRandom),
            config.backlog.clone(),
            tenants.clone(),
        );
        let stages: Arc<dyn Stages> = Arc::new(conducting);
        let conductor = Conductor::new(narrations.clone(), Arc::clone(&queue), stages, Arc::clone(&clock), dispatcher)
            .with_retention(common.retention.after);
        let orders = Orders::new(
            narrations,
            conductor.clone(),
            Arc::new(upstream.clone()),
            Arc::clone(&clock),
            Arc::new(OsRandom),
            secrets,
            admission.clone(),
            tenants.clone(),
        );
        let config = Arc::new(config.clone());
        Ok(Self {
            conductor,
            orders,
            admission,
            tenants,
            keys,
            audit,
            upstream,
            store,
            queue,
            blob,
            clock,
            credential,
            master,
            pages,
            config,
        })
    }

    /// Who may call: services of the installation, and API keys.
    #[must_use]
    pub fn authenticate(&self) -> Arc<dyn Authenticate> {
        Arc::new(WithServices::new((*self.credential).clone(), Arc::new(self.keys.clone())))
    }

    /// Conducts until `stop`, and deletes audit records and keys that were kept for long enough,
    /// each in a task that begins again when it panics. What is unfinished is looked for and
    /// published at the start, so that the queue may have lost it.
    pub async fn conduct(&self, stop: CancellationToken) {
        measure_store("gateway", &self.store);
        measure_cache("narrations", self.conductor.lookups());
        let mut parts = Supervisor::new(Panics::default(), stop.clone());
        let (audit, until) = (self.audit.clone(), stop.clone());
        parts.start("audit", move || audit.clone().run(until.clone()));
        let (keys, after, until) = (self.keys.clone(), self.config.common.retention.after, stop.clone());
        parts.start("keys", move || keys.clone().sweep_from_time_to_time(after, until.clone()));
        let (dispatcher, admission, until) =
            (self.conductor.dispatcher().clone(), self.admission.clone(), stop.clone());
        parts.start("levels", move || {
            let (dispatcher, admission, until) = (dispatcher.clone(), admission.clone(), until.clone());
            async move { dispatcher.measure(&admission, until).await }
        });
        tokio::join!(self.conductor.clone().run(stop), parts.ended());
    }

    /// Waits for `drained`, the end of the calls in hand, and tells other gateways meanwhile of the
    /// narrations that they change.
    pub async fn drain<T>(&self, drained: impl Future<Output = T>) -> T {
        self.conductor.dispatcher().relay_during(drained).await
    }

    /// Serves the public API until `stop`, and for the time of the lame duck after it. What streams
    /// live on is [conducted](Self::conduct) until then.
    ///
    /// # Errors
    /// `INVALID_FIELD` for an address that cannot be listened on.
    pub fn serve(
        &self,
        config: ServerConfig,
        authenticate: Arc<dyn Authenticate>,
        context: &Context,
        stop: CancellationToken,
    ) -> Result<Serving, Failure> {
        let everybody = self.config.tenant_limits(&config.limits);
        let server = Server::builder(config, authenticate, context.health.clone(), Arc::clone(&self.clock));
        let narrations = api::Narrations::new(
            self.orders.clone(),
            self.conductor.clone(),
            self.upstream.clone(),
            Arc::clone(&self.blob),
            Arc::clone(&self.master),
            server.closing(),
            self.audit.clone(),
        );
        let documents = api::Documents::new(self.upstream.clone(), self.orders.clone(), self.audit.clone());
        let dead_letters = DeadLetters::new(Arc::clone(&self.queue), self.orders.clone(), Arc::clone(&self.clock));
        let dispatcher = self.conductor.dispatcher().clone();
        let (tenants, audit, pages) = (&self.tenants, &self.audit, &self.pages);
        let admin = api::AdminParts {
            dead_letters,
            dispatcher,
            admission: self.admission.clone(),
            audit: audit.clone(),
            orders: self.orders.clone(),
            stages: Arc::new(self.upstream.clone()),
            health: context.health.clone(),
            settings: self.config.in_force()?,
            clock: Arc::clone(&self.clock),
        };
        let admin = api::Admin::new(admin, pages.clone());
        let keys = api::Keys::new(self.keys.clone(), tenants.clone(), audit.clone(), pages.clone());
        let credentials = api::Credentials::new(self.keys.clone(), tenants.clone());
        let quota = api::Quota::new(
            tenants.clone(),
            self.admission.clone(),
            self.upstream.clone(),
            everybody,
            Arc::clone(&self.clock),
        );
        let tenants = api::Tenants::new(tenants.clone(), audit.clone(), pages.clone()).asking(self.upstream.clone());
        let voices = api::Voices::new(self.upstream.clone());
        let writers = api::Writers::new(self.upstream.clone());
        let lexicons = api::Lexicons::new(self.orders.lexicons().clone(), audit.clone(), self.config.common.secrets());
        server
            .service(tune!(NarrationServiceServer::new(narrations)))
            .service(tune!(DocumentServiceServer::new(documents), MESSAGE_LIMIT))
            .service(tune!(KeyServiceServer::new(keys)))
            .service(tune!(TenantServiceServer::new(tenants)))
            .service(tune!(QuotaServiceServer::new(quota)))
            .service(tune!(CredentialServiceServer::new(credentials)))
            .service(tune!(AdminServiceServer::new(admin)))
            .service(tune!(VoiceServiceServer::new(voices)))
            .service(tune!(WriterServiceServer::new(writers)))
            .service(tune!(LexiconServiceServer::new(lexicons)))
            .reflect(FILE_DESCRIPTOR_SET)
            .serve(stop)
    }

    /// Serves KEDA's external scaler on `listen` until `stop`: how much there is to do for each
    /// stage service, to everybody who reaches it.
    ///
    /// # Errors
    /// `INVALID_FIELD` for an address that cannot be listened on.
    pub fn serve_scaler(&self, listen: SocketAddr, stop: CancellationToken) -> Result<Serving, Failure> {
        let scaler = Scaler::new(self.conductor.dispatcher().clone(), stop.clone());
        serve_plain("scaler.listen", listen, Routes::new(scaler.into_server()), stop)
    }
}

/// Makes every collection of the gateway if it is not there, and brings it forward. Those of
/// tenants and pauses are the dispatcher's, and are not given.
async fn migrate(
    config: &Config,
    store: &Arc<dyn Store>,
) -> Result<(Collection<Narration>, Collection<Key>, Collection<audit::Record>), Failure> {
    verify_names(store, &config.common.secrets()).await?;
    let narrations = Collection::<Narration>::new(Arc::clone(store));
    let (keys, records) = (narrations.beside(), narrations.beside());
    narrations.ensure().await?;
    keys.ensure().await?;
    records.ensure().await?;
    narrations.beside::<TenantRecord>().ensure().await?;
    narrations.beside::<Pause>().ensure().await?;
    narrations.beside::<LexiconRecord>().ensure().await?;
    Ok((narrations, keys, records))
}

/// The gateway as a program.
#[derive(Debug)]
pub struct Program;

#[async_trait]
impl ServiceProgram for Program {
    const NAME: &'static str = "gateway";
    type Config = Config;

    fn check(config: &Config) -> Result<(), Failure> {
        config.check()
    }

    async fn serve(config: Config, context: Context) -> Result<(), Failure> {
        let common = &config.common;
        let adapters = Adapters::connect(common, Self::NAME).await?;
        watch_health(&context, &adapters, context.shutdown.token());
        let gateway = Gateway::new(&config, &adapters).await?;
        let stop = context.shutdown.token();
        let serving = gateway.serve(common.server.clone(), gateway.authenticate(), &context, stop.clone())?;
        lectern_stage::app::announce(serving.addr);
        let scaler = config.scaler.listen.map(|listen| gateway.serve_scaler(listen, stop.clone())).transpose()?;
        // Whoever still calls is served as ever.
        gateway.conduct(serving.closing()).await;
        gateway.drain(lectern_stage::app::ended(serving, &adapters)).await?;
        match scaler {
            Some(scaler) => scaler.ended().await,
            None => Ok(()),
        }
    }

    async fn migrate(config: Config) -> Result<(), Failure> {
        let store = connect_store(&config.common, Self::NAME).await?;
        migrate(&config, &store).await.map(drop)
    }

    fn collections() -> Vec<CollectionSpec> {
        vec![Narration::SPEC, Key::SPEC, Pause::SPEC, TenantRecord::SPEC, LexiconRecord::SPEC, audit::Record::SPEC]
    }
}
