//! gRPC in: `lectern.v1.VoiceService` and `lectern.tts.v1.SpeechService`.

mod recordings;
mod stored;
mod track;

use std::sync::Arc;

use async_stream::try_stream;
use bytes::Bytes;
use lectern_blob::{Blob, Objects};
use lectern_core::content::timeline::Track;
use lectern_core::id::{NarrationId, ScopeId, TenantId};
use lectern_core::keys::Secrets;
use lectern_core::{AudioFormat, Failure, Kind, Reason};
use lectern_proto::convert;
use lectern_proto::tts::v1::{self as tts, speech_service_server::SpeechService};
use lectern_proto::v1::{self as api, voice_service_server::VoiceService};
use lectern_rpc::{Answers, Caller, InternalService, answer, answer_stream, page};
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status, Streaming};

use crate::audio::encode::available;
use crate::engine::{SegmentRequest, Speed, Voice};
use crate::pieces::pieces;
use crate::voices::Voices;
use crate::work::{format_of, format_to_wire, segments::Segments};

/// Characters that `Synthesize` takes.
const TEXT_LIMIT: usize = 5_000;
/// Bytes of one message of audio.
const CHUNK: usize = 64 * 1024;

/// The services over voices and recordings.
#[derive(Debug, Clone)]
pub struct Speech {
    voices: Voices,
    segments: Segments,
    blob: Arc<dyn Blob>,
    secrets: Secrets,
}

impl Speech {
    /// The services over these parts; page tokens are sealed under the installation's secrets, and
    /// segments are named under them.
    #[must_use]
    pub fn new(voices: Voices, segments: Segments, blob: Arc<dyn Blob>, secrets: Secrets) -> Self {
        Self { voices, segments, blob, secrets }
    }

    fn voice(&self, voice: &Voice) -> api::Voice {
        api::Voice {
            name: voice.id.clone(),
            display_name: voice.name.clone(),
            language_codes: vec![voice.language.clone()],
            sample_rate_hertz: convert::number(voice.sample_rate),
            version: voice.version.clone(),
            available: self.voices.engine(voice).and_then(|engine| engine.ready()).is_ok(),
        }
    }

    /// Chooses a voice and checks that it can speak now and that the formats can be made. A refusal
    /// names a field of this request: which field of an order that is, the gateway knows.
    fn resolve(&self, request: &tts::ResolveVoiceRequest) -> Result<Voice, Failure> {
        let voice = self.voices.resolve(&request.voice, &request.language_code)?;
        self.voices.engine(&voice)?.ready()?;
        for format in &request.formats {
            let made = format_of(*format).and_then(available);
            made.map_err(|failure| failure.at("formats"))?;
        }
        Ok(voice)
    }

    /// A page of the voices that speak a language. Its token is a place among them, and bound to
    /// the language.
    fn list(&self, tenant: &TenantId, request: &api::ListVoicesRequest) -> Result<api::ListVoicesResponse, Failure> {
        let size = page::size(request.page_size, 50, 1_000)?;
        let language = convert::language_tag("language_code", &request.language_code)?.unwrap_or_default();
        let secret = self.secrets.of(tenant);
        let purpose = format!("ListVoices language_code={language}");
        let first: usize = page::open(&secret, &purpose, &request.page_token)?.unwrap_or(0);
        let voices = self.voices.speaking(&language);
        let next = first.saturating_add(size);
        let next_page_token = if next < voices.len() { page::seal(&secret, &purpose, &next)? } else { String::new() };
        let formats = AudioFormat::ALL.into_iter().filter(|format| available(*format).is_ok());
        Ok(api::ListVoicesResponse {
            voices: voices.iter().skip(first).take(size).map(|voice| self.voice(voice)).collect(),
            next_page_token,
            formats: formats.map(|format| format_to_wire(format).into()).collect(),
        })
    }
}

/// How to play samples of one channel.
fn pcm(sample_rate: u32) -> api::PcmFormat {
    api::PcmFormat { sample_rate_hertz: convert::number(sample_rate), channel_count: 1 }
}

fn audio(samples: &[i16]) -> impl Iterator<Item = Bytes> + '_ {
    samples.chunks(CHUNK / 2).map(|chunk| chunk.iter().flat_map(|sample| sample.to_le_bytes()).collect())
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T, Failure> + Send + 'static) -> Result<T, Failure> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|_| Err(Failure::internal("the work broke off")))
}

#[tonic::async_trait]
impl VoiceService for Speech {
    async fn list_voices(
        &self,
        request: Request<api::ListVoicesRequest>,
    ) -> Result<Response<api::ListVoicesResponse>, Status> {
        answer(request, |caller: Caller, request| {
            let this = self.clone();
            blocking(move || this.list(&caller.tenant, &request))
        })
        .await
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
        answer(request, |_: Caller, request| async move {
            let this = self.clone();
            let voice = blocking(move || this.resolve(&request).map(|voice| this.voice(&voice))).await?;
            Ok(tts::ResolveVoiceResponse { voice: Some(voice) })
        })
        .await
    }

