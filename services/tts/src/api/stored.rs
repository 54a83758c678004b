//! `CountStoredSpeech`: how much of what would be said was spoken before. The keys that it looks
//! for are those of a recording: [`SpokenKeys`] makes both, from what is told of each utterance.

use std::collections::HashMap;
use std::sync::Arc;

use futures::{Stream, StreamExt as _, TryStreamExt as _};
use lectern_blob::{ObjectPath, Objects, Prefix};
use lectern_core::content::script::Utterance;
use lectern_core::id::{ScopeId, TenantId};
use lectern_core::{Digest, Failure};
use lectern_proto::tts::v1::{self as tts, count_stored_speech_request::Part};
use lectern_proto::{convert, names};
use lectern_rpc::unreadable;
use prost::Message as _;
use tonic::Status;

use super::Speech;
use crate::blocking::blocking;
use crate::work::segments::SegmentKeys;
use crate::work::spoken::SpokenKeys;

/// Bytes of the texts in one message, and of what their keys follow from.
const MESSAGE: usize = 1 << 20;
/// Unlike texts that are looked for together. They take some 4 MB, and twice that again where other
/// voices may speak in the place of one, whatever the document has.
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
    let mut wanted = Wanted::default();
    while let Some(message) = messages.try_next().await.map_err(|status| unreadable(&status))? {
        for keys in spoken.keys(utterances_of(message.part)?).await? {
            utterances += 1;
            wanted.add(keys);
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

/// Keys of segments that are looked for, and how many utterances each is the speech of.
#[derive(Default)]
struct Wanted {
    /// Those of the voices that were asked for.
    asked: HashMap<Digest, usize>,
    /// Those of the voices that may speak in their place, each with the one that it stands for: a
    /// key of other voices follows from all that the asked voice's does.
    others: HashMap<Digest, (Digest, usize)>,
}

impl Wanted {
    /// One more utterance with these keys.
    fn add(&mut self, keys: SegmentKeys) {
        *self.asked.entry(keys.asked).or_default() += 1;
        if let Some(other) = keys.other {
            self.others.entry(other).or_insert((keys.asked, 0)).1 += 1;
        }
    }

    /// How many unlike texts it has.
    fn len(&self) -> usize {
        self.asked.len()
    }

    fn is_empty(&self) -> bool {
        self.asked.is_empty()
    }

    /// Takes out what the segment under `key`, which is there, is the speech of: so many
    /// utterances.
    fn take(&mut self, key: &Digest) -> usize {
        if let Some(count) = self.asked.remove(key) {
            return count;
        }
        let Some((asked, count)) = self.others.remove(key) else { return 0 };
        let Some(left) = self.asked.get_mut(&asked) else { return 0 };
        *left = left.saturating_sub(count);
        if *left == 0 {
            self.asked.remove(&asked);
        }
        count
    }

    /// The keys of other voices, of what is still looked for.
    fn left_to_others(&self) -> Vec<Digest> {
        let left = self.others.iter().filter(|(_, (asked, _))| self.asked.contains_key(asked));
        left.map(|(other, _)| *other).collect()
    }
}

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

    /// Under what the speech of each of these utterances is: each entry of the lexicon is looked
    /// for in each of them.
    async fn keys(&self, utterances: Vec<Utterance>) -> Result<Vec<SegmentKeys>, Failure> {
        let names = self.names.clone();
        blocking(move || {
            let keys = utterances.iter().enumerate().map(|(place, utterance)| {
                let nobody = |failure: Failure| Failure::invalid(format!("texts.inputs[{place}]"), failure.message);
                names.of(utterance).map_err(nobody)
            });
            keys.collect()
        })
        .await
    }
}

/// The utterances of a message after the first, as far as the keys of their speech follow from
/// them.
fn utterances_of(part: Option<Part>) -> Result<Vec<Utterance>, Failure> {
    let Some(Part::Texts(texts)) = part else {
        return Err(Failure::invalid("texts", "after the first message come texts; send `texts`, and `of` only once"));
    };
    let bytes = texts.encoded_len();
    if bytes > MESSAGE {
        let message = format!("texts has {bytes} bytes, and a message may have {MESSAGE}; send more messages");
        return Err(Failure::invalid("texts", message));
    }
    let tts::StoredSpeechTexts { spoken, inputs } = texts;
    if inputs.len() > spoken.len() {
        let (inputs, texts) = (inputs.len(), spoken.len());
        let message = format!("texts.inputs has {inputs} of {texts} texts; send at most one for each");
        return Err(Failure::invalid("texts.inputs", message));
    }
    // What is told of a text stands at its place; nothing is told of those behind the last.
    let inputs = inputs.into_iter().chain(std::iter::repeat_with(Default::default));
    let utterances = spoken.into_iter().zip(inputs).enumerate().map(|(place, (spoken, inputs))| {
        convert::utterance_of_inputs(&format!("texts.inputs[{place}]"), spoken, inputs)
    });
    utterances.collect()
}

/// How many utterances there is speech of.
async fn count_stored(objects: &Objects, mut wanted: Wanted) -> Result<usize, Failure> {
    let mut stored = if wanted.len() > FEW { list(objects, &mut wanted).await? } else { 0 };
    let asked = wanted.asked.keys().copied().collect();
    stored += there(objects, asked).await?.iter().map(|key| wanted.take(key)).sum::<usize>();
    let others = wanted.left_to_others();
    stored += there(objects, others).await?.iter().map(|key| wanted.take(key)).sum::<usize>();
    Ok(stored)
}

/// Those of `keys` under which there is a segment, asked for one by one.
async fn there(objects: &Objects, keys: Vec<Digest>) -> Result<Vec<Digest>, Failure> {
    let asked = keys.into_iter().map(|key| async move {
        let path = objects.folder().segment(&key);
        let there = objects.exists(&path).await?;
        Ok::<_, Failure>(there.then_some(key))
    });
    let there: Vec<Option<Digest>> = futures::stream::iter(asked).buffer_unordered(AHEAD).try_collect().await?;
    Ok(there.into_iter().flatten().collect())
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
        stored += names.iter().filter_map(key).map(|key| wanted.take(&key)).sum::<usize>();
        after = names.pop();
        if after.is_none() {
            *wanted = Wanted::default();
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
mod tests;
