//! Work that blocks, where that does not hold up the runtime.

use lectern_core::Failure;

/// Runs `work` on a thread that may block.
///
/// # Errors
/// Those of `work`; `INTERNAL` where it panics.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Failure> + Send + 'static,
) -> Result<T, Failure> {
    let broke_off = |_| Failure::internal("work on speech broke off; it is tried again");
    tokio::task::spawn_blocking(work).await.map_err(broke_off)?
}
