//! What was found out lately, so that it is not looked for again at once.

use std::time::Duration;

use lectern_core::Failure;
use tokio::sync::Mutex;
use tokio::time::Instant;

/// How long something that was found is good for.
const FOUND: Duration = Duration::from_secs(60);
/// How long a failure is: a voice that is installed, or a key that is mended, is found without a
/// restart.
const FAILED: Duration = Duration::from_secs(10);

/// The last answer to a question that takes a while. Callers that come together wait for one look.
#[derive(Debug)]
pub struct Lately<T>(Mutex<Option<(Instant, Result<T, Failure>)>>);

impl<T> Default for Lately<T> {
    fn default() -> Self {
        Self(Mutex::new(None))
    }
}

impl<T: Clone> Lately<T> {
    /// The answer of a moment ago, or else that of `look`.
    ///
    /// # Errors
    /// Those of `look`.
    pub async fn or_look(&self, look: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
        let mut known = self.0.lock().await;
        if let Some((at, answer)) = &*known {
            let good_for = if answer.is_ok() { FOUND } else { FAILED };
            if at.elapsed() < good_for {
                return answer.clone();
            }
        }
        let answer = look.await;
        *known = Some((Instant::now(), answer.clone()));
        answer
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn it_is_looked_for_again_after_a_while_and_a_failure_sooner() {
        let lately = Lately::default();
        let never = || async { panic!("it was looked for a moment ago") };
        assert_eq!(lately.or_look(async { Ok(1) }).await, Ok(1));
        tokio::time::advance(FOUND / 2).await;
        assert_eq!(lately.or_look(never()).await, Ok(1));
        tokio::time::advance(FOUND).await;
        let gone = Failure::internal("it is gone");
        assert_eq!(lately.or_look(async { Err(gone.clone()) }).await, Err(gone.clone()));
        tokio::time::advance(FAILED / 2).await;
        assert_eq!(lately.or_look(never()).await, Err(gone));
        tokio::time::advance(FAILED).await;
        assert_eq!(lately.or_look(async { Ok(2) }).await, Ok(2));
    }
}
