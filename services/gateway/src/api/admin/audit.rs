//! Audit records, listed.

use lectern_core::Failure;
use lectern_core::keys::TenantSecret;
use lectern_proto::v1 as api;
use lectern_proto::v1::audit_record::Action as Wire;
use lectern_proto::{convert, names};
use lectern_rpc::page;
use lectern_store::{Cursor, Query};

use crate::api::page_size;
use crate::audit::{Action, Audit, Filter, Record};

pub(super) async fn list(
    audit: &Audit,
    secret: &TenantSecret,
    request: &api::ListAuditRecordsRequest,
) -> Result<api::ListAuditRecordsResponse, Failure> {
    let filter = request.filter.as_ref().map(read_filter).transpose()?.unwrap_or_default();
    let purpose = format!("ListAuditRecords {filter:?}");
    let after: Option<Cursor> = page::open(secret, &purpose, &request.page_token)?;
    let query = Query::new().limit(page_size(request.page_size, 50, 1_000)?).after(after);
    let page = audit.list(&filter, query).await?;
    let next_page_token = match page.next {
        Some(cursor) => page::seal(secret, &purpose, &cursor)?,
        None => String::new(),
    };
    let audit_records = page.items.iter().map(|item| encode(&item.record)).collect();
    Ok(api::ListAuditRecordsResponse { audit_records, next_page_token })
}

fn read_filter(wire: &api::AuditRecordFilter) -> Result<Filter, Failure> {
    let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    Ok(Filter {
        actor: text(&wire.actor),
        action: read_action(wire.action)?,
        target: text(&wire.target),
        tenant: if wire.tenant.is_empty() { None } else { Some(names::tenant(&wire.tenant, "filter.tenant")?) },
    })
}

fn read_action(wire: i32) -> Result<Option<Action>, Failure> {
    let wire = Wire::try_from(wire).map_err(|_| {
        let message = format!("{wire} is no action that this version knows; use one of AuditRecord.Action");
        Failure::invalid("filter.action", message)
    })?;
    Ok(match wire {
        Wire::Unspecified => None,
        Wire::KeyCreated => Some(Action::KeyCreated),
        Wire::KeyRevoked => Some(Action::KeyRevoked),
        Wire::TenantCreated => Some(Action::TenantCreated),
        Wire::TenantUpdated => Some(Action::TenantUpdated),
        Wire::TenantSuspended => Some(Action::TenantSuspended),
        Wire::TenantResumed => Some(Action::TenantResumed),
        Wire::PauseCreated => Some(Action::PauseCreated),
        Wire::PauseDeleted => Some(Action::PauseDeleted),
        Wire::DeadLetterReplayed => Some(Action::DeadLetterReplayed),
        Wire::DeadLetterDiscarded => Some(Action::DeadLetterDiscarded),
        Wire::DocumentDeleted => Some(Action::DocumentDeleted),
        Wire::NarrationDeleted => Some(Action::NarrationDeleted),
        Wire::ScriptUpdated => Some(Action::ScriptUpdated),
        Wire::ScriptApproved => Some(Action::ScriptApproved),
        Wire::LexiconCreated => Some(Action::LexiconCreated),
        Wire::LexiconUpdated => Some(Action::LexiconUpdated),
        Wire::LexiconDeleted => Some(Action::LexiconDeleted),
    })
}

const fn action_to_wire(action: Action) -> Wire {
    match action {
        Action::KeyCreated => Wire::KeyCreated,
        Action::KeyRevoked => Wire::KeyRevoked,
        Action::TenantCreated => Wire::TenantCreated,
        Action::TenantUpdated => Wire::TenantUpdated,
        Action::TenantSuspended => Wire::TenantSuspended,
        Action::TenantResumed => Wire::TenantResumed,
        Action::PauseCreated => Wire::PauseCreated,
        Action::PauseDeleted => Wire::PauseDeleted,
        Action::DeadLetterReplayed => Wire::DeadLetterReplayed,
        Action::DeadLetterDiscarded => Wire::DeadLetterDiscarded,
        Action::DocumentDeleted => Wire::DocumentDeleted,
        Action::NarrationDeleted => Wire::NarrationDeleted,
        Action::ScriptUpdated => Wire::ScriptUpdated,
        Action::ScriptApproved => Wire::ScriptApproved,
        Action::LexiconCreated => Wire::LexiconCreated,
        Action::LexiconUpdated => Wire::LexiconUpdated,
        Action::LexiconDeleted => Wire::LexiconDeleted,
    }
}

fn encode(record: &Record) -> api::AuditRecord {
    api::AuditRecord {
        name: format!("auditRecords/{}", record.id),
        create_time: Some(convert::time(record.created)),
        actor: record.actor.clone(),
        action: action_to_wire(record.action).into(),
        target: record.target.clone(),
        tenant: record.tenant.as_ref().map(names::of_tenant).unwrap_or_default(),
        detail: record.detail.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_action_of_the_wire_comes_back_as_it_was() {
        let mut known = 0;
        for number in 1..100 {
            let Ok(wire) = Wire::try_from(number) else { continue };
            let action = read_action(number).expect("an action").expect("not any");
            assert_eq!(action_to_wire(action), wire);
            known += 1;
        }
        assert_eq!(known, 17);
        assert_eq!(read_action(0), Ok(None));
        assert_eq!(read_action(99).expect_err("no action").field.as_deref(), Some("filter.action"));
    }
}
