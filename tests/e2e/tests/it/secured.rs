//! A stack in which nobody talks in the clear, and nobody is let in who is not known.

use lectern_e2e::{Profile, of, refusal};
use lectern_proto::v1::narration::State;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

#[tokio::test(flavor = "multi_thread")]
async fn four_processes_narrate_where_everything_is_encrypted_and_everybody_is_known() {
    let instance = Profile::Stack.setup().secured().start().await;
    let client = instance.client();
    let document = client.markdown("# Salt\n\nIt is sold by weight.\n\n# Pepper\n\nIt is not.\n").await;
    let narration = client.narrate(of(&document)).await;
    assert_eq!(narration.state(), State::Succeeded, "{:?}", narration.failure);
    assert!(!client.download(&narration, "audio.opus").await.is_empty());
    let stranger = instance.nobody().narration(&narration.name).await.expect_err("no key");
    assert_eq!(refusal(&stranger).reason, "KEY_INVALID", "{stranger:?}");
}

/// A port that answers a plain request would answer it to whoever listens on the wire.
#[tokio::test(flavor = "multi_thread")]
async fn a_port_with_tls_answers_nothing_in_the_clear() {
    let instance = Profile::Stack.setup().secured().start().await;
    for service in instance.services() {
        let mut plain = tokio::net::TcpStream::connect(instance.address(service)).await.expect("it listens");
        plain.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await.expect("sent");
        let mut answer = Vec::new();
        // An alert of TLS (its type is 21), or nothing, and then the end.
        let _ = plain.read_to_end(&mut answer).await;
        assert!(answer.first().is_none_or(|kind| *kind == 21), "{service}: {answer:?}");
    }
}
