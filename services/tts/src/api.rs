//! gRPC in: `lectern.v1.VoiceService` and `lectern.tts.v1.SpeechService`.

use std::pin::Pin;
use std::sync::Arc;

use async_stream::try_stream;
use bytes::Bytes;
use futures::Stream;
use lectern_blob::{Blob, Objects};
use lectern_core::content::timeline::Track;
use lectern_core::id::{NarrationId, ScopeId};
use lectern_core::{Failure, Kind, Reason};
use lectern_proto::convert;
use lectern_proto::tts::v1::{self as tts, speech_service_server::SpeechService};
use lectern_proto::v1::{self as api, voice_service_server::VoiceService};
use lectern_rpc::{caller, status};
use lectern_stage::api::internal;
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status};

use crate::audio::encode::AudioFormat;
use crate::engine::{SegmentRequest, Speed, Voice};
use crate::pieces::pieces;
use crate::voices::Voices;
use crate::work::{format_of, segments::Segments};

/// Characters that `Synthesize` takes.
const TEXT_LIMIT: usize = 5_000;
/// Bytes of one message of audio.
const CHUNK: usize = 64 * 1024;

/// A stream of answers.
type Answers<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

/// The services over voices and recordings.
#[derive(Debug, Clone)]
pub struct Speech {
    voices: Voices,
    segments: Segments,
    blob: Arc<dyn Blob>,
}

impl Speech {
    /// The services over these parts.
    #[must_use]
    pub fn new(voices: Voices, segments: Segments, blob: Arc<dyn Blob>) -> Self {
        Self { voices, segments, blob }
    }

    fn voice(&self, voice: &Voice) -> api::Voice {
        api::Voice {
            name: format!("voices/{}", voice.id),
            display_name: voice.name.clone(),
            languages: vec![voice.language.clone()],
            sample_rate: convert::number(voice.sample_rate),
            version: voice.version.clone(),
            available: self.voices.engine(voice).and_then(|engine| engine.ready()).is_ok(),
        }
    }

    /// Chooses a voice and checks that it can speak now and that the formats can be made.
    fn resolve(&self, request: &tts::ResolveVoiceRequest) -> Result<Voice, Failure> {
        let voice = self.voices.resolve(&request.voice, &request.language)?;
        self.voices.engine(&voice)?.ready()?;
        for format in &request.formats {
            format_of(*format)?.available()?;
        }
        Ok(voice)
    }
}

fn audio(samples: &[i16]) -> impl Iterator<Item = Bytes> + '_ {
    samples.chunks(CHUNK / 2).map(|chunk| chunk.iter().flat_map(|sample| sample.to_le_bytes()).collect())
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T, Failure> + Send + 'static) -> Result<T, Status> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|_| Err(Failure::internal("the work broke off")))
        .map_err(|f| status(&f))
}

#[tonic::async_trait]
impl VoiceService for Speech {
    async fn list_voices(
        &self,
        request: Request<api::ListVoicesRequest>,
    ) -> Result<Response<api::ListVoicesResponse>, Status> {
        caller(&request)?;
        let language = request.into_inner().language;
        let this = self.clone();
        let response = blocking(move || {
            let all = this.voices.all();
            let wanted = all.iter().filter(|voice| language.is_empty() || voice.language.starts_with(&language));
            let formats = AudioFormat::ALL.into_iter().filter(|format| format.available().is_ok());
            Ok(api::ListVoicesResponse {
                voices: wanted.map(|voice| this.voice(voice)).collect(),
                formats: formats.map(|format| format.as_str().to_owned()).collect(),
            })
        })
        .await?;
        Ok(Response::new(response))
    }
}

#[tonic::async_trait]
impl SpeechService for Speech {
    type SynthesizeStream = Answers<tts::SynthesizeResponse>;
    type ReadTrackStream = Answers<tts::ReadTrackResponse>;

