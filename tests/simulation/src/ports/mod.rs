//! The ports as a simulated process has them: every call may take time, fail, or be its last.

mod blob;
mod queue;
mod store;

pub use blob::{BlobPort, Watched};
pub use queue::{QueuePort, Versions, WatchedQueue};
pub use store::StorePort;
