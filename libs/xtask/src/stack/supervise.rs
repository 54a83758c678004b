//! What becomes of a part of the stack that ends: when it is started again, and when that is given
//! up. Pure: it knows names and times (since the stack's start), and nothing of processes.
//!
//! Servers come first: a service is started only while all servers run, and one that ends while a
//! server is away has done no wrong.

use std::collections::BTreeMap;
use std::time::Duration;

/// A part that ran for so long is well: what it died of before is forgotten.
pub const STEADY: Duration = Duration::from_secs(60);
/// Deaths in a row, none of them after [`STEADY`], at which a part is given up.
pub const MOST_DEATHS: u32 = 6;
/// How long a part that was told to end may take before it is killed.
pub const STOP: Duration = Duration::from_secs(30);
/// Before the first start after a death; doubled for each further one in a row.
const FIRST_DELAY: Duration = Duration::from_millis(500);
const LONGEST_DELAY: Duration = Duration::from_secs(10);

/// What others stand on is a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rank {
    /// NATS, MongoDB.
    Server,
    /// A replica of one of our services.
    Service,
}

/// Where a part is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It does not run; it is started from then on.
    Down { not_before: Duration },
    /// Its start was begun.
    Starting,
    /// It runs.
    Running { since: Duration },
    /// It was told to end, or killed for not ending.
    Stopping { since: Duration, killed: bool },
    /// It died again and again; it is started only when somebody asks for it.
    GivenUp,
}

/// What is wanted of a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wanted {
    Up,
    /// That it ends and starts again.
    Anew,
    /// That it ends and is no part any more.
    Gone,
}

#[derive(Debug)]
struct Part {
    rank: Rank,
    state: State,
    wanted: Wanted,
    deaths: u32,
}

/// What is to be done now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Start the part of this name, and say how it went.
    Start(String),
    /// Tell it to end.
    Terminate(String),
    /// End it at once.
    Kill(String),
}

/// What becomes of a part that ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is started again after so long.
    Again { after: Duration },
    /// It is started again once all servers run.
    AfterServers,
    /// It is not started again by itself.
    GivenUp,
    /// It was told to end, and is started again now.
    Restarting,
    /// It was told to end, and is gone.
    Gone,
}

/// All parts, and what is wanted of them.
#[derive(Debug, Default)]
pub struct Supervisor {
    parts: BTreeMap<String, Part>,
}

impl Supervisor {
    /// Adds a part that is to be started.
    pub fn add(&mut self, name: &str, rank: Rank, now: Duration) {
        self.insert(name, rank, State::Down { not_before: now });
    }

    /// Adds a part that runs already.
    pub fn add_running(&mut self, name: &str, rank: Rank, now: Duration) {
        self.insert(name, rank, State::Running { since: now });
    }

    fn insert(&mut self, name: &str, rank: Rank, state: State) {
        self.parts.insert(name.to_owned(), Part { rank, state, wanted: Wanted::Up, deaths: 0 });
    }

    /// Where the part is; none if there is no such part.
    pub fn state(&self, name: &str) -> Option<State> {
        self.parts.get(name).map(|part| part.state)
    }

    /// The names of all parts.
    pub fn names(&self) -> Vec<String> {
        self.parts.keys().cloned().collect()
    }

    /// Whether every part runs.
    pub fn all_run(&self) -> bool {
        self.parts.values().all(|part| matches!(part.state, State::Running { .. }))
    }

    /// Whether a start was begun and has not said how it went.
    pub fn any_starts(&self) -> bool {
        self.parts.values().any(|part| part.state == State::Starting)
    }

    /// A server that does not run.
    pub fn missing_server(&self) -> Option<&str> {
        let missing = |part: &Part| part.rank == Rank::Server && !matches!(part.state, State::Running { .. });
        self.parts.iter().find(|(_, part)| missing(part)).map(|(name, _)| name.as_str())
    }

    /// Asks that the part ends and starts again, or that one that waits or was given up starts now.
    /// False if there is no such part.
    pub fn restart(&mut self, name: &str) -> bool {
        self.want(name, Wanted::Anew)
    }

    /// Asks that the part ends and is no part any more. False if there is no such part.
    pub fn remove(&mut self, name: &str) -> bool {
        self.want(name, Wanted::Gone)
    }

    /// Asks for a part that was to go and has not ended yet. False if there is no such part.
    pub fn keep(&mut self, name: &str) -> bool {
        self.want(name, Wanted::Up)
    }

    fn want(&mut self, name: &str, wanted: Wanted) -> bool {
        let Some(part) = self.parts.get_mut(name) else { return false };
        part.wanted = wanted;
        true
    }

