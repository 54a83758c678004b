//! A simulated process: its clock, its randomness, and what may befall it at any call of a port. It
//! runs until a fuse burns down at such a call; from then on none of its calls returns, and its
//! supervisor drops all that is left of it.

use std::fmt::Display;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use lectern_core::random::SeededRandom;
use lectern_core::{Clock, Random};
use parking_lot::Mutex;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::trace::Trace;

/// A write that was given up lands within this, in milliseconds; a driver's time-out and a
/// server's are not far apart.
const LATEST: u64 = 8_000;

/// What goes wrong with one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Nothing is done, and the caller knows.
    Refused,
    /// Nothing is done, and the caller does not know.
    LostRequest,
    /// It is done, and the caller does not know.
    LostAnswer,
}

/// How often calls go wrong, each in thousandths.
#[derive(Debug, Clone, Copy, Default)]
pub struct Weather {
    /// Calls that are refused.
    pub refused: u64,
    /// Calls whose request or answer is lost.
    pub ambiguous: u64,
    /// Calls that take much longer.
    pub slow: u64,
    /// Writes of which the caller hears no more, and that land later.
    pub late: u64,
    /// Reads that nobody decides on, and that answer what was true a while ago.
    pub stale: u64,
}

/// One start of one process.
#[derive(Debug)]
pub struct Process {
    /// `tts-0.3`: the service, the replica, its how-manieth start.
    pub name: String,
    /// Whether it is of the newer release.
    pub newer: bool,
    /// Its clock, which may be wrong.
    pub clock: Arc<dyn Clock>,
    /// The randomness of the code that runs in it.
    pub random: Arc<dyn Random>,
    /// Fires when it dies.
    pub died: CancellationToken,
    /// What happens is noted here.
    pub trace: Arc<Trace>,
    chance: SeededRandom,
    weather: Weather,
    healed: Arc<AtomicBool>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    calls: u64,
    fuse: Option<Fuse>,
    paused: Option<Instant>,
    disturbed: Instant,
}

/// Where a process dies: at its `call`th call, before or after the effect.
#[derive(Debug, Clone, Copy)]
struct Fuse {
    call: u64,
    after: bool,
}

impl Process {
    /// A process that starts now.
    pub fn new(
        name: String,
        newer: bool,
        seed: u64,
        clock: Arc<dyn Clock>,
        trace: Arc<Trace>,
        weather: Weather,
        healed: Arc<AtomicBool>,
    ) -> Self {
        Self {
            name,
            newer,
            clock,
            random: Arc::new(SeededRandom::new(seed)),
            died: CancellationToken::new(),
            trace,
            chance: SeededRandom::new(seed ^ 0x5eed),
            weather,
            healed,
            state: Mutex::new(State { calls: 0, fuse: None, paused: None, disturbed: Instant::now() }),
        }
    }

    /// Lets it die at the `calls`th call from now on.
    pub fn light_fuse(&self, calls: u64, after: bool) {
        let mut state = self.state.lock();
        state.fuse = Some(Fuse { call: state.calls + calls, after });
    }

    /// Stops it for a while, as SIGSTOP does.
    pub fn pause(&self, duration: Duration) {
        self.trace.note(&self.name, format_args!("stopped for {duration:?}"));
        self.trace.count("pauses of processes");
        self.state.lock().paused = Some(Instant::now() + duration);
        self.disturb(duration);
    }

    /// Notes that something holds it up for so long from now.
    pub fn disturb(&self, duration: Duration) {
        let mut state = self.state.lock();
        state.disturbed = state.disturbed.max(Instant::now() + duration);
    }

    /// Since when nothing has held it up: no slow call, no stop, and no database that is away. It
    /// may lie ahead.
    pub fn undisturbed_since(&self) -> Instant {
        self.state.lock().disturbed
    }

    /// Ends it at once; does not return.
    pub async fn die(&self) {
        self.trace.note(&self.name, format_args!("dies"));
        self.trace.count("crashes");
        self.died.cancel();
        std::future::pending().await
    }

    /// Runs one call of a port: other tasks and time come in between, before it and after it, and
    /// the process may die there.
    pub async fn call<T, E: Display>(
        &self,
        op: &'static str,
        subject: &str,
        effect: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        let call = self.before().await;
        let result = effect.await;
        match &result {
            Ok(_) => self.trace.note(&self.name, format_args!("{op} {subject}")),
            Err(error) => self.trace.note(&self.name, format_args!("{op} {subject}: {error}")),
        }
        self.after(call).await;
        result
    }

    /// What goes wrong with the next call, if anything.
    pub fn fault(&self) -> Option<Fault> {
        if self.healed.load(Ordering::SeqCst) {
            return None;
        }
        let drawn = self.chance.below(1_000);
        let Weather { refused, ambiguous, .. } = self.weather;
        if drawn < refused {
            Some(Fault::Refused)
        } else if drawn < refused + ambiguous {
            Some(if drawn.is_multiple_of(2) { Fault::LostRequest } else { Fault::LostAnswer })
        } else {
            None
        }
    }

    /// Whether something of this many thousandths happens now; never after faults have ended.
    pub fn happens(&self, thousandths: u64) -> bool {
        !self.healed.load(Ordering::SeqCst) && self.chance.below(1_000) < thousandths
    }

    /// How much later the next write lands, if its caller has given it up by then.
    pub fn late(&self) -> Option<Duration> {
        (self.weather.late > 0 && self.happens(self.weather.late))
            .then(|| Duration::from_millis(200 + self.chance.below(LATEST)))
    }

    /// Whether the next read that may be stale is.
    pub fn stale(&self) -> bool {
        self.weather.stale > 0 && self.happens(self.weather.stale)
    }

    /// Whether reads may be stale in this world, and answers are remembered for that.
    pub fn remembers(&self) -> bool {
        self.weather.stale > 0 && !self.healed.load(Ordering::SeqCst)
    }

    async fn before(&self) -> u64 {
        let call = {
            let mut state = self.state.lock();
            state.calls += 1;
            state.calls
        };
        self.pass_time().await;
        if self.burnt(call, false) {
            self.die().await;
        }
        call
    }

    async fn after(&self, call: u64) {
        if self.burnt(call, true) {
            self.die().await;
        }
        self.pass_time().await;
    }

    async fn pass_time(&self) {
        let drawn = self.chance.next();
        for _ in 0..drawn % 3 {
            tokio::task::yield_now().await;
        }
        let latency = if self.happens(self.weather.slow) {
            self.trace.count("slow calls");
            let latency = 500 + self.chance.below(3_000);
            self.disturb(Duration::from_millis(latency));
            latency
        } else if drawn & 0x30 == 0 {
            1 + (drawn >> 32) % 12
        } else {
            0
        };
        if latency > 0 {
            tokio::time::sleep(Duration::from_millis(latency)).await;
        }
        loop {
            let paused = self.state.lock().paused;
            match paused {
                Some(until) if Instant::now() < until => tokio::time::sleep_until(until).await,
                Some(_) | None => break,
            }
        }
        if self.died.is_cancelled() {
            std::future::pending::<()>().await;
        }
    }

    fn burnt(&self, call: u64, after: bool) -> bool {
        !self.healed.load(Ordering::SeqCst)
            && self.state.lock().fuse.is_some_and(|fuse| fuse.call <= call && fuse.after == after)
    }
}
