//! What a key may do, by its role, and for how long.

use std::time::Duration;

use futures::StreamExt as _;
use lectern_core::{Clock as _, SystemClock};
use lectern_e2e::{Client, Instance, PATIENCE, Profile, artifact, of, refusal, upload};
use lectern_proto::convert;
use lectern_proto::gateway::v1::VerifyKeyRequest;
use lectern_proto::v1::{self as api, create_document_request::Source, key::Role};
use tonic::{Code, Response, Status, Streaming};

const TENANT: &str = "tenants/acme";

/// A key of this role, and a caller with it; an administrator's belongs to no tenant.
async fn with_role(instance: &Instance, role: Role) -> (api::Key, Client) {
    let tenant = if role == Role::Administrator { String::new() } else { TENANT.to_owned() };
    let made = instance.new_key(api::Key { tenant, role: role.into(), ..api::Key::default() }).await;
    (made.key.expect("the key"), instance.with_key(&made.secret))
}

fn not_allowed(what: &str, answer: Result<(), Status>) {
    let refused = refusal(&answer.expect_err(what));
    assert_eq!((refused.code, refused.reason.as_str()), (Code::PermissionDenied, "KEY_NOT_ALLOWED"), "{what}");
}

/// The first message of a stream, or its refusal.
async fn first<T>(stream: Result<Response<Streaming<T>>, Status>) -> Result<(), Status> {
    stream?.into_inner().message().await.map(|_| ())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_reads_all_that_its_tenant_has_and_changes_nothing() {
    let instance = Profile::Stack.setup().start().await;
    let editor = instance.client();
    let document = editor.markdown("# Reading\n\nIt is done by eye or ear.").await;
    let narration = editor.narrate(of(&document)).await;
    editor.stream("begun", "a.md", b"Some words.", 0, None).await.expect_err("it is not finished");
    let (key, reader) = with_role(&instance, Role::Reader).await;
    assert_eq!((key.role(), key.tenant.as_str()), (Role::Reader, TENANT));

    assert_eq!(reader.list_documents().await.len(), 1);
    assert_eq!(reader.list_narrations().await.len(), 1);
    assert_eq!(reader.narration(&narration.name).await.expect("it"), narration);
    assert_eq!(reader.finished(&narration.name).await, narration, "it watches");
    reader.download(&narration, "audio.opus").await;
    assert!(!reader.script(&narration.name).await.is_empty());
    let (mut documents, mut narrations) = (reader.documents(), reader.narrations());
    let get = api::GetDocumentRequest { name: document.name.clone(), ..Default::default() };
    documents.get_document(get).await.expect("a document");
    documents.get_upload(api::GetUploadRequest { name: "uploads/begun".to_owned() }).await.expect("an upload");
    let manifest = api::GetManifestRequest { name: narration.name.clone(), ..Default::default() };
    narrations.get_manifest(manifest).await.expect("a manifest");
    let listen = api::ListenNarrationRequest { name: narration.name.clone(), ..Default::default() };
    let heard = narrations.listen_narration(listen).await.expect("audio").into_inner().count().await;
    assert!(heard > 3, "{heard} messages");
    let preview = api::PreviewDocumentRequest { narration: Some(of(&document)), ..Default::default() };
    let shown = narrations.preview_document(preview).await.expect("a preview").into_inner().count().await;
    assert!(shown > 1, "{shown} messages");
    reader.voices().list_voices(api::ListVoicesRequest::default()).await.expect("voices");
    reader.writers().list_writers(api::ListWritersRequest::default()).await.expect("writers");
    let estimate = api::EstimateNarrationRequest { narration: Some(of(&document)) };
    narrations.estimate_narration(estimate).await.expect("an estimate");
    reader.quota().get_quota(api::GetQuotaRequest {}).await.expect("a quota");

    let before = instance.object_names();
    let (name, etag) = (narration.name.clone(), String::new());
    let sent = futures::stream::iter(upload("read", "a.md", b"Some words.", 0, None));
    not_allowed("upload", documents.upload_document(sent).await.map(|_| ()));
    let cancel = api::CancelUploadRequest { name: "uploads/begun".to_owned(), ..Default::default() };
    not_allowed("cancel an upload", documents.cancel_upload(cancel).await.map(|_| ()));
    not_allowed("create", reader.create(Source::Text("Some words.".to_owned()), "a.md").await.map(|_| ()));
    let delete = api::DeleteDocumentRequest { name: document.name.clone(), force: true, ..Default::default() };
    not_allowed("delete a document", documents.delete_document(delete).await.map(|_| ()));
    not_allowed("order", reader.order(of(&document)).await.map(|_| ()));
    let cancel = api::CancelNarrationRequest { name: name.clone(), etag: etag.clone() };
    not_allowed("cancel", narrations.cancel_narration(cancel).await.map(|_| ()));
    let retry = api::RetryNarrationRequest { name: name.clone(), etag, ..api::RetryNarrationRequest::default() };
    not_allowed("retry", narrations.retry_narration(retry).await.map(|_| ()));
    let edits = vec![api::ScriptEdit { section: 0, utterance: 0, text: "Some words.".to_owned() }];
    let etag = "e1".to_owned();
    let update = api::UpdateScriptRequest { name: name.clone(), edits, etag, ..Default::default() };
    not_allowed("change a script", narrations.update_script(update).await.map(|_| ()));
    let approve = api::ApproveScriptRequest { name: name.clone(), etag: "e1".to_owned() };
    not_allowed("approve a script", narrations.approve_script(approve).await.map(|_| ()));
    let delete = api::DeleteNarrationRequest { name, force: true, ..Default::default() };
    not_allowed("delete", narrations.delete_narration(delete).await.map(|_| ()));
    let backlog = reader.admin().get_backlog(api::GetBacklogRequest {}).await;
    not_allowed("the work of all", backlog.map(|_| ()));
    assert_eq!(instance.object_names(), before, "nothing was changed");
    assert_eq!(editor.narration(&narration.name).await.expect("it"), narration);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_administrators_key_opens_the_work_of_all_and_no_tenants_data() {
    let instance = Profile::Stack.setup().start().await;
    let editor = instance.client();
    let document = editor.markdown("# Secrets\n\nThey are kept.").await;
    let narration = editor.narrate(of(&document)).await;
    let (key, administrator) = with_role(&instance, Role::Administrator).await;
    assert_eq!((key.role(), key.tenant.as_str()), (Role::Administrator, ""));

    administrator.admin().get_backlog(api::GetBacklogRequest {}).await.expect("a backlog");
    let pages = api::ListTenantsRequest::default();
    let tenants = administrator.tenants().list_tenants(pages).await.expect("tenants").into_inner().tenants;
    assert!(tenants.iter().any(|tenant| tenant.name == TENANT), "{tenants:?}");
    let keys = administrator.keys().list_keys(api::ListKeysRequest::default()).await.expect("keys").into_inner();
    assert!(keys.keys.iter().any(|listed| listed.name == key.name), "{keys:?}");

    administrator.voices().list_voices(api::ListVoicesRequest::default()).await.expect("voices are nobody's");
    administrator.writers().list_writers(api::ListWritersRequest::default()).await.expect("nor are writers");

    // Nor does the installation's admin key, which made the others.
    for (who, caller) in [("an administrator", administrator), ("the admin key", instance.admin())] {
        let refused = |what: &str, answer: Result<(), Status>| not_allowed(&format!("{who}: {what}"), answer);
        let (mut documents, mut narrations) = (caller.documents(), caller.narrations());
        let get = api::GetDocumentRequest { name: document.name.clone(), ..Default::default() };
        refused("get", documents.get_document(get).await.map(|_| ()));
        let delete = api::DeleteDocumentRequest { name: document.name.clone(), force: true, ..Default::default() };
        refused("delete", documents.delete_document(delete).await.map(|_| ()));
        let receipt = api::GetErasureRequest { name: format!("{}/erasure", document.name) };
        refused("get a receipt", documents.get_erasure(receipt).await.map(|_| ()));
        let created = caller.create(Source::Text("Some words.".to_owned()), "a.md").await;
        refused("create", created.map(|_| ()));
        let sent = futures::stream::iter(upload("administered", "a.md", b"Some words.", 0, None));
        refused("upload", documents.upload_document(sent).await.map(|_| ()));
        let listed = documents.list_documents(api::ListDocumentsRequest::default()).await;
        refused("list", listed.map(|_| ()));
        refused("get a narration", caller.narration(&narration.name).await.map(|_| ()));
        refused("order", caller.order(of(&document)).await.map(|_| ()));
        let name = artifact(&narration.name, "audio.opus");
        let file = narrations.download_artifact(api::DownloadArtifactRequest { name, ..Default::default() }).await;
        refused("download", first(file).await);
        let listen = api::ListenNarrationRequest { name: narration.name.clone(), ..Default::default() };
        refused("listen", first(narrations.listen_narration(listen).await).await);
        let listed = narrations.list_narrations(api::ListNarrationsRequest::default()).await;
        refused("list narrations", listed.map(|_| ()));
        refused("quota", caller.quota().get_quota(api::GetQuotaRequest {}).await.map(|_| ()));
    }
    assert_eq!(editor.narration(&narration.name).await.expect("it"), narration, "nothing was changed");

    // An editor's key is none of an administrator.
    let (_, editor) = with_role(&instance, Role::Editor).await;
    not_allowed("work", editor.admin().get_backlog(api::GetBacklogRequest {}).await.map(|_| ()));
    not_allowed("tenants", editor.tenants().list_tenants(api::ListTenantsRequest::default()).await.map(|_| ()));
    not_allowed("keys", editor.keys().list_keys(api::ListKeysRequest::default()).await.map(|_| ()));
    let records = editor.admin().list_audit_records(api::ListAuditRecordsRequest::default()).await;
    not_allowed("audit records", records.map(|_| ()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_ends_at_its_time_and_says_when_it_was_used() {
    let instance = Profile::Stack.setup().start().await;
    let now = SystemClock.now();
    let expires = now.plus(Duration::from_secs(2));
    let expire_time = Some(convert::time(expires));
    let made = instance.new_key(api::Key { tenant: TENANT.to_owned(), expire_time, ..api::Key::default() }).await;
    let key = made.key.expect("the key");
    assert_eq!((key.role(), key.expire_time, key.last_use_time), (Role::Editor, expire_time, None));
    let caller = instance.with_key(&made.secret);
    let refused = async {
        loop {
            match caller.voices().list_voices(api::ListVoicesRequest::default()).await {
                Ok(_) => tokio::time::sleep(Duration::from_millis(100)).await,
                Err(status) => return refusal(&status),
            }
        }
    };
    let refused = tokio::time::timeout(PATIENCE, refused).await.expect("it ends");
    assert_eq!((refused.code, refused.reason.as_str()), (Code::Unauthenticated, "KEY_INVALID"));
    assert!(SystemClock.now() >= expires, "not before its time");

    // One that would have ended before it began is not made, nor one without a tenant.
    let past = Some(convert::time(now));
    for (what, key) in [
        ("a time in the past", api::Key { tenant: TENANT.to_owned(), expire_time: past, ..api::Key::default() }),
        ("no tenant", api::Key::default()),
        ("a tenant's id", api::Key { tenant: "acme".to_owned(), ..api::Key::default() }),
        ("an unknown role", api::Key { tenant: TENANT.to_owned(), role: 99, ..api::Key::default() }),
        (
            "an administrator of a tenant",
            api::Key { tenant: TENANT.to_owned(), role: Role::Administrator.into(), ..api::Key::default() },
        ),
    ] {
        let request = api::CreateKeyRequest { key: Some(key), ..Default::default() };
        let refused = refusal(&instance.admin().keys().create_key(request).await.map(|_| ()).expect_err(what));
        assert_eq!((refused.code, refused.reason.as_str()), (Code::InvalidArgument, "INVALID_FIELD"), "{what}");
    }

    let (unused, caller) = with_role(&instance, Role::Reader).await;
    let get = api::GetKeyRequest { name: unused.name.clone() };
    let mut keys = instance.admin().keys();
    assert_eq!(keys.get_key(get.clone()).await.expect("it").into_inner().key, Some(unused));
    caller.voices().list_voices(api::ListVoicesRequest::default()).await.expect("voices");
    let used = async {
        while keys.get_key(get.clone()).await.expect("it").into_inner().key.expect("it").last_use_time.is_none() {
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
    };
    tokio::time::timeout(PATIENCE, used).await.expect("its use is noted");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_creation_of_a_key_makes_no_second_one_and_tells_no_secret() {
    let instance = Profile::Stack.setup().start().await;
    let mut keys = instance.admin().keys();
    let key = api::Key { tenant: "tenants/globex".to_owned(), display_name: "CI".to_owned(), ..api::Key::default() };
    let request = api::CreateKeyRequest { request_id: "ci-1".to_owned(), key: Some(key.clone()) };
    let first = keys.create_key(request.clone()).await.expect("a key").into_inner();
    let again = keys.create_key(request.clone()).await.expect("the same key").into_inner();
    let made = first.key.expect("the key");
    assert!(!first.secret.is_empty() && again.secret.is_empty(), "a secret is told once");
    assert_eq!(again.key.map(|key| key.name), Some(made.name));
    let other = api::Key { display_name: "another".to_owned(), ..key };
    let refused = keys.create_key(api::CreateKeyRequest { key: Some(other), ..request }).await.map(|_| ());
    let refused = refusal(&refused.expect_err("another body"));
    assert_eq!((refused.code, refused.reason.as_str()), (Code::AlreadyExists, "REQUEST_ID_REUSED"));
    let list = api::ListKeysRequest { tenant: "tenants/globex".to_owned(), ..Default::default() };
    assert_eq!(keys.list_keys(list).await.expect("keys").into_inner().keys.len(), 1);
    assert!(instance.with_key(&first.secret).list_documents().await.is_empty(), "the first answer's secret is good");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_key_asks_whose_another_key_is() {
    let instance = Profile::Stack.setup().start().await;
    let (_, reader) = with_role(&instance, Role::Reader).await;
    let (_, administrator) = with_role(&instance, Role::Administrator).await;
    let secret = instance.key("globex").await;
    let callers = [
        ("an editor", instance.client()),
        ("a reader", reader),
        ("an administrator", administrator),
        ("the admin key", instance.admin()),
    ];
    for (who, caller) in callers.into_iter().chain([("nobody", instance.nobody())]) {
        let request = VerifyKeyRequest { secret: secret.clone() };
        let refused = refusal(&caller.credentials().verify_key(request).await.map(|_| ()).expect_err(who));
        assert!(matches!(refused.reason.as_str(), "KEY_INVALID" | "KEY_NOT_ALLOWED"), "{who}: {refused:?}");
        assert!(matches!(refused.code, Code::Unauthenticated | Code::PermissionDenied), "{who}: {refused:?}");
        assert!(!refused.message.contains(&secret), "{who}: the secret is not said again");
    }
    // The stage services do.
    let request = VerifyKeyRequest { secret };
    let whose = instance.internal("gateway").credentials().verify_key(request).await.expect("whose it is").into_inner();
    assert_eq!(whose.key.map(|key| key.tenant).as_deref(), Some("tenants/globex"));
}
