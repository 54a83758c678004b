//! Commands out and events in: the conductor's side of `lectern.work.v1`.

use lectern_core::id::{StepId, StepKind};
use lectern_core::keys::TenantSecret;
use lectern_core::{Digest, Failure, text};
use lectern_proto::convert;
use lectern_proto::work::v1::{self as work, command::Work, event};
use prost::Message as _;

use crate::domain::{Artifact, Bill, Narration, ScriptEdits, StepOutcome, Tally, style};

/// The layout of commands that this code writes, and the newest of events that it reads.
pub const SCHEMA: i32 = 6;

/// Hexadecimal digits of a script's etag: as many as nobody meets twice.
const SCRIPT_ETAG_DIGITS: usize = 16;

/// The keys of everything that a narration's steps make. They follow from what is pinned, so the
/// record need not hold them.
#[derive(Debug, Clone)]
pub struct ObjectKeys {
    secret: TenantSecret,
    /// The content of the source.
    pub content: Digest,
    /// The plan.
    pub plan: Digest,
    edits: Option<ScriptEdits>,
    voice: String,
    delivery: String,
    formats: String,
}

impl ObjectKeys {
    /// The keys of `narration` under the installation's `master` secret.
    #[must_use]
    pub fn of(narration: &Narration, master: &[u8]) -> Self {
        let secret = TenantSecret::derive(master, &narration.tenant);
        let pins = &narration.pins;
        let content = secret.content(&pins.source, &pins.extractor);
        let plan = secret.plan(&content, &narration.order_key().to_string(), &pins.script);
        let (voice, delivery) = pins.speakers.canonical(narration.spec.speed);
        let formats = narration.spec.formats.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
        Self { secret, content, plan, edits: narration.edits.clone(), voice, delivery, formats }
    }

    /// A section as it was written.
    #[must_use]
    pub fn written(&self, index: u32) -> Digest {
        self.secret.section(&self.plan, index)
    }

    /// A section as it is spoken: as it was written, or what a caller's edits made of that.
    #[must_use]
    pub fn section(&self, index: u32) -> Digest {
        let written = self.written(index);
        match self.edits.as_ref().filter(|edits| edits.sections.contains(index)) {
            Some(edits) => self.secret.edited(&written, &edits.key),
            None => written,
        }
    }

    /// A caller's edits of the script; none where there are none.
    #[must_use]
    pub fn edits(&self) -> Option<Digest> {
        self.edits.as_ref().map(|edits| edits.key)
    }

    /// What tells the script from every other one. No object has this key.
    #[must_use]
    pub fn script(&self) -> Digest {
        self.edits().map_or(self.plan, |edits| self.secret.edited(&self.plan, &edits))
    }

    /// What callers tell the script by from what it was before an edit, and from that of a run
    /// which is written by another version.
    #[must_use]
    pub fn script_etag(&self) -> String {
        let mut etag = self.script().to_string();
        etag.truncate(SCRIPT_ETAG_DIGITS);
        etag
    }

    /// A recorded section.
    #[must_use]
    pub fn track(&self, index: u32) -> Digest {
        self.secret.track(&self.section(index), &self.voice, &self.delivery)
    }

    /// The finished recording.
    #[must_use]
    pub fn recording(&self) -> Digest {
        self.secret.recording(&self.script(), &self.voice, &self.delivery, &self.formats)
    }
}

/// How `narration` is spoken.
#[must_use]
pub fn delivery(narration: &Narration) -> work::Delivery {
    let order = &narration.spec.order;
    convert::delivery_to_wire(&narration.pins.speakers, narration.spec.speed, |place| style(order, place))
}

/// How a section is recorded, whose keys are among `keys`: as its command says, and as whoever
/// listens to it meanwhile has to know.
#[must_use]
pub fn record_section(
    narration: &Narration,
    keys: &ObjectKeys,
    section: u32,
    budget: Option<work::Budget>,
) -> work::RecordSection {
    work::RecordSection {
        section_key: keys.section(section).to_string(),
        index: convert::number(section),
        delivery: Some(delivery(narration)),
        track_key: keys.track(section).to_string(),
        budget,
    }
}

