//! From settings to an engine: which model, behind which wire, with which credential.

use std::sync::Arc;

use lectern_core::{Clock, Digest, Failure, Random};
use lectern_google::Credentials;
use lectern_provider::{Credential, Endpoint, GOOGLE_KEY, Http, Limits};
use tracing::warn;
use url::Url;

use super::Generative;
use crate::config::{WriterConfig, WriterKind};
use crate::engine::ScriptEngine;
use crate::model::{Day, Gemini, GeminiSettings, Host, ModelRow, OpenAi, OpenAiSettings, Rows, ServerRow, TextModel};

/// What every writer of a process shares.
#[derive(Debug, Clone)]
pub struct Deps {
    /// The client of providers.
    pub http: Http,
    /// The time of day, for rows with days.
    pub clock: Arc<dyn Clock>,
    /// For the waits between calls.
    pub random: Arc<dyn Random>,
    /// What is known of models.
    pub rows: Arc<Rows>,
    /// Where the metadata server of Google Cloud is, for tests against a stand-in; none for the
    /// application default credentials.
    pub metadata: Option<String>,
}

impl Generative {
    /// The writer named `name` in the settings. Nothing is called yet. To be called within a
    /// runtime of tokio.
    ///
    /// # Errors
    /// `INVALID_FIELD` naming the key of the settings that is wrong.
    pub fn connect(name: &str, config: &WriterConfig, deps: &Deps) -> Result<Arc<dyn ScriptEngine>, Failure> {
        let connect = Connect { table: format!("writers.{name}"), config, deps };
        let row = config.known(&connect.table, &deps.rows)?;
        if let Some(warning) = row.warning(Day::of(deps.clock.now())) {
            warn!(writer = name, "{warning}");
        }
        let (model, facts): (Arc<dyn TextModel>, String) = match config.kind {
            WriterKind::Gemini => {
                let (model, facts) = connect.gemini(row)?;
                (Arc::new(model), facts)
            }
            WriterKind::OpenAi => {
                let (model, facts) = connect.openai(row)?;
                (Arc::new(model), facts)
            }
        };
        let random = Arc::clone(&deps.random);
        Ok(Arc::new(Self::new(name, model, random, &settings(config, facts), config.concurrency)))
    }
}

/// What changes a writer's words beside its model's name, as a text for its pin: what is known of
/// the model and of where it is served, as a digest, and its settings.
fn settings(config: &WriterConfig, facts: String) -> String {
    let temperature = config.temperature.map(|temperature| format!("temperature={temperature}"));
    let thinking = config.thinking.as_ref().map(|level| format!("thinking={level}"));
    std::iter::once(facts).chain(temperature).chain(thinking).collect::<Vec<_>>().join(",")
}

/// Digits of the digest of what is known: 48 bits.
const FACTS_DIGITS: usize = 12;

/// What is known of a model and of where it is served, as far as it changes words, as a short
/// digest. Days and prices do not, nor which hosts a server's row is for.
fn facts(row: &ModelRow, server: Option<&ServerRow>, base: &Url, version: &str) -> Result<String, Failure> {
    let ModelRow { context, output, unified, sampling, streams, safety, thinking, .. } = row;
    let server = server.map(|server| ServerRow { hosts: Vec::new(), paid: false, ..server.clone() });
    let origin = base.origin().ascii_serialization();
    let place = (origin, base.path().trim_end_matches('/'), version);
    let known = serde_json::to_vec(&(context, output, unified, sampling, streams, safety, thinking, server, place))
        .map_err(|e| Failure::internal(format!("what is known of a model: {e}")))?;
    Ok(Digest::of(&known).to_string().chars().take(FACTS_DIGITS).collect())
}

struct Connect<'a> {
    table: String,
    config: &'a WriterConfig,
    deps: &'a Deps,
}

impl Connect<'_> {
    fn wrong(&self, key: &str, message: impl Into<String>) -> Failure {
        Failure::invalid(format!("{}.{key}", self.table), message)
    }

    fn url(&self, fallback: &str) -> Result<Url, Failure> {
        self.config.access().base(&self.table, fallback)
    }

    /// The model, and a digest of what is known of it.
    fn gemini(&self, row: ModelRow) -> Result<(Gemini, String), Failure> {
        let WriterConfig { project, location, api_version, temperature, thinking, .. } = self.config;
        let host = Host::of(project, location);
        // Exactly one credential: two are refused.
        let credential = match self.config.api_key(&self.table)? {
            Some(secret) => Credential::Header { name: GOOGLE_KEY, secret },
            None => Credential::Google(self.google()?),
        };
        let endpoint = Endpoint { base: self.url(&host.address())?, credential };
        let version = if api_version.is_empty() { host.version().to_owned() } else { api_version.clone() };
        let facts = facts(&row, None, &endpoint.base, &version)?;
        let settings = GeminiSettings {
            host,
            endpoint,
            version,
            temperature: *temperature,
            thinking: thinking.clone(),
            limits: Limits::default(),
        };
        Ok((Gemini::new(row, self.deps.http.clone(), Arc::clone(&self.deps.clock), settings), facts))
    }

    fn google(&self) -> Result<Credentials, Failure> {
        let metadata = self.deps.metadata.clone();
        self.config.access().google(&self.table, "a model on Google Cloud", None, metadata)
    }

    /// The same of a model behind another server.
    fn openai(&self, row: ModelRow) -> Result<(OpenAi, String), Failure> {
        let base = self.url("")?;
        let server = self.deps.rows.server(&row.server, base.host_str().unwrap_or_default()).ok_or_else(|| {
            let message = format!("the row of {} names the server {}, of which there is no row", row.id, row.server);
            Failure::invalid("models_file", message)
        })?;
        if server.paid && row.prices.is_empty() {
            let message = format!(
                "calls of {} cost money, and there is no price of {}; give it a row in models_file with [[models.prices]]",
                server.name, row.id
            );
            return Err(self.wrong("model", message));
        }
        let credential = self.config.api_key(&self.table)?.map_or(Credential::None, Credential::Bearer);
        let facts = facts(&row, Some(&server), &base, "")?;
        let settings = OpenAiSettings {
            server,
            endpoint: Endpoint { base, credential },
            temperature: self.config.temperature,
            thinking: self.config.thinking.clone(),
            limits: Limits::default(),
        };
        Ok((OpenAi::new(row, self.deps.http.clone(), Arc::clone(&self.deps.clock), settings), facts))
    }
}

