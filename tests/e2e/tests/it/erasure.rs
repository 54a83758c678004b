//! Erasing a document: its narrations end, nothing that was made from it is left, and a receipt
//! says what was deleted.

use std::time::Duration;

use lectern_blob::Objects;
use lectern_core::Digest;
use lectern_e2e::{Client, Instance, PATIENCE, Profile, chapters, document_id, of, reason, refusal};
use lectern_proto::v1::erased_items::Kind;
use lectern_proto::v1::{self as api, narration::State};
use tonic::Code;

on_both_profiles!(an_erased_document_takes_everything_that_was_made_from_it);

/// How many of a kind the first sweep deleted.
fn deleted(erasure: &api::Erasure, kind: Kind) -> i64 {
    let of_kind: Vec<_> = erasure.items.iter().filter(|items| items.kind() == kind).collect();
    assert!(of_kind.len() <= 1, "each kind once: {erasure:?}");
    of_kind.first().map_or(0, |items| items.first_sweep_count)
}

async fn receipt_of(client: &Client, document: &str) -> api::Erasure {
    let request = api::GetErasureRequest { name: format!("{document}/erasure") };
    let answer = client.documents().get_erasure(request).await.expect("the receipt").into_inner();
    answer.erasure.expect("the receipt")
}

/// Puts a track into the scope of a document, as a step that was still at work would.
async fn put_late(instance: &Instance, document: &str) {
    let blob = instance.storage().await;
    let scope = document_id(document).as_str().parse().expect("a scope");
    let objects = Objects::new(blob, &instance.tenant_id().parse().expect("a tenant"), &scope);
    let path = objects.folder().track(&Digest::of(b"put after the first sweep"));
    objects.write(&path, &b"a track"[..]).await.expect("put");
    assert!(instance.objects_of(document).contains(&path), "{path} lies where the service looks");
}

