//! `lectern list`, `lectern documents` and `lectern delete`: what there is, and its end.

use std::io::{self, IsTerminal as _};

use lectern_client::Client;
use lectern_core::{Failure, Kind as FailureKind, Reason};
use lectern_proto::v1::erased_items::Kind;
use lectern_proto::v1::narration::State;
use lectern_proto::v1::{
    DeleteDocumentRequest, DeleteNarrationRequest, Document, Erasure, ListNarrationsRequest, Narration,
};
use serde_json::Value;

use super::instance::Instance;
use super::manage::{describe, json};
use super::out::{self, Out};
use super::pages;
use super::words::{self, Stop};
use crate::cli::manage::{Delete, Documents, List, Target};

/// Lists narrations, the newest first.
///
/// # Errors
/// What the server answers.
pub async fn narrations(list: &List, instance: &Instance, out: &Out) -> Result<(), Stop> {
    let wanted = &ListNarrationsRequest {
        document: list.document.clone().unwrap_or_default(),
        state: list.state.map(State::from).unwrap_or_default().into(),
        ..ListNarrationsRequest::default()
    };
    let page = |page_size: i32, page_token: String| async move {
        let request = ListNarrationsRequest { page_size, page_token, ..wanted.clone() };
        instance.client.list_narrations(request).await.map(|page| (page.narrations, page.next_page_token))
    };
    let row = |narration: &Narration| row_of_narration(narration, instance.is_own());
    let nothing = if list.document.is_some() || list.state.is_some() {
        "there is no such narration; `lectern list` shows all"
    } else {
        "there is no narration; `lectern narrate FILE` makes one"
    };
    newest(list.limit, page, json::narration, row, nothing, out).await
}

/// Name, state, length, time and title; on an instance that is `idle` nothing is made.
fn row_of_narration(narration: &Narration, idle: bool) -> Vec<String> {
    vec![
        narration.name.clone(),
        describe::standing(narration, idle),
        describe::length(narration),
        describe::when(narration.create_time.as_ref()),
        describe::title(narration).to_owned(),
    ]
}

/// Lists documents, the newest first.
///
/// # Errors
/// What the server answers.
pub async fn documents(list: &Documents, client: &Client, out: &Out) -> Result<(), Stop> {
    let page = |page_size: i32, page_token: String| async move {
        client.list_documents(page_size, &page_token).await.map(|page| (page.documents, page.next_page_token))
    };
    let nothing = "there is no document; `lectern narrate FILE` hands one in";
    newest(list.limit, page, json::document, row_of_document, nothing, out).await
}

/// Name, type, pages, words, size, time, file name and title.
fn row_of_document(document: &Document) -> Vec<String> {
    vec![
        document.name.clone(),
        describe::kind(document).to_owned(),
        document.page_count.map(|pages| words::count(pages, "page")).unwrap_or_default(),
        words::count(document.word_count, "word"),
        describe::size(document.size_bytes),
        describe::when(document.create_time.as_ref()),
        document.display_name.clone(),
        document.title.clone(),
    ]
}

/// Prints the first `limit` items of a list: an object of JSON each as their page comes, or a row
/// each once all are there. `page` fetches at most so many by the token of a page, with the token
/// of the next; `nothing` is said where there are none.
async fn newest<T, F>(
    limit: u32,
    page: impl Fn(i32, String) -> F,
    json: fn(&T) -> Value,
    row: impl Fn(&T) -> Vec<String>,
    nothing: &str,
    out: &Out,
) -> Result<(), Stop>
where
    F: Future<Output = Result<(Vec<T>, String), Failure>>,
{
    let mut rows = Vec::new();
    let take = |item: T| {
        out.json(&json(&item));
        rows.push(row(&item));
    };
    let more = pages::up_to(limit as usize, out, page, take).await?;
    if rows.is_empty() {
        out.say(nothing);
    }
    out::table(&rows).iter().for_each(|line| out.line(line));
    if more {
        out.say(&format!("there are more; --limit {} shows them", limit.saturating_mul(10)));
    }
    Ok(())
}

