//! `PruneScripts`: plans and sections that no narration needs any more. How this is safe while
//! narrations are ordered: [`lectern_stage::prune`].

use std::collections::HashSet;
use std::sync::Arc;

use async_trait::async_trait;
use futures::{Stream, StreamExt as _};
use lectern_blob::{Blob, Objects};
use lectern_core::id::TenantId;
use lectern_core::{Digest, Failure};
use lectern_proto::ai::v1::{self as ai, prune_scripts_request::Part, prune_scripts_response::Part as Answered};
use lectern_stage::prune::{Answer, Ask, FindUnused, Swept, Unused, serve};
use tonic::Status;

/// Serves a call of `tenant`.
pub(super) fn prune<S>(
    blob: Arc<dyn Blob>,
    tenant: TenantId,
    messages: S,
) -> impl Stream<Item = Result<ai::PruneScriptsResponse, Status>> + Send + 'static
where
    S: Stream<Item = Result<ai::PruneScriptsRequest, Status>> + Send + Unpin + 'static,
{
    let asks = messages.map(|message| message.map(|message| message.part.map(ask)));
    serve(blob, tenant, asks, Plans).map(|answer| answer.map(answered))
}

fn ask(part: Part) -> Ask {
    match part {
        Part::Scope(scope) => Ask::Scope(scope),
        Part::InUse(scripts) => Ask::InUse(scripts.keys),
        Part::Listed(ai::ScriptsListed {}) => Ask::Listed,
        Part::Delete(ai::DeleteUnusedScripts {}) => Ask::Delete,
    }
}

fn answered(answer: Answer) -> ai::PruneScriptsResponse {
    let part = match answer {
        Answer::Marked => Answered::Marked(ai::UnusedScriptsMarked {}),
        Answer::Swept(Swept { deleted, left }) => {
            let deleted_object_count = i64::try_from(deleted).unwrap_or(i64::MAX);
            Answered::Swept(ai::ScriptsSwept { deleted_object_count, left })
        }
    };
    ai::PruneScriptsResponse { part: Some(part) }
}

/// Finds plans and sections that are not in use.
struct Plans;

#[async_trait]
impl FindUnused for Plans {
    async fn unused(&self, objects: &Objects, used: &HashSet<Digest>) -> Result<Unused, Failure> {
        let mut unused = Unused::default();
        for folder in ["section", "plan"] {
            unused.add_of(objects, folder, used).await?;
        }
        Ok(unused)
    }
}

#[cfg(test)]
mod tests {
    use lectern_blob::memory::MemoryBlob;
    use lectern_core::SystemClock;
    use lectern_proto::ai::v1::script_service_client::ScriptServiceClient;
    use lectern_proto::ai::v1::script_service_server::ScriptServiceServer;
    use lectern_rpc::auth::{Caller, Role};
    use lectern_rpc::{TenantLimits, failure};
    use tonic::{Request, Streaming};

    use super::*;
    use crate::api::Scripts;

    fn message(part: Part) -> ai::PruneScriptsRequest {
        ai::PruneScriptsRequest { part: Some(part) }
    }

    fn asked(scope: &str, used: &[Digest]) -> Vec<ai::PruneScriptsRequest> {
        let keys = used.iter().map(|key| key.0.to_vec().into()).collect();
        vec![
            message(Part::Scope(scope.to_owned())),
            message(Part::InUse(ai::ScriptsInUse { keys })),
            message(Part::Listed(ai::ScriptsListed {})),
            // Nothing was ordered meanwhile.
            message(Part::Delete(ai::DeleteUnusedScripts {})),
        ]
    }

    async fn call(
        blob: &Arc<MemoryBlob>,
        role: Role,
        messages: Vec<ai::PruneScriptsRequest>,
    ) -> Result<Vec<Answered>, Status> {
        let scripts = Scripts::new(Arc::clone(blob) as _, 1);
        let mut client = ScriptServiceClient::new(ScriptServiceServer::new(scripts));
        let mut request = Request::new(futures::stream::iter(messages));
        let (tenant, limits) = ("acme".parse().unwrap(), TenantLimits::default());
        request.extensions_mut().insert(Caller { tenant, role, key_id: "k".to_owned(), limits });
        let mut answers: Streaming<ai::PruneScriptsResponse> = client.prune_scripts(request).await?.into_inner();
        let mut parts = Vec::new();
        while let Some(answer) = answers.message().await? {
            parts.extend(answer.part);
        }
        Ok(parts)
    }