async fn an_erased_document_takes_everything_that_was_made_from_it(profile: Profile) {
    let instance = profile.setup().everywhere("LECTERN_PERMITS", "1").start().await;
    let client = instance.client();
    let (document, kept) = (client.markdown(&chapters(24, 90)).await, client.markdown("# Kept\n\nThis stays.").await);
    let finished = client.narrate(of(&kept)).await;
    let name = client.order(of(&document)).await.expect("accepted").name;
    client.watch(&name, |narration| narration.progress.is_some_and(|p| p.recorded_section_count > 0)).await;
    let made = instance.objects_of(&document.name);
    assert!(!made.is_empty());
    let receipt = api::GetErasureRequest { name: format!("{}/erasure", document.name) };
    let early = client.documents().get_erasure(receipt.clone()).await.expect_err("it is not erased");
    assert_eq!((early.code(), refusal(&early).reason.as_str()), (Code::FailedPrecondition, "WRONG_STATE"));

    let (erased, etag) = (document.name.clone(), document.etag.clone());
    let delete = api::DeleteDocumentRequest { name: erased, etag, force: true, ..Default::default() };
    let erasure = client.documents().delete_document(delete.clone()).await.expect("erased").into_inner().erasure;
    let erasure = erasure.expect("a receipt");
    assert_eq!(erasure.name, receipt.name);
    assert!(erasure.create_time.is_some() && erasure.first_sweep_time.is_some(), "{erasure:?}");
    assert_eq!(erasure.second_sweep_time, None, "the second sweep comes a minute later");
    for (kind, folder) in [
        (Kind::SourceObject, "/source/"),
        (Kind::ContentObject, "/content/"),
        (Kind::PlanObject, "/plan/"),
        (Kind::SectionObject, "/section/"),
        (Kind::SegmentObject, "/segment/"),
        (Kind::TrackObject, "/track/"),
        (Kind::ArtifactObject, "/recording/"),
    ] {
        // A step may have put some more meanwhile.
        let there = made.iter().filter(|object| object.contains(folder)).count();
        assert!(deleted(&erasure, kind) >= i64::try_from(there).expect("a count"), "{kind:?}: {erasure:?}, {made:?}");
    }
    assert_eq!(deleted(&erasure, Kind::SourceObject), 1, "{erasure:?}");
    assert!(deleted(&erasure, Kind::SegmentObject) > 0 && deleted(&erasure, Kind::TrackObject) > 0, "{erasure:?}");
    assert_eq!(deleted(&erasure, Kind::OtherObject), 0, "every object has a kind: {erasure:?}, {made:?}");
    assert_eq!((deleted(&erasure, Kind::DocumentRecord), deleted(&erasure, Kind::NarrationRecord)), (1, 1));
    let told = client.documents().get_erasure(receipt).await.expect("the receipt").into_inner().erasure;
    let told = told.expect("the receipt");
    assert_eq!(
        (&told.name, told.create_time, told.first_sweep_time),
        (&erasure.name, erasure.create_time, erasure.first_sweep_time)
    );
    let firsts = |erasure: &api::Erasure| {
        (1..=12_i32).map(|kind| deleted(erasure, Kind::try_from(kind).expect("a kind"))).collect::<Vec<_>>()
    };
    assert_eq!(firsts(&told), firsts(&erasure));
    let cancelled = client.narration(&name).await.expect("its record stays");
    assert_eq!(cancelled.state(), State::Cancelled, "{cancelled:?}");
    assert_eq!(reason(cancelled.failure.as_ref()), "DOCUMENT_ERASED");
    assert!(cancelled.title.is_empty() && cancelled.artifacts.is_empty() && cancelled.notes.is_empty());

    let get = api::GetDocumentRequest { name: document.name.clone(), ..Default::default() };
    let script = api::GetScriptRequest { name: name.clone(), ..Default::default() };
    let retry = api::RetryNarrationRequest { name, ..api::RetryNarrationRequest::default() };
    for (what, refused, code) in [
        ("get", client.documents().get_document(get).await.expect_err("erased"), Code::NotFound),
        ("order", client.order(of(&document)).await.expect_err("erased"), Code::NotFound),
        ("script", client.narrations().get_script(script).await.expect_err("erased"), Code::NotFound),
        ("retry", client.narrations().retry_narration(retry).await.expect_err("erased"), Code::FailedPrecondition),
    ] {
        assert_eq!((refused.code(), refusal(&refused).reason.as_str()), (code, "DOCUMENT_ERASED"), "{what}");
    }
    let unknown = api::GetErasureRequest { name: "documents/none/erasure".to_owned() };
    let unknown = client.documents().get_erasure(unknown).await.expect_err("no such document");
    assert_eq!((unknown.code(), refusal(&unknown).reason.as_str()), (Code::NotFound, "RESOURCE_NOT_FOUND"));
    let again = client.documents().delete_document(delete).await.expect_err("it is gone");
    assert_eq!((again.code(), refusal(&again).reason.as_str()), (Code::NotFound, "DOCUMENT_ERASED"));
    assert_eq!(client.list_documents().await.len(), 1, "only the other is left");

    // What a step was just putting is deleted by the second sweep, and stands in the receipt.
    put_late(&instance, &document.name).await;
    let swept = async {
        loop {
            let receipt = receipt_of(&client, &document.name).await;
            if receipt.second_sweep_time.is_some() {
                return receipt;
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    };
    let swept = tokio::time::timeout(PATIENCE, swept).await.expect("a second sweep");
    let track = swept.items.iter().find(|items| items.kind() == Kind::TrackObject).expect("tracks");
    assert!(track.second_sweep_count >= 1, "{swept:?}");
    assert!(swept.second_sweep_time.map(|at| at.seconds) > swept.first_sweep_time.map(|at| at.seconds), "{swept:?}");
    assert_eq!(instance.objects_of(&document.name), Vec::<String>::new(), "nothing is left");
    client.download(&finished, "audio.opus").await;
}
