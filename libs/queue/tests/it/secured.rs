//! Servers that know whom they talk to: users with permissions, certificates, tokens, nkeys.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt as _;
use lectern_core::id::{Service, StepId, TenantId};
use lectern_core::{Failure, Kind, Timestamp};
use lectern_queue::subject::noun;
use lectern_queue::{
    ConnectOptions, DeadLetter, Identity, Message, Published, Queue, QueueError, Tls, connect, permissions,
};
use lectern_testkit::certificates::{Authority, Subject, write};
use lectern_testkit::{NatsServer, temp_dir};
use tokio::sync::mpsc;

use crate::contract::step;
use crate::tokens::Operator;

const SOON: Duration = Duration::from_secs(5);

fn options(identity: Identity) -> ConnectOptions {
    ConnectOptions {
        identity,
        max_stream_bytes: 2 << 20,
        connect_within: Duration::from_secs(20),
        ..ConnectOptions::default()
    }
}

/// A server's configuration with a user for each identity, its password its name, and an
/// administrator.
fn users() -> String {
    let mut users = vec!["{ user: admin, password: admin }".to_owned()];
    for identity in Identity::ALL {
        let (name, may) = (identity.name(), permissions(&options(identity)).to_config());
        users.push(format!("{{ user: {name}, password: {name}, permissions: {may} }}"));
    }
    format!("authorization {{ users: [\n{}\n] }}\n", users.join("\n"))
}

fn url(server: &NatsServer, name: &str) -> String {
    format!("nats://{name}:{name}@{}", server.address())
}

async fn on(server: &NatsServer, identity: Identity) -> Result<Arc<dyn Queue>, Failure> {
    connect(&url(server, identity.name()), options(identity)).await
}

/// A step of each stage.
fn step_of(service: Service, narration: &str) -> StepId {
    let kind = match service {
        Service::Ingest => "extract",
        Service::Ai => "plan",
        Service::Tts => "assemble",
    };
    step(&format!("{narration}/1/{kind}/0"))
}

fn letter(step: StepId) -> DeadLetter {
    DeadLetter {
        step,
        tenant: TenantId::nobody(),
        failure: Failure::internal("it broke"),
        attempts: 1,
        crashes: 0,
        traceparent: None,
        command: Bytes::from_static(b"x"),
        at: Timestamp(1),
    }
}

#[track_caller]
fn forbidden<T: std::fmt::Debug>(answer: &Result<T, QueueError>, subject: &str, identity: &str) {
    let told = matches!(answer, Err(QueueError::Forbidden { subject: refused, identity: whose, .. })
        if refused == subject && *whose == identity);
    assert!(told, "{subject}: {answer:?}");
}

