//! The queue of a simulated process: it takes time and fails, and two versions of commands travel
//! on it side by side.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use lectern_core::id::{Service, StepId};
use lectern_proto::work::v1::Command;
use lectern_queue::{
    Acknowledge, DeadLetter, DeadLetterPage, Delivery, EventDelivery, Hints, Message, Published, Queue, QueueError,
};
use prost::Message as _;

use crate::observer::Observer;
use crate::plan::Plan;
use crate::process::{Fault, Process};

/// The layout of commands that only replicas of the newer release know.
const NEWER: i32 = lectern_stage::work::SCHEMA + 1;

/// Which commands are of the newer release, and which are damaged on their way.
#[derive(Debug)]
pub struct Versions(Arc<Plan>);

impl Versions {
    /// Those of `plan`.
    pub const fn new(plan: Arc<Plan>) -> Self {
        Self(plan)
    }

    fn sent(&self, process: &Process, step: &StepId, mut message: Message) -> Message {
        if self.0.damages(step) {
            process.trace.count("damaged commands");
            message.payload = Bytes::from_static(b"\xff\xff not a command");
        } else if process.newer && self.0.newer(step) {
            process.trace.count("commands of the newer release");
            message.payload = with_layout(&message.payload, NEWER);
        }
        message
    }

    fn received(&self, process: &Process, mut message: Message) -> Message {
        if process.newer && Command::decode(message.payload.clone()).is_ok_and(|command| command.schema == NEWER) {
            message.payload = with_layout(&message.payload, NEWER - 1);
        }
        message
    }
}

fn with_layout(payload: &Bytes, schema: i32) -> Bytes {
    match Command::decode(payload.clone()) {
        Ok(command) => Command { schema, ..command }.encode_to_vec().into(),
        Err(_) => payload.clone(),
    }
}

/// A queue that takes time and fails as its process is told.
#[derive(Debug, Clone)]
pub struct QueuePort {
    process: Arc<Process>,
    observer: Arc<Observer>,
    versions: Arc<Versions>,
    inner: Arc<dyn Queue>,
}

impl QueuePort {
    /// The queue `inner` as `process` has it.
    pub fn new(process: Arc<Process>, observer: Arc<Observer>, versions: Arc<Versions>, inner: Arc<dyn Queue>) -> Self {
        Self { process, observer, versions, inner }
    }

    async fn call<T: Send>(
        &self,
        op: &'static str,
        subject: &str,
        effect: impl Future<Output = Result<T, QueueError>> + Send,
    ) -> Result<T, QueueError> {
        call(&self.process, op, subject, effect).await
    }

    fn answers(&self, step: Option<StepId>, inner: Arc<dyn Acknowledge>) -> Arc<dyn Acknowledge> {
        Arc::new(AckPort { process: Arc::clone(&self.process), observer: Arc::clone(&self.observer), step, inner })
    }
}

async fn call<T: Send>(
    process: &Process,
    op: &'static str,
    subject: &str,
    effect: impl Future<Output = Result<T, QueueError>> + Send,
) -> Result<T, QueueError> {
    let fault = process.fault();
    let failed = || QueueError::Unreachable { action: op, cause: "injected".to_owned() };
    process
        .call(op, subject, async {
            match fault {
                None => effect.await,
                Some(Fault::Refused | Fault::LostRequest) => {
                    process.trace.count("queue: failed calls");
                    Err(failed())
                }
                Some(Fault::LostAnswer) => {
                    process.trace.count("queue: calls failed after the effect");
                    drop(effect.await);
                    Err(failed())
                }
            }
        })
        .await
}

#[async_trait]
impl Queue for QueuePort {
    async fn publish(&self, step: &StepId, message: Message) -> Result<Published, QueueError> {
        self.observer.published(&self.process, step, &message.payload);
        let message = self.versions.sent(&self.process, step, message);
        self.call("publish", &step.to_string(), self.inner.publish(step, message)).await
    }

