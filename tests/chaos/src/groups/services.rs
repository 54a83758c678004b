//! Every service killed with SIGKILL, stopped with SIGSTOP for longer than a lease, and restarted
//! with SIGTERM. ai and tts have two replicas, so that what a stopped one holds is taken over while
//! it still believes that it holds it; and there are two gateways, of which one goes on while the
//! other is away, and finds out later what the other made of it.

use std::os::unix::process::ExitStatusExt as _;
use std::time::Duration;

use lectern_e2e::Setup;
use lectern_testkit::Process;
use tokio::task::block_in_place;

use crate::run::{Fault, Run, process_state};

/// How long a process may take to end after SIGTERM.
const DRAIN: Duration = Duration::from_secs(60);

/// Two replicas of the stages that work longest.
pub fn setup(setup: Setup) -> Setup {
    setup.replica("ai-2", "ai").replica("tts-2", "tts")
}

/// The faults.
pub async fn faults(run: &mut Run) {
    if run.scale.quick {
        let mut fault = run.begin("kill -9 of each service").await;
        for service in ["tts", "ai", "ingest", "gateway", "gateway-2"] {
            kill(run, &mut fault, service, Duration::from_millis(500)).await;
        }
        run.end(fault).await;
    } else {
        for service in ["tts", "tts-2", "ai", "ingest", "gateway", "gateway-2"] {
            let mut fault = run.begin(format!("kill -9 of {service}")).await;
            kill(run, &mut fault, service, Duration::from_secs(2)).await;
            run.end(fault).await;
        }
    }
    // Longer than the lease of 15 s and the ack-wait of 20 s for those that work.
    let stops: &[(&[&str], u64)] = if run.scale.quick {
        &[(&["tts", "gateway-2"], 22)]
    } else {
        &[(&["tts"], 30), (&["ai"], 25), (&["ingest"], 22), (&["gateway"], 22), (&["gateway-2"], 40)]
    };
    for (services, seconds) in stops {
        let mut fault = run.begin(format!("SIGSTOP of {} for {seconds} s", services.join(" and "))).await;
        stop(run, &mut fault, services, Duration::from_secs(*seconds)).await;
        run.end(fault).await;
    }
    if run.scale.quick {
        let mut fault = run.begin("SIGSTOP of the other services for 4 s each").await;
        for service in ["gateway", "ai", "ingest"] {
            stop(run, &mut fault, &[service], Duration::from_secs(4)).await;
        }
        run.end(fault).await;
        let mut fault = run.begin("SIGTERM and restart of each service").await;
        for service in ["tts", "tts-2", "ai", "ingest", "gateway", "gateway-2"] {
            restart(run, &mut fault, service).await;
        }
        run.end(fault).await;
        return;
    }
    for service in ["tts", "ai", "ingest", "gateway"] {
        let mut fault = run.begin(format!("SIGTERM and restart of {service}")).await;
        restart(run, &mut fault, service).await;
        run.end(fault).await;
    }
    let mut fault = run.begin("kill -9 of all services at once").await;
    for service in ["tts", "tts-2", "ai", "ai-2", "ingest", "gateway", "gateway-2"] {
        kill(run, &mut fault, service, Duration::ZERO).await;
    }
    run.end(fault).await;
}

/// The service that a replica's name is of.
fn stage(name: &str) -> &str {
    name.trim_end_matches("-2")
}

async fn kill(run: &mut Run, fault: &mut Fault, name: &'static str, dead: Duration) {
    if stage(name) != "gateway" {
        run.until_at_work(name).await;
    }
    run.down(name, true);
    let process = run.stack.process(name);
    let before = process.id();
    block_in_place(|| process.kill9());
    let ended = process.exited();
    let in_flight = run.board().in_flight().len();
    let held = if stage(name) == "gateway" { 0 } else { run.leased(stage(name)).await };
    run.hold(dead).await;
    let process = run.stack.process(name);
    block_in_place(|| process.restart());
    let after = process.id();
    run.down(name, false);
    let signal = ended.and_then(|status| status.signal());
    let hit = signal == Some(9) && before != after && in_flight > 0;
    let evidence = format!(
        "{name}: process {before} ended by signal {signal:?}, {after} took its place; {in_flight} narrations in flight, {held} steps claimed"
    );
    fault.hit(u64::from(hit), evidence);
}

/// Stops processes, all at once.
async fn stop(run: &mut Run, fault: &mut Fault, names: &[&'static str], duration: Duration) {
    let mut stopped = Vec::new();
    for name in names {
        if stage(name) != "gateway" {
            run.until_at_work(name).await;
        }
        let process = run.stack.process(name);
        block_in_place(|| process.suspend());
        let id = process.id();
        stopped.push((*name, id, process_state(id), written(process)));
    }
    run.hold(duration).await;
    for (name, id, state, quiet) in stopped {
        let process = run.stack.process(name);
        let still = (process_state(id), written(process));
        process.resume();
        let hit = state == Some('T') && still == (Some('T'), quiet);
        let seconds = duration.as_secs();
        let evidence = format!("{name}: process {id} was in state {state:?} and wrote nothing for {seconds} s");
        fault.hit(u64::from(hit), evidence);
    }
}

/// How long the log of a process is.
fn written(process: &Process) -> u64 {
    std::fs::metadata(process.log_path()).map_or(0, |log| log.len())
}

async fn restart(run: &mut Run, fault: &mut Fault, name: &'static str) {
    run.down(name, true);
    let process = run.stack.process(name);
    let before = process.id();
    let ended = block_in_place(|| process.stop(DRAIN));
    block_in_place(|| process.restart());
    let after = process.id();
    run.down(name, false);
    let drained = ended.is_some_and(|status| status.success());
    if !drained {
        run.problem(format!("{name} did not drain: {ended:?}"));
    }
    fault.hit(
        u64::from(drained && before != after),
        format!("{name}: process {before} drained, {after} took its place"),
    );
    run.hold(Duration::from_millis(500)).await;
}