    /// What is to be done now; each is said once.
    pub fn next(&mut self, now: Duration) -> Vec<Action> {
        let over = |part: &Part| matches!(part.state, State::Down { .. } | State::GivenUp);
        self.parts.retain(|_, part| part.wanted != Wanted::Gone || !over(part));
        let servers_run = self.missing_server().is_none();
        self.parts.iter_mut().filter_map(|(name, part)| part.next(name, servers_run, now)).collect()
    }

    /// A start succeeded.
    pub fn started(&mut self, name: &str, now: Duration) {
        if let Some(part) = self.parts.get_mut(name) {
            part.state = State::Running { since: now };
            // It has just started, as it was asked to.
            if part.wanted == Wanted::Anew {
                part.wanted = Wanted::Up;
            }
        }
    }

    /// A process ended, or a start failed. None if there is no such part.
    pub fn ended(&mut self, name: &str, now: Duration) -> Option<Verdict> {
        let server_away = self.missing_server().is_some_and(|server| server != name);
        let part = self.parts.get_mut(name)?;
        let verdict = part.ended(server_away, now);
        if verdict == Verdict::Gone {
            self.parts.remove(name);
        }
        Some(verdict)
    }
}

impl Part {
    fn next(&mut self, name: &str, servers_run: bool, now: Duration) -> Option<Action> {
        match self.state {
            State::Down { not_before } => {
                let asked = self.wanted == Wanted::Anew;
                if asked {
                    self.afresh(now);
                }
                let may = self.rank == Rank::Server || servers_run;
                if !may || !(asked || now >= not_before) {
                    return None;
                }
                self.state = State::Starting;
                Some(Action::Start(name.to_owned()))
            }
            State::GivenUp if self.wanted == Wanted::Anew => {
                self.afresh(now);
                self.next(name, servers_run, now)
            }
            State::Running { .. } if self.wanted != Wanted::Up => {
                self.state = State::Stopping { since: now, killed: false };
                Some(Action::Terminate(name.to_owned()))
            }
            State::Stopping { since, killed: false } if now >= since + STOP => {
                self.state = State::Stopping { since, killed: true };
                Some(Action::Kill(name.to_owned()))
            }
            State::Starting | State::Running { .. } | State::Stopping { .. } | State::GivenUp => None,
        }
    }

    /// It may start at once, whatever was before.
    fn afresh(&mut self, now: Duration) {
        self.deaths = 0;
        self.wanted = Wanted::Up;
        self.state = State::Down { not_before: now };
    }

