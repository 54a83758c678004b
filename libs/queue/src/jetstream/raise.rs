//! What a stream or consumer that is there already has to become. We only raise: more copies,
//! another place and wider bounds that an operator gave it are left as they are.

use std::time::Duration;

use async_nats::jetstream::consumer;
use async_nats::jetstream::stream;

/// A setting that is not as it has to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Difference {
    /// Its name on the wire.
    pub name: &'static str,
    /// Whether work can go wrong while it differs, and not only stop early at a bound.
    pub vital: bool,
}

/// The names, for an error.
pub(super) fn names(differences: &[Difference]) -> String {
    differences.iter().map(|difference| difference.name).collect::<Vec<_>>().join(", ")
}

/// The stream that `found` has to become to serve as `wanted`.
pub(super) fn raised_stream(wanted: &stream::Config, found: &stream::Config) -> stream::Config {
    stream::Config {
        subjects: wanted.subjects.clone(),
        retention: wanted.retention,
        storage: wanted.storage,
        discard: wanted.discard,
        discard_new_per_subject: wanted.discard_new_per_subject,
        max_messages_per_subject: per_subject(wanted, found),
        max_age: longer(wanted.max_age, found.max_age),
        max_messages: wider(wanted.max_messages, found.max_messages),
        max_bytes: wider(wanted.max_bytes, found.max_bytes),
        max_message_size: wider(wanted.max_message_size, found.max_message_size),
        num_replicas: wanted.num_replicas.max(found.num_replicas),
        placement: found.placement.clone().or_else(|| wanted.placement.clone()),
        ..found.clone()
    }
}

/// The settings in which two streams differ.
pub(super) fn stream_differences(one: &stream::Config, other: &stream::Config) -> Vec<Difference> {
    list(&[
        ("subjects", true, one.subjects == other.subjects),
        ("retention", true, one.retention == other.retention),
        ("storage", true, one.storage == other.storage),
        ("discard", true, one.discard == other.discard),
        ("discard_new_per_subject", true, one.discard_new_per_subject == other.discard_new_per_subject),
        ("max_msgs_per_subject", true, one.max_messages_per_subject == other.max_messages_per_subject),
        ("max_age", false, one.max_age == other.max_age),
        ("max_msgs", false, one.max_messages == other.max_messages),
        ("max_bytes", false, one.max_bytes == other.max_bytes),
        ("max_msg_size", false, one.max_message_size == other.max_message_size),
        ("num_replicas", false, one.num_replicas == other.num_replicas),
        ("placement", false, one.placement == other.placement),
    ])
}

/// The consumer that `found` has to become to serve as `wanted`. Where it started is behind it, and
/// cannot be changed.
pub(super) fn raised_consumer(wanted: &consumer::Config, found: &consumer::Config) -> consumer::Config {
    consumer::Config {
        deliver_subject: wanted.deliver_subject.clone(),
        filter_subject: wanted.filter_subject.clone(),
        filter_subjects: wanted.filter_subjects.clone(),
        ack_policy: wanted.ack_policy,
        ack_wait: wanted.ack_wait,
        max_deliver: wanted.max_deliver,
        max_ack_pending: wider(wanted.max_ack_pending, found.max_ack_pending),
        backoff: wanted.backoff.clone(),
        ..found.clone()
    }
}

/// The settings in which two consumers differ.
pub(super) fn consumer_differences(one: &consumer::Config, other: &consumer::Config) -> Vec<Difference> {
    let filters = one.filter_subject == other.filter_subject && one.filter_subjects == other.filter_subjects;
    list(&[
        ("filter_subject", true, filters),
        ("deliver_subject", true, one.deliver_subject == other.deliver_subject),
        ("ack_policy", true, one.ack_policy == other.ack_policy),
        ("max_deliver", true, one.max_deliver == other.max_deliver),
        ("ack_wait", false, one.ack_wait == other.ack_wait),
        ("max_ack_pending", false, one.max_ack_pending == other.max_ack_pending),
        ("backoff", false, one.backoff == other.backoff),
    ])
}

