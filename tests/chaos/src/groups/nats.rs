//! A NATS cluster of three with three copies of every stream: the node that leads killed, stopped
//! and cut off from the others, and two of three killed, so that no stream has a majority.

use std::time::Duration;

use lectern_e2e::{MEMBERS, Setup};
use tokio::task::block_in_place;

use crate::run::{Fault, Run, process_state};

/// Every stream, and how many copies it must have.
const STREAMS: [&str; 5] = ["WORK_INGEST", "WORK_AI", "WORK_TTS", "EVENTS", "DEAD"];
const COPIES: u64 = 3;
/// The streams whose leaders are disturbed.
const EVENTS: &str = "EVENTS";
const WORK: &str = "WORK_TTS";
/// How long an election may take under load: its time-out is drawn from 4 to 9 s
/// (`minElectionTimeout`, `maxElectionTimeout` of nats-server), and a split vote draws again.
const ELECTION: Duration = Duration::from_secs(20);

/// Three servers.
pub fn setup(setup: Setup) -> Setup {
    setup.nats_cluster()
}

/// The faults.
pub async fn faults(run: &mut Run) {
    for stream in STREAMS {
        let copies = run.stream(stream)["config"]["num_replicas"].as_u64();
        // That of dead letters may be made with the first of them.
        if copies != Some(COPIES) && (copies.is_some() || stream != "DEAD") {
            run.problem(format!("{stream} has {copies:?} copies"));
        }
    }
    killed(run).await;
    stopped(run).await;
    cut_off(run).await;
    majority_killed(run).await;
    if !run.scale.quick {
        for node in 0..MEMBERS {
            let mut fault = run.begin(format!("kill -9 of node {node}, one after the other")).await;
            kill(run, &mut fault, node, Duration::from_secs(3)).await;
            run.end(fault).await;
        }
    }
}

async fn killed(run: &mut Run) {
    let node = leader(run, EVENTS).await;
    let mut fault = run.begin(format!("kill -9 of the node that leads {EVENTS}")).await;
    kill(run, &mut fault, node, run.scale.seconds(3, 10)).await;
    run.end(fault).await;
}

async fn kill(run: &mut Run, fault: &mut Fault, node: usize, dead: Duration) {
    let before = run.stack.nats().three().node(node).pid();
    let orders = run.board().accepted();
    block_in_place(|| run.stack.nats().three().node(node).kill());
    let ended = process_state(before).is_none_or(|state| state == 'Z');
    run.hold(dead).await;
    let (after_leads, taken) = (leader_now(run, EVENTS), run.board().accepted() - orders);
    block_in_place(|| run.stack.nats().three().node(node).start());
    let after = run.stack.nats().three().node(node).pid();
    let evidence = format!(
        "node {node}: process {before} ended, {after} took its place; {EVENTS} was led by {after_leads:?} meanwhile, \
         {taken} orders accepted"
    );
    fault.hit(u64::from(ended && before != after), evidence);
}

async fn stopped(run: &mut Run) {
    let lasts = run.scale.seconds(8, 30);
    let node = leader(run, WORK).await;
    let mut fault = run.begin(format!("SIGSTOP of the node that leads {WORK} for {} s", lasts.as_secs())).await;
    let id = run.stack.nats().three().node(node).pid();
    run.stack.nats().three().node(node).stop();
    run.hold(lasts).await;
    let state = process_state(id);
    run.stack.nats().three().node(node).start();
    fault.hit(u64::from(state == Some('T')), format!("node {node}: process {id} was in state {state:?}"));
    run.end(fault).await;
}

async fn cut_off(run: &mut Run) {
    let lasts = run.scale.seconds(8, 30);
    let node = leader(run, EVENTS).await;
    let fault = format!("the node that leads {EVENTS} cut off for {} s, and until another leads", lasts.as_secs());
    let mut fault = run.begin(fault).await;
    run.stack.nats().three().cut(node);
    run.hold(lasts).await;
    let mut elsewhere = leader_past(run, Some(node), EVENTS);
    for _ in 0..ELECTION.as_secs() {
        if elsewhere.is_some_and(|leads| leads != node) {
            break;
        }
        run.hold(Duration::from_secs(1)).await;
        elsewhere = leader_past(run, Some(node), EVENTS);
    }
    run.stack.nats().three().mend(node);
    let other = elsewhere.is_some_and(|leads| leads != node);
    fault.hit(u64::from(other), format!("node {node} led {EVENTS}, then {elsewhere:?}"));
    run.end(fault).await;
}

async fn majority_killed(run: &mut Run) {
    let lasts = run.scale.seconds(4, 12);
    let mut fault = run.begin(format!("kill -9 of two of three nodes for {} s", lasts.as_secs())).await;
    let before = [0, 1].map(|node| run.stack.nats().three().node(node).pid());
    block_in_place(|| [0, 1].map(|node| run.stack.nats().three().node(node).kill()));
    let ended = before.iter().filter(|id| process_state(**id).is_none_or(|state| state == 'Z')).count();
    run.hold(lasts).await;
    block_in_place(|| [0, 1].map(|node| run.stack.nats().three().node(node).start()));
    let logged = run.logged(&fault, "QUEUE_UNAVAILABLE");
    let evidence = format!("processes {before:?} ended; {logged} QUEUE_UNAVAILABLE in the logs");
    fault.hit(u64::from(ended == before.len()), evidence);
    run.end(fault).await;
}

/// Who leads a stream, waited for while nobody does; the first node where that takes too long.
async fn leader(run: &mut Run, stream: &str) -> usize {
    for _ in 0..ELECTION.as_secs() {
        if let Some(node) = leader_now(run, stream) {
            return node;
        }
        run.hold(Duration::from_secs(1)).await;
    }
    0
}

/// The number of the node that leads a stream; none while nobody does.
fn leader_now(run: &mut Run, stream: &str) -> Option<usize> {
    leader_past(run, None, stream)
}

/// The same, as the nodes beside `past` say.
fn leader_past(run: &mut Run, past: Option<usize>, stream: &str) -> Option<usize> {
    let said = run.stream_past(past, stream);
    let leader = said["cluster"]["leader"].as_str()?;
    (0..MEMBERS).find(|node| leader == format!("n{node}"))
}
