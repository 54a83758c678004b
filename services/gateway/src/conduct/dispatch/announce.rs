//! Tells the other gateways of this one and its work, hears of them, and finds out with them who
//! looks after what.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt as _;
use lectern_core::id::Service;
use tokio::time::Instant;
use tracing::{debug, info, warn};

use super::members::{Announcement, NAMED, News, Work};
use super::{Dispatcher, EVERY};
use crate::domain::{GatewayId, Ownership};

/// The topic of announcements.
const TOPIC: &str = "dispatchers";
/// Between two announcements at least, where there is something to be told at once.
const AT_MOST_EVERY: Duration = Duration::from_millis(100);
/// An announcement that is not sent within this time is not sent.
const SENT_WITHIN: Duration = Duration::from_secs(1);

/// Who looks after what, and what that follows from.
#[derive(Debug)]
pub(super) struct View {
    live: BTreeSet<GatewayId>,
    limit: usize,
    ownership: Arc<Ownership>,
}

impl View {
    /// What one gateway alone sees.
    pub(super) fn of(me: &GatewayId) -> Self {
        let live = BTreeSet::from([me.clone()]);
        let ownership = Arc::new(Ownership::of(&live, 1));
        Self { live, limit: 1, ownership }
    }
}

impl Dispatcher {
    /// Announces this gateway, every second and when its work begins, without end.
    pub(super) async fn announce(&self) {
        loop {
            self.say(false, false).await;
            tokio::time::sleep(AT_MOST_EVERY).await;
            // A timeout is the announcement that is always made.
            drop(tokio::time::timeout(EVERY - AT_MOST_EVERY, self.shared.announce.notified()).await);
        }
    }

    /// Says what this gateway has to do.
    pub(super) async fn say(&self, hello: bool, leaving: bool) {
        let work: BTreeMap<Service, Work> =
            self.shared.services.keys().map(|service| (*service, self.work(*service))).collect();
        let ownership = self.shared.ownership();
        let (rotation, news) = {
            let mut members = self.shared.members.lock();
            let rotated = members.rotate(&ownership, Instant::now());
            (members.rotation(), members.announce(work.clone()).or_all(rotated))
        };
        self.look_around();
        self.wake_for(&news);
        let limit = self.limit();
        let announcement = Announcement { gateway: self.shared.me.clone(), hello, leaving, limit, rotation, work };
        let payload = serde_json::to_vec(&announcement).map(Bytes::from).unwrap_or_default();
        match tokio::time::timeout(SENT_WITHIN, self.shared.queue.hint(TOPIC, payload)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => debug!(%error, "not announced, the next time is in a second"),
            Err(_) => debug!("not announced in time, the next time is in a second"),
        }
    }

    /// Leaves: others look after everything from now on, and are told so. Those of whom nobody was
    /// told yet are on their way to them.
    pub(super) async fn leave(&self) {
        self.shared.members.lock().set_left(true);
        self.say(false, true).await;
        for state in self.shared.services.values() {
            let arrived = std::mem::take(&mut *state.inbox.lock());
            arrived.into_values().for_each(|narration| self.pass_on(narration));
        }
    }

    /// Steps of one service that may be granted at once, at most of all services, as workers told.
    fn limit(&self) -> usize {
        let now = self.shared.clock.now();
        let limits = self.shared.services.keys().map(|service| self.shared.workers.limit(*service, now));
        limits.max().unwrap_or(1)
    }

    pub(super) fn work(&self, service: Service) -> Work {
        let Some(state) = self.shared.services.get(&service) else { return Work::default() };
        let backlog = state.backlog.lock();
        let grants = backlog.scheduler().grants();
        let mut narrations = BTreeSet::new();
        for (step, _) in grants.iter() {
            narrations.insert(step.narration.clone());
            if narrations.len() > NAMED {
                break;
            }
        }
        let oldest = backlog.scheduler().oldest();
        let more = narrations.len() > NAMED;
        if more {
            narrations.pop_last();
        }
        let reading = !state.is_read.load(Ordering::Acquire);
        let (granted, working) = (grants.len(), grants.working());
        Work { demands: backlog.demands(), granted, working, narrations, more, oldest, reading }
    }

    /// Hears what other gateways announce, without end. Each time that it begins to listen it asks
    /// all others to announce themselves.
    pub(super) async fn listen_to_members(&self) {
        loop {
            match self.shared.queue.hints(TOPIC).await {
                Ok(mut hints) => {
                    self.say(true, false).await;
                    while let Some(hint) = hints.next().await {
                        self.hear_member(&hint);
                    }
                }
                Err(error) => warn!(%error, "other gateways cannot be heard, what they do is done twice at most"),
            }
            tokio::time::sleep(EVERY).await;
        }
    }

    fn hear_member(&self, hint: &[u8]) {
        let Ok(announcement) = serde_json::from_slice::<Announcement>(hint) else { return };
        let hello = announcement.hello && announcement.gateway != self.shared.me;
        let news = self.shared.members.lock().hear(announcement, Instant::now());
        if hello {
            self.shared.announce.notify_one();
        }
        // Whoever else is there, or whatever limit it knows.
        self.look_around();
        self.wake_for(&news);
    }

    /// Lets the services be looked at whose shares are others now.
    fn wake_for(&self, news: &News) {
        for state in news.shares.iter().filter_map(|service| self.shared.services.get(service)) {
            state.wake.notify_one();
        }
    }

    /// Finds out who looks after what now; where that is another, the next passes follow.
    pub(super) fn look_around(&self) {
        let (live, told) = {
            let mut members = self.shared.members.lock();
            (members.live(Instant::now()), members.largest_limit())
        };
        // A gateway that starts comes to the same answer as those that know the workers.
        let limit = self.limit().max(told);
        {
            let mut view = self.shared.view.lock();
            if view.live == live && view.limit == limit {
                return;
            }
            let ownership = Ownership::of(&live, limit);
            let changed = ownership != *view.ownership;
            (view.live, view.limit) = (live, limit);
            if !changed {
                return;
            }
            view.ownership = Arc::new(ownership);
            let (gateways, dispatchers) = (view.live.len(), view.ownership.dispatchers().len());
            info!(gateways, dispatchers, "tenants are looked after by others now");
        }
        self.wake();
    }
}

impl super::Shared {
    /// Who looks after what, as far as is known here.
    pub(super) fn ownership(&self) -> Arc<Ownership> {
        Arc::clone(&self.view.lock().ownership)
    }
}
