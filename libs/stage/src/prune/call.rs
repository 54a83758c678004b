//! `StageService.Prune`: the call in which the gateway says what of a scope is in use, and looks
//! once more before anything is deleted.

#[cfg(test)]
mod tests;

use std::collections::HashSet;
use std::sync::Arc;

use futures::stream::{BoxStream, poll_fn};
use lectern_blob::{Blob, Objects};
use lectern_core::id::{ScopeId, TenantId};
use lectern_core::{Digest, Failure};
use lectern_proto::work::v1::{
    ObjectsListed, ObjectsSwept, PruneRequest, PruneResponse, UnusedMarked, prune_request::Part,
    prune_response::Part as Answer,
};
use lectern_rpc::unreadable;
use tokio::sync::mpsc;
use tonic::Streaming;
use tracing::Instrument as _;

use super::{FindUnused, Swept, sweep};

/// What a caller is told.
pub(crate) type Told = BoxStream<'static, Result<PruneResponse, Failure>>;

/// Serves a call of `tenant`. It runs in a task of its own: where the caller is gone its mark is
/// still deleted.
pub(crate) fn serve(
    blob: Arc<dyn Blob>,
    tenant: TenantId,
    asks: Streaming<PruneRequest>,
    find: Arc<dyn FindUnused>,
) -> Told {
    let (to, mut answers) = mpsc::channel(2);
    let task = async move {
        let swept = Box::pin(call(blob, tenant, asks, &*find, &to)).await;
        let end = swept.map(|Swept { deleted, left }| {
            let deleted_object_count = i64::try_from(deleted).unwrap_or(i64::MAX);
            message(Answer::Swept(ObjectsSwept { deleted_object_count, left }))
        });
        drop(to.send(end).await);
    };
    tokio::spawn(task.in_current_span());
    Box::pin(poll_fn(move |context| answers.poll_recv(context)))
}

async fn call(
    blob: Arc<dyn Blob>,
    tenant: TenantId,
    mut asks: Streaming<PruneRequest>,
    find: &dyn FindUnused,
    answers: &mpsc::Sender<Result<PruneResponse, Failure>>,
) -> Result<Swept, Failure> {
    let Some(Part::Scope(scope)) = next(&mut asks).await? else {
        return Err(Failure::invalid("scope", "the first message names the folder; send `scope` first"));
    };
    let scope: ScopeId = scope.parse().map_err(|e| Failure::invalid("scope", format!("scope: {e}")))?;
    let mut used = HashSet::new();
    loop {
        match next(&mut asks).await? {
            Some(Part::InUse(objects)) => {
                for key in objects.keys {
                    let key = <[u8; 32]>::try_from(&key[..]);
                    used.insert(Digest(key.map_err(|_| Failure::invalid("in_use.keys", "a key has 32 bytes"))?));
                }
            }
            Some(Part::Listed(ObjectsListed {})) => break,
            Some(Part::Scope(_) | Part::Delete(_)) | None => {
                return Err(Failure::invalid("in_use", "after `scope` come keys in use, and `listed` at their end"));
            }
        }
    }
    let objects = Objects::new(blob, &tenant, &scope);
    let unused = find.unused(&objects, &used).await?;
    drop(used);
    let still = async {
        if answers.send(Ok(message(Answer::Marked(UnusedMarked {})))).await.is_err() {
            return Ok(false);
        }
        // Where the caller ends its messages, or is gone, something was ordered meanwhile.
        Ok::<_, Failure>(matches!(next(&mut asks).await, Ok(Some(Part::Delete(_)))))
    };
    sweep(&objects, unused, still).await
}

/// What the next message carries; none at the end.
async fn next(asks: &mut Streaming<PruneRequest>) -> Result<Option<Part>, Failure> {
    let message = asks.message().await.map_err(|status| unreadable(&status))?;
    Ok(message.and_then(|message| message.part))
}

fn message(answer: Answer) -> PruneResponse {
    PruneResponse { part: Some(answer) }
}