    async fn pull(&self, service: Service, most: usize, wait: Duration) -> Result<Vec<Delivery>, QueueError> {
        let pulled = self.call("pull", service.as_str(), self.inner.pull(service, most, wait)).await?;
        let received = |delivery: Delivery| Delivery {
            ack: self.answers(Some(delivery.step.clone()), delivery.ack),
            message: self.versions.received(&self.process, delivery.message),
            ..delivery
        };
        Ok(pulled.into_iter().map(received).collect())
    }

    async fn withdraw(&self, step: &StepId) -> Result<(), QueueError> {
        self.call("withdraw", &step.to_string(), self.inner.withdraw(step)).await
    }

    async fn emit(&self, noun: &str, id: &str, message: Message) -> Result<(), QueueError> {
        self.call("emit", id, self.inner.emit(noun, id, message)).await
    }

    async fn events(&self, group: &str, max: usize, wait: Duration) -> Result<Vec<EventDelivery>, QueueError> {
        let taken = self.call("events", group, self.inner.events(group, max, wait)).await?;
        Ok(taken
            .into_iter()
            .map(|delivery| EventDelivery { ack: self.answers(None, delivery.ack), ..delivery })
            .collect())
    }

    /// Some come late, and every second one of these comes twice.
    async fn hint(&self, topic: &str, payload: Bytes) -> Result<(), QueueError> {
        let Some(later) = self.process.late() else {
            return self.call("hint", topic, self.inner.hint(topic, payload)).await;
        };
        self.process.trace.count("queue: hints that come late");
        let (inner, to, late) = (Arc::clone(&self.inner), topic.to_owned(), payload.clone());
        tokio::spawn(async move {
            tokio::time::sleep(later).await;
            drop(inner.hint(&to, late).await);
        });
        let twice = later.as_millis().is_multiple_of(2);
        let now = async { if twice { self.inner.hint(topic, payload).await } else { Ok(()) } };
        self.call("hint", topic, now).await
    }

    async fn hints(&self, topic: &str) -> Result<Hints, QueueError> {
        self.call("hints", topic, self.inner.hints(topic)).await
    }

    async fn bury(&self, letter: DeadLetter) -> Result<(), QueueError> {
        let step = letter.step.clone();
        self.call("bury", &step.to_string(), self.inner.bury(letter)).await
    }

    async fn dead_letters(
        &self,
        service: Option<Service>,
        from: u64,
        limit: usize,
    ) -> Result<DeadLetterPage, QueueError> {
        self.call("letters", "", self.inner.dead_letters(service, from, limit)).await
    }

    async fn dead_letter(&self, step: &StepId) -> Result<Option<DeadLetter>, QueueError> {
        self.call("letter", &step.to_string(), self.inner.dead_letter(step)).await
    }

    async fn discard(&self, step: &StepId) -> Result<(), QueueError> {
        self.call("discard", &step.to_string(), self.inner.discard(step)).await
    }

    async fn ping(&self) -> Result<(), QueueError> {
        self.call("ping", "", self.inner.ping()).await
    }
}

/// How a simulated process answers a delivery.
#[derive(Debug)]
struct AckPort {
    process: Arc<Process>,
    observer: Arc<Observer>,
    /// None for an event.
    step: Option<StepId>,
    inner: Arc<dyn Acknowledge>,
}

impl AckPort {
    async fn call(
        &self,
        op: &'static str,
        effect: impl Future<Output = Result<(), QueueError>> + Send,
    ) -> Result<(), QueueError> {
        let subject = self.step.as_ref().map_or_else(|| "event".to_owned(), ToString::to_string);
        call(&self.process, op, &subject, effect).await
    }
}

#[async_trait]
impl Acknowledge for AckPort {
    async fn ack(&self) -> Result<(), QueueError> {
        self.call("ack", self.inner.ack()).await
    }

    async fn nak(&self, delay: Duration) -> Result<(), QueueError> {
        self.call("nak", self.inner.nak(delay)).await
    }

    async fn progress(&self) -> Result<(), QueueError> {
        self.call("progress", self.inner.progress()).await
    }

    async fn term(&self) -> Result<(), QueueError> {
        self.call("term", async {
            if let Some(step) = &self.step {
                self.observer.terminated(step);
            }
            self.inner.term().await
        })
        .await
    }
}
