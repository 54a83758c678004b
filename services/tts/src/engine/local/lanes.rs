//! One thread for each network run under way. The runtime's shared pool would let calls wait for
//! each other; here each call takes a pool of one thread and gives it back, so as many run at once
//! as callers there are.

use std::sync::Arc;

use parking_lot::Mutex;
use rten::{RunOptions, ThreadPool};

#[derive(Default)]
pub(in crate::engine) struct Lanes(Mutex<Vec<Arc<ThreadPool>>>);

impl Lanes {
    /// Runs `work` with options that bind it to one thread.
    pub(in crate::engine) fn run<R>(&self, work: impl FnOnce(RunOptions) -> R) -> R {
        let free = || self.0.lock();
        let taken = free().pop();
        let lane = taken.unwrap_or_else(|| Arc::new(ThreadPool::with_num_threads(1)));
        let result = work(RunOptions::default().with_thread_pool(Some(Arc::clone(&lane))));
        free().push(lane);
        result
    }
}
