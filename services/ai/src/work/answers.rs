//! Where the answers of models are kept that a step pays for: among the step's own objects, under
//! the key of the step's result.

use async_trait::async_trait;
use bytes::Bytes;
use lectern_core::{Digest, Failure, Kind, Reason};
use lectern_stage::Job;

use crate::engine::Answers;

/// The answers of a step. Their keys are made under the key of its result, which follows from the
/// tenant's secret and from all that the step's result does.
#[derive(Debug)]
pub(super) struct Kept<'a> {
    job: &'a Job,
    result: Digest,
}

impl<'a> Kept<'a> {
    /// The answers on the way to the plan or section with the key `result`.
    pub(super) const fn new(job: &'a Job, result: Digest) -> Self {
        Self { job, result }
    }

    fn path(&self, key: &Digest) -> String {
        self.job.objects.folder().answer(&self.result, key)
    }
}

#[async_trait]
impl Answers for Kept<'_> {
    fn key(&self, parts: &[&[u8]]) -> Digest {
        Digest::keyed(&self.result.0, parts)
    }

    async fn find(&self, key: &Digest) -> Result<Option<Bytes>, Failure> {
        self.job.objects.find(&self.path(key)).await
    }

    async fn keep(&self, key: &Digest, answer: Bytes) -> Result<(), Failure> {
        self.job.objects.write(&self.path(key), answer).await?;
        Ok(())
    }

    async fn before_payment(&self) -> Result<(), Failure> {
        self.job.before_payment().await
    }
}

/// No answers: a call outside of any step, of which nothing is stored. That nothing is paid for it
/// is seen to by [`Unbilled`](crate::payments::Unbilled), which refuses a model with a price.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Unkept;

#[async_trait]
impl Answers for Unkept {
    fn key(&self, parts: &[&[u8]]) -> Digest {
        Digest::keyed(&[], parts)
    }

    async fn find(&self, _: &Digest) -> Result<Option<Bytes>, Failure> {
        Ok(None)
    }

    async fn keep(&self, _: &Digest, _: Bytes) -> Result<(), Failure> {
        Ok(())
    }

    async fn before_payment(&self) -> Result<(), Failure> {
        Ok(())
    }
}

/// Nothing is paid for what would be stored nowhere.
pub(crate) fn unpaid() -> Failure {
    let message = "this writer costs money, and what it writes here would be stored nowhere; order a narration instead";
    Failure::new(Kind::Unimplemented, Reason::FeatureUnavailable, message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::work::tests::job;

    #[tokio::test]
    async fn the_first_answer_that_is_kept_is_the_answer() {
        let job = job();
        let answers = Kept::new(&job, Digest::of(b"plan"));
        let key = answers.key(&[b"model", b"prompt"]);
        assert_eq!(answers.find(&key).await, Ok(None));
        answers.keep(&key, Bytes::from_static(b"one")).await.unwrap();
        answers.keep(&key, Bytes::from_static(b"two")).await.unwrap();
        assert_eq!(answers.find(&key).await, Ok(Some(Bytes::from_static(b"one"))));
        // Another attempt at the same step finds it, another step does not.
        assert_eq!(Kept::new(&job, Digest::of(b"plan")).find(&key).await, Ok(Some(Bytes::from_static(b"one"))));
        let other = Kept::new(&job, Digest::of(b"another plan"));
        assert_ne!(other.key(&[b"model", b"prompt"]), key);
        assert_eq!(other.find(&key).await, Ok(None));
        assert_ne!(answers.key(&[b"mode", b"lprompt"]), key, "parts do not run together");
    }

    #[tokio::test]
    async fn nothing_is_paid_for_a_step_that_was_cancelled_and_nothing_is_kept_outside_of_any() {
        let job = job();
        let answers = Kept::new(&job, Digest::of(b"plan"));
        assert_eq!(answers.before_payment().await, Ok(()));
        job.cancel.cancel();
        assert_eq!(answers.before_payment().await.unwrap_err().reason, Reason::Cancelled);
        assert_eq!(Unkept.before_payment().await, Ok(()), "whether it costs anything is asked elsewhere");
        let key = Unkept.key(&[b"prompt"]);
        Unkept.keep(&key, Bytes::from_static(b"one")).await.unwrap();
        assert_eq!(Unkept.find(&key).await, Ok(None));
    }
}
