//! How far a recording is assembled, told to whoever watches while it is. These are hints, on a
//! topic of each narration's own: they may be lost, and nothing is kept of them.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use lectern_core::id::{NarrationId, StepId};
use lectern_core::{Clock, Timestamp};
use lectern_queue::Queue;
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use tokio::runtime::Handle;
use tracing::debug;

/// The least time between two hints of one attempt at a step.
const EVERY: Duration = Duration::from_secs(1);
/// How long the queue may have a hint in hand.
const WITHIN: Duration = Duration::from_secs(5);

/// The topic of these hints of a narration.
#[must_use]
pub fn topic(narration: &NarrationId) -> String {
    format!("assembled.{narration}")
}

/// How far the recording of a narration's run is assembled. One attempt never tells less than it
/// has told: where files are joined a second time, with another gain, this stays where it was until
/// they are done. Another attempt, such as one after a crash, begins again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assembled {
    /// The run, from 1.
    pub run: u32,
    /// Milliseconds of audio that are joined and encoded.
    pub millis: u64,
}

impl Assembled {
    /// The payload of the hint.
    #[must_use]
    pub fn encode(&self) -> Bytes {
        serde_json::to_vec(self).map(Bytes::from).unwrap_or_default()
    }

    /// Reads a hint; none when it says nothing of the kind.
    #[must_use]
    pub fn decode(hint: &[u8]) -> Option<Self> {
        serde_json::from_slice(hint).ok()
    }
}

/// Tells how far one attempt at a step is. Clones are one; the default tells nobody.
#[derive(Clone, Default)]
pub struct Progress(Option<Arc<Telling>>);

struct Telling {
    queue: Arc<dyn Queue>,
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// When the last hint was sent.
    told: Option<Timestamp>,
    /// Whether the queue still has it in hand.
    sending: bool,
    /// The most milliseconds of audio that were said, told or not.
    most: u64,
}

impl Progress {
    /// Tells over `queue`, by the time of `clock`.
    #[must_use]
    pub fn new(queue: Arc<dyn Queue>, clock: Arc<dyn Clock>) -> Self {
        Self(Some(Arc::new(Telling { queue, clock, state: Mutex::default() })))
    }

    /// Tells that so many milliseconds of audio are joined and encoded; where more was said before,
    /// so many. At most one hint a second is sent, and none while the queue has one in hand: what
    /// is said between is not told. Returns at once. Needs a tokio runtime, whose blocking threads
    /// may call it too; nothing is told without one.
    pub fn assembled(&self, step: &StepId, millis: u64) {
        let Some(telling) = &self.0 else { return };
        let Ok(runtime) = Handle::try_current() else { return };
        let Some(millis) = telling.begin(millis) else { return };
        let topic = topic(&step.narration);
        let hint = Assembled { run: step.run, millis }.encode();
        let telling = Arc::clone(telling);
        runtime.spawn(async move {
            // One that the queue keeps in hand must not silence those after it.
            match tokio::time::timeout(WITHIN, telling.queue.hint(&topic, hint)).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => debug!(%error, "not told how far the recording is, the next hint says more"),
                Err(_) => debug!("not told how far the recording is, the queue does not answer"),
            }
            telling.state.lock().sending = false;
        });
    }
}

impl Telling {
    /// What a hint tells when so many milliseconds are said, where one is due; then it counts as
    /// sent.
    fn begin(&self, millis: u64) -> Option<u64> {
        let now = self.clock.now();
        let mut state = self.state.lock();
        state.most = state.most.max(millis);
        // A clock that was set back must not silence the rest.
        let due = state.told.is_none_or(|told| now < told || now.since(told) >= EVERY);
        if !due || state.sending {
            return None;
        }
        (state.told, state.sending) = (Some(now), true);
        Some(state.most)
    }
}

impl fmt::Debug for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Progress").field(&self.0.is_some()).finish()
    }
}

#[cfg(test)]
mod tests {
    use futures::{FutureExt as _, StreamExt as _};
    use lectern_core::clock::ManualClock;
    use lectern_queue::{ConnectOptions, Hints, MemoryQueue};

