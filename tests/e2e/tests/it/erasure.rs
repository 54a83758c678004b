//! Erasing a document: its narrations end, and nothing that was made from it is left.

use lectern_e2e::{PATIENCE, Profile, chapters, of, refusal};
use lectern_proto::v1::{self as api, narration::State};
use tonic::Code;

on_both_profiles!(an_erased_document_takes_everything_that_was_made_from_it);

async fn an_erased_document_takes_everything_that_was_made_from_it(profile: Profile) {
    let instance = profile.setup().everywhere("LECTERN_PERMITS", "1").start().await;
    let client = instance.client();
    let (document, kept) = (client.markdown(&chapters(24, 90)).await, client.markdown("# Kept\n\nThis stays.").await);
    let finished = client.narrate(of(&kept)).await;
    let name = client.order(of(&document)).await.expect("accepted").name;
    client.watch(&name, |narration| narration.progress.is_some_and(|p| p.sections_recorded > 0)).await;
    assert!(!instance.objects_of(&document.name).is_empty());

    let delete = api::DeleteDocumentRequest { name: document.name.clone(), etag: document.etag.clone() };
    client.documents().delete_document(delete.clone()).await.expect("erased");
    let cancelled = client.narration(&name).await.expect("its record stays");
    assert_eq!(cancelled.state(), State::Cancelled, "{cancelled:?}");
    assert_eq!(cancelled.failure.map(|failure| failure.reason).as_deref(), Some("DOCUMENT_ERASED"));
    assert!(cancelled.title.is_empty() && cancelled.artifacts.is_empty() && cancelled.notes.is_empty());

    let get = api::GetDocumentRequest { name: document.name.clone() };
    let script = api::GetScriptRequest { name: name.clone(), ..Default::default() };
    let retry = api::RetryNarrationRequest { name, etag: String::new() };
    for (what, refused, code) in [
        ("get", client.documents().get_document(get).await.expect_err("erased"), Code::NotFound),
        ("order", client.order(of(&document)).await.expect_err("erased"), Code::NotFound),
        ("script", client.narrations().get_script(script).await.expect_err("erased"), Code::NotFound),
        ("retry", client.narrations().retry_narration(retry).await.expect_err("erased"), Code::FailedPrecondition),
    ] {
        assert_eq!((refused.code(), refusal(&refused).reason.as_str()), (code, "DOCUMENT_ERASED"), "{what}");
    }
    let again = client.documents().delete_document(delete).await.expect_err("it is gone");
    assert_eq!((again.code(), refusal(&again).reason.as_str()), (Code::NotFound, "DOCUMENT_ERASED"));
    assert_eq!(client.list_documents().await.len(), 1, "only the other is left");

    // What a step was just putting is deleted by the second sweep.
    let swept = async {
        while !instance.objects_of(&document.name).is_empty() {
            tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        }
    };
    let swept = tokio::time::timeout(PATIENCE, swept).await;
    assert!(swept.is_ok(), "left: {:?}", instance.objects_of(&document.name));
    client.download(&finished, "audio.wav").await;
}
