//! Several replicas of a service behind one channel: who gets which call, and which call is made
//! again.

mod failing;

use std::future::ready;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use http::uri::PathAndQuery;
use lectern_core::OsRandom;
use lectern_rpc::{Channel, ClientConfig, Resolve};
use lectern_testkit::{Fault, Proxy};
use parking_lot::Mutex;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use tonic::body::Body;
use tonic::transport::server::TcpIncoming;
use tonic::{Code, Request, Response, Status, Streaming};
use tonic_health::ServingStatus;
use tonic_health::pb::health_server::HealthServer;
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse};
use tonic_health::server::{HealthReporter, HealthService};
use tonic_prost::ProstCodec;

use crate::by_hand::{ByHand, Grpc, HandWritten};
use crate::peers::virtual_time;

/// The published service config lists it.
const GET: &str = "/lectern.v1.NarrationService/GetNarration";
/// The same, and its answer is a stream.
const WATCH: &str = "/lectern.v1.NarrationService/WatchNarration";
/// It does not list this one.
const CREATE: &str = "/lectern.v1.NarrationService/CreateNarration";
/// An address of loopback from which nobody connects, so that a port which is given back stays
/// free.
const APART: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(127, 0, 0, 77)), 0);
/// How often something is tried that happens soon.
const TRIES: usize = 3_000;

/// What a replica does, and what it did.
#[derive(Debug, Clone, Default)]
struct Script {
    /// Calls that came.
    served: Arc<AtomicUsize>,
    /// Calls that are yet to be answered UNAVAILABLE.
    refusals: Arc<AtomicUsize>,
}

impl Script {
    fn answer(&self) -> Result<HealthCheckResponse, Status> {
        self.served.fetch_add(1, Ordering::SeqCst);
        let refuse = |left: usize| left.checked_sub(1);
        if self.refusals.fetch_update(Ordering::SeqCst, Ordering::SeqCst, refuse).is_ok() {
            return Err(Status::unavailable("busy"));
        }
        Ok(HealthCheckResponse { status: 1 })
    }
}

impl HandWritten for Script {
    const NAME: &'static str = "lectern.v1.NarrationService";

    async fn serve(self, mut grpc: Grpc, request: http::Request<Body>) -> http::Response<Body> {
        if request.uri().path() != WATCH {
            let get = move |_: Request<HealthCheckRequest>| ready(self.answer().map(Response::new));
            return grpc.unary(tower::service_fn(get), request).await;
        }
        // One message, and then an end as of a replica that is stopped.
        let messages =
            |first: HealthCheckResponse| futures::stream::iter([Ok(first), Err(Status::unavailable("stopping"))]);
        let watch = move |_: Request<HealthCheckRequest>| ready(self.answer().map(messages).map(Response::new));
        grpc.server_streaming(tower::service_fn(watch), request).await
    }
}

/// One replica. It stops as a server does, with GOAWAY, when it is dropped.
struct Replica {
    address: SocketAddr,
    script: Script,
    health: HealthReporter,
    stop: CancellationToken,
}

impl Replica {
    fn start() -> Self {
        Self::at(([127, 0, 0, 1], 0).into(), None)
    }

    /// One at this address, whose connections live so long.
    fn at(address: SocketAddr, age: Option<Duration>) -> Self {
        let incoming = TcpIncoming::bind(address).unwrap();
        let address = incoming.local_addr().unwrap();
        let (script, health, stop) = (Script::default(), HealthReporter::new(), CancellationToken::new());
        let service = HealthServer::new(HealthService::from_health_reporter(health.clone()));
        let routes = tonic::service::Routes::new(service).add_service(ByHand(script.clone()));
        let server = tonic::transport::Server::builder();
        let mut server = match age {
            Some(age) => server.max_connection_age(age),
            None => server,
        };
        let stopped = stop.clone().cancelled_owned();
        tokio::spawn(server.add_routes(routes).serve_with_incoming_shutdown(incoming, stopped));
        Self { address, script, health, stop }
    }

    fn served(&self) -> usize {
        self.script.served.load(Ordering::SeqCst)
    }

    fn forget(&self) {
        self.script.served.store(0, Ordering::SeqCst);
    }

    fn refuses(&self, calls: usize) {
        self.script.refusals.store(calls, Ordering::SeqCst);
    }
}

