//! A rolling upgrade of the stages under load, to a build that differs in every version which
//! narrations are pinned to (`cargo xtask chaos upgrade` makes it), and back: no narration fails. A
//! narration whose version nobody has any more is pinned anew.

use std::path::{Path, PathBuf};
use std::time::Duration;

use lectern_e2e::Setup;
use lectern_testkit::env;
use tokio::task::block_in_place;

use crate::run::Run;

/// The folder beside the programs that holds those of the other build.
const OTHER: &str = "other-pins";
/// The stages' processes, in the order in which they are replaced.
const PROCESSES: [(&str, &str); 6] =
    [("ingest", "ingest"), ("ai", "ai"), ("tts", "tts"), ("ingest-2", "ingest"), ("ai-2", "ai"), ("tts-2", "tts")];
/// How long a process may take to end after SIGTERM.
const DRAIN: Duration = Duration::from_secs(60);
/// Between two processes: both builds work side by side meanwhile.
const BETWEEN: Duration = Duration::from_secs(5);
/// What a gateway logs of a narration that goes on with other versions.
const PINNED_ANEW: &str = "narration pinned anew";

/// Two replicas of each stage.
pub fn setup(setup: Setup) -> Setup {
    setup.replica("ingest-2", "ingest").replica("ai-2", "ai").replica("tts-2", "tts")
}

/// The upgrade, and the way back.
pub async fn faults(run: &mut Run) {
    let programs = PathBuf::from(env::required(env::BIN_DIR));
    for (name, folder) in [("upgrade of all stages", programs.join(OTHER)), ("downgrade of all stages", programs)] {
        let mut fault = run.begin(name).await;
        for (process, service) in PROCESSES {
            replace(run, process, &folder.join(format!("lectern-{service}"))).await;
            run.hold(BETWEEN).await;
        }
        // The last narrations that are pinned to what is gone wait a minute for a replica that has
        // it before they are pinned anew.
        let mut anew = 0;
        for _ in 0..20 {
            anew = run.lines(&fault).iter().filter(|line| line["message"] == PINNED_ANEW).count();
            if anew > 0 {
                break;
            }
            run.hold(BETWEEN).await;
        }
        let hits = u64::try_from(anew).unwrap_or(0);
        fault.hit(hits, format!("{anew} narrations were pinned anew"));
        run.end(fault).await;
    }
}

async fn replace(run: &mut Run, name: &'static str, program: &Path) {
    run.down(name, true);
    let process = run.stack.process(name);
    let ended = block_in_place(|| process.stop(DRAIN));
    process.replace_program(program);
    block_in_place(|| process.restart());
    run.down(name, false);
    if !ended.is_some_and(|status| status.success()) {
        run.problem(format!("{name} did not drain: {ended:?}"));
    }
}
