//! Wires adapters to the domain; nothing else constructs an adapter.

use std::sync::Arc;

use lectern_blob::Blob;
use lectern_core::keys::TenantSecret;
use lectern_core::{Clock, Failure, OsRandom, SystemClock};
use lectern_proto::FILE_DESCRIPTOR_SET;
use lectern_proto::gateway::v1::credential_service_server::CredentialServiceServer;
use lectern_proto::v1::admin_service_server::AdminServiceServer;
use lectern_proto::v1::document_service_server::DocumentServiceServer;
use lectern_proto::v1::key_service_server::KeyServiceServer;
use lectern_proto::v1::narration_service_server::NarrationServiceServer;
use lectern_proto::v1::quota_service_server::QuotaServiceServer;
use lectern_proto::v1::tenant_service_server::TenantServiceServer;
use lectern_proto::v1::voice_service_server::VoiceServiceServer;
use lectern_queue::Queue;
use lectern_rpc::{Authenticate, Server, ServiceCredential, Serving, WithServices, server::ServerConfig, tune};
use lectern_runtime::Context;
use lectern_stage::app::{Adapters, measure_store, watch_health};
use lectern_stage::names::verify_names;
use lectern_store::{Collection, Store};
use tokio_util::sync::CancellationToken;

use crate::admission::Admission;
use crate::api;
use crate::audit::{self, Audit};
use crate::conduct::supervise::{Panics, Supervisor};
use crate::conduct::{Conductor, DispatchOptions, Dispatcher};
use crate::config::Config;
use crate::dead_letters::DeadLetters;
use crate::domain::{Key, Narration};
use crate::keys::ApiKeys;
use crate::orders::Orders;
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
        let upstream =
            Upstream::new(to(&common.ingest.url)?, to(&common.ai.url)?, to(&common.tts.url)?, Arc::clone(&credential));
        let secrets = common.secrets();
        verify_names(&store, &secrets).await?;
        let master = secrets.names();
        let pages = secrets.of(&KEYS.parse().map_err(|_| Failure::internal("keys is an id"))?);
        let (narrations, keys, records) = collections(Arc::clone(&store)).await?;
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
        let stages: Arc<dyn Stages> = Arc::new(upstream.clone());
        let conductor =
            Conductor::new(narrations.clone(), Arc::clone(&queue), Arc::clone(&stages), Arc::clone(&clock), dispatcher)
                .with_retention(common.retention.after);
        let orders = Orders::new(
            narrations,
            conductor.clone(),
            stages,
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

    /// Serves the public API until `stop`.
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
        let narrations = api::Narrations::new(
            self.orders.clone(),
            self.conductor.clone(),
            self.upstream.clone(),
            Arc::clone(&self.blob),
            Arc::clone(&self.master),
            stop.clone(),
            self.audit.clone(),
        );
        let documents = api::Documents::new(self.upstream.clone(), self.orders.clone(), self.audit.clone());
        let letters = DeadLetters::new(Arc::clone(&self.queue), self.orders.clone(), Arc::clone(&self.clock));
        let dispatcher = self.conductor.dispatcher().clone();
        let (tenants, audit, pages) = (&self.tenants, &self.audit, &self.pages);
        let admin = api::Admin::new(letters, dispatcher, self.admission.clone(), audit.clone(), pages.clone());
        let keys = api::Keys::new(self.keys.clone(), tenants.clone(), audit.clone(), pages.clone());
        let credentials = api::Credentials::new(self.keys.clone(), tenants.clone());
        let everybody = self.config.tenant_limits(&config.limits);
        let quota = api::Quota::new(
            tenants.clone(),
            self.admission.clone(),
            self.upstream.clone(),
            everybody,
            Arc::clone(&self.clock),
        );
        let tenants = api::Tenants::new(tenants.clone(), audit.clone(), pages.clone());
        let voices = api::Voices::new(self.upstream.clone());
        Server::builder(config, authenticate, context.health.clone(), Arc::clone(&self.clock))
            .service(tune!(NarrationServiceServer::new(narrations)))
            .service(tune!(DocumentServiceServer::new(documents), MESSAGE_LIMIT))
            .service(tune!(KeyServiceServer::new(keys)))
            .service(tune!(TenantServiceServer::new(tenants)))
            .service(tune!(QuotaServiceServer::new(quota)))
            .service(tune!(CredentialServiceServer::new(credentials)))
            .service(tune!(AdminServiceServer::new(admin)))
            .service(tune!(VoiceServiceServer::new(voices)))
            .reflect(FILE_DESCRIPTOR_SET)
            .serve(stop)
    }
}

/// Those of tenants, pauses and grants are the dispatcher's.
async fn collections(
    store: Arc<dyn Store>,
) -> Result<(Collection<Narration>, Collection<Key>, Collection<audit::Record>), Failure> {
    let narrations = Collection::<Narration>::new(store);
    let (keys, records) = (narrations.beside(), narrations.beside());
    narrations.ensure().await?;
    keys.ensure().await?;
    records.ensure().await?;
    Ok((narrations, keys, records))
}

/// The process: connects, serves and conducts until told to stop.
///
/// # Errors
/// What keeps it from starting, or ends it.
pub async fn run(config: Config, context: Context) -> Result<(), Failure> {
    config.check()?;
    let common = &config.common;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let store = lectern_store::connect(&common.store_url("gateway"), common.store_options()).await?;
    let queue: Arc<dyn Queue> = lectern_queue::connect(&common.queue.url, common.queue_options("gateway")).await?;
    let blob = lectern_blob::connect(&common.blob.url, &common.blob.options(), Arc::clone(&clock)).await?;
    let adapters = Adapters { store, queue, blob, clock };
    watch_health(&context, &adapters, context.shutdown.token());
    let gateway = Gateway::new(&config, &adapters).await?;
    let stop = context.shutdown.token();
    let serving = gateway.serve(common.server.clone(), gateway.authenticate(), &context, stop.clone())?;
    lectern_stage::app::announce(serving.addr);
    gateway.conduct(stop).await;
    gateway.drain(lectern_stage::app::ended(serving, &adapters)).await
}
