//! `WriteSection`: one planned section to utterances.

use std::sync::Arc;

use lectern_core::Failure;
use lectern_core::content::document::Content;
use lectern_core::content::script::{Plan, Section, SkipReason};
use lectern_proto::work::v1::{Spent, WriteSection, Written, event::Outcome};
use lectern_stage::work::{Job, key};
use tracing::error;

use super::answers::Kept;
use super::{Scripts, bill};
use crate::engine::Writing;

/// Puts the written section under its key.
pub async fn write(job: &Job, scripts: &Scripts, command: WriteSection) -> Result<Outcome, Failure> {
    let Scripts { engines, cashier } = scripts;
    let engine = &engines.of_pin(&command.engine)?.engine;
    let spent = || bill::spent(job, cashier, engine.capabilities());
    let folder = job.objects.folder();
    let section_key = key(&command.section_key, "section_key")?;
    let path = folder.section(&section_key);
    if let Some(section) = job.objects.find_json::<Section>(&path).await? {
        return Ok(written(&section, spent().await));
    }
    let index = u32::try_from(command.index).map_err(|_| Failure::internal("a command's index is negative"))?;
    let content_key = key(&command.content_key, "content_key")?;
    let content: Arc<Content> = Arc::new(job.objects.read_json(&folder.content(&content_key)).await?);
    let plan: Plan = job.objects.read_json(&folder.plan(&key(&command.plan_key, "plan_key")?)).await?;
    let answers = Kept::new(job, section_key);
    let payments = bill::payments(job, cashier, command.budget);
    let (cancel, answers, payments) = (job.cancel.clone(), &answers, &payments);
    let work = Writing { content: &content, content_key, order: &plan.order, cancel, answers, payments };
    let section = engine.write(&work, &plan, index).await?;
    for defect in section.skipped.iter().filter(|skip| skip.reason == SkipReason::Unaccounted) {
        let (block, range) = (defect.block, defect.range);
        error!(step = %job.step, block, ?range, "the rules neither speak this nor say why not; it is listed as skipped");
    }
    job.check()?;
    job.objects.write_json(&path, &section).await?;
    Ok(written(&section, spent().await))
}

fn written(section: &Section, spent: Option<Spent>) -> Outcome {
    let utterance_count = i32::try_from(section.utterances.len()).unwrap_or(i32::MAX);
    Outcome::Written(Written { utterance_count, spent })
}
