//! Addresses that an operator configured: private ones are allowed, and nothing else becomes so.

use bytes::Bytes;
use http::header::AUTHORIZATION;
use http::{HeaderValue, Method};
use lectern_fetch::{FetchLimits, Policy, Request};

use crate::world::{SITE, Site, World, answer, redirect, word};

#[tokio::test]
async fn what_the_operator_configured_is_called_where_it_is() {
    for (url, address) in [
        ("http://127.0.0.1:8080/v1", "127.0.0.1"),
        ("http://models:8080/v1", "10.0.0.1"),
        ("http://localhost:8080/v1", "127.0.0.1"),
        ("http://[fd00::1]/v1", "fd00::1"),
    ] {
        let site = Site::without_tls().at("/v1", answer("200 OK", "", "hello"));
        let world = World::new().name("models", &["10.0.0.1"]).name("localhost", &["127.0.0.1"]).site(address, site);
        let mut request = Request::get(url, FetchLimits::default());
        request.method = Method::POST;
        request.body = Bytes::from_static(b"{}");
        request.headers.insert(AUTHORIZATION, HeaderValue::from_static("Bearer secret"));
        let response = world.client(Policy::Operator).send(request).await.expect(url);
        assert_eq!(response.body.collect().await.expect("whole"), "hello");
        let head = world.heads().remove(0);
        assert!(head.contains("authorization: Bearer secret") && head.contains("content-length: 2"), "{head}");
        assert!(!world.asked().iter().any(|name| name.ends_with('.')), "a short name is found by the search list");
    }
}

#[tokio::test]
async fn the_operator_s_trust_does_not_go_where_a_server_sends() {
    for (location, why) in [
        ("http://10.0.0.2/", "redirect elsewhere"),
        ("https://docs.example.com/", "redirect elsewhere"),
        ("http://10.0.0.1:8081/", "redirect elsewhere"),
        ("//10.0.0.1:22/", "redirect elsewhere"),
        ("file:///etc/passwd", "scheme"),
        ("http://user@10.0.0.1/", "user"),
    ] {
        let site = Site::without_tls().at("/", redirect(location));
        let world =
            World::new().name("docs.example.com", &[SITE]).site("10.0.0.1", site.clone()).site("10.0.0.2", site);
        let request = Request::get("http://10.0.0.1/", FetchLimits::default());
        let error = world.client(Policy::Operator).send(request).await.expect_err(location);
        assert_eq!(word(&error), why, "{location}: {error}");
        assert_eq!(world.called(), ["10.0.0.1:80"]);
    }
    let site = Site::without_tls().at("/", redirect("/v2")).at("/v2", answer("200 OK", "", ""));
    let world = World::new().site("10.0.0.1", site);
    world
        .client(Policy::Operator)
        .send(Request::get("http://10.0.0.1/", FetchLimits::default()))
        .await
        .expect("the same origin");
}

#[tokio::test]
async fn even_an_operator_calls_one_machine() {
    for url in [
        "http://0.0.0.0/",
        "http://[::]/",
        "http://255.255.255.255/",
        "http://224.0.0.1/",
        "http://[ff02::1]/",
        "http://[::ffff:0.0.0.0]/",
    ] {
        let world = World::new();
        let error =
            world.client(Policy::Operator).send(Request::get(url, FetchLimits::default())).await.expect_err(url);
        assert_eq!(word(&error), "closed", "{url}");
    }
    for (url, why) in [("ftp://10.0.0.1/", "scheme"), ("http://a:b@10.0.0.1/", "user"), ("http:10.0.0.1/", "slashes")] {
        let error =
            World::new().client(Policy::Operator).send(Request::get(url, FetchLimits::default())).await.expect_err(url);
        assert_eq!(word(&error), why, "{url}");
    }
}
