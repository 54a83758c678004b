//! What there is: documents, narrations, voices and writers, one by its name, a page of them, or
//! all that are looked for.

use lectern_core::Failure;
use lectern_proto::v1::quota_service_client::QuotaServiceClient;
use lectern_proto::v1::voice_service_client::VoiceServiceClient;
use lectern_proto::v1::writer_service_client::WriterServiceClient;
use lectern_proto::v1::{
    DayUsage, Document, GetDocumentRequest, GetUsageRequest, ListDocumentsRequest, ListDocumentsResponse,
    ListNarrationsRequest, ListNarrationsResponse, ListVoicesRequest, ListWritersRequest, Narration, Voice, Writer,
};
use tonic::Request;

use crate::client::{Client, unsaid};

/// Items of a page where all of a list are fetched: the most that a server gives at once.
const PAGE: i32 = 1_000;

impl Client {
    /// A document, `documents/{id}`, with its outline and warnings.
    ///
    /// # Errors
    /// What the server answers: `RESOURCE_NOT_FOUND`; `DOCUMENT_ERASED` where it is erased.
    pub async fn get_document(&self, name: &str) -> Result<Document, Failure> {
        let call = |request: Request<GetDocumentRequest>| {
            let mut client = self.documents();
            async move { client.get_document(request).await }
        };
        let request = GetDocumentRequest { name: name.to_owned(), ..GetDocumentRequest::default() };
        let answer = self.call(&request, self.policy().call_timeout, call).await?;
        answer.document.ok_or_else(|| unsaid("the document"))
    }

    /// The documents of a source that was handed in before, the newest first; none where it never
    /// was, or was erased. `sha256` is that of its bytes, 64 hexadecimal digits, as
    /// [`Upload::digest`](crate::Upload::digest) has it.
    ///
    /// # Errors
    /// What the server answers.
    pub async fn find_document(&self, sha256: &str) -> Result<Vec<Document>, Failure> {
        all(|page_token| async move {
            let sha256 = sha256.to_owned();
            let request =
                ListDocumentsRequest { page_size: PAGE, page_token, sha256, ..ListDocumentsRequest::default() };
            self.page_of_documents(&request).await.map(|page| (page.documents, page.next_page_token))
        })
        .await
    }

    /// The revisions of a document, `documents/{document}`, itself among them, the newest first.
    ///
    /// # Errors
    /// What the server answers.
    pub async fn revisions_of(&self, document: &str) -> Result<Vec<Document>, Failure> {
        all(|page_token| async move {
            let revisions_of = document.to_owned();
            let request =
                ListDocumentsRequest { page_size: PAGE, page_token, revisions_of, ..ListDocumentsRequest::default() };
            self.page_of_documents(&request).await.map(|page| (page.documents, page.next_page_token))
        })
        .await
    }

    /// A page of the documents, the newest first, without their outlines and warnings. A
    /// `page_size` of 0 leaves it to the server; `token` is the `next_page_token` of the page
    /// before, and empty for the first.
    ///
    /// # Errors
    /// What the server answers: `PAGE_TOKEN_INVALID`.
    pub async fn list_documents(&self, page_size: i32, token: &str) -> Result<ListDocumentsResponse, Failure> {
        let page_token = token.to_owned();
        self.page_of_documents(&ListDocumentsRequest { page_size, page_token, ..ListDocumentsRequest::default() }).await
    }

    async fn page_of_documents(&self, request: &ListDocumentsRequest) -> Result<ListDocumentsResponse, Failure> {
        let call = |request: Request<ListDocumentsRequest>| {
            let mut client = self.documents();
            async move { client.list_documents(request).await }
        };
        self.call(request, self.policy().call_timeout, call).await
    }

    /// A page of the narrations, the newest first, as `request` filters them. It may be short or
    /// empty and not the last: follow its token.
    ///
    /// # Errors
    /// What the server answers: `PAGE_TOKEN_INVALID`.
    pub async fn list_narrations(&self, request: ListNarrationsRequest) -> Result<ListNarrationsResponse, Failure> {
        let call = |request: Request<ListNarrationsRequest>| {
            let mut client = self.narrations();
            async move { client.list_narrations(request).await }
        };
        self.call(&request, self.policy().call_timeout, call).await
    }

    /// All narrations of a document, `documents/{id}`, the newest first.
    ///
    /// # Errors
    /// What the server answers.
    pub async fn narrations_of(&self, document: &str) -> Result<Vec<Narration>, Failure> {
        all(|page_token| async move {
            let document = document.to_owned();
            let request =
                ListNarrationsRequest { page_size: PAGE, page_token, document, ..ListNarrationsRequest::default() };
            self.list_narrations(request).await.map(|page| (page.narrations, page.next_page_token))
        })
        .await
    }

    /// All voices of the installation, the default first.
    ///
    /// # Errors
    /// What the server answers.
    pub async fn voices(&self) -> Result<Vec<Voice>, Failure> {
        let call = |request: Request<ListVoicesRequest>| {
            let mut client = VoiceServiceClient::new(self.own());
            async move { client.list_voices(request).await }
        };
        all(|page_token| async move {
            let request = ListVoicesRequest { page_size: PAGE, page_token, ..ListVoicesRequest::default() };
            let page = self.call(&request, self.policy().call_timeout, call).await?;
            Ok((page.voices, page.next_page_token))
        })
        .await
    }

    /// All writers of the installation, the default first; with `check_ready` each is asked whether
    /// it could write just now, which takes as long as the slowest of their providers.
    ///
    /// # Errors
    /// What the server answers.
    pub async fn writers(&self, check_ready: bool) -> Result<Vec<Writer>, Failure> {
        let call = |request: Request<ListWritersRequest>| {
            let mut client = WriterServiceClient::new(self.own());
            async move { client.list_writers(request).await }
        };
        all(|page_token| async move {
            let request = ListWritersRequest { page_size: PAGE, page_token, check_ready };
            let page = self.call(&request, self.policy().call_timeout, call).await?;
            Ok((page.writers, page.next_page_token))
        })
        .await
    }

    /// What the caller's tenant spent on engines that cost money, by day, writer or speech engine,
    /// and model. Days are UTC, such as `2026-11-28`; empty for the first of the month, and for
    /// today.
    ///
    /// # Errors
    /// What the server answers: `INVALID_FIELD` for what is no day, or more than 93 of them.
    pub async fn usage(&self, first_day: &str, last_day: &str) -> Result<Vec<DayUsage>, Failure> {
        let call = |request: Request<GetUsageRequest>| {
            let mut client = QuotaServiceClient::new(self.own());
            async move { client.get_usage(request).await }
        };
        let request = GetUsageRequest { first_day: first_day.to_owned(), last_day: last_day.to_owned() };
        Ok(self.call(&request, self.policy().call_timeout, call).await?.days)
    }
}

/// All items of a list: `page` fetches those of a page by its token, and the token of the next.
async fn all<T, F>(page: impl Fn(String) -> F) -> Result<Vec<T>, Failure>
where
    F: Future<Output = Result<(Vec<T>, String), Failure>>,
{
    let (mut found, mut token) = (Vec::new(), String::new());
    loop {
        let (items, next) = page(token).await?;
        found.extend(items);
        if next.is_empty() {
            return Ok(found);
        }
        token = next;
    }
}
