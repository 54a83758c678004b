//! What is known of models and servers: rows of data with their days, built in
//! (`services/ai/data/models.toml`) and from a file of the settings.

use lectern_core::{Failure, Timestamp};
use lectern_provider::{Day, PriceRow};
use serde::{Deserialize, Serialize};

/// The built-in rows.
const BUILT_IN: &str = include_str!("../../data/models.toml");

/// The id of the row of a provider that stands for every model without a row of its own.
const ANY: &str = "*";

/// How many days before its last one a row is warned of.
const WARNED_DAYS: i64 = 30;

/// Whose wire a model is behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Provider {
    /// Google's Gemini, on either of its hosts.
    Gemini,
    /// OpenAI, and every server that speaks its protocol.
    #[serde(rename = "openai")]
    OpenAi,
}

impl Provider {
    /// Its name in settings, pins and rows.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Gemini => "gemini",
            Self::OpenAi => "openai",
        }
    }
}

/// What is known of a model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelRow {
    /// Its name as it is asked for; `*` in a row for all others.
    pub id: String,
    /// Whose wire it is behind.
    pub provider: Provider,
    /// The server's row, for a model behind an OpenAI-compatible one; empty for that of the host.
    #[serde(default)]
    pub server: String,
    /// The first day on which it is served.
    #[serde(default)]
    pub first_day: Option<Day>,
    /// The last day on which it is served.
    #[serde(default)]
    pub last_day: Option<Day>,
    /// The day from which one of its hosts calls it deprecated.
    #[serde(default)]
    pub deprecated: Option<Day>,
    /// Tokens that it can read at once, the answer included where `unified`.
    pub context: u32,
    /// The most tokens of one answer, thoughts included.
    pub output: u32,
    /// Whether `context` holds the answer too.
    #[serde(default)]
    pub unified: bool,
    /// Whether it takes a temperature.
    #[serde(default)]
    pub sampling: bool,
    /// Whether answers are read as streams, so that one that repeats itself without end can be
    /// left.
    #[serde(default = "yes")]
    pub streams: bool,
    /// A threshold for all categories of harm of Gemini (`BLOCK_ONLY_HIGH`); none for the
    /// provider's own.
    #[serde(default)]
    pub safety: Option<String>,
    /// How it thinks before it answers; none for a model that does not, or of which that is not
    /// known.
    #[serde(default)]
    pub thinking: Option<Thinking>,
    /// What it costs; empty for a model that costs nothing, or of which that is not known.
    #[serde(default)]
    pub prices: Vec<PriceRow>,
    /// Where the row is from.
    #[serde(default)]
    pub source: String,
}

const fn yes() -> bool {
    true
}

/// How a model thinks before it answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Thinking {
    /// The levels that it knows, from the least on.
    pub levels: Vec<String>,
    /// The level that is asked for unless the settings have another.
    pub level: String,
    /// Tokens that are allowed for thinking, beside those for the answer.
    pub allowance: u32,
}

/// How an OpenAI-compatible server differs from the others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(clippy::struct_excessive_bools, reason = "a table of what a server has and what it has not")]
pub struct ServerRow {
    /// Its name, by which a model's row chooses it.
    pub name: String,
    /// Hosts that are known to be such a server.
    #[serde(default)]
    pub hosts: Vec<String>,
    /// Whether its calls cost money, so that a model behind it needs a price.
    #[serde(default)]
    pub paid: bool,
    /// Where the schema stands in a request.
    pub schema: SchemaPlace,
    /// Whether it takes `strict`.
    #[serde(default)]
    pub strict: bool,
    /// The field that bounds an answer.
    pub limit: LimitField,
    /// Whether it takes `stream_options.include_usage`.
    #[serde(default)]
    pub usage_in_stream: bool,
    /// Whether it takes a seed.
    #[serde(default)]
    pub seed: bool,
    /// Whether it takes `reasoning_effort`.
    #[serde(default)]
    pub effort: bool,
    /// Whether it takes `store`, and so can be told to keep no answer.
    #[serde(default)]
    pub store: bool,
    /// Whether thoughts stand in the answer as `<think>…</think>`.
    #[serde(default)]
    pub thinks_aloud: bool,
    /// Whether an answer may stand between fences.
    #[serde(default)]
    pub fences: bool,
}

