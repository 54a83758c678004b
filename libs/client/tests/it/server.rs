//! A server that does as it is told: it breaks the next streams where a test says so, and notes
//! what it was asked.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::stream::{self, BoxStream, StreamExt as _};
use lectern_client::{Client, ClientConfig, Retry};
use lectern_core::backoff::Backoff;
use lectern_core::{Digest, Failure, Kind, Reason};
use lectern_proto::v1::document_service_server::{DocumentService, DocumentServiceServer};
use lectern_proto::v1::erased_items::Kind as Kinds;
use lectern_proto::v1::listen_narration_response::Part as Sound;
use lectern_proto::v1::narration::State as Stage;
use lectern_proto::v1::narration_service_server::{NarrationService, NarrationServiceServer};
use lectern_proto::v1::upload_document_request::Part;
use lectern_proto::v1::voice_service_server::{VoiceService, VoiceServiceServer};
use lectern_proto::v1::watch_narration_response::News;
use lectern_proto::v1::writer_service_server::{WriterService, WriterServiceServer};
use lectern_proto::v1::{self as api, preview_document_response};
use lectern_rpc::status;
use lectern_runtime::Secret;
use parking_lot::{Mutex, MutexGuard};
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::transport::Server;
use tonic::{Request, Response, Status, Streaming};

/// Bytes of a message of audio.
pub const AUDIO: usize = 1_000;
/// Bytes of a message of a download.
pub const PIECE: usize = 64 * 1024;
/// Samples of a message of audio.
pub const SAMPLES: usize = AUDIO / 2;
/// The document of every upload, and the narration of every order.
pub const DOCUMENT: &str = "documents/tides";
pub const NARRATION: &str = "narrations/tides";
/// The only file of the narration.
pub const FILE: &str = "narrations/tides/artifacts/audio.wav";

/// How a call ends.
#[derive(Debug, Clone)]
pub enum End {
    /// With this failure.
    With(Failure),
    /// As if it were complete.
    Early,
    /// Not at all.
    Never,
}

/// Where a stream ends: after so many messages, of an upload so many chunks.
#[derive(Debug, Clone)]
pub struct Cut {
    pub after: usize,
    pub end: End,
}

/// Ends the next stream like a lost connection.
pub fn broken(after: usize) -> Cut {
    Cut { after, end: End::With(unavailable()) }
}

pub fn unavailable() -> Failure {
    Failure::new(Kind::Unavailable, Reason::ServiceUnavailable, "broken on purpose")
}

/// What the server knows, does and was asked.
#[derive(Debug, Default)]
pub struct State {
    /// How the next calls without a stream end; when there is none, as they should.
    pub ends: VecDeque<End>,
    /// Where the next streams end; when there is none, at their end.
    pub cuts: VecDeque<Cut>,
    /// The calls, in order.
    pub asked: Vec<String>,
    /// What was received of the upload.
    pub received: Vec<u8>,
    /// The states of the narration; the token of each is its place, counted from 1.
    pub stages: Vec<Stage>,
    /// The samples of its sections.
    pub sections: Vec<Bytes>,
    /// Its only file.
    pub file: Bytes,
    /// Whether the first message of the next download is damaged on its way.
    pub damaged: bool,
    /// Whether the document is erased.
    pub erased: bool,
    /// Whether there are narrations of it, which only `force` erases.
    pub narrated: bool,
    /// The parts of a preview.
    pub preview: Vec<preview_document_response::Part>,
    /// What of a preview's speech is there already, where that is asked for.
    pub stored: Option<api::StoredSpeech>,
    /// The documents of a list, which comes one a page.
    pub documents: Vec<api::Document>,
    /// The voices, which come one a page.
    pub voices: Vec<api::Voice>,
    /// The writers, which come one a page.
    pub writers: Vec<api::Writer>,
    /// What an order would take.
    pub estimate: Option<api::NarrationEstimate>,
    /// The run of the narration; its etag is the same number.
    pub run: i32,
    /// The request id of the call that began the run.
    pub begun_by: String,
    /// Whether the narration is deleted.
    pub deleted: bool,
}

/// The server, and the way to it.
#[derive(Debug, Clone)]
pub struct Fake {
    pub address: SocketAddr,
    state: Arc<Mutex<State>>,
}

