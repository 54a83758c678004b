//! Credentials, limits, details, health and reflection.

use std::sync::Arc;
use std::time::Duration;

use lectern_core::{Failure, Kind, Reason};
use lectern_rpc::{ApiKey, ClientConfig, Outbound, channel, failure, tune};
use lectern_runtime::{Check, Secret};
use tokio_util::sync::CancellationToken;
use tonic::codec::CompressionEncoding;
use tonic::{Code, Status};
use tonic_health::ServingStatus;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;
use tonic_health::pb::health_server::HealthServer;
use tonic_health::server::{HealthReporter, HealthService};
use tonic_types::StatusExt;

use crate::Fixture;

#[tokio::test]
async fn a_call_needs_a_credential_that_proves_a_tenant() {
    let fixture = Fixture::start(|_| {});
    assert!(fixture.with_key().check("tenant t1", None).await.is_ok());

    let services = Arc::new(fixture.services.clone());
    let outbound = Outbound::as_service("gateway", services, "t2".parse().unwrap());
    assert!(fixture.with(outbound.clone()).check("tenant t2", None).await.is_ok());
    let stranger = ApiKey::generate().expose();
    for refused in
        [Outbound::anonymous(), Outbound::with_key(Secret::new(stranger)), Outbound::with_key(Secret::new("x"))]
    {
        let status = fixture.with(refused).check("tenant t1", None).await.unwrap_err();
        assert_eq!((status.code(), failure(&status).reason), (Code::Unauthenticated, Reason::KeyInvalid));
    }
}

/// What a process answers to a service of another one.
async fn answer(caller: &Fixture, called: &Fixture) -> Result<(), Status> {
    let services = Arc::new(caller.services.clone());
    let outbound = Outbound::as_service("gateway", services, "t2".parse().unwrap());
    called.with(outbound).check("tenant t2", None).await
}

/// Processes are changed one by one, so at every moment those of two neighbouring steps run.
#[tokio::test]
async fn a_secret_is_rotated_and_processes_of_two_steps_answer_each_other() {
    let (old, new) = ("o".repeat(32), "n".repeat(32));
    let steps = [(&*old, ""), (&*old, &*new), (&*new, &*old), (&*new, "")];
    let processes: Vec<_> = steps.iter().map(|(secret, also)| Fixture::with_secrets(secret, also, |_| {})).collect();
    for pair in processes.windows(2) {
        let mixed = pair.iter().flat_map(|caller| pair.iter().map(move |called| (caller, called)));
        let in_flight = mixed.cycle().take(40).map(|(caller, called)| answer(caller, called));
        for answered in futures::future::join_all(in_flight).await {
            assert!(answered.is_ok(), "{answered:?}");
        }
    }
    let [before, .., after] = &*processes else { panic!("four steps") };
    for (caller, called) in [(before, after), (after, before)] {
        let refused = answer(caller, called).await.unwrap_err();
        assert_eq!(refused.code(), Code::Unauthenticated, "the old secret has ended");
    }
}

#[tokio::test]
async fn errors_arrive_with_their_details() {
    let fixture = Fixture::start(|_| {});
    let mut client = fixture.with_key();
    let status = client.check("nonsense", None).await.unwrap_err();
    assert_eq!(status.get_error_details().bad_request().unwrap().field_violations[0].field, "service");
    assert_eq!(failure(&status), Failure::invalid("service", "\"nonsense\" is nothing to do"));

    let status = client.check("missing", None).await.unwrap_err();
    assert_eq!(failure(&status), Failure::not_found("documents/7"));

    let status = client.check("defect", None).await.unwrap_err();
    assert_eq!(status.code(), Code::Internal);
    assert!(!format!("{status:?}").contains("hunter2"), "{status:?}");
}

