//! An encoder on a thread of its own: the meter and every file of a recording are made at once,
//! where there are cores, and not one after the other. What is written is the same.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use lectern_core::Failure;

use super::Encoder;

/// Blocks of samples that wait for the encoder; then whoever gives more of them waits.
const AHEAD: usize = 32;

/// The other end of an encoder's thread. Dropped before [`Encoder::finish`], it leaves a file that
/// nobody can use, as its encoder would.
pub(super) struct Beside {
    /// Samples, or that there are no more; none once it is finished.
    blocks: Option<SyncSender<Option<Vec<i16>>>>,
    thread: Option<JoinHandle<Result<(), Failure>>>,
}

impl Beside {
    /// Gives `encoder` a thread.
    pub(super) fn new(encoder: Box<dyn Encoder>) -> Result<Self, Failure> {
        let (blocks, given) = sync_channel(AHEAD);
        let thread = std::thread::Builder::new().name("encode".to_owned()).spawn(move || encode(encoder, &given));
        let thread = thread.map_err(|error| Failure::internal(format!("no thread can be started: {error}")))?;
        Ok(Self { blocks: Some(blocks), thread: Some(thread) })
    }

    /// What became of the encoder, which has ended or is about to.
    fn ended(&mut self) -> Result<(), Failure> {
        self.blocks = None;
        let thread = self.thread.take().ok_or_else(|| Failure::internal("an encoder was used after its end"))?;
        thread.join().unwrap_or_else(|_| Err(Failure::internal("an encoder broke off; it is tried again")))
    }
}

/// Encodes what is given until there is no more, or nobody wants it any more.
fn encode(mut encoder: Box<dyn Encoder>, given: &Receiver<Option<Vec<i16>>>) -> Result<(), Failure> {
    while let Ok(block) = given.recv() {
        match block {
            Some(samples) => encoder.write(&samples)?,
            None => return encoder.finish(),
        }
    }
    Ok(())
}

impl Encoder for Beside {
    fn write(&mut self, samples: &[i16]) -> Result<(), Failure> {
        let given = self.blocks.as_ref().is_some_and(|blocks| blocks.send(Some(samples.to_vec())).is_ok());
        if given { Ok(()) } else { self.ended() }
    }

    fn finish(mut self: Box<Self>) -> Result<(), Failure> {
        if let Some(blocks) = &self.blocks {
            // Where it has ended before, that says why.
            drop(blocks.send(None));
        }
        self.ended()
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        self.blocks = None;
        if let Some(thread) = self.thread.take() {
            // Its files may be deleted next.
            drop(thread.join());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    use lectern_core::Reason;
    use parking_lot::Mutex;

    use super::*;

    /// Keeps what it is given, up to so many samples.
    #[derive(Default)]
    struct Kept {
        samples: Mutex<Vec<i16>>,
        room: usize,
        finished: AtomicBool,
    }

    struct Keeps(Arc<Kept>);

    impl Encoder for Keeps {
        fn write(&mut self, samples: &[i16]) -> Result<(), Failure> {
            assert_ne!(samples, [-1], "kaboom");
            let mut kept = self.0.samples.lock();
            if kept.len() + samples.len() > self.0.room {
                return Err(Failure::new(lectern_core::Kind::Unavailable, Reason::BlobUnavailable, "no room"));
            }
            kept.extend_from_slice(samples);
            Ok(())
        }

        fn finish(self: Box<Self>) -> Result<(), Failure> {
            self.0.finished.store(true, Ordering::SeqCst);
            Ok(())
        }
    }

    fn encoder(room: usize) -> (Arc<Kept>, Box<dyn Encoder>) {
        let kept = Arc::new(Kept { room, ..Kept::default() });
        (Arc::clone(&kept), Box::new(Beside::new(Box::new(Keeps(kept))).unwrap()))
    }

    #[test]
    fn all_samples_arrive_in_order_and_the_end_comes_last() {
        let (kept, mut encoder) = encoder(usize::MAX);
        let all: Vec<i16> = (0..20_000).collect();
        all.chunks(100).for_each(|block| encoder.write(block).unwrap());
        encoder.finish().unwrap();
        assert!(*kept.samples.lock() == all && kept.finished.load(Ordering::SeqCst));
    }

    #[test]
    fn a_failure_is_told_to_who_gives_more_or_finishes() {
        let (kept, mut encoder) = self::encoder(150);
        let given = (0..1_000).try_for_each(|_| encoder.write(&[7; 100]));
        assert_eq!(given.unwrap_err().message, "no room");
        assert!(encoder.write(&[7]).is_err() && encoder.finish().is_err());
        assert!(!kept.finished.load(Ordering::SeqCst));
        let (_, mut late) = self::encoder(50);
        // It may be told at once, or at the end.
        let given = late.write(&[7; 100]).and_then(|()| late.finish());
        assert_eq!(given.unwrap_err().message, "no room");
        let (_, mut broken) = self::encoder(50);
        let given = broken.write(&[-1]).and_then(|()| broken.finish());
        assert!(given.unwrap_err().message.contains("broke off"));
    }

    #[test]
    fn what_is_dropped_is_not_finished() {
        let (kept, mut encoder) = self::encoder(usize::MAX);
        encoder.write(&[1, 2, 3]).unwrap();
        drop(encoder);
        assert!(*kept.samples.lock() == [1, 2, 3] && !kept.finished.load(Ordering::SeqCst));
    }
}
