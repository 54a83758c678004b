//! `PreviewDocument`: ingest says where the content is, ai what it would make of it. The gateway
//! keeps nothing of it.

use futures::StreamExt as _;
use lectern_core::Failure;
use lectern_core::id::TenantId;
use lectern_proto::ai::v1::{PreviewScriptRequest, preview_script_response};
use lectern_proto::ingest::v1::PrepareContentRequest;
use lectern_proto::v1::{self as api, preview_document_response::Part};
use lectern_proto::{convert, names};
use lectern_rpc::status::status;
use tonic::Status;

use super::Answers;
use crate::upstream::Upstream;

/// What the order would make of its document.
pub async fn preview(
    upstream: &Upstream,
    tenant: &TenantId,
    request: api::PreviewDocumentRequest,
) -> Result<Answers<api::PreviewDocumentResponse>, Status> {
    let order = checked(request).map_err(|f| status(&f))?;
    let prepare = PrepareContentRequest { document: order.document };
    let content = upstream.ingest(tenant).prepare_content(prepare).await?.into_inner();
    let language = if order.language.is_empty() { content.language } else { order.language };
    let request = PreviewScriptRequest {
        scope: content.scope,
        content_key: content.content_key,
        style: order.style,
        length: order.length,
        footnotes: order.footnotes,
        language,
    };
    let parts = upstream.scripts(tenant).preview_script(request).await?.into_inner();
    Ok(Box::pin(parts.map(|part| part.map(|part| api::PreviewDocumentResponse { part: part.part.map(public) }))))
}

/// The order, of which what decides is right: a bad one is refused before anything is read.
fn checked(request: api::PreviewDocumentRequest) -> Result<api::Narration, Failure> {
    let order = request
        .narration
        .ok_or_else(|| Failure::invalid("narration", "narration is missing; say what to preview and how"))?;
    names::document(&order.document, "narration.document")?;
    convert::order(order.style, order.length, order.footnotes, &order.language)?;
    Ok(order)
}

fn public(part: preview_script_response::Part) -> Part {
    match part {
        preview_script_response::Part::Summary(summary) => Part::Summary(summary),
        preview_script_response::Part::Block(block) => Part::Block(block),
    }
}
