//! Limits that are hit: streams that hold two commands, files that may not grow, and documents
//! whose text makes the engine panic, end its process, refuse, or rest.

use std::fs;
use std::io;
use std::time::Duration;

use lectern_e2e::Setup;
use rustix::process::{Pid, Resource, Rlimit, prlimit};
use tokio::task::block_in_place;

use crate::run::{FIRST_POISON, Fault, Run};
use crate::texts::Poison;

/// Commands that a stage's stream holds: fewer than its permits.
const WAITING: &str = "2";
const PERMITS: &str = "6";
/// How long poison may take to end.
const POISON: Duration = Duration::from_secs(240);
/// A file of audio is larger than this, a log of a few moments smaller.
const FILE: u64 = 64 * 1024;
/// A log is put aside before it reaches the limit.
const LOG: u64 = 16 * 1024;

/// Small streams, many permits.
pub fn setup(setup: Setup) -> Setup {
    setup.everywhere("LECTERN_QUEUE__MAX_WAITING", WAITING).everywhere("LECTERN_PERMITS", PERMITS)
}

/// The faults.
pub async fn faults(run: &mut Run) {
    full(run).await;
    poison(run).await;
    file_size_of_tts(run).await;
    file_size_of_nats(run).await;
}

/// The streams are small all the time; while tts stands still, its own fills.
async fn full(run: &mut Run) {
    let mut fault = run.begin(format!("streams hold {WAITING} commands, tts stands still")).await;
    block_in_place(|| run.stack.process("tts").suspend());
    run.hold(run.scale.seconds(8, 25)).await;
    let waiting = run.stream("WORK_TTS");
    run.stack.process("tts").resume();
    let refused = run.lines(&fault).iter().filter(|line| line.to_string().contains("is full")).count() as u64;
    let evidence =
        format!("{} commands in WORK_TTS, {refused} more refused because it is full", waiting["state"]["messages"]);
    fault.hit(refused, evidence);
    run.end(fault).await;
}

async fn poison(run: &mut Run) {
    let mut fault = run.begin("poison among healthy documents").await;
    run.may_fall = true;
    let fell = run.fell("tts");
    run.order_poison(FIRST_POISON, &Poison::ALL);
    let until = tokio::time::Instant::now() + POISON;
    loop {
        run.hold(Duration::from_secs(1)).await;
        let poisoned: Vec<_> = run.board().all().into_iter().filter(|order| !order.healthy()).collect();
        let all = poisoned.len() == Poison::ALL.len() && poisoned.iter().all(|order| order.ended.is_some());
        if all || tokio::time::Instant::now() > until {
            break;
        }
    }
    run.may_fall = false;
    let calls = run.ledger.calls();
    for poison in Poison::ALL {
        let called = calls.iter().filter(|call| call.text.contains(poison.word())).count() as u64;
        fault.hit(called, format!("{}: {called} calls ({poison:?})", poison.word()));
        if called == 0 {
            run.problem(format!("{poison:?}: the engine was never asked to say it"));
        }
    }
    let fell = run.fell("tts") - fell;
    fault.hit(0, format!("tts fell {fell} times"));
    if fell == 0 {
        run.problem("no process fell by the text that ends it");
    }
    run.end(fault).await;
}

/// tts may write no file beyond 64 KiB: no segment and no recording. Its log is put aside before it
/// reaches that.
async fn file_size_of_tts(run: &mut Run) {
    let lasts = run.scale.seconds(6, 15);
    let log = run.stack.process("tts").log_path().to_owned();
    put_aside(&log, 0).expect("the log");
    let mut fault = run.begin(format!("files of tts at most 64 KiB for {} s", lasts.as_secs())).await;
    run.retries = &["ATTEMPTS_EXHAUSTED", "BLOB_UNAVAILABLE"];
    run.may_fall = true;
    let fell = run.fell("tts");
    // The ledger is not to be what grows too large.
    run.ledger.turn_over();
    let until = tokio::time::Instant::now() + lasts;
    let mut limited = 0;
    while tokio::time::Instant::now() < until {
        put_aside(&log, LOG).expect("the log");
        // A process that fell was started again without the limit.
        limited += u32::from(limit(run.stack.process("tts").id(), Some(FILE)));
        run.tick().await;
    }
    limit(run.stack.process("tts").id(), None);
    run.may_fall = false;
    let refused = too_large(run, &fault);
    let fell = run.fell("tts") - fell;
    let evidence =
        format!("limit set {limited} times; {refused} lines say that a file is too large, tts fell {fell} times");
    fault.hit(refused + u64::from(fell), evidence);
    run.end(fault).await;
}

/// nats-server may write no file beyond 4 KiB; then it is restarted, as a server is that ran out of
/// room.
async fn file_size_of_nats(run: &mut Run) {
    let lasts = run.scale.seconds(5, 12);
    let mut fault = run.begin(format!("files of nats-server at most 4 KiB for {} s", lasts.as_secs())).await;
    let before = run.stack.nats().one().id();
    limit(before, Some(4 * 1024));
    let log = run.folder().join("nats.log");
    let logged = fs::read_to_string(&log).unwrap_or_default().len();
    run.hold(lasts).await;
    let ended = run.stack.nats().one().exited();
    limit(before, None);
    block_in_place(|| {
        run.stack.nats().one().stop();
        run.stack.nats().one().restart();
    });
    let text = fs::read_to_string(&log).unwrap_or_default();
    let said =
        text.get(logged..).unwrap_or_default().lines().filter(|line| line.contains("file too large")).count() as u64;
    let unanswered = run.logged(&fault, "QUEUE_UNAVAILABLE");
    let evidence = format!(
        "nats-server ended {ended:?}, says {said} times that a file is too large; {unanswered} QUEUE_UNAVAILABLE"
    );
    fault.hit(said + u64::from(ended.is_some()), evidence);
    run.end(fault).await;
}

/// Sets or lifts the limit on the size of files that a process writes; whether that was possible.
fn limit(process: u32, bytes: Option<u64>) -> bool {
    let Some(pid) = i32::try_from(process).ok().and_then(Pid::from_raw) else { return false };
    let limit = Rlimit { current: bytes, maximum: None };
    prlimit(Some(pid), Resource::Fsize, limit).is_ok()
}

/// Lines of the services since the fault began, and of what was put aside, that name the error.
fn too_large(run: &Run, fault: &Fault) -> u64 {
    run.lines(fault).iter().filter(|line| line.to_string().contains("File too large")).count() as u64
}

/// Copies a log to a file beside it and empties it, when it is longer than that.
fn put_aside(log: &std::path::Path, longer: u64) -> io::Result<()> {
    if fs::metadata(log)?.len() <= longer {
        return Ok(());
    }
    let mut beside = log.as_os_str().to_owned();
    beside.push(".1");
    let mut beside = fs::OpenOptions::new().create(true).append(true).open(beside)?;
    io::copy(&mut fs::File::open(log)?, &mut beside)?;
    fs::OpenOptions::new().write(true).open(log)?.set_len(0)
}
