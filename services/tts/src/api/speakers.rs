//! `ResolveSpeakers`: who speaks an order, of voices that can speak now.

use lectern_core::{Failure, Kind};
use lectern_proto::tts::v1 as tts;
use lectern_proto::v1 as api;
use lectern_provider::Day;

use super::{Speech, blocking, voice};
use crate::audio::encode::available;
use crate::engine::{Speed, Voice};
use crate::voices::{CastVoice, Part, Wanted};
use crate::work::format_of;

/// The most other languages that are asked for at once.
const MOST_LANGUAGES: usize = 50;

/// Chooses the voices of an order, and checks that they can speak now, and so fast, and that the
/// formats can be made. A refusal names a field of this request: which field of an order that is,
/// the gateway knows.
pub(super) async fn resolve(
    speech: &Speech,
    request: &tts::ResolveSpeakersRequest,
) -> Result<tts::ResolveSpeakersResponse, Failure> {
    let count = usize::try_from(request.speaker_count)
        .map_err(|_| Failure::invalid("speaker_count", "speaker_count must be 0 or more"))?;
    let parts: Vec<Part> = request.speakers.iter().map(part).collect();
    let speed = request.speed.map_or(Ok(Speed::NORMAL), Speed::new)?;
    let wanted = Wanted { parts: &parts, count, language: &request.language_code, speed };
    let cast = ready(speech, &wanted).await?;
    let formats = request.formats.clone();
    let made = move || formats.into_iter().try_for_each(|format| format_of(format).and_then(available));
    blocking(made).await.map_err(|failure| failure.at("formats"))?;
    let languages = languages(speech, &cast, &request.other_language_codes, speed).await?;
    let today = speech.today();
    let mut speakers = Vec::with_capacity(cast.len());
    for one in cast {
        let others = one.others.iter().map(|other| as_found(speech, other, speed, today));
        speakers.push(tts::ResolvedSpeaker {
            price: voice::speech_price(&one.voice, today),
            voice: Some(as_found(speech, &one.voice, speed, today)?),
            other_voices: others.collect::<Result<_, _>>()?,
        });
    }
    Ok(tts::ResolveSpeakersResponse { speakers, languages })
}

/// Who speaks other languages: the first speaker where that voice can, else the first voice that
/// does and that can speak now. A language that nobody speaks is left out.
async fn languages(
    speech: &Speech,
    cast: &[CastVoice],
    tags: &[String],
    speed: Speed,
) -> Result<Vec<tts::ResolvedLanguage>, Failure> {
    if tags.len() > MOST_LANGUAGES {
        let message = format!("at most {MOST_LANGUAGES} other languages can be asked for; name fewer");
        return Err(Failure::invalid("other_language_codes", message));
    }
    let mut languages = Vec::new();
    for tag in tags {
        let first = cast.first().map(|one| one.voice.clone()).filter(|voice| voice.speaks(tag));
        let candidates = first.into_iter().chain(speech.voices.speaking(tag));
        for voice in candidates.filter(|voice| voice.check_speed(speed).is_ok()) {
            match speech.voices.engine(&voice)?.ready().await {
                Ok(()) => {
                    let today = speech.today();
                    let price = voice::speech_price(&voice, today);
                    let voice = Some(as_found(speech, &voice, speed, today)?);
                    languages.push(tts::ResolvedLanguage { language_code: tag.clone(), voice, price });
                    break;
                }
                Err(failure) if passes(&failure) => return Err(failure),
                Err(_) => {}
            }
        }
    }
    Ok(languages)
}

fn part(speaker: &api::Speaker) -> Part {
    Part { voice: speaker.voice.clone(), others: speaker.other_voices.clone() }
}

/// Who speaks, of voices whose engines can speak now. An engine that cannot is left out where its
/// voice was chosen from several, and is what is wrong where it was named.
async fn ready(speech: &Speech, wanted: &Wanted<'_>) -> Result<Vec<CastVoice>, Failure> {
    let mut without: Vec<String> = Vec::new();
    let mut unready: Option<Failure> = None;
    loop {
        // What cannot speak is the reason why there are too few.
        let cast = match speech.voices.cast(wanted, &without) {
            Ok(cast) => cast,
            Err(refused) => return Err(unready.unwrap_or(refused)),
        };
        match first_unready(speech, &cast).await {
            None => return Ok(cast),
            Some((voice, named, failure)) => {
                if named || wanted.count < 2 || passes(&failure) {
                    return Err(failure);
                }
                without.push(voice.engine().to_owned());
                unready.get_or_insert(failure);
            }
        }
    }
}

