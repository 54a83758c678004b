//! `ListenNarration`: the audio of a narration that may still be in the making.

use std::sync::Arc;

use async_stream::try_stream;
use futures::Stream;
use lectern_core::Failure;
use lectern_core::id::{NarrationId, TenantId};
use lectern_proto::tts::v1::{ReadTrackRequest, read_track_response::Part};
use lectern_proto::v1 as api;
use lectern_proto::v1::listen_narration_response::Part as Out;
use lectern_rpc::status::{shutting_down, status};
use tokio_util::sync::CancellationToken;
use tonic::Status;

use crate::conduct::{Conductor, wire};
use crate::domain::Phase;
use crate::orders::Orders;
use crate::upstream::Upstream;

/// One caller who listens to one narration.
#[derive(Debug)]
pub struct Listener {
    /// Reads the narration's record.
    pub orders: Orders,
    /// Brings news of it.
    pub conductor: Conductor,
    /// Reads the tracks.
    pub upstream: Upstream,
    /// The installation's secret.
    pub master: Arc<[u8]>,
    /// Whose it is.
    pub tenant: TenantId,
    /// Which.
    pub id: NarrationId,
    /// Ends the stream when the replica ends.
    pub stop: CancellationToken,
}

impl Listener {
    /// Sections from `first` on, each as soon as it is recorded.
    pub fn listen(self, first: u32) -> impl Stream<Item = Result<api::ListenNarrationResponse, Status>> {
        try_stream! {
            let mut news = self.conductor.hub().subscribe(&self.id);
            let mut next = first;
            let mut said_format = false;
            loop {
                news.borrow_and_update();
                let narration = self.orders.get(&self.tenant, &self.id).await.map_err(|f| status(&f))?.record;
                while narration.sections > next && narration.recorded.contains(next) && !narration.erased {
                    let request = ReadTrackRequest {
                        scope: narration.scope.to_string(),
                        track_key: wire::Keys::of(&narration, &self.master).track(next).to_string(),
                        delivery: Some(wire::delivery(&narration)),
                    };
                    let mut track = self.upstream.speech(&self.tenant).read_track(request).await?.into_inner();
                    while let Some(message) = track.message().await? {
                        let part = match message.part {
                            Some(Part::Format(_)) if said_format => continue,
                            Some(Part::Format(format)) => {
                                said_format = true;
                                Out::Format(format)
                            }
                            Some(Part::Section(section)) => Out::Section(section),
                            Some(Part::Audio(audio)) => Out::Audio(audio),
                            None => continue,
                        };
                        yield api::ListenNarrationResponse { part: Some(part) };
                    }
                    next += 1;
                }
                match narration.phase {
                    Phase::Extracting | Phase::Planning | Phase::Narrating | Phase::Assembling => {
                        if narration.sections > 0 && next >= narration.sections {
                            break;
                        }
                    }
                    Phase::Succeeded => break,
                    Phase::Failed | Phase::Cancelled => {
                        let failure = narration.failure.map_or_else(
                            || Failure::internal("the narration ended without a reason"),
                            |failure| failure.failure,
                        );
                        Err(status(&failure))?;
                    }
                }
                // The hub outlives every stream, so the channel does not close.
                let wait = tokio::time::timeout(std::time::Duration::from_secs(15), news.changed());
                if self.stop.run_until_cancelled(wait).await.is_none() {
                    Err(shutting_down())?;
                }
            }
        }
    }
}
