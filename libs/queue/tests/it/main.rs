//! The contract of the queue, run against every adapter, and what is particular to each.

#![allow(clippy::expect_used, reason = "a test's helpers may panic")]

mod away;
mod cluster;
mod contract;
mod examine;
mod faults;
mod healing;
mod pulls;
mod secured;
mod tokens;
mod topology;

use std::sync::Arc;
use std::time::Duration;

use lectern_queue::{ConnectOptions, Queue};

/// The URL of the NATS server that the tests share.
#[allow(clippy::disallowed_methods, reason = "tests are told of servers by environment variables")]
fn nats_url() -> String {
    std::env::var("LECTERN_TEST_NATS")
        .expect("LECTERN_TEST_NATS names no server; run `cargo xtask test`, which starts one")
}

/// Settings under a prefix of their own.
fn options(test: &str) -> ConnectOptions {
    let prefix = format!("T{}-{test}", std::process::id());
    ConnectOptions {
        max_stream_bytes: 2 << 20,
        ack_wait: Duration::from_secs(1),
        connect_within: Duration::from_secs(10),
        ..ConnectOptions::with_prefix(prefix)
    }
}

async fn on_nats(test: &str, adapt: impl FnOnce(&mut ConnectOptions)) -> Arc<dyn Queue> {
    let mut options = options(test);
    adapt(&mut options);
    lectern_queue::connect(&nats_url(), options).await.expect("connects")
}

async fn in_memory(test: &str, adapt: impl FnOnce(&mut ConnectOptions)) -> Arc<dyn Queue> {
    let mut options = options(test);
    adapt(&mut options);
    lectern_queue::connect("memory:", options).await.expect("connects")
}

macro_rules! contract {
    ($($name:ident $(, $field:ident = $value:expr)*;)*) => {
        mod memory {
            $(#[tokio::test(start_paused = true)]
            async fn $name() {
                let queue = super::in_memory(stringify!($name), |_options| { $(_options.$field = $value;)* }).await;
                super::contract::$name(queue).await;
            })*
        }
        mod jetstream {
            $(#[tokio::test]
            async fn $name() {
                let queue = super::on_nats(stringify!($name), |_options| { $(_options.$field = $value;)* }).await;
                super::contract::$name(queue).await;
            })*
        }
    };
}

contract! {
    a_published_command_is_pulled_once_and_gone_after_its_ack;
    a_second_command_of_a_step_is_refused_while_the_first_waits_flies_or_is_delayed;
    a_full_stream_is_told_apart_from_a_duplicate, max_waiting = 2;
    an_unanswered_command_comes_again_after_the_ack_wait;
    progress_holds_off_redelivery;
    a_command_handed_back_comes_again_after_its_delay;
    a_terminated_command_does_not_come_again;
    a_stale_ack_removes_the_message;
    answers_to_what_is_gone_do_nothing;
    a_withdrawn_command_is_gone_and_may_be_published_again;
    services_do_not_see_each_others_commands;
    members_of_a_group_share_events_and_groups_do_not;
    events_come_in_batches;
    an_unacknowledged_event_comes_again;
    commands_come_in_batches_of_what_is_there;
    the_first_command_is_not_held_up_for_others_and_they_are_not_lost,
        ack_wait = std::time::Duration::from_secs(120);
    a_command_says_when_it_was_queued;
    hints_reach_those_who_listen;
    hints_reach_those_who_want_to_hear_of_an_id;
    dead_letters_are_listed_found_replaced_and_discarded;
    too_large_a_message_is_refused;
    a_ping_succeeds;
    a_call_that_is_left_takes_nothing_with_it;
    concurrent_pullers_share_the_commands;
}

#[tokio::test]
async fn an_unknown_scheme_is_refused() {
    let failure =
        lectern_queue::connect("amqp://127.0.0.1", ConnectOptions::default()).await.expect_err("no such adapter");
    assert_eq!(failure.kind, lectern_core::Kind::InvalidArgument);
    assert!(failure.message.contains("nats://host:port"), "{failure}");
}
