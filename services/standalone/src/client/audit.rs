//! `lectern audit`: what was done on a server that others must be able to account for.

use lectern_core::Failure;
use lectern_proto::v1::admin_service_client::AdminServiceClient;
use lectern_proto::v1::{AuditRecord, AuditRecordFilter, ListAuditRecordsRequest};
use lectern_rpc::failure;
use tonic::Response;

use super::out::Out;
use super::{at, named, pages, word};
use crate::cli::Audit;

/// Lists the newest records.
///
/// # Errors
/// What the server answers.
pub async fn run(audit: Audit, out: &Out) -> Result<(), Failure> {
    let client = AdminServiceClient::new(at(&audit.at)?.channel());
    let filter = AuditRecordFilter {
        actor: audit.actor,
        action: audit.action.map(Into::into).unwrap_or_default(),
        target: audit.target,
        tenant: audit.tenant.map(|tenant| named("tenants", &tenant)).unwrap_or_default(),
    };
    let page = |page_size, page_token| {
        let (mut client, filter) = (client.clone(), Some(filter.clone()));
        async move {
            let request = ListAuditRecordsRequest { page_size, page_token, filter };
            let page = client.list_audit_records(request).await.map(Response::into_inner).map_err(|s| failure(&s));
            page.map(|page| (page.audit_records, page.next_page_token))
        }
    };
    let mut none = true;
    let take = |record: AuditRecord| {
        none = false;
        out.line(&line(&record));
    };
    pages::up_to(audit.count, out, page, take).await?;
    if none {
        out.say("there is no such record");
    }
    out.finish()
}

fn line(record: &AuditRecord) -> String {
    let when = record.create_time.map(|at| at.to_string()).unwrap_or_default();
    let action = word(record.action().as_str_name(), "ACTION_");
    let tenant = if record.tenant.is_empty() { "no tenant" } else { &record.tenant };
    let line = format!("{when}  {}  {action}  {}  {tenant}  {}", record.actor, record.target, record.detail);
    line.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use lectern_proto::v1::audit_record::Action;

    use super::*;

    #[test]
    fn a_line_says_who_did_what_to_what_and_when() {
        let record = AuditRecord {
            create_time: "2026-11-27T12:00:00Z".parse().ok(),
            actor: "keys/k1".to_owned(),
            action: Action::TenantSuspended.into(),
            target: "tenants/acme".to_owned(),
            tenant: "tenants/acme".to_owned(),
            ..AuditRecord::default()
        };
        let expected = "2026-11-27T12:00:00Z  keys/k1  tenant suspended  tenants/acme  tenants/acme";
        assert_eq!(line(&record), expected);
    }
}
