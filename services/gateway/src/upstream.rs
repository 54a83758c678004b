//! The stage services, as the gateway calls them: their gRPC clients, under the gateway's own
//! credential and the caller's tenant.

mod inspect;
mod lexicon;
mod prune;
#[cfg(test)]
mod repeated;
mod speakers;
mod writers;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use lectern_core::id::{NarrationId, ScopeId, TenantId};
use lectern_core::{Failure, Kind, Reason, text};
use lectern_proto::ai::v1::script_service_client::ScriptServiceClient;
use lectern_proto::ingest::v1::ingest_service_client::IngestServiceClient;
use lectern_proto::tts::v1::DeleteRecordingRequest;
use lectern_proto::tts::v1::speech_service_client::SpeechServiceClient;
use lectern_proto::v1::document_service_client::DocumentServiceClient;
use lectern_proto::v1::voice_service_client::VoiceServiceClient;
use lectern_proto::work::v1::stage_service_client::StageServiceClient;
use lectern_proto::{ai::v1 as ai, convert, ingest::v1 as ingest, names, tts::v1 as tts, v1 as api, work::v1 as work};
use lectern_rpc::{Caller, Channel, ClientConfig, Outbound, Refusal, ServiceCredential, channel, failure};
use lectern_stage::prune::Swept;
use tonic::Request;
use tonic::service::interceptor::InterceptedService;

use crate::conduct::prune::InUse;
use crate::domain::{NarrationRequest, Pins};
use crate::stages::{Stages, Still};

/// How long the gateway waits for a short answer of a stage, unless the caller's own deadline is
/// nearer.
const SHORT: Duration = Duration::from_secs(10);

/// Messages to and from stages may be this large: an inline source and its frame.
pub const MESSAGE_LIMIT: usize = 5 * 1024 * 1024;

/// A channel whose calls carry the gateway's credential and a tenant.
pub type Authorized = InterceptedService<Channel, Outbound>;

/// The connections to a stage service, shared by the calls of all tenants: one for each class of
/// stream. What a slow reader or a slow sender leaves in a connection's window is taken from those
/// of its own class alone, and short calls go on beside it.
#[derive(Debug, Clone)]
pub struct Classes {
    /// For calls with short answers.
    pub calls: Channel,
    /// For what is long: sources on their way to ingest, previews from ai, tracks from tts and
    /// texts on their way to it, and the keys that are in use for whoever prunes.
    pub streams: Channel,
}

impl Classes {
    /// Connections to all addresses of one service, made when the first call is. Needs a tokio
    /// runtime.
    ///
    /// # Errors
    /// Those of [`channel`].
    pub fn to(config: &ClientConfig) -> Result<Self, Failure> {
        Ok(Self { calls: channel(config)?, streams: channel(config)? })
    }

    fn without_retries(&self) -> Self {
        Self { calls: self.calls.without_retries(), streams: self.streams.without_retries() }
    }
}

/// The connections to every stage service.
#[derive(Debug, Clone)]
pub struct Upstream {
    ingest: Classes,
    ai: Classes,
    tts: Classes,
    credential: Arc<ServiceCredential>,
}

impl Upstream {
    /// Clients over these connections.
    #[must_use]
    pub const fn new(ingest: Classes, ai: Classes, tts: Classes, credential: Arc<ServiceCredential>) -> Self {
        Self { ingest, ai, tts, credential }
    }

    /// The same connections for calls that are made while a call of the public API is handled. They
    /// are made once: whoever calls the API repeats his own call, and two layers that do so
    /// multiply.
    #[must_use]
    pub fn without_retries(&self) -> Self {
        Self {
            ingest: self.ingest.without_retries(),
            ai: self.ai.without_retries(),
            tts: self.tts.without_retries(),
            credential: Arc::clone(&self.credential),
        }
    }

    fn outbound(&self, tenant: &TenantId) -> Outbound {
        Outbound::as_service("gateway", Arc::clone(&self.credential), tenant.clone())
    }

    fn over(&self, channel: &Channel, tenant: &TenantId) -> Authorized {
        self.outbound(tenant).over(channel.clone())
    }

    /// Documents that are there.
    #[must_use]
    pub fn documents(&self, tenant: &TenantId) -> DocumentServiceClient<Authorized> {
        tuned(self.over(&self.ingest.calls, tenant))
    }

