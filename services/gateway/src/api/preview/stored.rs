//! How much of a preview is spoken already: what would be said goes on to tts as it passes by, a
//! few texts at a time, so that nothing is kept of a book, however long.

use std::future::{Ready, ready};

use async_stream::try_stream;
use futures::StreamExt as _;
use futures::future::BoxFuture;
use futures::stream::{Chain, Once, once};
use lectern_core::Failure;
use lectern_proto::tts::v1::{
    CountStoredSpeechRequest, CountStoredSpeechResponse, StoredSpeechOf, StoredSpeechTexts,
    count_stored_speech_request::Part as Message,
};
use lectern_proto::v1::{self as api, preview_document_response::Part};
use lectern_rpc::Refusal;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use super::Parts;

/// Bytes of the texts that go on in one message. tts takes at most 1 MiB, and a text is far
/// shorter.
const BATCH: usize = 256 * 1024;
/// Messages that may wait for tts. While they do, the preview waits too.
const AHEAD: usize = 1;

/// What tts hears in one call: whose speech is looked for, then the texts.
pub type Said = Chain<Once<Ready<CountStoredSpeechRequest>>, ReceiverStream<CountStoredSpeechRequest>>;
/// What tts answers.
pub type Counted = BoxFuture<'static, Result<CountStoredSpeechResponse, Refusal>>;

/// The parts of a preview as they come, and behind them how much of its speech is there. `count` is
/// the call that says so. Where it fails, so does the preview, and as soon as that is known.
pub fn counted(mut parts: Parts, of: StoredSpeechOf, count: impl FnOnce(Said) -> Counted + Send + 'static) -> Parts {
    Box::pin(try_stream! {
        let mut counting = Counting::begin(of, count);
        while let Some(part) = parts.next().await {
            let part = part?;
            if let Some(Part::Block(block)) = &part.part {
                for utterance in &block.utterances {
                    counting.say(utterance.spoken.clone()).await?;
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
    batch: Vec<String>,
    bytes: usize,
}

impl Counting {
    fn begin(of: StoredSpeechOf, count: impl FnOnce(Said) -> Counted) -> Self {
        let (said, texts) = mpsc::channel(AHEAD);
        let first = CountStoredSpeechRequest { part: Some(Message::Of(of)) };
        let all = once(ready(first)).chain(ReceiverStream::new(texts));
        Self { said, answer: count(all), batch: Vec::new(), bytes: 0 }
    }

    /// Has one more text looked for.
    async fn say(&mut self, spoken: String) -> Result<(), Refusal> {
        if self.bytes.saturating_add(spoken.len()) > BATCH && !self.batch.is_empty() {
            self.send().await?;
        }
        self.bytes = self.bytes.saturating_add(spoken.len());
        self.batch.push(spoken);
        Ok(())
    }

    async fn send(&mut self) -> Result<(), Refusal> {
        let spoken = std::mem::take(&mut self.batch);
        self.bytes = 0;
        let message = CountStoredSpeechRequest { part: Some(Message::Texts(StoredSpeechTexts { spoken })) };
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
        if !self.batch.is_empty() {
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
