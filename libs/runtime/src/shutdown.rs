//! An orderly end: the first SIGTERM or SIGINT asks the process to finish, the second ends it at
//! once, whatever it is waiting for, but for temporary files, which it does not leave behind.
//!
//! Who is asked to finish takes nothing more on. What answers calls is the exception: it is there
//! for callers a while longer, since they hear of it late (`lectern_rpc::Serving::closing`).

use std::time::Duration;

use lectern_core::{Failure, Kind, Reason};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::leftovers;

/// Exit status after a second signal: 128 + SIGINT, as shells report it.
const EXIT_AT_ONCE: i32 = 130;

/// How long the removal of what would be left behind may hold up an end at once.
const REMOVING: Duration = Duration::from_secs(2);

/// Tells everybody in the process that it is to end. Clones are one.
#[derive(Debug, Clone, Default)]
pub struct Shutdown(CancellationToken);

impl Shutdown {
    /// One that no signal triggers: for tests and for parts of a process.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// One that SIGTERM and SIGINT trigger. A second signal removes what is registered (see
    /// [`remove_at_once`](crate::remove_at_once)), for up to 2 s, and exits the process with status
    /// 130. Needs a tokio runtime.
    ///
    /// # Errors
    /// `INTERNAL` when the system refuses a signal handler.
    pub fn on_signals() -> Result<Self, Failure> {
        let refused = |error: std::io::Error| Failure::internal(format!("no handler for signals: {error}"));
        let mut terminate = signal(SignalKind::terminate()).map_err(refused)?;
        let mut interrupt = signal(SignalKind::interrupt()).map_err(refused)?;
        let shutdown = Self::new();
        let token = shutdown.0.clone();
        tokio::spawn(async move {
            let name = tokio::select! {
                _ = terminate.recv() => "SIGTERM",
                _ = interrupt.recv() => "SIGINT",
            };
            tracing::info!(signal = name, "shutting down; a second signal ends the process at once");
            token.cancel();
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            tracing::warn!("second signal, ending at once");
            for path in leftovers::of_process().remove(REMOVING) {
                tracing::warn!(path = %path.display(), "a temporary file or folder is left behind");
            }
            std::process::exit(EXIT_AT_ONCE);
        });
        Ok(shutdown)
    }

    /// Asks the process to end.
    pub fn trigger(&self) {
        self.0.cancel();
    }

    /// Whether it was asked to.
    #[must_use]
    pub fn triggered(&self) -> bool {
        self.0.is_cancelled()
    }

    /// Returns when it is asked to.
    pub async fn wait(&self) {
        self.0.cancelled().await;
    }

    /// The token itself, for what takes one.
    #[must_use]
    pub fn token(&self) -> CancellationToken {
        self.0.clone()
    }
}

/// Waits for work in flight when the process ends, but not for ever.
#[derive(Debug, Clone)]
pub struct Drain {
    tasks: TaskTracker,
    grace: Duration,
}

impl Drain {
    /// Gives work `grace` to finish. On Kubernetes it has to be shorter than
    /// `terminationGracePeriodSeconds`.
    #[must_use]
    pub fn new(grace: Duration) -> Self {
        Self { tasks: TaskTracker::new(), grace }
    }

    /// Runs `work` as a task that [`Drain::finish`] waits for.
    pub fn spawn<F>(&self, work: F) -> tokio::task::JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.tasks.spawn(work)
    }

    /// Counts as work in flight until it is dropped.
    #[must_use]
    pub fn guard(&self) -> impl Send + Sync + 'static {
        self.tasks.token()
    }

    /// How much is in flight.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.tasks.len()
    }

    /// Waits until nothing is in flight or the grace period is over.
    ///
    /// # Errors
    /// `SHUTTING_DOWN` with the count of what was left.
    pub async fn finish(&self) -> Result<(), Failure> {
        self.tasks.close();
        tokio::time::timeout(self.grace, self.tasks.wait()).await.map_err(|_| {
            let left = self.in_flight();
            let grace = self.grace.as_secs_f64();
            Failure::new(
                Kind::Cancelled,
                Reason::ShuttingDown,
                format!("{left} tasks did not end within {grace} s and are abandoned; other replicas take them over"),
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead as _, BufReader};
    use std::process::{Command, Stdio};

    use rustix::process::{Pid, Signal, kill_process};

    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    #[ignore = "it is ended by two signals: the test below runs it in a process of its own"]
    #[allow(clippy::print_stdout, reason = "what the test below waits for")]
    async fn ends_at_the_second_signal() {
        let shutdown = Shutdown::on_signals().unwrap();
        let _at_once = ["folder", "file"].map(crate::remove_at_once);
        drop(crate::remove_at_once("kept"));
        println!("begun");
        shutdown.wait().await;
        println!("asked");
        tokio::time::sleep(Duration::from_secs(30)).await;
    }

    #[test]
    fn a_second_signal_ends_the_process_at_once_and_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::create_dir_all(at("folder/of/things")).unwrap();
        for name in ["folder/of/things/one", "file", "kept"] {
            std::fs::write(at(name), "x").unwrap();
        }
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["shutdown::tests::ends_at_the_second_signal", "--exact", "--ignored", "--nocapture"])
            .current_dir(folder.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        for said in ["begun", "asked"] {
            assert!(lines.any(|line| line.unwrap().ends_with(said)), "the process did not say {said:?}");
            kill_process(Pid::from_child(&child), Signal::INT).unwrap();
        }
        assert_eq!(child.wait().unwrap().code(), Some(EXIT_AT_ONCE));
        let left = ["folder", "file", "kept"].map(|name| at(name).try_exists().unwrap());
        assert_eq!(left, [false, false, true]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_drain_waits_for_work_but_not_for_ever() {
        let drain = Drain::new(Duration::from_secs(10));
        drain.spawn(tokio::time::sleep(Duration::from_secs(9)));
        assert_eq!(drain.in_flight(), 1);
        assert_eq!(drain.finish().await, Ok(()));

        let drain = Drain::new(Duration::from_secs(10));
        let guard = drain.guard();
        let failure = drain.finish().await.unwrap_err();
        assert_eq!(failure.reason, Reason::ShuttingDown);
        assert!(failure.message.starts_with("1 tasks"), "{failure}");
        drop(guard);
        assert_eq!(drain.finish().await, Ok(()));
    }

    #[tokio::test]
    async fn clones_of_a_shutdown_are_one() {
        let shutdown = Shutdown::new();
        let other = shutdown.clone();
        assert!(!other.triggered());
        shutdown.trigger();
        other.wait().await;
        assert!(other.triggered() && other.token().is_cancelled());
    }
}
