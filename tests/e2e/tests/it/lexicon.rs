//! Words are said as a lexicon has them: a lexicon is its tenant's own, an order keeps what it was
//! accepted with, and an entry that changes makes anew the sentences that hold it, as the engine
//! itself counts them.

use lectern_e2e::{Client, Instance, Profile, of, refusal, spoken};
use lectern_proto::v1::audit_record::Action;
use lectern_proto::v1::lexicon_entry::Written;
use lectern_proto::v1::preview_document_response::Part;
use lectern_proto::v1::{self as api};
use tonic::Code;

on_both_profiles!(
    a_changed_entry_makes_anew_the_sentences_that_hold_it,
    a_lexicon_is_made_changed_and_deleted_and_an_order_keeps_what_it_had,
    orders_have_the_lexicons_by_default_of_their_tenant_unless_they_do_without_them,
);

const TEXT: &str = "# Names\n\nAsk Siobhán about it. Nobody knows the gate. Learn SQL today. The river is wide. \
                    Siobhán knows SQL well. It ends here.\n";

fn entry(text: &str, respelling: &str) -> api::LexiconEntry {
    api::LexiconEntry {
        written: Some(Written::Text(text.to_owned())),
        respelling: respelling.to_owned(),
        ..api::LexiconEntry::default()
    }
}

fn used(name: &str) -> api::NarrationLexicon {
    api::NarrationLexicon { name: name.to_owned(), version: 0 }
}

async fn create(client: &Client, id: &str, entries: Vec<api::LexiconEntry>) -> Result<api::Lexicon, tonic::Status> {
    let lexicon = Some(api::Lexicon { entries, ..api::Lexicon::default() });
    let request = api::CreateLexiconRequest { lexicon_id: id.to_owned(), lexicon };
    Ok(client.lexicons().create_lexicon(request).await?.into_inner().lexicon.expect("the lexicon"))
}

async fn update(client: &Client, lexicon: api::Lexicon) -> Result<api::Lexicon, tonic::Status> {
    let request = api::UpdateLexiconRequest { lexicon: Some(lexicon), update_mask: None };
    Ok(client.lexicons().update_lexicon(request).await?.into_inner().lexicon.expect("the lexicon"))
}

/// Narrates an order: it, and how many sentences the engine spoke for it.
async fn narrated(instance: &Instance, order: api::Narration) -> (api::Narration, usize) {
    let before = spoken(&instance.speech_log()).len();
    let narration = instance.client().narrate(order).await;
    (narration, spoken(&instance.speech_log()).len() - before)
}

async fn a_changed_entry_makes_anew_the_sentences_that_hold_it(profile: Profile) {
    let instance = profile.setup().start().await;
    let client = instance.client();
    let document = client.markdown(TEXT).await;
    let (plain, all) = narrated(&instance, of(&document)).await;
    assert!(plain.lexicon_key.is_empty());

    let with = |entries: Vec<api::LexiconEntry>| api::Narration { pronunciations: entries, ..of(&document) };
    let both = |siobhan: &str| vec![entry("Siobhán", siobhan), entry("SQL", "sequel"), entry("nobody here", "no one")];
    let (first, made) = narrated(&instance, with(both("shi vawn"))).await;
    assert_eq!(made, 3, "three of {all} sentences hold an entry");
    assert!(!first.lexicon_key.is_empty() && first.pronunciations.is_empty());
    let (second, made) = narrated(&instance, with(both("shi von"))).await;
    assert_eq!(made, 2, "two of them hold the entry that changed");
    assert_ne!(second.lexicon_key, first.lexicon_key);
    let (same, made) = narrated(&instance, with(both("shi vawn"))).await;
    assert_eq!((made, same.lexicon_key), (0, first.lexicon_key), "equal inputs are equal");

    // What is written is shown, and not how it is said.
    let captions = String::from_utf8(client.download(&second, "captions.vtt").await).expect("UTF-8");
    assert!(captions.contains("Siobhán") && !captions.contains("shi von"), "{captions}");
}

