//! Google Cloud Storage that refuses, is slow, loses answers and sessions, keeps chunks in part,
//! cuts downloads short and does not answer; and objects that are damaged in it, which the operator
//! deletes as the runbook says.

use std::time::Duration;

use lectern_core::Reason;
use lectern_proto::{convert, v1 as api};
use lectern_testkit::gcs::GcsFault;

use crate::board::Order;
use crate::load::TENANTS;
use crate::objects::Objects;
use crate::run::{Fault, Run};

/// What the operator retries when storage is back.
const RETRIES: [&str; 3] = ["ATTEMPTS_EXHAUSTED", "BLOB_UNAVAILABLE", "OBJECT_DAMAGED"];
/// What is made again when it is damaged: every kind of object that a step makes.
const KINDS: [&str; 5] = ["content", "plan", "section", "track", "segment"];
/// How long a narration over damaged objects may take to say so, or to succeed.
const PATIENCE: Duration = Duration::from_secs(90);
/// By how much a slow request takes longer.
const SLOWER: Duration = Duration::from_millis(800);

/// A fault, how it is told, its sorts with the share of requests that they strike, and its seconds
/// in the short and in the full run.
type Case = (&'static str, &'static [(GcsFault, f64)], (u64, u64));

/// What Google Cloud Storage does, one after the other.
const CASES: [Case; 6] = [
    (
        "a third of the requests is refused",
        &[(GcsFault::RefuseTooMany, 0.15), (GcsFault::RefuseUnavailable, 0.2)],
        (6, 25),
    ),
    ("every request is refused", &[(GcsFault::RefuseUnavailable, 1.0)], (4, 12)),
    ("every request takes 800 ms longer", &[(GcsFault::Slow, 1.0)], (5, 25)),
    ("a fifth of the answers is lost", &[(GcsFault::LostAnswer, 0.1), (GcsFault::LateRefusal, 0.1)], (5, 25)),
    ("a fifth of the downloads is cut short", &[(GcsFault::CutDownload, 0.2)], (6, 25)),
    (
        "sessions are lost, chunks kept in part, requests never answered",
        &[
            (GcsFault::LostSession, 0.2),
            (GcsFault::PartialChunk, 0.3),
            (GcsFault::NothingStored, 0.2),
            (GcsFault::StoredShort, 0.1),
            (GcsFault::Hang, 0.02),
        ],
        (6, 25),
    ),
];

/// The faults.
pub async fn faults(run: &mut Run) {
    run.retries = &RETRIES;
    let gcs = run.stack.gcs().faults().clone();
    gcs.set_slowness(SLOWER);
    for (name, sorts, (quick, full)) in CASES {
        let lasts = run.scale.seconds(quick, full);
        let mut fault = run.begin(format!("{name} for {} s", lasts.as_secs())).await;
        let before: Vec<u64> = sorts.iter().map(|(sort, _)| gcs.hits(*sort)).collect();
        sorts.iter().for_each(|(sort, share)| gcs.set(*sort, *share));
        run.hold(lasts).await;
        gcs.clear();
        for ((sort, _), before) in sorts.iter().zip(before) {
            let hits = gcs.hits(*sort) - before;
            fault.hit(hits, format!("{hits} requests struck ({sort:?})"));
        }
        run.end(fault).await;
    }
    for kind in KINDS {
        let mut fault = run.begin(format!("a {kind} damaged")).await;
        damage(run, &mut fault, kind).await;
        run.end(fault).await;
    }
}

/// Damages an object of a finished narration, orders another one of the same document that needs
/// it, and does what the runbook says until that one succeeds.
async fn damage(run: &mut Run, fault: &mut Fault, kind: &str) {
    let scope = |order: &Order| format!("{}/{}/{kind}", TENANTS[order.tenant], order.document);
    let orders = run.board().all();
    let objects = run.objects.list();
    // One whose objects were not damaged before, and that another narration would need.
    let whole = |order: &&Order| {
        let prefix = format!("{}/{}/", TENANTS[order.tenant], order.document);
        order.is("succeeded") && !order.dialogue && !run.damaged.iter().any(|object| object.starts_with(&prefix))
    };
    let Some((order, object)) = orders
        .iter()
        .filter(whole)
        .find_map(|order| Some((order.clone(), objects.under(&scope(order)).into_iter().next()?)))
    else {
        return run.problem(format!("no finished narration has a {kind}"));
    };
    assert!(run.stack.gcs().damage(&Objects::name(&object)), "{object} is there");
    run.damaged.insert(object.clone());
    // Another format of the same: it needs every object again, and finds it by its key.
    let narration = api::Narration {
        documents: vec![format!("documents/{}", order.document)],
        style: api::Style::Narration.into(),
        formats: vec![api::OutputFormat::Flac.into()],
        speed: Some(2.0),
        ..Default::default()
    };
    let client = run.load.client(order.tenant).clone();
    let name = match client.order(narration).await {
        Ok(narration) => narration.name,
        Err(status) => return run.problem(format!("a second narration of {} is refused: {status}", order.document)),
    };
    let until = tokio::time::Instant::now() + PATIENCE;
    let mut failed = 0;
    while tokio::time::Instant::now() < until {
        run.tick().await;
        let Ok(narration) = client.narration(&name).await else { continue };
        match narration.state() {
            api::narration::State::Succeeded => {
                let healed = run.objects.list().read(&object).is_ok();
                return fault.hit(
                    u64::from(failed > 0 || healed),
                    format!("{object}: OBJECT_DAMAGED {failed} times, then made again and narrated"),
                );
            }
            api::narration::State::Failed => {
                let failure = convert::failure(&narration.failure.unwrap_or_default());
                if failure.reason != Reason::ObjectDamaged || !failure.message.contains(&object) {
                    return run.problem(format!("{name}: {}: {}", failure.reason, failure.message));
                }
                failed += 1;
                // The runbook: delete the object if it is there, and retry.
                let deleted = run.stack.gcs().delete(&Objects::name(&object));
                if failed > 3 {
                    return run.problem(format!("{object} is not made again: {} (deleted {deleted})", failure.message));
                }
                let request = api::RetryNarrationRequest { name: name.clone(), ..Default::default() };
                // Tried again at the next look when it is not answered.
                let _ = client.narrations().retry_narration(request).await;
            }
            api::narration::State::Unspecified
            | api::narration::State::Queued
            | api::narration::State::Extracting
            | api::narration::State::Planning
            | api::narration::State::Narrating
            | api::narration::State::Assembling
            | api::narration::State::Cancelled
            | api::narration::State::AwaitingApproval => {}
        }
    }
    run.problem(format!("{name} over a damaged {kind} did not end within {} s", PATIENCE.as_secs()));
}
