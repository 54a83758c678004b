//! `CountStoredSpeech`: how much of what would be said was spoken before.

use std::collections::HashMap;
use std::sync::Arc;

use futures::{Stream, StreamExt as _, TryStreamExt as _};
use lectern_blob::{ObjectPath, Objects, Prefix};
use lectern_core::id::{ScopeId, TenantId};
use lectern_core::{Digest, Failure};
use lectern_proto::tts::v1::{self as tts, count_stored_speech_request::Part};
use lectern_proto::{convert, names};
use lectern_rpc::unreadable;
use tonic::Status;

use super::Speech;
use crate::work::spoken::SpokenKeys;

/// Bytes of the texts in one message.
const MESSAGE: usize = 1 << 20;
/// Unlike texts that are looked for together. They take some 4 MB, whatever the document has.
const WINDOW: usize = 1 << 16;
/// So many are asked for one by one: a listing costs as much.
const FEW: usize = 32;
/// Names that are listed for each text that is looked for, before the rest is asked for one by one.
/// A name costs about a hundredth of a question.
const NAMES_EACH: usize = 100;
/// Names that are listed at once: 3 MB of them at most, and few walks over a large folder.
const PAGE: usize = 20_000;
/// Questions on their way at once.
const AHEAD: usize = 16;

/// Reads the messages of a call by `tenant` and counts.
///
/// # Errors
/// `INVALID_FIELD` for messages that are not as they should be, `BLOB_UNAVAILABLE`.
pub(super) async fn count<S>(
    speech: &Speech,
    tenant: &TenantId,
    messages: S,
) -> Result<tts::CountStoredSpeechResponse, Failure>
where
    S: Stream<Item = Result<tts::CountStoredSpeechRequest, Status>> + Send + Unpin,
{
    count_by(speech, tenant, messages, WINDOW).await
}

async fn count_by<S>(
    speech: &Speech,
    tenant: &TenantId,
    mut messages: S,
    window: usize,
) -> Result<tts::CountStoredSpeechResponse, Failure>
where
    S: Stream<Item = Result<tts::CountStoredSpeechRequest, Status>> + Send + Unpin,
{
    let first = messages.try_next().await.map_err(|status| unreadable(&status))?;
    let spoken = Spoken::read(speech, tenant, first.and_then(|message| message.part))?;
    let (mut utterances, mut stored) = (0, 0);
    let mut wanted = Wanted::new();
    while let Some(message) = messages.try_next().await.map_err(|status| unreadable(&status))? {
        for text in texts(message.part)? {
            utterances += 1;
            *wanted.entry(spoken.key(&text)).or_default() += 1;
            if wanted.len() >= window {
                let full = std::mem::take(&mut wanted);
                stored += count_stored(&spoken.objects, full).await?;
            }
        }
    }
    stored += count_stored(&spoken.objects, wanted).await?;
    let number = |count: usize| i32::try_from(count).unwrap_or(i32::MAX);
    Ok(tts::CountStoredSpeechResponse { utterance_count: number(utterances), stored_utterance_count: number(stored) })
}

/// Keys of segments, and how many utterances each is the speech of.
type Wanted = HashMap<Digest, usize>;

/// Whose speech is looked for, and how it was spoken.
struct Spoken {
    objects: Objects,
    names: SpokenKeys,
}

