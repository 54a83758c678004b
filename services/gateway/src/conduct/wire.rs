//! Commands out and events in: the conductor's side of `lectern.work.v1`.

use lectern_core::id::{StepId, StepKind};
use lectern_core::keys::{self, TenantSecret};
use lectern_core::{Digest, Failure, text};
use lectern_proto::convert;
use lectern_proto::work::v1::{self as work, command::Work, event};
use prost::Message as _;

use crate::domain::{Artifact, Narration, Outcome};

/// The layout of commands that this code writes, and the newest of events that it reads.
pub const SCHEMA: i32 = 2;

/// The keys of everything that a narration's steps make. They follow from what is pinned, so the
/// record need not hold them.
#[derive(Debug, Clone)]
pub struct Keys {
    secret: TenantSecret,
    /// The content of the source.
    pub content: Digest,
    /// The plan.
    pub plan: Digest,
    voice: String,
    delivery: String,
    formats: String,
}

impl Keys {
    /// The keys of `narration` under the installation's `master` secret.
    #[must_use]
    pub fn of(narration: &Narration, master: &[u8]) -> Self {
        let secret = TenantSecret::derive(master, &narration.tenant);
        let pins = &narration.pins;
        let content = secret.content(&pins.source, &pins.extractor);
        let plan = secret.plan(&content, &keys::order(&narration.order), &pins.script);
        let (voice, delivery) = keys::delivery(&pins.voice, &pins.voice_version, narration.speed);
        let formats = narration.formats.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
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
        speed: f64::from(narration.speed) / 100.0,
    }
}

/// The command of `step`, encoded.
#[must_use]
pub fn command(narration: &Narration, step: &StepId, master: &[u8]) -> Vec<u8> {
    let keys = Keys::of(narration, master);
    let content_key = keys.content.to_string();
    let plan_key = keys.plan.to_string();
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
            style: convert::style_to_wire(narration.order.style).into(),
            length: narration.order.length.map(convert::length_to_wire),
            footnotes: convert::footnotes_to_wire(narration.order.footnotes).into(),
            language_code: narration.order.language.clone().unwrap_or_default(),
            engine,
            plan_key,
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
            section_count: i32::try_from(narration.sections).unwrap_or(i32::MAX),
            delivery: Some(delivery(narration)),
            formats: narration.formats.clone(),
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
pub fn event(bytes: &[u8]) -> Result<(StepId, Outcome), Failure> {
    let event =
        work::Event::decode(bytes).map_err(|e| Failure::internal(format!("an event cannot be decoded: {e}")))?;
    let step: StepId = event.step.parse().map_err(|e| Failure::internal(format!("an event names no step: {e}")))?;
    if event.schema > SCHEMA {
        return Err(Failure::internal(format!("the event of {step} has layout {}, newer than {SCHEMA}", event.schema)));
    }
    let outcome = match event.outcome {
        Some(event::Outcome::Extracted(_)) => Outcome::Extracted,
        Some(event::Outcome::Planned(planned)) => Outcome::Planned {
            sections: unsigned(planned.section_count),
            words: u64::try_from(planned.word_count).unwrap_or(0),
            title: text::stripped(&planned.title),
            language: planned.language_code,
            notes: planned.notes.iter().map(|note| text::stripped(note)).collect(),
        },
        Some(event::Outcome::Written(_)) => Outcome::Written,
        Some(event::Outcome::Recorded(_)) => Outcome::Recorded,
        Some(event::Outcome::Assembled(assembled)) => Outcome::Assembled {
            sample_rate: unsigned(assembled.sample_rate_hertz),
            samples: u64::try_from(assembled.sample_count).unwrap_or(0),
            artifacts: assembled.files.into_iter().map(artifact).collect::<Result<_, _>>()?,
        },
        Some(event::Outcome::Failed(failed)) => Outcome::Failed(convert::failure(&failed.failure.unwrap_or_default())),
        None => return Err(Failure::internal(format!("the event of {step} has no outcome"))),
    };
    Ok((step, outcome))
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
