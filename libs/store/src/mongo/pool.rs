//! The driver's events of its pools, counted.

use std::collections::HashSet;
use std::sync::Arc;

use mongodb::event::EventHandler;
use mongodb::event::cmap::CmapEvent;
use parking_lot::Mutex;

use crate::pool::PoolStats;

/// Keeps `stats` up to date with what the pools of a client do.
///
/// A connection is given back by the event that says so, or by its end: one that an operation has
/// when the pool of its server is given up is closed, and nobody says that it was given back.
pub(super) fn counting(stats: &Arc<PoolStats>) -> EventHandler<CmapEvent> {
    let stats = Arc::clone(stats);
    // A connection's number is of its server's pool.
    let used = Mutex::new(HashSet::new());
    #[allow(clippy::wildcard_enum_match_arm, reason = "the driver's events may grow, and four of them matter")]
    let count = move |event| match event {
        CmapEvent::ConnectionCreated(_) => stats.note_opened(),
        CmapEvent::ConnectionCheckedOut(out) => {
            stats.note_waited(out.duration);
            let mut used = used.lock();
            used.insert((out.address, out.connection_id));
            stats.note_used(used.len());
        }
        CmapEvent::ConnectionCheckedIn(back) => {
            let mut used = used.lock();
            used.remove(&(back.address, back.connection_id));
            stats.note_used(used.len());
        }
        CmapEvent::ConnectionClosed(closed) => {
            stats.note_closed();
            let mut used = used.lock();
            used.remove(&(closed.address, closed.connection_id));
            stats.note_used(used.len());
        }
        _ => {}
    };
    EventHandler::callback(count)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use mongodb::options::ServerAddress;
    use serde::de::DeserializeOwned;
    use serde_json::json;

    use super::*;

    /// An event of a connection, of a server and a duration that are the driver's defaults.
    fn event<E: DeserializeOwned>(connection: u32) -> E {
        serde_json::from_value(json!({ "connectionId": connection, "reason": "stale" })).unwrap()
    }

    /// An operation that got no connection.
    fn failed() -> CmapEvent {
        CmapEvent::ConnectionCheckoutFailed(serde_json::from_value(json!({ "reason": "timeout" })).unwrap())
    }

    fn handler(stats: &Arc<PoolStats>) -> impl Fn(CmapEvent) {
        let EventHandler::Callback(handle) = counting(stats) else { panic!("not called at once") };
        move |event| handle(event)
    }

    #[test]
    fn connections_are_idle_used_or_waited_for() {
        let stats = Arc::new(PoolStats::new(7));
        let waits = Arc::new(Mutex::new(Vec::new()));
        let told = Arc::clone(&waits);
        stats.tell_waits(move |wait| told.lock().push(wait));
        let handle = handler(&stats);
        let levels = || (stats.idle(), stats.used(), stats.pending());

        let (first, second) = (stats.begin(), stats.begin());
        assert_eq!(levels(), (0, 0, 2));
        handle(CmapEvent::ConnectionCreated(event(1)));
        assert_eq!((stats.opened(), levels()), (1, (1, 0, 2)), "it is being opened");
        handle(CmapEvent::ConnectionCheckedOut(event(1)));
        assert_eq!(levels(), (0, 1, 1));
        handle(failed());
        drop(second);
        assert_eq!((levels(), waits.lock().len()), ((0, 1, 0), 1), "a failure is no time to wait");
        drop(first);
        assert_eq!(levels(), (0, 1, 0), "never below 0, also where a connection is given back late");
        handle(CmapEvent::ConnectionCheckedIn(event(1)));
        assert_eq!(levels(), (1, 0, 0));
        handle(CmapEvent::ConnectionClosed(event(1)));
        assert_eq!((stats.opened(), stats.most(), levels()), (1, 7, (0, 0, 0)));
    }

    #[test]
    fn a_connection_that_is_closed_while_it_is_used_is_used_no_longer() {
        let stats = Arc::new(PoolStats::new(7));
        let handle = handler(&stats);
        for connection in [1, 2] {
            handle(CmapEvent::ConnectionCreated(event(connection)));
            handle(CmapEvent::ConnectionCheckedOut(event(connection)));
        }
        handle(CmapEvent::ConnectionClosed(event(1)));
        assert_eq!((stats.idle(), stats.used()), (0, 1));
    }

    #[test]
    fn connections_of_two_servers_with_one_number_are_two() {
        let stats = Arc::new(PoolStats::new(7));
        let handle = handler(&stats);
        for host in ["a", "b"] {
            let mut out: mongodb::event::cmap::ConnectionCheckedOutEvent = event(1);
            out.address = ServerAddress::parse(host).unwrap();
            out.duration = Duration::from_millis(3);
            handle(CmapEvent::ConnectionCheckedOut(out));
        }
        assert_eq!(stats.used(), 2);
    }
}
