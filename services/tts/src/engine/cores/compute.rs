//! Engines that compute on this machine, on one core a call.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use lectern_core::{Failure, Kind, Reason};
use tracing::Span;

use super::Cores;
use crate::engine::port::known;
use crate::engine::{SegmentRequest, Speaking, Speech, SpeechEngine, Voice};

/// An engine that computes in this process.
///
/// Calls block for as long as the speech takes to compute, each on one core, any number of them at
/// once; the same request gives the same samples. [`OnCores`] is the way to call it: it keeps calls
/// to the process's cores and off the threads that drive futures.
pub trait Compute: Send + Sync + fmt::Debug {
    /// See [`SpeechEngine::voices`].
    fn voices(&self) -> Vec<Voice>;

    /// See [`SpeechEngine::ready`].
    ///
    /// # Errors
    /// What keeps it from speaking.
    fn ready(&self) -> Result<(), Failure> {
        Ok(())
    }

    /// See [`SpeechEngine::paid`].
    fn paid(&self) -> bool {
        false
    }

    /// Speaks one segment.
    ///
    /// # Errors
    /// Those of [`SpeechEngine::synthesize`].
    fn synthesize(&self, request: &SegmentRequest) -> Result<Speech, Failure>;

    /// The voice with this id.
    ///
    /// # Errors
    /// `VOICE_UNKNOWN`, naming the voices there are.
    fn voice(&self, id: &str) -> Result<Voice, Failure> {
        known(&self.voices(), id)
    }
}

/// An engine that computes in this process, on the blocking pool, within its cores.
///
/// A call that is dropped or cancelled while it waits for a core leaves nothing behind. One that
/// computes already goes on to its end and keeps its core until then, also where it is dropped,
/// since nothing can stop it.
#[derive(Debug, Clone)]
pub struct OnCores {
    engine: Arc<dyn Compute>,
    cores: Cores,
}

impl OnCores {
    /// `engine` on these cores, which all engines of a process share.
    #[must_use]
    pub fn new(engine: Arc<dyn Compute>, cores: Cores) -> Self {
        Self { engine, cores }
    }
}

#[async_trait]
impl SpeechEngine for OnCores {
    fn voices(&self) -> Vec<Voice> {
        self.engine.voices()
    }

    async fn ready(&self) -> Result<(), Failure> {
        let engine = Arc::clone(&self.engine);
        tokio::task::spawn_blocking(move || engine.ready()).await.map_err(|_| broke_off())?
    }

    fn paid(&self) -> bool {
        self.engine.paid()
    }

    async fn synthesize(&self, request: &SegmentRequest, speaking: &Speaking<'_>) -> Result<Speech, Failure> {
        let core = self.cores.take(speaking).await?;
        speaking.still_wanted().await?;
        let (engine, request, span) = (Arc::clone(&self.engine), request.clone(), Span::current());
        let spoken = tokio::task::spawn_blocking(move || {
            let (_core, _within) = (core, span.enter());
            engine.synthesize(&request)
        });
        spoken.await.map_err(|_| broke_off())?
    }
}

/// An engine whose calls are programs that compute beside this process, within its cores.
#[derive(Debug, Clone)]
pub struct WithCore {
    engine: Arc<dyn SpeechEngine>,
    cores: Cores,
}

impl WithCore {
    /// `engine`, each call of which holds one of these cores.
    #[must_use]
    pub fn new(engine: Arc<dyn SpeechEngine>, cores: Cores) -> Self {
        Self { engine, cores }
    }
}

#[async_trait]
impl SpeechEngine for WithCore {
    fn voices(&self) -> Vec<Voice> {
        self.engine.voices()
    }

    async fn ready(&self) -> Result<(), Failure> {
        self.engine.ready().await
    }

    fn paid(&self) -> bool {
        self.engine.paid()
    }

    fn remote(&self) -> bool {
        self.engine.remote()
    }

    async fn synthesize(&self, request: &SegmentRequest, speaking: &Speaking<'_>) -> Result<Speech, Failure> {
        let _core = self.cores.take(speaking).await?;
        speaking.still_wanted().await?;
        self.engine.synthesize(request, speaking).await
    }
}

fn broke_off() -> Failure {
    Failure::new(Kind::Internal, Reason::Internal, "synthesis broke off; it is tried again")
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use futures::FutureExt as _;
    use futures::future::join_all;
    use tokio_util::sync::CancellationToken;

    use super::*;
    use crate::engine::{Speed, Unpaid};
    use crate::testing::a_voice;

    /// Says nothing, slowly, and counts how many do so at once.
    #[derive(Debug, Default)]
    struct Slow {
        now: AtomicUsize,
        most: AtomicUsize,
        calls: AtomicUsize,
    }

    impl Compute for Slow {
        fn voices(&self) -> Vec<Voice> {
            vec![a_voice("engines/slow/voices/one")]
        }

        fn synthesize(&self, request: &SegmentRequest) -> Result<Speech, Failure> {
            self.calls.fetch_add(1, Ordering::SeqCst);
            assert_ne!(request.text, "kaboom");
            let now = self.now.fetch_add(1, Ordering::SeqCst) + 1;
            self.most.fetch_max(now, Ordering::SeqCst);
            std::thread::sleep(Duration::from_millis(20));
            self.now.fetch_sub(1, Ordering::SeqCst);
            Ok(Speech::whole(24_000, Vec::new(), Vec::new(), crate::engine::Usage::default()))
        }
    }

    fn request(text: &str) -> SegmentRequest {
        SegmentRequest::new(text, "engines/slow/voices/one", Speed::NORMAL)
    }

    #[tokio::test]
    async fn as_many_compute_at_once_as_there_are_cores() {
        let (slow, cores) = (Arc::new(Slow::default()), Cores::new(2));
        let engines =
            [OnCores::new(Arc::clone(&slow) as _, cores.clone()), OnCores::new(Arc::clone(&slow) as _, cores)];
        let cancel = CancellationToken::new();
        let speaking = Speaking { rank: 0, cancel: &cancel, payments: &Unpaid };
        let asked = request("One.");
        let calls = (0..8).map(|at| engines[at % 2].synthesize(&asked, &speaking));
        assert!(join_all(calls).await.iter().all(Result::is_ok));
        assert_eq!(slow.most.load(Ordering::SeqCst), 2, "both engines share the cores");
        let broken = engines[0].synthesize(&request("kaboom"), &speaking).await.unwrap_err();
        assert_eq!(broken.kind, Kind::Internal, "a panic is one failed call");
        assert!(engines[0].synthesize(&asked, &speaking).await.is_ok(), "and its core is free again");
    }

    #[tokio::test]
    async fn who_gives_up_while_waiting_computes_nothing() {
        let (slow, cores) = (Arc::new(Slow::default()), Cores::new(1));
        let engine = OnCores::new(Arc::clone(&slow) as _, cores.clone());
        let cancel = CancellationToken::new();
        let speaking = Speaking { rank: 0, cancel: &cancel, payments: &Unpaid };
        let held = cores.take(&speaking).await.unwrap();
        let asked = request("One.");
        let mut dropped = engine.synthesize(&asked, &speaking);
        assert!((&mut dropped).now_or_never().is_none());
        drop(dropped);
        let mut cancelled = engine.synthesize(&asked, &speaking);
        assert!((&mut cancelled).now_or_never().is_none());
        cancel.cancel();
        assert_eq!(cancelled.await.unwrap_err().reason, Reason::Cancelled);
        drop(held);
        assert_eq!((slow.calls.load(Ordering::SeqCst), cores.free()), (0, 1));
    }
}
