//! What must hold when all faults are over and every narration has ended: read in the databases and
//! among the objects, past every proxy, and through the API that callers download from.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use futures::{StreamExt as _, stream};
use lectern_core::Digest;
use lectern_core::content::script::Section;
use lectern_core::content::timeline::{Fate, Manifest};
use lectern_core::id::TenantId;
use lectern_core::keys::TenantSecret;
use lectern_e2e::Client;
use lectern_proto::v1 as api;
use serde_json::{Value, json};

use crate::bills;
use crate::board::Order;
use crate::ledger::{Call, by_text};
use crate::load::TENANTS;
use crate::run::{Run, STAGES};
use crate::texts::Poison;

/// Narrations downloaded at once.
const AT_ONCE: usize = 4;
/// The clocks of an engine and of object storage may be read so far apart, in milliseconds.
pub const GRAIN: u64 = 10;
/// How long workers may take to let go of what they hold when all narrations have ended.
const LET_GO: Duration = Duration::from_secs(45);

/// All checks, into the run's report.
pub async fn all(run: &mut Run) {
    let orders = run.board().all();
    run.report(|report| {
        report.accepted = orders.len();
        report.succeeded = orders.iter().filter(|order| order.is("succeeded")).count();
        report.failed = orders.iter().filter(|order| order.is("failed")).count();
        report.cancelled = orders.iter().filter(|order| order.is("cancelled")).count();
        report.asked_again = run.board().asked_again();
    });
    for why in run.board().refused() {
        run.problem(format!("an order was refused: {why}"));
    }
    if orders.len() < run.scale.narrations {
        run.problem(format!("only {} narrations were accepted", orders.len()));
    }
    for order in &orders {
        if let Err(why) = state(order) {
            run.problem(format!("narration {} of {}: {why}", order.narration, TENANTS[order.tenant]));
        }
    }
    files(run, &orders).await;
    steps(run, &orders).await;
    letters(run, &orders);
    paid(run, &orders);
    bills::check(run, &orders).await;
}

/// Whether it ended as it should.
fn state(order: &Order) -> Result<(), String> {
    let Some(end) = &order.ended else { return Err(format!("it has not ended; last seen: {}", order.seen)) };
    let expected: (&str, &[&str]) = match order.poison {
        _ if order.cancelled => ("cancelled", &["CANCELLED"]),
        Some(Poison::Panic) => ("failed", &["ATTEMPTS_EXHAUSTED"]),
        Some(Poison::Abort) => ("failed", &["STEP_CRASHED"]),
        Some(Poison::Fail) => ("failed", &["SPEECH_REJECTED"]),
        Some(Poison::Unavailable | Poison::Slow) | None => ("succeeded", &[""]),
    };
    if end.phase == expected.0 && expected.1.contains(&end.reason.as_str()) {
        return Ok(());
    }
    // Its caller was not answered and gave up, or the answer said that it had succeeded.
    Err(format!("it is {} ({}: {}), and should be {} {:?}", end.phase, end.reason, end.message, expected.0, expected.1))
}

/// Every file of every succeeded narration is there, has the size and digest that are listed, and
/// the manifest accounts for every block.
async fn files(run: &Run, orders: &[Order]) {
    let wanted = orders.iter().filter(|order| order.is("succeeded"));
    let checks = wanted.map(|order| async move { (order, verify(run.load.client(order.tenant), order).await) });
    let checked: Vec<_> = stream::iter(checks).buffer_unordered(AT_ONCE).collect().await;
    for (order, verified) in checked {
        match verified {
            Ok(files) => run.report(|report| report.files += files),
            Err(why) => run.problem(format!("narration {}: {why}", order.narration)),
        }
    }
}

