//! `lectern.ai.v1.ScriptService`: gRPC in.

mod preview;

use std::sync::Arc;

use async_stream::try_stream;
use lectern_blob::Blob;
use lectern_core::content::document::{Block, BlockKind, Content, Matter, SCHEMA};
use lectern_core::{Digest, Failure, Kind, Reason};
use lectern_proto::ai::v1::{self as ai, script_service_server::ScriptService};
use lectern_proto::{convert, v1 as api};
use lectern_rpc::{Answers, Caller, InternalService, answer, answer_stream};
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status};

use self::preview::Previews;
use crate::compose::{self, Stop};
use crate::work::compute;

/// Bytes of text that `ComposeScript` takes.
const TEXT_LIMIT: usize = 1024 * 1024;

/// The script service.
#[derive(Debug, Clone)]
pub struct Scripts {
    previews: Previews,
}

impl Scripts {
    /// The service over `blob`; it composes for at most `permits` calls at once.
    #[must_use]
    pub fn new(blob: Arc<dyn Blob>, permits: usize) -> Self {
        Self { previews: Previews::new(blob, permits) }
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
        answer(request, |_: Caller, _| async {
            Ok(ai::DescribeEngineResponse {
                engine: compose::ENGINE_PIN.to_owned(),
                styles: vec![api::Style::Narration.into(), api::Style::Briefing.into()],
            })
        })
        .await
    }

    async fn compose_script(
        &self,
        request: Request<ai::ComposeScriptRequest>,
    ) -> Result<Response<Self::ComposeScriptStream>, Status> {
        answer_stream(request, |Caller { tenant, .. }, request| async move {
            let content = content(&request.text)?;
            let order = convert::compose_order(&request)?;
            let key = Digest::of(request.text.as_bytes());
            let token = CancellationToken::new();
            let stop = Stop::at(token.clone());
            // Dropped with this call, then with its stream: the work of a caller who is gone ends.
            let until_dropped = token.drop_guard();
            let turn = self.previews.turn(&tenant).await?;
            let until = stop.clone();
            let (content, plan) = compute(move || {
                let plan = compose::plan(&content, key, &order, &until)?;
                Ok((content, plan))
            })
            .await?;
            drop(turn);
            let previews = self.previews.clone();
            Ok(try_stream! {
                let _until_dropped = until_dropped;
                let (content, plan) = (Arc::new(content), Arc::new(plan));
                for section in &plan.sections {
                    let (content, plan, index) = (Arc::clone(&content), Arc::clone(&plan), section.index);
                    let until = stop.clone();
                    // A caller that reads slowly holds no turn meanwhile.
                    let turn = previews.turn(&tenant).await?;
                    let section = compute(move || compose::write_section(&content, &plan, index, &until)).await;
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
            let parts = self.previews.preview(&caller.tenant, request).await?;
            Ok(futures::stream::iter(parts.map(|part| Ok(ai::PreviewScriptResponse { part: Some(part) }))))
        })
        .await
    }
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
