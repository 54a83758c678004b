//! Google Cloud Text-to-Speech by REST, `text:synthesize` of v1beta1, which alone has time points.
//! What a voice can do follows from its family, which is a row of data.
//!
//! | file | what |
//! | --- | --- |
//! | `rows.rs` | families, and the voices of the settings |
//! | `input.rs`, `ssml.rs` | a text in the form of its family, within 5,000 bytes |
//! | `answer.rs` | audio, and the times of words |
//! | `refusal.rs` | what its refusals mean |
//!
//! Not here: streaming and long audio, which have no time points; voices of Gemini behind this API,
//! which its own has too ([`super::gemini`]); voices that an operator cloned.

mod answer;
mod input;
mod refusal;
mod rows;
mod ssml;

use std::collections::BTreeMap;

use async_trait::async_trait;
use http::HeaderMap;
use lectern_core::content::timeline::WordTime;
use lectern_core::{Failure, Kind, Reason};
use lectern_provider::{Credential, Day, Endpoint, GOOGLE_KEY, PaidCall, ProviderError, Usage as Used};
use serde_json::{Value, json};
use tracing::warn;

use self::answer::Answer;
use self::rows::{Family, Feature, PROVIDER};
use super::port::known;
use super::remote::ask::{Answered, Unheard, ask};
use super::remote::audio::NoSpeech;
use super::remote::{Remote, WARNED_DAYS, limits, limits_of_look, rejected};
use super::request::check_words;
use super::{Lately, SegmentRequest, Speaking, Speech, SpeechEngine, Speed, Usage, Voice};
use crate::config::GoogleConfig;

/// What is asked for speech, and for the list of voices.
const SYNTHESIZE: &str = "v1beta1/text:synthesize";
const VOICES: &str = "v1beta1/voices";

/// The voices of Google Cloud Text-to-Speech.
#[derive(Debug)]
pub struct GoogleTts {
    name: String,
    endpoint: Endpoint,
    remote: Remote,
    voices: Vec<Voice>,
    /// What is known of each voice, by its id.
    families: BTreeMap<String, (usize, Family)>,
    lately: Lately<()>,
}

impl GoogleTts {
    /// The engine named `name` in the settings. Nothing is called yet. To be called within a
    /// runtime of tokio.
    ///
    /// # Errors
    /// `INVALID_FIELD` naming the key of the settings that is wrong.
    pub fn connect(name: &str, config: &GoogleConfig, remote: &Remote) -> Result<Self, Failure> {
        let table = format!("engines.{name}");
        let families = rows::families(&config.rows_file, &format!("{table}.rows_file"))?;
        let voices = rows::voices(name, config, &families)?;
        for warning in ending(&voices, Day::of(remote.clock.now())) {
            warn!(engine = name, "{warning}");
        }
        let access = config.access();
        // Exactly one credential: two are refused.
        let credential = match access.api_key(&table)? {
            Some(secret) => Credential::Header { name: GOOGLE_KEY, secret },
            None => {
                let quota = Some(config.project.clone()).filter(|project| !project.is_empty());
                let account = access.google(&table, "speech of Google Cloud", quota, remote.metadata.clone())?;
                Credential::Google(account)
            }
        };
        let endpoint = Endpoint { base: access.base(&table, &address(&config.location))?, credential };
        let (voices, families): (Vec<Voice>, Vec<Family>) = voices.into_iter().unzip();
        let families = voices
            .iter()
            .zip(families)
            .enumerate()
            .map(|(at, (voice, family))| (voice.id.clone(), (at, family)))
            .collect();
        let (name, remote) = (name.to_owned(), remote.clone());
        Ok(Self { name, endpoint, remote, voices, families, lately: Lately::default() })
    }

    /// What is known of a voice.
    fn family(&self, id: &str) -> Result<(&Voice, &Family), Failure> {
        let found = self.families.get(id).and_then(|(at, family)| Some((self.voices.get(*at)?, family)));
        found.map_or_else(|| Err(unknown(&self.voices, id)), Ok)
    }

