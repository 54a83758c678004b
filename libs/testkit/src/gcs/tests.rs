//! What the fake refuses, so that a client that is wrong does not pass.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};

use super::{Gcs, GcsOptions};

fn request(server: SocketAddr, head: &str, headers: &str, body: &[u8]) -> String {
    let mut stream = TcpStream::connect(server).expect("connect");
    let length = body.len();
    let head = format!("{head} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {length}\r\n{headers}\r\n");
    stream.write_all(head.as_bytes()).expect("send");
    stream.write_all(body).expect("send");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("answer");
    answer
}

fn status(answer: &str) -> &str {
    answer.get(9..12).unwrap_or_default()
}

#[test]
fn what_a_client_may_not_do_is_refused() {
    let gcs = Gcs::open(GcsOptions::default()).expect("start");
    let upload = "POST /upload/storage/v1/b/lectern-test/o?uploadType";
    let token = "x-goog-gcs-idempotency-token: 00000000-0000-0000-0000-000000000000\r\n";
    let multipart = "content-type: multipart/related; boundary=b\r\n";
    let body = |metadata: &str| {
        format!("--b\r\ncontent-type: application/json\r\n\r\n{metadata}\r\n--b\r\n\r\nabc\r\n--b--\r\n")
    };
    let cases = [
        (format!("{upload}=multipart&name=a"), multipart.to_owned(), body("{}"), "200"),
        (format!("{upload}=multipart&name=a&ifGenerationMatch=0"), format!("{multipart}{token}"), body("{}"), "412"),
        (format!("{upload}=multipart&name=b&ifGenerationMatch=0"), multipart.to_owned(), body("{}"), "400"),
        (format!("{upload}=multipart&name=c"), format!("{multipart}{token}"), body("{}"), "400"),
        (format!("{upload}=multipart&name=d&predefinedAcl=private"), multipart.to_owned(), body("{}"), "400"),
        (format!("{upload}=multipart&name=d&what=1"), multipart.to_owned(), body("{}"), "501"),
        (format!("{upload}=multipart&name=d"), multipart.to_owned(), body("{\"acl\":[]}"), "400"),
        (format!("{upload}=multipart&name=d"), multipart.to_owned(), body("{\"crc32c\":\"AAAAAA==\"}"), "400"),
        (format!("{upload}=multipart&name=d"), multipart.to_owned(), body("{\"contentEncoding\":\"gzip\"}"), "501"),
        ("GET /storage/v1/b/lectern-test/o/none?alt=media".to_owned(), String::new(), String::new(), "404"),
        (
            "GET /storage/v1/b/lectern-test/o/a?alt=media".to_owned(),
            "range: bytes=3-\r\n".to_owned(),
            String::new(),
            "416",
        ),
        (
            "GET /storage/v1/b/lectern-test/o/a?alt=media".to_owned(),
            "range: bytes=1-9\r\n".to_owned(),
            String::new(),
            "206",
        ),
        ("DELETE /storage/v1/b/lectern-test/o/a".to_owned(), String::new(), String::new(), "501"),
        ("GET /lectern-test/a".to_owned(), String::new(), String::new(), "501"),
    ];
    for (head, headers, body, expected) in cases {
        let answer = request(gcs.address(), &head, &headers, body.as_bytes());
        assert_eq!(status(&answer), expected, "{head}: {answer}");
    }
}

#[test]
fn a_session_keeps_to_its_chunks_and_looks_at_the_condition_again() {
    let gcs = Gcs::open(GcsOptions::default()).expect("start");
    let token = |number: u32| format!("x-goog-gcs-idempotency-token: 00000000-0000-0000-0000-{number:012}\r\n");
    let start = |number: u32| {
        let head = "POST /upload/storage/v1/b/lectern-test/o?uploadType=resumable&name=a%2Fb&ifGenerationMatch=0";
        let answer = request(gcs.address(), head, &token(number), b"");
        let at = answer.find("upload_id=").expect("a session");
        let id = answer[at..].lines().next().unwrap_or_default().to_owned();
        format!("PUT /upload/storage/v1/b/lectern-test/o?uploadType=resumable&{id}")
    };
    let put = |session: &str, range: &str, body: &[u8]| {
        request(gcs.address(), session, &format!("content-range: bytes {range}\r\n"), body)
    };
    let (first, second) = (start(1), start(2));
    let query = put(&first, "*/*", b"");
    assert!(status(&query) == "308" && !query.contains("range:"), "{query}");
    assert_eq!(status(&put(&first, "0-2/*", b"abc")), "400", "no multiple of 256 KiB");
    assert_eq!(status(&put(&first, "3-5/6", b"abc")), "400", "a hole");
    let chunk = vec![7; 256 * 1024];
    let answer = put(&first, "0-262143/*", &chunk);
    assert!(status(&answer) == "308" && answer.contains("range: bytes=0-262143"), "{answer}");
    assert_eq!(status(&put(&first, "262144-262146/262147", b"abc")), "200");
    assert_eq!(status(&put(&first, "*/*", b"")), "200", "a finished session says so");
    assert_eq!(status(&put(&second, "0-2/3", b"abc")), "412", "the loser at the end");
    assert_eq!(gcs.count(), 1);
    let read = request(gcs.address(), "GET /storage/v1/b/lectern-test/o/a%2Fb", "", b"");
    assert!(read.contains("\"size\":\"262147\""), "numbers of 64 bits are strings: {read}");
    let plain = request(gcs.address(), "GET /storage/v1/b/lectern-test/o/a/b?alt=media", "", b"");
    assert_eq!(status(&plain), "400", "names are percent-encoded");
}
