//! A second signal, whatever the process was doing about the first.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};
use std::time::Duration;

use lectern_rpc::ServerConfig;
use lectern_runtime::Shutdown;
use rustix::process::{Pid, Signal, kill_process};

use crate::Fixture;

const DAY: Duration = Duration::from_secs(86_400);
/// Exit status after a second signal.
const AT_ONCE: i32 = 130;

/// Serves, with a call in flight, and says when it was asked to end and when its listener closed.
#[allow(clippy::print_stdout, reason = "what the test below waits for")]
async fn serve_until_signals(change: impl FnOnce(&mut ServerConfig)) {
    let shutdown = Shutdown::on_signals().unwrap();
    let fixture = Fixture::start(change);
    let mut client = fixture.with_key();
    let mut stream = client.watch(None).await.unwrap();
    assert!(stream.message().await.unwrap().is_some());
    println!("begun");
    shutdown.wait().await;
    fixture.stop.cancel();
    while fixture.health.serving("") {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    println!("asked");
    fixture.serving.closing().cancelled().await;
    println!("closed");
    fixture.serving.ended().await.unwrap();
    println!("ended");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "it is ended by two signals: the test below runs it in a process of its own"]
async fn ends_as_a_lame_duck() {
    serve_until_signals(|config| config.lame_duck = Some(DAY)).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "it is ended by two signals: the test below runs it in a process of its own"]
async fn ends_while_it_drains() {
    serve_until_signals(|config| config.drain = DAY).await;
}

#[test]
fn a_second_signal_ends_a_lame_duck_and_a_drain_at_once() {
    for (test, first, said) in
        [("ends_as_a_lame_duck", Signal::TERM, "asked"), ("ends_while_it_drains", Signal::INT, "closed")]
    {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args([format!("signals::{test}").as_str(), "--exact", "--ignored", "--nocapture"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        for (line, signal) in [("begun", first), (said, Signal::TERM)] {
            assert!(lines.any(|found| found.unwrap().ends_with(line)), "{test} did not say {line:?}");
            kill_process(Pid::from_child(&child), signal).unwrap();
        }
        assert_eq!(child.wait().unwrap().code(), Some(AT_ONCE), "{test}");
    }
}
