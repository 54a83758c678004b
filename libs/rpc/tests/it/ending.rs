//! Deadlines, traces, and the end of the process.

use std::time::Duration;

use lectern_core::Reason;
use lectern_rpc::{Deadline, deadline, failure};
use opentelemetry::trace::TracerProvider;
use tonic::Code;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;
use tracing::Instrument;
use tracing_subscriber::layer::SubscriberExt;

use crate::Fixture;
use crate::probe::Probe;

/// One test, because what handlers saw, and the subscriber, belong to the whole process.
#[tokio::test]
async fn deadlines_and_traces_travel_and_end_handlers() {
    let provider = opentelemetry_sdk::trace::SdkTracerProvider::builder().build();
    let spans = tracing_opentelemetry::layer().with_tracer(provider.tracer("test"));
    tracing::subscriber::set_global_default(tracing_subscriber::registry().with(spans)).unwrap();
    let fixture = Fixture::start(|_| {});
    let mut client = fixture.with_key();

    // An inner call gets what is left of the outer one's deadline, however much more it asks for.
    let span = tracing::info_span!("outer");
    let trace = span.in_scope(lectern_runtime::current_trace_id).unwrap();
    let outer = Some(Deadline::after(Duration::from_secs(100)));
    let call = client.check("observe", Some(Duration::from_secs(900)));
    deadline::scope(outer, call).instrument(span).await.unwrap();
    let (left, parent) = {
        let seen = Probe::seen();
        let seen = seen.lock();
        (seen.deadline.unwrap(), seen.traceparent.clone().unwrap())
    };
    assert!(left <= Duration::from_secs(100), "{left:?}");
    assert!(parent.contains(&trace), "{parent} continues {trace}");

    // Nothing is sent after the deadline.
    let passed = deadline::scope(Some(Deadline::after(Duration::ZERO)), client.check("observe", None)).await;
    assert_eq!(passed.unwrap_err().code(), Code::DeadlineExceeded);

    // A handler is dropped when its deadline passes.
    let status = client.check("hang", Some(Duration::from_millis(20))).await.unwrap_err();
    assert_eq!((status.code(), failure(&status).reason), (Code::DeadlineExceeded, Reason::DeadlinePassed));
    while Probe::seen().lock().aborted == 0 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

#[tokio::test]
async fn an_idle_server_ends_at_once() {
    let fixture = Fixture::start(|_| {});
    fixture.with_key().check("tenant t1", None).await.unwrap();
    fixture.stop.cancel();
    fixture.serving.ended().await.unwrap();
    assert!(!fixture.health.serving(""));
}

#[tokio::test]
async fn those_who_watch_health_do_not_hold_up_the_end() {
    let fixture = Fixture::start(|config| config.drain = Duration::from_secs(86_400));
    let mut client = HealthClient::new(fixture.channel.clone());
    let mut states = client.watch(HealthCheckRequest { service: String::new() }).await.unwrap().into_inner();
    assert!(states.message().await.unwrap().is_some());
    fixture.stop.cancel();
    while states.message().await.is_ok() {}
    drop((states, client));
    fixture.serving.ended().await.unwrap();
}

#[tokio::test]
async fn calls_that_outlast_the_drain_are_ended_with_a_reason() {
    let fixture = Fixture::start(|config| config.drain = Duration::from_millis(50));
    let mut client = fixture.with_key();
    let mut stream = client.watch(None).await.unwrap();
    assert!(stream.message().await.unwrap().is_some());
    fixture.stop.cancel();
    let status = stream.message().await.unwrap_err();
    assert_eq!((status.code(), failure(&status).reason), (Code::Unavailable, Reason::ShuttingDown));
    drop((stream, client));
    fixture.serving.ended().await.unwrap();
}

#[tokio::test]
async fn a_stream_ends_at_its_deadline() {
    let fixture = Fixture::start(|_| {});
    let mut client = fixture.with_key();
    let mut stream = client.watch(Some(Duration::from_millis(50))).await.unwrap();
    assert!(stream.message().await.unwrap().is_some());
    let status = stream.message().await.unwrap_err();
    assert_eq!((status.code(), failure(&status).reason), (Code::DeadlineExceeded, Reason::DeadlinePassed));
}
