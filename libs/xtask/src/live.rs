//! One short order against the real service of a provider, by the command line alone: what it cost,
//! and how near its length came. It spends money, so it is run by hand, and never above its limit.

mod voice;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};
use lectern_core::content::script::LengthTarget;
use lectern_core::content::words;
use lectern_testkit::{env, temp_dir};
use serde_json::Value;

use self::voice::Service;
use crate::{harmless, process, programs, repo};

/// The length that is ordered, in minutes.
const MINUTES: u32 = 1;
/// Millionths in a US dollar.
const MICRO: f64 = 1_000_000.0;
/// How far from its length a script may be, in hundredths.
const TOLERANCE: u32 = 10;

/// Whose service is called, and what it may cost.
#[derive(Args)]
pub struct Options {
    /// The provider.
    provider: Provider,
    /// The most that the order may be estimated to cost, in US dollars; above that nothing is
    /// called. 0.25, and 0.5 of voices, since one call of a model that speaks may be eleven minutes
    /// long.
    #[arg(long, value_name = "X", value_parser = limit)]
    limit_usd: Option<f64>,
    /// A file with the API key in its only line, in the place of the environment.
    #[arg(long, value_name = "FILE")]
    key_file: Option<PathBuf>,
    /// The model; the usual one of the writer, or of the voices, where none is named.
    #[arg(long, value_name = "MODEL")]
    model: Option<String>,
    /// Runs the program as it was built last, by `cargo xtask test` say.
    #[arg(long)]
    no_build: bool,
}

/// A provider whose API costs money.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Provider {
    /// Google's Gemini by an API key.
    Gemini,
    /// OpenAI itself.
    #[value(name = "openai")]
    OpenAi,
    /// Google Cloud Text-to-Speech by an API key.
    GoogleTts,
    /// Speech of Gemini by an API key.
    GeminiTts,
}

impl Provider {
    /// The name of its writer, or of what speaks.
    const fn writer(self) -> &'static str {
        match self {
            Self::Gemini => "gemini",
            Self::OpenAi => "openai",
            Self::GoogleTts => "google-tts",
            Self::GeminiTts => "gemini-tts",
        }
    }

    /// Whose voices are called; none where it writes.
    const fn speaks(self) -> Option<Service> {
        match self {
            Self::Gemini | Self::OpenAi => None,
            Self::GoogleTts => Some(Service::Google),
            Self::GeminiTts => Some(Service::Gemini),
        }
    }

    /// The variables that its key is read from.
    const fn keys(self) -> &'static [&'static str] {
        match self {
            Self::Gemini | Self::GeminiTts => &["GOOGLE_API_KEY", "GEMINI_API_KEY"],
            Self::GoogleTts => &["GOOGLE_API_KEY"],
            Self::OpenAi => &["OPENAI_API_KEY"],
        }
    }
}

impl Options {
    /// The most that the order may cost, in US dollars.
    fn limit(&self) -> f64 {
        let usual = if self.provider.speaks().is_some() { 0.5 } else { 0.25 };
        self.limit_usd.unwrap_or(usual)
    }
}

/// Estimates, orders, and says what came of it; status 1 where the length was missed, or what was
/// spoken is not as long as speech.
pub fn run(options: &Options) -> Result<ExitCode> {
    check_key(options, |name| env::value(name).is_some())?;
    if let Some(service) = options.provider.speaks() {
        return voice::run(options, service);
    }
    if !options.no_build {
        programs::build_some(&["lectern"])?;
    }
    let folder = temp_dir()?;
    let document = folder.path().join("lighthouse.md");
    fs::write(&document, harmless::markdown()?)?;
    let bench = Bench { options, folder: folder.path(), document: &document };

    let estimate = last_object(&bench.lectern(&["estimate"], true)?)?;
    println!("estimated: {}", said(&estimate)?);
    check_limit(&estimate, options.limit())?;

    let out = folder.path().join("out");
    let made = bench.lectern(&["narrate", "--format", "wav", "-o", &out.to_string_lossy()], true)?;
    let done = last_object(&made)?;
    let name = done["narration"].as_str().context("`lectern narrate` named no narration")?;
    let shown = last_object(&bench.lectern(&["show", name], false)?)?;
    println!("cost: {}", bill(&shown)?);
    let wanted = LengthTarget::Seconds(MINUTES * 60).words();
    let came = spoken_words(&script(&out)?);
    println!("length: {came} words, {wanted} were ordered: {:+.1} %", apart(came, wanted));
    Ok(if is_near(came, wanted) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The program, and what it works on.
struct Bench<'a> {
    options: &'a Options,
    folder: &'a Path,
    document: &'a Path,
}

impl Bench<'_> {
    /// Runs a command, with the order where it has one, and gives what it printed. The key is in no
    /// argument.
    fn lectern(&self, arguments: &[&str], order: bool) -> Result<String> {
        let mut command = Command::new(repo::bin_dir().join("lectern"));
        command.args(arguments).arg("--json").arg("--data").arg(self.folder.join("data"));
        if order {
            command.arg(self.document).args(["--style", "dialogue", "--writer", self.options.provider.writer()]);
            command.args(["--minutes", &MINUTES.to_string()]);
            if let Some(file) = &self.options.key_file {
                command.arg("--writer-key-file").arg(file);
            }
            if let Some(model) = &self.options.model {
                command.args(["--writer-model", model]);
            }
        }
        // The sine is enough to hear that there is something to say. The tool's own variable is
        // none of the program's.
        command.env("LECTERN_ENGINE", "tone").env_remove(env::TOOLS_DIR);
        let output = process::output(&mut command)?;
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }
}

