//! The whole service over adapters in memory: it takes commands from a queue, does them, and says
//! how they ended.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use lectern_blob::Objects;
use lectern_blob::memory::MemoryBlob;
use lectern_core::id::{ScopeId, StepId, TenantId};
use lectern_core::keys::TenantSecret;
use lectern_core::{Clock, SystemClock};
use lectern_proto::work::v1::command::Work;
use lectern_proto::work::v1::event::Outcome;
use lectern_proto::work::v1::{Command, Event};
use lectern_queue::{ConnectOptions, MemoryQueue, Message, Queue};
use lectern_runtime::{HealthState, Secret};
use lectern_stage::Common;
use lectern_stage::app::Adapters;
use lectern_stage::work::SCHEMA;
use lectern_store::Store;
use lectern_store::memory::MemoryStore;
use lectern_tts::app::Tts;
use lectern_tts::config::{Config, EngineConfig};
use prost::Message as _;
use tokio_util::sync::{CancellationToken, DropGuard};

const SECRET: &str = "a secret of tests, which protects nothing";
const TENANT: &str = "acme";
const SCOPE: &str = "documents-d";
/// How long steps may take at the most.
const WITHIN: Duration = Duration::from_secs(120);

/// tts at work, until it is dropped.
pub struct Service {
    pub objects: Objects,
    pub store: Arc<dyn Store>,
    /// What the names of objects are made of.
    pub secret: TenantSecret,
    queue: Arc<dyn Queue>,
    _stop: DropGuard,
}

impl Service {
    /// One that speaks by these engines, of which the voices of `first` come first.
    pub async fn start(first: &str, engines: BTreeMap<String, EngineConfig>) -> Self {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let store: Arc<dyn Store> = Arc::new(MemoryStore::new(Arc::clone(&clock)));
        let queue: Arc<dyn Queue> = Arc::new(MemoryQueue::new(ConnectOptions::default()));
        let blob = Arc::new(MemoryBlob::new(Arc::clone(&clock)));
        let (tenant, scope): (TenantId, ScopeId) = (TENANT.parse().unwrap(), SCOPE.parse().unwrap());
        let objects = Objects::new(Arc::clone(&blob) as _, &tenant, &scope);

        let common = Common { secret: Secret::new(SECRET), permits: 2, ..Common::default() };
        let secret = common.secrets().of(&tenant);
        // No voice lies there, so nobody aligns words, also where the machine has one.
        let voice_dir = PathBuf::from("/nowhere/voice");
        let config = Config { common, voice_dir, engine: first.to_owned(), engines, ..Config::default() };
        let adapters = Adapters { store: Arc::clone(&store), queue: Arc::clone(&queue), blob, clock };
        let tts = Box::pin(Tts::new(&config, &adapters)).await.unwrap();
        let stop = CancellationToken::new();
        let stopped = stop.clone();
        tokio::spawn(async move {
            let health = HealthState::new();
            Box::pin(tts.work(&health, stopped)).await;
        });
        Self { objects, store, secret, queue, _stop: stop.drop_guard() }
    }

    /// Has steps done, all at once, and waits until every one of them is.
    pub async fn done(&self, steps: Vec<(StepId, Work)>) {
        let count = steps.len();
        for (step, work) in steps {
            let (tenant, scope) = (TENANT.to_owned(), SCOPE.to_owned());
            let command = Command { schema: SCHEMA, step: step.to_string(), tenant, scope, work: Some(work) };
            self.queue.publish(&step, Message::new(command.encode_to_vec())).await.unwrap();
        }
        let ended = tokio::time::timeout(WITHIN, self.ended(count)).await;
        assert!(ended.is_ok(), "the steps do not end");
    }

    /// Waits for the ends of so many steps.
    async fn ended(&self, mut count: usize) {
        while count > 0 {
            for delivery in self.queue.events("test", count, Duration::from_secs(1)).await.unwrap() {
                let event = Event::decode(delivery.message.payload.clone()).unwrap();
                delivery.ack.ack().await.unwrap();
                assert!(!matches!(event.outcome, None | Some(Outcome::Failed(_))), "{event:?}");
                count -= 1;
            }
        }
    }
}
