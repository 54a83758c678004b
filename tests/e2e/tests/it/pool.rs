//! Two hundred narrations at once do not open one connection more than the pool has: what the
//! predecessor could not do.

use std::time::Duration;

use futures::{StreamExt as _, stream};
use lectern_e2e::{Link, PATIENCE, Profile, Servers, of};
use lectern_proto::v1::{self as api, narration::State};
use lectern_testkit::Fault;

/// Connections of each service's pool.
const POOL: u64 = 10;
/// Connections that the driver opens beside its pool to one server: it listens for changes on one
/// and measures round trips on another.
const MONITORS: u64 = 2;
/// Narrations in all.
const NARRATIONS: usize = 200;
/// Narrations that must be in flight at one moment.
const AT_ONCE: usize = 64;

#[tokio::test(flavor = "multi_thread")]
async fn many_narrations_share_one_pool_a_service() {
    let mut setup = Profile::Stack
        .setup()
        .own_mongo(Servers::One)
        .everywhere("LECTERN_STORE__POOL", &POOL.to_string())
        .everywhere("LECTERN_SERVER__LIMITS__BURST", "5000")
        .proxied("tts", Link::Queue);
    let services = ["gateway", "ingest", "ai", "tts"];
    for service in services {
        setup = setup.proxied(service, Link::Store);
    }
    let mut instance = setup.start().await;
    let client = instance.client();
    let page = "# One page\n\nIt has a few sentences. They are short. Nobody reads them but the tone generator.\n";
    let document = client.markdown(page).await;

    // tts hears of no work until all are ordered, so that all are in flight.
    instance.proxy("tts", Link::Queue).set(Fault::HalfOpen);
    let order = api::Narration { formats: vec![api::OutputFormat::Wav.into()], ..of(&document) };
    let ordered: Vec<String> = stream::iter(0..NARRATIONS)
        .map(|_| async { client.order(order.clone()).await.expect("accepted").name })
        .buffer_unordered(AT_ONCE)
        .collect()
        .await;
    let in_flight = client.list_narrations().await.iter().filter(|n| n.state() < State::Succeeded).count();
    assert!(in_flight >= AT_ONCE, "{in_flight} in flight");
    instance.proxy("tts", Link::Queue).set(Fault::None);

    let finished = async {
        loop {
            let narrations = client.list_narrations().await;
            assert_eq!(narrations.len(), ordered.len());
            let ended: Vec<_> = narrations.iter().filter(|n| n.state() >= State::Succeeded).collect();
            if let Some(failed) = ended.iter().find(|n| n.state() != State::Succeeded) {
                panic!("{}: {:?}", failed.name, failed.failure);
            }
            if ended.len() == ordered.len() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
    };
    tokio::time::timeout(PATIENCE, finished).await.expect("all narrations finish");

    for service in services {
        // Every connection to the database goes through this proxy, the driver's own included.
        let opened = instance.proxy(service, Link::Store).accepted();
        assert!(opened <= POOL + MONITORS, "{service} opened {opened} connections with a pool of {POOL}");
        let ended = instance.process(service).stop(Duration::from_secs(60));
        assert!(ended.is_some_and(|status| status.success()), "{service} ended with {ended:?}");
        let said = connections_opened(&instance.process(service).log());
        println!("{service}: {opened} connections opened, {said} of them by its pool");
        assert!(
            said <= POOL && said <= opened,
            "{service} says that it opened {said} connections, the proxy saw {opened}"
        );
    }
}

/// What the service says of its pool when it stops.
fn connections_opened(log: &str) -> u64 {
    let said = log
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .find_map(|line| line["connections_opened"].as_u64());
    said.unwrap_or_else(|| panic!("no line says connections_opened:\n{log}"))
}
