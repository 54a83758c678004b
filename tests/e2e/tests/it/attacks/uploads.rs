//! Uploads that begin and never go on.

use std::time::Duration;

use futures::StreamExt as _;
use lectern_e2e::{PATIENCE, Profile, refusal, upload};
use lectern_proto::v1::ListVoicesRequest;
use tokio::task::JoinHandle;
use tonic::{Code, Status};

use super::{VICTIM, caller, connections, errand};

on_both_profiles!(attack_half_open_uploads);

/// Connections of the attacker: a connection carries fewer streams than are opened.
const CONNECTIONS: usize = 10;
/// Uploads that the attacker opens: more than a tenant's share of the calls in flight, which is 500
/// of 2,000.
const OPENED: usize = 520;
/// As many as leave room for other clients of the one tenant that an embedded instance has.
const OPENED_WITHIN_THE_SHARE: usize = 250;
/// From one to the next: within the rate of a tenant, which is 50 a second after a burst of 200.
const APART: Duration = Duration::from_millis(16);
/// Bytes that each has sent.
const SENT: usize = 4_000;

async fn attack_half_open_uploads(profile: Profile) {
    let instance = profile.setup().start().await;
    let (victim, attackers) = (caller(&instance, VICTIM).await, connections(&instance, CONNECTIONS).await);
    let opened = match profile {
        Profile::Stack => OPENED,
        Profile::Embedded => OPENED_WITHIN_THE_SHARE,
    };
    let mut calls: Vec<JoinHandle<Result<(), Status>>> = Vec::new();
    for (at, attacker) in attackers.iter().cycle().take(opened).enumerate() {
        let mut documents = attacker.documents();
        let begun = upload(&format!("half-{at}"), "a.txt", &[b'a'; SENT], 0, None);
        let messages = futures::stream::iter(begun).chain(futures::stream::pending());
        calls.push(tokio::spawn(async move { documents.upload_document(messages).await.map(|_| ()) }));
        tokio::time::sleep(APART).await;
    }
    let held = |calls: &[JoinHandle<_>]| calls.iter().filter(|call| !call.is_finished()).count();
    println!("{} of {opened} uploads are held open", held(&calls));
    assert!(held(&calls) > 0, "the attack holds");

    errand(&victim).await;

    assert!(held(&calls) > 0, "the attack still holds");
    let mut over_the_share = 0;
    for call in calls {
        if !call.is_finished() {
            call.abort();
            continue;
        }
        let refused = refusal(&call.await.expect("no panic").expect_err("it was never finished"));
        assert_eq!(refused.code, Code::ResourceExhausted, "{refused:?}");
        over_the_share += usize::from(refused.reason == "LIMIT_EXCEEDED");
    }
    println!("{over_the_share} of {opened} uploads were over the attacker's share");
    assert!(over_the_share > 0 || profile == Profile::Embedded, "a tenant has a share of the calls in flight");

    // What was held is given back.
    let room = async {
        while attackers[0].voices().list_voices(ListVoicesRequest::default()).await.is_err() {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::time::timeout(PATIENCE, room).await.expect("room for the attacker's calls");
    errand(&attackers[0]).await;
}
