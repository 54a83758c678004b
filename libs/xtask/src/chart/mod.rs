//! The Helm chart, held to what an operator needs of it: every value set is rendered by the real
//! Helm, linted, held to the schemas of two versions of Kubernetes and of the kinds of others, and
//! looked into for the sixty properties. Wrong values must be refused, and no value may be wired to
//! nothing.

pub mod helm;
mod immutable;
mod made;
mod mutations;
pub mod objects;
mod properties;
mod readme;
mod refusals;
mod settings;
mod values;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context, Result};
use clap::Args;
use serde_json::Value;

use self::helm::{CHART, Helm};
use self::objects::Object;
use self::properties::{Chart, LONG, LONG_RELEASE};
use crate::{files, repo};

/// What is done.
#[derive(Args)]
pub struct Options {
    /// Makes anew what is made and committed: the README, and the table in docs.
    #[arg(long)]
    write: bool,
    /// At a release alone: commits the fields of this chart's objects that no later release may
    /// change, in place of the last release's.
    #[arg(long)]
    release: bool,
    /// Leaves out what takes longest, the change of every value.
    #[arg(long)]
    quick: bool,
}

/// Checks the chart; prints what is wrong.
pub fn run(options: &Options) -> Result<ExitCode> {
    let start = Instant::now();
    let mut problems = made::differing(&made::wanted()?, options.write)?;
    let helm = Helm::pinned()?;
    let sets = value_sets()?;
    let renders = rendered(&helm, &sets)?;
    let files = ["values.yaml", "Chart.yaml"].map(|name| repo::path(&format!("{CHART}/{name}")));
    let read = objects::read(&renders, files.to_vec())?;
    problems.extend(read.problems);
    let [values, about] = files.map(|file| read.facts.get(&file).cloned().unwrap_or_default());
    let schema: Value = serde_json::from_str(&made::text(&format!("{CHART}/values.schema.json"))?)?;
    let wrong = chart_files("ci/wrong", "yaml")?;

    let chart = Chart {
        notes: sets.iter().map(|(set, file)| Ok((set.clone(), helm.notes(file)?))).collect::<Result<_>>()?,
        about,
        schema: schema.clone(),
        readme: made::text(&format!("{CHART}/README.md"))?,
        service_config: serde_json::from_str(&made::text("docs/service-config.json")?)?,
        dashboards: chart_files("files/dashboards", "json")?.len(),
        sets: read.objects,
    };
    problems.extend(properties::findings(&chart));
    problems.extend(refused_settings(&chart)?);
    for (set, before) in made::last_release(&chart.sets, options.release)? {
        match chart.sets.get(&set) {
            Some(now) => problems.extend(immutable::changed(&set, &before, now)),
            None => problems.push(format!("{set} was a value set of the last release, and is none now")),
        }
    }
    for file in sets.values() {
        if let Err(error) = helm.lint(file) {
            problems.push(format!("{error:#}"));
        }
    }
    problems.extend(refusals::taken(&helm, &sets, &wrong)?);
    let mut leaves = 0;
    if !options.quick {
        let (unwired, count) = mutations::unwired(&helm, &sets, &renders, &values, &schema)?;
        problems.extend(unwired);
        leaves = count;
    }

    for problem in &problems {
        println!("{problem}");
    }
    println!(
        "chart: {} value sets, {} objects, {} wrong files, {leaves} values changed, {} problems ({:.1} s)",
        sets.len(),
        chart.objects().count(),
        wrong.len(),
        problems.len(),
        start.elapsed().as_secs_f64()
    );
    Ok(if problems.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The value sets by name.
fn value_sets() -> Result<BTreeMap<String, PathBuf>> {
    let set = |file: PathBuf| Some((file.file_stem()?.to_string_lossy().into_owned(), file));
    Ok(chart_files("ci", "yaml")?.into_iter().filter_map(set).collect())
}

/// The files of a folder of the chart with this extension, sorted.
fn chart_files(folder: &str, extension: &str) -> Result<Vec<PathBuf>> {
    files::with_extension(&repo::path(CHART).join(folder), extension)
}

/// All value sets as Helm renders them, and one for a release with a long name.
fn rendered(helm: &Helm, sets: &BTreeMap<String, PathBuf>) -> Result<BTreeMap<String, String>> {
    let mut renders = BTreeMap::new();
    for (set, file) in sets {
        renders.insert(set.clone(), helm.render(file)?);
    }
    let production = sets.get("production").context("there is no value set production")?;
    renders.insert(LONG.to_owned(), helm.named(LONG_RELEASE).render(production)?);
    Ok(renders)
}

/// What the programs refuse of their rendered settings.
fn refused_settings(chart: &Chart) -> Result<Vec<String>> {
    let scratch = repo::target().join("chart");
    std::fs::create_dir_all(&scratch).with_context(|| scratch.display().to_string())?;
    let mut problems = Vec::new();
    for object in chart.objects().filter(|object: &Object<'_>| object.kind() == "ConfigMap") {
        problems.extend(settings::refused(object, &scratch)?);
    }
    Ok(problems)
}