    async fn synthesize(
        &self,
        request: Request<tts::SynthesizeRequest>,
    ) -> Result<Response<Self::SynthesizeStream>, Status> {
        answer_stream(request, |Caller { tenant, .. }, request| async move {
            if request.text.chars().nth(TEXT_LIMIT).is_some() {
                let message = format!("text may have at most {TEXT_LIMIT} characters; order a narration for more");
                return Err(Failure::new(Kind::ResourceExhausted, Reason::LimitExceeded, message).at("text"));
            }
            let pieces = pieces(&request.text);
            if pieces.is_empty() {
                return Err(Failure::invalid("text", "text has no words to speak; send some"));
            }
            let speed = request.speed.map_or(Ok(Speed::NORMAL), Speed::new)?;
            let voice = self.voices.resolve(&request.voice, "und")?;
            let engine = self.voices.engine(&voice)?;
            let (segments, stop) = (self.segments.clone(), CancellationToken::new());
            // Dropped with the stream, when it has ended, its caller is gone or its deadline
            // passed.
            let until_dropped = stop.clone().drop_guard();
            Ok(try_stream! {
                use tts::synthesize_response::Part;
                let _until_dropped = until_dropped;
                yield tts::SynthesizeResponse { part: Some(Part::Format(pcm(voice.sample_rate))) };
                let pause = vec![0; voice.sample_rate as usize * 3 / 10];
                for (index, piece) in pieces.into_iter().enumerate() {
                    let request = SegmentRequest::new(piece.text, voice.id.clone(), speed);
                    // A caller that reads slowly holds no turn meanwhile.
                    let segment = segments.speak(&tenant, Arc::clone(&engine), request, stop.clone()).await?;
                    let before: &[i16] = if index > 0 && piece.begins_sentence { &pause } else { &[] };
                    for audio in audio(before).chain(audio(&segment.samples)) {
                        yield tts::SynthesizeResponse { part: Some(Part::Audio(audio)) };
                    }
                }
            })
        })
        .await
    }

