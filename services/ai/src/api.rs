//! gRPC in: `lectern.v1.WriterService` and `lectern.ai.v1.ScriptService`.

mod edit;
mod estimate;
mod preview;
mod writers;

use std::sync::Arc;

use async_stream::try_stream;
use lectern_blob::Blob;
use lectern_core::content::document::{Block, BlockKind, Content, Matter, SCHEMA};
use lectern_core::content::script::Style;
use lectern_core::keys::Secrets;
use lectern_core::{Clock, Digest, Failure, Kind, Reason};
use lectern_proto::ai::v1::{self as ai, script_service_server::ScriptService};
use lectern_proto::convert;
use lectern_proto::v1::{self as api, writer_service_server::WriterService};
use lectern_provider::Ledger;
use lectern_provider::wire::{self, Callers};
use lectern_rpc::{Answers, Caller, InternalService, answer, answer_stream};
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status};

use self::preview::Previews;
use crate::engine::{Capabilities, Engines, Writing};
use crate::payments::Unbilled;
use crate::work::{Unkept, unpaid};

/// Bytes of text that `ComposeScript` takes.
const TEXT_LIMIT: usize = 1024 * 1024;

/// The services over writers and scripts.
#[derive(Debug, Clone)]
pub struct Scripts {
    blob: Arc<dyn Blob>,
    engines: Engines,
    previews: Previews,
    secrets: Secrets,
    clock: Arc<dyn Clock>,
    ledger: Ledger,
}

impl Scripts {
    /// The services over `blob`, whose scripts these engines write; they compose for at most
    /// `permits` calls at once. Page tokens are sealed under the installation's secrets, and prices
    /// are those of the day by `clock`. What was spent is what `ledger` says.
    #[must_use]
    pub fn new(
        blob: Arc<dyn Blob>,
        engines: Engines,
        permits: usize,
        secrets: Secrets,
        clock: Arc<dyn Clock>,
        ledger: Ledger,
    ) -> Self {
        let previews = Previews::new(Arc::clone(&blob), engines.clone(), permits);
        Self { blob, engines, previews, secrets, clock, ledger }
    }
}

#[tonic::async_trait]
impl WriterService for Scripts {
    async fn list_writers(
        &self,
        request: Request<api::ListWritersRequest>,
    ) -> Result<Response<api::ListWritersResponse>, Status> {
        answer(request, |caller: Caller, request| async move {
            writers::list(&self.engines, &self.secrets.of(&caller.tenant), &request).await
        })
        .await
    }
}

#[tonic::async_trait]
impl ScriptService for Scripts {
    type ComposeScriptStream = Answers<ai::ComposeScriptResponse>;
    type PreviewScriptStream = Answers<ai::PreviewScriptResponse>;

    async fn describe_engine(
        &self,
        request: Request<ai::DescribeEngineRequest>,
    ) -> Result<Response<ai::DescribeEngineResponse>, Status> {
        answer(request, |_: Caller, request| async move {
            let writer = self.engines.of_writer(&request.writer, "writer")?;
            let Capabilities { styles, languages, context_tokens, output_tokens, structured: _, paid } =
                writer.engine.capabilities().clone();
            Ok(ai::DescribeEngineResponse {
                engine: writer.engine.pin().to_string(),
                styles: styles_to_wire(&styles),
                language_codes: languages,
                context_token_count: context_tokens.map(convert::number),
                output_token_count: output_tokens.map(convert::number),
                paid,
                writer: writer.name.clone(),
            })
        })
        .await
    }

