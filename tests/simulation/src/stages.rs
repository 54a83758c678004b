//! What the gateway asks of the stages, answered by a stage's replica without a wire between them.
//! Calls end when the replica dies, or after a deadline.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use lectern_blob::{Blob, Objects, Prefix};
use lectern_core::id::{NarrationId, ScopeId, Service, TenantId};
use lectern_core::keys::Folder;
use lectern_core::speakers::{PinnedVoice, Speakers};
use lectern_core::{Digest, Failure, Kind, Random, Reason};
use lectern_gateway::audit::Audit;
use lectern_gateway::conduct::Conductor;
use lectern_gateway::conduct::prune::InUse;
use lectern_gateway::domain::{NarrationRequest, Pins};
use lectern_gateway::orders::Orders;
use lectern_gateway::stages::{Stages, Still};
use lectern_proto::names;
use lectern_queue::Queue;
use lectern_stage::prune::{Swept, Unused, sweep};
use lectern_work::steps::Steps;
use lectern_work::{CANCELLED, WorkerStats};
use parking_lot::Mutex;

use crate::plan::{SCRIPT_ENGINE, SPEECH_ENGINE, scope};
use crate::process::Process;

/// The longest that a call between processes takes.
pub const DEADLINE: Duration = Duration::from_secs(5);
/// Files that are listed at once.
const LISTED: usize = 100;

/// A stage's replica, as far as others can reach it.
#[derive(Debug, Clone)]
pub struct Replica {
    /// Its process.
    pub process: Arc<Process>,
    /// Its steps.
    pub steps: Steps,
    /// Its queue.
    pub queue: Arc<dyn Queue>,
    /// Its object storage.
    pub blob: Arc<dyn Blob>,
    /// What its worker counts.
    pub stats: Arc<WorkerStats>,
}

/// A gateway's replica, as callers reach it.
#[derive(Debug, Clone)]
pub struct Front {
    /// Its process.
    pub process: Arc<Process>,
    /// What callers may do.
    pub orders: Orders,
    /// Who did it.
    pub audit: Audit,
    /// Its conductor.
    pub conductor: Conductor,
}

/// Which processes can be reached.
#[derive(Debug, Default)]
pub struct Directory {
    stages: Mutex<BTreeMap<(Service, usize), Replica>>,
    gateways: Mutex<BTreeMap<usize, Front>>,
}

impl Directory {
    /// A stage's replica is there, or gone.
    pub fn set_stage(&self, service: Service, replica: usize, reached: Option<Replica>) {
        let mut stages = self.stages.lock();
        match reached {
            Some(reached) => drop(stages.insert((service, replica), reached)),
            None => drop(stages.remove(&(service, replica))),
        }
    }

    /// A gateway's replica is there, or gone.
    pub fn set_gateway(&self, replica: usize, reached: Option<Front>) {
        let mut gateways = self.gateways.lock();
        match reached {
            Some(reached) => drop(gateways.insert(replica, reached)),
            None => drop(gateways.remove(&replica)),
        }
    }

    /// Any gateway.
    pub fn gateway(&self, chance: &dyn Random) -> Option<Front> {
        let gateways = self.gateways.lock();
        let index = usize::try_from(chance.below(gateways.len() as u64)).unwrap_or_default();
        gateways.values().nth(index).cloned()
    }

    /// All gateways.
    pub fn gateways(&self) -> Vec<Front> {
        self.gateways.lock().values().cloned().collect()
    }

    /// All replicas of stages.
    pub fn stages(&self) -> Vec<Replica> {
        self.stages.lock().values().cloned().collect()
    }

    fn stage(&self, service: Service, chance: &dyn Random) -> Option<Replica> {
        let stages = self.stages.lock();
        let of_service: Vec<&Replica> = stages.iter().filter(|((of, _), _)| *of == service).map(|(_, r)| r).collect();
        let index = usize::try_from(chance.below(of_service.len() as u64)).unwrap_or_default();
        of_service.get(index).map(|replica| (*replica).clone())
    }
}

/// A call to `process`: cut off when that dies, or after [`DEADLINE`].
pub async fn rpc<T>(process: &Process, call: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let cut_off = |what: &str| Failure::new(Kind::Unavailable, Reason::ServiceUnavailable, what);
    tokio::select! {
        biased;
        () = process.died.cancelled() => Err(cut_off("the connection broke")),
        answer = tokio::time::timeout(DEADLINE, call) => answer.unwrap_or_else(|_| Err(cut_off("no answer in time"))),
    }
}

