//! What the gateway asks of the stages beside commands, as a port: gRPC in production
//! ([`crate::upstream`]), direct calls in simulations.

use std::fmt::Debug;

use async_trait::async_trait;
use lectern_core::Failure;
use lectern_core::id::{NarrationId, ScopeId, TenantId};

use crate::domain::{Pins, Wish};

/// The stages, as the gateway asks them.
#[async_trait]
pub trait Stages: Send + Sync + Debug {
    /// What a run of `wish` is pinned to, and the scope that it is made in.
    ///
    /// # Errors
    /// What a stage answers: the document is not there, the style or the voice is not to be had, a
    /// stage cannot be reached.
    async fn pin(&self, tenant: &TenantId, wish: &Wish) -> Result<(ScopeId, Pins), Failure>;

    /// Stops the steps of a narration's runs up to `run`, in every stage.
    ///
    /// # Errors
    /// The first stage's failure; the call is safe to repeat.
    async fn cancel_steps(&self, tenant: &TenantId, narration: &NarrationId, run: u32) -> Result<(), Failure>;

    /// Deletes the files of a narration's recording.
    ///
    /// # Errors
    /// What tts answers; the call is safe to repeat.
    async fn delete_recording(
        &self,
        tenant: &TenantId,
        scope: &ScopeId,
        narration: &NarrationId,
    ) -> Result<(), Failure>;
}
