//! `lectern preview`: what would be spoken of documents and what skipped, and why, before anything
//! is spent. A document is handed in for the look and erased after it.

mod print;
mod report;

use lectern_client::Client;
use lectern_core::{Failure, Kind, Reason};
use lectern_proto::v1::{DeleteDocumentRequest, Document, PreviewBlock, PreviewSummary};
use lectern_runtime::Context;

use super::instance::Instance;
use super::{hand_in, order};
use crate::cli::{self, Script, Source};
use crate::config::Config;

/// A document as it was looked at.
#[derive(Debug)]
struct Preview {
    document: Document,
    summary: PreviewSummary,
    blocks: Vec<PreviewBlock>,
}

/// Previews every document. One that is refused is printed with its refusal, and the others follow.
///
/// # Errors
/// The first refusal or failure.
pub async fn run(command: cli::Preview, config: Config, context: Context) -> Result<(), Failure> {
    command.sources.iter().try_for_each(Source::check)?;
    let instance = Instance::open(&command.place, config, &context).await?;
    let mut result = Ok(());
    for source in &command.sources {
        let looked = look(&instance.client, &command.script, source, &context).await;
        let printed = if command.json { print::json(source, &looked) } else { print::text(source, &looked) };
        result = result.and(looked.map(drop)).and(printed);
    }
    instance.close(result).await
}

/// Hands a document in, previews it, and erases it again, also when it is interrupted.
async fn look(client: &Client, script: &Script, source: &Source, context: &Context) -> Result<Preview, Failure> {
    let interrupted = || Failure::new(Kind::Cancelled, Reason::Cancelled, "the preview was cancelled");
    let document = tokio::select! {
        document = hand_in(client, source) => document?,
        () = context.shutdown.wait() => return Err(interrupted()),
    };
    let previewed = tokio::select! {
        previewed = client.preview(order::order(script, &document.name)) => previewed,
        () = context.shutdown.wait() => Err(interrupted()),
    };
    // Without force: what is narrated meanwhile is not only of this look.
    let erase = DeleteDocumentRequest { name: document.name.clone(), ..DeleteDocumentRequest::default() };
    let erased = client.erase(erase).await;
    let lectern_client::Preview { summary, blocks } = previewed?;
    erased?;
    Ok(Preview { document, summary, blocks })
}