/// Deletes what is named, one after the other. One that cannot be deleted does not keep the others.
///
/// # Errors
/// The exit status of those that could not be deleted, which were told.
pub async fn delete(delete: &Delete, instance: &Instance, out: &Out) -> Result<(), Stop> {
    let asks = !delete.yes && io::stdin().is_terminal();
    if asks && !confirmed(delete, instance, out).await? {
        out.say("nothing is deleted");
        return Ok(());
    }
    let mut failed = Vec::new();
    for target in &delete.names {
        if let Err(failure) = one(target, delete, instance, out).await {
            out.complain(&format!("lectern: {}: {}", name(target), words::sentence(&failure)));
            failed.push(words::status(&failure));
        }
    }
    words::end_of_several(&failed)
}

fn name(target: &Target) -> &str {
    match target {
        Target::Narration(name) | Target::Document(name) => name,
    }
}

/// Shows what would be deleted, and asks.
async fn confirmed(delete: &Delete, instance: &Instance, out: &Out) -> Result<bool, Stop> {
    let (client, idle) = (&instance.client, instance.is_own());
    let mut rows = Vec::new();
    for target in &delete.names {
        let row = match target {
            Target::Narration(name) => client.narration(name).await.map(|found| row_of_narration(&found, idle)),
            Target::Document(name) => client.get_document(name).await.map(|found| row_of_document(&found)),
        };
        rows.push(row.unwrap_or_else(|failure| vec![name(target).to_owned(), words::sentence(&failure)]));
    }
    out::table(&rows).iter().for_each(|line| out.complain(&format!("  {line}")));
    let with = match (delete.all_revisions, delete.force) {
        (true, true) => ", with all revisions and narrations of the documents",
        (true, false) => ", with all revisions of the documents",
        (false, true) => ", with all narrations of the documents",
        (false, false) => "",
    };
    out.complain(&format!("delete {}{with}? [y/N]", if rows.len() == 1 { "this" } else { "these" }));
    let answer = tokio::task::spawn_blocking(|| {
        let mut line = String::new();
        io::stdin().read_line(&mut line).map(|_| line)
    });
    let answer = answer.await.map_err(|error| Failure::internal(format!("the answer was not read: {error}")))?;
    let answer = answer.map_err(|error| Failure::internal(format!("the answer cannot be read: {error}")))?;
    Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
}

async fn one(target: &Target, delete: &Delete, instance: &Instance, out: &Out) -> Result<(), Failure> {
    let (client, flags, force) = (&instance.client, instance.flags(), delete.force);
    match target {
        Target::Narration(name) => {
            let request = DeleteNarrationRequest { name: name.clone(), force, ..DeleteNarrationRequest::default() };
            let said = || {
                format!(
                    "it is not finished; stop it first (`lectern cancel {name}{flags}`), or delete it so with --force"
                )
            };
            client.delete_narration(request).await.map_err(|failure| unforced(failure, force, said))?;
            out.line(&format!("{name} is deleted, with the files of its recording"));
            out.json(&serde_json::json!({ "name": name }));
        }
        Target::Document(name) => {
            let revisions = revisions_of(client, name, delete.all_revisions).await?;
            let request = DeleteDocumentRequest {
                name: name.clone(),
                force,
                all_revisions: delete.all_revisions,
                ..DeleteDocumentRequest::default()
            };
            let said = || {
                format!(
                    "there are narrations of it (`lectern list --document {name}{flags}`); --force deletes them with it"
                )
            };
            let mut narrations = Vec::new();
            for revision in revisions.iter().filter(|_| force) {
                narrations.extend(client.narrations_of(revision).await?);
            }
            let receipt = client.erase(request).await.map_err(|failure| unforced(failure, force, said))?;
            // Nothing is left of them but that they were.
            for Narration { name, .. } in narrations {
                let request = DeleteNarrationRequest { name, force, allow_missing: true, ..Default::default() };
                client.delete_narration(request).await?;
            }
            out.line(&format!("{name} is deleted, with all that was made from it:"));
            if let Some(receipt) = receipt {
                receipt_lines(&receipt).iter().for_each(|line| out.line(&format!("  {line}")));
                out.json(&json::erasure(&receipt));
            }
        }
    }
    Ok(())
}