    fn ended(&mut self, server_away: bool, now: Duration) -> Verdict {
        if self.wanted == Wanted::Gone {
            return Verdict::Gone;
        }
        match self.state {
            State::Stopping { .. } => {
                self.afresh(now);
                return Verdict::Restarting;
            }
            State::Running { since } if now >= since + STEADY => self.deaths = 0,
            State::Down { .. } | State::Starting | State::Running { .. } | State::GivenUp => {}
        }
        if server_away && self.rank == Rank::Service {
            self.state = State::Down { not_before: now };
            return Verdict::AfterServers;
        }
        self.deaths += 1;
        if self.deaths >= MOST_DEATHS {
            self.state = State::GivenUp;
            return Verdict::GivenUp;
        }
        let after = (FIRST_DELAY * 2_u32.pow(self.deaths - 1)).min(LONGEST_DELAY);
        self.state = State::Down { not_before: now + after };
        Verdict::Again { after }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    /// Two servers and two services, all running since the start.
    fn stack() -> Supervisor {
        let mut stack = Supervisor::default();
        for (name, rank) in
            [("mongod", Rank::Server), ("nats", Rank::Server), ("gateway", Rank::Service), ("tts", Rank::Service)]
        {
            stack.add_running(name, rank, at(0));
        }
        stack
    }

    fn start(name: &str) -> Vec<Action> {
        vec![Action::Start(name.to_owned())]
    }

    #[test]
    fn a_part_that_dies_again_and_again_is_started_after_growing_delays_and_given_up() {
        let mut stack = stack();
        let mut now = at(1_000);
        let mut delays = Vec::new();
        let verdict = loop {
            match stack.ended("tts", now).unwrap() {
                Verdict::Again { after } => {
                    delays.push(after.as_millis());
                    assert!(stack.next(now + after - at(1)).is_empty());
                    now += after;
                    assert_eq!(stack.next(now), start("tts"));
                    assert!(stack.next(now).is_empty(), "each is said once");
                    stack.started("tts", now);
                    now += at(10);
                }
                verdict @ (Verdict::AfterServers | Verdict::GivenUp | Verdict::Restarting | Verdict::Gone) => {
                    break verdict;
                }
            }
        };
        assert_eq!(verdict, Verdict::GivenUp);
        assert_eq!(delays, [500, 1_000, 2_000, 4_000, 8_000]);
        assert_eq!(delays.len() + 1, MOST_DEATHS as usize);
        assert!(stack.next(now + at(1_000_000)).is_empty());
        assert_eq!(stack.state("tts"), Some(State::GivenUp));

        // Asked for, it has all its chances again.
        assert!(stack.restart("tts"));
        assert_eq!(stack.next(now), start("tts"));
        assert_eq!(stack.ended("tts", now), Some(Verdict::Again { after: FIRST_DELAY }));
    }

    #[test]
    fn who_ran_for_long_is_forgiven_its_earlier_deaths() {
        let mut stack = stack();
        let mut now = at(0);
        for _ in 0..20 {
            now += STEADY;
            assert_eq!(stack.ended("tts", now), Some(Verdict::Again { after: FIRST_DELAY }));
            now += FIRST_DELAY;
            assert_eq!(stack.next(now), start("tts"));
            stack.started("tts", now);
        }
    }

    #[test]
    fn a_start_that_fails_is_a_death() {
        let mut stack = stack();
        assert_eq!(stack.ended("nats", at(0)), Some(Verdict::Again { after: at(500) }));
        assert_eq!(stack.next(at(500)), start("nats"));
        assert_eq!(stack.ended("nats", at(600)), Some(Verdict::Again { after: at(1_000) }));
    }

    #[test]
    fn services_wait_for_servers_and_are_not_blamed_for_their_absence() {
        let mut stack = stack();
        assert_eq!(stack.ended("mongod", at(0)), Some(Verdict::Again { after: FIRST_DELAY }));
        assert_eq!(stack.missing_server(), Some("mongod"));
        for _ in 0..2 * MOST_DEATHS {
            assert_eq!(stack.ended("gateway", at(1)), Some(Verdict::AfterServers));
        }
        // The other server is no reason to wait for a server.
        assert_eq!(stack.ended("nats", at(2)), Some(Verdict::Again { after: FIRST_DELAY }));
        let both = stack.next(at(600));
        assert_eq!(both, [Action::Start("mongod".to_owned()), Action::Start("nats".to_owned())]);
        stack.started("mongod", at(700));
        assert!(stack.next(at(700)).is_empty());
        stack.started("nats", at(800));
        assert_eq!(stack.next(at(800)), start("gateway"));
    }

    #[test]
    fn a_restart_ends_and_starts_at_once_and_kills_who_does_not_end() {
        let mut stack = stack();
        assert!(!stack.restart("nobody"));
        assert!(stack.restart("tts"));
        assert_eq!(stack.next(at(0)), [Action::Terminate("tts".to_owned())]);
        assert!(stack.next(STOP - at(1)).is_empty());
        assert_eq!(stack.next(STOP), [Action::Kill("tts".to_owned())]);
        assert!(stack.next(STOP * 2).is_empty());
        assert_eq!(stack.ended("tts", STOP * 2), Some(Verdict::Restarting));
        assert_eq!(stack.next(STOP * 2), start("tts"));
        stack.started("tts", STOP * 2);
        assert!(stack.all_run());
    }

    #[test]
    fn a_restart_of_one_that_waits_does_not_wait() {
        let mut stack = stack();
        stack.ended("tts", at(0));
        assert!(stack.next(at(1)).is_empty());
        assert!(stack.restart("tts"));
        assert_eq!(stack.next(at(1)), start("tts"));
        // Asked again while it starts: the start answers it.
        assert!(stack.restart("tts"));
        assert!(stack.next(at(2)).is_empty());
        stack.started("tts", at(3));
        assert!(stack.next(at(3)).is_empty());
    }

    #[test]
    fn a_part_is_removed_wherever_it_is() {
        let mut stack = stack();
        stack.add("tts-2", Rank::Service, at(0));
        stack.add("tts-3", Rank::Service, at(0));
        assert_eq!(stack.next(at(0)), [Action::Start("tts-2".to_owned()), Action::Start("tts-3".to_owned())]);
        stack.started("tts-2", at(1));
        // One that runs, one that starts, and one that waits.
        stack.ended("tts", at(1));
        for name in ["tts", "tts-2", "tts-3"] {
            assert!(stack.remove(name));
        }
        assert_eq!(stack.next(at(1)), [Action::Terminate("tts-2".to_owned())]);
        assert_eq!(stack.state("tts"), None);
        assert_eq!(stack.ended("tts-2", at(2)), Some(Verdict::Gone));
        assert!(stack.any_starts());
        stack.started("tts-3", at(3));
        assert_eq!(stack.next(at(3)), [Action::Terminate("tts-3".to_owned())]);
        // Wanted again before it ended.
        assert!(stack.keep("tts-3"));
        assert_eq!(stack.ended("tts-3", at(4)), Some(Verdict::Restarting));
        assert_eq!(stack.next(at(4)), start("tts-3"));
        assert_eq!(stack.ended("nobody", at(4)), None);
    }
}
