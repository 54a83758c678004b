//! `lectern.v1.WriterService`, passed on to ai, which owns the writers.

use lectern_proto::v1::{self as api, writer_service_server::WriterService};
use lectern_rpc::{Caller, relay};
use tonic::{Request, Response, Status};

use crate::upstream::{Upstream, passed_on};

/// The public writer service.
#[derive(Debug, Clone)]
pub struct Writers(Upstream);

impl Writers {
    /// The service over the stages.
    #[must_use]
    pub const fn new(upstream: Upstream) -> Self {
        Self(upstream)
    }
}

#[tonic::async_trait]
impl WriterService for Writers {
    async fn list_writers(
        &self,
        request: Request<api::ListWritersRequest>,
    ) -> Result<Response<api::ListWritersResponse>, Status> {
        relay(request, |caller: Caller, request| async move {
            Ok(self.0.writers(&caller.tenant).list_writers(request).await.map_err(passed_on)?.into_inner())
        })
        .await
    }
}
