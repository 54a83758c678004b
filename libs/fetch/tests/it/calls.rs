//! Calls that may be made: pinned, verified, redirected.

use http::header::{AUTHORIZATION, COOKIE, HOST, USER_AGENT};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use lectern_fetch::{Client, FetchLimits, Policy, Request, Roots};

use crate::world::{OTHER, SITE, Site, World, answer, redirect, word};

const DOCS: &str = "docs.example.com";

/// One site with one page.
fn docs() -> std::sync::Arc<World> {
    let page = answer("200 OK", "content-type: text/markdown\r\n", "# Tides");
    World::new().name(DOCS, &[SITE]).site(SITE, Site::of(&[DOCS, SITE]).at("/a.md?v=1", page))
}

#[tokio::test]
async fn a_public_page_is_fetched_with_its_type() {
    let world = docs();
    let response = world.get("https://docs.example.com/a.md?v=1#part").await.expect("fetched");
    assert_eq!(response.status, StatusCode::OK);
    assert_eq!(response.headers["content-type"], "text/markdown");
    assert_eq!(response.url.path(), "/a.md");
    assert_eq!(response.body.collect().await.expect("whole"), "# Tides");
    let head = world.heads().remove(0);
    assert!(head.starts_with("GET /a.md?v=1 HTTP/1.1\r\n"), "{head}");
    for field in
        ["host: docs.example.com\r\n", "user-agent: lectern/", "accept-encoding: identity\r\n", "connection: close\r\n"]
    {
        assert!(head.contains(field), "{field} is not in {head}");
    }
}

#[tokio::test]
async fn a_name_is_resolved_once_and_as_a_whole_one() {
    // The second answer of a resolver that rebinds is never asked for.
    let world = docs().name(DOCS, &["127.0.0.1"]).site("127.0.0.1", Site::of(&[DOCS]));
    world.get("https://docs.example.com/a.md?v=1").await.expect("fetched");
    assert_eq!(world.asked(), ["docs.example.com."], "with the dot no search list is tried on it");
    assert_eq!(world.called(), [format!("{SITE}:443")]);
    let rebound = world.get("https://docs.example.com/a.md?v=1").await.expect_err("inside by now");
    assert_eq!(word(&rebound), "closed");
}

#[tokio::test]
async fn a_name_that_rebinds_between_two_hops_is_refused_at_the_second() {
    let site = Site::of(&[DOCS]).at("/", redirect("/again"));
    let world = World::new()
        .name(DOCS, &[SITE])
        .name(DOCS, &["10.0.0.1"])
        .site(SITE, site.clone())
        .site("10.0.0.1", site.at("/again", answer("200 OK", "", "secret")));
    let error = world.get("https://docs.example.com/").await.expect_err("inside by now");
    assert_eq!(word(&error), "closed");
    assert_eq!(world.called(), [format!("{SITE}:443")]);
}

#[tokio::test]
async fn a_dot_at_the_end_of_a_name_is_not_of_its_certificate() {
    let world = docs();
    world.get("https://docs.example.com./a.md?v=1").await.expect("fetched");
    assert!(world.heads()[0].contains("host: docs.example.com\r\n"));
}

#[tokio::test]
async fn a_public_address_is_called_as_one_when_its_certificate_says_so() {
    let world = docs();
    world.get(&format!("https://{SITE}/a.md?v=1")).await.expect("fetched");
    assert!(world.asked().is_empty(), "an address has no name to resolve");
}

#[tokio::test]
async fn the_next_address_is_tried_when_one_accepts_nothing() {
    let world = World::new()
        .name(DOCS, &["2606:2800:220:1::1", OTHER, SITE])
        .site(SITE, Site::of(&[DOCS]).at("/", answer("200 OK", "", "here")));
    world.get("https://docs.example.com/").await.expect("fetched");
    assert_eq!(world.called().len(), 3);
    let nobody = World::new().name(DOCS, &[SITE]);
    assert_eq!(word(&nobody.get("https://docs.example.com/").await.expect_err("nobody")), "connect");
}

#[tokio::test]
async fn a_certificate_must_be_for_the_name_and_from_a_trusted_authority() {
    let world =
        World::new().name(DOCS, &[SITE]).site(SITE, Site::of(&["other.example.com"]).at("/", answer("200 OK", "", "")));
    assert_eq!(word(&world.get("https://docs.example.com/").await.expect_err("another's")), "tls");
    assert!(world.heads().is_empty(), "nothing was sent");

    let world = docs();
    let stranger = Client::new(Policy::public(), world.outside(), Roots::public()).expect("a client");
    let request = Request::get("https://docs.example.com/a.md?v=1", FetchLimits::default());
    assert_eq!(word(&stranger.send(request).await.expect_err("not trusted")), "tls");

    let plain = World::new().name(DOCS, &[SITE]).site(SITE, Site::without_tls().at("/", answer("200 OK", "", "")));
    assert_eq!(word(&plain.get("https://docs.example.com/").await.expect_err("no TLS")), "tls");
}

