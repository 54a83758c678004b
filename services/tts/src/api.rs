//! gRPC in: `lectern.v1.VoiceService` and `lectern.tts.v1.SpeechService`.

mod growing;
mod recordings;
mod speakers;
mod stored;
mod synthesis;
mod track;
mod voice;

use std::sync::Arc;

use bytes::Bytes;
use futures::future::{Either, join_all};
use lectern_blob::{Blob, Objects};
use lectern_core::content::script::Section;
use lectern_core::content::timeline::Track;
use lectern_core::id::{NarrationId, ScopeId, TenantId};
use lectern_core::keys::Secrets;
use lectern_core::{Clock, Failure, OutputFormat};
use lectern_proto::convert;
use lectern_proto::tts::v1::{self as tts, speech_service_server::SpeechService};
use lectern_proto::v1::{self as api, voice_service_server::VoiceService};
use lectern_provider::wire::{self, Callers};
use lectern_provider::{Day, Ledger};
use lectern_rpc::{Answers, Caller, InternalService, answer, answer_stream, page};
use lectern_stage::work::key;
use tonic::{Request, Response, Status, Streaming};

use self::growing::Growing;
use crate::audio::encode::available;
use crate::blocking::blocking;
use crate::engine::Voice;
use crate::voices::Voices;
use crate::work::{format_to_wire, lexicon, segments::Segments, spoken::SpokenKeys};

/// Bytes of one message of audio.
const CHUNK: usize = 64 * 1024;

/// The services over voices and recordings.
#[derive(Debug, Clone)]
pub struct Speech {
    voices: Voices,
    segments: Segments,
    blob: Arc<dyn Blob>,
    secrets: Secrets,
    clock: Arc<dyn Clock>,
    /// What was spent; none where nothing can be.
    ledger: Option<Ledger>,
}

impl Speech {
    /// The services over these parts; page tokens are sealed under the installation's secrets, and
    /// segments are named under them. Prices are those of the day of `clock`.
    #[must_use]
    pub fn new(
        voices: Voices,
        segments: Segments,
        blob: Arc<dyn Blob>,
        secrets: Secrets,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { voices, segments, blob, secrets, clock, ledger: None }
    }

    /// The same with a ledger of what tenants spend.
    #[must_use]
    pub fn with_ledger(self, ledger: Ledger) -> Self {
        Self { ledger: Some(ledger), ..self }
    }

    /// Sends away who listens to what is being recorded: the process ends.
    pub(crate) fn end(&self) {
        self.segments.news().end();
    }

    fn today(&self) -> Day {
        Day::of(self.clock.now())
    }

    /// Voices as callers see them. Each of their engines is asked once whether it could speak, all
    /// of them together.
    async fn shown(&self, voices: &[Voice]) -> Vec<api::Voice> {
        let mut names: Vec<&str> = voices.iter().map(Voice::engine).collect();
        names.dedup();
        let first = |name: &str| voices.iter().find(|voice| voice.engine() == name);
        let asked = names.iter().map(|name| async move {
            let Some(voice) = first(name) else { return Ok(()) };
            self.voices.engine(voice)?.ready().await
        });
        let ready = join_all(asked).await;
        let unready = |voice: &Voice| {
            let at = names.iter().position(|name| *name == voice.engine())?;
            ready.get(at)?.as_ref().err()
        };
        voices.iter().map(|voice| voice::to_wire(voice, unready(voice), self.today())).collect()
    }

    /// A page of the voices that speak a language. Its token is a place among them, and bound to
    /// the language.
    async fn list(
        &self,
        tenant: &TenantId,
        request: &api::ListVoicesRequest,
    ) -> Result<api::ListVoicesResponse, Failure> {
        let size = page::size(request.page_size, 50, 1_000)?;
        let language = convert::language_tag("language_code", &request.language_code)?.unwrap_or_default();
        let secret = self.secrets.of(tenant);
        let purpose = format!("ListVoices language_code={language}");
        let first: usize = page::open(&secret, &purpose, &request.page_token)?.unwrap_or(0);
        let voices = self.voices.speaking(&language);
        let next = first.saturating_add(size);
        let next_page_token = if next < voices.len() { page::seal(&secret, &purpose, &next)? } else { String::new() };
        let page = voices.get(first..next.min(voices.len())).unwrap_or_default();
        // It is looked whether programs are installed.
        let formats = blocking(|| {
            let made = OutputFormat::ALL.into_iter().filter(|format| available(*format).is_ok());
            Ok(made.map(|format| format_to_wire(format).into()).collect())
        });
        let (voices, formats) = tokio::join!(self.shown(page), formats);
        Ok(api::ListVoicesResponse { voices, next_page_token, formats: formats? })
    }
}

/// How to play samples of one channel.
fn pcm(sample_rate: u32) -> api::PcmFormat {
    api::PcmFormat { sample_rate_hertz: convert::number(sample_rate), channel_count: 1 }
}

fn audio(samples: &[i16]) -> impl Iterator<Item = Bytes> + '_ {
    samples.chunks(CHUNK / 2).map(|chunk| chunk.iter().flat_map(|sample| sample.to_le_bytes()).collect())
}