impl Drop for Replica {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// A resolver that is told the addresses.
#[derive(Debug, Default)]
struct Book(Mutex<Vec<SocketAddr>>);

#[async_trait]
impl Resolve for Book {
    async fn resolve(&self, host: &str, _: u16) -> io::Result<Vec<SocketAddr>> {
        assert_eq!(host, "replicas");
        Ok(self.0.lock().clone())
    }
}

/// A channel to whatever stands in the book.
fn over(book: &Arc<Book>) -> Channel {
    let resolve: Arc<dyn Resolve> = Arc::clone(book) as Arc<dyn Resolve>;
    Channel::new(&ClientConfig::to("http://replicas:7400"), resolve, Arc::new(OsRandom)).unwrap()
}

fn channel_to(addresses: impl IntoIterator<Item = SocketAddr>) -> Channel {
    over(&Arc::new(Book(Mutex::new(addresses.into_iter().collect()))))
}

async fn call_within(channel: &Channel, method: &'static str, timeout: Option<Duration>) -> Result<(), Status> {
    let mut client = tonic::client::Grpc::new(channel.clone());
    client.ready().await?;
    let codec = ProstCodec::<HealthCheckRequest, HealthCheckResponse>::default();
    let mut request = Request::new(HealthCheckRequest::default());
    if let Some(timeout) = timeout {
        request.set_timeout(timeout);
    }
    client.unary(request, PathAndQuery::from_static(method), codec).await.map(drop)
}

async fn call(channel: &Channel, method: &'static str) -> Result<(), Status> {
    call_within(channel, method, None).await
}

async fn watch(channel: &Channel) -> Result<Streaming<HealthCheckResponse>, Status> {
    let mut client = tonic::client::Grpc::new(channel.clone());
    client.ready().await?;
    let codec = ProstCodec::<HealthCheckRequest, HealthCheckResponse>::default();
    let request = Request::new(HealthCheckRequest::default());
    client.server_streaming(request, PathAndQuery::from_static(WATCH), codec).await.map(Response::into_inner)
}

/// Calls until the replicas that get calls are these.
async fn until_served(channel: &Channel, replicas: &[Replica], expected: &[bool]) {
    for _ in 0..TRIES {
        replicas.iter().for_each(Replica::forget);
        for _ in 0..4 * replicas.len() {
            call(channel, CREATE).await.unwrap();
        }
        if replicas.iter().map(|replica| replica.served() > 0).eq(expected.iter().copied()) {
            replicas.iter().for_each(Replica::forget);
            return;
        }
        sleep(Duration::from_millis(5)).await;
    }
    panic!("calls go to others than {expected:?}");
}

/// Waits until the listener of a replica that stops is dropped, and its port given back.
async fn until_free(address: SocketAddr) {
    for _ in 0..TRIES {
        if std::net::TcpListener::bind(address).is_ok() {
            return;
        }
        sleep(Duration::from_millis(1)).await;
    }
    panic!("{address} is not given back");
}

#[tokio::test]
async fn calls_are_spread_evenly() {
    let replicas = [Replica::start(), Replica::start(), Replica::start()];
    let channel = channel_to(replicas.iter().map(|replica| replica.address));
    until_served(&channel, &replicas, &[true; 3]).await;
    for _ in 0..300 {
        call(&channel, CREATE).await.unwrap();
    }
    assert_eq!(replicas.each_ref().map(Replica::served), [100; 3]);
}

#[tokio::test]
async fn a_url_may_name_the_replicas() {
    let replicas = [Replica::start(), Replica::start()];
    let [one, other] = replicas.each_ref().map(|replica| replica.address);
    let channel = lectern_rpc::channel(&ClientConfig::to(format!("http://{one},{other}"))).unwrap();
    until_served(&channel, &replicas, &[true; 2]).await;
}

#[tokio::test]
async fn one_replica_dies_and_calls_go_on() {
    let replicas = [Replica::start(), Replica::start(), Replica::start()];
    let proxies = replicas.each_ref().map(|replica| Proxy::start(replica.address));
    let channel = channel_to(proxies.iter().map(Proxy::address));
    until_served(&channel, &replicas, &[true; 3]).await;
    proxies[1].set(Fault::Cut);
    for at in 0..100 {
        let answered = call(&channel, GET).await;
        assert!(answered.is_ok(), "call {at}: {answered:?}");
    }
    replicas.iter().for_each(Replica::forget);
    for _ in 0..100 {
        call(&channel, CREATE).await.unwrap();
    }
    assert_eq!(replicas.each_ref().map(Replica::served), [50, 0, 50]);
    proxies[1].set(Fault::None);
    until_served(&channel, &replicas, &[true; 3]).await;
}

#[tokio::test]
async fn a_replica_that_stops_or_ages_loses_no_call_whatever_it_does() {
    let age = Some(Duration::from_millis(40));
    let mut replicas = [Replica::at(APART, age), Replica::at(APART, age)];
    let channel = channel_to(replicas.iter().map(|replica| replica.address));
    until_served(&channel, &replicas, &[true; 2]).await;
    let callers = |channel: &Channel| {
        let channel = channel.clone();
        tokio::spawn(async move {
            for at in 0..1_000 {
                // No service config lists it: it is made again only where nobody processed it.
                let answered = call(&channel, CREATE).await;
                assert!(answered.is_ok(), "call {at}: {answered:?}");
            }
        })
    };
    let callers = [callers(&channel), callers(&channel), callers(&channel), callers(&channel)];
    for turn in 0..4 {
        sleep(Duration::from_millis(20)).await;
        let address = replicas[turn % 2].address;
        replicas[turn % 2].stop.cancel();
        sleep(Duration::from_millis(20)).await;
        until_free(address).await;
        replicas[turn % 2] = Replica::at(address, age);
    }
    for caller in callers {
        caller.await.unwrap();
    }
}

#[tokio::test]
async fn a_new_address_gets_calls_after_the_next_look_up() {
    virtual_time();
    let replicas = [Replica::start(), Replica::start()];
    let book = Arc::new(Book(Mutex::new(vec![replicas[0].address])));
    let channel = over(&book);
    call(&channel, CREATE).await.unwrap();
    book.0.lock().push(replicas[1].address);
    sleep(Duration::from_secs(10)).await;
    for _ in 0..10 {
        call(&channel, CREATE).await.unwrap();
    }
    assert_eq!(replicas[1].served(), 0, "nothing was lost, so names are not looked up before their time");
    sleep(Duration::from_secs(25)).await;
    until_served(&channel, &replicas, &[true; 2]).await;

    // And one that is gone gets none any more.
    book.0.lock().remove(0);
    sleep(Duration::from_secs(31)).await;
    until_served(&channel, &replicas, &[false, true]).await;
}

#[tokio::test]
async fn a_replica_that_says_it_does_not_serve_gets_no_new_calls_while_others_do() {
    let replicas = [Replica::start(), Replica::start()];
    let channel = channel_to(replicas.iter().map(|replica| replica.address));
    until_served(&channel, &replicas, &[true; 2]).await;
    replicas[0].health.set_service_status("", ServingStatus::NotServing).await;
    until_served(&channel, &replicas, &[false, true]).await;
    for _ in 0..100 {
        call(&channel, CREATE).await.unwrap();
    }
    assert_eq!(replicas.each_ref().map(Replica::served), [0, 100]);

    // Where none serves, the ones that are there say why.
    replicas[1].health.set_service_status("", ServingStatus::NotServing).await;
    until_served(&channel, &replicas, &[true; 2]).await;
    replicas[0].health.set_service_status("", ServingStatus::Serving).await;
    until_served(&channel, &replicas, &[true, false]).await;
}

#[tokio::test]
async fn what_the_service_config_lists_is_made_again_and_nothing_else() {
    virtual_time();
    let replica = Replica::start();
    let channel = channel_to([replica.address]);
    for (method, channel, code, calls) in [
        (GET, channel.clone(), Code::Ok, 3),
        (CREATE, channel.clone(), Code::Unavailable, 1),
        (GET, channel.without_retries(), Code::Unavailable, 1),
    ] {
        replica.forget();
        replica.refuses(2);
        let answered = call(&channel, method).await.map_or_else(|status| status.code(), |()| Code::Ok);
        assert_eq!((answered, replica.served()), (code, calls), "{method}");
    }
}

#[tokio::test]
async fn calls_are_not_made_again_past_their_deadline() {
    virtual_time();
    let replica = Replica::start();
    let channel = channel_to([replica.address]);
    replica.refuses(usize::MAX);
    let asked = Instant::now();
    let refused = call_within(&channel, GET, Some(Duration::from_millis(700))).await.unwrap_err();
    assert_eq!((refused.code(), refused.message()), (Code::Unavailable, "busy"), "the last answer is told");
    assert!(asked.elapsed() < Duration::from_secs(1), "{:?}", asked.elapsed());
    assert!(replica.served() < 4);
}

#[tokio::test]
async fn nothing_is_made_again_when_most_calls_fail() {
    virtual_time();
    let replica = Replica::start();
    let channel = channel_to([replica.address]);
    replica.refuses(usize::MAX);
    let mut made = Vec::new();
    for _ in 0..4 {
        replica.forget();
        assert_eq!(call(&channel, GET).await.unwrap_err().code(), Code::Unavailable);
        made.push(replica.served());
    }
    assert_eq!(made, [4, 1, 1, 1], "of ten tokens each failure takes one, and five stay");
}

#[tokio::test]
async fn a_stream_is_opened_again_until_its_first_message_and_not_after() {
    virtual_time();
    let replica = Replica::start();
    let channel = channel_to([replica.address]);
    replica.refuses(1);
    let mut stream = watch(&channel).await.unwrap();
    assert_eq!(replica.served(), 2, "it was refused once");
    assert!(stream.message().await.unwrap().is_some());
    let ended = stream.message().await.unwrap_err();
    assert_eq!((ended.code(), ended.message()), (Code::Unavailable, "stopping"));
    assert_eq!(replica.served(), 2);
}

#[tokio::test]
async fn a_service_that_is_not_there_is_told_with_its_url_and_found_when_it_comes() {
    let address = Replica::at(APART, None).address;
    until_free(address).await;
    let channel = lectern_rpc::channel(&ClientConfig::to(format!("http://{address}"))).unwrap();
    let refused = call(&channel, CREATE).await.unwrap_err();
    assert_eq!(refused.code(), Code::Unavailable);
    assert!(refused.message().contains(&format!("http://{address} cannot be reached: ")), "{refused:?}");

    let nobody = over(&Arc::default());
    let refused = call(&nobody, CREATE).await.unwrap_err();
    assert!(refused.message().contains("http://replicas:7400"), "{refused:?}");

    let replica = Replica::at(address, None);
    call(&channel, CREATE).await.expect("it is tried at once where a call waits");
    assert_eq!(replica.served(), 1);
}
