//! Watches: what there is, a bookmark at its end where that is asked for, and then each change.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::time::Instant;

use super::kinds::Kind;
use super::serve::{Filter, Parameters};
use super::store::Store;

/// A watch that says no end ends after this long.
const USUAL: Duration = Duration::from_secs(300);

/// A watch that goes on.
struct Watch {
    store: Arc<Store>,
    filter: Filter,
    changes: watch::Receiver<u64>,
    /// What was told of last.
    version: u64,
    lines: VecDeque<Bytes>,
    until: Instant,
}

/// The body of the answer to a watch.
pub(super) fn body(store: &Arc<Store>, kind: &'static Kind, filter: Filter, parameters: &Parameters) -> Body {
    // Before anything is read, so that no change is missed.
    let changes = store.subscribe();
    let initial = parameters.is("sendInitialEvents");
    let from = parameters.get("resourceVersion").parse::<u64>().ok().filter(|from| *from > 0 && !initial);
    let (mut lines, version) = (VecDeque::new(), from);
    let version = version.unwrap_or_else(|| {
        let (found, version) = store.list(|place, object| filter.chooses(place, object));
        lines.extend(found.iter().map(|(_, object)| line("ADDED", object)));
        version
    });
    if initial {
        let end = json!({
            "kind": kind.kind,
            "apiVersion": kind.group_version(),
            "metadata": {
                "resourceVersion": version.to_string(),
                "annotations": {"k8s.io/initial-events-end": "true"},
            },
        });
        lines.push_back(line("BOOKMARK", &end));
    }
    let seconds = parameters.get("timeoutSeconds").parse().map_or(USUAL, Duration::from_secs);
    let until = Instant::now() + seconds.min(USUAL);
    let watch = Watch { store: Arc::clone(store), filter, changes, version, lines, until };
    Body::from_stream(futures::stream::unfold(watch, |mut watch| async move {
        let line = watch.next().await?;
        Some((Ok::<_, Infallible>(line), watch))
    }))
}

impl Watch {
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            if let Some(line) = self.lines.pop_front() {
                return Some(line);
            }
            self.changes.mark_unchanged();
            let latest = self.store.version();
            let events = self.store.events_after(self.version, |place, object| self.filter.chooses(place, object));
            self.version = latest.max(self.version);
            self.lines.extend(
                events.iter().filter(|event| event.version <= latest).map(|event| line(event.what, &event.object)),
            );
            if self.lines.is_empty() {
                let changed = tokio::time::timeout_at(self.until, self.changes.changed()).await;
                if !matches!(changed, Ok(Ok(()))) {
                    return None;
                }
            }
        }
    }
}

fn line(what: &str, object: &Value) -> Bytes {
    let mut line = json!({"type": what, "object": object}).to_string();
    line.push('\n');
    Bytes::from(line)
}
