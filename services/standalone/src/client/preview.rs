//! `lectern preview`: what would be spoken of documents and what skipped, and why, before anything
//! is spent. A document is handed in for the look and erased after it, unless it was there before.

mod print;
mod report;

use lectern_core::Failure;
use lectern_runtime::Context;

use super::instance::{Instance, Work};
use super::look::{Look, look};
use super::out::{Mode, Out};
use super::sources::{self, Missing};
use super::words::{self, Stop};
use super::{order, sources_of};
use crate::cli;
use crate::config::Config;
use crate::writers;

/// Previews every document. One that is refused is printed with its refusal, and the others follow.
///
/// # Errors
/// That of all documents that were refused, where it is one.
pub async fn run(command: cli::Preview, config: Config, context: Context) -> Result<(), Stop> {
    order::check(&command.script)?;
    let out = Out::new(Mode::of(command.json, false));
    let items = sources_of(&command.sources, command.name.as_deref(), &context).await?;
    // What is none needs no instance to say so.
    let any = items.iter().any(Result::is_ok);
    let instance = if any {
        let instance = Box::pin(Instance::of(&command.place, Work::Idle, &config, &context, &out)).await?;
        writers::check_own(&command.script.writing, instance.is_own())?;
        Some(instance)
    } else {
        None
    };
    let mut failed = Vec::new();
    for item in &items {
        let (label, looked) = match (item, &instance) {
            (Ok(item), Some(instance)) => {
                let order = |document: &lectern_proto::v1::Document| order::order(&command.script, &document.name);
                let looked = Box::pin(look(&instance.client, item, order, false, &context.shutdown)).await;
                (item.label.as_str(), looked.map_err(|failure| instance.explain(failure)))
            }
            (Err(Missing { label, failure }), _) => (label.as_str(), Err(failure.clone())),
            (Ok(sources::Item { label, .. }), None) => (label.as_str(), Err(Failure::internal("no instance"))),
        };
        print(&out, label, &looked);
        if let Err(failure) = &looked {
            failed.push(words::status(failure));
            out.complain(&format!("lectern: {label}: {}", words::sentence(failure)));
        }
        if context.shutdown.triggered() {
            break;
        }
    }
    let result = words::end_of_several(&failed);
    let result = match instance {
        Some(instance) => instance.close(result).await,
        None => result,
    };
    result.and(out.finish().map_err(Stop::from))
}

fn print(out: &Out, label: &str, looked: &Result<Look, Failure>) {
    match out.mode() {
        Mode::Json => out.json(&report::Report::new(label, looked)),
        Mode::Plain | Mode::Quiet => print::text(out, label, looked),
    }
}