    /// Documents that are handed in, whole or in parts; ingest is told how much the caller's tenant
    /// may store.
    #[must_use]
    pub fn intake(&self, caller: &Caller) -> DocumentServiceClient<Authorized> {
        let outbound = self.outbound(&caller.tenant).with_stored_source_bytes(caller.limits.stored_source_bytes);
        tuned(outbound.over(self.ingest.streams.clone()))
    }

    /// What narrations need to know of documents.
    #[must_use]
    pub fn ingest(&self, tenant: &TenantId) -> IngestServiceClient<Authorized> {
        IngestServiceClient::new(self.over(&self.ingest.calls, tenant))
    }

    /// Who writes scripts.
    #[must_use]
    pub fn scripts(&self, tenant: &TenantId) -> ScriptServiceClient<Authorized> {
        ScriptServiceClient::new(self.over(&self.ai.calls, tenant))
    }

    /// Scripts that are streamed.
    #[must_use]
    pub fn previews(&self, tenant: &TenantId) -> ScriptServiceClient<Authorized> {
        ScriptServiceClient::new(self.over(&self.ai.streams, tenant))
    }

    /// Who speaks, and recordings.
    #[must_use]
    pub fn speech(&self, tenant: &TenantId) -> SpeechServiceClient<Authorized> {
        SpeechServiceClient::new(self.over(&self.tts.calls, tenant))
    }

    /// Audio that is streamed, and texts whose speech is looked for.
    #[must_use]
    pub fn tracks(&self, tenant: &TenantId) -> SpeechServiceClient<Authorized> {
        SpeechServiceClient::new(self.over(&self.tts.streams, tenant))
    }

    /// The steps and the objects of the stage behind `channel`.
    fn stage(&self, channel: &Channel, tenant: &TenantId) -> StageServiceClient<Authorized> {
        StageServiceClient::new(self.over(channel, tenant))
    }

    /// Voices.
    #[must_use]
    pub fn voices(&self, tenant: &TenantId) -> VoiceServiceClient<Authorized> {
        VoiceServiceClient::new(self.over(&self.tts.calls, tenant))
    }

    /// Refuses an order of pages for a document that has none, which only ingest knows.
    ///
    /// # Errors
    /// `INVALID_FIELD`, and what ingest answers.
    pub async fn check_pages(&self, tenant: &TenantId, ordered: &NarrationRequest) -> Result<(), Failure> {
        if ordered.order.selection.pages.is_empty() {
            return Ok(());
        }
        let view = api::DocumentView::Basic.into();
        let request = short(api::GetDocumentRequest { name: names::of_document(&ordered.document), view });
        let asked = self.documents(tenant).get_document(request).await.map_err(|status| told(&status))?;
        let document = asked.into_inner().document.ok_or_else(|| missing("a document"))?;
        has_pages(&document)
    }

    /// What a tenant spent on writers and voices that cost money, in the days that are named as
    /// `GetUsageRequest` names them.
    ///
    /// # Errors
    /// What ai and tts answer.
    pub async fn spending(
        &self,
        tenant: &TenantId,
        first_day: String,
        last_day: String,
    ) -> Result<Vec<api::DayUsage>, Failure> {
        let (mut scripts, mut speech) = (self.scripts(tenant), self.speech(tenant));
        let of_scripts = ai::GetSpendingRequest { first_day: first_day.clone(), last_day: last_day.clone() };
        let (written, spoken) = tokio::join!(
            scripts.get_spending(short(of_scripts)),
            speech.get_spending(short(tts::GetSpendingRequest { first_day, last_day })),
        );
        let written = written.map_err(|status| told(&status))?.into_inner().days;
        let spoken = spoken.map_err(|status| told(&status))?.into_inner().days;
        let mut days = [written, spoken].concat();
        // Those of one day stay in their order.
        days.sort_by(|one, other| one.day.cmp(&other.day));
        Ok(days)
    }

    /// How many documents a tenant has that are not erased, and how many bytes their sources are.
    ///
    /// # Errors
    /// What ingest answers.
    pub async fn usage(&self, tenant: &TenantId) -> Result<(u64, u64), Failure> {
        let asked = self.ingest(tenant).get_usage(short(ingest::GetUsageRequest {})).await;
        let usage = asked.map_err(|status| told(&status))?.into_inner();
        let count = |wire: i64| u64::try_from(wire).map_err(|_| missing("a count"));
        Ok((count(usage.document_count)?, count(usage.stored_source_bytes)?))
    }
}