    async fn resolve_voice(
        &self,
        request: Request<tts::ResolveVoiceRequest>,
    ) -> Result<Response<tts::ResolveVoiceResponse>, Status> {
        caller(&request)?;
        let (this, request) = (self.clone(), request.into_inner());
        let voice = blocking(move || this.resolve(&request).map(|voice| this.voice(&voice))).await?;
        Ok(Response::new(tts::ResolveVoiceResponse { voice: Some(voice) }))
    }

    async fn synthesize(
        &self,
        request: Request<tts::SynthesizeRequest>,
    ) -> Result<Response<Self::SynthesizeStream>, Status> {
        let tenant = caller(&request)?.tenant.clone();
        let request = request.into_inner();
        if request.text.chars().nth(TEXT_LIMIT).is_some() {
            let message = format!("text may have at most {TEXT_LIMIT} characters; order a narration for more");
            let failure = Failure::new(Kind::ResourceExhausted, Reason::LimitExceeded, message).at("text");
            return Err(status(&failure));
        }
        let pieces = pieces(&request.text);
        if pieces.is_empty() {
            return Err(status(&Failure::invalid("text", "text has no words to speak; send some")));
        }
        let speed = Speed::new(if request.speed == 0.0 { 1.0 } else { request.speed }).map_err(|f| status(&f))?;
        let voice = self.voices.resolve(&request.voice, "und").map_err(|f| status(&f))?;
        let engine = self.voices.engine(&voice).map_err(|f| status(&f))?;
        let (segments, stop) = (self.segments.clone(), CancellationToken::new());
        // Dropped with the stream, when it has ended, its caller is gone or its deadline passed.
        let until_dropped = stop.clone().drop_guard();
        Ok(Response::new(Box::pin(try_stream! {
            use tts::synthesize_response::Part;
            let _until_dropped = until_dropped;
            let format = api::PcmFormat { sample_rate: convert::number(voice.sample_rate), channels: 1 };
            yield tts::SynthesizeResponse { part: Some(Part::Format(format)) };
            let pause = vec![0; voice.sample_rate as usize * 3 / 10];
            for (index, piece) in pieces.into_iter().enumerate() {
                let request = SegmentRequest::new(piece.text, voice.id.clone(), speed);
                // A caller that reads slowly holds no turn meanwhile.
                let spoken = segments.speak(&tenant, Arc::clone(&engine), request, stop.clone()).await;
                let segment = spoken.map_err(|f| status(&f))?;
                let before: &[i16] = if index > 0 && piece.begins_sentence { &pause } else { &[] };
                for audio in audio(before).chain(audio(&segment.samples)) {
                    yield tts::SynthesizeResponse { part: Some(Part::Audio(audio)) };
                }
            }
        })))
    }

    async fn read_track(
        &self,
        request: Request<tts::ReadTrackRequest>,
    ) -> Result<Response<Self::ReadTrackStream>, Status> {
        internal(&request)?;
        let tenant = caller(&request)?.tenant.clone();
        let request = request.into_inner();
        let scope: ScopeId =
            request.scope.parse().map_err(|e| status(&Failure::invalid("scope", format!("scope: {e}"))))?;
        let key = lectern_stage::work::key(&request.track_key, "track_key").map_err(|f| status(&f))?;
        let objects = Objects::new(Arc::clone(&self.blob), &tenant, &scope);
        let track: Track = objects.read_json(&objects.folder().track(&key)).await.map_err(|f| status(&f))?;
        let segments = self.segments.clone();
        Ok(Response::new(Box::pin(try_stream! {
            use tts::read_track_response::Part;
            let answer = |part| tts::ReadTrackResponse { part: Some(part) };
            yield answer(Part::Format(api::PcmFormat { sample_rate: convert::number(track.sample_rate), channels: 1 }));
            yield answer(Part::Section(api::SectionStart {
                index: convert::number(track.index),
                title: convert::title(&track.title),
                sample_count: i64::try_from(track.samples).unwrap_or(i64::MAX),
            }));
            for place in &track.segments {
                let segment = segments.read(&objects, &place.key).await.map_err(|f| status(&f))?;
                let pause = vec![0; usize::try_from(place.pause).unwrap_or(0)];
                for audio in audio(&pause).chain(audio(&segment.samples)) {
                    yield answer(Part::Audio(audio));
                }
            }
        })))
    }