    /// Looks at the list of voices, which costs nothing, takes the same credential, and has the
    /// first voice if that is still served.
    async fn look(&self) -> Result<(), Failure> {
        let first = self.voices.first().ok_or_else(|| Failure::internal("an engine without voices"))?;
        let locale = first.languages.first().map_or("en-US", String::as_str);
        let path = format!("{VOICES}?languageCode={locale}");
        let answer = self.remote.http.get(&self.endpoint, &path, HeaderMap::new(), &limits_of_look()).await;
        let answer = answer.map_err(|error| error.failure(&self.name))?;
        if !answer.status.is_success() {
            let now = self.remote.clock.now();
            let error = refusal::refusal(answer.status, &answer.headers, &answer.body, now);
            return Err(refusal::failure(&self.name, &error));
        }
        let listed: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        let mut names = listed["voices"].as_array().into_iter().flatten().filter_map(|voice| voice["name"].as_str());
        if names.any(|name| name == first.short()) {
            return Ok(());
        }
        let message = format!(
            "{}: Google does not serve {}, or not any more; the operator takes it out of engines.{}.voices",
            self.name,
            first.short(),
            self.name
        );
        Err(Failure::new(Kind::FailedPrecondition, Reason::EngineRefused, message))
    }

    async fn send(&self, body: &Value, input: &input::Input) -> Result<Answered<Heard>, ProviderError> {
        let answer = self.remote.http.post(&self.endpoint, SYNTHESIZE, HeaderMap::new(), body, &limits()).await?;
        if !answer.status.is_success() {
            let now = self.remote.clock.now();
            return Err(refusal::refusal(answer.status, &answer.headers, &answer.body, now));
        }
        // Whatever it is worth, it was answered, and is paid for by what was sent.
        let read: Answer = serde_json::from_slice(&answer.body).unwrap_or_default();
        let usage = Used { characters: input.billed, ..Used::default() };
        let heard = read.speech(&input.runs);
        Ok(Answered { heard, usage, known: true, word: String::new(), model_version: String::new() })
    }
}

/// What came of an answer.
type Heard = Result<(u32, Vec<f32>, Vec<WordTime>), NoSpeech>;

#[async_trait]
impl SpeechEngine for GoogleTts {
    fn voices(&self) -> Vec<Voice> {
        self.voices.clone()
    }

    fn voice(&self, id: &str) -> Result<Voice, Failure> {
        self.family(id).map(|(voice, _)| voice.clone())
    }

    async fn ready(&self) -> Result<(), Failure> {
        self.lately.or_look(self.look()).await
    }

    fn paid(&self) -> bool {
        true
    }

    fn remote(&self) -> bool {
        true
    }

    async fn synthesize(&self, request: &SegmentRequest, speaking: &Speaking<'_>) -> Result<Speech, Failure> {
        let (voice, family) = self.family(&request.voice)?;
        voice.check_speed(request.speed)?;
        check_words(&request.text)?;
        let input = input::input(request, family)?;
        let body = body(request, voice, family, &input);
        let call = PaidCall {
            engine: &self.name,
            provider: PROVIDER,
            model: &family.id,
            prices: &family.prices,
            most: Used { characters: input.most, ..Used::default() },
            probably: 0,
            cancel: speaking.cancel,
        };
        let heard = ask(&call, speaking, self.send(&body, &input)).await.map_err(|unheard| match unheard {
            Unheard::NotAsked(failure) => failure,
            Unheard::Refused(error) => refusal::failure(&self.name, &error),
        })?;
        let (sample_rate, samples, words) = heard.map_err(|why| rejected(&self.name, why))?;
        Ok(Speech::whole(sample_rate, samples, words, Usage::one(request.characters())))
    }
}

/// Whether the settings name voices that are known.
///
/// # Errors
/// `INVALID_FIELD` naming the key.
pub(crate) fn check(name: &str, config: &GoogleConfig) -> Result<(), Failure> {
    let families = rows::families(&config.rows_file, &format!("engines.{name}.rows_file"))?;
    rows::voices(name, config, &families).map(drop)
}