/// A client that takes whole sources in a message.
fn tuned(channel: Authorized) -> DocumentServiceClient<Authorized> {
    DocumentServiceClient::new(channel)
        .max_decoding_message_size(MESSAGE_LIMIT)
        .max_encoding_message_size(MESSAGE_LIMIT)
}

#[async_trait]
impl Stages for Upstream {
    async fn pin(&self, tenant: &TenantId, ordered: &NarrationRequest) -> Result<(ScopeId, Pins), Failure> {
        let ask = |status: tonic::Status| told(&status);
        let request = short(ingest::GetSourceRequest { document: names::of_document(&ordered.document) });
        let source = self.ingest(tenant).get_source(request).await.map_err(ask)?.into_inner();
        self.check_pages(tenant, ordered).await?;

        let script = self.writer(tenant, &ordered.writer, &ordered.order).await?;
        let language_code = ordered.order.language.clone().unwrap_or(source.language_code);
        writers::check_language(&ordered.order, &language_code)?;

        let others = speakers::other_languages(&ordered.order, &language_code, script.language_codes);
        let speakers = self.speakers(tenant, ordered, language_code.clone(), others).await?;

        let scope = source.scope.parse().map_err(|_| missing("a scope"))?;
        // Last, when nothing else is in the way of the order.
        let lexicon = self.lexicon(tenant, &scope, &ordered.lexicon, &language_code).await?;
        let pins = Pins {
            source: source.sha256.parse().map_err(|_| missing("the source's digest"))?,
            file_name: text::stripped(&source.file_name),
            extractor: source.extractor,
            script: script.engine,
            writer: script.writer,
            speakers: speakers.with_lexicon(lexicon),
            language: Some(source.set_language_code).filter(|tag| !tag.is_empty()),
        };
        Ok((scope, pins))
    }

    async fn cancel_steps(&self, tenant: &TenantId, narration: &NarrationId, run: u32) -> Result<(), Failure> {
        let tell = |channel: &Channel| {
            let message = work::CancelStepsRequest { narration: narration.to_string(), run: convert::number(run) };
            let mut stage = self.stage(channel, tenant);
            async move { stage.cancel_steps(short(message)).await.map_err(|status| told(&status)) }
        };
        // Every stage is told, also when another one cannot be.
        let (ingest, ai, tts) = tokio::join!(tell(&self.ingest.calls), tell(&self.ai.calls), tell(&self.tts.calls));
        ingest.and(ai).and(tts).map(drop)
    }

    async fn delete_recording(
        &self,
        tenant: &TenantId,
        scope: &ScopeId,
        narration: &NarrationId,
        run: u32,
    ) -> Result<(), Failure> {
        let run = convert::number(run);
        let files = DeleteRecordingRequest { scope: scope.to_string(), narration: narration.to_string(), run };
        self.speech(tenant).delete_recording(short(files)).await.map(drop).map_err(|status| told(&status))
    }

    async fn prune(
        &self,
        tenant: &TenantId,
        scope: &ScopeId,
        in_use: &InUse,
        still: &dyn Still,
    ) -> Result<Swept, Failure> {
        let [tts, ai] = [&self.tts, &self.ai].map(|stage| self.stage(&stage.streams, tenant));
        let speech = Box::pin(prune::prune(tts, scope, &in_use.tracks, still)).await?;
        let scripts = Box::pin(prune::prune(ai, scope, &in_use.scripts, still)).await?;
        Ok(Swept { deleted: speech.deleted + scripts.deleted, left: speech.left || scripts.left })
    }
}

/// Whether pages of a document can be chosen.
///
/// # Errors
/// `INVALID_FIELD` of an order.
fn has_pages(document: &api::Document) -> Result<(), Failure> {
    if document.page_count.is_some() {
        return Ok(());
    }
    let message = "the document has no pages; choose chapters of it, or leave the pages out";
    Err(Failure::invalid("narration.selection.pages", message).about(document.name.clone()))
}

/// A failure of `ResolveSpeakers` or `DescribeEngine`, whose fields lie in the order that they were
/// asked for.
fn at_order(failure: Failure) -> Failure {
    let is_ordered = |field: &str| {
        let first = field.split(['.', '[']).next().unwrap_or_default();
        ["writer", "speakers", "language_code", "formats", "speed"].contains(&first)
    };
    match failure.field.clone().filter(|field| is_ordered(field)) {
        Some(field) => failure.at(format!("narration.{field}")),
        None => failure,
    }
}

