//! MongoDB as a replica set of three: the primary killed, stopped, made to step down, cut off, and
//! left alone with writes that are rolled back afterwards; and two of three killed, so that nothing
//! can be written. Nothing that was acknowledged is lost, which the checks read afterwards.

use std::time::Duration;

use lectern_e2e::{MEMBERS, Servers, Setup};
use tokio::task::block_in_place;

use crate::run::{Fault, Run};

/// A primary that is away is followed by another after this, and some: MongoDB's own
/// `electionTimeoutMillis`.
const ELECTION: Duration = Duration::from_secs(10);
/// For how long a primary that is alone takes writes that are rolled back afterwards.
const ALONE: Duration = Duration::from_secs(4);

/// Three members.
pub fn setup(setup: Setup) -> Setup {
    setup.own_mongo(Servers::Three)
}

/// The faults.
pub async fn faults(run: &mut Run) {
    killed(run).await;
    stopped(run).await;
    stepped_down(run).await;
    cut_off(run).await;
    rolled_back(run).await;
    majority_killed(run).await;
}

async fn killed(run: &mut Run) {
    let mut fault = run.begin("kill -9 of the primary").await;
    let before = primary(run);
    block_in_place(|| run.stack.mongo().three().kill(before));
    let after = next(run, before);
    run.hold(run.scale.seconds(2, 10)).await;
    block_in_place(|| run.stack.mongo().three().start_node(before));
    moved(run, &mut fault, before, after);
    run.end(fault).await;
}

async fn stopped(run: &mut Run) {
    let lasts = ELECTION + run.scale.seconds(4, 15);
    let mut fault = run.begin(format!("SIGSTOP of the primary for {} s", lasts.as_secs())).await;
    let before = primary(run);
    block_in_place(|| run.stack.mongo().three().stop(before));
    run.hold(lasts).await;
    let after = next(run, before);
    block_in_place(|| run.stack.mongo().three().resume(before));
    moved(run, &mut fault, before, after);
    run.end(fault).await;
}

async fn stepped_down(run: &mut Run) {
    let mut fault = run.begin("the primary steps down").await;
    let before = primary(run);
    let after = block_in_place(|| run.stack.mongo().three().step_down());
    run.hold(Duration::from_secs(2)).await;
    moved(run, &mut fault, before, after);
    run.end(fault).await;
}

async fn cut_off(run: &mut Run) {
    let lasts = ELECTION + run.scale.seconds(5, 20);
    let mut fault = run.begin(format!("the primary cut off for {} s", lasts.as_secs())).await;
    let before = primary(run);
    block_in_place(|| run.stack.mongo().three().cut(before));
    run.hold(lasts).await;
    let after = next(run, before);
    block_in_place(|| run.stack.mongo().three().mend(before));
    moved(run, &mut fault, before, after);
    run.end(fault).await;
}

async fn rolled_back(run: &mut Run) {
    let mut fault = run.begin("the primary alone with its writes, then rolled back").await;
    let before = block_in_place(|| run.stack.mongo().three().force_rollback(|_| std::thread::sleep(ALONE)));
    let after = primary(run);
    moved(run, &mut fault, before, after);
    run.end(fault).await;
}

async fn majority_killed(run: &mut Run) {
    let lasts = run.scale.seconds(4, 15);
    let mut fault = run.begin(format!("kill -9 of two of three members for {} s", lasts.as_secs())).await;
    let first = primary(run);
    let gone = [first, (first + 1) % MEMBERS];
    block_in_place(|| gone.map(|member| run.stack.mongo().three().kill(member)));
    run.hold(lasts).await;
    block_in_place(|| gone.map(|member| run.stack.mongo().three().start_node(member)));
    let logged = run.logged(&fault, "STORE_UNAVAILABLE");
    let after = primary(run);
    let evidence = format!("members {gone:?} killed, {after} is the primary; {logged} STORE_UNAVAILABLE in the logs");
    // Two are dead for so long: whether a call failed meanwhile or waited is the driver's affair.
    fault.hit(2, evidence);
    run.end(fault).await;
}

fn primary(run: &mut Run) -> usize {
    block_in_place(|| run.stack.mongo().three().primary())
}

fn next(run: &mut Run, before: usize) -> usize {
    block_in_place(|| run.stack.mongo().three().primary_after(before))
}

/// Notes that another member is the primary than was.
fn moved(run: &Run, fault: &mut Fault, before: usize, after: usize) {
    let logged = run.logged(fault, "STORE_UNAVAILABLE");
    let evidence =
        format!("member {before} was the primary, then {after}; {logged} STORE_UNAVAILABLE in the logs meanwhile");
    fault.hit(u64::from(before != after), evidence);
}
