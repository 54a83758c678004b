//! The ports as a simulated process has them: every call may take time, fail, or be its last.

mod blob;
mod queue;
mod store;
mod watched;

pub use blob::{BlobPort, Watched};
pub use queue::{QueuePort, Versions};
pub use store::{StorePort, Where};
pub use watched::WatchedQueue;
