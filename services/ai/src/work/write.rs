//! `WriteSection`: one planned section to utterances.

use lectern_core::Failure;
use lectern_core::content::document::Content;
use lectern_core::content::script::{Plan, Section, SkipReason};
use lectern_proto::work::v1::{WriteSection, Written, event::Outcome};
use lectern_stage::work::{Job, key, same_pin};
use tracing::error;

use super::compute;
use crate::compose::{self, Stop};

/// Puts the written section under its key.
pub async fn write(job: &Job, command: WriteSection) -> Result<Outcome, Failure> {
    same_pin(&command.engine, compose::ENGINE_PIN)?;
    let folder = job.objects.folder();
    let path = folder.section(&key(&command.section_key, "section_key")?);
    if let Some(section) = job.objects.find_json::<Section>(&path).await? {
        return Ok(written(&section));
    }
    let index = u32::try_from(command.index).map_err(|_| Failure::internal("a command's index is negative"))?;
    let content: Content = job.objects.read_json(&folder.content(&key(&command.content_key, "content_key")?)).await?;
    let plan: Plan = job.objects.read_json(&folder.plan(&key(&command.plan_key, "plan_key")?)).await?;
    let stop = Stop::at(job.cancel.clone());
    let section = compute(move || compose::write_section(&content, &plan, index, &stop)).await?;
    for defect in section.skipped.iter().filter(|skip| skip.reason == SkipReason::Unaccounted) {
        let (block, range) = (defect.block, defect.range);
        error!(step = %job.step, block, ?range, "the rules neither speak this nor say why not; it is listed as skipped");
    }
    job.check()?;
    job.objects.write_json(&path, &section).await?;
    Ok(written(&section))
}

fn written(section: &Section) -> Outcome {
    Outcome::Written(Written { utterance_count: i32::try_from(section.utterances.len()).unwrap_or(i32::MAX) })
}
