//! Object storage that fails, loses answers, is slow, and cuts reads short, by a decorator in every
//! process; and objects that are damaged on disk, which the operator deletes as the runbook says.

use std::path::Path;
use std::time::Duration;

use lectern_core::Reason;
use lectern_e2e::Setup;
use lectern_proto::{convert, v1 as api};
use serde_json::{Value, json};

use crate::board::Order;
use crate::load::TENANTS;
use crate::run::{Fault, Run, SERVICES};

/// What the operator retries when storage is back.
const RETRIES: [&str; 3] = ["ATTEMPTS_EXHAUSTED", "BLOB_UNAVAILABLE", "OBJECT_DAMAGED"];
/// What is made again when it is damaged: every kind of object that a step makes.
const KINDS: [&str; 5] = ["content", "plan", "section", "track", "segment"];
/// How long a narration over damaged objects may take to say so, or to succeed.
const PATIENCE: Duration = Duration::from_secs(90);

/// Every service over the decorator.
pub fn setup(setup: Setup, folder: &Path) -> Setup {
    let control = folder.join("storage.json");
    std::fs::write(&control, "{}").expect("the control file");
    let url = format!("faulty:{}+file:{}", control.display(), folder.join("objects").display());
    SERVICES.into_iter().fold(setup, |setup, service| setup.env(service, "LECTERN_BLOB__URL", &url))
}

/// The faults.
pub async fn faults(run: &mut Run) {
    run.retries = &RETRIES;
    let cases = [
        ("a third of the calls fails", json!({"fail": 0.33}), &["fail"][..], run.scale.seconds(6, 25)),
        ("every call fails", json!({"fail": 1.0}), &["fail"], run.scale.seconds(4, 12)),
        ("every call takes 800 ms longer", json!({"delay_ms": 800}), &["delay"], run.scale.seconds(5, 25)),
        ("a tenth of the reads is cut short", json!({"truncate": 0.1}), &["truncate"], run.scale.seconds(6, 25)),
        ("a fifth of the answers is lost", json!({"fail_after": 0.2}), &["fail_after"], run.scale.seconds(5, 25)),
    ];
    for (name, control, kinds, lasts) in cases {
        let mut fault = run.begin(format!("{name} for {} s", lasts.as_secs())).await;
        set(run, &control);
        run.hold(lasts).await;
        set(run, &json!({}));
        for kind in kinds {
            let hits = run.logged(&fault, &format!("disturbed: {kind}"));
            fault.hit(hits, format!("{hits} calls disturbed ({kind})"));
        }
        run.end(fault).await;
    }
    for kind in KINDS {
        let mut fault = run.begin(format!("a {kind} damaged on disk")).await;
        damage(run, &mut fault, kind).await;
        run.end(fault).await;
    }
}

/// Replaces the control file as a whole.
fn set(run: &Run, control: &Value) {
    let (file, new) = (run.folder().join("storage.json"), run.folder().join("storage.json.new"));
    std::fs::write(&new, control.to_string()).and_then(|()| std::fs::rename(&new, &file)).expect("the control file");
}

/// Damages an object of a finished narration, orders another one of the same document that needs
/// it, and does what the runbook says until that one succeeds.
async fn damage(run: &mut Run, fault: &mut Fault, kind: &str) {
    let scope = |order: &Order| format!("{}/{}/{kind}", TENANTS[order.tenant], order.document);
    let orders = run.board().all();
    // One whose objects were not damaged before.
    let whole = |order: &&Order| {
        let prefix = format!("{}/{}/", TENANTS[order.tenant], order.document);
        order.is("succeeded") && !run.damaged.iter().any(|object| object.starts_with(&prefix))
    };
    let Some((order, object)) = orders
        .iter()
        .filter(whole)
        .find_map(|order| Some((order.clone(), run.objects.under(&scope(order)).into_iter().next()?)))
    else {
        return run.problem(format!("no finished narration has a {kind}"));
    };
    run.objects.truncate(&object).expect("an object on disk");
    run.damaged.insert(object.clone());
    // Another format of the same: it needs every object again, and finds it by its key.
    let narration = api::Narration {
        documents: vec![format!("documents/{}", order.document)],
        style: api::Style::Narration.into(),
        formats: vec![api::AudioFormat::Flac.into()],
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
                let healed = run.objects.read(&object).is_ok();
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
                // The runbook: delete the file if it is there, and retry.
                let deleted = run.objects.delete(&object);
                if failed > 3 {
                    return run.problem(format!("{object} is not made again: {} (deleted {deleted})", failure.message));
                }
                let request = api::RetryNarrationRequest { name: name.clone(), etag: String::new() };
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
            | api::narration::State::AwaitingApproval
            | api::narration::State::AwaitingBudget => {}
        }
    }
    run.problem(format!("{name} over a damaged {kind} did not end within {} s", PATIENCE.as_secs()));
}
