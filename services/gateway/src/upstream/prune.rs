//! The gateway's side of `StageService.Prune`: says what is in use, looks once more when asked to,
//! and hears what was deleted. [`lectern_stage::prune`] is the other side.

use std::collections::BTreeSet;
use std::time::Duration;

use bytes::Bytes;
use lectern_core::id::ScopeId;
use lectern_core::{Digest, Failure};
use lectern_proto::work::v1::stage_service_client::StageServiceClient;
use lectern_proto::work::v1::{
    DeleteUnused, ObjectsInUse, ObjectsListed, ObjectsSwept, PruneRequest, UnusedMarked, prune_request::Part,
    prune_response::Part as Answer,
};
use lectern_stage::prune::Swept;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Request;

use super::{Authorized, missing, told};
use crate::stages::Still;

/// Keys in one message: half a megabyte.
const KEYS: usize = 16_384;
/// Messages that may wait for the stage.
const AHEAD: usize = 2;
/// How long a call may take: a stage reads every track that is in use, and deletes for a minute.
const WITHIN: Duration = Duration::from_secs(15 * 60);

/// Has a stage delete what it made and nothing in `used` needs.
pub(super) async fn prune(
    mut stage: StageServiceClient<Authorized>,
    scope: &ScopeId,
    used: &BTreeSet<Digest>,
    still: &dyn Still,
) -> Result<Swept, Failure> {
    let (to, asks) = mpsc::channel(AHEAD);
    let mut request = Request::new(ReceiverStream::new(asks));
    request.set_timeout(WITHIN);
    let say = async {
        say_what_is_used(&to, scope, used).await;
        to
    };
    // At once: a stage may answer before it has heard anything, or when it has heard all.
    let (answers, to) = tokio::join!(stage.prune(request), say);
    let mut answers = answers.map_err(|status| told(&status))?.into_inner();
    let mut to = Some(to);
    while let Some(answer) = answers.message().await.map_err(|status| told(&status))? {
        match answer.part {
            Some(Answer::Marked(UnusedMarked {})) => {
                // Where something was ordered meanwhile the messages end, and nothing is deleted.
                let go_on = still.still().await?;
                if let Some(to) = to.take().filter(|_| go_on) {
                    drop(to.send(ask(Part::Delete(DeleteUnused {}))).await);
                }
            }
            Some(Answer::Swept(ObjectsSwept { deleted_object_count, left })) => {
                return Ok(Swept { deleted: u64::try_from(deleted_object_count).unwrap_or(0), left });
            }
            None => {}
        }
    }
    Err(missing("what was deleted"))
}

/// Says what is in use; ends early where nobody hears it any more, which the answer explains.
async fn say_what_is_used(to: &mpsc::Sender<PruneRequest>, scope: &ScopeId, used: &BTreeSet<Digest>) {
    let mut used = used.iter().map(|key| Bytes::copy_from_slice(&key.0));
    let mut part = Part::Scope(scope.to_string());
    while to.send(ask(part)).await.is_ok() {
        let keys: Vec<Bytes> = used.by_ref().take(KEYS).collect();
        if keys.is_empty() {
            drop(to.send(ask(Part::Listed(ObjectsListed {}))).await);
            return;
        }
        part = Part::InUse(ObjectsInUse { keys });
    }
}

const fn ask(part: Part) -> PruneRequest {
    PruneRequest { part: Some(part) }
}