/// The names of the documents that go with the one that is named, itself among them.
///
/// # Errors
/// `WRONG_STATE` where there are others, and not `all` are to go.
async fn revisions_of(client: &Client, name: &str, all: bool) -> Result<Vec<String>, Failure> {
    let revisions: Vec<String> = match client.revisions_of(name).await {
        Ok(revisions) => revisions.into_iter().map(|document| document.name).collect(),
        // What is gone already is for the deletion to say, which deletes what may be left.
        Err(failure) if failure.kind == FailureKind::NotFound => vec![name.to_owned()],
        Err(failure) => return Err(failure),
    };
    if all || revisions.len() < 2 {
        return Ok(revisions);
    }
    let message = format!(
        "it has {} other revisions, which can only be deleted together; --all-revisions deletes them all",
        revisions.len() - 1
    );
    Err(Failure::new(FailureKind::FailedPrecondition, Reason::WrongState, message))
}

/// A refusal that `--force` would have overcome, in the words of the command line.
fn unforced(failure: Failure, force: bool, said: impl FnOnce() -> String) -> Failure {
    if failure.reason == Reason::WrongState && !force { Failure { message: said(), ..failure } } else { failure }
}

/// What was deleted, kind by kind, over both sweeps.
fn receipt_lines(receipt: &Erasure) -> Vec<String> {
    let deleted = |item: &lectern_proto::v1::ErasedItems| {
        let count = item.first_sweep_count.saturating_add(item.second_sweep_count);
        (count > 0).then(|| words::count(count, erased(item.kind())))
    };
    receipt.items.iter().filter_map(deleted).collect()
}

/// One of a kind that was deleted.
const fn erased(kind: Kind) -> &'static str {
    match kind {
        Kind::Unspecified | Kind::OtherObject => "other object",
        Kind::SourceObject => "source",
        Kind::ContentObject => "extracted text",
        Kind::PlanObject => "script plan",
        Kind::SectionObject => "written section",
        Kind::AnswerObject => "model's answer",
        Kind::EditsObject => "list of edits",
        Kind::LexiconObject => "lexicon",
        Kind::SegmentObject => "spoken sentence",
        Kind::TrackObject => "recorded section",
        Kind::ArtifactObject => "recording file",
        Kind::DocumentRecord => "document record",
        Kind::NarrationRecord => "narration record",
    }
}

#[cfg(test)]
mod tests {
    use lectern_proto::v1::ErasedItems;

    use super::*;

    #[test]
    fn a_receipt_is_told_by_kind_over_both_sweeps() {
        let item = |kind: Kind, first_sweep_count, second_sweep_count| ErasedItems {
            kind: kind.into(),
            first_sweep_count,
            second_sweep_count,
        };
        let items = vec![
            item(Kind::SourceObject, 1, 0),
            item(Kind::SegmentObject, 40, 4),
            item(Kind::ArtifactObject, 0, 0),
            item(Kind::DocumentRecord, 1, 0),
        ];
        let receipt = Erasure { items, ..Erasure::default() };
        assert_eq!(receipt_lines(&receipt), ["1 source", "44 spoken sentences", "1 document record"]);
    }

    #[test]
    fn a_refusal_that_force_overcomes_says_so() {
        let refused = Failure::new(FailureKind::FailedPrecondition, Reason::WrongState, "set `force`");
        let said = || "--force deletes it".to_owned();
        assert_eq!(unforced(refused.clone(), false, said).message, "--force deletes it");
        assert_eq!(unforced(refused.clone(), true, said), refused);
        let missing = Failure::not_found("documents/d1");
        assert_eq!(unforced(missing.clone(), false, said), missing);
    }

    #[test]
    fn lines_of_lists_have_the_same_columns() {
        assert_eq!(row_of_narration(&Narration::default(), false).len(), 5);
        let document = Document { page_count: Some(1), word_count: 1, ..Document::default() };
        let row = row_of_document(&document);
        assert_eq!((row.len(), row[2].as_str(), row[3].as_str()), (8, "1 page", "1 word"));
    }
}