impl Spoken {
    fn read(speech: &Speech, tenant: &TenantId, first: Option<Part>) -> Result<Self, Failure> {
        let Some(Part::Of(of)) = first else {
            return Err(Failure::invalid("of", "the first message says whose speech is looked for; send `of` first"));
        };
        let scope: ScopeId = of.scope.parse().map_err(|e| Failure::invalid("of.scope", format!("of.scope: {e}")))?;
        let spoken = of.delivery.as_ref().map(|delivery| delivery.speakers.as_slice()).unwrap_or_default();
        let first = spoken.first().and_then(|speaker| speaker.voice.as_ref());
        let Some(first) = first else {
            return Err(Failure::invalid("of.delivery.speakers", "of.delivery names no voice; send who would speak"));
        };
        names::voice(&first.voice, "of.delivery.speakers[0].voice.voice")?;
        if first.version.is_empty() {
            let message = "a voice has no version; send the one that ResolveSpeakers gave";
            return Err(Failure::invalid("of.delivery.speakers[0].voice.version", message));
        }
        // As a narration pins it, and its steps make the keys of segments.
        let lexicon = of.lexicon.as_ref().map(convert::order_lexicon).transpose()?.unwrap_or_default();
        let names = SpokenKeys::spoken_by(speech.secrets.of(tenant), of.delivery.as_ref(), Arc::new(lexicon));
        let names = names.map_err(|failure| match failure.field.as_deref() {
            Some("speed") => failure.at("of.delivery.speed"),
            Some(_) | None => failure,
        })?;
        Ok(Self { objects: Objects::new(Arc::clone(&speech.blob), tenant, &scope), names })
    }

    fn key(&self, text: &str) -> Digest {
        self.names.of_text(text).asked
    }
}

/// The texts of a message after the first.
fn texts(part: Option<Part>) -> Result<Vec<String>, Failure> {
    let Some(Part::Texts(tts::StoredSpeechTexts { spoken })) = part else {
        return Err(Failure::invalid("texts", "after the first message come texts; send `texts`, and `of` only once"));
    };
    let bytes: usize = spoken.iter().map(String::len).sum();
    if bytes > MESSAGE {
        let message = format!("texts.spoken has {bytes} bytes, and a message may have {MESSAGE}; send more messages");
        return Err(Failure::invalid("texts.spoken", message));
    }
    Ok(spoken)
}

/// How many utterances there is speech of.
async fn count_stored(objects: &Objects, mut wanted: Wanted) -> Result<usize, Failure> {
    let listed = if wanted.len() > FEW { list(objects, &mut wanted).await? } else { 0 };
    let paths: Vec<(String, usize)> =
        wanted.into_iter().map(|(key, count)| (objects.folder().segment(&key), count)).collect();
    let asked = paths.into_iter().map(|(path, count)| async move {
        let there = objects.exists(&path).await?;
        Ok::<_, Failure>(if there { count } else { 0 })
    });
    let asked: Vec<usize> = futures::stream::iter(asked).buffer_unordered(AHEAD).try_collect().await?;
    Ok(listed + asked.into_iter().sum::<usize>())
}

/// Takes out of `wanted` what a listing of the scope's segments decides: what it names, and where
/// it came to its end all else, which is not there. How many utterances there is speech of.
async fn list(objects: &Objects, wanted: &mut Wanted) -> Result<usize, Failure> {
    let folder = segments(objects)?;
    let most = wanted.len().saturating_mul(NAMES_EACH);
    let (mut stored, mut seen, mut after) = (0, 0, None::<ObjectPath>);
    while seen < most && !wanted.is_empty() {
        let mut names = objects.blob().names(&folder, after.as_ref(), PAGE).await?;
        seen += names.len();
        stored += names.iter().filter_map(|name| wanted.remove(&key(name)?)).sum::<usize>();
        after = names.pop();
        if after.is_none() {
            wanted.clear();
        }
    }
    Ok(stored)
}

/// The folder that the segments of a scope lie in, as their names say.
fn segments(objects: &Objects) -> Result<Prefix, Failure> {
    let any = objects.folder().segment(&Digest([0; 32]));
    let folder = any.rsplit_once('/').map_or("", |(folder, _)| folder);
    Ok(Prefix::new(folder)?)
}

