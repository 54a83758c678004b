//! The client and its short calls.

use std::sync::Arc;
use std::time::Duration;

use lectern_core::{Failure, OsRandom, Random, Reason};
use lectern_proto::v1::create_document_request::Source;
use lectern_proto::v1::document_service_client::DocumentServiceClient;
use lectern_proto::v1::narration_service_client::NarrationServiceClient;
use lectern_proto::v1::{
    CancelNarrationRequest, CreateDocumentRequest, CreateNarrationRequest, DeleteDocumentRequest,
    DeleteNarrationRequest, Document, Erasure, GetErasureRequest, GetNarrationRequest, Narration,
    RetryNarrationRequest,
};
use lectern_rpc::{Channel, ClientConfig, Outbound, channel};
use lectern_runtime::Secret;
use tonic::service::interceptor::InterceptedService;
use tonic::{Request, Response, Status};

use crate::retry::{Retry, Tries, failed};

/// A channel whose calls carry the caller's credential.
pub type Authorized = InterceptedService<Channel, Outbound>;

/// A client of one server, or of several replicas behind one URL; cheap to clone, and its clones
/// share connections: one to each address. Connects with the first call, and again whenever a
/// connection is lost.
#[derive(Debug, Clone)]
pub struct Client {
    channel: Authorized,
    /// The same without the retries of the service config: calls of this crate are repeated by
    /// [`crate::retry`], and not by two at once.
    own: Authorized,
    retry: Retry,
    random: Arc<dyn Random>,
}

impl Client {
    /// A client of the server at the URL of `config`, under an API key where there is one. Needs a
    /// tokio runtime.
    ///
    /// # Errors
    /// `INVALID_FIELD` for a URL that is not one, or certificates that cannot be read.
    pub fn connect(config: &ClientConfig, key: Option<Secret>) -> Result<Self, Failure> {
        Ok(Self::over(channel(config)?, key.map_or_else(Outbound::anonymous, Outbound::with_key)))
    }

    /// A client over a channel that is there already, under any credential.
    #[must_use]
    pub fn over(channel: Channel, outbound: Outbound) -> Self {
        let own = outbound.clone().over(channel.without_retries());
        Self { channel: outbound.over(channel), own, retry: Retry::default(), random: Arc::new(OsRandom) }
    }

    /// Repeats calls in this way instead of the default one.
    #[must_use]
    pub const fn with_retry(mut self, retry: Retry) -> Self {
        self.retry = retry;
        self
    }

    /// Draws ids and jitter from `random`; for tests and simulations.
    #[must_use]
    pub fn with_random(mut self, random: Arc<dyn Random>) -> Self {
        self.random = random;
        self
    }

    /// The channel, for generated clients: `VoiceServiceClient::new(client.channel())`. It repeats
    /// what the published service config lists.
    #[must_use]
    pub fn channel(&self) -> Authorized {
        self.channel.clone()
    }

    /// Hands in a short source, or a URL that the server fetches, as `request` says. One without a
    /// `request_id` gets one, so that it is safe to repeat.
    ///
    /// # Errors
    /// What the server answers.
    pub async fn create(&self, mut request: CreateDocumentRequest) -> Result<Document, Failure> {
        if request.request_id.is_empty() {
            request.request_id = self.fresh_id();
        }
        let call = |request: Request<CreateDocumentRequest>| {
            let mut client = self.documents();
            async move { client.create_document(request).await }
        };
        let answer = self.call(&request, self.retry.read_timeout, call).await?;
        answer.document.ok_or_else(|| unsaid("the document"))
    }

    /// Has the server fetch a URL that begins with `https://`.
    ///
    /// # Errors
    /// What the server answers: `IMPORT_DISABLED` where it may not, `URL_REFUSED`,
    /// `URL_UNREACHABLE`, and why what it found is no document.
    pub async fn import(&self, url: &str) -> Result<Document, Failure> {
        self.create(CreateDocumentRequest {
            source: Some(Source::Uri(url.to_owned())),
            ..CreateDocumentRequest::default()
        })
        .await
    }

