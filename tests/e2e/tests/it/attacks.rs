//! What one caller does to harm the others: another tenant's work ends while the attack holds.
//!
//! The embedded instance has one tenant, whose shares its callers have in common: there the victim
//! is another client of the same tenant, and the attack is one that does not use up the shares.

mod documents;
mod health;
mod keys;
mod listeners;
mod protocol;
mod sockets;
mod uploads;

use std::sync::atomic::{AtomicU32, Ordering};

use lectern_e2e::{Client, Instance, PATIENCE, Profile, chapters, of, refusal};
use lectern_proto::v1::{self as api, ListenNarrationResponse, narration::State};
use tonic::{Code, Streaming};

on_both_profiles!(attack_a_listener_that_stops_reading_holds_up_nobody, attack_a_name_without_end_cuts_nobodys_stream,);

/// Streams that stop reading.
const PAUSED: usize = 12;
/// Messages that each has read by then.
const READ: usize = 20;
/// Characters of a name without end.
const LONG: usize = 20_000;
/// The tenant that attacks, where there are tenants.
const ATTACKER: &str = "mallory";
/// The tenant that works meanwhile.
const VICTIM: &str = "globex";

/// A caller with a connection of its own, of this tenant where there are tenants.
async fn caller(instance: &Instance, tenant: &str) -> Client {
    match instance.profile() {
        Profile::Stack => instance.tenant(tenant).await,
        Profile::Embedded => instance.nobody(),
    }
}

/// The attacker, with so many connections.
async fn connections(instance: &Instance, count: usize) -> Vec<Client> {
    match instance.profile() {
        Profile::Stack => {
            let key = instance.key(ATTACKER).await;
            (0..count).map(|_| instance.with_key(&key)).collect()
        }
        Profile::Embedded => (0..count).map(|_| instance.nobody()).collect(),
    }
}

async fn listen(client: &Client, name: &str) -> Streaming<ListenNarrationResponse> {
    let request = api::ListenNarrationRequest { name: name.to_owned(), ..Default::default() };
    client.narrations().listen_narration(request).await.expect("audio").into_inner()
}

/// The recording of a document, as WAV.
async fn recorded(client: &Client, document: &api::Document) -> api::Narration {
    let order = api::Narration { formats: vec![api::OutputFormat::Wav.into()], ..of(document) };
    let narration = client.narrate(order).await;
    assert_eq!(narration.state(), State::Succeeded, "{:?}", narration.failure);
    narration
}

/// What a victim wants: to see the voices, to hand in a document, to order, and to hear all of it.
async fn errand(victim: &Client) {
    static ERRANDS: AtomicU32 = AtomicU32::new(0);
    let errand = Box::pin(async {
        let voices = victim.voices().list_voices(api::ListVoicesRequest::default()).await.expect("voices").into_inner();
        assert!(!voices.voices.is_empty());
        let upload_id = format!("errand-{}", ERRANDS.fetch_add(1, Ordering::Relaxed));
        let text = b"The ferry leaves at nine. It comes back at noon.";
        let document = victim.upload(&upload_id, "ferry.md", text).await.expect("accepted");
        let narration = recorded(victim, &document).await;
        let mut heard = listen(victim, &narration.name).await;
        let mut parts = 0;
        while heard.message().await.expect("the next part").is_some() {
            parts += 1;
        }
        assert!(parts > 2, "the victim heard all of it");
    });
    tokio::time::timeout(PATIENCE, errand).await.expect("the attack holds up the victim");
}

async fn attack_a_listener_that_stops_reading_holds_up_nobody(profile: Profile) {
    let instance = profile.setup().start().await;
    let attacker = instance.client();
    let long = recorded(&attacker, &attacker.markdown(&chapters(24, 90)).await).await;
    let mut paused = Vec::new();
    for _ in 0..PAUSED {
        let mut audio = listen(&caller(&instance, instance.tenant_id()).await, &long.name).await;
        for _ in 0..READ {
            audio.message().await.expect("a part").expect("more");
        }
        paused.push(audio);
    }

    errand(&caller(&instance, VICTIM).await).await;

    // And those that paused go on where they were.
    for mut audio in paused {
        assert!(audio.message().await.expect("a part").is_some());
    }
}

async fn attack_a_name_without_end_cuts_nobodys_stream(profile: Profile) {
    let instance = profile.setup().start().await;
    let (attacker, victim) = (instance.client(), caller(&instance, VICTIM).await);
    let narration = recorded(&victim, &victim.markdown(&chapters(6, 60)).await).await;
    let mut heard = listen(&victim, &narration.name).await;
    assert!(heard.message().await.expect("a part").is_some());

    let document = attacker.markdown("The ferry leaves at nine.").await;
    let name = "a".repeat(LONG);
    let get = api::GetDocumentRequest { name: format!("documents/{name}"), ..Default::default() };
    let refused = attacker.documents().get_document(get).await.expect_err("no such name");
    assert_eq!(refusal(&refused).code, Code::InvalidArgument);
    let speaker = api::Speaker { voice: format!("engines/tone/voices/{name}"), other_voices: Vec::new() };
    let order = api::Narration { speakers: vec![speaker], ..of(&document) };
    let refused = attacker.order(order).await.expect_err("no such voice");
    assert!(matches!(refusal(&refused).code, Code::InvalidArgument | Code::NotFound), "{refused:?}");

    while heard.message().await.expect("the stream goes on").is_some() {}
}