/// Where a schema stands in a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SchemaPlace {
    /// `response_format.json_schema.schema`.
    Nested,
    /// `response_format.schema`.
    Flat,
}

/// The field that bounds an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LimitField {
    /// `max_tokens`.
    MaxTokens,
    /// `max_completion_tokens`.
    MaxCompletionTokens,
}

impl LimitField {
    /// Its name in a request.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::MaxTokens => "max_tokens",
            Self::MaxCompletionTokens => "max_completion_tokens",
        }
    }
}

impl ModelRow {
    /// What an operator should be told of the row on `today`: that it ends, or has ended, or that
    /// one of its hosts calls the model deprecated.
    #[must_use]
    pub fn warning(&self, today: Day) -> Option<String> {
        let Self { id, .. } = self;
        if let Some(last) = self.last_day {
            let left = last.since(today);
            if left < 0 {
                return Some(format!("the last day of {id} was {last}; choose another model"));
            }
            if left <= WARNED_DAYS {
                return Some(format!("the last day of {id} is {last}, in {left} days; choose another model"));
            }
        }
        let deprecated = self.deprecated.filter(|day| day.since(today) <= WARNED_DAYS)?;
        Some(format!("{id} is deprecated on one of its hosts from {deprecated} on; choose another model soon"))
    }
}

/// All rows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rows {
    #[serde(default)]
    models: Vec<ModelRow>,
    #[serde(default)]
    servers: Vec<ServerRow>,
}

impl Rows {
    /// The built-in rows.
    ///
    /// # Errors
    /// `INTERNAL` where they cannot be read, which a test rules out.
    pub fn built_in() -> Result<Self, Failure> {
        toml::from_str(BUILT_IN).map_err(|e| Failure::internal(format!("the built-in rows of models: {e}")))
    }

    /// These rows and those of a file, each of which takes the place of the one of the same name.
    ///
    /// # Errors
    /// `INVALID_FIELD` for `models_file` where the text cannot be read.
    pub fn with(mut self, text: &str) -> Result<Self, Failure> {
        let wrong =
            |e: toml::de::Error| Failure::invalid("models_file", format!("the rows of models cannot be read: {e}"));
        let more: Self = toml::from_str(text).map_err(wrong)?;
        let named = |row: &ModelRow, other: &ModelRow| row.provider == other.provider && row.id == other.id;
        self.models.retain(|row| !more.models.iter().any(|other| named(row, other)));
        self.servers.retain(|row| !more.servers.iter().any(|other| row.name == other.name));
        self.models.extend(more.models);
        self.servers.splice(0..0, more.servers);
        Ok(self)
    }

    /// What is known of a model: its row, or that of all others of its provider under its name.
    #[must_use]
    pub fn model(&self, provider: Provider, id: &str) -> Option<ModelRow> {
        let of = |id: &str| self.models.iter().find(|row| row.provider == provider && row.id == id);
        of(id).cloned().or_else(|| of(ANY).map(|row| ModelRow { id: id.to_owned(), ..row.clone() }))
    }

    /// What is known of a server: the row of that name, else that of its host, else the one of all
    /// others. None where there is no row of that name.
    #[must_use]
    pub fn server(&self, name: &str, host: &str) -> Option<ServerRow> {
        if !name.is_empty() {
            return self.servers.iter().find(|row| row.name == name).cloned();
        }
        let of_host = |row: &&ServerRow| row.hosts.iter().any(|known| known.eq_ignore_ascii_case(host));
        let of_all = || self.servers.iter().find(|row| row.name == "compatible");
        self.servers.iter().find(of_host).or_else(of_all).cloned()
    }

    /// Every model of a provider that has a row of its own.
    pub fn of(&self, provider: Provider) -> impl Iterator<Item = &ModelRow> {
        self.models.iter().filter(move |row| row.provider == provider && row.id != ANY)
    }

    /// What an operator should be told on the day of `now`.
    #[must_use]
    pub fn warnings(&self, now: Timestamp) -> Vec<String> {
        self.models.iter().filter_map(|row| row.warning(Day::of(now))).collect()
    }
}

#[cfg(test)]
mod tests {
    use lectern_provider::{Place, Price, Usage};

    use super::*;