async fn verify(client: &Client, order: &Order) -> Result<usize, String> {
    let name = format!("narrations/{}", order.narration);
    let narration = client.narration(&name).await.map_err(|status| status.to_string())?;
    if narration.artifacts.len() < 5 {
        return Err(format!("it has only {} files", narration.artifacts.len()));
    }
    for artifact in &narration.artifacts {
        let bytes = download(client, &artifact.name).await?;
        let (size, sha256) = (i64::try_from(bytes.len()).unwrap_or(i64::MAX), Digest::of(&bytes).to_string());
        if (size, &sha256) != (artifact.size_bytes, &artifact.sha256) {
            return Err(format!("{} has {size} bytes and {sha256}, listed otherwise", artifact.name));
        }
        if artifact.name == lectern_e2e::artifact(&name, "manifest.json") {
            accounted(&bytes, order)?;
        }
    }
    Ok(narration.artifacts.len())
}

async fn download(client: &Client, file: &str) -> Result<Vec<u8>, String> {
    let request = api::DownloadArtifactRequest { name: file.to_owned(), ..Default::default() };
    let failed = |status: tonic::Status| format!("{file} cannot be downloaded: {status}");
    let mut parts = client.narrations().download_artifact(request).await.map_err(failed)?.into_inner();
    let mut bytes = Vec::new();
    while let Some(part) = parts.message().await.map_err(failed)? {
        if part.crc32c != crc32c::crc32c(&part.data) {
            return Err(format!("{file}: a part differs from its checksum"));
        }
        bytes.extend_from_slice(&part.data);
    }
    Ok(bytes)
}

/// I9: every block of the document is spoken, or skipped with a reason.
fn accounted(manifest: &[u8], order: &Order) -> Result<(), String> {
    let manifest: Manifest = serde_json::from_slice(manifest).map_err(|error| format!("the manifest: {error}"))?;
    let blocks: BTreeSet<u32> = manifest.blocks.iter().map(|block| block.block).collect();
    if blocks.len() != order.blocks as usize || manifest.coverage.blocks != order.blocks {
        return Err(format!("the manifest accounts for {} blocks of {}", blocks.len(), order.blocks));
    }
    let lost = |fate: &&lectern_core::content::timeline::BlockFate| match fate.fate {
        Fate::Spoken => fate.spoken.is_empty(),
        Fate::Skipped => fate.skipped.is_empty(),
        Fate::Summarised => false,
    };
    manifest.blocks.iter().find(lost).map_or(Ok(()), |fate| Err(format!("block {} is not accounted for", fate.block)))
}

/// I1, I2: the steps of every succeeded run are done, nothing is held any more, and no end was
/// committed twice.
///
/// I4 as well: what was seen as an end is still there.
async fn steps(run: &mut Run, orders: &[Order]) {
    for service in STAGES {
        let until = tokio::time::Instant::now() + LET_GO;
        while run.leased(service).await > 0 && tokio::time::Instant::now() < until {
            run.tick().await;
        }
        let held = run.leased(service).await;
        if held > 0 {
            run.problem(format!("{held} steps of {service} are still leased when all narrations have ended"));
        }
    }
    let mut records = BTreeMap::new();
    for service in STAGES {
        for record in run.records(service, "steps").await {
            records.insert(record["step"].as_str().unwrap_or_default().to_owned(), record);
        }
    }
    run.report(|report| report.steps = records.len());
    let narrations = run.records("gateway", "narrations").await;
    let narrations: BTreeMap<&str, &Value> =
        narrations.iter().filter_map(|record| Some((record["id"].as_str()?, record))).collect();
    for order in orders {
        let Some(end) = &order.ended else { continue };
        match narrations.get(order.narration.as_str()) {
            Some(record) if record["phase"] == end.phase.as_str() => {}
            Some(record) => {
                run.problem(format!("I4: {} was {} and is {}", order.narration, end.phase, record["phase"]))
            }
            None => run.problem(format!("narration {} was accepted and has no record", order.narration)),
        }
    }
    for order in orders.iter().filter(|order| order.is("succeeded")) {
        let record = narrations.get(order.narration.as_str()).copied().unwrap_or(&Value::Null);
        let (of_run, sections) = (&record["run"], record["state"]["outline"]["sections"].as_u64().unwrap_or(0));
        if sections < 2 {
            run.problem(format!(
                "narration {} has {sections} sections: the load is not what it should be",
                order.narration
            ));
        }
        let step = |kind: &str, index: u64| format!("{}/{of_run}/{kind}/{index}", order.narration);
        let mut wanted = vec![step("extract", 0), step("plan", 0), step("assemble", 0)];
        wanted.extend((0..sections).flat_map(|index| [step("write", index), step("record", index)]));
        for step in wanted {
            match records.get(&step) {
                Some(record) if record["state"]["ending"]["state"] == "done" => {}
                Some(record) => run.problem(format!("{step} of a succeeded narration is {}", record["state"])),
                None => run.problem(format!("{step} of a succeeded narration has no record")),
            }
        }
    }
    for (step, times) in run.logs.committed().into_iter().filter(|(_, times)| *times > 1) {
        run.problem(format!("I2: workers say {times} times that they committed {step}"));
    }
}

