//! Documents that revise others: what did not change is found, and they are erased together alone.

use std::collections::BTreeSet;

use lectern_e2e::{Client, Instance, Profile, of, refusal, spoken};
use lectern_proto::v1 as api;
use lectern_proto::v1::create_document_request::Source;
use lectern_proto::v1::erased_items::Kind;
use tonic::Code;

on_both_profiles!(
    of_a_revision_only_the_sentences_that_changed_are_spoken,
    revisions_are_erased_together_and_keep_what_the_others_use_until_then,
);

const PLACES: [&str; 6] = ["harbour", "station", "river", "mill", "tower", "bridge"];
const DAYS: [&str; 5] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday"];

/// A document of thirty sentences, none twice, of which those at the places of `changed` are other
/// ones.
fn thirty_sentences(changed: &[usize]) -> String {
    let mut text = String::from("# A week\n\n");
    for (chapter, place) in PLACES.iter().enumerate() {
        text.push_str(&format!("## The {place}\n\n"));
        for (at, day) in DAYS.iter().enumerate() {
            let verb = if changed.contains(&(chapter * DAYS.len() + at)) { "closed" } else { "opened" };
            text.push_str(&format!("The gate at the {place} was {verb} early on {day}. "));
        }
        text.push_str("\n\n");
    }
    text
}

async fn hand_in(client: &Client, text: &str, revises: &str) -> Result<api::Document, tonic::Status> {
    let request = api::CreateDocumentRequest {
        document: Some(api::Document { revises: revises.to_owned(), ..Default::default() }),
        file_name: "week.md".to_owned(),
        source: Some(Source::Text(text.to_owned())),
        ..Default::default()
    };
    let answer = client.documents().create_document(request).await?.into_inner();
    Ok(answer.document.expect("the document"))
}

/// Narrates a document: how many sentences it has, how many of them were there, and the keys of
/// those that the engine spoke, as it logged them itself.
async fn narrated(instance: &Instance, document: &api::Document) -> (api::Narration, (i64, i64), BTreeSet<String>) {
    let before = spoken(&instance.speech_log()).len();
    let narration = instance.client().narrate(of(document)).await;
    let progress = narration.progress.expect("progress");
    let keys = spoken(&instance.speech_log()).split_off(before).into_iter().collect();
    (narration, (progress.utterance_count, progress.reused_utterance_count), keys)
}

async fn of_a_revision_only_the_sentences_that_changed_are_spoken(profile: Profile) {
    let instance = profile.setup().start().await;
    let client = instance.client();
    let first = hand_in(&client, &thirty_sentences(&[]), "").await.expect("accepted");
    assert_eq!((first.revises.as_str(), &first.first_revision), ("", &first.name));
    let (of_first, (all, reused), keys) = narrated(&instance, &first).await;
    assert!(all >= 30, "{all} sentences, with the headings");
    assert_eq!(i64::try_from(keys.len()).expect("a count"), all - reused, "the engine's count is ours");

    let revision = hand_in(&client, &thirty_sentences(&[7, 22]), &first.name).await.expect("accepted");
    assert_eq!((&revision.revises, &revision.first_revision), (&first.name, &first.name));
    let (of_revision, (sentences, found), new) = narrated(&instance, &revision).await;
    assert_eq!((sentences, found, new.len()), (all, all - 2, 2), "{new:?}");
    assert!(new.is_disjoint(&keys), "what was spoken is not spoken again");
    // What they share is the same text, as each of them tells it.
    let words = |sections: Vec<api::ScriptSection>| -> Vec<String> {
        sections.into_iter().flat_map(|section| section.utterances).map(|utterance| utterance.spoken).collect()
    };
    let (one, two) = (words(client.script(&of_first.name).await), words(client.script(&of_revision.name).await));
    let changed: Vec<_> = one.iter().zip(&two).filter(|(one, two)| one != two).collect();
    assert_eq!((one.len(), changed.len()), (two.len(), 2), "{changed:?}");

    // Back to what it was: a revision of the revision finds all that the first one made.
    let back = hand_in(&client, &thirty_sentences(&[]), &revision.name).await.expect("accepted");
    assert_eq!((&back.revises, &back.first_revision), (&revision.name, &first.name));
    let (_, (sentences, found), new) = narrated(&instance, &back).await;
    assert_eq!((sentences, found), (all, all));
    assert!(new.is_empty(), "{new:?}");

    // Without saying what it revises, it is another document, and all of it is spoken.
    let other = hand_in(&client, &thirty_sentences(&[7, 22]), "").await.expect("accepted");
    let (_, (sentences, found), new) = narrated(&instance, &other).await;
    assert_eq!(i64::try_from(new.len()).expect("a count"), sentences - found);
    assert!(new.len() >= 30, "{}", new.len());
}