    fn day(text: &str) -> Day {
        text.parse().unwrap()
    }

    #[test]
    fn every_built_in_row_is_consistent() {
        let rows = Rows::built_in().unwrap();
        let mut names = std::collections::HashSet::new();
        for row in &rows.models {
            assert!(names.insert((row.provider, row.id.clone())), "{} stands there twice", row.id);
            assert!(row.output <= row.context && row.output > 0, "{}", row.id);
            if let Some(thinking) = &row.thinking {
                assert!(thinking.levels.contains(&thinking.level), "{}", row.id);
                assert!(thinking.allowance < row.output, "{}: nothing is left for the answer", row.id);
            }
            for price in &row.prices {
                assert!(price.first_day.zip(price.last_day).is_none_or(|(first, last)| first <= last), "{}", row.id);
                assert!(price.cached <= price.input && price.input <= price.output, "{}", row.id);
                assert!(!price.source.is_empty(), "{}", row.id);
            }
        }
        assert_eq!(rows.server("", "api.openai.com").unwrap().name, "openai");
        assert_eq!(rows.server("", "127.0.0.1").unwrap().name, "compatible");
        assert_eq!(rows.server("ollama", "api.openai.com").unwrap().name, "ollama");
        assert_eq!(rows.server("unknown", ""), None);
    }

    #[test]
    fn a_price_is_that_of_its_day_and_of_its_prompt() {
        let rows = Rows::built_in().unwrap();
        let cost = |row: &ModelRow, on: &str, input: u64, output: u64| {
            let price = Price::on(&row.prices, row.provider.name(), &row.id, day(on), Place::Global).ok()?;
            Some(price.cost(Usage { input, output, ..Usage::default() }).get())
        };
        let flash = rows.model(Provider::Gemini, "gemini-3.8-flash").unwrap();
        for (on, input) in [("2026-12-31", Some(750_000)), ("2027-01-01", Some(1_500_000)), ("2026-09-01", None)] {
            assert_eq!(cost(&flash, on, 1_000_000, 0), input, "{on}");
        }
        let pro = rows.model(Provider::Gemini, "gemini-3.1-pro-preview").unwrap();
        for (tokens, output) in [(200_000, 12_000_000), (200_001, 18_000_000)] {
            let of_answer = |words| cost(&pro, "2026-11-28", tokens, words).unwrap();
            assert_eq!(of_answer(1_000_000) - of_answer(0), output, "{tokens}");
        }
    }

    #[test]
    fn a_model_that_ends_soon_is_warned_of() {
        let rows = Rows::built_in().unwrap();
        let lite = rows.model(Provider::Gemini, "gemini-3.1-flash-lite").unwrap();
        assert_eq!(lite.warning(day("2027-04-06")), None);
        assert!(lite.warning(day("2027-04-07")).is_some_and(|text| text.contains("in 30 days")));
        assert!(lite.warning(day("2027-05-08")).is_some_and(|text| text.contains("was 2027-05-07")));
        let older = rows.model(Provider::Gemini, "gemini-3.6-flash").unwrap();
        assert!(older.warning(day("2026-11-28")).is_some_and(|text| text.contains("deprecated")));
    }

    #[test]
    fn rows_of_a_file_take_the_place_of_the_built_in_ones() {
        let text = r#"
            [[models]]
            provider = "openai"
            id = "smol"
            server = "llama.cpp"
            context = 2048
            output = 300
            [[servers]]
            name = "ollama"
            hosts = ["models.example"]
            schema = "flat"
            limit = "max_tokens"
        "#;
        let rows = Rows::built_in().unwrap().with(text).unwrap();
        assert_eq!(rows.model(Provider::OpenAi, "smol").unwrap().context, 2048);
        assert_eq!(rows.model(Provider::OpenAi, "other").unwrap().id, "other");
        assert_eq!(rows.model(Provider::Gemini, "gemini-9"), None, "no limits are known of it");
        assert_eq!(rows.server("", "models.example").unwrap().schema, SchemaPlace::Flat);
        assert_eq!(rows.servers.iter().filter(|row| row.name == "ollama").count(), 1);
        let wrong = rows.with("[[models]]\nid = 3").unwrap_err();
        assert_eq!(wrong.field.as_deref(), Some("models_file"));
    }
}
