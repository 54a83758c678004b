//! The states of a narration, until it is terminal.

use std::time::Duration;

use lectern_core::Failure;
use lectern_proto::v1::narration::State;
use lectern_proto::v1::watch_narration_response::News;
use lectern_proto::v1::{Narration, WatchNarrationRequest, WatchNarrationResponse};
use tonic::Streaming;

use crate::client::Client;
use crate::retry::{Tries, broke_off, failed};

/// A stream that brings nothing for so long is opened again: a server sends a checkpoint every
/// 15 s.
const SILENCE: Duration = Duration::from_secs(60);

/// Whether a narration has come to its end: `SUCCEEDED`, `FAILED` or `CANCELLED`.
#[must_use]
pub fn is_terminal(narration: &Narration) -> bool {
    matches!(narration.state(), State::Succeeded | State::Failed | State::Cancelled)
}

/// Watches one narration.
#[derive(Debug)]
pub struct Watch {
    client: Client,
    name: String,
    resume_token: String,
    stream: Option<Streaming<WatchNarrationResponse>>,
    tries: Tries,
    ended: bool,
}

impl Client {
    /// Watches a narration, `narrations/{id}`, from its present state on. Nothing is asked before
    /// the first [`Watch::next`].
    #[must_use]
    pub fn watch(&self, name: &str) -> Watch {
        let (client, name) = (self.clone(), name.to_owned());
        Watch { tries: client.tries(), client, name, resume_token: String::new(), stream: None, ended: false }
    }
}

impl Watch {
    /// Begins with what is newer than this token, which [`Self::resume_token`] gave for the same
    /// narration.
    #[must_use]
    pub fn after(mut self, resume_token: impl Into<String>) -> Self {
        self.resume_token = resume_token.into();
        self
    }

    /// Opens the watch again after what was returned last, also in another process; empty before
    /// anything was.
    #[must_use]
    pub fn resume_token(&self) -> &str {
        &self.resume_token
    }

    /// The next state of the narration, the newest when there are several; none after a terminal
    /// one. May be dropped and called again.
    ///
    /// # Errors
    /// What the server answers. The call after a failure opens the stream once more.
    pub async fn next(&mut self) -> Result<Option<Narration>, Failure> {
        while !self.ended {
            match self.message().await {
                Ok(Some(message)) => {
                    self.tries.progress();
                    self.resume_token = message.resume_token;
                    let Some(News::Narration(narration)) = message.news else { continue };
                    self.ended = is_terminal(&narration);
                    return Ok(Some(narration));
                }
                // It ends with a terminal state; one that the token had seen is not sent again.
                Ok(None) => {
                    self.stream = None;
                    let narration = self.client.narration(&self.name).await?;
                    if is_terminal(&narration) {
                        self.ended = true;
                        return Ok(Some(narration));
                    }
                    self.tries.wait(broke_off("the narration")).await?;
                }
                Err(failure) => {
                    self.stream = None;
                    self.tries.wait(failure).await?;
                }
            }
        }
        Ok(None)
    }

    /// Waits for the narration's end, and returns it as it is then: its state says whether it
    /// succeeded, and its `failure` why it did not.
    ///
    /// # Errors
    /// Those of [`Self::next`].
    pub async fn terminal(mut self) -> Result<Narration, Failure> {
        while let Some(narration) = self.next().await? {
            if is_terminal(&narration) {
                return Ok(narration);
            }
        }
        self.client.narration(&self.name).await
    }

    async fn message(&mut self) -> Result<Option<WatchNarrationResponse>, Failure> {
        let stream = match self.stream.take() {
            Some(stream) => stream,
            None => {
                let request =
                    WatchNarrationRequest { name: self.name.clone(), resume_token: self.resume_token.clone() };
                let answer = Box::pin(self.client.narrations().watch_narration(request)).await;
                answer.map_err(|status| failed(&status))?.into_inner()
            }
        };
        // Kept here while it is waited for, so that a caller may stop waiting without losing it.
        let stream = self.stream.insert(stream);
        match tokio::time::timeout(SILENCE, stream.message()).await {
            Ok(message) => message.map_err(|status| failed(&status)),
            Err(_) => Err(broke_off("the narration")),
        }
    }
}