    async fn read_track(
        &self,
        request: Request<tts::ReadTrackRequest>,
    ) -> Result<Response<Self::ReadTrackStream>, Status> {
        answer_stream(request, |InternalService(caller), request| async move {
            let scope: ScopeId = request.scope.parse().map_err(|e| Failure::invalid("scope", format!("scope: {e}")))?;
            let key = lectern_stage::work::key(&request.track_key, "track_key")?;
            let objects = Objects::new(Arc::clone(&self.blob), &caller.tenant, &scope);
            let track: Track = objects.read_json(&objects.folder().track(&key)).await?;
            let first = track::first(&track, request.first_sample)?;
            Ok(track::stream(track, first, self.segments.clone(), objects))
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
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use futures::StreamExt as _;
    use lectern_blob::memory::MemoryBlob;
    use lectern_core::SystemClock;
    use lectern_rpc::{Role, TenantLimits, failure};

    use super::*;
    use crate::engine::tone::{ToneEngine, VOICE};
    use crate::engine::{Speech as Spoken, SpeechEngine};

    fn over(engine: Arc<dyn SpeechEngine>) -> Speech {
        let blob = Arc::new(MemoryBlob::new(Arc::new(SystemClock)));
        Speech::new(Voices::new(vec![engine]), Segments::new(1), blob, Secrets::one(b"a secret"))
    }

    fn speech(engine: &Arc<ToneEngine>) -> Speech {
        over(Arc::clone(engine) as _)
    }

    fn by<T>(tenant: &str, message: T) -> Request<T> {
        let mut request = Request::new(message);
        let (tenant, limits) = (tenant.parse().unwrap(), TenantLimits::default());
        request.extensions_mut().insert(Caller { tenant, role: Role::Tenant, key_id: "k".to_owned(), limits });
        request
    }

    fn request(tenant: &str, text: &str) -> Request<tts::SynthesizeRequest> {
        by(tenant, tts::SynthesizeRequest { text: text.to_owned(), ..Default::default() })
    }

    /// Voices that are only listed: the tone's, with these languages.
    #[derive(Debug)]
    struct Choir(&'static [&'static str]);

    impl SpeechEngine for Choir {
        fn voices(&self) -> Vec<Voice> {
            let one = ToneEngine::new().voices().remove(0);
            let voice = |(at, language): (usize, &&str)| Voice {
                id: format!("engines/choir/voices/{at}"),
                language: (*language).to_owned(),
                ..one.clone()
            };
            self.0.iter().enumerate().map(voice).collect()
        }

        fn synthesize(&self, _: &SegmentRequest) -> Result<Spoken, Failure> {
            Err(Failure::internal("a choir is only listed"))
        }
    }

    #[tokio::test]
    async fn voices_come_in_pages_of_one_language() {
        let speech = over(Arc::new(Choir(&["en-US", "de", "en-GB", "en-US"])));
        let list = async |tenant: &str, language_code: &str, page_token: &str, page_size: i32| {
            let (language_code, page_token) = (language_code.to_owned(), page_token.to_owned());
            let request = api::ListVoicesRequest { page_size, page_token, language_code };
            speech.list_voices(by(tenant, request)).await.map(Response::into_inner)
        };
        let names = |page: &api::ListVoicesResponse| {
            page.voices.iter().filter_map(|voice| voice.name.rsplit('/').next()?.parse().ok()).collect::<Vec<u32>>()
        };

        let first = list("acme", "en", "", 2).await.unwrap();
        assert_eq!((names(&first), first.voices[0].name.as_str()), (vec![0, 2], "engines/choir/voices/0"));
        assert_eq!(first.voices[0].language_codes, ["en-US"]);
        assert!(first.formats().any(|format| format == api::AudioFormat::Opus));
        let last = list("acme", "en", &first.next_page_token, 2).await.unwrap();
        assert_eq!((names(&last), last.next_page_token.as_str()), (vec![3], ""));
        assert_eq!(last.formats, first.formats, "they are on every page");
        let all = list("acme", "", "", 0).await.unwrap();
        assert_eq!((names(&all), all.next_page_token.as_str()), (vec![0, 1, 2, 3], ""));

        for (tenant, language) in [("acme", "de"), ("acme", ""), ("globex", "en")] {
            let refused = failure(&list(tenant, language, &first.next_page_token, 2).await.unwrap_err());
            assert_eq!(refused.reason, Reason::PageTokenInvalid, "{tenant} {language:?}");
        }
        for (language, size, field) in [("english", 0, "language_code"), ("en", -1, "page_size")] {
            let refused = failure(&list("acme", language, "", size).await.unwrap_err());
            assert_eq!((refused.reason, refused.field.as_deref()), (Reason::InvalidField, Some(field)));
        }
    }

    #[tokio::test]
    async fn a_voice_that_cannot_be_resolved_is_refused_by_a_field_of_its_own_request() {
        let speech = speech(&Arc::new(ToneEngine::new()));
        let resolve = async |voice: &str, language_code: &str, formats: Vec<i32>| {
            let (voice, language_code) = (voice.to_owned(), language_code.to_owned());
            let request = by("acme", tts::ResolveVoiceRequest { voice, language_code, formats });
            speech.resolve_voice(request).await.map(Response::into_inner).map_err(|status| failure(&status))
        };
        let resolved = resolve("", "en", vec![api::AudioFormat::Opus.into()]).await.unwrap();
        assert_eq!(resolved.voice.map(|voice| voice.name).as_deref(), Some(VOICE));
        for (voice, language, formats, reason, field) in [
            ("engines/no/voices/body", "en", vec![], Reason::VoiceUnknown, "voice"),
            (VOICE, "fi", vec![], Reason::LanguageUnsupported, "voice"),
            ("", "fi", vec![], Reason::LanguageUnsupported, "language_code"),
            ("", "en", vec![99], Reason::AudioFormatUnsupported, "formats"),
        ] {
            let refused = resolve(voice, language, formats).await.unwrap_err();
            assert_eq!((refused.reason, refused.field.as_deref()), (reason, Some(field)), "{voice:?} {language:?}");
        }
    }

    #[tokio::test]
    async fn a_speed_is_what_was_asked_for_and_the_usual_where_nothing_was() {
        let speech = speech(&Arc::new(ToneEngine::new()));
        let samples = async |speed| {
            let (text, voice) = ("It is said.".to_owned(), VOICE.to_owned());
            let request = by("acme", tts::SynthesizeRequest { text, voice, speed });
            let mut answers = speech.synthesize(request).await.map_err(|status| failure(&status))?.into_inner();
            let mut bytes = 0;
            while let Some(answer) = answers.next().await {
                match answer.unwrap().part.unwrap() {
                    tts::synthesize_response::Part::Format(format) => {
                        assert_eq!((format.sample_rate_hertz, format.channel_count), (24_000, 1));
                    }
                    tts::synthesize_response::Part::Audio(audio) => bytes += audio.len(),
                }
            }
            Ok::<_, Failure>(bytes)
        };
        let usual = samples(None).await.unwrap();
        assert_eq!(samples(Some(1.0)).await.unwrap(), usual);
        assert!(samples(Some(2.0)).await.unwrap() < usual);
        assert_eq!(samples(Some(0.0)).await.unwrap_err().field.as_deref(), Some("speed"));
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
