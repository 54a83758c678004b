//! What a person sees while a narration is made: how much of it, how much audio that is, how long
//! it still takes, and why it waits if it does. A program reads the same as JSON.

use std::time::Duration;

use lectern_proto::v1::narration::State;
use lectern_proto::v1::{Narration, WaitReason};
use serde::Serialize;
use tokio::time::Instant;

use super::out::Out;
use super::words;

/// Where a line cannot be written over, a stage is told of again after so long.
const EVERY: Duration = Duration::from_secs(10);
/// A pace is believed once it was watched for so long.
const PACE: Duration = Duration::from_secs(2);

/// Shows the progress of one narration.
#[derive(Debug)]
pub struct Progress {
    out: Out,
    /// The document, as it was named on the command line; empty where nothing else is narrated.
    source: String,
    /// What was told of last, and when.
    told: Option<(Stage, Instant)>,
    last: String,
    pace: Option<Pace>,
}

/// What a line is about: a change is told at once.
type Stage = (State, WaitReason);

/// How fast a stage gets on, since it was first watched.
#[derive(Debug, Clone, Copy)]
struct Pace {
    state: State,
    since: Instant,
    /// Seconds of audio that were there then.
    from: f64,
}

/// How far a narration has come, in numbers.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
struct Figures {
    /// Of the stage, 0 to 100; none where that is not known.
    percent: Option<u32>,
    /// Seconds of audio that are made: recorded, or joined while files are being made.
    made: f64,
    /// Seconds of audio of the whole; none before it is planned.
    whole: Option<f64>,
    /// Seconds until the stage is over; none before a pace is known.
    remaining: Option<f64>,
}

/// A line of JSON.
#[derive(Debug, Serialize)]
struct Event<'a> {
    event: &'static str,
    #[serde(skip_serializing_if = "str::is_empty")]
    source: &'a str,
    narration: &'a str,
    state: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    percent: Option<u32>,
    /// Seconds of audio that are made.
    audio_made: u64,
    /// Seconds of audio that are left to make.
    #[serde(skip_serializing_if = "Option::is_none")]
    audio_left: Option<u64>,
    /// Seconds until it is made, estimated.
    #[serde(skip_serializing_if = "Option::is_none")]
    time_left: Option<u64>,
    /// Why it waits.
    #[serde(skip_serializing_if = "Option::is_none")]
    waits: Option<String>,
}

impl Progress {
    /// Shows the narration of a document by `out`.
    #[must_use]
    pub fn new(out: &Out, source: impl Into<String>) -> Self {
        let source = source.into();
        Self { out: out.clone(), source, told: None, last: String::new(), pace: None }
    }

    /// Shows where the narration stands.
    pub fn show(&mut self, narration: &Narration) {
        let now = Instant::now();
        let figures = self.figures(narration, now);
        let line = describe(narration, figures);
        if line == self.last {
            return;
        }
        self.out.json(&event(&self.source, narration, figures));
        let stage = (narration.state(), narration.wait_reason());
        let due = self.told.is_none_or(|(told, at)| told != stage || now.duration_since(at) >= EVERY);
        if self.out.live() {
            self.out.over(&line);
        } else if due {
            self.out.say(&line);
            self.told = Some((stage, now));
        }
        self.last = line;
    }

    /// Tells something besides the progress.
    pub fn say(&mut self, text: &str) {
        self.out.say(text);
        // What is written over comes again below it.
        self.last.clear();
    }

    /// Ends the line that is written over.
    pub fn end(&self) {
        self.out.clear();
    }

    fn figures(&mut self, narration: &Narration, now: Instant) -> Figures {
        let progress = narration.progress.unwrap_or_default();
        let length = |length: Option<prost_types::Duration>| length.as_ref().map(exact);
        let recorded = length(progress.recorded_duration).unwrap_or_default();
        let (made, whole) = match narration.state() {
            State::Assembling => (length(progress.assembled_duration), Some(recorded).filter(|all| *all > 0.0)),
            State::Succeeded => (Some(recorded), length(narration.duration).or(Some(recorded))),
            State::Unspecified
            | State::Queued
            | State::Extracting
            | State::Planning
            | State::Narrating
            | State::Failed
            | State::Cancelled
            | State::AwaitingApproval => (Some(recorded), length(progress.estimated_duration)),
        };
        // What is assembled may be unknown, and is no zero then.
        let Some(made) = made else { return Figures { whole, ..Figures::default() } };
        let percent = whole.filter(|whole| *whole > 0.0).map(|whole| share(made, whole));
        let remaining = whole.and_then(|whole| self.remaining(narration.state(), made, whole, now));
        Figures { percent, made, whole, remaining }
    }

    /// How long a stage still takes at the pace since it was first watched.
    fn remaining(&mut self, state: State, made: f64, whole: f64, now: Instant) -> Option<f64> {
        let begun = Pace { state, since: now, from: made };
        let pace = *self.pace.insert(self.pace.filter(|pace| pace.state == state).unwrap_or(begun));
        let (took, came) = (now.duration_since(pace.since), made - pace.from);
        (took >= PACE && came > 0.0).then(|| (whole - made).max(0.0) * took.as_secs_f64() / came)
    }
}

/// Seconds of a length.
fn exact(length: &prost_types::Duration) -> f64 {
    #[allow(clippy::cast_precision_loss, reason = "seconds of audio")]
    let seconds = length.seconds as f64;
    seconds + f64::from(length.nanos) / 1e9
}

/// A share in whole percent; it is complete only when the stage is over.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 100 after the clamp")]
fn share(made: f64, whole: f64) -> u32 {
    (made / whole * 100.0).clamp(0.0, 100.0) as u32
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "seconds of audio, not negative")]
fn whole(seconds: f64) -> u64 {
    seconds.max(0.0).round() as u64
}

