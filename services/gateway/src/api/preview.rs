//! `PreviewDocument`: ingest says where the content is, ai what it would make of it. The gateway
//! keeps nothing of it.

use futures::StreamExt as _;
use lectern_core::Failure;
use lectern_core::id::{DocumentId, TenantId};
use lectern_proto::ai::v1::{PreviewScriptRequest, preview_script_response};
use lectern_proto::ingest::v1::PrepareContentRequest;
use lectern_proto::v1::{self as api, preview_document_response::Part};
use lectern_proto::{convert, names};
use lectern_rpc::status::status;
use tonic::Status;

use super::Answers;
use crate::orders::only_document;
use crate::upstream::Upstream;

/// What the order would make of its document.
pub async fn preview(
    upstream: &Upstream,
    tenant: &TenantId,
    request: api::PreviewDocumentRequest,
) -> Result<Answers<api::PreviewDocumentResponse>, Status> {
    let (document, order) = checked(request).map_err(|f| status(&f))?;
    let prepare = PrepareContentRequest { document: names::of_document(&document) };
    let content = upstream.ingest(tenant).prepare_content(prepare).await?.into_inner();
    let set = order.language_code;
    let language_code = if set.is_empty() { content.set_language_code } else { set };
    let request = PreviewScriptRequest {
        scope: content.scope,
        content_key: content.content_key,
        style: order.style,
        length: order.length,
        footnotes: order.footnotes,
        language_code,
    };
    let parts = upstream.previews(tenant).preview_script(request).await?.into_inner();
    Ok(Box::pin(parts.map(|part| part.map(|part| api::PreviewDocumentResponse { part: part.part.map(public) }))))
}

/// The order, of which what decides is right: a bad one is refused before anything is read.
fn checked(request: api::PreviewDocumentRequest) -> Result<(DocumentId, api::Narration), Failure> {
    let order = request
        .narration
        .ok_or_else(|| Failure::invalid("narration", "narration is missing; say what to preview and how"))?;
    let document = only_document(&order.documents)?;
    convert::order(order.style, order.length, order.footnotes, &order.language_code)?;
    Ok((document, order))
}

fn public(part: preview_script_response::Part) -> Part {
    match part {
        preview_script_response::Part::Summary(summary) => Part::Summary(summary),
        preview_script_response::Part::Block(block) => Part::Block(block),
    }
}

#[cfg(test)]
mod tests {
    use lectern_core::Reason;

    use super::*;

    #[test]
    fn of_an_order_only_what_decides_is_looked_at() {
        let order = api::Narration {
            documents: vec!["documents/d1".to_owned()],
            style: api::Style::Narration.into(),
            speed: Some(99.0),
            hold_script: true,
            ..api::Narration::default()
        };
        let asked = |narration| checked(api::PreviewDocumentRequest { narration });
        let (document, _) = asked(Some(order.clone())).expect("it decides nothing wrong");
        assert_eq!(document.as_str(), "d1");
        let several = vec!["documents/d1".to_owned(), "documents/d2".to_owned()];
        for (wrong, reason) in [
            (None, Reason::InvalidField),
            (Some(api::Narration { documents: Vec::new(), ..order.clone() }), Reason::InvalidField),
            (Some(api::Narration { documents: several, ..order.clone() }), Reason::FeatureUnavailable),
            (Some(api::Narration { style: 0, ..order.clone() }), Reason::StyleUnsupported),
            (Some(api::Narration { language_code: "english".to_owned(), ..order }), Reason::InvalidField),
        ] {
            assert_eq!(asked(wrong).expect_err("refused").reason, reason);
        }
    }
}
