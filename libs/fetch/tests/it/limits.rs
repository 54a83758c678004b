//! Time and size. Time is paused: it moves when everything waits, so nothing here depends on the
//! speed of the machine.

use std::time::Duration;

use lectern_fetch::{FetchError, FetchLimits, Policy, Request};

use crate::world::{SITE, Site, Step, World, answer, word};

const URL: &str = "https://docs.example.com/";

fn limits() -> FetchLimits {
    FetchLimits {
        connect: Duration::from_secs(10),
        first_byte: Duration::from_secs(20),
        idle: Duration::from_secs(30),
        whole: Duration::from_secs(100),
        bytes: 1_000,
        redirects: 5,
    }
}

/// What becomes of a call to a server that does this.
async fn read(steps: Vec<Step>) -> Result<usize, FetchError> {
    let world = World::new().name("docs.example.com", &[SITE]);
    let world = world.site(SITE, Site::of(&["docs.example.com"]).at("/", steps));
    let response = world.client(Policy::public()).send(Request::get(URL, limits())).await?;
    Ok(response.body.collect().await?.len())
}

fn send(bytes: impl Into<Vec<u8>>) -> Step {
    Step::Send(bytes.into())
}

const HEAD: &str = "HTTP/1.1 200 OK\r\ncontent-length: 900\r\n\r\n";
const CHUNKED: &str = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
const FOREVER: Duration = Duration::from_secs(100_000);

#[tokio::test(start_paused = true)]
async fn time_is_limited_in_every_phase() {
    let piece = || Step::Repeat(b"x".to_vec(), Duration::from_secs(2));
    for (what, steps, expected) in [
        ("says nothing", vec![Step::Wait(FOREVER)], "slow first byte"),
        ("drips its head", vec![send("HTTP/1.1 200 OK\r\nx: "), piece()], "slow first byte"),
        ("stops in the body", vec![send(HEAD), send("some"), Step::Wait(FOREVER)], "idle"),
        ("stops before the body", vec![send(HEAD), Step::Wait(FOREVER)], "idle"),
        ("drips its body", vec![send(HEAD), piece()], "slow whole"),
        ("drips empty lines", vec![Step::Repeat(b"\r\n".to_vec(), Duration::from_secs(2))], "slow first byte"),
    ] {
        let error = read(steps).await.expect_err(what);
        assert_eq!(word(&error), expected, "a server that {what}: {error}");
    }
    assert_eq!(
        read(vec![Step::Wait(Duration::from_secs(15)), send(HEAD), send([b'x'; 900])]).await.expect("slow"),
        900
    );
}

#[tokio::test]
async fn size_is_limited_by_what_is_said_and_by_what_comes() {
    let chunks = |count: usize| {
        let chunk = format!("64\r\n{}\r\n", "x".repeat(100));
        vec![send(format!("{CHUNKED}{}0\r\n\r\n", chunk.repeat(count)))]
    };
    let endless = Step::Repeat(format!("64\r\n{}\r\n", "x".repeat(100)).into_bytes(), Duration::ZERO);
    let until_close = |count: usize| vec![send(format!("HTTP/1.1 200 OK\r\n\r\n{}", "x".repeat(count)))];
    for (what, steps, expected) in [
        ("as much as it may", answer("200 OK", "", &"x".repeat(1_000)), Ok(1_000)),
        ("one byte more, said", answer("200 OK", "", &"x".repeat(1_001)), Err("large")),
        (
            "very much, said and not sent",
            vec![send("HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\n")],
            Err("large"),
        ),
        ("as much as it may, in chunks", chunks(10), Ok(1_000)),
        ("more, in chunks", chunks(11), Err("large")),
        ("endless chunks", vec![send(CHUNKED), endless], Err("large")),
        ("as much as it may, until it closes", until_close(1_000), Ok(1_000)),
        ("more, until it closes", until_close(1_001), Err("large")),
        ("nothing", answer("200 OK", "", ""), Ok(0)),
    ] {
        let got = read(steps).await.map_err(|e| word(&e));
        assert_eq!(got, expected, "{what}");
    }
}

#[tokio::test]
async fn answers_that_are_damaged_or_compressed_are_refused() {
    let field = |field: &str| answer("200 OK", &format!("{field}\r\n"), "x");
    let heads = |count: usize| field(&vec!["x-field: y"; count].join("\r\n"));
    for (what, steps, expected) in [
        ("breaks off", vec![send(HEAD), send("some")], Err("broken")),
        ("breaks off in a chunk", vec![send(CHUNKED), send("64\r\nxx")], Err("broken")),
        ("closes at once", vec![], Err("broken")),
        ("is not HTTP", vec![send("SSH-2.0-OpenSSH_9.9\r\n\r\n")], Err("broken")),
        ("is HTTP/0.9", vec![send("<html>hello</html>")], Err("broken")),
        ("has two lengths", field("content-length: 900"), Err("broken")),
        ("has a very long field", field(&format!("x: {}", "y".repeat(100_000))), Err("broken")),
        ("has very many fields", heads(500), Err("broken")),
        ("switches protocols", vec![send("HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\n\r\n")], Err("broken")),
        ("is compressed by gzip", field("content-encoding: gzip"), Err("compressed")),
        ("is compressed twice", field("content-encoding: identity\r\ncontent-encoding: br"), Err("compressed")),
        ("is a list of codings", field("content-encoding: gzip, identity"), Err("compressed")),
        ("says that it is not compressed", field("content-encoding: identity"), Ok(1)),
        ("is an error", answer("500 Oops", "", "x"), Ok(1)),
    ] {
        let got = read(steps).await.map_err(|e| word(&e));
        assert_eq!(got, expected, "an answer that {what}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_or_a_body_that_is_dropped_hangs_up() {
    let steps = vec![send(HEAD), Step::Repeat(b"x".to_vec(), Duration::from_secs(1))];
    let silent = vec![Step::Wait(FOREVER)];
    let site = Site::of(&["docs.example.com"]).at("/", steps).at("/silent", silent);
    let world = World::new().name("docs.example.com", &[SITE]).site(SITE, site);
    let client = world.client(Policy::public());

    let response = client.send(Request::get(URL, limits())).await.expect("a head");
    assert_eq!(*world.hung_up.lock(), 0);
    drop(response);
    settle(&world, 1).await;

    let call = client.send(Request::get(format!("{URL}silent"), limits()));
    assert!(tokio::time::timeout(Duration::from_secs(5), Box::pin(call)).await.is_err(), "it waits");
    settle(&world, 2).await;
}

/// Waits until so many servers have noticed.
async fn settle(world: &World, servers: usize) {
    while *world.hung_up.lock() < servers {
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}
