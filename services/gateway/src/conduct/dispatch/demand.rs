//! What all gateways together have for a service to do, for whoever decides how many workers it
//! has.

use std::sync::atomic::Ordering;

use lectern_core::id::Service;

use super::Dispatcher;

impl Dispatcher {
    /// Steps that a service would work on now if it had workers enough, of all gateways, whichever
    /// is asked: those that are granted, and those that wait for nothing but a worker. What an
    /// operator holds up, what is beyond the limit of its tenant and what needs an engine that is
    /// out of order is not among them: more workers would not do it. What others have to do is as
    /// they said within the last second.
    ///
    /// None until this gateway and the others have read who waits in the turns that they look
    /// after.
    #[must_use]
    pub fn demanded(&self, service: Service) -> Option<u64> {
        let state = self.shared.services.get(&service).filter(|state| state.is_read.load(Ordering::Acquire))?;
        let here = state.backlog.lock().demands().steps();
        let elsewhere = self.shared.members.lock().demanded_elsewhere(service)?;
        Some(here + elsewhere)
    }

    /// Steps of a service that one of its workers does at once, on average; none where no worker
    /// that takes steps was heard of.
    #[must_use]
    pub fn permits_of_one(&self, service: Service) -> Option<f64> {
        self.shared.workers.permits_of_one(service, self.shared.clock.now())
    }
}
