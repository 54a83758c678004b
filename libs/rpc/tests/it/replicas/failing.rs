//! Servers that are not there, say nothing, or end every connection: how long they are waited for,
//! and how often they are tried.

use std::future::ready;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use lectern_core::Reason;
use lectern_rpc::failure;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, sleep};
use tonic::body::Body;
use tonic::transport::server::TcpIncoming;
use tonic::{Code, Request, Response, Status};
use tonic_health::ServingStatus;
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse};

use super::{APART, CREATE, GET, Replica, Script, TRIES, call, call_within, channel_to, until_free};
use crate::by_hand::{ByHand, Grpc, HandWritten};
use crate::peers::virtual_time;

/// No settings, and an end: GOAWAY without a call and without an error (RFC 9113, 6.5 and 6.8).
const GOODBYE: &[u8] = &[0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 8, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];

/// Has a health that says once that it does not serve, and is gone when it is asked again.
#[derive(Debug, Clone, Default)]
struct Forgotten(Arc<AtomicUsize>);

impl HandWritten for Forgotten {
    const NAME: &'static str = "grpc.health.v1.Health";

    async fn serve(self, mut grpc: Grpc, request: http::Request<Body>) -> http::Response<Body> {
        let watch = move |_: Request<HealthCheckRequest>| {
            if self.0.fetch_add(1, Ordering::SeqCst) > 0 {
                return ready(Err(Status::unimplemented("no health is served here")));
            }
            let news = HealthCheckResponse { status: ServingStatus::NotServing as i32 };
            ready(Ok(Response::new(futures::stream::iter([Ok::<_, Status>(news)]))))
        };
        grpc.server_streaming(tower::service_fn(watch), request).await
    }
}

#[tokio::test]
async fn a_server_that_says_nothing_is_waited_for_until_the_deadline() {
    virtual_time();
    let mute = TcpListener::bind(APART).await.unwrap();
    let channel = channel_to([mute.local_addr().unwrap()]);
    for method in [CREATE, GET] {
        let asked = Instant::now();
        let late = call_within(&channel, method, Some(Duration::from_millis(700))).await.unwrap_err();
        assert_eq!((late.code(), failure(&late).reason), (Code::DeadlineExceeded, Reason::DeadlinePassed), "{late:?}");
        assert!(asked.elapsed() < Duration::from_secs(2), "{method} took {:?}", asked.elapsed());
    }
}

#[tokio::test]
async fn a_caller_who_does_not_stop_has_an_address_tried_ever_more_seldom() {
    virtual_time();
    let address = Replica::at(APART, None).address;
    until_free(address).await;
    let channel = channel_to([address]);
    let (began, mut tries) = (Instant::now(), 0);
    while began.elapsed() < Duration::from_secs(10) {
        assert_eq!(call(&channel, CREATE).await.unwrap_err().code(), Code::Unavailable);
        tries += 1;
    }
    assert!((5..30).contains(&tries), "each call has one try of its own, and there were {tries} in 10 s");
}

/// Reads what a client says until it closes the connection, having said goodbye at once.
async fn dismiss(mut client: TcpStream) {
    let mut heard = [0; 1_024];
    if client.write_all(GOODBYE).await.is_ok() && client.shutdown().await.is_ok() {
        while client.read(&mut heard).await.is_ok_and(|bytes| bytes > 0) {}
    }
}

#[tokio::test]
async fn a_server_that_ends_every_connection_is_one_that_cannot_be_reached() {
    virtual_time();
    let listener = TcpListener::bind(APART).await.unwrap();
    let channel = channel_to([listener.local_addr().unwrap()]);
    let taken = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&taken);
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            count.fetch_add(1, Ordering::SeqCst);
            tokio::spawn(dismiss(client));
        }
    });
    assert_eq!(call(&channel, CREATE).await.unwrap_err().code(), Code::Unavailable);
    sleep(Duration::from_secs(20)).await;
    let taken = taken.load(Ordering::SeqCst);
    assert!((3..40).contains(&taken), "{taken} connections in 20 s");
}

#[tokio::test]
async fn a_server_without_health_gets_calls_and_is_not_asked_again() {
    virtual_time();
    let (script, health) = (Script::default(), Forgotten::default());
    let incoming = TcpIncoming::bind(([127, 0, 0, 1], 0).into()).unwrap();
    let address = incoming.local_addr().unwrap();
    let routes = tonic::service::Routes::new(ByHand(health.clone())).add_service(ByHand(script.clone()));
    tokio::spawn(tonic::transport::Server::builder().add_routes(routes).serve_with_incoming(incoming));
    let other = Replica::start();
    let channel = channel_to([address, other.address]);
    call(&channel, CREATE).await.unwrap();
    while health.0.load(Ordering::SeqCst) < 2 {
        sleep(Duration::from_millis(20)).await;
    }
    script.served.store(0, Ordering::SeqCst);
    for _ in 0..TRIES {
        call(&channel, CREATE).await.unwrap();
        if script.served.load(Ordering::SeqCst) > 0 {
            break;
        }
        sleep(Duration::from_millis(5)).await;
    }
    assert!(script.served.load(Ordering::SeqCst) > 0, "what says nothing of its health serves");
    sleep(Duration::from_secs(60)).await;
    assert_eq!(health.0.load(Ordering::SeqCst), 2, "it said that it has no health");
}