/// The command of `step`, encoded; `month` is the budget that its tenant has of its own for a
/// month, in millionths of a US dollar.
#[must_use]
pub fn command(narration: &Narration, step: &StepId, master: &[u8], month: Option<u64>) -> Vec<u8> {
    let month_micro_usd = month.map(|month| i64::try_from(month).unwrap_or(i64::MAX));
    let budget = Some(work::Budget { month_micro_usd });
    let keys = ObjectKeys::of(narration, master);
    let content_key = keys.content.to_string();
    let plan_key = keys.plan.to_string();
    let order = &narration.spec.order;
    let (engine, writer) = (narration.pins.script.clone(), narration.pins.writer.clone());
    let (other_languages, spoken_languages) = convert::other_languages_to_wire(&order.other_languages);
    let index = i32::try_from(step.index).unwrap_or(i32::MAX);
    let work = match step.kind {
        StepKind::Extract => Work::ExtractDocument(work::ExtractDocument {
            document: narration.document.to_string(),
            source: narration.pins.source.to_string(),
            extractor: narration.pins.extractor.clone(),
            content_key,
            file_name: narration.pins.file_name.clone(),
        }),
        StepKind::Plan => Work::PlanScript(work::PlanScript {
            other_languages: other_languages.into(),
            spoken_languages,
            emoji: convert::emoji_to_wire(order.emoji).into(),
            content_key,
            style: convert::style_to_wire(order.style).into(),
            length: order.length.map(convert::length_to_wire),
            footnotes: convert::footnotes_to_wire(order.footnotes).into(),
            language_code: order.language.clone().unwrap_or_default(),
            engine,
            plan_key,
            selection: convert::selection_to_wire(&order.selection),
            skip: convert::kinds_to_wire(&order.skip),
            read: convert::kinds_to_wire(&order.read),
            direction: convert::direction_to_wire(&order.direction),
            cast: convert::cast_to_wire(&order.cast),
            budget,
            writer,
        }),
        StepKind::Write => Work::WriteSection(work::WriteSection {
            content_key,
            plan_key,
            index,
            engine,
            section_key: keys.written(step.index).to_string(),
            budget,
            writer,
        }),
        StepKind::Record => Work::RecordSection(record_section(narration, &keys, step.index, budget)),
        StepKind::Assemble => Work::AssembleRecording(work::AssembleRecording {
            content_key,
            plan_key,
            section_count: i32::try_from(narration.sections().unwrap_or(0)).unwrap_or(i32::MAX),
            delivery: Some(delivery(narration)),
            formats: narration.spec.formats.clone(),
            recording_key: keys.recording().to_string(),
            edits_key: keys.edits().map(|edits| edits.to_string()).unwrap_or_default(),
            edited_sections: edited_sections(narration),
        }),
    };
    work::Command {
        schema: SCHEMA,
        step: step.to_string(),
        tenant: narration.tenant.to_string(),
        scope: narration.scope.to_string(),
        work: Some(work),
    }
    .encode_to_vec()
}

/// The sections that a caller's edits change, in order.
fn edited_sections(narration: &Narration) -> Vec<i32> {
    let edited = narration.edits.iter().flat_map(|edits| edits.sections.indexes());
    edited.map(convert::number).collect()
}

/// An event, as it was read.
#[derive(Debug, Clone, PartialEq)]
pub struct Read {
    /// Which step ended.
    pub step: StepId,
    /// How.
    pub outcome: StepOutcome,
    /// What the step's narration has cost by then, where that is known.
    pub bill: Option<Bill>,
}

