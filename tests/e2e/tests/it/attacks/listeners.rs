//! Five hundred listeners that stop reading for a minute, by hand: how long a victim's errand takes
//! beside them, and without them, and what the gateway holds meanwhile.

use std::time::Duration;

use lectern_e2e::{Profile, chapters, refusal};
use lectern_proto::v1::{self as api, ListenNarrationResponse};
use tokio::time::Instant;
use tonic::{Code, Streaming};

use super::{VICTIM, caller, connections, errand, recorded};

/// Streams that stop reading: as many as one tenant may have open.
const PAUSED: usize = 500;
/// Connections that they come over.
const CONNECTIONS: usize = 25;
/// How long they stay.
const PAUSE: Duration = Duration::from_secs(60);
/// Errands whose median is told.
const ERRANDS: usize = 9;

/// Seconds that an errand of the victim takes, the median of some.
async fn errands(victim: &lectern_e2e::Client) -> f64 {
    let mut took = Vec::new();
    for _ in 0..ERRANDS {
        let began = Instant::now();
        errand(victim).await;
        took.push(began.elapsed().as_secs_f64());
    }
    took.sort_by(f64::total_cmp);
    took[ERRANDS / 2]
}

/// Opens a stream and reads a little of it; waits where the tenant calls too often.
async fn paused(client: &lectern_e2e::Client, name: &str) -> Streaming<ListenNarrationResponse> {
    let request = api::ListenNarrationRequest { name: name.to_owned(), ..Default::default() };
    loop {
        match client.narrations().listen_narration(request.clone()).await {
            Ok(answer) => {
                let mut audio = answer.into_inner();
                for _ in 0..2 {
                    audio.message().await.expect("a part").expect("more");
                }
                return audio;
            }
            Err(status) => {
                assert_eq!(refusal(&status).code, Code::ResourceExhausted, "{status:?}");
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a measurement of some minutes, by hand"]
async fn five_hundred_listeners_paused_for_a_minute() {
    let instance = Profile::Stack.setup().start().await;
    let attackers = connections(&instance, CONNECTIONS).await;
    let victim = caller(&instance, VICTIM).await;
    let long = recorded(&attackers[0], &attackers[0].markdown(&chapters(24, 90)).await).await;
    errand(&victim).await;
    let alone = errands(&victim).await;

    let mut streams = Vec::new();
    for at in 0..PAUSED {
        streams.push(paused(&attackers[at % CONNECTIONS], &long.name).await);
    }
    let until = Instant::now() + PAUSE;
    let beside = errands(&victim).await;
    tokio::time::sleep_until(until).await;
    let late = errands(&victim).await;
    println!(
        "an errand alone: {alone:.2} s; beside {PAUSED} paused listeners: {beside:.2} s, after a minute {late:.2} s"
    );
    println!("ratios: {:.2} and {:.2}", beside / alone, late / alone);
    for mut audio in streams {
        assert!(audio.message().await.expect("a part").is_some(), "it goes on where it was");
    }
}
