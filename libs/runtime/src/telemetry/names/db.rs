//! Calls of databases. Stable, but for what is said of the pool.
//!
//! Source: <https://opentelemetry.io/docs/specs/semconv/database/> with `database-metrics` and
//! `mongodb` beside it. The name of a span is `{db.operation.name} {db.collection.name}`.

/// The database system: [`MONGODB`] or [`SQLITE`].
pub const SYSTEM: &str = "db.system.name";
/// See [`SYSTEM`].
pub const MONGODB: &str = "mongodb";
/// See [`SYSTEM`].
pub const SQLITE: &str = "sqlite";
/// The collection, or the table.
pub const COLLECTION: &str = "db.collection.name";
/// The operation, as the database calls it.
pub const OPERATION: &str = "db.operation.name";
/// How many writes one call makes, a number; of several alone.
pub const BATCH_SIZE: &str = "db.operation.batch.size";
/// Of the pool, in development: whose it is.
pub const POOL: &str = "db.client.connection.pool.name";
/// Of the pool, in development: `idle` or `used`.
pub const POOL_STATE: &str = "db.client.connection.state";

/// Metric: connections of the pool, by [`POOL_STATE`].
pub const POOL_COUNT: &str = "db.client.connection.count";
/// Metric: most connections of the pool.
pub const POOL_MAX: &str = "db.client.connection.max";
/// Metric: operations that wait for a connection of the pool.
pub const POOL_PENDING: &str = "db.client.connection.pending_requests";
/// Metric: how long operations waited for one.
pub const POOL_WAIT: &str = "db.client.connection.wait_time";
/// Metric: how long operations took.
pub const OPERATION_DURATION: &str = "db.client.operation.duration";
/// Ends of its buckets, in seconds, as the convention asks.
pub const SECONDS: [f64; 9] = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0];
