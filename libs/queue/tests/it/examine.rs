//! What an operator's checks say of a server that is well, and of those that are not.

use std::time::Duration;

use lectern_core::id::Service;
use lectern_core::{Finding, Verdict};
use lectern_queue::{ConnectOptions, Identity, connect, examine, make_topology, permissions};
use lectern_testkit::NatsServer;

fn options(identity: Identity) -> ConnectOptions {
    ConnectOptions {
        identity,
        max_stream_bytes: 2 << 20,
        connect_within: Duration::from_secs(10),
        ..ConnectOptions::default()
    }
}

async fn started(config: String) -> NatsServer {
    tokio::task::spawn_blocking(move || NatsServer::with_config(&config)).await.expect("started")
}

fn of<'a>(found: &'a [Finding], check: &str, what: &str) -> &'a Finding {
    let finding = found.iter().find(|finding| finding.check == check && finding.found.contains(what));
    let finding = finding.unwrap_or_else(|| panic!("no {check} {what}: {found:?}"));
    assert_eq!(finding.verdict == Verdict::Ok, finding.advice.is_empty(), "{finding:?}");
    finding
}

#[tokio::test]
async fn what_is_not_made_is_broken_and_what_is_made_is_well() {
    let server = started(String::new()).await;
    let found = examine(&server.url(), options(Identity::Gateway)).await;
    assert_eq!(of(&found, "stream", "WORK_TTS").verdict, Verdict::Broken);
    assert_eq!(of(&found, "consumer", "tts of WORK_TTS").verdict, Verdict::Broken);
    assert_eq!(of(&found, "queue permissions", "gateway").verdict, Verdict::Warning, "anybody may do anything");
    make_topology(&server.url(), options(Identity::Gateway)).await.expect("made");
    let found = examine(&server.url(), options(Identity::Gateway)).await;
    let broken: Vec<_> = found.iter().filter(|finding| finding.verdict == Verdict::Broken).collect();
    assert!(broken.is_empty(), "{broken:?}");
    assert_eq!(of(&found, "stream", "EVENTS").verdict, Verdict::Ok);
    assert_eq!(of(&found, "consumer", "gateway of EVENTS").verdict, Verdict::Ok);
}

#[tokio::test]
async fn a_stream_that_somebody_changed_is_told() {
    let server = started(String::new()).await;
    make_topology(&server.url(), options(Identity::Gateway)).await.expect("made");
    let wider = ConnectOptions { max_waiting: 200_000, ..options(Identity::Gateway) };
    let found = examine(&server.url(), wider).await;
    let finding = of(&found, "stream", "WORK_TTS differs");
    assert_ne!(finding.verdict, Verdict::Ok, "{finding:?}");
}

#[tokio::test]
async fn a_server_that_is_away_and_a_scheme_that_nobody_knows_are_broken() {
    let mut server = started(String::new()).await;
    let url = server.url();
    server.kill9();
    let away = ConnectOptions { connect_within: Duration::from_secs(1), ..options(Identity::Gateway) };
    let found = examine(&url, away).await;
    assert_eq!((found.len(), of(&found, "queue", "").verdict), (1, Verdict::Broken));
    let found = examine("amqp://h", options(Identity::Gateway)).await;
    assert_eq!(of(&found, "queue", "amqp").verdict, Verdict::Broken);
}

#[tokio::test]
async fn a_user_with_its_own_subjects_is_well_and_one_with_too_few_is_broken() {
    let tts = Identity::Stage(Service::Tts);
    let user = |name: &str, identity: Identity| {
        let may = permissions(&options(identity)).to_config();
        format!("{{ user: {name}, password: p, permissions: {may} }}")
    };
    let users = [user("gateway", Identity::Gateway), user("tts", tts), user("wrong", Identity::Stage(Service::Ai))];
    let server = started(format!("authorization {{ users: [\n{}\n] }}\n", users.join("\n"))).await;
    let url = |user: &str| format!("nats://{user}:p@{}", server.address());
    connect(&url("gateway"), options(Identity::Gateway)).await.expect("made");

    let found = examine(&url("tts"), options(tts)).await;
    assert!(found.iter().all(|finding| finding.verdict == Verdict::Ok), "{found:?}");
    // The subjects of ai, and the inbox of tts.
    let found = examine(&url("wrong"), options(tts)).await;
    assert!(found.iter().any(|finding| finding.verdict == Verdict::Broken), "{found:?}");
    let found = examine(&url("nobody"), options(tts)).await;
    assert_eq!(of(&found, "queue", "").verdict, Verdict::Broken);
}
