//! Runs the groups and reports. Started by `cargo xtask chaos`, which prepares what it needs.

#![allow(clippy::disallowed_methods, reason = "a program of its own that waits for real processes")]

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context as _, Result};
use clap::Parser;
use futures::{StreamExt as _, stream};
use lectern_chaos::groups::Group;
use lectern_chaos::report::{GroupReport, Report};
use lectern_chaos::scale::{GROUP, Scale};
use parking_lot::Mutex;
use tokio::runtime::Runtime;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// Faults on real processes under continuous load, and what must hold afterwards.
#[derive(Debug, Parser)]
struct Arguments {
    /// Only these groups.
    groups: Vec<Group>,
    /// The short run: fewer narrations, shorter faults.
    #[arg(long)]
    quick: bool,
    /// Narrations of each group, at least.
    #[arg(long)]
    narrations: Option<usize>,
    /// Groups at once.
    #[arg(long)]
    jobs: Option<usize>,
    /// Writes the report as JSON to this file.
    #[arg(long)]
    report: Option<PathBuf>,
    /// Keeps the folders of groups that pass, too.
    #[arg(long)]
    keep: bool,
}

#[tokio::main]
async fn main() -> Result<ExitCode> {
    let arguments = Arguments::parse();
    let stop = CancellationToken::new();
    let mut interrupt = signal(SignalKind::interrupt()).context("SIGINT")?;
    let mut terminate = signal(SignalKind::terminate()).context("SIGTERM")?;
    let stopping = stop.clone();
    tokio::spawn(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        // Every group ends, and its processes with it.
        stopping.cancel();
    });
    let passed = Box::pin(run(&arguments, &stop)).await?;
    Ok(match stop.is_cancelled() {
        true => ExitCode::from(130),
        false if passed => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}

async fn run(arguments: &Arguments, stop: &CancellationToken) -> Result<bool> {
    let began = Instant::now();
    let mut scale = Scale::new(arguments.quick);
    scale.narrations = arguments.narrations.unwrap_or(scale.narrations);
    scale.jobs = arguments.jobs.unwrap_or(scale.jobs).max(1);
    let groups = if arguments.groups.is_empty() { Group::ALL.to_vec() } else { arguments.groups.clone() };
    let folder = std::env::temp_dir().join(format!("lectern-chaos-{}", std::process::id()));
    std::fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;

    let runs = groups.into_iter().map(|group| {
        let folder = folder.join(group.name());
        async move { (group, Box::pin(one(group, scale, &folder, arguments.keep, stop.clone())).await) }
    });
    let mut groups: Vec<(Group, GroupReport)> = stream::iter(runs).buffer_unordered(scale.jobs).collect().await;
    groups.sort_by_key(|(group, _)| *group);
    let groups = groups.into_iter().map(|(_, report)| report).collect();
    let report = Report { quick: scale.quick, groups, seconds: began.elapsed().as_secs() };
    let passed = report.passed();
    #[allow(clippy::print_stdout, reason = "the report")]
    {
        for group in &report.groups {
            println!("{group}");
        }
        // Once more at the end, where whoever has the tail of a log finds it.
        for group in &report.groups {
            for problem in group.all_problems() {
                println!("PROBLEM {}: {problem}", group.group);
            }
        }
        println!("chaos {} in {} s", if passed { "passed" } else { "FAILED" }, report.seconds);
    }
    if let Some(file) = &arguments.report {
        std::fs::write(file, serde_json::to_vec_pretty(&report)?).with_context(|| file.display().to_string())?;
    }
    // Empty unless a group's folder is kept.
    let _ = std::fs::remove_dir(&folder);
    Ok(passed)
}

/// One group on threads of its own, so that what it panics about ends it alone. Its processes end
/// with it.
async fn one(group: Group, scale: Scale, folder: &Path, keep: bool, stop: CancellationToken) -> GroupReport {
    let began = Instant::now();
    let report = Arc::new(Mutex::new(GroupReport { group: group.name().to_owned(), ..GroupReport::default() }));
    eprintln!("{}: begins", group.name());
    let running = {
        let (folder, report) = (folder.to_owned(), Arc::clone(&report));
        tokio::task::spawn_blocking(move || {
            std::fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
            let runtime = Runtime::new().map_err(|error| error.to_string())?;
            runtime.block_on(async {
                let run = Box::pin(group.run(scale, &folder, report));
                match stop.run_until_cancelled(tokio::time::timeout(GROUP, run)).await {
                    Some(Ok(())) => Ok(()),
                    Some(Err(_)) => Err(format!("not over after {} s", GROUP.as_secs())),
                    None => Err("interrupted".to_owned()),
                }
            })
        })
    };
    let ended = match running.await {
        Ok(ended) => ended,
        Err(broken) => Err(format!("the group broke off: {broken}")),
    };
    let mut report = report.lock().clone();
    report.problems.extend(ended.err());
    report.seconds = began.elapsed().as_secs();
    let passed = report.all_problems().is_empty();
    eprintln!("{}: {} after {} s", group.name(), if passed { "passed" } else { "FAILED" }, report.seconds);
    if passed && !keep {
        // What cannot be removed lies among the system's temporary files.
        let _ = std::fs::remove_dir_all(folder);
    } else {
        report.problems.iter().for_each(|problem| eprintln!("  {problem}"));
        eprintln!("  logs and data: {}", folder.display());
    }
    report
}
