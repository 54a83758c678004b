//! What the API has room for and this version cannot do is refused, and nothing else is made of it.

use lectern_e2e::{Profile, of, refusal};
use lectern_proto::v1 as api;
use tonic::Code;

on_both_profiles!(what_is_not_built_yet_is_refused_as_such);

async fn what_is_not_built_yet_is_refused_as_such(profile: Profile) {
    let instance = profile.setup().start().await;
    let client = instance.client();
    let (one, two) = (client.markdown("# One\n\nA first text.").await, client.markdown("# Two\n\nA second.").await);
    let voices = client.voices().list_voices(api::ListVoicesRequest::default()).await.expect("voices").into_inner();
    let voice = voices.voices.first().expect("a voice").name.clone();
    let speaker = api::Speaker { voice, other_voices: Vec::new() };
    let documents = vec![one.name.clone(), two.name];
    let several = api::Narration { documents, ..of(&one) };
    let refused = refusal(&client.order(several).await.expect_err("two documents"));
    assert_eq!((refused.code, refused.reason.as_str()), (Code::Unimplemented, "FEATURE_UNAVAILABLE"));
    for (what, order) in [
        ("no document", api::Narration { documents: Vec::new(), ..of(&one) }),
        ("two who speak one", api::Narration { speakers: vec![speaker.clone(), speaker.clone()], ..of(&one) }),
    ] {
        let refused = refusal(&client.order(order).await.expect_err(what));
        assert_eq!((refused.code, refused.reason.as_str()), (Code::InvalidArgument, "INVALID_FIELD"), "{what}");
    }
    assert!(client.list_narrations().await.is_empty(), "nothing was ordered");

    // One of each is what there is, and the answer says who speaks.
    let chosen = client.narrate(api::Narration { speakers: vec![speaker.clone()], ..of(&one) }).await;
    assert_eq!(chosen.speakers, std::slice::from_ref(&speaker));
    let unchosen = client.order(of(&one)).await.expect("accepted");
    assert_eq!(unchosen.speakers.len(), 1, "the default voice is named: {unchosen:?}");
    let empty = api::Narration { speakers: vec![api::Speaker::default()], ..of(&one) };
    assert_eq!(client.order(empty).await.expect("accepted").speakers, unchosen.speakers);
}
