use async_trait::async_trait;
use futures::Stream;
use lectern_blob::memory::MemoryBlob;
use lectern_core::{Clock, Reason, SystemClock};
use lectern_proto::work::v1::stage_service_client::StageServiceClient;
use lectern_proto::work::v1::stage_service_server::StageServiceServer;
use lectern_proto::work::v1::{DeleteUnused, ObjectsInUse};
use lectern_queue::{ConnectOptions, MemoryQueue};
use lectern_rpc::{Caller, Role, TenantLimits, failure};
use lectern_store::memory::MemoryStore;
use lectern_work::steps::{Steps, StepsOptions};
use tonic::{Request, Status};

use super::*;
use crate::StageApi;
use crate::prune::{Unused, wait};

const MARKED: Answer = Answer::Marked(UnusedMarked {});

/// Finds tracks.
#[derive(Debug)]
struct Tracks;

#[async_trait]
impl FindUnused for Tracks {
    async fn unused(&self, objects: &Objects, used: &HashSet<Digest>) -> Result<Unused, Failure> {
        let mut unused = Unused::default();
        unused.add_of(objects, "track", used).await?;
        Ok(unused)
    }
}

struct World {
    blob: Arc<MemoryBlob>,
    objects: Objects,
}

fn ask(part: Part) -> PruneRequest {
    PruneRequest { part: Some(part) }
}

/// What is sent until something is marked.
fn opening(scope: &str, used: &[Digest]) -> Vec<PruneRequest> {
    // Many are sent in many messages.
    let used = used.iter().map(|key| ask(Part::InUse(ObjectsInUse { keys: vec![key.0.to_vec().into()] })));
    let mut messages = vec![ask(Part::Scope(scope.to_owned()))];
    messages.extend(used);
    messages.push(ask(Part::Listed(ObjectsListed {})));
    messages
}

fn delete() -> PruneRequest {
    ask(Part::Delete(DeleteUnused {}))
}

fn swept(deleted_object_count: i64) -> Answer {
    Answer::Swept(ObjectsSwept { deleted_object_count, left: false })
}

/// A stage of which nothing is pruned.
fn stage() -> StageApi {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let steps = Steps::new(Arc::new(MemoryStore::new(Arc::clone(&clock))), clock, StepsOptions::new("boot"));
    StageApi::new(steps, Arc::new(MemoryQueue::new(ConnectOptions::default())))
}

impl World {
    fn new() -> Self {
        let blob = Arc::new(MemoryBlob::new(Arc::new(SystemClock)));
        let objects = Objects::new(Arc::clone(&blob) as _, &"acme".parse().unwrap(), &"d1".parse().unwrap());
        Self { blob, objects }
    }

    fn stage(&self) -> StageApi {
        stage().pruning(Arc::clone(&self.blob) as _, Arc::new(Tracks))
    }

    /// Puts a track.
    async fn track(&self, name: &str) -> Digest {
        let key = Digest::of(name.as_bytes());
        self.objects.write(&self.objects.folder().track(&key), "{}").await.unwrap();
        key
    }

    async fn has(&self, track: &Digest) -> bool {
        self.objects.exists(&self.objects.folder().track(track)).await.unwrap()
    }

    /// Begins a call of a service, whose messages come from the sender that is returned beside the
    /// answers, and reads that something is marked.
    async fn begin(&self) -> (mpsc::Sender<PruneRequest>, Streaming<PruneResponse>) {
        let (to, mut asks) = mpsc::channel(8);
        for message in opening("d1", &[]) {
            to.send(message).await.unwrap();
        }
        let asks = poll_fn(move |context| asks.poll_recv(context));
        let mut answers = asked(self.stage(), Role::Service, asks).await.unwrap();
        assert_eq!(answers.message().await.unwrap().unwrap().part, Some(MARKED));
        (to, answers)
    }

    async fn call(&self, role: Role, messages: Vec<PruneRequest>) -> Result<Vec<Answer>, Status> {
        let mut answers = asked(self.stage(), role, futures::stream::iter(messages)).await?;
        let mut parts = Vec::new();
        while let Some(answer) = answers.message().await? {
            parts.extend(answer.part);
        }
        Ok(parts)
    }

