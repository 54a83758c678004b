//! What the gateway asks of the stages for operators, as a port: gRPC in production
//! ([`crate::upstream`]).

use std::fmt::Debug;

use async_trait::async_trait;
use lectern_core::Failure;
use lectern_core::id::{NarrationId, Service, TenantId};
use lectern_proto::work::v1 as work;

/// Where a page begins, and how long it may be.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Place {
    /// The stage's own token; empty for the first page.
    pub token: String,
    /// Most records.
    pub most: i32,
}

/// The stages, as operators look at them.
#[async_trait]
pub trait Inspect: Send + Sync + Debug {
    /// A page of a narration's steps at a stage.
    ///
    /// # Errors
    /// What the stage answers.
    async fn steps(
        &self,
        stage: Service,
        tenant: &TenantId,
        narration: &NarrationId,
        place: Place,
    ) -> Result<work::ListStepsResponse, Failure>;

    /// A page of the steps that are leased at a stage, of all tenants.
    ///
    /// # Errors
    /// What the stage answers.
    async fn leases(&self, stage: Service, place: Place) -> Result<work::ListLeasesResponse, Failure>;

    /// How a replica of a stage is, with its settings where they are wanted.
    ///
    /// # Errors
    /// What the stage answers.
    async fn service(&self, stage: Service, include_settings: bool) -> Result<work::GetServiceResponse, Failure>;
}