    #[tokio::test]
    async fn plans_and_sections_that_are_not_in_use_are_deleted_and_nothing_else_is() {
        let blob = Arc::new(MemoryBlob::new(Arc::new(SystemClock)));
        let objects = Objects::new(Arc::clone(&blob) as _, &"acme".parse().unwrap(), &"d1".parse().unwrap());
        let folder = objects.folder();
        let [kept, gone] = ["kept", "gone"].map(|what| Digest::of(what.as_bytes()));
        let others = [folder.content(&gone), folder.track(&gone), folder.segment(&gone), folder.source(&gone)];
        let stay = [vec![folder.plan(&kept), folder.section(&kept)], others.to_vec()].concat();
        let go = [folder.plan(&gone), folder.section(&gone)];
        for path in stay.iter().chain(&go) {
            objects.write(path, "{}").await.unwrap();
        }
        let swept = |deleted_object_count| Answered::Swept(ai::ScriptsSwept { deleted_object_count, left: false });
        let answers = call(&blob, Role::Service, asked("d1", &[kept])).await.unwrap();
        assert_eq!(answers, [Answered::Marked(ai::UnusedScriptsMarked {}), swept(2)]);
        for (paths, there) in [(&stay[..], true), (&go[..], false)] {
            for path in paths {
                assert_eq!(objects.exists(path).await, Ok(there), "{path}");
            }
        }
        assert_eq!(blob.count(), stay.len(), "no mark is left");
        assert_eq!(call(&blob, Role::Service, asked("d1", &[kept])).await.unwrap(), [swept(0)], "twice is once");
    }

    #[tokio::test]
    async fn a_narration_that_is_ordered_between_the_looks_keeps_what_it_may_have_found() {
        let blob = Arc::new(MemoryBlob::new(Arc::new(SystemClock)));
        let objects = Objects::new(Arc::clone(&blob) as _, &"acme".parse().unwrap(), &"d1".parse().unwrap());
        let plan = objects.folder().plan(&Digest::of(b"plan"));
        objects.write(&plan, "{}").await.unwrap();
        // The gateway found that something was ordered, and confirms nothing.
        let mut messages = asked("d1", &[]);
        messages.pop();
        let answers = call(&blob, Role::Service, messages).await.unwrap();
        let left = Answered::Swept(ai::ScriptsSwept { deleted_object_count: 0, left: true });
        assert_eq!(answers, [Answered::Marked(ai::UnusedScriptsMarked {}), left]);
        assert_eq!(objects.exists(&plan).await, Ok(true));
        assert_eq!(blob.count(), 1, "no mark is left");
    }

    #[tokio::test]
    async fn what_is_asked_wrongly_or_by_somebody_else_is_refused() {
        let blob = Arc::new(MemoryBlob::new(Arc::new(SystemClock)));
        let refused = async |role, messages| failure(&call(&blob, role, messages).await.unwrap_err());
        for role in [Role::Reader, Role::Tenant, Role::Admin] {
            assert_eq!(refused(role, asked("d1", &[])).await.reason, lectern_core::Reason::KeyNotAllowed);
        }
        let short = Part::InUse(ai::ScriptsInUse { keys: vec!["short".into()] });
        let begun = message(Part::Scope("d1".to_owned()));
        for (messages, field) in [
            (Vec::new(), "scope"),
            (asked("not/a scope", &[]), "scope"),
            (vec![begun.clone(), message(short)], "in_use.keys"),
            (vec![begun.clone(), begun], "in_use"),
        ] {
            assert_eq!(refused(Role::Service, messages).await.field.as_deref(), Some(field));
        }
    }
}
