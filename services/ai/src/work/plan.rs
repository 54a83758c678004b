//! `PlanScript`: content to plan.

use std::sync::Arc;

use lectern_core::Failure;
use lectern_core::content::{document::Content, script::Plan};
use lectern_proto::convert;
use lectern_proto::work::v1::{PlanScript, Planned, Spent, event::Outcome};
use lectern_stage::work::{Job, key};

use super::answers::Kept;
use super::{Scripts, bill};
use crate::engine::Writing;

/// Puts the plan under its key and says what is in it.
pub async fn plan(job: &Job, scripts: &Scripts, command: PlanScript) -> Result<Outcome, Failure> {
    let Scripts { engines, cashier } = scripts;
    let engine = &engines.of_pin(&command.engine)?.engine;
    let spent = || bill::spent(job, cashier, engine.capabilities());
    let content_key = key(&command.content_key, "content_key")?;
    let plan_key = key(&command.plan_key, "plan_key")?;
    let path = job.objects.folder().plan(&plan_key);
    if let Some(plan) = job.objects.find_json::<Plan>(&path).await? {
        return Ok(planned(&plan, spent().await));
    }
    let order = convert::plan_order(&command)?;
    let content: Arc<Content> = Arc::new(job.objects.read_json(&job.objects.folder().content(&content_key)).await?);
    let answers = Kept::new(job, plan_key);
    let payments = bill::payments(job, cashier, command.budget);
    let (cancel, answers, payments) = (job.cancel.clone(), &answers, &payments);
    let work = Writing { content: &content, content_key, order: &order, cancel, answers, payments };
    let plan = engine.plan(&work).await?;
    job.check()?;
    job.objects.write_json(&path, &plan).await?;
    Ok(planned(&plan, spent().await))
}

fn planned(plan: &Plan, spent: Option<Spent>) -> Outcome {
    Outcome::Planned(Planned {
        section_count: i32::try_from(plan.sections.len()).unwrap_or(i32::MAX),
        word_count: plan.sections.iter().map(|section| i64::from(section.words)).sum(),
        title: convert::title(&plan.title),
        language_code: plan.language.clone(),
        notes: plan.notes.iter().take(10).map(|note| note.message.clone()).collect(),
        spent,
    })
}
