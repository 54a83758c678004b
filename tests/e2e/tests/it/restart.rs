//! The embedded instance, killed in the middle and started again on its data.

use lectern_e2e::{Profile, chapters, of, spoken};
use lectern_proto::v1 as api;

#[tokio::test(flavor = "multi_thread")]
async fn an_embedded_instance_that_was_killed_finishes_what_it_had_begun() {
    let mut instance = Profile::Embedded.setup().everywhere("LECTERN_PERMITS", "1").start().await;
    let client = instance.client();
    let document = client.markdown(&chapters(24, 90)).await;
    let order = api::Narration { formats: vec![api::OutputFormat::Wav.into()], ..of(&document) };
    let undisturbed = {
        let twin = client.markdown(&chapters(24, 90)).await;
        let narration = client.narrate(api::Narration { documents: vec![twin.name], ..order.clone() }).await;
        client.download(&narration, "audio.wav").await
    };
    let earlier = spoken(&instance.speech_log()).len();

    let name = client.order(order).await.expect("accepted").name;
    client.watch(&name, |narration| narration.progress.is_some_and(|p| p.recorded_section_count > 0)).await;
    instance.process("gateway").kill9();
    let stored = instance.objects_of(&document.name);
    let before = spoken(&instance.speech_log()).split_off(earlier);
    instance.process("gateway").restart();

    let finished = client.finished(&name).await;
    assert!(client.download(&finished, "audio.wav").await == undisturbed, "as if nothing had happened");
    let after = spoken(&instance.process("gateway").log());
    assert!(!after.is_empty(), "it was killed in the middle");
    for key in after {
        let was_stored = stored.iter().any(|name| name.ends_with(&format!("/segment/{key}")));
        assert!(!was_stored, "{key} was stored and is spoken again; before the kill: {before:?}");
    }
}