#[tonic::async_trait]
impl VoiceService for Speech {
    async fn list_voices(
        &self,
        request: Request<api::ListVoicesRequest>,
    ) -> Result<Response<api::ListVoicesResponse>, Status> {
        answer(request, |caller: Caller, request| async move { self.list(&caller.tenant, &request).await }).await
    }
}

#[tonic::async_trait]
impl SpeechService for Speech {
    type SynthesizeStream = Answers<tts::SynthesizeResponse>;
    type ReadTrackStream = Answers<tts::ReadTrackResponse>;

    async fn resolve_speakers(
        &self,
        request: Request<tts::ResolveSpeakersRequest>,
    ) -> Result<Response<tts::ResolveSpeakersResponse>, Status> {
        answer(request, |_: Caller, request| async move { speakers::resolve(self, &request).await }).await
    }

    async fn put_lexicon(
        &self,
        request: Request<tts::PutLexiconRequest>,
    ) -> Result<Response<tts::PutLexiconResponse>, Status> {
        answer(request, |InternalService(caller), request| async move {
            let scope: ScopeId = request.scope.parse().map_err(|e| Failure::invalid("scope", format!("scope: {e}")))?;
            let lexicon = convert::order_lexicon(&request.lexicon.unwrap_or_default())?;
            let objects = Objects::new(Arc::clone(&self.blob), &caller.tenant, &scope);
            let lexicon_key = lexicon::put(&objects, &self.secrets.of(&caller.tenant), &lexicon).await?;
            Ok(tts::PutLexiconResponse { lexicon_key: lexicon_key.to_string() })
        })
        .await
    }

    async fn synthesize(
        &self,
        request: Request<tts::SynthesizeRequest>,
    ) -> Result<Response<Self::SynthesizeStream>, Status> {
        answer_stream(
            request,
            |Caller { tenant, .. }, request| async move { synthesis::stream(self, tenant, &request) },
        )
        .await
    }

    async fn read_track(
        &self,
        request: Request<tts::ReadTrackRequest>,
    ) -> Result<Response<Self::ReadTrackStream>, Status> {
        answer_stream(request, |InternalService(caller), request| async move {
            let scope: ScopeId = request.scope.parse().map_err(|e| Failure::invalid("scope", format!("scope: {e}")))?;
            let track_key = key(&request.track_key, "track_key")?;
            let first = track::first(request.first_sample)?;
            let objects = Objects::new(Arc::clone(&self.blob), &caller.tenant, &scope);
            let path = objects.folder().track(&track_key);
            let segments = self.segments.clone();
            // Also where a track is there: a retry may be about to make it anew, since a segment of
            // it was lost.
            if let Some(command) = request.recording {
                let section = objects.folder().section(&key(&command.section_key, "section_key")?);
                let section: Section = objects.read_json(&section).await?;
                let lexicon = lexicon::read(&objects, command.delivery.as_ref()).await?;
                let names = SpokenKeys::new(self.secrets.of(&caller.tenant), &command, lexicon)?;
                let growing = Growing { section, names, track_key, segments, objects };
                return Ok(Either::Left(growing.stream(first)));
            }
            let track: Track = objects.read_json(&path).await?;
            track::check(&track, first)?;
            Ok(Either::Right(track::stream(track, first, segments, objects)))
        })
        .await
    }

    async fn count_stored_speech(
        &self,
        request: Request<Streaming<tts::CountStoredSpeechRequest>>,
    ) -> Result<Response<tts::CountStoredSpeechResponse>, Status> {
        answer(request, |InternalService(caller), messages| async move {
            stored::count(self, &caller.tenant, messages).await
        })
        .await
    }

    async fn delete_recording(
        &self,
        request: Request<tts::DeleteRecordingRequest>,
    ) -> Result<Response<tts::DeleteRecordingResponse>, Status> {
        answer(request, |InternalService(caller), request| async move {
            let invalid = |field: &str, e: lectern_core::id::NotAnId| Failure::invalid(field, format!("{field}: {e}"));
            let scope: ScopeId = request.scope.parse().map_err(|e| invalid("scope", e))?;
            let narration: NarrationId = request.narration.parse().map_err(|e| invalid("narration", e))?;
            let run = u32::try_from(request.run).ok().filter(|run| *run > 0);
            let run = run.ok_or_else(|| Failure::invalid("run", "run must be 1 or more"))?;
            let objects = Objects::new(Arc::clone(&self.blob), &caller.tenant, &scope);
            recordings::delete(&objects, &narration, run).await?;
            Ok(tts::DeleteRecordingResponse {})
        })
        .await
    }

    async fn get_spending(
        &self,
        request: Request<tts::GetSpendingRequest>,
    ) -> Result<Response<tts::GetSpendingResponse>, Status> {
        answer(request, |InternalService(caller), request| async move {
            let Some(ledger) = &self.ledger else { return Ok(tts::GetSpendingResponse::default()) };
            let asked = (request.first_day.as_str(), request.last_day.as_str());
            let days = wire::spending(ledger, Callers::Engines, &caller.tenant, asked, self.clock.now()).await?;
            Ok(tts::GetSpendingResponse { days })
        })
        .await
    }
}

#[cfg(test)]
mod tests;