impl Fake {
    pub async fn start(state: State) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let fake = Self { address, state: Arc::new(Mutex::new(state)) };
        let serving = Server::builder()
            .add_service(DocumentServiceServer::new(fake.clone()))
            .add_service(NarrationServiceServer::new(fake.clone()))
            .add_service(VoiceServiceServer::new(fake.clone()))
            .add_service(WriterServiceServer::new(fake.clone()))
            .serve_with_incoming(TcpListenerStream::new(listener));
        tokio::spawn(serving);
        fake
    }

    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock()
    }

    pub fn asked(&self) -> Vec<String> {
        self.state().asked.clone()
    }

    /// A client that waits for milliseconds.
    pub fn client(&self) -> Client {
        client_of(self.address)
    }

    fn ask(&self, what: String) {
        self.state().asked.push(what);
    }

    async fn unary(&self, what: String) -> Result<(), Status> {
        self.ask(what);
        let end = self.state().ends.pop_front();
        match end {
            Some(End::With(failure)) => Err(status(&failure)),
            Some(End::Never) => std::future::pending().await,
            Some(End::Early) | None => Ok(()),
        }
    }

    fn stream<T: Send + 'static>(&self, messages: Vec<T>) -> Answers<T> {
        let cut = self.state().cuts.pop_front();
        let all = stream::iter(messages.into_iter().map(Ok));
        Ok(Response::new(match cut {
            None => all.boxed(),
            Some(Cut { after, end: End::Early }) => all.take(after).boxed(),
            Some(Cut { after, end: End::Never }) => all.take(after).chain(stream::pending()).boxed(),
            Some(Cut { after, end: End::With(failure) }) => {
                all.take(after).chain(stream::iter([Err(status(&failure))])).boxed()
            }
        }))
    }

    fn narration(&self, place: usize) -> api::Narration {
        let state = self.state();
        let stage = state.stages.get(place.saturating_sub(1)).copied().unwrap_or(Stage::Unspecified);
        let (name, run, etag) = (NARRATION.to_owned(), state.run, state.run.to_string());
        api::Narration { name, run, etag, state: stage.into(), ..Default::default() }
    }
}

pub fn client_of(address: SocketAddr) -> Client {
    let retry = Retry {
        tries: 4,
        backoff: Backoff { base: Duration::from_millis(1), cap: Duration::from_millis(5) },
        longest_wait: Duration::from_secs(1),
        ..Retry::default()
    };
    let config = ClientConfig::to(format!("http://{address}"));
    Client::connect(&config, Some(Secret::new("lk_tides"))).expect("a client").with_retry(retry)
}

/// The file as a narration lists it.
pub fn artifact(file: &Bytes) -> api::Artifact {
    api::Artifact {
        name: FILE.to_owned(),
        mime_type: "audio/wav".to_owned(),
        size_bytes: i64::try_from(file.len()).expect("a size"),
        sha256: Digest::of(file).to_string(),
    }
}

/// The etag of a section: another one where its samples are others.
pub fn etag_of(section: &Bytes) -> String {
    Digest::of(section).to_string()[..16].to_owned()
}

/// Bytes that differ from place to place.
pub fn noise(size: usize) -> Bytes {
    (0_u32..).flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()).take(size).collect()
}

type Answers<T> = Result<Response<BoxStream<'static, Result<T, Status>>>, Status>;
type Answer<T> = Result<Response<T>, Status>;

fn elsewhere<T>() -> Result<T, Status> {
    Err(Status::unimplemented("not in this test"))
}

/// One of `items` as a page, and the token of the next.
fn page<T: Clone>(items: &[T], token: &str) -> (Vec<T>, String) {
    let place: usize = if token.is_empty() { 0 } else { token.parse().expect("a token of ours") };
    let next = if place + 1 < items.len() { (place + 1).to_string() } else { String::new() };
    (items.get(place).cloned().into_iter().collect(), next)
}

fn document() -> Option<api::Document> {
    Some(api::Document { name: DOCUMENT.to_owned(), ..Default::default() })
}

fn receipt() -> Option<api::Erasure> {
    let source = api::ErasedItems { kind: Kinds::SourceObject.into(), first_sweep_count: 1, second_sweep_count: 0 };
    Some(api::Erasure { name: format!("{DOCUMENT}/erasure"), items: vec![source], ..Default::default() })
}

fn signed(number: usize) -> i64 {
    i64::try_from(number).expect("a number")
}

fn index(number: usize) -> i32 {
    i32::try_from(number).expect("a number")
}

#[tonic::async_trait]
impl DocumentService for Fake {
    async fn create_document(
        &self,
        request: Request<api::CreateDocumentRequest>,
    ) -> Answer<api::CreateDocumentResponse> {
        self.unary(format!("create {}", request.get_ref().request_id)).await?;
        Ok(Response::new(api::CreateDocumentResponse { document: document() }))
    }

