//! The body of a call, kept until it is answered so that it can be sent once more.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http_body::{Body as _, Frame, SizeHint};
use parking_lot::Mutex;
use tonic::Status;
use tonic::body::Body;
use tonic::codegen::Bytes;

/// Bytes of a request that are kept. A call that has sent more is not made again by the channel.
pub(crate) const REPLAY_LIMIT: usize = 1024 * 1024;

/// A request's body that several attempts read, one after the other.
pub(crate) struct Replay(Arc<Mutex<State>>);

struct State {
    source: Body,
    kept: Vec<Bytes>,
    bytes: usize,
    /// Whether frames are kept still.
    keeping: bool,
    /// Whether a frame was given away that was not kept.
    lost: bool,
    ended: bool,
    /// The attempt that reads. What an earlier one reads late it does not get.
    attempt: u64,
}

impl Replay {
    pub(crate) fn of(source: Body) -> Self {
        let ended = source.is_end_stream();
        let state = State { source, kept: Vec::new(), bytes: 0, keeping: true, lost: false, ended, attempt: 0 };
        Self(Arc::new(Mutex::new(state)))
    }

    /// The body for another attempt. Those of earlier attempts give nothing more.
    pub(crate) fn attempt(&self) -> Body {
        let mut state = self.0.lock();
        state.attempt += 1;
        let attempt = state.attempt;
        drop(state);
        Body::new(Attempt { state: Arc::clone(&self.0), attempt, next: 0 })
    }

    /// Whether another attempt would send the same.
    pub(crate) fn is_whole(&self) -> bool {
        !self.0.lock().lost
    }

    /// Keeps nothing more: there is an answer.
    pub(crate) fn settle(&self) {
        self.0.lock().keeping = false;
    }
}

struct Attempt {
    state: Arc<Mutex<State>>,
    attempt: u64,
    /// Frames that this attempt has sent.
    next: usize,
}

impl http_body::Body for Attempt {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let this = self.get_mut();
        let mut state = this.state.lock();
        if state.attempt != this.attempt {
            return Poll::Ready(Some(Err(Status::cancelled("the call is made anew"))));
        }
        if let Some(frame) = state.kept.get(this.next) {
            this.next += 1;
            return Poll::Ready(Some(Ok(Frame::data(frame.clone()))));
        }
        if state.ended {
            return Poll::Ready(None);
        }
        let frame = match Pin::new(&mut state.source).poll_frame(context) {
            Poll::Ready(Some(Ok(frame))) => frame,
            Poll::Ready(Some(Err(status))) => {
                // The caller's own failure: another attempt would send half of the request.
                state.lost = true;
                state.ended = true;
                return Poll::Ready(Some(Err(status)));
            }
            Poll::Ready(None) => {
                state.ended = true;
                return Poll::Ready(None);
            }
            Poll::Pending => return Poll::Pending,
        };
        let Some(data) = frame.data_ref() else {
            // Requests of gRPC have no trailers; one that has is sent once.
            state.lost = true;
            return Poll::Ready(Some(Ok(frame)));
        };
        state.bytes = state.bytes.saturating_add(data.len());
        if state.keeping && state.bytes <= REPLAY_LIMIT {
            let data = data.clone();
            state.kept.push(data);
            this.next += 1;
        } else {
            state.keeping = false;
            state.lost = true;
            state.kept.clear();
            this.next = 0;
        }
        Poll::Ready(Some(Ok(frame)))
    }

    fn is_end_stream(&self) -> bool {
        let state = self.state.lock();
        state.attempt == self.attempt && state.ended && self.next >= state.kept.len()
    }

    fn size_hint(&self) -> SizeHint {
        // Hyper would announce a length that a later attempt need not have.
        SizeHint::default()
    }
}

#[cfg(test)]
mod tests {
    use futures::StreamExt as _;
    use http_body_util::{BodyExt as _, StreamBody};

    use super::*;

    fn of(frames: &'static [&'static [u8]]) -> Replay {
        let frames = frames.iter().map(|frame| Ok::<_, Status>(Frame::data(Bytes::from_static(frame))));
        Replay::of(Body::new(StreamBody::new(futures::stream::iter(frames))))
    }

    async fn read(body: Body) -> Vec<u8> {
        body.collect().await.unwrap().to_bytes().to_vec()
    }

    #[tokio::test]
    async fn a_second_attempt_sends_what_the_first_one_sent_and_the_rest() {
        let replay = of(&[b"one", b"two", b"three"]);
        let mut first = replay.attempt();
        let begun = first.frame().await.unwrap().unwrap().into_data().unwrap();
        assert_eq!(begun, "one");
        let second = replay.attempt();
        assert!(first.frame().await.unwrap().is_err(), "the attempt before has nothing more to read");
        assert_eq!(read(second).await, b"onetwothree");
        assert!(replay.is_whole());
        assert_eq!(read(replay.attempt()).await, b"onetwothree");
    }

    #[tokio::test]
    async fn what_is_larger_than_the_limit_is_sent_once_and_whole() {
        let chunk = Bytes::from(vec![7_u8; REPLAY_LIMIT / 2 + 1]);
        let frames = futures::stream::iter(vec![chunk.clone(), chunk.clone(), chunk.clone()]);
        let frames = frames.map(|frame| Ok::<_, Status>(Frame::data(frame)));
        let replay = Replay::of(Body::new(StreamBody::new(frames)));
        assert_eq!(read(replay.attempt()).await.len(), 3 * chunk.len());
        assert!(!replay.is_whole());
    }

    #[tokio::test]
    async fn what_is_read_after_the_answer_is_not_kept() {
        let replay = of(&[b"one", b"two"]);
        let mut body = replay.attempt();
        body.frame().await.unwrap().unwrap();
        replay.settle();
        assert_eq!(read(body).await, b"two");
        assert!(!replay.is_whole());
    }
}
