//! What is deleted only when the caller insists, and what was gone already.

use std::time::Duration;

use lectern_e2e::{Profile, of, refusal};
use lectern_proto::v1::{self as api, narration::State};
use tonic::{Code, Status};

use crate::operators::pause_of;

on_both_profiles!(
    a_document_with_narrations_is_kept_without_force,
    a_narration_that_is_not_finished_is_kept_without_force,
    what_is_gone_already_is_a_success_where_that_is_allowed,
);

fn refused(status: &Status) -> (Code, String) {
    let refused = refusal(status);
    (refused.code, refused.reason)
}

fn wrong_state() -> (Code, String) {
    (Code::FailedPrecondition, "WRONG_STATE".to_owned())
}

async fn a_document_with_narrations_is_kept_without_force(profile: Profile) {
    let instance = profile.setup().start().await;
    let client = instance.client();
    let mut documents = client.documents();
    let (ordered, unused) =
        (client.markdown("# Salt\n\nIt is old.").await, client.markdown("# Snow\n\nIt is new.").await);
    let narration = client.narrate(of(&ordered)).await;
    let before = instance.objects_of(&ordered.name);
    let delete = api::DeleteDocumentRequest { name: ordered.name.clone(), ..Default::default() };
    let status = documents.delete_document(delete.clone()).await.expect_err("there is a narration of it");
    assert_eq!(refused(&status), wrong_state());
    assert!(status.message().contains("force"), "it says what to do: {status}");
    assert_eq!(instance.objects_of(&ordered.name), before);
    assert_eq!(client.narration(&narration.name).await.expect("it stays"), narration);
    client.download(&narration, "audio.opus").await;

    // One without narrations needs no force, nor one whose narrations are deleted.
    let free = api::DeleteDocumentRequest { name: unused.name, ..Default::default() };
    documents.delete_document(free).await.expect("erased");
    let of_it = api::DeleteNarrationRequest { name: narration.name, ..Default::default() };
    client.narrations().delete_narration(of_it).await.expect("deleted");
    documents.delete_document(delete).await.expect("erased");
    assert!(client.list_documents().await.is_empty());
}

async fn a_narration_that_is_not_finished_is_kept_without_force(profile: Profile) {
    let instance = profile.setup().start().await;
    let (client, mut admin) = (instance.client(), instance.admin().admin());
    admin.create_pause(pause_of("services/ingest", "so that nothing is finished")).await.expect("paused");
    // Every replica knows within two seconds.
    tokio::time::sleep(Duration::from_secs(3)).await;
    let document = client.markdown("# Slow\n\nIt takes its time.").await;
    let queued = client.order(of(&document)).await.expect("accepted");
    let delete = api::DeleteNarrationRequest { name: queued.name.clone(), ..Default::default() };
    let status = client.narrations().delete_narration(delete.clone()).await.expect_err("it is not terminal");
    assert_eq!(refused(&status), wrong_state());
    assert!(status.message().contains("force"), "it says what to do: {status}");
    assert_eq!(client.narration(&queued.name).await.expect("it stays").state(), State::Queued);

    let forced = api::DeleteNarrationRequest { force: true, ..delete };
    client.narrations().delete_narration(forced).await.expect("deleted");
    let gone = client.narration(&queued.name).await.expect_err("it is gone");
    assert_eq!(refused(&gone), (Code::NotFound, "RESOURCE_NOT_FOUND".to_owned()));
    assert!(client.list_narrations().await.is_empty());
}

async fn what_is_gone_already_is_a_success_where_that_is_allowed(profile: Profile) {
    let instance = profile.setup().start().await;
    let client = instance.client();
    let (mut documents, mut narrations) = (client.documents(), client.narrations());
    let document = client.markdown("# Gone\n\nIt was here.").await;
    let narration = client.narrate(of(&document)).await.name;
    let delete = api::DeleteNarrationRequest { name: narration, ..Default::default() };
    narrations.delete_narration(delete.clone()).await.expect("deleted");
    let unknown = api::DeleteNarrationRequest { name: "narrations/none".to_owned(), ..Default::default() };
    for gone in [delete, unknown] {
        let status = narrations.delete_narration(gone.clone()).await.expect_err("it is gone");
        assert_eq!(refused(&status), (Code::NotFound, "RESOURCE_NOT_FOUND".to_owned()), "{gone:?}");
        let allowed = api::DeleteNarrationRequest { allow_missing: true, ..gone };
        narrations.delete_narration(allowed).await.expect("a success");
    }

    let delete = api::DeleteDocumentRequest { name: document.name, etag: document.etag, ..Default::default() };
    let receipt = documents.delete_document(delete.clone()).await.expect("erased").into_inner().erasure;
    let receipt = receipt.expect("a receipt");
    let unknown = api::DeleteDocumentRequest { name: "documents/none".to_owned(), ..Default::default() };
    let told = (receipt.name, receipt.create_time);
    for (gone, reason, expected) in [(delete, "DOCUMENT_ERASED", Some(told)), (unknown, "RESOURCE_NOT_FOUND", None)] {
        let status = documents.delete_document(gone.clone()).await.expect_err("it is gone");
        assert_eq!(refused(&status), (Code::NotFound, reason.to_owned()), "{gone:?}");
        let allowed = api::DeleteDocumentRequest { allow_missing: true, ..gone };
        let answer = documents.delete_document(allowed).await.expect("a success").into_inner();
        let erasure = answer.erasure.map(|erasure| (erasure.name, erasure.create_time));
        assert_eq!(erasure, expected, "what was erased has its receipt, and what never was has none");
    }

    client.stream("gone", "a.md", b"Some words.", 0, None).await.expect_err("it is not finished");
    let cancel = api::CancelUploadRequest { name: "uploads/gone".to_owned(), allow_missing: false };
    documents.cancel_upload(cancel.clone()).await.expect("cancelled");
    let status = documents.cancel_upload(cancel.clone()).await.expect_err("it is gone");
    assert_eq!(refused(&status), (Code::NotFound, "RESOURCE_NOT_FOUND".to_owned()));
    documents.cancel_upload(api::CancelUploadRequest { allow_missing: true, ..cancel }).await.expect("a success");
}