    async fn upload_document(
        &self,
        request: Request<Streaming<api::UploadDocumentRequest>>,
    ) -> Answer<api::UploadDocumentResponse> {
        let mut messages = request.into_inner();
        let cut = self.state().cuts.pop_front();
        let mut taken = 0;
        while let Some(message) = messages.message().await? {
            if let Some(Part::Start(start)) = &message.part {
                assert!(start.upload.starts_with("uploads/"), "{start:?}");
                assert!(start.size_bytes.is_some() && start.document.is_some(), "{start:?}");
                let received = self.state().received.len();
                self.ask(format!("upload {} from {received}", start.file_name));
                continue;
            }
            if let Some(Cut { after, end: End::With(failure) }) = &cut
                && *after == taken
            {
                return Err(status(failure));
            }
            taken += 1;
            match message.part {
                Some(Part::Chunk(chunk)) => {
                    let mut state = self.state();
                    assert_eq!(chunk.offset, signed(state.received.len()), "it goes on where it stopped");
                    assert_eq!(chunk.crc32c, crc32c::crc32c(&chunk.data));
                    state.received.extend_from_slice(&chunk.data);
                }
                Some(Part::Finish(finish)) => {
                    assert_eq!(finish.sha256, Digest::of(&self.state().received).to_string());
                    return Ok(Response::new(api::UploadDocumentResponse { document: document() }));
                }
                Some(Part::Start(_)) | None => panic!("a message has a part, and start comes once"),
            }
        }
        let unfinished = Failure::new(Kind::Aborted, Reason::OffsetMismatch, "the stream ended before finish");
        Err(status(&unfinished))
    }

    async fn get_upload(&self, request: Request<api::GetUploadRequest>) -> Answer<api::GetUploadResponse> {
        let name = request.into_inner().name;
        assert!(name.starts_with("uploads/"), "{name}");
        self.unary("get upload".to_owned()).await?;
        let committed = self.state().received.len();
        if committed == 0 {
            return Err(status(&Failure::not_found(name)));
        }
        let upload = api::Upload { name, committed_bytes: signed(committed), ..Default::default() };
        Ok(Response::new(api::GetUploadResponse { upload: Some(upload) }))
    }

    async fn cancel_upload(&self, _: Request<api::CancelUploadRequest>) -> Answer<api::CancelUploadResponse> {
        elsewhere()
    }

    async fn get_document(&self, request: Request<api::GetDocumentRequest>) -> Answer<api::GetDocumentResponse> {
        self.unary(format!("get {}", request.into_inner().name)).await?;
        Ok(Response::new(api::GetDocumentResponse { document: document() }))
    }

    async fn list_documents(&self, request: Request<api::ListDocumentsRequest>) -> Answer<api::ListDocumentsResponse> {
        let request = request.into_inner();
        self.unary(format!("documents {} from {:?}", request.page_size, request.page_token)).await?;
        let mut all = self.state().documents.clone();
        all.retain(|document| request.sha256.is_empty() || document.sha256 == request.sha256);
        let (documents, next_page_token) = page(&all, &request.page_token);
        Ok(Response::new(api::ListDocumentsResponse { documents, next_page_token }))
    }

    async fn delete_document(
        &self,
        request: Request<api::DeleteDocumentRequest>,
    ) -> Answer<api::DeleteDocumentResponse> {
        let request = request.into_inner();
        if self.state().narrated && !request.force {
            self.ask(format!("delete {}", request.name));
            let narrated = Failure::new(Kind::FailedPrecondition, Reason::WrongState, "there are narrations of it");
            return Err(status(&narrated));
        }
        let erased = std::mem::replace(&mut self.state().erased, true);
        self.unary(format!("delete {}", request.name)).await?;
        if !erased {
            return Ok(Response::new(api::DeleteDocumentResponse { erasure: receipt() }));
        }
        if request.allow_missing {
            return Ok(Response::new(api::DeleteDocumentResponse { erasure: None }));
        }
        Err(status(&Failure::new(Kind::NotFound, Reason::DocumentErased, "it was erased")))
    }

    async fn get_erasure(&self, request: Request<api::GetErasureRequest>) -> Answer<api::GetErasureResponse> {
        let name = request.into_inner().name;
        self.unary(format!("get {name}")).await?;
        if !self.state().erased {
            return Err(status(&Failure::new(Kind::FailedPrecondition, Reason::WrongState, "it is not erased")));
        }
        Ok(Response::new(api::GetErasureResponse { erasure: receipt() }))
    }
}

