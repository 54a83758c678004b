//! `lectern.v1.LexiconService`.

#[cfg(test)]
mod tests;

use lectern_core::id::{LexiconId, TenantId};
use lectern_core::keys::Secrets;
use lectern_core::lexicon::Entry;
use lectern_core::{Failure, text};
use lectern_proto::v1::{self as api, lexicon_service_server::LexiconService};
use lectern_proto::{convert, names};
use lectern_rpc::{Caller, answer, page};
use lectern_store::{Cursor, Query};
use prost_types::FieldMask;
use tonic::{Request, Response, Status};

use super::keys::entry;
use super::page_size;
use crate::audit::{self, Action, Audit};
use crate::domain::LexiconRecord;
use crate::lexicons::Changes;

/// What a page token is sealed for.
const LIST: &str = "ListLexicons";
/// The fields that can be changed, as a mask names them, and its word for all of them.
const DISPLAY_NAME: &str = "display_name";
const ENTRIES: &str = "entries";
const BY_DEFAULT: &str = "by_default";
const EVERYTHING: &str = "*";

/// The public lexicon service.
#[derive(Debug, Clone)]
pub struct Lexicons {
    lexicons: crate::lexicons::Lexicons,
    audit: Audit,
    secrets: Secrets,
}

impl Lexicons {
    /// The service over these lexicons, whose changes are written down in `audit`; page tokens are
    /// sealed under their tenant's secret.
    #[must_use]
    pub const fn new(lexicons: crate::lexicons::Lexicons, audit: Audit, secrets: Secrets) -> Self {
        Self { lexicons, audit, secrets }
    }

    async fn create(&self, caller: &Caller, request: api::CreateLexiconRequest) -> Result<api::Lexicon, Failure> {
        let id: LexiconId =
            request.lexicon_id.parse().map_err(|e| Failure::invalid("lexicon_id", format!("lexicon_id: {e}")))?;
        let wire = request.lexicon.unwrap_or_default();
        text::check_name("lexicon.display_name", &wire.display_name)?;
        let entries = convert::lexicon_entries("lexicon.entries", &wire.entries)?;
        let by_default = wire.by_default;
        // Most lexicons are had by the orders that name them: of these nothing is said.
        let detail = [Some(count(&entries)), by_default.then(|| had_by_default(true))];
        let detail = detail.into_iter().flatten().collect::<Vec<_>>().join(", ");
        let note = self.audit.record(note(caller, Action::LexiconCreated, &id, detail));
        let made = self.lexicons.create(&caller.tenant, id, wire.display_name, entries, by_default, note).await?;
        Ok(encode(&made))
    }

    async fn list(
        &self,
        tenant: &TenantId,
        request: api::ListLexiconsRequest,
    ) -> Result<api::ListLexiconsResponse, Failure> {
        let secret = self.secrets.of(tenant);
        let after: Option<Cursor> = page::open(&secret, LIST, &request.page_token)?;
        let query = Query::new().limit(page_size(request.page_size, 50, 1_000)?).after(after);
        let page = self.lexicons.list(tenant, query).await?;
        let next_page_token = match page.next {
            Some(cursor) => page::seal(&secret, LIST, &cursor)?,
            None => String::new(),
        };
        let lexicons = page.items.iter().map(|found| api::Lexicon { entries: Vec::new(), ..encode(&found.record) });
        Ok(api::ListLexiconsResponse { lexicons: lexicons.collect(), next_page_token })
    }

    async fn update(&self, caller: &Caller, request: api::UpdateLexiconRequest) -> Result<api::Lexicon, Failure> {
        let wire = request.lexicon.unwrap_or_default();
        let id = names::lexicon(&wire.name, "lexicon.name")?;
        let changes = changes(&wire, request.update_mask.as_ref())?;
        let note = self.audit.record(note(caller, Action::LexiconUpdated, &id, told(&changes)));
        Ok(encode(&self.lexicons.change(&caller.tenant, &id, &wire.etag, &changes, note).await?))
    }

    async fn delete(&self, caller: &Caller, request: &api::DeleteLexiconRequest) -> Result<(), Failure> {
        let id = names::lexicon(&request.name, "name")?;
        let note = self.audit.record(note(caller, Action::LexiconDeleted, &id, String::new()));
        self.lexicons.delete(&caller.tenant, &id, &request.etag, note).await
    }
}

/// What a caller is about to do with a lexicon of theirs.
fn note(caller: &Caller, action: Action, id: &LexiconId, detail: String) -> audit::Entry {
    entry(caller, action, names::of_lexicon(id), Some(caller.tenant.clone()), detail)
}