fn event<'a>(source: &'a str, narration: &'a Narration, figures: Figures) -> Event<'a> {
    let waits = narration.wait_reason();
    Event {
        event: "progress",
        source,
        narration: &narration.name,
        state: state(narration.state()),
        percent: figures.percent,
        audio_made: whole(figures.made),
        audio_left: figures.whole.map(|all| whole(all - figures.made)),
        time_left: figures.remaining.map(whole),
        waits: (waits != WaitReason::Unspecified).then(|| super::word(waits.as_str_name(), "WAIT_REASON_")),
    }
}

/// A state in a word: `succeeded`.
pub fn state(state: State) -> String {
    super::word(state.as_str_name(), "STATE_")
}

/// Why a narration waits, as a person reads it; none where it goes on.
#[must_use]
pub const fn waits(reason: WaitReason) -> Option<&'static str> {
    match reason {
        WaitReason::Unspecified => None,
        WaitReason::Queue => Some("its turn has not come"),
        WaitReason::Paused => Some("an operator has paused what it needs"),
        WaitReason::Suspended => Some("the tenant is suspended; an administrator can resume it"),
        WaitReason::EngineUnavailable => Some("its engine, such as the voice, is out of order; it is tried again"),
        WaitReason::Budget => Some("its budget is used up; it goes on when that grows, or the next month begins"),
    }
}

fn describe(narration: &Narration, figures: Figures) -> String {
    let stage = match narration.state() {
        State::Unspecified | State::Queued => "  queued".to_owned(),
        State::Extracting => "  reading the document".to_owned(),
        State::Planning => "  planning the script".to_owned(),
        State::AwaitingApproval => "  waiting for the script's approval".to_owned(),
        State::Narrating => audio("narrating", figures),
        State::Assembling => audio("assembling", figures),
        State::Succeeded => "  done".to_owned(),
        State::Failed => "  failed".to_owned(),
        State::Cancelled => "  cancelled".to_owned(),
    };
    match waits(narration.wait_reason()) {
        Some(reason) => format!("{stage}; it waits: {reason}"),
        None => stage,
    }
}

/// `narrating   34 %  1:20 of about 3:55, 2:35 left, 0:40 to go`
fn audio(stage: &str, figures: Figures) -> String {
    let clock = |seconds: f64| words::clock(whole(seconds));
    let mut line = format!("  {stage:<11}");
    if let Some(percent) = figures.percent {
        line.push_str(&format!("{percent:>3} %  "));
    }
    line.push_str(&match figures.whole {
        Some(all) if figures.percent.is_some() => {
            format!("{} of about {}, {} left", clock(figures.made), clock(all), clock(all - figures.made))
        }
        Some(all) => format!("about {}", clock(all)),
        None => format!("{} so far", clock(figures.made)),
    });
    if let Some(remaining) = figures.remaining {
        line.push_str(&format!(", {} to go", clock(remaining)));
    }
    line
}

#[cfg(test)]
mod tests {
    use lectern_proto::v1::Progress as Counts;

    use super::*;
    use crate::client::out::Mode;

    fn seconds(seconds: i64) -> Option<prost_types::Duration> {
        Some(prost_types::Duration { seconds, nanos: 0 })
    }

    fn narration(state: State, counts: Counts) -> Narration {
        Narration {
            name: "narrations/n1".to_owned(),
            state: state.into(),
            progress: Some(counts),
            ..Narration::default()
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_line_has_percent_audio_and_time_left() {
        let mut progress = Progress::new(&Out::new(Mode::Quiet), "a.md");
        let at = |recorded| {
            let counts =
                Counts { recorded_duration: seconds(recorded), estimated_duration: seconds(200), ..Counts::default() };
            narration(State::Narrating, counts)
        };
        let mut line = |narration: &Narration| {
            let figures = progress.figures(narration, Instant::now());
            (describe(narration, figures), event("a.md", narration, figures).time_left)
        };
        assert_eq!(line(&at(0)), ("  narrating    0 %  0:00 of about 3:20, 3:20 left".to_owned(), None));
        tokio::time::advance(Duration::from_secs(10)).await;
        let (told, left) = line(&at(50));
        assert_eq!(told, "  narrating   25 %  0:50 of about 3:20, 2:30 left, 0:30 to go");
        assert_eq!(left, Some(30));
    }

    #[tokio::test(start_paused = true)]
    async fn assembling_has_a_pace_of_its_own_and_may_be_unknown() {
        let mut progress = Progress::new(&Out::new(Mode::Quiet), "");
        let at = |assembled| {
            let counts = Counts { recorded_duration: seconds(100), assembled_duration: assembled, ..Counts::default() };
            narration(State::Assembling, counts)
        };
        let mut line = |narration: &Narration| {
            let figures = progress.figures(narration, Instant::now());
            describe(narration, figures)
        };
        assert_eq!(line(&at(None)), "  assembling about 1:40");
        assert_eq!(line(&at(seconds(0))), "  assembling   0 %  0:00 of about 1:40, 1:40 left");
        tokio::time::advance(Duration::from_secs(4)).await;
        assert_eq!(line(&at(seconds(50))), "  assembling  50 %  0:50 of about 1:40, 0:50 left, 0:04 to go");
    }

    #[test]
    fn it_says_why_it_waits() {
        let mut waiting = narration(State::Queued, Counts::default());
        waiting.wait_reason = WaitReason::Paused.into();
        let line = describe(&waiting, Figures::default());
        assert_eq!(line, "  queued; it waits: an operator has paused what it needs");
        let event = serde_json::to_value(event("a.md", &waiting, Figures::default())).unwrap();
        assert_eq!((&event["waits"], &event["state"]), (&"paused".into(), &"queued".into()));
    }
}
