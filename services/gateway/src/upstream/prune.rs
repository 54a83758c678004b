//! The gateway's side of the calls that prune: says what is in use, looks once more when it is
//! asked to, and hears what was deleted. [`lectern_stage::prune`] is the other side.

use std::collections::BTreeSet;
use std::time::Duration;

use bytes::Bytes;
use futures::future::BoxFuture;
use lectern_core::id::ScopeId;
use lectern_core::{Digest, Failure};
use lectern_proto::ai::v1::script_service_client::ScriptServiceClient;
use lectern_proto::ai::v1::{
    self as ai, prune_scripts_request as scripts_asked, prune_scripts_response as scripts_told,
};
use lectern_proto::tts::v1::speech_service_client::SpeechServiceClient;
use lectern_proto::tts::v1::{self as tts, prune_speech_request as speech_asked, prune_speech_response as speech_told};
use lectern_stage::prune::{Answer, Ask, Swept};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status, Streaming};

use super::{Authorized, missing, told};
use crate::stages::Still;

/// Keys in one message: half a megabyte.
const KEYS: usize = 16_384;
/// Messages that may wait for the stage.
const AHEAD: usize = 2;
/// How long a call may take: a stage reads every track that is in use, and deletes for a minute.
const WITHIN: Duration = Duration::from_secs(15 * 60);

/// A call to a stage: what is sent becomes what it answers.
type Call<Q, A> = Box<dyn FnOnce(Request<ReceiverStream<Q>>) -> BoxFuture<'static, Answers<A>> + Send>;
type Answers<A> = Result<Response<Streaming<A>>, Status>;

/// Has tts delete tracks that are not `used`, and their segments.
pub(super) async fn speech(
    mut tts: SpeechServiceClient<Authorized>,
    scope: &ScopeId,
    used: &BTreeSet<Digest>,
    still: &dyn Still,
) -> Result<Swept, Failure> {
    fn wire(ask: Ask) -> tts::PruneSpeechRequest {
        let part = match ask {
            Ask::Scope(scope) => speech_asked::Part::Scope(scope),
            Ask::InUse(keys) => speech_asked::Part::InUse(tts::TracksInUse { keys }),
            Ask::Listed => speech_asked::Part::Listed(tts::TracksListed {}),
            Ask::Delete => speech_asked::Part::Delete(tts::DeleteUnusedSpeech {}),
        };
        tts::PruneSpeechRequest { part: Some(part) }
    }
    fn read(answer: tts::PruneSpeechResponse) -> Option<Answer> {
        match answer.part? {
            speech_told::Part::Marked(tts::UnusedSpeechMarked {}) => Some(Answer::Marked),
            speech_told::Part::Swept(swept) => Some(swept_of(swept.deleted_object_count, swept.left)),
        }
    }
    let call: Call<tts::PruneSpeechRequest, tts::PruneSpeechResponse> =
        Box::new(move |asks| Box::pin(async move { tts.prune_speech(asks).await }));
    prune(scope, used, still, wire, read, call).await
}

/// Has ai delete plans and sections that are not `used`.
pub(super) async fn scripts(
    mut ai: ScriptServiceClient<Authorized>,
    scope: &ScopeId,
    used: &BTreeSet<Digest>,
    still: &dyn Still,
) -> Result<Swept, Failure> {
    fn wire(ask: Ask) -> ai::PruneScriptsRequest {
        let part = match ask {
            Ask::Scope(scope) => scripts_asked::Part::Scope(scope),
            Ask::InUse(keys) => scripts_asked::Part::InUse(ai::ScriptsInUse { keys }),
            Ask::Listed => scripts_asked::Part::Listed(ai::ScriptsListed {}),
            Ask::Delete => scripts_asked::Part::Delete(ai::DeleteUnusedScripts {}),
        };
        ai::PruneScriptsRequest { part: Some(part) }
    }
    fn read(answer: ai::PruneScriptsResponse) -> Option<Answer> {
        match answer.part? {
            scripts_told::Part::Marked(ai::UnusedScriptsMarked {}) => Some(Answer::Marked),
            scripts_told::Part::Swept(swept) => Some(swept_of(swept.deleted_object_count, swept.left)),
        }
    }
    let call: Call<ai::PruneScriptsRequest, ai::PruneScriptsResponse> =
        Box::new(move |asks| Box::pin(async move { ai.prune_scripts(asks).await }));
    prune(scope, used, still, wire, read, call).await
}

fn swept_of(deleted: i64, left: bool) -> Answer {
    Answer::Swept(Swept { deleted: u64::try_from(deleted).unwrap_or(0), left })
}

async fn prune<Q: Send + 'static, A: Send + 'static>(
    scope: &ScopeId,
    used: &BTreeSet<Digest>,
    still: &dyn Still,
    wire: fn(Ask) -> Q,
    read: fn(A) -> Option<Answer>,
    call: Call<Q, A>,
) -> Result<Swept, Failure> {
    let (to, asks) = mpsc::channel(AHEAD);
    let mut request = Request::new(ReceiverStream::new(asks));
    request.set_timeout(WITHIN);
    let say = async {
        say_what_is_used(&to, scope, used, wire).await;
        to
    };
    // At once: a stage may answer before it has heard anything, or when it has heard all.
    let (answers, to) = tokio::join!(call(request), say);
    let mut answers = answers.map_err(|status| told(&status))?.into_inner();
    let mut to = Some(to);
    while let Some(answer) = answers.message().await.map_err(|status| told(&status))? {
        match read(answer) {
            Some(Answer::Marked) => {
                // Where something was ordered meanwhile the messages end, and nothing is deleted.
                let go_on = still.still().await?;
                if let Some(to) = to.take().filter(|_| go_on) {
                    drop(to.send(wire(Ask::Delete)).await);
                }
            }
            Some(Answer::Swept(swept)) => return Ok(swept),
            None => {}
        }
    }
    Err(missing("what was deleted"))
}

/// Says what is in use; ends early where nobody hears it any more, which the answer explains.
async fn say_what_is_used<Q: Send>(to: &mpsc::Sender<Q>, scope: &ScopeId, used: &BTreeSet<Digest>, wire: fn(Ask) -> Q) {
    let mut used = used.iter().map(|key| Bytes::copy_from_slice(&key.0));
    let mut ask = Ask::Scope(scope.to_string());
    while to.send(wire(ask)).await.is_ok() {
        let keys: Vec<Bytes> = used.by_ref().take(KEYS).collect();
        if keys.is_empty() {
            drop(to.send(wire(Ask::Listed)).await);
            return;
        }
        ask = Ask::InUse(keys);
    }
}