    /// A call in which nothing was ordered meanwhile.
    async fn prune(&self, used: &[Digest]) -> Vec<Answer> {
        let mut messages = opening("d1", used);
        messages.push(delete());
        self.call(Role::Service, messages).await.unwrap()
    }
}

async fn asked<S>(stage: StageApi, role: Role, messages: S) -> Result<Streaming<PruneResponse>, Status>
where
    S: Stream<Item = PruneRequest> + Send + 'static,
{
    let mut client = StageServiceClient::new(StageServiceServer::new(stage));
    let mut request = Request::new(messages);
    let (tenant, limits) = ("acme".parse().unwrap(), TenantLimits::default());
    request.extensions_mut().insert(Caller { tenant, role, key_id: "k".to_owned(), limits });
    Ok(client.prune(request).await?.into_inner())
}

#[tokio::test]
async fn what_is_not_in_use_is_deleted_and_the_end_says_how_much_that_was() {
    let world = World::new();
    let (kept, kept_too) = (world.track("kept").await, world.track("kept too").await);
    let gone = world.track("gone").await;
    // It was ordered, and never recorded.
    let used = [kept, Digest::of(b"not made"), kept_too];
    assert_eq!(world.prune(&used).await, [MARKED, swept(1)]);
    assert!(world.has(&kept).await && world.has(&kept_too).await && !world.has(&gone).await);
    assert_eq!(world.blob.count(), 2, "no mark is left");
    assert_eq!(world.prune(&used).await, [swept(0)], "twice is once");
    assert_eq!(world.prune(&[]).await, [MARKED, swept(2)], "the last narration is gone");
}

#[tokio::test]
async fn a_narration_that_is_ordered_between_the_looks_keeps_what_it_may_have_found() {
    let world = World::new();
    let found = world.track("found").await;
    // The gateway found that something was ordered, and confirms nothing.
    let left = Answer::Swept(ObjectsSwept { deleted_object_count: 0, left: true });
    assert_eq!(world.call(Role::Service, opening("d1", &[])).await.unwrap(), [MARKED, left]);
    assert!(world.has(&found).await);
    assert_eq!(world.blob.count(), 1, "no mark is left");
}

#[tokio::test(start_paused = true)]
async fn steps_wait_from_the_mark_to_the_end_of_the_deletion() {
    let world = World::new();
    let found = world.track("found").await;
    let (to, mut answers) = world.begin().await;
    let objects = world.objects.clone();
    let step = tokio::spawn(async move { wait(&objects).await });
    tokio::time::sleep(std::time::Duration::from_secs(5)).await;
    assert!(!step.is_finished() && world.has(&found).await);
    to.send(delete()).await.unwrap();
    assert_eq!(answers.message().await.unwrap().unwrap().part, Some(swept(1)));
    step.await.unwrap().unwrap();
    assert!(!world.has(&found).await, "it is made anew");
}

#[tokio::test(start_paused = true)]
async fn a_gateway_that_dies_between_the_looks_leaves_no_mark() {
    let world = World::new();
    world.track("found").await;
    let call = world.begin().await;
    assert_eq!(world.blob.count(), 2);
    drop(call);
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    assert_eq!(world.blob.count(), 1);
}

#[tokio::test]
async fn what_is_asked_wrongly_or_by_somebody_else_is_refused() {
    let world = World::new();
    let refused = async |role, messages| failure(&world.call(role, messages).await.unwrap_err());
    for role in [Role::Reader, Role::Tenant, Role::Admin] {
        assert_eq!(refused(role, opening("d1", &[])).await.reason, Reason::KeyNotAllowed);
    }
    let short = ask(Part::InUse(ObjectsInUse { keys: vec!["short".into()] }));
    let begun = ask(Part::Scope("d1".to_owned()));
    for (messages, field) in [
        (Vec::new(), "scope"),
        (opening("not/a scope", &[]), "scope"),
        (vec![begun.clone(), short], "in_use.keys"),
        (vec![begun.clone(), begun.clone()], "in_use"),
        (vec![begun], "in_use"),
    ] {
        assert_eq!(refused(Role::Service, messages).await.field.as_deref(), Some(field));
    }
    let of_ingest = asked(stage(), Role::Service, futures::stream::iter(opening("d1", &[]))).await;
    assert_eq!(failure(&of_ingest.unwrap_err()).reason, Reason::FeatureUnavailable);
}