    /// Erases a document and all that was made from it, as `request` says: with `force` also where
    /// there are narrations of it, with `allow_missing` also where there is nothing to erase. The
    /// answer is the receipt of what was deleted so far; none where there was nothing. The second
    /// sweep comes a minute later, and [`Self::erasure`] tells of both.
    ///
    /// # Errors
    /// What the server answers: `RESOURCE_NOT_FOUND`; `DOCUMENT_ERASED` where it was erased before;
    /// `WRONG_STATE` where there are narrations of it, and `force` is not set.
    pub async fn erase(&self, request: DeleteDocumentRequest) -> Result<Option<Erasure>, Failure> {
        let mut tries = self.tries();
        loop {
            let call = timed(request.clone(), self.retry.call_timeout);
            let answer = self.documents().delete_document(call).await;
            let receipt = match answer.map_err(|status| failed(&status)) {
                Ok(answer) => answer.into_inner().erasure,
                // The try before this one erased it, and its answer was lost.
                Err(failure) if tries.repeated() && failure.reason == Reason::DocumentErased => None,
                Err(failure) => {
                    tries.wait(failure).await?;
                    continue;
                }
            };
            if receipt.is_some() || !tries.repeated() {
                return Ok(receipt);
            }
            return match self.erasure(&request.name).await {
                Ok(receipt) => Ok(Some(receipt)),
                Err(failure) if request.allow_missing && failure.reason == Reason::ResourceNotFound => Ok(None),
                Err(failure) => Err(failure),
            };
        }
    }

    /// The receipt of the erasure of a document, `documents/{id}`.
    ///
    /// # Errors
    /// What the server answers: `WRONG_STATE` for a document that is not erased.
    pub async fn erasure(&self, document: &str) -> Result<Erasure, Failure> {
        let call = |request: Request<GetErasureRequest>| {
            let mut client = self.documents();
            async move { client.get_erasure(request).await }
        };
        let request = GetErasureRequest { name: format!("{document}/erasure") };
        let answer = self.call(&request, self.retry.call_timeout, call).await?;
        answer.erasure.ok_or_else(|| unsaid("the receipt"))
    }

    /// Orders a recording, under a request id of its own.
    ///
    /// # Errors
    /// What the server answers.
    pub async fn order(&self, narration: Narration) -> Result<Narration, Failure> {
        self.order_under(&self.fresh_id(), narration).await
    }

    /// Orders a recording under this request id: the same order under it, also by another process,
    /// is the same narration. An id has at most 64 characters of letters, digits, `-` and `_`.
    ///
    /// # Errors
    /// What the server answers: `REQUEST_ID_REUSED` where another order was made under it.
    pub async fn order_under(&self, request_id: &str, narration: Narration) -> Result<Narration, Failure> {
        let request = CreateNarrationRequest { request_id: request_id.to_owned(), narration: Some(narration) };
        let call = |request: Request<CreateNarrationRequest>| {
            let mut client = self.narrations();
            async move { client.create_narration(request).await }
        };
        let answer = self.call(&request, self.retry.call_timeout, call).await?;
        answer.narration.ok_or_else(|| unsaid("the narration"))
    }

    /// A narration, `narrations/{id}`, as it is now.
    ///
    /// # Errors
    /// What the server answers.
    pub async fn narration(&self, name: &str) -> Result<Narration, Failure> {
        let call = |request: Request<GetNarrationRequest>| {
            let mut client = self.narrations();
            async move { client.get_narration(request).await }
        };
        let request = GetNarrationRequest { name: name.to_owned() };
        let answer = self.call(&request, self.retry.call_timeout, call).await?;
        answer.narration.ok_or_else(|| unsaid("the narration"))
    }

