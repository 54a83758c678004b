//! `PlanScript`: content to plan.

use lectern_core::Failure;
use lectern_core::content::{document::Content, script::Plan};
use lectern_proto::convert;
use lectern_proto::work::v1::{PlanScript, Planned, event::Outcome};
use lectern_stage::work::{Job, key, same_pin};

use super::compute;
use crate::compose::{self, Stop};

/// Puts the plan under its key and says what is in it.
pub async fn plan(job: &Job, command: PlanScript) -> Result<Outcome, Failure> {
    same_pin(&command.engine, compose::ENGINE_PIN)?;
    let content_key = key(&command.content_key, "content_key")?;
    let path = job.objects.folder().plan(&key(&command.plan_key, "plan_key")?);
    if let Some(plan) = job.objects.find_json::<Plan>(&path).await? {
        return Ok(planned(&plan));
    }
    let order = convert::plan_order(&command)?;
    let content: Content = job.objects.read_json(&job.objects.folder().content(&content_key)).await?;
    let stop = Stop::at(job.cancel.clone());
    let plan = compute(move || compose::plan(&content, content_key, &order, &stop)).await?;
    job.check()?;
    job.objects.write_json(&path, &plan).await?;
    Ok(planned(&plan))
}

fn planned(plan: &Plan) -> Outcome {
    Outcome::Planned(Planned {
        section_count: i32::try_from(plan.sections.len()).unwrap_or(i32::MAX),
        word_count: plan.sections.iter().map(|section| i64::from(section.words)).sum(),
        title: convert::title(&plan.title),
        language_code: plan.language.clone(),
        notes: plan.notes.iter().take(10).map(|note| note.message.clone()).collect(),
    })
}