#[tokio::test]
async fn redirects_are_followed_to_the_end() {
    let first = Site::of(&[DOCS])
        .at("/", redirect("/one"))
        .at("/one", answer("301 Moved Permanently", "location: two?x=1\r\n", ""))
        .at("/two?x=1", answer("307 Temporary Redirect", "location: //files.example.com/three\r\n", ""));
    let second = Site::of(&["files.example.com"])
        .at("/three", answer("308 Permanent Redirect", "location: https://files.example.com/four#x\r\n", ""))
        .at("/four", answer("303 See Other", "location: ?five\r\n", ""))
        .at("/four?five", answer("200 OK", "", "the end"));
    let world =
        World::new().name(DOCS, &[SITE]).name("files.example.com", &[OTHER]).site(SITE, first).site(OTHER, second);
    let response = world.get("https://docs.example.com/").await.expect("followed");
    assert_eq!(response.url.as_str(), "https://files.example.com/four?five");
    assert_eq!(response.body.collect().await.expect("whole"), "the end");
    assert_eq!(world.asked().len(), 6, "every hop is resolved and checked anew");
}

#[tokio::test]
async fn redirects_that_do_not_end_are_given_up() {
    let site = Site::of(&[DOCS]).at("/", redirect("/")).at("/nowhere", answer("302 Found", "", ""));
    let world = World::new().name(DOCS, &[SITE]).site(SITE, site);
    let error = world.get("https://docs.example.com/").await.expect_err("a loop");
    assert_eq!(word(&error), "redirects");
    assert_eq!(world.heads().len(), 6, "five redirects and the first");
    let error = world.get("https://docs.example.com/nowhere").await.expect_err("no location");
    assert_eq!(word(&error), "redirect unusable");
}

/// A request with what must not travel.
fn with_secrets(url: &str) -> Request {
    let mut headers = HeaderMap::new();
    headers.insert(AUTHORIZATION, HeaderValue::from_static("Bearer secret"));
    headers.insert(COOKIE, HeaderValue::from_static("session=secret"));
    headers.insert("x-api-key", HeaderValue::from_static("secret"));
    Request { headers, ..Request::get(url, FetchLimits::default()) }
}

#[tokio::test]
async fn header_fields_stay_with_the_origin_that_they_were_meant_for() {
    let first = Site::of(&[DOCS])
        .at("/", redirect("/same"))
        .at("/same", redirect("https://files.example.com/"))
        .at("/back", answer("200 OK", "", ""));
    let second = Site::of(&["files.example.com"]).at("/", redirect("https://docs.example.com/back"));
    let world =
        World::new().name(DOCS, &[SITE]).name("files.example.com", &[OTHER]).site(SITE, first).site(OTHER, second);
    world.client(Policy::public()).send(with_secrets("https://docs.example.com/")).await.expect("followed");
    let carried: Vec<bool> = world.heads().iter().map(|head| head.contains("secret")).collect();
    assert_eq!(carried, [true, true, false, false], "a hop back gets nothing again");
}

#[tokio::test]
async fn no_cookie_is_kept_and_nothing_says_where_we_came_from() {
    let site = Site::of(&[DOCS])
        .at("/", answer("302 Found", "set-cookie: a=b\r\nlocation: /next\r\n", ""))
        .at("/next", answer("200 OK", "", ""));
    let world = World::new().name(DOCS, &[SITE]).site(SITE, site);
    world.get("https://docs.example.com/").await.expect("followed");
    let heads = world.heads().concat().to_lowercase();
    assert!(!heads.contains("cookie") && !heads.contains("referer") && !heads.contains("origin:"), "{heads}");
}

#[tokio::test]
async fn a_caller_cannot_write_over_what_the_client_says_of_itself() {
    let world = docs();
    let mut request = Request::get("https://docs.example.com/a.md?v=1", FetchLimits::default());
    request.headers.insert(HOST, HeaderValue::from_static("inside"));
    request.headers.insert(USER_AGENT, HeaderValue::from_static("curl"));
    world.client(Policy::public()).send(request).await.expect("fetched");
    let head = world.heads().remove(0);
    assert!(head.contains("host: docs.example.com\r\n") && head.contains("user-agent: lectern/"), "{head}");
    assert!(!head.contains("inside") && !head.contains("curl"), "{head}");
}

#[tokio::test]
async fn only_reading_is_sent_on_by_a_redirect() {
    let site = Site::of(&[DOCS]).at("/", redirect("/next"));
    let world = World::new().name(DOCS, &[SITE]).site(SITE, site);
    let request = Request { method: Method::POST, ..with_secrets("https://docs.example.com/") };
    let error = world.client(Policy::public()).send(request).await.expect_err("not sent twice");
    assert_eq!(word(&error), "redirect unusable");
}
