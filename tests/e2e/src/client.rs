//! A caller of the API: the generated clients, and what every test does with them.

use std::time::Duration;

use futures::StreamExt as _;
use lectern_core::Digest;
use lectern_proto::gateway::v1::credential_service_client::CredentialServiceClient;
use lectern_proto::ingest::v1::ingest_service_client::IngestServiceClient;
use lectern_proto::v1::admin_service_client::AdminServiceClient;
use lectern_proto::v1::document_service_client::DocumentServiceClient;
use lectern_proto::v1::key_service_client::KeyServiceClient;
use lectern_proto::v1::lexicon_service_client::LexiconServiceClient;
use lectern_proto::v1::narration_service_client::NarrationServiceClient;
use lectern_proto::v1::quota_service_client::QuotaServiceClient;
use lectern_proto::v1::tenant_service_client::TenantServiceClient;
use lectern_proto::v1::voice_service_client::VoiceServiceClient;
use lectern_proto::v1::writer_service_client::WriterServiceClient;
use lectern_proto::v1::{
    self as api, create_document_request::Source, narration::State, watch_narration_response::News,
};
use lectern_proto::work::v1::stage_service_client::StageServiceClient;
use lectern_proto::work::v1::{GetStepRequest, Step};
use lectern_rpc::{Channel, Outbound};
use tonic::service::interceptor::InterceptedService;
use tonic::{Code, Status};

use crate::PATIENCE;
use crate::messages::{artifact, join, upload};

/// Larger than any message that is sent.
const MESSAGE: usize = 6 << 20;

/// A channel that carries the caller's credential.
pub type Authorized = InterceptedService<Channel, Outbound>;

/// A caller.
#[derive(Debug, Clone)]
pub struct Client {
    channel: Channel,
    with: Outbound,
}

impl Client {
    pub(crate) const fn new(channel: Channel, with: Outbound) -> Self {
        Self { channel, with }
    }

    fn over(&self) -> Authorized {
        self.with.clone().over(self.channel.clone())
    }

    /// The bare channel, for health and reflection, which need no credential.
    #[must_use]
    pub fn channel(&self) -> Channel {
        self.channel.clone()
    }

    /// `lectern.v1.DocumentService`.
    #[must_use]
    pub fn documents(&self) -> DocumentServiceClient<Authorized> {
        DocumentServiceClient::new(self.over()).max_encoding_message_size(MESSAGE)
    }

    /// `lectern.v1.NarrationService`.
    #[must_use]
    pub fn narrations(&self) -> NarrationServiceClient<Authorized> {
        NarrationServiceClient::new(self.over()).max_decoding_message_size(MESSAGE)
    }

    /// `lectern.v1.AdminService`.
    #[must_use]
    pub fn admin(&self) -> AdminServiceClient<Authorized> {
        AdminServiceClient::new(self.over())
    }

    /// `lectern.v1.KeyService`.
    #[must_use]
    pub fn keys(&self) -> KeyServiceClient<Authorized> {
        KeyServiceClient::new(self.over())
    }

    /// `lectern.v1.TenantService`.
    #[must_use]
    pub fn tenants(&self) -> TenantServiceClient<Authorized> {
        TenantServiceClient::new(self.over())
    }

    /// `lectern.v1.QuotaService`.
    #[must_use]
    pub fn quota(&self) -> QuotaServiceClient<Authorized> {
        QuotaServiceClient::new(self.over())
    }

    /// `lectern.gateway.v1.CredentialService`, which is for the stage services.
    #[must_use]
    pub fn credentials(&self) -> CredentialServiceClient<Authorized> {
        CredentialServiceClient::new(self.over())
    }

    /// `lectern.v1.VoiceService`.
    #[must_use]
    pub fn voices(&self) -> VoiceServiceClient<Authorized> {
        VoiceServiceClient::new(self.over())
    }

    /// `lectern.v1.LexiconService`.
    #[must_use]
    pub fn lexicons(&self) -> LexiconServiceClient<Authorized> {
        LexiconServiceClient::new(self.over())
    }

    /// `lectern.v1.WriterService`.
    #[must_use]
    pub fn writers(&self) -> WriterServiceClient<Authorized> {
        WriterServiceClient::new(self.over())
    }

    /// `lectern.ingest.v1.IngestService`, on the port of ingest.
    #[must_use]
    pub fn ingest(&self) -> IngestServiceClient<Authorized> {
        IngestServiceClient::new(self.over())
    }

