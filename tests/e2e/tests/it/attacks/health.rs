//! Streams of what needs no credential.

use std::time::Duration;

use futures::StreamExt as _;
use lectern_e2e::{Client, PATIENCE, Profile, refusal};
use lectern_rpc::LimitsConfig;
use tonic::{Code, Status, Streaming};
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse};
use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_reflection::pb::v1::{ServerReflectionRequest, ServerReflectionResponse};

use super::{VICTIM, caller, errand};

on_both_profiles!(attack_streams_of_health);

/// Streams of health that are opened.
const WATCHES: usize = 1_000;
/// Streams of reflection that are opened.
const REFLECTIONS: usize = 500;
/// Connections that carry them.
const CONNECTIONS: usize = 20;
/// Streams that are opened at once, of each kind.
const AT_ONCE: usize = 16;

async fn watch(client: &Client) -> Result<Streaming<HealthCheckResponse>, Status> {
    let mut health = HealthClient::new(client.channel());
    health.watch(HealthCheckRequest::default()).await.map(tonic::Response::into_inner)
}

/// Asks once, and leaves the stream open.
async fn reflect(client: &Client) -> Result<Streaming<ServerReflectionResponse>, Status> {
    let ask = MessageRequest::ListServices(String::new());
    let request = ServerReflectionRequest { host: String::new(), message_request: Some(ask) };
    let requests = futures::stream::iter([request]).chain(futures::stream::pending());
    let mut reflection = ServerReflectionClient::new(client.channel());
    reflection.server_reflection_info(requests).await.map(tonic::Response::into_inner)
}

/// What is open; what is not was refused for want of room.
fn open<T>(streams: Vec<Result<T, Status>>) -> Vec<T> {
    let mut open = Vec::new();
    for stream in streams {
        match stream {
            Ok(stream) => open.push(stream),
            Err(status) => assert_eq!(refusal(&status).code, Code::ResourceExhausted, "{status:?}"),
        }
    }
    open
}

async fn attack_streams_of_health(profile: Profile) {
    let instance = profile.setup().start().await;
    let attackers: Vec<Client> = (0..CONNECTIONS).map(|_| instance.nobody()).collect();
    let each = |count| futures::stream::iter(attackers.iter().cycle().take(count));
    let (watches, reflections) = futures::join!(
        each(WATCHES).map(watch).buffer_unordered(AT_ONCE).collect::<Vec<_>>(),
        each(REFLECTIONS).map(reflect).buffer_unordered(AT_ONCE).collect::<Vec<_>>(),
    );
    let (watches, reflections) = (open(watches), open(reflections));
    println!("{} streams of health and {} of reflection are open", watches.len(), reflections.len());
    let share = LimitsConfig::default().open_streams_per_address;
    assert!((1..=share).contains(&(watches.len() + reflections.len())), "an address has a share of the streams");

    let mut health = HealthClient::new(instance.nobody().channel());
    let answer = health.check(HealthCheckRequest::default()).await.expect("a probe is always answered").into_inner();
    assert_eq!(answer.status(), ServingStatus::Serving);
    errand(&caller(&instance, VICTIM).await).await;
    health.check(HealthCheckRequest::default()).await.expect("a probe is always answered");

    drop((watches, reflections));
    let opened_again = async {
        while watch(&attackers[0]).await.is_err() {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::time::timeout(PATIENCE, opened_again).await.expect("what was held is given back");
}