/// For an audit record: how many entries there are, and none of their words.
fn count(entries: &[Entry]) -> String {
    format!("entries: {}", entries.len())
}

/// For an audit record: whether orders have it without naming it.
fn had_by_default(by_default: bool) -> String {
    format!("{BY_DEFAULT}: {by_default}")
}

/// For an audit record: what is set.
fn told(changes: &Changes) -> String {
    let name = changes.display_name.as_ref().map(|_| DISPLAY_NAME.to_owned());
    let entries = changes.entries.as_deref().map(count);
    let by_default = changes.by_default.map(had_by_default);
    name.into_iter().chain(entries).chain(by_default).collect::<Vec<_>>().join(", ")
}

/// What a call changes: the fields that its mask names, or those that are set where it names none
/// (AIP-134).
fn changes(wire: &api::Lexicon, mask: Option<&FieldMask>) -> Result<Changes, Failure> {
    let paths = mask.map(|mask| mask.paths.as_slice()).unwrap_or_default();
    let known = [DISPLAY_NAME, ENTRIES, BY_DEFAULT, EVERYTHING];
    if let Some(wrong) = paths.iter().find(|path| !known.contains(&path.as_str())) {
        let wrong: String = wrong.chars().take(80).collect();
        let message = format!("update_mask has {wrong:?}; use {}, or none for what is set", known.join(", "));
        return Err(Failure::invalid("update_mask", message));
    }
    let is_changed = |path: &str, is_set: bool| {
        if paths.is_empty() { is_set } else { paths.iter().any(|named| named == path || named == EVERYTHING) }
    };
    let mut changes = Changes::default();
    if is_changed(DISPLAY_NAME, !wire.display_name.is_empty()) {
        text::check_name("lexicon.display_name", &wire.display_name)?;
        changes.display_name = Some(wire.display_name.clone());
    }
    if is_changed(ENTRIES, !wire.entries.is_empty()) {
        changes.entries = Some(convert::lexicon_entries("lexicon.entries", &wire.entries)?);
    }
    if is_changed(BY_DEFAULT, wire.by_default) {
        changes.by_default = Some(wire.by_default);
    }
    Ok(changes)
}

/// A lexicon on the wire.
fn encode(lexicon: &LexiconRecord) -> api::Lexicon {
    api::Lexicon {
        name: names::of_lexicon(&lexicon.lexicon),
        display_name: lexicon.display_name.clone(),
        entries: lexicon.entries.iter().map(convert::lexicon_entry_to_wire).collect(),
        entry_count: i32::try_from(lexicon.entries.len()).unwrap_or(i32::MAX),
        version: i64::try_from(lexicon.version).unwrap_or(i64::MAX),
        create_time: Some(convert::time(lexicon.created)),
        update_time: Some(convert::time(lexicon.updated)),
        etag: lexicon.etag(),
        by_default: lexicon.by_default,
    }
}

#[tonic::async_trait]
impl LexiconService for Lexicons {
    async fn create_lexicon(
        &self,
        request: Request<api::CreateLexiconRequest>,
    ) -> Result<Response<api::CreateLexiconResponse>, Status> {
        answer(request, |caller: Caller, request| async move {
            Ok(api::CreateLexiconResponse { lexicon: Some(self.create(&caller, request).await?) })
        })
        .await
    }

    async fn get_lexicon(
        &self,
        request: Request<api::GetLexiconRequest>,
    ) -> Result<Response<api::GetLexiconResponse>, Status> {
        answer(request, |caller: Caller, request| async move {
            let id = names::lexicon(&request.name, "name")?;
            Ok(api::GetLexiconResponse { lexicon: Some(encode(&self.lexicons.get(&caller.tenant, &id).await?)) })
        })
        .await
    }

    async fn list_lexicons(
        &self,
        request: Request<api::ListLexiconsRequest>,
    ) -> Result<Response<api::ListLexiconsResponse>, Status> {
        answer(request, |caller: Caller, request| async move { self.list(&caller.tenant, request).await }).await
    }

    async fn update_lexicon(
        &self,
        request: Request<api::UpdateLexiconRequest>,
    ) -> Result<Response<api::UpdateLexiconResponse>, Status> {
        answer(request, |caller: Caller, request| async move {
            Ok(api::UpdateLexiconResponse { lexicon: Some(self.update(&caller, request).await?) })
        })
        .await
    }

    async fn delete_lexicon(
        &self,
        request: Request<api::DeleteLexiconRequest>,
    ) -> Result<Response<api::DeleteLexiconResponse>, Status> {
        answer(request, |caller: Caller, request| async move {
            self.delete(&caller, &request).await?;
            Ok(api::DeleteLexiconResponse {})
        })
        .await
    }
}
