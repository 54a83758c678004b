//! `lectern quota`: what the caller's tenant may use of a server, and uses.

use lectern_core::Failure;
use lectern_proto::v1::GetQuotaRequest;
use lectern_proto::v1::quota_service_client::QuotaServiceClient;
use lectern_rpc::failure;

use super::out::Out;
use super::{at, tenants};
use crate::cli::Quota;

/// Prints the limits, and what of them is used.
///
/// # Errors
/// What the server answers.
pub async fn run(quota: Quota, out: &Out) -> Result<(), Failure> {
    let mut client = QuotaServiceClient::new(at(&quota.at)?.channel());
    let answer = client.get_quota(GetQuotaRequest {}).await.map_err(|s| failure(&s))?.into_inner();
    let quota = answer.quota.unwrap_or_default();
    out.line(&quota.tenant);
    out.line("limits");
    tenants::lines(&quota.limits.unwrap_or_default()).iter().for_each(|limit| out.line(&format!("  {limit}")));
    out.line("used");
    out.line(&format!("  unfinished narrations: {}", quota.unfinished_narration_count));
    out.line(&format!("  documents: {}", quota.document_count));
    out.line(&format!("  stored sources: {} bytes", quota.stored_source_bytes));
    out.finish()
}
