//! Words are said as a lexicon has them: a lexicon is its tenant's own, an order keeps what it was
//! accepted with, and an entry that changes makes anew the sentences that hold it, as the engine
//! itself counts them.

use lectern_e2e::{Client, Instance, Profile, of, refusal, spoken};
use lectern_proto::v1::audit_record::Action;
use lectern_proto::v1::lexicon_entry::Written;
use lectern_proto::v1::{self as api};
use tonic::Code;

on_both_profiles!(
    a_changed_entry_makes_anew_the_sentences_that_hold_it,
    a_lexicon_is_made_changed_and_deleted_and_an_order_keeps_what_it_had,
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
