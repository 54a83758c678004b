//! Says how many steps the worker takes and which engines are out of order, to whoever grants
//! steps.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::Handler;
use crate::capacity::{CAPACITY, Capacity};
use crate::worker::Shared;

/// Announces at the start, periodically, at each transition of a breaker, and at the shutdown that
/// no more steps are taken.
pub(crate) async fn announce<H: Handler>(shared: Arc<Shared<H>>, shutdown: CancellationToken) {
    let mut engines = shared.breakers.subscribe();
    let every = shared.options.announce;
    loop {
        let pause = shared.breakers.pause();
        let permits = if pause.is_some() || shutdown.is_cancelled() { 0 } else { shared.options.permits.max(1) };
        let (open, due) = shared.breakers.resting();
        shared.tell_capacity(permits, open).await;
        if shutdown.is_cancelled() {
            return;
        }
        tokio::select! {
            // The shutdown first: it is said once, and at once.
            biased;
            () = shutdown.cancelled() => {}
            _ = engines.changed() => {}
            // When a probe is due, steps are taken again.
            () = tokio::time::sleep([pause, due].into_iter().flatten().fold(every, Duration::min)) => {}
        }
    }
}

impl<H: Handler> Shared<H> {
    async fn tell_capacity(&self, permits: usize, open: Vec<String>) {
        let service = self.handler.service();
        let capacity = Capacity { service, holder: self.holder.clone(), permits, open };
        // Where it is lost: it is repeated.
        self.hint(CAPACITY, capacity.encode()).await;
    }
}