    async fn compose_script(
        &self,
        request: Request<ai::ComposeScriptRequest>,
    ) -> Result<Response<Self::ComposeScriptStream>, Status> {
        answer_stream(request, |Caller { tenant, .. }, request| async move {
            let content = Arc::new(content(&request.text)?);
            let order = convert::compose_order(&request)?;
            let writer = self.engines.of_writer(&request.writer, "writer")?;
            let capabilities = writer.engine.capabilities();
            capabilities.check(&order, &writer.name)?;
            if capabilities.paid {
                return Err(unpaid().at("writer"));
            }
            let content_key = Digest::of(request.text.as_bytes());
            let cancel = CancellationToken::new();
            // Dropped with this call, then with its stream: the work of a caller who is gone ends.
            let until_dropped = cancel.clone().drop_guard();
            let turn = self.previews.turn(&tenant).await?;
            let engine = Arc::clone(&writer.engine);
            let (answers, payments) = (&Unkept, &Unbilled);
            let stop = cancel.clone();
            let work = Writing { content: &content, content_key, order: &order, cancel: stop, answers, payments };
            let plan = engine.plan(&work).await?;
            drop(turn);
            let previews = self.previews.clone();
            Ok(try_stream! {
                let _until_dropped = until_dropped;
                let work = Writing { content: &content, content_key, order: &order, cancel, answers, payments };
                for planned in &plan.sections {
                    // A caller that reads slowly holds no turn meanwhile.
                    let turn = previews.turn(&tenant).await?;
                    let section = engine.write(&work, &plan, planned.index).await;
                    drop(turn);
                    let section = section?;
                    yield ai::ComposeScriptResponse { section: Some(convert::section_to_wire(&section)) };
                }
            })
        })
        .await
    }

    async fn preview_script(
        &self,
        request: Request<ai::PreviewScriptRequest>,
    ) -> Result<Response<Self::PreviewScriptStream>, Status> {
        answer_stream(request, |InternalService(caller), request| async move {
            let messages = self.previews.preview(&caller.tenant, request).await?;
            Ok(futures::stream::iter(messages.map(Ok)))
        })
        .await
    }

    async fn estimate_script(
        &self,
        request: Request<ai::EstimateScriptRequest>,
    ) -> Result<Response<ai::EstimateScriptResponse>, Status> {
        answer(request, |InternalService(caller), request| async move {
            let now = self.clock.now();
            let estimate = estimate::estimate(&self.engines, &self.previews, &caller.tenant, request, now).await?;
            Ok(ai::EstimateScriptResponse { estimate: Some(estimate) })
        })
        .await
    }

    async fn edit_script(
        &self,
        request: Request<ai::EditScriptRequest>,
    ) -> Result<Response<ai::EditScriptResponse>, Status> {
        answer(request, |InternalService(caller), request| async move {
            let _composing = self.previews.turn(&caller.tenant).await?;
            let secret = self.secrets.of(&caller.tenant);
            Box::pin(edit::edit(&self.blob, &caller.tenant, &secret, request)).await
        })
        .await
    }

    async fn get_spending(
        &self,
        request: Request<ai::GetSpendingRequest>,
    ) -> Result<Response<ai::GetSpendingResponse>, Status> {
        answer(request, |InternalService(caller), request| async move {
            let asked = (request.first_day.as_str(), request.last_day.as_str());
            let days = wire::spending(&self.ledger, Callers::Writers, &caller.tenant, asked, self.clock.now()).await?;
            Ok(ai::GetSpendingResponse { days })
        })
        .await
    }
}

fn styles_to_wire(styles: &[Style]) -> Vec<i32> {
    styles.iter().map(|style| convert::style_to_wire(*style).into()).collect()
}

/// Plain text as content: paragraphs apart by empty lines.
fn content(text: &str) -> Result<Content, Failure> {
    if text.len() > TEXT_LIMIT {
        return Err(Failure::new(
            Kind::ResourceExhausted,
            Reason::LimitExceeded,
            format!("text may have at most {TEXT_LIMIT} bytes; hand in a document instead"),
        )
        .at("text"));
    }
    let paragraphs = text.replace("\r\n", "\n");
    let paragraphs = paragraphs.split("\n\n").map(|p| p.split_whitespace().collect::<Vec<_>>().join(" "));
    let blocks: Vec<Block> = paragraphs
        .filter(|p| p.chars().any(char::is_alphanumeric))
        .zip(0..)
        .map(|(text, id)| Block {
            id,
            kind: BlockKind::Paragraph,
            text,
            page: None,
            page_end: None,
            confidence: 1.0,
            language: None,
            matter: Matter::Body,
            spans: Vec::new(),
        })
        .collect();
    if blocks.is_empty() {
        return Err(
            Failure::new(Kind::InvalidArgument, Reason::DocumentEmpty, "text has no words; send some").at("text")
        );
    }
    Ok(Content {
        schema: SCHEMA,
        title: None,
        authors: Vec::new(),
        language: "en".to_owned(),
        media_type: "text/plain".to_owned(),
        extractor: "inline/1".to_owned(),
        pages: None,
        blocks,
        warnings: Vec::new(),
    })
}
