//! `lectern.v1.VoiceService`, passed on to tts, which owns the voices.

use lectern_proto::v1::{self as api, voice_service_server::VoiceService};
use lectern_rpc::{Caller, relay};
use tonic::{Request, Response, Status};

use crate::upstream::{Upstream, passed_on};

/// The public voice service.
#[derive(Debug, Clone)]
pub struct Voices(Upstream);

impl Voices {
    /// The service over the stages.
    #[must_use]
    pub const fn new(upstream: Upstream) -> Self {
        Self(upstream)
    }
}

#[tonic::async_trait]
impl VoiceService for Voices {
    async fn list_voices(
        &self,
        request: Request<api::ListVoicesRequest>,
    ) -> Result<Response<api::ListVoicesResponse>, Status> {
        relay(request, |caller: Caller, request| async move {
            Ok(self.0.voices(&caller.tenant).list_voices(request).await.map_err(passed_on)?.into_inner())
        })
        .await
    }
}