#[cfg(test)]
mod tests {
    use lectern_core::{OsRandom, SystemClock};
    use lectern_fetch::{Outside, Roots};
    use lectern_runtime::Secret;

    use super::*;

    fn deps() -> Deps {
        Deps {
            http: Http::new(Outside::system(), Roots::public()).unwrap(),
            clock: Arc::new(SystemClock),
            random: Arc::new(OsRandom),
            rows: Arc::new(Rows::built_in().unwrap()),
            metadata: None,
        }
    }

    fn gemini() -> WriterConfig {
        WriterConfig {
            kind: WriterKind::Gemini,
            model: "models/gemini-3.8-flash".to_owned(),
            key: Secret::new("k"),
            ..WriterConfig::default()
        }
    }

    fn local() -> WriterConfig {
        WriterConfig {
            model: "Org/Smol 2".to_owned(),
            url: "http://127.0.0.1:1/v1".to_owned(),
            ..WriterConfig::default()
        }
    }

    #[tokio::test]
    async fn the_pin_names_the_model_and_all_that_decides_its_words() {
        let pin = |config: &WriterConfig| Generative::connect("w", config, &deps()).unwrap().pin().to_string();
        // Before and behind the digest of what is known.
        let around = |config: &WriterConfig| {
            let pin = pin(config);
            let (before, behind) = pin.split_once("+settings/").unwrap();
            let (digest, behind) = behind.split_at(FACTS_DIGITS);
            assert!(digest.chars().all(|c| c.is_ascii_hexdigit()), "{pin}");
            format!("{before} {behind}")
        };
        assert_eq!(
            around(&gemini()),
            "gemini/gemini-3.8-flash+prompts/1+checks/2 +speech-en/8+speech-de/2+speech-fr/2+speech-es/2"
        );
        assert_eq!(
            around(&local()),
            "openai/Org/Smol%202+prompts/1+checks/2 +speech-en/8+speech-de/2+speech-fr/2+speech-es/2"
        );
        let warm = WriterConfig { temperature: Some(0.5), thinking: Some("high".to_owned()), ..gemini() };
        assert!(pin(&warm).contains(",temperature=0.5,thinking=high+"), "{}", pin(&warm));
        assert_eq!(pin(&warm), pin(&warm));
    }

    #[tokio::test]
    async fn what_is_known_of_a_model_and_where_it_is_decide_the_pin() {
        let pin = |config: &WriterConfig, rows: &str| {
            let rows = Arc::new(Rows::built_in().unwrap().with(rows).unwrap());
            Generative::connect("w", config, &Deps { rows, ..deps() }).unwrap().pin().to_string()
        };
        let row = |fields: &str| format!("[[models]]\nprovider = \"openai\"\nid = \"Org/Smol 2\"\n{fields}");
        let usual = "context = 8192\noutput = 2048\n";
        let first = pin(&local(), &row(usual));
        for fields in [
            "context = 8192\noutput = 1024\n".to_owned(),
            "context = 4096\noutput = 2048\n".to_owned(),
            format!("{usual}server = \"ollama\""),
            format!("{usual}thinking = {{ levels = [\"low\"], level = \"low\", allowance = 64 }}"),
            format!("{usual}thinking = {{ levels = [\"low\"], level = \"low\", allowance = 65 }}"),
        ] {
            assert_ne!(pin(&local(), &row(&fields)), first, "{fields}");
        }
        let elsewhere = WriterConfig { url: "http://127.0.0.1:2/v1".to_owned(), ..local() };
        assert_ne!(pin(&elsewhere, &row(usual)), first);
        // Where it is from and until when it is served change no word.
        assert_eq!(pin(&local(), &row(&format!("{usual}source = \"tests\"\nlast_day = \"2099-01-01\""))), first);
    }

    #[tokio::test]
    async fn what_cannot_be_connected_names_the_setting() {
        let unknown = WriterConfig { model: "gemini-9".to_owned(), ..gemini() };
        let level = WriterConfig { thinking: Some("minimal".to_owned()), ..gemini() };
        let url = WriterConfig { url: "http://[".to_owned(), ..local() };
        for (config, key, words) in
            [(unknown, "model", "gemini-3.8-flash"), (level, "thinking", "medium"), (url, "url", "https://HOST")]
        {
            let refused = Generative::connect("w", &config, &deps()).unwrap_err();
            assert_eq!(refused.field, Some(format!("writers.w.{key}")));
            assert!(refused.message.contains(words), "{refused}");
        }
    }

    #[tokio::test]
    async fn a_model_of_one_s_own_costs_nothing_and_has_careful_limits() {
        let engine = Generative::connect("w", &local(), &deps()).unwrap();
        let capabilities = engine.capabilities();
        assert!(!capabilities.paid && capabilities.own_words());
        assert_eq!((capabilities.context_tokens, capabilities.output_tokens), (Some(8192), Some(2048)));
        assert!(Generative::connect("w", &gemini(), &deps()).unwrap().capabilities().paid);
    }
}
