//! What operators and tools ask of every port: health and reflection, without a credential.

use lectern_e2e::{Client, PATIENCE, Profile};
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};
use tonic_reflection::pb::{v1, v1alpha};

on_both_profiles!(
    every_port_tells_its_health_and_its_services_to_anybody,
    reflection_tells_what_the_protos_say_of_fields_and_resources,
);

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
            "ai" => &["lectern.v1.WriterService", "lectern.ai.v1.ScriptService", "lectern.work.v1.StageService"],
            "tts" => &["lectern.v1.VoiceService", "lectern.tts.v1.SpeechService", "lectern.work.v1.StageService"],
            _ => &[
                "lectern.v1.DocumentService",
                "lectern.v1.NarrationService",
                "lectern.v1.KeyService",
                "lectern.v1.TenantService",
                "lectern.v1.QuotaService",
                "lectern.v1.AdminService",
                "lectern.v1.LexiconService",
                "lectern.v1.VoiceService",
                "lectern.v1.WriterService",
                "lectern.gateway.v1.CredentialService",
            ],
        };
        for (version, listed) in [("v1", reflect(&port).await), ("v1alpha", reflect_alpha(&port).await)] {
            for name in expected.iter().chain(&["grpc.health.v1.Health"]) {
                assert!(listed.iter().any(|listed| listed == name), "{service}, {version}: no {name} in {listed:?}");
            }
        }
    }
    // Told to stop, a process drains and ends well.
    instance.stop();
}

/// The field `google.api.field_behavior` (1052, packed) of a field's options with the one value
/// REQUIRED, as it is encoded.
const REQUIRED: [u8; 4] = [0xe2, 0x41, 1, 2];

async fn reflection_tells_what_the_protos_say_of_fields_and_resources(profile: Profile) {
    let instance = profile.setup().start().await;
    let port = instance.port("gateway");
    let says = |file: &[u8], what: &[u8]| file.windows(what.len()).any(|window| window == what);
    for (service, pattern) in [
        ("lectern.v1.DocumentService", "documents/{document}"),
        ("lectern.v1.NarrationService", "narrations/{narration}"),
        ("lectern.v1.TenantService", "tenants/{tenant}"),
        ("lectern.v1.KeyService", "keys/{key}"),
        ("lectern.v1.AdminService", "auditRecords/{audit_record}"),
    ] {
        let file = described(&port, service).await;
        assert!(says(&file, &REQUIRED), "{service}: no field is required");
        assert!(says(&file, pattern.as_bytes()), "{service}: no resource {pattern}");
    }
    // So that tools find what annotates, and can show the details of a refusal.
    for symbol in
        ["google.api.FieldBehavior", "google.api.ResourceDescriptor", "google.rpc.ErrorInfo", "google.rpc.Status"]
    {
        assert!(!described(&port, symbol).await.is_empty(), "{symbol}");
    }
}

/// The file that describes a symbol, as a `FileDescriptorProto`.
async fn described(port: &Client, symbol: &str) -> Vec<u8> {
    use v1::{server_reflection_request::MessageRequest, server_reflection_response::MessageResponse};
    let request = v1::ServerReflectionRequest {
        host: String::new(),
        message_request: Some(MessageRequest::FileContainingSymbol(symbol.to_owned())),
    };
    let mut client = v1::server_reflection_client::ServerReflectionClient::new(port.channel());
    let mut answers =
        client.server_reflection_info(tokio_stream::once(request)).await.expect("reflection").into_inner();
    let answer = answers.message().await.expect("an answer").expect("an answer").message_response;
    match answer {
        Some(MessageResponse::FileDescriptorResponse(files)) => files.file_descriptor_proto.concat(),
        other => panic!("{symbol}: {other:?}"),
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
