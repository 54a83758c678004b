//! What a narration says of itself, whatever its state.

use lectern_core::Timestamp;
use lectern_core::id::Service;

use super::request::Labels;
use super::state::{Outline, Script, State, Succeeded};
use super::{
    Artifact, EngineName, Narration, NarrationRequest, OrderedLexicon, Phase, Repin, Specification, StepFailure, Tally,
    Texts, Words,
};

/// Labels where there are none any more.
static NO_LABELS: Labels = Labels::none();

impl Narration {
    /// The engine that its steps at `service` need, where they need one.
    #[must_use]
    pub fn engine(&self, service: Service) -> EngineName<'_> {
        match service {
            Service::Ingest => EngineName::default(),
            Service::Ai => EngineName::of_writer(&self.pins.writer, &self.pins.script),
            Service::Tts => EngineName::of(self.pins.speakers.first().voice.engine()),
        }
    }

    /// What its caller asked for, of the writer that it had: another one would be chosen by the
    /// caller alone, also where none was named and the default is another one since.
    #[must_use]
    pub fn request(&self) -> NarrationRequest {
        let Specification {
            order,
            order_key: _,
            speakers,
            lexicons,
            default_lexicons: defaults,
            without_default_lexicons: without_defaults,
            speed,
            formats,
            time_limit,
            hold,
        } = self.spec.clone();
        // What was put when it was accepted holds, whatever its lexicons have come to, and
        // whichever there are by default.
        let words = self.pins.speakers.lexicon().map_or(Words::Nothing, |key| Words::Put(*key));
        NarrationRequest {
            document: self.document.clone(),
            display_name: self.display_name().to_owned(),
            labels: self.labels().clone(),
            order,
            writer: self.pins.writer.clone(),
            speakers,
            lexicon: OrderedLexicon { lexicons, own: Vec::new(), without_defaults, defaults, words },
            speed,
            formats,
            lane: self.lane,
            time_limit,
            hold,
        }
    }

    /// The word for its state.
    #[must_use]
    pub const fn phase(&self) -> Phase {
        self.state.phase()
    }

    /// Whether it was accepted and nothing of it has been made, in the first of its runs.
    #[must_use]
    pub const fn queued(&self) -> bool {
        matches!(self.state, State::Extracting { .. }) && self.run == 1
    }

    /// The script of this run; none before it is planned.
    #[must_use]
    pub fn script(&self) -> Option<Script<'_>> {
        self.state.script()
    }

    /// How many sections the script has, 1 or more; none before it is planned.
    #[must_use]
    pub fn sections(&self) -> Option<u32> {
        self.script().map(|script| script.sections())
    }

    /// How many sections are written.
    #[must_use]
    pub fn written(&self) -> u32 {
        self.script().map_or(0, |script| script.written())
    }

    /// How many sections are recorded.
    #[must_use]
    pub fn recorded(&self) -> u32 {
        self.script().map_or(0, |script| script.recorded())
    }

    /// Whether a section, counted from 0, is written.
    #[must_use]
    pub fn is_written(&self, section: u32) -> bool {
        self.script().is_some_and(|script| script.is_written(section))
    }

    /// Whether a section, counted from 0, is recorded.
    #[must_use]
    pub fn is_recorded(&self, section: u32) -> bool {
        self.script().is_some_and(|script| script.is_recorded(section))
    }

    /// Counts over the sections that are recorded.
    #[must_use]
    pub fn tally(&self) -> Tally {
        self.script().map_or_else(Tally::default, |script| script.tally)
    }

    /// When the first section was recorded.
    #[must_use]
    pub fn first_audio(&self) -> Option<Timestamp> {
        self.script().and_then(|script| script.first_audio)
    }

    /// What the newest plan says, which may be that of a run before; none where none was made yet.
    #[must_use]
    pub const fn outline(&self) -> Option<&Outline> {
        self.state.outline()
    }

    /// The finished recording; none where there is none.
    #[must_use]
    pub const fn recording(&self) -> Option<&Succeeded> {
        self.state.recording()
    }

    /// The files of the recording; none before it has succeeded.
    #[must_use]
    pub fn artifacts(&self) -> &[Artifact] {
        self.recording().map(|recording| recording.artifacts.as_slice()).unwrap_or_default()
    }

    /// Why it ended without a recording; none where it did not.
    #[must_use]
    pub fn failure(&self) -> Option<&StepFailure> {
        self.state.ended().map(|ended| &ended.failure)
    }

    /// When its caller ordered it, or retried it last.
    #[must_use]
    pub fn began(&self) -> Timestamp {
        self.retried.unwrap_or(self.created)
    }

    /// When it became terminal.
    #[must_use]
    pub fn finished(&self) -> Option<Timestamp> {
        let ended = self.state.ended().map(|ended| ended.finished);
        ended.or_else(|| self.recording().map(|recording| recording.finished))
    }

    /// Why it waits to be pinned anew; none where it does not.
    #[must_use]
    pub fn repin(&self) -> Option<&Repin> {
        match &self.state {
            State::Extracting { repin, .. } => repin.as_deref(),
            State::Planning { .. }
            | State::Narrating(_)
            | State::AwaitingApproval(_)
            | State::Assembling(_)
            | State::Succeeded(_)
            | State::Failed(_)
            | State::Cancelled(_) => None,
        }
    }

    /// Whether its document was erased, and every object with it.
    #[must_use]
    pub const fn erased(&self) -> bool {
        matches!(self.texts, Texts::Erased)
    }

    /// A name for people; may be empty.
    #[must_use]
    pub fn display_name(&self) -> &str {
        self.texts.kept().map_or("", |kept| kept.display_name.as_str())
    }

    /// The caller's own words on it.
    #[must_use]
    pub fn labels(&self) -> &Labels {
        self.texts.kept().map_or(&NO_LABELS, |kept| &kept.labels)
    }

    /// The recording's title; empty before the first plan.
    #[must_use]
    pub fn title(&self) -> &str {
        self.texts.kept().map_or("", |kept| kept.title.as_str())
    }

    /// What the caller should know about the script.
    #[must_use]
    pub fn notes(&self) -> &[String] {
        self.texts.kept().map(|kept| kept.notes.as_slice()).unwrap_or_default()
    }
}
