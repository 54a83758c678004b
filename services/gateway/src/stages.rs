//! What the gateway asks of the stages beside commands, as a port: gRPC in production
//! ([`crate::upstream`]), direct calls in simulations.

use std::fmt::Debug;

use async_trait::async_trait;
use lectern_core::Failure;
use lectern_core::id::{NarrationId, ScopeId, TenantId};
use lectern_stage::prune::Swept;

use crate::conduct::prune::InUse;
use crate::domain::{NarrationRequest, Pins};

/// The stages, as the gateway asks them.
#[async_trait]
pub trait Stages: Send + Sync + Debug {
    /// What a run of `request` is pinned to, and the scope that it is made in.
    ///
    /// # Errors
    /// What a stage answers: the document is not there, the style or the voice is not to be had, a
    /// stage cannot be reached.
    async fn pin(&self, tenant: &TenantId, request: &NarrationRequest) -> Result<(ScopeId, Pins), Failure>;

    /// Stops the steps of a narration's runs up to `run`, in every stage.
    ///
    /// # Errors
    /// The first stage's failure; the call is safe to repeat.
    async fn cancel_steps(&self, tenant: &TenantId, narration: &NarrationId, run: u32) -> Result<(), Failure>;

    /// Deletes the files of the recordings that a narration's runs made, up to `run`; those of
    /// later runs are never met.
    ///
    /// # Errors
    /// What tts answers; the call is safe to repeat, and at any later time.
    async fn delete_recording(
        &self,
        tenant: &TenantId,
        scope: &ScopeId,
        narration: &NarrationId,
        run: u32,
    ) -> Result<(), Failure>;

    /// Deletes plans, sections, tracks and segments of a scope that nothing in `in_use` needs.
    /// Where there are some, `still` is asked, while no step of the scope begins, whether that is
    /// all that is in use yet.
    ///
    /// # Errors
    /// What a stage answers, and those of `still`; safe to repeat with what is in use then.
    async fn prune(
        &self,
        tenant: &TenantId,
        scope: &ScopeId,
        in_use: &InUse,
        still: &dyn Still,
    ) -> Result<Swept, Failure>;
}

/// Knows whether something happened that could use what was unused.
#[async_trait]
pub trait Still: Send + Sync {
    /// Whether nothing did.
    ///
    /// # Errors
    /// `STORE_UNAVAILABLE`.
    async fn still(&self) -> Result<bool, Failure>;
}