/// Refuses to start without a key.
fn check_key(options: &Options, is_set: impl Fn(&str) -> bool) -> Result<()> {
    let keys = options.provider.keys();
    if options.key_file.is_some() || keys.iter().any(|name| is_set(name)) {
        return Ok(());
    }
    bail!(
        "there is no API key of {}: set {}, or name a file that holds it with --key-file",
        options.provider.writer(),
        keys.join(" or ")
    )
}

/// Refuses to order what may cost more than the limit, or nobody knows how much.
fn check_limit(estimate: &Value, limit: f64) -> Result<()> {
    let Some(most) = estimate["cost_micro_usd"]["most"].as_f64() else {
        bail!("nothing is ordered: no price of the model is known; give it a row with prices in models_file");
    };
    let most = most / MICRO;
    if most > limit {
        bail!(
            "nothing is ordered: it may cost up to {most:.4} USD, and the limit is {limit} USD; give a higher --limit-usd"
        );
    }
    Ok(())
}

/// The last line of a command's output that is an object of JSON.
fn last_object(output: &str) -> Result<Value> {
    let object = output.lines().rev().find_map(|line| serde_json::from_str::<Value>(line).ok());
    // Some commands print one object over several lines.
    let object = object.filter(Value::is_object).or_else(|| serde_json::from_str(output).ok());
    object.with_context(|| format!("no JSON was printed:\n{output}"))
}

/// An estimate in a line.
fn said(estimate: &Value) -> Result<String> {
    let range = |value: &Value| Some((value["least"].as_i64()?, value["most"].as_i64()?));
    let (least, most) = range(&estimate["model_calls"]).context("the estimate has no number of calls")?;
    let engine = estimate["engine"].as_str().unwrap_or_default();
    let cost = range(&estimate["cost_micro_usd"]).map_or("an unknown cost".to_owned(), |(least, most)| {
        format!("{:.4} to {:.4} USD", as_usd(least), as_usd(most))
    });
    Ok(format!("{least} to {most} calls of {engine}, {cost}"))
}

/// What a narration cost, in a line.
fn bill(narration: &Value) -> Result<String> {
    let bill = narration.get("bill").context("the narration has no bill")?;
    // JSON of protocol buffers has numbers of 64 bits as texts, and none that is zero.
    let number = |name: &str| bill[name].as_str().and_then(|text| text.parse::<i64>().ok()).unwrap_or_default();
    let calls = number("callCount");
    if calls == 0 {
        bail!("the bill has no call: nothing was asked of the service");
    }
    Ok(format!(
        "{:.4} USD for {calls} calls ({} of unknown outcome): {} tokens read ({} from a cache), {} written, {} thought, \
         {} characters spoken",
        as_usd(number("costMicroUsd")),
        number("unknownCallCount"),
        number("inputTokenCount"),
        number("cachedTokenCount"),
        number("outputTokenCount"),
        number("thoughtTokenCount"),
        number("characterCount"),
    ))
}

#[allow(clippy::cast_precision_loss, reason = "money of one order")]
fn as_usd(micro: i64) -> f64 {
    micro as f64 / MICRO
}

/// The script in the folder of a narration.
fn script(folder: &Path) -> Result<Value> {
    let entries = fs::read_dir(folder).with_context(|| folder.display().to_string())?;
    let mut files = entries.flatten().map(|entry| entry.path());
    let file = files.find(|file| file.to_string_lossy().ends_with(".script.json"));
    let file = file.with_context(|| format!("{} has no script", folder.display()))?;
    Ok(serde_json::from_slice(&fs::read(file)?)?)
}