async fn revisions_are_erased_together_and_keep_what_the_others_use_until_then(profile: Profile) {
    let instance = profile.setup().start().await;
    let client = instance.client();
    let mut documents = client.documents();
    let first = hand_in(&client, &thirty_sentences(&[]), "").await.expect("accepted");
    let revision = hand_in(&client, &thirty_sentences(&[3]), &first.name).await.expect("accepted");
    let (of_first, ..) = narrated(&instance, &first).await;
    let (of_revision, ..) = narrated(&instance, &revision).await;
    let audio = client.download(&of_revision, "audio.opus").await;
    let list = api::ListDocumentsRequest { revisions_of: revision.name.clone(), ..Default::default() };
    let listed = documents.list_documents(list).await.expect("a list").into_inner().documents;
    let names: BTreeSet<_> = listed.iter().map(|document| document.name.as_str()).collect();
    assert_eq!(names, BTreeSet::from([first.name.as_str(), revision.name.as_str()]));

    // Neither goes alone, whatever else is said, and nothing of them is touched.
    let before = instance.objects_of(&first.name);
    for name in [&first.name, &revision.name] {
        let delete = api::DeleteDocumentRequest { name: name.clone(), force: true, ..Default::default() };
        let status = documents.delete_document(delete).await.expect_err("there is another revision");
        let refused = refusal(&status);
        assert_eq!((refused.code, refused.reason.as_str()), (Code::FailedPrecondition, "WRONG_STATE"));
        assert!(refused.message.contains("all_revisions"), "{refused:?}");
    }
    let unforced = api::DeleteDocumentRequest { name: first.name.clone(), all_revisions: true, ..Default::default() };
    let status = documents.delete_document(unforced.clone()).await.expect_err("there are narrations");
    assert!(refusal(&status).message.contains("force"), "{status}");
    assert_eq!(instance.objects_of(&first.name), before);
    // A narration of the first goes, and the other one's stays whole.
    let delete = api::DeleteNarrationRequest { name: of_first.name, ..Default::default() };
    client.narrations().delete_narration(delete).await.expect("deleted");
    assert!(client.download(&of_revision, "audio.opus").await == audio);

    let delete = api::DeleteDocumentRequest { force: true, ..unforced };
    let erasure = documents.delete_document(delete).await.expect("erased").into_inner().erasure.expect("a receipt");
    let count = |kind: Kind| -> i64 {
        erasure.items.iter().filter(|item| item.kind() == kind).map(|item| item.first_sweep_count).sum()
    };
    assert_eq!((count(Kind::DocumentRecord), count(Kind::SourceObject), count(Kind::NarrationRecord)), (2, 2, 1));
    assert!(instance.objects_of(&first.name).is_empty());
    assert!(client.list_documents().await.is_empty());
    for name in [&first.name, &revision.name] {
        let get = api::GetErasureRequest { name: format!("{name}/erasure") };
        let told = documents.get_erasure(get).await.expect("a receipt").into_inner().erasure.expect("a receipt");
        assert_eq!((&told.name, &told.first_revision), (&format!("{name}/erasure"), &first.name));
        assert_eq!((told.create_time, &told.items), (erasure.create_time, &erasure.items));
    }
    let status = hand_in(&client, &thirty_sentences(&[4]), &revision.name).await.expect_err("it is erased");
    let refused = refusal(&status);
    assert_eq!((refused.code, refused.reason.as_str()), (Code::FailedPrecondition, "DOCUMENT_ERASED"));
}