/// Which of its voices have ended or end soon, one sentence each.
///
/// # Errors
/// `INVALID_FIELD` naming the key.
pub(crate) fn ends(name: &str, config: &GoogleConfig, today: Day) -> Result<Vec<String>, Failure> {
    let families = rows::families(&config.rows_file, &format!("engines.{name}.rows_file"))?;
    Ok(ending(&rows::voices(name, config, &families)?, today))
}

/// The address of a place: everywhere, `us`, `eu`, or a region.
fn address(location: &str) -> String {
    match location {
        "" | "global" => "https://texttospeech.googleapis.com".to_owned(),
        place => format!("https://{place}-texttospeech.googleapis.com"),
    }
}

/// What is sent: the fields that are needed and no other, since a field too many is refused.
fn body(request: &SegmentRequest, voice: &Voice, family: &Family, input: &input::Input) -> Value {
    let locale = voice.languages.first().map_or("en-US", String::as_str);
    let mut body = json!({
        "input": input.json,
        "voice": {"languageCode": locale, "name": voice.short()},
        "audioConfig": {"audioEncoding": "LINEAR16", "sampleRateHertz": voice.sample_rate},
    });
    if request.speed != Speed::NORMAL && family.takes(Feature::Rate) {
        body["audioConfig"]["speakingRate"] = json!(f64::from(request.speed.hundredths()) / 100.0);
    }
    if !input.runs.is_empty() {
        body["enableTimePointing"] = json!(["SSML_MARK"]);
    }
    body
}

fn unknown(voices: &[Voice], id: &str) -> Failure {
    const SHOWN: usize = 20;
    match known(voices.get(..SHOWN.min(voices.len())).unwrap_or_default(), id) {
        Err(failure) => failure,
        Ok(_) => Failure::internal("a voice that is known and has no family"),
    }
}

/// What is to be told of families that have ended or end soon, one sentence each.
fn ending(voices: &[(Voice, Family)], today: Day) -> Vec<String> {
    let ends = voices.iter().filter_map(|(_, family)| family.last_day.map(|last| (family.id.as_str(), last)));
    let soon: BTreeMap<&str, Day> = ends.filter(|(_, last)| last.since(today) <= WARNED_DAYS).collect();
    soon.iter().map(|(id, last)| format!("the last day of the voices of {id} is {last}; choose others")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_has_its_own_address() {
        for (location, address) in [
            ("", "https://texttospeech.googleapis.com"),
            ("global", "https://texttospeech.googleapis.com"),
            ("eu", "https://eu-texttospeech.googleapis.com"),
            ("europe-west2", "https://europe-west2-texttospeech.googleapis.com"),
        ] {
            assert_eq!(super::address(location), address);
        }
    }

    #[test]
    fn a_body_has_what_the_family_takes_and_nothing_else() {
        let families = rows::families(std::path::Path::new(""), "x").unwrap();
        let of = |name: &str, speed: f64| {
            let config = GoogleConfig { voices: vec![name.to_owned()], ..GoogleConfig::default() };
            let (voice, family) = rows::voices("google", &config, &families).unwrap().remove(0);
            let request = SegmentRequest::new("One word.", voice.id.clone(), Speed::new(speed).unwrap());
            let input = input::input(&request, &family).unwrap();
            body(&request, &voice, &family, &input)
        };
        let chirp = json!({
            "input": {"text": "One word."},
            "voice": {"languageCode": "en-US", "name": "en-US-Chirp3-HD-Kore"},
            "audioConfig": {"audioEncoding": "LINEAR16", "sampleRateHertz": 24_000},
        });
        assert_eq!(of("en-US-Chirp3-HD-Kore", 1.0), chirp);
        assert_eq!(of("en-US-Chirp3-HD-Kore", 1.25)["audioConfig"]["speakingRate"], 1.25);
        assert_eq!(of("de-DE-Wavenet-B", 1.0)["enableTimePointing"], json!(["SSML_MARK"]));
        assert_eq!(of("de-DE-Studio-B", 1.0).get("enableTimePointing"), None);
    }
}
