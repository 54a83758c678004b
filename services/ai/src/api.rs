//! `lectern.ai.v1.ScriptService`: gRPC in.

use std::pin::Pin;

use futures::Stream;
use lectern_core::content::document::{Block, BlockKind, Content, Matter, SCHEMA};
use lectern_core::{Digest, Failure, Kind, Reason};
use lectern_proto::ai::v1::{self as ai, script_service_server::ScriptService};
use lectern_proto::{convert, v1 as api};
use lectern_rpc::auth::caller;
use lectern_rpc::status::status;
use tonic::{Request, Response, Status};

use crate::compose;
use crate::work::compute;

/// Bytes of text that `ComposeScript` takes.
const TEXT_LIMIT: usize = 1024 * 1024;

/// The script service.
#[derive(Debug, Clone, Copy, Default)]
pub struct Scripts;

#[tonic::async_trait]
impl ScriptService for Scripts {
    type ComposeScriptStream = Pin<Box<dyn Stream<Item = Result<ai::ComposeScriptResponse, Status>> + Send>>;

    async fn describe_engine(
        &self,
        request: Request<ai::DescribeEngineRequest>,
    ) -> Result<Response<ai::DescribeEngineResponse>, Status> {
        caller(&request)?;
        Ok(Response::new(ai::DescribeEngineResponse {
            engine: compose::ENGINE_PIN.to_owned(),
            styles: vec![api::Style::Narration.into(), api::Style::Briefing.into()],
        }))
    }

    async fn compose_script(
        &self,
        request: Request<ai::ComposeScriptRequest>,
    ) -> Result<Response<Self::ComposeScriptStream>, Status> {
        caller(&request)?;
        let request = request.into_inner();
        let content = content(&request.text).map_err(|f| status(&f))?;
        let order = convert::order(request.style, request.length, 0).map_err(|f| status(&f))?;
        let key = Digest::of(request.text.as_bytes());
        let (content, plan) = compute(move || {
            let plan = compose::plan(&content, key, &order)?;
            Ok((content, plan))
        })
        .await
        .map_err(|f| status(&f))?;
        Ok(Response::new(Box::pin(async_stream::try_stream! {
            let (content, plan) = (std::sync::Arc::new(content), std::sync::Arc::new(plan));
            for section in &plan.sections {
                let (content, plan, index) = (std::sync::Arc::clone(&content), std::sync::Arc::clone(&plan), section.index);
                let section = compute(move || compose::write_section(&content, &plan, index)).await.map_err(|f| status(&f))?;
                yield ai::ComposeScriptResponse { section: Some(convert::section_to_wire(&section)) };
            }
        })))
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
