//! Which objects a step makes: the same rules for the simulated stages that make them and for the
//! observer that looks for them.

use lectern_core::Digest;
use lectern_core::id::{ScopeId, StepId, TenantId};
use lectern_core::keys::{Folder, TenantSecret};
use lectern_gateway::conduct::wire::ObjectKeys;
use lectern_gateway::domain::{Narration, Phase};
use lectern_proto::convert;
use lectern_proto::work::v1::{Command, Delivery, command::Work};

use crate::observer::MASTER;

/// The file that an assembled recording consists of.
pub const FILE: &str = "audio.wav";

/// The objects that `step` has made when it is done. Empty for a command that cannot be read.
pub fn made(step: &StepId, command: &Command) -> Vec<String> {
    let (Ok(tenant), Ok(scope)) = (command.tenant.parse::<TenantId>(), command.scope.parse::<ScopeId>()) else {
        return Vec::new();
    };
    let folder = Folder::new(&tenant, &scope);
    let key = |text: &str| text.parse::<Digest>().ok();
    let path = match &command.work {
        Some(Work::ExtractDocument(work)) => key(&work.content_key).map(|key| vec![folder.content(&key)]),
        Some(Work::PlanScript(work)) => key(&work.plan_key).map(|key| vec![folder.plan(&key)]),
        Some(Work::WriteSection(work)) => key(&work.section_key).map(|key| vec![folder.section(&key)]),
        Some(Work::RecordSection(work)) => key(&work.track_key).map(|track| {
            let section = key(&work.section_key);
            let segments =
                section.map(|section| segments(&tenant, &section, work.delivery.as_ref())).unwrap_or_default();
            let segments = segments.iter().map(|segment| folder.segment(segment));
            segments.chain([folder.track(&track)]).collect()
        }),
        Some(Work::AssembleRecording(work)) => {
            key(&work.recording_key).map(|key| vec![folder.artifact(&step.narration, step.run, &key, FILE)])
        }
        None => None,
    };
    path.unwrap_or_default()
}

/// The files that a narration has when it has succeeded; none before.
pub fn files(narration: &Narration) -> Vec<String> {
    if narration.phase() != Phase::Succeeded {
        return Vec::new();
    }
    let recording = ObjectKeys::of(narration, MASTER).recording();
    let folder = Folder::new(&narration.tenant, &narration.scope);
    let path = |name: &str| folder.artifact(&narration.id, narration.run, &recording, name);
    narration.artifacts().iter().map(|file| path(&file.name)).collect()
}

/// The keys of a section's segments: one to three, each one paid call.
pub fn segments(tenant: &TenantId, section: &Digest, spoken: Option<&Delivery>) -> Vec<Digest> {
    let secret = TenantSecret::derive(MASTER, tenant);
    let (voice, pace) = spoken_by(spoken);
    let count = 1 + section.0[0] % 3;
    (0..count).map(|index| secret.segment(&format!("{section} {index}"), &voice, &pace)).collect()
}

/// The key of a recorded section.
pub fn track(tenant: &TenantId, plan: &Digest, index: u32, spoken: Option<&Delivery>) -> Digest {
    let secret = TenantSecret::derive(MASTER, tenant);
    let (voice, pace) = spoken_by(spoken);
    secret.track(&secret.section(plan, index), &voice, &pace)
}

fn spoken_by(spoken: Option<&Delivery>) -> (String, String) {
    let speakers = spoken.and_then(|spoken| convert::speakers(spoken).ok());
    speakers.map(|speakers| speakers.canonical(100)).unwrap_or_default()
}