/// Deletes the files of a narration's runs up to `run`, as services/tts/src/api/recordings.rs does
/// it.
async fn delete_runs(blob: &dyn Blob, folder: &Folder, narration: &NarrationId, run: u32) -> Result<(), Failure> {
    let prefix = folder.recordings(narration);
    let prefix =
        Prefix::new(prefix.trim_end_matches('/')).map_err(|error| Failure::internal(format!("no folder: {error}")))?;
    let mut after = None;
    loop {
        let names = blob.names(&prefix, after.as_ref(), LISTED).await?;
        let Some(last) = names.last().cloned() else { return Ok(()) };
        for path in names {
            if folder.run_of(narration, path.as_str()).is_some_and(|made| made <= run) {
                blob.delete(&path).await?;
            }
        }
        after = Some(last);
    }
}

/// The stages as one gateway process reaches them.
#[derive(Debug)]
pub struct Reached {
    /// The gateway's process.
    pub process: Arc<Process>,
    /// Who can be reached.
    pub directory: Arc<Directory>,
}

impl Reached {
    fn find(&self, service: Service) -> Result<Replica, Failure> {
        let found = self.directory.stage(service, &*self.process.random);
        found.ok_or_else(|| Failure::new(Kind::Unavailable, Reason::ServiceUnavailable, "no replica can be reached"))
    }
}

#[async_trait]
impl Stages for Reached {
    async fn pin(&self, _: &TenantId, request: &NarrationRequest) -> Result<(ScopeId, Pins), Failure> {
        let scope = scope(&request.document).ok_or_else(|| Failure::internal("no scope"))?;
        let pins = Pins {
            source: Digest::of(request.document.as_str().as_bytes()),
            file_name: "a.txt".to_owned(),
            extractor: "text/1".to_owned(),
            script: format!("{SCRIPT_ENGINE}/1"),
            writer: SCRIPT_ENGINE.to_owned(),
            speakers: Speakers::one(PinnedVoice {
                name: names::of_voice(SPEECH_ENGINE, "a"),
                version: "1".to_owned(),
                sample_rate: 24_000,
            }),
            language: None,
        };
        self.process
            .call("pin", request.document.as_str(), async { self.find(Service::Ai).map(|_| (scope, pins)) })
            .await
    }

    async fn cancel_steps(&self, _: &TenantId, narration: &NarrationId, run: u32) -> Result<(), Failure> {
        for service in Service::ALL {
            let cancel = async {
                let Replica { process, steps, queue, .. } = self.find(service)?;
                // As libs/stage/src/api.rs does it.
                rpc(&process, async {
                    steps.cancel(narration, run).await?;
                    drop(queue.hint(CANCELLED, Bytes::from(narration.to_string())).await);
                    Ok(())
                })
                .await
            };
            self.process.call("cancel_steps", narration.as_str(), cancel).await?;
        }
        Ok(())
    }

    async fn delete_recording(
        &self,
        tenant: &TenantId,
        scope: &ScopeId,
        narration: &NarrationId,
        run: u32,
    ) -> Result<(), Failure> {
        let delete = async {
            let Replica { process, blob, .. } = self.find(Service::Tts)?;
            let folder = Folder::new(tenant, scope);
            rpc(&process, delete_runs(&*blob, &folder, narration, run)).await
        };
        self.process.call("delete_recording", narration.as_str(), delete).await
    }

    async fn prune(
        &self,
        tenant: &TenantId,
        scope: &ScopeId,
        in_use: &InUse,
        still: &dyn Still,
    ) -> Result<Swept, Failure> {
        let prune = async {
            let Replica { process, blob, .. } = self.find(Service::Tts)?;
            let objects = Objects::new(blob, tenant, scope);
            let (scripts, tracks) = (in_use.scripts.iter().copied().collect(), in_use.tracks.iter().copied().collect());
            rpc(&process, async {
                // What is spoken here is not named by tracks, so it stays.
                let mut unused = Unused::default();
                for (folder, used) in [("section", &scripts), ("plan", &scripts), ("track", &tracks)] {
                    unused.add_of(&objects, folder, used).await?;
                }
                sweep(&objects, unused, still.still()).await
            })
            .await
        };
        self.process.call("prune", scope.as_str(), prune).await
    }
}