/// Words of all utterances.
fn spoken_words(script: &Value) -> u32 {
    let sections = script["sections"].as_array().into_iter().flatten();
    let utterances = sections.flat_map(|section| section["utterances"].as_array().into_iter().flatten());
    utterances.filter_map(|utterance| utterance["spoken"].as_str()).map(words).sum()
}

/// How far a length is from what was wanted, in hundredths of that.
fn apart(came: u32, wanted: u32) -> f64 {
    (f64::from(came) / f64::from(wanted) - 1.0) * 100.0
}

fn is_near(came: u32, wanted: u32) -> bool {
    came.abs_diff(wanted) * 100 <= wanted * TOLERANCE
}

/// A limit of US dollars.
fn limit(argument: &str) -> Result<f64, String> {
    let limit = argument.parse::<f64>().ok().filter(|limit| limit.is_finite() && *limit >= 0.0);
    limit.ok_or_else(|| "the limit is a number of US dollars, such as 0.25".to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn options(provider: Provider, key_file: Option<&str>) -> Options {
        Options { provider, limit_usd: None, key_file: key_file.map(PathBuf::from), model: None, no_build: true }
    }

    #[test]
    fn without_a_key_it_says_what_to_set() {
        for (provider, variables, names) in [
            (Provider::Gemini, &["GOOGLE_API_KEY", "GEMINI_API_KEY"][..], "GOOGLE_API_KEY or GEMINI_API_KEY"),
            (Provider::OpenAi, &["OPENAI_API_KEY"][..], "OPENAI_API_KEY"),
            (Provider::GoogleTts, &["GOOGLE_API_KEY"][..], "GOOGLE_API_KEY"),
            (Provider::GeminiTts, &["GOOGLE_API_KEY", "GEMINI_API_KEY"][..], "GOOGLE_API_KEY or GEMINI_API_KEY"),
        ] {
            let missing = check_key(&options(provider, None), |_| false).unwrap_err().to_string();
            assert!(missing.contains(names) && missing.contains("--key-file"), "{missing}");
            for variable in variables {
                assert!(check_key(&options(provider, None), |name| name == *variable).is_ok(), "{variable}");
            }
            assert!(check_key(&options(provider, Some("key")), |_| false).is_ok());
            let others = |name: &str| !variables.contains(&name);
            assert!(check_key(&options(provider, None), others).is_err(), "another's key is none");
        }
    }

    #[test]
    fn nothing_is_ordered_above_the_limit_or_without_a_price() {
        let estimate = |most: Value| json!({"cost_micro_usd": {"least": 1, "most": most}});
        assert!(check_limit(&estimate(json!(250_000)), 0.25).is_ok());
        let above = check_limit(&estimate(json!(250_001)), 0.25).unwrap_err().to_string();
        assert!(above.contains("up to 0.2500 USD") && above.contains("--limit-usd"), "{above}");
        assert!(check_limit(&json!({"cost_micro_usd": null}), 0.25).unwrap_err().to_string().contains("no price"));
        assert!(limit("0.5").is_ok() && limit("-1").is_err() && limit("NaN").is_err() && limit("much").is_err());
    }

    #[test]
    fn what_came_of_it_is_read_off_what_the_commands_print() {
        let lines = "{\"event\":\"progress\"}\n{\"event\":\"done\",\"narration\":\"narrations/n\"}\n";
        assert_eq!(last_object(lines).unwrap()["narration"], "narrations/n");
        assert_eq!(last_object("{\n  \"name\": \"n\"\n}\n").unwrap()["name"], "n");
        assert!(last_object("nothing\n").is_err());
        let shown = json!({"bill": {"callCount": "3", "inputTokenCount": "900", "costMicroUsd": "1234"}});
        let text = bill(&shown).unwrap();
        assert!(text.starts_with("0.0012 USD for 3 calls (0 of") && text.contains("900 tokens read"), "{text}");
        assert!(bill(&json!({})).is_err() && bill(&json!({"bill": {}})).is_err());
        let estimate = json!({"engine": "gemini/m", "model_calls": {"least": 2, "most": 9}, "cost_micro_usd": null});
        assert_eq!(said(&estimate).unwrap(), "2 to 9 calls of gemini/m, an unknown cost");
    }

    #[test]
    fn the_length_is_that_of_what_is_heard() {
        let script = json!({"sections": [{"utterances": [{"spoken": "One two."}, {"spoken": "Three."}]}, {}]});
        assert_eq!(spoken_words(&script), 3);
        assert!(is_near(149, 165) && is_near(181, 165) && !is_near(148, 165) && !is_near(182, 165));
        assert!((apart(150, 100) - 50.0).abs() < 0.001);
    }
}
