//! News of what this process has put, for who follows a section while it is recorded. What another
//! process puts nobody tells of here, so it is looked for as well.

use std::time::Duration;

use lectern_core::{Digest, Failure};
use lectern_rpc::status::shutting_down;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;
use tokio_util::sync::CancellationToken;

/// News that are kept for who is slow to hear them; who has missed some looks.
const KEPT: usize = 256;
/// Who has waited looks again after a part of that time, so that what comes is found late by that
/// part at most.
const PART: u32 = 4;
/// The bounds of that time: it costs a question to object storage.
const SOONEST: Duration = Duration::from_millis(25);
const LATEST: Duration = Duration::from_secs(2);

/// Keys of objects, as they are put. Clones are one.
#[derive(Debug, Clone)]
pub(crate) struct News {
    puts: broadcast::Sender<Digest>,
    over: CancellationToken,
}

impl Default for News {
    fn default() -> Self {
        Self { puts: broadcast::Sender::new(KEPT), over: CancellationToken::new() }
    }
}

impl News {
    /// Tells that the object under `key` is durable.
    pub(crate) fn put(&self, key: &Digest) {
        // Mostly nobody follows.
        drop(self.puts.send(*key));
    }

    /// Sends away whoever follows, and whoever comes: this process ends.
    pub(crate) fn end(&self) {
        self.over.cancel();
    }

    /// Waits until `look` finds what is put under one of `keys`.
    ///
    /// # Errors
    /// What `look` answers; `SHUTTING_DOWN`.
    pub(crate) async fn follow<T, F>(&self, keys: &[Digest], mut look: impl FnMut() -> F) -> Result<T, Failure>
    where
        F: Future<Output = Result<Option<T>, Failure>>,
    {
        // What is put from here on is heard of, so nothing comes between a look and the wait.
        let mut puts = self.puts.subscribe();
        let mut waited = Duration::ZERO;
        loop {
            if let Some(found) = look().await? {
                return Ok(found);
            }
            let wait = (waited / PART).clamp(SOONEST, LATEST);
            let told = tokio::time::timeout(wait, told(&mut puts, keys));
            match self.over.run_until_cancelled(told).await {
                Some(Ok(())) => {}
                Some(Err(_)) => waited += wait,
                None => return Err(shutting_down()),
            }
        }
    }
}

/// Waits until it is told of one of `keys`, or may have missed that.
async fn told(puts: &mut broadcast::Receiver<Digest>, keys: &[Digest]) {
    loop {
        match puts.recv().await {
            Ok(key) if keys.contains(&key) => return,
            Ok(_) => {}
            Err(RecvError::Lagged(_)) => return,
            Err(RecvError::Closed) => std::future::pending().await,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures::FutureExt as _;
    use lectern_core::Reason;
    use tokio::time::Instant;

    use super::*;

    fn key(name: &str) -> Digest {
        Digest::of(name.as_bytes())
    }

    /// How often it was looked, and what there is to find.
    #[derive(Default)]
    struct Shelf {
        looks: AtomicUsize,
        found: AtomicUsize,
    }

    impl Shelf {
        async fn look(&self) -> Result<Option<usize>, Failure> {
            self.looks.fetch_add(1, Ordering::SeqCst);
            Ok(Some(self.found.load(Ordering::SeqCst)).filter(|found| *found > 0))
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_this_process_puts_is_found_without_a_wait() {
        let (news, shelf) = (News::default(), Shelf::default());
        let keys = [key("asked"), key("other")];
        let mut following = Box::pin(news.follow(&keys, || shelf.look()));
        assert!((&mut following).now_or_never().is_none());
        news.put(&key("somebody else's"));
        assert!((&mut following).now_or_never().is_none());
        assert_eq!(shelf.looks.load(Ordering::SeqCst), 1, "it is none of this one's");
        shelf.found.store(7, Ordering::SeqCst);
        news.put(&keys[1]);
        assert_eq!(following.now_or_never(), Some(Ok(7)));
    }

    #[tokio::test(start_paused = true)]
    async fn what_another_process_puts_is_found_late_by_a_quarter_of_the_wait_at_most() {
        for seconds in [1_u64, 4, 60] {
            let (news, shelf, keys) = (News::default(), Shelf::default(), [key("asked")]);
            let began = Instant::now();
            let put = async {
                tokio::time::sleep(Duration::from_secs(seconds)).await;
                shelf.found.store(1, Ordering::SeqCst);
            };
            let (found, ()) = tokio::join!(news.follow(&keys, || shelf.look()), put);
            assert_eq!(found, Ok(1));
            let bound = Duration::from_secs(seconds) + (Duration::from_secs(seconds) / PART).min(LATEST) + SOONEST;
            assert!(began.elapsed() <= bound, "after {:?} of {seconds} s", began.elapsed());
            let looks = shelf.looks.load(Ordering::SeqCst);
            assert!(looks < 60, "{looks} looks in {seconds} s");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn who_was_told_of_too_much_looks() {
        let (news, shelf, keys) = (News::default(), Shelf::default(), [key("asked")]);
        let mut following = Box::pin(news.follow(&keys, || shelf.look()));
        assert!((&mut following).now_or_never().is_none());
        shelf.found.store(1, Ordering::SeqCst);
        (0..2 * KEPT).for_each(|n| news.put(&key(&n.to_string())));
        assert_eq!(following.now_or_never(), Some(Ok(1)));
    }

    #[tokio::test(start_paused = true)]
    async fn a_process_that_ends_keeps_nobody_waiting() {
        let (news, shelf, keys) = (News::default(), Shelf::default(), [key("asked")]);
        let mut following = Box::pin(news.follow(&keys, || shelf.look()));
        assert!((&mut following).now_or_never().is_none());
        news.clone().end();
        assert_eq!(following.await.expect_err("it ends").reason, Reason::ShuttingDown);
        let late = news.follow(&keys, || shelf.look()).await;
        assert_eq!(late.expect_err("it has ended").reason, Reason::ShuttingDown);
    }
}
