//! Real sockets, on loopback alone: the adapters that everything else replaces.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use async_trait::async_trait;
use lectern_fetch::{
    Client, Connector, FetchLimits, Outside, Pinned, Policy, Request, Stream, SystemConnector, SystemResolver,
};
use tokio::net::{TcpListener, TcpStream};

use crate::world::{AUTHORITY, SITE, Site, World, answer, word};

/// Serves a site on a free port of loopback.
async fn listen(site: Site, world: Arc<World>) -> SocketAddr {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(site.clone().serve(stream, Arc::clone(&world)));
        }
    });
    address
}

/// Whatever the address that was checked, the connection goes to the test's server.
#[derive(Debug)]
struct Always(SocketAddr);

#[async_trait]
impl Connector for Always {
    async fn connect(&self, _: Pinned) -> io::Result<Box<dyn Stream>> {
        Ok(Box::new(TcpStream::connect(self.0).await?))
    }
}

#[tokio::test]
async fn a_page_comes_over_a_socket_with_tls() {
    let body = "x".repeat(300_000);
    let site = Site::of(&["docs.example.com"]).at("/", answer("200 OK", "", &body));
    let world = World::new().name("docs.example.com", &[SITE]);
    let server = listen(site, Arc::clone(&world)).await;
    let outside = Outside { connector: Arc::new(Always(server)), ..world.outside() };
    let client = Client::new(Policy::public(), outside, AUTHORITY.roots()).expect("a client");
    let response =
        client.send(Request::get("https://docs.example.com/", FetchLimits::default())).await.expect("fetched");
    assert_eq!(response.body.collect().await.expect("whole"), body);
}

#[tokio::test]
async fn the_system_s_resolver_and_sockets_serve_an_operator() {
    let world = World::new();
    let server = listen(Site::without_tls().at("/", answer("200 OK", "", "hello")), world).await;
    let client = Client::new(Policy::Operator, Outside::system(), AUTHORITY.roots()).expect("a client");
    let url = format!("http://localhost:{}/", server.port());
    let response = client.send(Request::get(url, FetchLimits::default())).await.expect("fetched");
    assert_eq!(response.body.collect().await.expect("whole"), "hello");
}

#[tokio::test]
async fn the_system_s_sockets_are_not_reached_by_a_public_client_on_loopback() {
    let outside = Outside { connector: Arc::new(SystemConnector), resolver: Arc::new(SystemResolver) };
    let client = Client::new(Policy::public(), outside, AUTHORITY.roots()).expect("a client");
    let error = client.send(Request::get("https://127.0.0.1/", FetchLimits::default())).await.expect_err("loopback");
    assert_eq!(word(&error), "closed");
}
