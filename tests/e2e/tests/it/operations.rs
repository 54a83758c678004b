//! What operators and tools ask of every port: health and reflection, without a credential.

use lectern_e2e::{Client, PATIENCE, Profile};
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};
use tonic_reflection::pb::{v1, v1alpha};

on_both_profiles!(every_port_tells_its_health_and_its_services_to_anybody);

async fn every_port_tells_its_health_and_its_services_to_anybody(profile: Profile) {
    let mut instance = profile.setup().start().await;
    for service in instance.services() {
        let port = instance.port(service);
        let mut health = HealthClient::new(port.channel());
        let serving = async |name: &str, health: &mut HealthClient<_>| {
            let request = HealthCheckRequest { service: name.to_owned() };
            health.check(request).await.expect("an answer").into_inner().status()
        };
        // It listens before its first probes have answered, and says so.
        let ready = async {
            while serving("", &mut health).await != ServingStatus::Serving {
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            }
        };
        tokio::time::timeout(PATIENCE, ready).await.unwrap_or_else(|_| panic!("{service} does not serve"));
        let expected: &[&str] = match service {
            "ingest" => {
                &["lectern.v1.DocumentService", "lectern.ingest.v1.IngestService", "lectern.work.v1.StageService"]
            }
            "ai" => &["lectern.ai.v1.ScriptService", "lectern.work.v1.StageService"],
            "tts" => &["lectern.v1.VoiceService", "lectern.tts.v1.SpeechService", "lectern.work.v1.StageService"],
            _ => &[
                "lectern.v1.DocumentService",
                "lectern.v1.NarrationService",
                "lectern.v1.KeyService",
                "lectern.v1.VoiceService",
            ],
        };
        for (version, listed) in [("v1", reflect(&port).await), ("v1alpha", reflect_alpha(&port).await)] {
            for name in expected.iter().chain(&["grpc.health.v1.Health"]) {
                assert!(listed.iter().any(|listed| listed == name), "{service}, {version}: no {name} in {listed:?}");
            }
        }
    }
    // Told to stop, a process drains and ends well.
    for service in instance.services() {
        let status = instance.process(service).stop(std::time::Duration::from_secs(60));
        assert!(status.is_some_and(|status| status.success()), "{service} ended with {status:?}");
    }
}

async fn reflect(port: &Client) -> Vec<String> {
    use v1::{server_reflection_request::MessageRequest, server_reflection_response::MessageResponse};
    let request = v1::ServerReflectionRequest {
        host: String::new(),
        message_request: Some(MessageRequest::ListServices(String::new())),
    };
    let mut client = v1::server_reflection_client::ServerReflectionClient::new(port.channel());
    let mut answers =
        client.server_reflection_info(tokio_stream::once(request)).await.expect("reflection").into_inner();
    let answer = answers.message().await.expect("an answer").expect("an answer").message_response;
    match answer {
        Some(MessageResponse::ListServicesResponse(list)) => {
            list.service.into_iter().map(|service| service.name).collect()
        }
        other => panic!("{other:?}"),
    }
}

async fn reflect_alpha(port: &Client) -> Vec<String> {
    use v1alpha::{server_reflection_request::MessageRequest, server_reflection_response::MessageResponse};
    let request = v1alpha::ServerReflectionRequest {
        host: String::new(),
        message_request: Some(MessageRequest::ListServices(String::new())),
    };
    let mut client = v1alpha::server_reflection_client::ServerReflectionClient::new(port.channel());
    let mut answers =
        client.server_reflection_info(tokio_stream::once(request)).await.expect("reflection").into_inner();
    let answer = answers.message().await.expect("an answer").expect("an answer").message_response;
    match answer {
        Some(MessageResponse::ListServicesResponse(list)) => {
            list.service.into_iter().map(|service| service.name).collect()
        }
        other => panic!("{other:?}"),
    }
}
