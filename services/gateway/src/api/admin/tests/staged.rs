//! Stages that answer what a test lets them.

use std::collections::BTreeMap;

use async_trait::async_trait;
use lectern_core::id::{NarrationId, Service, TenantId};
use lectern_core::{Failure, Kind, Reason};
use lectern_proto::work::v1 as work;
use parking_lot::Mutex;

use crate::inspect::{Inspect, Place};

/// The steps of each stage, in pages as small as they are asked for.
#[derive(Debug, Default)]
pub(super) struct Staged {
    steps: Mutex<BTreeMap<Service, Vec<work::Step>>>,
    away: Mutex<Option<Service>>,
}

impl Staged {
    /// Gives a stage a step that is leased.
    pub(super) fn add(&self, stage: Service, id: &str, tenant: &str) {
        let mut step = work::Step { id: id.to_owned(), tenant: tenant.to_owned(), ..work::Step::default() };
        step.set_state(work::step::State::Leased);
        "worker-1".clone_into(&mut step.holder);
        self.steps.lock().entry(stage).or_default().push(step);
    }

    /// Lets a stage answer nothing.
    pub(super) fn take_away(&self, stage: Service) {
        *self.away.lock() = Some(stage);
    }

    fn page(&self, stage: Service, place: &Place) -> Result<(Vec<work::Step>, String), Failure> {
        if *self.away.lock() == Some(stage) {
            return Err(Failure::new(Kind::Unavailable, Reason::ServiceUnavailable, "it is away"));
        }
        let all = self.steps.lock().get(&stage).cloned().unwrap_or_default();
        let from = place.token.parse().unwrap_or(0_usize);
        let most = usize::try_from(place.most).expect("a size");
        let next = if from + most < all.len() { (from + most).to_string() } else { String::new() };
        Ok((all.into_iter().skip(from).take(most).collect(), next))
    }
}

#[async_trait]
impl Inspect for Staged {
    async fn steps(
        &self,
        stage: Service,
        tenant: &TenantId,
        narration: &NarrationId,
        place: Place,
    ) -> Result<work::ListStepsResponse, Failure> {
        let (steps, next_page_token) = self.page(stage, &place)?;
        let of_it = |step: &work::Step| step.tenant == tenant.as_str() && step.id.starts_with(&format!("{narration}/"));
        Ok(work::ListStepsResponse { steps: steps.into_iter().filter(of_it).collect(), next_page_token })
    }

    async fn leases(&self, stage: Service, place: Place) -> Result<work::ListLeasesResponse, Failure> {
        let (steps, next_page_token) = self.page(stage, &place)?;
        Ok(work::ListLeasesResponse { steps, next_page_token })
    }

    async fn service(&self, stage: Service, _: bool) -> Result<work::GetServiceResponse, Failure> {
        self.page(stage, &Place { token: String::new(), most: 1 })?;
        Ok(work::GetServiceResponse { version: "1.2.3".to_owned(), serving: true, ..Default::default() })
    }
}
