//! `WatchNarration`: the newest state of a narration each time it has changed, and what is known
//! beside its record each time that has.

use std::time::Duration;

use async_stream::try_stream;
use futures::Stream;
use lectern_core::id::{NarrationId, TenantId};
use lectern_core::keys::TenantSecret;
use lectern_core::{Failure, Kind, Reason};
use lectern_proto::v1 as api;
use lectern_proto::v1::watch_narration_response::News;
use lectern_rpc::page;
use lectern_rpc::status::shutting_down;
use lectern_store::Versioned;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::encode;
use crate::conduct::{Conductor, Moment, Wait};
use crate::domain::Narration;
use crate::orders::Orders;

/// A checkpoint is sent after this long without news.
const CHECKPOINT: Duration = Duration::from_secs(15);

/// How far a watcher has seen a narration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Seen {
    /// The version of the record; 0, which is before the first, for nothing.
    version: u64,
    /// Why it did not go on.
    wait: Option<Wait>,
}

/// What says to a watcher how far it has seen a narration, sealed, so that one that was made up or
/// is another narration's is told from one that is merely old.
#[derive(Debug)]
pub struct ResumeTokens {
    secret: TenantSecret,
    purpose: String,
}

impl ResumeTokens {
    /// The tokens of a narration, under its tenant's secret.
    pub fn new(secret: TenantSecret, id: &NarrationId) -> Self {
        Self { secret, purpose: format!("WatchNarration {id}") }
    }

    fn seal(&self, seen: Seen) -> Result<String, Failure> {
        page::seal(&self.secret, &self.purpose, &seen)
    }

    /// What the holder of a token has seen; nothing for none.
    ///
    /// # Errors
    /// `PAGE_TOKEN_INVALID`.
    pub fn open(&self, token: &str) -> Result<Seen, Failure> {
        let seen = page::open(&self.secret, &self.purpose, token).map_err(|_| {
            Failure::new(
                Kind::InvalidArgument,
                Reason::PageTokenInvalid,
                "resume_token was not made by WatchNarration for this narration; leave it out to begin with the present state",
            )
            .at("resume_token")
        })?;
        Ok(seen.unwrap_or_default())
    }
}

/// One caller who watches one narration.
#[derive(Debug)]
pub struct Watcher {
    /// Reads the narration's record.
    pub orders: Orders,
    /// Brings news of it, and knows what is beside the record.
    pub conductor: Conductor,
    /// Whose it is.
    pub tenant: TenantId,
    /// Which.
    pub id: NarrationId,
    /// Seals what was seen.
    pub tokens: ResumeTokens,
    /// Ends the stream when the replica ends.
    pub stop: CancellationToken,
}

impl Watcher {
    /// The newest state each time it has changed since it was `seen`, until it is terminal. The
    /// record is read when it may be a newer one; what is known beside it is looked at in memory.
    pub fn watch(self, mut seen: Seen) -> impl Stream<Item = Result<api::WatchNarrationResponse, Failure>> {
        try_stream! {
            let mut news = self.conductor.hub().subscribe(&self.id);
            let mut assembled = None;
            let mut resumed = true;
            let mut known: Option<Versioned<Narration>> = None;
            let mut checkpoint = Instant::now() + CHECKPOINT;
            loop {
                let heard = *news.borrow_and_update();
                let narration = match known.take().filter(|known| heard <= known.revision.0) {
                    Some(known) => known,
                    None => self.orders.get(&self.tenant, &self.id).await?,
                };
                let moment = self.conductor.moment(&narration.record);
                let now = Seen { version: narration.record.version, wait: moment.wait };
                // A version older than the token's is that of a database put back from a copy: what
                // the watcher has seen is not so any more.
                if std::mem::take(&mut resumed) && now.version < seen.version {
                    seen = Seen::default();
                }
                let beside = (moment.wait, moment.assembled) != (seen.wait, assembled);
                if now.version > seen.version || (now.version == seen.version && beside) {
                    (seen, assembled) = (now, moment.assembled);
                    let state = self.state(&narration, &moment, seen)?;
                    yield state;
                    checkpoint = Instant::now() + CHECKPOINT;
                }
                if narration.record.phase().terminal() {
                    break;
                }
                known = Some(narration);
                // The hub outlives every stream, so the channel does not close.
                let wait = tokio::time::timeout_at(checkpoint, news.changed());
                let Some(waited) = self.stop.run_until_cancelled(wait).await else {
                    Err(shutting_down())?;
                    break;
                };
                if waited.is_err() {
                    // Nobody may have told of what changed meanwhile.
                    known = None;
                    let resume_token = self.tokens.seal(seen)?;
                    let news = Some(News::Checkpoint(api::Checkpoint {}));
                    yield api::WatchNarrationResponse { news, resume_token };
                    checkpoint = Instant::now() + CHECKPOINT;
                }
            }
        }
    }

    fn state(
        &self,
        narration: &Versioned<Narration>,
        moment: &Moment,
        seen: Seen,
    ) -> Result<api::WatchNarrationResponse, Failure> {
        Ok(api::WatchNarrationResponse {
            news: Some(News::Narration(encode::narration(narration, moment))),
            resume_token: self.tokens.seal(seen)?,
        })
    }
}

#[cfg(test)]
mod tests;