/// Reads an event.
///
/// # Errors
/// INTERNAL when the bytes are not an event that this version knows; the caller leaves it to a
/// newer replica.
pub fn event(bytes: &[u8]) -> Result<Read, Failure> {
    let event =
        work::Event::decode(bytes).map_err(|e| Failure::internal(format!("an event cannot be decoded: {e}")))?;
    let step: StepId = event.step.parse().map_err(|e| Failure::internal(format!("an event names no step: {e}")))?;
    if event.schema > SCHEMA {
        return Err(Failure::internal(format!("the event of {step} has layout {}, newer than {SCHEMA}", event.schema)));
    }
    let bill = match &event.outcome {
        Some(event::Outcome::Planned(planned)) => planned.spent.as_ref().map(bill),
        Some(event::Outcome::Written(written)) => written.spent.as_ref().map(bill),
        Some(event::Outcome::Recorded(recorded)) => recorded.spent.as_ref().map(bill),
        Some(event::Outcome::Extracted(_) | event::Outcome::Assembled(_) | event::Outcome::Failed(_)) | None => None,
    };
    let outcome = match event.outcome {
        Some(event::Outcome::Extracted(_)) => StepOutcome::Extracted,
        Some(event::Outcome::Planned(planned)) => StepOutcome::Planned {
            sections: unsigned(planned.section_count),
            words: u64::try_from(planned.word_count).unwrap_or(0),
            title: text::stripped(&planned.title),
            language: planned.language_code,
            notes: planned.notes.iter().map(|note| text::stripped(note)).collect(),
        },
        Some(event::Outcome::Written(_)) => StepOutcome::Written,
        Some(event::Outcome::Recorded(recorded)) => StepOutcome::Recorded(tally(&recorded)),
        Some(event::Outcome::Assembled(assembled)) => StepOutcome::Assembled {
            sample_rate: unsigned(assembled.sample_rate_hertz),
            samples: u64::try_from(assembled.sample_count).unwrap_or(0),
            artifacts: assembled.files.into_iter().map(artifact).collect::<Result<_, _>>()?,
        },
        Some(event::Outcome::Failed(failed)) => {
            StepOutcome::Failed(convert::failure(&failed.failure.unwrap_or_default()))
        }
        None => return Err(Failure::internal(format!("the event of {step} has no outcome"))),
    };
    Ok(Read { step, outcome, bill })
}

/// What a narration has cost.
fn bill(spent: &work::Spent) -> Bill {
    let count = |count: i64| u64::try_from(count).unwrap_or(0);
    Bill {
        calls: count(spent.call_count),
        unknown: count(spent.unknown_call_count),
        input: count(spent.input_token_count),
        cached: count(spent.cached_token_count),
        output: count(spent.output_token_count),
        thoughts: count(spent.thought_token_count),
        characters: count(spent.character_count),
        micro_usd: count(spent.cost_micro_usd),
        first_call: count(spent.first_call_millis),
    }
}

/// What a recorded section counts.
fn tally(recorded: &work::Recorded) -> Tally {
    let (utterances, reused) = (unsigned(recorded.utterance_count), unsigned(recorded.reused_utterance_count));
    let samples = u64::try_from(recorded.sample_count).unwrap_or(0);
    let rate = u64::from(unsigned(recorded.sample_rate_hertz));
    Tally {
        utterances: utterances.into(),
        reused: reused.min(utterances).into(),
        words: u64::try_from(recorded.word_count).unwrap_or(0),
        millis: samples.saturating_mul(1_000).checked_div(rate).unwrap_or(0),
    }
}

fn unsigned(value: i32) -> u32 {
    u32::try_from(value).unwrap_or(0)
}