    /// Hands in a source in one message.
    ///
    /// # Errors
    /// The call's status.
    pub async fn create(&self, source: Source, file_name: &str) -> Result<api::Document, Status> {
        let request =
            api::CreateDocumentRequest { file_name: file_name.to_owned(), source: Some(source), ..Default::default() };
        let answer = self.documents().create_document(request).await?.into_inner();
        Ok(answer.document.expect("the document"))
    }

    /// Hands in Markdown.
    ///
    /// # Panics
    ///
    /// When it is refused.
    pub async fn markdown(&self, text: &str) -> api::Document {
        self.create(Source::Text(text.to_owned()), "source.md").await.expect("a document")
    }

    /// One stream of an upload: `start`, the bytes from `offset` on, and `finish` where the digest
    /// is given.
    ///
    /// # Errors
    /// The call's status.
    pub async fn stream(
        &self,
        upload_id: &str,
        file_name: &str,
        bytes: &[u8],
        offset: usize,
        sha256: Option<String>,
    ) -> Result<api::Document, Status> {
        let messages = upload(upload_id, file_name, bytes, offset, sha256);
        let answer = self.documents().upload_document(futures::stream::iter(messages)).await?.into_inner();
        Ok(answer.document.expect("the document"))
    }

    /// A whole upload in one stream.
    ///
    /// # Errors
    /// The call's status.
    pub async fn upload(&self, upload_id: &str, file_name: &str, bytes: &[u8]) -> Result<api::Document, Status> {
        self.stream(upload_id, file_name, bytes, 0, Some(Digest::of(bytes).to_string())).await
    }

    /// All documents of the tenant, without outlines.
    ///
    /// # Panics
    ///
    /// When they cannot be listed.
    pub async fn list_documents(&self) -> Vec<api::Document> {
        let request = api::ListDocumentsRequest { page_size: 1_000, ..Default::default() };
        self.documents().list_documents(request).await.expect("documents").into_inner().documents
    }

    /// All narrations of the tenant, page by page.
    ///
    /// # Panics
    ///
    /// When they cannot be listed.
    pub async fn list_narrations(&self) -> Vec<api::Narration> {
        let mut all = Vec::new();
        let mut request = api::ListNarrationsRequest { page_size: 200, ..Default::default() };
        loop {
            let page = self.narrations().list_narrations(request.clone()).await.expect("narrations").into_inner();
            all.extend(page.narrations);
            if page.next_page_token.is_empty() {
                return all;
            }
            request.page_token = page.next_page_token;
        }
    }

    /// Orders a narration.
    ///
    /// # Errors
    /// The call's status.
    pub async fn order(&self, narration: api::Narration) -> Result<api::Narration, Status> {
        let request = api::CreateNarrationRequest { request_id: String::new(), narration: Some(narration) };
        let answer = self.narrations().create_narration(request).await?.into_inner();
        Ok(answer.narration.expect("the narration"))
    }

    /// The narration as it is.
    ///
    /// # Errors
    /// The call's status.
    pub async fn narration(&self, name: &str) -> Result<api::Narration, Status> {
        let answer = self.narrations().get_narration(api::GetNarrationRequest { name: name.to_owned() }).await?;
        Ok(answer.into_inner().narration.expect("the narration"))
    }

    /// Watches a narration until it is as wanted or terminal. A stream that breaks, as a killed
    /// server's does, is opened again with its token.
    ///
    /// # Panics
    ///
    /// When that takes longer than [`PATIENCE`], or the stream is refused.
    pub async fn watch(&self, name: &str, wanted: impl Fn(&api::Narration) -> bool) -> api::Narration {
        let mut token = String::new();
        let mut last = None;
        let watching = async {
            loop {
                let request = api::WatchNarrationRequest { name: name.to_owned(), resume_token: token.clone() };
                let mut news = match self.narrations().watch_narration(request).await {
                    Ok(news) => news.into_inner(),
                    Err(status) => {
                        assert_eq!(status.code(), Code::Unavailable, "{name}: {status}");
                        tokio::time::sleep(Duration::from_millis(200)).await;
                        continue;
                    }
                };
                while let Some(Ok(message)) = news.next().await {
                    token = message.resume_token;
                    let Some(News::Narration(narration)) = message.news else { continue };
                    if terminal(&narration) || wanted(&narration) {
                        return narration;
                    }
                    last = Some(narration);
                }
            }
        };
        let watched = tokio::time::timeout(PATIENCE, watching).await;
        watched.unwrap_or_else(|_| panic!("{name} is not as wanted after {PATIENCE:?}; last seen: {last:?}"))
    }