/// I7: what failed for good is among the dead letters, under its last step.
fn letters(run: &mut Run, orders: &[Order]) {
    let orders: Vec<&Order> = orders.iter().filter(|order| order.poison.is_some() && order.is("failed")).collect();
    for order in orders {
        // The poison is in the last of its two sections.
        let subjects = [0, 1].map(|index| format!("dead.tts.{}.{}.record.{index}", order.narration, order.retries + 1));
        let found = subjects.iter().any(|subject| {
            let asked = json!({"last_by_subj": subject}).to_string();
            run.jetstream("STREAM.MSG.GET.DEAD", &asked)["message"].is_object()
        });
        if !found {
            run.problem(format!("I7: narration {} ({:?}) has no dead letter", order.narration, order.poison));
        }
    }
}

/// I8: no call of the engine began after its result was stored. Calls that repeated another before
/// that are counted.
fn paid(run: &Run, orders: &[Order]) {
    let calls = run.ledger.calls();
    let texts = by_text(&calls);
    let mut seen: BTreeMap<String, String> = BTreeMap::new();
    let (mut repeated, mut segments) = (0, 0);
    let objects = run.objects.list();
    for order in orders {
        let tenant: TenantId = TENANTS[order.tenant].parse().expect("a tenant");
        let secret = TenantSecret::derive(run.stack.secret().as_bytes(), &tenant);
        let scope = format!("{tenant}/{}", order.document);
        for object in objects.under(&format!("{scope}/section")) {
            // One that was damaged on purpose and not needed again is no longer readable.
            let Some(section) = objects.read(&object).ok().and_then(|b| serde_json::from_slice::<Section>(&b).ok())
            else {
                continue;
            };
            for utterance in section.utterances {
                if let Some(other) = seen.insert(utterance.spoken.clone(), order.narration.clone())
                    && other != order.narration
                {
                    run.problem(format!(
                        "two narrations say {:?}: the load is not what it should be",
                        utterance.spoken
                    ));
                }
                for ((voice, delivery), calls) in texts.get(utterance.spoken.as_str()).into_iter().flatten() {
                    repeated += calls.len().saturating_sub(1);
                    let segment = format!("{scope}/segment/{}", secret.segment(&utterance.spoken, voice, delivery));
                    let Some(stored) = objects.stored_at(&segment) else { continue };
                    segments += 1;
                    let late: Vec<&&Call> = calls.iter().filter(|call| call.at > stored + GRAIN).collect();
                    if !late.is_empty() && !run.damaged.contains(&segment) {
                        run.problem(format!(
                            "I8: {:?} was stored at {stored} and paid again: {late:?}",
                            utterance.spoken
                        ));
                    }
                }
            }
        }
    }
    if segments == 0 {
        run.problem("no segment could be held against the ledger");
    }
    run.report(|report| (report.calls, report.repeated) = (calls.len(), repeated));
}
