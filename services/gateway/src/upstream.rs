//! The stage services, as the gateway calls them: their gRPC clients, under the gateway's own credential and the caller's tenant.

use std::time::Duration;

use lectern_core::id::{NarrationId, TenantId};
use lectern_core::{Failure, Kind, Reason};
use lectern_proto::ai::v1::script_service_client::ScriptServiceClient;
use lectern_proto::ingest::v1::ingest_service_client::IngestServiceClient;
use lectern_proto::tts::v1::speech_service_client::SpeechServiceClient;
use lectern_proto::v1::document_service_client::DocumentServiceClient;
use lectern_proto::v1::voice_service_client::VoiceServiceClient;
use lectern_proto::work::v1 as work;
use lectern_proto::work::v1::stage_service_client::StageServiceClient;
use lectern_rpc::auth::ServiceCredential;
use tonic::transport::Channel;
use tonic::{Request, Status};

/// How long the gateway waits for a short answer of a stage, unless the caller's own deadline is nearer.
pub const SHORT: Duration = Duration::from_secs(10);

/// One channel a stage service, shared by every call.
#[derive(Debug, Clone)]
pub struct Upstream {
    ingest: Channel,
    ai: Channel,
    tts: Channel,
    credential: ServiceCredential,
}

/// Messages to and from stages may be this large: an inline source and its frame.
const MESSAGE_LIMIT: usize = 5 * 1024 * 1024;

impl Upstream {
    /// Clients over these channels.
    #[must_use]
    pub const fn new(ingest: Channel, ai: Channel, tts: Channel, credential: ServiceCredential) -> Self {
        Self { ingest, ai, tts, credential }
    }

    /// A request on behalf of `tenant`.
    ///
    /// # Errors
    /// INTERNAL when the credential cannot be written as metadata.
    pub fn request<T>(&self, tenant: &TenantId, message: T) -> Result<Request<T>, Status> {
        let mut request = Request::new(message);
        self.credential.attach(request.metadata_mut(), tenant).map_err(|f| lectern_rpc::status::status(&f))?;
        lectern_rpc::client::propagate(&mut request);
        Ok(request)
    }

    /// Documents.
    #[must_use]
    pub fn documents(&self) -> DocumentServiceClient<Channel> {
        DocumentServiceClient::new(self.ingest.clone())
            .max_decoding_message_size(MESSAGE_LIMIT)
            .max_encoding_message_size(MESSAGE_LIMIT)
    }

    /// What narrations need to know of documents.
    #[must_use]
    pub fn ingest(&self) -> IngestServiceClient<Channel> {
        IngestServiceClient::new(self.ingest.clone())
    }

    /// Scripts.
    #[must_use]
    pub fn scripts(&self) -> ScriptServiceClient<Channel> {
        ScriptServiceClient::new(self.ai.clone())
    }

    /// Speech and recordings.
    #[must_use]
    pub fn speech(&self) -> SpeechServiceClient<Channel> {
        SpeechServiceClient::new(self.tts.clone())
    }

    /// Voices.
    #[must_use]
    pub fn voices(&self) -> VoiceServiceClient<Channel> {
        VoiceServiceClient::new(self.tts.clone())
    }

    /// Stops the steps of a narration in every stage.
    ///
    /// # Errors
    /// The first stage's failure; the call is safe to repeat.
    pub async fn cancel_steps(&self, tenant: &TenantId, narration: &NarrationId, run: u32) -> Result<(), Failure> {
        for channel in [&self.ingest, &self.ai, &self.tts] {
            let message = work::CancelStepsRequest {
                narration: narration.to_string(),
                run: lectern_proto::convert::number(run),
            };
            let mut request = self.request(tenant, message).map_err(|s| lectern_rpc::status::failure(&s))?;
            request.set_timeout(SHORT);
            StageServiceClient::new(channel.clone())
                .cancel_steps(request)
                .await
                .map_err(|status| lectern_rpc::status::failure(&status))?;
        }
        Ok(())
    }
}

/// A field that a stage must fill and did not.
#[must_use]
pub fn missing(what: &str) -> Failure {
    Failure::new(Kind::Internal, Reason::Internal, format!("a stage service answered without {what}"))
}