fn artifact(file: work::File) -> Result<Artifact, Failure> {
    Ok(Artifact {
        name: file.name,
        media_type: file.mime_type,
        size: u64::try_from(file.size_bytes).unwrap_or(0),
        sha256: file.sha256.parse().map_err(|e| Failure::internal(format!("an event's artefact: {e}")))?,
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use lectern_core::content::script::{
        Character, ContentKind, EmojiPolicy, NumberRange, OtherLanguages, Selection, Style,
    };
    use lectern_core::speakers::{PinnedSpeaker, PinnedVoice, style_key};

    use super::*;
    use crate::domain::Bits;
    use crate::testing::narration;

    fn event_of(recorded: work::Recorded) -> StepOutcome {
        let outcome = Some(event::Outcome::Recorded(recorded));
        let step = "n1/1/record/0".to_owned();
        let event = work::Event { schema: SCHEMA, step, outcome, ..work::Event::default() };
        super::event(&event.encode_to_vec()).expect("an event").outcome
    }

    #[test]
    fn a_recorded_section_says_what_it_counts() {
        let recorded = work::Recorded {
            sample_rate_hertz: 24_000,
            sample_count: 36_000,
            utterance_count: 7,
            reused_utterance_count: 3,
            word_count: 60,
            spent: None,
        };
        let counted = Tally { utterances: 7, reused: 3, words: 60, millis: 1_500 };
        assert_eq!(event_of(recorded), StepOutcome::Recorded(counted));
        let strange = work::Recorded {
            sample_rate_hertz: 0,
            sample_count: -1,
            utterance_count: 2,
            reused_utterance_count: 9,
            word_count: -5,
            spent: None,
        };
        let counted = Tally { utterances: 2, reused: 2, words: 0, millis: 0 };
        assert_eq!(event_of(strange), StepOutcome::Recorded(counted));
    }

    fn character(name: &str) -> Character {
        Character { name: name.to_owned(), role: String::new(), manner: String::new() }
    }

    #[test]
    fn what_a_narration_has_cost_comes_with_its_plan_its_sections_and_their_speech() {
        let spent = work::Spent {
            call_count: 3,
            unknown_call_count: 1,
            input_token_count: 10,
            character_count: 40,
            cost_micro_usd: 7,
            ..work::Spent::default()
        };
        let written = work::Written { utterance_count: 2, spent: Some(spent) };
        let planned = work::Planned { section_count: 1, spent: Some(spent), ..work::Planned::default() };
        let recorded = work::Recorded { spent: Some(spent), ..work::Recorded::default() };
        for (step, outcome) in [
            ("n1/1/write/0", event::Outcome::Written(written)),
            ("n1/1/plan/0", event::Outcome::Planned(planned)),
            ("n1/1/record/0", event::Outcome::Recorded(recorded)),
        ] {
            let (step, outcome) = (step.to_owned(), Some(outcome));
            let event = work::Event { schema: SCHEMA, step, outcome, ..work::Event::default() };
            let read = super::event(&event.encode_to_vec()).expect("an event");
            let known = Bill { calls: 3, unknown: 1, input: 10, characters: 40, micro_usd: 7, ..Bill::default() };
            assert_eq!(read.bill, Some(known));
        }
    }

    #[test]
    fn a_plan_is_asked_for_as_it_was_ordered() {
        let mut n = narration();
        n.spec.order.selection =
            Selection { pages: vec![NumberRange { first: 3, last: 9 }], first: Some(60), ..Selection::ALL };
        n.spec.order.skip = BTreeSet::from([ContentKind::Code]);
        n.spec.order.read = BTreeSet::from([ContentKind::FrontMatter, ContentKind::Citations]);
        n.spec.order.language = Some("en".to_owned());
        n.spec.order.other_languages = OtherLanguages::Speak(BTreeSet::from(["de".to_owned()]));
        n.spec.order.emoji = EmojiPolicy::Dropped;
        n.spec.order.style = Style::Dialogue;
        n.spec.order.direction.focus = "the moon".to_owned();
        n.spec.order.cast = ["Ann", "Bo"].map(character).to_vec();
        let step = "n1/1/plan/0".parse().expect("a step");
        let command = work::Command::decode(&*command(&n, &step, b"master", Some(7))).expect("a command");
        assert_eq!(command.schema, SCHEMA);
        let Some(Work::PlanScript(plan)) = command.work else { panic!("a plan is asked for") };
        assert_eq!(convert::plan_order(&plan), Ok(n.spec.order));
        assert_eq!(plan.budget, Some(work::Budget { month_micro_usd: Some(7) }));
    }

    #[test]
    fn only_what_was_edited_is_read_under_another_key_and_only_by_those_that_speak_it() {
        let plain = narration();
        let mut edited = plain.clone();
        let mut sections = Bits::default();
        sections.insert(1);
        edited.edits = Some(ScriptEdits { key: Digest::of(b"edits"), sections });
        let (before, after) = (ObjectKeys::of(&plain, b"master"), ObjectKeys::of(&edited, b"master"));
        assert_eq!((before.plan, before.section(0), before.track(0)), (after.plan, after.section(0), after.track(0)));
        assert_ne!((before.section(1), before.track(1)), (after.section(1), after.track(1)));
        assert_eq!(before.section(1), after.written(1), "it is written as it was");
        assert_ne!((before.script(), before.recording()), (after.script(), after.recording()));
        assert_eq!(before.script(), before.plan);
        assert!(before.script_etag().len() == 16 && before.script_etag() != after.script_etag());

        let command_of = |n: &Narration, step: &str| {
            let step = step.parse().expect("a step");
            work::Command::decode(&*command(n, &step, b"master", None)).expect("a command").work.expect("work")
        };
        let Work::WriteSection(write) = command_of(&edited, "n1/1/write/1") else { panic!("a section is written") };
        assert_eq!(write.section_key, after.written(1).to_string());
        let Work::RecordSection(record) = command_of(&edited, "n1/1/record/1") else { panic!("a section is spoken") };
        assert_eq!(record.section_key, after.section(1).to_string());
        let Work::AssembleRecording(files) = command_of(&edited, "n1/1/assemble/0") else { panic!("files are made") };
        assert_eq!((files.edits_key, files.edited_sections), (Digest::of(b"edits").to_string(), vec![1]));
        let Work::AssembleRecording(files) = command_of(&plain, "n1/1/assemble/0") else { panic!("files are made") };
        assert_eq!((files.edits_key.as_str(), files.edited_sections.len()), ("", 0));
    }

    /// A worker's breakers, and so what it announces, and the turns here go by the same name.
    #[test]
    fn commands_of_a_script_name_the_writer_as_its_turn_does() {
        let mut n = narration();
        (n.pins.writer, n.pins.script) = ("own".to_owned(), "openai/model+prompts/1".to_owned());
        let command_of = |step: &str| {
            let step = step.parse().expect("a step");
            work::Command::decode(&*command(&n, &step, b"master", None)).expect("a command").work.expect("work")
        };
        let Work::PlanScript(plan) = command_of("n1/1/plan/0") else { panic!("a script is planned") };
        let Work::WriteSection(write) = command_of("n1/1/write/0") else { panic!("a section is written") };
        assert_eq!((plan.writer.as_str(), plan.engine.as_str()), ("own", "openai/model+prompts/1"));
        assert_eq!((write.writer, write.engine), (plan.writer, plan.engine));
        let turn = crate::conduct::wanted::turn(&n, lectern_core::id::Service::Ai);
        assert_eq!((turn.engine.as_str(), turn.wire.as_str()), ("own", "openai"));
    }

    #[test]
    fn who_speaks_is_in_the_commands_and_in_the_keys_of_what_is_spoken() {
        let plain = narration();
        let mut talk = plain.clone();
        let voice = |name: &str| PinnedVoice {
            name: format!("engines/tone/voices/{name}"),
            version: "1".to_owned(),
            sample_rate: 24_000,
        };
        let second = PinnedSpeaker { style: style_key("dry"), ..PinnedSpeaker::only(voice("b")) };
        let first = PinnedSpeaker { others: vec![voice("c")], ..PinnedSpeaker::only(voice("a")) };
        talk.spec.order.style = Style::Dialogue;
        talk.spec.order.cast = ["Ann", "Bo"].map(character).to_vec();
        talk.spec.order.cast[1].manner = "dry".to_owned();
        talk.pins.speakers = vec![first, second].try_into().expect("two");
        let step = "n1/1/record/0".parse().expect("a step");
        let command = work::Command::decode(&*command(&talk, &step, b"master", None)).expect("a command");
        let Some(Work::RecordSection(record)) = command.work else { panic!("a section is spoken") };
        let spoken = record.delivery.expect("how it is spoken");
        assert_eq!(convert::speakers(&spoken).as_ref(), Ok(&talk.pins.speakers), "as the stage reads it");
        assert_eq!(spoken.speakers[1].style, "dry");

        let keys = ObjectKeys::of(&talk, b"master");
        assert_eq!(record.track_key, keys.track(0).to_string());
        let alone = Narration { pins: plain.pins.clone(), ..talk.clone() };
        let other = ObjectKeys::of(&alone, b"master");
        assert_eq!(keys.section(0), other.section(0), "what is said is the same");
        assert_ne!((keys.track(0), keys.recording()), (other.track(0), other.recording()));
        talk.delete(talk.updated);
        let after = ObjectKeys::of(&talk, b"master");
        assert_eq!((keys.track(0), keys.recording()), (after.track(0), after.recording()), "by keys of its words");
    }

    #[test]
    fn what_a_deleted_one_used_is_known_when_its_callers_words_are_forgotten() {
        let mut n = narration();
        n.spec.order.direction.instructions = "Call her Dr. Field.".to_owned();
        let before = ObjectKeys::of(&n, b"master");
        n.delete(n.updated);
        assert!(n.spec.order.direction.is_plain());
        let after = ObjectKeys::of(&n, b"master");
        assert_eq!((before.plan, before.recording()), (after.plan, after.recording()));
        assert_ne!(before.plan, ObjectKeys::of(&narration(), b"master").plan);
    }

    #[test]
    fn what_is_not_all_of_a_document_lies_under_keys_of_its_own() {
        let plain = narration();
        let mut first = plain.clone();
        first.spec.order.selection.first = Some(60);
        let (plain, first) = (ObjectKeys::of(&plain, b"master"), ObjectKeys::of(&first, b"master"));
        assert_eq!(plain.content, first.content);
        assert_ne!(plain.plan, first.plan);
        assert_ne!((plain.section(0), plain.recording()), (first.section(0), first.recording()));
    }
}