fn key(segment: &ObjectPath) -> Option<Digest> {
    segment.as_str().rsplit('/').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use futures::stream;
    use lectern_blob::memory::{Fault, MemoryBlob, Op};
    use lectern_core::keys::Secrets;
    use lectern_core::{Reason, SystemClock};
    use lectern_proto::tts::v1::speech_service_client::SpeechServiceClient;
    use lectern_proto::tts::v1::speech_service_server::SpeechServiceServer;
    use lectern_proto::work::v1 as work;
    use lectern_rpc::{Caller, Role, TenantLimits, failure};
    use tonic::Request;

    use super::*;
    use crate::voices::Voices;
    use crate::work::segments::Segments;

    const VOICE: &str = "engines/tone/voices/sine";

    struct World {
        speech: Speech,
        blob: MemoryBlob,
    }

    fn of() -> tts::StoredSpeechOf {
        let delivery = crate::testing::spoken_by(&[crate::testing::a_voice(VOICE)]);
        tts::StoredSpeechOf { scope: "book".to_owned(), delivery: Some(delivery), lexicon: None }
    }

    /// The same, changed.
    fn but(change: fn(&mut work::Delivery)) -> tts::StoredSpeechOf {
        let mut of = of();
        of.delivery.iter_mut().for_each(change);
        of
    }

    /// The voice of the first speaker.
    fn first(delivery: &mut work::Delivery) -> &mut work::PinnedVoice {
        delivery.speakers[0].voice.as_mut().unwrap()
    }

    fn message(part: Part) -> tts::CountStoredSpeechRequest {
        tts::CountStoredSpeechRequest { part: Some(part) }
    }

    /// What a call sends about these texts, some in a message.
    fn messages(of: tts::StoredSpeechOf, texts: &[String]) -> Vec<tts::CountStoredSpeechRequest> {
        let texts = texts.chunks(700).map(|spoken| Part::Texts(tts::StoredSpeechTexts { spoken: spoken.to_vec() }));
        std::iter::once(Part::Of(of)).chain(texts).map(message).collect()
    }

    fn numbered(numbers: std::ops::Range<u32>) -> Vec<String> {
        numbers.map(|n| format!("Sentence {n}.")).collect()
    }

    impl World {
        fn new() -> Self {
            let blob = MemoryBlob::new(Arc::new(SystemClock));
            let (voices, secrets) = (Voices::new(Vec::new()), Secrets::one(b"a secret"));
            let segments = Segments::new(crate::testing::speaker(), 1);
            let speech = Speech::new(voices, segments, Arc::new(blob.clone()), secrets, Arc::new(SystemClock));
            Self { speech, blob }
        }

        /// Puts the speech of these texts.
        async fn spoken(&self, tenant: &str, of: tts::StoredSpeechOf, texts: &[String]) {
            let spoken = Spoken::read(&self.speech, &tenant.parse().unwrap(), Some(Part::Of(of))).unwrap();
            for text in texts {
                spoken.objects.write(&spoken.objects.folder().segment(&spoken.key(text)), "speech").await.unwrap();
            }
        }

        async fn count(&self, of: tts::StoredSpeechOf, texts: &[String], window: usize) -> Result<(i32, i32), Failure> {
            let messages = stream::iter(messages(of, texts).into_iter().map(Ok));
            let counted = count_by(&self.speech, &"acme".parse().unwrap(), messages, window).await;
            let counted = counted?;
            Ok((counted.utterance_count, counted.stored_utterance_count))
        }
    }

    #[tokio::test]
    async fn what_is_stored_is_counted_utterance_by_utterance() {
        let world = World::new();
        world.spoken("acme", of(), &numbered(0..1_500)).await;
        // All that follows is somebody else's, or of other speech.
        let fast = but(|delivery| delivery.speed = 1.5);
        let newer = but(|delivery| first(delivery).version = "2".to_owned());
        world.spoken("acme", fast.clone(), &numbered(2_000..2_100)).await;
        world.spoken("acme", tts::StoredSpeechOf { scope: "other".to_owned(), ..of() }, &numbered(2_000..2_100)).await;
        world.spoken("globex", of(), &numbered(2_000..2_100)).await;

        let mut texts = numbered(1_000..2_200);
        texts.extend(numbered(1_400..1_600));
        for window in [WINDOW, 500, 40, 1] {
            assert_eq!(world.count(of(), &texts, window).await.unwrap(), (1_400, 600), "{window}");
        }
        assert_eq!(world.count(fast, &texts, WINDOW).await.unwrap(), (1_400, 100));
        assert_eq!(world.count(newer, &texts, WINDOW).await.unwrap(), (1_400, 0));
        assert_eq!(world.count(of(), &[], WINDOW).await.unwrap(), (0, 0));
    }

    #[tokio::test]
    async fn a_few_are_asked_for_and_many_are_listed() {
        let world = World::new();
        world.spoken("acme", of(), &numbered(0..100)).await;
        world.blob.inject(Op::Head, Fault::Fail);
        assert_eq!(world.count(of(), &numbered(50..150), WINDOW).await.unwrap(), (100, 50), "nothing is asked");
        assert!(world.count(of(), &numbered(50..60), WINDOW).await.is_err(), "the fault was still there");
        world.blob.inject(Op::List, Fault::Fail);
        assert_eq!(world.count(of(), &numbered(90..110), WINDOW).await.unwrap(), (20, 10), "nothing is listed");
        assert!(world.count(of(), &numbered(50..150), WINDOW).await.is_err(), "the fault was still there");
        // Far more is there than is looked for: the rest is asked for.
        world.spoken("acme", of(), &numbered(1_000..6_000)).await;
        assert_eq!(world.count(of(), &numbered(80..120), WINDOW).await.unwrap(), (40, 20));
    }

    #[tokio::test]
    async fn a_stream_that_is_not_as_it_should_be_is_refused_by_the_field() {
        let world = World::new();
        let refused = async |messages: Vec<tts::CountStoredSpeechRequest>| {
            let messages = stream::iter(messages.into_iter().map(Ok));
            let refused = count(&world.speech, &"acme".parse().unwrap(), messages).await.unwrap_err();
            assert_eq!(refused.reason, Reason::InvalidField, "{refused}");
            refused.field.unwrap_or_default()
        };
        let begun = |of| vec![message(Part::Of(of))];
        assert_eq!(refused(Vec::new()).await, "of");
        assert_eq!(refused(messages(of(), &numbered(0..1)).split_off(1)).await, "of");
        assert_eq!(refused([begun(of()), begun(of())].concat()).await, "texts");
        assert_eq!(refused(vec![message(Part::Of(of())), tts::CountStoredSpeechRequest { part: None }]).await, "texts");
        assert_eq!(refused(messages(of(), &["x".repeat(MESSAGE + 1)])).await, "texts.spoken");
        for (of, field) in [
            (tts::StoredSpeechOf { scope: "not/a scope".to_owned(), ..of() }, "of.scope"),
            (tts::StoredSpeechOf { delivery: None, ..of() }, "of.delivery.speakers"),
            (but(|delivery| delivery.speakers.clear()), "of.delivery.speakers"),
            (but(|delivery| first(delivery).voice = "sine".to_owned()), "of.delivery.speakers[0].voice.voice"),
            (but(|delivery| first(delivery).version.clear()), "of.delivery.speakers[0].voice.version"),
            (but(|delivery| delivery.speed = 0.0), "of.delivery.speed"),
        ] {
            assert_eq!(refused(begun(of)).await, field);
        }
    }

    #[tokio::test]
    async fn only_services_of_the_installation_may_count() {
        let world = World::new();
        world.spoken("acme", of(), &numbered(0..3)).await;
        let mut client = SpeechServiceClient::new(SpeechServiceServer::new(world.speech.clone()));
        for role in [Role::Reader, Role::Tenant, Role::Admin, Role::Service] {
            let mut request = Request::new(stream::iter(messages(of(), &numbered(1..5))));
            let (tenant, limits) = ("acme".parse().unwrap(), TenantLimits::default());
            request.extensions_mut().insert(Caller { tenant, role, key_id: "k".to_owned(), limits });
            let counted = client.count_stored_speech(request).await;
            if role == Role::Service {
                let counted = counted.unwrap().into_inner();
                assert_eq!((counted.utterance_count, counted.stored_utterance_count), (4, 2));
            } else {
                assert_eq!(failure(&counted.unwrap_err()).reason, Reason::KeyNotAllowed, "{role:?}");
            }
        }
    }
}
