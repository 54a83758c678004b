//! Messages on their way. Development: the names may change.
//!
//! Source: <https://opentelemetry.io/docs/specs/semconv/messaging/> with `messaging-metrics` beside
//! it. The name of a span is `{messaging.operation.name} {destination}`, such as
//! `publish work.tts`.

/// The system that carries messages: [`NATS`], which is in no list of the convention but what
/// clients say, or [`MEMORY`].
pub const SYSTEM: &str = "messaging.system";
/// See [`SYSTEM`].
pub const NATS: &str = "nats";
/// See [`SYSTEM`]: a queue within the process.
pub const MEMORY: &str = "memory";
/// What is done: [`PUBLISH`], [`RECEIVE`], [`PROCESS`].
pub const OPERATION: &str = "messaging.operation.name";
/// The kind of what is done: [`SEND`], [`RECEIVE`], [`PROCESS`].
pub const OPERATION_TYPE: &str = "messaging.operation.type";
/// A message is given to the queue; its type is [`SEND`].
pub const PUBLISH: &str = "publish";
/// See [`PUBLISH`].
pub const SEND: &str = "send";
/// Messages are taken from the queue.
pub const RECEIVE: &str = "receive";
/// What a message asks for is done.
pub const PROCESS: &str = "process";
/// The subject of a message, with ids; of spans alone.
pub const DESTINATION: &str = "messaging.destination.name";
/// The subject without what differs between messages: `work.tts.>`.
pub const DESTINATION_TEMPLATE: &str = "messaging.destination.template";
/// Who shares the messages: the durable consumer.
pub const CONSUMER_GROUP: &str = "messaging.consumer.group.name";
/// How many messages one span is about, a number; of several alone.
pub const BATCH_COUNT: &str = "messaging.batch.message_count";
/// Bytes of the message's payload, a number.
pub const BODY_SIZE: &str = "messaging.message.body.size";

/// Metric: how long it took to give messages to the queue.
pub const OPERATION_DURATION: &str = "messaging.client.operation.duration";
/// Metric: messages that were given to the queue.
pub const SENT: &str = "messaging.client.sent.messages";
/// Metric: messages that were taken from the queue.
pub const CONSUMED: &str = "messaging.client.consumed.messages";
/// Metric: how long it took to do what messages ask for.
pub const PROCESS_DURATION: &str = "messaging.process.duration";
/// Ends of the buckets of [`OPERATION_DURATION`], in seconds, as the convention asks.
pub const SECONDS: [f64; 14] = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0];
/// Ends of the buckets of [`PROCESS_DURATION`], in seconds: a step may take minutes.
pub const PROCESS_SECONDS: [f64; 12] = [0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 60.0, 120.0, 300.0, 900.0];