/// What the gateway and a stage do with each other.
async fn work_together(gateway: &dyn Queue, stage: &dyn Queue, service: Service) {
    let id = step_of(service, "n");
    let mut topics = vec!["capacity", "postponed", "cancelled"];
    topics.extend((service == Service::Tts).then_some("assembled.n-1_A"));
    let mut heard = Vec::new();
    for topic in topics {
        heard.push((topic, gateway.hints(topic).await.expect("listens")));
    }
    let mut cancelled = stage.hints("cancelled").await.expect("listens");
    assert_eq!(gateway.publish(&id, Message::new("x")).await, Ok(Published::Queued));
    let held = stage.pull(service, 4, SOON).await.expect("pulls").pop().expect("a command");
    held.ack.progress().await.expect("reports progress");
    held.ack.nak(Duration::ZERO).await.expect("hands back");
    let held = stage.pull(service, 4, SOON).await.expect("pulls").pop().expect("the command again");
    assert_eq!(stage.dead_letter(&id).await, Ok(None));
    stage.bury(letter(id.clone())).await.expect("buries");
    stage.emit(noun(service), "n", Message::new("x")).await.expect("emits");
    held.ack.ack().await.expect("acknowledges");
    for (topic, heard) in &mut heard {
        stage.hint(topic, Bytes::from_static(b"9")).await.expect("hints");
        assert_eq!(heard.next().await.as_deref(), Some(&b"9"[..]), "{topic}");
    }
    assert_eq!(cancelled.next().await.as_deref(), Some(&b"9"[..]), "another process of the stage hears it, too");

    let events = gateway.events("gateway", 10, SOON).await.expect("takes events");
    assert_eq!(events.iter().map(|event| event.noun.as_str()).collect::<Vec<_>>(), [noun(service)]);
    events[0].ack.ack().await.expect("acknowledges");
    assert_eq!(gateway.dead_letters(Some(service), 0, 10).await.expect("lists").dead_letters.len(), 1);
    gateway.discard(&id).await.expect("discards");
    assert_eq!(gateway.dead_letter(&id).await, Ok(None));
    let other = step_of(service, "m");
    gateway.publish(&other, Message::new("x")).await.expect("publishes");
    gateway.withdraw(&other).await.expect("withdraws");
    gateway.hint("cancelled", Bytes::from_static(b"n")).await.expect("hints");
    assert_eq!(cancelled.next().await.as_deref(), Some(&b"n"[..]));
    // What gateways tell each other, and what one of them is told by its own name.
    for topic in ["news.n-1_A", "dispatchers", "dispatch.0f-3a", "hello"] {
        let mut told = gateway.hints(topic).await.expect("listens");
        gateway.hint(topic, Bytes::from_static(b"7")).await.expect("hints");
        assert_eq!(told.next().await.as_deref(), Some(&b"7"[..]), "{topic}");
    }
    gateway.ping().await.expect("answers");
    stage.ping().await.expect("answers");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_identity_can_do_its_work_and_nothing_of_others() {
    let server = NatsServer::with_config(&users());
    let gateway = on(&server, Identity::Gateway).await.expect("connects");
    let mut stages = HashMap::new();
    for service in Service::ALL {
        let stage = on(&server, Identity::Stage(service)).await.expect("connects");
        work_together(&*gateway, &*stage, service).await;
        stages.insert(service, stage);
    }

    let (ai, tts) = (&stages[&Service::Ai], step_of(Service::Tts, "n"));
    let own = step_of(Service::Ai, "n");
    forbidden(&ai.publish(&tts, Message::new("x")).await, "work.tts.n.1.assemble.0", "ai");
    forbidden(&ai.publish(&own, Message::new("x")).await, "work.ai.n.1.plan.0", "ai");
    forbidden(&ai.pull(Service::Tts, 1, SOON).await, "$JS.API.CONSUMER.MSG.NEXT.WORK_TTS.tts", "ai");
    forbidden(&ai.withdraw(&own).await, "$JS.API.STREAM.PURGE.WORK_AI", "ai");
    forbidden(&ai.emit("recording", "n", Message::new("x")).await, "events.recording.n", "ai");
    forbidden(&ai.bury(letter(tts)).await, "dead.tts.n.1.assemble.0", "ai");
    forbidden(&ai.discard(&own).await, "$JS.API.STREAM.PURGE.DEAD", "ai");
    let events = ai.events("gateway", 1, SOON).await;
    forbidden(&events, "$JS.API.CONSUMER.INFO.EVENTS.gateway", "ai");
    forbidden(&gateway.pull(Service::Ai, 1, SOON).await, "$JS.API.CONSUMER.MSG.NEXT.WORK_AI.ai", "gateway");
    forbidden(&gateway.emit("script", "n", Message::new("x")).await, "events.script.n", "gateway");
    forbidden(&gateway.bury(letter(own)).await, "dead.ai.n.1.plan.0", "gateway");
    assert!(gateway.dead_letters(None, 0, 10).await.expect("lists").dead_letters.is_empty());
}

/// Past our own code: what a thief of a stage's password meets.
#[tokio::test(flavor = "multi_thread")]
async fn a_stages_user_hears_nothing_that_is_for_others_speaks_as_nobody_else_and_deletes_nothing() {
    let server = NatsServer::with_config(&users());
    on(&server, Identity::Gateway).await.expect("makes the streams");
    let (said, mut refusals) = mpsc::unbounded_channel();
    let client = async_nats::ConnectOptions::with_user_and_password("ai".to_owned(), "ai".to_owned())
        .event_callback(move |event| {
            let _ = said.send(event.to_string());
            std::future::ready(())
        })
        .connect(server.url())
        .await
        .expect("connects");
    let heard = [
        "_INBOX.>",
        "_INBOX_gateway.>",
        "_INBOX_tts.>",
        "work.>",
        "events.>",
        "dead.>",
        ">",
        "$JS.>",
        "hints.>",
        "hints.dispatchers",
        "hints.dispatch.*",
        "hints.news.n",
        "hints.assembled.n",
    ];
    let mut open = Vec::new();
    for subject in heard {
        open.push(client.subscribe(subject).await.expect("asks"));
    }
    let told = [
        "$JS.API.STREAM.DELETE.WORK_AI",
        "$JS.API.STREAM.PURGE.EVENTS",
        "$JS.API.STREAM.CREATE.OTHER",
        "$JS.API.STREAM.UPDATE.WORK_AI",
        "$JS.API.STREAM.MSG.GET.WORK_TTS",
        "$JS.API.STREAM.NAMES",
        "$JS.API.CONSUMER.CREATE.WORK_AI.ai.work.ai.>",
        "$JS.API.CONSUMER.DELETE.WORK_AI.ai",
        "$JS.API.CONSUMER.MSG.NEXT.EVENTS.gateway",
        "$JS.ACK.WORK_TTS.tts.1.1.1.1.0",
        "$JS.ACK._.ACCOUNT.EVENTS.gateway.1.1.1.1.0",
        "_INBOX_gateway.x",
        "work.ai.n.1.plan.0",
        "hints.dispatchers",
        "hints.dispatch.0f-3a",
        "hints.news.n",
        "hints.pauses",
        "hints.assembled.n",
    ];
    for subject in told {
        client.publish(subject, Bytes::new()).await.expect("asks");
    }
    client.flush().await.expect("flushes");
    let mut left: Vec<&str> = heard.into_iter().chain(told).collect();
    while !left.is_empty() {
        let event = tokio::time::timeout(Duration::from_secs(20), refusals.recv()).await;
        let text = event.unwrap_or_else(|_| panic!("the server let pass {left:?}")).expect("an event");
        left.retain(|subject| !text.contains(&format!("\"{subject}\"")));
    }
}

/// From nats-server 2.14 on the subject of an answer may name the domain and the account; which of
/// both forms there is, a flag of the server says.
#[tokio::test(flavor = "multi_thread")]
async fn answers_are_taken_in_both_forms_of_their_subject() {
    for (flag, told) in [(false, "js_ack_fc_v2 (disabled)"), (true, "js_ack_fc_v2 (opt-in)")] {
        let server = NatsServer::with_config(&format!("{}feature_flags {{ js_ack_fc_v2: {flag} }}\n", users()));
        let gateway = on(&server, Identity::Gateway).await.expect("connects");
        for service in Service::ALL {
            let stage = on(&server, Identity::Stage(service)).await.expect("connects");
            work_together(&*gateway, &*stage, service).await;
        }
        let log = server.log();
        assert!(log.contains(told), "the server knows no such flag: {log}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stage_waits_for_the_gateway_and_says_what_is_missing() {
    let server = NatsServer::with_config(&users());
    let impatient = ConnectOptions { connect_within: Duration::from_secs(2), ..options(Identity::Stage(Service::Tts)) };
    let failure = connect(&url(&server, "tts"), impatient).await.expect_err("nobody made the streams");
    assert_eq!(failure.kind, Kind::Unavailable, "{failure}");
    assert!(failure.message.contains("the stream WORK_TTS is missing"), "{failure}");
    assert!(failure.message.contains("start the gateway"), "{failure}");

    let (stage, gateway) = tokio::join!(on(&server, Identity::Stage(Service::Tts)), async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        on(&server, Identity::Gateway).await
    });
    work_together(&*gateway.expect("connects"), &*stage.expect("waits"), Service::Tts).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_at_the_start_are_told_in_words() {
    let server = NatsServer::with_config(
        "authorization { users: [\n\
         { user: mute, password: mute, permissions: { publish: { deny: [\">\"] } } }\n\
         { user: deaf, password: deaf, permissions: { subscribe: { deny: [\"_INBOX_gateway.>\"] } } }\n\
         ] }\n",
    );
    for (user, said) in [
        ("mute", "the identity gateway may not publish to $JS.API.STREAM.INFO.WORK_INGEST"),
        ("deaf", "the identity gateway may not subscribe to _INBOX_gateway."),
        ("stranger", "does not take the credentials of gateway"),
    ] {
        let failure = connect(&url(&server, user), options(Identity::Gateway)).await.expect_err("refused");
        assert_eq!(failure.kind, Kind::FailedPrecondition, "{failure}");
        assert!(failure.message.contains(said), "{failure}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_permission_that_is_taken_away_is_told_and_one_that_is_given_back_works() {
    let mut server = NatsServer::with_config(&users());
    let gateway = on(&server, Identity::Gateway).await.expect("connects");
    let id = step_of(Service::Ai, "n");
    let publishes = |wanted: fn(&Result<Published, QueueError>) -> bool| {
        let (gateway, id) = (Arc::clone(&gateway), id.clone());
        let publishing = async move {
            while !wanted(&gateway.publish(&id, Message::new("x")).await) {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(60), publishing)
    };
    server.reload(&users().replace("\"work.ai.>\", ", ""));
    publishes(|answer| matches!(answer, Err(QueueError::Forbidden { .. }))).await.expect("is refused");
    server.reload(&users());
    publishes(Result::is_ok).await.expect("is taken");
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_of_a_domain_are_reached() {
    let server = NatsServer::with_config("jetstream { domain: hub }\n");
    let in_domain = |identity| ConnectOptions { domain: "hub".to_owned(), ..options(identity) };
    let gateway = connect(&server.url(), in_domain(Identity::Gateway)).await.expect("connects");
    let stage = connect(&server.url(), in_domain(Identity::Stage(Service::Ai))).await.expect("connects");
    work_together(&*gateway, &*stage, Service::Ai).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tls_goes_by_our_own_authority_and_a_client_certificate() {
    let folder = temp_dir().expect("a folder");
    let (ours, others) = (Authority::new("ours"), Authority::new("others"));
    let file = |name: &str, pem: &str| write(folder.path(), name, pem);
    let (ca, wrong) = (file("ca.pem", ours.pem()), file("wrong.pem", others.pem()));
    let [site, client] = [ours.sign(&Subject::default()), ours.sign(&Subject::default())];
    let server = NatsServer::with_config(&format!(
        "tls {{ cert_file: \"{}\", key_file: \"{}\", ca_file: \"{}\", verify: true }}\n",
        file("server.pem", &site.certificate).display(),
        file("server.key", &site.key).display(),
        ca.display()
    ));
    let with = |tls| ConnectOptions { tls, connect_within: Duration::from_secs(3), ..options(Identity::Gateway) };
    let whole = Tls {
        ca: Some(ca),
        certificate: Some(file("client.pem", &client.certificate)),
        key: Some(file("client.key", &client.key)),
    };
    for scheme in ["nats", "tls"] {
        let url = format!("{scheme}://{}", server.address());
        let queue = connect(&url, with(whole.clone())).await.expect("both trust each other");
        queue.ping().await.expect("answers");
    }
    let url = format!("tls://{}", server.address());
    let stranger = connect(&url, with(Tls { ca: Some(wrong), ..whole.clone() })).await.expect_err("not its authority");
    assert_eq!(stranger.kind, Kind::FailedPrecondition, "{stranger}");
    assert!(stranger.message.contains("queue.tls.ca"), "{stranger}");
    let nobody = Tls { certificate: None, key: None, ..whole };
    connect(&url, with(nobody)).await.expect_err("without a certificate");
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_and_nkeys_carry_the_same_permissions_and_can_be_replaced() {
    let folder = temp_dir().expect("a folder");
    let operator = Operator::new();
    let mut server = NatsServer::with_config(&operator.config());
    let file = |identity: Identity, text: &str| {
        let path = folder.path().join(format!("{}.creds", identity.name()));
        std::fs::write(&path, text).expect("writes");
        ConnectOptions { credentials: Some(path), ..options(identity) }
    };
    let gateway = file(Identity::Gateway, &operator.user(&permissions(&options(Identity::Gateway))));
    let tts = Identity::Stage(Service::Tts);
    let stage = file(tts, &operator.user(&permissions(&options(tts))));
    let gateway = connect(&server.url(), gateway).await.expect("connects");
    let stage = connect(&server.url(), stage).await.expect("connects");
    work_together(&*gateway, &*stage, Service::Tts).await;
    forbidden(&stage.emit("script", "n", Message::new("x")).await, "events.script.n", "tts");

    // The file is replaced by the credentials of a new user, which the next connection uses.
    file(tts, &operator.user(&permissions(&options(tts))));
    server.restart();
    let back = async {
        while stage.ping().await.is_err() || gateway.ping().await.is_err() {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), back).await.expect("goes on");

    let pair = nkeys::KeyPair::new_user();
    let server = NatsServer::with_config(&format!(
        "authorization {{ users: [ {{ nkey: {}, permissions: {} }} ] }}\n",
        pair.public_key(),
        permissions(&options(Identity::Gateway)).to_config()
    ));
    let seed = file(Identity::Gateway, &pair.seed().expect("a seed"));
    connect(&server.url(), seed).await.expect("connects").ping().await.expect("answers");
    let other = file(Identity::Gateway, &nkeys::KeyPair::new_user().seed().expect("a seed"));
    let failure = connect(&server.url(), other).await.expect_err("unknown");
    assert_eq!(failure.kind, Kind::FailedPrecondition, "{failure}");
}
