//! An upload is looked at, and dropped by who does not go on with it.

use lectern_core::Digest;
use lectern_e2e::{Client, Profile, refusal, upload};
use lectern_proto::v1::{self as api, upload_document_request::Part};
use tonic::{Code, Status};

on_both_profiles!(an_upload_that_is_cancelled_leaves_nothing, an_upload_says_how_far_it_came);

const TEXT: &[u8] = b"The ferry leaves at nine. It comes back at noon.";

async fn get(client: &Client, id: &str) -> Result<api::Upload, Status> {
    let request = api::GetUploadRequest { name: format!("uploads/{id}") };
    let answer = client.documents().get_upload(request).await?.into_inner();
    Ok(answer.upload.expect("the upload"))
}

async fn cancel(client: &Client, id: &str) -> Result<(), Status> {
    let request = api::CancelUploadRequest { name: format!("uploads/{id}"), allow_missing: false };
    client.documents().cancel_upload(request).await.map(|_| ())
}

fn refused(status: &Status) -> (Code, String) {
    let refused = refusal(status);
    (refused.code, refused.reason)
}

fn not_found() -> (Code, String) {
    (Code::NotFound, "RESOURCE_NOT_FOUND".to_owned())
}

async fn an_upload_that_is_cancelled_leaves_nothing(profile: Profile) {
    let instance = profile.setup().start().await;
    let client = instance.client();
    assert_eq!(refused(&cancel(&client, "ferry").await.expect_err("there is none")), not_found());
    client.stream("ferry", "ferry.md", &TEXT[..20], 0, None).await.expect_err("it is not finished");
    assert_eq!(get(&client, "ferry").await.expect("it").committed_bytes, 20);

    cancel(&client, "ferry").await.expect("cancelled");
    assert_eq!(refused(&get(&client, "ferry").await.expect_err("it is gone")), not_found());
    assert_eq!(refused(&cancel(&client, "ferry").await.expect_err("it is gone")), not_found());
    assert!(instance.object_names().is_empty(), "{:?}", instance.object_names());

    // Its id is free, and what was sent under it is forgotten.
    let gap = client.stream("ferry", "ferry.md", TEXT, 20, None).await.expect_err("nothing is safe");
    assert_eq!(refused(&gap), (Code::FailedPrecondition, "OFFSET_MISMATCH".to_owned()));
    let document = client.upload("ferry", "ferry.md", TEXT).await.expect("accepted");
    assert_eq!(get(&client, "ferry").await.expect("it").document, document.name);
    let finished = cancel(&client, "ferry").await.expect_err("it is a document");
    assert_eq!(refused(&finished), (Code::FailedPrecondition, "WRONG_STATE".to_owned()));
    assert_eq!(client.list_documents().await.len(), 1);

    // Another tenant's upload is none.
    if profile == Profile::Stack {
        client.stream("own", "ferry.md", &TEXT[..20], 0, None).await.expect_err("it is not finished");
        let stranger = instance.tenant("globex").await;
        assert_eq!(refused(&cancel(&stranger, "own").await.expect_err("it is another's")), not_found());
        assert_eq!(get(&client, "own").await.expect("it stays").committed_bytes, 20);
    }
    let wrong = api::GetUploadRequest { name: "ferry".to_owned() };
    let wrong = client.documents().get_upload(wrong).await.expect_err("no name of an upload");
    assert_eq!(refused(&wrong), (Code::InvalidArgument, "INVALID_FIELD".to_owned()));
}

async fn an_upload_says_how_far_it_came(profile: Profile) {
    let instance = profile.setup().start().await;
    let client = instance.client();
    let named = |display_name: &str| {
        let (display_name, language_code) = (display_name.to_owned(), "en".to_owned());
        Some(api::Document { display_name, language_code, ..api::Document::default() })
    };
    let mut begun = upload("ferry", "ferry.md", &TEXT[..20], 0, None);
    let Some(Part::Start(start)) = &mut begun[0].part else { unreachable!("the first message") };
    start.document = named("The ferry");
    let broken = client.documents().upload_document(futures::stream::iter(begun)).await.map(|_| ());
    assert_eq!(refused(&broken.expect_err("not finished")), (Code::Aborted, "OFFSET_MISMATCH".to_owned()));
    let known = get(&client, "ferry").await.expect("it");
    assert_eq!((known.name.as_str(), known.committed_bytes, known.size_bytes), ("uploads/ferry", 20, None));
    assert!(known.document.is_empty() && known.expire_time.is_some(), "{known:?}");

    // The size is known once a stream has said it; what is known of the document is what the first
    // stream said.
    let mut rest = upload("ferry", "ferry.md", &TEXT[..30], 20, None);
    let Some(Part::Start(start)) = &mut rest[0].part else { unreachable!("the first message") };
    (start.size_bytes, start.document) = (Some(TEXT.len() as i64), named("Another"));
    let broken = client.documents().upload_document(futures::stream::iter(rest)).await.map(|_| ());
    broken.expect_err("not finished");
    let known = get(&client, "ferry").await.expect("it");
    assert_eq!((known.committed_bytes, known.size_bytes), (30, Some(TEXT.len() as i64)));
    let sha256 = Some(Digest::of(TEXT).to_string());
    let document = client.stream("ferry", "ferry.md", TEXT, 30, sha256).await.expect("accepted");
    assert_eq!((document.display_name.as_str(), document.language_code.as_str()), ("The ferry", "en"));
    let known = get(&client, "ferry").await.expect("it");
    assert_eq!((known.document, known.committed_bytes), (document.name, TEXT.len() as i64));
}