#[tokio::test]
async fn a_tenant_over_its_rate_is_told_when_to_come_back() {
    let fixture = Fixture::start(|config| {
        config.limits.requests_per_second = 2.0;
        config.limits.burst = 2;
    });
    let mut client = fixture.with_key();
    for _ in 0..2 {
        client.check("tenant t1", None).await.unwrap();
    }
    let refused = failure(&client.check("tenant t1", None).await.unwrap_err());
    assert_eq!((refused.kind, refused.reason), (Kind::ResourceExhausted, Reason::RateLimited));
    assert_eq!(refused.retry_after, Some(Duration::from_millis(500)));
    let service = Outbound::as_service("ai", Arc::new(fixture.services.clone()), "t1".parse().unwrap());
    assert!(fixture.with(service).check("tenant t1", None).await.is_ok(), "services are not limited");
    fixture.clock.advance(Duration::from_millis(500));
    assert!(client.check("tenant t1", None).await.is_ok());
}

#[tokio::test]
async fn a_full_process_sheds_calls_and_takes_new_ones_when_others_end() {
    let fixture = Fixture::start(|config| {
        config.limits.calls_in_flight = 1;
        config.limits.burst = u32::MAX;
    });
    let mut client = fixture.with_key();
    let stream = client.watch(None).await.unwrap();
    let shed = failure(&client.check("tenant t1", None).await.unwrap_err());
    assert_eq!((shed.kind, shed.retry_after), (Kind::Unavailable, Some(Duration::from_secs(1))));
    drop(stream);
    // The server learns of the reset a moment later.
    while client.check("tenant t1", None).await.is_err() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_tenant_has_its_share_of_the_calls_in_flight_and_others_the_rest() {
    let fixture = Fixture::start(|config| config.limits.calls_per_tenant = 1);
    let mut client = fixture.with_key();
    let stream = client.watch(None).await.unwrap();
    let refused = failure(&client.check("tenant t1", None).await.unwrap_err());
    assert_eq!((refused.kind, refused.reason), (Kind::ResourceExhausted, Reason::LimitExceeded));
    let other = Outbound::as_service("gateway", Arc::new(fixture.services.clone()), "t2".parse().unwrap());
    fixture.with(other).check("tenant t2", None).await.unwrap();
    drop(stream);
    while client.check("tenant t1", None).await.is_err() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn an_address_with_too_many_wrong_keys_waits() {
    let fixture = Fixture::start(|config| config.limits.wrong_keys_per_minute = 2);
    let mut stranger = fixture.with(Outbound::with_key(Secret::new("x")));
    for _ in 0..2 {
        let refused = failure(&stranger.check("tenant t1", None).await.unwrap_err());
        assert_eq!(refused.reason, Reason::KeyInvalid);
    }
    let refused = failure(&stranger.check("tenant t1", None).await.unwrap_err());
    assert_eq!((refused.reason, refused.retry_after), (Reason::RateLimited, Some(Duration::from_secs(30))));
    let service = Outbound::as_service("gateway", Arc::new(fixture.services.clone()), "t2".parse().unwrap());
    fixture.with(service).check("tenant t2", None).await.expect("seals are checked without a lookup");
    fixture.clock.advance(Duration::from_secs(30));
    fixture.with_key().check("tenant t1", None).await.expect("it may try again");
}

#[tokio::test]
async fn streams_for_which_nobody_needs_a_key_are_limited_and_probes_are_not() {
    let fixture = Fixture::start(|config| config.limits.open_streams_per_address = 2);
    let mut client = HealthClient::new(fixture.channel.clone());
    let mut open = Vec::new();
    for _ in 0..2 {
        open.push(client.watch(HealthCheckRequest::default()).await.unwrap());
    }
    let refused = failure(&client.watch(HealthCheckRequest::default()).await.unwrap_err());
    assert_eq!((refused.kind, refused.reason), (Kind::ResourceExhausted, Reason::LimitExceeded));
    client.check(HealthCheckRequest::default()).await.expect("an answer");
    drop(open);
    while client.watch(HealthCheckRequest::default()).await.is_err() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn health_follows_the_checks_and_needs_no_credential() {
    let fixture = Fixture::start(|_| {});
    let (tell, told) = tokio::sync::watch::channel(false);
    let check = Check::new("store", move || {
        let well = *told.borrow();
        async move { if well { Ok(()) } else { Err(Failure::internal("not yet")) } }
    });
    fixture.health.watch(check.every(Duration::from_millis(10)), CancellationToken::new());

    let mut client = HealthClient::new(fixture.channel.clone());
    let request = HealthCheckRequest { service: "lectern.test.Probe".to_owned() };
    let mut states = client.watch(request).await.unwrap().into_inner();
    // The report of the first state may come before or after the watch begins.
    let mut next = async |wanted: ServingStatus| {
        while states.message().await.unwrap().unwrap().status() as i32 != wanted as i32 {}
    };
    next(ServingStatus::NotServing).await;
    tell.send_replace(true);
    next(ServingStatus::Serving).await;
    fixture.health.drain();
    next(ServingStatus::NotServing).await;
    let unknown = client.check(HealthCheckRequest { service: "nobody".to_owned() }).await.unwrap_err();
    assert_eq!(unknown.code(), Code::NotFound);
}

#[tokio::test]
async fn tuned_services_read_compressed_messages_up_to_their_limit() {
    // The generated health server stands for any other; a plain tonic server keeps it apart from
    // our own health.
    let service = HealthService::from_health_reporter(HealthReporter::new());
    let routes = tonic::service::Routes::new(tune!(HealthServer::new(service), 100));
    let incoming = tonic::transport::server::TcpIncoming::bind(([127, 0, 0, 1], 0).into()).unwrap();
    let addr = incoming.local_addr().unwrap();
    tokio::spawn(tonic::transport::Server::builder().add_routes(routes).serve_with_incoming(incoming));
    let channel = channel(&ClientConfig::to(format!("http://{addr}"))).unwrap();
    // 200 equal letters are few bytes on the wire: the limit is on what they decompress to.
    for (length, expected) in [(50, Code::NotFound), (200, Code::ResourceExhausted)] {
        let mut client = HealthClient::new(channel.clone()).send_compressed(CompressionEncoding::Zstd);
        let answer = client.check(HealthCheckRequest { service: "x".repeat(length) }).await;
        assert_eq!(answer.unwrap_err().code(), expected, "{length} bytes");
    }
}

macro_rules! reflection {
    ($test:ident, $version:ident) => {
        #[tokio::test]
        async fn $test() {
            use tonic_reflection::pb::$version::ServerReflectionRequest;
            use tonic_reflection::pb::$version::server_reflection_client::ServerReflectionClient;
            use tonic_reflection::pb::$version::server_reflection_request::MessageRequest;
            use tonic_reflection::pb::$version::server_reflection_response::MessageResponse;

            let fixture = Fixture::start(|_| {});
            let ask = |message| ServerReflectionRequest { host: String::new(), message_request: Some(message) };
            let requests = [
                ask(MessageRequest::ListServices(String::new())),
                ask(MessageRequest::FileContainingSymbol("grpc.health.v1.Health".to_owned())),
                // What the details of a status are made of, and what they import.
                ask(MessageRequest::FileContainingSymbol("google.rpc.ErrorInfo".to_owned())),
                ask(MessageRequest::FileContainingSymbol("google.rpc.QuotaFailure".to_owned())),
                ask(MessageRequest::FileByFilename("google/protobuf/duration.proto".to_owned())),
            ];
            let mut client = ServerReflectionClient::new(fixture.channel.clone());
            let stream = client.server_reflection_info(futures::stream::iter(requests)).await;
            let mut answers = stream.unwrap().into_inner();
            let Some(MessageResponse::ListServicesResponse(list)) =
                answers.message().await.unwrap().unwrap().message_response
            else {
                panic!("no list of services")
            };
            assert!(list.service.iter().any(|service| service.name == "grpc.health.v1.Health"), "{list:?}");
            for described in ["health", "details", "details", "what details import"] {
                let Some(MessageResponse::FileDescriptorResponse(files)) =
                    answers.message().await.unwrap().unwrap().message_response
                else {
                    panic!("no descriptor: {described}")
                };
                assert!(!files.file_descriptor_proto.is_empty(), "{described}");
            }
        }
    };
}

reflection!(reflection_v1_needs_no_credential, v1);
reflection!(reflection_v1alpha_needs_no_credential, v1alpha);
