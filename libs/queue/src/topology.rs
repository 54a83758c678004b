//! Streams and consumers as code: what must exist on the server, and with which limits.
//!
//! | stream | subjects | kept |
//! | --- | --- | --- |
//! | `WORK_INGEST`, `WORK_AI`, `WORK_TTS` | `work.<service>.>` | until acknowledged, one message a subject, new ones refused |
//! | `EVENTS` | `events.>` | 1 hour |
//! | `DEAD` | `dead.>` | 30 days, the newest of each subject |

use std::time::Duration;

use async_nats::jetstream::consumer::{self, AckPolicy, DeliverPolicy, ReplayPolicy};
use async_nats::jetstream::stream::{self, DiscardPolicy, Placement, RetentionPolicy, StorageType};
use lectern_core::id::Service;

use crate::options::ConnectOptions;
use crate::subject::Subjects;

/// The largest payload, in bytes. Content lies in object storage; a message only names it.
pub const MAX_MESSAGE_BYTES: usize = 64 * 1024;
/// Room for headers above the payload, in bytes.
const HEADER_ROOM: usize = 4 * 1024;
/// How long an event is kept for readers that were away. The reconciler covers longer absences.
pub const EVENTS_KEPT_FOR: Duration = Duration::from_secs(60 * 60);
/// The most events that are kept.
pub const MAX_EVENTS: usize = 1_000_000;
/// How long a dead letter is kept.
pub const DEAD_LETTERS_KEPT_FOR: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// The most dead letters that are kept.
pub const MAX_DEAD_LETTERS: usize = 100_000;
/// The group that the gateways read events as.
pub const EVENTS_GROUP: &str = "gateway";
/// The most events of one group in flight at once, over all members.
const MAX_EVENTS_IN_FLIGHT: i64 = 10_000;

/// The stream of a service's commands.
#[must_use]
pub fn work_stream(subjects: &Subjects, options: &ConnectOptions, service: Service) -> stream::Config {
    stream::Config {
        name: subjects.work_stream(service),
        subjects: vec![subjects.all_work(service)],
        description: Some(format!("Commands of the {} service", service.as_str())),
        retention: RetentionPolicy::WorkQueue,
        discard: DiscardPolicy::New,
        discard_new_per_subject: true,
        max_messages_per_subject: 1,
        max_messages: i64::from(options.max_waiting),
        ..common(options)
    }
}

/// The stream of events.
#[must_use]
pub fn event_stream(subjects: &Subjects, options: &ConnectOptions) -> stream::Config {
    stream::Config {
        name: subjects.event_stream(),
        subjects: vec![subjects.all_events()],
        description: Some("News of steps that ended".to_owned()),
        max_age: EVENTS_KEPT_FOR,
        max_messages: i64::try_from(MAX_EVENTS).unwrap_or(i64::MAX),
        max_messages_per_subject: -1,
        ..common(options)
    }
}

/// The stream of dead letters.
#[must_use]
pub fn dead_stream(subjects: &Subjects, options: &ConnectOptions) -> stream::Config {
    stream::Config {
        name: subjects.dead_stream(),
        subjects: vec![subjects.all_dead(None)],
        description: Some("Commands that failed for good".to_owned()),
        max_age: DEAD_LETTERS_KEPT_FOR,
        max_messages: i64::try_from(MAX_DEAD_LETTERS).unwrap_or(i64::MAX),
        max_messages_per_subject: 1,
        // A letter holds the command in base64 beside the failure.
        max_message_size: i32::try_from(2 * MAX_MESSAGE_BYTES + HEADER_ROOM).unwrap_or(i32::MAX),
        ..common(options)
    }
}

fn common(options: &ConnectOptions) -> stream::Config {
    stream::Config {
        retention: RetentionPolicy::Limits,
        discard: DiscardPolicy::Old,
        // Not in memory: a stream must outlive its server, and the server does not wait for the
        // disk at each message unless its operator says so (`sync_interval`): files cost little.
        storage: StorageType::File,
        max_bytes: i64::from(options.max_stream_bytes),
        num_replicas: usize::from(options.replicas),
        placement: placement(options),
        max_message_size: i32::try_from(MAX_MESSAGE_BYTES + HEADER_ROOM).unwrap_or(i32::MAX),
        // Duplicates are refused per subject; the window that remembers message ids is not used.
        duplicate_window: Duration::from_secs(1),
        ..stream::Config::default()
    }
}

/// Where a new stream is kept; none where the server decides.
fn placement(options: &ConnectOptions) -> Option<Placement> {
    let wanted = &options.placement;
    let cluster = Some(wanted.cluster.clone()).filter(|cluster| !cluster.is_empty());
    (cluster.is_some() || !wanted.tags.is_empty()).then(|| Placement { cluster, tags: wanted.tags.clone() })
}

/// The consumer that all replicas of a service share.
#[must_use]
pub fn work_consumer(subjects: &Subjects, options: &ConnectOptions, service: Service) -> consumer::pull::Config {
    pull(service.as_str(), subjects.all_work(service), options.ack_wait, i64::from(options.max_in_flight))
}

/// The consumer that all members of a group of event readers share.
#[must_use]
pub fn event_consumer(subjects: &Subjects, options: &ConnectOptions, group: &str) -> consumer::pull::Config {
    pull(group, subjects.all_events(), options.ack_wait, MAX_EVENTS_IN_FLIGHT)
}

/// No `backoff`: it would override the ack-wait and would not apply to naks. No bound on
/// deliveries: the step's record decides.
fn pull(name: &str, filter_subject: String, ack_wait: Duration, max_ack_pending: i64) -> consumer::pull::Config {
    consumer::pull::Config {
        durable_name: Some(name.to_owned()),
        filter_subject,
        deliver_policy: DeliverPolicy::All,
        ack_policy: AckPolicy::Explicit,
        replay_policy: ReplayPolicy::Instant,
        ack_wait,
        max_deliver: -1,
        max_ack_pending,
        max_waiting: 4096,
        ..consumer::pull::Config::default()
    }
}