    async fn delete_recording(
        &self,
        request: Request<tts::DeleteRecordingRequest>,
    ) -> Result<Response<tts::DeleteRecordingResponse>, Status> {
        internal(&request)?;
        let tenant = caller(&request)?.tenant.clone();
        let request = request.into_inner();
        let invalid =
            |field: &str, e: lectern_core::id::NotAnId| status(&Failure::invalid(field, format!("{field}: {e}")));
        let scope: ScopeId = request.scope.parse().map_err(|e| invalid("scope", e))?;
        let narration: NarrationId = request.narration.parse().map_err(|e| invalid("narration", e))?;
        let objects = Objects::new(Arc::clone(&self.blob), &tenant, &scope);
        objects.delete_all(&objects.folder().recordings(&narration)).await.map_err(|f| status(&f))?;
        Ok(Response::new(tts::DeleteRecordingResponse {}))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use futures::StreamExt as _;
    use lectern_blob::memory::MemoryBlob;
    use lectern_core::SystemClock;
    use lectern_rpc::auth::{Caller, Role};

    use super::*;
    use crate::engine::tone::ToneEngine;

    fn speech(engine: &Arc<ToneEngine>) -> Speech {
        let voices = Voices::new(vec![Arc::clone(engine) as _]);
        Speech::new(voices, Segments::new(1), Arc::new(MemoryBlob::new(Arc::new(SystemClock))))
    }

    fn request(tenant: &str, text: &str) -> Request<tts::SynthesizeRequest> {
        let mut request = Request::new(tts::SynthesizeRequest { text: text.to_owned(), ..Default::default() });
        let tenant = tenant.parse().unwrap();
        request.extensions_mut().insert(Caller { tenant, role: Role::Tenant, key_id: "k".to_owned() });
        request
    }

    #[tokio::test]
    async fn nothing_more_is_spoken_once_the_caller_is_gone() {
        let engine = Arc::new(ToneEngine::new().with_delay(Duration::from_millis(20)));
        let speech = speech(&engine);
        let text = "one word after another ".repeat(200);
        let mut answers = speech.synthesize(request("acme", &text)).await.unwrap().into_inner();
        answers.next().await.expect("the format").unwrap();
        answers.next().await.expect("audio").unwrap();
        drop(answers);
        let spoken = engine.calls();
        assert!(spoken < 4, "{spoken} of some fifteen pieces");
        tokio::time::sleep(Duration::from_millis(200)).await;
        assert!(engine.calls() <= spoken + 1, "{} pieces after {spoken}", engine.calls());
    }

    #[tokio::test]
    async fn callers_who_do_not_read_hold_up_nobody() {
        let engine = Arc::new(ToneEngine::new());
        let speech = speech(&engine);
        let mut paused = Vec::new();
        for tenant in ["acme", "globex", "initech", "hooli"].into_iter().cycle().take(100) {
            let mut answers = speech.synthesize(request(tenant, "Said. And said again.")).await.unwrap().into_inner();
            answers.next().await.expect("the format").unwrap();
            answers.next().await.expect("audio").unwrap();
            paused.push(answers);
        }
        for tenant in ["acme", "umbrella"] {
            let mut answers = speech.synthesize(request(tenant, "Said.")).await.unwrap().into_inner();
            let read = async {
                while let Some(answer) = answers.next().await {
                    answer.unwrap();
                }
            };
            tokio::time::timeout(Duration::from_secs(10), read).await.expect("a turn");
        }
        for answers in &mut paused {
            answers.next().await.expect("the rest").unwrap();
        }
    }
}
