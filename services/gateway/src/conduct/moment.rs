//! What is known of a narration beside its record: why it does not go on just now, and how far its
//! files are. It is kept in memory, and nothing of it is ever written down.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::time::Duration;

use lectern_core::id::NarrationId;
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::domain::{Narration, Phase};

/// Narrations whose files are asked for at once. Of those beyond nothing is known.
const MOST: usize = 1_024;
/// Who asks how far files are is told for this long, without asking again.
const ASKED_FOR: Duration = Duration::from_secs(30);
/// What was not heard of for so long is not known any more.
const KNOWN_FOR: Duration = Duration::from_secs(5 * 60);

/// Why a narration does not go on just now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wait {
    /// Its turn has not come.
    Queue,
    /// An operator has paused what it needs.
    Paused,
    /// Its tenant is suspended.
    Suspended,
    /// An engine that it needs is out of order, or nobody has the version that it was pinned to.
    EngineUnavailable,
    /// The budget of its tenant, or its own, has not enough left.
    Budget,
}

/// What is known of a narration beside its record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Moment {
    /// Why it does not go on; none where it does, and for a terminal one.
    pub wait: Option<Wait>,
    /// Milliseconds of audio that are joined and encoded; none unless its files are being made, and
    /// where that was not heard of: who asks for the first time finds nothing.
    pub assembled: Option<u64>,
}

/// How far the files of narrations are, as the workers say that make them. They are listened to
/// where somebody asks: a watcher does so every two seconds.
#[derive(Debug, Default)]
pub struct FileProgress {
    narrations: Mutex<BTreeMap<NarrationId, Asked>>,
    grown: Notify,
}

/// A narration whose files are asked for.
#[derive(Debug, Clone, Copy)]
struct Asked {
    /// When somebody did so last.
    at: Instant,
    /// What was heard.
    heard: Option<Heard>,
}

/// How far the files of a run are.
#[derive(Debug, Clone, Copy)]
struct Heard {
    at: Instant,
    run: u32,
    millis: u64,
}

impl FileProgress {
    /// How many milliseconds are done of a narration whose files are being made. It is listened to
    /// from now on.
    #[must_use]
    pub fn ask(&self, narration: &Narration) -> Option<u64> {
        if narration.phase() != Phase::Assembling {
            return None;
        }
        let now = Instant::now();
        let mut narrations = self.narrations.lock();
        let full = narrations.len() >= MOST;
        match narrations.entry(narration.id.clone()) {
            Entry::Occupied(mut known) => {
                let asked = known.get_mut();
                asked.at = now;
                let heard = asked.heard.filter(|heard| now - heard.at < KNOWN_FOR && heard.run == narration.run)?;
                Some(heard.millis)
            }
            Entry::Vacant(place) => {
                if !full {
                    place.insert(Asked { at: now, heard: None });
                    self.grown.notify_one();
                }
                None
            }
        }
    }

    /// Notes how many milliseconds are done in a run of a narration that is asked for. A worker
    /// that has not heard yet that its run is over says nothing of the run that is under way.
    pub fn note(&self, narration: &NarrationId, run: u32, millis: u64) {
        let mut narrations = self.narrations.lock();
        let Some(asked) = narrations.get_mut(narration) else { return };
        if asked.heard.is_none_or(|heard| heard.run <= run) {
            asked.heard = Some(Heard { at: Instant::now(), run, millis });
        }
    }

    /// Forgets a narration whose files are made.
    pub fn forget(&self, narration: &NarrationId) {
        self.narrations.lock().remove(narration);
    }

    /// Is notified when a narration is asked for that was not.
    #[must_use]
    pub const fn grown(&self) -> &Notify {
        &self.grown
    }

    /// The narrations that are asked for; those that were not lately are forgotten.
    #[must_use]
    pub fn asked_for(&self) -> Vec<NarrationId> {
        let now = Instant::now();
        let mut narrations = self.narrations.lock();
        narrations.retain(|_, asked| now - asked.at < ASKED_FOR);
        narrations.keys().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;
    use lectern_core::Timestamp;

    use super::*;
    use crate::testing::{assemble, narration, succeed};

    /// A narration whose files are being made.
    fn assembling(id: &str) -> Narration {
        let mut n = Narration { id: id.parse().expect("an id"), ..narration() };
        assemble(&mut n);
        n
    }

    #[tokio::test(start_paused = true)]
    async fn how_far_files_are_is_known_of_the_run_that_makes_them_and_of_no_other() {
        let (files, mut n) = (FileProgress::default(), assembling("n1"));
        files.note(&n.id, 1, 500);
        assert_eq!(files.ask(&n), None, "nobody had asked");
        files.note(&n.id, 1, 9_000);
        assert_eq!(files.ask(&n), Some(9_000));
        files.note(&n.id, 1, 4_000);
        assert_eq!(files.ask(&n), Some(4_000), "another worker began anew");
        n.run = 2;
        assert_eq!(files.ask(&n), None);
        files.note(&n.id, 2, 1_000);
        files.note(&n.id, 1, 9_500);
        assert_eq!(files.ask(&n), Some(1_000), "the first run is over");
        let mut done = assembling("n1");
        succeed(&mut done, Timestamp(1));
        assert_eq!(files.ask(&done), None);
        files.forget(&n.id);
        assert_eq!(files.ask(&n), None);
    }

    #[tokio::test(start_paused = true)]
    async fn who_was_not_asked_for_lately_and_what_was_not_heard_of_lately_is_forgotten() {
        let (files, n) = (FileProgress::default(), assembling("n1"));
        let grown = || files.grown().notified().now_or_never().is_some();
        assert_eq!((files.ask(&narration()), files.asked_for()), (None, Vec::new()), "it has no files to be made");
        assert!(!grown());
        assert_eq!(files.ask(&n), None);
        assert!(grown());
        files.note(&n.id, 1, 1_000);
        let soon = ASKED_FOR - Duration::from_secs(1);
        let begun = Instant::now();
        while begun.elapsed() + soon < KNOWN_FOR {
            tokio::time::advance(soon).await;
            assert_eq!((files.ask(&n), files.asked_for()), (Some(1_000), vec![n.id.clone()]));
        }
        assert!(!grown(), "it is listened to all the time");
        tokio::time::advance(soon).await;
        assert_eq!(files.ask(&n), None, "nobody speaks of it any more");
        tokio::time::advance(ASKED_FOR).await;
        assert_eq!(files.asked_for(), Vec::new(), "and nobody asks");
    }

    #[tokio::test]
    async fn what_is_remembered_is_bounded() {
        let files = FileProgress::default();
        for index in 0..=MOST {
            let _ = files.ask(&assembling(&format!("n{index}")));
        }
        assert_eq!(files.asked_for().len(), MOST);
    }
}
