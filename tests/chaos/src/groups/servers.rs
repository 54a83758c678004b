//! nats-server and the database killed with SIGKILL, stopped with SIGSTOP, and restarted with
//! SIGTERM.

use std::process::ExitStatus;
use std::time::Duration;

use tokio::task::block_in_place;

use crate::run::{Fault, Run, process_state};

/// What is done to a server.
#[derive(Debug, Clone, Copy)]
enum Server {
    Nats,
    Database,
}

impl Server {
    const fn name(self) -> &'static str {
        match self {
            Self::Nats => "nats-server",
            Self::Database => "the database",
        }
    }

    /// What services log when it is away.
    const fn reason(self) -> &'static str {
        match self {
            Self::Nats => "QUEUE_UNAVAILABLE",
            Self::Database => "STORE_UNAVAILABLE",
        }
    }

    fn id(self, run: &mut Run) -> u32 {
        match self {
            Self::Nats => run.instance.nats().id(),
            Self::Database => run.instance.mongo().id(),
        }
    }

    fn kill(self, run: &mut Run) -> Option<ExitStatus> {
        match self {
            Self::Nats => {
                run.instance.nats().kill9();
                run.instance.nats().exited()
            }
            Self::Database => {
                run.instance.mongo().kill9();
                run.instance.mongo().exited()
            }
        }
    }

    fn terminate(self, run: &mut Run) -> Option<ExitStatus> {
        match self {
            Self::Nats => {
                run.instance.nats().stop();
                run.instance.nats().exited()
            }
            Self::Database => {
                run.instance.mongo().stop();
                run.instance.mongo().exited()
            }
        }
    }

    fn restart(self, run: &mut Run) {
        match self {
            Self::Nats => run.instance.nats().restart(),
            Self::Database => run.instance.mongo().restart(),
        }
    }

    fn suspend(self, run: &mut Run, suspend: bool) {
        match (self, suspend) {
            (Self::Nats, true) => run.instance.nats().suspend(),
            (Self::Nats, false) => run.instance.nats().resume(),
            (Self::Database, true) => run.instance.mongo().suspend(),
            (Self::Database, false) => run.instance.mongo().resume(),
        }
    }
}

/// The faults.
pub async fn faults(run: &mut Run) {
    for server in [Server::Nats, Server::Database] {
        let mut fault = run.begin(format!("kill -9 of {}", server.name())).await;
        let before = server.id(run);
        let ended = block_in_place(|| server.kill(run));
        run.hold(run.scale.seconds(2, 5)).await;
        block_in_place(|| server.restart(run));
        seen(run, &mut fault, server, before, ended.is_some_and(|status| !status.success()), &format!("{ended:?}"));
        run.end(fault).await;

        let stopped = run.scale.seconds(6, 25);
        let mut fault = run.begin(format!("SIGSTOP of {} for {} s", server.name(), stopped.as_secs())).await;
        let (id, orders) = (server.id(run), run.board().accepted());
        block_in_place(|| server.suspend(run, true));
        run.hold(stopped).await;
        let state = process_state(id);
        let taken = run.board().accepted() - orders;
        server.suspend(run, false);
        let logged = run.logged(&fault, server.reason());
        fault.hit(
            u64::from(state == Some('T')),
            format!(
                "process {id} was in state {state:?}; {logged} {} in the logs, {taken} orders accepted meanwhile",
                server.reason()
            ),
        );
        run.end(fault).await;

        let mut fault = run.begin(format!("SIGTERM and restart of {}", server.name())).await;
        let before = server.id(run);
        let ended = block_in_place(|| server.terminate(run));
        run.hold(Duration::from_secs(1)).await;
        block_in_place(|| server.restart(run));
        seen(run, &mut fault, server, before, ended.is_some(), &format!("{ended:?}"));
        run.end(fault).await;
    }
}

fn seen(run: &mut Run, fault: &mut Fault, server: Server, before: u32, ended: bool, how: &str) {
    let after = server.id(run);
    let logged = run.logged(fault, server.reason());
    let evidence =
        format!("process {before} ended ({how}), {after} took its place; {logged} {} in the logs", server.reason());
    fault.hit(u64::from(ended && before != after), evidence);
}
