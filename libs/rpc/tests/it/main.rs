//! A server on loopback, called as a stranger would.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

mod by_hand;
mod calls;
mod ending;
mod life;
mod peers;
mod probe;
mod replicas;
mod signals;
mod tls;

use std::sync::Arc;

use async_trait::async_trait;
use lectern_core::clock::ManualClock;
use lectern_core::{Clock, Failure, Timestamp};
use lectern_rpc::{
    ApiKey, Authenticate, Caller, Channel, ClientConfig, Credential, Outbound, Role, Server, ServerConfig,
    ServiceCredential, Serving, TenantLimits, WithServices, channel, key_invalid,
};
use lectern_runtime::{HealthState, Secret};
use tokio_util::sync::CancellationToken;

/// Knows one key, of the tenant `t1`.
struct OneKey(ApiKey);

#[async_trait]
impl Authenticate for OneKey {
    async fn authenticate(&self, credential: &Credential) -> Result<Caller, Failure> {
        let Credential::Key(key) = credential else { return Err(key_invalid()) };
        let key = ApiKey::parse(key.expose())?;
        if !key.matches(&self.0.hash()) {
            return Err(key_invalid());
        }
        Ok(Caller {
            tenant: "t1".parse().unwrap(),
            role: Role::Tenant,
            key_id: key.id().to_owned(),
            limits: TenantLimits::default(),
        })
    }
}

struct Fixture {
    key: ApiKey,
    clock: Arc<ManualClock>,
    services: ServiceCredential,
    health: HealthState,
    stop: CancellationToken,
    serving: Serving,
    channel: Channel,
}

impl Fixture {
    fn start(change: impl FnOnce(&mut ServerConfig)) -> Self {
        Self::with_secrets(&"s".repeat(32), "", change)
    }

    /// A process of an installation with this secret, which takes another one too.
    fn with_secrets(secret: &str, also: &str, change: impl FnOnce(&mut ServerConfig)) -> Self {
        let mut config = ServerConfig::default();
        change(&mut config);
        let (key, health, stop) = (ApiKey::generate(), HealthState::new(), CancellationToken::new());
        let clock = Arc::new(ManualClock::at(Timestamp(1_000_000)));
        let shared: Arc<dyn Clock> = Arc::clone(&clock) as Arc<dyn Clock>;
        let services = ServiceCredential::new(Secret::new(secret), Arc::clone(&shared)).unwrap();
        let services = services.accepting(Secret::new(also)).unwrap();
        let authenticate = WithServices::new(services.clone(), Arc::new(OneKey(key.clone())));
        let serving = Server::builder(config, Arc::new(authenticate), health.clone(), shared)
            .service(by_hand::ByHand(probe::Probe))
            .serve(stop.clone())
            .unwrap();
        let channel = channel(&ClientConfig::to(format!("http://{}", serving.addr))).unwrap();
        Self { key, clock, services, health, stop, serving, channel }
    }

    fn with_key(&self) -> probe::Client {
        probe::Client::new(Outbound::with_key(Secret::new(self.key.expose())).over(self.channel.clone()))
    }

    fn with(&self, outbound: Outbound) -> probe::Client {
        probe::Client::new(outbound.over(self.channel.clone()))
    }
}