/// Whether a failure may be over in a moment: it is waited for, since another voice would be chosen
/// by chance.
const fn passes(failure: &Failure) -> bool {
    matches!(failure.kind, Kind::Unavailable | Kind::DeadlineExceeded)
}

/// The first voice that cannot speak now, whether the order named it, and why.
async fn first_unready(speech: &Speech, cast: &[CastVoice]) -> Option<(Voice, bool, Failure)> {
    for one in cast {
        let all = std::iter::once((&one.voice, one.named)).chain(one.others.iter().map(|other| (other, true)));
        for (voice, named) in all {
            let ready = match speech.voices.engine(voice) {
                Ok(engine) => engine.ready().await,
                Err(failure) => Err(failure),
            };
            if let Err(failure) = ready {
                return Some((voice.clone(), named, failure));
            }
        }
    }
    None
}

/// A voice on the wire: what its engine has found out just now may be another version of it.
fn as_found(speech: &Speech, voice: &Voice, speed: Speed, today: Day) -> Result<api::Voice, Failure> {
    let found = speech.voices.named(&voice.id)?;
    found.check_speed(speed)?;
    Ok(voice::to_wire(&found, None, today))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use async_trait::async_trait;
    use lectern_blob::memory::MemoryBlob;
    use lectern_core::keys::Secrets;
    use lectern_core::{Reason, SystemClock};

    use super::*;
    use crate::engine::tone::{ToneEngine, VOICE};
    use crate::engine::{SegmentRequest, Speaking, Speech as Spoken, SpeechEngine};
    use crate::testing::{a_voice, on_a_core, speaker};
    use crate::voices::Voices;
    use crate::work::segments::Segments;

    /// A voice that cannot speak now.
    #[derive(Debug)]
    struct Away(&'static str);

    #[async_trait]
    impl SpeechEngine for Away {
        fn voices(&self) -> Vec<Voice> {
            vec![a_voice(self.0)]
        }

        async fn ready(&self) -> Result<(), Failure> {
            Err(Failure::new(Kind::FailedPrecondition, Reason::VoiceNotInstalled, "it is not there"))
        }

        async fn synthesize(&self, _: &SegmentRequest, _: &Speaking<'_>) -> Result<Spoken, Failure> {
            Err(Failure::internal("it is away"))
        }
    }

    fn over(engines: Vec<Arc<dyn SpeechEngine>>) -> Speech {
        let blob = Arc::new(MemoryBlob::new(Arc::new(SystemClock)));
        let (segments, secrets) = (Segments::new(speaker(), 1), Secrets::one(b"a secret"));
        Speech::new(Voices::new(engines), segments, blob, secrets, Arc::new(SystemClock))
    }

    fn tone(id: &str) -> Arc<dyn SpeechEngine> {
        on_a_core(&Arc::new(ToneEngine::speaking_as(a_voice(id))))
    }

    fn asked(voices: &[&str], language: &str, count: i32) -> tts::ResolveSpeakersRequest {
        let speaker = |voice: &&str| api::Speaker { voice: (*voice).to_owned(), ..api::Speaker::default() };
        tts::ResolveSpeakersRequest {
            speakers: voices.iter().map(speaker).collect(),
            language_code: language.to_owned(),
            speaker_count: count,
            ..tts::ResolveSpeakersRequest::default()
        }
    }

    fn names(response: tts::ResolveSpeakersResponse) -> Vec<String> {
        response.speakers.into_iter().filter_map(|one| one.voice).map(|voice| voice.name).collect()
    }

    #[tokio::test]
    async fn a_voice_that_cannot_be_resolved_is_refused_by_a_field_of_its_own_request() {
        let speech = over(vec![tone(VOICE)]);
        let with = |formats: Vec<i32>| tts::ResolveSpeakersRequest { formats, ..asked(&[], "en", 0) };
        let resolved = resolve(&speech, &with(vec![api::OutputFormat::Opus.into()])).await.unwrap();
        assert_eq!(resolved.speakers[0].price, Some(tts::SpeechPrice::default()), "it costs nothing");
        assert_eq!(names(resolved), [VOICE]);
        for (request, reason, field) in [
            (asked(&["engines/no/voices/body"], "en", 1), Reason::VoiceUnknown, "speakers[0].voice"),
            (asked(&[VOICE], "fi", 1), Reason::LanguageUnsupported, "speakers[0].voice"),
            (asked(&[], "fi", 1), Reason::LanguageUnsupported, "language_code"),
            (asked(&[], "en", 2), Reason::FeatureUnavailable, "speakers"),
            (asked(&[], "en", -1), Reason::InvalidField, "speaker_count"),
            (with(vec![99]), Reason::OutputFormatUnsupported, "formats"),
            (tts::ResolveSpeakersRequest { speed: Some(9.0), ..asked(&[], "en", 1) }, Reason::InvalidField, "speed"),
        ] {
            let refused = resolve(&speech, &request).await.unwrap_err();
            assert_eq!((refused.reason, refused.field.as_deref()), (reason, Some(field)), "{request:?}");
        }
    }

    #[tokio::test]
    async fn another_language_is_spoken_by_the_first_speaker_or_the_first_voice_that_can() {
        let [x, de, many] = ["engines/a/voices/x", "engines/b/voices/de", "engines/c/voices/many"];
        let with = |id: &str, languages: &[&str]| {
            let languages = languages.iter().map(|tag| (*tag).to_owned()).collect();
            on_a_core(&Arc::new(ToneEngine::speaking_as(Voice { languages, ..a_voice(id) })))
        };
        let away: Arc<dyn SpeechEngine> = Arc::new(Away("engines/away/voices/z"));
        let speech = over(vec![tone(x), away, with(de, &["de"]), with(many, &["en", "de", "fr"])]);
        let found = async |voice: &str| {
            let other_language_codes = ["de-AT", "fr", "fi"].map(str::to_owned).to_vec();
            let request = tts::ResolveSpeakersRequest { other_language_codes, ..asked(&[voice], "en", 1) };
            let languages = resolve(&speech, &request).await.unwrap().languages.into_iter();
            languages.map(|one| (one.language_code, one.voice.unwrap().name)).collect::<Vec<_>>()
        };
        let expected = |of: [(&str, &str); 2]| of.map(|(tag, voice)| (tag.to_owned(), voice.to_owned()));
        assert_eq!(found(x).await, expected([("de-AT", de), ("fr", many)]));
        assert_eq!(found(many).await, expected([("de-AT", many), ("fr", many)]));
    }

    #[tokio::test]
    async fn an_engine_that_cannot_speak_is_left_out_unless_it_was_named() {
        let [away, x, y] = ["engines/away/voices/z", "engines/a/voices/x", "engines/b/voices/y"];
        let speech = over(vec![Arc::new(Away(away)), tone(x), tone(y)]);
        assert_eq!(names(resolve(&speech, &asked(&[], "en", 2)).await.unwrap()), [x, y]);
        for request in [asked(&[away], "en", 2), asked(&[], "en", 1), asked(&[], "en", 3)] {
            let refused = resolve(&speech, &request).await.unwrap_err();
            assert_eq!(refused.reason, Reason::VoiceNotInstalled, "{request:?}");
        }
        let others = api::Speaker { voice: x.to_owned(), other_voices: vec![y.to_owned()] };
        let request = tts::ResolveSpeakersRequest { speakers: vec![others], ..asked(&[], "en", 1) };
        let one = resolve(&speech, &request).await.unwrap().speakers.remove(0);
        assert_eq!((one.other_voices.len(), one.other_voices[0].name.as_str()), (1, y));
        let others = api::Speaker { voice: x.to_owned(), other_voices: vec![away.to_owned()] };
        let request = tts::ResolveSpeakersRequest { speakers: vec![others], ..asked(&[], "en", 1) };
        assert_eq!(resolve(&speech, &request).await.unwrap_err().reason, Reason::VoiceNotInstalled);
    }
}
