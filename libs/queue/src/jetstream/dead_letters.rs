//! Dead letters, read from their stream and deleted there.

use async_nats::jetstream::ErrorCode;
use async_nats::jetstream::message::StreamMessage;
use async_nats::jetstream::stream::{PurgeErrorKind, RawMessageErrorKind, Stream};
use lectern_core::id::{Service, StepId};

use super::{JetStream, LIMIT, answered, refused, unreachable};
use crate::dead_letter::{DeadLetter, DeadLetterPage};
use crate::error::QueueError;

const READING: &str = "reading a dead letter";

impl JetStream {
    async fn handle(&self, stream: &str) -> Result<Stream<()>, QueueError> {
        self.context.get_stream_no_info(stream).await.map_err(|error| refused("naming a stream", error))
    }

    /// Deletes what a stream holds of a subject.
    pub(super) async fn purge(&self, stream: &str, subject: String) -> Result<(), QueueError> {
        let action = "deleting a message";
        let handle = self.handle(stream).await?;
        let purging = async {
            let error = match handle.purge().filter(subject).await {
                Ok(_) => return Ok(()),
                Err(error) => error,
            };
            match error.kind() {
                PurgeErrorKind::JetStream(refusal) if refusal.error_code() == ErrorCode::STREAM_NOT_FOUND => Ok(()),
                PurgeErrorKind::JetStream(refusal) => Err(answered(action, &refusal, stream)),
                PurgeErrorKind::Request | PurgeErrorKind::TimedOut => Err(unreachable(action, error)),
            }
        };
        self.wire.exchange(action, &format!("{}.STREAM.PURGE.{stream}", self.api), LIMIT, purging).await
    }

    /// A page of letters: up to `limit` from the sequence `from` on.
    pub(super) async fn page_of_dead_letters(
        &self,
        service: Option<Service>,
        mut from: u64,
        limit: usize,
    ) -> Result<DeadLetterPage, QueueError> {
        let mut page = DeadLetterPage::default();
        while let Some((sequence, letter)) = self.next_dead_letter(service, from).await? {
            if page.dead_letters.len() >= limit {
                page.next = Some(sequence);
                break;
            }
            page.dead_letters.push(letter);
            from = sequence + 1;
        }
        Ok(page)
    }

    /// The first letter at or after `from`, with its sequence.
    async fn next_dead_letter(
        &self,
        service: Option<Service>,
        from: u64,
    ) -> Result<Option<(u64, DeadLetter)>, QueueError> {
        let stream = self.handle(&self.subjects.dead_stream()).await?;
        let next = stream.raw_message_builder().sequence(from.max(1)).next_by_subject(self.subjects.all_dead(service));
        self.read(async { next.send().await }).await
    }

    /// The letter of a step.
    pub(super) async fn dead_letter_of(&self, step: &StepId) -> Result<Option<DeadLetter>, QueueError> {
        let stream = self.handle(&self.subjects.dead_stream()).await?;
        let subject = self.subjects.dead(step);
        let found = self.read(async { stream.get_last_raw_message_by_subject(&subject).await }).await?;
        Ok(found.map(|(_, letter)| letter))
    }

    async fn read(
        &self,
        reading: impl Future<Output = Result<StreamMessage, async_nats::error::Error<RawMessageErrorKind>>> + Send,
    ) -> Result<Option<(u64, DeadLetter)>, QueueError> {
        let stream = self.subjects.dead_stream();
        let reading = async {
            match reading.await {
                Ok(message) => understood(&message).map(Some),
                Err(error) => match error.kind() {
                    RawMessageErrorKind::NoMessageFound => Ok(None),
                    RawMessageErrorKind::JetStream(refusal) if refusal.error_code() == ErrorCode::STREAM_NOT_FOUND => {
                        Ok(None)
                    }
                    RawMessageErrorKind::JetStream(refusal) => Err(answered(READING, &refusal, &stream)),
                    RawMessageErrorKind::InvalidSubject | RawMessageErrorKind::Other => {
                        Err(unreachable(READING, error))
                    }
                },
            }
        };
        self.wire.exchange(READING, &format!("{}.STREAM.MSG.GET.{stream}", self.api), LIMIT, reading).await
    }
}

fn understood(message: &StreamMessage) -> Result<(u64, DeadLetter), QueueError> {
    match serde_json::from_slice(&message.payload) {
        Ok(letter) => Ok((message.sequence, letter)),
        Err(error) => {
            Err(QueueError::Damaged { what: format!("the dead letter {}", message.subject), cause: error.to_string() })
        }
    }
}