#[tonic::async_trait]
impl NarrationService for Fake {
    type PreviewDocumentStream = BoxStream<'static, Result<api::PreviewDocumentResponse, Status>>;
    type WatchNarrationStream = BoxStream<'static, Result<api::WatchNarrationResponse, Status>>;
    type ListenNarrationStream = BoxStream<'static, Result<api::ListenNarrationResponse, Status>>;
    type DownloadArtifactStream = BoxStream<'static, Result<api::DownloadArtifactResponse, Status>>;

    async fn create_narration(
        &self,
        request: Request<api::CreateNarrationRequest>,
    ) -> Answer<api::CreateNarrationResponse> {
        let key = request.metadata().get("authorization").and_then(|key| key.to_str().ok()).unwrap_or_default();
        self.unary(format!("order {} by {key}", request.get_ref().request_id)).await?;
        Ok(Response::new(api::CreateNarrationResponse { narration: Some(self.narration(1)) }))
    }

    async fn preview_document(
        &self,
        request: Request<api::PreviewDocumentRequest>,
    ) -> Answers<api::PreviewDocumentResponse> {
        self.ask("preview".to_owned());
        let (mut parts, stored) = {
            let state = self.state();
            (state.preview.clone(), state.stored)
        };
        if request.into_inner().count_stored_speech {
            parts.extend(stored.map(preview_document_response::Part::StoredSpeech));
        }
        self.stream(parts.into_iter().map(|part| api::PreviewDocumentResponse { part: Some(part) }).collect())
    }

    async fn estimate_narration(
        &self,
        _: Request<api::EstimateNarrationRequest>,
    ) -> Answer<api::EstimateNarrationResponse> {
        self.unary("estimate".to_owned()).await?;
        Ok(Response::new(api::EstimateNarrationResponse { estimate: self.state().estimate.clone() }))
    }

    async fn get_narration(&self, _: Request<api::GetNarrationRequest>) -> Answer<api::GetNarrationResponse> {
        self.unary("get".to_owned()).await?;
        let last = self.state().stages.len();
        Ok(Response::new(api::GetNarrationResponse { narration: Some(self.narration(last)) }))
    }

    async fn list_narrations(
        &self,
        request: Request<api::ListNarrationsRequest>,
    ) -> Answer<api::ListNarrationsResponse> {
        self.unary(format!("narrations of {}", request.into_inner().document)).await?;
        let narrations = vec![self.narration(1)];
        Ok(Response::new(api::ListNarrationsResponse { narrations, next_page_token: String::new() }))
    }

    async fn watch_narration(
        &self,
        request: Request<api::WatchNarrationRequest>,
    ) -> Answers<api::WatchNarrationResponse> {
        let token = request.into_inner().resume_token;
        self.ask(format!("watch {token}"));
        let seen: usize = if token.is_empty() { 0 } else { token.parse().expect("a token of ours") };
        let last = self.state().stages.len();
        // After each state it says that it is alive.
        let messages = (seen + 1..=last).flat_map(|place| {
            let message = |news| api::WatchNarrationResponse { news: Some(news), resume_token: place.to_string() };
            [message(News::Narration(self.narration(place))), message(News::Checkpoint(api::Checkpoint {}))]
        });
        self.stream(messages.collect())
    }

    async fn listen_narration(
        &self,
        request: Request<api::ListenNarrationRequest>,
    ) -> Answers<api::ListenNarrationResponse> {
        let request = request.into_inner();
        self.ask(format!("listen {} from {}", request.first_section, request.first_sample));
        let sections = self.state().sections.clone();
        let first_section = usize::try_from(request.first_section).expect("a section");
        let first_sample = usize::try_from(request.first_sample).expect("a sample");
        let refuse = |kind, reason, field: &str| {
            let refused = Failure::new(kind, reason, "it is not what was asked for");
            Err(status(&refused.at(field)))
        };
        let past = |field| refuse(Kind::OutOfRange, Reason::InvalidField, field);
        let Some(first) = sections.get(first_section) else { return past("first_section") };
        // Who goes on with a section must say with which one, and nobody else does.
        if request.section_etag.is_empty() != (first_sample == 0) {
            return refuse(Kind::InvalidArgument, Reason::InvalidField, "section_etag");
        }
        if !request.section_etag.is_empty() && request.section_etag != etag_of(first) {
            return refuse(Kind::Aborted, Reason::EtagMismatch, "section_etag");
        }
        if first_sample > first.len() / 2 {
            return past("first_sample");
        }
        let mut parts = vec![Sound::Format(api::PcmFormat { sample_rate_hertz: 24_000, channel_count: 1 })];
        for (place, audio) in sections.iter().enumerate().skip(first_section) {
            let (begin, index) = (if place == first_section { first_sample } else { 0 }, index(place));
            let (first_sample, etag) = (signed(begin), etag_of(audio));
            let start = api::SectionStart { index, first_sample, etag, ..Default::default() };
            parts.push(Sound::SectionStart(start));
            let pieces = audio[2 * begin..].chunks(AUDIO);
            parts.extend(pieces.map(|piece| Sound::Audio(Bytes::copy_from_slice(piece))));
            parts.push(Sound::SectionEnd(api::SectionEnd { index, sample_count: signed(audio.len() / 2) }));
        }
        self.stream(parts.into_iter().map(|part| api::ListenNarrationResponse { part: Some(part) }).collect())
    }

