//! Pauses as a resource: made, looked at and ended.

use lectern_core::keys::TenantSecret;
use lectern_core::{Failure, text};
use lectern_proto::v1 as api;
use lectern_proto::{convert, names};
use lectern_rpc::page;
use lectern_store::{Cursor, Query};

use crate::api::page_size;
use crate::audit::{Action, Audit, Entry};
use crate::conduct::pauses::Pauses;
use crate::domain::pause::NotPausable;
use crate::domain::{Pause, Paused};

/// The longest note of a pause, in characters.
const LONGEST_NOTE: usize = 500;

pub(super) async fn create(
    pauses: &Pauses,
    audit: &Audit,
    actor: String,
    wire: api::Pause,
) -> Result<api::Pause, Failure> {
    let what: Paused =
        wire.target.parse().map_err(|error: NotPausable| Failure::invalid("pause.target", error.to_string()))?;
    text::check("pause.note", &wire.note, LONGEST_NOTE)?;
    if let Some(known) = pauses.get(&what).await? {
        return Ok(encode(&known));
    }
    audit.record(entry(actor, Action::PauseCreated, &what, wire.note.clone())).await?;
    pauses.pause(what, wire.note).await.map(|pause| encode(&pause))
}

pub(super) async fn get(pauses: &Pauses, name: &str) -> Result<api::Pause, Failure> {
    let what = read_name(name)?;
    pauses.get(&what).await?.map(|pause| encode(&pause)).ok_or_else(|| not_found(&what))
}

pub(super) async fn list(
    pauses: &Pauses,
    secret: &TenantSecret,
    request: &api::ListPausesRequest,
) -> Result<api::ListPausesResponse, Failure> {
    let after: Option<Cursor> = page::open(secret, "ListPauses", &request.page_token)?;
    let query = Query::new().limit(page_size(request.page_size, 50, 1_000)?).after(after);
    let page = pauses.list(query).await?;
    let next_page_token = match page.next {
        Some(cursor) => page::seal(secret, "ListPauses", &cursor)?,
        None => String::new(),
    };
    let pauses = page.items.iter().map(|item| encode(&item.record)).collect();
    Ok(api::ListPausesResponse { pauses, next_page_token })
}

pub(super) async fn delete(
    pauses: &Pauses,
    audit: &Audit,
    actor: String,
    request: &api::DeletePauseRequest,
) -> Result<(), Failure> {
    let what = read_name(&request.name)?;
    let known = pauses.get(&what).await?;
    let was_paused = match known {
        Some(Pause { note, .. }) => {
            audit.record(entry(actor, Action::PauseDeleted, &what, note)).await?;
            pauses.resume(&what).await?
        }
        None => false,
    };
    if was_paused || request.allow_missing { Ok(()) } else { Err(not_found(&what)) }
}

fn entry(actor: String, action: Action, what: &Paused, note: String) -> Entry {
    let tenant = match what {
        Paused::Tenant(tenant) => Some(tenant.clone()),
        Paused::Service(_) | Paused::Engine(_) => None,
    };
    Entry { actor, action, target: names::of_pause(&what.id()), tenant, detail: note }
}

fn read_name(name: &str) -> Result<Paused, Failure> {
    Paused::of_id(names::pause(name, "name")?).ok_or_else(|| {
        let message = "name is of no pause; expected \"pauses/\" and the pause's target with a '.' for its '/', such \
                       as pauses/services.tts, pauses/tenants.acme or pauses/engines.local";
        Failure::invalid("name", message)
    })
}

fn not_found(what: &Paused) -> Failure {
    Failure::not_found(names::of_pause(&what.id()))
}

fn encode(pause: &Pause) -> api::Pause {
    api::Pause {
        name: names::of_pause(&pause.what.id()),
        target: pause.what.to_string(),
        note: pause.note.clone(),
        create_time: Some(convert::time(pause.since)),
    }
}