fn list(checks: &[(&'static str, bool, bool)]) -> Vec<Difference> {
    let differing = checks.iter().filter(|(_, _, same)| !same);
    differing.map(|(name, vital, _)| Difference { name, vital: *vital }).collect()
}

/// Messages of one subject. Where more are refused, the number is no bound but what keeps a step
/// from having two commands.
fn per_subject(wanted: &stream::Config, found: &stream::Config) -> i64 {
    if wanted.discard_new_per_subject {
        return wanted.max_messages_per_subject;
    }
    wider(wanted.max_messages_per_subject, found.max_messages_per_subject)
}

/// The longer of two ages, of which 0 is for ever.
fn longer(one: Duration, other: Duration) -> Duration {
    if one.is_zero() || other.is_zero() { Duration::ZERO } else { one.max(other) }
}

/// The wider of two bounds, of which -1 and 0 are none.
fn wider<T: Ord + From<i8>>(one: T, other: T) -> T {
    let none = T::from(0);
    if one <= none || other <= none { T::from(-1) } else { one.max(other) }
}

#[cfg(test)]
mod tests {
    use async_nats::jetstream::consumer::IntoConsumerConfig as _;
    use async_nats::jetstream::stream::Placement;
    use lectern_core::id::Service;

    use super::*;
    use crate::options::ConnectOptions;
    use crate::subject::Subjects;
    use crate::topology;

    fn wanted() -> stream::Config {
        topology::work_stream(&Subjects::default(), &ConnectOptions::default(), Service::Ai)
    }

    /// Fails on the code before this file: it turned the operator's three copies back to one.
    #[test]
    fn what_an_operator_gave_a_stream_is_left() {
        let found = stream::Config {
            num_replicas: 3,
            placement: Some(Placement { cluster: Some("east".to_owned()), tags: Vec::new() }),
            max_messages: 1_000_000,
            max_bytes: -1,
            max_message_size: 1 << 20,
            description: Some("the operator's words".to_owned()),
            ..wanted()
        };
        assert_eq!(raised_stream(&wanted(), &found), found);
        assert!(stream_differences(&raised_stream(&wanted(), &found), &found).is_empty());
    }

    /// Fails on code that sets the age and the messages of a subject to ours.
    #[test]
    fn what_is_kept_for_longer_is_left_and_a_step_has_one_command_all_the_same() {
        let (subjects, options) = (Subjects::default(), ConnectOptions::default());
        let letters = topology::dead_stream(&subjects, &options);
        for max_age in [Duration::ZERO, letters.max_age * 2] {
            let found = stream::Config { max_age, max_messages_per_subject: 9, ..letters.clone() };
            assert_eq!(raised_stream(&letters, &found), found);
        }
        let found = stream::Config { max_age: letters.max_age / 2, ..letters.clone() };
        assert_eq!(raised_stream(&letters, &found), letters);
        let found = stream::Config { max_messages_per_subject: 9, ..wanted() };
        assert_eq!(raised_stream(&wanted(), &found), wanted());
    }

    #[test]
    fn what_is_less_than_needed_is_raised_and_what_is_wrong_is_named() {
        let found = stream::Config {
            num_replicas: 1,
            max_messages: 7,
            discard_new_per_subject: false,
            max_age: Duration::from_secs(1),
            ..wanted()
        };
        let wanted = stream::Config { num_replicas: 3, ..wanted() };
        let target = raised_stream(&wanted, &found);
        assert_eq!(target, wanted);
        let differences = stream_differences(&target, &found);
        assert_eq!(names(&differences), "discard_new_per_subject, max_age, max_msgs, num_replicas");
        assert_eq!(differences.iter().filter(|difference| difference.vital).count(), 1);
    }

    #[test]
    fn a_consumer_keeps_what_was_widened_and_where_it_started() {
        let wanted =
            topology::event_consumer(&Subjects::default(), &ConnectOptions::default(), "g").into_consumer_config();
        let found = consumer::Config {
            max_ack_pending: -1,
            num_replicas: 1,
            deliver_policy: consumer::DeliverPolicy::New,
            ..wanted.clone()
        };
        assert_eq!(raised_consumer(&wanted, &found), found);
        let narrow = consumer::Config { max_ack_pending: 5, ack_wait: Duration::from_secs(1), ..found };
        let target = raised_consumer(&wanted, &narrow);
        assert_eq!((target.max_ack_pending, target.ack_wait), (wanted.max_ack_pending, wanted.ack_wait));
        assert_eq!(target.deliver_policy, consumer::DeliverPolicy::New);
        assert_eq!(names(&consumer_differences(&target, &narrow)), "ack_wait, max_ack_pending");
    }
}
