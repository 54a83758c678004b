//! Measurements that the project promises: the embedded instance at rest, the time to the first
//! audio, and the local voice beside its own package.

mod voice;

use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::Instant;

use anyhow::{Context, Result};
use clap::Subcommand;
use lectern_testkit::{Program, env, temp_dir};
use serde_json::Value;

use crate::{process, repo, voice as weights};

/// What to measure.
#[derive(Subcommand)]
pub enum BenchCommand {
    /// Resident memory and time to ready of `lectern up` on fresh data, before the voice is first
    /// used.
    Idle,
    /// Time from the end of the upload to the first audio, for PDFs of 2 and of 100 pages.
    FirstAudio,
    /// How fast the local voice is beside its own Python package, and how soon its first words are
    /// heard.
    Voice,
}

/// Runs the measurement with `program`, or else with a release build.
pub fn run(command: BenchCommand, program: Option<PathBuf>) -> Result<ExitCode> {
    let voice = weights::prepare()?;
    let program = match program {
        Some(program) => program.canonicalize().with_context(|| format!("no program at {}", program.display()))?,
        None => {
            process::run(process::cargo().args(["build", "--quiet", "--release", "-p", "lectern"]))?;
            repo::target().join("release/lectern")
        }
    };
    match command {
        BenchCommand::Idle => idle(&program, &voice),
        BenchCommand::FirstAudio => first_audio(&program, &voice),
        BenchCommand::Voice => voice::run(&program, &voice),
    }
}

fn idle(program: &Path, voice: &Path) -> Result<ExitCode> {
    let temp = temp_dir()?;
    let data = temp.path().join("data");
    let start = Instant::now();
    let server =
        Program::at(program, temp.path()).arg("up").arg("--data").arg(data).env(env::VOICE_DIR, voice).try_start()?;
    let ready = start.elapsed();
    let status = fs::read_to_string(format!("/proc/{}/status", server.id())).context("needs Linux's /proc")?;
    let resident = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .and_then(|rest| rest.split_whitespace().next())
        .and_then(|kilobytes| kilobytes.parse::<f64>().ok())
        .context("no VmRSS in /proc")?;
    println!("ready after {:.0} ms (aim: 300)", ready.as_secs_f64() * 1000.0);
    println!("resident    {:.1} MB (aim: 40)", resident / 1000.0);
    Ok(ExitCode::SUCCESS)
}