    /// Stops a narration; one that is terminal stays as it is. What was made is kept.
    ///
    /// # Errors
    /// What the server answers.
    pub async fn cancel(&self, name: &str) -> Result<Narration, Failure> {
        let call = |request: Request<CancelNarrationRequest>| {
            let mut client = self.narrations();
            async move { client.cancel_narration(request).await }
        };
        let request = CancelNarrationRequest { name: name.to_owned(), etag: String::new() };
        let answer = self.call(&request, self.retry.call_timeout, call).await?;
        answer.narration.ok_or_else(|| unsaid("the narration"))
    }

    /// Starts a failed or cancelled narration anew, as its next run, at the cost of what is
    /// missing. Each call has a request id of its own, under which it is repeated where its answer
    /// is lost: it begins one run.
    ///
    /// # Errors
    /// What the server answers: `WRONG_STATE` where it is in another state, also where somebody
    /// else started it anew in the same moment.
    pub async fn retry(&self, name: &str) -> Result<Narration, Failure> {
        let request =
            RetryNarrationRequest { name: name.to_owned(), request_id: self.fresh_id(), ..Default::default() };
        let call = |request: Request<RetryNarrationRequest>| {
            let mut client = self.narrations();
            async move { client.retry_narration(request).await }
        };
        let answer = self.call(&request, self.retry.call_timeout, call).await?;
        answer.narration.ok_or_else(|| unsaid("the narration"))
    }

    /// Deletes a narration and its recording, as `request` says: with `force` also one that is not
    /// terminal, with `allow_missing` also where there is nothing to delete.
    ///
    /// # Errors
    /// What the server answers: `RESOURCE_NOT_FOUND`; `WRONG_STATE` where it is not terminal, and
    /// `force` is not set.
    pub async fn delete_narration(&self, request: DeleteNarrationRequest) -> Result<(), Failure> {
        let mut tries = self.tries();
        loop {
            let call = timed(request.clone(), self.retry.call_timeout);
            let answer = Box::pin(self.narrations().delete_narration(call)).await;
            let Err(status) = answer else { return Ok(()) };
            let failure = failed(&status);
            // The try before this one deleted it, and its answer was lost.
            if tries.repeated() && failure.reason == Reason::ResourceNotFound {
                return Ok(());
            }
            tries.wait(failure).await?;
        }
    }

    /// The channel for calls that this crate repeats by itself.
    pub(crate) fn own(&self) -> Authorized {
        self.own.clone()
    }

    pub(crate) fn documents(&self) -> DocumentServiceClient<Authorized> {
        DocumentServiceClient::new(self.own())
    }

    pub(crate) fn narrations(&self) -> NarrationServiceClient<Authorized> {
        NarrationServiceClient::new(self.own())
    }

    pub(crate) const fn policy(&self) -> &Retry {
        &self.retry
    }

    pub(crate) fn tries(&self) -> Tries {
        Tries::new(self.retry, Arc::clone(&self.random))
    }

    pub(crate) fn random_number(&self) -> u64 {
        self.random.next()
    }

    /// An id that no other call has.
    pub(crate) fn fresh_id(&self) -> String {
        format!("client-{:016x}{:016x}", self.random.next(), self.random.next())
    }

    /// Makes a call that is safe to repeat, and repeats it; each try has this much time.
    pub(crate) async fn call<Q, A, F>(
        &self,
        request: &Q,
        timeout: Duration,
        call: impl Fn(Request<Q>) -> F,
    ) -> Result<A, Failure>
    where
        Q: Clone,
        F: Future<Output = Result<Response<A>, Status>>,
    {
        let mut tries = self.tries();
        loop {
            match Box::pin(call(timed(request.clone(), timeout))).await {
                Ok(answer) => return Ok(answer.into_inner()),
                Err(status) => tries.wait(failed(&status)).await?,
            }
        }
    }
}

pub(crate) fn timed<Q>(request: Q, timeout: Duration) -> Request<Q> {
    let mut request = Request::new(request);
    request.set_timeout(timeout);
    request
}

/// The failure of an answer that has not what the protocol promises.
pub(crate) fn unsaid(what: &str) -> Failure {
    Failure::internal(format!("the server answered without {what}; is it a server of Lectern, of this version?"))
}
