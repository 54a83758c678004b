//! Commands out and events in: the conductor's side of `lectern.work.v1`.

use lectern_core::id::{StepId, StepKind};
use lectern_core::keys::{self, TenantSecret};
use lectern_core::{Digest, Failure, text};
use lectern_proto::convert;
use lectern_proto::work::v1::{self as work, command::Work, event};
use prost::Message as _;

use crate::domain::{Artifact, Narration, StepOutcome, Tally};

/// The layout of commands that this code writes, and the newest of events that it reads.
pub const SCHEMA: i32 = 3;

/// The keys of everything that a narration's steps make. They follow from what is pinned, so the
/// record need not hold them.
#[derive(Debug, Clone)]
pub struct ObjectKeys {
    secret: TenantSecret,
    /// The content of the source.
    pub content: Digest,
    /// The plan.
    pub plan: Digest,
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
        let plan = secret.plan(&content, &keys::order(&narration.spec.order), &pins.script);
        let (voice, delivery) = keys::delivery(&pins.voice, &pins.voice_version, narration.spec.speed);
        let formats = narration.spec.formats.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
        Self { secret, content, plan, voice, delivery, formats }
    }

    /// A written section.
    #[must_use]
    pub fn section(&self, index: u32) -> Digest {
        self.secret.section(&self.plan, index)
    }

    /// A recorded section.
    #[must_use]
    pub fn track(&self, index: u32) -> Digest {
        self.secret.track(&self.section(index), &self.voice, &self.delivery)
    }

    /// The finished recording.
    #[must_use]
    pub fn recording(&self) -> Digest {
        self.secret.recording(&self.plan, &self.voice, &self.delivery, &self.formats)
    }
}

/// How `narration` is spoken.
#[must_use]
pub fn delivery(narration: &Narration) -> work::Delivery {
    work::Delivery {
        voice: narration.pins.voice.clone(),
        version: narration.pins.voice_version.clone(),
        speed: f64::from(narration.spec.speed) / 100.0,
    }
}

/// The command of `step`, encoded.
#[must_use]
pub fn command(narration: &Narration, step: &StepId, master: &[u8]) -> Vec<u8> {
    let keys = ObjectKeys::of(narration, master);
    let content_key = keys.content.to_string();
    let plan_key = keys.plan.to_string();
    let order = &narration.spec.order;
    let engine = narration.pins.script.clone();
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
        }),
        StepKind::Write => Work::WriteSection(work::WriteSection {
            content_key,
            plan_key,
            index,
            engine,
            section_key: keys.section(step.index).to_string(),
        }),
        StepKind::Record => Work::RecordSection(work::RecordSection {
            section_key: keys.section(step.index).to_string(),
            index,
            delivery: Some(delivery(narration)),
            track_key: keys.track(step.index).to_string(),
        }),
        StepKind::Assemble => Work::AssembleRecording(work::AssembleRecording {
            content_key,
            plan_key,
            section_count: i32::try_from(narration.sections().unwrap_or(0)).unwrap_or(i32::MAX),
            delivery: Some(delivery(narration)),
            formats: narration.spec.formats.clone(),
            recording_key: keys.recording().to_string(),
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

/// Reads an event.
///
/// # Errors
/// INTERNAL when the bytes are not an event that this version knows; the caller leaves it to a
/// newer replica.
pub fn event(bytes: &[u8]) -> Result<(StepId, StepOutcome), Failure> {
    let event =
        work::Event::decode(bytes).map_err(|e| Failure::internal(format!("an event cannot be decoded: {e}")))?;
    let step: StepId = event.step.parse().map_err(|e| Failure::internal(format!("an event names no step: {e}")))?;
    if event.schema > SCHEMA {
        return Err(Failure::internal(format!("the event of {step} has layout {}, newer than {SCHEMA}", event.schema)));
    }
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
    Ok((step, outcome))
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

    use lectern_core::content::script::{ContentKind, NumberRange, Selection};

    use super::*;
    use crate::testing::narration;

    fn event_of(recorded: work::Recorded) -> StepOutcome {
        let outcome = Some(event::Outcome::Recorded(recorded));
        let step = "n1/1/record/0".to_owned();
        let event = work::Event { schema: SCHEMA, step, outcome, ..work::Event::default() };
        super::event(&event.encode_to_vec()).expect("an event").1
    }

    #[test]
    fn a_recorded_section_says_what_it_counts() {
        let recorded = work::Recorded {
            sample_rate_hertz: 24_000,
            sample_count: 36_000,
            utterance_count: 7,
            reused_utterance_count: 3,
            word_count: 60,
        };
        let counted = Tally { utterances: 7, reused: 3, words: 60, millis: 1_500 };
        assert_eq!(event_of(recorded), StepOutcome::Recorded(counted));
        let strange = work::Recorded {
            sample_rate_hertz: 0,
            sample_count: -1,
            utterance_count: 2,
            reused_utterance_count: 9,
            word_count: -5,
        };
        let counted = Tally { utterances: 2, reused: 2, words: 0, millis: 0 };
        assert_eq!(event_of(strange), StepOutcome::Recorded(counted));
    }

    #[test]
    fn a_plan_is_asked_for_as_it_was_ordered() {
        let mut n = narration();
        n.spec.order.selection =
            Selection { pages: vec![NumberRange { first: 3, last: 9 }], first: Some(60), ..Selection::ALL };
        n.spec.order.skip = BTreeSet::from([ContentKind::Code]);
        n.spec.order.read = BTreeSet::from([ContentKind::FrontMatter, ContentKind::Citations]);
        n.spec.order.language = Some("en".to_owned());
        let step = "n1/1/plan/0".parse().expect("a step");
        let command = work::Command::decode(&*command(&n, &step, b"master")).expect("a command");
        assert_eq!(command.schema, SCHEMA);
        let Some(Work::PlanScript(plan)) = command.work else { panic!("a plan is asked for") };
        assert_eq!(convert::plan_order(&plan), Ok(n.spec.order));
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