    /// Watches a narration until it SUCCEEDED.
    ///
    /// # Panics
    ///
    /// When it ends otherwise, with its failure.
    pub async fn finished(&self, name: &str) -> api::Narration {
        let narration = self.watch(name, |_| false).await;
        assert_eq!(narration.state(), State::Succeeded, "{name}: {:?}", narration.failure);
        narration
    }

    /// Orders a narration and watches it until it SUCCEEDED.
    ///
    /// # Panics
    ///
    /// When it is refused or ends otherwise.
    pub async fn narrate(&self, order: api::Narration) -> api::Narration {
        let accepted = self.order(order).await.expect("an accepted order");
        self.finished(&accepted.name).await
    }

    /// A range of a file, to its end where no length is given; every message's checksum and place
    /// are verified.
    ///
    /// # Panics
    ///
    /// When one does not fit, or the download is refused.
    pub async fn range(&self, narration: &str, file: &str, offset: i64, length: Option<i64>) -> Vec<u8> {
        let request = api::DownloadArtifactRequest { name: artifact(narration, file), offset, length };
        let mut parts = self.narrations().download_artifact(request).await.expect("a download").into_inner();
        let mut bytes = Vec::new();
        while let Some(part) = parts.message().await.expect("the next part") {
            assert_eq!(part.artifact.is_some(), bytes.is_empty(), "the first message describes the file");
            assert_eq!(part.offset, offset + i64::try_from(bytes.len()).expect("a length"), "no gap");
            assert_eq!(part.crc32c, crc32c::crc32c(&part.data), "{file} at {}", part.offset);
            assert!(part.data.len() <= 64 * 1024, "a message of {} bytes", part.data.len());
            bytes.extend_from_slice(&part.data);
        }
        bytes
    }

    /// A whole file of a finished narration, its size and digest verified.
    ///
    /// # Panics
    ///
    /// When the narration does not list it or it is not as listed.
    pub async fn download(&self, narration: &api::Narration, file: &str) -> Vec<u8> {
        let name = artifact(&narration.name, file);
        let listed = narration.artifacts.iter().find(|artifact| artifact.name == name);
        let listed = listed.unwrap_or_else(|| panic!("no {file} in {:?}", narration.artifacts));
        let bytes = self.range(&narration.name, file, 0, None).await;
        assert_eq!(i64::try_from(bytes.len()).ok(), Some(listed.size_bytes), "{file}");
        assert_eq!(Digest::of(&bytes).to_string(), listed.sha256, "{file}");
        bytes
    }

    /// The whole script, page by page.
    ///
    /// # Panics
    ///
    /// When a page is refused or sections are missing.
    pub async fn script(&self, narration: &str) -> Vec<api::ScriptSection> {
        let mut sections: Vec<api::ScriptSection> = Vec::new();
        let mut request =
            api::GetScriptRequest { name: narration.to_owned(), page_size: 2, ..api::GetScriptRequest::default() };
        loop {
            let page = self.narrations().get_script(request.clone()).await.expect("a page").into_inner();
            assert!(!page.sections.is_empty() && page.sections.len() <= 2, "{} sections", page.sections.len());
            join(&mut sections, page.sections);
            if page.next_page_token.is_empty() {
                assert_eq!(i32::try_from(sections.len()).ok(), Some(page.section_count));
                assert_eq!(page.next_section, None, "all of them are complete");
                return sections;
            }
            request.page_token = page.next_page_token;
        }
    }

    /// The record of a step, on the port of its service.
    ///
    /// # Panics
    ///
    /// When it is refused.
    pub async fn step(&self, step: &str) -> Step {
        let request = GetStepRequest { step: step.to_owned() };
        let answer = StageServiceClient::new(self.over()).get_step(request).await.expect("a step");
        answer.into_inner().step.expect("the step")
    }
}

/// Whether nothing more happens to it.
fn terminal(narration: &api::Narration) -> bool {
    matches!(narration.state(), State::Succeeded | State::Failed | State::Cancelled)
}
