//! `lectern preview`: what would be spoken of documents and what skipped, and why, before anything
//! is spent. A document is handed in for the look and erased after it.

mod print;
mod report;

use lectern_core::{Failure, Kind, Reason};
use lectern_proto::v1::narration_service_client::NarrationServiceClient;
use lectern_proto::v1::preview_document_response::Part;
use lectern_proto::v1::{Document, PreviewBlock, PreviewDocumentRequest, PreviewSummary};
use lectern_rpc::failure;
use lectern_runtime::Context;

use super::instance::Instance;
use super::{Authorized, order, transfer};
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
        let looked = look(&instance.channel, &command.script, source, &context).await;
        let printed = if command.json { print::json(source, &looked) } else { print::text(source, &looked) };
        result = result.and(looked.map(drop)).and(printed);
    }
    instance.close(result).await
}

/// Hands a document in, previews it, and erases it again, also when it is interrupted.
async fn look(channel: &Authorized, script: &Script, source: &Source, context: &Context) -> Result<Preview, Failure> {
    let interrupted = || Failure::new(Kind::Cancelled, Reason::Cancelled, "the preview was cancelled");
    let document = tokio::select! {
        document = transfer::hand_in(channel, source) => document?,
        () = context.shutdown.wait() => return Err(interrupted()),
    };
    let previewed = tokio::select! {
        previewed = preview(channel, script, &document) => previewed,
        () = context.shutdown.wait() => Err(interrupted()),
    };
    let erased = transfer::erase(channel, &document).await;
    let (summary, blocks) = previewed?;
    erased?;
    Ok(Preview { document, summary, blocks })
}

async fn preview(
    channel: &Authorized,
    script: &Script,
    document: &Document,
) -> Result<(PreviewSummary, Vec<PreviewBlock>), Failure> {
    let request = PreviewDocumentRequest { narration: Some(order::order(script, &document.name)) };
    let mut client = NarrationServiceClient::new(channel.clone());
    let mut stream = client.preview_document(request).await.map_err(|s| failure(&s))?.into_inner();
    let (mut summary, mut blocks) = (PreviewSummary::default(), Vec::<PreviewBlock>::new());
    while let Some(message) = stream.message().await.map_err(|s| failure(&s))? {
        match message.part {
            Some(Part::Summary(first)) => summary = first,
            Some(Part::Block(block)) => match blocks.last_mut().filter(|_| block.continued) {
                Some(begun) => {
                    begun.text.push_str(&block.text);
                    begun.utterances.extend(block.utterances);
                    begun.skipped.extend(block.skipped);
                }
                None => blocks.push(block),
            },
            None => {}
        }
    }
    Ok((summary, blocks))
}