    async fn cancel_narration(&self, _: Request<api::CancelNarrationRequest>) -> Answer<api::CancelNarrationResponse> {
        elsewhere()
    }

    async fn retry_narration(
        &self,
        request: Request<api::RetryNarrationRequest>,
    ) -> Answer<api::RetryNarrationResponse> {
        let request_id = request.into_inner().request_id;
        {
            let mut state = self.state();
            if request_id.is_empty() || state.begun_by != request_id {
                state.run += 1;
                state.begun_by = request_id;
            }
        }
        self.unary("retry".to_owned()).await?;
        Ok(Response::new(api::RetryNarrationResponse { narration: Some(self.narration(1)) }))
    }

    async fn delete_narration(
        &self,
        request: Request<api::DeleteNarrationRequest>,
    ) -> Answer<api::DeleteNarrationResponse> {
        let deleted = std::mem::replace(&mut self.state().deleted, true);
        self.unary("delete".to_owned()).await?;
        if deleted && !request.into_inner().allow_missing {
            return Err(status(&Failure::not_found(NARRATION)));
        }
        Ok(Response::new(api::DeleteNarrationResponse {}))
    }

    async fn get_script(&self, _: Request<api::GetScriptRequest>) -> Answer<api::GetScriptResponse> {
        elsewhere()
    }

    async fn update_script(&self, _: Request<api::UpdateScriptRequest>) -> Answer<api::UpdateScriptResponse> {
        elsewhere()
    }

    async fn approve_script(&self, _: Request<api::ApproveScriptRequest>) -> Answer<api::ApproveScriptResponse> {
        elsewhere()
    }

    async fn get_manifest(&self, _: Request<api::GetManifestRequest>) -> Answer<api::GetManifestResponse> {
        elsewhere()
    }

    async fn download_artifact(
        &self,
        request: Request<api::DownloadArtifactRequest>,
    ) -> Answers<api::DownloadArtifactResponse> {
        let request = request.into_inner();
        assert!(request.length.is_none(), "to the end");
        self.ask(format!("download {} from {}", request.name, request.offset));
        let (file, damaged) = {
            let mut state = self.state();
            (state.file.clone(), std::mem::take(&mut state.damaged))
        };
        let begin = usize::try_from(request.offset).expect("an offset");
        let mut messages: Vec<api::DownloadArtifactResponse> = (begin..file.len())
            .step_by(PIECE)
            .map(|at| {
                let data = file.slice(at..file.len().min(at + PIECE));
                let crc32c = crc32c::crc32c(&data);
                api::DownloadArtifactResponse { offset: signed(at), data, crc32c, artifact: None }
            })
            .collect();
        if let Some(first) = messages.first_mut() {
            first.artifact = Some(artifact(&file));
            if damaged {
                first.data = vec![0; first.data.len()].into();
            }
        }
        self.stream(messages)
    }
}

#[tonic::async_trait]
impl VoiceService for Fake {
    async fn list_voices(&self, request: Request<api::ListVoicesRequest>) -> Answer<api::ListVoicesResponse> {
        let token = request.into_inner().page_token;
        self.unary(format!("voices from {token:?}")).await?;
        let (voices, next_page_token) = page(&self.state().voices, &token);
        Ok(Response::new(api::ListVoicesResponse { voices, next_page_token, formats: Vec::new() }))
    }
}

#[tonic::async_trait]
impl WriterService for Fake {
    async fn list_writers(&self, request: Request<api::ListWritersRequest>) -> Answer<api::ListWritersResponse> {
        let api::ListWritersRequest { page_token, check_ready, .. } = request.into_inner();
        self.unary(format!("writers from {page_token:?}, ready {check_ready}")).await?;
        let (writers, next_page_token) = page(&self.state().writers, &page_token);
        Ok(Response::new(api::ListWritersResponse { writers, next_page_token }))
    }
}