    use super::*;

    /// The hints that have come.
    async fn heard(hints: &mut Hints) -> Vec<u64> {
        // Lets what was spawned be sent.
        tokio::time::sleep(Duration::from_millis(1)).await;
        let mut heard = Vec::new();
        while let Some(Some(hint)) = hints.next().now_or_never() {
            let hint = Assembled::decode(&hint).expect("a hint of this topic");
            assert_eq!(hint.run, 2);
            heard.push(hint.millis);
        }
        heard
    }

    #[tokio::test(start_paused = true)]
    async fn at_most_one_hint_a_second_is_told() {
        let queue: Arc<dyn Queue> = Arc::new(MemoryQueue::new(ConnectOptions::default()));
        let mut hints = queue.hints("assembled.n1").await.unwrap();
        let clock = Arc::new(ManualClock::at(Timestamp(50_000)));
        let progress = Progress::new(Arc::clone(&queue), Arc::clone(&clock) as _);
        let step: StepId = "n1/2/assemble/0".parse().unwrap();
        for tenth in 0..25 {
            progress.clone().assembled(&step, tenth);
            tokio::time::sleep(Duration::from_millis(1)).await;
            clock.advance(Duration::from_millis(100));
        }
        assert_eq!(heard(&mut hints).await, [0, 10, 20]);
        let blocking = progress.clone();
        clock.advance(EVERY);
        let step_of_thread = step.clone();
        tokio::task::spawn_blocking(move || blocking.assembled(&step_of_thread, 99)).await.unwrap();
        assert_eq!(heard(&mut hints).await, [99], "told from a blocking thread");
        Progress::default().assembled(&step, 100);
        assert_eq!(heard(&mut hints).await, [0; 0]);
    }

    #[test]
    fn nothing_more_is_told_while_the_queue_has_a_hint_in_hand() {
        let queue: Arc<dyn Queue> = Arc::new(MemoryQueue::new(ConnectOptions::default()));
        let clock = Arc::new(ManualClock::at(Timestamp(50_000)));
        let Progress(Some(telling)) = Progress::new(queue, Arc::clone(&clock) as _) else { panic!("it tells") };
        let state = |change: fn(&mut State)| change(&mut telling.state.lock());
        assert_eq!(telling.begin(1), Some(1));
        clock.advance(10 * EVERY);
        assert_eq!(telling.begin(2), None, "the first is still being sent");
        state(|state| state.sending = false);
        assert_eq!(telling.begin(3), Some(3));
        state(|state| (state.told, state.sending) = (Some(Timestamp(99_000)), false));
        assert_eq!(telling.begin(4), Some(4), "a clock that was set back silences nothing");
    }

    #[tokio::test(start_paused = true)]
    async fn an_attempt_never_tells_less_than_was_said_before() {
        let queue: Arc<dyn Queue> = Arc::new(MemoryQueue::new(ConnectOptions::default()));
        let mut hints = queue.hints("assembled.n1").await.unwrap();
        let clock = Arc::new(ManualClock::at(Timestamp(50_000)));
        let attempt = || Progress::new(Arc::clone(&queue), Arc::clone(&clock) as _);
        let step: StepId = "n1/2/assemble/0".parse().unwrap();
        let first = attempt();
        first.assembled(&step, 40);
        // Too soon to be told, and known all the same.
        first.assembled(&step, 90);
        assert_eq!(heard(&mut hints).await, [40]);
        for (said, told) in [(10, 90), (80, 90), (100, 100)] {
            clock.advance(EVERY);
            first.assembled(&step, said);
            assert_eq!(heard(&mut hints).await, [told]);
        }
        attempt().assembled(&step, 10);
        assert_eq!(heard(&mut hints).await, [10], "another attempt begins again");
    }

    #[test]
    fn a_hint_reads_back_and_others_do_not() {
        let hint = Assembled { run: 1, millis: 7 };
        assert_eq!(Assembled::decode(&hint.encode()), Some(hint));
        for other in [&b""[..], b"n1 7", br#"{"run":1}"#] {
            assert_eq!(Assembled::decode(other), None);
        }
    }
}
