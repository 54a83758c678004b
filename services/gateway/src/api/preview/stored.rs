//! How much of a preview is spoken already: what would be said goes on to tts as it passes by, a
//! few texts at a time, so that nothing is kept of a book, however long. What ai says of each
//! utterance beside its text goes on as it is: the keys of its speech follow from that too.

use std::future::{Ready, ready};

use async_stream::try_stream;
use futures::StreamExt as _;
use futures::future::BoxFuture;
use futures::stream::{BoxStream, Chain, Once, once};
use lectern_core::Failure;
use lectern_proto::tts::v1::{
    CountStoredSpeechRequest, CountStoredSpeechResponse, StoredSpeechOf, StoredSpeechTexts,
    count_stored_speech_request::Part as Message,
};
use lectern_proto::v1::{self as api, preview_document_response::Part};
use lectern_proto::work::v1::SpeechInputs;
use lectern_rpc::Refusal;
use prost::Message as _;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use super::Parts;

/// Bytes that go on in one message. tts takes at most 1 MiB, and a text and what its key follows
/// from are far shorter.
const BATCH: usize = 256 * 1024;
/// Bytes of the tags and lengths of a text and of what its key follows from, at most.
const FRAME: usize = 12;
/// Messages that may wait for tts. While they do, the preview waits too.
const AHEAD: usize = 1;

/// The parts of a preview as they are shown, each with what ai says beside it of the utterances of
/// its block.
pub type Foretold = BoxStream<'static, Result<(api::PreviewDocumentResponse, Vec<SpeechInputs>), Refusal>>;
/// What tts hears in one call: whose speech is looked for, then the texts.
pub type Said = Chain<Once<Ready<CountStoredSpeechRequest>>, ReceiverStream<CountStoredSpeechRequest>>;
/// What tts answers.
pub type Counted = BoxFuture<'static, Result<CountStoredSpeechResponse, Refusal>>;

/// The parts of a preview as they come, and behind them how much of its speech is there. `count` is
/// the call that says so. Where it fails, so does the preview, and as soon as that is known.
pub fn counted(mut parts: Foretold, of: StoredSpeechOf, count: impl FnOnce(Said) -> Counted + Send + 'static) -> Parts {
    Box::pin(try_stream! {
        let mut counting = Counting::begin(of, count);
        while let Some(part) = parts.next().await {
            let (part, inputs) = part?;
            if let Some(Part::Block(block)) = &part.part {
                // An ai of an earlier version says nothing beside them: its texts are looked for as
                // if the first speaker said them as they are written.
                let mut inputs = inputs.into_iter();
                for utterance in &block.utterances {
                    counting.say(utterance.spoken.clone(), inputs.next().unwrap_or_default()).await?;
                }
            }
            yield part;
        }
        let stored = counting.end().await?;
        yield api::PreviewDocumentResponse { part: Some(Part::StoredSpeech(stored)) };
    })
}

/// A count that is under way.
struct Counting {
    said: mpsc::Sender<CountStoredSpeechRequest>,
    answer: Counted,
    /// What goes on in the next message, and its bytes.
    batch: StoredSpeechTexts,
    bytes: usize,
}

impl Counting {
    fn begin(of: StoredSpeechOf, count: impl FnOnce(Said) -> Counted) -> Self {
        let (said, texts) = mpsc::channel(AHEAD);
        let first = CountStoredSpeechRequest { part: Some(Message::Of(of)) };
        let all = once(ready(first)).chain(ReceiverStream::new(texts));
        Self { said, answer: count(all), batch: StoredSpeechTexts::default(), bytes: 0 }
    }

    /// Has one more text looked for.
    async fn say(&mut self, spoken: String, inputs: SpeechInputs) -> Result<(), Refusal> {
        let bytes = spoken.len().saturating_add(inputs.encoded_len()).saturating_add(FRAME);
        if self.bytes.saturating_add(bytes) > BATCH && !self.batch.spoken.is_empty() {
            self.send().await?;
        }
        self.bytes = self.bytes.saturating_add(bytes);
        self.batch.spoken.push(spoken);
        self.batch.inputs.push(inputs);
        Ok(())
    }

    async fn send(&mut self) -> Result<(), Refusal> {
        let texts = std::mem::take(&mut self.batch);
        self.bytes = 0;
        let message = CountStoredSpeechRequest { part: Some(Message::Texts(texts)) };
        tokio::select! {
            // First, so that the call begins, and its end is seen before more is said.
            biased;
            answer = &mut self.answer => Err(too_early(answer)),
            sent = self.said.send(message) => match sent {
                Ok(()) => Ok(()),
                // It listens no more, and says why in a moment.
                Err(_) => Err(too_early((&mut self.answer).await)),
            },
        }
    }

    async fn end(mut self) -> Result<api::StoredSpeech, Refusal> {
        if !self.batch.spoken.is_empty() {
            self.send().await?;
        }
        drop(self.said);
        let counted = self.answer.await?;
        Ok(api::StoredSpeech {
            utterance_count: counted.utterance_count,
            stored_utterance_count: counted.stored_utterance_count,
        })
    }
}

/// Why a count ended before all was said.
fn too_early(answer: Result<CountStoredSpeechResponse, Refusal>) -> Refusal {
    match answer {
        Err(refused) => refused,
        Ok(_) => Failure::internal("tts counted stored speech before it had heard all of it").into(),
    }
}

#[cfg(test)]
mod tests;