async fn a_lexicon_is_made_changed_and_deleted_and_an_order_keeps_what_it_had(profile: Profile) {
    let instance = profile.setup().start().await;
    let client = instance.client();
    let document = client.markdown(TEXT).await;
    let made = create(&client, "names", vec![entry("Siobhán", "shi vawn")]).await.expect("made");
    assert_eq!((made.name.as_str(), made.version, made.entry_count), ("lexicons/names", 1, 1));
    let again = refusal(&create(&client, "names", Vec::new()).await.expect_err("it is there"));
    assert_eq!((again.code, again.reason.as_str()), (Code::AlreadyExists, "ALREADY_EXISTS"));

    let order = || api::Narration { lexicons: vec![used(&made.name)], ..of(&document) };
    let (first, _) = narrated(&instance, order()).await;
    assert_eq!(first.lexicons, [api::NarrationLexicon { version: 1, ..used(&made.name) }]);
    let changed = api::Lexicon { entries: vec![entry("Siobhán", "shi von")], ..made.clone() };
    let changed = update(&client, changed).await.expect("changed");
    assert_eq!(changed.version, 2);
    let stale = refusal(&update(&client, made.clone()).await.expect_err("an old etag"));
    assert_eq!((stale.code, stale.reason.as_str()), (Code::Aborted, "ETAG_MISMATCH"));
    let (second, made_anew) = narrated(&instance, order()).await;
    assert_eq!((second.lexicons[0].version, made_anew), (2, 2));

    let delete = api::DeleteLexiconRequest { name: made.name.clone(), etag: changed.etag };
    client.lexicons().delete_lexicon(delete).await.expect("deleted");
    let gone = refusal(&client.order(order()).await.expect_err("it is gone"));
    assert_eq!((gone.code, gone.reason.as_str()), (Code::NotFound, "RESOURCE_NOT_FOUND"));
    let kept = client.narration(&second.name).await.expect("there");
    assert_eq!((kept.lexicons, kept.lexicon_key), (second.lexicons, second.lexicon_key));

    let tenant = format!("tenants/{}", instance.tenant_id());
    let filter = Some(api::AuditRecordFilter { target: made.name.clone(), tenant, ..Default::default() });
    let request = api::ListAuditRecordsRequest { filter, ..Default::default() };
    let records = instance.admin().admin().list_audit_records(request).await.expect("a page").into_inner();
    let actions: Vec<Action> = records.audit_records.iter().map(api::AuditRecord::action).collect();
    let expected = [Action::LexiconDeleted, Action::LexiconUpdated, Action::LexiconCreated];
    assert_eq!(actions, expected, "the newest first, and nothing of what was refused");

    let wrong = api::Narration { pronunciations: vec![entry("Siobhán", "")], ..of(&document) };
    let refused = refusal(&client.order(wrong).await.expect_err("it says nothing"));
    assert_eq!((refused.code, refused.reason.as_str()), (Code::InvalidArgument, "INVALID_FIELD"));
}

async fn orders_have_the_lexicons_by_default_of_their_tenant_unless_they_do_without_them(profile: Profile) {
    let instance = profile.setup().start().await;
    let client = instance.client();
    let document = client.markdown(TEXT).await;
    let (plain, _) = narrated(&instance, of(&document)).await;
    assert!(plain.lexicon_key.is_empty() && plain.default_lexicons.is_empty());
    let all = stored(&client, of(&document)).await;

    let made = create(&client, "names", vec![entry("Siobhán", "shi vawn")]).await.expect("made");
    let had = update(&client, api::Lexicon { by_default: true, ..made.clone() }).await.expect("changed");
    assert!(had.by_default && had.version == made.version && had.etag != made.etag);
    assert_eq!(stored(&client, of(&document)).await, all - 2, "a preview has it too");
    let repeated = || api::CreateNarrationRequest { request_id: "order-1".to_owned(), narration: Some(of(&document)) };
    let ordered = async || {
        let accepted = client.narrations().create_narration(repeated()).await.expect("accepted").into_inner();
        accepted.narration.expect("the narration")
    };
    let before = spoken(&instance.speech_log()).len();
    let first = client.finished(&ordered().await.name).await;
    assert_eq!(spoken(&instance.speech_log()).len() - before, 2, "two sentences hold the entry");
    assert!(first.lexicons.is_empty() && !first.lexicon_key.is_empty());
    assert_eq!(first.default_lexicons, [api::NarrationLexicon { version: 1, ..used(&made.name) }]);

    // Who names it has it once, and so the same.
    let named = api::Narration { lexicons: vec![used(&made.name)], ..of(&document) };
    let (named, made_anew) = narrated(&instance, named).await;
    assert_eq!((named.lexicon_key.as_str(), made_anew), (first.lexicon_key.as_str(), 0));
    assert!(named.default_lexicons.is_empty());
    // What an order says itself counts before it.
    let own = api::Narration { pronunciations: vec![entry("Siobhán", "shi von")], ..of(&document) };
    let (_, made_anew) = narrated(&instance, own).await;
    assert_eq!(made_anew, 2);
    // Who does without it has what there was before.
    let without = || api::Narration { without_default_lexicons: true, ..of(&document) };
    assert_eq!(stored(&client, without()).await, all);
    let (without, made_anew) = narrated(&instance, without()).await;
    assert_eq!((without.lexicon_key.as_str(), made_anew), ("", 0));
    assert!(without.without_default_lexicons && without.default_lexicons.is_empty());

    let changed = api::Lexicon { entries: vec![entry("Siobhán", "shi vahn")], ..had };
    update(&client, changed).await.expect("changed");
    let again = ordered().await;
    assert_eq!((&again.name, &again.lexicon_key), (&first.name, &first.lexicon_key), "the first, as it was");
    assert_eq!(again.default_lexicons, first.default_lexicons);
    let (second, made_anew) = narrated(&instance, of(&document)).await;
    assert_eq!((second.default_lexicons[0].version, made_anew), (2, 2));
}

/// How many sentences of an order are spoken already, as a preview of it counts them.
async fn stored(client: &Client, order: api::Narration) -> usize {
    let request = api::PreviewDocumentRequest { narration: Some(order), count_stored_speech: true };
    let mut stream = client.narrations().preview_document(request).await.expect("a preview").into_inner();
    let mut last = None;
    while let Some(message) = stream.message().await.expect("a message") {
        last = message.part;
    }
    let Some(Part::StoredSpeech(stored)) = last else { panic!("the count comes last") };
    usize::try_from(stored.stored_utterance_count).expect("a count")
}