/// Promised: 100 pages take at most 1.5 times as long as 2, plus 20 ms a page.
fn first_audio(program: &Path, voice: &Path) -> Result<ExitCode> {
    let temp = temp_dir()?;
    let mut times = Vec::new();
    for pages in [2_u32, 100] {
        let file = temp.path().join(format!("{pages}.pdf"));
        fs::write(&file, pdf(pages))?;
        let seconds = narrate(program, voice, &file, &temp.path().join(pages.to_string()))?;
        println!("{pages:>3} pages: first audio {:.0} ms after the end of the upload", seconds * 1000.0);
        times.push(seconds);
    }
    let bound = 1.5 * times[0] + 0.020 * 100.0;
    println!("bound for 100 pages: {:.0} ms", bound * 1000.0);
    Ok(if times[1] <= bound { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Narrates until the first section is recorded, and cancels: the seconds from the end of the
/// upload, which `lectern narrate` reports by its first line of progress.
fn narrate(program: &Path, voice: &Path, file: &Path, out: &Path) -> Result<f64> {
    let mut command = Command::new(program);
    command.args(["narrate", "--json"]).arg(file).arg("-o").arg(out).arg("--data").arg(out.with_extension("data"));
    command.env(env::VOICE_DIR, voice).env_remove(env::TOOLS_DIR);
    let mut child = command.stdout(Stdio::piped()).spawn().context("`lectern narrate`")?;
    let lines = BufReader::new(child.stdout.take().context("its standard output")?).lines();
    let (mut uploaded, mut seconds, mut text) = (None, None, String::new());
    for line in lines {
        let line = line?;
        if let Some(made) = audio_made(&line) {
            let start = *uploaded.get_or_insert_with(Instant::now);
            if made > 0 {
                seconds = Some(start.elapsed().as_secs_f64());
                break;
            }
        }
        let _ = writeln!(text, "{line}");
    }
    child.kill().and_then(|()| child.wait())?;
    seconds.with_context(|| format!("`lectern narrate` recorded no section:\n{text}"))
}

/// The seconds of audio that are recorded, of a line of progress.
fn audio_made(line: &str) -> Option<u64> {
    let event: Value = serde_json::from_str(line).ok()?;
    if event.get("event")?.as_str()? != "progress" {
        return None;
    }
    event.get("audio_made")?.as_u64()
}

/// A text PDF: one heading every five pages, forty lines a page, no two lines alike.
fn pdf(pages: u32) -> Vec<u8> {
    let mut objects = vec![
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        String::new(),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>".to_owned(),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica-Bold >>".to_owned(),
    ];
    let mut words = Words(1);
    let mut kids = String::new();
    for page in 0..pages {
        let mut content = String::from("BT\n");
        if page % 5 == 0 {
            let title = words.sentence(4);
            let _ = write!(content, "/F2 18 Tf 72 740 Td ({} {title}) Tj\n/F1 11 Tf 0 -30 Td 15 TL\n", page / 5 + 1);
        } else {
            content.push_str("/F1 11 Tf 72 740 Td 15 TL\n");
        }
        for _ in 0..40 {
            let _ = writeln!(content, "({}.) Tj T*", words.sentence(11));
        }
        content.push_str("ET");
        let id = objects.len() + 1;
        let _ = write!(kids, "{id} 0 R ");
        objects.push(format!(
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents {} 0 R /Resources << /Font << /F1 3 0 R /F2 4 0 R >> >> >>",
            id + 1
        ));
        objects.push(format!("<< /Length {} >>\nstream\n{content}\nendstream", content.len()));
    }
    objects[1] = format!("<< /Type /Pages /Count {pages} /Kids [{kids}] >>");
    let mut file = String::from("%PDF-1.4\n");
    let mut offsets = Vec::new();
    for (index, object) in objects.iter().enumerate() {
        offsets.push(file.len());
        let _ = write!(file, "{} 0 obj\n{object}\nendobj\n", index + 1);
    }
    let table = file.len();
    let _ = write!(file, "xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1);
    for offset in offsets {
        let _ = writeln!(file, "{offset:010} 00000 n ");
    }
    let _ = write!(file, "trailer\n<< /Size {} /Root 1 0 R >>\nstartxref\n{table}\n%%EOF\n", objects.len() + 1);
    file.into_bytes()
}

/// Sentences that look like prose, always the same ones.
struct Words(u64);

impl Words {
    fn sentence(&mut self, words: usize) -> String {
        const LIST: [&str; 32] = [
            "river",
            "garden",
            "letter",
            "morning",
            "engine",
            "teacher",
            "market",
            "window",
            "carries",
            "follows",
            "remembers",
            "builds",
            "answers",
            "measures",
            "gathers",
            "reaches",
            "quiet",
            "narrow",
            "bright",
            "distant",
            "ordinary",
            "careful",
            "heavy",
            "early",
            "the",
            "a",
            "every",
            "this",
            "beyond",
            "under",
            "without",
            "toward",
        ];
        let mut text = String::new();
        for place in 0..words {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let word = LIST[usize::try_from(self.0 >> 59).unwrap_or(0)];
            if place == 0 {
                let (first, rest) = word.split_at(1);
                text.push_str(&first.to_uppercase());
                text.push_str(rest);
            } else {
                text.push(' ');
                text.push_str(word);
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_tells_how_much_audio_is_recorded() {
        let cases = [
            (r#"{"event":"progress","state":"narrating","audio_made":12,"audio_left":30}"#, Some(12)),
            (r#"{"event":"progress","state":"planning","audio_made":0}"#, Some(0)),
            (r#"{"event":"done"}"#, None),
            ("  planning the script", None),
        ];
        for (line, expected) in cases {
            assert_eq!(audio_made(line), expected, "{line}");
        }
    }

    #[test]
    fn the_generated_document_is_a_pdf_whose_table_points_at_its_objects() {
        let file = String::from_utf8(pdf(2)).expect("text");
        let table: usize =
            file.rsplit("startxref\n").next().and_then(|t| t.lines().next()?.parse().ok()).expect("offset");
        assert!(file[table..].starts_with("xref\n0 9\n"));
        let first: usize = file[table..].lines().nth(3).and_then(|line| line[..10].parse().ok()).expect("entry");
        assert!(file[first..].starts_with("1 0 obj\n"));
    }
}
