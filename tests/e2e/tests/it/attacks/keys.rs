//! Calls with keys that nobody has. The embedded instance asks for none.

use std::time::Duration;

use futures::StreamExt as _;
use lectern_e2e::{Profile, refusal};
use lectern_proto::v1::ListVoicesRequest;
use lectern_proto::v1::voice_service_client::VoiceServiceClient;
use lectern_rpc::{ApiKey, LimitsConfig};
use tonic::{Code, Request};

use super::{VICTIM, errand};

/// Calls with a wrong key, each another.
const CALLS: usize = 2_000;
/// Calls at once.
const AT_ONCE: usize = 64;
/// Connections that carry them.
const CONNECTIONS: usize = 8;
#[tokio::test(flavor = "multi_thread")]
async fn attack_wrong_keys() {
    let instance = Profile::Stack.setup().start().await;
    let victim = instance.tenant(VICTIM).await;
    // Its key is known from now on.
    victim.voices().list_voices(ListVoicesRequest::default()).await.expect("a good key");

    let strangers: Vec<_> = (0..CONNECTIONS).map(|_| instance.nobody()).collect();
    let calls = (0..CALLS).map(move |at| {
        let mut voices = VoiceServiceClient::new(strangers[at % CONNECTIONS].channel());
        async move {
            let mut request = Request::new(ListVoicesRequest::default());
            let key = format!("Bearer {}", ApiKey::generate().expose());
            request.metadata_mut().insert("authorization", key.parse().expect("metadata"));
            refusal(&voices.list_voices(request).await.expect_err("nobody has this key"))
        }
    });
    let attack = tokio::spawn(futures::stream::iter(calls).buffer_unordered(AT_ONCE).collect::<Vec<_>>());
    while !attack.is_finished() {
        victim.voices().list_voices(ListVoicesRequest::default()).await.expect("a good key is good");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    errand(&victim).await;

    let refused = attack.await.expect("no panic");
    let of = |code: Code, reason: &str| refused.iter().filter(|r| r.code == code && r.reason == reason).count();
    let answered = of(Code::Unauthenticated, "KEY_INVALID");
    let limited = of(Code::ResourceExhausted, "RATE_LIMITED");
    println!("{answered} wrong keys were looked up, {limited} were not");
    assert_eq!(answered + limited, CALLS, "{refused:?}");
    // So many in a minute, and again as many while they are given back; and those on their way when
    // the last was counted.
    let most = 2 * LimitsConfig::default().wrong_keys_per_minute as usize + AT_ONCE;
    assert!((1..=most).contains(&answered), "{answered} wrong keys were looked up");
}
