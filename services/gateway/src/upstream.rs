//! The stage services, as the gateway calls them: their gRPC clients, under the gateway's own
//! credential and the caller's tenant.

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
use lectern_proto::{ai::v1 as ai, convert, ingest::v1 as ingest, names, tts::v1 as tts, work::v1 as work};
use lectern_rpc::{Outbound, ServiceCredential, failure};
use tonic::Request;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::Channel;

use crate::domain::{Pins, Wish};
use crate::stages::Stages;

/// How long the gateway waits for a short answer of a stage, unless the caller's own deadline is
/// nearer.
const SHORT: Duration = Duration::from_secs(10);

/// Messages to and from stages may be this large: an inline source and its frame.
pub const MESSAGE_LIMIT: usize = 5 * 1024 * 1024;

/// A channel whose calls carry the gateway's credential and a tenant.
pub type Authorized = InterceptedService<Channel, Outbound>;

/// One channel a stage service, shared by every call.
#[derive(Debug, Clone)]
pub struct Upstream {
    ingest: Channel,
    ai: Channel,
    tts: Channel,
    credential: Arc<ServiceCredential>,
}

impl Upstream {
    /// Clients over these channels.
    #[must_use]
    pub const fn new(ingest: Channel, ai: Channel, tts: Channel, credential: Arc<ServiceCredential>) -> Self {
        Self { ingest, ai, tts, credential }
    }

    fn over(&self, channel: &Channel, tenant: &TenantId) -> Authorized {
        Outbound::as_service("gateway", Arc::clone(&self.credential), tenant.clone()).over(channel.clone())
    }

    /// Documents.
    #[must_use]
    pub fn documents(&self, tenant: &TenantId) -> DocumentServiceClient<Authorized> {
        DocumentServiceClient::new(self.over(&self.ingest, tenant))
            .max_decoding_message_size(MESSAGE_LIMIT)
            .max_encoding_message_size(MESSAGE_LIMIT)
    }

    /// What narrations need to know of documents.
    #[must_use]
    pub fn ingest(&self, tenant: &TenantId) -> IngestServiceClient<Authorized> {
        IngestServiceClient::new(self.over(&self.ingest, tenant))
    }

    /// Scripts.
    #[must_use]
    pub fn scripts(&self, tenant: &TenantId) -> ScriptServiceClient<Authorized> {
        ScriptServiceClient::new(self.over(&self.ai, tenant))
    }

    /// Speech and recordings.
    #[must_use]
    pub fn speech(&self, tenant: &TenantId) -> SpeechServiceClient<Authorized> {
        SpeechServiceClient::new(self.over(&self.tts, tenant))
    }

    /// Voices.
    #[must_use]
    pub fn voices(&self, tenant: &TenantId) -> VoiceServiceClient<Authorized> {
        VoiceServiceClient::new(self.over(&self.tts, tenant))
    }
}

#[async_trait]
impl Stages for Upstream {
    async fn pin(&self, tenant: &TenantId, wish: &Wish) -> Result<(ScopeId, Pins), Failure> {
        let ask = |status: tonic::Status| failure(&status);
        let request = short(ingest::GetSourceRequest { document: names::of_document(&wish.document) });
        let source = self.ingest(tenant).get_source(request).await.map_err(ask)?.into_inner();

        let request = short(ai::DescribeEngineRequest {});
        let script = self.scripts(tenant).describe_engine(request).await.map_err(ask)?.into_inner();
        if !script.styles.contains(&convert::style_to_wire(wish.order.style).into()) {
            return Err(Failure::new(
                Kind::InvalidArgument,
                Reason::StyleUnsupported,
                format!("the script engine {} does not write this style; order another", script.engine),
            )
            .at("narration.style"));
        }

        let wanted = tts::ResolveVoiceRequest {
            voice: wish.voice.clone(),
            language: wish.order.language.clone().unwrap_or(source.language),
            formats: wish.formats.clone(),
        };
        let voice = self.speech(tenant).resolve_voice(short(wanted)).await.map_err(ask)?.into_inner();
        let voice = voice.voice.ok_or_else(|| missing("a voice"))?;

        let scope = source.scope.parse().map_err(|_| missing("a scope"))?;
        let pins = Pins {
            source: source.sha256.parse().map_err(|_| missing("the source's digest"))?,
            file_name: text::stripped(&source.file_name),
            extractor: source.extractor,
            script: script.engine,
            voice: voice.name,
            voice_version: voice.version,
            language: Some(source.language_set).filter(|tag| !tag.is_empty()),
        };
        Ok((scope, pins))
    }

    async fn cancel_steps(&self, tenant: &TenantId, narration: &NarrationId, run: u32) -> Result<(), Failure> {
        let tell = |channel: &Channel| {
            let message = work::CancelStepsRequest { narration: narration.to_string(), run: convert::number(run) };
            let mut stage = StageServiceClient::new(self.over(channel, tenant));
            async move { stage.cancel_steps(short(message)).await.map_err(|status| failure(&status)) }
        };
        // Every stage is told, also when another one cannot be.
        let (ingest, ai, tts) = tokio::join!(tell(&self.ingest), tell(&self.ai), tell(&self.tts));
        ingest.and(ai).and(tts).map(drop)
    }

    async fn delete_recording(
        &self,
        tenant: &TenantId,
        scope: &ScopeId,
        narration: &NarrationId,
    ) -> Result<(), Failure> {
        let files = DeleteRecordingRequest { scope: scope.to_string(), narration: narration.to_string() };
        self.speech(tenant).delete_recording(short(files)).await.map(drop).map_err(|status| failure(&status))
    }
}

/// A request that is answered within [`SHORT`] or not at all.
fn short<T>(message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.set_timeout(SHORT);
    request
}

/// A field that a stage must fill and did not.
#[must_use]
pub fn missing(what: &str) -> Failure {
    Failure::new(Kind::Internal, Reason::Internal, format!("a stage service answered without {what}"))
}