/// A request that is answered within [`SHORT`] or not at all.
fn short<T>(message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.set_timeout(SHORT);
    request
}

/// The failure of a call of a stage, as callers may hear it. What the transport says names internal
/// addresses, so it is for the log.
#[must_use]
pub fn told(status: &tonic::Status) -> Failure {
    let mut failure = failure(status);
    if is_of_transport(status) {
        tracing::warn!(%failure, "a call of a stage service broke off");
        "a service behind the gateway cannot be reached; try again".clone_into(&mut failure.message);
    }
    failure
}

/// Why a call that is passed on to a stage is refused: as the stage said it, or as [`told`] has it.
#[must_use]
pub fn passed_on(answer: tonic::Status) -> Refusal {
    if is_of_transport(&answer) { told(&answer).into() } else { answer.into() }
}

fn is_of_transport(status: &tonic::Status) -> bool {
    std::error::Error::source(status).is_some()
}

/// A field that a stage must fill and did not.
#[must_use]
pub fn missing(what: &str) -> Failure {
    Failure::new(Kind::Internal, Reason::Internal, format!("a stage service answered without {what}"))
}

#[cfg(test)]
mod tests {
    use lectern_rpc::status;

    use super::*;

    #[test]
    fn pages_are_chosen_of_a_document_that_has_some() {
        let document =
            |page_count| api::Document { name: "documents/d1".to_owned(), page_count, ..api::Document::default() };
        assert_eq!(has_pages(&document(Some(3))), Ok(()));
        let refused = has_pages(&document(None)).expect_err("it has none");
        assert_eq!((refused.kind, refused.reason), (Kind::InvalidArgument, Reason::InvalidField));
        assert_eq!(refused.field.as_deref(), Some("narration.selection.pages"));
        assert_eq!(refused.resource.as_deref(), Some("documents/d1"));
    }

    /// Fails on code that answers with what the transport said.
    #[test]
    fn no_address_of_a_stage_reaches_a_caller() {
        let cause = std::io::Error::other("https://ai.internal:7402 cannot be reached: refused");
        let heard = told(&tonic::Status::from_error(Box::new(cause)));
        assert_eq!((heard.kind, heard.reason), (Kind::Unavailable, Reason::ServiceUnavailable));
        assert!(!heard.to_string().contains("ai.internal"), "{heard}");
        let own = Failure::new(Kind::NotFound, Reason::ResourceNotFound, "no such document; list them");
        assert_eq!(told(&status(&own)), own);
    }

    /// Fails on code that passes on whatever a call of a stage comes to.
    #[test]
    fn a_status_is_passed_on_as_its_stage_gave_it_and_no_address_with_it() {
        let cause = std::io::Error::other("https://ingest.internal:7401 cannot be reached: refused");
        let passed = tonic::Status::from(passed_on(tonic::Status::from_error(Box::new(cause))));
        assert_eq!(failure(&passed).kind, Kind::Unavailable);
        assert!(!format!("{passed:?}").contains("ingest.internal"), "{passed:?}");
        let own = status(&Failure::new(Kind::NotFound, Reason::ResourceNotFound, "no such document; list them"));
        let (code, message, details) = (own.code(), own.message().to_owned(), own.details().to_vec());
        let passed = tonic::Status::from(passed_on(own));
        assert_eq!((passed.code(), passed.message(), passed.details()), (code, message.as_str(), details.as_slice()));
    }

    #[test]
    fn what_is_wrong_with_a_voice_or_a_writer_is_told_of_the_orders_field() {
        let unknown = Failure::new(Kind::InvalidArgument, Reason::VoiceUnknown, "no such voice; list the voices");
        for (asked, ordered) in [
            ("writer", "narration.writer"),
            ("speakers", "narration.speakers"),
            ("speakers[1].voice", "narration.speakers[1].voice"),
            ("speakers[0].other_voices", "narration.speakers[0].other_voices"),
            ("language_code", "narration.language_code"),
            ("formats", "narration.formats"),
        ] {
            assert_eq!(at_order(unknown.clone().at(asked)), unknown.clone().at(ordered));
        }
        assert_eq!(at_order(unknown.clone()), unknown);
        assert_eq!(at_order(unknown.clone().at("text")), unknown.at("text"));
    }
}
