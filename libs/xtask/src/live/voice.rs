//! One short document spoken by the real service of a provider: what it cost, and whether it is as
//! long as speech of its words.

use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, bail};
use lectern_testkit::{env, temp_dir};
use serde::Deserialize;

use super::{MICRO, Options, bill, last_object, script, spoken_words};
use crate::{harmless, process, programs, repo};

/// Words a minute of the slowest and the fastest speech that is taken for speech.
const PACE: (f64, f64) = (100.0, 230.0);
/// How often a sentence may be spoken.
const ATTEMPTS: f64 = 3.0;
/// The variables of the engine's table.
const TABLE: &str = "LECTERN_ENGINES__LIVE__";

/// Whose voices are called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Service {
    /// Google Cloud Text-to-Speech.
    Google,
    /// A model of Gemini that speaks.
    Gemini,
}

impl Service {
    const fn kind(self) -> &'static str {
        match self {
            Self::Google => "google",
            Self::Gemini => "gemini",
        }
    }

    /// What is called where nothing is named: the first family of voices, the usual model.
    const fn usual(self) -> &'static str {
        match self {
            Self::Google => "chirp3-hd",
            Self::Gemini => "gemini-3.8-flash-tts",
        }
    }
}

/// Estimates, has it spoken, and says what came of it; status 1 where it is not as long as speech.
pub(super) fn run(options: &Options, service: Service) -> Result<ExitCode> {
    let text = harmless::markdown()?;
    let model = options.model.as_deref().filter(|_| service == Service::Gemini).unwrap_or(service.usual());
    if options.model.is_some() && service == Service::Google {
        bail!("Cloud Text-to-Speech has no model; leave --model out");
    }
    let (name, data) = (service.kind(), repo::path("services/tts/data"));
    let rows = fs::read_to_string(data.join(format!("{name}.toml"))).with_context(|| name.to_owned())?;
    let most = most(service, &rows, model, &text)?;
    println!("estimated: at most {most:.4} USD for {model}");
    let limit = options.limit();
    if most > limit {
        bail!(
            "nothing is ordered: it may cost up to {most:.4} USD, and the limit is {limit} USD; give a higher --limit-usd"
        );
    }
    if !options.no_build {
        programs::build_some(&["lectern"])?;
    }
    let folder = temp_dir()?;
    let document = folder.path().join("lighthouse.md");
    fs::write(&document, text)?;
    let out = folder.path().join("out");
    let narrated = lectern(options, service, folder.path(), |command| {
        command.arg("narrate").arg(&document).args(["--format", "wav", "-o"]).arg(&out);
    })?;
    let done = last_object(&narrated)?;
    let name = done["narration"].as_str().context("`lectern narrate` named no narration")?;
    let shown = lectern(options, service, folder.path(), |command| {
        command.args(["show", name]);
    })?;
    println!("cost: {}", bill(&last_object(&shown)?)?);
    let words = spoken_words(&script(&out)?);
    let seconds = seconds(&sound(&out)?)?;
    println!("length: {seconds:.1} s for {words} words: {:.0} a minute", pace(words, seconds));
    Ok(if is_speech(words, seconds) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Runs a command of the program with the engine as its only one, and gives what it printed. The
/// key is in no argument. One call at once, and never more than the limit: the budget sees to that.
fn lectern(options: &Options, service: Service, folder: &Path, arguments: impl FnOnce(&mut Command)) -> Result<String> {
    let mut command = Command::new(repo::bin_dir().join("lectern"));
    arguments(&mut command);
    command.arg("--json").arg("--data").arg(folder.join("data"));
    let set = |command: &mut Command, key: &str, value: &str| {
        command.env(format!("{TABLE}{key}"), value);
    };
    command.env("LECTERN_ENGINE", "live").env("LECTERN_BUDGET__NARRATION_USD", options.limit().to_string());
    set(&mut command, "KIND", service.kind());
    set(&mut command, "CONCURRENCY", "1");
    match &options.key_file {
        Some(file) => set(&mut command, "KEY_FILE", &file.to_string_lossy()),
        None => {
            let key = options.provider.keys().iter().find_map(|name| env::value(name));
            set(&mut command, "KEY", &key.context("there is no key")?);
        }
    }
    if let Some(model) = &options.model {
        set(&mut command, "MODEL", model);
    }
    // The tool's own variable is none of the program's.
    command.env_remove(env::TOOLS_DIR);
    Ok(String::from_utf8_lossy(&process::output(&mut command)?.stdout).into_owned())
}

/// Rows of prices, as far as they matter here.
#[derive(Debug, Deserialize)]
struct Rows {
    #[serde(default)]
    families: Vec<Row>,
    #[serde(default)]
    models: Vec<Row>,
}

#[derive(Debug, Deserialize)]
struct Row {
    id: String,
    #[serde(default)]
    output: f64,
    #[serde(default)]
    per_second: f64,
    #[serde(default)]
    prices: Vec<Price>,
}

#[derive(Debug, Deserialize)]
struct Price {
    input: f64,
    output: f64,
}

/// The most that the document may cost, in US dollars, at the dearest of its prices: every sentence
/// is made three times, in speech as slow as it may be; and no less than what is taken for one call
/// before it is made.
fn most(service: Service, rows: &str, id: &str, text: &str) -> Result<f64> {
    let rows: Rows = toml::from_str(rows).context("the rows of voices")?;
    let row = rows.families.into_iter().chain(rows.models).find(|row| row.id == id);
    let row = row.with_context(|| format!("nothing is known of {id}"))?;
    let dearest = |of: fn(&Price) -> f64| row.prices.iter().map(of).fold(0.0, f64::max);
    let (input, output) = (dearest(|price| price.input), dearest(|price| price.output));
    #[allow(clippy::cast_precision_loss, reason = "a text of some thousand bytes")]
    let (characters, bytes) = (text.chars().count() as f64, text.len() as f64);
    let micro = match service {
        Service::Google => ATTEMPTS * characters * input / MICRO,
        Service::Gemini => {
            let seconds = f64::from(lectern_core::content::words(text)) / PACE.0 * 60.0;
            let spoken = ATTEMPTS * (bytes * input + seconds * row.per_second * output) / MICRO;
            spoken.max((row.output * output + bytes * input) / MICRO)
        }
    };
    if micro <= 0.0 {
        bail!("there is no price of {id}");
    }
    Ok(micro / MICRO)
}

/// The WAV in the folder of a narration.
fn sound(folder: &Path) -> Result<Vec<u8>> {
    let entries = fs::read_dir(folder).with_context(|| folder.display().to_string())?;
    let mut files = entries.flatten().map(|entry| entry.path());
    let file = files.find(|file| file.extension().is_some_and(|extension| extension == "wav"));
    let file = file.with_context(|| format!("{} has no WAV", folder.display()))?;
    fs::read(&file).with_context(|| file.display().to_string())
}

/// Seconds of a WAV of 16 bits on one channel.
fn seconds(wav: &[u8]) -> Result<f64> {
    let rate = wav.get(24..28).and_then(|bytes| bytes.first_chunk::<4>()).map(|bytes| u32::from_le_bytes(*bytes));
    let rate = rate.filter(|rate| *rate > 0).context("this is no WAV")?;
    #[allow(clippy::cast_precision_loss, reason = "bytes of minutes")]
    let samples = wav.len().saturating_sub(44) as f64 / 2.0;
    Ok(samples / f64::from(rate))
}

/// Words a minute.
fn pace(words: u32, seconds: f64) -> f64 {
    f64::from(words) / seconds.max(0.001) * 60.0
}

fn is_speech(words: u32, seconds: f64) -> bool {
    words > 0 && (PACE.0..=PACE.1).contains(&pace(words, seconds))
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::super::as_usd;
    use super::*;

    const ROWS: &str = "[[families]]\nid = \"chirp3-hd\"\n[[families.prices]]\ninput = 30000000\noutput = 0\n\
                        [[models]]\nid = \"gemini-3.8-flash-tts\"\noutput = 16384\nper_second = 25\n\
                        [[models.prices]]\ninput = 500000\noutput = 9000000\n\
                        [[models.prices]]\ninput = 1000000\noutput = 18000000\n";

    #[test]
    fn the_most_is_that_of_the_dearest_price_and_of_one_call_at_least() {
        let text = "word ".repeat(200);
        let google = most(Service::Google, ROWS, "chirp3-hd", &text).unwrap();
        assert!((google - 3.0 * 1_000.0 * 30e-6).abs() < 1e-9, "{google}");
        let gemini = most(Service::Gemini, ROWS, "gemini-3.8-flash-tts", &text).unwrap();
        assert!((0.29..0.31).contains(&gemini), "one call may be eleven minutes long: {gemini}");
        let longer = most(Service::Gemini, ROWS, "gemini-3.8-flash-tts", &text.repeat(10)).unwrap();
        assert!(longer > 1.5, "{longer}");
        assert!(most(Service::Gemini, ROWS, "gemini-9-tts", &text).is_err());
        for service in [Service::Google, Service::Gemini] {
            let path = repo::path("services/tts/data").join(format!("{}.toml", service.kind()));
            let rows = fs::read_to_string(path).unwrap();
            assert!(most(service, &rows, service.usual(), &text).unwrap() > 0.0);
        }
    }

    #[test]
    fn what_is_as_long_as_speech_is_taken_for_it() {
        assert!(is_speech(165, 60.0) && !is_speech(165, 20.0) && !is_speech(165, 200.0) && !is_speech(0, 60.0));
        let mut wav = vec![0; 44 + 48_000];
        wav[24..28].copy_from_slice(&24_000_u32.to_le_bytes());
        assert!((seconds(&wav).unwrap() - 1.0).abs() < 1e-9);
        assert!(seconds(b"RIFF").is_err());
        let cost: Value =
            serde_json::json!({"bill": {"callCount": "2", "characterCount": "70", "costMicroUsd": "2100"}});
        let told = bill(&cost).unwrap();
        assert!(told.contains("70 characters spoken") && (as_usd(2_100) - 0.0021).abs() < 1e-9, "{told}");
    }
}
